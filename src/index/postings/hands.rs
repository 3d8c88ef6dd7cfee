//! Several hands that make parts of a segment, and one that has the index.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;

use crossbeam_channel::{bounded, unbounded};

use crate::index::IndexError;

/// Threads. PERF: Linux reads files of its control groups to answer; a dataset alone asks for little.
static HANDS: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, |n| n.get()).min(MOST_HANDS));
const MOST_HANDS: usize = 8;

/// Makes something of each of these on several threads, and hands it on in their order. `next` gives them (`None`: that was all)
/// and `take` gets what was made, both on the calling thread, so that they may use the index; a few are under way at a time. One alone
/// is made on the calling thread, too.
pub(in crate::index) fn in_order<I: Send, O: Send>(
    next: &mut dyn FnMut() -> Result<Option<I>, IndexError>,
    make: &(dyn Fn(I) -> O + Sync),
    take: &mut dyn FnMut(O) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let hands = *HANDS;
    let Some(first) = next()? else { return Ok(()) };
    let second = if hands > 1 { next()? } else { None };
    if second.is_none() {
        take(make(first))?;
        while let Some(more) = next()? {
            take(make(more))?;
        }
        return Ok(());
    }
    let mut begun = [Some(first), second].into_iter();
    std::thread::scope(|scope| {
        let (give, jobs) = bounded::<(usize, I)>(2 * hands);
        let (done, results) = unbounded::<(usize, std::thread::Result<O>)>();
        for _ in 0..hands {
            let (jobs, done) = (jobs.clone(), done.clone());
            scope.spawn(move || {
                for (n, job) in jobs {
                    // Who waits for it must hear of a panic.
                    let made = catch_unwind(AssertUnwindSafe(|| make(job)));
                    if done.send((n, made)).is_err() {
                        return;
                    }
                }
            });
        }
        drop((jobs, done));
        let (mut sent, mut taken, mut all) = (0, 0, false);
        let mut waiting: BTreeMap<usize, O> = BTreeMap::new();
        loop {
            while !all && sent < taken + 2 * hands {
                let job = match begun.next() {
                    Some(job) => job,
                    None => next()?,
                };
                all = job.is_none();
                if let Some(job) = job {
                    // There is always somebody who takes them.
                    let _ = give.send((sent, job));
                    sent += 1;
                }
            }
            if taken == sent {
                return Ok(());
            }
            match waiting.remove(&taken) {
                Some(made) => {
                    take(made)?;
                    taken += 1;
                }
                None => match results.recv() {
                    Ok((n, made)) => drop(waiting.insert(n, made.unwrap_or_else(|panic| resume_unwind(panic)))),
                    Err(_) => return Ok(()),
                },
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_comes_in_order() {
        for many in [0usize, 1, 2, 3, 100] {
            let (mut given, mut got) = (0, Vec::new());
            let mut next = || {
                given += 1;
                Ok((given <= many).then_some(given))
            };
            let make = |n: usize| {
                // Later ones are made sooner.
                std::thread::sleep(std::time::Duration::from_micros(((many - n) % 7) as u64 * 50));
                n * 2
            };
            let mut take = |n| {
                got.push(n);
                Ok(())
            };
            in_order(&mut next, &make, &mut take).unwrap();
            assert_eq!(got, (1..=many).map(|n| n * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_ends_it() {
        let failed = |n: usize| if n > 5 { Err(IndexError::Damaged("no more")) } else { Ok(Some(n)) };
        let mut given = 0;
        let mut next = || {
            given += 1;
            failed(given)
        };
        assert!(in_order(&mut next, &|n| n, &mut |_| Ok(())).is_err());
        let (mut given, mut taken) = (0, 0);
        let mut next = || {
            given += 1;
            Ok(Some(given))
        };
        let mut take = |n| {
            taken += 1;
            failed(n).map(drop)
        };
        assert!(in_order(&mut next, &|n: usize| n, &mut take).is_err());
        assert_eq!(taken, 6);
    }
}
