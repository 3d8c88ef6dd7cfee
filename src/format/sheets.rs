//! Spreadsheets: xlsx, xlsb, xls, ods, each sheet a table.
//!
//! A field is `Sheet.column` by the names in the sheet's header, where its first rows have one, else by the column's
//! letters. Rows count from the one behind the header, empty ones too, so that the row on the screen is a fixed distance
//! away. What stands above the header, a title, is in the field `Sheet` and in row 0.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use calamine::{Cell, Data, DataRef, Ods, Range, Reader as _, Xls, Xlsb, Xlsx};

use super::biff;
use super::pump::{Gone, Out, Pump, give};
use super::rows::{self, Rows};
use super::titles::header_of;
use super::{Limits, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, ReadAt, Reason, Result, random_access};

/// How long one step of the decoder may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Sheets and shared texts are held in memory by the decoder: larger workbooks are refused.
const MOST: u64 = 512 << 20;
/// Rows sent at a time, at most.
const ROWS: usize = 2048;

/// Which kind of workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A zip archive: xlsx, xlsb or ods.
    Zip,
    /// A compound file.
    Xls,
}

struct Row {
    number: u32,
    cells: Vec<(u32, String)>,
}

enum Event {
    Sheet(String),
    Rows(Vec<Row>),
    /// A sheet that cannot be read; the others go on.
    Lost(Error),
}

/// Random access as the decoder wants it.
struct Source {
    data: Arc<dyn ReadAt>,
    at: u64,
    held: Cursor<bytes::Bytes>,
    held_at: u64,
}

