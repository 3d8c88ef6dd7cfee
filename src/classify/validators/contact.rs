//! E-mail addresses.

use std::sync::LazyLock;

use super::{Words, net};

/// Generic top-level domains that mail comes from, and the reserved ones that examples use.
const TLDS: &[&str] = &[
    "academy",
    "agency",
    "app",
    "arpa",
    "art",
    "asia",
    "auction",
    "bank",
    "bar",
    "beer",
    "berlin",
    "best",
    "bet",
    "bid",
    "bike",
    "bio",
    "biz",
    "blog",
    "business",
    "buzz",
    "cafe",
    "camp",
    "capital",
    "care",
    "careers",
    "cash",
    "cat",
    "center",
    "chat",
    "church",
    "city",
    "cloud",
    "club",
    "codes",
    "coffee",
    "college",
    "com",
    "community",
    "company",
    "computer",
    "consulting",
    "cool",
    "coop",
    "corp",
    "dental",
    "design",
    "dev",
    "digital",
    "direct",
    "directory",
    "doctor",
    "domains",
    "earth",
    "edu",
    "education",
    "email",
    "energy",
    "engineer",
    "engineering",
    "enterprises",
    "estate",
    "eus",
    "events",
    "example",
    "exchange",
    "expert",
    "express",
    "family",
    "farm",
    "fashion",
    "finance",
    "financial",
    "fish",
    "fitness",
    "fm",
    "foundation",
    "fun",
    "fund",
    "gal",
    "gallery",
    "games",
    "global",
    "gmbh",
    "gold",
    "gov",
    "green",
    "group",
    "guide",
    "guru",
    "haus",
    "health",
    "healthcare",
    "help",
    "holdings",
    "hospital",
    "host",
    "house",
    "icu",
    "inc",
    "industries",
    "info",
    "ink",
    "institute",
    "insurance",
    "int",
    "international",
    "invalid",
    "jobs",
    "land",
    "law",
    "lawyer",
    "legal",
    "life",
    "limited",
    "link",
    "live",
    "llc",
    "loan",
    "london",
    "love",
    "ltd",
    "management",
    "market",
    "marketing",
    "media",
    "medical",
    "mil",
    "mobi",
    "moe",
    "money",
    "monster",
    "museum",
    "name",
    "net",
    "network",
    "news",
    "ngo",
    "ninja",
    "nyc",
    "one",
    "ong",
    "online",
    "org",
    "page",
    "paris",
    "partners",
    "parts",
    "pharmacy",
    "photo",
    "photography",
    "pizza",
    "plus",
    "press",
    "pro",
    "productions",
    "properties",
    "pub",
    "realty",
    "recipes",
    "red",
    "ren",
    "rent",
    "report",
    "restaurant",
    "rocks",
    "run",
    "sale",
    "school",
    "science",
    "security",
    "services",
    "shop",
    "site",
    "social",
    "software",
    "solutions",
    "space",
    "store",
    "studio",
    "style",
    "support",
    "swiss",
    "systems",
    "team",
    "tech",
    "technology",
    "tel",
    "test",
    "tips",
    "today",
    "tokyo",
    "tools",
    "top",
    "tours",
    "town",
    "trade",
    "training",
    "travel",
    "university",
    "uno",
    "ventures",
    "video",
    "vip",
    "wang",
    "watch",
    "website",
    "wiki",
    "win",
    "work",
    "works",
    "world",
    "xxx",
    "xyz",
    "yoga",
    "zone",
];

/// Two-letter domains of countries.
const COUNTRIES: &[u8] = b"acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczdedjdkdmdodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsiskslsmsnsosrssstsusvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugukusuyuzvavcvevgvivnvuwfwsyeytzazmzw";

/// Last labels that are extensions of files: `logo@2x.png`.
const EXTENSIONS: &[&str] = &[
    "bak", "bin", "bmp", "cfg", "class", "conf", "cpp", "css", "csv", "dll", "doc", "docx", "exe", "gif", "gz", "html", "ico", "ini",
    "jar", "java", "jpeg", "jpg", "js", "json", "jsx", "lock", "log", "map", "md", "mp3", "mp4", "pdf", "php", "plist", "png", "py", "rb",
    "rs", "scss", "service", "sh", "socket", "sql", "svg", "swift", "tar", "target", "tgz", "tmp", "toml", "ts", "tsx", "txt", "vue",
    "wasm", "webp", "woff", "xls", "xml", "yaml", "yml", "zip",
];

