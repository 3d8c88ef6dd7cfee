//! Credentials and region, for every service of AWS that a source asks.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};

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

/// Where requests of S3 go if that is no server of Amazon's: as `options` say, else as the environment or the profile does. A
/// section `[services]` of a profile is not looked at.
pub(super) fn other_server(options: &Options, config: &SdkConfig) -> Option<String> {
    let own = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let ignored = own("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let named = || own("AWS_ENDPOINT_URL_S3").filter(|_| !ignored).or_else(|| config.endpoint_url().map(str::to_owned));
    options.endpoint_url.clone().or_else(named).filter(|url| !is_amazon(url))
}

/// Whether an endpoint is one of Amazon's own: of a region, of FIPS, of a VPC.
pub(super) fn is_amazon(url: &str) -> bool {
    let host = url.split("://").last().unwrap_or(url).split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|domain| host.ends_with(domain))
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
            ("http://seaweed:8333", false),
            ("https://amazonaws.com.example.org", false),
        ] {
            assert_eq!(is_amazon(url), amazon, "{url}");
        }
        let config = |url: Option<&str>| {
            let mut builder = SdkConfig::builder();
            builder.set_endpoint_url(url.map(str::to_owned));
            builder.build()
        };
        let options = |url: Option<&str>| Options { endpoint_url: url.map(str::to_owned), ..Options::default() };
        let seaweed = Some("http://seaweed:8333");
        assert_eq!(other_server(&options(seaweed), &config(None)).as_deref(), seaweed);
        assert_eq!(other_server(&options(None), &config(seaweed)).as_deref(), seaweed, "of the environment or a profile");
        assert_eq!(other_server(&options(Some("https://s3.eu-west-1.amazonaws.com")), &config(seaweed)), None);
    }
}
