//! Secrets and names: what no arithmetic can check.

use std::sync::LazyLock;

use super::super::names::{are_ordinary, is_thing, is_word_of_language};
use super::Words;
use super::code::{is_assignment, is_called_secret, is_constant, is_expression};
use super::words::{IN_FORMS, NO_NAMES, NO_SECRETS, SERVICES};

/// [`NO_SECRETS`], [`NO_NAMES`] and [`IN_FORMS`] as sets.
static SECRET_FILLERS: LazyLock<Words> = LazyLock::new(|| Words::new(NO_SECRETS));
static NAMELESS: LazyLock<Words> = LazyLock::new(|| Words::new(NO_NAMES));
static FORM_WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(IN_FORMS));

/// Four bytes at least, no word that stands in for one, no mask, no variable, no expression of a program.
pub fn password(raw: &[u8]) -> bool {
    may_be_password(raw) && !raw.ends_with(b"()") && !is_reference(raw) && !is_expression(raw) && !is_called_secret(raw)
}

/// The same of a value that is all of a cell: no program stands there, and passwords have any signs.
pub fn cell_password(raw: &[u8]) -> bool {
    may_be_password(raw) && !is_constant(raw)
}

fn may_be_password(raw: &[u8]) -> bool {
    let mask = |b: &u8| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#');
    raw.len() >= 4
        && !SECRET_FILLERS.has(raw)
        && !raw.iter().all(mask)
        && !is_variable(raw)
        && !raw.starts_with(b"<")
        && !raw.starts_with(b"{")
        && !raw.starts_with(b"%(")
        && !is_note(raw)
        && !raw.windows(2).all(|w| w[0] == w[1])
        && !raw.windows(3).any(|w| w == b"://")
        && !is_participle(raw)
}

/// A password of eight bytes at least with a digit or capital, a small letter and a sign that words are not joined by.
pub fn strong_password(raw: &[u8]) -> bool {
    let class = |f: fn(&u8) -> bool| u8::from(raw.iter().any(f));
    let sign = raw.iter().any(|b| b"!@#$%^&*?~+=".contains(b));
    let classes = class(u8::is_ascii_digit) + class(u8::is_ascii_uppercase) + class(u8::is_ascii_lowercase);
    raw.len() >= 8 && sign && classes >= 2 && !is_assignment(raw) && password(raw)
}

/// A name to log in with, told from words of a sentence and names in a program: it holds a digit, or is two words joined by
/// one dot or sign.
pub fn user_name(raw: &[u8]) -> bool {
    let joins = || raw.iter().filter(|b| matches!(b, b'.' | b'_' | b'-'));
    let digit = raw.iter().any(u8::is_ascii_digit);
    let two = joins().count() == 1 && !raw.starts_with(b"self.") && !raw.starts_with(b"this.") && !raw.iter().any(u8::is_ascii_uppercase);
    let code = joins().any(|&b| b == b'.') && (joins().count() > 1 || raw.ends_with(b".decode"));
    password(raw) && raw.last().is_some_and(u8::is_ascii_alphanumeric) && (digit && !code || two)
}

/// What is said of a password: that it is encrypted, missing, generated.
fn is_participle(raw: &[u8]) -> bool {
    let ends = |end: &[u8]| raw.len() > end.len() + 3 && raw[raw.len() - end.len()..].eq_ignore_ascii_case(end);
    raw.iter().all(u8::is_ascii_lowercase) && (ends(b"ed") || ends(b"ing") || ends(b"able"))
}

/// `[REDACTED]` or, without what closes it, `[REDACTED`: a word in brackets; `value=`: the name of another attribute.
fn is_note(raw: &[u8]) -> bool {
    let word = |w: &[u8]| w.iter().all(u8::is_ascii_alphabetic);
    raw.strip_prefix(b"[").is_some_and(|w| word(w.strip_suffix(b"]").unwrap_or(w))) || raw.strip_suffix(b"=").is_some_and(word)
}

/// `$PASSWORD`, `${PASSWORD}`, `$(cat file)`.
fn is_variable(raw: &[u8]) -> bool {
    raw.strip_prefix(b"$")
        .is_some_and(|v| v.starts_with(b"{") || v.starts_with(b"(") || v.iter().all(|b| b.is_ascii_uppercase() || *b == b'_'))
}

/// `os.environ`, `config.get(...)`: code that names a secret, not the secret.
fn is_reference(raw: &[u8]) -> bool {
    raw.contains(&b'(') && raw.contains(&b'.') || raw.windows(7).any(|w| w == b"environ") || raw.starts_with(b"process.env")
}

