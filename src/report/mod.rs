//! Answers to text for people and JSON for programs.
//!
//! Takes the structs of `query` and `scan`, gives strings; the JSON shapes are a contract, field by field the same in
//! every version (fields are added, never renamed). Text fits 80 columns. Asks no questions and opens no files.

mod breach;
mod breach_csv;
mod breach_duties;
mod bundle;
mod classifiers;
mod contacts;
mod coverage;
mod diff;
mod estimate;
mod evidence;
mod export;
mod find;
mod index;
mod interim;
mod isolation;
mod links;
mod map;
mod map_parquet;
mod map_tables;
mod matches;
mod missing;
mod page;
mod protected;
mod publish;
mod records;
mod review;
mod runs;
mod scan;
mod sources;
mod stores;
mod tenants;
mod text;
mod verify;

pub use breach::{breach_json, breach_list, breach_text};
pub use breach_csv::breach_csv;
pub use bundle::{BundleError, Checked, SigningKey, Sum, bundle_text, check_bundle, sha256, write_bundle};
pub use classifiers::{
    classifiers_json, classifiers_markdown, classifiers_text, example_json, examples_json, examples_text, import_json, import_text,
};
pub use contacts::{Contact, contacts_csv, contacts_json};
pub use coverage::{coverage_json, coverage_text};
pub use diff::{diff_json, diff_text};
pub use estimate::{Terms, estimate_json, estimate_text};
pub use export::{
    ASFF_PLACES, Account, MACIE_PLACES, OCSF_PLACES, asff_finding, datahub_proposals, macie_result, ocsf_findings, openlineage_events,
    openmetadata_columns, prometheus_text,
};
pub use find::{find_json, find_text};
pub use index::{
    check_json, check_text, compact_json, compact_text, export_json, export_text, forget_json, forget_text, prune_json, prune_text,
};
pub use interim::{Interim, interim_text};
pub use isolation::{isolation_json, isolation_text};
pub use links::{absent_text, links_json, links_text};
pub use map::{map_json, map_text};
pub use map_parquet::map_parquet;
pub use map_tables::{map_csv, map_markdown};
pub use matches::{Found, FoundColumn, column_json, column_text, count_json, count_text, match_json, match_text};
pub use page::{
    By, DatasetPage, FILTER, Frame, Leaf, Sample, View, Within, breach_html, breach_page, changes_page, classifiers_page, dataset_page,
    find_page, flows_page, is_on_map, isolation_page, map_html, map_page, older_page, records_html, records_page, samples_page, sorry_page,
    unread_page, wait_page,
};
pub use publish::{Written, WrittenTable, published_json, published_text, tagged_json, tagged_text};
pub use records::{RecordsOf, records_csv, records_json, records_text};
pub use review::{review_json, review_text};
pub use runs::{run_json, runs_text};
pub use scan::{scan_json, scan_text};
pub use sources::{ConfiguredSource, Covered, discovered_json, discovered_text, sources_json, sources_text, what_to_do};
pub use tenants::tenant_json;
pub use text::{bytes, count, plural, seen};
pub use verify::{VerifyAnswer, verify_json, verify_text};
