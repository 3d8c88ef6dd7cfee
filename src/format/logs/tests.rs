use proptest::prelude::*;

use super::shapes::{Shape, detect};
use crate::base::{Hint, PROSE_SCOPE};
use crate::format::Limits;
use crate::format::tests::read;

const COMBINED: &str = concat!(
    "10.0.0.7 - jane [03/Nov/2026:22:15:00 +0000] \"GET /p?email=jane%40x.com HTTP/1.1\" 200 512 \"https://x.com/a\" \"Mozilla \\\"5\\\" (X11)\"\n",
    "10.0.0.8 - - [03/Nov/2026:22:15:01 +0000] \"POST /q HTTP/1.1\" 302 - \"-\" \"curl/8\"\n"
);
const S3: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be bucket [06/Feb/2026:00:00:38 +0000] 192.0.2.3 - 3E57427F3EXAMPLE REST.GET.OBJECT a/jane%2540x.com.csv \"GET /bucket/a HTTP/1.1\" 200 - 113 4096 7 - \"-\" \"S3\"Console 0.4\" - idABC= SigV4 ECDHE AuthHeader b.s3.amazonaws.com TLSv1.2 - -\n";
const ALB: &str = "https 2026-11-03T22:15:00.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 \"GET https://x.com:443/?u=1 HTTP/1.1\" \"curl/7.46.0\" ECDHE TLSv1.2 arn:aws:tg \"Root=1\" \"x.com\" \"arn:cert\" 1 2026-11-03T22:15:00.0Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" more\n";
const ELB: &str = "2026-11-03T22:15:00.186641Z lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 \"GET http://x.com:80/ HTTP/1.1\" \"curl/7.38.0\" - -\n";
const SYSLOG: &str =
    "<34>Nov  3 22:15:00 web-1 sshd[17]: Accepted password for jane\nNov 13 22:15:00 web-1 CRON: x\n2026-11-03T22:15:00.1+00:00 h a: b\n";
const SYSLOG_5424: &str =
    "<165>1 2026-11-03T22:15:00.003Z host app - ID47 [ex@32473 a=\"b\\]\" c=\"]\"][y z=\"1\"] user jane\n<34>1 - h a 8 - - m\n";
const CLOUDFRONT: &str =
    "#Version: 1.0\n#Fields: date time c-ip cs(User-Agent) cs-uri-query\n2026-11-03\t22:15:00\t10.0.0.7\tMozilla%2F5\temail=jane%40x.com\n";

fn values(data: &str, name: &str, dataset: &str) -> (&'static str, Vec<String>) {
    let hint = Hint { dataset: dataset.to_owned(), ..Hint::default() };
    let got = read(data.as_bytes(), name, 1000, &hint, &Limits::default()).unwrap();
    (got.0, got.1.iter().map(|(row, field, v)| format!("{row} {field}={}", String::from_utf8_lossy(v))).collect())
}

#[test]
fn parts_have_names() {
    let has = |data: &str, want: &[&str]| {
        let (kind, got) = values(data, "a.log", "");
        assert_eq!(kind, "log", "{data}");
        for w in want {
            assert!(got.iter().any(|g| g == w), "{w} is not in {got:#?}");
        }
    };
    has(
        COMBINED,
        &[
            "0 clientip=10.0.0.7",
            "0 user=jane",
            "0 request=GET /p?email=jane@x.com HTTP/1.1",
            "0 referer=https://x.com/a",
            "0 useragent=Mozilla \\\"5\\\" (X11)",
            "1 status=302",
            "1 useragent=curl/8",
        ],
    );
    has(S3, &["0 clientip=192.0.2.3", "0 key=a/jane%40x.com.csv", "0 useragent=S3\"Console 0.4", "0 tls_version=TLSv1.2"]);
    has(ALB, &["0 clientip=192.168.131.39:2817", "0 request=GET https://x.com:443/?u=1 HTTP/1.1", "0 domain_name=x.com", "0 extra=more"]);
    has(ELB, &["0 clientip=192.168.131.39:2817", "0 useragent=curl/7.38.0"]);
    has(SYSLOG, &["0 host=web-1", "0 program=sshd[17]", "0 message=Accepted password for jane", "1 program=CRON", "2 message=b"]);
    has(SYSLOG_5424, &["0 structured_data=[ex@32473 a=\"b\\]\" c=\"]\"][y z=\"1\"]", "0 message=user jane", "1 pid=8", "1 message=m"]);
    has(CLOUDFRONT, &["0 =#Version: 1.0", "0 c-ip=10.0.0.7", "0 cs(User-Agent)=Mozilla/5", "0 cs-uri-query=email=jane@x.com"]);
}

#[test]
fn flow_logs_name_their_columns() {
    let data = "version account-id srcaddr dstaddr srcport action\n2 123456789010 10.0.0.7 203.0.113.9 49152 ACCEPT\n";
    let (kind, got) = values(data, "a.log", "");
    assert_eq!(kind, "log");
    let want = ["version=2", "account-id=123456789010", "srcaddr=10.0.0.7", "dstaddr=203.0.113.9", "srcport=49152", "action=ACCEPT"];
    assert_eq!(got, want.map(|w| format!("0 {w}")));
}

