//! The beginnings of statements.

use memchr::memchr;

use super::lexer::{Lexer, Token};

/// What a statement is about, by its beginning.
pub(super) enum Head {
    /// Rows for this table, with these columns.
    Insert(String, Vec<String>),
    /// Lines for this table.
    Copy(String, Vec<String>),
    /// A table and its columns.
    Create(String, Vec<String>),
    /// Something that is not looked into.
    Other,
}

/// What may stand between `INSERT` and `INTO`.
const BEFORE_INTO: &[&[u8]] =
    &[b"LOW_PRIORITY", b"HIGH_PRIORITY", b"DELAYED", b"IGNORE", b"OR", b"REPLACE", b"ABORT", b"ROLLBACK", b"FAIL", b"OVERWRITE", b"TABLE"];

/// Reads a statement's head; `None`: more bytes are needed.
pub(super) fn head_of_statement(l: &mut Lexer<'_>, last: bool) -> Option<Head> {
    let first = l.next(last)?;
    let Token::Word(word) = first else {
        if first != Token::Semicolon {
            l.skip_to_semicolon(last)?;
        }
        return Some(Head::Other);
    };
    let word = word.to_ascii_uppercase();
    match &word[..] {
        b"INSERT" | b"REPLACE" => {
            loop {
                let before = l.at;
                match l.next(last)? {
                    Token::Word(w) if w.eq_ignore_ascii_case(b"INTO") => break,
                    Token::Word(w) if BEFORE_INTO.iter().any(|b| w.eq_ignore_ascii_case(b)) => {}
                    // SQL Server and MySQL need no `INTO`.
                    Token::Word(_) | Token::Name(_) => {
                        l.at = before;
                        break;
                    }
                    Token::Semicolon => return Some(Head::Other),
                    _ => {
                        l.skip_to_semicolon(last)?;
                        return Some(Head::Other);
                    }
                }
            }
            let name = l.name(last)?;
            let mut columns = Vec::new();
            loop {
                match l.next(last)? {
                    Token::Open => columns = l.list(last)?,
                    Token::Word(w) if w.eq_ignore_ascii_case(b"VALUES") || w.eq_ignore_ascii_case(b"VALUE") => {
                        return Some(Head::Insert(name, columns));
                    }
                    Token::Semicolon => return Some(Head::Other),
                    Token::Word(_) => {}
                    _ => {
                        l.skip_to_semicolon(last)?;
                        return Some(Head::Other);
                    }
                }
            }
        }
        // The end of what SQL Server is sent at once.
        b"GO" => Some(Head::Other),
        b"COPY" => {
            let name = l.name(last)?;
            let mut columns = Vec::new();
            let mut stdin = false;
            loop {
                match l.next(last)? {
                    Token::Open => columns = l.list(last)?,
                    Token::Word(w) => stdin |= w.eq_ignore_ascii_case(b"stdin"),
                    Token::Semicolon => break,
                    _ => {}
                }
            }
            if !stdin {
                return Some(Head::Other);
            }
            match memchr(b'\n', &l.bytes[l.at..]) {
                Some(i) => l.at += i + 1,
                None if last => l.at = l.bytes.len(),
                None => return None,
            }
            Some(Head::Copy(name, columns))
        }
        b"CREATE" => {
            let mut is_table = false;
            loop {
                match l.next(last)? {
                    Token::Word(w) if w.eq_ignore_ascii_case(b"TABLE") => {
                        is_table = true;
                        break;
                    }
                    Token::Word(_) => {}
                    Token::Semicolon => break,
                    _ => {
                        l.skip_to_semicolon(last)?;
                        break;
                    }
                }
            }
            if !is_table {
                return Some(Head::Other);
            }
            let name = l.name(last)?;
            let columns = l.columns(last)?;
            Some(Head::Create(name, columns))
        }
        _ => {
            l.skip_to_semicolon(last)?;
            Some(Head::Other)
        }
    }
}
