use proptest::prelude::*;

use super::*;
use crate::base::Hint;
use crate::format::tests::{Value, input, read};

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann Example\r\nN:Example;Ann;B.;Dr.;\r\nEMAIL;TYPE=work:ann@exam\r\n ple.com\r\n\
    item1.TEL;VALUE=uri:tel:+1-212-555-0187\r\nADR;TYPE=home:;;1 Main St\\, Apt 2;Springfield;IL;62701;USA\r\nBDAY:19850412\r\n\
    NOTE:First line\\nsecond\\; line\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\nRELATED;TYPE=spouse:mailto:joe@example.com\r\nEND:VCARD\r\n\
    begin:vcard\r\nversion:2.1\r\nn;charset=iso-8859-1;encoding=quoted-printable:M=FCller;Eve\r\nTEL;HOME;VOICE:212-555-0188\r\nend:vcard\r\n";

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nPRODID:x\r\nX-WR-CALNAME:eve@example.com\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nEND:VTIMEZONE\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nORGANIZER;CN=\"Ann Example\";SENT-BY=\"mailto:desk@example.com\":MAILTO:ann@example.com\r\n\
    ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Bob:mailto:bob@example.org\r\nSUMMARY:Call 212-555-0187\r\nBEGIN:VALARM\r\nATTENDEE:mailto:eve@example.net\r\n\
    END:VALARM\r\nATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=a.csv:aWQsbmFtZQo=\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nSUMMARY:b\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

fn short(v: &[Value]) -> Vec<String> {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={}", String::from_utf8_lossy(v))).collect()
}

fn values(text: &[u8], chunk: usize, limits: &Limits) -> (&'static str, Vec<String>, Vec<Reason>) {
    let (kind, v, i, e) = read(text, "x", chunk, &Hint::default(), limits).unwrap();
    (kind, short(&v), i.iter().map(|i| i.reason).chain(e).collect())
}

#[test]
fn a_card_is_a_record() {
    let want = [
        "0.version=4.0",
        "0.full_name=Ann Example",
        "0.n.family_name=Example",
        "0.n.given_name=Ann",
        "0.n.middle_name=B.",
        "0.n.prefix=Dr.",
        "0.email=ann@example.com",
        "0.phone=+1-212-555-0187",
        "0.adr.street=1 Main St, Apt 2",
        "0.adr.city=Springfield",
        "0.adr.state=IL",
        "0.adr.postal_code=62701",
        "0.adr.country=USA",
        "0.birthday=19850412",
        "0.note=First line\nsecond; line",
        "0.related.address=joe@example.com",
        "1.version=2.1",
        "1.n.family_name=M\u{fc}ller",
        "1.n.given_name=Eve",
        "1.phone=212-555-0188",
    ];
    for chunk in [1, 7, 1000] {
        for limits in [Limits::default(), Limits { batch_bytes: 64, value_bytes: 64, ..Limits::default() }] {
            let (kind, v, issues) = values(CARDS.as_bytes(), chunk, &limits);
            assert_eq!((kind, issues), ("vcard", vec![]));
            assert_eq!(v, want);
        }
    }
    assert_eq!(values(&[b"\xef\xbb\xbf", CARDS.as_bytes()].concat(), 9, &Limits::default()).1, want);
}

