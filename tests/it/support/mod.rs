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
