//! A workbook of LibreOffice's, and what lies in it beside its cells.

use super::*;

#[test]
fn what_a_workbook_shows_in_no_cell_is_read_behind_its_sheets() {
    let mut data = file("staff.xls");
    let whole = read(&data).unwrap();
    assert_eq!((whole.kind, &whole.issues[..]), ("xls", &[][..]));
    assert_eq!((whole.of("Staff.Name").len(), whole.of("Staff.Email").len()), (401, 401));
    let behind = ["ilse.berg@example.org", "— “the café” —", "mailto:pier.desk@harborlight.example", "header.desk@harborlight.example"];
    assert!(!whole.text().contains("Cheader"), "where it stands on the page is no part of it");
    for what in behind.iter().chain(&["Odile Brandt", "Staff of the pier"]) {
        assert_eq!(whole.text().matches(what).count().min(1), 1, "{what} is not in {}", whole.text());
    }
    for what in ["person7@example.com", "Person 399 of", "Жанна Петрова"] {
        assert!(!whole.text().contains(what), "{what} is a cell and behind them, too");
    }
    // The cell of the ninth row shows the string of the first from now on; its own lies there still.
    let cell = |row: u8| [0xfd, 0, 10, 0, row, 0, 1, 0];
    let at = |data: &[u8], row| memmem::find(data, &cell(row)).unwrap() + 10;
    let (first, ninth) = (at(&data, 1), at(&data, 8));
    let shown = data[first..first + 4].to_vec();
    data[ninth..ninth + 4].copy_from_slice(&shown);
    let r = read(&data).unwrap();
    assert_eq!(r.of("Staff.Email").iter().filter(|v| **v == "person0@example.com").count(), 2);
    let (start, end) = r.place("person7@example.com");
    assert_eq!(&data[start..end], b"person7@example.com");
    for what in ["ilse.berg@example.org", "pier.desk@harborlight.example"] {
        let (start, end) = r.place(what);
        assert!(data[start..end] == utf16(what) || &data[start..end] == what.as_bytes(), "{what} at {start}..{end}");
    }
}
