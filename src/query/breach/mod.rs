//! Who is affected when objects are exposed, and whom the law says to tell?

use std::collections::{BTreeMap, BTreeSet};

use super::basis::Basis;
use super::exposure::Exposure;
use super::map::stale;
use super::protected::ProtectedPeople;
use crate::identity::{ConsumerId, IdHash};
use crate::index::{Gap, IndexError, ObjectRow, Reader, Review};
use crate::law::{Law, Moments, Numbers};

mod anywhere;
mod combination;
mod joined;
mod jurisdictions;
mod list;
#[cfg(test)]
mod naive;
mod people;
mod sets;
mod tenants;

pub use anywhere::{Anywhere, First};
pub use jurisdictions::{ByProtected, Jurisdiction, Other, RuleCount};
use people::People;
pub use tenants::{Tenant, TenantAnswer, tenants};

/// An object version that somebody else may have read.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// The version.
    pub object: ObjectRow,
    /// Whether all of it was read; otherwise everybody in it is possible, and nobody certain.
    pub whole: bool,
}

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The object versions in scope, each once.
    pub exposed: &'a [Exposed],
    /// Object versions in scope that the index never read.
    pub never_indexed: u64,
    /// What is not known of the time at which they were stored.
    pub gaps: &'a [Gap],
    /// The tables of the law.
    pub law: &'a Law,
    /// What starts its clocks.
    pub moments: Moments,
    /// Qualifiers of rules that somebody decided to take as met.
    pub assumed: &'a [String],
    /// Whether people are wanted one by one, and not only how many they are.
    pub list: bool,
    /// Of the list only so many people, after so many others, in an order that stays while the index does; `None`: all, ordered by id.
    pub part: Option<(usize, usize)>,
    /// Whether their identifiers are wanted, too.
    pub identifiers: bool,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct BreachAnswer {
    /// Object versions in scope.
    pub objects: u64,
    /// Of these, read by somebody else in part only.
    pub in_part: u64,
    /// Versions in scope that the index read in part, not at all, or never saw: people in them are missing below.
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
    /// Of these, at least, records of people who were forgotten and whose data is stored there still.
    pub forgotten_records: u64,
    /// Distinct people per data element.
    pub elements: BTreeMap<String, Numbers>,
    /// The earliest deadline first, then most people to tell first.
    pub jurisdictions: Vec<Jurisdiction>,
    /// People of whom no record names a state or a country.
    pub unknown_residence: Numbers,
    /// Of these, those whom rules of some state fit.
    pub anywhere: Option<Anywhere>,
    /// Of the certain people, how many places rest on what: [`crate::law::BASES`].
    pub residence_basis: BTreeMap<String, u64>,
    /// The certain and likely people, ordered by id, if a list was asked for; or the part of them that was.
    pub people: Vec<Person>,
    /// What the law was asked with.
    pub moments: Moments,
    /// Date, fingerprint, overrides and unsure cells of the law's tables.
    pub law: LawBasis,
    /// What logs say, if logs were asked.
    pub evidence: Option<EvidenceAnswer>,
    /// Rules with these qualifiers count as if they were met.
    pub assumed: Vec<String>,
    /// What it rests on.
    pub basis: Basis,
    /// How right findings are, by what people said last.
    pub review: Option<Review>,
    /// Datasets in scope whose data show a moment that is longer ago than [`super::TARGET`], ordered: what was added since is
    /// missing.
    pub stale: Vec<String>,
    /// People whose values lie there protected.
    pub protected: ProtectedPeople,
    /// Per tenant, if there are any; filled by [`tenants`].
    pub tenants: Vec<TenantAnswer>,
    /// Object versions in scope that belong to no tenant, if there are any.
    pub without_tenant: u64,
    /// What was asked for and names nothing that is known; filled by who asks.
    pub unmet: Vec<String>,
}

/// What logs say, and three scopes side by side: what was read is the answer's own; these are the others.
#[derive(Clone, Debug, Default)]
pub struct EvidenceAnswer {
    /// Events resolved on the index.
    pub exposure: Exposure,
    /// Distinct people in what was read, according to the logs alone.
    pub accessed: Numbers,
    /// Object versions that the same requests could have reached, and the people in them.
    pub accessible: (u64, Numbers),
    /// Current objects of the index, and the people in them.
    pub present: (u64, Numbers),
    /// Logs that could not be used, and why.
    pub problems: Vec<(String, String)>,
    /// Records read.
    pub records: u64,
}

