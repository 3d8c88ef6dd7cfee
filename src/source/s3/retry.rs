//! What an answer of the SDK means, and small requests that are sent until they are answered.

use std::future::Future;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::timeout;

use super::super::attempts::{Attempts, Failed, by_status, word};
use super::Bucket;
use crate::base::{Reason, Result};

/// The answer to a request, however often it takes; each is sent when the bucket bears one more.
pub(super) async fn answered<T, E, F>(bucket: &Bucket, send: impl Fn() -> F) -> Result<T>
where
    E: ProvideErrorMetadata,
    F: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
{
    let mut attempts = Attempts::new(&bucket.options);
    loop {
        let slot = bucket.pace.enter().await;
        let failed = match timeout(bucket.options.stall, send()).await {
            Ok(Ok(answer)) => {
                slot.answered(false);
                return Ok(answer);
            }
            Ok(Err(e)) => sort(&e),
            Err(_) => Failed::again("no answer in time"),
        };
        slot.answered(failed.slow);
        attempts.after(failed).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
