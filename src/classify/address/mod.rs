//! Postal addresses in running text.

/// Whether an address may start at `p`.
pub(super) fn may_start(_bytes: &[u8], _p: usize) -> bool {
    false
}

/// The end of the address that starts at `p` and its confidence.
pub(super) fn at(_bytes: &[u8], _p: usize) -> Option<(usize, f32)> {
    None
}
