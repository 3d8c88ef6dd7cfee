//! E-mail addresses and phone numbers.

use std::sync::LazyLock;

use super::{Digits, Words};

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

/// Local part and domain are well formed; gives the last label.
fn shape(raw: &[u8]) -> Option<&[u8]> {
    let at = raw.iter().position(|&b| b == b'@')?;
    let (local, domain) = (&raw[..at], &raw[at + 1..]);
    let dots = |part: &[u8]| part.first() != Some(&b'.') && part.last() != Some(&b'.') && !part.windows(2).any(|w| w == b"..");
    if local.is_empty() || local.len() > 64 || domain.len() > 253 || !dots(local) || !dots(domain) {
        return None;
    }
    let labels_ok = domain.split(|&b| b == b'.').all(|l| {
        !l.is_empty()
            && l.len() <= 63
            && l[0] != b'-'
            && l[l.len() - 1] != b'-'
            && l.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    });
    let last = domain.rsplit(|&b| b == b'.').next()?;
    (labels_ok && domain.contains(&b'.') && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic)).then_some(last)
}

/// [`TLDS`] and [`EXTENSIONS`] as sets.
static KNOWN_TLDS: LazyLock<Words> = LazyLock::new(|| Words::new(TLDS));
static KNOWN_EXTENSIONS: LazyLock<Words> = LazyLock::new(|| Words::new(EXTENSIONS));

/// Well formed, with a top-level domain that exists (or is reserved for examples).
pub fn email(raw: &[u8]) -> bool {
    let Some(last) = shape(raw) else { return false };
    if last.len() == 2 { COUNTRIES.chunks_exact(2).any(|c| last.eq_ignore_ascii_case(c)) } else { KNOWN_TLDS.has(last) }
}

/// Well formed, and the last label is no file's extension.
pub fn email_any_domain(raw: &[u8]) -> bool {
    shape(raw).is_some_and(|last| !KNOWN_EXTENSIONS.has(last))
}

/// Area and exchange of ten digits in the North American plan.
fn nanp(d: &[u8]) -> bool {
    let n11 = |x: &[u8]| x[1] == 1 && x[2] == 1;
    d.len() == 10 && d[0] >= 2 && d[3] >= 2 && !n11(&d[..3]) && !n11(&d[3..6])
}

/// The digits before an extension (`x12`, `ext. 12`, `#12`).
fn main_part(raw: &[u8]) -> &[u8] {
    let cut = raw.iter().position(|b| b.is_ascii_alphabetic() || *b == b'#').unwrap_or(raw.len());
    &raw[..cut]
}

/// Ten digits, with or without 1, +1 or 001 in front.
pub fn nanp_phone(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(main_part(raw)) else { return false };
    match d.get() {
        x if x.len() == 10 => nanp(x),
        [1, x @ ..] if x.len() == 10 => nanp(x),
        [0, 0, 1, x @ ..] if x.len() == 10 => nanp(x),
        _ => false,
    }
}

/// Country codes of one and two digits, and the first two digits of those with three.
const SHORT_CODES: &[u64] = &[
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63, 64, 65,
    66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

fn long_code(c: u64) -> bool {
    matches!(
        c,
        211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=378 | 380..=383 | 385..=387 | 389 | 420 | 421 | 423
            | 500..=509 | 590..=599 | 670 | 672..=683 | 685..=692 | 800 | 808 | 850 | 852 | 853 | 855 | 856 | 870 | 878 | 880..=883 | 886 | 888 | 960..=968
            | 970..=977 | 979 | 992..=996 | 998
    )
}

/// A country code that exists behind `+` or `00`, and 7 to 15 digits in all.
pub fn intl_phone(raw: &[u8]) -> bool {
    let raw = main_part(raw);
    let Some(all) = Digits::of(raw) else { return false };
    let mut d = all.get();
    if !raw.contains(&b'+') {
        match d {
            [0, 0, rest @ ..] => d = rest,
            [0, 1, 1, rest @ ..] => d = rest,
            _ => return false,
        }
    }
    if !(7..=16).contains(&d.len()) || d.windows(2).all(|w| w[0] == w[1]) {
        return false;
    }
    let first = |n: usize| d[..n].iter().fold(0u64, |v, &x| v * 10 + u64::from(x));
    match d[0] {
        1 => nanp(&d[1..]),
        7 => d.len() == 11,
        _ => (SHORT_CODES.contains(&first(2)) || long_code(first(3))) && d[3..].windows(2).any(|w| w[0] != w[1]),
    }
}

/// Seven to thirteen digits that are not all the same.
pub fn national_phone(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(main_part(raw)) else { return false };
    (7..=13).contains(&d.get().len()) && d.get()[1..].windows(2).any(|w| w[0] != w[1])
}
