//! Names of persons in running text, as spans.
//!
//! A dictionary (`words`) tells how common a word is as a given name, as a family name and as an ordinary word, whether it is a
//! place and what it says about words beside it. A linear model (`features`, `weights.tsv`) weighs that of each capitalised word
//! together with its neighbours, how it is written, the run of capitalised words it stands in, what it sounds like and a mail
//! address near that holds it; a second step weighs the outcome again with that of the words beside it. Words in a row that come
//! out as parts of a name are one span, with particles (`van der`) and suffixes (`Jr.`); titles are no part of it.
//!
//! **What it reaches.** Names in Latin letters, written with capitals, best in English text. Measured by overlap of at least half:
//! F1 0.90 on sources that the training did not see (precision 0.93, recall 0.87), 0.88 on held-out texts of all sources; of
//! these made-up business texts 0.88 to 0.99, Wikipedia 0.79, social media 0.47. Given and family names of many countries are
//! known; others are told by what stands around them and by their sound. `tests/generate/names/README.md` has sources and measurements.
//!
//! **What it does not.** Names written small, handles, names in scripts without capitals, names across the end of a line; single
//! names at the start of a sentence that are ordinary words (`Rose`, `Mark`) as often as not; family names without any context.
//! Companies, bands and ships that are called like persons are taken for persons where nothing beside them says otherwise. A cell
//! or line that is nothing but a name counts only if it is a common given name with a family name behind it: the column's name
//! has to say more.

mod features;
mod tokens;
#[cfg_attr(not(test), allow(dead_code, reason = "the build uses the rest of it"))]
pub(super) mod weights;
mod words;

use std::sync::LazyLock;

use super::built;
use super::reader::Reader;
use features::{FEATURES, SECOND_FEATURES, adjacent, features, is_bare_title, partner_after, partner_before};
use tokens::{Gap, Shape, Token, Window};
use words::Role;

/// The weights of all features, and how like a name three letters in a row are.
struct Model {
    weights: [f32; FEATURES],
    /// Of the second step.
    second: [f32; SECOND_FEATURES],
    sounds: [i8; TRIGRAMS],
}

const TRIGRAMS: usize = 4096;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let mut model = Model { weights: [0.0; FEATURES], second: [0.0; SECOND_FEATURES], sounds: [0; TRIGRAMS] };
    let mut written = Reader(built::weights_of_names());
    while let Some((block, weights)) = weights::block(&mut written) {
        for (index, weight) in weights.iter().map(|e| weights::entry(*e)) {
            match (features::number(block, index), features::second_number(block, index)) {
                (Some(at), _) => model.weights[at] = weight,
                (_, Some(at)) => model.second[at] = weight,
                _ => {}
            }
        }
    }
    for (sound, b) in model.sounds.iter_mut().zip(include_bytes!("sounds.bin")) {
        *sound = *b as i8;
    }
    model
});

/// How like a name a word sounds, in eight steps.
fn sound(word: &[u8]) -> usize {
    let model = &*MODEL;
    let mut sum = 0i32;
    words::trigrams(word, TRIGRAMS, |k| sum += i32::from(model.sounds[k]));
    (sum / 20 + 4).clamp(0, features::SOUNDS as i32 - 1) as usize
}

/// From this confidence on a name is reported.
const REPORTED: f32 = 0.4;

/// The words around a place, each with its chance of being part of a name, computed once.
struct Chances<'a> {
    bytes: &'a [u8],
    w: Window,
    first: [Option<f32>; tokens::ALL],
}

impl Chances<'_> {
    /// The first step's sum for the token `i`; `None` where there is no word that can be a name.
    fn first(&mut self, i: usize) -> Option<f32> {
        if !is_candidate(self.bytes, self.w.get(i)?) {
            return None;
        }
        if self.first[i].is_none() {
            let (mut sum, weights) = (0.0, &MODEL.weights);
            features(self.bytes, &self.w, i, sound, |k| sum += weights[k]);
            self.first[i] = Some(sum);
        }
        self.first[i]
    }

    /// How likely the token `i` is part of a person's name, 0..1.
    fn likely(&mut self, i: usize) -> f32 {
        let Some(mine) = self.first(i) else { return 0.0 };
        let before = partner_before(self.bytes, &self.w, i).and_then(|k| self.first(k));
        let after = partner_after(self.bytes, &self.w, i).and_then(|k| self.first(k));
        let Some(t) = self.w.get(i) else { return 0.0 };
        let sum: f32 = mine + features::second(self.bytes, t, mine, before, after).iter().map(|k| MODEL.second[*k]).sum::<f32>();
        1.0 / (1.0 + (-sum).exp())
    }
}

