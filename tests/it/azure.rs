//! Blobs in Azure: listed as they are, read through a network that fails, mapped as a folder is.

use std::path::Path;
use std::time::Duration;

use piimap::base::{Input, Object, Reason};
use piimap::source::azure::{self, Access, Azure};
use piimap::source::{Options, Source};
use serde_json::json;

use crate::s3::{consumers, relative};
use crate::support::blob_server::{ACCOUNT, Blob, BlobServer, KEY, Uploader};
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::{Bench, Done, bench, of_others};

/// Short times, small ranges: what takes minutes in earnest takes milliseconds here.
fn options(url: &str) -> Options {
    Options {
        endpoint_url: Some(url.to_owned()),
        range_bytes: 1 << 20,
        attempts: 4,
        stall: Duration::from_millis(400),
        backoff: Duration::from_millis(5),
        in_flight: 1,
        ..Options::default()
    }
}

fn source(url: &str, prefix: &str) -> Azure {
    azure::connect(ACCOUNT, "box", prefix, Access::AccountKey(KEY.to_owned()), &options(url)).unwrap()
}

fn listed(s: &dyn Source) -> Vec<Object> {
    let mut all = Vec::new();
    let failures = s.list(&mut |o| all.push(o));
    assert!(failures.is_empty(), "{failures:?}");
    all
}

fn drain(input: &mut dyn Input) -> (Vec<u8>, Option<Reason>) {
    let mut all = Vec::new();
    loop {
        match input.next_chunk() {
            Ok(c) if c.is_empty() => return (all, None),
            Ok(c) => all.extend_from_slice(&c),
            Err(e) => {
                assert!(!e.detail.contains("jane@"), "an error quotes the server's message");
                return (all, Some(e.reason));
            }
        }
    }
}

fn read(s: &dyn Source, o: &Object) -> (Vec<u8>, Option<Reason>) {
    match s.open(o) {
        Ok(mut input) => drain(&mut *input),
        Err(e) => {
            assert!(!e.detail.contains("jane@"), "an error quotes the server's message");
            (Vec::new(), Some(e.reason))
        }
    }
}

