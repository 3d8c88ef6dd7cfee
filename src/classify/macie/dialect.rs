//! A regular expression of Macie as one of ours.
//!
//! Macie takes a part of PCRE without look-around, backreferences, conditions and recursion (Macie user guide, "Detection
//! criteria for custom data identifiers"). Ours has the same, byte by byte, and every match must have a bounded length.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, AssertionKind, Ast, ErrorKind, RepetitionKind, RepetitionRange};

use crate::classify::facts::Facts;

/// Ends that are tried for repetitions without one, until the whole is no longer than allowed.
const ENDS: [u32; 4] = [64, 32, 16, 8];

/// The expression as ours, and what differs, a sentence each. The error says what it has that ours has not.
pub(super) fn carry_over(regex: &str) -> Result<(String, Vec<String>), String> {
    let plain = without_pcre(regex)?;
    // PRIVACY: an expression may quote values; the parser's own words are not passed on with it.
    let ast = ParserBuilder::new().nest_limit(50).build().parse(&plain).map_err(|e| unknown(&plain, &e))?;
    let mut found = Found::default();
    walk(&ast, &mut found)?;
    let mut notes = Vec::new();
    if found.open.is_empty() {
        let expression = by_line(plain, found.lines, &mut notes);
        Facts::of(&expression)?;
        return Ok((expression, notes));
    }
    let mut problem = String::new();
    for end in ENDS {
        let mut bounded = plain.clone();
        for (span, least) in found.open.iter().rev() {
            bounded.replace_range(span.clone(), &format!("{{{least},{}}}", least + end));
        }
        notes.clear();
        notes.push(format!("Macie repeats without end; here a part repeats at most {end} times more than it must."));
        let expression = by_line(bounded, found.lines, &mut notes);
        match Facts::of(&expression) {
            Ok(_) => return Ok((expression, notes)),
            Err(e) => problem = e,
        }
    }
    Err(problem)
}

/// `^` and `$` mean lines: a cell of a table is one.
fn by_line(expression: String, lines: bool, notes: &mut Vec<String>) -> String {
    if !lines {
        return expression;
    }
    notes.push("`^` and `$` stand for the beginning and the end of a line, or of a value of a table.".to_owned());
    format!("(?m){expression}")
}