/// Sixteen bytes at least, of which ten in one piece have digits and letters, or capitals and small letters, well mixed. Names
/// in programs are words joined by signs or by capitals.
pub fn random_string(raw: &[u8]) -> bool {
    let mut seen = [false; 256];
    raw.iter().for_each(|&b| seen[usize::from(b)] = true);
    let different = seen.iter().filter(|s| **s).count();
    let piece = raw.split(|b| matches!(b, b'_' | b'-' | b'.')).max_by_key(|p| p.len()).unwrap_or(&[]);
    let digits = piece.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = piece.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = piece.iter().filter(|b| b.is_ascii_lowercase()).count();
    // Words joined in camelCase have far fewer capitals than a quarter.
    let both = |n: usize| upper * n >= piece.len() && lower * n >= piece.len();
    // Without any digit it must be longer to be told from `AnIdOrRange`.
    let mixed = digits >= 2 && (upper >= 2 || lower >= 2) || digits == 1 && both(4) || piece.len() >= 16 && both(3);
    raw.len() >= 16 && piece.len() >= 10 && mixed && different >= 10
}

/// What `Header.Payload.Signature` must begin with: base64url of a JSON object that names its algorithm or type.
pub fn jwt(raw: &[u8]) -> bool {
    let mut parts = raw.split(|&b| b == b'.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return false };
    let mut text = [0u8; 48];
    let n = decode(header, &mut text);
    let text = &text[..n];
    let has = |word: &[u8]| text.windows(word.len()).any(|w| w == word);
    text.starts_with(b"{\"") && (has(b"\"alg\"") || has(b"\"typ\"") || has(b"\"kid\"") || has(b"\"cty\"")) && payload.len() >= 4
}

/// Decodes base64url as far as `out` is long; gives the number of bytes. Stops at a byte that is none.
fn decode(raw: &[u8], out: &mut [u8]) -> usize {
    let (mut n, mut bits, mut have) = (0, 0u32, 0);
    for &b in raw {
        let v = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(v);
        have += 6;
        if have >= 8 {
            have -= 8;
            let Some(slot) = out.get_mut(n) else { break };
            *slot = (bits >> have) as u8;
            n += 1;
        }
    }
    n
}

/// One to five words; none that names something else.
pub fn name(raw: &[u8]) -> bool {
    let words = || raw.split(|b| b.is_ascii_whitespace() || *b == b',').filter(|w| !w.is_empty());
    (1..=5).contains(&words().count()) && words().all(|w| !NAMELESS.has(w)) && raw.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80)
}

/// The same, told from what things and organisations are called.
pub fn full_name(raw: &[u8]) -> bool {
    name(raw) && !is_thing(raw)
}

/// What a label of a name leads to: told from what forms and programs say of the field, and from ordinary words.
pub fn labelled_name(raw: &[u8]) -> bool {
    let mut words = raw.split(|b| matches!(b, b' ' | b',' | b'-')).filter(|w| !w.is_empty());
    name(raw) && words.all(|w| !FORM_WORDS.has(w) && is_cased(w)) && !are_ordinary(raw)
}

/// Whether no capital stands within a word as in names of programs (`InputValue`), but behind the beginnings of names (`McKay`, `DiCaprio`).
fn is_cased(word: &[u8]) -> bool {
    let word = if word.get(1) == Some(&b'\'') { &word[2..] } else { word };
    let rest = [&b"Mac"[..], b"Mc", b"De", b"La", b"Le", b"Di", b"Da", b"Du"]
        .into_iter()
        .find_map(|begin| word.strip_prefix(begin).filter(|rest| rest.first().is_some_and(u8::is_ascii_uppercase)))
        .unwrap_or(word);
    let large = rest.iter().skip(1).any(u8::is_ascii_uppercase);
    !(large && rest.iter().any(u8::is_ascii_lowercase))
}

/// The same of a whole name.
pub fn labelled_full_name(raw: &[u8]) -> bool {
    labelled_name(raw) && !is_thing(raw)
}

/// A name to log in with, of small letters alone: no word of the language, of a program or of a service, nor one made of such.
pub fn login_word(raw: &[u8]) -> bool {
    let holds = |part: &&str| raw.windows(part.len()).any(|w| w == part.as_bytes());
    password(raw) && !SERVICES.iter().any(holds) && !FORM_WORDS.has(raw) && !NAMELESS.has(raw) && !is_word_of_language(raw)
}
