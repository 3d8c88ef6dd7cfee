//! `piimap verify`: the proof of deletion.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use clap::Args;

use super::again::Again;
use super::{Exit, Setting, asking, key, output, request};
use crate::base::Timestamp;
use crate::identity::Hasher;
use crate::index::Reader;
use crate::{query, report, scan, source};

/// What remains of a person: re-reads every place that ever held them
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the objects again, whatever the index says of them; nothing is written. What records of
earlier runs joined with a value is looked for, too, as long as the index keeps them (`piimap index
prune`); `piimap find - --request ID` before a deletion freezes identifiers and places for good.

Examples:
  piimap verify -                         type or pipe the value: it stays out of the shell's history
  piimap verify - --everywhere            everything that the scanned sources hold
  piimap verify --request 2026-0117

Exit status 1 if something remains, 3 if nothing was found but not everything could be read, or not
every identifier could be recognised (--classifiers as the scan had them).")]
pub(super) struct Verify {
    /// Identifiers, or a consumer's id (c_…); `-` reads them from standard input, one a line
    #[arg(value_name = "VALUE", required_unless_present = "request")]
    values: Vec<String>,
    /// The classifier that the values belong to, where that is ambiguous
    #[arg(long, value_name = "ID")]
    class: Option<String>,
    /// Read everything, not only places that are known
    #[arg(long)]
    everywhere: bool,
    /// What `find --request ID` froze
    #[arg(long, value_name = "ID", conflicts_with = "values")]
    request: Option<String>,
    #[command(flatten)]
    again: Again,
    /// Why this is asked; goes into the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Verify {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let reader = Reader::open(&s.index)?;
        let hasher = Arc::new(reader.unlock(&key::load(s, false)?)?);
        let classifiers = key::classifiers(s)?;
        let (person, frozen, asked) = match &self.request {
            Some(id) => {
                let (person, made) = request::thaw(&s.index, id, &hasher)?;
                (person, Some((id.clone(), made)), vec![id.clone().into_bytes()])
            }
            None => {
                let asked = asking::values(&self.values, self.class.as_deref(), &classifiers, &reader)?;
                let raw = asked.iter().map(|a| a.value.expose().to_vec()).collect();
                (query::known(&reader, &hasher, &classifiers, &asked)?, None, raw)
            }
        };
        let (opened, closed) = self.again.open(s, &reader)?;
        let keys = Arc::new(s.config.keys()?.activate_all(&reader.key_columns()?, classifiers.len()));
        let is_met = |class: &str| classifiers.index_of(class).is_some() || keys.namespaces().iter().any(|n| n.class == class);
        let blind: BTreeSet<String> = person.identifiers.values().filter(|class| !is_met(class)).cloned().collect();
        let wanted = scan::Wanted {
            keys: keys.clone(),
            identifiers: person.identifiers.keys().copied().collect(),
            objects: (!self.everywhere).then(|| person.objects.keys().copied().collect()),
        };
        let look = scan::look(&opened, &wanted, &hasher, &classifiers, s.threads);
        let mut answer = self.answer(&person, frozen, look, closed, &opened, &hasher, &reader)?;
        answer.blind = blind.into_iter().collect();
        let query = asked.iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect::<Vec<_>>();
        asking::log(s, "verify", Some(&hasher), &query, self.reason.as_deref(), answer.remains().count() as u64)?;
        if s.json {
            output::print_json(&report::verify_json(&answer))?;
        } else {
            output::print(&report::verify_text(&answer))?;
        }
        let nothing_known = person.objects.is_empty() && !self.everywhere;
        if nothing_known {
            output::note("The index knows no place of it, so that nothing was read again; --everywhere reads all.");
        }
        Ok(match answer.remains().next() {
            Some(_) => Exit::Empty,
            None if nothing_known || !answer.is_complete() => Exit::Incomplete,
            None => Exit::Done,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "puts the parts of one answer together, here alone")]
    fn answer(
        &self,
        person: &query::KnownPerson,
        request: Option<(String, String)>,
        mut look: scan::Look,
        closed: Vec<(String, crate::base::Reason)>,
        opened: &[Arc<dyn source::Source>],
        hasher: &Hasher,
        reader: &Reader,
    ) -> anyhow::Result<report::VerifyAnswer> {
        look.failures.extend(closed);
        let seen: HashSet<[u8; 16]> = look.objects.iter().map(|o| o.uri_hash).collect();
        // A place that was not listed is gone if a complete listing would have shown it.
        let covered =
            |hash: &[u8; 16], uri: &str| look.failures.is_empty() && hasher.name(uri) == *hash && opened.iter().any(|s| s.covers(uri));
        let (mut gone, mut not_examined) = (Vec::new(), Vec::new());
        for (hash, (uri, _)) in person.objects.iter().filter(|(hash, _)| !seen.contains(*hash)) {
            let uri_true = reader.true_uri(hash, hasher)?.unwrap_or_else(|| uri.clone());
            if covered(hash, &uri_true) { gone.push(uri.clone()) } else { not_examined.push(uri.clone()) }
        }
        let mut identifiers: BTreeMap<String, u64> = BTreeMap::new();
        for class in person.identifiers.values() {
            *identifiers.entry(class.clone()).or_default() += 1;
        }
        let identifiers = identifiers.into_iter().collect();
        let everywhere = self.everywhere;
        Ok(report::VerifyAnswer {
            request,
            identifiers,
            everywhere,
            look,
            gone,
            not_examined,
            blind: Vec::new(),
            at: Some(Timestamp::now()),
        })
    }
}
