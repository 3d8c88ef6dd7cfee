//! What laws would ask for people of whom no record names a state.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Question;
use super::jurisdictions::{Group, Lives, from_loose};
use super::people::People;
use crate::law::{Deadline, Fits, Numbers, Rule, Verdict};

/// People of unknown residence whom rules of some state fit, wherever they live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anywhere {
    /// How many they are.
    pub people: Numbers,
    /// The states with such a rule: USPS codes, ordered.
    pub states: Vec<String>,
    /// Where people would have to be told first.
    pub people_first: Option<First>,
    /// Where anybody would have to be told first.
    pub first: Option<First>,
}

/// The shortest time of several states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// USPS code.
    pub code: String,
    /// Who must be told then.
    pub who: String,
    /// Until when.
    pub by: Deadline,
}

/// What is known of them; `None`: no rule of any state fits anybody of unknown residence.
pub(super) fn asked(groups: &[Group], people: &People<'_>, q: &Question<'_>) -> Option<Anywhere> {
    // Whoever may live abroad by an account alone may live in a state as well.
    let lives = |g: &Group| if g.gdpr.is_some() { Lives::Perhaps } else { Lives::Here };
    let unknown: Vec<(&Group, Lives)> = groups.iter().filter(|g| g.primary.is_none()).map(|g| (g, lives(g))).collect();
    let mut rules: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    q.law.rules().for_each(|r| rules.entry(&r.jurisdiction).or_default().push(r));
    let (mut all, mut extras, loose) = (Numbers::default(), 0, people.loose());
    for (g, lives) in &unknown {
        if let Some(fits) = q.law.rules().filter_map(|r| r.fits(&g.profile, q.assumed)).max() {
            g.count(&mut all, *lives, fits);
        }
    }
    let (mut states, mut firsts): (Vec<String>, Vec<(bool, First)>) = Default::default();
    for (code, rules) in rules {
        let mut here = Numbers::default();
        for (g, lives) in &unknown {
            let fits: Option<Fits> = rules.iter().filter_map(|r| r.fits(&g.profile, q.assumed)).max();
            fits.into_iter().for_each(|fits| g.count(&mut here, *lives, fits));
        }
        let more: u64 = rules.iter().map(|r| from_loose(r, &unknown, &loose)).max().unwrap_or(0).min(people.unattributed_records);
        extras = more.max(extras);
        here.upper += more;
        let Some(statute) = q.law.statute(code).filter(|_| here.upper > 0) else { continue };
        states.push(code.to_owned());
        let duties = statute.duties(&here, &q.moments);
        let first = |who: &str, by: Deadline| First { code: code.to_owned(), who: who.to_owned(), by };
        firsts.push((true, first("people", duties.people)));
        if duties.regulator != Verdict::No {
            firsts.push((false, first(&statute.regulator, duties.regulator_by)));
        }
        if duties.bureaus != Verdict::No {
            firsts.push((false, first("credit bureaus", duties.bureaus_by)));
        }
    }
    all.upper += extras;
    let shortest = |people_alone: bool| {
        let known = firsts.iter().filter(|f| f.0 || !people_alone).map(|f| &f.1);
        known.filter(|f| f.by.day.is_some() || f.by.waits.is_some()).min_by_key(|f| rank(&f.by)).cloned()
    };
    (!states.is_empty()).then(|| Anywhere { people: all, people_first: shortest(true), first: shortest(false), states })
}

/// Days that are known before days that wait, the fewest first.
fn rank(by: &Deadline) -> (bool, Option<NaiveDate>, Option<u64>) {
    (by.day.is_none(), by.day, by.waits.map(|w| w.days))
}
