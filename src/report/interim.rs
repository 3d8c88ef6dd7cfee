//! What is known of a breach while its objects are still being read.

use super::breach::wrap;
use super::text::{bytes, count, plural};
use crate::law::Numbers;

/// How far a scan has come.
#[derive(Clone, Copy, Debug)]
pub struct Interim {
    /// Distinct people in what is in scope and read.
    pub people: Numbers,
    /// Objects in scope: read, and in all, as far as they are listed.
    pub objects: (u64, u64),
    /// Stored bytes of all objects: fetched, and to fetch.
    pub bytes: (u64, u64),
    /// Since the first byte was asked for.
    pub seconds: f64,
}

/// Two or three lines for a terminal: people so far, bytes, and when it may end.
pub fn interim_text(i: &Interim) -> String {
    let p = &i.people;
    let (read, all) = i.objects;
    let people = format!("{} certain, {} likely, {} at most", count(p.certain), count(p.likely), count(p.upper));
    let scope = match (read, all) {
        (_, 0) => "no listed object is in scope".to_owned(),
        _ if read < all => format!("{} of {} in scope read; people in them: {people}", count(read), plural(all, "object")),
        _ => format!("{} of {} in scope read; people in them: {people}, fewer if some are one", count(read), plural(all, "object")),
    };
    let (done, todo) = (i.bytes.0.min(i.bytes.1), i.bytes.1);
    let left = match done {
        0 => "no end in sight yet".to_owned(),
        _ => format!("about {} left", duration(i.seconds * (todo - done) as f64 / done as f64)),
    };
    wrap(&format!("So far: {scope}. {} of {} read, {left}.", bytes(done), bytes(todo)))
}

/// A time as people say it: `20 s`, `4 min`, `3 h 10 min`.
fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..90 => format!("{s} s"),
        90..5400 => format!("{} min", (s + 30) / 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_time() {
        let people = Numbers { certain: 1200, likely: 1300, upper: 1500 };
        let i = Interim { people, objects: (12, 40), bytes: (1_000_000_000, 4_000_000_000), seconds: 100.0 };
        let text = interim_text(&i);
        let flat = text.replace('\n', " ");
        assert!(flat.contains("12 of 40 objects in scope read") && flat.contains("1,200 certain, 1,300 likely, 1,500 at most"), "{text}");
        assert!(flat.contains("1.00 GB of 4.00 GB read, about 5 min left") && text.lines().all(|l| l.len() <= 80), "{text}");
        let all = interim_text(&Interim { objects: (40, 40), bytes: (0, 9), ..i });
        assert!(all.replace('\n', " ").contains("40 of 40 objects in scope read") && all.contains("yet"), "{all}");
        assert!(interim_text(&Interim { objects: (0, 0), ..i }).contains("no listed object"));
        assert_eq!([20.0, 100.0, 11_400.0].map(duration), ["20 s", "2 min", "3 h 10 min"]);
    }
}
