//! SQL dumps: the rows of `INSERT` statements and of PostgreSQL's `COPY … FROM stdin` blocks, field `table.column`, rows
//! counted per table; everything else as text, comments between rows too.
//!
//! Written for what `pg_dump`, `mysqldump`, SQLite's `.dump` and the scripts of SQL Server hold: strings in quotes with `''` and
//! backslashes, `E''`, `N''`, hexadecimal blobs, raw bytes that are no UTF-8. Of a function all strings are kept.

pub(super) mod custom;
mod head;
mod lexer;
mod value;

use std::collections::HashMap;
use std::ops::Range;

use memchr::memchr;

use super::feed::{Feed, Issues};
use super::rows::{self, Rows};
use super::{Limits, Reader};
use crate::base::{Batch, Issue, PROSE_SCOPE, PeekInput, Reason, Result};
use head::{Head, head_of_statement};
use lexer::{Lexer, copy_value};

/// Whether a text is a dump: it has statements that only dumps have.
pub(super) fn matches(head: &[u8]) -> bool {
    // Source code and notes quote statements; a dump begins with one.
    const FIRST: &[&str] = &[
        "--", "/*", "\\", "#", "set ", "create ", "insert ", "replace ", "copy ", "drop ", "begin", "pragma ", "use ", "start ", "lock ",
        "alter ",
    ];
    let begin = head.trim_ascii_start();
    let begin = begin[..begin.len().min(16)].to_ascii_lowercase();
    if !FIRST.iter().any(|f| begin.starts_with(f.as_bytes())) {
        return false;
    }
    let mut weight = 0;
    for line in head.split(|b| *b == b'\n').take(2000) {
        let line = line.trim_ascii_start();
        let is = |what: &str| line.len() >= what.len() && line[..what.len()].eq_ignore_ascii_case(what.as_bytes());
        if (is("INSERT INTO ") || is("INSERT [")) && memchr(b'(', line).is_some() || is("COPY ") && line.ends_with(b"FROM stdin;") {
            weight += 4;
        }
        if is("CREATE TABLE ") || is("-- PostgreSQL database dump") || is("-- MySQL dump") || is("-- MariaDB dump") || is("/*!40101 SET") {
            weight += 2;
        }
        if is("DROP TABLE ") || is("LOCK TABLES ") {
            weight += 1;
        }
    }
    weight >= 4
}

struct Table {
    /// How it is shown.
    name: String,
    /// Its columns as `CREATE TABLE` lists them.
    columns: Vec<String>,
    rows: u64,
}

/// What comes next.
enum State {
    Statement,
    /// Rows of an `INSERT` into this table, with these fields.
    Values {
        table: String,
        fields: Vec<u32>,
    },
    /// Lines of a `COPY`.
    Copy {
        table: String,
        fields: Vec<u32>,
    },
}

/// Reads a dump.
pub(super) struct Sql {
    feed: Feed,
    buf: Vec<u8>,
    at: usize,
    /// Offset of `buf[0]` in the member.
    offset: u64,
    limits: Limits,
    /// Backslashes in strings are escapes (MySQL) or not (standard SQL).
    backslash: bool,
    state: State,
    tables: HashMap<String, Table>,
    rows: Rows,
    issues: Issues,
}

impl Sql {
    pub fn new(input: PeekInput, head: &[u8], limits: &Limits) -> Sql {
        let standard = memchr::memmem::find(head, b"PostgreSQL database dump").is_some()
            || memchr::memmem::find(head, b"standard_conforming_strings = on").is_some()
            || memchr::memmem::find(head, b"PRAGMA foreign_keys").is_some()
            || memchr::memmem::find(head, b"[dbo].").is_some();
        Sql {
            feed: Feed::new(input),
            buf: Vec::new(),
            at: 0,
            offset: 0,
            limits: limits.clone(),
            backslash: !standard,
            state: State::Statement,
            tables: HashMap::new(),
            rows: Rows::of_tables(),
            issues: Issues::default(),
        }
    }

    /// The rows of one `COPY` alone; its columns are numbered.
    pub fn rows_alone(input: PeekInput, limits: &Limits) -> Sql {
        let mut sql = Sql::new(input, b"", limits);
        sql.tables.insert(String::new(), Table { name: String::new(), columns: Vec::new(), rows: 0 });
        sql.state = State::Copy { table: String::new(), fields: Vec::new() };
        sql
    }

    /// The input has more after its end.
    fn resume(&mut self) {
        self.feed.resume();
    }

