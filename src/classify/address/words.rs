//! The words that addresses are made of: kinds of streets, units, states, and small words inside names.
//!
//! Facts: kinds of streets and units from USPS Publication 28 (appendices C1 and C2) and the usual words of other countries.

/// Kinds of streets that end an English street's name and hardly any other phrase with a number before it.
const STRONG: &[&str] = &[
    "allee",
    "alley",
    "ave",
    "avenue",
    "aves",
    "avn",
    "blvd",
    "boulevard",
    "causeway",
    "cir",
    "circle",
    "close",
    "court",
    "courts",
    "cove",
    "cres",
    "crescent",
    "ct",
    "cts",
    "cv",
    "dr",
    "drive",
    "drives",
    "esplanade",
    "expressway",
    "expy",
    "freeway",
    "fwy",
    "highway",
    "hwy",
    "lane",
    "lanes",
    "ln",
    "mews",
    "parade",
    "parkway",
    "pkwy",
    "pky",
    "pl",
    "place",
    "plaza",
    "plz",
    "promenade",
    "rd",
    "rds",
    "road",
    "roads",
    "rte",
    "sq",
    "square",
    "st",
    "str",
    "street",
    "streets",
    "sts",
    "ter",
    "terr",
    "terrace",
    "tpke",
    "trail",
    "trl",
    "turnpike",
    "way",
    "wy",
];

/// Those that are ordinary words too: something else must speak for an address.
const WEAK: &[&str] = &[
    "alameda",
    "arcade",
    "bank",
    "bay",
    "beach",
    "bend",
    "bluff",
    "bottom",
    "branch",
    "bridge",
    "brook",
    "burg",
    "bypass",
    "camp",
    "canyon",
    "cape",
    "center",
    "centre",
    "chase",
    "cliff",
    "club",
    "common",
    "commons",
    "corner",
    "course",
    "creek",
    "crest",
    "crossing",
    "crossroad",
    "curve",
    "dale",
    "dam",
    "divide",
    "down",
    "downs",
    "drove",
    "end",
    "estate",
    "estates",
    "extension",
    "falls",
    "ferry",
    "field",
    "fields",
    "flat",
    "flats",
    "ford",
    "forest",
    "forge",
    "fork",
    "fort",
    "garden",
    "gardens",
    "gate",
    "gateway",
    "gdns",
    "glen",
    "green",
    "greens",
    "grn",
    "grove",
    "grv",
    "harbor",
    "harbour",
    "haven",
    "heath",
    "heights",
    "hill",
    "hills",
    "hollow",
    "hts",
    "inlet",
    "island",
    "isle",
    "junction",
    "key",
    "knoll",
    "knolls",
    "lake",
    "lakes",
    "land",
    "landing",
    "light",
    "lock",
    "lodge",
    "loop",
    "mall",
    "manor",
    "meadow",
    "meadows",
    "mews",
    "mill",
    "mills",
    "mission",
    "motorway",
    "mount",
    "mountain",
    "neck",
    "orchard",
    "oval",
    "overpass",
    "park",
    "parks",
    "pass",
    "passage",
    "path",
    "pike",
    "pine",
    "pines",
    "plain",
    "plains",
    "point",
    "points",
    "port",
    "prairie",
    "quay",
    "radial",
    "ranch",
    "rapids",
    "reach",
    "rest",
    "ridge",
    "rise",
    "river",
    "row",
    "run",
    "shoal",
    "shore",
    "shores",
    "skyway",
    "spring",
    "springs",
    "spur",
    "station",
    "stream",
    "summit",
    "terminal",
    "throughway",
    "trace",
    "track",
    "underpass",
    "union",
    "vale",
    "valley",
    "viaduct",
    "view",
    "views",
    "village",
    "villas",
    "vista",
    "walk",
    "wall",
    "well",
    "wells",
    "wharf",
    "wood",
    "yard",
];

/// Kinds of streets that stand before the name: French, Italian, Spanish, Portuguese, Catalan, Romanian, Polish, Czech and others.
const FIRST: &[&str] = &[
    "aleja",
    "all\u{e9}e",
    "alameda",
    "al",
    "av",
    "av.",
    "avda",
    "avda.",
    "ave",
    "avenida",
    "avenue",
    "avinguda",
    "bd",
    "boulevard",
    "bulevar",
    "bulevardul",
    "c/",
    "calea",
    "calle",
    "callej\u{f3}n",
    "camino",
    "carrer",
    "carrera",
    "carretera",
    "chauss\u{e9}e",
    "chemin",
    "corso",
    "cours",
    "ctra.",
    "cra.",
    "estrada",
    "faubourg",
    "grand-rue",
    "impasse",
    "largo",
    "lungomare",
    "nabrzeze",
    "n\u{e1}m\u{11b}st\u{ed}",
    "os.",
    "paseo",
    "pasaje",
    "passage",
    "passeig",
    "piazza",
    "piazzale",
    "pl.",
    "place",
    "plac",
    "pla\u{e7}a",
    "plaza",
    "praceta",
    "pra\u{e7}a",
    "quai",
    "r.",
    "rambla",
    "ronda",
    "route",
    "rua",
    "rue",
    "ruelle",
    "sentier",
    "square",
    "strada",
    "travessa",
    "traves\u{ed}a",
    "ul",
    "ul.",
    "ulica",
    "via",
    "viale",
    "vicolo",
    "voie",
];

