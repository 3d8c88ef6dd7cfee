//! A value that cannot be printed.

use std::fmt;

/// Bytes that are personal data or key material. No `Display`, and `Debug` shows the length only; the memory is
/// overwritten when the value is dropped.
///
/// ```
/// let s = piimap::base::Secret::new(b"457-55-5462".to_vec());
/// assert_eq!(format!("{s:?}"), "Secret(11 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(bytes.into())
    }

    /// The raw bytes.
    ///
    /// PRIVACY: every caller is a place where a raw value can leak; keep them few.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The optimiser must not see that nobody reads the zeros.
        std::hint::black_box(&self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}
