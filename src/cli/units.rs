//! Times and sizes as people write them.

use std::time::Duration;

/// `90s`, `15m`, `6h`, `2d`.
pub(super) fn duration(text: &str) -> anyhow::Result<Duration> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => anyhow::bail!("a time is a number and s, m, h or d, such as 6h"),
    };
    let n: u64 = number.parse().map_err(|_| anyhow::anyhow!("a time is a number and s, m, h or d, such as 6h"))?;
    let all = n.checked_mul(seconds).filter(|n| *n <= 3650 * 86_400);
    Ok(Duration::from_secs(all.ok_or_else(|| anyhow::anyhow!("a time of more than ten years"))?))
}

/// `500MB`, `1.5 TB`, `2GiB`, `1000`.
pub(super) fn byte_count(text: &str) -> anyhow::Result<u64> {
    let (number, unit) = split(text);
    let unit: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => anyhow::bail!("a size is a number and kB, MB, GB or TB, such as 500GB"),
    };
    let n: f64 = number.parse().map_err(|_| anyhow::anyhow!("a size is a number and kB, MB, GB or TB, such as 500GB"))?;
    Ok((n * unit) as u64)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..at], text[at..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        for (text, want) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("6h", Some(21_600)),
            (" 2 d", Some(172_800)),
            ("6", None),
            ("h", None),
            ("-1h", None),
            ("99999999999d", None),
        ] {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), want, "{text}");
        }
        for (text, want) in [
            ("500MB", Some(500_000_000)),
            ("1.5 TB", Some(1_500_000_000_000)),
            ("2GiB", Some(2 << 30)),
            ("1000", Some(1000)),
            ("x", None),
            ("1 parsec", None),
        ] {
            assert_eq!(byte_count(text).ok(), want, "{text}");
        }
    }
}
