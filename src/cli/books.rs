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
    /// Waits until nobody else writes to the index: what is read then of exports and of the month stands until one is booked. Makes no index.
    pub fn wait_free(&self) -> anyhow::Result<()> {
        if self.setting.index.exists() {
            self.writer()?;
        }
        Ok(())
    }

    /// Fails where so many dollars more are too much; `costs` says them in words. Makes no index.
    pub fn allow(&self, usd: f64, costs: &str) -> anyhow::Result<()> {
        let index = &self.setting.index;
        let month = if index.exists() { Reader::open(index)?.spent_since(month_of(Timestamp::now()))? } else { 0.0 };
        self.allow_beside(month, usd, costs)
    }

    /// The same where so much was spent in this month.
    fn allow_beside(&self, month: f64, usd: f64, costs: &str) -> anyhow::Result<()> {
        let spent = if month > 0.0 { format!(", ${month:.2} were spent this month") } else { String::new() };
        anyhow::ensure!(
            month + usd <= self.max_usd,
            "the export costs {costs}{spent}; max_usd is {:.2}: --max-usd allows more",
            self.max_usd
        );
        Ok(())
    }

    /// Books dollars, unless they are too much together with what others have booked meanwhile: what is started and then forgotten by a
    /// program that was killed has been spent all the same. Makes the index if there is none; while somebody else writes to it, it waits
    /// or fails.
    pub fn book(&self, usd: f64, costs: &str) -> anyhow::Result<Booked> {
        let mut writer = self.writer()?;
        self.allow_beside(writer.spent_since(month_of(Timestamp::now()))?, usd, costs)?;
        Ok(Booked(writer.book(usd)?))
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
