//! Logs that AWS services deliver: `AWSLogs/[o-ORGANISATION/]ACCOUNT/SERVICE/REGION/…`.

use super::{Finder, file_name};

/// Claims logs by their keys: CloudTrail's by the file's name too, since copies lose their folders.
pub(super) fn find(f: &mut Finder) {
    for i in 0..f.objects.len() {
        let uri = f.objects[i].uri.as_str();
        if let Some(name) = cloudtrail(file_name(uri)).or_else(|| delivered(uri)) {
            f.claim(i, &name, None);
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

fn named(service: &str, account: &str, region: &str) -> String {
    format!("{}/{account}/{region}", service.to_ascii_lowercase())
}

fn is_account(s: &str) -> bool {
    s.len() == 12 && s.bytes().all(|b| b.is_ascii_digit())
}

fn is_region(s: &str) -> bool {
    s.split('-').count() >= 3
        && s.ends_with(|c: char| c.is_ascii_digit())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
