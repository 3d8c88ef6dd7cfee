//! The words that addresses are made of: kinds of streets, units, states, and small words inside names.
//!
//! Facts: kinds of streets and units from USPS Publication 28 (appendices C1 and C2) and the usual words of other countries.

/// Words in a table by their length and what their first and last bytes have whatever the case.
struct List {
    words: &'static [&'static str],
    /// A word's index plus one; behind it those that should stand at the same place.
    slots: [u8; SLOTS],
}

const SLOTS: usize = 512;

/// Where to look for a word of at least one byte. A small letter and its capital, beyond ASCII as well, differ by one bit, in
/// their last byte (see [`same`]).
const fn slot(word: &[u8]) -> usize {
    let (first, last) = ((word[0] | 0x20) as usize, (word[word.len() - 1] | 0x20) as usize);
    (first * 37 + last * 11 + word.len() * 101) % SLOTS
}

impl List {
    const fn new(words: &'static [&'static str]) -> List {
        assert!(words.len() < 256);
        let (mut slots, mut i) = ([0; SLOTS], 0);
        while i < words.len() {
            let mut at = slot(words[i].as_bytes());
            while slots[at] != 0 {
                at = (at + 1) % SLOTS;
            }
            i += 1;
            slots[at] = i as u8;
        }
        List { words, slots }
    }

    fn has(&self, word: &[u8]) -> bool {
        if word.is_empty() {
            return false;
        }
        let mut at = slot(word);
        while let Some(i) = usize::from(self.slots[at]).checked_sub(1) {
            if equal(self.words[i].as_bytes(), word) {
                return true;
            }
            at = (at + 1) % SLOTS;
        }
        false
    }
}

/// Kinds of streets that end an English street's name and hardly any other phrase with a number before it.
#[rustfmt::skip]
static STRONG: List = List::new(&[
    "allee", "alley", "ave", "avenue", "aves", "avn", "blvd", "boulevard", "causeway", "cir", "circle", "close", "court", "courts",
    "cove", "cres", "crescent", "ct", "cts", "cv", "dr", "drive", "drives", "esplanade", "expressway", "expy", "freeway", "fwy",
    "highway", "hwy", "lane", "lanes", "ln", "mews", "parade", "parkway", "pkwy", "pky", "pl", "place", "plaza", "plz", "promenade",
    "rd", "rds", "road", "roads", "rte", "sq", "square", "st", "str", "street", "streets", "sts", "ter", "terr", "terrace", "tpke",
    "trail", "trl", "turnpike", "way", "wy",
]);

/// Those that are ordinary words too: something else must speak for an address.
#[rustfmt::skip]
static WEAK: List = List::new(&[
    "alameda", "arcade", "bank", "bay", "beach", "bend", "bluff", "bottom", "branch", "bridge", "brook", "burg", "bypass", "camp",
    "canyon", "cape", "center", "centre", "chase", "cliff", "club", "common", "commons", "corner", "course", "creek", "crest",
    "crossing", "crossroad", "curve", "dale", "dam", "divide", "down", "downs", "drove", "end", "estate", "estates", "extension",
    "falls", "ferry", "field", "fields", "flat", "flats", "ford", "forest", "forge", "fork", "fort", "garden", "gardens", "gate",
    "gateway", "gdns", "glen", "green", "greens", "grn", "grove", "grv", "harbor", "harbour", "haven", "heath", "heights", "hill",
    "extensions", "hills", "hollow", "hts", "inlet", "island", "isle", "junction", "key", "knoll", "knolls", "lake", "lakes", "land", "landing",
    "light", "lock", "lodge", "loop", "mall", "manor", "meadow", "meadows", "mill", "mills", "mission", "motorway", "mount",
    "mountain", "neck", "orchard", "oval", "overpass", "park", "parks", "pass", "passage", "path", "pike", "pine", "pines", "plain",
    "plains", "point", "points", "port", "prairie", "quay", "radial", "ranch", "rapids", "reach", "rest", "ridge", "rise", "river",
    "row", "run", "shoal", "shore", "shores", "skyway", "spring", "springs", "spur", "squares", "station", "stream", "summit", "terminal",
    "throughway", "trace", "track", "underpass", "union", "vale", "valley", "viaduct", "view", "views", "village", "villas", "vista",
    "walk", "wall", "well", "wells", "wharf", "wood", "yard",
]);

