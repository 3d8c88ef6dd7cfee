//! What changed in the data map between two runs.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use super::basis::Basis;
use super::cause::tell_apart;
use super::isolation::{Borders, Leak, leaks};
use super::map::{Dataset, Field, MapAnswer};
use super::turnover::{Turnover, turnover};
use super::verdicts::Verdicts;
use crate::index::{AsOf, IndexError, Reader, RunStatus};
use crate::law;

/// What changed between two states of the map.
#[derive(Clone, Debug)]
pub struct DiffAnswer {
    /// What the earlier state rests on.
    pub from: Basis,
    /// What the later one rests on.
    pub to: Basis,
    /// Distinct consumers before and after.
    pub consumers: (u64, u64),
    /// Each change once, ordered: what is sensitive first, then by dataset and field.
    pub changes: Vec<Change>,
    /// Objects that are others, whatever they hold; filled by [`changes`].
    pub objects: Turnover,
    /// Consumers that appeared under a second tenant or in a second region; filled by [`changes`].
    pub leaks: Vec<Leak>,
}

impl DiffAnswer {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.leaks.is_empty()
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what sort.
    pub what: What,
    /// The dataset.
    pub dataset: String,
    /// The field; `None` where the whole dataset is meant, `""` for running text.
    pub field: Option<String>,
    /// Classifiers that appeared or vanished, ordered; empty where only numbers changed.
    pub classifiers: Vec<String>,
    /// Whether sensitive personal information (Cal. Civ. Code 1798.140(ae)) is among them.
    pub sensitive: bool,
    /// Before.
    pub before: Amount,
    /// After.
    pub after: Amount,
    /// People who came into the dataset and who left it, where it is in both states and its objects are others. Only they are counted
    /// whom an identifier names.
    pub people: Option<(u64, u64)>,
    /// Why.
    pub cause: Cause,
}

impl Change {
    /// By which share the consumers (or, where they are as many as before, the sightings) grew; negative where they became fewer. `None`
    /// where there were none.
    pub fn growth(&self) -> Option<f64> {
        let share = |before: u64, after: u64| (before > 0).then(|| after as f64 / before as f64 - 1.0);
        match self.before.consumers == self.after.consumers {
            true => share(self.before.count, self.after.count),
            false => share(self.before.consumers, self.after.consumers),
        }
    }
}

/// How much personal data there is in the place that a change names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Sightings.
    pub count: u64,
    /// Distinct consumers.
    pub consumers: u64,
}

/// The sorts of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Personal data in a dataset that had none, or was not there.
    DatasetAppeared,
    /// Personal data in a field that had none.
    FieldAppeared,
    /// Another kind of personal data in a field.
    KindAppeared,
    /// More or less of the same.
    AmountChanged,
    /// As much of the same, of other people.
    PeopleChanged,
    /// A kind of personal data is gone from a field.
    KindVanished,
    /// All personal data is gone from a field.
    FieldVanished,
    /// All personal data is gone from a dataset, or the dataset itself.
    DatasetVanished,
}

impl What {
    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            What::DatasetAppeared => "dataset_appeared",
            What::FieldAppeared => "field_appeared",
            What::KindAppeared => "kind_appeared",
            What::AmountChanged => "amount_changed",
            What::PeopleChanged => "people_changed",
            What::KindVanished => "kind_vanished",
            What::FieldVanished => "field_vanished",
            What::DatasetVanished => "dataset_vanished",
        }
    }
}

/// Why something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The objects of the dataset are others.
    Data,
    /// The objects are the same; the classifiers, or what joins consumers elsewhere, are others.
    Reading,
    /// The objects are others, and were read with other classifiers than those in whose place they are: either may be why.
    Unclear,
}

impl Cause {
    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Data => "data",
            Cause::Reading => "reading",
            Cause::Unclear => "data_or_reading",
        }
    }
}

/// What changed in the index at `path` from run `from` to run `to`. Where one is not named, it is the newest completed run, and
/// the completed one before `to`; `None`: there is no such run, or none after `from`. What `verdicts` say counts nothing is no change.
/// An error for a run that never was.
pub fn changes(
    path: &Path,
    from: Option<i64>,
    to: Option<i64>,
    borders: &Borders,
    verdicts: &Verdicts,
) -> Result<Option<DiffAnswer>, IndexError> {
    let runs = Reader::open(path)?.runs()?;
    let before = |end: i64| runs.iter().rev().find(|r| r.status == RunStatus::Completed && r.id < end).map(|r| r.id);
    let newest = || before(i64::MAX).filter(|newest| from.is_none_or(|from| from < *newest));
    let Some(to) = to.or_else(newest) else { return Ok(None) };
    let Some(from) = from.or_else(|| before(to)) else { return Ok(None) };
    let state = |run| verdicts.apply(Reader::open(path)?.as_of(AsOf::Run(run))?);
    let (from, to) = (state(from)?, state(to)?);
    let (before, after) = (verdicts.map(&from)?, verdicts.map(&to)?);
    let mut answer = diff(&before, &after);
    answer.objects = turnover(&from, &to)?;
    replaced(&mut answer, &before, &after);
    if answer.from.classifier_set != answer.to.classifier_set {
        tell_apart(&mut answer.changes, &from, &to)?;
    }
    answer.leaks = leaks(&from, &to, borders)?;
    Ok(Some(answer))
}

