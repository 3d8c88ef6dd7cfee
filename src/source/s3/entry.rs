//! What a listing says of a key, and how it waits in a file for its turn.

/// What a listing says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: String,
    pub version: String,
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: Option<i64>,
    /// The storage class, if it is one that matters: its number among these.
    pub class: Option<u8>,
    /// The id of a version that is not the current one; never empty.
    pub old: Option<Box<str>>,
    /// It is a delete marker, and no object.
    pub marker: bool,
}

/// Of the byte of the class, what says that it is a delete marker.
const MARKER: u8 = 0x80;

/// Entries as bytes, behind each other.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 120);
    for e in entries {
        for text in [e.key.as_str(), &e.version, e.old.as_deref().unwrap_or("")] {
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        }
        out.extend(e.size.to_le_bytes());
        out.extend(e.modified.unwrap_or(i64::MIN).to_le_bytes());
        out.push(e.class.map_or(0, |c| c + 1) | if e.marker { MARKER } else { 0 });
    }
    out
}

/// What [`encode`] wrote.
pub(super) fn decode(mut bytes: &[u8]) -> Vec<Entry> {
    fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
        let (head, tail) = bytes.split_at(n.min(bytes.len()));
        *bytes = tail;
        head
    }
    fn number(bytes: &mut &[u8]) -> u64 {
        take(bytes, 8).try_into().map_or(0, u64::from_le_bytes)
    }
    fn text(bytes: &mut &[u8]) -> String {
        let n = take(bytes, 4).try_into().map_or(0, u32::from_le_bytes);
        String::from_utf8_lossy(take(bytes, n as usize)).into_owned()
    }
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (key, version, old) = (text(&mut bytes), text(&mut bytes), text(&mut bytes));
        let (size, modified) = (number(&mut bytes), number(&mut bytes) as i64);
        let last = take(&mut bytes, 1).first().copied().unwrap_or(0);
        let (class, marker) = ((last & !MARKER).checked_sub(1), last & MARKER != 0);
        let (modified, old) = ((modified != i64::MIN).then_some(modified), (!old.is_empty()).then(|| old.into()));
        out.push(Entry { key, version, size, modified, class, old, marker });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let e = |class, modified, old: Option<&str>| {
            let (old, marker) = (old.map(Into::into), modified == Some(7));
            Entry { key: "ü/\n".into(), version: String::new(), size: u64::MAX, modified, class, old, marker }
        };
        let all = [
            e(None, None, None),
            e(Some(1), Some(-5), None),
            e(Some(0), None, Some("null")),
            e(None, Some(7), Some("v")),
            e(Some(2), Some(7), None),
        ];
        assert_eq!(decode(&encode(&all)), all);
        assert!(decode(&[]).is_empty());
    }
}
