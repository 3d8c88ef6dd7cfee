//! What somebody allows: findings that are kept as allowed, counted apart, and are nobody's.
//!
//! A rule names values by their hash or by an expression that fits the whole of them, or everything in some place. It is
//! applied while objects are read, for the index holds no values; so objects are read again when a rule that concerns them
//! is added, changed, removed, or expires.

use std::collections::HashSet;
use std::sync::Arc;

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex_automata::meta::Regex;

use crate::base::Secret;
use crate::classify::Classifiers;
use crate::format::as_read;
use crate::identity::{Allowed, Allower};

/// One rule. Whatever is set must fit.
#[derive(Clone)]
pub struct AllowRule {
    /// Hashes of the values, made by [`Allower::hash`].
    pub values: Option<HashSet<[u8; 16]>>,
    /// What the whole value must match.
    pub regex: Option<Regex>,
    /// Ids of classifiers.
    pub classifier: Option<GlobMatcher>,
    /// Names of datasets.
    pub dataset: Option<GlobMatcher>,
    /// Names of fields; running text has none.
    pub field: Option<GlobMatcher>,
    /// Uris of objects.
    pub uri: Option<GlobMatcher>,
    /// All of the above as text: changes when the rule does.
    pub text: String,
}

/// All rules, with what hashes values.
#[derive(Clone, Default)]
pub struct AllowList {
    /// The rules in force.
    pub rules: Vec<AllowRule>,
    /// Needed by rules that name values.
    pub allower: Option<Allower>,
}

impl std::fmt::Debug for AllowList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AllowList({} rules)", self.rules.len())
    }
}

/// A pattern for names: `*` within a segment, `**` across.
pub fn pattern(text: &str) -> Result<GlobMatcher, globset::Error> {
    GlobBuilder::new(text).literal_separator(true).build().map(|g: Glob| g.compile_matcher())
}

impl AllowList {
    /// What concerns an object: what the kernel asks, and what changes when the rules do (empty for none).
    pub fn of_object(&self, uri: &str, dataset: &str) -> (Option<Arc<dyn Allowed>>, String) {
        let fits =
            |r: &&AllowRule| r.uri.as_ref().is_none_or(|g| g.is_match(uri)) && r.dataset.as_ref().is_none_or(|g| g.is_match(dataset));
        let rules: Vec<AllowRule> = self.rules.iter().filter(fits).cloned().collect();
        if rules.is_empty() {
            return (None, String::new());
        }
        let mut hash = blake3::Hasher::new();
        for r in &rules {
            hash.update(&(r.text.len() as u64).to_le_bytes());
            hash.update(r.text.as_bytes());
        }
        let mark = format!("+{}", &hash.finalize().to_hex()[..8]);
        (Some(Arc::new(OfObject { rules, allower: self.allower.clone() })), mark)
    }
}

struct OfObject {
    rules: Vec<AllowRule>,
    allower: Option<Allower>,
}

impl Allowed for OfObject {
    fn allows(&self, classifiers: &Classifiers, classifier: u16, field: Option<&str>, value: &[u8]) -> bool {
        let mut hashes: Option<[[u8; 16]; 2]> = None;
        self.rules.iter().any(|r| {
            let id = &classifiers.get(classifier).id;
            let placed = r.classifier.as_ref().is_none_or(|g| g.is_match(id))
                && r.field.as_ref().is_none_or(|g| field.is_some_and(|f| g.is_match(f)));
            if !placed || r.regex.as_ref().is_some_and(|x| !x.is_match(value)) {
                return false;
            }
            let Some(values) = &r.values else { return true };
            let Some(allower) = &self.allower else { return false };
            let mine = hashes.get_or_insert_with(|| forms(classifiers, classifier, value).map(|f| allower.hash(&f)));
            mine.iter().any(|h| values.contains(h))
        })
    }
}

/// The forms under which a value is looked up: as its classifier normalises it, and as it stands.
///
/// PRIVACY: the copies live as long as the call.
fn forms(classifiers: &Classifiers, classifier: u16, value: &[u8]) -> [Vec<u8>; 2] {
    let mut normal = Vec::new();
    classifiers.normalise(classifier, value, &mut normal);
    [normal, plain(value)]
}

/// A value as it stands, with single blanks.
fn plain(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
    words.join(&b' ')
}

/// The forms under which a value that somebody types is to be allowed: as it stands, and as every classifier that may mean it
/// (or the one that is named) normalises it.
pub fn forms_of(classifiers: &Classifiers, class: Option<u16>, value: &[u8]) -> Vec<Vec<u8>> {
    let typed = Secret::new(as_read(value));
    let value = typed.expose();
    let mut out = vec![plain(value)];
    let classes = class.map_or_else(|| classifiers.candidates(value), |c| vec![c]);
    for c in classes {
        let mut normal = Vec::new();
        if classifiers.normalise(c, value.trim_ascii(), &mut normal) && !out.contains(&normal) {
            out.push(normal);
        }
    }
    out.retain(|f| !f.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Key;

    fn rule() -> AllowRule {
        AllowRule { values: None, regex: None, classifier: None, dataset: None, field: None, uri: None, text: "r".into() }
    }

    #[test]
    fn rules_fit_values_and_places() {
        let c = Classifiers::builtin();
        let allower = Allower::new(&Key::random().unwrap());
        let index = |id: &str| c.index_of(id).unwrap();
        let (ssn, email) = (index("us.ssn"), index("generic.email"));
        let values = forms_of(&c, None, b" 457-55-5462\n").iter().map(|f| allower.hash(f)).collect();
        let by_value = AllowRule { values: Some(values), ..rule() };
        let by_regex = AllowRule { regex: Some(Regex::new("^(?:[a-z]+@corp[.]example)$").unwrap()), ..rule() };
        let by_place = AllowRule { classifier: pattern("generic.*").ok(), field: pattern("support_*").ok(), ..rule() };
        let asks = |r: AllowRule, class, field, value: &str| {
            let list = AllowList { rules: vec![r], allower: Some(allower.clone()) };
            list.of_object("/data/a.csv", "crm").0.is_some_and(|a| a.allows(&c, class, field, value.as_bytes()))
        };
        for (r, class, field, value, want) in [
            (&by_value, ssn, None, "457 55 5462", true),
            (&by_value, ssn, None, "457555462", true),
            (&by_value, ssn, None, "457-55-5463", false),
            (&by_regex, email, None, "jane@corp.example", true),
            (&by_regex, email, None, "jane@corp.example.com", false),
            (&by_place, email, Some("support_mail"), "x@y.com", true),
            (&by_place, email, Some("mail"), "x@y.com", false),
            (&by_place, email, None, "x@y.com", false),
            (&by_place, ssn, Some("support_mail"), "457-55-5462", false),
        ] {
            assert_eq!(asks(r.clone(), class, field, value), want, "{value} in {field:?}");
        }
    }

    #[test]
    fn only_rules_that_concern_an_object_change_its_mark() {
        let of = |rules: Vec<AllowRule>, uri: &str| AllowList { rules, allower: None }.of_object(uri, "crm").1;
        let placed = AllowRule { uri: pattern("/data/old/**").ok(), ..rule() };
        assert_eq!(of(vec![placed.clone()], "/data/new/a.csv"), "");
        assert_ne!(of(vec![placed], "/data/old/a.csv"), "");
        assert_ne!(of(vec![rule()], "x"), of(vec![AllowRule { text: "s".into(), ..rule() }], "x"));
    }
}
