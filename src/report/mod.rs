//! Answers to text for people and JSON for programs.
//!
//! Takes the structs of `query` and `scan`, gives strings; the JSON shapes are a contract, field by field the same in
//! every version (fields are added, never renamed). Text fits 80 columns. Asks no questions and opens no files.

mod breach;
mod classifiers;
mod coverage;
mod diff;
mod find;
mod map;
mod map_tables;
mod matches;
mod page;
mod runs;
mod scan;
mod text;

pub use breach::{breach_json, breach_list, breach_text};
pub use classifiers::{classifiers_json, classifiers_markdown, classifiers_text};
pub use coverage::{coverage_json, coverage_text};
pub use diff::{diff_json, diff_text};
pub use find::{find_json, find_text};
pub use map::{map_json, map_text};
pub use map_tables::{map_csv, map_markdown};
pub use matches::{Found, column_json, count_json, count_text, match_json, match_text};
pub use page::{FILTER, Frame, breach_page, changes_page, classifiers_page, find_page, map_html, map_page, sorry_page, unread_page};
pub use runs::{run_json, runs_text};
pub use scan::{scan_json, scan_text};
pub use text::{bytes, count, plural};