/// Kinds of streets that stand before the name: French, Italian, Spanish, Galician, Portuguese, Catalan, Romanian, Polish, Czech,
/// Slovene, Croatian, Greek.
#[rustfmt::skip]
static FIRST: List = List::new(&[
    "aleja", "allée", "alameda", "al", "av", "av.", "avda", "avda.", "ave", "avenida", "avenue", "avinguda", "bd", "bld.",
    "boulevard", "bulevar", "bulevardul", "c/", "calea", "calle", "callejón", "camino", "camiño", "carrer", "carrera", "carretera",
    "chaussée", "chemin", "contrada", "corso", "cours", "ctra.", "cra.", "estrada", "faubourg", "glorieta", "grand-rue", "impasse",
    "intrarea", "largo", "lungomare", "nabrzeze", "nábřeží", "nám.", "náměstí", "os.", "paseo", "pasaje", "passage", "passeig",
    "piazza", "piazzale", "piața", "pl.", "place", "plac", "plaça", "plaza", "praceta", "praça", "praza", "quai", "r.", "rambla",
    "ronda", "rotonda", "route", "rua", "rúa", "rue", "ruelle", "sentier", "șoseaua", "square", "strada", "splaiul", "travessa",
    "travesía", "třída", "trg", "ul", "ul.", "ulica", "ulice", "urbanización", "via", "viale", "vicolo", "vico", "voie",
    "λεωφόρος", "οδός", "πλατεία",
]);

/// Kinds that stand as a word of their own between the name and the number: Germanic, Nordic, Hungarian, Baltic, Slavic, Turkish,
/// Basque.
#[rustfmt::skip]
static ALONE: List = List::new(&[
    "straße", "strasse", "str.", "weg", "platz", "allee", "gasse", "damm", "ufer", "ring", "straat", "laan", "plein", "allé", "utca",
    "út", "útja", "u.", "tér", "tere", "rakpart", "rkp.", "sétány", "fasor", "körút", "krt.", "köz", "baan", "gade", "vej", "vei",
    "veg", "gate", "terrasse", "plass", "plads", "torv", "gata", "gränd", "torg", "väg", "tie", "katu", "tee", "põik", "mnt", "tn",
    "tänav", "iela", "gatvė", "g.", "ulica", "ulice", "cesta", "trg", "třída", "náměstí", "nábřeží", "sokak", "sok.", "cad.",
    "caddesi", "bulvarı", "kalea", "enparantza",
]);

/// Streets that are called without a kind.
#[rustfmt::skip]
static WHOLE: List = List::new(&["bowery", "broadway", "embarcadero", "piccadilly", "strand", "whitehall"]);

