//! Groups of people, and what belongs to nobody, against rules.

use super::*;

fn set(names: &[&str]) -> Elements {
    names.iter().fold(Elements::NONE, |s, e| s.or(Elements::of(e)))
}

fn rule(clauses: &[&[&str]]) -> Rule {
    let clauses = clauses.iter().map(|c| set(c)).collect();
    Rule { id: "X".into(), jurisdiction: "CA".into(), element: "x".into(), clauses, qualifier: None }
}

fn group(certain: &[&str], n: u64) -> Group {
    let profile = Profile { certain: set(certain), ..Profile::default() };
    Group { profile, primary: Some("CA".into()), others: vec![], gdpr: None, certain: n, likely: 0 }
}

#[test]
fn values_that_are_nobodys_may_complete_somebody() {
    let r = rule(&[&["full_name"], &["ssn"]]);
    let groups = [group(&["full_name"], 10), group(&["ssn"], 3), group(&["email"], 50), group(&["full_name", "ssn"], 7)];
    let here: Vec<_> = groups.iter().map(|g| (g, Lives::Here)).collect();
    let more = |names: u64, ssns: u64| from_loose(&r, &here, &HashMap::from([(set(&["full_name"]), names), (set(&["ssn"]), ssns)]));
    assert_eq!(more(0, 0), 0);
    assert_eq!(more(2, 0), 2, "two of the three with a number");
    assert_eq!(more(5, 0), 3, "no more than there are");
    assert_eq!(more(0, 4), 4, "four of the ten with a name");
    assert_eq!(more(5, 13), 3 + 10 + 2, "and two whom nobody knows");
    let r = rule(&[&["ssn"]]);
    assert_eq!(from_loose(&r, &here, &HashMap::from([(set(&["ssn"]), 4)])), 4);
    let r = rule(&[&["full_name"], &["email"], &["password"]]);
    let loose = |all: &[(&str, u64)]| all.iter().map(|(e, n)| (set(&[e]), *n)).collect::<HashMap<_, _>>();
    assert_eq!(from_loose(&r, &here, &loose(&[("full_name", 80)])), 0, "nobody has a password");
    assert_eq!(from_loose(&r, &here, &loose(&[("full_name", 80), ("password", 5)])), 5, "of the fifty with an address");
}

#[test]
fn groups_count_by_where_they_live() {
    let mut g = group(&["ssn"], 5);
    g.likely = 2;
    let count = |g: &Group, code: &str, fits| {
        let mut n = Numbers::default();
        if let Some(l) = g.lives(code) {
            g.count(&mut n, l, fits);
        }
        (n.certain, n.likely, n.upper)
    };
    assert_eq!(count(&g, "CA", Fits::Certain), (5, 7, 7));
    assert_eq!(count(&g, "CA", Fits::Likely), (0, 7, 7));
    assert_eq!(count(&g, "CA", Fits::Upper), (0, 0, 7));
    assert_eq!(count(&g, "NY", Fits::Certain), (0, 0, 0));
    g.others = vec!["NY".into()];
    assert_eq!(count(&g, "CA", Fits::Certain), (0, 7, 7));
    assert_eq!(count(&g, "NY", Fits::Certain), (0, 0, 7));
    g.primary = None;
    g.others.clear();
    assert_eq!(count(&g, "NY", Fits::Certain), (0, 0, 7), "an unknown residence may be any");
    g.gdpr = Some("EU");
    assert_eq!(count(&g, "EU", Fits::Certain), (0, 7, 7));
}
