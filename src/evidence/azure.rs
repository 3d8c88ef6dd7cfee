//! Storage logs of Azure (`StorageRead`, `StorageWrite`, `StorageDelete` of the diagnostic settings): a JSON object a line.
//!
//! Fields as in the reference of Azure Monitor for blobs: `time`, `operationName`, `statusCode`, `uri`, `callerIpAddress`, `correlationId`,
//! `identity`, `properties`.

use serde_json::Value;

use super::events::{Event, Events, Kind, Read};
use super::filter::{Actor, Filter};
use super::percent_decoded;
use super::requests::text;
use crate::base::Timestamp;

/// Adds what a line tells; `false`: it is none of such a log.
pub(super) fn add(line: &str, filter: &Filter, events: &mut Events) -> bool {
    let Ok(v) = serde_json::from_str::<Value>(line) else { return false };
    let (Some(operation), Some(time)) = (text(&v, "operationName"), text(&v, "time").and_then(Timestamp::parse)) else { return false };
    let Some((account, path, version)) = text(&v, "uri").and_then(place) else { return false };
    let (properties, requester) = (&v["properties"], &v["identity"]["requester"]);
    let names: Vec<&str> = ["upn", "objectId", "appId"].into_iter().filter_map(|k| text(requester, k)).collect();
    // An address comes with its port.
    let ip = text(&v, "callerIpAddress").map(|ip| match ip.matches(':').count() {
        1 => ip.split(':').next().unwrap_or(ip),
        _ => ip.strip_prefix('[').and_then(|ip| ip.split_once(']')).map_or(ip, |ip| ip.0),
    });
    let actor = Actor { names, access_key: None, ip, user_agent: text(properties, "userAgentHeader") };
    events.hour(&format!("azure {account}"), text(&v, "location").unwrap_or("-"), time);
    let target = format!("az://{account}/{path}");
    let request = match text(&v, "correlationId") {
        Some(id) => id.to_owned(),
        None => format!("{time} {operation} {target}"),
    };
    if filter.is_own(&actor) {
        events.add_own(&request);
        return true;
    }
    let number = |key: &str| properties.get(key).and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()));
    let authentication = text(&v["identity"], "type").unwrap_or("");
    let status = v.get("statusCode").and_then(|s| s.as_u64().or_else(|| s.as_str()?.parse().ok())).unwrap_or(0);
    let read = Read {
        bytes: number("responseBodySize"),
        // Which part is not said, so that two may be one and the same.
        some: status == 206,
        anonymous: authentication.eq_ignore_ascii_case("anonymous"),
        presigned: authentication.to_ascii_lowercase().contains("sas"),
        ..Read::default()
    };
    let container = || format!("az://{account}/{}/", path.split('/').next().unwrap_or_default());
    let (kind, target) = match operation {
        "GetBlob" | "ReadFile" => (Kind::Read(read), target),
        "CopyBlobSource" => (Kind::Read(Read { copied: true, ..read }), target),
        "QueryBlobContents" => (Kind::Read(Read { some: true, ..read }), target),
        "PutBlob"
        | "PutBlockList"
        | "PutBlobFromURL"
        | "PutBlockFromURL"
        | "CopyBlob"
        | "CopyBlobFromURL"
        | "CopyBlobDestination"
        | "IncrementalCopyBlob"
        | "AppendBlock"
        | "AppendBlockThroughCopy"
        | "UndeleteBlob"
        | "CreatePathFile"
        | "AppendFile"
        | "FlushFile" => (Kind::Write, target),
        "DeleteBlob" | "DeleteFile" => (Kind::Delete, target),
        "ListBlobs" | "ListFilesystemDir" | "ListFilesystemFile" => (Kind::List, container()),
        "SetContainerACL" => (Kind::Public(operation.to_owned()), container()),
        _ => return true,
    };
    let failed = !(200..300).contains(&status);
    let theirs = filter.fits(&actor, time);
    if theirs || (!failed && matches!(kind, Kind::Write | Kind::Delete)) {
        let version = version.filter(|_| matches!(kind, Kind::Read(_)));
        events.add(&request, Event { time, target, version, kind, failed, theirs });
    }
    true
}

