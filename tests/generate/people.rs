//! The people of the samples. None of them exists.

use std::collections::HashSet;

use super::{ids, names, rng::Rng};

/// The consumer who is everywhere: CRM, orders, RDS, Redshift, DynamoDB, a log, a support note. Always `people[0]`.
pub const HEROINE_EMAIL: &str = "maren.holloway@example.com";

/// What everyone's e-mail and phone looks like when the sales desk types an order in: shared by many, names nobody.
pub const DESK_EMAIL: &str = "phone-orders@harborlight.example";
/// The sales desk's phone.
pub const DESK_PHONE: (&str, u16) = ("207", 199);

/// One person and all that the company could know of them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Position in the list.
    pub index: usize,
    /// `HL-` and five digits.
    pub customer_id: String,
    pub first: String,
    pub last: String,
    pub email: String,
    /// Six people came back under another address.
    pub email2: Option<String>,
    /// Area code and line number of a 555-01xx number.
    pub phone: (String, u16),
    pub ssn: String,
    /// Year, month, day.
    pub birth: (u16, u8, u8),
    pub street: String,
    pub city: &'static str,
    pub state: &'static str,
    pub zip: &'static str,
    pub licence: String,
    pub card: String,
    pub brand: &'static str,
    pub iban: String,
    pub mbi: String,
    pub username: String,
    /// In one of the networks kept for documentation.
    pub ip: String,
}

impl Person {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// The phone number in one of five ways of writing it.
    pub fn phone_as(&self, style: u64) -> String {
        phone_as(&self.phone.0, self.phone.1, style)
    }

    /// `YYYY-MM-DD`.
    pub fn birth_iso(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.birth.0, self.birth.1, self.birth.2)
    }

    /// `MM/DD/YYYY`.
    pub fn birth_us(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.birth.1, self.birth.2, self.birth.0)
    }

    /// The nine digits alone.
    pub fn ssn_bare(&self) -> String {
        self.ssn.replace('-', "")
    }
}

/// A 555-01xx number in one of five ways of writing it.
pub fn phone_as(area: &str, line: u16, style: u64) -> String {
    match style % 5 {
        0 => format!("({area}) 555-{line:04}"),
        1 => format!("{area}-555-{line:04}"),
        2 => format!("+1 {area} 555 {line:04}"),
        3 => format!("{area}.555.{line:04}"),
        _ => format!("+1{area}555{line:04}"),
    }
}

/// `count` people, the heroine first. E-mail, SSN, phone, card, licence, IBAN and IP are one person's each, but for the
/// household of [`household`]. Past about 4,000 people the phone numbers run out and are given twice.
pub fn people(seed: u64, count: usize) -> Vec<Person> {
    let mut rng = Rng::named(seed, "people");
    let mut taken = HashSet::new();
    let mut people: Vec<Person> = (0..count).map(|index| person(&mut rng, index, &mut taken)).collect();
    for i in (10..people.len().min(16)).rev() {
        let p = &mut people[i];
        let initial = p.first[..1].to_lowercase();
        p.email2 = Some(format!("{initial}{}.{}@mail.example", p.last.to_lowercase(), p.birth.0));
    }
    if people.len() > *household().end() {
        let phone = people[*household().start()].phone.clone();
        let last = people[*household().start()].last.clone();
        for i in household() {
            people[i].phone = phone.clone();
            people[i].last.clone_from(&last);
        }
    }
    people
}

/// Three people who share one phone and have an SSN each.
pub fn household() -> std::ops::RangeInclusive<usize> {
    20..=22
}

fn person(rng: &mut Rng, index: usize, taken: &mut HashSet<String>) -> Person {
    let mut first = (*rng.pick(names::FIRST)).to_owned();
    let mut last = (*rng.pick(names::LAST)).to_owned();
    let mut place = rng.pick(names::CITIES);
    if index == 0 {
        (first, last, place) = ("Maren".to_owned(), "Holloway".to_owned(), &names::CITIES[0]);
    }
    let &(city, state, zips, area) = place;
    let phone = unused(taken, 500, || {
        let line = rng.between(100, 198) as u16;
        (format!("{area}{line}"), (area.to_owned(), line))
    });
    let year = rng.between(1942, 2006) as u16;
    let birth = (year, rng.between(1, 12) as u8, rng.between(1, 28) as u8);
    let (f, l) = (first.to_lowercase(), last.to_lowercase());
    let email = match index {
        0 => HEROINE_EMAIL.to_owned(),
        _ => unused(taken, 500, || {
            let local = match rng.below(6) {
                0 | 1 => format!("{f}.{l}"),
                2 => format!("{}{l}", &f[..1]),
                3 => format!("{f}{}", rng.between(10, 9999)),
                4 => format!("{f}_{l}{:02}", year % 100),
                _ => format!("{l}.{f}+shop{}", rng.between(1, 99)),
            };
            let at = *rng.pick(&["example.com", "example.com", "example.org", "example.net", "mail.example", "post.example"]);
            let email = format!("{local}@{at}");
            (email.clone(), email)
        }),
    };
    taken.insert(email.clone());
    let mut single = |make: &mut dyn FnMut(&mut Rng) -> String, rng: &mut Rng| {
        unused(taken, 500, || {
            let v = make(rng);
            (v.clone(), v)
        })
    };
    let ssn = single(&mut ids::ssn, rng);
    let licence = single(&mut |r| ids::licence(r, state), rng);
    let iban = single(&mut ids::iban, rng);
    let mbi = single(&mut ids::mbi, rng);
    let ip = single(&mut |r| format!("{}.{}", r.pick(&["192.0.2", "198.51.100", "203.0.113"]), r.between(1, 254)), rng);
    let username = single(&mut |r| format!("{}{}{}", &f[..1], &l[..l.len().min(6)], r.between(1, 999)), rng);
    let (card, brand) = ids::card(rng);
    let street = format!("{} {} {}", rng.between(11, 9899), rng.pick(names::STREET), rng.pick(names::STREET_KIND));
    Person {
        index,
        customer_id: format!("HL-{:05}", 10_417 + index * 7),
        first,
        last,
        email,
        email2: None,
        phone,
        ssn,
        birth,
        street,
        city,
        state,
        zip: zips[rng.below(2) as usize],
        licence,
        card,
        brand,
        iban,
        mbi,
        username,
        ip,
    }
}

/// Tries until the key is new, or gives the last after `tries`.
fn unused<T>(taken: &mut HashSet<String>, tries: usize, mut make: impl FnMut() -> (String, T)) -> T {
    let (mut key, mut value) = make();
    for _ in 0..tries {
        if taken.insert(key) {
            return value;
        }
        (key, value) = make();
    }
    value
}