/// Countries by their usual English names (ISO 3166 short names and what people write for them).
#[rustfmt::skip]
static COUNTRY: List = List::new(&[
    "afghanistan", "albania", "algeria", "american samoa", "andorra", "angola", "anguilla", "antigua and barbuda", "argentina",
    "armenia", "aruba", "australia", "austria", "azerbaijan", "bahamas", "bahrain", "bangladesh", "barbados", "belarus", "belgium",
    "belize", "benin", "bermuda", "bhutan", "bolivia", "bosnia and herzegovina", "botswana", "brazil", "brunei", "bulgaria",
    "burkina faso", "burundi", "cambodia", "cameroon", "canada", "cape verde", "cayman islands", "central african republic", "chad",
    "chile", "china", "colombia", "comoros", "congo", "cook islands", "costa rica", "croatia", "cuba", "cyprus", "czech republic",
    "czechia", "democratic republic of the congo", "denmark", "djibouti", "dominica", "dominican republic", "ecuador", "egypt",
    "el salvador", "england", "equatorial guinea", "eritrea", "estonia", "eswatini", "ethiopia", "faroe islands", "fiji", "finland",
    "france", "gabon", "gambia", "georgia", "germany", "ghana", "gibraltar", "great britain", "greece", "greenland", "grenada",
    "guadeloupe", "guam", "guatemala", "guernsey", "guinea", "guinea-bissau", "guyana", "haiti", "honduras", "hong kong", "hungary",
    "iceland", "india", "indonesia", "iran", "iraq", "ireland", "isle of man", "israel", "italy", "ivory coast", "jamaica", "japan",
    "jersey", "jordan", "kazakhstan", "kenya", "kiribati", "korea", "kosovo", "kuwait", "kyrgyzstan", "laos", "latvia", "lebanon",
    "lesotho", "liberia", "libya", "liechtenstein", "lithuania", "luxembourg", "macau", "macedonia", "madagascar", "malawi",
    "malaysia", "maldives", "mali", "malta", "marshall islands", "martinique", "mauritania", "mauritius", "mexico", "micronesia",
    "moldova", "monaco", "mongolia", "montenegro", "montserrat", "morocco", "mozambique", "myanmar", "namibia", "nauru", "nepal",
    "netherlands", "new caledonia", "new zealand", "nicaragua", "niger", "nigeria", "north korea", "north macedonia",
    "northern ireland", "norway", "oman", "pakistan", "palau", "palestine", "panama", "papua new guinea", "paraguay",
    "people's republic of china", "peru", "philippines", "poland", "portugal", "puerto rico", "qatar", "republic of ireland",
    "republic of korea", "romania", "russia", "russian federation", "rwanda", "saint kitts and nevis", "saint lucia", "samoa",
    "san marino", "saudi arabia", "scotland", "senegal", "serbia", "seychelles", "sierra leone", "singapore", "slovakia", "slovenia",
    "solomon islands", "somalia", "south africa", "south korea", "south sudan", "spain", "sri lanka", "sudan", "suriname",
    "swaziland", "sweden", "switzerland", "syria", "taiwan", "tajikistan", "tanzania", "thailand", "the gambia", "the netherlands",
    "timor-leste", "togo", "tonga", "trinidad and tobago", "tunisia", "turkey", "turkmenistan", "tuvalu", "türkiye", "u.k.", "u.s.a.",
    "uganda", "uk", "ukraine", "united arab emirates", "united kingdom", "united states", "united states of america", "uruguay",
    "usa", "uzbekistan", "vanuatu", "venezuela", "vietnam", "wales", "yemen", "zambia", "zimbabwe",
]);

/// Words before the number of a unit.
#[rustfmt::skip]
static UNIT: List = List::new(&[
    "#", "apartment", "apt", "apt.", "bldg", "bldg.", "box", "bte", "building", "dept", "fl", "fl.", "flat", "floor", "lot", "no.",
    "piso", "ph", "rm", "rm.", "room", "slip", "space", "spc", "ste", "ste.", "suite", "trlr", "unit", "wohnung",
]);

/// Directions beside a street's name.
#[rustfmt::skip]
static DIRECTION: List = List::new(&[
    "n", "s", "e", "w", "ne", "nw", "se", "sw", "n.", "s.", "e.", "w.", "n.e.", "n.w.", "s.e.", "s.w.", "north", "south", "east",
    "west", "northeast", "northwest", "southeast", "southwest",
]);

/// States of the US, Canada and Australia by name.
#[rustfmt::skip]
static STATE_NAME: List = List::new(&[
    "alabama", "alaska", "arizona", "arkansas", "california", "colorado", "connecticut", "delaware", "florida", "georgia", "hawaii",
    "idaho", "illinois", "indiana", "iowa", "kansas", "kentucky", "louisiana", "maine", "maryland", "massachusetts", "michigan",
    "minnesota", "mississippi", "missouri", "montana", "nebraska", "nevada", "new hampshire", "new jersey", "new mexico", "new york",
    "north carolina", "north dakota", "ohio", "oklahoma", "oregon", "pennsylvania", "rhode island", "south carolina", "south dakota",
    "tennessee", "texas", "utah", "vermont", "virginia", "washington", "west virginia", "wisconsin", "wyoming", "alberta", "british columbia", "manitoba", "new brunswick", "nova scotia", "ontario", "quebec", "saskatchewan", "queensland", "new south wales",
    "victoria", "tasmania",
]);

/// Small words inside the names of streets and cities.
#[rustfmt::skip]
static INNER: List = List::new(&[
    "de", "la", "le", "les", "du", "des", "del", "della", "delle", "dei", "degli", "di", "da", "do", "dos", "das", "el", "los", "las",
    "of", "the", "van", "von", "der", "den", "am", "an", "im", "in", "zum", "zur", "y", "e", "et", "and", "sur", "sous", "en", "och",
    "og", "i", "na", "nad", "pod", "u", "upon", "v", "sv.",
]);