impl Source {
    fn new(data: Arc<dyn ReadAt>) -> Source {
        Source { data, at: 0, held: Cursor::default(), held_at: 0 }
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let have = self.held.get_ref().len() as u64;
        if self.at < self.held_at || self.at >= self.held_at + have {
            let n = self.data.len().saturating_sub(self.at).min(256 << 10);
            let bytes = self.data.read_at(self.at, n as usize).map_err(std::io::Error::other)?;
            (self.held, self.held_at) = (Cursor::new(bytes), self.at);
        }
        self.held.set_position(self.at - self.held_at);
        let n = self.held.read(out)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(d) => self.data.len().checked_add_signed(d),
            SeekFrom::Current(d) => self.at.checked_add_signed(d),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn broken() -> Error {
    Error::new(Reason::Corrupt, "a broken workbook")
}

/// The decoder's part: every sheet of the workbook.
fn decode(data: Arc<dyn ReadAt>, kind: Kind, out: &Out<Event>) -> Result<()> {
    let _: Result<(), Gone> = match kind {
        Kind::Xls => {
            biff::check(Source::new(data.clone()))?;
            whole_sheets(Xls::new(Source::new(data)).map_err(|e| xls_error(&e))?, out)
        }
        // The decoder of one kind may panic over another.
        Kind::Zip => match catch_unwind(AssertUnwindSafe(|| Xlsx::new(Source::new(data.clone())).ok())) {
            Ok(Some(mut book)) => stream(book.sheet_names(), out, |name, sender| {
                let mut cells = book.worksheet_cells_reader(name).map_err(|_| broken())?;
                while let Some(c) = cells.next_cell().map_err(|_| broken())? {
                    if sender.cell(c).is_err() {
                        return Ok(());
                    }
                }
                Ok(())
            }),
            xlsx => match catch_unwind(AssertUnwindSafe(|| Xlsb::new(Source::new(data.clone())).ok())) {
                Ok(Some(mut book)) => stream(book.sheet_names(), out, |name, sender| {
                    let mut cells = book.worksheet_cells_reader(name).map_err(|_| broken())?;
                    while let Some(c) = cells.next_cell().map_err(|_| broken())? {
                        if sender.cell(c).is_err() {
                            return Ok(());
                        }
                    }
                    Ok(())
                }),
                // What a decoder gave up on need not be broken: Excel's first trials wrote another xlsb.
                xlsb => {
                    let gave_up = || Error::new(Reason::DecoderFailed, "a workbook that the decoder does not understand");
                    let failed = if xlsx.is_err() || xlsb.is_err() { gave_up } else { broken };
                    whole_sheets(Ods::new(Source::new(data)).map_err(|_| failed())?, out)
                }
            },
        },
    };
    Ok(())
}

fn xls_error(e: &calamine::XlsError) -> Error {
    match e {
        calamine::XlsError::Password => Error::new(Reason::Encrypted, "a workbook with a password"),
        _ => broken(),
    }
}

fn stream(names: Vec<String>, out: &Out<Event>, mut sheet: impl FnMut(&str, &mut Sender<'_>) -> Result<()>) -> Result<(), Gone> {
    for name in names {
        give(out, Event::Sheet(name.clone()))?;
        let mut sender = Sender { out, rows: Vec::new(), gone: false };
        if let Err(e) = sheet(&name, &mut sender) {
            give(out, Event::Lost(e))?;
        }
        sender.flush()?;
    }
    Ok(())
}

fn whole_sheets<B: calamine::Reader<Source>>(mut book: B, out: &Out<Event>) -> Result<(), Gone> {
    for name in book.sheet_names() {
        give(out, Event::Sheet(name.clone()))?;
        let Ok(range): Result<Range<Data>, _> = book.worksheet_range(&name) else {
            give(out, Event::Lost(broken()))?;
            continue;
        };
        let (top, left) = range.start().unwrap_or_default();
        let mut sender = Sender { out, rows: Vec::new(), gone: false };
        for (row, column, value) in range.used_cells() {
            sender.text(top + row as u32, left + column as u32, data_text(value))?;
        }
        sender.flush()?;
    }
    Ok(())
}

/// Collects cells to rows.
struct Sender<'a> {
    out: &'a Out<Event>,
    rows: Vec<Row>,
    gone: bool,
}

impl Sender<'_> {
    fn cell(&mut self, c: Cell<DataRef<'_>>) -> Result<(), Gone> {
        let (row, column) = c.get_position();
        let text = match c.get_value() {
            DataRef::SharedString(s) => (*s).to_owned(),
            DataRef::String(s) | DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => s.clone(),
            DataRef::Int(i) => i.to_string(),
            DataRef::Float(f) => rows::float(*f),
            DataRef::DateTime(d) => moment(d),
            DataRef::Bool(_) | DataRef::Error(_) | DataRef::Empty => String::new(),
        };
        self.text(row, column, text)
    }

    fn text(&mut self, row: u32, column: u32, text: String) -> Result<(), Gone> {
        if self.gone {
            return Err(Gone);
        }
        if self.rows.last().is_none_or(|r| r.number != row) {
            if self.rows.len() >= ROWS {
                self.flush()?;
            }
            self.rows.push(Row { number: row, cells: Vec::new() });
        }
        if let Some(r) = self.rows.last_mut().filter(|_| !text.is_empty()) {
            r.cells.push((column, text));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let sent = give(self.out, Event::Rows(std::mem::take(&mut self.rows)));
        self.gone = sent.is_err();
        sent
    }
}

fn data_text(value: &Data) -> String {
    match value {
        Data::String(s) | Data::DateTimeIso(s) | Data::DurationIso(s) => s.clone(),
        Data::Int(i) => i.to_string(),
        Data::Float(f) => rows::float(*f),
        Data::DateTime(d) => moment(d),
        _ => String::new(),
    }
}

fn moment(d: &calamine::ExcelDateTime) -> String {
    if d.is_duration() {
        return rows::float(d.as_f64());
    }
    let (y, m, day, h, min, s, _) = d.to_ymd_hms_milli();
    if (h, min, s) == (0, 0, 0) { format!("{y:04}-{m:02}-{day:02}") } else { format!("{y:04}-{m:02}-{day:02}T{h:02}:{min:02}:{s:02}") }
}

/// The letters of a column, from 0.
fn letters(mut column: u32) -> String {
    let mut out = String::new();
    loop {
        out.insert(0, char::from(b'A' + (column % 26) as u8));
        column /= 26;
        if column == 0 {
            return out;
        }
        column -= 1;
    }
}

/// Reads a workbook.
pub(super) struct Sheets {
    kind: Kind,
    pump: Pump<Event>,
    limits: Limits,
    sheet: String,
    /// Rows of the sheet that stand above its header and were not given yet.
    lead: usize,
    /// Names of the columns, by column; `None` before the first row.
    header: Option<Vec<(u32, u32)>>,
    /// Number of the first row behind the header.
    first: u32,
    waiting: std::collections::VecDeque<Row>,
    rows: Rows,
    issues: Vec<Issue>,
}

/// Opens a workbook.
pub(super) fn open(mut input: PeekInput, kind: Kind, limits: &Limits) -> Result<Sheets> {
    let data = random_access(&mut input, &limits.spill)?;
    if data.len() > MOST {
        return Err(Error::new(Reason::MemoryLimit, format!("a workbook of more than {} MiB", MOST >> 20)));
    }
    let pump = Pump::start(PATIENCE, move |out| decode(data, kind, out))?;
    Ok(Sheets {
        kind,
        pump,
        limits: limits.clone(),
        sheet: String::new(),
        lead: 0,
        header: None,
        first: 0,
        waiting: std::collections::VecDeque::new(),
        rows: Rows::default(),
        issues: Vec::new(),
    })
}

impl Sheets {
    fn column(&mut self, column: u32) -> u32 {
        if let Some(f) = self.header.as_ref().and_then(|h| h.iter().find(|(c, _)| *c == column)) {
            return f.1;
        }
        let field = self.rows.field(&format!("{}.{}", rows::part(&self.sheet), letters(column)));
        if let Some(h) = &mut self.header {
            h.push((column, field));
        }
        field
    }

    /// Looks for the header in the first rows, and takes it out of them.
    fn begin_sheet(&mut self) {
        let at = header_of(self.waiting.iter().map(|r| r.cells.as_slice()));
        let header = at.and_then(|at| self.waiting.remove(at));
        self.lead = at.unwrap_or(0);
        self.first = header.as_ref().map(|h| h.number + 1).or(self.waiting.front().map(|r| r.number)).unwrap_or(0);
        let sheet = rows::part(&self.sheet);
        let named = |(column, name): &(u32, String)| (*column, self.rows.field(&format!("{sheet}.{}", rows::part(name))));
        self.header = Some(header.iter().flat_map(|h| &h.cells).map(named).collect());
    }

    /// Gives what stands above the header.
    fn title(&mut self, batch: &mut Batch) {
        self.rows.begin(batch, 0);
        let field = self.rows.field(&rows::part(&self.sheet));
        for row in self.waiting.drain(..std::mem::take(&mut self.lead)) {
            let scope = Rows::row(batch);
            row.cells.iter().for_each(|c| rows::cell(batch, field, 0, scope, c.1.as_bytes()));
        }
        self.rows.finish(batch, 0);
    }
}

impl Reader for Sheets {
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Zip => "spreadsheet",
            Kind::Xls => "xls",
        }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        loop {
            while self.waiting.is_empty() {
                match self.pump.next()? {
                    None => {
                        self.rows.begin(batch, 0);
                        return Ok(false);
                    }
                    Some(Event::Sheet(name)) => (self.sheet, self.header) = (name, None),
                    Some(Event::Lost(e)) => {
                        self.issues.push(Issue { reason: e.reason, detail: format!("{} in one of its sheets", e.detail) })
                    }
                    Some(Event::Rows(r)) => self.waiting.extend(r),
                }
            }
            if self.header.is_none() {
                self.begin_sheet();
                if self.lead > 0 {
                    self.title(batch);
                    return Ok(true);
                }
                continue;
            }
            let base = self.waiting.front().map_or(0, |r| r.number);
            self.rows.begin(batch, u64::from(base.saturating_sub(self.first)));
            let mut records = 0;
            while let Some(row) = self.waiting.pop_front() {
                let scope = Rows::row(batch);
                for (column, text) in &row.cells {
                    let field = self.column(*column);
                    rows::cell(batch, field, row.number.saturating_sub(base), scope, text.as_bytes());
                }
                records += u64::from(!row.cells.is_empty());
                if batch.bytes.len() >= self.limits.batch_bytes {
                    break;
                }
            }
            self.rows.finish(batch, records);
            if records > 0 {
                return Ok(true);
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (n, want) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(n), want);
        }
    }
}
