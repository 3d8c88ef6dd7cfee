//! What the values of a batch tell of where people live: which address a field belongs to, which country stands beside a value.

use std::collections::HashMap;

use crate::base::{Batch, Cell, Country, Match, country};
use crate::classify::{Classifiers, Identity};
use crate::law::{Address, Clue, Says, State};

/// What the values of a classifier are to residence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    Nothing,
    Zip,
    State,
    Address,
    Account,
    Number(Country),
}

/// By classifier, what its values tell.
#[derive(Debug)]
pub(super) struct Telling(Vec<Tells>);

impl Telling {
    pub fn new(classifiers: &Classifiers) -> Telling {
        let tells = |i: usize| {
            let c = classifiers.get(i as u16);
            match (c.id.as_str(), c.id.split_once('.')) {
                ("us.zip_code", _) => Tells::Zip,
                ("us.state", _) => Tells::State,
                ("generic.street_address", _) => Tells::Address,
                ("generic.iban", _) => Tells::Account,
                // A classifier's folder is its country.
                (_, Some((of, _))) if of.len() == 2 && c.identity == Identity::Strong => country(of).map_or(Tells::Nothing, Tells::Number),
                _ => Tells::Nothing,
            }
        };
        Telling((0..classifiers.len()).map(tells).collect())
    }

    /// What a value says by itself, and the country that it ends in, if it is an address.
    fn says(&self, m: &Match, batch: &Batch, field: Option<&Field>) -> Option<(Says, Option<Country>)> {
        let value = &batch.bytes[m.start as usize..m.end as usize];
        let cell = batch.cells.get(m.cell as usize);
        let is_cell = cell.is_some_and(|c| (c.start, c.end) == (m.start, m.end));
        let says = match self.0.get(usize::from(m.classifier))? {
            Tells::Nothing => return None,
            Tells::Account => Says::Account(value.first_chunk::<2>()?.map(|b| b.to_ascii_lowercase())),
            Tells::Number(of) => Says::Number(*of),
            Tells::Zip => match field.map_or(Postal::Code, |f| f.postal) {
                Postal::Zip => State::from_zip(value).map(Says::Zip).or_else(|| State::from_short_zip(value).map(Says::Short))?,
                Postal::Foreign if is_cell => Says::Code(State::from_zip(value)?),
                Postal::Code | Postal::Foreign => Says::Zip(State::from_zip(value)?),
            },
            Tells::State if field.is_some_and(|f| f.region) => Says::Region(State::from_name(value)?),
            Tells::State => Says::State(State::from_name(value)?),
            // Whose an address is that stands within a text nobody says.
            Tells::Address => {
                let cell = cell.filter(|c| c.start == m.start)?;
                return ends(std::str::from_utf8(batch.value(cell)).ok()?);
            }
        };
        Some((says, None))
    }
}

/// Reads the end of an address: a country other than the US, or ZIP code and state.
fn ends(address: &str) -> Option<(Says, Option<Country>)> {
    let address = address.trim_end_matches([' ', '.', ',', '\n']);
    let (before, last) = address.rsplit_once([',', '\n']).unwrap_or(("", address));
    let last = last.trim();
    // `Atlanta, Georgia` and `Los Angeles, CA` end in a state.
    // `SE` is a quarter of Washington, `PH` a penthouse: another country is told by its name.
    let named = country(last).filter(|c| last.len() > 3 || c == b"us");
    let named = named.filter(|_| !before.is_empty() && State::from_name(last.as_bytes()).is_none());
    if let Some(abroad) = named.filter(|c| c != b"us") {
        return Some((Says::Nothing, Some(abroad)));
    }
    let address = match named {
        Some(_) => before,
        None => ["USA", "US", "U.S.A", "United States"].iter().find_map(|us| address.strip_suffix(us)).unwrap_or(address),
    };
    State::at_end(address).map(|(zip, state)| (Says::End(zip, state), named))
}

/// What the name of a field says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    of: Address,
    postal: Postal,
    /// It is one of provinces or regions, not of states.
    region: bool,
    country: bool,
}

/// Whose word for a postal code a name holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Postal {
    /// American.
    Zip,
    /// English.
    Code,
    /// Another language's, or none.
    Foreign,
}

/// What people call their country.
const COUNTRY: &[&str] = &[
    "country",
    "countrycode",
    "countryname",
    "countryiso",
    "isocountry",
    "nation",
    "land",
    "pays",
    "pais",
    "país",
    "paese",
    "kraj",
    "maa",
    "ország",
];
/// What may stand beside it: not where somebody was born, or who gave a passport out.
const BESIDE_COUNTRY: &[&str] = &[
    "code", "name", "iso", "iso2", "iso3", "alpha2", "alpha3", "2", "3", "of", "address", "addr", "the", "customer", "user", "client",
    "person",
];
/// What has a country that is not where its person lives.
const ELSEWHERE: &[&str] = &[
    "passport",
    "visa",
    "license",
    "licence",
    "document",
    "birth",
    "born",
    "birthplace",
    "login",
    "session",
    "ip",
    "geo",
    "device",
    "phone",
    "mobile",
    "bank",
    "card",
    "issuer",
    "issuing",
    "issued",
    "origin",
    "citizenship",
    "nationality",
    "tax",
    "merchant",
    "store",
    "seller",
];
/// Words of an address that do not say which.
const PLACE: &[&str] = &["address", "addr", "addresses", "location", "contact", "info", "details", "postal"];

