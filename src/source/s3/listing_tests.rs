//! Pages as S3 itself writes them, some of them cut off.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::{Builder, Credentials, Region};

use super::*;
use crate::source::{Options, Source};

/// Serves `keys`, ten a page, for as long as the process lives. The request with the number `cut` gets so many bytes of its page.
fn serve(keys: Vec<String>, cut: (usize, usize)) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let counter = asked.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (keys, number) = (keys.clone(), counter.fetch_add(1, Ordering::SeqCst));
            std::thread::spawn(move || {
                let mut socket = socket.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).unwrap() == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let query = head.split(' ').nth(1).unwrap().split_once('?').unwrap().1.to_owned();
                let of = |name: &str| query.split('&').find_map(|f| f.strip_prefix(name)).map(|v| decode(v).unwrap());
                let behind = of("continuation-token=").or_else(|| of("start-after=")).unwrap_or_default();
                let mut page = page(&keys, &behind);
                if number == cut.0 {
                    page.truncate(cut.1);
                }
                // In good order: the length is that of what comes.
                let _ = write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}", page.len());
            });
        }
    });
    (url, asked)
}

/// What says that more follow stands before the keys.
fn page(keys: &[String], behind: &str) -> String {
    let all: Vec<&String> = keys.iter().filter(|k| k.as_str() > behind).collect();
    let shown = &all[..all.len().min(10)];
    let more = all.len() > shown.len();
    let next = if more { format!("<NextContinuationToken>{}</NextContinuationToken>", shown[9]) } else { String::new() };
    let head =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>";
    let mut out =
        format!("{head}<Prefix></Prefix>{next}<KeyCount>{}</KeyCount><MaxKeys>10</MaxKeys><EncodingType>url</EncodingType>", shown.len());
    out += &format!("<IsTruncated>{more}</IsTruncated>");
    for key in shown {
        out += &format!("<Contents><Key>{key}</Key><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>");
    }
    out + "</ListBucketResult>"
}

/// The parser of the SDK takes what came before the cut for all there is.
#[test]
fn a_page_that_was_cut_off_is_no_page() {
    let keys: Vec<String> = (0..40).map(|i| format!("k{i:03}")).collect();
    for listers in [1, 8] {
        for number in 0..4 {
            for bytes in [0, 20, 200, 400, 500, 700] {
                let (url, asked) = serve(keys.clone(), (number, bytes));
                let config = Builder::new().credentials_provider(Credentials::new("a", "b", None, None, "test"));
                let options =
                    Options { endpoint_url: Some(url), listers, attempts: 3, backoff: Duration::from_millis(1), ..Options::default() };
                let s = super::super::connect(config.region(Region::from_static("us-east-1")), "b", "", &options).unwrap();
                let mut seen = Vec::new();
                let failures = s.list(&mut |o| seen.push(o.uri.trim_start_matches("s3://b/").to_owned()));
                assert!(failures.is_empty(), "{failures:?}");
                assert_eq!(seen, keys, "request {number} cut to {bytes} bytes, {listers} at once");
                assert!(asked.load(Ordering::SeqCst) > 4);
            }
        }
    }
}
