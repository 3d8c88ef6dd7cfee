//! Whether an answer in XML came to its end.
//!
//! Parsers that ask for the next element find none in a document that was cut off, and give what came before: half a page of keys
//! is a page to them, and the last one where the mark that more follow is missing. So the end is looked at before.

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Whether a document, if it is XML at all, has the end of its first element and nothing unfinished behind it. Nothing at all is the
/// beginning of something.
pub(super) fn is_whole(text: &[u8]) -> bool {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if rest.first() != Some(&b'<') {
        return !rest.is_empty();
    }
    let (mut depth, mut seen) = (0u64, false);
    while let Some(at) = rest.iter().position(|b| *b == b'<') {
        rest = &rest[at..];
        let Some((len, step)) = markup(rest, true) else { return false };
        depth = match step {
            Step::In => depth + 1,
            Step::Out if depth == 0 => return false,
            Step::Out => depth - 1,
            Step::Over | Step::Beside => depth,
        };
        seen |= !matches!(step, Step::Beside);
        rest = &rest[len..];
    }
    seen && depth == 0
}

/// Where a piece of markup leads: into an element, out of one, over an empty one, or past something else.
enum Step {
    In,
    Out,
    Over,
    Beside,
}

/// The length of the markup that a text begins with; `None` if it does not end. Within a declaration there may be others, one deep.
fn markup(text: &[u8], nested: bool) -> Option<(usize, Step)> {
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if let Some(inner) = text.strip_prefix(start.as_bytes()) {
            let at = inner.windows(end.len()).position(|w| w == end.as_bytes())?;
            return Some((start.len() + at + end.len(), Step::Beside));
        }
    }
    let declaration = text.starts_with(b"<!");
    // A `>` ends nothing within quotes, nor within the brackets of a declaration.
    let (mut quote, mut brackets) = (None, 0u32);
    let mut i = 1;
    while let Some(&b) = text.get(i) {
        match (quote, b) {
            (Some(q), _) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(b),
            // What is in a declaration may hold comments, and these may hold quotes.
            (None, b'<') if declaration && nested => {
                i += markup(&text[i..], false)?.0;
                continue;
            }
            (None, b'[') if declaration => brackets += 1,
            (None, b']') if declaration => brackets = brackets.saturating_sub(1),
            (None, b'>') if brackets == 0 => {
                let step = match text.get(1) {
                    _ if declaration => Step::Beside,
                    Some(b'/') => Step::Out,
                    _ if text[..i].ends_with(b"/") => Step::Over,
                    _ => Step::In,
                };
                return Some((i + 1, step));
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// Fails a request of the SDK that succeeded with half an answer. Bodies of objects are not looked at.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        // Refusals keep their status, which says more. A body that is not in memory is an object's. None at all is right for `HEAD`,
        // and where there should be one the parser finds no first element.
        match answer.body().bytes() {
            Some(body) if answer.status().is_success() && !body.is_empty() && !is_whole(body) => Err("the answer was cut off".into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_anywhere_is_not_whole() {
        for text in [
            "<?xml version=\"1.0\"?>\n<!-- a > b -->\n<List xmlns=\"http://x/\"><Key>a&#x2F;b</Key><Key/><List>inner</List></List>",
            "<a><b></b></a>",
            "<?xml version=\"1.0\"?><Empty/>",
            "<Empty at=\"1\" />",
            "\u{feff}<a></a >",
            "<!DOCTYPE a [<!ENTITY b \"]>\"> <!-- it's --> <?p '?>]><a b='>' c=\"/>\">x > y<![CDATA[</a>]]></a>",
            "<a b=\">\"/>",
        ] {
            let text = text.as_bytes();
            assert!(is_whole(text) && is_whole(&[text, b"\r\n"].concat()), "{}", String::from_utf8_lossy(text));
            let first = text.iter().position(|b| *b == b'<').unwrap();
            for end in first + 1..text.len() {
                let cut = &text[..end];
                assert!(!is_whole(cut), "{}", String::from_utf8_lossy(cut));
            }
            // What may stand behind, if it is all there.
            for (behind, end) in [("<!-- a -->", true), ("\n<?p a?>\n", true), ("<!-- a", false), ("<", false)] {
                assert_eq!(is_whole(&[text, behind.as_bytes()].concat()), end, "{} {behind}", String::from_utf8_lossy(text));
            }
        }
        for other in ["{\"a\":1}", "{\"a\":", "OK"] {
            assert!(is_whole(other.as_bytes()), "{other:?} is no XML");
        }
        for nothing in ["", "  ", "\u{feff}", "<!-- a -->", "</a>"] {
            assert!(!is_whole(nothing.as_bytes()), "{nothing:?}");
        }
    }
}
