//! What should a person look at? A random choice of findings, and of objects whose other values are drawn.
//!
//! Every dataset has its share of the findings that are drawn, as every dataset has its share of all of them, so that the sum is
//! a fair sample of the whole; so it is with the bytes of objects for what was not found.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::base::{At, Place, Random};
use crate::index::{IndexError, PlaceList, ReadObject, Reader, tidy_ranges};

/// One object that something is drawn from.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Keyed hash of its uri.
    pub uri_hash: [u8; 16],
    /// Its version.
    pub version: String,
    /// Its uri as shown.
    pub uri: String,
    /// Its dataset.
    pub dataset: String,
    /// How many non-findings.
    pub non_findings: usize,
    id: i64,
    /// How many findings of a field and classifier.
    findings: BTreeMap<(i64, i64), usize>,
}

impl Chosen {
    /// How many findings.
    pub fn findings(&self) -> usize {
        self.findings.values().sum()
    }
}

/// One finding to be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it was taken for.
    pub classifier: String,
    /// Where.
    pub place: Place,
}

/// The findings drawn from an object, and what must not be drawn as a non-finding.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// To be judged.
    pub findings: Vec<Finding>,
    /// Member, field and places of everything found.
    pub found: Vec<(Option<String>, String, PlaceList)>,
    /// Member and name of fields that hold masked or allowed values, which are neither.
    pub left_out: Vec<(Option<String>, String)>,
}

/// Chooses objects for a sample of `sample` findings and as many non-findings, among the datasets that `dataset` names, by uri hash.
pub fn choose(
    reader: &Reader,
    sample: usize,
    random: &mut Random,
    dataset: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<[u8; 16], Chosen>, IndexError> {
    let all: Vec<ReadObject> = reader.read_objects()?.into_iter().filter(|o| dataset(&o.dataset)).collect();
    let notes = reader.notes()?;
    let mut datasets: BTreeMap<&str, Vec<&ReadObject>> = BTreeMap::new();
    for o in &all {
        datasets.entry(&o.dataset).or_default().push(o);
    }
    let found = |o: &ReadObject| o.sightings.iter().map(|s| s.1).sum::<u64>();
    // Manifests and markers hold nobody's data.
    let bytes = |o: &ReadObject| if notes.get(&o.id).is_some_and(|n| n.role == crate::base::Role::Bookkeeping) { 0 } else { o.decoded };
    let strata = |weight: &dyn Fn(&ReadObject) -> u64| datasets.values().map(|o| o.iter().map(|o| weight(o)).sum()).collect::<Vec<u64>>();
    let (findings, others) = (shares(&strata(&found), sample, random), shares(&strata(&bytes), sample, random));
    let mut out: BTreeMap<[u8; 16], Chosen> = BTreeMap::new();
    let mut chosen = |o: &ReadObject, then: &mut dyn FnMut(&mut Chosen)| -> Result<(), IndexError> {
        then(match out.entry(o.uri_hash) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let uri = reader.object(o.id)?.map(|o| o.uri).unwrap_or_default();
                let (version, dataset) = (o.version.clone(), o.dataset.clone());
                new.insert(Chosen { uri_hash: o.uri_hash, version, uri, dataset, non_findings: 0, id: o.id, findings: BTreeMap::new() })
            }
        });
        Ok(())
    };
    for (objects, (findings, others)) in datasets.values().zip(findings.into_iter().zip(others)) {
        // Objects and fields in proportion, too.
        let fields: Vec<(&ReadObject, (i64, i64), u64)> = objects.iter().flat_map(|o| o.sightings.iter().map(|s| (*o, s.0, s.1))).collect();
        let weights: Vec<u64> = fields.iter().map(|f| f.2).collect();
        for ((o, field, _), n) in fields.iter().zip(shares(&weights, findings, random)).filter(|(_, n)| *n > 0) {
            chosen(o, &mut |c| *c.findings.entry(*field).or_default() += n)?;
        }
        let weights: Vec<u64> = objects.iter().map(|o| bytes(o)).collect();
        for (o, n) in objects.iter().zip(shares(&weights, others, random)).filter(|(_, n)| *n > 0) {
            chosen(o, &mut |c| c.non_findings += n)?;
        }
    }
    Ok(out)
}

