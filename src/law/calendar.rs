//! Days as statutes count them: calendar days, business days, and which day it is where.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

use crate::base::Timestamp;

/// A moment that somebody named: a day (wherever), or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A calendar day, the same in every zone.
    Day(NaiveDate),
    /// An instant; which day that is depends on the zone.
    Instant(Timestamp),
}

impl Moment {
    /// Reads `2026-11-21` or an RFC 3339 time with its zone. `None` if it is neither.
    pub fn parse(text: &str) -> Option<Moment> {
        let text = text.trim();
        if let Ok(d) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(Moment::Day(d));
        }
        Timestamp::parse(text).map(Moment::Instant)
    }

    /// The day that it is in a zone.
    pub fn day_in(self, zone: &Zone) -> Option<NaiveDate> {
        match self {
            Moment::Day(d) => Some(d),
            Moment::Instant(t) => zone.local(t).map(|t| t.date()),
        }
    }

    /// Whether it was over before the other began, whatever zone a day is meant in: from 14 hours east of UTC to 12 west.
    pub fn is_before(self, other: Moment) -> bool {
        let date = |t: Timestamp, hours: i64| {
            let shifted = t.0.saturating_add(hours * 3_600_000);
            chrono::DateTime::from_timestamp_millis(shifted).map(|t| t.date_naive())
        };
        match (self, other) {
            (Moment::Day(a), Moment::Day(b)) => a < b,
            (Moment::Instant(a), Moment::Instant(b)) => a < b,
            (Moment::Instant(a), Moment::Day(b)) => date(a, 14).is_some_and(|a| a < b),
            (Moment::Day(a), Moment::Instant(b)) => date(b, -12).is_some_and(|b| a < b),
        }
    }

    /// So many hours later: an instant, or for a day the day that many hours end on.
    pub fn plus_hours(self, hours: i64) -> Moment {
        match self {
            Moment::Day(d) => Moment::Day(d.checked_add_signed(TimeDelta::hours(hours)).unwrap_or(d)),
            Moment::Instant(t) => Moment::Instant(Timestamp(t.0.saturating_add(hours * 3_600_000))),
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Moment::Day(d) => write!(f, "{d}"),
            Moment::Instant(t) => write!(f, "{t}"),
        }
    }
}

/// A time zone of the United States.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// IANA name.
    pub name: String,
    /// Minutes east of UTC in winter.
    pub minutes: i32,
    /// Whether it keeps summer time by 15 U.S.C. 260a.
    pub summer: bool,
}

impl Zone {
    /// The wall clock at an instant.
    pub fn local(&self, t: Timestamp) -> Option<NaiveDateTime> {
        let utc = chrono::DateTime::from_timestamp_millis(t.0)?.naive_utc();
        let standard = utc.checked_add_signed(TimeDelta::minutes(i64::from(self.minutes)))?;
        if !self.summer {
            return Some(standard);
        }
        let year = standard.year();
        let two = |d: NaiveDate, hour| d.and_hms_opt(hour, 0, 0);
        // In standard time summer begins at 2:00 and ends at 1:00 (2:00 of the summer clock).
        let begins = two(nth(year, 3, Weekday::Sun, 2)?, 2)?;
        let ends = two(nth(year, 11, Weekday::Sun, 1)?, 1)?;
        if standard >= begins && standard < ends { standard.checked_add_signed(TimeDelta::hours(1)) } else { Some(standard) }
    }
}

/// The n-th weekday of a month.
fn nth(year: i32, month: u32, day: Weekday, n: u8) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, day, n)
}

/// So many calendar days later; the day of the event itself is not counted. Never moved off a weekend: statutes differ,
/// and earlier is safe.
pub fn after_days(start: NaiveDate, days: u64) -> Option<NaiveDate> {
    start.checked_add_days(Days::new(days))
}

/// So many business days later: Saturdays, Sundays and federal holidays (5 U.S.C. 6103) are not counted, nor is the day
/// of the event.
pub fn after_business_days(start: NaiveDate, days: u64) -> Option<NaiveDate> {
    let (mut day, mut left) = (start, days);
    while left > 0 {
        day = day.succ_opt()?;
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_federal_holiday(day) {
            left -= 1;
        }
    }
    Some(day)
}

