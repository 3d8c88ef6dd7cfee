//! Where the values of one record say that its person lives.
//!
//! The duty to notify follows the residence of the individual; the mailing address on file is the best evidence
//! (A.R.S. 18-551(4) says so in words). A record's ZIP code ranks before its state column, because carriers validate
//! ZIP codes while a state is often the default of a form. Where the record names another country, nothing in it is a
//! state's: `CA`, `DE` and five digits are codes of other countries too.

use std::borrow::Cow;

use super::State;
use super::duty::gdpr;
use crate::base::Country;

/// What a residence may rest on, the better of two that are equally sure first.
pub const BASES: &[&str] =
    &["state+zip", "zip", "state", "country", "zip!=state", "shipping address", "state!=zip", "work address", "other address", "account"];

/// From this confidence on, in percent, a place counts a person.
pub const COUNTS: u8 = 70;

/// Which of a person's addresses a value belongs to; the one that tells most about where they live first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// Of the home.
    Home,
    /// For letters.
    Mailing,
    /// For bills.
    Billing,
    /// Nothing says which.
    #[default]
    Unnamed,
    /// For deliveries: a gift, an office, a forwarder.
    Shipping,
    /// Of the employer.
    Work,
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A ZIP code.
    Zip(State),
    /// A ZIP code that lost its zeros, if it is one at all.
    Short(State),
    /// A postal code under the name of another language: a ZIP code only where the record is American.
    Code(State),
    /// A state, in a column of states.
    State(State),
    /// A state, in a column of provinces or regions: other countries have such codes.
    Region(State),
    /// The end of an address: ZIP code, state.
    End(State, State),
    /// A number that a country gives its people.
    Number(Country),
    /// An account in a country.
    Account(Country),
    /// Nothing by itself.
    Nothing,
}

/// A value that tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clue {
    /// What.
    pub says: Says,
    /// Of which address.
    pub of: Address,
    /// The country that stands beside it.
    pub country: Option<Country>,
}

/// What one record says about residence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residence {
    /// A state by its code, or a country by its code in small letters.
    pub place: [u8; 2],
    /// 0..1, by the ladder of evidence: an address whose state and ZIP code agree 0.98, ZIP code or country 0.95, state 0.93, one
    /// hundredth more where it is named for the home; 0.70 for whatever else counts; an account's country 0.60, which does not.
    pub confidence: f32,
    /// What it rests on: one of [`BASES`].
    pub basis: &'static str,
}

/// A state's code; `non_us:DE` for another country.
pub fn place_name(place: [u8; 2]) -> String {
    let code = String::from_utf8_lossy(&place).into_owned();
    if code.bytes().all(|b| b.is_ascii_lowercase()) { format!("non_us:{}", code.to_ascii_uppercase()) } else { code }
}

/// Whose law follows those who live at a place of that name: `EU` and `UK` for countries under the GDPR, the place itself for others.
pub fn jurisdiction(place: &str) -> &str {
    place.strip_prefix("non_us:").and_then(|c| gdpr(&c.to_ascii_lowercase())).unwrap_or(place)
}

/// Countries whose postal codes have five digits, as ZIP codes have.
const FIVE_DIGITS: &[&Country] = &[
    b"ba", b"cu", b"cz", b"de", b"do", b"dz", b"ee", b"eg", b"es", b"fi", b"fr", b"gr", b"gt", b"hr", b"id", b"iq", b"it", b"jo", b"ke",
    b"kr", b"kw", b"lk", b"lt", b"ma", b"me", b"mx", b"my", b"np", b"pe", b"pk", b"rs", b"sa", b"se", b"sk", b"sm", b"sn", b"th", b"tr",
    b"ua", b"uy", b"xk", b"za", b"zm",
];

const US: Country = *b"us";

/// Territories with a code of their own, which the post gives to a state as well.
const TERRITORIES: &[&Country] = &[b"as", b"gu", b"mp", b"pr", b"vi"];

fn is_us(country: Country) -> bool {
    country == US || TERRITORIES.contains(&&country)
}

/// What holds for a record as a whole.
struct Record {
    /// It names another country than the US.
    abroad: bool,
    /// It names a state.
    state: bool,
    /// It holds a number of the US.
    american: bool,
    /// It holds a number or an account of another country; of one whose postal codes look like ZIP codes.
    foreign: [bool; 2],
    /// It holds a postal code under the name of another language.
    code: bool,
}

