//! Requests to services of AWS of which we need a list or two: signed as all are, sent and sorted here.
//!
//! Their SDKs would be a large part of this program for a handful of requests.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_s3::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;
use reqwest::redirect::Policy;
use serde_json::Value;

use super::attempts::{Attempts, Failed, by_status, word};
use super::whole::is_whole;
use super::{Options, runtime};
use crate::base::{Error, Reason, Result};

/// A service.
pub(super) struct Service {
    /// As it is signed for, and its host's first part.
    pub name: &'static str,
    /// The environment's name of another server.
    pub endpoint: &'static str,
}

/// What is asked.
pub(super) struct Message {
    /// Behind the host; mostly `/`.
    pub path: &'static str,
    pub media: &'static str,
    /// The operation, where it is no field of the body.
    pub target: Option<&'static str>,
    pub body: String,
}

impl Message {
    /// An action with its fields, as a form.
    pub fn form(action: &str, version: &str, fields: &[(&str, &str)]) -> Message {
        let mut body = format!("Action={action}&Version={version}");
        fields.iter().for_each(|(name, value)| body += &format!("&{name}={}", encoded(value)));
        Message { path: "/", media: "application/x-www-form-urlencoded; charset=utf-8", target: None, body }
    }
}

/// Who sends.
pub(super) struct Signed {
    http: reqwest::Client,
    config: SdkConfig,
    /// Where requests go unless the environment says otherwise; `None`: to the service in the region.
    home: Option<String>,
    /// The environment is not asked where requests go.
    settled: bool,
}

/// How requests are sent. A redirection is not followed: what is signed for one server is no other's.
fn sender(options: &Options) -> reqwest::ClientBuilder {
    let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).timeout(options.stall.max(Duration::from_secs(5)));
    http.redirect(Policy::none())
}

fn made(http: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    http.build().map_err(|_| Error::new(Reason::Io, "no client for HTTP could be made"))
}

impl Signed {
    /// Sends nothing yet.
    pub fn new(config: &SdkConfig, options: &Options) -> Result<Signed> {
        Ok(Signed { http: made(sender(options))?, config: config.clone(), home: None, settled: false })
    }

    /// For what nobody else may see: it goes to the service in the region, or to the server that the environment names for this service and no
    /// other, by https or on this machine. Fails where it names another, and for a region that is none: it is a part of the service's address.
    pub fn in_private(config: &SdkConfig, options: &Options, service: &Service) -> Result<Signed> {
        let mut signed = Signed { http: made(sender(options).https_only(true))?, settled: true, ..Signed::new(config, options)? };
        let region = signed.region();
        if !is_region(region) {
            return Err(Error::new(Reason::NotFound, "the region of the environment is none: set AWS_REGION to one such as eu-west-1"));
        }
        if let Some(url) = own(service.endpoint) {
            if is_here(&url) {
                // Nor by a proxy of somebody, in the clear.
                signed.http = made(sender(options).no_proxy())?;
            } else if !Url::parse(&url).is_ok_and(|u| u.scheme() == "https") {
                let detail =
                    format!("{} has to name a server by https, or one of this machine: a key is not sent in the clear", service.endpoint);
                return Err(Error::new(Reason::AccessDenied, detail));
            }
            signed.home = Some(url);
        }
        Ok(signed)
    }

    /// The same for a server that somebody has named.
    pub fn at(self, url: &str) -> Signed {
        Signed { home: Some(url.to_owned()), ..self }
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        self.config.region().map_or("us-east-1", |r| r.as_ref())
    }

    /// The answer's text, however often it takes. A refusal has the server's code in its detail, and nothing else of what it says.
    pub fn ask(&self, service: &Service, message: &Message, options: &Options) -> Result<String> {
        self.order(service, message, options).map_err(|e| e.0)
    }

    /// The same for what costs money: with an error comes whether all attempts were refused, so that nothing was done. An answer that
    /// was lost is no refusal.
    pub fn order(&self, service: &Service, message: &Message, options: &Options) -> Result<String, (Error, bool)> {
        runtime::shared().map_err(|e| (e, true))?.block_on(async {
            let (mut attempts, mut refused) = (Attempts::new(options), true);
            loop {
                match self.once(service, message).await {
                    Ok(text) => return Ok(text),
                    Err(failed) => {
                        refused &= !failed.again || (failed.slow && failed.error.detail.starts_with("HTTP 4"));
                        attempts.after(failed).await.map_err(|e| (e, refused))?;
                    }
                }
            }
        })
    }