/// Content in which no two places look the same.
fn content(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// Names that an encoding could harm.
const ODD: &[&str] = &[
    "many/a b+c.txt",
    "many/ü %2F 100%.txt",
    "many/x&y=<z>?#'.txt",
    "many/日本/ü.txt",
    "many/a//b",
    "many/\u{1F600}",
    "many/\u{FF21}",
    "manyfold",
];

#[test]
fn names_are_listed_as_they_are_in_byte_order_over_pages() {
    let server = BlobServer::start();
    for name in ODD {
        server.put("box", name, name.as_bytes());
    }
    server.put("box", "man", b"not of the prefix");
    server.put("boxes", "many/x", b"not of the container");
    server.put("box", "many/folder/", b"");
    server.put_blob("box", "many/tree", Blob { is_folder: true, ..Blob::default() });
    let s = source(&server.url(), "many");
    let objects = listed(&s);
    let mut want = ODD.to_vec();
    want.sort();
    let prefix = format!("az://{ACCOUNT}/box/");
    assert_eq!(objects.iter().map(|o| o.uri.strip_prefix(&prefix).unwrap()).collect::<Vec<_>>(), want);
    for o in &objects {
        assert_eq!(read(&s, o), (o.uri.strip_prefix(&prefix).unwrap().as_bytes().to_vec(), None), "{}", o.uri);
        assert!(s.covers(&o.uri) && o.modified.is_some() && o.version.starts_with("0x8DE"));
    }
    // What is listed may be opened at once.
    let mut opened = 0;
    assert!(s.list(&mut |o| opened += usize::from(o.uri.ends_with("manyfold") && s.open(&o).is_ok())).is_empty());
    assert_eq!(opened, 1);
}

#[test]
fn what_passes_is_tried_again_and_the_rest_has_its_reason() {
    let server = BlobServer::start();
    let data = content((2 << 20) + 99);
    server.put("box", "one", &data);
    let proxy = FaultProxy::start(server.address());
    let s = source(&proxy.url(), "");
    let object = listed(&s).remove(0);
    let busy = Fault::Refuse(503, "ServerBusy");
    for faults in [
        &[busy][..],
        &[busy, Fault::Refuse(500, "OperationTimedOut")],
        &[Fault::Reset(300_000)],
        &[Fault::None, Fault::Reset(0), Fault::Reset(200_000)],
        &[Fault::Hang(1000)],
        &[Fault::Truncate(1000)],
    ] {
        proxy.next(faults);
        let (got, error) = read(&s, &object);
        assert!(error.is_none() && got == data, "{faults:?}: {error:?}");
        assert_eq!(proxy.seen().len(), 3 + faults.iter().filter(|f| **f != Fault::None).count(), "{faults:?}: {:?}", proxy.seen());
    }
    // What arrived is not fetched again.
    proxy.next(&[Fault::Reset(300_000)]);
    read(&s, &object);
    let from: u64 = proxy.seen()[1].split("bytes=").nth(1).and_then(|r| r.split('-').next()).unwrap().parse().unwrap();
    assert!(from > 0 && from <= 300_000, "{:?}", proxy.seen());

    for (fault, reason, requests) in [
        (busy, Reason::Network, 4),
        (Fault::Silence, Reason::Network, 4),
        (Fault::Refuse(403, "AuthorizationFailure"), Reason::AccessDenied, 1),
        (Fault::Refuse(409, "BlobArchived"), Reason::Archived, 1),
        (Fault::Refuse(409, "BlobUsesCustomerSpecifiedEncryption"), Reason::Encrypted, 1),
        (Fault::Refuse(404, "BlobNotFound"), Reason::NotFound, 1),
        (Fault::Refuse(412, "ConditionNotMet"), Reason::Changed, 1),
        (Fault::Refuse(416, "InvalidRange"), Reason::Changed, 1),
        (Fault::Etag, Reason::Changed, 1),
    ] {
        proxy.always(fault);
        assert_eq!(read(&s, &object), (Vec::new(), Some(reason)), "{fault:?}");
        assert_eq!(proxy.seen().len(), requests, "{fault:?}");
    }
    // Later ranges: the bytes before the failure are good.
    proxy.next(&[Fault::None, Fault::Etag]);
    assert_eq!(read(&s, &object), (data[..1 << 20].to_vec(), Some(Reason::Changed)));
}

#[test]
fn what_changes_or_cannot_be_read_is_noticed() {
    let server = BlobServer::start();
    server.put("box", "one", &content(3 << 20));
    server.put("box", "empty", b"");
    server.put_blob("box", "cold", Blob { content: b"x".to_vec(), tier: "Archive", ..Blob::default() });
    server.put_blob("box", "sealed", Blob { content: b"x".to_vec(), metadata: vec!["encryptiondata"], ..Blob::default() });
    let s = source(&server.url(), "");
    let objects = listed(&s);
    let of = |name: &str| objects.iter().find(|o| o.uri.ends_with(name)).unwrap();
    assert_eq!(read(&s, of("empty")), (Vec::new(), None));
    assert_eq!(read(&s, of("cold")).1, Some(Reason::Archived));
    assert_eq!(read(&s, of("sealed")).1, Some(Reason::Encrypted));
    let seek = s.open(of("one")).unwrap().random_access().unwrap();
    assert_eq!(&seek.read_at((3 << 20) - 8, 8).unwrap()[..], &content(3 << 20)[(3 << 20) - 8..]);

    let mut input = s.open(of("one")).unwrap();
    server.put("box", "one", &content(3 << 20));
    let (got, error) = drain(&mut *input);
    assert_eq!(error, Some(Reason::Changed), "the same bytes under another ETag");
    assert!(content(3 << 20).starts_with(&got));
    assert_eq!(seek.read_at(0, 10).unwrap_err().reason, Reason::Changed);
    server.remove("box", "one");
    assert_eq!(read(&s, of("one")).1, Some(Reason::NotFound));

    let failed = |access: Access, container: &str| {
        let s = azure::connect(ACCOUNT, container, "p", access, &options(&server.url())).unwrap();
        let failures = s.list(&mut |o| panic!("listed {}", o.uri));
        assert_eq!((failures.len(), failures[0].error.reason), (1, Reason::ListingFailed));
        failures[0].error.detail.clone()
    };
    assert_eq!(failed(Access::Anonymous, "box"), "access_denied: HTTP 403 AuthenticationFailed");
    assert_eq!(failed(Access::AccountKey(KEY.to_owned()), "none"), "not_found: HTTP 404 ContainerNotFound");
    let sas = Access::SharedAccessSignature(vec![("sig".to_owned(), "secret".to_owned())]);
    assert!(!failed(sas, "box").contains("secret"));
    server.open_to_all();
    let s = azure::connect(ACCOUNT, "box", "", Access::Anonymous, &options(&server.url())).unwrap();
    assert_eq!(listed(&s).len(), 3);
}

fn run(b: &Bench, args: &[&str], environment: &[(&str, &str)]) -> Done {
    let mut c = b.command(args);
    c.envs(environment.iter().copied());
    Done::of(c.spawn().unwrap())
}

const WITH_KEY: &[(&str, &str)] = &[("AZURE_STORAGE_ACCOUNT_KEY", KEY)];

/// The same folder as files and as blobs gives the same map. `put` takes a name below the container.
fn compare(b: &Bench, url: &str, container: &str, put: &dyn Fn(&str, Vec<u8>)) {
    bench::copy(&bench::repository().join("samples"), &b.path("company"));
    b.write("company/odd/a b+c %2F ü.csv", "email\nada.winter@example.com\n");
    let mut folders = vec![b.path("company")];
    while let Some(folder) = folders.pop() {
        for e in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if e.is_dir() {
                folders.push(e);
                continue;
            }
            put(&format!("company/{}", below(&e, &b.path("company"))), std::fs::read(&e).unwrap());
        }
    }
    let spec = format!("az://{ACCOUNT}/{container}/company/");
    let scan = ["scan", &spec, "--endpoint-url", url, "--format", "json", "--index", "az.db"];
    let done = run(b, &scan, WITH_KEY);
    assert_eq!(done.status, Some(3), "the samples hold what cannot be read; {}", done.stderr);
    let local = b.path("company");
    let folder = b.run(&["scan", local.to_str().unwrap(), "--format", "json", "--index", "folder.db"]);
    let (remote, folder) = (done.json(), folder.json());
    for key in ["objects", "bytes", "records", "sightings", "consumers", "classifiers"] {
        assert_eq!(remote[key], folder[key], "{key}");
    }
    let ask = |args: &[&str], index: &str| b.json(&[args, &["--index", index]].concat());
    let (there, here) = (ask(&["map"], "az.db"), ask(&["map"], "folder.db"));
    assert_eq!(consumers(&there), consumers(&here));
    assert_eq!(relative(there, &spec), relative(here, &format!("{}/", local.display())));
    let found = ask(&["find", "ada.winter@example.com"], "az.db");
    assert_eq!(found["places"][0]["uri"], format!("{spec}odd/a b+c %2F ü.csv"));
    assert_eq!(run(b, &scan, WITH_KEY).json()["objects"]["read"], 0, "a second run reads nothing");
}