impl Record {
    fn of(clues: &[Clue]) -> Record {
        let mut out = Record { abroad: false, state: false, american: false, foreign: [false; 2], code: false };
        for c in clues {
            out.abroad |= c.country.is_some_and(|c| !is_us(c));
            match c.says {
                Says::State(_) | Says::End(..) => out.state = true,
                Says::Code(_) => out.code = true,
                Says::Number(US) => out.american = true,
                Says::Number(n) | Says::Account(n) => {
                    out.foreign[0] = true;
                    out.foreign[1] |= FIVE_DIGITS.contains(&&n);
                }
                Says::Zip(_) | Says::Short(_) | Says::Region(_) | Says::Nothing => {}
            }
        }
        out
    }

    /// ZIP code and state that a value names, if it is American.
    fn takes(&self, clue: &Clue) -> (Option<State>, Option<State>) {
        if !clue.country.map_or(!self.abroad, is_us) {
            return (None, None);
        }
        let us = clue.country.is_some() || self.state;
        let (zip, name) = match clue.says {
            Says::Zip(s) if us || self.american || !self.foreign[1] => (Some(s), None),
            Says::Short(s) if us || self.american || !self.foreign[0] => (Some(s), None),
            Says::Code(s) if us => (Some(s), None),
            Says::State(s) => (None, Some(s)),
            Says::Region(s) if us || self.american || !(self.foreign[0] || self.code) => (None, Some(s)),
            Says::End(z, s) => (Some(z), Some(s)),
            _ => (None, None),
        };
        (zip.filter(|s| !s.is_military()), name.filter(|s| !s.is_military()))
    }
}

impl Residence {
    /// Weighs what stands in a record: the address that tells most is where its person lives, other places count besides. Of two
    /// addresses of a kind it is the first.
    pub fn weigh(clues: &[Clue], each: &mut dyn FnMut(Residence)) {
        let clues = &settled(clues)[..];
        let record = Record::of(clues);
        let tells = |c: &&Clue| c.country.is_some() || !matches!(c.says, Says::Number(_) | Says::Account(_) | Says::Nothing);
        let mut kinds: Vec<Address> = clues.iter().filter(tells).map(|c| c.of).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut said: Vec<Residence> = Vec::new();
        for kind in kinds {
            let first = said.is_empty();
            for r in address(&record, clues.iter().filter(|c| c.of == kind)) {
                if said.iter().all(|s| s.place != r.place) {
                    said.push(match kind {
                        _ if !first => Residence { confidence: 0.7, basis: "other address", ..r },
                        Address::Home if r.confidence > 0.9 => Residence { confidence: r.confidence + 0.01, ..r },
                        Address::Shipping if r.confidence > 0.9 => Residence { confidence: 0.7, basis: "shipping address", ..r },
                        Address::Work if r.confidence > 0.9 => Residence { confidence: 0.7, basis: "work address", ..r },
                        _ => r,
                    });
                }
            }
        }
        if said.is_empty() && !record.american {
            for c in clues {
                if let Says::Account(place) = c.says
                    && said.iter().all(|s| s.place != place)
                {
                    said.push(Residence { place, confidence: 0.6, basis: "account" });
                }
            }
        }
        said.into_iter().for_each(each);
    }
}

/// The clues without countries that are none of this person's: what stands beside a ZIP code and the state that it lies in, and is that
/// state's code or name (`CA`, `Georgia`), is no other country; nor does one go before these that belongs to other values of the record.
fn settled(clues: &[Clue]) -> Cow<'_, [Clue]> {
    if clues.iter().all(|c| c.country.is_none()) {
        return Cow::Borrowed(clues);
    }
    let mut out = clues.to_vec();
    if let Some(state) = agreed(clues) {
        let is_state = |c: Country| c.to_ascii_uppercase() == state.letters() || c == *b"ge" && state.letters() == *b"GA";
        out.iter_mut().for_each(|c| c.country = c.country.filter(|c| !is_state(*c)));
    }
    if agreed(out.iter().filter(|c| c.country.is_none())).is_some() {
        out.iter_mut().filter(|c| c.says == Says::Nothing).for_each(|c| c.country = None);
    }
    Cow::Owned(out)
}

