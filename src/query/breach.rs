//! Who is affected when objects are exposed?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::basis::Basis;
use crate::identity::{Certainty, ConsumerId, IdHash};
use crate::index::{IndexError, ObjectRow, Owner, Reader};

/// A number of people, by how sure it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Their own identifier, or a record that it names, lies there.
    pub certain: u64,
    /// And those whose identifier stands beside the value in running text or in a record of several people.
    pub likely: u64,
    /// And one more person for every record that is nobody's.
    pub upper: u64,
}

/// What was exposed. An object is in scope if any of the tests says so; no test: nothing is.
pub struct Scope<'a> {
    /// Decides over an object's uri.
    pub object: &'a dyn Fn(&str) -> bool,
    /// Decides over its dataset.
    pub dataset: &'a dyn Fn(&str) -> bool,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct BreachAnswer {
    /// Current objects in scope.
    pub objects: u64,
    /// Of these, not or not fully read: people in them are missing below.
    pub in_scope_unread: u64,
    /// Distinct people.
    pub consumers: Numbers,
    /// Of the certain ones, those with several identifiers.
    pub linked: u64,
    /// Those with one.
    pub single_identifier: u64,
    /// Sightings of published test values and fillers, which count for nobody.
    pub test_values: u64,
    /// Records, at least, whose values are nobody's.
    pub unattributed_records: u64,
    /// Distinct people per data element.
    pub elements: BTreeMap<String, Numbers>,
    /// By state, most residents first.
    pub jurisdictions: Vec<Jurisdiction>,
    /// People of whom no record names a state.
    pub unknown_residence: Numbers,
    /// The certain and likely people, ordered by id.
    pub people: Vec<Person>,
    /// What it rests on.
    pub basis: Basis,
}

/// The residents of one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jurisdiction {
    /// USPS code.
    pub code: String,
    /// How many.
    pub residents: Numbers,
}

/// One affected person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub consumer: ConsumerId,
    /// State of residence.
    pub state: Option<String>,
    /// Data elements that are certainly theirs.
    pub elements: BTreeSet<String>,
    /// Those that are possibly theirs.
    pub possible: BTreeSet<String>,
    /// Whether their own identifier, or a record that it names, lies in scope.
    pub certain: bool,
}

/// Who is affected if the current versions of the objects in scope were read by somebody else.
pub fn breach(reader: &Reader, scope: &Scope<'_>) -> Result<BreachAnswer, IndexError> {
    let classes = reader.classifiers()?;
    let mut answer = BreachAnswer { basis: Basis::of(reader)?, ..BreachAnswer::default() };
    let mut people: HashMap<ConsumerId, Person> = HashMap::new();
    // A consumer of one identifier is known by it; the index would have to search for it.
    let mut alone: HashMap<ConsumerId, IdHash> = HashMap::new();
    let mut loose: BTreeMap<String, u64> = BTreeMap::new();
    let mut who: HashMap<IdHash, Option<Owner>> = HashMap::new();
    let in_scope: Vec<ObjectRow> =
        reader.objects(true)?.into_iter().filter(|o| (scope.object)(&o.uri) || (scope.dataset)(&o.dataset)).collect();
    for o in &in_scope {
        answer.objects += 1;
        answer.in_scope_unread += u64::from(o.status != "read");
        answer.test_values += reader.test_values(o.id)?;
        let mut here: HashMap<(IdHash, i64, i64), u64> = HashMap::new();
        reader.postings_of_object(o.id, |id, class, certainty, count| *here.entry((id, class, certainty)).or_default() += count)?;
        let mut nobodys: HashMap<i64, u64> = reader.unattributed_by_class(o.id)?.into_iter().collect();
        for ((id, class, certainty), count) in here {
            let owner = match who.get(&id) {
                Some(o) => *o,
                None => *who.entry(id).or_insert(reader.owner_of(id)?),
            };
            let consumer = match owner {
                Some(Owner::Alone(c) | Owner::Linked(c)) => c,
                // What is filed under a shared identifier may be anybody's.
                Some(Owner::Several) if certainty == Certainty::Record as i64 => {
                    *nobodys.entry(class).or_default() += count;
                    continue;
                }
                _ => continue,
            };
            let Some((_, element)) = classes.get(&class) else { continue };
            if let Some(Owner::Alone(_)) = owner {
                alone.insert(consumer, id);
            }
            let person = people.entry(consumer).or_insert_with(|| Person {
                consumer,
                state: None,
                elements: BTreeSet::new(),
                possible: BTreeSet::new(),
                certain: false,
            });
            if certainty <= Certainty::Record as i64 {
                person.certain = true;
                person.elements.insert(element.clone());
            } else if certainty == Certainty::Possible as i64 {
                person.possible.insert(element.clone());
            }
        }
        // One record holds one value of a kind, so that there are at least as many records as values of the commonest kind.
        answer.unattributed_records += nobodys.values().copied().max().unwrap_or(0);
        // The same holds for an element: street and city of one record are one address.
        let mut here: BTreeMap<&String, u64> = BTreeMap::new();
        for (class, n) in nobodys {
            if let Some((_, element)) = classes.get(&class) {
                let most = here.entry(element).or_default();
                *most = n.max(*most);
            }
        }
        for (element, n) in here {
            *loose.entry(element.clone()).or_default() += n;
        }
    }
    count(reader, people, &alone, &loose, answer)
}

