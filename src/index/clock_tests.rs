//! The storage clock on histories that are known.

use proptest::prelude::*;

use super::*;

const NEVER: i64 = i64::MAX;
const ALWAYS: i64 = i64::MIN;

/// Runs begin at 100, 200, 300 …, and take ten.
fn v(modified: Option<i64>, first: i64, last: i64, ended: Option<i64>) -> Version {
    let (first_by, ended) = (first + 10, ended.map(|e| (e, e + 10)));
    Version { id: 0, modified, first, first_by, last, ended, until: None, size: 1, is_read: true, beside: None }
}

/// The certain range, the possible one, and whether the storage told the end.
fn c(certain: (i64, i64), possible: (i64, i64), told: bool) -> Clock {
    Clock { certain, possible, told }
}

#[test]
fn the_storage_clock_says_what_it_knows() {
    let one = |v: Version| stored(None, &v, None);
    let first = || v(Some(50), 100, 200, Some(300));
    for (what, got, want) in [
        ("still there", one(v(Some(50), 100, 300, None)), c((50, 301), (50, NEVER), false)),
        ("deleted between two runs, or while the second listed", one(first()), c((50, 201), (50, 310), false)),
        ("without a time, seen once", one(v(None, 200, 200, None)), c((210, 210), (ALWAYS, NEVER), false)),
        ("without a time, seen twice", one(v(None, 200, 300, None)), c((210, 301), (ALWAYS, NEVER), false)),
        ("replaced at a known time", stored(None, &first(), Some(&v(Some(250), 300, 300, None))), c((50, 201), (50, 250), true)),
        (
            "replaced after the next run had begun, before it listed",
            stored(None, &first(), Some(&v(Some(305), 300, 300, None))),
            c((50, 201), (50, 305), true),
        ),
        (
            "replaced by one whose time says nothing",
            stored(None, &first(), Some(&v(Some(10), 300, 300, None))),
            c((50, 201), (50, 310), false),
        ),
        ("that successor", stored(Some(&first()), &v(Some(10), 300, 300, None), None), c((310, 310), (200, NEVER), false)),
        ("that successor, seen again", stored(Some(&first()), &v(Some(10), 300, 400, None), None), c((310, 401), (200, NEVER), false)),
        ("a successor with its time", stored(Some(&first()), &v(Some(250), 300, 400, None), None), c((250, 401), (250, NEVER), false)),
        (
            "back with its old time after a run saw nothing",
            stored(Some(&v(Some(50), 100, 100, Some(200))), &v(Some(50), 400, 500, None), None),
            c((410, 501), (200, NEVER), false),
        ),
        ("modified while the run went on", one(v(Some(105), 100, 100, None)), c((105, 105), (105, NEVER), false)),
    ] {
        assert_eq!(got, want, "{what}");
    }
}

/// An old version: written, overwritten or deleted, and its own name.
fn old(id: i64, modified: Option<i64>, until: Option<i64>, first: i64) -> Version {
    Version { id, until, beside: Some([id as u8; 16]), ..v(modified, first, first, None) }
}

