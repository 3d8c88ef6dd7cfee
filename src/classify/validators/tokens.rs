//! Secrets that check themselves.

/// CRC-32 as in gzip and PNG, a bit at a time: tokens are short and rare.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, b| (0..8).fold(sum ^ u32::from(*b), |s, _| if s & 1 == 1 { s >> 1 ^ 0xedb8_8320 } else { s >> 1 }))
}

/// Behind the last underscore random letters and digits, the last six of them their CRC-32 to the base 62: tokens of GitHub
/// and npm.
///
/// Source: "Behind GitHub's new authentication token formats", GitHub's blog, 2021.
pub fn base62_crc32(raw: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some(cut) = raw.iter().rposition(|b| *b == b'_') else { return false };
    let Some((body, check)) = raw[cut + 1..].split_last_chunk::<6>() else { return false };
    let mut sum = crc32(body);
    let right = check.iter().rev().all(|c| {
        let digit = DIGITS[(sum % 62) as usize];
        sum /= 62;
        *c == digit
    });
    right && body.len() >= 16 && body.iter().all(u8::is_ascii_alphanumeric)
}

/// A token of Atlassian: behind the last `=` the CRC-32 of all that stands before, the sign included, in hexadecimal.
pub fn atlassian(raw: &[u8]) -> bool {
    let Some(cut) = raw.iter().rposition(|b| *b == b'=') else { return false };
    let (body, check) = raw.split_at(cut + 1);
    let mut sum = 0u32;
    for b in check {
        let Some(digit) = (*b as char).to_digit(16) else { return false };
        sum = sum << 4 | digit;
    }
    check.len() == 8 && sum == crc32(body)
}

/// `Basic` credentials: base64 of printable text with a colon in it (RFC 7617).
pub fn basic_auth(raw: &[u8]) -> bool {
    let start = raw.iter().rposition(|b| b.is_ascii_whitespace()).map_or(0, |i| i + 1);
    let (mut bits, mut have, mut colon, mut n) = (0u32, 0, None, 0);
    for b in raw[start..].iter().take_while(|b| **b != b'=') {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            let byte = (bits >> have) as u8;
            // Nor does a name begin with a brace: the head of a signed token is JSON.
            if byte < b' ' || byte == 0x7f || byte == b'{' && n == 0 {
                return false;
            }
            if byte == b':' && colon.is_none() {
                colon = Some(n);
            }
            n += 1;
        }
    }
    // Someone's name and something secret.
    colon.is_some_and(|at| at >= 1 && n - at > 3)
}

/// A password inside an address (`scheme://user:password@host`), behind `Password=` or as the last word: no variable, mask or
/// placeholder.
pub fn url_password(raw: &[u8]) -> bool {
    let find = |what: &[u8]| raw.windows(what.len()).position(|w| w == what);
    let secret = match find(b"://") {
        Some(at) => {
            let rest = &raw[at + 3..];
            let (Some(colon), Some(host)) = (rest.iter().position(|b| *b == b':'), rest.iter().rposition(|b| *b == b'@')) else {
                return false;
            };
            rest.get(colon + 1..host).unwrap_or(&[])
        }
        None => raw.rsplit(|b| *b == b'=' || b.is_ascii_whitespace()).next().unwrap_or(&[]),
    };
    let quote = |b: &u8| matches!(b, b'"' | b'\'');
    let secret = secret.strip_prefix(b"\"").or(secret.strip_prefix(b"'")).unwrap_or(secret);
    let secret = secret.split(quote).next().unwrap_or(secret);
    let lower = |word: &[u8]| secret.len() >= word.len() && secret[..word.len()].eq_ignore_ascii_case(word);
    let placeholder = secret.len() <= 12
        && [&b"password"[..], b"passwd", b"pass", b"secret", b"your", b"xxx", b"changeme", b"token", b"pwd"].iter().any(|w| lower(w));
    let sign = |b: &u8| matches!(b, b'*' | b'x' | b'X' | b'.' | b'#' | b'-' | b'_');
    secret.len() >= 3 && !secret.iter().all(sign) && !matches!(secret[0], b'$' | b'<' | b'{' | b'%' | b'[') && !placeholder
}

