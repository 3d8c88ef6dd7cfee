//! What of a word and its neighbours is weighed: numbers of features, in named blocks.
//!
//! The same code gives the features to the training (`tests/generate/names/features.rs`) and to the program, so that they cannot differ.

use super::tokens::{GAPS, Gap, Shape, Token, Window};
use super::words::{ROLES, Role, Word};

/// A block of features: its name in `weights.tsv` and how many it has.
pub(super) const BLOCKS: [(&str, usize); COUNT] = [
    ("bias", 1),
    ("given.common", 36),
    ("family.common", 36),
    ("given.family", 36),
    ("place.name", 24),
    ("role", ROLES),
    ("shape.kind", 6 * OWN),
    ("length.kind", 6 * OWN),
    ("before", GAPS * KINDS),
    ("after", GAPS * KINDS),
    ("before.kind", GAPS * KINDS * OWN),
    ("after.kind", GAPS * KINDS * OWN),
    ("before2", GAPS * KINDS),
    ("after2", GAPS * KINDS),
    ("before2.before", KINDS * KINDS),
    ("after.after2", KINDS * KINDS),
    ("around", KINDS * OWN * KINDS),
    ("run", 6 * 4 * OWN),
    ("run.evidence", 6 * 16),
    ("run.last", KINDS * 2),
    ("run.first", KINDS * 2),
    ("run.ends", GAPS * KINDS),
    ("mail", 2),
    ("edges", 4 * OWN),
    ("sound", SOUNDS * OWN),
    ("pair before", 36 * 4),
    ("pair after", 36 * 4),
];
const COUNT: usize = 27;

#[derive(Clone, Copy)]
enum Block {
    Bias,
    GivenCommon,
    FamilyCommon,
    GivenFamily,
    PlaceName,
    Role,
    ShapeKind,
    LengthKind,
    Before,
    After,
    BeforeKind,
    AfterKind,
    Before2,
    After2,
    Before2Before,
    AfterAfter2,
    Around,
    Run,
    RunEvidence,
    RunLast,
    RunFirst,
    RunEnds,
    Mail,
    Edges,
    Sound,
    PairBefore,
    PairAfter,
}

/// The second step's blocks: what the chances of the words beside it, by the first step alone, say of a word.
pub(super) const SECOND: [(&str, usize); 3] =
    [("chances", CHANCES * BESIDE * BESIDE), ("kind.chance before", OWN * BESIDE), ("kind.chance after", OWN * BESIDE)];

/// Steps of a word's own chance, and of that of a word beside it, 0 for none.
const CHANCES: usize = 8;
const BESIDE: usize = 7;

/// How many features the second step has.
pub(super) const SECOND_FEATURES: usize = SECOND[0].1 + SECOND[1].1 + SECOND[2].1;

/// Gives the second step's features of a word: `mine`, `before` and `after` are first sums, the latter of words that stand
/// directly beside it.
pub(super) fn second(bytes: &[u8], t: &Token, mine: f32, before: Option<f32>, after: Option<f32>) -> [usize; 3] {
    let step = |x: f32| (x / 1.5 + 4.0).clamp(0.0, CHANCES as f32 - 1.0) as usize;
    let beside = |x: Option<f32>| x.map_or(0, |x| 1 + (x / 1.5 + 3.0).clamp(0.0, BESIDE as f32 - 2.0) as usize);
    let (b, a, kind) = (beside(before), beside(after), own(bytes, t));
    [(step(mine) * BESIDE + b) * BESIDE + a, SECOND[0].1 + kind * BESIDE + b, SECOND[0].1 + SECOND[1].1 + kind * BESIDE + a]
}

/// The number of a feature of the second step by its block's name.
pub(super) fn second_number(block: &str, index: usize) -> Option<usize> {
    let b = SECOND.iter().position(|b| b.0 == block)?;
    (index < SECOND[b].1).then(|| SECOND[..b].iter().map(|b| b.1).sum::<usize>() + index)
}

/// Where each block begins, and how many features there are.
const STARTS: [usize; COUNT + 1] = {
    let mut starts = [0; COUNT + 1];
    let mut i = 0;
    while i < COUNT {
        starts[i + 1] = starts[i] + BLOCKS[i].1;
        i += 1;
    }
    starts
};

/// How many features there are.
pub(super) const FEATURES: usize = STARTS[COUNT];

/// The number of a feature by its block's name.
pub(super) fn number(block: &str, index: usize) -> Option<usize> {
    let b = BLOCKS.iter().position(|b| b.0 == block)?;
    (index < BLOCKS[b].1).then(|| STARTS[b] + index)
}

/// Kinds of capitalised words.
const OWN: usize = 12;
/// Kinds of neighbours: those, small words by role, numbers, other things, none.
const KINDS: usize = OWN + ROLES + 3;
const NUMBER: usize = OWN + ROLES;
const OTHER: usize = NUMBER + 1;
const NONE: usize = NUMBER + 2;

