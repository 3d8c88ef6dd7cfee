//! Whether log files of CloudTrail are those that were delivered: what its digests say of them, and of each other.
//!
//! A digest lists the log files of an hour with their SHA-256, and names the digest before it with its own (AWS CloudTrail user
//! guide, "CloudTrail digest file structure"); hashes are of decompressed bytes. Who can write all digests of a chain can write
//! another chain, unless their signatures are checked, too: see [`PublicKeys`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Bytes;
use super::events::Events;
use super::requests::text;
use super::signatures::{self, PublicKeys, Signatures, Signed};
use crate::base::{Input, Timestamp};

/// A digest is a list of files of one hour.
const LONGEST: u64 = 64 << 20;

/// Milliseconds between the time in a log file's name and its delivery, at most: the next digest may list it.
const DELAY: i64 = 15 * 60_000;

type Hash = [u8; 32];

/// One digest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Digest {
    account: String,
    region: String,
    start: Timestamp,
    end: Timestamp,
    hash: Hash,
    /// Name and hash of the one before.
    previous: Option<(String, Hash)>,
    /// Log files.
    files: Vec<(String, Hash)>,
    signed: Signed,
}

/// Digests and the log files beside them, by the names of files.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    all: BTreeMap<String, Digest>,
    /// Names that two different digests claim.
    claimed: BTreeSet<String>,
    logs: BTreeMap<String, BTreeSet<Hash>>,
    keys: Option<PublicKeys>,
}

/// What digests say of log files. Names are those of files, without their folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Digests read.
    pub digests: u64,
    /// Log files that are what was delivered.
    pub whole: u64,
    /// Log files that are not.
    pub changed: Vec<String>,
    /// Log files of the window that a digest names and that are not here.
    pub missing: Vec<String>,
    /// Log files of these hours that no digest names.
    pub unlisted: Vec<String>,
    /// Digests whose predecessor is not the one that they name, or is not here though earlier ones are.
    pub broken: Vec<String>,
    /// What CloudTrail's keys say, if they were given.
    pub signatures: Option<Signatures>,
}

impl Checked {
    /// Whether nothing is changed, missing, broken or signed by somebody else.
    pub fn is_whole(&self) -> bool {
        self.signatures.as_ref().is_none_or(|s| s.bad.is_empty())
            && self.changed.is_empty()
            && self.missing.is_empty()
            && self.unlisted.is_empty()
            && self.broken.is_empty()
    }
}

/// The name of a file, without its folders; only what can be printed whoever wrote it.
fn name(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.len() <= 255 && name.chars().all(plain)).then(|| name.to_owned())
}

/// Account, region and time of delivery of a log file: `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz`.
fn delivered(name: &str) -> Option<(&str, &str, Timestamp)> {
    let (account, rest) = name.split_once("_CloudTrail_")?;
    let (region, rest) = rest.split_once('_')?;
    let (time, _) = rest.split_once('_')?;
    let time = chrono::NaiveDateTime::parse_from_str(&format!("{time}00"), "%Y%m%dT%H%MZ%S").ok()?;
    Some((account, region, Timestamp(time.and_utc().timestamp_millis())))
}

fn hash(hex: &str) -> Option<Hash> {
    signatures::bytes(hex)?.try_into().ok()
}

/// Reads one digest file; `log` names it where it cannot be used.
pub fn read(log: &str, input: &mut dyn Input, events: &mut Events) {
    let mut bytes = Vec::new();
    if Bytes::new(input).take(LONGEST + 1).read_to_end(&mut bytes).is_err() {
        return events.problem(log, "could not be read to its end");
    }
    if bytes.len() as u64 > LONGEST {
        return events.problem(log, "is too long for a digest");
    }
    match serde_json::from_slice::<Value>(&bytes).ok().and_then(|v| parse(&v, Sha256::digest(&bytes).into())) {
        Some((own, d)) => events.digest(own, d),
        None => events.problem(log, "is no digest of CloudTrail"),
    }
}

fn parse(v: &Value, hash_of_all: Hash) -> Option<(String, Digest)> {
    let own = name(text(v, "digestS3Object")?)?;
    let time = |key: &str| text(v, key).and_then(Timestamp::parse);
    // A digest may be the first of its chain.
    let previous = match (text(v, "previousDigestS3Object"), text(v, "previousDigestHashValue")) {
        (Some(object), Some(value)) => Some((name(object)?, hash(value)?)),
        _ => None,
    };
    let file = |f: &Value| Some((name(text(f, "s3Object")?)?, hash(text(f, "hashValue")?)?));
    let files = v["logFiles"].as_array()?.iter().map(file).collect::<Option<Vec<_>>>()?;
    // ACCOUNT_CloudTrail-Digest_REGION_…
    let region = own.split_once("_CloudTrail-Digest_").and_then(|r| r.1.split('_').next()).unwrap_or("-").to_owned();
    let account = text(v, "awsAccountId").filter(|a| a.len() <= 12 && a.bytes().all(|b| b.is_ascii_digit())).unwrap_or("-").to_owned();
    let (start, end, signed) = (time("digestStartTime")?, time("digestEndTime")?, Signed::of(v, &hash_of_all));
    let digest = Digest { account, region, start, end, hash: hash_of_all, previous, files, signed };
    Some((own, digest))
}