#[test]
fn everybody_in_an_event_is_somebody_else() {
    let (kind, v, issues) = values(CALENDAR.as_bytes(), 11, &Limits::default());
    assert_eq!((kind, issues), ("icalendar", vec![]));
    let want = [
        "0.calendar.prodid=x",
        "0.calendar.x-wr-calname=eve@example.com",
        "0.vtimezone.tzid=Europe/Oslo",
        "0.uid=1",
        "0.organizer.name=Ann Example",
        "0.organizer.sent-by=desk@example.com",
        "0.organizer.address=ann@example.com",
        "0.attendee.name=Bob",
        "0.attendee.address=bob@example.org",
        "0.summary=Call 212-555-0187",
        "0.attendee.address=eve@example.net",
        "0.attach.filename=a.csv",
        "1.summary=b",
    ];
    assert_eq!(v, want);
    let mut r = Contacts::new(input(CALENDAR.as_bytes(), 100), Kind::Calendar, &Limits::default());
    let (mut b, mut parts, mut scopes) = (Batch::default(), Vec::new(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        parts.extend(r.take_parts().into_iter().map(|p| (p.name, p.data.to_vec())));
        scopes.extend(b.cells.iter().map(|c| (b.fields[c.field as usize].clone(), c.scope)));
    }
    assert_eq!(parts, [("record-0/a.csv".to_owned(), b"id,name\n".to_vec())]);
    let of = |field: &str| scopes.iter().filter(|s| s.0 == field).map(|s| s.1).collect::<Vec<_>>();
    let (organizer, attendees) = (of("organizer.address")[0], of("attendee.address"));
    assert_eq!(of("organizer.name"), [organizer]);
    assert!(organizer != attendees[0] && attendees[0] != attendees[1]);
    assert_eq!(of("summary"), [PROSE_SCOPE, PROSE_SCOPE]);
}

#[test]
fn what_is_binary_is_a_file() {
    let text = "BEGIN:VCARD\nX-FILE;ENCODING=b:aWQ=\nURL:DATA:text/csv;base64,bmFtZQ==\nLOGO;BASE64:bmFtZQ==\nEND:VCARD\n";
    let mut r = Contacts::new(input(text.as_bytes(), 100), Kind::Card, &Limits::default());
    let (mut b, mut parts) = (Batch::default(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        parts.extend(r.take_parts().into_iter().map(|p| p.data.to_vec()));
    }
    assert_eq!((parts, r.take_issues().len()), (vec![b"id".to_vec(), b"name".to_vec()], 0));
}

#[test]
fn batches_end_without_a_value() {
    for (text, records) in
        [("BEGIN:VCARD\nA:\nEND:VCARD\n".repeat(1000), 1000), ("BEGIN:VEVENT\n".to_owned() + &"ATTENDEE:\n".repeat(1000), 1)]
    {
        let limits = Limits { batch_bytes: 80, ..Limits::default() };
        let mut r = Contacts::new(input(text.as_bytes(), 100), Kind::Card, &limits);
        let (mut b, mut all) = (Batch::default(), 0);
        while r.next_batch(&mut b).unwrap() {
            assert!(b.scopes.len() <= 40, "{}", b.scopes.len());
            all += b.records;
        }
        assert_eq!(all, records);
    }
}

#[test]
fn places_are_bytes_of_the_file() {
    for limits in [Limits::default(), Limits { batch_bytes: 64, value_bytes: 64, ..Limits::default() }] {
        let mut r = Contacts::new(input(CARDS.as_bytes(), 33), Kind::Card, &limits);
        let (mut b, mut found) = (Batch::default(), Vec::new());
        while r.next_batch(&mut b).unwrap() {
            for c in &b.cells {
                let at = b.member_range(Some(c), c.start, c.end);
                found.push((b.fields[c.field as usize].clone(), CARDS[at.start as usize..at.end as usize].to_owned()));
            }
        }
        for (field, text) in [
            ("email", "ann@exam\r\n ple.com"),
            ("phone", "+1-212-555-0187"),
            ("adr.street", "1 Main St\\, Apt 2"),
            ("adr.city", "Springfield"),
            ("note", "First line\\nsecond\\; line"),
            ("n.family_name", "M=FCller"),
        ] {
            assert!(found.iter().any(|f| f.0 == field && f.1 == text), "{field}: {found:?}");
        }
    }
}

#[test]
fn what_is_broken_is_read_as_text() {
    let cases: &[(&str, &[&str], &[Reason])] = &[
        (
            "BEGIN:VCARD\nno property, call 555-0100\nFN:A B\nEND:VCARD\n",
            &["0.=no property, call 555-0100", "0.full_name=A B"],
            &[Reason::Malformed],
        ),
        ("BEGIN:VCARD\nFN:A B\n", &["0.full_name=A B"], &[Reason::Truncated]),
        ("BEGIN:VCARD\nEND:VCARD\nEND:VCARD\nFN:A B", &["1.calendar.full_name=A B"], &[]),
        ("BEGIN:VCARD\nPHOTO:DATA:image/png;base64,QUJD\nKEY;ENCODING=b:QUJD\nEND:VCARD\n", &[], &[]),
        ("BEGIN:VCARD\nNOTE:Data: Ann, 555-0100\nEND:VCARD\n", &["0.note=Data: Ann, 555-0100"], &[]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTACH;ENCODING=BASE64:!!\nEND:VEVENT\nEND:VCALENDAR\n", &[], &[Reason::Corrupt]),
    ];
    for (text, want, reasons) in cases {
        let (_, v, found) = values(text.as_bytes(), 13, &Limits::default());
        assert_eq!((v, &found[..]), (want.iter().map(|w| w.to_string()).collect(), *reasons), "{text:?}");
    }
    let deep = format!("BEGIN:VCARD\n{}FN:A B\n", "BEGIN:X\n".repeat(40));
    let (_, v, reasons) = values(deep.as_bytes(), 100, &Limits::default());
    assert_eq!((v, reasons), (vec!["0.full_name=A B".to_owned()], vec![Reason::NestingLimit, Reason::Truncated]));
    assert_eq!(detect(b"BEGIN:VCARDX"), None);
    assert_eq!(detect(b"\n begin:vcalendar\r\n"), Some(Kind::Calendar));
}

proptest! {
    #[test]
    fn any_lines_end_well(lines in proptest::collection::vec("(BEGIN:VCARD|END:VCARD|BEGIN:VEVENT|[A-Z]{1,5}(;[A-Z]{1,3}=[a-z\",]{0,5}){0,2}:[a-z\\\\;,= @:]{0,30}| [a-z ]{0,9}|NOTE;QUOTED-PRINTABLE:[a-f=0-9]{0,12}=)", 0..12), chunk in 1usize..40) {
        let text = format!("BEGIN:VCARD\nVERSION:3.0\n{}\nEND:VCARD\n", lines.join("\n"));
        for limits in [Limits::default(), Limits { batch_bytes: 32, value_bytes: 32, ..Limits::default() }] {
            let (kind, v, _) = values(text.as_bytes(), chunk, &limits);
            prop_assert_eq!(kind, "vcard");
            prop_assert!(!v.is_empty());
        }
    }
}
