//! What files want of the names of fields, as a table.

use std::borrow::Cow;

use super::definition::{Classifier, Text};
use super::letters;
use super::starts::hash_of_folded;

/// Whether a word of a name is one that is wanted, or its plural.
pub(super) fn same(word: &str, wanted: &str) -> bool {
    word == wanted || (word.len() > 3 && word.strip_suffix('s') == Some(wanted))
}

/// What a file wants of a name: words separated by blanks; `=` in front: and nothing else but numbers.
pub(super) struct Wanted {
    exact: bool,
    text: Text,
    joined: Text,
    /// Too short a word to tell where it begins in a longer one.
    abbreviated: bool,
}

impl Wanted {
    pub fn of(text: &Text) -> Wanted {
        fn plain(text: &str) -> Cow<'_, str> {
            letters::fold(text.strip_prefix('=').unwrap_or(text))
        }
        // PERF: nearly all are words of the program's own text, and need no copy.
        let all = match text {
            Cow::Borrowed(t) => plain(t),
            Cow::Owned(t) => Cow::Owned(plain(t).into_owned()),
        };
        let joined = if all.contains(' ') { Cow::Owned(all.replace(' ', "")) } else { all.clone() };
        Wanted { exact: text.starts_with('='), abbreviated: is_abbreviated(&all), text: all, joined }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ')
    }

    /// Whether the words of a name hold it.
    pub fn is_in(&self, name: &[String]) -> bool {
        let count = self.words().count();
        if self.exact {
            let plain = || name.iter().filter(|w| !is_number(w));
            let many = plain().count();
            return many == count && plain().zip(self.words()).all(|(w, x)| same(w, x))
                || many == 1 && plain().all(|w| same(w, &self.joined));
        }
        name.windows(count).any(|part| part.iter().zip(self.words()).all(|(w, x)| same(w, x)))
            || name.iter().any(|w| same(w, &self.joined) || self.ends(w) || w.strip_suffix('s').is_some_and(|w| self.ends(w)))
    }

    /// Whether a word ends with it: `customeremail`.
    fn ends(&self, word: &str) -> bool {
        let before = word.strip_suffix(&*self.joined).filter(|_| self.joined.len() >= SHORTEST_ENDING);
        before.is_some_and(|b| !self.abbreviated || WHOSE.contains(&b))
    }
}

/// Whether what a file wants begins with an abbreviation, which many a longer word ends with by chance: `fullname` is no `l name`,
/// `shipaddress` no `ip address`, `clinicnumber` no `nic number`.
fn is_abbreviated(text: &str) -> bool {
    let mut words = text.split(' ');
    match (words.next(), words.next()) {
        (Some(first), Some(second)) => first.len() <= 2 || first.len() == 3 && matches!(second, "id" | "no" | "nr" | "num" | "number"),
        _ => false,
    }
}

/// Words before an abbreviation in one word: whose it is, or which. Sorted.
pub(super) const WHOSE: &[&str] = &[
    "account",
    "acct",
    "agent",
    "applicant",
    "bill",
    "billing",
    "borrower",
    "business",
    "buyer",
    "cell",
    "child",
    "client",
    "cliente",
    "company",
    "contact",
    "cust",
    "customer",
    "driver",
    "emp",
    "employee",
    "employer",
    "father",
    "guest",
    "home",
    "host",
    "insured",
    "klant",
    "kunde",
    "kunden",
    "local",
    "mbr",
    "member",
    "mother",
    "owner",
    "parent",
    "pat",
    "patient",
    "person",
    "physician",
    "primary",
    "provider",
    "recipient",
    "remote",
    "seller",
    "sender",
    "server",
    "source",
    "spouse",
    "staff",
    "student",
    "subscriber",
    "supplier",
    "teacher",
    "user",
    "vendor",
    "work",
];

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Shorter words are not looked for at the end of longer ones.
const SHORTEST_ENDING: usize = 5;

/// What a word ends with, also without the `s` of a plural.
fn endings(word: &str) -> impl Iterator<Item = &str> {
    let single = word.strip_suffix('s').unwrap_or_default();
    let of = |w| str::char_indices(w).map(move |(i, _)| &w[i..]).take_while(|e| e.len() >= SHORTEST_ENDING);
    of(word).chain(of(single))
}

/// What all files want of names, found by its first word or by all of them joined.
pub(super) struct Names {
    /// With the classifier, and whether it speaks against it.
    wanted: Vec<(u16, bool, Wanted)>,
    /// By the hash of such a word; what is found is looked at closely.
    by_word: Vec<(u64, u32)>,
}

fn number_of(word: &str) -> u64 {
    hash_of_folded(word)
}

impl Names {
    /// Of these classifiers.
    pub fn new(classifiers: &[Classifier]) -> Names {
        let mut names = Names { wanted: Vec::new(), by_word: Vec::new() };
        for (i, c) in (0u16..).zip(classifiers) {
            for (list, against) in [(&c.context.columns, false), (&c.context.columns_against, true)] {
                for text in list {
                    let (wanted, n) = (Wanted::of(text), names.wanted.len() as u32);
                    let keys = wanted.words().take(1).chain([&*wanted.joined]);
                    names.by_word.extend(keys.map(|key| (number_of(key), n)));
                    names.wanted.push((i, against, wanted));
                }
            }
        }
        names.by_word.sort_unstable();
        names.by_word.dedup();
        names
    }

    /// What may be meant by a word, by its numbers in `wanted`.
    fn meant(&self, word: &str) -> impl Iterator<Item = u32> {
        let number = number_of(word);
        let from = self.by_word.partition_point(|w| w.0 < number);
        self.by_word[from..].iter().take_while(move |w| w.0 == number).map(|w| w.1)
    }

    /// Calls `with` for what a name holds, some of it more than once.
    pub fn held(&self, name: &[String], mut with: impl FnMut(u16, bool)) {
        for w in name {
            let single = if w.len() > 3 { w.strip_suffix('s') } else { None };
            for key in single.into_iter().chain([w.as_str()]).chain(endings(w)) {
                for n in self.meant(key) {
                    let (c, against, wanted) = &self.wanted[n as usize];
                    if wanted.is_in(name) {
                        with(*c, *against);
                    }
                }
            }
        }
    }
}
