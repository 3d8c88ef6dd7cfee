//! Distinct people in object versions: their elements, by how sure these are theirs, and where they live.
//!
//! Nobody is a record of their own: a person is a number ([`crate::index::Numbering`]), and what is known of them the number of a
//! combination, in an array. Millions of people have a few hundred combinations, and everything the law asks is asked of these.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::combination::{Combination, Fact, Residences, legal, legal_protected, named};
use super::joined::{Classes, joined};
use super::sets::Sets;
use super::{BreachAnswer, Exposed};
use crate::base::{Combinations, NOTHING};
use crate::classify::protection::Protection;
use crate::identity::Certainty;
use crate::index::{Home, IndexError, Numbering, PeopleList, Reader, Said, Whose};
use crate::law::{Elements, Numbers};
use crate::query::protected::{ProtectedSets, is_masked};

/// People of whom the same was exposed, who live in the same place.
pub(super) struct Alike {
    pub exposed: Combination,
    pub residence: Residences,
    /// Whether they have several identifiers.
    pub several: bool,
    pub n: u64,
}

impl Alike {
    /// `EU` or `UK`, by a national number or an account, where nothing better is known.
    pub fn gdpr(&self) -> Option<&'static str> {
        self.exposed.gdpr.or(self.residence.gdpr).filter(|_| self.residence.primary.is_none())
    }
}

/// All people in scope.
pub(super) struct People<'r> {
    pub reader: &'r Reader,
    pub numbering: &'r Numbering,
    /// By person, the number of what was exposed.
    pub exposed: Vec<u32>,
    pub combinations: Combinations<Combination>,
    /// People joined by versions that are no longer stored: those of whom something was exposed, by the person they count as.
    pub joined: HashMap<u32, Vec<u32>>,
    counts_as: HashMap<u32, u32>,
    /// By person, the number of the set of datasets, if lists are wanted.
    pub datasets: Option<(Vec<u32>, Combinations<BTreeSet<u32>>)>,
    pub dataset_names: Vec<String>,
    pub alike: Vec<Alike>,
    pub protected: ProtectedSets,
    /// Values that are nobody's, per element: as the index names it, as laws count it.
    pub loose: BTreeMap<String, u64>,
    pub loose_legal: HashMap<Elements, u64>,
    /// The same of values that are hashed, replaced or encrypted, and how those of each element are, whose ever they are.
    pub loose_protected: HashMap<Elements, u64>,
    pub protections: BTreeMap<Elements, BTreeSet<&'static str>>,
    pub unattributed_records: u64,
    forgotten_records: u64,
    test_values: u64,
    pub elements: Vec<String>,
}

