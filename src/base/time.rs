//! Moments in UTC.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Prints as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(
    /// Milliseconds since the epoch; negative before it.
    pub i64,
);

impl Timestamp {
    /// The present, by the machine's clock.
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// Reads an RFC 3339 time, or a plain date (midnight UTC). `None` if it is neither.
    pub fn parse(s: &str) -> Option<Timestamp> {
        if let Ok(t) = chrono::DateTime::parse_from_rfc3339(s) {
            return Some(Timestamp(t.timestamp_millis()));
        }
        let d = chrono::NaiveDate::parse_from_str(s, "%Y-%m-%d").ok()?;
        Some(Timestamp(d.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(t: SystemTime) -> Timestamp {
        match t.duration_since(UNIX_EPOCH) {
            Ok(d) => Timestamp(d.as_millis() as i64),
            Err(e) => Timestamp(-(e.duration().as_millis() as i64)),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(t) => write!(f, "{}", t.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc_3339() {
        let t = Timestamp::parse("2026-11-03T22:15:00Z").unwrap();
        assert_eq!(t.to_string(), "2026-11-03T22:15:00.000Z");
        assert_eq!(Timestamp::parse(&t.to_string()), Some(t));
        assert_eq!(Timestamp::parse("2026-11-03").unwrap().to_string(), "2026-11-03T00:00:00.000Z");
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
