//! Distinct people in object versions: their elements, by how sure these are theirs, and where they live.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{BreachAnswer, Exposed, Person, Question};
use crate::identity::{Certainty, Class, ConsumerId, IdHash, Partition};
use crate::index::{IndexError, Owner, Reader};
use crate::law::{Elements, Fits, Numbers, Profile};

/// From this confidence on, a state counts a person in its thresholds.
const COUNTS: f64 = 0.7;

/// From this many people on, residences are read object by object instead of person by person.
const MANY: usize = 2_000;

/// A person while they are put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Affected {
    /// Elements as the index names them, for people to read.
    pub named: Profile,
    /// Elements as laws count them.
    pub legal: Profile,
    names: [NameParts; 2],
    pub certain: bool,
    /// Identifiers that are known alone, and consumers of several: more than one where a version that is no longer stored
    /// joins them.
    alone: BTreeSet<IdHash>,
    linked: BTreeSet<ConsumerId>,
    pub several: bool,
    identifiers: Vec<IdHash>,
    pub residence: Residences,
    /// `EU` or `UK`, by a national number, where no state is known.
    pub gdpr: Option<&'static str>,
    datasets: BTreeSet<u32>,
}

/// Which parts of a name were seen: a whole one, or first and last apart.
#[derive(Clone, Copy, Debug, Default)]
struct NameParts {
    whole: bool,
    first: bool,
    last: bool,
}

/// Where somebody lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Residences {
    /// By the best evidence: state, percent, basis.
    pub primary: Option<(String, u32, &'static str)>,
    /// Others that count.
    pub others: Vec<String>,
}

/// All people in scope.
#[derive(Default)]
pub(super) struct People {
    pub all: HashMap<ConsumerId, Affected>,
    /// Values that are nobody's, per element: as the index names it, as laws count it.
    pub loose: BTreeMap<String, u64>,
    pub loose_legal: HashMap<Elements, u64>,
    pub unattributed_records: u64,
    test_values: u64,
    elements: Vec<String>,
    datasets: Vec<String>,
}

/// Consumers whom records of versions that are no longer stored (`all`: of any) join, each with the one they count as. Who would then have two
/// social security numbers of a kind stays apart: one person too many is safer than one too few.
fn joined(
    reader: &Reader,
    exposed: &[Exposed],
    all: bool,
    classes: &HashMap<i64, (String, String)>,
) -> Result<HashMap<ConsumerId, ConsumerId>, IndexError> {
    let mut partition = Partition::new();
    for e in exposed.iter().filter(|e| all || !e.object.current) {
        for link in reader.links_of_object(e.object.id)? {
            partition.add(&link);
        }
    }
    let (groups, _) =
        partition.solve(|class| classes.get(&i64::from(class)).map(|(name, element)| Class { name, element }).unwrap_or_default());
    let mut root: HashMap<ConsumerId, ConsumerId> = HashMap::new();
    let mut numbers: HashMap<ConsumerId, BTreeSet<(i64, IdHash)>> = HashMap::new();
    let is_number = |class: &i64| classes.get(class).is_some_and(|c| c.1 == "ssn");
    for group in groups {
        let mut first: Option<ConsumerId> = None;
        for id in group {
            let Some(owner) = reader.owner_of(id)? else { continue };
            let Some(consumer) = owner.consumer() else { continue };
            if let std::collections::hash_map::Entry::Vacant(e) = numbers.entry(consumer) {
                let ids = match owner {
                    Owner::Alone(_) => reader.class_of(id)?.map(|c| (id, c)).into_iter().collect(),
                    _ => reader.identifiers(consumer)?,
                };
                e.insert(ids.into_iter().filter(|i| is_number(&i.1)).map(|(id, class)| (class, id)).collect());
            }
            let mut at = consumer;
            while let Some(up) = root.get(&at) {
                at = *up;
            }
            let Some(to) = first else {
                first = Some(at);
                continue;
            };
            let both: BTreeSet<(i64, IdHash)> = numbers[&to].union(&numbers[&at]).copied().collect();
            let apart = both.iter().zip(both.iter().skip(1)).any(|(a, b)| a.0 == b.0);
            if at != to && !apart {
                root.insert(at, to);
                numbers.insert(to, both);
            }
        }
    }
    let end = |mut at: ConsumerId| {
        while let Some(up) = root.get(&at) {
            at = *up;
        }
        at
    };
    Ok(root.keys().map(|c| (*c, end(*c))).collect())
}

/// What a classifier's values are to a law: foreign social security numbers are numbers of another government.
fn legal(class: &str, element: &str) -> Elements {
    match element {
        "ssn" if !class.starts_with("us.") => Elements::of("other_gov_id"),
        "full_name" => Elements::NONE,
        e => Elements::of(e),
    }
}

