use std::io::Write;

use super::spoken::MOST_SPOKEN;
use super::*;
use crate::base::MemoryInput;

/// A file of these objects, the first of them number 1.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.5\n".to_vec();
    for (i, o) in objects.iter().enumerate() {
        out.extend(format!("{} 0 obj\n", i + 1).into_bytes());
        out.extend(o);
        out.extend(b"\nendobj\n");
    }
    out.extend(b"trailer <</Root 1 0 R>>\n%%EOF\n");
    out
}

fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(data).unwrap();
    let packed = e.finish().unwrap();
    [format!("<<{dict}/Filter/FlateDecode/Length {}>>\nstream\n", packed.len()).as_bytes(), &packed, b"\nendstream"].concat()
}

fn read(data: Vec<u8>) -> (Vec<(u64, String)>, Vec<Reason>, Option<Reason>) {
    let mut r = open(PeekInput::new(Box::new(MemoryInput::new(data))), &Limits::default()).unwrap();
    let mut b = Batch::default();
    let mut pages = Vec::new();
    let failed = loop {
        match r.next_batch(&mut b) {
            Ok(true) => pages.push((b.first_row, String::from_utf8_lossy(&b.bytes).into_owned())),
            Ok(false) => break None,
            Err(e) => break Some(e.reason),
        }
    };
    (pages, r.take_issues().iter().map(|i| i.reason).collect(), failed)
}

const CATALOG: &[u8] = b"<</Type/Catalog/Pages 2 0 R>>";

#[test]
fn pages_give_their_text() {
    let first = b"BT /F1 12 Tf 72 700 Td (Jane) Tj 40 0 Td (Roe) Tj 0 -14 Td [(ja)-20(ne@exa)10(mple.com)] TJ T* (\\101\\(x\\)) ' ET";
    let second = b"BT /F2 10 Tf 1 0 0 1 72 700 Tm <00010002> Tj ET /X Do";
    let cmap = b"1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <00e4> endbfchar 1 beginbfrange <0002> <0005> <0062> endbfrange";
    let objects = vec![
        CATALOG.to_vec(),
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Resources<</Font<</F1 7 0 R/F2 8 0 R>>/XObject<</X 10 0 R>>>>>>".to_vec(),
        b"<</Type/Page/Contents 5 0 R>>".to_vec(),
        b"<</Type/Page/Contents[6 0 R]>>".to_vec(),
        stream("", first),
        stream("", second),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
        b"<</Type/Font/Subtype/Type0/ToUnicode 9 0 R>>".to_vec(),
        stream("", cmap),
        stream("/Subtype/Form", b"BT /F1 9 Tf 72 100 Td (form) Tj ET"),
        b"<</Type/Annot/V(457-55-5462)>>".to_vec(),
    ];
    let (pages, issues, failed) = read(file(&objects));
    assert_eq!((issues, failed), (vec![], None));
    let want = [(0, "457-55-5462\n"), (0, "Jane Roe\njane@example.com\nA(x)"), (1, "äb\nform")];
    assert_eq!(pages, want.map(|(p, t)| (p, t.to_owned())));
}

#[test]
fn what_stands_on_no_page_is_read() {
    let objects = vec![
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA[(datasets)7 0 R(form)7 0 R]>>/Metadata 8 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]>>".to_vec(),
        b"<</Type/Page/Contents 4 0 R/Annots[<</Subtype/Link/A<</S/URI/URI(mailto:link@example.com)>>>>5 0 R]>>".to_vec(),
        stream("", b"BT /F1 12 Tf (on the page) Tj ET"),
        b"<</Subtype/Widget/FT/Tx/T(ssn)/V 6 0 R/Opt[[(1)(a@example.com)](b@example.com)]>>".to_vec(),
        b"(457-55-5462)".to_vec(),
        stream("", b"<?xml version=\"1.0\"?><data><mail>form@example.com</mail></data>"),
        stream("/Type/Metadata/Subtype/XML", b"<?xml version=\"1.0\"?><x>xmp@example.com</x>"),
        b"<</Producer(maker)/Manager(Olga Sund)>>".to_vec(),
        b"<</Subtype/Text/T(Ilse Berg)/Contents(ask her)/Popup<</T(Odile Brandt)>>>>".to_vec(),
    ];
    let mut r = open(PeekInput::new(Box::new(MemoryInput::new(file(&objects)))), &Limits::default()).unwrap();
    let (mut b, mut pages, mut parts) = (Batch::default(), Vec::new(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        pages.push(String::from_utf8_lossy(&b.bytes).into_owned());
        parts.extend(r.take_parts());
    }
    for said in [
        "mailto:link@example.com\n",
        "ssn: 457-55-5462\n1\na@example.com\nb@example.com\n",
        "Ilse Berg\nask her\n",
        "Odile Brandt\n",
        "Olga Sund\n",
    ] {
        assert!(pages[0].contains(said), "{said} is not in {}", pages[0]);
    }
    let parts: Vec<&str> = parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(parts, ["form-7.xml", "metadata-8.xml"], "each once");
}

