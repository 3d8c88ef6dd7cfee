//! The same question for each tenant: whoever keeps data for others tells them first, and each of them only of their own.

use super::{BreachAnswer, Exposed, Question, breach};
use crate::index::{IndexError, ObjectRow, Reader};
use crate::law::OwnerNotice;

/// Whose objects these are: a name, and whether an object is theirs.
pub struct Tenant<'a> {
    /// Their name.
    pub name: String,
    /// Whether an object version is theirs.
    pub owns: Box<dyn Fn(&ObjectRow) -> bool + Send + Sync + 'a>,
}

/// What was exposed of one tenant.
#[derive(Clone, Debug)]
pub struct TenantAnswer {
    /// Who.
    pub tenant: String,
    /// When they must be told, by the statutes of the states where their people live.
    pub notice: OwnerNotice,
    /// Their people and duties, from their object versions alone.
    pub answer: BreachAnswer,
    /// Their object versions in scope.
    pub exposed: Vec<Exposed>,
}

/// The answers of the tenants of whom something is in scope, in the order of `tenants`, and how many object versions in scope
/// are nobody's. A version of two tenants counts for both.
pub fn tenants(reader: &Reader, q: &Question<'_>, tenants: &[Tenant<'_>]) -> Result<(Vec<TenantAnswer>, u64), IndexError> {
    let mut out = Vec::new();
    for t in tenants {
        let exposed: Vec<Exposed> = q.exposed.iter().filter(|e| (t.owns)(&e.object)).cloned().collect();
        if exposed.is_empty() {
            continue;
        }
        // Versions that were never indexed have no tenant that is known.
        let answer = breach(reader, &Question { exposed: &exposed, never_indexed: 0, ..*q })?;
        let told = answer.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0).map(|j| j.code.as_str());
        let notice = q.law.owner_notice(told, &q.moments);
        out.push(TenantAnswer { tenant: t.name.clone(), notice, answer, exposed });
    }
    let nobodys = q.exposed.iter().filter(|e| !tenants.iter().any(|t| (t.owns)(&e.object))).count() as u64;
    Ok((out, nobodys))
}
