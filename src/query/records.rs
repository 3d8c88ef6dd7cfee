//! Records that laws ask for: processing activities (GDPR Art. 30) and the inventory of personal information (California).
//!
//! What the index knows (which data of how many people lies where, how old it is) beside what only people know: purposes, recipients,
//! how long data is kept. That comes from the configuration and is repeated as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::basis::Basis;
use super::crowd::Crowd;
use super::map::{Dataset, MapAnswer};
use crate::base::Timestamp;
use crate::index::{IndexError, Reader};
use crate::law;

const DAY: i64 = 86_400_000;

/// How long data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// As written: `3y`.
    pub text: String,
    /// In days.
    pub days: u32,
}

/// What people say of an activity.
pub struct Activity {
    /// Its name.
    pub name: String,
    /// Whether a dataset, by its name, is part of it.
    pub covers: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// Whether it is done for somebody else (processor, service provider).
    pub processor: bool,
    /// For whom then; joint controllers otherwise.
    pub controller: String,
    /// What for.
    pub purposes: Vec<String>,
    /// By which right (GDPR Art. 6).
    pub legal_basis: String,
    /// Whom the data is of.
    pub subjects: Vec<String>,
    /// From whom it comes.
    pub collected_from: Vec<String>,
    /// Who gets it.
    pub recipients: Vec<String>,
    /// To whom it is sold or shared for advertising.
    pub sold_to: Vec<String>,
    /// Countries outside that it goes to.
    pub transfers: Vec<String>,
    /// What protects it there.
    pub safeguards: String,
    /// What protects it here (GDPR Art. 32).
    pub security: String,
    /// How long it is kept.
    pub retention: Option<Retention>,
}

/// Who answers, and for what.
#[derive(Default)]
pub struct Processing {
    /// The organisation; all may be empty.
    pub organisation: String,
    /// How to reach it.
    pub contact: String,
    /// Its representative.
    pub representative: String,
    /// Its data protection officer.
    pub dpo: String,
    /// In the order of the configuration. A dataset may be part of several.
    pub activities: Vec<Activity>,
}

/// The answer, for both laws.
pub struct RecordsAnswer<'p> {
    /// What people said.
    pub said: &'p Processing,
    /// What was found in the datasets of each activity, in its order; the last, if there are any, are datasets that no activity names.
    pub activities: Vec<ActivityFound<'p>>,
    /// The twelve categories of California, in their order; those of which nothing was found among them.
    pub categories: Vec<CategoryFound>,
    /// Distinct consumers in all.
    pub consumers: u64,
    /// Residents of California by the best evidence with personal information, and with sensitive personal information.
    pub californians: (u64, u64),
    /// Consumers of whom no record tells a state.
    pub unknown_residence: u64,
    /// When it was asked; ages are as of then.
    pub asked: Timestamp,
    /// What it rests on.
    pub basis: Basis,
}

/// What lies in the datasets of an activity.
pub struct ActivityFound<'p> {
    /// The activity; `None`: nobody named one.
    pub activity: Option<&'p Activity>,
    /// Datasets with personal data, ordered by name.
    pub datasets: Vec<DatasetFound>,
    /// Data elements with distinct consumers, ordered by name.
    pub elements: Vec<(String, u64)>,
    /// Special categories (GDPR Art. 9, 10) among them, ordered.
    pub special: Vec<&'static str>,
    /// States in which values are protected (`masked`, `hashed` …), ordered.
    pub protection: Vec<String>,
    /// Distinct consumers.
    pub consumers: u64,
}

/// A dataset as records show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFound {
    /// Its name.
    pub name: String,
    /// Distinct consumers.
    pub consumers: u64,
    /// The oldest modification of its objects.
    pub oldest: Option<Timestamp>,
    /// Whether that is longer ago than data is kept, by at least one activity.
    pub overdue: bool,
}

/// A category of Cal. Civ. Code 1798.140.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryFound {
    /// `A` … `L`.
    pub code: &'static str,
    /// Data elements with distinct consumers, ordered by name; empty: nothing was found.
    pub elements: Vec<(String, u64)>,
    /// Distinct consumers.
    pub consumers: u64,
    /// Of these, residents of California.
    pub californians: u64,
    /// Datasets, ordered by name.
    pub datasets: Vec<DatasetFound>,
    /// What the activities of these datasets say, each once, ordered.
    pub purposes: BTreeSet<String>,
    /// From whom it comes.
    pub collected_from: BTreeSet<String>,
    /// Who gets it.
    pub recipients: BTreeSet<String>,
    /// To whom it is sold or shared.
    pub sold_to: BTreeSet<String>,
    /// How long it is kept.
    pub retention: BTreeSet<String>,
    /// Whether some of its datasets are named by no activity, so that the words above are incomplete.
    pub undeclared: bool,
}

