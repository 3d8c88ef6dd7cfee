//! Credentials and region, for every service of AWS that a source asks.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};
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
        let config = loader.load().await;
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
    let provider = SharedCredentialsProvider::new(provider.configure(&config).build().await);
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
