//! Excel 97 workbooks, looked through before they are decoded: the decoder makes room for what a sheet's corners say, and a
//! damaged or hostile one says any number, which would end the program.
//!
//! Records: [MS-XLS] 2.3.1 (type, length, data), 2.4.21 BOF, 2.4.90 Dimensions, 2.5.13 Cell.

use std::io::{Read, Seek};

use crate::base::{Error, Reason, Result};

/// A sheet has so many columns, exclusive.
const COLUMNS: u64 = 256;
/// And so many rows.
const ROWS: u64 = 65_536;
/// Room for so many cells is always there.
const ROOM: u64 = 4 << 20;
/// Beyond that, one cell in so many must hold something.
const SPARSE: u64 = 16;

/// The corners of a sheet's cells, and how many there are.
#[derive(Default)]
struct Sheet {
    cells: u64,
    corners: Option<[u64; 4]>,
}

impl Sheet {
    fn cell(&mut self, row: u64, first: u64, last: u64) {
        self.cells += last - first + 1;
        let [top, bottom, left, right] = self.corners.unwrap_or([row, row, first, last]);
        self.corners = Some([top.min(row), bottom.max(row), left.min(first), right.max(last)]);
    }

    fn check(&self) -> Result<()> {
        let Some([top, bottom, left, right]) = self.corners else { return Ok(()) };
        if right >= COLUMNS {
            return Err(Error::new(Reason::Corrupt, "a cell beyond the last column of a sheet"));
        }
        let room = (bottom - top + 1) * (right - left + 1);
        if room > ROOM && room / SPARSE > self.cells {
            return Err(Error::new(Reason::MemoryLimit, "a sheet with few cells far from one another"));
        }
        Ok(())
    }
}

/// Looks through the workbook in a compound file.
///
/// # Errors
/// `corrupt` for what is no compound file, has no workbook, or says what no sheet can hold; `memory_limit` for a sheet of few
/// cells that would take much room.
pub(super) fn check(file: impl Read + Seek) -> Result<()> {
    let corrupt = || Error::new(Reason::Corrupt, "a broken compound file");
    let mut file = cfb::CompoundFile::open(file).map_err(|_| corrupt())?;
    let name = ["/Workbook", "/Book", "/WORKBOOK", "/BOOK"].into_iter().find(|n| file.is_stream(n)).ok_or_else(corrupt)?;
    let stream = file.open_stream(name).map_err(|_| corrupt())?;
    records(std::io::BufReader::with_capacity(64 << 10, stream))
}

/// Goes through the records up to the end, or to a piece that is none: what the decoder makes of that is an error, too.
fn records(mut stream: impl Read) -> Result<()> {
    let mut sheet = Sheet::default();
    let (mut head, mut data) = ([0u8; 4], Vec::new());
    while stream.read_exact(&mut head).is_ok() {
        let (kind, len) = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
        data.clear();
        let all = (&mut stream).take(u64::from(len)).read_to_end(&mut data).is_ok_and(|n| n == usize::from(len));
        let word = |at: usize| data.get(at..at + 2).map(|b| u64::from(u16::from_le_bytes([b[0], b[1]])));
        match kind {
            0x0809 => {
                sheet.check()?;
                sheet = Sheet::default();
            }
            0x0200 => dimensions(&data)?,
            // Number, Label, BoolErr, Rk, LabelSst, Formula, RString.
            0x0203 | 0x0204 | 0x0205 | 0x027e | 0x00fd | 0x0006 | 0x00d6 => {
                if let (Some(row), Some(column)) = (word(0), word(2)) {
                    sheet.cell(row, column, column);
                }
            }
            // MulRk: a row of numbers.
            0x00bd => {
                if let (Some(row), Some(first), Some(last)) = (word(0), word(2), data.len().checked_sub(2).and_then(word))
                    && first <= last
                {
                    sheet.cell(row, first, last);
                }
            }
            _ => {}
        }
        if !all {
            break;
        }
    }
    sheet.check()
}

/// What a sheet says of its own corners, by which the decoder makes room.
fn dimensions(data: &[u8]) -> Result<()> {
    let word = |at: usize| u64::from(u16::from_le_bytes([data[at], data[at + 1]]));
    let long = |at: usize| word(at) | word(at + 2) << 16;
    let (top, bottom, right) = match data.len() {
        10 => (word(0), word(2), word(6)),
        14 | 16 => (long(0), long(4), word(10)),
        _ => return Ok(()),
    };
    // An empty sheet has zeros; the ends are exclusive.
    let empty = bottom == 0 || right == 0;
    if !empty && (top > bottom - 1 || bottom > ROWS || right > COLUMNS) {
        return Err(Error::new(Reason::Corrupt, "a sheet that says to be larger than sheets can be"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
    }

    fn cell(row: u16, column: u16) -> Vec<u8> {
        let mut data = [row.to_le_bytes(), column.to_le_bytes()].concat();
        data.extend([0; 10]);
        record(0x0203, &data)
    }

    fn sized(top: u32, bottom: u32, left: u16, right: u16) -> Vec<u8> {
        let rows = [top.to_le_bytes(), bottom.to_le_bytes()].concat();
        record(0x0200, &[&rows[..], &left.to_le_bytes(), &right.to_le_bytes(), &[0, 0]].concat())
    }

    #[test]
    fn lying_sheets_are_refused() {
        let bof = || record(0x0809, &[0; 16]);
        for (n, (stream, want)) in [
            (vec![], None),
            (vec![bof(), sized(0, 0, 0, 0)], None),
            (vec![bof(), sized(0, 3, 0, 2), cell(0, 0), cell(2, 1)], None),
            (vec![bof(), sized(0, 65_536, 0, 256), cell(0, 0)], None),
            (vec![bof(), sized(0, 0xffff_ffff, 0, 0xffff)], Some(Reason::Corrupt)),
            (vec![bof(), sized(9, 3, 0, 2)], Some(Reason::Corrupt)),
            (vec![bof(), sized(0, 3, 0, 300)], Some(Reason::Corrupt)),
            (vec![bof(), cell(0, 0), cell(65_535, 255)], Some(Reason::MemoryLimit)),
            // Two sheets have corners of their own.
            (vec![bof(), cell(0, 0), bof(), cell(65_535, 255)], None),
            (vec![bof(), cell(0, 256)], Some(Reason::Corrupt)),
            (vec![bof(), record(0x00bd, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1])], Some(Reason::Corrupt)),
            (vec![bof(), vec![3, 2, 0xff, 0xff, 1]], None),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(records(&stream.concat()[..]).err().map(|e| e.reason), want, "{n}");
        }
        assert!(check(std::io::Cursor::new(b"no compound file".to_vec())).is_err());
    }
}
