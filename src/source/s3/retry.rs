//! What a failed request means, and how long to wait before the next.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::base::{Error, Reason};
use crate::source::Options;

const LONGEST: Duration = Duration::from_secs(20);

/// A failure, and whether another attempt may help.
pub(in crate::source) struct Failed {
    pub error: Error,
    pub again: bool,
}

impl Failed {
    pub fn for_good(reason: Reason, detail: impl Into<String>) -> Failed {
        Failed { error: Error::new(reason, detail), again: false }
    }

    pub fn again(detail: impl Into<String>) -> Failed {
        Failed { error: Error::new(Reason::Network, detail), again: true }
    }
}

/// Sorts an answer of the SDK. PRIVACY: status and error code only; messages and bodies may quote keys and tokens.
pub(in crate::source) fn sort<E: ProvideErrorMetadata>(e: &SdkError<E, HttpResponse>) -> Failed {
    match e {
        SdkError::ServiceError(s) => {
            let region = s.raw().headers().get("x-amz-bucket-region").map(|r| word(Some(r)));
            let message = s.err().message().unwrap_or("");
            encrypted(word(s.err().code()), message).unwrap_or_else(|| by_status(s.raw().status().as_u16(), word(s.err().code()), region))
        }
        SdkError::TimeoutError(_) => Failed::again("the connection timed out"),
        SdkError::DispatchFailure(d) if d.is_user() => Failed::for_good(Reason::Io, "the request could not be built"),
        SdkError::DispatchFailure(d) if d.is_timeout() => Failed::again("the connection timed out"),
        SdkError::DispatchFailure(_) => Failed::again("the server could not be reached"),
        SdkError::ResponseError(r) => by_status(r.raw().status().as_u16(), "", None),
        _ => Failed::for_good(Reason::AccessDenied, "the request could not be signed or built: check credentials, region and endpoint"),
    }
}

/// A refusal because of a key. PRIVACY: the message is looked at, never repeated.
fn encrypted(code: &str, message: &str) -> Option<Failed> {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    Some(match code {
        "AccessDenied" | "AccessDeniedException" if says("kms:") || says("kms key") || says("ciphertext") => Failed::for_good(
            Reason::AccessDenied,
            format!("{code}: the object is under a KMS key that we may not use: allow kms:Decrypt on the key of the bucket"),
        ),
        "InvalidRequest" | "InvalidArgument" if says("server side encryption") || says("server-side encryption") => {
            Failed::for_good(Reason::Encrypted, "the object is under a key of its writer (SSE-C), which S3 does not keep")
        }
        _ if code.starts_with("KMS.") => {
            Failed::for_good(Reason::Encrypted, format!("{code}: the KMS key of the object is disabled, deleted or not usable"))
        }
        _ => return None,
    })
}

fn by_status(status: u16, code: &str, region: Option<&str>) -> Failed {
    let said = if code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status} {code}") };
    match (status, code) {
        (_, "InvalidObjectState") => Failed::for_good(Reason::Archived, "the object is in an archive tier and was not restored"),
        (_, "SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable" | "Throttling" | "ThrottlingException") => {
            Failed::again(said)
        }
        (412, _) => Failed::for_good(Reason::Changed, "the object was overwritten since it was listed"),
        (416, _) => Failed::for_good(Reason::Changed, "the object is shorter than it was listed"),
        (301 | 307 | 400, _) if region.is_some_and(|r| !r.is_empty()) => {
            let detail = format!("{said}: the bucket lies in another region, use --region {}", region.unwrap_or_default());
            Failed::for_good(Reason::Io, detail)
        }
        (_, "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired") | (401 | 403, _) => {
            Failed::for_good(Reason::AccessDenied, said)
        }
        (404 | 405 | 410, _) => Failed::for_good(Reason::NotFound, said),
        // A success that could not be parsed was cut off or garbled on the way.
        (200..=299 | 408 | 429 | 500.., _) => Failed::again(said),
        _ => Failed::for_good(Reason::Io, said),
    }
}

/// A code if it is a plain word, else nothing: servers may put anything there.
fn word(s: Option<&str>) -> &str {
    s.filter(|s| s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')).unwrap_or("")
}

/// Counts the attempts of one piece of work.
pub(in crate::source) struct Attempts {
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
        tokio::time::sleep(self.wait()).await;
        Ok(())
    }

    /// Anything up to the doubled step, so that a thousand readers do not come back at once.
    fn wait(&self) -> Duration {
        let longest = self.base.saturating_mul(1 << (self.made - 1).min(16)).min(LONGEST);
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
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
            (429, "", Reason::Network, true),
            (400, "RequestTimeout", Reason::Network, true),
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
        }
        assert!(by_status(301, "PermanentRedirect", Some("eu-west-1")).error.detail.contains("--region eu-west-1"));
        assert_eq!(word(Some("jane@x.com said <xml>")), "");
    }

    #[test]
    fn keys_that_we_lack_are_told_apart() {
        for (code, message, want) in [
            (
                "AccessDenied",
                "User: jane is not authorized to perform: kms:Decrypt on resource",
                Some((Reason::AccessDenied, "kms:Decrypt")),
            ),
            ("AccessDenied", "The ciphertext refers to a customer master key that does not exist", Some((Reason::AccessDenied, "KMS"))),
            ("AccessDenied", "Access Denied", None),
            ("KMS.DisabledException", "arn:aws:kms:… is disabled.", Some((Reason::Encrypted, "KMS.DisabledException"))),
            (
                "InvalidRequest",
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
                Some((Reason::Encrypted, "SSE-C")),
            ),
            ("InvalidRequest", "something else", None),
        ] {
            let found = encrypted(code, message).map(|f| f.error);
            assert_eq!(found.as_ref().map(|e| e.reason), want.map(|w| w.0), "{code} {message}");
            if let (Some(e), Some((_, says))) = (found, want) {
                assert!(e.detail.contains(says) && !e.detail.contains("jane"), "{}", e.detail);
            }
        }
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let mut a = Attempts { made: 1, limit: 3, base: Duration::from_millis(100) };
        assert!(a.wait() <= Duration::from_millis(100));
        a.made = u32::MAX;
        assert!(a.wait() <= LONGEST);
    }
}