#[test]
fn versions_fill_what_lies_between_runs() {
    let is = |id: i64, modified, first, last, ended| Version { id, ..v(modified, first, last, ended) };
    let gone = |b: Version, at: i64| Version { ended: Some((at, at + 10)), ..b };
    let again = |id: i64, b: Version, until, first| Version { id, until, first, first_by: first + 10, last: first, ended: None, ..b };
    let first = || is(1, Some(50), 100, 100, Some(200));
    let now = (2, c((180, 201), (180, NEVER), false));
    for (what, all, want) in [
        (
            "overwritten before the first run",
            vec![is(1, Some(50), 100, 100, None), old(2, Some(20), Some(50), 100)],
            vec![(1, c((50, 101), (50, NEVER), false)), (2, c((20, 50), (20, 50), true))],
        ),
        (
            "overwritten twice between two runs: what run 1 saw is known to its end, and what no run saw as the current one",
            vec![first(), is(2, Some(180), 200, 200, None), old(3, Some(50), Some(130), 200), old(4, Some(130), Some(180), 200)],
            vec![(1, c((50, 130), (50, 130), true)), now, (4, c((130, 180), (130, 180), true))],
        ),
        (
            "deleted between two runs, and read as the current one alone",
            vec![first(), Version { is_read: false, ..old(2, Some(50), Some(130), 200) }],
            vec![(1, c((50, 130), (50, 130), true))],
        ),
        (
            "deleted between two runs, and read as the old one alone",
            vec![Version { is_read: false, ..first() }, old(2, Some(50), Some(130), 200)],
            vec![(2, c((50, 130), (50, 130), true))],
        ),
        (
            "what run 1 saw is kept no more, and what came next is",
            vec![first(), is(2, Some(180), 200, 200, None), old(4, Some(130), Some(180), 200)],
            vec![(1, c((50, 101), (50, 130), true)), now, (4, c((130, 180), (130, 180), true))],
        ),
        (
            "a listing that does not say when",
            vec![is(1, Some(50), 100, 100, None), old(2, Some(20), None, 100), old(3, None, None, 100)],
            vec![(1, c((50, 101), (50, NEVER), false)), (2, c((20, 20), (20, 50), true)), (3, c((ALWAYS, ALWAYS), (ALWAYS, 110), false))],
        ),
        (
            "a listing that does not say when, and a later one: a run saw it as an old one before",
            vec![old(2, Some(20), None, 100), is(1, Some(250), 300, 300, None)],
            vec![(1, c((250, 301), (250, NEVER), false)), (2, c((20, 20), (20, 110), false))],
        ),
        (
            "an old one that was away and came back",
            vec![gone(old(1, Some(20), Some(50), 100), 200), again(2, old(1, Some(20), Some(50), 100), Some(50), 300)],
            vec![(2, c((20, 50), (20, 50), true))],
        ),
        (
            "run 2 was killed before it published what had replaced it",
            vec![is(1, Some(50), 100, 100, None), old(2, Some(50), Some(130), 200)],
            vec![(1, c((50, 130), (50, 130), true))],
        ),
        (
            "run 2 was killed before it published what had replaced it, and run 3 saw it as the current one again",
            vec![is(1, Some(50), 100, 300, None), gone(old(2, Some(50), Some(130), 200), 300)],
            vec![(1, c((NEVER, NEVER), (200, NEVER), false)), (2, c((50, 130), (50, 130), true))],
        ),
        (
            "its delete marker was removed",
            vec![first(), gone(old(2, Some(50), Some(130), 200), 300), is(3, Some(50), 300, 400, None)],
            vec![(1, c((50, 130), (50, 130), true)), (3, c((310, 401), (200, NEVER), false))],
        ),
        (
            "that, and it was overwritten then",
            vec![
                first(),
                gone(old(2, Some(50), Some(130), 200), 300),
                is(3, Some(50), 300, 300, Some(400)),
                again(4, old(2, Some(50), None, 200), Some(350), 400),
                is(5, Some(350), 400, 400, None),
            ],
            vec![(1, c((50, 130), (50, 130), true)), (3, c((310, 350), (200, 350), true)), (5, c((350, 401), (350, NEVER), false))],
        ),
        (
            "the one between was seen and is kept no more: for a while either may have been stored",
            vec![is(1, Some(100), 120, 120, Some(200)), is(2, Some(150), 200, 200, None), old(3, Some(50), Some(150), 200)],
            vec![(1, c((100, 121), (100, 150), true)), (2, c((150, 201), (150, NEVER), false)), (3, c((50, 100), (50, 150), true))],
        ),
        (
            "two of one size in one second, the first replaced within it",
            vec![is(1, Some(50), 100, 100, Some(200)), old(2, Some(50), Some(50), 100), old(3, Some(50), Some(130), 200)],
            vec![(1, c((50, 130), (50, 130), true)), (2, c((50, 50), (50, 50), true))],
        ),
    ] {
        assert_eq!(of_object(&all), want, "{what}");
    }
}

#[test]
fn many_versions_of_one_key_take_no_square_of_time() {
    let n = 200_000i64;
    let name = |i: i64| Some((i as u128).to_be_bytes());
    let all: Vec<Version> =
        (0..n).map(|i| Version { id: i, until: Some(i + 1), beside: name(i), ..v(Some(i), n + 1, n + 1, None) }).collect();
    let clocks = of_object(&all);
    assert_eq!((clocks.len() as i64, clocks[7]), (n, (7, c((7, 8), (7, 8), true))));
}

