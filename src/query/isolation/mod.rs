//! Whose data lies with whom, and in which region: consumers seen under more than one tenant, residents by region of storage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::basis::Basis;
use super::breach::Tenant;
use super::crowd::{Bits, Crowd, each_list};
use super::stores::store_of;
use crate::base::ByNumber;
use crate::identity::ConsumerId;
use crate::index::{Home, IndexError, ObjectRow, Owner, Reader};
use crate::law::place_name;

mod leaks;
mod templates;

pub use leaks::{Leak, leaks};
pub use templates::{Template, Told};

/// So many consumers of several tenants are named by id; `piimap find` shows where each is.
const NAMED: usize = 20;

/// Where objects lie: a name such as `eu-central-1`, and whether an object lies there.
pub struct Region {
    /// Its name.
    pub name: String,
    /// Whether an object version lies there.
    pub holds: Box<dyn Fn(&ObjectRow) -> bool + Send + Sync>,
}

/// What people may be on either side of: tenants and regions, in the order in which they were written.
#[derive(Default)]
pub struct Borders {
    /// An object may be of several tenants.
    pub tenants: Vec<Tenant<'static>>,
    /// An object lies in the first region that holds it; one that none holds in that of its bucket, if it is of these names. Where there are
    /// none, `map --isolation` goes by the regions of buckets, and nobody crosses a border from one to another.
    pub regions: Vec<Region>,
    /// What paths tell of objects of which nobody said it; the first that fits counts.
    pub templates: std::sync::Arc<[Template]>,
}

/// The borders of an index: those that somebody wrote down, and for objects in none of these regions, that of their bucket, if it told
/// and nobody wrote down others: a bucket that was not listed is no other place than the region around it.
struct Sides<'b> {
    borders: &'b Borders,
    /// Names of all regions, those that were written down first.
    regions: Vec<String>,
    /// The region of a store.
    stores: BTreeMap<String, u32>,
}

impl<'b> Sides<'b> {
    fn of(reader: &Reader, borders: &'b Borders) -> Result<Sides<'b>, IndexError> {
        let facts = reader.store_facts()?.into_iter().filter(|f| f.name == "region");
        Ok(Sides::with(borders, facts.filter_map(|f| Some((f.store, f.value?)))))
    }

    /// `told`: stores and their regions.
    fn with(borders: &'b Borders, told: impl Iterator<Item = (String, String)>) -> Sides<'b> {
        let mut out = Sides { borders, regions: borders.regions.iter().map(|r| r.name.clone()).collect(), stores: BTreeMap::new() };
        for (store, region) in told {
            let at = match out.regions.iter().position(|r| *r == region) {
                Some(at) => at,
                None if borders.regions.is_empty() => {
                    out.regions.push(region);
                    out.regions.len() - 1
                }
                None => continue,
            };
            out.stores.insert(store, at as u32);
        }
        out
    }

    /// The facts that are regions which somebody wrote down.
    fn written_regions(&self) -> std::ops::Range<u32> {
        self.region_fact(0)..self.region_fact(self.borders.regions.len() as u32)
    }

    fn tenants(&self) -> &'b [Tenant<'static>] {
        &self.borders.tenants
    }

    fn tenants_of(&self, o: &ObjectRow) -> Vec<u32> {
        (0..).zip(self.tenants()).filter(|t| (t.1.owns)(o)).map(|t| t.0).collect()
    }

    fn region_of(&self, o: &ObjectRow) -> Option<u32> {
        let said = self.borders.regions.iter().position(|r| (r.holds)(o)).map(|n| n as u32);
        said.or_else(|| self.stores.get(store_of(&o.uri)).copied())
    }

    /// Facts are numbered through: tenants, regions, the two that are none, then countries.
    fn region_fact(&self, region: u32) -> u32 {
        self.tenants().len() as u32 + region
    }

    fn no_region(&self) -> u32 {
        (self.tenants().len() + self.regions.len()) as u32
    }

    fn no_tenant(&self) -> u32 {
        self.no_region() + 1
    }

    fn first_country(&self) -> u32 {
        self.no_region() + 2
    }

    /// The facts that hold for everybody in an object.
    fn facts_of(&self, o: &ObjectRow) -> Vec<u32> {
        let mut out = self.tenants_of(o);
        if out.is_empty() {
            out.push(self.no_tenant());
        }
        out.push(self.region_of(o).map_or(self.no_region(), |r| self.region_fact(r)));
        out
    }

    fn tenant_names(&self, numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
        numbers.into_iter().filter_map(|n| Some(self.tenants().get(n as usize)?.name.clone())).collect()
    }
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct IsolationAnswer {
    /// In the order of the configuration.
    pub tenants: Vec<TenantPeople>,
    /// Consumers under more than one tenant, by exactly these tenants; most first.
    pub shared: Vec<(Vec<String>, u64)>,
    /// Where those lie: tenant, dataset, how many of them; most first.
    pub datasets: Vec<(String, String, u64)>,
    /// Their ids, the first of them.
    pub named: Vec<ConsumerId>,
    /// How many they are.
    pub several_tenants: u64,
    /// Current objects that two tenants own, by the patterns of the configuration.
    pub objects_of_several: u64,
    /// Current objects of no tenant, and the consumers in them.
    pub without_tenant: (u64, u64),
    /// Names of the regions, those of the configuration, or where it has none those that buckets told; the columns of `residents`, which have one more at their end: where no region is known.
    pub regions: Vec<String>,
    /// By residence; where it is not known, last.
    pub residents: Vec<Residents>,
    /// Consumers whose data lies in more than one region.
    pub several_regions: u64,
    /// Consumers in all.
    pub consumers: u64,
    /// What it rests on.
    pub basis: Basis,
}

/// The people of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantPeople {
    /// Their name.
    pub tenant: String,
    /// Current objects.
    pub objects: u64,
    /// Distinct consumers in them.
    pub consumers: u64,
    /// Of these, those who are under another tenant as well.
    pub shared: u64,
}

/// Those who live in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residents {
    /// State of the US, or country, by its code (`non_us:DE` where records name it); `None`: nothing tells.
    pub residence: Option<String>,
    /// What says so: `records` (state, ZIP code, country), `national_number` (whose country it is), nothing.
    pub basis: Option<&'static str>,
    /// Distinct consumers whose data lies in each region, in the order of the regions; the last where no region is known.
    pub by_region: Vec<u64>,
    /// Distinct consumers.
    pub consumers: u64,
}