/// Ends of compound street names, and words that stand behind a name and before the number: Germanic, Nordic, Finnish, Hungarian.
const COMPOUND: &[&str] = &[
    "stra\u{df}e",
    "strasse",
    "str.",
    "weg",
    "platz",
    "allee",
    "gasse",
    "damm",
    "steig",
    "chaussee",
    "straat",
    "laan",
    "plein",
    "gracht",
    "kade",
    "singel",
    "dreef",
    "steenweg",
    "gade",
    "vej",
    "all\u{e9}",
    "gatan",
    "v\u{e4}gen",
    "gata",
    "veien",
    "vegen",
    "katu",
    "polku",
    "kuja",
    "utca",
    "\u{fa}t",
    "u.",
    "t\u{e9}r",
    "k\u{f6}r\u{fa}t",
    "gr\u{e4}nd",
    "torg",
    "dijk",
    "braut",
    "puiestee",
];

/// Those of `COMPOUND` that are also written as a word of their own.
const ALONE: &[&str] = &[
    "stra\u{df}e",
    "strasse",
    "str.",
    "weg",
    "platz",
    "allee",
    "gasse",
    "damm",
    "ufer",
    "ring",
    "straat",
    "laan",
    "plein",
    "all\u{e9}",
    "utca",
    "\u{fa}t",
    "u.",
    "t\u{e9}r",
    "baan",
    "gade",
    "vej",
    "iela",
];

/// Words before the number of a unit.
const UNIT: &[&str] = &[
    "#",
    "apartment",
    "apt",
    "apt.",
    "bldg",
    "bldg.",
    "box",
    "bte",
    "building",
    "dept",
    "fl",
    "fl.",
    "flat",
    "floor",
    "lot",
    "no.",
    "piso",
    "ph",
    "rm",
    "rm.",
    "room",
    "slip",
    "space",
    "spc",
    "ste",
    "ste.",
    "suite",
    "trlr",
    "unit",
    "wohnung",
];

const DIRECTION: &[&str] = &[
    "n",
    "s",
    "e",
    "w",
    "ne",
    "nw",
    "se",
    "sw",
    "n.",
    "s.",
    "e.",
    "w.",
    "n.e.",
    "n.w.",
    "s.e.",
    "s.w.",
    "north",
    "south",
    "east",
    "west",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
];

/// Two-letter codes of US states and territories, armed forces, Canadian provinces, Australian states.
const STATE: &[&str] = &[
    "AA", "AB", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "BC", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID", "IL",
    "IN", "KS", "KY", "LA", "MA", "MB", "MD", "ME", "MI", "MN", "MO", "MP", "MS", "MT", "NB", "NC", "ND", "NE", "NH", "NJ", "NL", "NM",
    "NS", "NT", "NU", "NV", "NY", "OH", "OK", "ON", "OR", "PA", "PE", "PR", "QC", "RI", "SC", "SD", "SK", "TN", "TX", "UT", "VA", "VI",
    "VT", "WA", "WI", "WV", "WY", "YT", "ACT", "NSW", "QLD", "TAS", "VIC",
];

/// States by name, and words that end the name of one.
const STATE_NAME: &[&str] = &[
    "alabama",
    "alaska",
    "arizona",
    "arkansas",
    "california",
    "colorado",
    "connecticut",
    "delaware",
    "florida",
    "georgia",
    "hawaii",
    "idaho",
    "illinois",
    "indiana",
    "iowa",
    "kansas",
    "kentucky",
    "louisiana",
    "maine",
    "maryland",
    "massachusetts",
    "michigan",
    "minnesota",
    "mississippi",
    "missouri",
    "montana",
    "nebraska",
    "nevada",
    "new hampshire",
    "new jersey",
    "new mexico",
    "new york",
    "north carolina",
    "north dakota",
    "ohio",
    "oklahoma",
    "oregon",
    "pennsylvania",
    "rhode island",
    "south carolina",
    "south dakota",
    "tennessee",
    "texas",
    "utah",
    "vermont",
    "virginia",
    "washington",
    "west virginia",
    "wisconsin",
    "wyoming",
    "alberta",
    "british columbia",
    "manitoba",
    "new brunswick",
    "nova scotia",
    "ontario",
    "quebec",
    "saskatchewan",
    "queensland",
    "new south wales",
    "victoria",
    "tasmania",
];

