//! Which of the first rows of a sheet names its columns.
//!
//! The rule is that of delimited text: what stands above the table is a title, and doubt means that there is no header.

use std::borrow::Cow;

use super::csv::{Record, header, header_behind_title, leads};
use crate::base::Hint;

/// Rows that are looked at, and their columns.
const ROWS: usize = 200;
const COLUMNS: usize = 1024;

/// The header among `rows`, which are the cells of each by their columns.
pub(super) fn header_of<'a>(rows: impl Iterator<Item = &'a [(u32, String)]>) -> Option<usize> {
    // Rows without a value are none: where the others stand.
    let (places, rows): (Vec<usize>, Vec<_>) = rows.take(ROWS).enumerate().filter(|r| !r.1.is_empty()).unzip();
    let mut columns: Vec<u32> = rows.iter().flat_map(|r| r.iter().take(COLUMNS).map(|c| c.0)).collect();
    columns.sort_unstable();
    columns.dedup();
    columns.truncate(COLUMNS);
    let is_header = |at: &usize| {
        let columns: Vec<u32> = columns.iter().copied().filter(|c| rows[*at].iter().any(|cell| cell.0 == *c)).collect();
        let rows = records(&rows[*at..], &columns);
        if *at > 0 { header_behind_title(&rows, false, &Hint::default()) } else { header(&rows, false, &Hint::default()) }
    };
    let leads = leads(&records(&rows, &columns));
    leads.into_iter().filter(|at| *at < rows.len()).find(is_header).map(|at| places[at])
}

/// The rows as records of these columns.
fn records<'a>(rows: &[&'a [(u32, String)]], columns: &[u32]) -> Vec<Record<'a>> {
    let value = |r: &'a [(u32, String)], column: &u32| {
        let text = r.iter().find(|c| c.0 == *column).map_or("", |c| c.1.as_str());
        Cow::Borrowed(text.as_bytes())
    };
    rows.iter().map(|r| columns.iter().map(|c| value(r, c)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &[&[&str]]) -> Option<usize> {
        let cells = |r: &&[&str]| -> Vec<(u32, String)> {
            (0..).zip(r.iter()).filter(|c| !c.1.is_empty()).map(|(i, c)| (i, (*c).to_owned())).collect()
        };
        let rows: Vec<_> = rows.iter().map(cells).collect();
        header_of(rows.iter().map(Vec::as_slice))
    }

    #[test]
    fn headers_are_told_from_values() {
        for (cells, want) in [
            (&["id", "e-mail", "Date of birth"][..], true),
            (&["id", "id"], false),
            (&["1", "Ann"], false),
            (&["name", "ann@example.com"], false),
            (&["ssn", "457-55-5462"], false),
            (&[], false),
        ] {
            assert_eq!(found(&[cells]), want.then_some(0), "{cells:?}");
        }
    }

    #[test]
    fn a_title_is_no_header() {
        let (a, b): (&[&str], &[&str]) = (&["ann@x.org"], &["bob@x.org"]);
        assert_eq!(found(&[&["Margaret Holloway"], a, b]), None);
        assert_eq!(found(&[&["Jane Price"], a, b]), None);
        assert_eq!(found(&[&["Customer e-mail"], a, b]), Some(0));
        let (names, ann, bob): (&[&str], &[&str], &[&str]) =
            (&["Name", "E-mail", "SSN"], &["Ann Lee", "ann@x.org", "536228711"], &["Bob Ray", "bob@x.org", "457555462"]);
        assert_eq!(found(&[&["Margaret Holloway"], &[], &["as of", "2026-01-01", "", ""], &[], names, ann, bob]), Some(4));
        assert_eq!(found(&[&["Margaret Holloway"], &[], &[], &[], names, ann, bob]), Some(4));
        assert_eq!(found(&[&["Margaret Holloway"], ann, bob]), None);
        assert_eq!(found(&[ann, names, bob]), None);
    }
}