/// Objects of a dataset that are drawn first, of which [`few`] takes those that hold most kinds of data.
const DRAWN: usize = 200;

/// Chooses a few findings of a dataset, to see what its fields hold: of at most `objects` objects that are not larger than `largest` bytes
/// (decompressed), up to two of each field and classifier, `most` in all. Objects by uri hash.
pub fn few(
    reader: &Reader,
    dataset: &str,
    (objects, largest, most): (usize, u64, usize),
    random: &mut Random,
) -> Result<BTreeMap<[u8; 16], Chosen>, IndexError> {
    let mut all: Vec<ReadObject> = reader.some_read_objects(dataset, largest, DRAWN)?;
    random.shuffle(&mut all);
    // Those that hold most kinds of data show most.
    all.sort_by_key(|o| std::cmp::Reverse(o.sightings.len()));
    let (mut out, mut left) = (BTreeMap::new(), most);
    let mut seen: HashMap<(i64, i64), usize> = HashMap::new();
    for o in all.into_iter().take(objects) {
        let mut findings = BTreeMap::new();
        for (field, n) in &o.sightings {
            let known = seen.entry(*field).or_default();
            let take = 2usize.saturating_sub(*known).min(*n as usize).min(left);
            if take > 0 {
                findings.insert(*field, take);
                *known += take;
                left -= take;
            }
        }
        if !findings.is_empty() {
            let uri = reader.object(o.id)?.map(|o| o.uri).unwrap_or_default();
            let chosen = Chosen { uri_hash: o.uri_hash, version: o.version, uri, dataset: o.dataset, non_findings: 0, id: o.id, findings };
            out.insert(o.uri_hash, chosen);
        }
    }
    Ok(out)
}

/// Divides `n` among strata by their weights: the next whole number below or above of what each is due, which of them by chance
/// (systematic sampling). Nothing where all weigh nothing.
fn shares(weights: &[u64], n: usize, random: &mut Random) -> Vec<usize> {
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    let mut out = vec![0; weights.len()];
    if total == 0 || n == 0 {
        return out;
    }
    // The points `(i + chance) / n` of the whole, in units of one 2^32th.
    let (chance, unit) = (u128::from(random.below(1 << 32)), 1u128 << 32);
    let (mut below, mut i) = (0u128, 0u128);
    for (share, w) in out.iter_mut().zip(weights) {
        below += u128::from(*w);
        while i < n as u128 && (i * unit + chance) * total < below * unit * n as u128 {
            *share += 1;
            i += 1;
        }
    }
    out
}

/// Draws an object's findings.
pub fn draw(reader: &Reader, chosen: &Chosen, random: &mut Random) -> Result<Drawn, IndexError> {
    let (classes, names) = (reader.classifiers()?, reader.field_names()?);
    let mut places: HashMap<(i64, i64, bool), Vec<(u64, u64)>> = HashMap::new();
    reader.places_in(chosen.id, |field, classifier, p| {
        let rows = matches!(p, PlaceList::Rows(_));
        places.entry((field, classifier, rows)).or_default().extend_from_slice(p.ranges());
    })?;
    let mut members: HashMap<i64, Option<String>> = HashMap::new();
    for field in places.keys().map(|k| k.0).chain(reader.fields_with_states(chosen.id)?) {
        members.insert(field, reader.field_member(field)?);
    }
    let named = |field: i64| (members.get(&field).cloned().flatten(), names.get(&field).cloned().unwrap_or_default());
    let mut out = Drawn::default();
    for ((_, _, rows), ranges) in &mut places {
        tidy_ranges(ranges, *rows);
    }
    for (&(field, classifier), &n) in &chosen.findings {
        let rows = places.get(&(field, classifier, true)).map_or(&[][..], Vec::as_slice);
        let bytes = places.get(&(field, classifier, false)).map_or(&[][..], Vec::as_slice);
        let many = rows.iter().map(|r| r.1 - r.0).sum::<u64>() + bytes.len() as u64;
        let mut seen = HashSet::new();
        // A place twice would say the same twice; where there are no others, fewer are drawn.
        for _ in 0..n * 20 {
            let at = random.below(many);
            if seen.len() >= n.min(many as usize) {
                break;
            }
            if !seen.insert(at) {
                continue;
            }
            let Some(at) = nth(rows, bytes, at) else { continue };
            let ((member, field), class) = (named(field), classes.get(&classifier).map(|c| c.0.clone()));
            out.findings.push(Finding { classifier: class.unwrap_or_default(), place: Place { member, field, at } });
        }
    }
    out.findings.sort();
    for ((field, _, rows), ranges) in places {
        let (member, name) = named(field);
        out.found.push((member, name, if rows { PlaceList::Rows(ranges) } else { PlaceList::Bytes(ranges) }));
    }
    let left_out: BTreeSet<_> = reader.fields_with_states(chosen.id)?.into_iter().map(named).collect();
    out.left_out = left_out.into_iter().collect();
    Ok(out)
}