impl People {
    /// Reads what the index holds about the people in these object versions. `unsettled`: who is who is not settled yet, so that
    /// their own records say it.
    pub fn gather(reader: &Reader, exposed: &[Exposed], unsettled: bool) -> Result<People, IndexError> {
        let classes = reader.classifiers()?;
        let mut out = People::default();
        let names: BTreeSet<&String> = classes.values().map(|c| &c.1).collect();
        out.elements = names.into_iter().cloned().collect();
        let joined = joined(reader, exposed, unsettled, &classes)?;
        for e in exposed {
            let o = &e.object;
            let dataset = out.dataset(&o.dataset);
            out.test_values += reader.test_values(o.id)?;
            let mut nobodys: HashMap<i64, u64> = reader.unattributed_by_class(o.id)?.into_iter().collect();
            reader.people_of_object(o.id, |id, owner, class, certainty, count| {
                let consumer = match owner {
                    Some(Owner::Alone(c) | Owner::Linked(c)) => c,
                    // What is filed under a shared identifier may be anybody's.
                    Some(Owner::Several) if certainty == Certainty::Record as i64 => {
                        *nobodys.entry(class).or_default() += count;
                        return;
                    }
                    _ => return,
                };
                let Some((name, element)) = classes.get(&class) else { return };
                if certainty > Certainty::Possible as i64 {
                    return;
                }
                let person = out.all.entry(joined.get(&consumer).copied().unwrap_or(consumer)).or_default();
                match owner {
                    Some(Owner::Alone(_)) => drop(person.alone.insert(id)),
                    _ => drop(person.linked.insert(consumer)),
                }
                let sure = certainty <= Certainty::Record as i64 && e.whole;
                person.add(name, element, sure);
                person.datasets.insert(dataset);
                if certainty == Certainty::Own as i64 && person.gdpr.is_none() {
                    person.gdpr = name.split_once('.').and_then(|(country, _)| crate::law::gdpr(country));
                }
            })?;
            out.nobodys(nobodys, &classes);
        }
        Ok(out)
    }

    fn dataset(&mut self, name: &str) -> u32 {
        let at = self.datasets.iter().position(|d| d == name).unwrap_or_else(|| {
            self.datasets.push(name.to_owned());
            self.datasets.len() - 1
        });
        at as u32
    }

    /// One record holds one value of a kind, so that there are at least as many records as values of the commonest kind;
    /// the same holds for an element: street and city of one record are one address.
    fn nobodys(&mut self, nobodys: HashMap<i64, u64>, classes: &HashMap<i64, (String, String)>) {
        self.unattributed_records += nobodys.values().copied().max().unwrap_or(0);
        let mut named: BTreeMap<&String, u64> = BTreeMap::new();
        let mut legally: HashMap<Elements, u64> = HashMap::new();
        for (class, n) in nobodys {
            let Some((name, element)) = classes.get(&class) else { continue };
            let most = named.entry(element).or_default();
            *most = n.max(*most);
            let law = match (element.as_str(), name.as_str()) {
                ("full_name", "generic.first_name") => Elements::NONE,
                ("full_name", _) => Elements::of("full_name"),
                _ => legal(name, element),
            };
            let most = legally.entry(law).or_default();
            *most = n.max(*most);
        }
        for (element, n) in named {
            *self.loose.entry(element.clone()).or_default() += n;
        }
        for (element, n) in legally.into_iter().filter(|(e, _)| !e.is_empty()) {
            *self.loose_legal.entry(element).or_default() += n;
        }
    }