/// Says who came and who left of changes of amount, and names datasets in which nothing else changed.
fn replaced(answer: &mut DiffAnswer, before: &MapAnswer, after: &MapAnswer) {
    let there = |map: &MapAnswer, name: &str| map.datasets.iter().find(|d| d.name == name).map(amount);
    for (dataset, people) in &answer.objects.people {
        let mut of = answer.changes.iter_mut().filter(|c| c.dataset == *dataset).peekable();
        if of.peek().is_some() {
            of.filter(|c| c.what == What::AmountChanged).for_each(|c| c.people = Some(*people));
        } else if *people != (0, 0)
            && let (Some(before), Some(after)) = (there(before, dataset), there(after, dataset))
        {
            answer.changes.push(Change {
                what: What::PeopleChanged,
                dataset: dataset.clone(),
                field: None,
                classifiers: Vec::new(),
                sensitive: false,
                before,
                after,
                people: Some(*people),
                cause: Cause::Data,
            });
        }
    }
    answer.changes.sort_by(order);
}

fn order(a: &Change, b: &Change) -> Ordering {
    b.sensitive.cmp(&a.sensitive).then_with(|| (&a.dataset, &a.field, a.what).cmp(&(&b.dataset, &b.field, b.what)))
}

/// What changed from the earlier state of the map to the later one. A change is named once, by the widest place that it
/// is true of: a new dataset's fields are no changes of their own.
pub fn diff(from: &MapAnswer, to: &MapAnswer) -> DiffAnswer {
    let mut both: BTreeMap<&str, (Option<&Dataset>, Option<&Dataset>)> = BTreeMap::new();
    from.datasets.iter().for_each(|d| both.entry(&d.name).or_default().0 = Some(d));
    to.datasets.iter().for_each(|d| both.entry(&d.name).or_default().1 = Some(d));
    let mut changes = Vec::new();
    for (name, (old, new)) in both {
        of_dataset(name, old, new, &mut changes);
    }
    changes.sort_by(order);
    let (bases, consumers) = ((from.basis.clone(), to.basis.clone()), (from.consumers, to.consumers));
    DiffAnswer { from: bases.0, to: bases.1, consumers, changes, objects: Turnover::default(), leaks: Vec::new() }
}

fn of_dataset(name: &str, old: Option<&Dataset>, new: Option<&Dataset>, out: &mut Vec<Change>) {
    let (before, after) = (old.map(amount).unwrap_or_default(), new.map(amount).unwrap_or_default());
    let fields = |d: Option<&'_ Dataset>| d.map(|d| d.fields.clone()).unwrap_or_default();
    let (old_fields, new_fields) = (fields(old), fields(new));
    let same_objects =
        matches!((old, new), (Some(a), Some(b)) if (a.objects, a.bytes, a.oldest, a.newest) == (b.objects, b.bytes, b.oldest, b.newest));
    let cause = if same_objects { Cause::Reading } else { Cause::Data };
    let change = |what, field: Option<&str>, classifiers: Vec<(String, String)>, before, after| Change {
        what,
        dataset: name.to_owned(),
        field: field.map(str::to_owned),
        sensitive: classifiers.iter().any(|(_, element)| law::categories(element).contains(&"L")),
        classifiers: classifiers.into_iter().map(|(id, _)| id).collect(),
        before,
        after,
        people: None,
        cause,
    };
    let all = |fields: &[Field]| {
        let mut all: Vec<_> = fields.iter().flat_map(kinds).collect();
        all.sort();
        all.dedup();
        all
    };
    match (old_fields.is_empty(), new_fields.is_empty()) {
        (true, true) => return,
        (true, false) => return out.push(change(What::DatasetAppeared, None, all(&new_fields), before, after)),
        (false, true) => return out.push(change(What::DatasetVanished, None, all(&old_fields), before, after)),
        (false, false) => {}
    }
    let named = out.len();
    for f in &new_fields {
        let amount = |f: &Field| Amount { count: found(f), consumers: f.consumers };
        let Some(o) = old_fields.iter().find(|o| o.name == f.name) else {
            out.push(change(What::FieldAppeared, Some(&f.name), kinds(f), Amount::default(), amount(f)));
            continue;
        };
        let less = |a: &Field, b: &Field| kinds(a).into_iter().filter(|k| !kinds(b).contains(k)).collect::<Vec<_>>();
        for (what, kinds) in [(What::KindAppeared, less(f, o)), (What::KindVanished, less(o, f))] {
            if !kinds.is_empty() {
                out.push(change(what, Some(&f.name), kinds, amount(o), amount(f)));
            }
        }
    }
    for o in old_fields.iter().filter(|o| new_fields.iter().all(|f| f.name != o.name)) {
        out.push(change(
            What::FieldVanished,
            Some(&o.name),
            kinds(o),
            Amount { count: found(o), consumers: o.consumers },
            Amount::default(),
        ));
    }
    // Numbers that nothing named above explains.
    if out.len() == named && before != after {
        out.push(change(What::AmountChanged, None, Vec::new(), before, after));
    }
}

