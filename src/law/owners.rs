//! Who keeps personal data for another: the owner of the data must be told first.

use std::collections::BTreeMap;

use super::book::{Law, LawError};
use super::calendar::after_days;
use super::duty::{Deadline, Moments};
use super::table::Table;

/// What one statute asks of who keeps data for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnerDuty {
    days: Option<u64>,
    words: String,
}

/// The rows of the table; jurisdictions without such a duty are left out.
pub(super) fn duties(table: &Table) -> Result<BTreeMap<String, OwnerDuty>, LawError> {
    let mut all = BTreeMap::new();
    for row in table.rows() {
        let code = row.get("juris").to_owned();
        let days = match row.get("days") {
            "" | "-" => None,
            n => Some(n.parse().map_err(|_| LawError::Word { table: "owners", key: code.clone(), word: n.to_owned() })?),
        };
        let words = row.get("words").to_owned();
        if days.is_some() || !matches!(words.as_str(), "" | "-") {
            all.insert(code, OwnerDuty { days, words });
        }
    }
    Ok(all)
}

/// When the owner of data must be told that they were exposed at who keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerNotice {
    /// The earliest day that a statute has a number for; `None` with [`Deadline::why`].
    pub by: Deadline,
    /// What each statute says: USPS code and its measure, ordered by code.
    pub words: Vec<(String, String)>,
}

impl Law {
    /// What the statutes of these jurisdictions ask of who keeps data for another, counted from discovery. All of it is of
    /// low confidence: the table rests on summaries.
    pub fn owner_notice<'a>(&self, codes: impl IntoIterator<Item = &'a str>, moments: &Moments) -> OwnerNotice {
        let mut notice = OwnerNotice::default();
        let mut earliest: Option<Deadline> = None;
        let mut fewest: Option<(u64, &str)> = None;
        for code in codes {
            let Some(duty) = self.owners.get(code) else { continue };
            notice.words.push((code.to_owned(), duty.words.clone()));
            let Some(days) = duty.days else { continue };
            fewest = fewest.into_iter().chain([(days, code)]).min();
            let Some(zone) = self.statute(code).map(|s| &s.zone) else { continue };
            let day = moments.first().and_then(|m| m.day_in(zone)).and_then(|d| after_days(d, days));
            if day.is_some() && earliest.as_ref().is_none_or(|e| day < e.day) {
                let clock = Some(format!("{code}, {days} days, {}", zone.name));
                earliest = Some(Deadline { day, clock, ..Deadline::default() });
            }
        }
        notice.words.sort();
        notice.by = earliest.unwrap_or_else(|| Deadline {
            why: Some(match (fewest, notice.words.is_empty()) {
                (Some((days, code)), _) => format!("{days} days ({code}) run from discovery: give --discovered"),
                (None, false) => "no number of days: at once".to_owned(),
                (None, true) => "no statute in the tables asks for it".to_owned(),
            }),
            ..Deadline::default()
        });
        notice
    }
}

#[cfg(test)]
mod tests {
    use super::super::Moment;
    use super::*;

    #[test]
    fn the_shortest_time_counts() {
        let law = Law::builtin();
        let found = Moments { discovered: Moment::parse("2026-11-21"), determined: None };
        let by = |codes: &[&str], m: &Moments| law.owner_notice(codes.iter().copied(), m).by;
        for (codes, day, why) in [
            (&["CA", "TX"][..], None, "at once"),
            (&["CA", "NM", "MD"], Some("2026-12-01"), ""),
            (&["GA"], Some("2026-11-22"), ""),
            (&["RI"], None, "no statute"),
            (&[], None, "no statute"),
        ] {
            let by = by(codes, &found);
            assert_eq!(by.day.map(|d| d.to_string()).as_deref(), day, "{codes:?}");
            assert!(by.why.unwrap_or_default().contains(why), "{codes:?}");
        }
        assert!(by(&["MD"], &Moments::default()).why.unwrap().contains("10 days (MD) run from discovery"));
        assert_eq!(law.owner_notice(["TX", "AL"], &found).words, [("AL".into(), "10 days".into()), ("TX".into(), "immediately".into())]);
        assert!(law.owners.keys().all(|code| law.statute(code).is_some()));
        assert!(law.owners.len() > 45);
    }

    #[test]
    fn a_users_row_goes_before_ours() {
        let file = ("owners.tsv".to_owned(), "juris\tdays\nCA\t3\n".to_owned());
        let law = Law::with(&[file]).unwrap();
        let found = Moments { discovered: Moment::parse("2026-11-21"), determined: None };
        assert_eq!(law.owner_notice(["CA"], &found).by.day.unwrap().to_string(), "2026-11-24");
    }
}