/// Whether federal offices are closed for a holiday on that day: on its date, or on Friday or Monday where it falls on a
/// weekend.
pub fn is_federal_holiday(day: NaiveDate) -> bool {
    let year = day.year();
    let moving = [(1, Weekday::Mon, 3), (2, Weekday::Mon, 3), (9, Weekday::Mon, 1), (10, Weekday::Mon, 2), (11, Weekday::Thu, 4)];
    if moving.iter().any(|(m, w, n)| nth(year, *m, *w, *n) == Some(day)) {
        return true;
    }
    let memorial = nth(year, 5, Weekday::Mon, 5).or_else(|| nth(year, 5, Weekday::Mon, 4));
    if memorial == Some(day) {
        return true;
    }
    let observed = |y: i32, m: u32, d: u32| {
        let date = NaiveDate::from_ymd_opt(y, m, d)?;
        match date.weekday() {
            Weekday::Sat => date.pred_opt(),
            Weekday::Sun => date.succ_opt(),
            _ => Some(date),
        }
    };
    let fixed = [(year, 1, 1), (year + 1, 1, 1), (year, 6, 19), (year, 7, 4), (year, 11, 11), (year, 12, 25)];
    fixed.iter().any(|(y, m, d)| observed(*y, *m, *d) == Some(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
    }

    #[test]
    fn moments_come_one_after_the_other() {
        let before = |a: &str, b: &str| Moment::parse(a).unwrap().is_before(Moment::parse(b).unwrap());
        assert!(before("2026-11-20", "2026-11-21") && !before("2026-11-21", "2026-11-21") && !before("2026-11-22", "2026-11-21"));
        assert!(before("2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"));
        // The day is that of some zone.
        assert!(!before("2026-11-20T23:00:00Z", "2026-11-21") && before("2026-11-20T09:00:00Z", "2026-11-21"));
        assert!(!before("2026-11-20", "2026-11-21T11:00:00Z") && before("2026-11-20", "2026-11-21T13:00:00Z"));
    }

    #[test]
    fn days_pass_month_ends_and_leap_days() {
        for (start, n, want) in [
            ("2026-11-21", 30, "2026-12-21"),
            ("2026-12-02", 30, "2027-01-01"),
            ("2028-01-30", 30, "2028-02-29"),
            ("2028-01-31", 30, "2028-03-01"),
            ("2027-01-30", 30, "2027-03-01"),
            ("2028-02-29", 365, "2029-02-28"),
            ("2026-10-31", 60, "2026-12-30"),
            ("2026-02-28", 45, "2026-04-14"),
            ("2100-02-28", 1, "2100-03-01"),
        ] {
            assert_eq!(after_days(d(start), n), Some(d(want)), "{start} + {n}");
        }
    }

    #[test]
    fn business_days_skip_weekends_and_holidays() {
        for (start, n, want) in [
            // Thanksgiving is Thursday 26 November 2026.
            ("2026-11-20", 4, "2026-11-27"),
            ("2026-11-21", 5, "2026-11-30"),
            // 4 July 2026 is a Saturday: Friday the 3rd is free.
            ("2026-07-02", 1, "2026-07-06"),
            // New Year's Day 2028 is a Saturday: Friday 31 December 2027 is free.
            ("2027-12-30", 1, "2028-01-03"),
            ("2026-11-21", 14, "2026-12-11"),
            ("2026-05-22", 1, "2026-05-26"),
            ("2026-06-18", 1, "2026-06-22"),
            ("2026-11-23", 0, "2026-11-23"),
        ] {
            assert_eq!(after_business_days(d(start), n), Some(d(want)), "{start} + {n}");
        }
    }

    #[test]
    fn a_moment_is_another_day_elsewhere() {
        let pacific = Zone { name: "America/Los_Angeles".into(), minutes: -480, summer: true };
        let guam = Zone { name: "Pacific/Guam".into(), minutes: 600, summer: false };
        for (at, here, there) in [
            ("2026-11-21T05:00:00Z", "2026-11-20", "2026-11-21"),
            ("2026-11-21T08:00:00Z", "2026-11-21", "2026-11-21"),
            ("2026-07-01T07:30:00Z", "2026-07-01", "2026-07-01"),
            ("2026-07-01T06:59:00Z", "2026-06-30", "2026-07-01"),
            ("2026-12-01T07:30:00Z", "2026-11-30", "2026-12-01"),
            ("2028-02-29T18:00:00Z", "2028-02-29", "2028-03-01"),
        ] {
            let m = Moment::parse(at).unwrap();
            assert_eq!(m.day_in(&pacific), Some(d(here)), "{at} in California");
            assert_eq!(m.day_in(&guam), Some(d(there)), "{at} on Guam");
        }
        // Clocks change on 8 March and 1 November 2026.
        let local = |t: &str| pacific.local(Timestamp::parse(t).unwrap()).unwrap().to_string();
        assert_eq!(local("2026-03-08T09:59:00Z"), "2026-03-08 01:59:00");
        assert_eq!(local("2026-03-08T10:00:00Z"), "2026-03-08 03:00:00");
        assert_eq!(local("2026-11-01T08:59:00Z"), "2026-11-01 01:59:00");
        assert_eq!(local("2026-11-01T09:00:00Z"), "2026-11-01 01:00:00");
        assert_eq!(Moment::parse("2026-11-21"), Some(Moment::Day(d("2026-11-21"))));
        assert_eq!(Moment::parse("21.11.2026"), None);
        assert_eq!(Moment::parse("2026-02-29"), None);
    }

    #[test]
    fn hours_are_hours() {
        assert_eq!(Moment::parse("2028-02-28T10:00:00Z").unwrap().plus_hours(72).to_string(), "2028-03-02T10:00:00.000Z");
        assert_eq!(Moment::parse("2026-12-30").unwrap().plus_hours(72).to_string(), "2027-01-02");
    }
}
