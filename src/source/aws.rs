//! Credentials and region, for every service of AWS that a source asks.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;

use super::{Options, runtime};
use crate::base::{Error, Reason, Result};

/// The configuration by the default chain, by the profile and region of `options`. Endpoints that the environment names for a
/// service (`AWS_ENDPOINT_URL_GLUE`, `AWS_ENDPOINT_URL`) come with it. Fails with `access_denied` where there are no credentials.
pub(super) fn configuration(options: &Options) -> Result<SdkConfig> {
    runtime::shared()?.block_on(async {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(p) = &options.profile {
            loader = loader.profile_name(p);
        }
        if let Some(r) = &options.region {
            loader = loader.region(Region::new(r.clone()));
        }
        let config = with_credentials(loader.load().await);
        check_credentials(config.credentials_provider()).await?;
        // Most servers that are not AWS know no regions, and AWS names the right one in its refusal.
        let known = config.region().is_some();
        let config = if known { config } else { config.into_builder().region(Region::from_static("us-east-1")).build() };
        match &options.assume_role {
            Some(role) => assume(config, role, options.external_id.as_deref()).await,
            None => Ok(config),
        }
    })
}

/// Credentials that are asked for, and remembered, in the shared runtime, whoever needs them: the connections of their services and what
/// is remembered are everybody's, and would stand still for all others while a [hand](super::hand) that was at it does.
#[derive(Debug)]
struct Beside {
    provider: SharedCredentialsProvider,
    known: Arc<tokio::sync::Mutex<Option<(Credentials, Instant)>>>,
}

/// For so long credentials without an end are good: those of a file may be changed.
const GOOD: Duration = Duration::from_secs(15 * 60);
/// So long before their end they are asked for anew.
const BEFORE_END: Duration = Duration::from_secs(10);
/// So long it may take.
const LOAD: Duration = Duration::from_secs(30);

impl Beside {
    fn around(provider: SharedCredentialsProvider) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Beside { provider, known: Arc::default() })
    }
}

impl ProvideCredentials for Beside {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let (provider, known) = (self.provider.clone(), self.known.clone());
        future::ProvideCredentials::new(async move {
            let runtime = runtime::shared().map_err(CredentialsError::provider_error)?;
            let asked = runtime.spawn(async move {
                let mut known = known.lock().await;
                if let Some((credentials, since)) = &*known {
                    let good = match credentials.expiry() {
                        Some(end) => end > SystemTime::now() + BEFORE_END,
                        None => since.elapsed() < GOOD,
                    };
                    if good {
                        return Ok(credentials.clone());
                    }
                }
                let asked = tokio::time::timeout(LOAD, provider.provide_credentials()).await;
                let new = asked.map_err(|_| CredentialsError::provider_timed_out(LOAD))??;
                *known = Some((new.clone(), Instant::now()));
                Ok(new)
            });
            asked.await.map_err(CredentialsError::provider_error)?
        })
    }
}

fn with_credentials(config: SdkConfig) -> SdkConfig {
    match config.credentials_provider() {
        Some(provider) => config.into_builder().credentials_provider(Beside::around(provider)).build(),
        None => config,
    }
}

/// Whether requests of S3 go to a server that is not Amazon's. Nothing is sent and no credentials are asked for: without an
/// endpoint that somebody has set, it is Amazon, whatever the region is called.
pub(super) fn is_elsewhere(options: &Options, config: &SdkConfig) -> bool {
    endpoint(options, config).is_some_and(|url| !is_amazon(&url))
}

/// The endpoint that is set for S3: by `options`, else as the SDK does it by the environment or the profile (`AWS_ENDPOINT_URL_S3`,
/// `AWS_ENDPOINT_URL`, `endpoint_url` of the profile or of its `services`).
fn endpoint(options: &Options, config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let of_service = || config.service_config()?.load_config(key.ok()?);
    let of_all = || config.endpoint_url().map(str::to_owned);
    match &options.endpoint_url {
        Some(url) => Some(url.clone()),
        None if config.get_origin("endpoint_url").is_client_config() => of_all(),
        None => of_service().or_else(of_all),
    }
}

