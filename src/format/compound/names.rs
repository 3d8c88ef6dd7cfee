//! Numbers of Outlook's properties and of Windows' code pages.

use encoding_rs::Encoding;

/// Properties with names of their own ([MS-OXPROPS]).
pub(super) const NAMES: &[(u16, &str)] = &[
    (0x0037, "subject"),
    (0x0070, "topic"),
    (0x007d, "headers"),
    (0x0e02, "display-bcc"),
    (0x0e03, "display-cc"),
    (0x0e04, "display-to"),
    (0x0e1d, "subject"),
    (0x1000, "body"),
    (0x1035, "message-id"),
    (0x3001, "name"),
    (0x3a06, "given-name"),
    (0x3a08, "business-phone"),
    (0x3a09, "home-phone"),
    (0x3a11, "surname"),
    (0x3a15, "postal-address"),
    (0x3a16, "company"),
    (0x3a17, "title"),
    (0x3a1c, "mobile-phone"),
    (0x3a24, "fax"),
    (0x3a27, "city"),
    (0x3a28, "state"),
    (0x3a29, "street"),
    (0x3a2a, "postal-code"),
    (0x3a59, "home-city"),
    (0x3a5b, "home-postal-code"),
    (0x3a5c, "home-state"),
    (0x3a5d, "home-street"),
];

/// People of a message: the numbers of their names and of their addresses.
pub(super) const PEOPLE: &[(&str, &[u16], &[u16])] = &[
    ("from", &[0x0042], &[0x5d02, 0x0065]),
    ("sender", &[0x0c1a], &[0x5d01, 0x0c1f]),
    ("received-by", &[0x0040], &[0x5d07, 0x0076]),
    ("received-for", &[0x0044], &[0x5d08, 0x0078]),
];
/// Those of a recipient.
pub(super) const RECIPIENT: (&[u16], &[u16]) = (&[0x3001, 0x5ff6], &[0x39fe, 0x3003]);

/// What Windows calls by a number.
pub(super) fn code_page(number: u32) -> &'static Encoding {
    let label = match number {
        932 => "shift_jis".to_owned(),
        936 | 54936 => "gb18030".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        28591..=28606 => format!("iso-8859-{}", number - 28590),
        50220..=50222 => "iso-2022-jp".to_owned(),
        51932 => "euc-jp".to_owned(),
        65001 => "utf-8".to_owned(),
        n => format!("windows-{n}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_pages_have_their_encodings() {
        for (number, name) in [(1251, "windows-1251"), (932, "Shift_JIS"), (65001, "UTF-8"), (28592, "ISO-8859-2"), (20127, "windows-1252")]
        {
            assert_eq!(code_page(number).name(), name);
        }
        assert!(NAMES.is_sorted_by_key(|n| n.0));
    }
}
