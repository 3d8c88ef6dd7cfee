//! Input made to hurt: the run ends, in bounded memory, and coverage says what was not read.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::corpora;
use crate::support::{Bench, Done};

/// No child may ever hold more.
const MOST_MEMORY: u64 = 300_000_000;

/// Runs a scan of `source`, watching its memory; ends it after two minutes. Gives how it ended and its peak in bytes.
fn watched(b: &Bench, source: &str) -> (Done, u64) {
    let child = b.command(&["scan", source, "--format", "json", "--threads", "2"]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        let (begun, mut peak) = (Instant::now(), 0);
        // The file is gone, or holds no memory, once the process has ended.
        while let Some(kb) = std::fs::read_to_string(&status).ok().and_then(|s| high_water(&s)) {
            peak = peak.max(kb * 1024);
            if begun.elapsed() > Duration::from_secs(120) {
                return (peak, false);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        (peak, true)
    });
    // `Done::of` reads both pipes, so that the child never waits for a reader.
    let pid = child.id();
    let (send, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(Done::of(child)));
    let (peak, in_time) = watcher.join().unwrap();
    if !in_time {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
    let done = ended.recv().unwrap();
    assert!(in_time, "{source} took more than two minutes");
    (done, peak)
}

fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::new(9));
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn made(name: &str, bytes: u64) -> Vec<u8> {
    let mut out = Vec::new();
    corpora::hostile(name, bytes, &mut out).unwrap();
    out
}

#[test]
fn memory_and_time_are_bounded() {
    let zeros = made("gzip-zeros", 64 << 20);
    let nested = (0..11).fold(zeros.clone(), |inner, _| gzip(&inner));
    let deep = |open: &str, n: usize| open.repeat(n).into_bytes();
    // Name, content, reasons that coverage may give (none: read completely), an identifier that must be found.
    let cases: Vec<(&str, Vec<u8>, &[&str], Option<&str>)> = vec![
        ("one-line.json", made("json-one-line", 12 << 20), &[], None),
        ("open-quote.csv", made("csv-open-quote", 12 << 20), &["malformed_records"], Some("a.reader@example.com")),
        ("zeros.gz", zeros, &["expansion_limit", "unsupported_format"], None),
        ("nested.gz", nested, &["nesting_limit", "expansion_limit"], None),
        ("deep.json", deep("[", 6 << 20), &["nesting_limit", "truncated", "malformed_records"], None),
        ("deep-objects.json", deep("{\"a\":", 2 << 20), &["nesting_limit", "truncated", "malformed_records"], None),
        ("commas.csv", deep(",", 8 << 20), &[], None),
        ("one-long-word.txt", deep("x", 12 << 20), &[], None),
        ("only-quotes.csv", deep("\"", 8 << 20), &[], None),
        ("only-ats.txt", deep("a@", 4 << 20), &[], None),
        ("digits.txt", deep("1234567890", 1 << 20), &[], None),
        ("empty.csv", Vec::new(), &[], None),
        ("empty.gz", gzip(b""), &[], None),
        ("magic-only.parquet", b"PAR1".to_vec(), &["truncated", "corrupt", "malformed_records"], None),
        ("lying-footer.parquet", [&b"PAR1"[..], &[0xff; 64], &[0xff, 0xff, 0xff, 0x7f], b"PAR1"].concat(), &["truncated", "corrupt"], None),
        ("no-line.csv", b"a,b".to_vec(), &[], None),
        ("deep.ion", deep("[", 6 << 20), &["nesting_limit", "truncated", "malformed_records"], None),
        (
            "one-string.ion",
            [&b"$ion_1_0 {a:\"a.reader@example.com\"} {a:\""[..], &deep("x", 40 << 20), b"\"}"].concat(),
            &["memory_limit"],
            Some("a.reader@example.com"),
        ),
        ("one-list.ion", [&b"["[..], &deep("{a:[x,y]},", 1 << 20), b"]"].concat(), &[], None),
        ("long-ago.10n", [&b"\xe0\x01\0\xea"[..], &deep("\x1f", 6 << 20)].concat(), &[], None),
        ("lying.10n", b"\xe0\x01\0\xea\x8e\x7f\x7f\x7f\x7f\xffx".to_vec(), &["memory_limit", "truncated"], None),
        (
            "lying.bson",
            [&b"\xff\xff\xff\0\x02a\0\xff\xff\xff\x03"[..], &deep("\x7f\x7f\x7f\0\x02b\0\x01\0\0\0\0", 1 << 19)].concat(),
            &["truncated", "corrupt"],
            None,
        ),
        (
            "one-line.vcf",
            [&b"BEGIN:VCARD\nFN:"[..], &deep("x ", 10 << 20)].concat(),
            &["memory_limit", "truncated", "malformed_records"],
            None,
        ),
        (
            "no-end.ics",
            [&b"BEGIN:VCALENDAR\n"[..], &deep("BEGIN:VEVENT\nA;B=c:d\n", 1 << 18)].concat(),
            &["nesting_limit", "truncated"],
            None,
        ),
        ("bom-only.csv", vec![0xef, 0xbb, 0xbf], &[], None),
    ];
    let mut wrong = Vec::new();
    for (name, content, reasons, who) in cases {
        let b = Bench::new();
        b.write(&format!("in/{name}"), &content);
        drop(content);
        let (done, peak) = watched(&b, "in");
        let lines = b.run(&["coverage", "--format", "json"]).lines();
        let given: Vec<&str> = lines.iter().map(|l| l["reason"].as_str().unwrap()).collect();
        let fits = if given.is_empty() { reasons.is_empty() } else { given.iter().all(|g| reasons.contains(g)) };
        let status = if given.is_empty() { Some(0) } else { Some(3) };
        if done.status != status || !done.stderr.is_empty() || !fits || peak > MOST_MEMORY {
            wrong.push(format!("{name}: status {:?}, {given:?}, peak {} MB, stderr {:?}", done.status, peak / 1_000_000, done.stderr));
        }
        if let Some(who) = who
            && b.run(&["find", who]).status != Some(0)
        {
            wrong.push(format!("{name}: what stands before the trouble is not found"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg(unix)]
fn odd_names_and_odd_files_are_listed_or_passed_over() {
    use std::os::unix::ffi::OsStrExt;

    let b = Bench::new();
    let content = |n: usize| format!("email\nperson{n}.walker@example.com\n");
    let names: [&[u8]; 9] = [
        b"with space.csv",
        b"-starts-with-dash.csv",
        b"new\nline.csv",
        b"star*[a-z]?.csv",
        "\u{fc}ml\u{e4}ut \u{1f600}.csv".as_bytes(),
        b"%41 percent.csv",
        b"back\\slash.csv",
        b".hidden.csv",
        b"not-utf8-\xff.csv",
    ];
    std::fs::create_dir_all(b.path("in/dir with [brackets]/-")).unwrap();
    for (n, name) in names.iter().enumerate() {
        let path = b.path("in/dir with [brackets]/-").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, content(n)).unwrap();
    }
    assert!(Command::new("mkfifo").arg(b.path("in/fifo.csv")).status().unwrap().success());
    std::os::unix::fs::symlink(b.path("in"), b.path("in/loop")).unwrap();
    std::os::unix::fs::symlink(Path::new("nowhere"), b.path("in/dangling")).unwrap();
    let (done, _) = watched(&b, "in");
    let (doc, lines) = (done.json(), b.run(&["coverage", "--format", "json"]).lines());
    assert!(done.stderr.is_empty(), "{}", done.stderr);
    // Each readable file is found; what cannot be named in UTF-8 is found as well, or said to be left out.
    let missed: Vec<usize> =
        (0..names.len()).filter(|n| b.run(&["find", &format!("person{n}.walker@example.com")]).status != Some(0)).collect();
    let said = |what: &str| lines.iter().any(|l| l["uri"].as_str().unwrap().contains(what));
    assert!(missed.is_empty() || (missed == [8] && said("not-utf8")), "missed {missed:?}: {lines:?}");
    // A pipe nobody writes to is not waited for; a link that leads nowhere is no object.
    assert!(doc["objects"]["listed"].as_u64().unwrap() >= 8, "{doc}");
    let (done, _) = watched(&b, "in");
    assert_eq!(done.json()["objects"]["read"], 0, "a second run knows all of them by their names");
}
