//! One record of Avro: its bytes walked along the schema, its values written as cells.

use super::schema::{Node, Shape};
use super::{corrupt, long};
use crate::base::{Batch, ROW_SCOPE, Result};
use crate::format::blob;
use crate::format::rows::{Rows, cell, scope, whole};

/// Nested deeper than this it is no record.
const DEPTH: u32 = 200;

pub(super) struct Walk<'a> {
    pub data: &'a [u8],
    pub at: usize,
    pub nodes: &'a [Node],
    pub rows: &'a mut Rows,
    pub batch: &'a mut Batch,
    pub row: u32,
    pub depth: u32,
}

impl Walk<'_> {
    /// Reads one record of the whole schema.
    pub fn record(&mut self) -> Result<()> {
        self.value(0, "", ROW_SCOPE, true)
    }

    fn long(&mut self) -> Result<i64> {
        long(self.data, &mut self.at).ok_or_else(|| corrupt("a number that breaks off"))
    }

    fn bytes(&mut self, n: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(n).filter(|e| *e <= self.data.len()).ok_or_else(|| corrupt("a value beyond its block"))?;
        let out = &self.data[self.at..end];
        self.at = end;
        Ok(out)
    }

    fn length(&mut self) -> Result<usize> {
        usize::try_from(self.long()?).map_err(|_| corrupt("a negative length"))
    }

    fn give(&mut self, path: &str, scope: u32, value: &[u8]) {
        let field = self.rows.field(if path.is_empty() { "value" } else { path });
        cell(self.batch, field, self.row, scope, value);
    }

    /// `new`: a record here is nobody's part (the whole, an element of a list).
    fn value(&mut self, node: usize, path: &str, within: u32, new: bool) -> Result<()> {
        if self.depth > DEPTH {
            return Err(corrupt("values nested too deep"));
        }
        self.depth += 1;
        let read = self.inner(node, path, within, new);
        self.depth -= 1;
        read
    }

    fn inner(&mut self, node: usize, path: &str, within: u32, new: bool) -> Result<()> {
        let nodes = self.nodes;
        match &nodes[node] {
            Node::Null => {}
            Node::Boolean => drop(self.bytes(1)?),
            Node::Float => drop(self.bytes(4)?),
            Node::Double => {
                let mut b = [0; 8];
                b.copy_from_slice(self.bytes(8)?);
                if let Some(v) = whole(f64::from_le_bytes(b)) {
                    self.give(path, within, v.to_string().as_bytes());
                }
            }
            Node::Int(shape) | Node::Long(shape) => {
                let v = self.long()?;
                let text = match shape {
                    Shape::Date => day(v),
                    Shape::Moment(unit) => moment(v, *unit),
                    _ => v.to_string(),
                };
                self.give(path, within, text.as_bytes());
            }
            Node::Bytes(shape) => {
                let n = self.length()?;
                let data = self.data;
                self.bytes(n)?;
                self.text(&data[self.at - n..self.at], *shape, path, within);
            }
            Node::Fixed(n, shape) => {
                let data = self.data;
                self.bytes(*n)?;
                self.text(&data[self.at - n..self.at], *shape, path, within);
            }
            Node::Enum(symbols) => {
                let i = self.length()?;
                let symbol = symbols.get(i).ok_or_else(|| corrupt("an unknown symbol"))?;
                self.give(path, within, symbol.as_bytes());
            }
            Node::Union(branches) => {
                let i = self.length()?;
                let branch = *branches.get(i).ok_or_else(|| corrupt("an unknown branch of a union"))?;
                self.value(branch, path, within, new)?;
            }
            Node::Array(of) => {
                let path = format!("{path}[]");
                self.blocks(|w| w.value(*of, &path, within, true))?;
            }
            Node::Map(of) => {
                // Keys are data.
                let (keys, values) = (join(path, "*"), join(path, "*"));
                self.blocks(|w| {
                    let own = scope(w.batch, None);
                    let n = w.length()?;
                    let data = w.data;
                    w.bytes(n)?;
                    w.text(&data[w.at - n..w.at], Shape::Plain, &keys, own);
                    w.value(*of, &values, own, false)
                })?;
            }
            Node::Record(fields) => {
                let own = scope(self.batch, if new { None } else { Some(within) });
                for (name, of) in fields {
                    self.value(*of, &join(path, name), own, false)?;
                }
            }
        }
        Ok(())
    }

    /// The blocks of an array or a map.
    fn blocks(&mut self, mut each: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        loop {
            let mut n = self.long()?;
            if n == 0 {
                return Ok(());
            }
            if n < 0 {
                self.long()?;
                n = n.saturating_neg();
            }
            for _ in 0..n {
                let before = self.at;
                each(self)?;
                if self.at == before && n > 1 << 20 {
                    return Err(corrupt("a list of nothing that does not end"));
                }
            }
        }
    }

    fn text(&mut self, v: &[u8], shape: Shape, path: &str, within: u32) {
        match shape {
            Shape::Decimal(scale) if v.len() <= 16 => {
                let sign = if v.first().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
                let mut wide = [sign; 16];
                wide[16 - v.len()..].copy_from_slice(v);
                let text = decimal(i128::from_be_bytes(wide), scale);
                self.give(path, within, text.as_bytes());
            }
            _ => self.give(path, within, &blob::text(v)),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn decimal(v: i128, scale: usize) -> String {
    let digits = v.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if v < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn day(days: i64) -> String {
    let t = days.checked_mul(86_400).and_then(|s| chrono::DateTime::from_timestamp(s, 0));
    t.map(|t| t.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn moment(v: i64, unit: i64) -> String {
    let t = chrono::DateTime::from_timestamp(v.div_euclid(unit), (v.rem_euclid(unit) * (1_000_000_000 / unit)) as u32);
    t.map(|t| t.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!(decimal(12345, 2), "123.45");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(moment(1_500, 1_000), "1970-01-01T00:00:01.500Z");
        assert_eq!(moment(i64::MIN, 1), "");
    }
}