proptest! {
    /// One key is written and deleted at random moments, and nothing is removed for good; runs list all its versions at others, and come
    /// to their end: whatever moment is asked for before the newest run, what was stored then is known for certain, and nothing else is
    /// counted.
    #[test]
    fn a_bucket_with_versions_has_no_gaps(
        changes in proptest::collection::btree_map(1i64..1000, proptest::bool::weighted(0.7), 0..12),
        runs in proptest::collection::btree_set(1i64..1000, 1..5),
        asked in proptest::collection::vec(0i64..1000, 40),
    ) {
        let writes: Vec<(i64, bool)> = changes.into_iter().map(|(at, put)| (at * 10, put)).collect();
        let runs: Vec<i64> = runs.into_iter().map(|r| r * 10 + 5).collect();
        let newest = runs[runs.len() - 1];
        // What was written when, and until when it was stored.
        let truth: Vec<(i64, i64)> = (0..writes.len())
            .filter(|i| writes[*i].1)
            .map(|i| (writes[i].0, writes.get(i + 1).map_or(NEVER, |w| w.0)))
            .collect();
        // As an index notes it, with the time of writing for the number; beside the current one with the opposite sign.
        let seen = |at, run| Version { first_by: run, ..v(Some(at), run, run, None) };
        let mut rows: Vec<Version> = Vec::new();
        for run in &runs {
            let known = truth.iter().filter(|t| t.0 < *run);
            let current = known.clone().find(|t| *run < t.1).map(|t| t.0);
            for row in rows.iter_mut().filter(|r| r.beside.is_none() && r.ended.is_none()) {
                if Some(row.id) == current { row.last = *run } else { row.ended = Some((*run, *run)) }
            }
            let is_new = |id: i64, rows: &[Version]| !rows.iter().any(|r| r.id == id);
            if let Some(id) = current.filter(|id| is_new(*id, &rows)) {
                rows.push(Version { id, ..seen(id, *run) });
            }
            for (at, until) in known.filter(|t| t.1 < *run) {
                if is_new(-at, &rows) {
                    let name = Some((*at as u128).to_be_bytes());
                    rows.push(Version { beside: name, until: Some(*until), id: -at, ..seen(*at, *run) });
                }
            }
        }
        let clocks = of_object(&rows);
        for at in asked.into_iter().map(|a| a * 10 + 3).filter(|a| *a <= newest) {
            let counted: Vec<i64> = clocks.iter().filter(|(_, s)| (s.possible.0..s.possible.1).contains(&at)).map(|c| c.0.abs()).collect();
            let want: Vec<i64> = truth.iter().filter(|t| (t.0..t.1).contains(&at)).map(|t| t.0).collect();
            prop_assert_eq!(&counted, &want, "at {}", at);
            let is_certain = |(_, s): &&(i64, Clock)| (s.certain.0..s.certain.1).contains(&at);
            prop_assert_eq!(clocks.iter().filter(is_certain).count(), want.len(), "at {}", at);
        }
    }
}

/// One entry of a bucket: a version, or a delete marker.
#[derive(Clone, Copy, Debug)]
struct Entry {
    id: i64,
    at: i64,
    is_put: bool,
    /// Whether a run that came to its end has listed it.
    is_known: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Put,
    Delete,
    /// An entry is removed for good: the newest, so that what it replaced comes back, or another.
    Purge(usize),
    /// A run lists; cut short, it publishes some of what is new (by the bits of the number) and notes nothing as seen.
    Run(Option<u8>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let run = prop_oneof![3 => Just(Step::Run(None)), 1 => any::<u8>().prop_map(|m| Step::Run(Some(m)))];
    let purge = prop_oneof![2 => Just(0usize), 1 => 0usize..6].prop_map(Step::Purge);
    proptest::collection::vec(prop_oneof![3 => Just(Step::Put), 1 => Just(Step::Delete), 2 => purge, 3 => run], 1..30)
}

/// A bucket of one key, what was stored in it when, and the rows of an index.
#[derive(Default)]
struct World {
    now: i64,
    /// The oldest first.
    entries: Vec<Entry>,
    /// Contents, from when until when.
    truth: Vec<(i64, i64, i64)>,
    /// By the number of the contents, with a hundred for each row of it.
    rows: Vec<Version>,
    written: i64,
    /// What came back has been listed by a run that came to its end.
    is_settled: bool,
    /// Start of the newest such run: nothing later is known.
    newest: i64,
}

impl World {
    fn top(&self) -> Option<i64> {
        self.entries.last().filter(|e| e.is_put).map(|e| e.id)
    }

    /// Changes the bucket, and notes what is stored from now on.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Entry>)) {
        let before = self.top();
        change(&mut self.entries);
        let (now, after) = (self.now, self.top());
        if before != after {
            if before.is_some() {
                self.truth.last_mut().unwrap().2 = now;
            }
            self.truth.extend(after.map(|id| (id, now, NEVER)));
        }
    }

