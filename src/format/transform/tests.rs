use proptest::prelude::*;

use super::encoding::{Form, detect};
use super::markup::Dialect;
use super::*;
use crate::base::MemoryInput;
use crate::format::{Limits, text::Text};

/// The text that is made, and for a piece of it the member's bytes.
fn make<T: Transform + 'static>(data: &[u8], chunk: usize, transform: T) -> (String, Vec<(usize, u64, u64)>) {
    let input = PeekInput::new(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)));
    let limits = Limits { batch_bytes: 64, overlap: 8, ..Limits::default() };
    let mut r = open(input, transform, Some("x"), |i| Ok(Box::new(Text::new(i, &limits)))).unwrap();
    let mut b = Batch::default();
    let (mut text, mut places) = (Vec::new(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        for i in b.core.clone() {
            let p = b.member_range(None, i as u32, i as u32 + 1);
            places.push((text.len(), p.start, p.end));
            text.push(b.bytes[i]);
        }
    }
    (String::from_utf8_lossy(&text).into_owned(), places)
}

/// The member's bytes of the first `what` in the made text.
fn place<'a>(data: &'a [u8], made: &(String, Vec<(usize, u64, u64)>), what: &str) -> &'a [u8] {
    let at = made.0.find(what).unwrap_or_else(|| panic!("{what} is not in {:?}", made.0));
    let (start, end) = (made.1[at].1, made.1[at + what.len() - 1].2);
    &data[start as usize..end as usize]
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn other_encodings_are_read_with_their_places() {
    let text = "Zoë Müller, жук 日本 🐞, zoe@example.com\nand more lines of it\n".repeat(5);
    for big in [false, true] {
        for chunk in [1, 7, 1000] {
            let data = utf16(&text, big);
            let made = make(&data, chunk, encoding::transform(Form::Utf16 { big, mark: 0 }));
            assert_eq!(made.0, text);
            for what in ["Zoë", "жук", "日本", "🐞", "zoe@example.com", "Müller, жук 日"] {
                assert_eq!(place(&data, &made, what), utf16(what, big));
            }
        }
    }
    let latin = encoding_rs::WINDOWS_1252.encode("J\u{fc}rgen Stra\u{df}e 5, k\u{f6}ln@example.com, caf\u{e9} au lait.\n").0.repeat(4);
    let Some(Form::Page(page)) = detect(&latin, true) else { panic!("{:?}", detect(&latin, true)) };
    assert_eq!(page.name(), "windows-1252");
    let made = make(&latin, 5, encoding::transform(Form::Page(page)));
    assert_eq!(place(&latin, &made, "Jürgen"), b"J\xfcrgen");
    assert_eq!(place(&latin, &made, "ln@example.com"), b"ln@example.com");
    let japanese = encoding_rs::SHIFT_JIS.encode("山田太郎の住所は東京都です。メール taro@example.co.jp へ。\n").0.repeat(4);
    let Some(Form::Page(page)) = detect(&japanese, true) else { panic!() };
    assert_eq!(page.name(), "Shift_JIS");
    let made = make(&japanese, 3, encoding::transform(Form::Page(page)));
    assert_eq!(place(&japanese, &made, "taro@example.co.jp"), b"taro@example.co.jp");
    assert_eq!(place(&japanese, &made, "山田"), &japanese[..4]);
}

#[test]
fn encodings_are_told_apart() {
    let cases: &[(&[u8], Option<Form>)] = &[
        (b"plain", None),
        ("häuser und größe".as_bytes(), None),
        (b"h\xc3\xa4user \xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4 \xff", None),
        (b"\xff\xfea\0", Some(Form::Utf16 { big: false, mark: 2 })),
        (b"\xfe\xff\0a", Some(Form::Utf16 { big: true, mark: 2 })),
        (b"\xff\xfe\0\0a\0\0\0", Some(Form::Utf32 { big: false, mark: 4 })),
        (b"a\0b\0c\0d\0e\0", Some(Form::Utf16 { big: false, mark: 0 })),
        (b"\0a\0b\0c\0d\0e", Some(Form::Utf16 { big: true, mark: 0 })),
        (b"\0\x01\x02\x03\0\xff", None),
    ];
    for (head, want) in cases {
        assert_eq!(detect(head, true), *want, "{head:?}");
    }
    // A head that ends within a character is whole text for all that is known.
    assert_eq!(detect(&"größe ä".as_bytes()[..9], false), None);
}

