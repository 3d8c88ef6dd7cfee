//! What reading from Amazon S3 costs: requests, retrieval fees, AWS KMS, transfer between regions. And what a run may cost.

use std::collections::HashSet;
use std::sync::Arc;

use super::plan::Job;
use super::run::Summary;
use crate::base::{Error, Reason, Timestamp};
use crate::index::{IndexError, Writer};
use crate::source::Charge;

/// List prices in dollars, without discounts and free tiers; a gigabyte is 10^9 bytes.
///
/// Source: aws.amazon.com/s3/pricing, aws.amazon.com/kms/pricing and aws.amazon.com/ec2/pricing/on-demand (data transfer),
/// us-east-1, as of 2026-11.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// A thousand requests for pages of listings.
    pub list: f64,
    /// A thousand requests for ranges of objects in S3 Standard or Intelligent-Tiering.
    pub get: f64,
    /// The same in Standard-IA and One Zone-IA.
    pub get_ia: f64,
    /// The same in Glacier Instant Retrieval.
    pub get_glacier_ir: f64,
    /// A gigabyte read from Standard-IA or One Zone-IA.
    pub retrieve_ia: f64,
    /// A gigabyte read from Glacier Instant Retrieval.
    pub retrieve_glacier_ir: f64,
    /// Ten thousand requests of AWS KMS.
    pub kms: f64,
    /// A gigabyte to another region.
    pub cross_region: f64,
    /// A gigabyte to the internet, in the first 10 TB of a month.
    pub internet: f64,
}

/// What the default prices are.
pub const PRICES_OF: &str = "list prices, us-east-1, 2026-11";

impl Default for Prices {
    fn default() -> Prices {
        Prices {
            list: 0.005,
            get: 0.0004,
            get_ia: 0.001,
            get_glacier_ir: 0.01,
            retrieve_ia: 0.01,
            retrieve_glacier_ir: 0.03,
            kms: 0.03,
            cross_region: 0.02,
            internet: 0.09,
        }
    }
}

/// What is paid for, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests for pages of listings.
    pub lists: u64,
    /// Requests for ranges of objects, and for a look at one: in classes without a fee, in those of infrequent access, in Glacier Instant Retrieval.
    pub gets: [u64; 3],
    /// Bytes read from them.
    pub bytes: [u64; 3],
    /// Requests of AWS KMS.
    pub kms: u64,
    /// Bytes that come from another region.
    pub far: u64,
}

impl Cost {
    /// Adds reading an object of so many bytes in ranges of `range`.
    pub fn read(&mut self, size: u64, range: u64, charge: Charge) {
        let gets = size.div_ceil(range.max(1)).max(1);
        let class = match charge.class {
            None => 0,
            Some("GLACIER_IR") => 2,
            Some(_) => 1,
        };
        self.gets[class] += gets;
        self.bytes[class] += size;
        self.kms += if charge.kms { gets } else { 0 };
        self.far += if charge.far { size } else { 0 };
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Cost) {
        self.lists += other.lists;
        for i in 0..3 {
            self.gets[i] += other.gets[i];
            self.bytes[i] += other.bytes[i];
        }
        self.kms += other.kms;
        self.far += other.far;
    }

    /// Dollars by item, in the order in which they are shown: `requests`, `retrieval`, `kms`, `cross_region`.
    pub fn items(&self, p: &Prices) -> [(&'static str, f64); 4] {
        let (thousand, giga) = (|n: u64| n as f64 / 1e3, |n: u64| n as f64 / 1e9);
        let gets = thousand(self.gets[0]) * p.get + thousand(self.gets[1]) * p.get_ia + thousand(self.gets[2]) * p.get_glacier_ir;
        [
            ("requests", thousand(self.lists) * p.list + gets),
            ("retrieval", giga(self.bytes[1]) * p.retrieve_ia + giga(self.bytes[2]) * p.retrieve_glacier_ir),
            ("kms", self.kms as f64 / 1e4 * p.kms),
            ("cross_region", giga(self.far) * p.cross_region),
        ]
    }

    /// Dollars in all.
    pub fn usd(&self, p: &Prices) -> f64 {
        self.items(p).iter().map(|i| i.1).sum()
    }
}

/// What a run may cost.
#[derive(Clone)]
pub struct Spend {
    /// What things cost.
    pub prices: Prices,
    /// The most that all runs of a calendar month (UTC) may cost, this one included, in dollars.
    pub max_usd: f64,
    /// Read objects of classes that take a fee for each byte.
    pub cold: bool,
    /// Read objects that lie in another region than this machine.
    pub cross_region: bool,
    /// Bytes of one range, as [`crate::source::Options::range_bytes`].
    pub range_bytes: u64,
    /// Asks somebody whether a run that costs too much may go on; `None`: nobody is there, it may not.
    pub ask: Option<Arc<dyn Fn(&Due) -> bool + Send + Sync>>,
}

impl Default for Spend {
    fn default() -> Spend {
        Spend { prices: Prices::default(), max_usd: 50.0, cold: false, cross_region: false, range_bytes: 8 << 20, ask: None }
    }
}

impl std::fmt::Debug for Spend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spend").field("prices", &self.prices).field("max_usd", &self.max_usd).finish_non_exhaustive()
    }
}