fn count(
    reader: &Reader,
    people: HashMap<ConsumerId, Person>,
    alone: &HashMap<ConsumerId, IdHash>,
    loose: &BTreeMap<String, u64>,
    mut answer: BreachAnswer,
) -> Result<BreachAnswer, IndexError> {
    let mut states: BTreeMap<String, Numbers> = BTreeMap::new();
    let mut people: Vec<Person> = people.into_values().collect();
    people.sort_by_key(|p| p.consumer);
    for p in &mut people {
        let ids = match alone.get(&p.consumer) {
            Some(id) => vec![*id],
            None => reader.identifiers(p.consumer)?.into_iter().map(|i| i.0).collect(),
        };
        let several = ids.len() > 1;
        answer.linked += u64::from(p.certain && several);
        answer.single_identifier += u64::from(p.certain && !several);
        p.state = residence(reader, &ids)?;
        add(&mut answer.consumers, p.certain);
        add(p.state.as_ref().map_or(&mut answer.unknown_residence, |s| states.entry(s.clone()).or_default()), p.certain);
        p.possible = p.possible.difference(&p.elements).cloned().collect();
        for (set, certain) in [(&p.elements, true), (&p.possible, false)] {
            for e in set {
                add(answer.elements.entry(e.clone()).or_default(), certain);
            }
        }
    }
    // People whose state is unknown may live in any; records that are nobody's may be anybody's.
    answer.consumers.upper += answer.unattributed_records;
    answer.unknown_residence.upper += answer.unattributed_records;
    for (element, n) in loose {
        answer.elements.entry(element.clone()).or_default().upper += n;
    }
    answer.jurisdictions = states.into_iter().map(|(code, residents)| Jurisdiction { code, residents }).collect();
    answer.jurisdictions.sort_by(|a, b| b.residents.certain.cmp(&a.residents.certain).then_with(|| a.code.cmp(&b.code)));
    answer.people = people;
    Ok(answer)
}

fn add(n: &mut Numbers, certain: bool) {
    n.certain += u64::from(certain);
    n.likely += 1;
    n.upper += 1;
}

/// The best evidence for where a person lives: highest confidence, then the state's code.
fn residence(reader: &Reader, ids: &[IdHash]) -> Result<Option<String>, IndexError> {
    let mut best: Option<(f64, String)> = None;
    for id in ids {
        for (state, confidence) in reader.residences(*id)? {
            let better = best.as_ref().is_none_or(|(c, s)| confidence > *c || (confidence == *c && state < *s));
            if better {
                best = Some((confidence, state));
            }
        }
    }
    Ok(best.map(|b| b.1))
}