/// Sizes that are only said, strings that many point to, filters without end: none is given room.
#[test]
fn what_is_only_said_costs_nothing() {
    let page = |content: Vec<u8>, more: Vec<Vec<u8>>| {
        let pages = b"<</Type/Pages/Kids[3 0 R]/Resources<</Font<</F1 5 0 R>>>>>>".to_vec();
        let font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec();
        let objects = [vec![CATALOG.to_vec(), pages, b"<</Type/Page/Contents 4 0 R>>".to_vec(), content, font], more].concat();
        read(file(&objects)).0
    };
    let text = b"BT /F1 12 Tf (jane@example.com) Tj ET";
    let row = "/DecodeParms<</Predictor 12/Colors 1000000/BitsPerComponent 1000000/Columns 1000000>>";
    assert_eq!(page(stream(row, text), Vec::new()), [(0, "jane@example.com".to_owned())]);
    let long = [&b"("[..], &vec![b'x'; 3 << 20], b")"].concat();
    let pages = page(stream("", text), [vec![long], vec![b"<</V 6 0 R>>".to_vec(); 100]].concat());
    assert!(pages.iter().map(|p| p.1.len()).sum::<usize>() < MOST_SPOKEN + (4 << 20));
    let filters = format!("<</Filter[{}]/Length 3>>\nstream\nabc\nendstream", "/AHx".repeat(9));
    assert_eq!(page(filters.into_bytes(), Vec::new()), []);
}

#[test]
fn packed_objects_are_found_and_what_cannot_be_read_is_said() {
    let inner = b"2 0 3 30 <</Type/Pages/Kids[3 0 R]>>   <</Type/Page/Contents 5 0 R>>";
    let at = inner.windows(2).position(|w| w == b"<<").unwrap();
    let second = inner.windows(6).position(|w| w == b"<</Typ").map(|_| 30).unwrap();
    assert_eq!(&inner[at + second - 1..at + second + 2], b" <<".as_slice().get(..3).unwrap());
    let objects = [CATALOG.to_vec(), b"null".to_vec(), b"null".to_vec()];
    let mut data = file(&objects[..1]);
    data.extend([b"9 0 obj\n", &stream(&format!("/Type/ObjStm/N 2/First {at}"), inner)[..], b"\nendobj\n"].concat());
    data.extend([b"5 0 obj\n", &stream("", b"")[..], b"\nendobj\n"].concat());
    assert_eq!(read(data).1, [Reason::NoText]);
    let encrypted = [&file(&[CATALOG.to_vec()])[..], b"trailer <</Encrypt 9 0 R>>"].concat();
    assert_eq!(read(encrypted).2, Some(Reason::Encrypted));
    assert_eq!(read(b"%PDF-1.4\ngarbage".to_vec()).2, Some(Reason::Corrupt));
}

#[test]
fn files_that_open_without_a_password_are_read() {
    let of = |name: &str| read(std::fs::read(format!("{}/tests/data/pdf/{name}.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap());
    for name in ["rc4-40", "rc4-128", "aes-128", "aes-256-r5", "aes-256"] {
        let (pages, issues, failed) = of(name);
        let want = [(0, "Write to maren.holloway@example.com"), (1, "Write to ben.summer@example.com")].map(|(p, t)| (p, t.to_owned()));
        assert_eq!((&pages[1..], issues, failed), (&want[..], vec![], None), "{name}");
        assert!(pages[0].1.contains("cora.walker@example.com"), "{name}: {:?}", pages[0]);
    }
    assert_eq!(of("password").2, Some(Reason::Encrypted));
}

#[test]
fn damaged_locks_do_no_harm() {
    for name in ["rc4-128", "aes-128", "aes-256"] {
        let data = std::fs::read(format!("{}/tests/data/pdf/{name}.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for at in (0..data.len()).step_by(7) {
            let mut data = data.clone();
            data[at] ^= 0x15;
            read(data);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    #[test]
    fn damage_does_no_harm(edits in proptest::collection::vec((0usize..2000, 0u8..=255), 0..30)) {
        let mut data = file(&[
            CATALOG.to_vec(),
            b"<</Type/Pages/Kids[3 0 R]/Resources<</Font<</F1 5 0 R>>>>>>".to_vec(),
            b"<</Type/Page/Contents 4 0 R>>".to_vec(),
            b"<</Length 60>>\nstream\nBT /F1 12 Tf 72 700 Td [(Jane) 5 (Roe)] TJ (x) ' ET /X Do\nendstream".to_vec(),
            b"<</Type/Font/Encoding<</Differences[1/a/b 65/uni0041]>>/Widths[1 2 3]/FirstChar 1>>".to_vec(),
        ]);
        for (at, b) in edits {
            let n = data.len();
            data[at % n] = b;
        }
        read(data);
    }
}
