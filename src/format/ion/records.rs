//! How records lie in a member: by its first value, and whether another follows.

use super::symbols::{Symbols, Table};
use super::{Event, Found, Lexer, View};

/// How records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// One after the other.
    Values,
    /// The elements of one list.
    List,
    /// One value that is all, as far as the member's first bytes tell. Where another follows, they lie one after the other.
    Document,
    /// Items of a DynamoDB export.
    DynamoDb,
}

/// How records lie in a member that begins with `head`.
pub(super) fn mode<L: Lexer>(mut lexer: L, head: &[u8], whole: bool) -> Mode {
    let view = View { bytes: head, base: 0, over: whole };
    let (mut at, mut found, mut values, mut list) = (0, Found::default(), 0, false);
    let (mut table, mut names) = (Table::default(), Symbols::default());
    // Names of the first value's parts, and whether what they name holds something.
    let mut keys: Vec<(Vec<u8>, bool)> = Vec::new();
    // What is broken, or cut off within the first value, tells no more: that will be long.
    while let Ok(Some(event)) = lexer.next(&view, &mut at, &mut found) {
        if let Event::Pad(to) | Event::TooLong(to) = event {
            at = usize::try_from(to).unwrap_or(usize::MAX).min(head.len());
            if matches!(event, Event::TooLong(_)) {
                table.too_long(lexer.depth());
            }
            continue;
        }
        if table.takes(&event, &found, lexer.depth(), &mut names) {
            continue;
        }
        match (&event, lexer.depth()) {
            (Event::Version | Event::Comment | Event::Annotation(_), _) => continue,
            (Event::Key(name), 1) => keys.push((names.text(*name, &found).unwrap_or_default().to_vec(), false)),
            (Event::Open { array }, 1) => {
                list = *array;
                values += 1;
            }
            (Event::Open { array: false }, 2) => {
                if let Some(last) = keys.last_mut() {
                    last.1 = true;
                }
            }
            (Event::Value | Event::Symbol(_), 0) => values += 1,
            _ => {}
        }
        let first_ended = values == 1 && matches!(event, Event::Close) && lexer.depth() == 0;
        if first_ended && !list && is_item(&keys) {
            return Mode::DynamoDb;
        }
        if values > 1 || keys.len() > 1 << 16 {
            return Mode::Values;
        }
    }
    match (values, list) {
        (1, true) => Mode::List,
        // An item may be longer than what is looked at.
        (1, false) if is_item(&keys) => Mode::DynamoDb,
        (1, false) => Mode::Document,
        _ => Mode::Values,
    }
}

/// Whether the parts of a value, and whether they hold something, are those of DynamoDB's exports.
fn is_item(keys: &[(Vec<u8>, bool)]) -> bool {
    let image = |name: &[u8]| keys.iter().any(|k| k.0 == name && k.1);
    keys.len() == 1 && image(b"Item") || image(b"Keys") && image(b"Metadata")
}
