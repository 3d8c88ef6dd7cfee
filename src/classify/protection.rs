//! How a value is protected, if it is: masked, cut, hashed, replaced or encrypted.
//!
//! Pure: a value and what its field is called go in. Nothing is found by this; it tells, of a cell in a column that is named
//! for an element, why no classifier found the element there, and of a value that was found, that it is a stand-in.
//!
//! What it means for a count is decided elsewhere: only masked and truncated values leave it. A hash of a number that can be
//! enumerated, such as a Social Security number, gives the number back to whoever tries them all.

use super::columns;
use super::definition::Identity;
use super::set::Classifiers;

/// What was done to a value before it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// Some of it is covered by signs: `***-**-1234`.
    Masked,
    /// Only a part is kept: the last four digits in a column that says so.
    Truncated,
    /// A digest of it, as hexadecimal digits or base64.
    Hashed,
    /// A random stand-in that another system can turn back.
    Tokenised,
    /// A ciphertext.
    Encrypted,
}

impl Protection {
    /// All of them.
    pub const ALL: [Protection; 5] =
        [Protection::Masked, Protection::Truncated, Protection::Hashed, Protection::Tokenised, Protection::Encrypted];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Protection::Masked => "masked",
            Protection::Truncated => "truncated",
            Protection::Hashed => "hashed",
            Protection::Tokenised => "tokenised",
            Protection::Encrypted => "encrypted",
        }
    }
}

/// Data elements whose protection is looked for: those that laws count, and what names people.
const LOOKED_FOR: &[&str] = &[
    "bank_account_number",
    "dob",
    "driver_license",
    "email",
    "full_name",
    "itin_tax_id",
    "passport",
    "password",
    "payment_card_number",
    "phone",
    "ssn",
];

/// Words in a field's name that say what was done to its values, and nothing of what they are.
const STATES: &[&str] = &[
    "4",
    "6",
    "cipher",
    "ciphertext",
    "digest",
    "digits",
    "enc",
    "encrypted",
    "first",
    "four",
    "hash",
    "hashed",
    "hmac",
    "last",
    "mask",
    "masked",
    "md5",
    "redacted",
    "sha",
    "1",
    "256",
    "512",
    "token",
    "tokenised",
    "tokenized",
    "truncated",
    "md",
    "5",
];

/// Shorter values are no digests, tokens or ciphertexts, unless their field's name says so.
pub const SHORTEST: usize = 20;

/// Whether a value holds a sign that may cover a part of it.
pub fn may_cover(value: &[u8]) -> bool {
    memchr::memchr3(b'*', b'#', b'X', value).is_some() || memchr::memchr2(b'x', 0xe2, value).is_some()
}

impl Classifiers {
    /// The classifier of the element that a field's name speaks for, if its protection is looked for; of several the most
    /// severe, then the first that can name somebody.
    pub fn element_of_name(&self, field: &str) -> Option<u16> {
        let mut all = columns::named(self.names(), field, STATES);
        all.retain(|i| LOOKED_FOR.contains(&self.get(*i).element.as_str()));
        let rank = |i: &u16| (self.get(*i).severity, self.get(*i).identity == Identity::Strong, std::cmp::Reverse(*i));
        all.into_iter().max_by_key(rank)
    }
}

/// How long the digests of the usual functions are, in bytes: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
const DIGESTS: [usize; 6] = [16, 20, 28, 32, 48, 64];

/// Words in a field's name that say what was done to its values.
const SAYS: &[(&str, Protection)] = &[
    ("masked", Protection::Masked),
    ("mask", Protection::Masked),
    ("redacted", Protection::Masked),
    ("last4", Protection::Truncated),
    ("last_4", Protection::Truncated),
    ("last-4", Protection::Truncated),
    ("last four", Protection::Truncated),
    ("last_four", Protection::Truncated),
    ("lastfour", Protection::Truncated),
    ("first6", Protection::Truncated),
    ("first_6", Protection::Truncated),
    ("truncated", Protection::Truncated),
    ("hash", Protection::Hashed),
    ("digest", Protection::Hashed),
    ("sha1", Protection::Hashed),
    ("sha256", Protection::Hashed),
    ("sha512", Protection::Hashed),
    ("md5", Protection::Hashed),
    ("hmac", Protection::Hashed),
    ("token", Protection::Tokenised),
    ("encrypted", Protection::Encrypted),
    ("enc", Protection::Encrypted),
    ("cipher", Protection::Encrypted),
    ("ciphertext", Protection::Encrypted),
];

/// What the words of a field's name say was done; words are runs of letters and digits.
pub fn said(field: &str) -> Option<Protection> {
    let holds = |word: &str| {
        let (f, w) = (field.as_bytes(), word.as_bytes());
        (0..=f.len().saturating_sub(w.len())).any(|i| {
            let whole = f.len() >= i + w.len() && f[i..i + w.len()].eq_ignore_ascii_case(w);
            let before = i == 0 || !f[i - 1].is_ascii_alphanumeric() || f[i - 1].is_ascii_lowercase() && f[i].is_ascii_uppercase();
            let after = f.get(i + w.len()).is_none_or(|b| !b.is_ascii_lowercase());
            whole && before && after
        })
    };
    SAYS.iter().find(|(word, _)| holds(word)).map(|s| s.1)
}

