//! Commands and addresses of the user's that are told how a run ended, or what changed.

use std::io::Write;
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use reqwest::redirect::Policy;

/// Runs `command` by the shell with `line` (and a line end) on its standard input and the outcome in `PIIMAP_OUTCOME`. What it
/// prints goes nowhere (our standard output has the lines of runs alone), its errors go to our standard error. What takes longer
/// than `patience` is ended, with all that it started. The error says what to look at.
pub fn run_hook(command: &str, outcome: &str, line: &str, patience: Duration) -> Result<(), String> {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut hook = Command::new(shell);
    hook.args([option, command]).env("PIIMAP_OUTCOME", outcome).stdin(Stdio::piped()).stdout(Stdio::null());
    // Keys are nobody else's business.
    hook.env_remove("PIIMAP_KEY").env_remove("PIIMAP_NEW_KEY");
    // The shell would leave behind what it waits for.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut hook, 0);
    let mut child = hook.spawn().map_err(|e| format!("the shell could not be started: {}", e.kind()))?;
    let end = Instant::now() + patience;
    if let Some(mut stdin) = child.stdin.take() {
        let text = format!("{line}\n");
        // A command that does not read is none of our business: a long line waits for it beside us, until it ends.
        std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("it ended with {status}")),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                end_all(&mut child);
                return Err(format!("it was ended after {} s", patience.as_secs()));
            }
            Err(e) => return Err(e.kind().to_string()),
        }
    }
}

/// Ends a hook, and where the system knows groups of processes all of its own.
fn end_all(child: &mut Child) {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether a document may be sent there: by https, or within this machine. The error says why not; it does not quote the address, in which
/// a secret may stand.
pub fn check_address(url: &str) -> Result<(), &'static str> {
    let uri: Uri = url.parse().map_err(|_| "it is no address such as https://alerts.example/piimap")?;
    match uri.scheme_str() {
        Some("https") if uri.host().is_some_and(|h| !h.is_empty()) => Ok(()),
        Some("http") if is_here(&uri) => Ok(()),
        Some("http") => Err("names of datasets are not sent in the clear: use https"),
        _ => Err("it is no address such as https://alerts.example/piimap"),
    }
}

fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Sends a JSON document to an address that [`check_address`] allows, by POST; waits for `patience` at most. A redirection is not
/// followed: it may lead to where nothing may be sent. The error does not quote the address.
pub fn post_hook(url: &str, json: &str, patience: Duration) -> Result<(), String> {
    check_address(url)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.kind().to_string())?;
    runtime.block_on(async {
        let mut client = reqwest::Client::builder().redirect(Policy::none()).timeout(patience).connect_timeout(patience);
        if url.parse().is_ok_and(|u| is_here(&u)) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|_| "the HTTP client could not be built".to_owned())?;
        let request = client.post(url).header(CONTENT_TYPE, "application/json").body(json.to_owned());
        let answer = request.send().await.map_err(|_| "the server could not be reached".to_owned())?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("the server answered {}", status.as_u16())) }
    })
}

#[cfg(test)]
mod address_tests {
    use super::check_address;

    #[test]
    fn documents_go_by_https_or_stay_here() {
        for (url, ok) in [
            ("https://alerts.example/x?y=1", true),
            ("http://127.0.0.1:9/x", true),
            ("http://[::1]/x", true),
            ("http://localhost:80", true),
            ("http://alerts.example/x", false),
            ("http://127.0.0.1.example/x", false),
            ("ftp://alerts.example", false),
            ("alerts.example", false),
            ("", false),
        ] {
            assert_eq!(check_address(url).is_ok(), ok, "{url}");
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
        // A long document and a command that does not read it.
        run_hook("true", "failed", &"x".repeat(1 << 20), long).unwrap();
        assert!(run_hook("sleep 20", "failed", &"x".repeat(1 << 20), Duration::from_millis(100)).unwrap_err().contains("ended after"));
        assert!(run_hook("exit 7", "failed", "", long).unwrap_err().contains('7'));
        assert!(run_hook("sleep 20", "failed", "", Duration::from_millis(100)).unwrap_err().contains("ended after"));
    }

    /// The shell alone was: what it waited for went on.
    #[test]
    fn a_hook_is_ended_with_all_that_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("pid");
        let command = format!("sleep 211 & echo $! > {}; wait; true", out.display());
        assert!(run_hook(&command, "failed", "", Duration::from_secs(2)).unwrap_err().contains("ended after 2 s"));
        let pid: i32 = std::fs::read_to_string(out).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        // Whoever inherits it may take a moment to notice its end.
        let patience = Instant::now() + Duration::from_secs(20);
        let is_there = || rustix::process::test_kill_process(pid).is_ok() && !is_dead(pid);
        while is_there() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!is_there());
    }

    /// Ended, and nobody has asked for its status.
    fn is_dead(pid: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }
}
