//! What other systems recognise, by the names they give it: for people who come from one of them.

/// One identifier in another system's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// The system's key, as in a classifier's `[known_as]`.
    pub system: &'static str,
    /// The identifier, spelled as the system spells it.
    pub name: &'static str,
    /// The country it belongs to, or `Global`, `Any`.
    pub country: &'static str,
}

/// The systems' keys and titles, those whose coverage the catalogue shows first.
pub const SYSTEMS: &[(&str, &str)] = &[
    ("macie", "Amazon Macie"),
    ("google", "Google Sensitive Data Protection"),
    ("purview", "Microsoft Purview"),
    ("presidio", "Presidio"),
    ("glue", "AWS Glue"),
    ("comprehend", "Amazon Comprehend"),
    ("azure", "Azure AI Language"),
    ("datadog", "Datadog"),
];

static TABLE: &str = include_str!("peers.tsv");

/// All identifiers of all systems, by system, in the order of its list.
pub fn peers() -> impl Iterator<Item = Peer> {
    TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(|l| {
        let mut columns = l.split('\t');
        Some(Peer { system: columns.next()?, name: columns.next()?, country: columns.next()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_whole_and_stands_once() {
        let rows = TABLE.lines().filter(|l| !l.starts_with('#')).count();
        let all: BTreeSet<_> = peers().map(|p| (p.system, p.name)).collect();
        assert_eq!(all.len(), rows);
        assert!(peers().all(|p| SYSTEMS.iter().any(|s| s.0 == p.system) && !p.name.is_empty() && !p.country.is_empty()));
        // The numbers that the systems themselves give for their lists.
        let count = |system| peers().filter(|p| p.system == system).count();
        assert_eq!([count("macie"), count("google")], [166, 212]);
    }
}
