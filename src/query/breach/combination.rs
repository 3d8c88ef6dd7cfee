//! What is known of one person: elements, parts of a name, where they live.

use crate::index::Home;
use crate::law::{Elements, Profile, gdpr, jurisdiction, place_name, read_as};

/// What of somebody was exposed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Combination {
    /// Elements as the index names them, for people to read.
    pub named: Profile,
    /// Elements as laws count them, without names of people.
    legal: Profile,
    names: [NameParts; 2],
    pub certain: bool,
    /// Whether anything of theirs lies there in clear.
    pub in_clear: bool,
    /// `EU` or `UK`, by a national number.
    pub gdpr: Option<&'static str>,
}

/// What one list says of all whom it names.
pub(super) struct Fact<'a> {
    pub class: &'a str,
    pub element: &'a str,
    pub sure: bool,
    /// Hashed, replaced or encrypted.
    pub protected: bool,
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
    /// By the best evidence: a state's code or `non_us:DE`, percent, basis.
    pub primary: Option<(String, u32, &'static str)>,
    /// Others that count.
    pub others: Vec<String>,
    /// `EU` or `UK`, by what is not sure enough to count.
    pub gdpr: Option<&'static str>,
}

/// What a classifier's values are to a law, and whether they surely are; names are put together of their parts later.
pub(super) fn legal(class: &str, element: &str) -> (Elements, bool) {
    if element == "full_name" { (Elements::NONE, true) } else { read_as(class, element) }
}

/// The same of values that are protected: whether a name is whole cannot be seen.
pub(super) fn legal_protected(class: &str, element: &str) -> Elements {
    read_as(class, element).0
}

/// What a classifier's values are to people who read the answer: a state or a town alone is no address to them either.
pub(super) fn named(class: &str, element: &str) -> Elements {
    if element == "postal_address" { read_as(class, element).0 } else { Elements::of(element) }
}

impl Combination {
    pub fn add(&mut self, fact: &Fact<'_>) {
        let Fact { class, element, sure, protected, gdpr } = *fact;
        if protected {
            self.legal.protected = self.legal.protected.or(legal_protected(class, element));
            return;
        }
        let (law, is_that) = legal(class, element);
        self.in_clear = true;
        self.certain |= sure;
        for (profile, e, sure) in [(&mut self.named, named(class, element), sure), (&mut self.legal, law, sure && is_that)] {
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
        let both = |a: Profile, b: Profile| Profile {
            certain: a.certain.or(b.certain),
            possible: a.possible.or(b.possible),
            protected: a.protected.or(b.protected),
        };
        let parts = |at: usize| {
            let (a, b) = (self.names[at], other.names[at]);
            NameParts { whole: a.whole || b.whole, first: a.first || b.first, last: a.last || b.last }
        };
        Combination {
            named: both(self.named, other.named),
            legal: both(self.legal, other.legal),
            names: [parts(0), parts(1)],
            certain: self.certain || other.certain,
            in_clear: self.in_clear || other.in_clear,
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
    /// In the order of [`Home::counting`].
    pub fn of(home: &Home) -> Residences {
        let mut said = home.counting().into_iter();
        let primary = said.next().map(|(place, percent, basis)| (place_name(place), u32::from(percent), basis));
        let gdpr = home.said.iter().filter_map(|s| std::str::from_utf8(&s.0).ok().and_then(gdpr)).min();
        Residences { primary, others: said.map(|s| place_name(s.0)).collect(), gdpr }
    }

    /// Whose law follows them: the code of the primary place, those of others.
    pub fn laws(&self) -> (Option<String>, Vec<String>) {
        let primary = self.primary.as_ref().map(|p| jurisdiction(&p.0).to_owned());
        let mut others: Vec<String> = Vec::new();
        for code in self.others.iter().map(|o| jurisdiction(o)) {
            if primary.as_deref() != Some(code) && others.iter().all(|o| o != code) {
                others.push(code.to_owned());
            }
        }
        (primary, others)
    }
}