/// A run that costs too much.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// What it would pay for.
    pub cost: Cost,
    /// Its dollars.
    pub usd: f64,
    /// Dollars of the runs before it in this month.
    pub month: f64,
    /// The limit of the month.
    pub max_usd: f64,
}

/// Why an object is not read unless somebody allows it; `None`: nothing stands against it.
pub(super) fn held_back(charge: Charge, spend: &Spend) -> Option<Error> {
    match charge.class {
        Some(class) if !spend.cold => {
            let detail = format!("storage class {class} takes a fee for each byte: allow it with --cold, or `cold = true` in [budget]");
            return Some(Error::new(Reason::RetrievalFee, detail));
        }
        _ => {}
    }
    let far = charge.far && !spend.cross_region;
    far.then(|| {
        let detail = "reading it moves its bytes between regions: allow it with --cross-region, or `cross_region = true` in [budget]";
        Error::new(Reason::OtherRegion, detail)
    })
}

/// The first moment of the month (UTC) in which `now` lies.
pub fn month_of(now: Timestamp) -> Timestamp {
    now.to_string().get(..7).and_then(|m| Timestamp::parse(&format!("{m}-01"))).unwrap_or(now)
}

/// Prices the jobs of a run, and refuses those that nobody allows: all that cost something if together they cost too much. Booked is
/// the listing alone; what is read is booked as it is read ([`book`]).
///
/// `summary.cost` is what the run has spent already, `summary.paid_lists` and `summary.paid_looks` what was asked for since.
pub(super) fn settle(jobs: &mut [Job], spend: &Spend, writer: &mut Writer, summary: &mut Summary) -> Result<(), IndexError> {
    summary.cost.lists += summary.paid_lists;
    // S3 takes for a look at an object what it takes for a range of it.
    summary.cost.gets[0] += summary.paid_looks;
    let mut due = summary.cost;
    let mut paid = Vec::new();
    for (i, job) in jobs.iter_mut().enumerate() {
        let Some(charge) = job.source.charge(&job.listed.object) else { continue };
        job.charge = Some(charge);
        job.refused = held_back(charge, spend);
        if job.refused.is_none() {
            due.read(job.listed.object.size, spend.range_bytes, charge);
            paid.push(i);
        }
    }
    let (usd, month) = (due.usd(&spend.prices), writer.spent_since(month_of(Timestamp::now()))?);
    let too_much = month + usd > spend.max_usd && !paid.is_empty();
    let due = Due { cost: due, usd, month, max_usd: spend.max_usd };
    if too_much && !spend.ask.as_ref().is_some_and(|ask| ask(&due)) {
        let detail =
            format!("the run would cost about ${usd:.2}, with ${month:.2} spent this month; the limit, max_usd, is {:.2}", spend.max_usd);
        paid.iter().for_each(|i| jobs[*i].refused = Some(Error::new(Reason::Budget, detail.as_str())));
        summary.over_budget = Some(due);
    }
    summary.usd = summary.cost.usd(&spend.prices);
    if summary.cost != Cost::default() {
        writer.cost(summary.usd)?;
        // Also a run that is killed has spent it.
        writer.commit()?;
    }
    Ok(())
}

/// Books what reading one object cost, with its findings: a run that is stopped or killed has spent no more than it read.
pub(super) fn book(job: &Job, spend: &Spend, writer: &mut Writer, summary: &mut Summary) -> Result<(), IndexError> {
    let Some(charge) = job.charge.filter(|_| job.refused.is_none()) else { return Ok(()) };
    summary.cost.read(job.listed.object.size, spend.range_bytes, charge);
    summary.usd = summary.cost.usd(&spend.prices);
    writer.cost(summary.usd)
}