/// How the value of a field is protected. `named`: whether the field's name says that the values are of the element in question
/// (what a classifier's `columns` decide), without which only signs in the value itself count, for a digest or a random string
/// can be anything. `says`: what the name says was done, see [`said`].
pub fn of(value: &[u8], named: bool, says: Option<Protection>) -> Option<Protection> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return None;
    }
    if masked(value, named) {
        return Some(Protection::Masked);
    }
    if let Some(p) = ciphertext(value).or_else(|| password_hash(value)) {
        return Some(p);
    }
    if !named {
        return None;
    }
    match says {
        Some(Protection::Truncated) if value.len() <= 6 && value.iter().all(u8::is_ascii_alphanumeric) => Some(Protection::Truncated),
        Some(Protection::Tokenised) if token(value) => Some(Protection::Tokenised),
        Some(Protection::Encrypted) if base64_len(value).is_some_and(|n| n >= 16) || hex(value) && value.len() >= 32 => {
            Some(Protection::Encrypted)
        }
        _ if digest(value) => Some(Protection::Hashed),
        _ if stand_in(value) => Some(Protection::Tokenised),
        _ => None,
    }
}

/// Three covering signs at least, and beside them digits or a mail domain, but no sentence; or, in a field that is named for
/// the element, nothing else. Letters cover only as `X`, and only beside digits or separators.
fn masked(value: &[u8], named: bool) -> bool {
    let bullet = "\u{2022}".as_bytes();
    let signs = value.iter().filter(|b| matches!(b, b'*' | b'#')).count() + value.windows(3).filter(|w| *w == bullet).count();
    // PERF: nearly all values hold no such sign.
    let covered = signs >= 3 || crosses(value);
    if !covered || value.len() > 80 {
        return false;
    }
    let mail = value.contains(&b'@');
    let words = value.split(|b| !b.is_ascii_alphabetic()).any(|w| w.len() > 3 && !w.iter().all(|b| matches!(b, b'x' | b'X')));
    let left = value.iter().any(u8::is_ascii_digit) || mail;
    let nothing = !value.iter().any(|b| b.is_ascii_alphanumeric() && !matches!(b, b'x' | b'X'));
    left && (mail || !words) || named && nothing
}

/// Whether each `x` is one of three in a row or more and no other letter stands here: `XXX-XX-1234`.
fn crosses(value: &[u8]) -> bool {
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic());
    let only = letters.clone().all(|b| matches!(b, b'x' | b'X'));
    let runs = value.split(|b| !matches!(b, b'x' | b'X')).filter(|r| !r.is_empty());
    letters.count() >= 3 && only && runs.clone().any(|r| r.len() >= 3) && runs.clone().all(|r| r.len() >= 2)
}

/// The forms that ciphertexts announce themselves with.
fn ciphertext(value: &[u8]) -> Option<Protection> {
    const BEGINNINGS: [&[u8]; 9] = [
        b"-----BEGIN PGP MESSAGE",
        b"ENC[",
        b"ENC(",
        b"vault:v",
        b"{cipher}",
        b"AQICAH",
        b"enc:v",
        b"$ANSIBLE_VAULT",
        b"age-encryption.org",
    ];
    // Salted__ of OpenSSL, and Fernet's version and year, in base64.
    let known = BEGINNINGS.iter().any(|b| value.starts_with(b))
        || value.starts_with(b"U2FsdGVkX1")
        || value.starts_with(b"gAAAAA") && value.len() >= 100;
    known.then_some(Protection::Encrypted)
}

/// The forms that hashes of passwords have: `$2b$12$...`, `$argon2id$...`, `{SSHA}...`.
fn password_hash(value: &[u8]) -> Option<Protection> {
    const BEGINNINGS: [&[u8]; 14] = [
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$argon2",
        b"$1$",
        b"$5$",
        b"$6$",
        b"$y$",
        b"$scrypt$",
        b"$pbkdf2",
        b"pbkdf2_sha256$",
        b"{SSHA}",
        b"{SHA}",
        b"{SSHA512}",
    ];
    (value.len() >= 20 && BEGINNINGS.iter().any(|b| value.starts_with(b))).then_some(Protection::Hashed)
}

fn hex(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_hexdigit)
}

/// The bytes that a base64 text of either alphabet, padded or not, stands for.
fn base64_len(value: &[u8]) -> Option<usize> {
    let body = value.len() - value.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let ok = value[..body].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'));
    (ok && body % 4 != 1).then_some(body * 3 / 4)
}

