//! The weights of features: `weights.tsv` tells them, a line each; the build writes them down block by block, so that the first name costs
//! no reading of seven thousand numbers. The build compiles this, too.

use super::super::reader::Reader;

/// A block's weights, each with its index.
pub type Weights = &'static [[u8; ENTRY]];

/// The bytes of an index (16 bits) and a weight (32 bits).
const ENTRY: usize = 6;

/// What a line of the table says: block, index, weight; `None` if it says something else.
pub fn line(line: &str) -> Option<(&str, u16, f32)> {
    let mut parts = line.split('\t');
    let of = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(of)
}

/// All lines of the table: for each run of one block the length of its name (8 bits), its name, the number of its weights (16 bits), these.
pub fn make(table: &str) -> Option<Vec<u8>> {
    let lines: Vec<_> = table.lines().map(line).collect::<Option<_>>()?;
    let mut out = Vec::new();
    for block in lines.chunk_by(|a, b| a.0 == b.0) {
        let name = block.first()?.0;
        out.push(u8::try_from(name.len()).ok()?);
        out.extend_from_slice(name.as_bytes());
        out.extend(u16::try_from(block.len()).ok()?.to_le_bytes());
        for (_, index, weight) in block {
            out.extend(index.to_le_bytes());
            out.extend(weight.to_bits().to_le_bytes());
        }
    }
    Some(out)
}

/// The next block of what [`make`] made.
pub fn block(r: &mut Reader) -> Option<(&'static str, Weights)> {
    let len = r.u8()?;
    let name = str::from_utf8(r.take(len.into())?).ok()?;
    let count = r.u16()?;
    Some((name, r.take(ENTRY * usize::from(count))?.as_chunks().0))
}

/// Index and weight.
pub fn entry([a, b, weight @ ..]: [u8; ENTRY]) -> (usize, f32) {
    (u16::from_le_bytes([a, b]).into(), f32::from_bits(u32::from_le_bytes(weight)))
}