/// Account, `container/blob` and version or snapshot of a uri like `https://account.blob.core.windows.net/container/blob?versionid=T`.
fn place(uri: &str) -> Option<(&str, String, Option<String>)> {
    let (host, rest) = uri.split_once("://")?.1.split_once('/')?;
    let account = host
        .split(['.', ':'])
        .next()
        .filter(|a| !a.is_empty() && a.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let named = |(key, value): (&str, &str)| {
        let version = key.eq_ignore_ascii_case("versionid") || key.eq_ignore_ascii_case("snapshot");
        version.then(|| percent_decoded(value))
    };
    let version = query.split('&').filter_map(|p| p.split_once('=')).find_map(named);
    (!path.is_empty()).then(|| (account, percent_decoded(path), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(operation: &str, status: u16, uri: &str, more: &str) -> String {
        format!(
            r#"{{"time":"2026-11-03T02:00:00.1234567Z","category":"StorageRead","operationName":"{operation}","statusCode":{status},"uri":"{uri}","callerIpAddress":"203.0.113.77:4711","correlationId":"{operation}{status}","identity":{{"type":"OAuth","requester":{{"objectId":"o1","upn":"thief"}}}},"location":"westeurope","properties":{{"responseBodySize":5000,"userAgentHeader":"azcopy"{more}}}}}"#
        )
    }

    #[test]
    fn lines_are_requests() {
        let uri = "https://acct.blob.core.windows.net:443/crm/in/a%20b.csv?sv=1";
        let read = |more: Read| Kind::Read(Read { bytes: Some(5000), ..more });
        for (operation, status, want) in [
            ("GetBlob", 200, Some(("az://acct/crm/in/a b.csv", read(Read::default()), false))),
            ("GetBlob", 206, Some(("az://acct/crm/in/a b.csv", read(Read { some: true, ..Read::default() }), false))),
            ("ReadFile", 200, Some(("az://acct/crm/in/a b.csv", read(Read::default()), false))),
            ("GetBlob", 403, Some(("az://acct/crm/in/a b.csv", read(Read::default()), true))),
            ("CopyBlobSource", 202, Some(("az://acct/crm/in/a b.csv", read(Read { copied: true, ..Read::default() }), false))),
            ("PutBlob", 201, Some(("az://acct/crm/in/a b.csv", Kind::Write, false))),
            ("DeleteBlob", 202, Some(("az://acct/crm/in/a b.csv", Kind::Delete, false))),
            ("ListBlobs", 200, Some(("az://acct/crm/", Kind::List, false))),
            ("GetBlobProperties", 200, None),
        ] {
            let mut e = Events::default();
            assert!(add(&line(operation, status, uri, ""), &Filter::default(), &mut e), "{operation}");
            let got = e.sorted().into_iter().next().map(|e| (e.target, e.kind, e.failed));
            assert_eq!(got, want.map(|(t, k, f)| (t.to_owned(), k, f)), "{operation} {status}");
        }
        let mut e = Events::default();
        add(
            &line("GetBlob", 200, "https://acct.blob.core.windows.net/crm/a.csv?sv=1&versionid=2026-10-01T00%3A00%3A00Z", ""),
            &Filter::default(),
            &mut e,
        );
        assert_eq!(e.sorted()[0].version.as_deref(), Some("2026-10-01T00:00:00Z"));
        let filter = Filter::new(&["thief".to_owned()], &["203.0.113.77".to_owned()], &[], &["azcopy".to_owned()], &[]).unwrap();
        let mut e = Events::default();
        add(&line("GetBlob", 200, uri, ""), &filter, &mut e);
        assert!(e.sorted()[0].theirs);
        for bad in ["", "{}", "[1]", r#"{"operationName":"GetBlob","time":"2026-11-03T02:00:00Z","uri":"x"}"#, "{\u{0}"] {
            assert!(!add(bad, &Filter::default(), &mut e), "{bad}");
        }
    }
}