/// Hexadecimal digits or base64 of the length of a digest; with letters and digits, as nearly all have.
fn digest(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"sha256:").or_else(|| value.strip_prefix(b"0x")).unwrap_or(value);
    let mixed = value.iter().any(u8::is_ascii_alphabetic) && value.iter().any(u8::is_ascii_digit);
    let hexadecimal = value.len().is_multiple_of(2) && DIGESTS.contains(&(value.len() / 2)) && hex(value);
    let upper = value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    mixed && (hexadecimal || upper && value.len() >= 22 && base64_len(value).is_some_and(|n| DIGESTS.contains(&n)))
}

/// `tok_1AbC...`: a short word that says so, and random letters and digits; or a UUID.
fn stand_in(value: &[u8]) -> bool {
    [&b"tok_"[..], b"tok-", b"token_", b"tkn_", b"pm_", b"card_", b"btok_"]
        .iter()
        .any(|t| value.starts_with(t) && value.len() >= t.len() + 8)
        || uuid(value)
}

fn uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// What a column of tokens may hold: one run of at least eight letters, digits and joining signs.
fn token(value: &[u8]) -> bool {
    value.len() >= 8 && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_protected_or_not() {
        use Protection as P;
        let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (value, field, named, want) in [
            ("***-**-1234", "ssn", true, Some(P::Masked)),
            ("***-**-1234", "note", false, Some(P::Masked)),
            ("XXX-XX-1234", "ssn", true, Some(P::Masked)),
            ("xxxx xxxx xxxx 4242", "card", true, Some(P::Masked)),
            ("\u{2022}\u{2022}\u{2022}\u{2022} 4242", "card", true, Some(P::Masked)),
            ("j***@example.com", "email", true, Some(P::Masked)),
            ("######1234", "account", true, Some(P::Masked)),
            ("Xavier Maxx", "name", true, None),
            ("** note **", "note", false, None),
            ("*** order 66 ***", "note", false, None),
            ("********", "password", true, Some(P::Masked)),
            ("********", "note", false, None),
            ("XXX-XX-XXXX", "ssn", true, Some(P::Masked)),
            ("457-55-5462", "ssn", true, None),
            ("1234", "ssn_last4", true, Some(P::Truncated)),
            ("1234", "ssnLast4", true, Some(P::Truncated)),
            ("1234", "ssn", true, None),
            (md5, "ssn", true, Some(P::Hashed)),
            (md5, "email_md5", true, Some(P::Hashed)),
            (md5, "commit", false, None),
            (sha256, "ssn_hash", true, Some(P::Hashed)),
            ("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "ssn", true, Some(P::Hashed)),
            ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "password", true, Some(P::Hashed)),
            ("tok_1KqAbCdEfGhIjKlM", "card_number", true, Some(P::Tokenised)),
            ("9f8e7d6c5b4a", "pan_token", true, Some(P::Tokenised)),
            ("550e8400-e29b-41d4-a716-446655440000", "ssn", true, Some(P::Tokenised)),
            ("550e8400-e29b-41d4-a716-446655440000", "id", false, None),
            ("vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==", "ssn", true, Some(P::Encrypted)),
            ("ENC[AES256_GCM,data:p673w==]", "note", false, Some(P::Encrypted)),
            ("kJ8dR2mQ1xZpL0vTn5yUwA==", "ssn_encrypted", true, Some(P::Encrypted)),
            ("Jane Doe", "name_enc", true, None),
            ("", "ssn", true, None),
        ] {
            assert_eq!(of(value.as_bytes(), named, said(field)), want, "{value} in {field}");
        }
    }

    #[test]
    fn fields_are_named_for_elements() {
        let c = Classifiers::builtin();
        for (field, want) in [
            ("ssn", Some("us.ssn")),
            ("ssn_hash", Some("us.ssn")),
            ("customer_email", Some("generic.email")),
            ("card_number_masked", Some("generic.payment_card")),
            ("password", Some("generic.password")),
            ("password_hash", Some("generic.password")),
            ("ssnLast4", Some("us.ssn")),
            ("session_token", None),
            ("commit_hash", None),
            ("commit", None),
            ("order_id", None),
            ("", None),
        ] {
            assert_eq!(c.element_of_name(field).map(|i| c.get(i).id.as_str()), want, "{field}");
        }
    }

    #[test]
    fn names_of_fields_say_it_in_whole_words() {
        for (field, want) in [
            ("ssn_hash", Some(Protection::Hashed)),
            ("ssnHash", Some(Protection::Hashed)),
            ("hashtag", None),
            ("encounter", None),
            ("card-token", Some(Protection::Tokenised)),
            ("Last Four", Some(Protection::Truncated)),
            ("", None),
        ] {
            assert_eq!(said(field), want, "{field}");
        }
    }

    #[test]
    fn any_bytes_are_borne() {
        for value in [&b"\xff\xfe***"[..], b"=", b"==", b"$", b"\xe2\x80", b"x", b"XXX"] {
            for p in [true, false] {
                of(value, p, said("\u{fc}_hash"));
            }
        }
    }
}
