//! Commands of the user's that are told how a run ended.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs `command` by the shell with `line` (and a line end) on its standard input and the outcome in `PIIMAP_OUTCOME`. Its
/// output goes to our standard error. What takes longer than `patience` is ended. The error says what to look at.
pub fn run_hook(command: &str, outcome: &str, line: &str, patience: Duration) -> Result<(), String> {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut child = Command::new(shell)
        .args([option, command])
        .env("PIIMAP_OUTCOME", outcome)
        // The key is nobody else's business.
        .env_remove("PIIMAP_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|e| format!("the shell could not be started: {}", e.kind()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read is none of our business; a line fits any pipe.
        let _ = stdin.write_all(format!("{line}\n").as_bytes());
    }
    let end = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("it ended with {status}")),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it was ended after {} s", patience.as_secs()));
            }
            Err(e) => return Err(e.kind().to_string()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn hooks_get_the_line_and_their_end_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let long = Duration::from_secs(20);
        run_hook(&format!("cat > {0}; echo \"$PIIMAP_OUTCOME$PIIMAP_KEY\" >> {0}", out.display()), "failed", "{\"run\":1}", long).unwrap();
        assert_eq!(std::fs::read_to_string(out).unwrap(), "{\"run\":1}\nfailed\n");
        assert!(run_hook("exit 7", "failed", "", long).unwrap_err().contains('7'));
        assert!(run_hook("sleep 20", "failed", "", Duration::from_millis(100)).unwrap_err().contains("ended after"));
    }
}
