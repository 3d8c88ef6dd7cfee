//! What the tests work with: runs of the program in a folder of their own, and servers in this process.
#![allow(dead_code)] // each module uses its own part

pub mod bench;
pub mod blob_server;
pub mod dynamodb_server;
pub mod fault_proxy;
pub mod glue_server;
pub mod html;
pub mod kms_server;
pub mod long_server;
pub mod loopback;
pub mod office;
pub mod queue_server;
pub mod s3_server;
pub mod tags_server;
pub mod written;

pub use bench::{Bench, Done, normal, sample_scan};

use std::io::Write;

/// The address of a server that others made, which the environment names; `None`: `test` is not run, as standard error says.
pub fn of_others(variable: &str, test: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        // Straight to standard error: what a test that passes prints is swallowed.
        let _ = writeln!(std::io::stderr(), "not run: {test}: {variable} names no server; .ci/run starts one");
    }
    found
}