#[test]
fn markup_is_taken_off() {
    let cases: &[(Dialect, &str, &str)] = &[
        (Dialect::Html, "<p>Jane <b>R</b>oe &amp; Co<br>a@b.example</p><td>x</td>", "Jane Roe & Co\na@b.example\n\tx\t"),
        (Dialect::Html, "<style>p{}</style>a<script>var m='x@y.example';</script>", "a\nvar m='x@y.example';\n"),
        (
            Dialect::Html,
            "<a href=\"mailto:x@y.example\">mail</a> 1 < 2 <!-- c@d.example -->",
            " mailto:x@y.example mail 1 < 2 \n c@d.example \n",
        ),
        (Dialect::Xml, "<?xml?><r><ssn>457&#45;55</ssn><p mail=\"a@b.example\"/></r>", "r: \nssn: 457-55\np: \nmail: a@b.example\n"),
        (Dialect::Xml, "<r><![CDATA[<x>&]]></r>", "r: <x>&\n"),
        (Dialect::Office, "<w:p><w:r><w:t>jane@</w:t></w:r><w:r><w:t>x.example</w:t></w:r></w:p><w:tc>1</w:tc>", "jane@x.example\n1\t"),
        (
            Dialect::Xml,
            "<link Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink\" Target=\"mailto:x@y.example\"/>",
            "link: \nTarget: mailto:x@y.example\n",
        ),
        (
            Dialect::Xml,
            "<a Type=\"http://schemas.openxmlformats.org/?x@y.example\"/>",
            "a: \nType: http://schemas.openxmlformats.org/?x@y.example\n",
        ),
    ];
    for (dialect, data, want) in cases {
        for chunk in [1, 5, 1000] {
            assert_eq!(make(data.as_bytes(), chunk, markup::Markup::new(*dialect)).0, *want, "{data}");
        }
    }
    let (_, data, _) = cases[5];
    let made = make(data.as_bytes(), 9, markup::Markup::new(Dialect::Office));
    assert_eq!(place(data.as_bytes(), &made, "jane@x.example"), b"jane@</w:t></w:r><w:r><w:t>x.example");
    let (_, data, _) = cases[3];
    let made = make(data.as_bytes(), 9, markup::Markup::new(Dialect::Xml));
    assert_eq!(place(data.as_bytes(), &made, "457-55"), b"457&#45;55");
    assert_eq!(place(data.as_bytes(), &made, "a@b.example"), b"a@b.example");
}

#[test]
fn rich_text_and_runs_give_their_text() {
    let rtf = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\secret x}J\'fcrgen \u233?t\par a@b.example\tab {\b bold}\{}";
    for chunk in [1, 7, 1000] {
        let made = make(rtf, chunk, rtf::Rtf::default());
        assert_eq!(made.0, "Jürgen ét\na@b.example\tbold{");
        assert_eq!(place(rtf, &made, "Jürgen"), br"J\'fcrgen");
        assert_eq!(place(rtf, &made, "a@b.example"), b"a@b.example");
    }
    let doc = [&b"\x01\x02\0\0plain ann@example.com\0\x03"[..], &utf16("wide bob@example.com", false), b"\0\x01ab\x02"].concat();
    for chunk in [1, 7, 1000] {
        let made = make(&doc, chunk, runs::Runs);
        assert_eq!(made.0, "plain ann@example.com\nwide bob@example.com\n", "{chunk}");
        assert_eq!(place(&doc, &made, "bob@"), utf16("bob@", false));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(data in proptest::collection::vec(prop_oneof![Just(b'<'), Just(b'>'), Just(b'&'), Just(b'\\'), Just(b'{'), Just(b'='), Just(b'"'), any::<u8>()], 0..300), chunk in 1usize..40) {
        for dialect in [Dialect::Html, Dialect::Xml, Dialect::Office] {
            make(&data, chunk, markup::Markup::new(dialect));
        }
        make(&data, chunk, rtf::Rtf::default());
        make(&data, chunk, runs::Runs);
        for form in [Form::Utf16 { big: true, mark: 0 }, Form::Utf32 { big: false, mark: 4 }, Form::Page(encoding_rs::GB18030), Form::Page(encoding_rs::KOI8_R)] {
            make(&data, chunk, encoding::transform(form));
        }
    }
}

#[test]
fn signs_of_the_printed_page_are_no_text() {
    for (rest, want) in [
        (&b"Cdesk"[..], 1),
        (b"14desk", 2),
        (b"KFF0000desk", 7),
        (b"K01+000desk", 7),
        (b"Kdesk", 1),
        (b"\"-,Bold\"desk", 8),
        (b"&quot;Arial&quot;desk", 17),
        (b"&quot;Arial", 0),
        (b"&more", 0),
        (b" desk", 0),
        (b"", 0),
    ] {
        assert_eq!(markup::page_code(rest), want, "{}", String::from_utf8_lossy(rest));
    }
}

#[test]
fn cells_are_left_out_once() {
    let made = |xml: &str| {
        let mut out = Made::default();
        markup::Markup::beside_cells().push(xml.as_bytes(), 0, true, &mut out);
        String::from_utf8(out.into_text()).unwrap()
    };
    let sheet = "<worksheet><sheetData><row><c><v>7</v></c></row></sheetData><sheetData><row>again@example.com</row></sheetData>\
        <headerFooter><oddHeader>&amp;C&amp;&quot;-,Bold&quot;&amp;14head@example.com</oddHeader></headerFooter></worksheet>";
    let text = made(sheet);
    assert!(!text.contains('7') && text.contains("again@example.com"), "{text}");
    assert!(text.split_whitespace().any(|w| w == "head@example.com"), "{text}");
    let ods = "<table:table-cell office:value-type=\"string\"><text:p>cell<office:annotation><text:p>note</text:p></office:annotation> more</text:p></table:table-cell>\
        <tb:table-cell office:value-type=\"string\"><text:p>other</text:p></tb:table-cell><table:table-cell><text:p>bare</text:p></table:table-cell>";
    let words: Vec<String> = made(ods).split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["note", "other", "bare"]);
}
