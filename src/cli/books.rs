//! What exports cost, booked into the month's spend before they are started.

use super::{Setting, key, output};
use crate::base::Timestamp;
use crate::index::{Reader, Writer};
use crate::scan::month_of;

/// The index as an account book.
pub(super) struct Books<'a> {
    pub setting: &'a Setting,
    /// The most that all runs and exports of a month may cost.
    pub max_usd: f64,
    /// While somebody else writes to the index, wait instead of failing.
    pub wait: bool,
}

/// What was booked, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Booked(i64);

impl Books<'_> {
    /// Fails where so many dollars more are too much; `costs` says them in words. Makes no index.
    pub fn allow(&self, usd: f64, costs: &str) -> anyhow::Result<()> {
        let index = &self.setting.index;
        let month = if index.exists() { Reader::open(index)?.spent_since(month_of(Timestamp::now()))? } else { 0.0 };
        let spent = if month > 0.0 { format!(", ${month:.2} were spent this month") } else { String::new() };
        anyhow::ensure!(
            month + usd <= self.max_usd,
            "the export costs {costs}{spent}; max_usd is {:.2}: --max-usd allows more",
            self.max_usd
        );
        Ok(())
    }

    /// Books dollars: what is started and then forgotten by a program that was killed has been spent all the same. Makes the index if there
    /// is none; while somebody else writes to it, it waits or fails.
    pub fn book(&self, usd: f64) -> anyhow::Result<Booked> {
        Ok(Booked(self.writer()?.book(usd)?))
    }

    /// It cost something else, or nothing. Where that cannot be written it is said, and what was booked stays: an export that is paid for
    /// is worth more than its line in the books.
    pub fn correct(&self, booked: Booked, usd: f64) {
        let done = self.writer().and_then(|mut w| Ok(w.correct(booked.0, usd)?));
        if let Err(e) = done {
            output::note(&format!("${usd:.2} could not be booked, what was expected stays in the books: {e}"));
        }
    }

    fn writer(&self) -> anyhow::Result<Writer> {
        let s = self.setting;
        let mut said = false;
        Ok(Writer::open_when(&s.index, &key::load(s, !s.index.exists())?, &mut |_| {
            if self.wait && !std::mem::replace(&mut said, true) {
                output::note("waiting for another piimap to end");
            }
            self.wait
        })?)
    }
}
