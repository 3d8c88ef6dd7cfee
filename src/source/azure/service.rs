//! Requests to the service of one account: signed, sent once, and what their failures mean.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureConfigKey, AzureCredential, MicrosoftAzureBuilder};
use object_store::client::{ClientConfigKey, HttpClient, HttpConnector, HttpRequest, HttpRequestBody, HttpResponse, ReqwestConnector};
use object_store::{ClientOptions, CredentialProvider, HeaderValue, RetryConfig, StaticCredentialProvider};

use super::super::attempts::{Failed, by_status, word};
use super::super::{Options, runtime};
use crate::base::{Error, Reason, Result};

/// The version of the protocol, as `object_store` signs it.
const PROTOCOL: &str = "2023-11-03";

const NO_CREDENTIALS: &str = "no Azure credentials: set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID, AZURE_TENANT_ID \
     and AZURE_CLIENT_SECRET, or AZURE_USE_AZURE_CLI=true after `az login`; a managed identity is used where there is one; \
     AZURE_SKIP_SIGNATURE=true reads a public container";

/// Who asks.
pub(super) enum Credentials {
    Anonymous,
    /// Tokens are renewed by the provider.
    Provided(Arc<dyn CredentialProvider<Credential = AzureCredential>>),
}

impl Credentials {
    /// Credentials that do not change.
    pub fn fixed(credential: AzureCredential) -> Credentials {
        Credentials::Provided(Arc::new(StaticCredentialProvider::new(credential)))
    }
}

/// The key of an account from its base64. PRIVACY: the error does not quote it.
pub(super) fn key(base64: &str) -> Result<AzureAccessKey> {
    AzureAccessKey::try_new(base64).map_err(|_| Error::new(Reason::AccessDenied, "the account key is not base64"))
}

/// Credentials and endpoint from the variables `AZURE_…`. Credentials are asked for before the first request, because a request without them
/// fails with a riddle. PRIVACY: errors of the builder may quote a signature, so they are not repeated.
pub(super) fn from_environment(account: &str, container: &str) -> Result<(Credentials, Option<String>)> {
    let builder = MicrosoftAzureBuilder::from_env().with_account(account).with_container_name(container);
    let said = |key: AzureConfigKey| builder.get_config_value(&key).filter(|v| !v.is_empty());
    let endpoint = said(AzureConfigKey::Endpoint);
    if said(AzureConfigKey::SkipSignature).is_some_and(|v| matches!(v.as_str(), "1" | "true" | "yes" | "on")) {
        return Ok((Credentials::Anonymous, endpoint));
    }
    // Where nothing is set, the address of managed identities is asked, which on other machines does not answer.
    let retry = RetryConfig { max_retries: 1, retry_timeout: Duration::from_secs(10), ..RetryConfig::default() };
    let built = builder.with_retry(retry).with_config(AzureConfigKey::Client(ClientConfigKey::AllowHttp), "true").build();
    let wrong = |_| Error::new(Reason::AccessDenied, "the Azure credentials in the environment are not well formed");
    let provider = built.map_err(wrong)?.credentials().clone();
    let found = runtime::shared()?.block_on(async { provider.get_credential().await.is_ok() });
    if !found {
        return Err(Error::new(Reason::AccessDenied, NO_CREDENTIALS));
    }
    Ok((Credentials::Provided(provider), endpoint))
}

/// The service of an account.
pub(super) struct Service {
    pub account: String,
    /// Where it answers, without a slash at its end.
    base: String,
    credentials: Credentials,
    client: HttpClient,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Service {
    /// Asks nothing yet. Fails for an endpoint that is no URL.
    pub fn new(account: &str, credentials: Credentials, options: &Options) -> Result<Service> {
        let base = base(account, options.endpoint_url.as_deref())?;
        let client = ClientOptions::new()
            .with_allow_http(base.starts_with("http://"))
            .with_connect_timeout(options.stall.min(Duration::from_secs(10)))
            // A range may take its time as long as it comes.
            .with_timeout_disabled();
        // Connections live on the runtime on which they are made.
        let _inside = runtime::shared()?.enter();
        let client = ReqwestConnector::default().connect(&client);
        let client = client.map_err(|_| Error::new(Reason::Io, "the HTTP client could not be built: no certificates of this machine"))?;
        Ok(Service { account: account.to_owned(), base, credentials, client })
    }

    /// One GET of a path (not encoded) with a query (encoded) and headers. Fails unless the answer is a success.
    pub async fn get(&self, path: &str, query: &str, headers: &[(&'static str, String)]) -> Result<HttpResponse, Failed> {
        let mark = if query.is_empty() { "" } else { "?" };
        let unbuilt = || Failed::for_good(Reason::Io, "the request could not be built");
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = format!("{}/{}{mark}{query}", self.base, encoded(path, "/")).parse().map_err(|_| unbuilt())?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).map_err(|_| unbuilt())?);
        }
        match &self.credentials {
            Credentials::Anonymous => drop(request.headers_mut().insert("x-ms-version", HeaderValue::from_static(PROTOCOL))),
            Credentials::Provided(provider) => {
                let refused = |_| Failed::again("the identity service gave no token");
                let credential = provider.get_credential().await.map_err(refused)?;
                AzureAuthorizer::new(&credential, &self.account).authorize(&mut request);
            }
        }
        // PRIVACY: the message of an error may quote the URL, in which a signature stands.
        let answer = self.client.execute(request).await.map_err(|_| Failed::again("the server could not be reached"))?;
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(sort(status, word(answer.headers().get("x-ms-error-code").and_then(|c| c.to_str().ok()))))
    }
}

