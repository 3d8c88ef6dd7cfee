//! What can follow the first run of word bytes of a match.

use super::automaton::Automaton;
use super::byteset::ByteSet;
use super::facts::{RUN, is_word};

/// What can follow a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// The text can end.
    pub end: bool,
    pub bytes: ByteSet,
}

impl Follow {
    pub const ANYTHING: Follow = Follow { end: true, bytes: ByteSet::ALL };

    /// Whether nothing can: no match begins with a run of this length.
    pub fn is_none(&self) -> bool {
        !self.end && self.bytes.is_empty()
    }
}

/// By how many word bytes a text begins with (up to [`RUN`], the last one: so many or more): what can follow them.
pub struct Follows {
    /// PERF: few lengths differ. Each with its lengths, a bit each; a length is of one.
    distinct: Vec<(Follow, u64)>,
}

impl Follows {
    /// Of what is listed, each with its lengths; `None` where they are not each length once.
    pub fn new(distinct: Vec<(Follow, u64)>) -> Option<Follows> {
        let all = distinct.iter().fold(0, |m, (_, runs)| m | runs);
        let count: u32 = distinct.iter().map(|(_, runs)| runs.count_ones()).sum();
        (all == (1 << (RUN + 1)) - 1 && count as usize == RUN + 1).then_some(Follows { distinct })
    }

    /// Where nothing is known.
    pub fn anything() -> Follows {
        Follows { distinct: vec![(Follow::ANYTHING, (1 << (RUN + 1)) - 1)] }
    }

    /// Of the matches of an expression.
    pub fn of(a: &Automaton) -> Follows {
        let alphabet = a.alphabet(is_word);
        let mut follows = Follows { distinct: Vec::new() };
        let mut states = vec![(a.start(), false)];
        for run in 0..=RUN {
            let (mut follow, mut following) = (Follow::default(), Vec::new());
            for &(state, accepts) in &states {
                for b in (0..=u8::MAX).filter(|b| !is_word(*b)) {
                    // A value that ends here is no part of a longer word.
                    if accepts || a.step(state, b).is_some() {
                        follow.bytes.insert(b);
                    }
                }
                follow.end |= accepts;
                following.extend(alphabet.iter().filter(|b| is_word(**b)).filter_map(|&b| a.step(state, b)));
            }
            following.sort_unstable();
            following.dedup();
            states = following;
            let follow = if run == RUN && !states.is_empty() { Follow::ANYTHING } else { follow };
            match follows.distinct.iter_mut().find(|d| d.0 == follow) {
                Some((_, runs)) => *runs |= 1 << run,
                None => follows.distinct.push((follow, 1 << run)),
            }
        }
        follows
    }

    /// Behind a run of this length, up to [`RUN`].
    pub fn behind(&self, run: usize) -> Follow {
        self.distinct.iter().find(|(_, runs)| runs >> run & 1 != 0).map_or(Follow::ANYTHING, |d| d.0)
    }

    /// Each that there is with its lengths, a bit each.
    pub fn distinct(&self) -> &[(Follow, u64)] {
        &self.distinct
    }

    /// The lengths that a match can begin with, a bit each.
    pub fn runs(&self) -> u64 {
        self.distinct.iter().filter(|(follow, _)| !follow.is_none()).fold(0, |m, (_, runs)| m | runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::facts::Facts;

    #[test]
    fn what_follows_the_first_run_is_told_by_its_length() {
        let Follows { distinct } = Facts::of("[0-9]{3}(?:-[0-9]{2})?|[a-z]{40}").unwrap().follows;
        let follows = Follows::new(distinct).unwrap();
        assert_eq!(follows.runs(), 1 << 3 | 1 << RUN);
        let three = follows.behind(3);
        // A value that ends is followed by anything but a word.
        assert!(three.end && three.bytes.has(b'-') && three.bytes.has(b';') && !three.bytes.has(b'1'));
        assert_eq!(follows.behind(RUN), Follow::ANYTHING);
        assert!(follows.behind(2).is_none() && Follows::anything().behind(2) == Follow::ANYTHING);
        let all = (1 << (RUN + 1)) - 1;
        for broken in [vec![], vec![(Follow::ANYTHING, all >> 1)], vec![(Follow::ANYTHING, all), (Follow::default(), 1)]] {
            assert!(Follows::new(broken).is_none());
        }
    }
}
