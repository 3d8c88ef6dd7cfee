//! Logs that AWS services deliver: `AWSLogs/[o-ORGANISATION/]ACCOUNT/SERVICE/REGION/…`, exports of CloudWatch log groups,
//! streams of Firehose.

use super::{Finder, file_name, folder, generic};

/// Claims logs by their keys: CloudTrail's by the file's name too, since copies lose their folders.
pub(super) fn find(f: &mut Finder) {
    for i in 0..f.objects.len() {
        let uri = f.objects[i].uri.as_str();
        let found = cloudtrail(file_name(uri)).or_else(|| delivered(uri)).map(|name| (name, "aws-logs"));
        let found = found.or_else(|| Some((cloudwatch(uri)?, "cloudwatch-logs")));
        let found = found.or_else(|| Some((firehose(file_name(uri), folder(uri))?, "firehose")));
        let Some((name, kind)) = found else { continue };
        f.facts(&name, kind, Vec::new());
        f.claim(i, &name);
        // What the service wrote to see whether it may write.
        if kind == "cloudwatch-logs"
            && let Some(&test) = f.by_uri.get(format!("{}/aws-logs-write-test", folder(folder(folder(uri)))).as_str())
        {
            f.bookkeeping(test, &name);
        }
    }
}

/// `ACCOUNT_CloudTrail_REGION_TIME_RANDOM.json.gz`
fn cloudtrail(name: &str) -> Option<String> {
    let mut parts = name.splitn(5, '_');
    let (account, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let time = parts.next()?.strip_suffix('Z')?;
    let ok = is_account(account) && service.starts_with("CloudTrail") && is_region(region);
    (ok && time.contains('T') && time.bytes().all(|b| b.is_ascii_digit() || b == b'T')).then(|| named(service, account, region))
}

/// The folders below `AWSLogs`.
fn delivered(uri: &str) -> Option<String> {
    let at = uri.find("/AWSLogs/")? + "/AWSLogs/".len();
    let mut segments = uri[at..].split('/');
    let mut account = segments.next()?;
    if account.starts_with("o-") {
        account = segments.next()?;
    }
    let (service, region) = (segments.next()?, segments.next()?);
    // There must be a file below.
    segments.next()?;
    let plain = service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (is_account(account) && plain && is_region(region)).then(|| named(service, account, region))
}

/// `PREFIX/TASK/STREAM/000000.gz`, where the task is a UUID. The log group is not told; the prefix mostly is its name.
fn cloudwatch(uri: &str) -> Option<String> {
    let (stream, file) = uri.rsplit_once('/')?;
    let number = file.strip_suffix(".gz")?;
    if number.len() != 6 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (task, _) = stream.rsplit_once('/')?;
    let (prefix, task) = task.rsplit_once('/')?;
    let prefix = generic::segment(file_name(prefix));
    is_uuid(task).then(|| format!("cloudwatch/{}", if prefix.is_empty() || prefix == "*" { "exportedlogs" } else { &prefix }))
}

/// `…/2026/11/03/22/STREAM-VERSION-2026-11-03-22-15-01-UUID[.gz]`
fn firehose(name: &str, folder: &str) -> Option<String> {
    // Four folders of digits, or folders that are columns.
    let hour = folder.rsplit('/').take(4).filter(|s| (2..=4).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit())).count();
    let stem = &name[..name.find('.').unwrap_or(name.len())];
    let (rest, id) = stem.split_at_checked(stem.len().checked_sub(36)?)?;
    let mut parts: Vec<&str> = rest.strip_suffix('-')?.split('-').collect();
    let digits = |s: &str, len: usize| s.len() == len && s.bytes().all(|b| b.is_ascii_digit());
    let time = parts.split_off(parts.len().checked_sub(6)?);
    let is_time = digits(time[0], 4) && time[1..].iter().all(|t| digits(t, 2));
    let version = parts.pop()?;
    let ok = is_uuid(id) && is_time && !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    let stream = parts.join("-");
    (ok && (hour == 4 || folder.contains('=')) && !stream.is_empty()).then(|| format!("firehose/{stream}"))
}

fn named(service: &str, account: &str, region: &str) -> String {
    format!("{}/{account}/{region}", service.to_ascii_lowercase())
}

fn is_uuid(s: &str) -> bool {
    let groups: Vec<&str> = s.split('-').collect();
    let lens: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    lens == [8, 4, 4, 4, 12] && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_account(s: &str) -> bool {
    s.len() == 12 && s.bytes().all(|b| b.is_ascii_digit())
}

fn is_region(s: &str) -> bool {
    s.split('-').count() >= 3
        && s.ends_with(|c: char| c.is_ascii_digit())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
