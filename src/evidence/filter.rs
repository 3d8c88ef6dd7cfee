//! Whose requests are meant.

use std::net::IpAddr;

use globset::{Glob, GlobMatcher};

use crate::base::Timestamp;

/// Which events are asked for. Within a kind any may fit, every kind that is given must.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    principals: Vec<GlobMatcher>,
    networks: Vec<(IpAddr, u8)>,
    access_keys: Vec<String>,
    user_agents: Vec<GlobMatcher>,
    own: Vec<GlobMatcher>,
    /// Hosts of distributions and load balancers, and where their paths lie: `s3://bucket/prefix`.
    pub origins: Vec<(String, String)>,
    /// From here on.
    pub from: Option<Timestamp>,
    /// Before this.
    pub to: Option<Timestamp>,
}

/// What cannot be a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No address or network.
    #[error("not an IP address or a network like 203.0.113.0/24")]
    Network,
    /// No pattern.
    #[error("not a pattern; * stands for anything")]
    Pattern,
}

/// Who did it, as a log names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Actor<'a> {
    /// ARNs, ids and names.
    pub names: Vec<&'a str>,
    pub access_key: Option<&'a str>,
    pub ip: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

impl Filter {
    /// A filter; patterns with `*`, networks as `203.0.113.0/24`. `own`: principals whose requests are left out.
    pub fn new(
        principals: &[String],
        ips: &[String],
        access_keys: &[String],
        user_agents: &[String],
        own: &[String],
    ) -> Result<Filter, FilterError> {
        let globs = |p: &[String]| -> Result<Vec<GlobMatcher>, FilterError> {
            p.iter().map(|p| Ok(Glob::new(p).map_err(|_| FilterError::Pattern)?.compile_matcher())).collect()
        };
        Ok(Filter {
            principals: globs(principals)?,
            networks: ips.iter().map(|i| network(i)).collect::<Result<_, _>>()?,
            access_keys: access_keys.to_vec(),
            user_agents: globs(user_agents)?,
            own: globs(own)?,
            origins: Vec::new(),
            from: None,
            to: None,
        })
    }

    /// Whether an event is asked for.
    pub(super) fn fits(&self, actor: &Actor<'_>, time: Timestamp) -> bool {
        let named = |globs: &[GlobMatcher]| globs.is_empty() || actor.names.iter().any(|n| globs.iter().any(|g| g.is_match(n)));
        let agent = self.user_agents.is_empty() || actor.user_agent.is_some_and(|a| self.user_agents.iter().any(|g| g.is_match(a)));
        let key = self.access_keys.is_empty() || actor.access_key.is_some_and(|k| self.access_keys.iter().any(|a| a == k));
        let ip =
            self.networks.is_empty() || actor.ip.and_then(|i| i.parse().ok()).is_some_and(|i| self.networks.iter().any(|n| holds(*n, i)));
        named(&self.principals) && agent && key && ip && self.from.is_none_or(|f| time >= f) && self.to.is_none_or(|t| time < t)
    }

    /// Whether it is one of our own.
    pub(super) fn is_own(&self, actor: &Actor<'_>) -> bool {
        actor.names.iter().any(|n| self.own.iter().any(|g| g.is_match(n)))
    }
}

fn network(text: &str) -> Result<(IpAddr, u8), FilterError> {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().map_err(|_| FilterError::Network)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = if bits.is_empty() { most } else { bits.parse().map_err(|_| FilterError::Network)? };
    if bits > most { Err(FilterError::Network) } else { Ok((address, bits)) }
}

fn holds((network, bits): (IpAddr, u8), ip: IpAddr) -> bool {
    let same = |a: u128, b: u128, width: u32| bits == 0 || (a ^ b) >> (width - u32::from(bits)) == 0;
    match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(items: &[&str]) -> Vec<String> {
        items.iter().map(|i| (*i).to_owned()).collect()
    }

    #[test]
    fn every_kind_that_is_given_must_fit() {
        let actor = Actor {
            names: vec!["arn:aws:sts::111122223333:assumed-role/ci-deploy/build-4471", "ci-deploy"],
            access_key: Some("ASIAX"),
            ip: Some("203.0.113.77"),
            user_agent: Some("[aws-cli/2.31.0]"),
        };
        let t = Timestamp::parse("2026-11-03T02:00:00Z").unwrap();
        for (principals, ips, keys, agents, want) in [
            (s(&[]), s(&[]), s(&[]), s(&[]), true),
            (s(&["*ci-deploy*"]), s(&["203.0.113.0/24"]), s(&["ASIAX"]), s(&["*aws-cli*"]), true),
            (s(&["ci-deploy"]), s(&[]), s(&[]), s(&[]), true),
            (s(&["ci-deplo"]), s(&[]), s(&[]), s(&[]), false),
            (s(&["other", "*build-4471"]), s(&["10.0.0.1", "203.0.113.77"]), s(&[]), s(&[]), true),
            (s(&["ci-deploy"]), s(&["203.0.114.0/24"]), s(&[]), s(&[]), false),
            (s(&[]), s(&[]), s(&["ASIAY"]), s(&[]), false),
            (s(&[]), s(&[]), s(&[]), s(&["*boto*"]), false),
        ] {
            let f = Filter::new(&principals, &ips, &keys, &agents, &[]).unwrap();
            assert_eq!(f.fits(&actor, t), want, "{principals:?} {ips:?} {keys:?} {agents:?}");
        }
        let window = |from: &str, to: &str| Filter { from: Timestamp::parse(from), to: Timestamp::parse(to), ..Filter::default() };
        assert!(window("2026-11-03T02:00:00Z", "2026-11-03T02:00:01Z").fits(&actor, t));
        assert!(!window("2026-11-03T01:00:00Z", "2026-11-03T02:00:00Z").fits(&actor, t), "the end is open");
    }

    #[test]
    fn networks_hold_their_addresses() {
        for (net, ip, want) in [
            ("203.0.113.77", "203.0.113.77", true),
            ("203.0.113.77", "203.0.113.78", false),
            ("203.0.113.64/27", "203.0.113.95", true),
            ("203.0.113.64/27", "203.0.113.96", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("2001:db8::/32", "2001:db8:1::5", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/32", "8.8.8.8", false),
        ] {
            assert_eq!(holds(network(net).unwrap(), ip.parse().unwrap()), want, "{net} {ip}");
        }
        for bad in ["203.0.113", "203.0.113.0/33", "x/8", "athena.amazonaws.com"] {
            assert_eq!(network(bad), Err(FilterError::Network), "{bad}");
        }
        assert_eq!(Filter::new(&s(&["[a"]), &[], &[], &[], &[]).unwrap_err(), FilterError::Pattern);
    }
}
