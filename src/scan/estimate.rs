//! What a run would read, and what that would cost: a listing, and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::cost::{Cost, Spend, held_back};
use super::names::shown;
use super::plan::was_read;
use crate::base::{Error, Reason};
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Hasher, Kernel};
use crate::index::Known;
use crate::source::{ListingFailure, Options, Source};

/// What is listed of a source, and what of it would be read.
#[derive(Clone, Debug, Default)]
pub struct SourceEstimate {
    /// The source, as it may be shown.
    pub uri: String,
    /// Objects listed; those that an earlier source lists as well are left out.
    pub listed: u64,
    /// Of those, read before at this version.
    pub unchanged: u64,
    /// Of those, objects to read, and their stored bytes.
    pub to_read: u64,
    /// See `to_read`.
    pub bytes: u64,
    /// Requests for pages of the listing; 0 where there are none to pay for.
    pub lists: u64,
    /// Requests for ranges of objects, and for what is asked of single ones.
    pub gets: u64,
    /// Whether what requests cost is known.
    pub is_priced: bool,
    /// What is paid for, where prices are known.
    pub cost: Cost,
    /// Objects, and their bytes, that are not read unless a retrieval fee is allowed.
    pub cold: (u64, u64),
    /// The same of transfer between regions.
    pub far: (u64, u64),
}

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// Source by source, in the order in which they were named.
    pub sources: Vec<SourceEstimate>,
    /// Folders and prefixes that could not be listed, as they may be shown.
    pub failures: Vec<(String, Error)>,
    /// Whether no source could be listed, not even in part.
    pub listed_nothing: bool,
}

/// What an index knows.
pub struct Before {
    /// See [`crate::index::Reader::objects_read`].
    pub known: HashMap<[u8; 16], Known>,
    /// Its hashes.
    pub hasher: Hasher,
}

/// Lists `sources` and reads nothing. `unreached`: others that could not be opened. `before`: what an index knows; without it, or with `full`, everything is to be read.
///
/// Rules and key columns that came since may ask for more than this says. Requests are counted for sources whose requests are
/// paid for: one for each thousand objects listed, or for each object that is asked for by its name, and one for each range of
/// `options.range_bytes`.
pub fn estimate(
    sources: &[Arc<dyn Source>],
    unreached: &[ListingFailure],
    full: bool,
    before: Option<&Before>,
    classifiers: &Arc<Classifiers>,
    options: &Options,
    spend: &Spend,
) -> Estimate {
    let kernel = Kernel::new(classifiers.clone(), None);
    let mut scratch = Scratch::new(classifiers);
    let mut out = Estimate { listed_nothing: !sources.is_empty(), ..Estimate::default() };
    // PRIVACY: names of folders may be personal data.
    out.failures.extend(unreached.iter().map(|f| (shown(&kernel, &mut scratch, &f.uri), f.error.clone())));
    let mut seen = HashSet::new();
    for source in sources {
        let uri = source.uri();
        let paid = ["s3://", "gs://", "az://", "glue://"].iter().any(|s| uri.starts_with(s));
        let mut e = SourceEstimate { uri: shown(&kernel, &mut scratch, &uri), ..SourceEstimate::default() };
        let (mut all, mut to_read) = (0, Vec::new());
        let failures = source.list(&mut |o| {
            all += 1;
            if !seen.insert(o.uri.clone()) {
                return;
            }
            e.listed += 1;
            let known = before.filter(|_| !full).and_then(|b| b.known.get(&b.hasher.name(&o.uri)));
            if known.is_some_and(|k| was_read(k, &o, classifiers)) {
                e.unchanged += 1;
                return;
            }
            to_read.push(o);
        });
        out.listed_nothing &= all == 0 && failures.iter().any(|f| f.is_of_all(source.as_ref()));
        let mut priced = false;
        for o in to_read {
            let charge = source.charge(&o);
            priced |= charge.is_some();
            match charge.and_then(|c| held_back(c, spend)).map(|why| why.reason) {
                Some(Reason::RetrievalFee) => e.cold = (e.cold.0 + 1, e.cold.1 + o.size),
                Some(_) => e.far = (e.far.0 + 1, e.far.1 + o.size),
                None => {
                    e.to_read += 1;
                    e.bytes += o.size;
                    e.gets += if paid { o.size.div_ceil(options.range_bytes as u64).max(1) } else { 0 };
                    charge.into_iter().for_each(|c| e.cost.read(o.size, options.range_bytes as u64, c));
                }
            }
        }
        e.is_priced = source.is_priced();
        if paid {
            let asked = source.asked(all);
            // Also the first page of nothing is one.
            e.lists = if asked.single > 0 { asked.pages } else { asked.pages.max(1) };
            e.gets += asked.single;
            // A source in which nothing is new is listed all the same.
            e.cost.lists = if priced || e.to_read == 0 { e.lists } else { 0 };
            e.cost.gets[0] += if e.is_priced { asked.single } else { 0 };
        }
        out.failures.extend(
            failures.into_iter().filter(|f| !f.error.reason.is_by_choice()).map(|f| (shown(&kernel, &mut scratch, &f.uri), f.error)),
        );
        out.sources.push(e);
    }
    out
}