/// The three scopes of an exposure.
pub fn scopes(reader: &Reader, exposure: Exposure) -> Result<EvidenceAnswer, IndexError> {
    let present = current_in(reader, &|_| true, &|_| true)?;
    Ok(EvidenceAnswer {
        accessed: affected(reader, &exposure.accessed)?,
        accessible: (exposure.accessible.len() as u64, affected(reader, &exposure.accessible)?),
        present: (present.len() as u64, affected(reader, &present)?),
        exposure,
        ..EvidenceAnswer::default()
    })
}

/// Which tables of the law an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LawBasis {
    /// Newest date of a row.
    pub as_of: String,
    /// Fingerprint.
    pub hash: String,
    /// A user's files laid over them.
    pub overrides: Vec<String>,
    /// Cells of the jurisdictions in the answer that are not sure: `CA.private_action`.
    pub unsure: Vec<String>,
}

/// One affected person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Who.
    pub consumer: ConsumerId,
    /// State of residence by the best evidence, `non_us:DE` abroad.
    pub state: Option<String>,
    /// What that rests on.
    pub state_basis: Option<&'static str>,
    /// 0..1.
    pub state_confidence: f64,
    /// Other states that records name with at least 0.70: they count there in the upper number.
    pub other_states: Vec<String>,
    /// Data elements that are certainly theirs.
    pub elements: BTreeSet<String>,
    /// Those that are possibly theirs.
    pub possible: BTreeSet<String>,
    /// Whether their own identifier, or a record that it names, was read whole.
    pub certain: bool,
    /// Rules of their state that fit them, with how sure: `certain`, `likely`, `upper`.
    pub rules: Vec<(String, &'static str)>,
    /// Datasets in scope in which they are.
    pub datasets: BTreeSet<String>,
    /// Their identifiers, if they were asked for.
    pub identifiers: Vec<IdHash>,
}

/// Who is affected if these object versions were read by somebody else, and what the law asks.
pub fn breach(reader: &Reader, q: &Question<'_>) -> Result<BreachAnswer, IndexError> {
    let mut people = People::gather(reader, q.exposed, false, q.list && q.part.is_none())?;
    people.settle();
    let mut basis = Basis::of(reader)?;
    basis.gaps.extend_from_slice(q.gaps);
    let mut answer = BreachAnswer {
        objects: q.exposed.len() as u64 + q.never_indexed,
        in_part: q.exposed.iter().filter(|e| !e.whole).count() as u64,
        in_scope_unread: q.never_indexed + q.exposed.iter().filter(|e| e.object.status != "read").count() as u64,
        moments: q.moments,
        assumed: q.assumed.to_vec(),
        basis,
        review: reader.last_review()?,
        stale: stale(reader, q.exposed)?,
        protected: people.protected.count(reader, q.exposed.iter().map(|e| e.object.id))?,
        ..BreachAnswer::default()
    };
    people.count(&mut answer);
    jurisdictions::apply(&people, q, &mut answer);
    if q.list {
        answer.people = people.list(q)?;
    }
    let cells = |j: &Jurisdiction| j.unsure.iter().map(|(cell, _)| format!("{}.{cell}", j.code)).collect::<Vec<_>>();
    let unsure: BTreeSet<String> = answer.jurisdictions.iter().flat_map(cells).collect();
    answer.law = LawBasis {
        as_of: q.law.as_of.clone(),
        hash: q.law.hash.clone(),
        overrides: q.law.overrides.clone(),
        unsure: unsure.into_iter().collect(),
    };
    Ok(answer)
}

/// Distinct people in object versions, without the law: for scopes that are shown beside the one that was asked for.
pub fn affected(reader: &Reader, exposed: &[Exposed]) -> Result<Numbers, IndexError> {
    Ok(numbers(&People::gather(reader, exposed, false, false)?))
}

/// The same while a run is at work, which settles who is who at its end only: records of these object versions alone say
/// which identifiers belong together. What is read later may show that two of these people are one.
pub fn so_far(reader: &Reader, exposed: &[Exposed]) -> Result<Numbers, IndexError> {
    Ok(numbers(&People::gather(reader, exposed, true, false)?))
}

fn numbers(people: &People<'_>) -> Numbers {
    let mut answer = BreachAnswer::default();
    people.count_consumers(&mut answer);
    answer.consumers
}

/// The current object versions that one of the tests names, all of them read whole. Both are asked for each.
pub fn current_in(reader: &Reader, object: &dyn Fn(&str) -> bool, dataset: &dyn Fn(&str) -> bool) -> Result<Vec<Exposed>, IndexError> {
    let all = reader.objects(true)?.into_iter().filter(|o| object(&o.uri) | dataset(&o.dataset));
    Ok(all.map(|object| Exposed { object, whole: true }).collect())
}