    /// Brings more bytes; `false` if there are no more, or too many are held.
    fn more(&mut self) -> bool {
        self.buf.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        let have = self.buf.len();
        if have > 64 << 20 {
            return false;
        }
        // PERF: a statement is read from its beginning each time.
        self.feed.fill(&mut self.buf, have + have.max(self.limits.batch_bytes).max(64));
        self.buf.len() > have
    }

    /// The whole next statement without its rows: up to `;`, or up to `VALUES` of an insert. Gives its tokens' end.
    fn statement(&mut self, batch: &mut Batch) -> Result<bool> {
        loop {
            let over = self.feed.over();
            if over && self.at >= self.buf.len() {
                return Ok(false);
            }
            let mut lexer = Lexer::new(&self.buf, self.at, self.backslash, true);
            match head_of_statement(&mut lexer, over) {
                Some(Head::Insert(name, columns)) => {
                    let (end, asides) = (lexer.at, lexer.asides);
                    self.asides(batch, asides, 0);
                    self.at = end;
                    let fields = self.fields(&name, columns);
                    self.state = State::Values { table: name, fields };
                    return Ok(true);
                }
                Some(Head::Copy(name, columns)) => {
                    let (end, asides) = (lexer.at, lexer.asides);
                    self.asides(batch, asides, 0);
                    self.at = end;
                    let fields = self.fields(&name, columns);
                    self.state = State::Copy { table: name, fields };
                    return Ok(true);
                }
                Some(Head::Create(name, columns)) => {
                    let end = lexer.at;
                    self.tables.entry(name.clone()).or_insert_with(|| Table { name: shown(&name), columns, rows: 0 });
                    self.text(batch, end);
                    return Ok(!batch.bytes.is_empty());
                }
                Some(Head::Other) => {
                    let end = lexer.at;
                    self.text(batch, end);
                    if batch.bytes.len() >= self.limits.batch_bytes {
                        return Ok(true);
                    }
                }
                None if self.more() || over != self.feed.over() => {}
                None => {
                    // The rest is no statement that ends.
                    let end = self.buf.len();
                    let rest = end > self.at;
                    self.text(batch, end);
                    return Ok(rest);
                }
            }
        }
    }

    /// Gives the bytes up to `end` as a value of no table: statements and comments may name people too.
    fn text(&mut self, batch: &mut Batch, end: usize) {
        self.aside(batch, self.at..end, 0);
        self.at = end;
    }

    /// Gives these bytes of what is held as a value of no table.
    fn aside(&mut self, batch: &mut Batch, range: Range<usize>, row: u64) {
        let field = self.rows.field("statements");
        rows::cell(batch, field, row as u32, PROSE_SCOPE, self.buf[range].trim_ascii());
    }

    fn asides(&mut self, batch: &mut Batch, asides: Vec<Range<usize>>, row: u64) {
        asides.into_iter().for_each(|range| self.aside(batch, range, row));
    }

    fn fields(&mut self, name: &str, columns: Vec<String>) -> Vec<u32> {
        let table = self.tables.entry(name.to_owned()).or_insert_with(|| Table { name: shown(name), columns: Vec::new(), rows: 0 });
        let columns = if columns.is_empty() { table.columns.clone() } else { columns };
        let prefix = table.name.clone();
        columns.iter().map(|c| self.rows.field(&format!("{prefix}.{}", rows::part(c)))).collect()
    }
}

/// A table's name as it is shown, from parts joined by NUL.
fn shown(name: &str) -> String {
    name.rsplit('\0').next().map(rows::part).unwrap_or_default()
}

impl Sql {
    /// Rows of an insert, until it ends or the batch is full; `records` are in the batch already. Gives how many are now.
    fn values(&mut self, batch: &mut Batch, table: &str, fields: &mut Vec<u32>, mut records: u64) -> (u64, bool) {
        loop {
            let over = self.feed.over();
            let mut lexer = Lexer::new(&self.buf, self.at, self.backslash, false);
            let step = lexer.row(over);
            match step {
                Some(Some(values)) => {
                    let (end, asides) = (lexer.at, lexer.asides);
                    self.asides(batch, asides, records);
                    let scope = Rows::row(batch);
                    for (i, v) in values.iter().enumerate() {
                        while i >= fields.len() {
                            let name = self.tables.get(table).map(|t| t.name.clone()).unwrap_or_default();
                            let n = fields.len() + 1;
                            fields.push(self.rows.field(&format!("{name}.col{n}")));
                        }
                        rows::cell(batch, fields[i], records as u32, scope, v);
                    }
                    self.at = end;
                    records += 1;
                    if batch.bytes.len() >= self.limits.batch_bytes {
                        return (records, false);
                    }
                }
                Some(None) => {
                    let (end, asides) = (lexer.at, lexer.asides);
                    self.asides(batch, asides, records.saturating_sub(1));
                    self.at = end;
                    return (records, true);
                }
                None if self.more() || over != self.feed.over() => {}
                None => {
                    self.issues.add(Reason::Malformed, "an INSERT that does not end", self.offset + self.at as u64);
                    let end = self.buf.len();
                    self.text(batch, end);
                    return (records, true);
                }
            }
        }
    }