/// Who is under which tenants, and whose data lies where, in current objects.
///
/// Two of one person's objects under two tenants count even if no record joins the tenants: that is the leak.
pub fn isolation(reader: &Reader, borders: &Borders) -> Result<IsolationAnswer, IndexError> {
    let objects = reader.objects(true)?;
    let told = (!borders.templates.is_empty()).then(|| borders.of_objects(objects.iter()));
    let borders = &Sides::of(reader, told.as_ref().unwrap_or(borders))?;
    let (crowd, countries) = gather(reader, borders, &objects)?;
    let mut out = IsolationAnswer { regions: borders.regions.clone(), basis: Basis::of(reader)?, ..IsolationAnswer::default() };
    for o in &objects {
        match borders.tenants_of(o).len() {
            0 => out.without_tenant.0 += 1,
            1 => {}
            _ => out.objects_of_several += 1,
        }
    }
    let several = |set: &BTreeSet<u32>| set.range(..borders.tenants().len() as u32).nth(1).is_some();
    let sets = crowd.sets();
    for (n, t) in (0..).zip(borders.tenants()) {
        let mut one = TenantPeople { tenant: t.name.clone(), objects: 0, consumers: 0, shared: 0 };
        one.objects = objects.iter().filter(|o| (t.owns)(o)).count() as u64;
        for (set, people) in sets.iter().filter(|s| s.0.contains(&n)) {
            one.consumers += people;
            one.shared += if several(set) { *people } else { 0 };
        }
        out.tenants.push(one);
    }
    let mut shared: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (set, people) in sets {
        out.consumers += people;
        out.without_tenant.1 += if set.contains(&borders.no_tenant()) { people } else { 0 };
        let first = borders.region_fact(0);
        out.several_regions += if set.range(first..borders.no_region()).nth(1).is_some() { people } else { 0 };
        if several(set) && people > 0 {
            out.several_tenants += people;
            *shared.entry(borders.tenant_names(set.iter().copied())).or_default() += people;
        }
    }
    out.shared = shared.into_iter().collect();
    out.shared.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if out.several_tenants > 0 {
        let those: Vec<bool> = crowd.sets().iter().map(|s| several(s.0)).collect();
        let mut who = Bits::new(crowd.numbering.len());
        crowd.people().filter(|p| those[p.1 as usize]).for_each(|p| _ = who.add(p.0));
        out.datasets = lie_in(reader, borders, &objects, &who)?;
        out.named = names(reader, who.each().take(NAMED))?;
    }
    out.residents = residents(borders, &crowd, &countries);
    Ok(out)
}

/// Everybody, with the facts of [`Borders`] and the countries of their own national numbers.
fn gather<'r>(reader: &'r Reader, borders: &Sides<'_>, objects: &[ObjectRow]) -> Result<(Crowd<'r>, Vec<String>), IndexError> {
    let classes = reader.classifiers()?;
    let mut countries: Vec<String> = Vec::new();
    // A classifier's folder is its country: `de.tax_id`.
    let mut country_of: HashMap<i64, u32> = HashMap::new();
    for (number, (id, _)) in classes.iter().collect::<BTreeMap<_, _>>() {
        if let Some((country, _)) = id.split_once('.').filter(|c| c.0.len() == 2) {
            let code = country.to_ascii_uppercase();
            let at = countries.iter().position(|c| *c == code).unwrap_or_else(|| {
                countries.push(code);
                countries.len() - 1
            });
            country_of.insert(*number, borders.first_country() + at as u32);
        }
    }
    let mut last: (i64, Vec<u32>) = (i64::MIN, Vec::new());
    let crowd = Crowd::gather(reader, objects, &mut |seen, facts| {
        if last.0 != seen.object.id {
            last = (seen.object.id, borders.facts_of(seen.object));
        }
        facts.extend(&last.1);
        facts.extend(country_of.get(&seen.classifier).filter(|_| seen.own));
    })?;
    Ok((crowd, countries))
}

