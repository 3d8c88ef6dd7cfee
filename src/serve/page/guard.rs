//! Who may ask: programs of this machine that know the token, and no page of another site through a browser.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::report::{self, Frame};

/// The name of the cookie that holds the token once it was given.
const COOKIE: &str = "piimap";

/// Look-ups of people at once, and how many come back each second: enough for a person, too few to try out all numbers.
const BURST: f64 = 30.0;
const PER_SECOND: f64 = 0.5;

pub(super) struct Guard {
    /// What a browser on this machine calls us. Another name is a page elsewhere that had its own name lead here.
    hosts: Vec<String>,
    token: Option<String>,
    left: Mutex<(f64, Instant)>,
}

/// Headers of every answer. Styles stand in the page, everything else comes from here, nothing from elsewhere.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, include_str!("policy.txt")),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Without any referrer a browser says of our own forms as well that they come from nowhere (`Origin: null`).
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

impl Guard {
    pub fn new(address: SocketAddr, token: Option<String>) -> Guard {
        let port = address.port();
        let hosts = vec![address.to_string(), format!("localhost:{port}")];
        Guard { hosts, token, left: Mutex::new((BURST, Instant::now())) }
    }

    /// Whether another person may be looked up now.
    pub fn may_look_up(&self) -> bool {
        self.may_look_up_at(Instant::now())
    }

    fn may_look_up_at(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = (left.0 + now.duration_since(left.1).as_secs_f64() * PER_SECOND).min(BURST);
        let ok = filled >= 1.0;
        *left = (if ok { filled - 1.0 } else { filled }, now);
        ok
    }

    /// A number that nobody has to be kept from guessing: which values are shown.
    pub fn random(&self) -> u64 {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.1.elapsed().as_nanos() as u64 ^ u64::from(std::process::id())
    }

    fn knows_host(&self, headers: &HeaderMap) -> bool {
        headers.get(header::HOST).and_then(|h| h.to_str().ok()).is_some_and(|h| self.hosts.iter().any(|known| known == h))
    }

    /// A form may be sent by our own pages only.
    fn own_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        origin.to_str().is_ok_and(|o| self.hosts.iter().any(|h| o.strip_prefix("http://") == Some(h)))
    }

    fn is_token(&self, given: &str) -> bool {
        // Hashes are compared in constant time.
        self.token.as_ref().is_none_or(|t| blake3::hash(t.as_bytes()) == blake3::hash(given.as_bytes()))
    }

    fn cookie_fits(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|c| c.to_str().ok()).flat_map(|c| c.split("; "));
        self.token.is_none() || cookies.filter_map(|c| c.split_once('=')).any(|(name, value)| name == COOKIE && self.is_token(value))
    }
}

/// Lets a request through, or answers it.
pub(super) async fn check(State(state): State<Arc<super::State>>, request: Request, next: Next) -> Response {
    let guard = &state.guard;
    let given = request.uri().query().and_then(|q| q.split('&').find_map(|p| p.strip_prefix("token=")));
    let mut response = if !guard.knows_host(request.headers()) {
        refused(StatusCode::MISDIRECTED_REQUEST, "This is not the name of this page.")
    } else if request.method() != Method::GET && !guard.own_origin(request.headers()) {
        refused(StatusCode::FORBIDDEN, "Another site asked.")
    } else if let Some(token) = given.filter(|t| guard.is_token(t)) {
        // From the address into a cookie, so that it is not in the history of each page.
        let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
        (StatusCode::SEE_OTHER, [(header::LOCATION, request.uri().path().to_owned()), (header::SET_COOKIE, cookie)]).into_response()
    } else if !guard.cookie_fits(request.headers()) {
        refused(StatusCode::FORBIDDEN, "Open the address that `piimap serve` printed: it holds the token.")
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value.trim_ascii()));
    }
    response
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Html(report::sorry_page(Frame::Site(""), "Not let in", why))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(HeaderName, &'static str)]) -> HeaderMap {
        list.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_this_machine_and_who_knows_the_token() {
        let g = Guard::new("127.0.0.1:8484".parse().unwrap(), Some("abc".into()));
        for (host, want) in [("127.0.0.1:8484", true), ("localhost:8484", true), ("evil.example:8484", false), ("127.0.0.1", false)] {
            assert_eq!(g.knows_host(&headers(&[(header::HOST, host)])), want, "{host}");
        }
        assert!(!g.knows_host(&headers(&[])));
        for (cookie, want) in [("piimap=abc", true), ("a=b; piimap=abc", true), ("piimap=abd", false), ("x=abc", false)] {
            assert_eq!(g.cookie_fits(&headers(&[(header::COOKIE, cookie)])), want, "{cookie}");
        }
        for (origin, want) in
            [("http://127.0.0.1:8484", true), ("http://localhost:8484", true), ("https://evil.example", false), ("null", false)]
        {
            assert_eq!(g.own_origin(&headers(&[(header::ORIGIN, origin)])), want, "{origin}");
        }
    }

    #[test]
    fn look_ups_run_out_and_come_back() {
        let g = Guard::new("127.0.0.1:1".parse().unwrap(), None);
        let start = Instant::now();
        let allowed = |seconds: f64, tries: usize| {
            let now = start + std::time::Duration::from_secs_f64(seconds);
            (0..tries).filter(|_| g.may_look_up_at(now)).count()
        };
        assert_eq!(allowed(0.001, 100), 30, "at once");
        assert_eq!([allowed(1.0, 50), allowed(2.1, 50), allowed(4.2, 50)], [0, 1, 1], "one in two seconds; what is refused costs nothing");
        assert_eq!(allowed(14.3, 50), 5);
        assert_eq!([allowed(3600.0, 100), allowed(3600.1, 100)], [30, 0], "an hour saves no more than a burst");
    }
}
