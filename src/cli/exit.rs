//! Exit statuses: a contract.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done and complete.
    Done = 0,
    /// The answer is empty, something changed (`diff`), is not configured (`sources discover`) or remains (`verify`), or evidence is not what it was.
    Empty = 1,
    /// Usage or fatal error; nothing is lost.
    Fatal = 2,
    /// Done, but some input could not be read.
    Incomplete = 3,
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> ExitCode {
        ExitCode::from(e as u8)
    }
}