/// How like a name a word sounds, in steps.
pub(super) const SOUNDS: usize = 8;

/// What sort of capitalised word it is.
fn own(bytes: &[u8], t: &Token) -> usize {
    let w = t.word(bytes);
    let role = w.role();
    if t.shape == Shape::Initial {
        9
    } else if [Role::Org as usize, Role::Street as usize, Role::Work2 as usize, Role::Place as usize].contains(&role)
        && w.given() < 3
        && w.family() < 4
    {
        10
    } else if role != 0 && w.name() < 3 {
        11
    } else if w.place() >= 2 {
        if w.name() >= 3 { 3 } else { 6 }
    } else if w.common() >= 3 {
        if w.name() >= 3 { 2 } else { 5 }
    } else if w.given() >= 3 {
        0
    } else if w.family() >= 3 {
        1
    } else if w.name() >= 1 {
        4
    } else if w.place() == 1 {
        6
    } else if w.common() > 0 {
        7
    } else {
        8
    }
}

/// What sort of neighbour it is.
fn kind(bytes: &[u8], t: Option<&Token>) -> usize {
    match t {
        None => NONE,
        Some(t) => match t.shape {
            Shape::Title | Shape::Caps | Shape::Initial if is_title(t.word(bytes)) => OWN + Role::Title as usize,
            Shape::Title | Shape::Caps | Shape::Initial => own(bytes, t),
            Shape::Lower => OWN + t.word(bytes).role(),
            Shape::Number => NUMBER,
            Shape::Odd => OTHER,
        },
    }
}

fn is_title(w: Word) -> bool {
    w.is(Role::Title) && w.name() < 4
}

/// Whether `b` follows `a` (its gap is that before it) within one run of capitalised words.
pub(super) fn adjacent(b: &Token) -> bool {
    b.gap == Gap::Blank && !b.marked
}

fn is_particle(bytes: &[u8], w: &Window, i: usize) -> bool {
    w.get(i).is_some_and(|t| t.shape == Shape::Lower && adjacent(t) && t.word(bytes).is(Role::Particle))
}

/// The most particles in a row: `van de la`.
const PARTICLES: usize = 3;

/// The capitalised word that the token `i` directly follows, `van` and the like between them passed over.
pub(super) fn partner_before(bytes: &[u8], w: &Window, i: usize) -> Option<usize> {
    if !w.get(i).is_some_and(adjacent) {
        return None;
    }
    let mut k = i.checked_sub(1)?;
    while i - k <= PARTICLES && k > 0 && is_particle(bytes, w, k) {
        k -= 1;
    }
    w.get(k).is_some_and(Token::is_capital).then_some(k)
}

/// The capitalised word that directly follows the token `i`, likewise.
pub(super) fn partner_after(bytes: &[u8], w: &Window, i: usize) -> Option<usize> {
    let mut k = i + 1;
    while k - i <= PARTICLES && is_particle(bytes, w, k) {
        k += 1;
    }
    w.get(k).is_some_and(|t| adjacent(t) && t.is_capital()).then_some(k)
}

/// Titles that are never part of a name.
pub(super) fn is_bare_title(w: Word) -> bool {
    w.is(Role::Title) && w.name() < 3
}