impl Field {
    pub fn of(name: &str) -> Field {
        let mut parts = name.rsplit('.').map(words);
        let last = parts.next().unwrap_or_default();
        // `billing.address.zip`.
        let above = parts.find(|p| p.iter().any(|w| !PLACE.contains(&w.as_str()))).unwrap_or_default();
        let of = last.iter().find_map(|w| kind(w)).or_else(|| above.iter().find_map(|w| kind(w)));
        let has = |words: &[&str]| last.iter().any(|w| words.contains(&w.as_str()));
        let pair = |a: &str, b: &str| last.windows(2).any(|w| w[0] == a && w[1] == b);
        let cd = || pair("postal", "code") || pair("post", "code") || pair("post", "cd");
        let english = has(&["postcode", "postalcode"]) || cd() || has(&["postal"]) && !last.iter().any(|w| w.starts_with('c') && w != "cd");
        Field {
            of: of.unwrap_or_default(),
            postal: match (last.iter().any(|w| w.starts_with("zip")), english) {
                (true, _) => Postal::Zip,
                (_, true) => Postal::Code,
                _ => Postal::Foreign,
            },
            region: has(&["province", "region"]) && !has(&["state"]),
            country: has(COUNTRY)
                && !above.iter().any(|w| ELSEWHERE.contains(&w.as_str()))
                && last.iter().all(|w| COUNTRY.contains(&w.as_str()) || BESIDE_COUNTRY.contains(&w.as_str()) || kind(w).is_some()),
        }
    }
}

/// The address that a word names.
fn kind(word: &str) -> Option<Address> {
    Some(match word {
        "home" | "residence" | "residential" | "resident" | "domicile" | "permanent" => Address::Home,
        "mailing" | "mail" | "correspondence" => Address::Mailing,
        "billing" | "bill" | "billto" | "invoice" | "payment" | "payer" => Address::Billing,
        "shipping" | "ship" | "shipto" | "shipment" | "delivery" | "deliver" => Address::Shipping,
        "work" | "workplace" | "employer" | "company" | "business" | "office" | "corporate" => Address::Work,
        _ => return None,
    })
}

/// The words of a name in small letters: `billingZip`, `BILLING_ZIP`, `billing zip`.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || small && c.is_uppercase() {
            out.push(String::new());
        }
        small = c.is_lowercase();
        if c.is_alphanumeric()
            && let Some(last) = out.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

/// The countries that a batch names, and what its matches tell.
pub(super) struct Clues<'b> {
    telling: &'b Telling,
    batch: &'b Batch,
    fields: &'b [Field],
    /// By row and scope.
    countries: HashMap<(u32, u32), Vec<(Address, Country)>>,
}

