//! One spelling for each value: `457-55-5462` and `457555462` are one identifier.

use serde::Deserialize;

use super::validators::countries::in_country;
use super::validators::phones;

/// What a file's `[normalise] steps` may hold. They run in order, over what the step before left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Keeps ASCII digits.
    Digits,
    /// Puts a zero before eight digits, so that they are nine: what made a number of them took it away.
    Nine,
    /// Keeps ASCII letters and digits.
    Alnum,
    /// To upper case (ASCII).
    Upper,
    /// To lower case (ASCII).
    Lower,
    /// Runs of white space to one blank.
    Blanks,
    /// A mail address: small letters of all scripts, the domain as the net spells it (`xn--`), without a dot at its end.
    Email,
    /// To E.164 where the country can be told: by a plus sign, 00 or 011; ten digits, and eleven with a leading 1, are North
    /// American. An extension goes.
    Phone,
    /// A date to `yyyy-mm-dd`; others stay.
    Date,
    /// An address of the net to its shortest spelling.
    Ip,
}

/// Applies the steps; `false` if nothing is left.
pub(super) fn apply(steps: &[Step], raw: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend_from_slice(raw.trim_ascii());
    for step in steps {
        match step {
            Step::Digits => out.retain(u8::is_ascii_digit),
            Step::Nine => {
                if out.len() == 8 {
                    out.insert(0, b'0');
                }
            }
            Step::Alnum => out.retain(u8::is_ascii_alphanumeric),
            Step::Upper => out.make_ascii_uppercase(),
            Step::Lower => out.make_ascii_lowercase(),
            Step::Blanks => {
                let mut before = false;
                out.retain_mut(|b| {
                    let blank = b.is_ascii_whitespace();
                    if blank {
                        *b = b' ';
                    }
                    let keep = !(blank && before);
                    before = blank;
                    keep
                });
            }
            Step::Email => email(out),
            Step::Phone => phone(out),
            Step::Date => {
                if let Some((y, m, d)) = super::validators::dates::parse(out) {
                    out.clear();
                    for (n, width, sign) in [(y, 4, b'-'), (m, 2, b'-'), (d, 2, 0)] {
                        let mut power = 10u32.pow(width - 1);
                        while power > 0 {
                            out.push(b'0' + (n / power % 10) as u8);
                            power /= 10;
                        }
                        if sign != 0 {
                            out.push(sign);
                        }
                    }
                }
            }
            Step::Ip => {
                // PERF: of version 4 each address has one spelling.
                if out.contains(&b':')
                    && let Some(ip) = std::str::from_utf8(out).ok().and_then(|s| s.parse::<std::net::IpAddr>().ok())
                {
                    use std::io::Write;
                    out.clear();
                    // Writing to a Vec cannot fail.
                    let _ = write!(out, "{ip}");
                }
            }
        }
    }
    !out.is_empty()
}

/// Which spellings of a mail address are one person's. By default none: `jane+news@` may be anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folding {
    /// `jane+news@example.com` is `jane@example.com`.
    pub plus: bool,
    /// Domains where dots before the `@` say nothing; in small letters.
    pub dots: Vec<String>,
}

impl Folding {
    /// Folds a mail address in its one spelling.
    pub(super) fn apply(&self, out: &mut Vec<u8>) {
        let Some(at) = out.iter().rposition(|b| *b == b'@') else { return };
        let domain = out[at..].to_vec();
        let mut local: Vec<u8> = out[..at].to_vec();
        // Quoted parts are taken by their letters, and nothing may be left of nothing.
        if self.plus
            && local[..].first() != Some(&b'"')
            && let Some(plus) = local.iter().position(|b| *b == b'+').filter(|p| *p > 0)
        {
            local.truncate(plus);
        }
        if self.dots.iter().any(|d| d.as_bytes() == &domain[1..]) {
            local.retain(|b| *b != b'.');
        }
        if !local.is_empty() {
            out.clear();
            out.extend_from_slice(&local);
            out.extend_from_slice(&domain);
        }
    }
}

/// Whether there may be a label of a domain that encodes other letters (`xn--`).
#[inline]
pub(super) fn has_two_hyphens(value: &[u8]) -> bool {
    memchr::memchr(b'-', value).is_some_and(|at| value[at..].windows(2).any(|w| w == b"--"))
}

fn email(out: &mut Vec<u8>) {
    // PERF: nearly all of them are ASCII, and need no room.
    if out.is_ascii() && !has_two_hyphens(out) {
        out.make_ascii_lowercase();
        if let Some(at) = out.iter().rposition(|b| *b == b'@') {
            let end = out.len() - out[at + 1..].iter().rev().take_while(|b| **b == b'.').count();
            out.truncate(end);
        }
        return;
    }
    let Some(text) = std::str::from_utf8(out).ok() else { return out.make_ascii_lowercase() };
    let small = text.to_lowercase();
    let spelled = match small.rsplit_once('@') {
        Some((local, domain)) => {
            let domain = domain.trim_end_matches('.');
            // The domain of the net is ASCII; what is none is taken as it stands.
            let ascii = if domain.is_ascii() && !domain.contains("xn--") { None } else { idna::domain_to_ascii(domain).ok() };
            format!("{local}@{}", ascii.as_deref().unwrap_or(domain))
        }
        None => small,
    };
    out.fill(0);
    out.clear();
    out.extend_from_slice(spelled.as_bytes());
}

