//! Who else must be told, and by when.

use chrono::NaiveDate;

use super::book::{Start, Statute};
use super::calendar::{Moment, after_business_days, after_days};
use super::numbers::{Numbers, Verdict};

/// The moments that start clocks, as far as somebody named them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// The breach was found.
    pub discovered: Option<Moment>,
    /// It was determined that there was one.
    pub determined: Option<Moment>,
}

impl Moments {
    fn of(&self, start: Start) -> Option<Moment> {
        match start {
            Start::Discovery => self.discovered,
            Start::Determination => self.determined,
        }
    }

    /// The earlier of the two, by its day.
    pub fn first(&self) -> Option<Moment> {
        self.discovered.or(self.determined)
    }
}

/// Until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// The last day; `None` with [`Deadline::why`].
    pub day: Option<NaiveDate>,
    /// What runs from when, where: `discovery 2026-11-21, America/Los_Angeles`.
    pub clock: Option<String>,
    /// Why there is no day, or what the day depends on.
    pub why: Option<String>,
    /// The number of days, where there is one and nobody named the moment from which it runs.
    pub waits: Option<Waits>,
}

/// Days whose first is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waits {
    /// How many.
    pub days: u64,
    /// Whether business days alone count.
    pub business: bool,
    /// From which moment.
    pub from: &'static str,
    /// The option that names the moment.
    pub option: &'static str,
}

/// The time for a notice, as the tables write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// No number.
    Words,
    /// Calendar days from the statute's clock.
    Days(u64),
    /// Business days from it.
    BusinessDays(u64),
    /// Calendar days after the people were told.
    AfterNotice(u64),
    /// Business days after that.
    BusinessAfterNotice(u64),
    /// When the people are told, or before.
    WithNotice,
    /// Before the people are told.
    BeforeNotice,
}

impl When {
    /// Reads a cell; `None` for what means nothing.
    pub fn parse(cell: &str) -> Option<When> {
        let number = |suffix: &str| cell.strip_suffix(suffix).and_then(|n| n.parse::<u64>().ok());
        Some(match cell {
            "" => When::Words,
            "at_or_before_consumer_notice" | "with_consumer_notice" => When::WithNotice,
            "before_consumer_notice" => When::BeforeNotice,
            _ => number("")
                .map(When::Days)
                .or_else(|| number("_business_after_consumer_notice").map(When::BusinessAfterNotice))
                .or_else(|| number("_after_consumer_notice").map(When::AfterNotice))
                .or_else(|| number("_business").map(When::BusinessDays))?,
        })
    }
}

/// What a statute asks for these numbers of residents who must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duties {
    /// Until when people must be told.
    pub people: Deadline,
    /// Whether a regulator must be told.
    pub regulator: Verdict,
    /// Until when.
    pub regulator_by: Deadline,
    /// Whether credit bureaus must be told.
    pub bureaus: Verdict,
}

impl Statute {
    /// What it asks, for this many residents who must be told.
    pub fn duties(&self, residents: &Numbers, moments: &Moments) -> Duties {
        let people = self.clock(moments, self.days.map(When::Days).unwrap_or(When::Words), &self.timing);
        let regulator = match (self.regulator_notice, self.threshold.on(residents)) {
            ('N', _) => Verdict::No,
            ('C', _) if residents.upper > 0 => Verdict::Depends,
            (_, v) => v,
        };
        let when = When::parse(&self.regulator_days).unwrap_or(When::Words);
        let regulator_by = match when {
            When::Words | When::Days(_) | When::BusinessDays(_) => self.clock(moments, when, &self.regulator_text),
            _ => self.after_notice(&people, when),
        };
        Duties { people, regulator, regulator_by, bureaus: self.bureaus.on(residents) }
    }