/// In which datasets of tenants these people lie.
fn lie_in(reader: &Reader, borders: &Sides<'_>, objects: &[ObjectRow], who: &Bits) -> Result<Vec<(String, String, u64)>, IndexError> {
    let mut by_dataset: BTreeMap<&str, BTreeMap<u32, Vec<&ObjectRow>>> = BTreeMap::new();
    for o in objects {
        for t in borders.tenants_of(o) {
            by_dataset.entry(&o.dataset).or_default().entry(t).or_default().push(o);
        }
    }
    let mut out = Vec::new();
    let mut marked = Bits::new(reader.numbering()?.len());
    for (dataset, tenants) in by_dataset {
        // Tenants of the same objects, which is most of them, are counted once.
        let mut counted: Vec<(Vec<i64>, u64)> = Vec::new();
        for (t, mine) in tenants {
            let ids: Vec<i64> = mine.iter().map(|o| o.id).collect();
            let n = match counted.iter().find(|c| c.0 == ids) {
                Some((_, n)) => *n,
                None => {
                    let mut met = Vec::new();
                    for o in mine {
                        each_list(reader, std::slice::from_ref(o), &mut |_, people| {
                            met.extend(people.iter().filter(|p| who.has(**p) && marked.add(**p)));
                        })?;
                    }
                    // PERF: who was met is taken out again; a set for each dataset would be as long as there are people.
                    met.iter().for_each(|p| marked.remove(*p));
                    counted.push((ids, met.len() as u64));
                    met.len() as u64
                }
            };
            if n > 0 {
                out.push((borders.tenants()[t as usize].name.clone(), dataset.to_owned(), n));
            }
        }
    }
    out.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
    Ok(out)
}

/// The ids of people.
fn names(reader: &Reader, who: impl Iterator<Item = u32>) -> Result<Vec<ConsumerId>, IndexError> {
    let mut by_number = reader.identifiers_by_number()?;
    let mut out = Vec::new();
    for person in who {
        out.extend(reader.owner_of(by_number.get(person)?)?.and_then(Owner::consumer));
    }
    out.sort_unstable();
    Ok(out)
}

fn residents(borders: &Sides<'_>, crowd: &Crowd<'_>, countries: &[String]) -> Vec<Residents> {
    let homes: Vec<Option<String>> = crowd.numbering.homes().iter().map(state_of).collect();
    // PERF: people are counted by set and home, which are few; what a row holds is worked out for these.
    let mut counted: ByNumber<u64, u64> = ByNumber::default();
    for (person, set) in crowd.people() {
        *counted.entry(u64::from(set) << 32 | u64::from(crowd.numbering.lives(person))).or_default() += 1;
    }
    let mut rows: BTreeMap<(bool, Option<String>, Option<&'static str>), (Vec<u64>, u64)> = BTreeMap::new();
    for (both, people) in counted {
        let (set, home) = (crowd.set((both >> 32) as u32), both as u32);
        let country = || set.range(borders.first_country()..).next().map(|c| countries[(c - borders.first_country()) as usize].clone());
        let (residence, basis) = match homes.get(home as usize).cloned().flatten() {
            Some(state) => (Some(state), Some("records")),
            None => match country() {
                Some(country) => (Some(country), Some("national_number")),
                None => (None, None),
            },
        };
        let width = borders.regions.len() + 1;
        let row = rows.entry((residence.is_none(), residence, basis)).or_insert_with(|| (vec![0; width], 0));
        row.1 += people;
        for region in set.range(borders.region_fact(0)..=borders.no_region()) {
            row.0[(region - borders.region_fact(0)) as usize] += people;
        }
    }
    rows.into_iter().map(|((_, residence, basis), (by_region, consumers))| Residents { residence, basis, by_region, consumers }).collect()
}

/// The state, or `non_us:` and the country, that records say with most certainty.
pub(super) fn state_of(home: &Home) -> Option<String> {
    home.place().map(place_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_buckets_are_no_borders() {
        let told = || [("s3://a", "eu-west-1"), ("s3://b", "us-east-1")].map(|(s, r)| (s.to_owned(), r.to_owned())).into_iter();
        let none = Borders::default();
        let sides = Sides::with(&none, told());
        assert_eq!((&sides.regions[..], sides.stores.len()), (&["eu-west-1".to_owned(), "us-east-1".to_owned()][..], 2));
        assert!(sides.written_regions().is_empty(), "they stand in the table, and nobody crosses them");
        // Where regions are named, a bucket that tells another name is in none.
        let region = |name: &str| Region { name: name.to_owned(), holds: Box::new(|_| false) };
        let named = Borders { tenants: Vec::new(), regions: vec![region("EU"), region("us-east-1")], ..Borders::default() };
        let sides = Sides::with(&named, told());
        assert_eq!((sides.regions.len(), sides.stores.get("s3://a"), sides.stores.get("s3://b")), (2, None, Some(&1)));
        assert_eq!(sides.written_regions(), 0..2);
    }
}
