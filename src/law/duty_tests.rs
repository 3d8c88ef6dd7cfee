//! Days, thresholds and verdicts of statutes.

use super::super::Law;
use super::*;

fn moments(discovered: Option<&str>, determined: Option<&str>) -> Moments {
    Moments { discovered: discovered.and_then(Moment::parse), determined: determined.and_then(Moment::parse) }
}

fn day(d: &Deadline) -> Option<String> {
    d.day.map(|d| d.to_string())
}

fn exactly(n: u64) -> Numbers {
    Numbers { certain: n, likely: n, upper: n }
}

#[test]
fn people_are_told_by_their_states_clock() {
    let law = Law::builtin();
    let both = moments(Some("2026-11-21"), Some("2026-12-01"));
    for (code, want, clock) in [
        ("CA", Some("2026-12-21"), "discovery 2026-11-21, America/Los_Angeles"),
        ("CO", Some("2026-12-31"), "determination 2026-12-01, America/Denver"),
        ("TX", Some("2027-01-30"), "determination 2026-12-01, America/Chicago"),
        ("WI", Some("2027-01-05"), "learns of acquisition 2026-11-21, America/Chicago"),
        ("RI", Some("2027-01-15"), "confirmation 2026-12-01, America/New_York"),
        ("NV", None, ""),
    ] {
        let d = law.statute(code).unwrap().duties(&exactly(1), &both).people;
        assert_eq!(day(&d).as_deref(), want, "{code}");
        assert_eq!(d.clock.as_deref().unwrap_or(""), clock);
    }
    // An instant is another day in California than in Connecticut.
    let night = moments(Some("2026-11-21T06:30:00Z"), None);
    let by = |code: &str| day(&law.statute(code).unwrap().duties(&exactly(1), &night).people);
    assert_eq!(by("CA").as_deref(), Some("2026-12-20"));
    assert_eq!(by("CT").as_deref(), Some("2027-01-20"));
}

#[test]
fn no_date_is_said_to_be_missing() {
    let law = Law::builtin();
    let d = law.statute("CO").unwrap().duties(&exactly(1), &moments(Some("2026-11-21"), None)).people;
    assert_eq!(d.day, None);
    assert!(d.why.unwrap().contains("give --determined"));
    let d = law.statute("CA").unwrap().duties(&exactly(1), &Moments::default()).people;
    assert!(d.why.unwrap().contains("give --discovered"));
    let d = law.statute("NV").unwrap().duties(&exactly(1), &moments(Some("2026-11-21"), None)).people;
    assert!(d.why.unwrap().contains("no number of days"));
}

#[test]
fn regulators_have_clocks_of_their_own() {
    let law = Law::builtin();
    let both = moments(Some("2026-11-20"), Some("2026-11-20"));
    for (code, people, verdict, by, says) in [
        ("CA", 500, Verdict::No, Some("2027-01-04"), "at the latest"),
        ("CA", 501, Verdict::Yes, Some("2027-01-04"), "at the latest"),
        ("TX", 249, Verdict::No, Some("2026-12-20"), ""),
        ("TX", 250, Verdict::Yes, Some("2026-12-20"), ""),
        ("MD", 1, Verdict::Yes, Some("2027-01-04"), "before people"),
        ("CT", 1, Verdict::Yes, Some("2027-01-19"), "not later than"),
        ("VT", 1, Verdict::Yes, Some("2026-12-11"), "holidays"),
        ("PR", 1, Verdict::Yes, Some("2026-11-30"), ""),
        ("LA", 1, Verdict::Yes, Some("2027-01-29"), "at the latest"),
        ("OK", 500, Verdict::Yes, None, "max 60 days after"),
        ("AK", 1, Verdict::Depends, None, "no-harm exception"),
        ("OH", 100_000, Verdict::No, None, ""),
        ("NY", 1, Verdict::Yes, Some("2026-12-20"), "not later than"),
        ("ME", 1, Verdict::Yes, Some("2026-12-20"), "not later than"),
        ("NJ", 1, Verdict::Yes, None, "before people are told"),
        ("CO", 500, Verdict::Yes, Some("2026-12-20"), ""),
        ("CO", 499, Verdict::No, Some("2026-12-20"), ""),
    ] {
        let d = law.statute(code).unwrap().duties(&exactly(people), &both);
        assert_eq!(d.regulator, verdict, "{code} {people}");
        assert_eq!(day(&d.regulator_by).as_deref(), by, "{code}");
        assert!(d.regulator_by.why.unwrap_or_default().contains(says), "{code}");
    }
}

#[test]
fn the_regulator_of_arkansas_waits_for_the_determination() {
    let by = |m: &Moments| Law::builtin().statute("AR").unwrap().duties(&exactly(1001), m).regulator_by;
    let d = by(&moments(None, Some("2026-12-01")));
    assert_eq!((day(&d).as_deref(), d.clock.as_deref()), (Some("2027-01-15"), Some("determination 2026-12-01, America/Chicago")));
    let d = by(&moments(Some("2026-11-21"), None));
    assert_eq!((d.day, d.waits.map(|w| (w.days, w.option))), (None, Some((45, "--determined"))));
}