    /// The fields of the statement that comes next, if it is another insert into `table`.
    ///
    /// PERF: a batch costs what the file has in columns, and many programs write one statement for each row.
    fn goes_on(&mut self, batch: &mut Batch, table: &str, records: u64) -> Option<Vec<u32>> {
        let mut lexer = Lexer::new(&self.buf, self.at, self.backslash, true);
        match head_of_statement(&mut lexer, self.feed.over()) {
            Some(Head::Insert(name, columns)) if name == table => {
                let (end, asides) = (lexer.at, lexer.asides);
                self.asides(batch, asides, records.saturating_sub(1));
                self.at = end;
                Some(self.fields(&name, columns))
            }
            _ => None,
        }
    }

    fn copy(&mut self, batch: &mut Batch, table: &str, fields: &mut Vec<u32>) -> (u64, bool) {
        let mut records = 0;
        loop {
            let Some(n) = memchr(b'\n', &self.buf[self.at..]).or_else(|| self.feed.over().then_some(self.buf.len() - self.at)) else {
                if !self.more() && !self.feed.over() {
                    self.issues.add(Reason::Malformed, "a line of COPY that does not end", self.offset + self.at as u64);
                    let end = self.buf.len();
                    self.text(batch, end);
                }
                continue;
            };
            let line = self.buf[self.at..self.at + n].to_vec();
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let end = self.at + n >= self.buf.len() && self.feed.over();
            self.at = (self.at + n + 1).min(self.buf.len());
            if line == b"\\." || line.is_empty() && end {
                return (records, true);
            }
            let scope = Rows::row(batch);
            for (i, v) in line.split(|b| *b == b'\t').enumerate() {
                while i >= fields.len() {
                    let name = self.tables.get(table).filter(|t| !t.name.is_empty()).map(|t| format!("{}.", t.name)).unwrap_or_default();
                    let n = fields.len() + 1;
                    fields.push(self.rows.field(&format!("{name}col{n}")));
                }
                if v != b"\\N" {
                    rows::cell(batch, fields[i], records as u32, scope, &copy_value(v));
                }
            }
            records += 1;
            if end || batch.bytes.len() >= self.limits.batch_bytes {
                return (records, end);
            }
        }
    }
}

impl Reader for Sql {
    fn kind(&self) -> &'static str {
        "sql"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        self.rows.begin(batch, 0);
        loop {
            let (table, mut fields, is_copy) = match std::mem::replace(&mut self.state, State::Statement) {
                State::Statement => {
                    let more = self.statement(batch)?;
                    if !batch.bytes.is_empty() {
                        self.rows.finish(batch, 0);
                        return Ok(true);
                    }
                    if !more {
                        self.rows.begin(batch, 0);
                        return self.feed.end();
                    }
                    self.rows.begin(batch, 0);
                    continue;
                }
                State::Values { table, fields } => (table, fields, false),
                State::Copy { table, fields } => (table, fields, true),
            };
            let first = self.tables.get(&table).map_or(0, |t| t.rows);
            self.rows.begin(batch, first);
            let (mut records, mut ended) =
                if is_copy { self.copy(batch, &table, &mut fields) } else { self.values(batch, &table, &mut fields, 0) };
            while ended && !is_copy && batch.bytes.len() < self.limits.batch_bytes {
                let Some(next) = self.goes_on(batch, &table, records) else { break };
                fields = next;
                (records, ended) = self.values(batch, &table, &mut fields, records);
            }
            if let Some(t) = self.tables.get_mut(&table) {
                t.rows += records;
            }
            if !ended {
                self.state = if is_copy { State::Copy { table, fields } } else { State::Values { table, fields } };
            }
            if records > 0 || !batch.bytes.is_empty() {
                self.rows.finish(batch, records);
                return Ok(true);
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }
}

#[cfg(test)]
mod tests;
