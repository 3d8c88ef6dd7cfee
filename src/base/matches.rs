//! What the classifiers say about a batch.

/// The confidence from which a finding is reported.
pub const REPORTED_FROM: f32 = 0.4;

/// `Match::cell` of a match in plain text.
pub const NO_CELL: u32 = u32::MAX;

/// One classifier's hit in one batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// First byte of the value in `Batch::bytes`.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// The cell in `Batch::cells` that holds the whole match, or [`NO_CELL`] in plain text.
    pub cell: u32,
    /// The classifier, as an index into the set (`Classifiers::get`).
    pub classifier: u16,
    /// Which of its patterns, as an index.
    pub pattern: u8,
    /// 0..1, before the evidence of the whole column. Below [`REPORTED_FROM`] it is a candidate only.
    pub confidence: f32,
    /// What the confidence rests on.
    pub evidence: Evidence,
}

/// What a confidence rests on, as a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence(pub u16);

impl Evidence {
    /// A validator (check digits, ranges) accepted the value.
    pub const VALIDATED: Evidence = Evidence(1);
    /// A keyword stands near.
    pub const KEYWORD: Evidence = Evidence(1 << 1);
    /// The field's name says so.
    pub const COLUMN: Evidence = Evidence(1 << 2);
    /// The match is the whole cell.
    pub const WHOLE_CELL: Evidence = Evidence(1 << 3);
    /// A word near, the field's name or a wrong check digit speaks against it.
    pub const AGAINST: Evidence = Evidence(1 << 4);
    /// A published test value or an obvious filler: shown, but names nobody.
    pub const TEST_VALUE: Evidence = Evidence(1 << 5);
    /// Other classifiers claim the same bytes with less right.
    pub const CONTESTED: Evidence = Evidence(1 << 6);
    /// Somebody allows it: it does not count and is nobody's.
    pub const ALLOWED: Evidence = Evidence(1 << 7);
    /// What lies there is masked, cut, hashed, replaced or encrypted; `Match::pattern` says how (`Protection::ALL`).
    pub const PROTECTED: Evidence = Evidence(1 << 8);

    /// Whether all flags of `other` are set.
    pub fn has(self, other: Evidence) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Evidence) -> Evidence {
        Evidence(self.0 | other.0)
    }
}