/// Gives the numbers of all features of the token `i` of the window to `put`.
pub(super) fn features(bytes: &[u8], w: &Window, i: usize, sound: impl Fn(&[u8]) -> usize, mut put: impl FnMut(usize)) {
    let Some(t) = w.get(i) else { return };
    let mut put = |b: Block, k: usize| {
        debug_assert!(k < BLOCKS[b as usize].1, "{}: {k}", BLOCKS[b as usize].0);
        put(STARTS[b as usize] + k.min(BLOCKS[b as usize].1 - 1));
    };
    let word = t.word(bytes);
    let (before, before2) = (i.checked_sub(1).and_then(|k| w.get(k)), i.checked_sub(2).and_then(|k| w.get(k)));
    let (after, after2) = (w.get(i + 1), w.get(i + 2));
    let mine = own(bytes, t);
    put(Block::Bias, 0);
    put(Block::GivenCommon, word.given() * 6 + word.common());
    put(Block::FamilyCommon, word.family() * 6 + word.common());
    put(Block::GivenFamily, word.given() * 6 + word.family());
    put(Block::PlaceName, word.place() * 6 + word.name());
    put(Block::Role, word.role());
    put(Block::ShapeKind, mine * 6 + shape(t, bytes));
    put(Block::LengthKind, mine * 6 + ((t.end - t.start).clamp(1, 12) - 1) / 2);
    let gap_before = t.gap as usize;
    let gap_after = after.map_or(Gap::Mark as usize, |t| t.gap as usize);
    let (kb, ka) = (kind(bytes, before), kind(bytes, after));
    put(Block::Before, gap_before * KINDS + kb);
    put(Block::After, gap_after * KINDS + ka);
    put(Block::BeforeKind, (gap_before * KINDS + kb) * OWN + mine);
    put(Block::AfterKind, (gap_after * KINDS + ka) * OWN + mine);
    let gap_before2 = before.map_or(Gap::Mark as usize, |t| t.gap as usize);
    let gap_after2 = after2.map_or(Gap::Mark as usize, |t| t.gap as usize);
    put(Block::Before2, gap_before2 * KINDS + kind(bytes, before2));
    put(Block::After2, gap_after2 * KINDS + kind(bytes, after2));
    let near = |gap: usize, k: usize| if gap == Gap::Blank as usize { k } else { NONE };
    if gap_before <= Gap::Colon as usize {
        put(Block::Before2Before, near(gap_before2, kind(bytes, before2)) * KINDS + kb);
    }
    if gap_after == Gap::Blank as usize {
        put(Block::AfterAfter2, ka * KINDS + near(gap_after2, kind(bytes, after2)));
    }
    put(Block::Around, (near(gap_before, kb) * OWN + mine) * KINDS + near(gap_after, ka));

    // A given and a family name side by side.
    let pair = |given: Word, family: Word| {
        let ordinary =
            usize::from(given.common() >= 4 || given.place() >= 2) * 2 + usize::from(family.common() >= 4 || family.place() >= 2);
        ordinary * 36 + given.given() * 6 + family.family()
    };
    if let Some(b) = partner_before(bytes, w, i).and_then(|k| w.get(k)) {
        put(Block::PairBefore, pair(b.word(bytes), word));
    }
    if let Some(a) = partner_after(bytes, w, i).and_then(|k| w.get(k)) {
        put(Block::PairAfter, pair(word, a.word(bytes)));
    }

    // The run of capitalised words around it.
    let (mut first, mut last) = (i, i);
    while first > 0 && w.get(first).is_some_and(adjacent) && w.get(first - 1).is_some_and(Token::is_capital) {
        first -= 1;
    }
    while w.get(last + 1).is_some_and(|t| adjacent(t) && t.is_capital()) {
        last += 1;
    }
    let length = (last - first).min(5);
    let position = usize::from(i > first) * 2 + usize::from(i < last);
    put(Block::Run, (length * 4 + position) * OWN + mine);
    let any = |test: &dyn Fn(Word) -> bool| (first..=last).filter(|k| *k != i).filter_map(|k| w.get(k)).any(|t| test(t.word(bytes)));
    let org = any(&|w| w.is(Role::Org) && w.given() < 4);
    let given = any(&|w| w.given() >= 3 && w.common() < 4 && w.place() < 2);
    let family = any(&|w| w.family() >= 3 && w.common() < 4 && w.place() < 2);
    let place = any(&|w| w.place() >= 2 && w.name() < 3);
    let flags = usize::from(org) | usize::from(given) << 1 | usize::from(family) << 2 | usize::from(place) << 3;
    put(Block::RunEvidence, length * 16 + flags);
    put(Block::RunLast, kind(bytes, w.get(last)) * 2 + usize::from(last == i));
    put(Block::RunFirst, kind(bytes, w.get(first)) * 2 + usize::from(first == i));
    let behind = w.get(last + 1);
    put(Block::RunEnds, behind.map_or(Gap::Mark as usize, |t| t.gap as usize) * KINDS + kind(bytes, behind));
    if t.end - t.start >= 3 && w.has_mail(bytes) && in_mail_address(bytes, w, t) {
        put(Block::Mail, 1);
    }
    let edges = usize::from(first == 0 && w.text_start) * 2 + usize::from(w.text_end && w.get(last + 1).is_none());
    put(Block::Edges, edges * OWN + mine);
    if matches!(t.shape, Shape::Title | Shape::Caps) {
        put(Block::Sound, sound(&bytes[t.start..t.end]).min(SOUNDS - 1) * OWN + mine);
    }
}

fn shape(t: &Token, bytes: &[u8]) -> usize {
    match t.shape {
        Shape::Caps => 0,
        Shape::Initial => 1,
        _ if t.marked => 2,
        _ if bytes[t.start..t.end].contains(&b'-') => 3,
        _ if !bytes[t.start..t.end].is_ascii() || bytes[t.start..t.end].contains(&b'\'') => 4,
        _ => 5,
    }
}

/// Whether an e-mail address stands near whose first part holds the word.
fn in_mail_address(bytes: &[u8], w: &Window, t: &Token) -> bool {
    let (from, to) = (w.from, w.to);
    let word = &bytes[t.start..t.end];
    let mut i = from;
    while let Some(at) = bytes[i..to].iter().position(|b| *b == b'@').map(|n| i + n) {
        let local = bytes[from..at].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || b"._+-".contains(b)).count();
        if bytes[at - local..at].windows(word.len()).any(|w| w.eq_ignore_ascii_case(word)) {
            return true;
        }
        i = at + 1;
    }
    false
}
