//! The progress line of a scan: only on a terminal.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::live::{self, Rate, Reading};
use crate::report::count;
use crate::scan::Counters;

/// Shows a run's counters on standard error until it is dropped. Shows nothing if that is no terminal.
pub(super) struct Progress {
    thread: Option<JoinHandle<()>>,
    done: Arc<AtomicBool>,
    /// Lines that wait to be shown above it.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Progress {
    pub fn show(counters: &Arc<Counters>, stop: &Arc<AtomicBool>) -> Progress {
        let (done, lines) = (Arc::new(AtomicBool::new(false)), Arc::default());
        if !std::io::stderr().is_terminal() {
            return Progress { thread: None, done, lines };
        }
        let waiting: Arc<Mutex<Vec<String>>> = Arc::clone(&lines);
        let (counters, stop, ended) = (counters.clone(), stop.clone(), done.clone());
        let thread = std::thread::spawn(move || {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            let (mut rate, mut settles) = (Rate::default(), None);
            while !ended.load(Ordering::Relaxed) {
                if counters.asking.load(Ordering::Relaxed) {
                    // Nothing is drawn over a question.
                    std::thread::sleep(Duration::from_millis(50));
                    continue;
                }
                let n = |c: &std::sync::atomic::AtomicU64| c.load(Ordering::Relaxed);
                let to_read = n(&counters.to_read);
                if counters.waiting.load(Ordering::Relaxed) {
                    bar.set_message("waiting for another piimap to end");
                } else if to_read == 0 {
                    bar.set_message(format!("listing: {} objects", count(n(&counters.listed))));
                } else {
                    let read = Reading {
                        bytes: (n(&counters.bytes), n(&counters.bytes_to_read)),
                        objects: n(&counters.done),
                        sightings: n(&counters.sightings),
                        unread: n(&counters.incomplete),
                    };
                    bar.set_message(if counters.settling.load(Ordering::Relaxed) {
                        live::settling(&read, settles.get_or_insert_with(Instant::now).elapsed())
                    } else {
                        live::reading(&read, rate.at(Instant::now(), read.bytes.0), stop.load(Ordering::Relaxed))
                    });
                }
                if let Ok(mut lines) = waiting.lock() {
                    lines.drain(..).for_each(|l| bar.println(l));
                }
                bar.tick();
                std::thread::sleep(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        Progress { thread: Some(thread), done, lines }
    }

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        self.thread.is_some()
    }

    /// Says something above the line. Nothing is said where the line is not shown.
    pub fn say(&self, text: &str) {
        if let Ok(mut lines) = self.lines.lock() {
            lines.extend(text.lines().map(str::to_owned));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(t) = self.thread.take() {
            let _ = t.join();
        }
    }
}
