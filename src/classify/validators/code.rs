//! Names in programs that stand where a secret would: calls, paths, variables, constants.

/// What a path begins with that leads to settings or to what a program was given.
const RECEIVERS: &[&[u8]] = &[
    b"self",
    b"this",
    b"cls",
    b"process",
    b"os",
    b"sys",
    b"env",
    b"config",
    b"conf",
    b"settings",
    b"options",
    b"opts",
    b"args",
    b"params",
    b"request",
    b"req",
    b"ctx",
    b"context",
];

/// Words that a variable for a secret is called by.
const SECRETS: &[&[u8]] = &[b"pass", b"passwd", b"password", b"passphrase", b"passcode", b"pwd", b"pw", b"secret", b"username"];

/// Whether the value is an expression of a program (`config.get(`, `self.password`, `$password`, `%PASSWORD%`, `Password::new`, `DB_PASSWORD`)
/// rather than what it stands for. A dot alone does not make one: words are joined by dots, too.
pub fn is_expression(raw: &[u8]) -> bool {
    let cut = |sign: u8| raw.iter().position(|b| *b == sign).map(|at| &raw[..at]);
    let camel = |head: &[u8]| head.windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
    let plain = |h: &[u8]| !h.iter().any(u8::is_ascii_digit) || h.iter().any(|b| matches!(b, b'_' | b'.' | b':')) || camel(h);
    match raw {
        // `Vec<T`: of a type, as the expressions of secrets end there.
        [b'A'..=b'Z', .., b'<', b'A'..=b'Z' | b'&'] => return true,
        [b'$' | b'&', rest @ ..] | [rest @ .., b'&'] => return is_path(rest) && !rest.iter().any(u8::is_ascii_digit),
        [b'%', rest @ .., b'%'] => return is_path(rest),
        [b'%', rest @ ..] => return is_constant(rest),
        [b'!', rest @ ..] if rest.first() == Some(&b'$') => return is_expression(rest),
        _ => {}
    }
    if let Some(head) = cut(b'(').or(cut(b'[')) {
        let head = head.strip_suffix(b"!").unwrap_or(head);
        return is_path(head) && plain(head);
    }
    if !is_path(raw) {
        return false;
    }
    let mut segments = segments(raw);
    let first = segments.next().unwrap_or(raw);
    match segments.last() {
        Some(_) if raw.windows(2).any(|w| w == b"::" || w == b"->") => true,
        Some(last) => RECEIVERS.contains(&first) || last_word(last).is_some_and(|w| SECRETS.iter().any(|s| w.eq_ignore_ascii_case(s))),
        None => is_constant(raw) && !raw.iter().any(u8::is_ascii_digit),
    }
}

/// `A_NAME_LIKE_THIS`.
pub fn is_constant(name: &[u8]) -> bool {
    is_path(name) && name.contains(&b'_') && name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

/// Whether it is a name in small letters whose last word is one for a secret: `user_password`. Nobody's name, but a password at times.
pub fn is_called_secret(raw: &[u8]) -> bool {
    raw.contains(&b'_') && raw.iter().all(|b| b.is_ascii_lowercase() || *b == b'_') && last_word(raw).is_some_and(|w| SECRETS.contains(&w))
}

/// Whether it gives a value to a name: `capture_output=True`, `--level=3`.
pub fn is_assignment(raw: &[u8]) -> bool {
    let name = |n: &[u8]| n.len() >= 2 && n.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
    raw.iter().position(|b| *b == b'=').is_some_and(|at| name(&raw[..at]) && at + 1 < raw.len())
}

/// What stands between the signs of a path.
fn segments(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(|b| matches!(b, b'.' | b':' | b'-' | b'>')).filter(|s| !s.is_empty())
}

/// Whether it is names of a program, joined by `.`, `:`, `::` or `->`.
fn is_path(raw: &[u8]) -> bool {
    let named = |s: &[u8]| !s[0].is_ascii_digit() && s.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let arrows = raw.iter().filter(|b| **b == b'-').count();
    let joined = raw.windows(2).filter(|w| *w == b"->").count() == arrows && raw.iter().filter(|b| **b == b'>').count() == arrows;
    !raw.is_empty() && joined && segments(raw).all(named)
}

/// The last of a name's words: `netrw_passwd`, `userPassword`.
fn last_word(name: &[u8]) -> Option<&[u8]> {
    let from = name.iter().rposition(|b| *b == b'_').map_or(0, |at| at + 1);
    let word = &name[from..];
    let capital = word.iter().rposition(u8::is_ascii_uppercase).filter(|at| word.get(at + 1).is_some_and(u8::is_ascii_lowercase));
    word.get(capital.unwrap_or(0)..).filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_from_what_people_choose() {
        for (raw, yes) in [
            ("self.key_password", true),
            ("this.options.proxy.password", true),
            ("request.userPassword", true),
            ("process.env.DB", true),
            ("handler.username", true),
            ("Password::new", true),
            ("obj->field", true),
            ("g:netrw_passwd", true),
            ("$smtp_authpass", true),
            ("&Password", true),
            ("Registry&", true),
            ("%DB_PASSWORD%", true),
            ("DB_PASSWORD", true),
            ("getpass(", true),
            ("config.get(\"x", true),
            ("typing.Optional[bytes", true),
            ("certs[0][2", true),
            ("PassInfoMixin<M", true),
            ("Option<&", true),
            ("write!(f", true),
            ("sqlite3WhereOk(p", true),
            ("%MAC_ADDRESS_2", true),
            ("!$pass", true),
            ("hunter22", false),
            ("correct.horse.battery.staple", false),
            ("jane.doe", false),
            ("hunter2(old", false),
            ("$ecret99", false),
            ("MYPASSWORD", false),
            ("S3CRET_WORD", false),
            ("pass-word", false),
            ("a->b>c", false),
            ("abc<d", false),
            ("&Tr0ub4dor", false),
            ("%40abc", false),
            ("", false),
            (".", false),
        ] {
            assert_eq!(is_expression(raw.as_bytes()), yes, "{raw}");
        }
        assert!(is_called_secret(b"user_password") && !is_called_secret(b"pass_word") && !is_called_secret(b"password"));
        assert!(is_assignment(b"capture_output=True") && is_assignment(b"--on-variable=PWD"));
        assert!(!is_assignment(b"Summer24=x") && !is_assignment(b"Tr0ub4dor=") && !is_assignment(b"=a") && !is_assignment(b""));
    }
}
