//! Servers that tests start in their own process.
#![allow(dead_code)] // each test binary uses its own part

pub mod fault_proxy;
pub mod s3_server;
