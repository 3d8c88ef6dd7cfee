//! Places in the words of other tools: cells, records, pages, offsets.

use crate::index::PlaceList;
use crate::query::ExportedFinding;

/// The longest path of a field; longer ones are cut, as Macie does.
const PATH: usize = 250;

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A cell of a table: its record, counted from 1 without the line of names; its column by name and, where it has no
    /// name of its own, by number.
    Cell { row: u64, name: String, column: Option<u64> },
    /// A value of a record, counted from 0; one document is record 0.
    Record { index: u64, path: String },
    /// A page, counted from 1.
    Page(u64),
    /// Bytes from the beginning, half-open.
    Bytes(u64, u64),
}

/// The first places of a finding, by the format of its object: at most `limit`, and whether there are more.
pub(super) fn spots(format: &str, f: &ExportedFinding, limit: usize) -> (Vec<Spot>, bool) {
    let Some(places) = &f.places else { return (Vec::new(), false) };
    let mut out = Vec::new();
    match places {
        PlaceList::Document(_) => out.push(Spot::Record { index: 0, path: path(&f.field, None) }),
        PlaceList::Bytes(ranges) => out.extend(ranges.iter().take(limit + 1).map(|r| Spot::Bytes(r.0, r.1))),
        PlaceList::Rows(ranges) => {
            let rows = ranges.iter().flat_map(|r| r.0..r.1).take(limit + 1);
            out.extend(rows.map(|row| match format {
                "csv" | "tsv" | "spreadsheet" | "xls" | "sql" | "sqlite" => {
                    Spot::Cell { row: row + 1, name: f.field.clone(), column: number(&f.field) }
                }
                "pdf" => Spot::Page(row + 1),
                "json" => Spot::Record { index: 0, path: path(&f.field, Some(row)) },
                _ => Spot::Record { index: row, path: path(&f.field, None) },
            }));
        }
    }
    let more = f.more || out.len() > limit;
    out.truncate(limit);
    (out, more)
}

/// The number of a column without a name (`col3`).
fn number(column: &str) -> Option<u64> {
    column.strip_prefix("col")?.parse().ok().filter(|n| *n > 0)
}

/// A field as a path of JSON: `items[].sku` is `$.items[*].sku`, in element 3 of a list `$[3].items[*].sku`.
fn path(field: &str, element: Option<u64>) -> String {
    let mut out = "$".to_owned();
    if let Some(n) = element {
        out += &format!("[{n}]");
    }
    if !field.is_empty() {
        if !field.starts_with('[') {
            out.push('.');
        }
        out += &field.replace("[]", "[*]");
    }
    if let Some((end, _)) = out.char_indices().nth(PATH) {
        out.truncate(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::export::tests::example;

    #[test]
    fn paths_are_those_of_json() {
        for (field, element, want) in [
            ("a.b", None, "$.a.b"),
            ("items[].sku", None, "$.items[*].sku"),
            ("[].a", None, "$[*].a"),
            ("a", Some(3), "$[3].a"),
            ("", None, "$"),
        ] {
            assert_eq!(path(field, element), want);
        }
        assert_eq!(path(&"é".repeat(300), None).chars().count(), PATH);
        assert_eq!([number("col7"), number("column"), number("col0"), number("email")], [Some(7), None, None, None]);
    }

    #[test]
    fn each_format_has_its_kind_of_place() {
        let mut f = example("/a", "email", "generic.email").findings.remove(0);
        f.places = Some(PlaceList::Rows(vec![(0, 2), (7, 8)]));
        let cell = |row| Spot::Cell { row, name: "email".into(), column: None };
        let record = |index, path: &str| Spot::Record { index, path: path.into() };
        assert_eq!(spots("csv", &f, 9), (vec![cell(1), cell(2), cell(8)], false));
        assert_eq!(spots("csv", &f, 2), (vec![cell(1), cell(2)], true));
        assert_eq!(spots("parquet", &f, 3).0[2], record(7, "$.email"));
        assert_eq!(spots("json", &f, 3).0[2], record(0, "$[7].email"));
        assert_eq!(spots("pdf", &f, 3).0[2], Spot::Page(8));
        f.places = Some(PlaceList::Document(vec![(3, 9), (12, 15)]));
        assert_eq!(spots("json", &f, 3), (vec![record(0, "$.email")], false));
        f.places = Some(PlaceList::Bytes(vec![(3, 9)]));
        f.more = true;
        assert_eq!(spots("text", &f, 3), (vec![Spot::Bytes(3, 9)], true));
    }
}