/// Words that begin a sentence or a heading rather than a street's name.
#[rustfmt::skip]
static SMALL: List = List::new(&[
    "a", "all", "an", "and", "any", "as", "at", "but", "by", "every", "for", "from", "how", "if", "in", "my", "no", "of", "on", "that", "the", "this",
]);

/// Ends of compound street names: Germanic, Nordic, Finnish, Hungarian, Estonian.
#[rustfmt::skip]
static COMPOUND: &[&str] = &[
    "straße", "strasse", "str.", "weg", "platz", "allee", "gasse", "damm", "steig", "chaussee", "straat", "laan", "plein", "gracht",
    "kade", "singel", "dreef", "steenweg", "gade", "vej", "allé", "gatan", "vägen", "gata", "veien", "vegen", "katu", "polku", "kuja",
    "utca", "út", "tér", "körút", "gränd", "torg", "dijk", "braut", "puiestee", "stieg", "graben", "brücke", "steeg", "gaten",
    "stræde", "vænget", "stræti", "vegur", "ntie", "tänav",
];

/// Which of them have a last byte, and a last but one, with these five low bits: case does not change these.
static COMPOUND_ENDS: [[u64; 32]; 2] = {
    let (mut all, mut i) = ([[0; 32]; 2], 0);
    while i < COMPOUND.len() {
        let end = COMPOUND[i].as_bytes();
        all[0][(end[end.len() - 1] & 31) as usize] |= 1 << i;
        all[1][(end[end.len() - 2] & 31) as usize] |= 1 << i;
        i += 1;
    }
    all
};

/// Codes of US states and territories, armed forces, Canadian provinces, Australian states.
#[rustfmt::skip]
static STATE: &[&str] = &[
    "AA", "AB", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "BC", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID",
    "IL", "IN", "KS", "KY", "LA", "MA", "MB", "MD", "ME", "MI", "MN", "MO", "MP", "MS", "MT", "NB", "NC", "ND", "NE", "NH", "NJ",
    "NL", "NM", "NS", "NT", "NU", "NV", "NY", "OH", "OK", "ON", "OR", "PA", "PE", "PR", "QC", "RI", "SC", "SD", "SK", "TN", "TX",
    "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY", "YT", "ACT", "NSW", "QLD", "TAS", "VIC",
];

/// Equal but for the case of ASCII letters and of the Latin letters of the lists.
fn equal(small: &[u8], word: &[u8]) -> bool {
    small.len() == word.len() && small.iter().zip(word).all(|(a, b)| same(*a, *b))
}

/// A byte of a small letter and one of a word. The second byte of `É` (C3 89) and of `é` (C3 A9) differ by one bit.
fn same(small: u8, b: u8) -> bool {
    small == b.to_ascii_lowercase() || (0xa0..0xc0).contains(&small) && b == small - 0x20
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
    } else if STRONG.has(word) {
        Street::Strong
    } else if WEAK.has(word) {
        Street::Weak
    } else {
        Street::No
    }
}

/// Whether a street's name in capitals may end with this small word: `12 Oak street`. Few, for others are words of any text.
pub(super) fn last_small(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word);
    [&b"street"[..], b"st", b"str", b"avenue", b"ave", b"road", b"rd", b"boulevard", b"blvd", b"lane", b"terrace", b"crescent"]
        .contains(&word)
}

/// Whether a street's name may begin with `word` as its kind.
pub(super) fn first(word: &[u8]) -> bool {
    FIRST.has(word)
}

/// The same of a word that stands with a full stop behind it, or without, and of its bytes before that.
pub(super) fn is_first(word: &[u8], plain: &[u8]) -> bool {
    first(word) || plain.len() < word.len() && first(plain)
}

/// All words with which a street's name may begin as its kind.
pub(super) fn firsts() -> impl Iterator<Item = &'static [u8]> {
    FIRST.words.iter().map(|w| w.as_bytes())
}