/// Which server of S3 is asked, and by whom: two listings with the same words are one's. Who has passing credentials is known by the
/// account, where these tell it; a role that we assume by its name, in `options`.
pub(super) fn by_whom(options: &Options, config: &SdkConfig) -> String {
    let asked = async {
        let provider = config.credentials_provider()?;
        let found = provider.provide_credentials().await;
        found.ok()
    };
    let who = match &options.assume_role {
        Some(role) => Some(role.clone()),
        None => runtime::shared().ok().and_then(|r| r.block_on(asked)).map(|c| match c.account_id() {
            Some(account) if c.session_token().is_some() => account.as_str().to_owned(),
            _ => c.access_key_id().to_owned(),
        }),
    };
    format!("{:?}", (endpoint(options, config), config.region(), who))
}

/// What the names of Amazon's own servers end with, in all its partitions.
const AMAZON: [&str; 11] = [
    ".amazonaws.com",
    ".api.aws",
    ".amazonaws.com.cn",
    ".api.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".api.amazonwebservices.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".api.cloud-aws.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// Whether an endpoint that somebody has set is one of Amazon's own: of a region, of FIPS, of a VPC.
pub(super) fn is_amazon(url: &str) -> bool {
    let host = url.split("://").last().unwrap_or(url).split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    AMAZON.iter().any(|domain| host.ends_with(domain))
}

/// The same with the credentials of a role, which are renewed as long as they are used. Fails with `access_denied` where the role is
/// not given to us.
async fn assume(config: SdkConfig, role: &str, external_id: Option<&str>) -> Result<SdkConfig> {
    let mut provider = AssumeRoleProvider::builder(role).session_name("piimap");
    if let Some(id) = external_id {
        provider = provider.external_id(id);
    }
    let provider = Beside::around(SharedCredentialsProvider::new(provider.configure(&config).build().await));
    if provider.provide_credentials().await.is_err() {
        let detail =
            "the role could not be assumed: its trust policy must name us, and the external id if it asks for one; allow sts:AssumeRole";
        return Err(Error::new(Reason::AccessDenied, detail));
    }
    Ok(config.into_builder().credentials_provider(provider).build())
}

/// Asks for credentials before the first request, because a request without them fails with a riddle.
async fn check_credentials(provider: Option<SharedCredentialsProvider>) -> Result<()> {
    let found = match provider {
        Some(p) => p.provide_credentials().await.is_ok(),
        None => false,
    };
    if found {
        return Ok(());
    }
    Err(Error::new(
        Reason::AccessDenied,
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with --profile, or run `aws sso login`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_are_known_by_their_address() {
        for (url, amazon) in [
            ("https://s3.eu-west-1.amazonaws.com", true),
            ("https://s3.cn-north-1.amazonaws.com.cn/", true),
            ("https://bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com:443", true),
            ("https://s3.eusc-de-east-1.amazonaws.eu", true),
            ("https://s3.dualstack.us-east-1.api.aws", true),
            ("https://s3.us-iso-east-1.c2s.ic.gov", true),
            ("http://seaweed:8333", false),
            ("https://amazonaws.com.example.org", false),
        ] {
            assert_eq!(is_amazon(url), amazon, "{url}");
        }
        // No credentials: nothing is signed to find out.
        let config = |url: Option<&str>, region: &'static str| {
            let mut builder = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::from_static(region));
            builder.set_endpoint_url(url.map(str::to_owned));
            builder.build()
        };
        let options = |url: Option<&str>| Options { endpoint_url: url.map(str::to_owned), ..Options::default() };
        let (seaweed, amazon) = (Some("http://seaweed:8333"), Some("https://s3.eu-west-1.amazonaws.com"));
        for (given, set, elsewhere) in
            [(seaweed, None, true), (None, seaweed, true), (None, None, false), (amazon, seaweed, false), (seaweed, amazon, true)]
        {
            assert_eq!(is_elsewhere(&options(given), &config(set, "eu-west-1")), elsewhere, "{given:?} {set:?}");
        }
        for region in ["eusc-de-east-1", "cn-north-1", "us-isob-east-1", "xx-not-yet-1"] {
            assert!(!is_elsewhere(&options(None), &config(None, region)), "{region}");
        }
    }

    #[test]
    fn listings_of_two_servers_or_two_keys_are_two() {
        let by = |url: Option<&str>, (key, token, account): (&str, Option<&str>, &str), role: Option<&str>| {
            let mut who = Credentials::builder().access_key_id(key).secret_access_key("s").provider_name("test").account_id(account);
            who.set_session_token(token.map(str::to_owned));
            let who = SharedCredentialsProvider::new(who.build());
            let mut builder = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).credentials_provider(who);
            // As the environment or a profile names it.
            builder.set_endpoint_url(url.map(str::to_owned));
            by_whom(&Options { assume_role: role.map(str::to_owned), ..Options::default() }, &builder.build())
        };
        let (key, passing, later) = (("AKIA1", None, "1"), ("ASIA1", Some("t"), "1"), ("ASIA2", Some("u"), "1"));
        let all = [
            by(None, key, None),
            by(Some("http://seaweed:8333"), key, None),
            by(Some("http://garage:3900"), key, None),
            by(None, ("AKIA2", None, "1"), None),
            by(None, passing, None),
            by(None, key, Some("arn:aws:iam::1:role/reader")),
        ];
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len(), "{all:?}");
        assert_eq!(by(None, passing, None), by(None, later, None), "credentials of a session are new in every run");
        assert_eq!(by(None, passing, Some("r")), by(None, later, Some("r")));
    }

    #[test]
    fn credentials_are_asked_for_once_and_by_nobodys_hand() {
        use crate::source::hand;
        use std::sync::atomic::{AtomicUsize, Ordering};

        /// Takes its time; what it gives ends after so long.
        #[derive(Debug)]
        struct Slow(Arc<AtomicUsize>, Duration);
        impl ProvideCredentials for Slow {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                self.0.fetch_add(1, Ordering::SeqCst);
                let end = SystemTime::now() + self.1;
                future::ProvideCredentials::new(async move {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok(Credentials::new("id", "secret", None, Some(end), "test"))
                })
            }
        }
        for (ends, times) in [(Duration::from_secs(600), 1), (Duration::from_secs(1), 3)] {
            let asked = Arc::new(AtomicUsize::new(0));
            let provider = Beside::around(SharedCredentialsProvider::new(Slow(asked.clone(), ends)));
            let (hand, theirs) = (hand::own().unwrap(), provider.clone());
            // It begins on this thread, which then does something else.
            let mut begun = hand.spawn(async move { drop(theirs.provide_credentials().await) });
            while asked.load(Ordering::SeqCst) == 0 {
                hand.wait(async { tokio::time::sleep(Duration::from_millis(1)).await });
            }
            assert!(!begun.is_finished());
            let other = provider.clone();
            let there = std::thread::spawn(move || hand::own().unwrap().wait(async { other.provide_credentials().await.is_ok() }));
            assert!(there.join().unwrap(), "others get theirs meanwhile");
            hand.wait(&mut begun).unwrap();
            assert!(hand.wait(async { provider.provide_credentials().await.is_ok() }));
            assert_eq!(asked.load(Ordering::SeqCst), times);
        }
    }

    #[test]
    fn what_is_set_for_s3_alone_goes_first() {
        #[derive(Debug)]
        struct Set;
        impl aws_types::service_config::LoadServiceConfig for Set {
            fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
                let asked = (key.service_id(), key.env(), key.profile());
                (asked == ("S3", "AWS_ENDPOINT_URL", "endpoint_url")).then(|| "http://seaweed:8333".to_owned())
            }
        }
        let config = SdkConfig::builder().service_config(Set).endpoint_url("https://s3.eu-west-1.amazonaws.com").build();
        assert_eq!(endpoint(&Options::default(), &config).as_deref(), Some("http://seaweed:8333"));
        assert!(is_elsewhere(&Options::default(), &config));
    }
}
