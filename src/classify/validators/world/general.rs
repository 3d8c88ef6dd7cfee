//! Numbers of documents without a public check digit: the shape is the pattern's, fillers are refused here.

/// A number of a document: 4 to 24 letters and digits, one digit at least, the digits not one over and over.
pub fn document_number(raw: &[u8]) -> bool {
    let signs = raw.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let digits = raw.iter().filter(|b| b.is_ascii_digit()).count();
    (4..=24).contains(&signs) && (digits == 1 || not_a_filler(raw))
}

/// Digits with or without other signs, not one digit over and over.
pub fn not_a_filler(raw: &[u8]) -> bool {
    let mut digits = raw.iter().filter(|b| b.is_ascii_digit());
    let first = digits.next();
    first.is_some() && digits.any(|d| Some(d) != first)
}