/// The same as [`settle`] for objects that would be read a second time: what is not allowed is left as it is, with the findings or the
/// reason that it has, and `first` are the uris that were refused the first time.
pub(super) fn settle_again(
    jobs: &mut Vec<Job>,
    first: &HashSet<String>,
    spend: &Spend,
    writer: &mut Writer,
    summary: &mut Summary,
) -> Result<(), IndexError> {
    jobs.retain(|j| !first.contains(&j.listed.object.uri));
    settle(jobs, spend, writer, summary)?;
    jobs.retain(|j| j.refused.is_none());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Hint, Object};
    use crate::classify::Classifiers;
    use crate::identity::Key;
    use crate::index::Listed;
    use crate::source::{Local, Source};

    #[test]
    fn every_item_has_its_price() {
        let p = Prices::default();
        let mut c = Cost { lists: 3000, ..Cost::default() };
        for (n, charge) in [
            (2_000_000, Charge::default()),
            (1000, Charge { class: Some("STANDARD_IA"), ..Charge::default() }),
            (500, Charge { class: Some("GLACIER_IR"), kms: true, far: true }),
        ] {
            (0..n).for_each(|_| c.read(1_000_000, 8 << 20, charge));
        }
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let [requests, retrieval, kms, far] = c.items(&p).map(|i| i.1);
        // 3,000 LIST at $0.005, 2,000,000 GET at $0.0004, 1,000 at $0.001, 500 at $0.01, all a thousand.
        assert!(near(requests, 0.015 + 0.8 + 0.001 + 0.005), "{requests}");
        // 1 GB at $0.01 and 0.5 GB at $0.03; 500 requests at $0.03 for ten thousand; 0.5 GB at $0.02.
        assert!(near(retrieval, 0.025) && near(kms, 0.0015) && near(far, 0.01), "{retrieval} {kms} {far}");
        assert!(near(c.usd(&p), requests + retrieval + kms + far));
        let mut twice = c;
        twice.add(&c);
        assert!(near(twice.usd(&p), 2.0 * c.usd(&p)));
        let mut one = Cost::default();
        one.read(0, 8 << 20, Charge::default());
        one.read((8 << 20) + 1, 8 << 20, Charge::default());
        assert_eq!(one.gets, [3, 0, 0]);
    }

    #[test]
    fn fees_and_transfer_must_be_allowed() {
        let (cold, far) = (Charge { class: Some("ONEZONE_IA"), ..Charge::default() }, Charge { far: true, ..Charge::default() });
        let why = |charge, cold, cross_region| {
            let spend = Spend { cold, cross_region, ..Spend::default() };
            held_back(charge, &spend).map(|e| e.reason)
        };
        assert_eq!([why(cold, false, true), why(cold, true, false)], [Some(Reason::RetrievalFee), None]);
        assert_eq!([why(far, true, false), why(far, false, true)], [Some(Reason::OtherRegion), None]);
        assert_eq!(why(Charge { kms: true, ..Charge::default() }, false, false), None);
    }

    /// A job of so many bytes, charged as such.
    fn job(name: &str, size: u64, charge: Option<Charge>) -> Job {
        let object = Object { uri: name.to_owned(), version: "1".to_owned(), size, modified: None, until: None };
        let listed = Listed { shown: name.to_owned(), dataset: "d".to_owned(), rules: String::new(), object };
        let source: Arc<dyn Source> = Arc::new(Local::open(env!("CARGO_MANIFEST_DIR")).unwrap());
        Job { listed, hint: Hint::default(), source, allowed: None, issues: Vec::new(), first: false, refused: None, charge }
    }

    #[test]
    fn what_was_read_is_booked_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key) = (dir.path().join("piimap.db"), Key::random().unwrap());
        let begin = || {
            let mut w = Writer::open(&path, &key).unwrap();
            w.begin_run(&Classifiers::builtin(), &["s3://b".to_owned()]).unwrap();
            w
        };
        let spend = Spend { prices: Prices { get: 1000.0, list: 1000.0, ..Prices::default() }, ..Spend::default() };
        let mut jobs: Vec<Job> = ["a", "b", "c"].iter().map(|n| job(n, 10, Some(Charge::default()))).collect();
        jobs.push(job("d", 10, None));
        jobs[2].refused = Some(Error::new(Reason::Budget, "too much"));
        let (mut w, mut summary) = (begin(), Summary { paid_lists: 2, paid_looks: 0, ..Summary::default() });
        // These lie on this disk: nothing of them is priced, and the listing is booked.
        settle(&mut jobs[3..], &spend, &mut w, &mut summary).unwrap();
        assert_eq!((summary.usd, summary.cost.lists), (2.0, 2));
        for j in jobs.iter().filter(|j| j.listed.object.uri != "b") {
            book(j, &spend, &mut w, &mut summary).unwrap();
        }
        assert_eq!(summary.usd, 3.0, "two pages and one object: b was not reached, c refused, d costs nothing");
        w.commit().unwrap();
        drop(w);
        assert_eq!(begin().spent_since(Timestamp(0)).unwrap(), 3.0, "the next run knows");

        // Looks at single objects are paid for though nothing is listed and nothing read.
        let (mut w, mut summary) = (begin(), Summary { paid_looks: 3, ..Summary::default() });
        settle(&mut [], &spend, &mut w, &mut summary).unwrap();
        assert_eq!((summary.usd, summary.cost.gets), (3.0, [3, 0, 0]));
    }

    #[test]
    fn what_was_refused_is_not_read_for_key_columns() {
        let dir = tempfile::tempdir().unwrap();
        let mut w = Writer::open(&dir.path().join("piimap.db"), &Key::random().unwrap()).unwrap();
        w.begin_run(&Classifiers::builtin(), &["s3://b".to_owned()]).unwrap();
        let mut jobs = vec![job("a", 10, None), job("b", 10, None)];
        let first = HashSet::from(["b".to_owned()]);
        settle_again(&mut jobs, &first, &Spend::default(), &mut w, &mut Summary::default()).unwrap();
        assert_eq!(jobs.iter().map(|j| j.listed.object.uri.as_str()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn months_begin_at_midnight() {
        let t = |s: &str| Timestamp::parse(s).unwrap();
        assert_eq!(month_of(t("2026-11-22T08:00:00Z")), t("2026-11-01"));
        assert_eq!(month_of(t("2026-12-01T00:00:00Z")), t("2026-12-01"));
    }
}