/// The n-th of all rows, then of all ranges of bytes.
fn nth(rows: &[(u64, u64)], bytes: &[(u64, u64)], mut n: u64) -> Option<At> {
    for (start, end) in rows {
        if n < end - start {
            return Some(At::Row(start + n));
        }
        n -= end - start;
    }
    bytes.get(n as usize).map(|(start, end)| At::Bytes(*start, *end))
}

/// The share of `hits` among `n`, and the bounds within which the true share lies with 95 % (Wilson's score interval: Edwin B.
/// Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
/// Association 22, 1927, 209-212). `None`: nothing was looked at.
///
/// ```
/// let (share, low, high) = piimap::query::wilson(8, 10).unwrap();
/// assert_eq!((share, (low * 1000.0).round(), (high * 1000.0).round()), (0.8, 490.0, 943.0));
/// ```
pub fn wilson(hits: u64, n: u64) -> Option<(f64, f64, f64)> {
    /// The normal distribution lies within this many standard deviations in 95 % of cases.
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return None;
    }
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some((p, ((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_proportion() {
        let mut random = Random::new(3);
        for (weights, n, want) in [
            (&[10, 10, 20][..], 8, &[2..=2, 2..=2, 4..=4][..]),
            (&[1, 999], 10, &[0..=1, 9..=10]),
            (&[0, 5, 0], 3, &[0..=0, 3..=3, 0..=0]),
            (&[u64::MAX, u64::MAX], 7, &[3..=4, 3..=4]),
        ] {
            for _ in 0..50 {
                let got = shares(weights, n, &mut random);
                assert!(got.iter().sum::<usize>() == n && got.iter().zip(want).all(|(g, w)| w.contains(g)), "{weights:?} {n}: {got:?}");
            }
        }
        assert_eq!(shares(&[0, 0], 5, &mut random), [0, 0]);
        // What weighs a tenth of a unit is drawn in a tenth of the cases.
        let times = (0..2000).filter(|_| shares(&[1, 99], 10, &mut random)[0] == 1).count();
        assert!((140..260).contains(&times), "{times}");
    }

    #[test]
    fn intervals_of_wilson() {
        let rounded = |hits, n| wilson(hits, n).map(|(p, l, h)| [p, l, h].map(|x| (x * 1e4).round() / 1e4));
        // From the formula, worked out by hand and in the tables of Newcombe 1998 (81 of 263, 15 of 148, 0 of 20, 1 of 29).
        assert_eq!(rounded(81, 263), Some([0.308, 0.2553, 0.3662]));
        assert_eq!(rounded(15, 148), Some([0.1014, 0.0624, 0.1605]));
        assert_eq!(rounded(0, 20), Some([0.0, 0.0, 0.1611]));
        assert_eq!(rounded(1, 29), Some([0.0345, 0.0061, 0.1718]));
        assert_eq!(rounded(20, 20).map(|i| i[2]), Some(1.0));
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn places_are_counted_through() {
        let all: Vec<_> = (0..6).map(|n| nth(&[(3, 5), (9, 10)], &[(100, 110), (120, 130)], n)).collect();
        let rows = [3, 4, 9].map(|r| Some(At::Row(r)));
        assert_eq!(all[..3], rows);
        assert_eq!(all[3..], [Some(At::Bytes(100, 110)), Some(At::Bytes(120, 130)), None]);
    }
}
