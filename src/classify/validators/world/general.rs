//! Numbers of documents without a public check digit: the shape is the pattern's, fillers are refused here.

/// A number of a document: 4 to 24 letters and digits, one digit at least, not one sign over and over, no example's `12345678`.
pub fn document_number(raw: &[u8]) -> bool {
    let mut n = 0;
    let mut digits = 0;
    let mut all_same = true;
    let mut rising = true;
    let (mut before, mut sign) = (None, None);
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        n += 1;
        if b.is_ascii_digit() {
            digits += 1;
            all_same &= before.is_none_or(|p| p == *b);
            rising &= before.is_none_or(|p: u8| *b == p + 1 || p == b'9' && *b == b'0');
            before = Some(*b);
        } else {
            sign.get_or_insert(*b);
        }
    }
    // With letters in front, a run of digits is no filler.
    let filler = digits > 1 && all_same || digits == n && digits >= 4 && rising;
    (4..=24).contains(&n) && digits > 0 && !filler
}

/// A number of a document in digits with or without separators, not one digit over and over.
pub fn not_a_filler(raw: &[u8]) -> bool {
    let mut digits = raw.iter().filter(|b| b.is_ascii_digit());
    let first = digits.next();
    first.is_some() && digits.any(|d| Some(d) != first)
}
