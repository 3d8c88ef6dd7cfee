//! Numbers of people by how sure they are, and what a threshold says of them.

/// A number of people, by how sure it is; each holds the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Proven: their own identifier, or a record that it names, was read whole.
    pub certain: u64,
    /// And those who are possible: combinations that only stand together in a text or in a record of several people, objects
    /// of which a part was read.
    pub likely: u64,
    /// And everybody who cannot be excluded: people of unknown residence, one more person for every record that is
    /// nobody's, rules that need a person's judgement.
    pub upper: u64,
}

impl Numbers {
    /// The sum.
    pub fn plus(self, other: Numbers) -> Numbers {
        Numbers { certain: self.certain + other.certain, likely: self.likely + other.likely, upper: self.upper + other.upper }
    }
}

/// What a threshold says of three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Reached even by the certain number.
    Yes,
    /// Not reached by the upper number.
    No,
    /// Reached by some of the numbers: it depends on what is not known yet, or on a person's judgement.
    Depends,
}

/// From how many people on somebody else must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Never.
    None,
    /// From the first person on.
    Any,
    /// Above this many.
    Over(u64),
    /// From this many on.
    AtLeast(u64),
    /// The table names a condition in words.
    Words,
}

impl Threshold {
    /// Reads operator and number of a table; `None` for what is neither.
    pub fn parse(op: &str, n: &str) -> Option<Threshold> {
        let number = || n.parse::<u64>().ok();
        Some(match op {
            "" | "none" => Threshold::None,
            "any" => Threshold::Any,
            ">" => Threshold::Over(number()?),
            ">=" => Threshold::AtLeast(number()?),
            "directed" | "coordinate" => Threshold::Words,
            _ => return None,
        })
    }

    fn reached(self, people: u64) -> bool {
        match self {
            Threshold::None => false,
            Threshold::Any | Threshold::Words => people > 0,
            Threshold::Over(n) => people > n,
            Threshold::AtLeast(n) => people >= n,
        }
    }

    /// The threshold on all three numbers.
    pub fn on(self, n: &Numbers) -> Verdict {
        match (self, self.reached(n.certain), self.reached(n.upper)) {
            (_, _, false) => Verdict::No,
            (Threshold::Words, ..) | (_, false, true) => Verdict::Depends,
            (_, true, true) => Verdict::Yes,
        }
    }

    /// As people write it: `> 500`.
    pub fn text(self) -> Option<String> {
        match self {
            Threshold::None | Threshold::Words => None,
            Threshold::Any => Some("any".to_owned()),
            Threshold::Over(n) => Some(format!("> {n}")),
            Threshold::AtLeast(n) => Some(format!(">= {n}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(n: u64) -> Numbers {
        Numbers { certain: n, likely: n, upper: n }
    }

    #[test]
    fn thresholds_at_their_borders() {
        let cases = [
            (Threshold::Over(500), 499, Verdict::No),
            (Threshold::Over(500), 500, Verdict::No),
            (Threshold::Over(500), 501, Verdict::Yes),
            (Threshold::AtLeast(500), 499, Verdict::No),
            (Threshold::AtLeast(500), 500, Verdict::Yes),
            (Threshold::AtLeast(500), 501, Verdict::Yes),
            (Threshold::Any, 0, Verdict::No),
            (Threshold::Any, 1, Verdict::Yes),
            (Threshold::None, 1_000_000, Verdict::No),
            (Threshold::Words, 0, Verdict::No),
            (Threshold::Words, 1, Verdict::Depends),
        ];
        for (t, n, want) in cases {
            assert_eq!(t.on(&exactly(n)), want, "{t:?} on {n}");
        }
    }

    #[test]
    fn what_is_not_known_decides() {
        let n = Numbers { certain: 480, likely: 500, upper: 501 };
        assert_eq!(Threshold::Over(500).on(&n), Verdict::Depends);
        assert_eq!(Threshold::Over(479).on(&n), Verdict::Yes);
        assert_eq!(Threshold::Over(501).on(&n), Verdict::No);
    }

    #[test]
    fn operators_of_tables() {
        assert_eq!(Threshold::parse(">", "500"), Some(Threshold::Over(500)));
        assert_eq!(Threshold::parse(">=", "250"), Some(Threshold::AtLeast(250)));
        assert_eq!(Threshold::parse("any", "0"), Some(Threshold::Any));
        assert_eq!(Threshold::parse("", ""), Some(Threshold::None));
        assert_eq!(Threshold::parse(">", "many"), None);
        assert_eq!(Threshold::parse("=<", "5"), None);
    }
}
