//! Whom to tell by when, for people: a line a jurisdiction, then what is to know about them.

use std::collections::{BTreeMap, BTreeSet};

use super::breach::wrap;
use super::text::{count, plural, table};
use crate::law::{Deadline, PROTECTED, TARGET_HOURS, Verdict};
use crate::query::{BreachAnswer, First, Other};

/// All of it.
pub(super) fn notices(a: &BreachAnswer) -> String {
    let head = ["tell", "by", "certain", "likely", "at most", "regulator", "bureaus"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    for j in &a.jurisdictions {
        let n = &j.requiring_notice;
        if n.upper == 0 {
            continue;
        }
        let due = |o: &Option<Other>| match o {
            None => "-".to_owned(),
            Some(o) => match (o.required, o.by.day) {
                (Verdict::No, _) => "no".to_owned(),
                (Verdict::Yes, Some(d)) => d.to_string(),
                (Verdict::Yes, None) => beside(&o.by).unwrap_or_else(|| "yes".to_owned()),
                (Verdict::Depends, Some(d)) => format!("? {d}"),
                (Verdict::Depends, None) => beside(&o.by).map_or_else(|| "depends".to_owned(), |b| format!("? {b}")),
            },
        };
        let unsure = if j.unsure.is_empty() { "" } else { " *" };
        let by = match (j.people_by.day, j.people_by.waits) {
            (Some(day), _) => day.to_string(),
            (None, Some(w)) => format!("{} {} from {}", w.days, if w.business { "bus. d" } else { "d" }, w.from),
            (None, None) => "no day".to_owned(),
        };
        rows.push(vec![
            format!("  {}{unsure}", j.code),
            by,
            count(n.certain),
            count(n.likely),
            count(n.upper),
            due(&j.regulator),
            // Their days stand below, with the words: most have none.
            due(&j.bureaus.as_ref().map(|o| Other { by: Deadline::default(), ..o.clone() })),
        ]);
    }
    let mut out = String::new();
    if rows.len() > 1 {
        out += &table(&rows, &[2, 3, 4], "");
        out += &waiting(a);
        out += &before(a);
        out += &bureaus(a);
        out += &protected(a);
    } else if let Some(asked) = anywhere(a) {
        out += &asked;
    } else if a.jurisdictions.is_empty() {
        out += "No rule of any state fits anybody in scope.\n";
    } else {
        out += "No rule of the states that are known fits anybody in scope.\n";
    }
    let none: Vec<&str> = a.jurisdictions.iter().filter(|j| j.requiring_notice.upper == 0).map(|j| j.code.as_str()).collect();
    if !none.is_empty() {
        out += &wrap(&format!("Residents, but no rule that fits: {}.", none.join(" ")));
    }
    let u = &a.unknown_residence;
    if u.upper > 0 {
        let (certain, likely) = (count(u.certain), count(u.likely));
        out += &wrap(&format!(
            "Unknown residence: {certain} certain, {likely} likely, {} at most; they stand in \"at most\" of every state, and may bring a state that is not listed.",
            count(u.upper)
        ));
    }
    match a.moments.first() {
        None => out += "No clock runs: give --discovered and --determined, a day or a time and zone.\n",
        Some(m) => {
            let target = m.plus_hours(TARGET_HOURS);
            out += &wrap(&format!("Internal target, 72 hours after {m}: {target}. No state's law asks for it."));
        }
    }
    if let Some(p) = a.jurisdictions.iter().find_map(|j| j.private_action) {
        let (low, high) = p.range();
        let people = match (p.consumers.certain, p.consumers.upper) {
            (n, m) if n == m => people(n),
            (n, m) => format!("{} to {} people", count(n), count(m)),
        };
        out += &wrap(&format!(
            "Cal. Civ. Code 1798.150: ${} to ${} for {people}, if nonencrypted and not cured in 30 days (amounts: low confidence).",
            count(low),
            count(high)
        ));
    }
    let excuse: Vec<&str> =
        a.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0 && j.harm.is_some()).map(|j| j.code.as_str()).collect();
    if !excuse.is_empty() {
        out += &wrap(&format!("A test of harm may excuse notice (a person decides; never applied here): {}.", excuse.join(" ")));
    }
    out
}

/// How a notice without a day stands to the people's, in the width of a column: `before` them.
fn beside(by: &Deadline) -> Option<String> {
    by.waits.map(|w| format!("{} {}", w.days, if w.business { "bus. d" } else { "d" })).or(by.beside_notice.map(str::to_owned))
}

/// Which regulators have to know before people do.
fn before(a: &BreachAnswer) -> String {
    let first = |o: &Other| o.required != Verdict::No && o.by.beside_notice == Some("before");
    let told = a.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0 && j.regulator.as_ref().is_some_and(first));
    let codes: Vec<&str> = told.map(|j| j.code.as_str()).collect();
    if codes.is_empty() { String::new() } else { wrap(&format!("Before people are told: the regulator of {}.", codes.join(" "))) }
}