/// Writes out what PCRE has a sign of its own for.
fn without_pcre(regex: &str) -> Result<String, String> {
    let mut out = String::with_capacity(regex.len());
    let mut chars = regex.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Q') => {
                    let mut quoted = String::new();
                    while !quoted.ends_with("\\E") {
                        match chars.next() {
                            Some(c) => quoted.push(c),
                            None => break,
                        }
                    }
                    out += &regex_syntax::escape(quoted.strip_suffix("\\E").unwrap_or(&quoted));
                }
                Some('E') => {}
                Some('h') => out += if class { r" \t" } else { r"[ \t]" },
                Some('R') if !class => out += r"(?:\r\n|[\n\r\x0b\x0c])",
                Some('Z') if !class => out += "$",
                Some('K') => return Err(r"`\K`, which cuts off the beginning of a match, is unknown here".to_owned()),
                Some('p' | 'P' | 'X') => {
                    return Err(r"`\p{…}` and `\X` mean Unicode characters; here expressions match bytes: name the letters".to_owned());
                }
                Some(digit @ '1'..='9') => {
                    return Err(format!(r"`\{digit}` refers back to a group, which is unknown here: write the part out twice"));
                }
                Some('k' | 'g') => return Err(r"`\k` and `\g` refer to a group, which is unknown here".to_owned()),
                // A slash or a blank needs no escape.
                Some(c @ ('/' | ' ' | '<' | '>' | '"' | '\'' | '_' | '@' | ':' | ',' | ';' | '=' | '!' | '%' | '`')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            '(' if !class && chars.peek() == Some(&'?') => {
                out.push(c);
                let mut rest = chars.clone();
                rest.next();
                let next: String = rest.take(2).collect();
                let unknown = match next.as_bytes() {
                    [b'>', ..] => Some("`(?>…)`, a group that is not tried again"),
                    [b'=' | b'!', ..] => Some("look-ahead, `(?=…)` or `(?!…)`"),
                    [b'<', b'=' | b'!'] => Some("look-behind, `(?<=…)` or `(?<!…)`"),
                    [b'#', ..] => Some("a comment, `(?#…)`"),
                    [b'(', ..] => Some("a condition, `(?(…)…)`"),
                    [b'R' | b'&' | b'0'..=b'9', ..] => Some("recursion, `(?R)` or `(?1)`"),
                    [b'|', ..] => Some("`(?|…)`, groups with the same number"),
                    _ => None,
                };
                if let Some(what) = unknown {
                    return Err(format!("{what}, is unknown here: write what must match, or use keywords and ignore words"));
                }
            }
            '[' if !class => {
                class = true;
                out.push(c);
                if chars.peek() == Some(&'^') {
                    out.extend(chars.next());
                }
                // A bracket that stands first is no end.
                if chars.peek() == Some(&']') {
                    chars.next();
                    out += r"\]";
                }
            }
            '[' if chars.peek() == Some(&':') => {
                out.push(c);
                while let Some(c) = chars.next() {
                    out.push(c);
                    if c == ':' && chars.peek() == Some(&']') {
                        out.extend(chars.next());
                        break;
                    }
                }
            }
            // Two of these mean a difference or an intersection in our classes and nothing in theirs.
            '[' | '&' | '~' if class => out.extend(['\\', c]),
            '-' if class && chars.peek() == Some(&'-') => out += r"\-",
            ']' if class => {
                class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Found {
    /// Operators that repeat without end, in order: where, and the least number.
    open: Vec<(std::ops::Range<usize>, u32)>,
    /// `^` or `$`.
    lines: bool,
}

fn walk(ast: &Ast, found: &mut Found) -> Result<(), String> {
    match ast {
        Ast::Repetition(r) => {
            if matches!(&*r.ast, Ast::Repetition(_)) {
                return Err(
                    "`++`, `*+` and `?+` take all they can and give nothing back, which is unknown here: leave the `+` out".to_owned()
                );
            }
            walk(&r.ast, found)?;
            let least = match &r.op.kind {
                RepetitionKind::ZeroOrMore => Some(0),
                RepetitionKind::OneOrMore => Some(1),
                RepetitionKind::Range(RepetitionRange::AtLeast(n)) => Some(*n),
                _ => None,
            };
            if let Some(least) = least {
                let (from, to) = (r.op.span.start.offset, r.op.span.end.offset);
                // The `?` of `+?` belongs to the operator and stays.
                found.open.push((from..if r.greedy { to } else { to - 1 }, least));
            }
        }
        Ast::Assertion(a) => found.lines |= matches!(a.kind, AssertionKind::StartLine | AssertionKind::EndLine),
        Ast::Group(g) => walk(&g.ast, found)?,
        Ast::Alternation(a) => a.asts.iter().try_for_each(|a| walk(a, found))?,
        Ast::Concat(c) => c.asts.iter().try_for_each(|a| walk(a, found))?,
        _ => {}
    }
    Ok(())
}

fn unknown(expression: &str, e: &ast::Error) -> String {
    let at = expression[..e.span().start.offset.min(expression.len())].chars().count() + 1;
    let what = match e.kind() {
        ErrorKind::UnsupportedBackreference => "a reference back to a group is unknown here",
        ErrorKind::UnsupportedLookAround => "looking ahead or behind is unknown here",
        ErrorKind::FlagUnrecognized => "this kind of group or flag is unknown here",
        ErrorKind::EscapeUnrecognized => "this escape is unknown here",
        ErrorKind::ClassUnclosed | ErrorKind::GroupUnclosed => "a bracket is not closed",
        ErrorKind::GroupUnopened => "a bracket is closed that was not opened",
        ErrorKind::RepetitionMissing => "nothing stands before what repeats it",
        ErrorKind::NestLimitExceeded(_) => "brackets are nested too deeply",
        _ => "this cannot be read",
    };
    format!("`regex`, character {at}: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_carried_over() {
        for (theirs, ours) in [
            (r"[A-Z]{2}\d{6}", r"[A-Z]{2}\d{6}"),
            (r"EMP\-\d{5}", r"EMP\-\d{5}"),
            (r"a\/b\d", r"a/b\d"),
            (r"\QA.B\E\d{4}", r"A\.B\d{4}"),
            (r"A\h\d{3}", r"A[ \t]\d{3}"),
            (r"A[\h-]\d{3}", r"A[ \t-]\d{3}"),
            (r"[[:upper:]]{3}[[:digit:]]{4}", r"[[:upper:]]{3}[[:digit:]]{4}"),
            (r"A[]x]\d", r"A[\]x]\d"),
            (r"A[a&&b]\d", r"A[a\&\&b]\d"),
            (r"(?i)acct\d{8}", r"(?i)acct\d{8}"),
            (r"(AB|CD)[0-9]{4}", r"(AB|CD)[0-9]{4}"),
            (r"^\d{8}$", r"(?m)^\d{8}$"),
            (r"ID\d+", r"ID\d{1,65}"),
            (r"ID\d{3,}x*?", r"ID\d{3,67}x{0,64}?"),
            (r"(A(B+)C)+\d", r"(A(B{1,33})C){1,33}\d"),
        ] {
            let found = carry_over(theirs).map(|f| f.0);
            assert_eq!(found.as_deref(), Ok(ours), "{theirs}");
        }
    }

    #[test]
    fn what_is_unknown_is_said() {
        for (theirs, says) in [
            (r"(?<=x)\d{4}", "look-behind"),
            (r"\d{4}(?!9)", "look-ahead"),
            (r"(\d)\1{3}", r"`\1` refers back"),
            (r"\d++x", "give nothing back"),
            (r"(?>\d+)x", "not tried again"),
            (r"\p{L}{4}", "Unicode"),
            (r"a\K\d", "cuts off"),
            (r"(\d{4}", "not closed"),
            (r"\d{4})", "not opened"),
            (r"(?(1)a|b)", "condition"),
            (r"\d*", "empty text"),
            (r"*a", "nothing stands before"),
            (r"[\d", "not closed"),
            (r"(a{200}){200}", "allowed are 2048"),
            ("\\", "cannot be read"),
        ] {
            let e = carry_over(theirs).expect_err(theirs);
            assert!(e.contains(says), "{theirs}: {e}");
        }
    }
}