fn amount(d: &Dataset) -> Amount {
    Amount { count: d.fields.iter().map(found).sum(), consumers: d.consumers }
}

fn found(f: &Field) -> u64 {
    f.classifiers.iter().map(|c| c.count).sum()
}

/// Classifiers with their data elements, ordered.
fn kinds(f: &Field) -> Vec<(String, String)> {
    let mut all: Vec<_> = f.classifiers.iter().map(|c| (c.id.clone(), c.element.clone())).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::base::Timestamp;
    use crate::query::{FieldClassifier, Pile};

    /// `name:bytes field=classifier/element*count …`, one string a dataset.
    fn map(datasets: &[&str]) -> MapAnswer {
        let dataset = |d: &&str| {
            let mut words = d.split(' ');
            let (name, size) = words.next().unwrap().split_once(':').unwrap();
            let mut fields: Vec<Field> = Vec::new();
            for w in words {
                let (field, kind) = w.split_once('=').unwrap();
                let (id, rest) = kind.split_once('/').unwrap();
                let (element, count) = rest.split_once('*').unwrap();
                let count = count.parse().unwrap();
                let c = FieldClassifier {
                    id: id.into(),
                    element: element.into(),
                    count,
                    share: None,
                    confidence: 1.0,
                    counted: count,
                    allowed: 0,
                    most: count,
                    verdict: None,
                };
                match fields.iter_mut().find(|f| f.name == field) {
                    Some(f) => f.classifiers.push(c),
                    None => fields.push(Field {
                        name: field.into(),
                        source_type: None,
                        classifiers: vec![c],
                        protection: vec![],
                        consumers: count,
                    }),
                }
            }
            let consumers = fields.iter().map(|f| f.consumers).max().unwrap_or(0);
            let bytes = size.parse().unwrap();
            Dataset { name: name.into(), uri: name.into(), objects: 1, bytes, fields, consumers, ..Dataset::default() }
        };
        MapAnswer {
            datasets: datasets.iter().map(dataset).collect(),
            consumers: 0,
            kinds: vec![],
            stores: vec![],
            bookkeeping: Pile::default(),
            asked: Timestamp(0),
            target: Duration::ZERO,
            basis: Basis::default(),
        }
    }

    fn told(from: &[&str], to: &[&str]) -> Vec<String> {
        let tell = |c: Change| {
            let field = c.field.map(|f| format!(".{f}")).unwrap_or_default();
            let mark = if c.sensitive { "!" } else { "" };
            format!(
                "{}{mark} {}{field} [{}] {} -> {} by {}",
                c.what.name(),
                c.dataset,
                c.classifiers.join(" "),
                c.before.count,
                c.after.count,
                c.cause.name()
            )
        };
        diff(&map(from), &map(to)).changes.into_iter().map(tell).collect()
    }

    #[test]
    fn each_change_is_named_once() {
        let crm = "crm:10 mail=generic.email/email*5";
        for (from, to, want) in [
            (&[crm][..], &[crm][..], &[][..]),
            (&[], &[crm], &["dataset_appeared crm [generic.email] 0 -> 5 by data"]),
            (&["crm:10"], &[crm], &["dataset_appeared crm [generic.email] 0 -> 5 by reading"]),
            (&[crm], &["crm:4"], &["dataset_vanished crm [generic.email] 5 -> 0 by data"]),
            (&[crm], &[], &["dataset_vanished crm [generic.email] 5 -> 0 by data"]),
            (&[crm], &["crm:12 mail=generic.email/email*6"], &["amount_changed crm [] 5 -> 6 by data"]),
            (&[crm], &["crm:19 mail=generic.email/email*5 id=us.ssn/ssn*5"], &["field_appeared! crm.id [us.ssn] 0 -> 5 by data"]),
            (&[crm], &["crm:10 mail=generic.email/email*5 mail=us.ssn/ssn*1"], &["kind_appeared! crm.mail [us.ssn] 5 -> 6 by reading"]),
            (
                &["a:1 x=generic.email/email*1 y=generic.phone/phone*2", crm],
                &["a:2 x=generic.phone/phone*1", crm],
                &[
                    "kind_appeared a.x [generic.phone] 1 -> 1 by data",
                    "kind_vanished a.x [generic.email] 1 -> 1 by data",
                    "field_vanished a.y [generic.phone] 2 -> 0 by data",
                ],
            ),
            // What is sensitive comes first.
            (
                &[],
                &["a:1 x=generic.email/email*1", "z:1 x=us.ssn/ssn*1"],
                &["dataset_appeared! z [us.ssn] 0 -> 1 by data", "dataset_appeared a [generic.email] 0 -> 1 by data"],
            ),
        ] {
            assert_eq!(told(from, to), want, "{from:?} {to:?}");
        }
    }
}
