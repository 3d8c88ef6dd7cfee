//! A run: plan, pipeline, progress, coverage.
//!
//! Takes sources, classifiers and an index; lists, reads what changed, and leaves a published run behind. Puts source,
//! container, format, classify, identity and index together and knows no more of each than its public face. Prints
//! nothing: progress is counters that others may show.
//!
//! One object is read by one thread; the batches of a large one are classified on all. What is found goes through a
//! bounded channel to the thread that owns the index. [`look()`] and [`reread()`] read objects again and write nothing.

mod allow;
mod cost;
mod counts;
mod estimate;
mod keys;
mod look;
mod member;
mod names;
mod near;
mod outbox;
mod path_columns;
mod plan;
mod progress;
mod reread;
mod run;
mod sightings;
mod slots;
mod window;

pub use allow::{AllowList, AllowRule, forms_of, pattern};
pub use cost::{Cost, Due, PRICES_OF, Prices, Spend, month_of};
pub use estimate::{Before, Estimate, SourceEstimate, estimate};
pub use look::{Look, Looked, Spot, Wanted, look};
pub use member::{MemberEnd, MemberOptions, read_member};
pub use names::shown;
pub use near::Near;
pub use plan::{First, shelf_of};
pub use progress::Counters;
pub use reread::{Draw, Reread, Taken, Value, Values, reread, reread_near};
pub use run::{ScanError, ScanOptions, Summary, run};
pub use slots::Slots;
pub use window::{MemberName, MemberSummary, Sink, Window, classify_case, classify_text};