impl<'r> People<'r> {
    /// Reads what the index holds about the people in these object versions. `unsettled`: who is who is not settled yet, so that
    /// their own records say it. `list`: who is in which datasets is wanted, too.
    pub fn gather(reader: &'r Reader, exposed: &[Exposed], unsettled: bool, list: bool) -> Result<People<'r>, IndexError> {
        let classes = reader.classifiers()?;
        let numbering = reader.numbering()?;
        let nobody = || vec![NOTHING; numbering.len()];
        let names: BTreeSet<&String> = classes.values().map(|c| &c.1).collect();
        let mut out = People {
            reader,
            numbering,
            exposed: nobody(),
            combinations: Combinations::new(),
            joined: HashMap::new(),
            counts_as: HashMap::new(),
            datasets: list.then(|| (nobody(), Combinations::new())),
            dataset_names: Vec::new(),
            alike: Vec::new(),
            protected: ProtectedSets::default(),
            loose: BTreeMap::new(),
            loose_legal: HashMap::new(),
            loose_protected: HashMap::new(),
            protections: BTreeMap::new(),
            unattributed_records: 0,
            forgotten_records: 0,
            test_values: 0,
            elements: names.into_iter().cloned().collect(),
        };
        let (mut sets, mut facts): (Sets, Vec<Fact<'_>>) = Default::default();
        let mut numbers: HashMap<(i64, bool, bool), usize> = HashMap::new();
        let mut sealed: HashMap<i64, usize> = HashMap::new();
        for e in exposed {
            let o = &e.object;
            let dataset = out.dataset(&o.dataset);
            out.test_values += reader.test_values(o.id)?;
            out.forgotten_records += reader.forgotten_records(o.id)?;
            let mut nobodys: HashMap<i64, u64> = reader.unattributed_by_class(o.id)?.into_iter().collect();
            let mut protected = Protected::of(reader, o.id)?;
            reader.people_of_object(o.id, &mut |list| match list.said {
                Said::Protected { classifier, state, certain } => {
                    let Some((class, element)) = classes.get(&classifier) else { return };
                    // Somebody may have decided that these do not count.
                    let Some(how) = protected.take(numbering, classifier, state, &list) else { return };
                    out.protected.add(numbering, &list, element, state, certain);
                    if !is_masked(how) {
                        let fact = *sealed.entry(classifier).or_insert_with(|| {
                            facts.push(Fact { class, element, sure: false, protected: true, gdpr: None });
                            facts.len() - 1
                        });
                        sets.add(fact, list.who);
                    }
                }
                Said::Sightings { classifier, certainty } if certainty <= Certainty::Possible as i64 => {
                    let Some((class, element)) = classes.get(&classifier) else { return };
                    let (sure, own) = (certainty <= Certainty::Record as i64 && e.whole, certainty == Certainty::Own as i64);
                    let fact = *numbers.entry((classifier, own, sure)).or_insert_with(|| {
                        let gdpr = class.split_once('.').and_then(|c| crate::law::gdpr(c.0)).filter(|_| own);
                        facts.push(Fact { class, element, sure, protected: false, gdpr });
                        facts.len() - 1
                    });
                    sets.add(fact, list.who);
                    if certainty == Certainty::Record as i64 {
                        // What is filed under a shared identifier may be anybody's.
                        match list.count_of(numbering.shared()) {
                            0 => {}
                            n => *nobodys.entry(classifier).or_default() += n,
                        }
                    }
                    if let Some((of, known)) = &mut out.datasets {
                        for number in list.who.iter() {
                            if let Whose::Alone(p) | Whose::Linked(p) = numbering.whose(number) {
                                let at = &mut of[p as usize];
                                *at = known.step(*at, dataset as usize, |s| _ = s.insert(dataset));
                            }
                        }
                    }
                }
                Said::Sightings { .. } => {}
            })?;
            out.nobodys(nobodys, protected, &classes);
        }
        out.put_together(&sets, &facts);
        out.join(exposed, unsettled, &classes)?;
        Ok(out)
    }

    /// Gives each person the combination of all facts that are said of their identifiers.
    fn put_together(&mut self, sets: &Sets, facts: &[Fact<'_>]) {
        let (numbering, exposed) = (self.numbering, &mut self.exposed);
        let combinations = std::cell::RefCell::new(&mut self.combinations);
        let mut both: HashMap<(u32, u32), u32> = HashMap::new();
        sets.walk(&mut |at, fact| combinations.borrow_mut().step(at, fact, |c| c.add(&facts[fact])), &mut |number, c| {
            let (Whose::Alone(p) | Whose::Linked(p)) = numbering.whose(number) else { return };
            // Whose own sightings do not count is not here.
            if !combinations.borrow().get(c).in_clear {
                return;
            }
            let at = &mut exposed[p as usize];
            *at = match *at {
                NOTHING => c,
                same if same == c => c,
                other => *both.entry((other, c)).or_insert_with(|| {
                    let mut all = combinations.borrow_mut();
                    let sum = all.get(other).and(all.get(c));
                    all.number(sum)
                }),
            };
        });
    }

    /// Makes one person of those whom versions that are no longer stored join.
    fn join(&mut self, exposed: &[Exposed], all: bool, classes: &Classes) -> Result<(), IndexError> {
        let person = |id| -> Result<Option<u32>, IndexError> {
            Ok(self.reader.whose(id)?.and_then(|w| match w {
                Whose::Alone(p) | Whose::Linked(p) => Some(p),
                Whose::Several | Whose::Nobody => None,
            }))
        };
        for (from, to) in joined(self.reader, exposed, all, classes)? {
            if let (Some(from), Some(to)) = (person(from)?, person(to)?)
                && from != to
            {
                self.counts_as.insert(from, to);
            }
        }
        for (&from, &to) in &self.counts_as {
            let (f, t) = (from as usize, to as usize);
            let (a, b) = (std::mem::replace(&mut self.exposed[f], NOTHING), self.exposed[t]);
            if a == NOTHING {
                continue;
            }
            let members = self.joined.entry(to).or_insert_with(|| if b == NOTHING { Vec::new() } else { vec![to] });
            members.push(from);
            self.exposed[t] = if b == NOTHING {
                a
            } else {
                let both = self.combinations.get(a).and(self.combinations.get(b));
                self.combinations.number(both)
            };
            if let Some((sets, known)) = &mut self.datasets {
                let (a, b) = (std::mem::replace(&mut sets[f], NOTHING), sets[t]);
                let both = known.get(a).union(known.get(b)).copied().collect();
                sets[t] = known.number(both);
            }
        }
        self.joined.values_mut().for_each(|m| m.sort_unstable());
        Ok(())
    }

    fn dataset(&mut self, name: &str) -> u32 {
        let at = self.dataset_names.iter().position(|d| d == name).unwrap_or_else(|| {
            self.dataset_names.push(name.to_owned());
            self.dataset_names.len() - 1
        });
        at as u32
    }

    /// One record holds one value of a kind, so that there are at least as many records as values of the commonest kind;
    /// the same holds for an element: street and city of one record are one address.
    fn nobodys(&mut self, nobodys: HashMap<i64, u64>, protected: Protected, classes: &Classes) {
        let records = nobodys.values().copied().chain(protected.unowned());
        self.unattributed_records += records.max().unwrap_or(0);
        let mut shown: BTreeMap<&String, u64> = BTreeMap::new();
        let mut legally: HashMap<Elements, u64> = HashMap::new();
        for (class, n) in nobodys {
            let Some((name, element)) = classes.get(&class) else { continue };
            if !named(name, element).is_empty() {
                let most = shown.entry(element).or_default();
                *most = n.max(*most);
            }
            let law = match (element.as_str(), name.as_str()) {
                ("full_name", "generic.first_name") => Elements::NONE,
                ("full_name", _) => Elements::of("full_name"),
                _ => legal(name, element).0,
            };
            let most = legally.entry(law).or_default();
            *most = n.max(*most);
        }
        for (element, n) in shown {
            *self.loose.entry(element.clone()).or_default() += n;
        }
        for (element, n) in legally.into_iter().filter(|(e, _)| !e.is_empty()) {
            *self.loose_legal.entry(element).or_default() += n;
        }
        let mut sealed: HashMap<Elements, u64> = HashMap::new();
        for ((class, how), [all, owned]) in protected.0 {
            let Some((name, element)) = classes.get(&class).filter(|_| !is_masked(how)) else { continue };
            let law = legal_protected(name, element);
            self.protections.entry(law).or_default().insert(how);
            let most = sealed.entry(law).or_default();
            *most = all.saturating_sub(owned).max(*most);
        }
        for (element, n) in sealed.into_iter().filter(|(e, n)| !e.is_empty() && *n > 0) {
            *self.loose_protected.entry(element).or_default() += n;
        }
    }

    /// Counts together those who are alike, where they live included.
    pub fn settle(&mut self) {
        let mut alike: BTreeMap<(u32, u32, bool), u64> = BTreeMap::new();
        // PERF: neighbours in the order of hashes have nothing in common, but there are few kinds: a table by both numbers, as long as it
        // is small.
        let width = self.numbering.homes().len().max(1);
        let size = self.combinations.len() * width;
        let mut table = vec![[0u64; 2]; if size <= 1 << 20 { size } else { 0 }];
        let mut joined: BTreeMap<(u32, Home, bool), u64> = BTreeMap::new();
        for (person, &c) in (0u32..).zip(&self.exposed).filter(|p| *p.1 != NOTHING) {
            let several = self.has_several(person);
            if self.joined.contains_key(&person) {
                *joined.entry((c, self.home(person), several)).or_default() += 1;
                continue;
            }
            let lives = self.numbering.lives(person);
            match table.get_mut(c as usize * width + lives as usize) {
                Some(n) => n[usize::from(several)] += 1,
                None => *alike.entry((c, lives, several)).or_default() += 1,
            }
        }
        for (at, n) in table.iter().enumerate().filter(|t| *t.1 != [0, 0]) {
            let key = |several| ((at / width) as u32, (at % width) as u32, several);
            alike.extend([(key(false), n[0]), (key(true), n[1])].into_iter().filter(|a| a.1 > 0));
        }
        let homes = self.numbering.homes();
        let alike =
            alike.into_iter().map(|((c, lives, several), n)| (c, homes.get(lives as usize).cloned().unwrap_or_default(), several, n));
        let alike = alike.chain(joined.into_iter().map(|((c, home, several), n)| (c, home, several, n)));
        let group = |(c, home, several, n): (u32, Home, bool, u64)| Alike {
            exposed: self.combinations.get(c).clone(),
            residence: Residences::of(&home),
            several,
            n,
        };
        self.alike = alike.map(group).collect();
    }

    /// Where a person lives.
    pub fn home(&self, person: u32) -> Home {
        let one = |p: u32| self.numbering.homes().get(self.numbering.lives(p) as usize).cloned().unwrap_or_default();
        match self.joined.get(&person) {
            Some(members) => members.iter().map(|m| one(*m)).reduce(|a, b| a.and(&b)).unwrap_or_default(),
            None => one(person),
        }
    }

    /// Whether a person has more than one identifier.
    fn has_several(&self, person: u32) -> bool {
        let linked = |p: u32| matches!(self.numbering.whose(p), Whose::Linked(_));
        match self.joined.get(&person) {
            Some(members) => members.len() > 1 || members.iter().any(|m| linked(*m)),
            None => linked(person),
        }
    }

    /// Values that are nobody's, in clear or not, as laws count them.
    pub fn loose(&self) -> HashMap<Elements, u64> {
        let mut all = self.loose_legal.clone();
        self.loose_protected.iter().for_each(|(e, n)| *all.entry(*e).or_default() += n);
        all
    }

    /// Distinct people alone.
    pub fn count_consumers(&self, answer: &mut BreachAnswer) {
        let mut n = vec![0; self.combinations.len()];
        self.exposed.iter().for_each(|c| n[*c as usize] += 1);
        for (c, n) in (0..).zip(n).skip(1) {
            add(&mut answer.consumers, self.combinations.get(c).certain, n);
        }
        answer.unattributed_records = self.unattributed_records;
        answer.consumers.upper += self.unattributed_records;
    }

    /// The numbers that do not depend on the law.
    pub fn count(&self, answer: &mut BreachAnswer) {
        self.count_consumers(answer);
        answer.test_values = self.test_values;
        answer.forgotten_records = self.forgotten_records;
        let elements: Vec<(&String, Elements)> = self.elements.iter().map(|name| (name, Elements::of(name))).collect();
        for a in &self.alike {
            let certain = a.exposed.certain;
            answer.linked += if certain && a.several { a.n } else { 0 };
            answer.single_identifier += if certain && !a.several { a.n } else { 0 };
            match &a.residence.primary {
                None => add(&mut answer.unknown_residence, certain, a.n),
                Some((_, _, basis)) if certain => *answer.residence_basis.entry((*basis).to_owned()).or_default() += a.n,
                Some(_) => {}
            }
            for (name, e) in &elements {
                let certain = a.exposed.named.certain.meets(*e);
                if certain || a.exposed.named.possible.meets(*e) {
                    add(answer.elements.entry((*name).clone()).or_default(), certain, a.n);
                }
            }
        }
        // People whose state is unknown may live in any; records that are nobody's may be anybody's.
        answer.unknown_residence.upper += self.unattributed_records;
        for (element, n) in &self.loose {
            answer.elements.entry(element.clone()).or_default().upper += n;
        }
    }
}

/// The protected values of one object that count, by classifier and how they are protected: how many there are, and of how many
/// identifiers records hold one.
struct Protected(BTreeMap<(i64, &'static str), [u64; 2]>);

impl Protected {
    fn of(reader: &Reader, object: i64) -> Result<Protected, IndexError> {
        let name = |state: &str| Protection::ALL.into_iter().map(Protection::name).find(|n| *n == state);
        let states = reader.states_of_object(object)?.into_iter();
        Ok(Protected(states.filter_map(|(class, state, n)| Some(((class, name(&state)?), [n, 0]))).collect()))
    }

    /// Notes whom a list names; how their values are protected, `None` if these do not count.
    fn take(&mut self, numbering: &Numbering, class: i64, state: u8, list: &PeopleList<'_>) -> Option<&'static str> {
        let how = Protection::ALL.get(usize::from(state))?.name();
        // What is filed under a shared identifier may be anybody's.
        let named = (list.who.iter().count() as u64).saturating_sub(list.count_of(numbering.shared()));
        self.0.get_mut(&(class, how))?[1] += named;
        Some(how)
    }

    /// How many values there are of each kind that no identifier's record holds: somebody may have several, so that of others only some
    /// are known to be nobody's.
    fn unowned(&self) -> impl Iterator<Item = u64> {
        self.0.iter().filter(|((_, how), [_, owned])| !is_masked(how) && *owned == 0).map(|(_, [all, _])| *all)
    }
}

/// Counts people.
fn add(to: &mut Numbers, certain: bool, n: u64) {
    to.certain += if certain { n } else { 0 };
    to.likely += n;
    to.upper += n;
}