fn is_candidate(bytes: &[u8], t: &Token) -> bool {
    t.is_capital() && !t.marked && !is_bare_title(t.word(bytes))
}

/// Whether a name may start at `p`: a capitalised word that is no ordinary one. Never inside a word.
pub(super) fn may_start(bytes: &[u8], p: usize) -> bool {
    if !tokens::is_capital_at(bytes, p) || !tokens::word_starts(bytes, p) {
        return false;
    }
    // The first part of the word, up to a hyphen or apostrophe, if that is plain.
    let rest = &bytes[p..];
    let letters = rest.iter().take(tokens::LONGEST).take_while(|b| b.is_ascii_alphabetic()).count();
    let behind = rest.get(letters).copied().unwrap_or(b' ');
    match behind {
        b'0'..=b'9' | b'_' => false,
        b'\'' | b'-' => {
            let joined = rest[letters + 1..].iter().take(tokens::LONGEST);
            let end = joined.take_while(|b| b.is_ascii_alphabetic() || !b.is_ascii() || matches!(b, b'\'' | b'-')).count();
            // `HB-JKT-046` is the code of something.
            rest.get(letters + 1).is_some_and(|b| b.is_ascii_alphabetic() || !b.is_ascii())
                && !rest.get(letters + 1 + end).is_some_and(u8::is_ascii_digit)
        }
        0x80.. => true,
        // An initial has a name behind it.
        _ if letters == 1 => match behind {
            b'.' | b' ' => rest.iter().skip(letters + 1).take(2).any(|b| b.is_ascii_uppercase() || !b.is_ascii()),
            _ => false,
        },
        // A cell of one word names nobody by itself.
        _ if letters == tokens::LONGEST || p == 0 && letters == rest.len() => false,
        _ => {
            if !is_written_as_name(&rest[..letters]) {
                return false;
            }
            let word = words::find(&rest[..letters]);
            // What no list knows is one only where text runs: `Mozilla/5.0` is not.
            let runs = || matches!(behind, b' ' | b',' | b'.' | b';' | b':' | b')' | b'"' | b'\n' | b'\r' | b'<' | b'?' | b'!' | b'|');
            may_name(&rest[..letters], word) && (word.name() > 0 || runs())
        }
    }
}

/// Whether a name may begin with the token `word`, unless a hyphen, an apostrophe or a letter beyond ASCII goes on with it.
pub(super) fn may_be_first(word: &[u8]) -> bool {
    match word {
        [_] => true,
        _ if !word.iter().all(u8::is_ascii_alphabetic) => false,
        _ => is_written_as_name(word) && may_name(word, words::find(word)),
    }
}

/// `WORD` or `Word`, or with at most two more capitals: `McDonald`, `DeShawn`. `word`: letters of ASCII, a capital first.
fn is_written_as_name(word: &[u8]) -> bool {
    let small = word[1..].iter().filter(|b| b.is_ascii_lowercase()).count();
    small == 0 || small + 1 == word.len() || word.len() > 3 && small + 3 >= word.len()
}

/// Whether a name may begin with a word of which the dictionary knows this.
fn may_name(word: &[u8], known: words::Word) -> bool {
    let small = || word[1..].iter().any(u8::is_ascii_lowercase);
    match known.name() {
        _ if is_ordinary(known) => false,
        0 => small(),
        1 => small() || word.len() > 3,
        _ => true,
    }
}

/// A word that begins no name, whatever stands around it.
fn is_ordinary(w: words::Word) -> bool {
    match w.common() {
        5 => w.given() < 3 && w.family() < 5,
        4 => w.name() < 3,
        3 => w.name() < 2,
        _ => is_bare_title(w),
    }
}

/// The end of the name that starts at `p` and its confidence.
#[cfg_attr(not(test), allow(dead_code, reason = "the engine asks in two steps; the training's program in one"))]
pub(super) fn at(bytes: &[u8], p: usize) -> Option<(usize, f32)> {
    if may_start(bytes, p) { begun(bytes, p) } else { None }
}