/// Small words inside the names of streets and cities.
const INNER: &[&str] = &[
    "de", "la", "le", "les", "du", "des", "del", "della", "delle", "dei", "degli", "di", "da", "do", "dos", "das", "el", "los", "las",
    "of", "the", "van", "von", "der", "den", "am", "an", "im", "in", "zum", "zur", "y", "e", "et", "and", "sur", "sous", "en", "och", "og",
    "i", "na", "nad", "pod", "u", "upon", "sv.",
];

fn has(list: &[&str], word: &[u8]) -> bool {
    list.iter().any(|w| equal(w.as_bytes(), word))
}

/// Equal but for the case of ASCII letters and of the Latin letters of the lists.
fn equal(small: &[u8], word: &[u8]) -> bool {
    small.len() == word.len() && small.iter().zip(word).all(|(a, b)| same(*a, *b))
}

/// A byte of a small letter and one of a word. The second byte of `É` (C3 89) and of `é` (C3 A9) differ by one bit.
fn same(small: u8, b: u8) -> bool {
    small == b.to_ascii_lowercase() || small >= 0xa0 && small < 0xc0 && b == small - 0x20
}

/// What a word may be in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Street {
    Strong,
    Weak,
    No,
}

/// Whether an English street's name may end with `word`, a full stop aside.
pub(super) fn last(word: &[u8]) -> Street {
    let word = word.strip_suffix(b".").unwrap_or(word);
    if word.len() < 2 || !word.is_ascii() {
        Street::No
    } else if has(STRONG, word) {
        Street::Strong
    } else if has(WEAK, word) {
        Street::Weak
    } else {
        Street::No
    }
}

/// Whether a street's name may begin with `word` as its kind.
pub(super) fn first(word: &[u8]) -> bool {
    has(FIRST, word)
}

/// Whether `word` is a compound such as `Hauptstraße`.
pub(super) fn compound(word: &[u8]) -> bool {
    if word.eq_ignore_ascii_case(b"brigade") || word.eq_ignore_ascii_case(b"renegade") {
        return false;
    }
    let fits = |end: &&&str| word.len() >= end.len() + 3 && equal(end.as_bytes(), &word[word.len() - end.len()..]);
    COMPOUND.iter().filter(|e| e.len() > 2).any(|e| fits(&e))
}

/// Whether `word` may stand between a street's name and the number.
pub(super) fn alone(word: &[u8]) -> bool {
    has(ALONE, word)
}

pub(super) fn unit(word: &[u8]) -> bool {
    has(UNIT, word)
}

pub(super) fn direction(word: &[u8]) -> bool {
    word.len() <= 9 && has(DIRECTION, word)
}

/// A code of a state; capitals only.
pub(super) fn state(word: &[u8]) -> bool {
    STATE.iter().any(|s| s.as_bytes() == word)
}

pub(super) fn state_name(words: &[u8]) -> bool {
    words.len() >= 4 && has(STATE_NAME, words)
}

/// Words that begin a sentence or a heading rather than a street's name.
pub(super) fn small(word: &[u8]) -> bool {
    const WORDS: [&str; 22] = [
        "a", "all", "an", "and", "any", "as", "at", "but", "by", "every", "for", "from", "how", "if", "in", "my", "no", "of", "on", "that",
        "the", "this",
    ];
    has(&WORDS, word)
}

pub(super) fn inner(word: &[u8]) -> bool {
    word.len() <= 5 && has(INNER, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told() {
        for (word, is) in
            [("Street", Street::Strong), ("AVE.", Street::Strong), ("Hill", Street::Weak), ("Elm", Street::No), ("s", Street::No)]
        {
            assert_eq!(last(word.as_bytes()), is, "{word}");
        }
        for (word, is) in
            [("Hauptstraße", true), ("Kerkstraat", true), ("KÖNIGSTRASSE", true), ("Weg", false), ("Kungsgatan", true), ("Berlin", false)]
        {
            assert_eq!(compound(word.as_bytes()), is, "{word}");
        }
        assert!(first(b"Rue") && first("Allée".as_bytes()) && first("ALLÉE".as_bytes()) && !first(b"Elm"));
        assert!(state(b"NY") && !state(b"ny") && state_name(b"new York") && !state_name(b"York"));
    }
}
