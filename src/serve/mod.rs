//! Long-running: runs on a schedule, what they count, and a place to ask.
//!
//! Takes a way to do one run, a clock and a plan; gives back when it is told to stop. [`watch()`] decides when to run and what a run
//! meant, and knows no source and no index: tests give it a clock of their own. [`Metrics`] are numbers that any thread may
//! read; [`http`] shows them on the loopback interface. [`page`] is the web page: it asks `query` and shows what `report` makes of it.

mod budget;
mod hook;
pub mod http;
mod metrics;
pub mod page;
mod watch;

pub use budget::{Budget, guard};
pub use hook::{check_address, post_hook, run_hook};
pub use metrics::Metrics;
pub use watch::{CatchUp, Clock, Outcome, Plan, RunReport, SystemClock, watch};
