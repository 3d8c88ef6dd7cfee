//! A few objects of many, for somebody who waits for them: where to list, and within which budget.

use super::cost::{Cost, Spend, held_back};
use crate::base::{Object, Reason};
use crate::source::Source;

/// What reading again may ask for where somebody waits for a few objects of many.
#[derive(Debug)]
pub struct Near {
    /// Where to list, and how many objects there at most.
    pub starts: Vec<(String, usize)>,
    /// What it may cost: what a run would not read for its price is refused for the same reason. It is not booked.
    pub spend: Spend,
    /// Dollars that the runs of this month have cost.
    pub spent: f64,
}

/// So many keys are listed that begin with the name of an object: it is the first of them, unless the server has another order.
const ALIKE: usize = 100;

impl Near {
    /// The objects of these uris, as shown, and up to `most` that lie around each: they say how it is read. Of a uri that is personal data
    /// itself, which stands in braces, the folder is known at most.
    pub fn of<'u>(uris: impl Iterator<Item = &'u str>, most: usize, spend: Spend, spent: f64) -> Near {
        let mut starts: Vec<(String, usize)> = Vec::new();
        let mut add = |start: String, most: usize| {
            if !starts.iter().any(|s| s.0 == start) {
                starts.push((start, most));
            }
        };
        for uri in uris {
            if !uri.contains('{') {
                add(uri.to_owned(), ALIKE);
            }
            let known = uri.split('{').next().unwrap_or_default();
            let folder = &known[..known.rfind('/').map_or(0, |at| at + 1)];
            add(folder.to_owned(), most);
            // A table in folders of partitions has its log and its manifest above them.
            let mut table = folder.trim_end_matches('/');
            while let Some((above, _)) = table.rsplit_once('/').filter(|t| t.1.contains('=') || t.1 == "data") {
                table = above;
            }
            if table.len() + 1 < folder.len() {
                ["_delta_log/", ".hoodie/", "metadata/", "manifest"].iter().for_each(|n| add(format!("{table}/{n}"), most));
            }
        }
        Near { starts, spend, spent }
    }

    /// Nothing but the listing is paid for.
    pub(super) fn budget(&self) -> Budget<'_> {
        // Of each place a page at least, and pages are of a thousand.
        let lists = self.starts.iter().map(|s| s.1.div_ceil(1_000) as u64).sum();
        Budget { near: self, cost: Cost { lists, ..Cost::default() } }
    }
}

/// What was paid for so far.
pub(super) struct Budget<'n> {
    near: &'n Near,
    cost: Cost,
}

impl Budget<'_> {
    /// Why an object is not read; where it is, it is paid for.
    pub fn refuses(&mut self, source: &dyn Source, object: &Object) -> Option<Reason> {
        let (charge, spend) = (source.charge(object)?, &self.near.spend);
        if let Some(refused) = held_back(charge, spend) {
            return Some(refused.reason);
        }
        let mut with = self.cost;
        with.read(object.size, spend.range_bytes, charge);
        if self.near.spent + with.usd(&spend.prices) > spend.max_usd {
            return Some(Reason::Budget);
        }
        self.cost = with;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Input, Result};
    use crate::source::{Charge, ListingFailure};

    /// A bucket of Amazon's, all of whose objects cost the same.
    struct Priced(Option<Charge>);

    impl Source for Priced {
        fn uri(&self) -> String {
            "s3://b/".to_owned()
        }
        fn list(&self, _: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
            Vec::new()
        }
        fn open(&self, _: &Object) -> Result<Box<dyn Input>> {
            Err(crate::base::Error::new(Reason::NotFound, "nothing is here"))
        }
        fn charge(&self, _: &Object) -> Option<Charge> {
            self.0
        }
        fn covers(&self, _: &str) -> bool {
            true
        }
    }

    #[test]
    fn a_budget_holds_as_it_does_for_a_run() {
        let object = Object { uri: "s3://b/a".into(), version: "1".into(), size: 50_000_000_000, modified: None, until: None };
        let plain = Charge::default();
        let (cold, far) = (Charge { class: Some("GLACIER_IR"), ..plain }, Charge { far: true, ..plain });
        let asked = |charge, spend: Spend, spent, times| {
            let near = Near { starts: vec![("s3://b/".into(), 1_000)], spend, spent };
            let (mut budget, source) = (near.budget(), Priced(charge));
            (0..times).map(|_| budget.refuses(&source, &object).map(Reason::code)).last().flatten()
        };
        let spend = |cold, cross_region| Spend { max_usd: 2.0, cold, cross_region, ..Spend::default() };
        assert_eq!(asked(None, spend(false, false), 99.0, 9), None, "what costs nothing is read");
        assert_eq!(asked(Some(plain), spend(false, false), 0.0, 9), None);
        assert_eq!(asked(Some(plain), spend(false, false), 2.0, 1), Some("budget"), "the month has nothing left");
        assert_eq!(asked(Some(cold), spend(false, false), 0.0, 1), Some("retrieval_fee"));
        // 50 GB for 1.50 dollars: one is read, a second is too much.
        assert_eq!([1, 2].map(|n| asked(Some(cold), spend(true, false), 0.0, n)), [None, Some("budget")]);
        assert_eq!(asked(Some(far), spend(true, false), 0.0, 1), Some("other_region"));
        assert_eq!([2, 3].map(|n| asked(Some(far), spend(true, true), 0.0, n)), [Some("budget"), Some("budget")]);
    }

    #[test]
    fn what_lies_near_is_asked_for_and_no_more() {
        let near = |uris: &[&str]| Near::of(uris.iter().copied(), 500, Spend::default(), 0.0).starts;
        let own = |s: &[(&str, usize)]| s.iter().map(|s| (s.0.to_owned(), s.1)).collect::<Vec<_>>();
        assert_eq!(
            near(&["s3://b/crm/a.csv", "s3://b/crm/b.csv"]),
            own(&[("s3://b/crm/a.csv", 100), ("s3://b/crm/", 500), ("s3://b/crm/b.csv", 100)])
        );
        assert_eq!(near(&["s3://b/mail/{email}/x.eml"]), own(&[("s3://b/mail/", 500)]), "the name itself is not known");
        let lake = near(&["s3://b/t/data/day=1/h=2/p.parquet"]);
        let names: Vec<&str> = lake.iter().map(|s| s.0.as_str()).collect();
        assert_eq!(names[1..3], ["s3://b/t/data/day=1/h=2/", "s3://b/t/_delta_log/"]);
        assert!(names.contains(&"s3://b/t/metadata/") && !names.contains(&"s3://b/t/"), "{names:?}");
    }
}