/// The same where one may start.
pub(super) fn begun(bytes: &[u8], p: usize) -> Option<(usize, f32)> {
    let mut chances = Chances { bytes, w: Window::around(bytes, p)?, first: [None; tokens::ALL] };
    let here = chances.w.at;
    let bare = is_bare(bytes, &chances.w);
    if bare && chances.w.get(here).is_none_or(|t| t.word(bytes).given() < 3) {
        return None;
    }
    // What the second step cannot make good.
    if chances.first(here).is_none_or(|sum| sum < HOPELESS) {
        return None;
    }
    let first = chances.likely(here);
    if first < REPORTED {
        return None;
    }
    // The middle of a name is no start.
    if partner_before(bytes, &chances.w, here).is_some_and(|k| chances.likely(k) >= REPORTED) {
        return None;
    }
    let (mut end, mut sum, mut n) = (chances.w.get(here)?.end, first, 1);
    let mut i = here + 1;
    while n < MOST {
        // `van`, `de la`: part of the name where a name follows.
        let Some(next) = partner_after(bytes, &chances.w, i - 1) else { break };
        let suffix = next == i && chances.w.get(i).is_some_and(|t| t.word(bytes).is(Role::Suffix));
        let p = chances.likely(next);
        if p < REPORTED && !suffix {
            break;
        }
        sum += p.max(REPORTED);
        n += 1;
        end = chances.w.get(next)?.end;
        i = next + 1;
    }
    // `Mark::new`.
    if bytes[end..].starts_with(b"::") {
        return None;
    }
    let w = &chances.w;
    if n > 1 && w.get(i - 1).is_some_and(|t| t.shape == Shape::Initial || t.word(bytes).is(Role::Suffix)) && bytes.get(end) == Some(&b'.') {
        end += 1;
    }
    let words = || (here..i).filter_map(|k| w.get(k)).filter(|t| t.is_capital());
    // Initials alone name nobody.
    if words().all(|t| t.shape == Shape::Initial) {
        return None;
    }
    let strong = |t: &Token, level: usize| {
        t.word(bytes).name() >= level && t.word(bytes).place() < 2 && (t.word(bytes).common() < 4 || t.word(bytes).name() == 5)
    };
    let mut confidence = (sum / n as f32).min(0.99);
    // All in capitals, as codes and headings are: both a given and a family name, or a title before.
    if words().all(|t| t.shape == Shape::Caps) && !(n > 1 && words().all(|t| strong(t, 2))) && !is_titled(bytes, w) {
        confidence = confidence.min(UNSURE);
    }
    // `Dockside rubber boots`: the first word of a title is written large whatever it is.
    let heads_title = w.at == 0 && w.text_start && bytes.len() <= tokens::BACK && !bytes.iter().any(|b| b".!?:,".contains(b));
    if n == 1 && heads_title && w.get(here).is_some_and(|t| t.word(bytes).given() < 3) {
        confidence = confidence.min(UNSURE);
    }
    // `Abraham Lincoln Street`, `Johnson Controls`, `San Antonio`, `North Augusta`: part of something else.
    let behind = w.get(i).filter(|t| adjacent(t) && t.is_capital()).map(|t| t.word(bytes));
    if behind.is_some_and(|b| b.name() < 3 && (b.is(Role::Street) || b.is(Role::Org))) || is_named_after(bytes, w) {
        confidence = confidence.min(UNSURE);
    }
    // Nothing but capitalised words, as in a cell: only a given name with a family name behind it is one of a person there.
    let certain = || {
        n > 1
            && words().next().is_some_and(|t| t.word(bytes).given() >= 3 && strong(t, 3) && !t.word(bytes).is(Role::Title))
            && words().last().is_some_and(|t| strong(t, 2))
    };
    if bare && !certain() {
        confidence = confidence.min(UNSURE);
    }
    Some((end, confidence))
}

/// Below this sum of the first step no word is part of a name.
const HOPELESS: f32 = -5.0;

/// The most words of a name, particles aside.
const MOST: usize = 5;

/// What is not reported without more.
const UNSURE: f32 = 0.3;