#[test]
fn credit_bureaus_have_days_where_statutes_name_them() {
    let both = moments(Some("2026-11-20"), Some("2026-11-25"));
    for (code, people, verdict, by, says) in [
        ("MN", 501, Verdict::Yes, Some("2026-11-22"), "48 hours after discovery"),
        ("MN", 500, Verdict::No, Some("2026-11-22"), "48 hours"),
        ("AZ", 1001, Verdict::Yes, Some("2027-01-09"), ""),
        ("NM", 1001, Verdict::Yes, Some("2027-01-04"), ""),
        ("CO", 1001, Verdict::Yes, None, "without unreasonable delay"),
    ] {
        let d = Law::builtin().statute(code).unwrap().duties(&exactly(people), &both);
        assert_eq!((d.bureaus, day(&d.bureaus_by).as_deref()), (verdict, by), "{code}");
        assert!(d.bureaus_by.why.unwrap_or_default().contains(says), "{code}");
    }
    // Hours end on a day of the state's clock.
    let night = moments(Some("2026-11-21T03:00:00Z"), None);
    let d = Law::builtin().statute("MN").unwrap().duties(&exactly(501), &night).bureaus_by;
    assert_eq!(day(&d).as_deref(), Some("2026-11-22"));
    let d = Law::builtin().statute("MN").unwrap().duties(&exactly(501), &Moments::default()).bureaus_by;
    assert!(d.waits.is_some_and(|w| w.days == 2) && d.why.unwrap().contains("48 hours run from discovery: give --discovered"));
}

#[test]
fn every_threshold_of_the_table_at_its_border() {
    let law = Law::builtin();
    let mut borders = 0;
    for code in super::super::State::all() {
        let Some(s) = law.statute(code) else { continue };
        for (threshold, of) in [(s.threshold, 0), (s.bureaus, 1)] {
            let (n, over) = match threshold {
                super::super::Threshold::Over(n) => (n, true),
                super::super::Threshold::AtLeast(n) => (n, false),
                super::super::Threshold::Any => (0, true),
                _ => continue,
            };
            let at = |people: u64| {
                let d = s.duties(&exactly(people), &Moments::default());
                if of == 0 { d.regulator } else { d.bureaus }
            };
            borders += 1;
            assert_eq!(at(n.saturating_sub(1)), if n == 0 && !over { Verdict::Yes } else { Verdict::No }, "{code}");
            assert_eq!(at(n), if over { Verdict::No } else { Verdict::Yes }, "{code} at {n}");
            assert_eq!(at(n + 1), Verdict::Yes, "{code}");
        }
    }
    assert!(borders > 70, "{borders}");
}

#[test]
fn credit_bureaus_and_damages() {
    let law = Law::builtin();
    let bureaus = |code: &str, n| law.statute(code).unwrap().duties(&exactly(n), &Moments::default()).bureaus;
    assert_eq!((bureaus("CO", 1000), bureaus("CO", 1001)), (Verdict::No, Verdict::Yes));
    assert_eq!((bureaus("UT", 999), bureaus("UT", 1000)), (Verdict::No, Verdict::Yes));
    assert_eq!(bureaus("CA", 1_000_000), Verdict::No);
    assert_eq!(bureaus("MA", 5), Verdict::Depends);
    let p = PrivateAction::of(Numbers { certain: 10, likely: 11, upper: 12 });
    assert_eq!(p.range(), (10 * 107, 12 * 799));
}

#[test]
fn the_gdpr_counts_hours() {
    assert_eq!((gdpr("de"), gdpr("gb"), gdpr("us"), gdpr("ch"), gdpr("no")), (Some("EU"), Some("UK"), None, None, Some("EU")));
    let d = gdpr_authority(&moments(Some("2028-02-28T10:00:00Z"), None));
    assert_eq!(day(&d).as_deref(), Some("2028-03-02"));
    assert!(d.why.unwrap().contains("2028-03-02T10:00"));
    assert_eq!(gdpr_authority(&Moments::default()).day, None);
}

#[test]
fn words_of_the_table() {
    for (cell, want) in [
        ("", Some(When::Words)),
        ("45", Some(When::Days(45))),
        ("14_business", Some(When::BusinessDays(14))),
        ("15_after_consumer_notice", Some(When::AfterNotice(15))),
        ("5_business_after_consumer_notice", Some(When::BusinessAfterNotice(5))),
        ("before_consumer_notice", Some(When::BeforeNotice)),
        ("with_consumer_notice", Some(When::WithNotice)),
        ("45_after_determination", Some(When::AfterDetermination(45))),
        ("48_hours", Some(When::Hours(48))),
        ("soon", None),
        ("_business", None),
    ] {
        assert_eq!(When::parse(cell), want, "{cell}");
    }
}