impl CategoryFound {
    /// The oldest of its data.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.datasets.iter().filter_map(|d| d.oldest).min()
    }
}

/// The letters of the categories of Cal. Civ. Code 1798.140(v)(1) and, last, (ae).
const CATEGORIES: [&str; 12] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];

/// Distinct people: in all, and residents of California.
#[derive(Clone, Copy, Default)]
struct Count(u64, u64);

impl Count {
    fn add(&mut self, other: Count) {
        self.0 += other.0;
        self.1 += other.1;
    }
}

/// The records of what lies there now. `map`: the map of the same reader, with verdicts.
pub fn records<'p>(reader: &Reader, map: &MapAnswer, said: &'p Processing) -> Result<RecordsAnswer<'p>, IndexError> {
    let classes = reader.classifiers()?;
    let elements: Vec<&str> = classes.values().map(|c| c.1.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let width = elements.len() as u32;
    let element_of: HashMap<i64, u32> =
        classes.iter().map(|(n, (_, e))| (*n, elements.binary_search(&e.as_str()).unwrap_or(0) as u32)).collect();
    let activities_of = |dataset: &str| -> Vec<u32> {
        let all = (0..).zip(&said.activities).filter(|a| (a.1.covers)(dataset)).map(|a| a.0);
        let all: Vec<u32> = all.collect();
        if all.is_empty() { vec![said.activities.len() as u32] } else { all }
    };
    // A fact is an activity with an element.
    let mut by_dataset: HashMap<String, Vec<u32>> = HashMap::new();
    let crowd = Crowd::gather(reader, &reader.objects(true)?, &mut |seen, facts| {
        let Some(element) = element_of.get(&seen.classifier) else { return };
        let dataset = &seen.object.dataset;
        let activities = by_dataset.entry(dataset.clone()).or_insert_with(|| activities_of(dataset));
        facts.extend(activities.iter().map(|a| a * width + element));
    })?;
    let mut count = Counts::of(&crowd, width, &elements);

    let mut groups: Vec<Vec<&Dataset>> = vec![Vec::new(); said.activities.len() + 1];
    for d in map.datasets.iter().filter(|d| counted(d).next().is_some()) {
        activities_of(&d.name).into_iter().for_each(|a| groups[a as usize].push(d));
    }
    let late = |d: &Dataset, activity: Option<&Activity>| {
        let days = activity.and_then(|a| a.retention.as_ref()).map(|r| i64::from(r.days));
        matches!((d.oldest, days), (Some(t), Some(days)) if map.asked.0.saturating_sub(t.0) > days * DAY)
    };
    let mut categories: Vec<CategoryFound> = CATEGORIES.iter().map(|code| CategoryFound { code, ..CategoryFound::default() }).collect();
    let mut found = Vec::new();
    for (n, datasets) in groups.into_iter().enumerate() {
        let activity = said.activities.get(n);
        if activity.is_none() && datasets.is_empty() {
            continue;
        }
        let dataset =
            |d: &Dataset| DatasetFound { name: d.name.clone(), consumers: d.consumers, oldest: d.oldest, overdue: late(d, activity) };
        let names: BTreeSet<&str> = datasets.iter().flat_map(|d| counted(d)).collect();
        let states = datasets.iter().flat_map(|d| &d.fields).flat_map(|f| &f.protection).map(|p| p.state.clone());
        for d in &datasets {
            let here: BTreeSet<&str> = counted(d).flat_map(law::categories).copied().collect();
            for c in categories.iter_mut().filter(|c| here.contains(c.code)) {
                add_to(c, dataset(d), activity);
            }
        }
        found.push(ActivityFound {
            activity,
            elements: names.iter().map(|e| ((*e).to_owned(), count.of_element(n as u32, e))).collect(),
            special: names.iter().filter_map(|e| law::special_category(e)).collect::<BTreeSet<_>>().into_iter().collect(),
            protection: states.collect::<BTreeSet<_>>().into_iter().collect(),
            consumers: count.activities.remove(&(n as u32)).unwrap_or_default(),
            datasets: datasets.iter().map(|d| dataset(d)).collect(),
        });
    }
    let all: BTreeSet<&str> = map.datasets.iter().flat_map(counted).collect();
    for c in &mut categories {
        let Count(everybody, californians) = count.categories.get(c.code).copied().unwrap_or_default();
        (c.consumers, c.californians) = (everybody, californians);
        let mine = all.iter().filter(|e| law::categories(e).contains(&c.code));
        c.elements = mine.map(|e| ((*e).to_owned(), count.everywhere.get(*e).copied().unwrap_or(0))).collect();
        c.datasets.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let sensitive = count.categories.get("L").copied().unwrap_or_default().1;
    Ok(RecordsAnswer {
        said,
        activities: found,
        categories,
        consumers: count.all.0,
        californians: (count.personal.1, sensitive),
        unknown_residence: count.unknown,
        asked: map.asked,
        basis: Basis::of(reader)?,
    })
}

/// The elements that count in a dataset; one may come twice.
fn counted(d: &Dataset) -> impl Iterator<Item = &str> {
    d.fields.iter().flat_map(|f| &f.classifiers).filter(|c| c.counted > 0).map(|c| c.element.as_str())
}

/// A dataset of a category, and what the activity says of it.
fn add_to(c: &mut CategoryFound, d: DatasetFound, activity: Option<&Activity>) {
    match c.datasets.iter_mut().find(|o| o.name == d.name) {
        Some(known) => known.overdue |= d.overdue,
        None => c.datasets.push(d),
    }
    let Some(a) = activity else {
        c.undeclared = true;
        return;
    };
    c.purposes.extend(a.purposes.iter().cloned());
    c.collected_from.extend(a.collected_from.iter().cloned());
    c.recipients.extend(a.recipients.iter().cloned());
    c.sold_to.extend(a.sold_to.iter().cloned());
    c.retention.extend(a.retention.iter().map(|r| r.text.clone()));
}

/// Distinct people by everything that records ask for.
#[derive(Default)]
struct Counts {
    all: Count,
    /// With an element of any category.
    personal: Count,
    unknown: u64,
    activities: HashMap<u32, u64>,
    elements: HashMap<(u32, String), u64>,
    everywhere: HashMap<String, u64>,
    categories: BTreeMap<&'static str, Count>,
}

impl Counts {
    fn of(crowd: &Crowd<'_>, width: u32, elements: &[&str]) -> Counts {
        let state = |home: &crate::index::Home| super::isolation::state_of(home);
        // Whether it is California, and whether it is not known.
        let homes: Vec<(u64, u64)> =
            crowd.numbering.homes().iter().map(state).map(|s| (u64::from(s.as_deref() == Some("CA")), u64::from(s.is_none()))).collect();
        // People alike are counted together: by set, how many, how many of California, how many of no known state.
        let mut alike: Vec<(Count, u64)> = vec![Default::default(); crowd.sets().len()];
        for (person, set) in crowd.people() {
            let (california, not_known) = homes.get(crowd.numbering.lives(person) as usize).copied().unwrap_or((0, 1));
            let (n, unknown) = &mut alike[set as usize];
            n.add(Count(1, california));
            *unknown += not_known;
        }
        let mut out = Counts::default();
        for (set, (n, unknown)) in (0u32..).zip(alike).filter(|a| a.1.0.0 > 0) {
            out.all.add(n);
            out.unknown += unknown;
            let (mut activities, mut here, mut categories) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            for fact in crowd.set(set) {
                let (activity, element) = (fact / width, elements[(fact % width) as usize]);
                *out.elements.entry((activity, element.to_owned())).or_default() += n.0;
                activities.insert(activity);
                here.insert(element);
                categories.extend(law::categories(element));
            }
            activities.into_iter().for_each(|a| *out.activities.entry(a).or_default() += n.0);
            here.into_iter().for_each(|e| *out.everywhere.entry(e.to_owned()).or_default() += n.0);
            if !categories.is_empty() {
                out.personal.add(n);
            }
            categories.into_iter().for_each(|c| out.categories.entry(c).or_default().add(n));
        }
        out
    }

    fn of_element(&self, activity: u32, element: &str) -> u64 {
        self.elements.get(&(activity, element.to_owned())).copied().unwrap_or(0)
    }
}
