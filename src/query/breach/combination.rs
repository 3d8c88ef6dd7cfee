//! What is known of one person: elements, parts of a name, where they live.

use crate::index::Home;
use crate::law::{Elements, Profile};

/// From this confidence on, in percent, a state counts a person in its thresholds.
const COUNTS: u8 = 70;

/// What of somebody was exposed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Combination {
    /// Elements as the index names them, for people to read.
    pub named: Profile,
    /// Elements as laws count them, without names of people.
    legal: Profile,
    names: [NameParts; 2],
    pub certain: bool,
    /// `EU` or `UK`, by a national number.
    pub gdpr: Option<&'static str>,
}

/// What one list says of all whom it names.
pub(super) struct Fact<'a> {
    pub class: &'a str,
    pub element: &'a str,
    pub sure: bool,
    pub gdpr: Option<&'static str>,
}

/// Which parts of a name were seen: a whole one, or first and last apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct NameParts {
    whole: bool,
    first: bool,
    last: bool,
}

/// Where somebody lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Residences {
    /// By the best evidence: state, percent, basis.
    pub primary: Option<(String, u32, &'static str)>,
    /// Others that count.
    pub others: Vec<String>,
}

/// What a classifier's values are to a law: foreign social security numbers are numbers of another government.
pub(super) fn legal(class: &str, element: &str) -> Elements {
    match element {
        "ssn" if !class.starts_with("us.") => Elements::of("other_gov_id"),
        "full_name" => Elements::NONE,
        e => Elements::of(e),
    }
}

impl Combination {
    pub fn add(&mut self, fact: &Fact<'_>) {
        let Fact { class, element, sure, gdpr } = *fact;
        self.certain |= sure;
        let (named, law) = (Elements::of(element), legal(class, element));
        for (profile, e) in [(&mut self.named, named), (&mut self.legal, law)] {
            let set = if sure { &mut profile.certain } else { &mut profile.possible };
            *set = set.or(e);
        }
        if element == "full_name" {
            let parts = &mut self.names[usize::from(!sure)];
            match class {
                "generic.first_name" => parts.first = true,
                "generic.last_name" => parts.last = true,
                _ => parts.whole = true,
            }
        }
        // Of two, the same one whatever comes first.
        self.gdpr = [self.gdpr, gdpr].into_iter().flatten().min();
    }

    /// What is known of two that are one.
    pub fn and(&self, other: &Combination) -> Combination {
        let both = |a: Profile, b: Profile| Profile { certain: a.certain.or(b.certain), possible: a.possible.or(b.possible) };
        let parts = |at: usize| {
            let (a, b) = (self.names[at], other.names[at]);
            NameParts { whole: a.whole || b.whole, first: a.first || b.first, last: a.last || b.last }
        };
        Combination {
            named: both(self.named, other.named),
            legal: both(self.legal, other.legal),
            names: [parts(0), parts(1)],
            certain: self.certain || other.certain,
            gdpr: [self.gdpr, other.gdpr].into_iter().flatten().min(),
        }
    }

    /// Elements as laws count them. A name is a last name with the first name or its initial: one that stands alone may or may not be
    /// one.
    pub fn legal(&self) -> Profile {
        let mut out = self.legal;
        let [sure, maybe] = self.names;
        let name = Elements::of("full_name");
        if sure.whole || (sure.first && sure.last) {
            out.certain = out.certain.or(name);
        } else if maybe.whole || sure.last || maybe.last {
            out.possible = out.possible.or(name);
        }
        out
    }
}

impl Residences {
    /// The highest confidence, then the state's code.
    pub fn of(home: &Home) -> Residences {
        let mut said = home.said.clone();
        said.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let code = |state: [u8; 2]| String::from_utf8_lossy(&state).into_owned();
        let mut said = said.into_iter();
        let primary = said.next().map(|(state, percent, basis)| (code(state), u32::from(percent), basis));
        let others = said.filter(|s| s.1 >= COUNTS).map(|s| code(s.0)).collect();
        Residences { primary, others }
    }
}
