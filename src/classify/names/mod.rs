//! Names of persons in running text.

mod features;
mod tokens;
mod words;

use std::sync::LazyLock;

use features::{FEATURES, adjacent, features, is_bare_title};
use tokens::{Shape, Token, Window};
use words::Role;

/// The weights of all features, and how like a name three letters in a row are.
struct Model {
    weights: [f32; FEATURES],
    sounds: [i8; TRIGRAMS],
}

const TRIGRAMS: usize = 4096;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let mut model = Model { weights: [0.0; FEATURES], sounds: [0; TRIGRAMS] };
    for line in include_str!("weights.tsv").lines() {
        let mut parts = line.split('\t');
        if let (Some(block), Some(index), Some(weight)) = (parts.next(), parts.next(), parts.next())
            && let (Ok(index), Ok(weight)) = (index.parse(), weight.parse())
            && let Some(n) = features::number(block, index)
        {
            model.weights[n] = weight;
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
    let (mut sum, mut n) = (0i32, 0i32);
    words::trigrams(word, TRIGRAMS, |k| {
        sum += i32::from(model.sounds[k]);
        n += 1;
    });
    // In sixteenths of a unit; the sum counts, for long words less.
    (sum / (6 + n) + 4).clamp(0, features::SOUNDS as i32 - 1) as usize
}

/// From this confidence on a name is reported.
const REPORTED: f32 = 0.4;

/// How likely the token `i` is part of a person's name.
fn likely(bytes: &[u8], w: &Window, i: usize) -> f32 {
    match w.get(i) {
        Some(t) if t.is_capital() && !is_bare_title(t.word) && !t.marked => {}
        _ => return 0.0,
    }
    let mut sum = 0.0;
    let weights = &MODEL.weights;
    features(bytes, w, i, sound, |k| sum += weights[k]);
    1.0 / (1.0 + (-sum).exp())
}

/// Whether a name may start at `p`: a capitalised word that is no ordinary one.
pub(super) fn may_start(bytes: &[u8], p: usize) -> bool {
    tokens::is_capital_at(bytes, p) && tokens::word_starts(bytes, p)
}

/// The end of the name that starts at `p` and its confidence.
pub(super) fn at(bytes: &[u8], p: usize) -> Option<(usize, f32)> {
    if !may_start(bytes, p) {
        return None;
    }
    let w = Window::around(bytes, p)?;
    let first = likely(bytes, &w, w.at);
    if first < REPORTED {
        return None;
    }
    // The middle of a name is no start.
    if w.get(w.at).is_some_and(adjacent) && w.at > 0 && likely(bytes, &w, w.at - 1) >= REPORTED {
        return None;
    }
    let (mut end, mut sum, mut n) = (w.get(w.at)?.end, first, 1);
    let mut i = w.at + 1;
    while n < 5 {
        let Some(t) = w.get(i).filter(|t| adjacent(t)) else { break };
        // `van`, `de la`: part of the name where a name follows.
        let particles = (i..i + 3).take_while(|k| w.get(*k).is_some_and(|t| adjacent(t) && t.shape == Shape::Lower && t.word.is(Role::Particle))).count();
        let next = i + particles;
        if particles > 0 && !w.get(next).is_some_and(|t| adjacent(t) && t.shape == Shape::Title) {
            break;
        }
        let p = likely(bytes, &w, next);
        if p < REPORTED && !(particles == 0 && is_suffix(t)) {
            break;
        }
        sum += p.max(REPORTED);
        n += 1;
        end = w.get(next)?.end;
        i = next + 1;
    }
    if w.get(i - 1).is_some_and(|t| t.shape == Shape::Initial || t.word.is(Role::Suffix)) && bytes.get(end) == Some(&b'.') && n > 1 {
        end += 1;
    }
    Some((end, (sum / n as f32).min(0.99)))
}

fn is_suffix(t: &Token) -> bool {
    t.is_capital() && t.word.is(Role::Suffix)
}

/// For the training: all capitalised words of a text with their features.
#[allow(dead_code, reason = "the training's program uses it")]
pub(super) fn examples(bytes: &[u8], mut put: impl FnMut(usize, usize, &[usize])) {
    for p in 0..bytes.len() {
        if !may_start(bytes, p) {
            continue;
        }
        let Some(w) = Window::around(bytes, p) else { continue };
        let Some(t) = w.get(w.at).filter(|t| t.is_capital() && !is_bare_title(t.word) && !t.marked) else { continue };
        let mut list = Vec::new();
        features(bytes, &w, w.at, sound, |k| list.push(k));
        put(t.start, t.end, &list);
    }
}

/// For the training: a feature's block and index.
#[allow(dead_code, reason = "the training's program uses it")]
pub(super) fn blocks() -> &'static [(&'static str, usize)] {
    &features::BLOCKS
}
