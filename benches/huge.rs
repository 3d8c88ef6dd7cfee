//! Files of any size with few people in them, and the truth about them: what shows that memory stays bounded and that
//! nothing is lost or counted twice on the way to their end.
//!
//! | name | what |
//! |---|---|
//! | `csv.gz` | sparse CSV in gzip; the size is that of the CSV |
//! | `array.json` | one line, one array of objects |
//! | `parquet` | ten columns, row groups of a million; the size is a number of rows |
#![allow(dead_code)] // tests and the example use a part each

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// What [`write`] knows.
pub const HUGE: &[&str] = &["csv.gz", "array.json", "parquet"];

/// About so many people are planted, evenly.
const PLANTED: u64 = 2_000;

/// What a complete reading finds.
pub struct Truth {
    /// Records of the file.
    pub records: u64,
    /// The rows in which somebody stands, in order: who the n-th is [`email`] and [`ssn`] know.
    pub rows: Vec<u64>,
}

/// The address of the n-th of the planted.
pub fn email(n: usize) -> String {
    const FIRST: [&str; 8] = ["ada", "ben", "cora", "dan", "ella", "finn", "greta", "hugo"];
    format!("{}.walker{n}@example.com", FIRST[n % 8])
}

/// The social security number of the n-th of the planted; made up.
pub fn ssn(n: usize) -> String {
    format!("{}-{:02}-{:04}", 773 + n % 127, 1 + n / 127 % 99, 1 + n % 9_999)
}

const PAGES: u64 = 2_000;
const KINDS: [&str; 6] = ["view", "cart", "search", "checkout", "help", "return"];
const WORDS: [&str; 10] = ["harbor", "lantern", "anchor", "vessel", "window", "shelf", "signal", "ribbon", "table", "tide"];

fn page(n: u64) -> String {
    format!("/catalogue/section-{}/article-{}", n % 40, n * 7 % PAGES)
}

fn remark(n: u64) -> String {
    let word = |by: u64| WORDS[(n / by % 10) as usize];
    format!("the {} by the {} is {} again", word(1), word(10), ["open", "closed", "wet"][(n / 100 % 3) as usize])
}

fn csv_row(n: u64, who: Option<usize>, out: &mut Vec<u8>) -> io::Result<()> {
    write!(out, "{n},{},{},{}.{:02},{}", KINDS[(n % 6) as usize], page(n), n % 90, n % 100, remark(n))?;
    match who {
        Some(who) => writeln!(out, ",{},{}", email(who), ssn(who)),
        None => writeln!(out, ",,"),
    }
}

fn json_element(n: u64, who: Option<usize>, out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(if n == 0 { b"[" } else { b"," });
    write!(out, "{{\"id\":{n},\"kind\":\"{}\",\"page\":\"{}\",\"price\":{}.{:02}", KINDS[(n % 6) as usize], page(n), n % 90, n % 100)?;
    if let Some(who) = who {
        write!(out, ",\"user\":{{\"email\":\"{}\",\"ssn\":\"{}\"}}", email(who), ssn(who))?;
    }
    write!(out, ",\"tags\":[\"web\",\"beta\"],\"remark\":\"{}\"}}", remark(n))
}

/// Writes records of `record` until there are `bytes`, which must be some.
fn text(
    bytes: u64,
    mut head: Vec<u8>,
    record: fn(u64, Option<usize>, &mut Vec<u8>) -> io::Result<()>,
    out: &mut impl Write,
) -> io::Result<Truth> {
    let mut sample = Vec::new();
    record(1, None, &mut sample)?;
    let every = (bytes / sample.len() as u64 / PLANTED).max(1);
    let mut truth = Truth { records: 0, rows: Vec::new() };
    let mut written = 0;
    while written + (head.len() as u64) < bytes {
        let n = truth.records;
        let planted = n % every == every / 2;
        record(n, planted.then_some(truth.rows.len()), &mut head)?;
        if planted {
            truth.rows.push(n);
        }
        truth.records += 1;
        if head.len() >= 1 << 16 {
            out.write_all(&head)?;
            written += head.len() as u64;
            head.clear();
        }
    }
    out.write_all(&head)?;
    Ok(truth)
}

fn rows(from: u64, to: u64, every: u64, truth: &mut Truth) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let text = |f: &dyn Fn(u64) -> Option<String>| {
        let mut b = StringBuilder::new();
        (from..to).for_each(|n| b.append_option(f(n)));
        Arc::new(b.finish()) as ArrayRef
    };
    let first = truth.rows.len();
    truth.rows.extend((from..to).filter(|n| n % every == every / 2));
    let who = |n: u64| truth.rows[first..].binary_search(&n).ok().map(|i| first + i);
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from_iter_values((from..to).map(|n| n as i64))) as ArrayRef, true),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values((from..to).map(|n| 1_760_000_000_000_000 + n as i64 * 41_007))), true),
        ("kind", text(&|n| Some(KINDS[(n % 6) as usize].to_owned())), true),
        ("page", text(&|n| Some(page(n))), true),
        ("price", Arc::new(Float64Array::from_iter_values((from..to).map(|n| (n % 9_000) as f64 / 100.0))), true),
        ("quantity", Arc::new(Int32Array::from_iter_values((from..to).map(|n| (n % 12) as i32))), true),
        ("session", text(&|n| Some(format!("{} {} {n}", WORDS[(n / 7 % 10) as usize], WORDS[(n / 3 % 10) as usize]))), true),
        ("remark", text(&|n| Some(remark(n))), true),
        ("email", text(&|n| who(n).map(email)), true),
        ("ssn", text(&|n| who(n).map(ssn)), true),
    ])
}

fn table(size: u64, out: impl Write + Send) -> Result<Truth, parquet::errors::ParquetError> {
    let every = (size / PLANTED).max(1);
    let mut truth = Truth { records: size, rows: Vec::new() };
    let schema = rows(0, 0, every, &mut truth)?.schema();
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(1 << 20)).build();
    let mut writer = ArrowWriter::try_new(out, schema, Some(properties))?;
    for from in (0..size).step_by(1 << 16) {
        writer.write(&rows(from, (from + (1 << 16)).min(size), every, &mut truth)?)?;
    }
    writer.close()?;
    Ok(truth)
}

/// Writes the file `name` of this size: at least so many bytes before they are packed, or so many rows of Parquet. Needs
/// little memory itself. Panics if there is none of that name.
pub fn write(name: &str, size: u64, mut out: impl Write + Send) -> io::Result<Truth> {
    match name {
        "csv.gz" => {
            let mut gzip = flate2::GzBuilder::new().mtime(0).write(out, flate2::Compression::fast());
            let truth = text(size, b"id,kind,page,price,remark,email,ssn\n".to_vec(), csv_row, &mut gzip)?;
            gzip.finish()?;
            Ok(truth)
        }
        "array.json" => {
            let truth = text(size, Vec::new(), json_element, &mut out)?;
            out.write_all(b"]")?;
            Ok(truth)
        }
        "parquet" => table(size, out).map_err(io::Error::other),
        _ => panic!("there is no huge file {name}"),
    }
}
