//! PowerPoint's documents.

use super::*;

#[test]
fn slides_are_read_in_their_order() {
    let data = file("slides.ppt");
    let r = read(&data).unwrap();
    assert_eq!((r.kind, &r.issues[..]), ("ppt", &[][..]));
    let order = [
        "Slide one: Maren Holloway, maren.holloway@example.com\n",
        "Slide two: Жанна Петрова, zhanna.petrova@example.net\n",
        "Slide three: Zoë Müller, social security number 219-09-9999\n",
        "Notes say ulrich.mueller@example.org\n",
    ];
    let at: Vec<usize> = order.iter().map(|o| r.text().find(o).unwrap_or_else(|| panic!("{o} is not in {}", r.text()))).collect();
    assert!(at.is_sorted(), "{at:?}");
    let (start, end) = r.place("Жанна Петрова");
    assert_eq!(data[start..end], utf16("Жанна Петрова"));
}

pub(super) fn record(head: u16, kind: u16, body: &[u8]) -> Vec<u8> {
    [&head.to_le_bytes()[..], &kind.to_le_bytes(), &(body.len() as u32).to_le_bytes(), body].concat()
}

#[test]
fn texts_and_objects_of_slides() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"an object about maren@example.com").unwrap();
    let packed = [&33u32.to_le_bytes()[..], &packed.finish().unwrap()].concat();
    let inner = [
        record(0, 0x0fa8, b"caf\xe9 of olga@example.com\rnext"),
        record(0, 0x0fba, &utf16("🐞 named")),
        record(0x10, 0x1011, &packed),
        record(0x10, 0x1011, &packed[..20]),
        record(0, 0x0fa0, &utf16("last")),
    ]
    .concat();
    let stream = [record(15, 0x03e8, &inner), record(0, 0x0fa8, b"cut off")].concat();
    let user = record(0, 0x0ff6, &[20, 0, 0, 0, 0x5f, 0xc0, 0x91, 0xe3, 0, 0, 0, 0]);
    let open = |stream: &[u8], user: &[u8]| read(&compound(&[("/PowerPoint Document", stream), ("/Current User", user)])).unwrap();
    let r = open(&stream, &user);
    assert!(r.text().starts_with("café of olga@example.com\nnext\n🐞 named\nlast\ncut off\n"), "{:?}", r.text());
    assert_eq!(r.parts, [("object-1".to_owned(), b"an object about maren@example.com".to_vec())]);
    assert_eq!(r.issues, [Reason::Corrupt], "the second object");
    let r = open(&stream[..stream.len() - 3], &user);
    assert!(r.text().contains("\ncut \n") && r.issues.contains(&Reason::Truncated));
    let sealed = record(0, 0x0ff6, &[20, 0, 0, 0, 0xdf, 0xc4, 0xd1, 0xf3, 0, 0, 0, 0]);
    let r = open(&stream, &sealed);
    assert!(r.issues == [Reason::Encrypted] && !r.text().contains("olga"));
}