impl Events {
    fn digest(&mut self, own: String, d: Digest) {
        let hour = |t: Timestamp| t.0.div_euclid(3_600_000);
        // A digest is of an hour; one that says much more is not believed.
        if (0..=24).contains(&(hour(d.end) - hour(d.start))) {
            self.delivered.extend((hour(d.start)..hour(Timestamp(d.end.0 - 1)) + 1).map(|h| (d.account.clone(), d.region.clone(), h)));
        }
        if self.digests.all.get(&own).is_some_and(|other| *other != d) {
            self.digests.claimed.insert(own.clone());
        }
        self.digests.all.insert(own, d);
    }

    /// Notes a log file that was read, with the hash of its bytes.
    pub(super) fn log_file(&mut self, log: &str, sum: Sha256) {
        let Some(name) = name(log) else { return };
        let Some((account, region, time)) = delivered(&name) else { return };
        self.delivered.insert((account.to_owned(), region.to_owned(), time.0.div_euclid(3_600_000)));
        self.digests.logs.entry(name).or_default().insert(sum.finalize().into());
    }
}

impl Digests {
    /// Signatures are to be checked with these keys.
    pub fn trust(&mut self, keys: PublicKeys) {
        self.keys = Some(keys);
    }

    /// What the keys say; the signature of a digest stands in the one after it.
    fn signatures(&self, keys: &PublicKeys) -> Signatures {
        let mut said: BTreeMap<&str, bool> = BTreeMap::new();
        for d in self.all.values() {
            let Some((before, hash)) = &d.previous else { continue };
            let Some((own, p)) = self.all.get_key_value(before).filter(|p| p.1.hash == *hash) else { continue };
            // CloudTrail leaves no signature out, and signs with its own keys. One that is good does not make another good that is not.
            let good = d.signed.before.as_ref().is_some_and(|signature| p.signed.is_signed(keys, signature));
            said.entry(own).and_modify(|all| *all &= good).or_insert(good);
        }
        let bad: Vec<String> = said.iter().filter(|s| !s.1).map(|s| (*s.0).to_owned()).collect();
        Signatures { good: (said.len() - bad.len()) as u64, bad, unknown: (self.all.len() - said.len()) as u64 }
    }