/// A number as it is dialled inside the country that its record names, as E.164; `false` where the country has no such
/// number, or the number says its own.
pub(super) fn phone_of(country: &str, raw: &[u8], out: &mut Vec<u8>) -> bool {
    if phones::international(raw).is_some() {
        return false;
    }
    let Some(d) = in_country(country, raw) else { return false };
    out.clear();
    out.push(b'+');
    out.extend(d.get().iter().map(|d| d + b'0'));
    true
}

fn phone(out: &mut Vec<u8>) {
    if let Some(d) = phones::international(out) {
        out.clear();
        out.push(b'+');
        out.extend(d.get().iter().map(|d| d + b'0'));
        return;
    }
    // An extension is no part of the number: `x12`, `ext. 12`, `#12`.
    let main = phones::main_part(out).len();
    out.truncate(main);
    out.retain(u8::is_ascii_digit);
    // North America, where no country is named.
    if out.len() == 10 && out[0] >= b'2' {
        out.insert(0, b'1');
    }
    if out.len() == 11 && out[0] == b'1' {
        out.insert(0, b'+');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fold_where_somebody_says_so() {
        let gmail = || vec!["gmail.com".to_owned()];
        for (plus, dots, raw, want) in [
            (false, vec![], "j.ane+news@gmail.com", "j.ane+news@gmail.com"),
            (true, vec![], "j.ane+news@gmail.com", "j.ane@gmail.com"),
            (false, gmail(), "j.ane+news@gmail.com", "jane+news@gmail.com"),
            (true, gmail(), "j.ane+news@gmail.com", "jane@gmail.com"),
            (true, gmail(), "j.ane+news@example.com", "j.ane@example.com"),
            (true, gmail(), "+news@example.com", "+news@example.com"),
            (true, gmail(), "...@gmail.com", "...@gmail.com"),
            (true, gmail(), "no address", "no address"),
        ] {
            let mut out = raw.as_bytes().to_vec();
            Folding { plus, dots }.apply(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{raw}");
        }
    }

    #[test]
    fn a_record_says_which_country_dials() {
        for (country, raw, want) in [
            ("GB", "020 7946 0018", "+442079460018"),
            ("gbr", "(020) 7946 0018", "+442079460018"),
            ("Germany", "030 901820", "+4930901820"),
            ("IT", "06 6982 1234", "+390669821234"),
            ("US", "(415) 555-2671", "+14155552671"),
            ("GB", "+49 30 901820", ""),
            ("Atlantis", "020 7946 0018", ""),
            ("GB", "12", ""),
        ] {
            let mut out = Vec::new();
            assert_eq!(phone_of(country, raw.as_bytes(), &mut out), !want.is_empty(), "{country} {raw}");
            assert_eq!(String::from_utf8(out).unwrap(), want, "{country} {raw}");
        }
    }

    #[test]
    fn values_have_one_spelling() {
        for (steps, raw, want) in [
            (&[Step::Digits][..], " 457-55-5462", "457555462"),
            (&[Step::Digits, Step::Nine], "1020003", "1020003"),
            (&[Step::Digits, Step::Nine], "12345678", "012345678"),
            (&[Step::Digits, Step::Nine], "457-55-5462", "457555462"),
            (&[Step::Digits, Step::Nine], "123456", "123456"),
            (&[Step::Phone], "(415) 555-2671 x12", "+14155552671"),
            (&[Step::Phone], "1.415.555.2671", "+14155552671"),
            (&[Step::Phone], "001-415-555-2671", "+14155552671"),
            (&[Step::Phone], "+44 (0)20 7946 0018", "+442079460018"),
            (&[Step::Phone], "+44 020 7946 0018", "+442079460018"),
            (&[Step::Phone], "011 44 20 7946 0018", "+442079460018"),
            (&[Step::Phone], "+39 06 1234 5678", "+390612345678"),
            (&[Step::Phone], "020 7946 0018", "02079460018"),
            (&[Step::Lower], "Jane@Example.COM", "jane@example.com"),
            (&[Step::Email], " Jane.Doe+News@Example.COM. ", "jane.doe+news@example.com"),
            (&[Step::Email], "J\u{dc}RGEN@B\u{dc}CHER.example", "j\u{fc}rgen@xn--bcher-kva.example"),
            (&[Step::Email], "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
            (&[Step::Email], "jane@[192.0.2.1]", "jane@[192.0.2.1]"),
            (&[Step::Lower, Step::Blanks], "Jane \t Doe", "jane doe"),
            (&[Step::Date], "03/04/1985", "1985-03-04"),
            (&[Step::Ip], "10.2.0.3 ", "10.2.0.3"),
            (&[Step::Ip], "::ffff:10.2.0.3", "::ffff:10.2.0.3"),
            (&[Step::Ip], "2001:0db8:0000::0001", "2001:db8::1"),
            (&[Step::Digits], "none", ""),
        ] {
            let mut out = Vec::new();
            assert_eq!(apply(steps, raw.as_bytes(), &mut out), !want.is_empty(), "{raw}");
            assert_eq!(String::from_utf8(out).unwrap(), want, "{raw}");
        }
    }
}