/// Whether the word before makes a place of the name: `San`, `New`, `Fort`, `North`.
fn is_named_after(bytes: &[u8], w: &Window) -> bool {
    const WORDS: [&[u8]; 12] = [b"san", b"santa", b"santo", b"new", b"fort", b"ft", b"mount", b"mt", b"port", b"los", b"las", b"saint"];
    let before = w.at.checked_sub(1).and_then(|k| w.get(k)).filter(|b| b.is_capital() && w.get(w.at).is_some_and(adjacent));
    before.is_some_and(|b| b.word(bytes).is(Role::Place) || WORDS.iter().any(|x| bytes[b.start..b.end].eq_ignore_ascii_case(x)))
}

/// Whether the text is nothing but a few capitalised words, none of them a title.
fn is_bare(bytes: &[u8], w: &Window) -> bool {
    let plain = |t: &Token| {
        t.is_capital()
            && !is_bare_title(t.word(bytes))
            && (t.gap == Gap::Blank || t.gap == Gap::Comma || w.get(0).is_some_and(|first| first.start == t.start))
    };
    w.text_start && w.text_end && bytes.len() <= tokens::BACK && (0..).map_while(|k| w.get(k)).all(plain)
}

/// Whether a title stands before the place.
fn is_titled(bytes: &[u8], w: &Window) -> bool {
    w.at > 0 && w.get(w.at).is_some_and(adjacent) && w.get(w.at - 1).is_some_and(|t| t.word(bytes).is(Role::Title))
}

/// Whether a word is a country, a state or a large city, or part of its name.
pub(super) fn is_place(word: &[u8]) -> bool {
    words::find(word).place() == 2
}

/// Whether these words name a thing or an organisation: all are ordinary words or places and none is a common given name (`Blue Chair`), or one
/// is what organisations are called by (`Acme Store`).
pub(super) fn is_thing(words: &[u8]) -> bool {
    let mut all = true;
    let mut any = false;
    let parts = || words.split(|b| matches!(b, b' ' | b',' | b'.' | b'-')).filter(|w| !w.is_empty());
    // `Art Wood`, `Rich Little`: words of the language, and a given name with a family name behind it.
    if let (Some(first), Some(last)) = (parts().next(), parts().skip(1).last())
        && words::find(first).given() >= 2
        && words::find(last).family() >= 2
    {
        return false;
    }
    for word in parts() {
        let w = words::find(word);
        if w.is(Role::Org) && w.name() < 3 {
            return true;
        }
        all &= w.given() < 3 && (w.common() >= 3 || w.place() >= 2) && word.len() > 1;
        any = true;
    }
    all && any
}

/// Whether all these words are ordinary ones, none of which names a person.
pub(super) fn are_ordinary(words: &[u8]) -> bool {
    words.split(|b| matches!(b, b' ' | b',' | b'-')).filter(|w| !w.is_empty()).all(|word| is_ordinary(words::find(word)))
}

/// Whether a word is one of the language rather than a name.
pub(super) fn is_word_of_language(word: &[u8]) -> bool {
    let known = words::find(word);
    known.common() >= 2 && known.name() < 3
}

/// For the training: all capitalised words of a text with their features.
#[allow(dead_code, reason = "the training's program uses it")]
pub(super) fn examples(bytes: &[u8], mut put: impl FnMut(&str)) {
    for p in 0..bytes.len() {
        if !tokens::is_capital_at(bytes, p) || !tokens::word_starts(bytes, p) {
            continue;
        }
        let Some(w) = Window::around(bytes, p) else { continue };
        let Some(t) = w.get(w.at).filter(|t| is_candidate(bytes, t)) else { continue };
        let mut list = Vec::new();
        features(bytes, &w, w.at, sound, |k| list.push(k));
        let list: Vec<String> = list.iter().map(usize::to_string).collect();
        let kind = features::second(bytes, t, 0.0, None, None)[1] - features::SECOND[0].1;
        let partner = partner_before(bytes, &w, w.at).and_then(|k| w.get(k)).map_or(t.end, |b| b.start);
        put(&format!("{} {} {} {} {}", t.start, t.end, partner, kind, list.join(",")));
    }
}

/// For the training: the blocks of both steps.
#[allow(dead_code, reason = "the training's program uses it")]
pub(super) fn blocks() -> impl Iterator<Item = &'static (&'static str, usize)> {
    features::BLOCKS.iter().chain(&features::SECOND)
}

#[cfg(test)]
mod tests;