fn below(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_container_is_mapped_as_a_folder_is() {
    let (b, server) = (Bench::new(), BlobServer::start());
    compare(&b, &server.url(), "data", &|name, content| server.put("data", name, &content));
}

#[test]
fn what_az_cannot_do_is_said() {
    let (b, server) = (Bench::new(), BlobServer::start());
    server.put("box", "crm/customers.csv", b"email\nada.winter@example.com\n");
    let spec = format!("az://{ACCOUNT}/box/crm/");
    for (more, says) in [
        (&["--all-versions"][..], "--all-versions is for s3://"),
        (&["--requester-pays"], "--requester-pays is for s3://"),
        (&["--inventory", "s3://b/manifest.json"], "--inventory is for s3://"),
        (&["--bucket-owner", "111122223333"], "--bucket-owner is for s3://"),
    ] {
        let done = run(&b, &[&["scan", spec.as_str()], more].concat(), WITH_KEY);
        assert_eq!(done.status, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    let done = run(&b, &["scan", "az://account"], WITH_KEY);
    assert!(done.status == Some(2) && done.stderr.contains("az://account/container/prefix"), "{}", done.stderr);
    let done = run(&b, &["scan", &spec], &[("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0!")]);
    assert!(done.status == Some(2) && !done.stderr.contains("c2VjcmV0"), "{}", done.stderr);
    // A signature is never shown, whatever fails.
    let sas = [("AZURE_STORAGE_SAS_TOKEN", "sv=2023-11-03&sp=rl&sig=c2VjcmV0")];
    let done = run(&b, &["scan", &spec, "--endpoint-url", &server.url(), "--format", "json"], &sas);
    let lines = b.run(&["coverage", "--format", "json"]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    assert!(
        lines.stdout.contains("AuthenticationFailed") && !format!("{}{}{}", lines.stdout, done.stdout, done.stderr).contains("c2VjcmV0")
    );
    // An open container, by the endpoint of the environment.
    server.open_to_all();
    let url = server.url();
    let open = [("AZURE_SKIP_SIGNATURE", "true"), ("AZURE_STORAGE_ENDPOINT", url.as_str())];
    let done = run(&b, &["scan", &spec, "--format", "json"], &open);
    assert_eq!((done.status, &done.json()["objects"]["read"]), (Some(0), &json!(1)), "{}", done.stderr);
    let dry = run(&b, &["scan", &spec, "--full", "--dry-run", "--format", "json"], &open);
    assert_eq!((dry.status, &dry.json()["usd"]), (Some(0), &serde_json::Value::Null), "{}", dry.stdout);
}

/// Against a service that others made, where one runs: `PIIMAP_TEST_AZURITE=http://127.0.0.1:PORT`.
#[test]
fn a_service_of_others_is_read() {
    let Some(url) = of_others("PIIMAP_TEST_AZURITE", "azure::a_service_of_others_is_read") else { return };
    let (b, up) = (Bench::new(), Uploader::new(&url));
    let container = format!("data{}", std::process::id());
    up.container(&container);
    compare(&b, up.url(), &container, &|name, content| up.put(&container, name, content));

    let odd = format!("odd{}", std::process::id());
    up.container(&odd);
    for name in ODD {
        up.put(&odd, name, name.as_bytes().to_vec());
    }
    up.put(&odd, "cold", b"x".to_vec());
    up.tier(&odd, "cold", "Archive");
    let open = |key: &str| azure::connect(ACCOUNT, &odd, "", Access::AccountKey(key.to_owned()), &options(up.url())).unwrap();
    let s = open(KEY);
    let objects = listed(&s);
    assert_eq!(objects.len(), ODD.len() + 1);
    for o in &objects {
        let name = o.uri.strip_prefix(&format!("az://{ACCOUNT}/{odd}/")).unwrap();
        match name {
            "cold" => assert_eq!(read(&s, o).1, Some(Reason::Archived)),
            _ => assert_eq!(read(&s, o), (name.as_bytes().to_vec(), None), "{name}"),
        }
    }
    let old = objects.iter().find(|o| o.uri.ends_with("manyfold")).unwrap();
    up.put(&odd, "manyfold", b"manyfold".to_vec());
    assert_eq!(read(&s, old).1, Some(Reason::Changed));
    let failures = open("bm8ga2V5").list(&mut |o| panic!("listed {}", o.uri));
    assert!(failures[0].error.detail.starts_with("access_denied: HTTP 403"), "{failures:?}");
}