/// The state that a ZIP code and a state of one address agree on.
fn agreed<'c>(clues: impl IntoIterator<Item = &'c Clue>) -> Option<State> {
    // A record may be a list of thousands: there are few states, and few kinds of addresses.
    let (mut zips, mut states): (Vec<(State, Address)>, Vec<(State, Address)>) = Default::default();
    for c in clues {
        let (seen, place) = match c.says {
            Says::Zip(s) => (&mut zips, (s, c.of)),
            Says::State(s) => (&mut states, (s, c.of)),
            _ => continue,
        };
        if !seen.contains(&place) {
            seen.push(place);
        }
    }
    zips.into_iter().find(|z| states.contains(z)).map(|z| z.0)
}

/// What the values of one address say, the likeliest place first.
fn address<'c>(record: &Record, clues: impl Iterator<Item = &'c Clue>) -> Vec<Residence> {
    let (mut zips, mut names, mut countries): (Vec<State>, Vec<State>, Vec<Country>) = Default::default();
    for c in clues {
        let (zip, name) = record.takes(c);
        zips.extend(zip.filter(|z| !zips.contains(z)));
        names.extend(name.filter(|n| !names.contains(n)));
        countries.extend(c.country.filter(|c| *c != US && !countries.contains(c)));
    }
    // A territory that the values themselves do not name.
    for territory in countries.extract_if(.., |c| is_us(*c)).filter_map(|c| State::from_name(&c)) {
        if zips.is_empty() && names.is_empty() {
            names.push(territory);
        }
    }
    let r = |s: State, confidence, basis| Residence { place: s.letters(), confidence, basis };
    let mut out = match (&zips[..], &names[..]) {
        ([z], [s]) if z != s => vec![r(*z, 0.7, "zip!=state"), r(*s, 0.7, "state!=zip")],
        _ => {
            let zip = |z: &State| if names.contains(z) { r(*z, 0.98, "state+zip") } else { r(*z, 0.95, "zip") };
            let alone = names.iter().filter(|s| !zips.contains(s)).map(|s| r(*s, 0.93, "state"));
            zips.iter().map(zip).chain(alone).collect()
        }
    };
    out.extend(countries.into_iter().map(|place| Residence { place, confidence: 0.95, basis: "country" }));
    if let [first, rest @ ..] = &mut out[..]
        && first.basis != "zip!=state"
    {
        rest.iter_mut().for_each(|r| (r.confidence, r.basis) = (0.7, "other address"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record in words: `billing zip=94110`, `number=us`; the word before says of which address, `@` which country stands beside.
    fn weigh(record: &str) -> String {
        let clues: Vec<Clue> = record
            .split("; ")
            .map(|c| {
                let (c, country) = c.split_once('@').map_or((c, None), |(c, at)| (c, crate::base::country(at)));
                let (of, c) = c.split_once(' ').filter(|p| !p.0.contains('=')).unwrap_or(("", c));
                let (what, value) = c.split_once('=').unwrap_or((c, ""));
                let (zip, name) = (State::from_zip(value.as_bytes()), State::from_name(value.as_bytes()));
                let says = match what {
                    "zip" => zip.map(Says::Zip),
                    "short" => State::from_short_zip(value.as_bytes()).map(Says::Short),
                    "plz" => zip.map(Says::Code),
                    "state" => name.map(Says::State),
                    "region" => name.map(Says::Region),
                    "end" => State::at_end(value).map(|(z, s)| Says::End(z, s)),
                    "number" => crate::base::country(value).map(Says::Number),
                    "iban" => crate::base::country(value).map(Says::Account),
                    _ => None,
                };
                let of = match of {
                    "home" => Address::Home,
                    "mailing" => Address::Mailing,
                    "billing" => Address::Billing,
                    "shipping" => Address::Shipping,
                    "work" => Address::Work,
                    _ => Address::Unnamed,
                };
                Clue { says: says.unwrap_or(Says::Nothing), of, country }
            })
            .collect();
        let mut out = Vec::new();
        Residence::weigh(&clues, &mut |r| {
            assert!(BASES.contains(&r.basis), "{}", r.basis);
            out.push(format!("{} {:.2} {}", place_name(r.place), r.confidence, r.basis));
        });
        out.join(", ")
    }

    #[test]
    fn an_address_leads_to_a_state() {
        for (record, want) in [
            ("zip=94110; state=CA", "CA 0.98 state+zip"),
            ("zip=94110", "CA 0.95 zip"),
            ("state=CA", "CA 0.93 state"),
            ("zip=94110; state=NY", "CA 0.70 zip!=state, NY 0.70 state!=zip"),
            ("short=2139", "MA 0.95 zip"),
            ("end=9 Pine Rd, Austin, TX 78701", "TX 0.98 state+zip"),
            ("zip=09012; state=AE", ""),
            ("", ""),
        ] {
            assert_eq!(weigh(record), want, "{record}");
        }
    }

    #[test]
    fn another_country_is_no_state() {
        for (record, want) in [
            ("zip=10115@DE", "non_us:DE 0.95 country"),
            ("state=CA@Canada", "non_us:CA 0.95 country"),
            ("state=GA@Georgia", "non_us:GE 0.95 country"),
            ("state=CA@US; zip=94110@US", "CA 0.98 state+zip"),
            // A state's code or name in a column of countries, beside that state and a ZIP code in it.
            ("zip=94110@CA; state=CA@CA", "CA 0.98 state+zip"),
            ("zip=30301@Georgia; state=GA@Georgia", "GA 0.98 state+zip"),
            // Something else in the record has a country.
            ("zip=94110; state=CA; shipping x@DE", "CA 0.98 state+zip"),
            ("zip=17042; state=PA; x@LB", "PA 0.98 state+zip"),
            ("zip=94110; x@DE", "non_us:DE 0.95 country"),
            ("x@PR", "PR 0.93 state"),
            ("zip=00901@Puerto Rico", "PR 0.95 zip"),
            ("plz=60313", ""),
            ("plz=60313; number=us", ""),
            ("plz=94110; state=CA", "CA 0.98 state+zip"),
            ("plz=94110@US", "CA 0.95 zip"),
            ("plz=20121; region=MI", ""),
            ("region=MI", "MI 0.93 state"),
            ("region=MI; number=it", ""),
            ("zip=60313; iban=DE", "non_us:DE 0.60 account"),
            ("zip=60313; iban=DE; number=us", "IL 0.95 zip"),
            ("zip=60313; iban=DE; state=IL", "IL 0.98 state+zip"),
            ("zip=60313; iban=GB", "IL 0.95 zip"),
            ("short=1010; iban=AT", "non_us:AT 0.60 account"),
            ("short=1010; number=at", ""),
            ("iban=DE; number=us", ""),
        ] {
            assert_eq!(weigh(record), want, "{record}");
        }
    }

    #[test]
    fn the_address_that_tells_most_goes_first() {
        for (record, want) in [
            ("billing state=CA; billing zip=94110; shipping state=NV; shipping zip=89101", "CA 0.98 state+zip, NV 0.70 other address"),
            ("shipping zip=89101; billing state=CA", "CA 0.93 state, NV 0.70 other address"),
            ("zip=94110; home state=NY", "NY 0.94 state, CA 0.70 other address"),
            ("shipping zip=89101; work zip=94110", "NV 0.70 shipping address, CA 0.70 other address"),
            ("work zip=94110", "CA 0.70 work address"),
            ("zip=94110; state=CA; state=NV; zip=89101", "CA 0.98 state+zip, NV 0.70 other address"),
            ("billing zip=94110; shipping zip=94110", "CA 0.95 zip"),
            ("home zip=10115@DE; work state=CA@US", "non_us:DE 0.96 country, CA 0.70 other address"),
            ("billing state=CA@US; shipping x@DE", "CA 0.93 state, non_us:DE 0.70 other address"),
            ("billing zip=94110; shipping zip=09012", "CA 0.95 zip"),
        ] {
            assert_eq!(weigh(record), want, "{record}");
        }
    }

    #[test]
    fn a_record_of_thousands_of_places_is_weighed_at_once() {
        let states: Vec<State> = State::all().filter_map(|s| State::from_name(s.as_bytes())).collect();
        let clue = |says| Clue { says, of: Address::default(), country: None };
        let (zips, names) = states.split_at(states.len() / 2); // no ZIP code lies in a state that is named
        let mut clues: Vec<Clue> = (0..200_000).map(|n| clue(Says::Zip(zips[n % zips.len()]))).collect();
        clues.extend((0..200_000).map(|n| clue(Says::State(names[n % names.len()]))));
        clues.push(Clue { country: Some(*b"de"), ..clue(Says::Nothing) });
        let mut places = Vec::new();
        Residence::weigh(&clues, &mut |r| places.push(r.place));
        assert!(places.contains(b"de"));
    }

    #[test]
    fn the_law_of_a_place() {
        for (place, law) in [("CA", "CA"), ("non_us:DE", "EU"), ("non_us:NO", "EU"), ("non_us:GB", "UK"), ("non_us:CA", "non_us:CA")] {
            assert_eq!(jurisdiction(place), law, "{place}");
        }
    }
}