    fn clock(&self, moments: &Moments, when: When, words: &str) -> Deadline {
        let (n, business) = match when {
            When::Days(n) => (n, false),
            When::BusinessDays(n) => (n, true),
            _ => return Deadline { why: Some(format!("the statute names no number of days: {words}")), ..Deadline::default() },
        };
        let Some(day) = moments.of(self.start).and_then(|m| m.day_in(&self.zone)) else {
            let (from, option) = match self.start {
                Start::Discovery => ("discovery", "--discovered"),
                Start::Determination => ("determination", "--determined"),
            };
            let days = if business { "business days" } else { "days" };
            let why = Some(format!("{n} {days} run from {}: give {option}", self.clock));
            return Deadline { why, waits: Some(Waits { days: n, business, from, option }), ..Deadline::default() };
        };
        let end = if business { after_business_days(day, n) } else { after_days(day, n) };
        let clock = format!("{} {day}, {}", self.clock, self.zone.name);
        Deadline {
            day: end,
            clock: Some(clock),
            why: business.then(|| "weekends and federal holidays not counted".to_owned()),
            waits: None,
        }
    }

    fn after_notice(&self, people: &Deadline, when: When) -> Deadline {
        let Some(notice) = people.day else {
            return Deadline { why: Some(self.regulator_text.clone()), ..Deadline::default() };
        };
        let day = match when {
            When::AfterNotice(n) => after_days(notice, n),
            When::BusinessAfterNotice(n) => after_business_days(notice, n),
            _ => Some(notice),
        };
        let why = match when {
            When::BeforeNotice => "before people are told",
            When::WithNotice => "not later than people are told",
            _ => "at the latest; counted from the day on which people are told",
        };
        Deadline { day, clock: people.clock.clone(), why: Some(why.to_owned()), waits: None }
    }
}

/// The internal target: scope known within 72 hours of the first of the two moments. No statute of a state asks for it.
pub const TARGET_HOURS: i64 = 72;

/// Range of statutory damages that consumers may claim under Cal. Civ. Code 1798.150 (nonencrypted and nonredacted data of
/// 1798.81.5(d)(1)(A), or e-mail and password; after 30 days to cure), in dollars a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateAction {
    /// Californians with such data.
    pub consumers: Numbers,
    /// As written in the statute.
    pub text: (u64, u64),
    /// As adjusted in January 2025; from secondary sources.
    pub adjusted: (u64, u64),
}

impl PrivateAction {
    /// For this many Californians.
    pub fn of(consumers: Numbers) -> PrivateAction {
        PrivateAction { consumers, text: (100, 750), adjusted: (107, 799) }
    }

    /// The whole range in dollars, both ends as adjusted: fewest people at the lowest sum, most at the highest.
    pub fn range(&self) -> (u64, u64) {
        (self.consumers.certain * self.adjusted.0, self.consumers.upper * self.adjusted.1)
    }
}

/// Elements of Cal. Civ. Code 1798.82 that 1798.81.5(d)(1)(A) does not list: number plates read by cameras.
pub const NOT_IN_1798_150: &[&str] = &["alpr"];

/// Whether a country's residents are under the GDPR (`EU`, with the EEA) or the UK GDPR (`UK`), by its ISO 3166 code in
/// lower case.
pub fn gdpr(country: &str) -> Option<&'static str> {
    const EEA: &[&str] = &[
        "at", "be", "bg", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu", "ie", "is", "it", "li", "lt", "lu", "lv", "mt",
        "nl", "no", "pl", "pt", "ro", "se", "si", "sk",
    ];
    match country {
        "gb" => Some("UK"),
        c if EEA.contains(&c) => Some("EU"),
        _ => None,
    }
}

/// The 72 hours of Art. 33(1) GDPR: to the authority, from becoming aware.
pub fn gdpr_authority(moments: &Moments) -> Deadline {
    match moments.first() {
        None => Deadline { why: Some("72 hours run from becoming aware: give --discovered".to_owned()), ..Deadline::default() },
        Some(aware) => {
            let end = aware.plus_hours(TARGET_HOURS);
            let day = match end {
                Moment::Day(d) => Some(d),
                Moment::Instant(t) => chrono::DateTime::from_timestamp_millis(t.0).map(|t| t.date_naive()),
            };
            Deadline { day, clock: Some(format!("aware {aware}, UTC")), why: Some(format!("72 hours end {end}")), waits: None }
        }
    }
}

#[cfg(test)]
mod tests {
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
            ("soon", None),
            ("_business", None),
        ] {
            assert_eq!(When::parse(cell), want, "{cell}");
        }
    }
}
