//! Where a range of keys is cut in two.

/// A key about half way between `at`, which was listed, and `to`, behind which nothing is asked for; `None` where there is no room.
/// It begins with `prefix`, and behind what it shares with `at` has one character, larger than a slash, and a slash.
pub(super) fn between(at: &str, to: Option<&str>, prefix: &str) -> Option<String> {
    let mut shared = match to {
        Some(to) => at.bytes().zip(to.bytes()).take_while(|(a, b)| a == b).count(),
        None => prefix.len(),
    };
    while !at.is_char_boundary(shared) || to.is_some_and(|to| !to.is_char_boundary(shared)) {
        shared -= 1;
    }
    let mut end = to.map(|to| to[shared..].chars().next().map_or('/' as u32, |c| c as u32));
    // A key of a thousand bytes has no thousand places to be cut at.
    for _ in 0..64 {
        let rest = at.get(shared..)?;
        let low = rest.chars().next().map(|c| c as u32);
        // Most keys are plain ASCII; what is not lies behind all of it.
        let high = end.unwrap_or(if low.is_none_or(|l| l < 0x7E) { 0x7F } else { 0x11_0000 });
        // No slash either: a key that ends with two is asked for by nobody, and there are servers that then list what lies in the
        // folder under names with two.
        let from = low.unwrap_or(0).max('/' as u32);
        let mut middle = from + high.saturating_sub(from) / 2;
        if (0xD800..0xE000).contains(&middle) {
            middle = if high > 0xE000 { 0xE000 } else { 0xD7FF };
        }
        if let Some(c) = char::from_u32(middle).filter(|_| middle > from && middle < high) {
            return Some(format!("{}{c}/", &at[..shared]));
        }
        // Nothing between the two here: behind the same character there may be.
        shared += rest.chars().next()?.len_utf8();
        end = None;
    }
    None
}