/// What statutes say of credit bureaus that have to be told, or may have to: those with days first.
fn bureaus(a: &BreachAnswer) -> String {
    let mut said: BTreeMap<(bool, Option<String>, &str), Vec<&str>> = BTreeMap::new();
    for j in a.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0) {
        if let Some(o) = j.bureaus.as_ref().filter(|o| o.required != Verdict::No) {
            let day = o.by.day.map(|d| d.to_string());
            said.entry((day.is_none(), day, &o.text)).or_default().push(&j.code);
        }
    }
    if said.is_empty() {
        return String::new();
    }
    let one = |((_, day, words), codes): (&(bool, Option<String>, &str), &Vec<&str>)| {
        let by = day.as_ref().map(|d| format!(" by {d}")).unwrap_or_default();
        format!("{}{by} ({words})", codes.join(" "))
    };
    wrap(&format!("Credit bureaus: {}.", said.iter().map(one).collect::<Vec<_>>().join("; ")))
}

/// People whom rules fit by protected values alone, and how somebody decides about them.
fn protected(a: &BreachAnswer) -> String {
    let (mut most, mut rules, mut how): (u64, Vec<&str>, BTreeSet<&str>) = Default::default();
    for r in a.jurisdictions.iter().flat_map(|j| &j.rules) {
        if let Some(p) = &r.protected {
            most = most.max(p.people);
            rules.push(&r.id);
            how.extend(&p.how);
        }
    }
    if rules.is_empty() || a.assumed.iter().any(|q| q == PROTECTED) {
        return String::new();
    }
    let how = how.into_iter().collect::<Vec<_>>().join(" or ");
    let shown = rules.iter().take(8).copied().collect::<Vec<_>>().join(" ");
    let more = if rules.len() > 8 { format!(" and {} more", count(rules.len() as u64 - 8)) } else { String::new() };
    wrap(&format!(
        "In \"at most\" of {shown}{more}: up to {} by values that are {how}. Whether the key or the salt was taken too, or values can be tried out, decides: \
         count them with --assume {PROTECTED}, leave them out with a [[verdict]] in piimap.toml.",
        people(most)
    ))
}

/// People of unknown residence whom rules of some states fit, where no known state asks for anything.
fn anywhere(a: &BreachAnswer) -> Option<String> {
    let asked = a.anywhere.as_ref()?;
    let n = &asked.people;
    let many = if n.certain == n.upper { people(n.upper) } else { format!("{} to {}", count(n.certain), people(n.upper)) };
    let first = |f: &First| {
        let when = match (f.by.day, f.by.waits) {
            (Some(day), _) => format!("by {day}"),
            (None, Some(w)) => format!("{} {}days from {}", w.days, if w.business { "business " } else { "" }, w.from),
            (None, None) => String::new(),
        };
        format!("{}: {} {when}", f.code, f.who)
    };
    let mut clocks: Vec<String> = [&asked.first, &asked.people_first].into_iter().flatten().map(first).collect();
    clocks.dedup();
    let clocks = if clocks.is_empty() { String::new() } else { format!(" The shortest clocks: {}.", clocks.join("; ")) };
    let lead = if a.jurisdictions.is_empty() { "Nobody's state is known" } else { "No rule of the states that are known fits anybody" };
    Some(wrap(&format!(
        "{lead}, but rules of {} fit {many} of unknown residence, if they live there.{clocks} Scan what holds their addresses, ZIP codes or \
         states, or tell all of them by the shortest clock.",
        plural(asked.states.len() as u64, "state"),
    )))
}

/// `1 person`, `2 people`.
fn people(n: u64) -> String {
    plural(n, "person").replace("persons", "people")
}

/// Days that wait for the moment they run from, of people and of regulators: a sentence for each option that is missing.
fn waiting(a: &BreachAnswer) -> String {
    let mut missing: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for j in a.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0) {
        for w in j.due().filter_map(|d| d.waits) {
            let codes = missing.entry((w.option, w.from)).or_default();
            if !codes.contains(&j.code.as_str()) {
                codes.push(&j.code);
            }
        }
    }
    let told =
        |((option, from), codes): (_, Vec<&str>)| wrap(&format!("Days from {from} have no date yet ({}): give {option}.", codes.join(" ")));
    missing.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{Numbers, PrivateAction, Waits};
    use crate::query::Jurisdiction;

    fn state(code: &str, waits: Option<Waits>) -> Jurisdiction {
        let n = Numbers { certain: 2, likely: 2, upper: 2 };
        Jurisdiction {
            code: code.into(),
            name: code.into(),
            residents: n,
            requiring_notice: n,
            rules: vec![],
            people_by: Deadline { waits, ..Deadline::default() },
            regulator: None,
            bureaus: None,
            statute: None,
            timing: None,
            harm: None,
            private_action: None,
            unsure: vec![],
        }
    }

    #[test]
    fn days_that_wait_for_their_moment_are_told() {
        let waits = Waits { days: 60, business: false, from: "determination", option: "--determined" };
        let mut a = BreachAnswer { jurisdictions: vec![state("TX", Some(waits)), state("PA", None)], ..BreachAnswer::default() };
        let text = notices(&a);
        assert!(text.contains("  TX  60 d from determination") && text.contains("  PA  no day"), "{text}");
        assert!(text.contains("Days from determination have no date yet (TX): give --determined.\n"), "{text}");
        a.jurisdictions[1].private_action = Some(PrivateAction::of(a.jurisdictions[0].residents));
        assert!(notices(&a).contains("$214 to $1,598 for 2 people,"), "both ends adjusted, one number of people: {}", notices(&a));
    }
}