/// What stands behind the last `:`, quote or blank of an option or a call is a password: no variable, no placeholder, no number of a group.
pub fn option_password(raw: &[u8]) -> bool {
    let raw = raw.strip_suffix(b")").unwrap_or(raw).trim_ascii_end();
    let raw = raw.strip_suffix(b"'").or(raw.strip_suffix(b"\"")).unwrap_or(raw);
    let secret = raw.rsplit(|b| matches!(b, b':' | b'"' | b'\'' | b' ')).next().unwrap_or(&[]);
    // `-p` and the password may be one word.
    let number = secret.strip_prefix(b"p").unwrap_or(secret);
    super::text::password(secret) && url_password(secret) && !number.iter().all(u8::is_ascii_digit) && number.first() != Some(&b'$')
}

/// A random end: among the last 24 bytes eight different letters and digits at least, digits or both cases, and no sign five
/// times in a row. `sk_live_xxxxxxxx` and `your-token-goes-here` are none.
pub fn random_tail(raw: &[u8]) -> bool {
    let tail = &raw[raw.len().saturating_sub(24)..];
    let mut seen = [false; 256];
    tail.iter().filter(|b| b.is_ascii_alphanumeric()).for_each(|b| seen[usize::from(*b)] = true);
    let digits = tail.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = tail.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = tail.iter().filter(|b| b.is_ascii_lowercase()).count();
    // Words joined in camelCase have far fewer capitals.
    let mixed = digits >= 2 || upper * 4 >= tail.len() && lower * 4 >= tail.len();
    seen.iter().filter(|s| **s).count() >= 8 && mixed && !raw.windows(5).any(|w| w.iter().all(|b| *b == w[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token as its issuer would make it: tests hold no token that anybody could use.
    fn base62(prefix: &str, body: &str) -> String {
        let mut sum = crc32(body.as_bytes());
        let mut check = Vec::new();
        for _ in 0..6 {
            check.push(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(sum % 62) as usize] as char);
            sum /= 62;
        }
        format!("{prefix}_{body}{}", check.iter().rev().collect::<String>())
    }

    #[test]
    fn the_sum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn tokens_and_their_neighbours() {
        let good = base62("ghp", "EXAMPLEexample0123456789ABCDEF");
        assert!(base62_crc32(good.as_bytes()));
        assert!(base62_crc32(format!("old_{good}").as_bytes()));
        let mut bad = good.into_bytes();
        bad[10] = b'x';
        assert!(!base62_crc32(&bad));
        assert!(!base62_crc32(b"ghp_T4V4") && !base62_crc32(b"") && !base62_crc32(b"_"));
        let body = "ATATT3xFfGF0EXAMPLE-example_0123456789=";
        assert!(atlassian(format!("{body}{:08X}", crc32(body.as_bytes())).as_bytes()));
        assert!(!atlassian(format!("{body}{:08X}", crc32(body.as_bytes()) ^ 1).as_bytes()));
        assert!(!atlassian(body.as_bytes()) && !atlassian(b"=") && !atlassian(b"x=0000000G"));
        assert!(random_tail(b"0a1b2c3d4e5f6a7b8c9d0e1f") && random_tail(b"hf_QwErTyUiOpAsDfGhJkLzXcVbNm"));
        assert!(
            !random_tail(b"GetDelegatedAccessTokenError")
                && !random_tail(b"sk_live_xxxxxxxxxxxxxxxx")
                && !random_tail(b"your-token-goes-here-please")
                && !random_tail(b"")
        );
        assert!(
            url_password(b"postgres://jane:hunter22@db")
                && url_password(b"Server=a;Password=hunter22")
                && url_password(b"redis://:Exa2m@h")
        );
        assert!(
            !url_password(b"mysql://user:password@h")
                && !url_password(b"x://a:${PW}@h")
                && !url_password(b"Password=****")
                && !url_password(b"a://")
        );
        // `jane:hunter22`, `Aladdin:open sesame` (RFC 7617), no colon, no text.
        assert!(basic_auth(b"Basic amFuZTpodW50ZXIyMg==") && basic_auth(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(
            !basic_auth(b"eyJhIjoiYiJ9")
                && !basic_auth(b"Basic amFuZWh1bnRlcjIy")
                && !basic_auth(b"Basic AAAAAAAAAAAA")
                && !basic_auth(b"Basic a?b")
                && !basic_auth(b"")
        );
    }
}