/// Whether `word` is a compound such as `Hauptstraße`.
pub(super) fn compound(word: &[u8]) -> bool {
    let fits = |end: &&str| {
        word.len() >= end.len() + 3
            && word[word.len() - 1] | 0x20 == end.as_bytes()[end.len() - 1] | 0x20
            && equal(end.as_bytes(), &word[word.len() - end.len()..])
    };
    if word.len() < 6 {
        return false;
    }
    let mut ends = COMPOUND_ENDS[0][usize::from(word[word.len() - 1] & 31)] & COMPOUND_ENDS[1][usize::from(word[word.len() - 2] & 31)];
    let mut any = false;
    while ends != 0 && !any {
        any = fits(&COMPOUND[ends.trailing_zeros() as usize]);
        ends &= ends - 1;
    }
    any && !word.eq_ignore_ascii_case(b"brigade") && !word.eq_ignore_ascii_case(b"renegade")
}

/// Whether `word` may stand between a street's name and the number.
pub(super) fn alone(word: &[u8]) -> bool {
    ALONE.has(word)
}

/// By length, which first letters the words of [`alone`] have that are letters of ASCII alone.
static ALONE_FIRSTS: [u32; 16] = {
    let (mut all, mut i) = ([0; 16], 0);
    while i < ALONE.words.len() {
        let word = ALONE.words[i].as_bytes();
        let mut n = 0;
        while n < word.len() && word[n].is_ascii_alphabetic() {
            n += 1;
        }
        if n > 0 && n == word.len() {
            all[n] |= 1 << (word[0] & 31);
        }
        i += 1;
    }
    all
};

/// Whether a word of so many letters of ASCII, of which this is the first, may be [`alone`].
pub(super) fn may_be_alone(first: u8, letters: usize) -> bool {
    ALONE_FIRSTS.get(letters).is_some_and(|firsts| firsts >> (first & 31) & 1 == 1)
}

/// Whether the word is all of a street's name: `1500 Broadway`.
pub(super) fn whole(word: &[u8]) -> bool {
    WHOLE.has(word)
}

/// Whether the words are a country's name.
pub(super) fn country(words: &[u8]) -> bool {
    COUNTRY.has(words)
}

/// All words before the number of a unit.
pub(super) fn units() -> impl Iterator<Item = &'static [u8]> {
    UNIT.words.iter().map(|w| w.as_bytes())
}

pub(super) fn unit(word: &[u8]) -> bool {
    UNIT.has(word)
}

pub(super) fn direction(word: &[u8]) -> bool {
    word.len() <= 9 && DIRECTION.has(word)
}

/// Roads that have a number for a name: `Highway 12`.
pub(super) fn numbered(word: &[u8]) -> bool {
    [&b"highway"[..], b"hwy", b"route", b"rte"].iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// German words that streets' names begin with: `Am Markt 7`.
pub(super) static PREPOSITIONS: [&[u8]; 7] = [b"Am", b"An", b"Auf", b"Im", b"Unter", b"Zum", b"Zur"];

pub(super) fn preposition(word: &[u8]) -> bool {
    PREPOSITIONS.contains(&word)
}

/// A code of a state; capitals only.
pub(super) fn state(word: &[u8]) -> bool {
    STATE.iter().any(|s| s.as_bytes() == word)
}

pub(super) fn state_name(words: &[u8]) -> bool {
    words.len() >= 4 && STATE_NAME.has(words)
}

/// Words that begin a sentence or a heading rather than a street's name.
pub(super) fn small(word: &[u8]) -> bool {
    SMALL.has(word)
}

/// Small words inside names.
pub(super) fn inner(word: &[u8]) -> bool {
    word.len() <= 5 && INNER.has(word)
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
        for list in [&STRONG, &WEAK, &FIRST, &ALONE, &WHOLE, &COUNTRY, &UNIT, &DIRECTION, &STATE_NAME, &INNER, &SMALL] {
            for word in list.words {
                // The table finds what a look at each word finds.
                let upper = word.to_uppercase();
                let found = list.words.iter().any(|w| equal(w.as_bytes(), upper.as_bytes()));
                assert!(list.has(word.as_bytes()) && list.has(upper.as_bytes()) == found, "{word}");
                assert!(!list.has(format!("{word}q").as_bytes()) && !list.has(b""));
            }
        }
        for end in COMPOUND {
            assert!(compound(format!("Lange{end}").as_bytes()), "{end}");
        }
        assert!(state(b"NY") && !state(b"ny") && state_name(b"new York") && !state_name(b"York"));
    }
}