impl<'b> Clues<'b> {
    /// Reads the countries of a batch, whose fields are `fields`.
    pub fn new(telling: &'b Telling, batch: &'b Batch, fields: &'b [Field]) -> Clues<'b> {
        let mut countries: HashMap<(u32, u32), Vec<(Address, Country)>> = HashMap::new();
        let is_country = |field: u32| fields.get(field as usize).is_some_and(|f| f.country);
        for (field, row, scope, name) in values(batch, &is_country) {
            let Some(code) = std::str::from_utf8(name).ok().and_then(country) else { continue };
            let mut scope = Some(scope);
            while let Some(at) = scope {
                let (known, new) = (countries.entry((row, at)).or_default(), (fields[field as usize].of, code));
                if !known.contains(&new) {
                    known.push(new);
                }
                scope = parent(batch, at);
            }
        }
        Clues { telling, batch, fields, countries }
    }

    /// What a match tells.
    pub fn of(&self, m: &Match) -> Option<Clue> {
        let cell = self.batch.cells.get(m.cell as usize);
        let field = cell.and_then(|c| self.fields.get(c.field as usize));
        let said = self.telling.says(m, self.batch, field);
        let (says, own) = said.unwrap_or((Says::Nothing, None));
        let is_place = said.is_some() && !matches!(says, Says::Number(_) | Says::Account(_));
        let of = field.filter(|_| is_place).map(|f| f.of);
        let beside = if own.is_some() { None } else { cell.and_then(|c| self.beside(c, of)) };
        let country = own.or(beside.map(|b| b.1));
        let of = of.or(beside.map(|b| b.0)).unwrap_or_default();
        (said.is_some() || country.is_some()).then_some(Clue { says, of, country })
    }

    /// The country that stands beside a value of this address: its own, the one of no address, the only one.
    fn beside(&self, cell: &Cell, of: Option<Address>) -> Option<(Address, Country)> {
        if self.countries.is_empty() {
            return None;
        }
        let mut scope = Some(cell.scope);
        let known = loop {
            let at = scope?;
            match self.countries.get(&(cell.row, at)) {
                Some(known) => break known,
                None => scope = parent(self.batch, at),
            }
        };
        let with = |of: Address| known.iter().find(|k| k.0 == of);
        match of {
            // Where something is sent to or somebody works says nothing of where they live.
            Some(of) => with(of).or_else(|| with(Address::Unnamed)).or(known.first().filter(|only| known.len() == 1 && only.0 <= of)),
            None => known.iter().filter(|k| k.0 != Address::Work).min_by_key(|k| k.0),
        }
        .copied()
    }
}

/// The object that holds a scope.
fn parent(batch: &Batch, scope: u32) -> Option<u32> {
    batch.scopes.get(scope as usize)?.parent
}

/// The values of some fields with field, row and scope.
pub(super) fn values<'b>(batch: &'b Batch, of: &dyn Fn(u32) -> bool) -> impl Iterator<Item = (u32, u32, u32, &'b [u8])> {
    let some: Vec<bool> = (0..batch.fields.len() as u32).map(of).collect();
    let any = some.contains(&true);
    let is = move |field: u32| some.get(field as usize) == Some(&true);
    let is_cell = is.clone();
    let cells = batch.cells.iter().take(if any { usize::MAX } else { 0 }).filter(move |c| is_cell(c.field));
    let cells = cells.map(|c| (c.field, c.row, c.scope, batch.value(c)));
    // Most countries are no findings, so that of a dictionary few became cells.
    let repeated = batch.columns.iter().filter(move |c| is(c.field)).flat_map(|c| {
        let places = c.rows.iter().zip(c.scopes.iter());
        c.entries.iter().zip(places).map(|(e, (row, scope))| (c.field, *row, *scope, c.dictionary.get(*e))).filter(|v| !v.3.is_empty())
    });
    cells.chain(repeated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_address_and_whose_code() {
        use Address::*;
        for (name, of, postal) in [
            ("zip", Unnamed, Postal::Zip),
            ("ZipCode", Unnamed, Postal::Zip),
            ("billing_zip", Billing, Postal::Zip),
            ("shipToZip", Shipping, Postal::Zip),
            ("customer.billing.address.zip5", Billing, Postal::Zip),
            ("home_postal_code", Home, Postal::Code),
            ("mailing postcode", Mailing, Postal::Code),
            ("postalCode", Unnamed, Postal::Code),
            ("code_postal", Unnamed, Postal::Foreign),
            ("codigo_postal", Unnamed, Postal::Foreign),
            ("plz", Unnamed, Postal::Foreign),
            ("postleitzahl", Unnamed, Postal::Foreign),
            ("work_state", Work, Postal::Foreign),
            ("companies.people.state", Unnamed, Postal::Foreign),
        ] {
            let f = Field::of(name);
            assert_eq!((f.of, f.postal), (of, postal), "{name}");
        }
        assert!(Field::of("province").region && !Field::of("state_province").region);
    }

    #[test]
    fn columns_of_countries() {
        for name in ["country", "Country Code", "billing_country", "address.countryName", "country_of_residence", "land", "pays", "país"] {
            assert!(Field::of(name).country, "{name}");
        }
        for name in ["birth_country", "country_of_birth", "issuing_country", "phone_country", "county", "landline", "mainland"] {
            assert!(!Field::of(name).country, "{name}");
        }
        assert_eq!(Field::of("country_of_residence").of, Address::Home);
    }

    #[test]
    fn addresses_end_in_a_state_or_a_country() {
        let state = |code: &str| State::from_name(code.as_bytes()).unwrap();
        let tx = |country| Some((Says::End(state("TX"), state("TX")), country));
        let abroad = |code: &[u8; 2]| Some((Says::Nothing, Some(*code)));
        for (address, want) in [
            ("9 Pine Road Apt 4, Austin, TX 78701, USA", tx(Some(*b"us"))),
            ("9 Pine Road Apt 4, Austin, Texas 78701-1234", tx(None)),
            ("9 Pine Road\nAustin TX 78701\nUnited States", tx(Some(*b"us"))),
            ("9 Pine Road, Austin, TX 78701 USA.", tx(None)),
            ("Hauptstraße 12, 10115 Berlin, Germany", abroad(b"de")),
            ("Hauptstraße 12, 10115 Berlin, Deutschland", abroad(b"de")),
            ("1 King St, Toronto, ON M5V 3L9, Canada", abroad(b"ca")),
            ("12 Peachtree St, Atlanta, Georgia", None),
            ("1 Main St, Los Angeles, CA", None),
            ("Hauptstraße 12, 10115 Berlin", None),
            ("Germany", None),
            ("600 Pennsylvania Ave, SE", None),
            ("900 Park Ave, PH", None),
            ("", None),
        ] {
            assert_eq!(ends(address), want, "{address}");
        }
    }
}