    async fn once(&self, service: &Service, message: &Message) -> Result<String, Failed> {
        let region = self.region();
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let elsewhere = if self.settled { None } else { own(service.endpoint).or_else(|| own("AWS_ENDPOINT_URL")) };
        let url = elsewhere.or_else(|| self.home.clone());
        let url = url.unwrap_or_else(|| format!("https://{}.{region}.{domain}", service.name));
        let url = format!("{}{}", url.trim_end_matches('/'), message.path);
        let unsigned = || Failed::for_good(Reason::AccessDenied, "the request could not be signed: check credentials and region");
        let provider = self.config.credentials_provider().ok_or_else(unsigned)?;
        let identity = provider.provide_credentials().await.map_err(|_| unsigned())?.into();
        let mut headers = vec![("content-type", message.media)];
        headers.extend(message.target.map(|t| ("x-amz-target", t)));
        let params = v4::SigningParams::builder().identity(&identity).region(region).name(service.name).time(SystemTime::now());
        let params = params.settings(SigningSettings::default()).build().map_err(|_| unsigned())?.into();
        let body = SignableBody::Bytes(message.body.as_bytes());
        let request = SignableRequest::new("POST", url.as_str(), headers.iter().copied(), body).map_err(|_| unsigned())?;
        let (signed, _) = sign(request, &params).map_err(|_| unsigned())?.into_parts();
        let mut request = self.http.post(&url).body(message.body.clone());
        for (name, value) in headers.into_iter().chain(signed.headers()) {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|e| match e.is_builder() {
            true => Failed::for_good(Reason::Io, "the request could not be built"),
            false => Failed::again("the server could not be reached"),
        })?;
        let status = answer.status().as_u16();
        // Some services say it here alone, with an address behind it.
        let said = answer.headers().get("x-amzn-errortype").and_then(|t| Some(t.to_str().ok()?.split(':').next()?.to_owned()));
        let text = answer.text().await.map_err(|_| Failed::again("the answer broke off"))?;
        match status {
            200..=299 if is_whole(text.as_bytes()) => Ok(text),
            200..=299 => Err(Failed::again("the answer was cut off")),
            _ => Err(by_status(status, word(code(&text).or(said).as_deref()), None)),
        }
    }
}

/// What the environment says.
fn own(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|u| !u.is_empty())
}

/// Whether this can stand in a host's name as the one word that it is.
pub(super) fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether the address is one of this machine.
fn is_here(url: &str) -> bool {
    let host = Url::parse(url).ok().filter(|u| matches!(u.scheme(), "http" | "https")).and_then(|u| Some(u.host_str()?.to_owned()));
    host.is_some_and(|h| h == "localhost" || h.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

/// The error's code, in JSON or XML. PRIVACY: messages are not looked at.
fn code(text: &str) -> Option<String> {
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        return Some(json["__type"].as_str()?.rsplit('#').next()?.to_owned());
    }
    let (_, rest) = text.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_their_codes_and_no_messages() {
        assert_eq!(
            code(r#"{"__type":"com.amazon.coral#AccessDeniedException","Message":"jane"}"#).as_deref(),
            Some("AccessDeniedException")
        );
        assert_eq!(code("<E><Error><Code>AccessDenied</Code><Message>jane</Message></Error></E>").as_deref(), Some("AccessDenied"));
        assert_eq!(code("hello"), None);
    }

    #[test]
    fn this_machine_is_known_by_its_address() {
        for (url, here) in [
            ("http://127.0.0.1:4566", true),
            ("http://localhost/", true),
            ("https://[::1]:8443", true),
            ("http://127.0.0.1.example", false),
            ("http://127.0.0.1@kms.example", false),
            ("http://seaweed:8333", false),
            ("ftp://127.0.0.1", false),
            ("127.0.0.1:4566", false),
            ("", false),
        ] {
            assert_eq!(is_here(url), here, "{url}");
        }
        for (region, is) in
            [("eu-west-1", true), ("us-gov-east-1", true), ("", false), ("evil.example/", false), ("EU-WEST-1", false), ("a b", false)]
        {
            assert_eq!(is_region(region), is, "{region}");
        }
    }

    #[test]
    fn forms_are_encoded() {
        let m = Message::form("Do", "1", &[("Marker", "m 1/ü"), ("Plain", "a-b_c.d~")]);
        assert_eq!(m.body, "Action=Do&Version=1&Marker=m%201%2F%C3%BC&Plain=a-b_c.d~");
    }
}