    /// Adds what is decided on the whole person: names, residence, identifiers if they are to be kept.
    pub fn settle(&mut self, reader: &Reader, keep: bool) -> Result<(), IndexError> {
        let many = self.all.len() > MANY;
        let mut everybody: HashSet<IdHash> = HashSet::new();
        for person in self.all.values_mut() {
            person.settle_name();
            person.identifiers = person.alone.iter().copied().collect();
            for consumer in &person.linked {
                person.identifiers.extend(reader.identifiers(*consumer)?.into_iter().map(|i| i.0));
            }
            person.several = person.identifiers.len() > 1;
            if many {
                everybody.extend(&person.identifiers);
            }
        }
        // What is stored now, else what was stored once.
        let bulk = match many {
            true => Some([reader.residences_of(&everybody, true)?, reader.residences_of(&everybody, false)?]),
            false => None,
        };
        drop(everybody);
        for person in self.all.values_mut() {
            let ids = std::mem::take(&mut person.identifiers);
            let mut states: BTreeMap<String, (f64, &'static str)> = BTreeMap::new();
            for (at, current_only) in [true, false].into_iter().enumerate() {
                if !states.is_empty() {
                    break;
                }
                for id in &ids {
                    let said = match &bulk {
                        Some(bulk) => bulk[at].get(id).cloned().unwrap_or_default(),
                        None => reader.residences(*id, current_only)?,
                    };
                    for (state, confidence, basis) in said {
                        let best = states.entry(state).or_insert((confidence, basis));
                        if confidence > best.0 {
                            *best = (confidence, basis);
                        }
                    }
                }
            }
            if keep {
                person.identifiers = ids;
            }
            // The highest confidence, then the state's code.
            let mut states: Vec<_> = states.into_iter().collect();
            states.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
            let mut states = states.into_iter();
            let primary = states.next().map(|(s, (c, b))| (s, (c * 100.0).round() as u32, b));
            let others = states.filter(|s| s.1.0 >= COUNTS).map(|s| s.0).collect();
            person.residence = Residences { primary, others };
            if person.residence.primary.is_some() {
                person.gdpr = None;
            }
        }
        Ok(())
    }

    /// Distinct people alone.
    pub fn count_consumers(&self, answer: &mut BreachAnswer) {
        for p in self.all.values() {
            add(&mut answer.consumers, p.certain);
        }
        answer.unattributed_records = self.unattributed_records;
        answer.consumers.upper += self.unattributed_records;
    }

    /// The numbers that do not depend on the law.
    pub fn count(&self, answer: &mut BreachAnswer) {
        self.count_consumers(answer);
        answer.test_values = self.test_values;
        for p in self.all.values() {
            answer.linked += u64::from(p.certain && p.several);
            answer.single_identifier += u64::from(p.certain && !p.several);
            match &p.residence.primary {
                None => add(&mut answer.unknown_residence, p.certain),
                Some((_, _, basis)) if p.certain => *answer.residence_basis.entry((*basis).to_owned()).or_default() += 1,
                Some(_) => {}
            }
            for name in &self.elements {
                let e = Elements::of(name);
                if p.named.certain.meets(e) {
                    add(answer.elements.entry(name.clone()).or_default(), true);
                } else if p.named.possible.meets(e) {
                    add(answer.elements.entry(name.clone()).or_default(), false);
                }
            }
        }
        // People whose state is unknown may live in any; records that are nobody's may be anybody's.
        answer.unknown_residence.upper += self.unattributed_records;
        for (element, n) in &self.loose {
            answer.elements.entry(element.clone()).or_default().upper += n;
        }
    }

    /// One line a person.
    pub fn into_persons(self, q: &Question<'_>) -> Vec<Person> {
        let words = |set: Elements| self.elements.iter().filter(|e| set.meets(Elements::of(e))).cloned().collect::<BTreeSet<_>>();
        let person = |(consumer, p): (&ConsumerId, &Affected)| {
            let state = p.residence.primary.as_ref().map(|s| s.0.clone());
            let fits = |f: Fits| match f {
                Fits::Certain => "certain",
                Fits::Likely => "likely",
                Fits::Upper => "upper",
            };
            let rules = q.law.rules_of(state.as_deref().unwrap_or(""));
            Person {
                consumer: *consumer,
                state_basis: p.residence.primary.as_ref().map(|s| s.2),
                state_confidence: p.residence.primary.as_ref().map_or(0.0, |s| f64::from(s.1) / 100.0),
                other_states: p.residence.others.clone(),
                elements: words(p.named.certain),
                possible: words(p.named.possible.without(p.named.certain)),
                certain: p.certain,
                rules: rules.filter_map(|r| r.fits(&p.legal, q.assumed).map(|f| (r.id.clone(), fits(f)))).collect(),
                datasets: p.datasets.iter().filter_map(|d| self.datasets.get(*d as usize).cloned()).collect(),
                identifiers: p.identifiers.clone(),
                state,
            }
        };
        let mut out: Vec<Person> = self.all.iter().map(person).collect();
        out.sort_by_key(|p| p.consumer);
        out
    }
}

impl Affected {
    fn add(&mut self, class: &str, element: &str, sure: bool) {
        self.certain |= sure;
        let (named, law) = (Elements::of(element), legal(class, element));
        for (profile, e) in [(&mut self.named, named), (&mut self.legal, law)] {
            let set = if sure { &mut profile.certain } else { &mut profile.possible };
            *set = set.or(e);
        }
        if element == "full_name" {
            let parts = &mut self.names[usize::from(!sure)];
            match class {
                "generic.first_name" => parts.first = true,
                "generic.last_name" => parts.last = true,
                _ => parts.whole = true,
            }
        }
    }

    /// A name is a last name with the first name or its initial: one that stands alone may or may not be one.
    fn settle_name(&mut self) {
        let [sure, maybe] = self.names;
        let name = Elements::of("full_name");
        if sure.whole || (sure.first && sure.last) {
            self.legal.certain = self.legal.certain.or(name);
        } else if maybe.whole || sure.last || maybe.last {
            self.legal.possible = self.legal.possible.or(name);
        }
    }
}

/// Counts one person.
fn add(n: &mut Numbers, certain: bool) {
    n.certain += u64::from(certain);
    n.likely += 1;
    n.upper += 1;
}
