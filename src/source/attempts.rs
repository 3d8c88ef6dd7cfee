//! Attempts of one piece of work: what a failed request means, and how long to wait before the next.

use std::time::Duration;

use super::Options;
use crate::base::{Error, Reason};

const LONGEST: Duration = Duration::from_secs(20);

/// A failure, and whether another attempt may help.
pub(super) struct Failed {
    pub error: Error,
    pub again: bool,
    /// Whether the server asks for fewer requests.
    pub slow: bool,
}

impl Failed {
    pub fn for_good(reason: Reason, detail: impl Into<String>) -> Failed {
        Failed { error: Error::new(reason, detail), again: false, slow: false }
    }

    pub fn again(detail: impl Into<String>) -> Failed {
        Failed { error: Error::new(Reason::Network, detail), again: true, slow: false }
    }
}

/// Counts the attempts of one piece of work.
pub(super) struct Attempts {
    made: u32,
    limit: u32,
    base: Duration,
}

impl Attempts {
    pub fn new(options: &Options) -> Attempts {
        Attempts { made: 0, limit: options.attempts.max(1), base: options.backoff }
    }

    /// There was progress: what failed before does not count.
    pub fn progress(&mut self) {
        self.made = 0;
    }

    /// Waits before the next attempt, or gives the error back if there is none.
    pub async fn after(&mut self, failed: Failed) -> Result<(), Error> {
        self.made += 1;
        if !failed.again {
            return Err(failed.error);
        }
        if self.made >= self.limit {
            let detail = format!("given up after {} attempts: {}", self.made, failed.error.detail);
            return Err(Error::new(failed.error.reason, detail));
        }
        tokio::time::sleep(self.wait(failed.slow)).await;
        Ok(())
    }

    /// Anything up to the doubled step, so that a thousand readers do not come back at once. Who is asked for patience (`slow`) waits
    /// at least half of it: chance must not use up the attempts before the store has recovered.
    fn wait(&self, slow: bool) -> Duration {
        let longest = self.base.saturating_mul(1 << (self.made - 1).min(16)).min(LONGEST);
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        let part = f64::from(random) / f64::from(u32::MAX);
        longest.mul_f64(if slow { 0.5 + part / 2.0 } else { part })
    }
}

/// What a status and a code mean, in every store that speaks HTTP as S3 does.
pub(super) fn by_status(status: u16, code: &str, region: Option<&str>) -> Failed {
    let said = if code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status} {code}") };
    match (status, code) {
        (_, "InvalidObjectState") => Failed::for_good(Reason::Archived, "the object is in an archive tier and was not restored"),
        (429 | 503, _)
        | (_, "SlowDown" | "ServiceUnavailable" | "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestLimitExceeded") => {
            Failed { slow: true, ..Failed::again(said) }
        }
        (_, "RequestTimeout" | "InternalError" | "OperationTimeoutException") => Failed::again(said),
        (412, _) => Failed::for_good(Reason::Changed, "the object was overwritten since it was listed"),
        (416, _) => Failed::for_good(Reason::Changed, "the object is shorter than it was listed"),
        (301 | 307 | 400, _) if region.is_some_and(|r| !r.is_empty()) => {
            let detail = format!("{said}: the bucket lies in another region, use --region {}", region.unwrap_or_default());
            Failed::for_good(Reason::Io, detail)
        }
        (_, "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired") | (401 | 403, _) => {
            Failed::for_good(Reason::AccessDenied, said)
        }
        // A server that does not know the request will not learn it.
        (501, _) => Failed::for_good(Reason::Io, said),
        (404 | 405 | 410, _) => Failed::for_good(Reason::NotFound, said),
        // A success that could not be parsed was cut off or garbled on the way.
        (200..=299 | 408 | 500.., _) => Failed::again(said),
        _ => Failed::for_good(Reason::Io, said),
    }
}

/// A code if it is a plain word, else nothing: servers may put anything there.
pub(super) fn word(s: Option<&str>) -> &str {
    s.filter(|s| s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_reason() {
        for (status, code, reason, again) in [
            (503, "SlowDown", Reason::Network, true),
            (500, "InternalError", Reason::Network, true),
            (502, "", Reason::Network, true),
            (501, "NotImplemented", Reason::Io, false),
            (429, "", Reason::Network, true),
            (400, "RequestTimeout", Reason::Network, true),
            (400, "OperationTimeoutException", Reason::Network, true),
            (200, "", Reason::Network, true),
            (412, "PreconditionFailed", Reason::Changed, false),
            (416, "InvalidRange", Reason::Changed, false),
            (404, "NoSuchKey", Reason::NotFound, false),
            (404, "NoSuchBucket", Reason::NotFound, false),
            (403, "AccessDenied", Reason::AccessDenied, false),
            (400, "ExpiredToken", Reason::AccessDenied, false),
            (403, "InvalidObjectState", Reason::Archived, false),
            (400, "InvalidRequest", Reason::Io, false),
        ] {
            let f = by_status(status, code, None);
            assert_eq!((f.error.reason, f.again), (reason, again), "{status} {code}");
            assert_eq!(f.slow, [429, 503].contains(&status), "{status} {code}");
        }
        assert!(by_status(301, "PermanentRedirect", Some("eu-west-1")).error.detail.contains("--region eu-west-1"));
        assert_eq!(word(Some("jane@x.com said <xml>")), "");
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let mut a = Attempts { made: 1, limit: 3, base: Duration::from_millis(100) };
        assert!(a.wait(false) <= Duration::from_millis(100) && a.wait(true) >= Duration::from_millis(50));
        a.made = u32::MAX;
        assert!(a.wait(false) <= LONGEST && a.wait(true) <= LONGEST);
    }

    #[test]
    fn half_a_minute_of_slow_down_is_outlasted() {
        for _ in 0..100 {
            let mut a = Attempts::new(&Options::default());
            let mut waited = Duration::ZERO;
            for made in 1..a.limit {
                a.made = made;
                waited += a.wait(true);
            }
            assert!(waited > Duration::from_secs(30), "{waited:?}");
        }
    }
}