/// What [`shape`] gives of an address that is plain: ASCII, no quotes. `None`: it is not, or not well formed.
// PERF: nearly all are, and this looks at each byte once.
fn plain_shape(raw: &[u8]) -> Option<&[u8]> {
    let at = memchr::memrchr(b'@', raw)?;
    let (local, domain) = (&raw[..at], &raw[at + 1..]);
    if local.len() > 64 || domain.len() > 253 {
        return None;
    }
    let mut dot = true;
    for b in local {
        if *b == b'"' || dot && *b == b'.' {
            return None;
        }
        dot = *b == b'.';
    }
    // Where the label begins, and whether it is of letters so far.
    let (mut label, mut letters, mut before) = (0, true, b'.');
    for (i, b) in domain.iter().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' => letters = false,
            b'-' if before != b'.' => letters = false,
            b'.' if before != b'.' && before != b'-' && i - label <= 63 => (label, letters) = (i + 1, true),
            _ => return None,
        }
        before = *b;
    }
    let last = &domain[label..];
    let ends = !dot && before != b'-' && (2..=63).contains(&last.len());
    (ends && label > 0 && letters).then_some(last)
}

/// Local part and domain are well formed; gives the last label.
fn shape(raw: &[u8]) -> Option<&[u8]> {
    if let Some(last) = plain_shape(raw) {
        return Some(last);
    }
    let at = raw.iter().rposition(|&b| b == b'@')?;
    let (local, domain) = (&raw[..at], &raw[at + 1..]);
    let dots = |part: &[u8]| part.first() != Some(&b'.') && part.last() != Some(&b'.') && !part.windows(2).any(|w| w == b"..");
    let quoted = local.len() > 2 && local.starts_with(b"\"") && local.ends_with(b"\"");
    if local.is_empty() || local.len() > 64 || domain.len() > 253 || !(quoted || dots(local)) || !dots(domain) {
        return None;
    }
    // Letters of other alphabets stand in domains, too.
    let labels_ok = domain.split(|&b| b == b'.').all(|l| {
        !l.is_empty()
            && l.len() <= 63
            && l[0] != b'-'
            && l[l.len() - 1] != b'-'
            && l.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b >= 0x80)
    });
    let labels_ok = labels_ok && (domain.is_ascii() || std::str::from_utf8(domain).is_ok_and(|d| d.chars().all(in_domains)));
    let last = domain.rsplit(|&b| b == b'.').next()?;
    let letters = last.iter().all(u8::is_ascii_alphabetic) || !last.is_ascii() || is_encoded(last);
    (labels_ok && domain.contains(&b'.') && last.len() >= 2 && letters).then_some(last)
}

/// Whether a label is one of another alphabet, written in ASCII.
fn is_encoded(label: &[u8]) -> bool {
    label.len() > 5 && label[..4].eq_ignore_ascii_case(b"xn--")
}

/// Whether the domain is the address of a host in brackets, and the part before it is well formed.
fn of_host(raw: &[u8]) -> bool {
    let Some(at) = raw.iter().rposition(|&b| b == b'@') else { return false };
    let Some(host) = raw[at + 1..].strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")) else { return false };
    let (local, dots) = (&raw[..at], |l: &[u8]| l.windows(2).any(|w| w == b".."));
    let address = match host.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case(b"ipv6:") => net::ipv6(rest),
        _ => net::ipv4(host) && !host.contains(&b'/'),
    };
    (1..=64).contains(&local.len()) && !dots(local) && !local.ends_with(b".") && address
}

/// Letters and digits of any alphabet; the full-width forms are ASCII in disguise.
fn in_domains(c: char) -> bool {
    (c.is_alphanumeric() || c == '-' || c == '.') && !('\u{ff00}'..='\u{ffef}').contains(&c)
}

/// [`TLDS`] and [`EXTENSIONS`] as sets.
static KNOWN_TLDS: LazyLock<Words> = LazyLock::new(|| Words::new(TLDS));
static KNOWN_EXTENSIONS: LazyLock<Words> = LazyLock::new(|| Words::new(EXTENSIONS));

/// Well formed, with a top-level domain that exists (or is reserved for examples).
pub fn email(raw: &[u8]) -> bool {
    let Some(last) = shape(raw) else { return of_host(raw) };
    if !last.is_ascii() || is_encoded(last) {
        true
    } else if last.len() == 2 {
        COUNTRIES.chunks_exact(2).any(|c| last.eq_ignore_ascii_case(c))
    } else {
        KNOWN_TLDS.has(last)
    }
}

/// Well formed, and the last label is no file's extension.
pub fn email_any_domain(raw: &[u8]) -> bool {
    shape(raw).is_some_and(|last| !KNOWN_EXTENSIONS.has(last))
}