#[test]
fn clients_of_load_balancers_may_have_ipv6() {
    for (log, port) in [(ALB, "192.168.131.39:2817"), (ELB, "192.168.131.39:2817")] {
        for (address, want) in [
            ("2001:4860:4860::8888:46532", "2001:4860:4860::8888"),
            ("[2001:4860:4860::8888]:46532", "2001:4860:4860::8888"),
            ("192.168.131.39:2817", "192.168.131.39:2817"),
        ] {
            let (kind, got) = values(&log.replace(port, address), "a.log", "");
            assert_eq!(kind, "log", "{address}");
            for want in [format!("0 clientip={want}"), "0 useragent=curl/".to_owned()] {
                assert!(got.iter().any(|g| g.starts_with(&want)), "{want} is not in {got:#?}");
            }
            assert!(!got.iter().any(|g| g.contains("46532")), "{got:#?}");
        }
    }
}

#[test]
fn exports_of_cloudwatch_have_messages() {
    let data = "2026-11-03T22:15:00.000Z INFO {\"user\":{\"email\":\"jane@x.com\"}}\n  at main\n2026-11-03T22:15:01.000Z {\"a\":\"b\"}\n";
    let want = [
        "0 timestamp=2026-11-03T22:15:00.000Z",
        "0 message=INFO",
        "0 message.user.email=jane@x.com",
        "1 message=  at main",
        "2 timestamp=2026-11-03T22:15:01.000Z",
        "2 message.a=b",
    ];
    let (kind, got) = values(data, "000000", "cloudwatch/app");
    assert_eq!((kind, got), ("log", want.map(str::to_owned).to_vec()));
    assert_eq!(values(data, "app.log", "app.log").0, "text", "elsewhere it is somebody's own log");
}

#[test]
fn lines_of_another_shape_are_kept() {
    let data = format!("{}something else, jane@x.com\n{}", COMBINED.repeat(8), COMBINED.repeat(8));
    let (kind, got) = values(&data, "access.log", "");
    assert_eq!(kind, "log");
    assert!(got.contains(&"16 =something else, jane@x.com".to_owned()));
}

#[test]
fn other_text_stays_text() {
    for text in [
        "Dear Jane,\nthe log says \"GET / HTTP/1.1\" 200 12.\n",
        "2026-11-03T22:15:00.000Z INFO user jane\n2026-11-03T22:15:01.000Z INFO x\n",
        "2026-11-03T22:15:00.000Z INFO store: user jane\n2026-11-03T22:15:01.000Z ERROR store: x\n",
        "May 12 is my birthday\nMay 13 is hers: yes\n",
        "#Fields of wheat\n# and more\n",
        "10.0.0.7 - - [yesterday] \"GET\" 200 1\n",
        "<1>1 2 3 4 5 6\n",
        "",
    ] {
        assert_eq!(detect(text.as_bytes(), true, false), None, "{text}");
    }
    // One in three is too few.
    assert_eq!(detect(format!("{COMBINED}and\nmore\n").as_bytes(), true, false), None);
    assert_eq!(detect(&COMBINED.as_bytes()[..COMBINED.len() - 30], false, false), Some(Shape::Access));
}

#[test]
fn a_line_of_any_length_is_read() {
    let long = format!("{COMBINED}{}jane@x.com {}\n{COMBINED}", "word ".repeat(300), "word ".repeat(300));
    let limits = Limits { batch_bytes: 300, value_bytes: 400, overlap: 60, ..Limits::default() };
    let mut r = super::Logs::new(crate::format::tests::input(long.as_bytes(), 77), Shape::Access, &limits);
    let (mut b, mut covered, mut rows) = (crate::base::Batch::default(), 0, Vec::new());
    use crate::format::Reader;
    while r.next_batch(&mut b).unwrap() {
        assert!(b.bytes.len() < 2000);
        if b.cells.is_empty() {
            continue;
        }
        assert_eq!(b.offset as usize + b.core.start, covered, "no byte is left out");
        covered = b.offset as usize + b.core.end;
        let o = b.offset as usize;
        assert_eq!(&b.bytes[..], &long.as_bytes()[o..o + b.bytes.len()]);
        assert!(b.cells.iter().all(|c| c.scope == PROSE_SCOPE));
        rows.extend(b.cells.iter().map(|c| b.first_row + u64::from(c.row)));
    }
    assert_eq!(covered, long.len());
    rows.dedup();
    assert_eq!(rows, [0, 1, 2, 3, 4]);
}

#[test]
fn names_of_columns_are_bounded() {
    let lines: String =
        (0..2500).map(|i| format!("#Fields: date time a{i} b{i}\n2026-11-03\t22:15:00\t10.0.0.7\tjane{i}@x.com\n")).collect();
    let (kind, got) = values(&format!("{CLOUDFRONT}{lines}"), "a.log", "");
    assert_eq!(kind, "log");
    let names: std::collections::HashSet<&str> = got.iter().filter_map(|g| Some(g.split_once(' ')?.1.split_once('=')?.0)).collect();
    assert_eq!(names.len(), super::NAMES + 1, "as many, and `*`");
    assert!(got.contains(&"1 a0=10.0.0.7".to_owned()) && got.contains(&"2500 *=jane2499@x.com".to_owned()), "{:?}", got.last());
}

proptest! {
    #[test]
    fn any_line_is_taken(text in r#"[\[\]"<>0-9A-Za-z:/# \\\t\n.-]{0,200}"#, of in 0usize..7) {
        let start = [COMBINED, S3, ALB, ELB, SYSLOG, SYSLOG_5424, CLOUDFRONT][of];
        let data = format!("{}{text}", start.repeat(3));
        let limits = Limits { batch_bytes: 64, value_bytes: 256, overlap: 16, ..Limits::default() };
        let got = read(data.as_bytes(), "x.log", 50, &Hint::default(), &limits).unwrap();
        prop_assert!(got.3.is_none() && !got.1.is_empty());
    }
}
