//! Files that were packed into objects.

/// The stream that holds one.
pub(super) const NATIVE: &str = "\u{1}Ole10Native";

/// A file that was packed into an object ([MS-OLEDS] 2.3.6, and what packagers write into it: label, path, both once more, the
/// data): its name and its bytes.
pub(super) fn unpack(stream: &[u8]) -> Option<(String, &[u8])> {
    let word = |at: usize| stream.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let text = |at: usize| stream.get(at..).and_then(|b| Some(&b[..memchr::memchr(0, &b[..b.len().min(4096)])?]));
    let label = text(6)?;
    let path = text(7 + label.len())?;
    let at = 7 + label.len() + path.len() + 1 + 4;
    let data = at + 4 + word(at)?;
    let bytes = stream.get(data + 4..(data + 4).checked_add(word(data)?)?)?;
    Some((encoding_rs::WINDOWS_1252.decode_without_bom_handling(label).0.into_owned(), bytes))
}
