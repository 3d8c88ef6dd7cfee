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
    /// Where it is counted from the people's notice: how it stands to that, `before`, `with`, `after`.
    pub beside_notice: Option<&'static str>,
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
    /// Calendar days from the determination, whatever the statute's clock.
    AfterDetermination(u64),
    /// Hours from the statute's clock.
    Hours(u64),
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
                .or_else(|| number("_after_determination").map(When::AfterDetermination))
                .or_else(|| number("_hours").map(When::Hours))
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
    /// Until when.
    pub bureaus_by: Deadline,
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
        let by = |cell: &str, words: &str| match When::parse(cell).unwrap_or(When::Words) {
            when @ (When::AfterNotice(_) | When::BusinessAfterNotice(_) | When::BeforeNotice | When::WithNotice) => {
                after_notice(&people, when, words)
            }
            when => self.clock(moments, when, words),
        };
        let (regulator_by, bureaus_by) = (by(&self.regulator_days, &self.regulator_text), by(&self.bureaus_days, &self.bureaus_text));
        Duties { people, regulator, regulator_by, bureaus: self.bureaus.on(residents), bureaus_by }
    }

    fn clock(&self, moments: &Moments, when: When, words: &str) -> Deadline {
        let (n, unit) = match when {
            When::Days(n) | When::AfterDetermination(n) => (n, "days"),
            When::Hours(n) => (n, "hours"),
            When::BusinessDays(n) => (n, "business days"),
            _ => return Deadline { why: Some(format!("the statute names no number of days: {words}")), ..Deadline::default() },
        };
        let (start, clock) = match when {
            When::AfterDetermination(_) => (Start::Determination, "determination"),
            _ => (self.start, self.clock.as_str()),
        };
        let end_of = |m: Moment| {
            let day = m.day_in(&self.zone)?;
            let end = match when {
                When::Hours(n) => m.plus_hours(n.try_into().ok()?).day_in(&self.zone),
                When::BusinessDays(n) => after_business_days(day, n),
                _ => after_days(day, n),
            };
            Some((day, end))
        };
        let Some((day, end)) = moments.of(start).and_then(end_of) else {
            let (from, option) = match start {
                Start::Discovery => ("discovery", "--discovered"),
                Start::Determination => ("determination", "--determined"),
            };
            let days = if unit == "hours" { n.div_ceil(24) } else { n };
            let waits = Some(Waits { days, business: unit == "business days", from, option });
            return Deadline { why: Some(format!("{n} {unit} run from {clock}: give {option}")), waits, ..Deadline::default() };
        };
        let why = match when {
            When::BusinessDays(_) => Some("weekends and federal holidays not counted".to_owned()),
            When::Hours(n) => Some(format!("{n} hours after {clock}")),
            _ => None,
        };
        Deadline { day: end, clock: Some(format!("{clock} {day}, {}", self.zone.name)), why, ..Deadline::default() }
    }
}

/// The time of a notice that is counted from the people's.
fn after_notice(people: &Deadline, when: When, words: &str) -> Deadline {
    let (beside, why) = match when {
        When::BeforeNotice => ("before", "before people are told"),
        When::WithNotice => ("with", "not later than people are told"),
        _ => ("after", "at the latest; counted from the day on which people are told"),
    };
    let Some(notice) = people.day else {
        let why = if beside == "after" { words.to_owned() } else { format!("{why}: {words}") };
        return Deadline { why: Some(why), beside_notice: Some(beside), ..Deadline::default() };
    };
    let day = match when {
        When::AfterNotice(n) => after_days(notice, n),
        When::BusinessAfterNotice(n) => after_business_days(notice, n),
        _ => Some(notice),
    };
    Deadline { day, clock: people.clock.clone(), why: Some(why.to_owned()), waits: None, beside_notice: Some(beside) }
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
        "nl", "no", "pl", "pt", "ro", "se", "si", "sk", // Parts of Finland and France with codes of their own.
        "ax", "gf", "gp", "mf", "mq", "re", "yt",
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
            Deadline { day, clock: Some(format!("aware {aware}, UTC")), why: Some(format!("72 hours end {end}")), ..Deadline::default() }
        }
    }
}

#[cfg(test)]
#[path = "duty_tests.rs"]
mod tests;
