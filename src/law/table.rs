//! Tables of facts: tab-separated text with `#` comments and a line of column names, and how a user's rows replace ours.

use super::book::LawError;

/// A table as read.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row; cells by the name of their column, `-` and what is missing read as empty.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    columns: &'a [String],
    row: &'a [String],
}

impl<'a> Cells<'a> {
    pub fn get(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|c| c == column);
        at.and_then(|i| self.row.get(i)).map(String::as_str).filter(|v| *v != "-").unwrap_or("")
    }
}

impl Table {
    /// Reads a table. Errors name the table and the line.
    pub fn parse(name: &'static str, text: &str) -> Result<Table, LawError> {
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
        let cells = |l: &str| l.trim_end_matches('\r').split('\t').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
        let (_, head) = lines.next().ok_or(LawError::Empty { table: name })?;
        let columns = cells(head);
        let mut rows = Vec::new();
        for (n, line) in lines {
            let row = cells(line);
            if row.len() != columns.len() {
                return Err(LawError::Cells { table: name, line: n + 1, found: row.len(), wanted: columns.len() });
            }
            rows.push(row);
        }
        Ok(Table { name, columns, rows })
    }

    pub fn rows(&self) -> impl Iterator<Item = Cells<'_>> {
        self.rows.iter().map(|row| Cells { columns: &self.columns, row })
    }

    /// Lays a user's table over this one: a row with the same `key` cells replaces the cells that it names, another is
    /// added. Columns that it leaves out stay; a column that we do not know is a mistake.
    pub fn overlay(&mut self, other: &Table, key: &[&str]) -> Result<(), LawError> {
        let missing = key.iter().find(|k| !other.columns.iter().any(|c| c == *k));
        if let Some(column) = missing {
            return Err(LawError::NoColumn { table: self.name, column: (*column).to_owned() });
        }
        let place = |c: &String| self.columns.iter().position(|own| own == c);
        if let Some(unknown) = other.columns.iter().find(|c| place(c).is_none()) {
            return Err(LawError::UnknownColumn { table: self.name, column: unknown.clone() });
        }
        let places: Vec<usize> = other.columns.iter().filter_map(place).collect();
        for row in other.rows() {
            let same = |own: &&mut Vec<String>| {
                let own = Cells { columns: &self.columns, row: own };
                key.iter().all(|k| own.get(k) == row.get(k))
            };
            let at = self.rows.iter_mut().find(same);
            let target = match at {
                Some(own) => own,
                None => {
                    self.rows.push(vec!["-".to_owned(); self.columns.len()]);
                    let last = self.rows.len() - 1;
                    &mut self.rows[last]
                }
            };
            for (cell, place) in row.row.iter().zip(&places) {
                target[*place].clone_from(cell);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_replaced_cell_by_cell_and_added() {
        let mut t = Table::parse("t", "# ours\nk\ta\tb\nx\t1\t2\ny\t3\t-\n").unwrap();
        t.overlay(&Table::parse("t", "k\tb\ny\t9\nz\t8\n").unwrap(), &["k"]).unwrap();
        let rows: Vec<_> = t.rows().map(|r| (r.get("k").to_owned(), r.get("a").to_owned(), r.get("b").to_owned())).collect();
        let s = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(rows, [s("x", "1", "2"), s("y", "3", "9"), s("z", "", "8")]);
    }

    #[test]
    fn mistakes_are_named() {
        let says = |e: LawError| e.to_string();
        assert!(says(Table::parse("t", "a\tb\n1\n").unwrap_err()).contains("line 2"));
        assert!(says(Table::parse("t", "# nothing\n").unwrap_err()).contains("t.tsv"));
        let mut t = Table::parse("t", "k\ta\nx\t1\n").unwrap();
        assert!(says(t.overlay(&Table::parse("t", "k\tc\nx\t1\n").unwrap(), &["k"]).unwrap_err()).contains("\"c\""));
        assert!(says(t.overlay(&Table::parse("t", "a\n1\n").unwrap(), &["k"]).unwrap_err()).contains("\"k\""));
    }
}