    /// Holds log files and digests against each other; `None` if there is no digest. Log files of other times than the window
    /// (from, before) need not be here.
    pub fn check(&self, window: (Option<Timestamp>, Option<Timestamp>)) -> Option<Checked> {
        if self.all.is_empty() {
            return None;
        }
        let signatures = self.keys.as_ref().map(|k| self.signatures(k));
        let mut out = Checked { digests: self.all.len() as u64, signatures, ..Checked::default() };
        // What every digest says of a file: who adds one does not take another's word away.
        let mut named: BTreeMap<&str, BTreeSet<&Hash>> = BTreeMap::new();
        let mut begins: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut spans: BTreeMap<(&str, &str), (Timestamp, Timestamp)> = BTreeMap::new();
        // ACCOUNT_CloudTrail-Digest_REGION_TRAIL_REGION_TIME: a chain is all but the time.
        let chain = |own: &str| own.rfind('_').unwrap_or(0);
        for (own, d) in &self.all {
            let begin = begins.entry(&own[..chain(own)]).or_insert(d.start);
            *begin = d.start.min(*begin);
            let span = spans.entry((&d.account, &d.region)).or_insert((d.start, d.end));
            *span = (span.0.min(d.start), span.1.max(d.end));
        }
        for (own, d) in &self.all {
            d.files.iter().for_each(|(file, hash)| _ = named.entry(file).or_default().insert(hash));
            let first = begins.get(&own[..chain(own)]) == Some(&d.start);
            let follows = match &d.previous {
                Some((before, hash)) => self.all.get(before).map_or(first, |p| p.hash == *hash),
                None => first,
            };
            if !follows || self.claimed.contains(own) {
                out.broken.push(own.clone());
            }
        }
        // A file holds events from before its own time.
        let asked = |file: &str| {
            delivered(file)
                .is_none_or(|d| window.0.is_none_or(|from| d.2 >= from) && window.1.is_none_or(|to| d.2.0 < to.0.saturating_add(DELAY)))
        };
        for (file, hashes) in &named {
            match self.logs.get(*file) {
                None if asked(file) => out.missing.push((*file).to_owned()),
                None => {}
                Some(found) if found.iter().collect::<BTreeSet<_>>() == *hashes && hashes.len() == 1 => out.whole += 1,
                Some(_) => out.changed.push((*file).to_owned()),
            }
        }
        for file in self.logs.keys().filter(|f| !named.contains_key(f.as_str())) {
            let within = delivered(file).and_then(|(a, r, t)| spans.get(&(a, r)).map(|s| t >= s.0 && t.0 < s.1.0 - DELAY));
            if within == Some(true) {
                out.unlisted.push(file.clone());
            }
        }
        [&mut out.changed, &mut out.missing, &mut out.unlisted, &mut out.broken].into_iter().for_each(|l| l.sort());
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::Filter;
    use super::*;
    use crate::base::MemoryInput;

    fn hex(bytes: &str) -> String {
        Sha256::digest(bytes.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }

    fn log_name(hour: u32, n: u32) -> String {
        format!("AWSLogs/1/CloudTrail/us-east-1/2026/11/03/1_CloudTrail_us-east-1_20261103T{hour:02}10Z_unique{n}.json.gz")
    }

    fn digest_name(hour: u32) -> String {
        format!(
            "AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/03/1_CloudTrail-Digest_us-east-1_t_us-east-1_20261103T{hour:02}0000Z.json.gz"
        )
    }

    const LOG: &str = "{\"Records\":[]}";

    /// The digest of the hour before `hour`.
    fn digest(hour: u32, before: Option<&str>, files: &[(String, String)]) -> String {
        let files: Vec<Value> = files.iter().map(|(n, h)| serde_json::json!({"s3Object": n, "hashValue": h})).collect();
        serde_json::json!({
            "awsAccountId": "1", "digestStartTime": format!("2026-11-03T{:02}:00:00Z", hour - 1), "digestEndTime": format!("2026-11-03T{hour:02}:00:00Z"),
            "digestS3Object": digest_name(hour), "previousDigestS3Object": before.map(|_| digest_name(hour - 1)),
            "previousDigestHashValue": before.map(hex), "logFiles": files,
        })
        .to_string()
    }

    fn checked(digests: &[String], logs: &[(String, &str)]) -> (Checked, Events) {
        let mut e = Events::default();
        digests.iter().for_each(|d| read("d.json", &mut MemoryInput::with_chunk(d.clone().into_bytes(), 9), &mut e));
        for (name, log) in logs {
            super::super::read_cloudtrail(name, &mut MemoryInput::new(log.as_bytes().to_vec()), &Filter::default(), &mut e);
        }
        (e.digests.check((None, None)).unwrap(), e)
    }

    #[test]
    fn a_chain_is_whole_or_says_where_it_is_not() {
        let file = |h| (log_name(h, 1), hex(LOG));
        let one = digest(2, None, &[file(1)]);
        let two = digest(3, Some(&one), &[]);
        let three = digest(4, Some(&two), &[file(3)]);
        let logs = [(log_name(1, 1), LOG), (log_name(3, 1), LOG)];
        let short = |h| log_name(h, 1).rsplit('/').next().unwrap().to_owned();
        let (all, events) = checked(&[three.clone(), one.clone(), two.clone()], &logs);
        assert_eq!((all.is_whole(), all.digests, all.whole), (true, 3, 2), "{all:?}");
        assert_eq!(events.delivered.iter().map(|d| d.2 % 24).collect::<Vec<_>>(), [1, 2, 3], "an hour without events is no gap");
        // A chain may begin anywhere.
        assert!(checked(&[two.clone(), three.clone()], &logs[1..]).0.is_whole());
        for (what, digests, logs, want) in [
            ("a log was changed", vec![one.clone()], vec![(log_name(1, 1), "{\"Records\":[ ]}")], ("changed", short(1))),
            (
                "another digest says otherwise",
                vec![one.clone(), digest(2, None, &[(log_name(1, 1), hex("x"))]).replace("_t_us-east-1_", "_a_us-east-1_")],
                vec![logs[0].clone()],
                ("changed", short(1)),
            ),
            ("a log is gone", vec![one.clone()], vec![], ("missing", short(1))),
            ("a log came later", vec![one.clone(), two.clone()], vec![logs[0].clone(), (log_name(2, 1), LOG)], ("unlisted", short(2))),
            (
                "a digest was changed",
                vec![one.replace("logFiles", "x\":1,\"logFiles"), two.clone()],
                vec![logs[0].clone()],
                ("broken", digest_name(3).rsplit('/').next().unwrap().to_owned()),
            ),
            (
                "a digest is gone",
                vec![one.clone(), three.clone()],
                logs.to_vec(),
                ("broken", digest_name(4).rsplit('/').next().unwrap().to_owned()),
            ),
        ] {
            let (c, _) = checked(&digests, &logs);
            let list = match want.0 {
                "changed" => &c.changed,
                "missing" => &c.missing,
                "unlisted" => &c.unlisted,
                _ => &c.broken,
            };
            assert_eq!((list.as_slice(), c.is_whole()), (&[want.1][..], false), "{what}: {c:?}");
        }
    }

    #[test]
    fn files_of_other_times_need_not_be_here() {
        let one = digest(2, None, &[(log_name(1, 1), hex(LOG))]);
        let (_, e) = checked(&[one], &[]);
        let time = |hour: u32, minute: u32| Timestamp::parse(&format!("2026-11-03T{hour:02}:{minute:02}:00Z"));
        for (from, to, missing) in [
            (None, None, 1),
            (time(1, 0), time(2, 0), 1),
            (time(1, 10), None, 1),
            (time(1, 11), None, 0),
            (None, time(1, 0), 1),
            (None, time(0, 55), 0),
        ] {
            assert_eq!(e.digests.check((from, to)).unwrap().missing.len(), missing, "{from:?} {to:?}");
        }
    }

    #[test]
    fn who_writes_a_chain_anew_cannot_sign_it() {
        let (aws, keys) = super::super::signatures::tests::key("ab");
        let (other, _) = super::super::signatures::tests::key("ab");
        // Three digests, each with the signature of the one before.
        let chain = |pair: &_| {
            let mut all: Vec<String> = Vec::new();
            for hour in 2..5 {
                let mut v: Value = serde_json::from_str(&digest(hour, all.last().map(String::as_str), &[])).unwrap();
                v["digestS3Bucket"] = "trail".into();
                v["digestPublicKeyFingerprint"] = "ab".into();
                v["previousDigestSignature"] = all.last().map(|d| super::super::signatures::tests::sign(pair, d)).into();
                all.push(v.to_string());
            }
            all
        };
        let check = |digests: &[String]| {
            let mut e = Events::default();
            e.digests.trust(keys.clone());
            digests.iter().for_each(|d| read("d.json", &mut MemoryInput::new(d.clone().into_bytes()), &mut e));
            e.digests.check((None, None)).unwrap()
        };
        let good = check(&chain(&aws));
        assert_eq!(good.signatures, Some(Signatures { good: 2, bad: Vec::new(), unknown: 1 }));
        assert!(good.is_whole());
        let forged = check(&chain(&other));
        assert!(forged.broken.is_empty() && !forged.is_whole(), "as a chain it is sound: {forged:?}");
        assert_eq!(forged.signatures.unwrap().bad.len(), 2);
        // Without its successor nothing is known of a digest, nor without its key.
        assert_eq!(check(&chain(&aws)[..1]).signatures.unwrap().unknown, 1);
        // Nor does it help to leave the signature out, to write something else in its place, or to name another key.
        for (what, with) in [
            ("\"previousDigestSignature\":\"", "\"x\":\""),
            ("\"previousDigestSignature\":\"", "\"previousDigestSignature\":\"zz"),
            ("\"ab\"", "\"cd\""),
        ] {
            let all = chain(&other);
            let first = all[0].replace(what, with);
            let mut v: Value = serde_json::from_str(&all[1]).unwrap();
            v["previousDigestHashValue"] = hex(&first).into();
            let next = v.to_string().replace(what, with);
            let checked = check(&[first, next]);
            assert!(checked.broken.is_empty() && !checked.is_whole(), "{with}: {checked:?}");
        }
    }

    #[test]
    fn what_is_no_digest_is_said() {
        for text in ["", "[]", "{}", "{\"digestS3Object\":\"a b\"}", "\u{0}", "{\"digestS3Object\":\"x\",\"logFiles\":[{}]}"] {
            let mut e = Events::default();
            read("d", &mut MemoryInput::new(text.as_bytes().to_vec()), &mut e);
            assert!(e.digests.check((None, None)).is_none() && e.problems.len() == 1, "{text}");
        }
        for bad in ["x", "1_CloudTrail_us-east-1_2026Z_u.json", "1_CloudTrail_us-east-1_20261303T0000Z_u.json", "é_CloudTrail_"] {
            assert_eq!(delivered(bad), None, "{bad}");
        }
    }
}
