//! The built-in classifiers, as the build read their files: see [`Writer`](super::written::Writer) for the order of what is read here.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::definition::{Classifier, Context, PatternDef, SeverityLevel};
use super::known::TestValues;
use super::validators::Validator;
use super::written::Written;

/// The built-in files, by id: path below the folder, text.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// All but their examples, in the same order.
static NUMBERS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/definitions.bin"));
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/definitions.txt"));

/// The built-in files, by id: path below the folder, text.
#[cfg(test)]
pub(super) fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The weights of what tells names, as `names::weights` wrote them down.
pub(super) fn weights_of_names() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/weights.bin"))
}

/// The built-in classifiers, by id.
pub(super) fn classifiers() -> Vec<Classifier> {
    let mut written = Written::new(NUMBERS, TEXT);
    let mut all = Vec::with_capacity(FILES.len());
    all.extend(FILES.iter().map_while(|(_, text)| classifier(&mut written, text)));
    // A test reads every built-in file: no build with a broken one passes.
    assert!(all.len() == FILES.len() && written.is_empty(), "a built-in classifier is broken");
    all
}

/// What a file names by a word.
fn named<T: Deserialize<'static>>(word: &'static str) -> Option<T> {
    let word: StrDeserializer<'static, Error> = word.into_deserializer();
    T::deserialize(word).ok()
}

fn list(w: &mut Written) -> Option<Vec<String>> {
    w.many(|w| w.word().map(str::to_owned))
}

fn texts(w: &mut Written) -> Option<Vec<Cow<'static, str>>> {
    w.many(|w| w.word().map(Cow::Borrowed))
}

/// Where a file says nothing, what `T` is without it.
fn choice<T: Deserialize<'static> + Default>(w: &mut Written) -> Option<T> {
    w.maybe(|w| named(w.word()?)).map(Option::unwrap_or_default)
}

fn pattern(w: &mut Written) -> Option<PatternDef> {
    Some(PatternDef {
        name: Cow::Borrowed(w.word()?),
        regex: Cow::Borrowed(w.maybe(Written::word)?.unwrap_or_default()),
        finder: w.maybe(|w| named(w.word()?))?,
        validator: w.maybe(|w| Validator::from_name(w.word()?))?,
        edges: choice(w)?,
        requires: choice(w)?,
        separator: choice(w)?,
        columns: texts(w)?,
        labels: texts(w)?,
        confidence: f32::from_bits(w.number()?),
    })
}

fn context(w: &mut Written) -> Option<Context> {
    Some(Context {
        keywords: texts(w)?,
        labels: texts(w)?,
        columns: texts(w)?,
        against: texts(w)?,
        columns_against: texts(w)?,
        beside: texts(w)?,
        within: w.maybe(Written::number)?,
        distance: w.maybe(Written::number)?,
    })
}

/// The next classifier; `source`: its file.
fn classifier(w: &mut Written, source: &'static str) -> Option<Classifier> {
    let [id, title, element] = [w.word()?, w.word()?, w.word()?].map(str::to_owned);
    let (severity, identity) = (named(w.word()?)?, named(w.word()?)?);
    let (references, test_values, ignore) = (list(w)?, list(w)?, list(w)?);
    let level = |w: &mut Written| Some(SeverityLevel { occurrences: w.number()?.into(), severity: named(w.word()?)? });
    let severity_levels = w.many(level)?;
    let known_as = w.many(|w| Some((w.word()?.to_owned(), list(w)?)))?.into_iter().collect();
    let (patterns, mut context) = (w.many(pattern)?, context(w)?);
    context.within = context.within.or(context.reach());
    let steps = w.many(|w| named(w.word()?))?;
    Some(Classifier {
        id,
        title,
        element,
        severity,
        severity_levels,
        identity,
        known_as,
        references,
        source: Cow::Borrowed(source),
        patterns,
        context,
        test_values: TestValues::new(test_values, &steps),
        steps,
        ignore,
        own: false,
        examples: Default::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::written::Writer;

    #[test]
    fn what_the_build_wrote_is_what_the_program_writes() {
        let mut writer = Writer::default();
        for (path, text) in FILES {
            let file: toml::Table = toml::from_str(text).unwrap();
            assert_eq!(writer.file(&file), Ok(()), "{path}");
        }
        assert!(writer.numbers == NUMBERS && writer.text == TEXT);
        assert!(classifiers().iter().map(|c| &c.id).is_sorted());
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        let id = |of: &mut Written| classifier(of, "").map(|c| c.id);
        let mut written = Written::new(NUMBERS, TEXT);
        let ids: Vec<String> = std::iter::from_fn(|| id(&mut written)).collect();
        assert_eq!(ids[0].replace('.', "/") + ".toml", FILES[0].0);
        for n in 0..600 {
            for mut cut in [Written::new(&NUMBERS[..n], TEXT), Written::new(NUMBERS, TEXT.get(..n).unwrap_or_default())] {
                let read: Vec<String> = std::iter::from_fn(|| id(&mut cut)).collect();
                assert!(read.len() < ids.len() && ids.starts_with(&read), "{n}: {read:?}");
            }
        }
    }

    #[test]
    fn what_the_build_cannot_write_is_refused() {
        let good = FILES.iter().find(|f| f.0 == "us/ssn.toml").unwrap().1;
        for (old, new, says) in [
            ("severity = \"critical\"", "severity = 1", "severity"),
            ("confidence = 0.85", "confidence = \"high\"", "confidence"),
            ("steps = [\"digits\", \"nine\"]", "steps = [1]", "list of words"),
            ("[context]", "[[context]]", "context"),
        ] {
            let file: toml::Table = toml::from_str(&good.replacen(old, new, 1)).unwrap();
            let refused = Writer::default().file(&file).unwrap_err();
            assert!(good.contains(old) && refused.contains(says), "{new}: {refused}");
        }
    }
}
