//! Writing to the terminal.

use std::io::{self, Write};

/// Writes an answer to standard output.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes one JSON document as one line.
pub(super) fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    print(&format!("{value}\n"))
}

/// Says something beside the answer, on standard error.
pub(super) fn note(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Says on standard error what went wrong.
pub(super) fn error(message: &str) {
    let _ = writeln!(io::stderr(), "piimap: {message}");
}

/// Whether the reader of our output went away (`piimap … | head`): no error.
pub(super) fn is_closed(e: &anyhow::Error) -> bool {
    e.chain().any(|c| c.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
