//! What a dump's table of contents becomes, and how much its data may.

use crate::format::sql::head::{Head, head_of_statement};
use crate::format::sql::lexer::Lexer;

/// All the `COPY` statements together.
pub(super) const MOST_COPIES: usize = 64 << 20;
/// Compressed data that gives more than this for each byte is a bomb, after so many bytes.
const RATIO: u64 = 1500;
const RATIO_AFTER: u64 = 16 << 20;

/// Whether so many bytes are more than `taken` ones can have held.
pub(super) fn bomb(given: u64, taken: u64) -> bool {
    given > RATIO_AFTER && given / taken.max(1) > RATIO
}

/// The statement that makes a table, if a definition begins with one: its columns name the values of `INSERT`s. The rest, and
/// what is no such statement, as a comment.
pub(super) fn table(out: &mut Vec<u8>, definition: &[u8]) {
    let mut lexer = Lexer::new(definition, 0, false, false);
    let made = matches!(head_of_statement(&mut lexer, false), Some(Head::Create(..))) && definition[..lexer.at].ends_with(b";");
    let (statement, rest) = definition.split_at(if made { lexer.at } else { 0 });
    out.extend_from_slice(statement);
    out.extend_from_slice(b"\n");
    comment(out, rest);
}

/// Lines of a definition, as a comment and a statement of their own.
pub(super) fn comment(out: &mut Vec<u8>, text: &[u8]) {
    for line in text.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        out.extend_from_slice(b"-- ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(b";\n");
}
