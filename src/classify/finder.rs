//! What is found by code instead of an expression: `finder = "..."` in place of a pattern's `regex`.

use serde::Deserialize;

use super::{address, facts, names};

/// The finders by the name that files give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Finder {
    /// Names of persons in running text.
    PersonName,
    /// Postal addresses in running text.
    StreetAddress,
}

impl Finder {
    /// An expression that allows more than the finder: how values begin, and how long they can be.
    pub fn outline(self) -> &'static str {
        match self {
            Finder::PersonName => facts::PERSON_NAME,
            Finder::StreetAddress => facts::STREET_ADDRESS,
        }
    }

    /// Whether a value may start at `p`: a cheap look before [`Finder::begun`].
    pub fn may_start(self, bytes: &[u8], p: usize) -> bool {
        // The engine looks at letters of one byte and of two.
        bytes[p] < 0xe0
            && match self {
                Finder::PersonName => names::may_start(bytes, p),
                Finder::StreetAddress => address::may_start(bytes, p),
            }
    }

    /// The end of the value that starts at `p`, where one may start, and its confidence.
    pub fn begun(self, bytes: &[u8], p: usize) -> Option<(usize, f32)> {
        match self {
            Finder::PersonName => names::begun(bytes, p),
            Finder::StreetAddress => address::begun(bytes, p),
        }
    }
}