    fn run(&mut self, cut: Option<u8>) {
        let (start, listed, by) = (self.now, self.now + 2, self.now + 4);
        let top = self.top();
        // Name (the current one has that of the key), contents, written, ended.
        let mut listing: Vec<(bool, i64, i64, Option<i64>)> = Vec::new();
        for (i, e) in self.entries.iter().enumerate().filter(|(_, e)| e.is_put) {
            let until = self.entries.get(i + 1).map(|next| next.at);
            listing.push((until.is_some(), e.id, e.at, until));
        }
        let name = |row: &Version| (row.beside.is_some(), row.id / 100);
        let mut fresh = Vec::new();
        for (is_old, id, at, until) in &listing {
            let known = self.rows.iter().position(|r| r.ended.is_none() && name(r) == (*is_old, *id));
            match known {
                Some(i) if cut.is_none() => self.rows[i].last = start,
                Some(_) => {}
                None => fresh.push((*is_old, *id, *at, *until)),
            }
        }
        // What no listing shows ends while it is planned; what is replaced, when its successor is published.
        for row in self.rows.iter_mut().filter(|r| r.ended.is_none()) {
            let is_listed = match row.beside {
                Some(_) => listing.iter().any(|l| l.0 && l.1 == row.id / 100),
                None => top.is_some(),
            };
            if !is_listed {
                row.ended = Some((start, by));
            }
        }
        for (n, (is_old, id, at, until)) in fresh.into_iter().enumerate() {
            if cut.is_some_and(|mask| mask >> (n % 8) & 1 == 0) {
                continue;
            }
            if !is_old {
                self.rows.iter_mut().filter(|r| r.beside.is_none() && r.ended.is_none()).for_each(|r| r.ended = Some((start, by)));
            }
            let beside = is_old.then(|| (id as u128).to_be_bytes());
            let row =
                Version { id: id * 100 + self.rows.len() as i64 % 100, until, first_by: by, beside, ..v(Some(at), start, start, None) };
            self.rows.push(row);
        }
        if cut.is_none() {
            self.entries.iter_mut().filter(|e| e.at <= listed).for_each(|e| e.is_known = true);
            (self.is_settled, self.newest) = (true, start);
        }
        self.now = by;
    }

    fn step(&mut self, step: Step) {
        self.now += 10;
        let now = self.now;
        match step {
            // What came back and was replaced again before any run saw it leaves no trace.
            Step::Put | Step::Delete | Step::Purge(_) if !self.is_settled => {}
            Step::Put => {
                self.written += 1;
                let id = self.written;
                self.change(|all| all.push(Entry { id, at: now, is_put: true, is_known: false }));
            }
            Step::Delete => self.change(|all| all.push(Entry { id: 0, at: now, is_put: false, is_known: false })),
            // Nor does what nobody saw.
            Step::Purge(n) => {
                let Some(i) = self.entries.len().checked_sub(n + 1).filter(|i| self.entries[*i].is_known) else { return };
                self.is_settled = false;
                self.change(|all| _ = all.remove(i));
            }
            Step::Run(cut) => self.run(cut),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Versions come back and are removed for good, runs are cut short: what is certain is true, and one at a time; whatever was stored
    /// and was read is counted, each content once at a time.
    #[test]
    fn what_is_certain_was_stored_and_what_was_stored_is_counted(steps in steps()) {
        let mut w = World { is_settled: true, ..World::default() };
        steps.iter().for_each(|s| w.step(*s));
        w.rows.sort_by_key(|r| (r.first, r.id));
        let clocks = of_object(&w.rows);
        for at in 1..=w.newest {
            let there = w.truth.iter().find(|t| (t.1..t.2).contains(&at)).map(|t| t.0);
            let counted: Vec<(i64, bool)> = clocks.iter().filter_map(|(id, c)| Some((id / 100, c.at(at)?))).collect();
            let certain: Vec<i64> = counted.iter().filter(|c| c.1).map(|c| c.0).collect();
            prop_assert!(certain.is_empty() || certain == [there.unwrap_or(-1)], "at {at}: {there:?}, but {certain:?}\n{:?}\n{clocks:?}", w.rows);
            let is_read = |id: i64| w.rows.iter().any(|r| r.id / 100 == id);
            if let Some(id) = there.filter(|id| is_read(*id)) {
                prop_assert_eq!(counted.iter().filter(|c| c.0 == id).count(), 1, "at {}: {}\n{:?}\n{:?}", at, id, w.rows, clocks);
            }
        }
    }
}