/// Where an account answers: in the public cloud, or at another server. There an address without a path gets the name of the
/// account as its first segment, unless the name of the host begins with it.
fn base(account: &str, endpoint: Option<&str>) -> Result<String> {
    let Some(url) = endpoint else { return Ok(format!("https://{account}.blob.core.windows.net")) };
    let url = url.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest.filter(|r| !r.is_empty() && !r.contains(['?', '#', '@', ' '])) else {
        return Err(Error::new(Reason::NotFound, "the endpoint of Azure is http:// or https://, a host, and at most a path"));
    };
    let own_host = rest.strip_prefix(account).is_some_and(|r| r.starts_with('.'));
    Ok(if rest.contains('/') || own_host { url.to_owned() } else { format!("{url}/{account}") })
}

/// Percent-encodes all but letters, digits, `-._~` and what is in `keep`. A query is signed as it is decoded, so that a space
/// is never a `+`.
pub(super) fn encoded(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for b in text.bytes() {
        match b {
            b'-' | b'.' | b'_' | b'~' => out.push(b as char),
            _ if b.is_ascii_alphanumeric() || keep.as_bytes().contains(&b) => out.push(b as char),
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// What an answer means. PRIVACY: status and code only.
fn sort(status: u16, code: &str) -> Failed {
    match code {
        "BlobArchived" | "BlobBeingRehydrated" => {
            Failed::for_good(Reason::Archived, "the blob is in the archive tier and was not rehydrated")
        }
        "BlobUsesCustomerSpecifiedEncryption" => {
            Failed::for_good(Reason::Encrypted, "the blob is under a key of its writer, which Azure does not keep")
        }
        "ServerBusy" | "InternalError" | "OperationTimedOut" => Failed::again(format!("HTTP {status} {code}")),
        "PublicAccessNotPermitted" | "AccountIsDisabled" | "InsufficientAccountPermissions" => {
            Failed::for_good(Reason::AccessDenied, format!("HTTP {status} {code}"))
        }
        _ => by_status(status, code, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_reasons_of_s3() {
        for (status, code, reason, again) in [
            (503, "ServerBusy", Reason::Network, true),
            (500, "InternalError", Reason::Network, true),
            (500, "OperationTimedOut", Reason::Network, true),
            (429, "", Reason::Network, true),
            (404, "BlobNotFound", Reason::NotFound, false),
            (404, "ContainerNotFound", Reason::NotFound, false),
            (403, "AuthenticationFailed", Reason::AccessDenied, false),
            (401, "NoAuthenticationInformation", Reason::AccessDenied, false),
            (409, "PublicAccessNotPermitted", Reason::AccessDenied, false),
            (409, "BlobArchived", Reason::Archived, false),
            (409, "BlobUsesCustomerSpecifiedEncryption", Reason::Encrypted, false),
            (412, "ConditionNotMet", Reason::Changed, false),
            (416, "InvalidRange", Reason::Changed, false),
            (400, "InvalidQueryParameterValue", Reason::Io, false),
        ] {
            let f = sort(status, code);
            assert_eq!((f.error.reason, f.again), (reason, again), "{status} {code}");
        }
    }

    #[test]
    fn where_an_account_answers() {
        for (endpoint, want) in [
            (None, "https://acc.blob.core.windows.net"),
            (Some("http://127.0.0.1:10000/acc"), "http://127.0.0.1:10000/acc"),
            (Some("http://127.0.0.1:10000/"), "http://127.0.0.1:10000/acc"),
            (Some("https://acc.blob.core.chinacloudapi.cn/"), "https://acc.blob.core.chinacloudapi.cn"),
        ] {
            assert_eq!(base("acc", endpoint).unwrap(), want);
        }
        for wrong in ["ftp://x", "http://", "http://user@host", "https://x?sig=1"] {
            let e = base("acc", Some(wrong)).unwrap_err();
            assert!(!e.detail.contains("sig") && e.reason == Reason::NotFound);
        }
    }

    #[test]
    fn names_are_encoded() {
        assert_eq!(encoded("a b/ü%2F+~.x", "/"), "a%20b/%C3%BC%252F%2B~.x");
        assert_eq!(encoded("a/b", ""), "a%2Fb");
    }
}
