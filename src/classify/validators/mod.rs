//! Named, typed checks of values: check digits, number ranges, real dates.
//!
//! Each takes the bytes a pattern matched, with their separators, and says whether such a value can exist. They never
//! allocate and never panic, whatever the bytes.

pub mod banks;
pub mod cards;
pub mod contact;
pub mod dates;
pub mod national;
pub mod net;
pub mod phones;
pub mod text;
pub mod us;

macro_rules! validators {
    ($($(#[$doc:meta])* $variant:ident $name:literal $accepts:literal $check:path;)*) => {
        /// A check that a classifier file names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Validator { $($(#[$doc])* $variant,)* }

        impl Validator {
            /// All of them, in order of name.
            pub const ALL: &[Validator] = &[$(Validator::$variant,)*];

            /// The name in files.
            pub fn name(self) -> &'static str {
                match self { $(Validator::$variant => $name,)* }
            }

            /// About which share of random values of the right shape it accepts, 0..1.
            pub fn accepts(self) -> f32 {
                match self { $(Validator::$variant => $accepts,)* }
            }

            /// Whether the value can exist.
            pub fn check(self, raw: &[u8]) -> bool {
                match self { $(Validator::$variant => $check(raw),)* }
            }
        }
    };
}

validators! {
    /// A US bank's routing number: ranges and check digit.
    AbaRouting "aba_routing" 0.06 us::aba_routing;
    /// A US bank account beside labels: digits, not all the same.
    BankAccount "bank_account" 0.99 us::bank_account;
    /// A Canadian social insurance number.
    CaSin "ca_sin" 0.09 national::ca_sin;
    /// A number that begins and is as long as payment cards are; the check digit is not asked.
    CardShape "card_shape" 0.35 cards::card_shape;
    /// A real day from 1900 to today.
    Date "date" 0.5 dates::date;
    /// An e-mail address with a top-level domain that exists.
    Email "email" 0.9 contact::email;
    /// An e-mail address whose last label is at least no file's extension.
    EmailAnyDomain "email_any_domain" 0.95 contact::email_any_domain;
    /// A UK National Health Service number.
    GbNhs "gb_nhs" 0.09 national::gb_nhs;
    /// A UK National Insurance number.
    GbNino "gb_nino" 0.6 national::gb_nino;
    /// An IBAN: country, form, mod 97.
    Iban "iban" 0.01 banks::iban;
    /// A phone number behind a plus sign or 00 that its country gives out.
    IntlPhone "intl_phone" 0.3 phones::intl_phone;
    /// Digits behind a plus sign or 00 with a country's code.
    IntlShape "intl_shape" 0.7 phones::intl_shape;
    /// An IPv4 address.
    Ipv4 "ipv4" 0.5 net::ipv4;
    /// An IPv4 address, neither a mask nor like a version.
    Ipv4Host "ipv4_host" 0.4 net::ipv4_host;
    /// An IPv6 address.
    Ipv6 "ipv6" 0.5 net::ipv6;
    /// An IPv6 address that can hardly be anything else.
    Ipv6Sure "ipv6_sure" 0.4 net::ipv6_sure;
    /// A token whose first part is a JSON header.
    Jwt "jwt" 0.01 text::jwt;
    /// Twelve to nineteen digits with the check digit of payment cards, whoever issued them.
    LuhnCard "luhn_card" 0.1 cards::luhn_card;
    /// A MAC address, not all zeros.
    Mac "mac" 0.99 net::mac;
    /// A person's name: no word that names something else.
    Name "name" 0.9 text::name;
    /// A phone number of the North American plan in an area that is in use.
    NanpAssigned "nanp_assigned" 0.35 phones::nanp_assigned;
    /// A phone number of the North American plan.
    NanpPhone "nanp_phone" 0.6 phones::nanp_phone;
    /// Ten digits as North American numbers have them.
    NanpShape "nanp_shape" 0.95 phones::nanp_shape;
    /// A telephone number dialled inside a country.
    NationalPhone "national_phone" 0.8 phones::national_phone;
    /// A secret: no placeholder, no word of the language.
    Password "password" 0.9 text::password;
    /// A payment card: issuer ranges with their lengths, Luhn.
    PaymentCard "payment_card" 0.08 cards::payment_card;
    /// Digits as they stand in a column of telephone numbers.
    PhoneCell "phone_cell" 0.95 phones::phone_cell;
    /// A postal code of some country.
    PostalCode "postal_code" 0.9 us::postal_code;
    /// A random string: mixed classes of characters.
    RandomString "random_string" 0.9 text::random_string;
    /// A password that no sign leads to: three classes of characters.
    StrongPassword "strong_password" 0.5 text::strong_password;
    /// A US employer identification number: issued prefixes.
    UsEin "us_ein" 0.83 us::us_ein;
    /// A US taxpayer number of someone without a Social Security number.
    UsItin "us_itin" 0.05 us::us_itin;
    /// A Medicare beneficiary identifier.
    UsMbi "us_mbi" 0.01 us::us_mbi;
    /// A US provider identifier: Luhn behind 80840.
    UsNpi "us_npi" 0.02 us::us_npi;
    /// A US Social Security number: areas, groups and serials that are issued.
    UsSsn "us_ssn" 0.88 us::us_ssn;
    /// A US state or territory, as code or name.
    UsState "us_state" 0.1 us::us_state;
    /// A US ZIP code in an assigned range.
    UsZip "us_zip" 0.9 us::us_zip;
    /// A name to log in with: no word of the language.
    UserName "user_name" 0.7 text::user_name;
    /// A vehicle identification number with the North American check digit.
    Vin "vin" 0.09 national::vin;
}

impl Validator {
    /// Whether it lets values pass whose check digit is wrong: what it accepts is counted, with that against it.
    pub fn leaves_check_digit(self) -> bool {
        self == Validator::CardShape
    }

    /// The check of that name.
    pub fn from_name(name: &str) -> Option<Validator> {
        Validator::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// The digits of a value, at most 40.
#[derive(Clone, Copy)]
pub(crate) struct Digits {
    d: [u8; 40],
    n: usize,
}

impl Digits {
    /// Collects 0..=9; `None` if there are more than 40.
    pub fn of(raw: &[u8]) -> Option<Digits> {
        let mut out = Digits { d: [0; 40], n: 0 };
        for b in raw.iter().filter(|b| b.is_ascii_digit()) {
            *out.d.get_mut(out.n)? = b - b'0';
            out.n += 1;
        }
        Some(out)
    }

    /// Exactly `n` of them.
    pub fn exactly(raw: &[u8], n: usize) -> Option<Digits> {
        Digits::of(raw).filter(|d| d.n == n)
    }

    pub fn get(&self) -> &[u8] {
        &self.d[..self.n]
    }

    /// Those of two pieces, one behind the other.
    pub fn of_both(a: &[u8], b: &[u8]) -> Option<Digits> {
        let (mut out, rest) = (Digits::of(a)?, Digits::of(b)?);
        let end = out.n + rest.n;
        out.d.get_mut(out.n..end)?.copy_from_slice(rest.get());
        out.n = end;
        Some(out)
    }

    /// Without `n` of them from `from` on.
    pub fn without(mut self, from: usize, n: usize) -> Digits {
        if from + n <= self.n {
            self.d.copy_within(from + n..self.n, from);
            self.n -= n;
        }
        self
    }

    /// The digits `[from, to)` as a number; at most 18 of them.
    pub fn number(&self, from: usize, to: usize) -> u64 {
        self.get().get(from..to).unwrap_or(&[]).iter().take(18).fold(0, |n, &d| n * 10 + u64::from(d))
    }

    pub fn all_same(&self) -> bool {
        self.get().windows(2).all(|w| w[0] == w[1])
    }
}

/// A set of lower-case ASCII words, asked in any case.
pub(crate) struct Words {
    /// By first letter and length (modulo 16).
    buckets: Vec<Vec<&'static [u8]>>,
}

impl Words {
    pub fn new(list: &[&'static str]) -> Words {
        let mut buckets = vec![Vec::new(); 32 * 16];
        for w in list {
            buckets[Words::bucket(w.as_bytes())].push(w.as_bytes());
        }
        Words { buckets }
    }

    /// The lowest five bits of a letter are the same in both cases.
    fn bucket(word: &[u8]) -> usize {
        word.first().map_or(0, |b| usize::from(b & 31) * 16 + word.len() % 16)
    }

    pub fn has(&self, word: &[u8]) -> bool {
        self.buckets[Words::bucket(word)].iter().any(|w| word.eq_ignore_ascii_case(w))
    }
}

/// Whether the check digit at the end is right by ISO/IEC 7812 (Luhn).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10) && !digits.is_empty()
}

pub(crate) fn luhn_sum(digits: &[u8]) -> u32 {
    let add = |(i, &d): (usize, &u8)| {
        let d = u32::from(d);
        if i % 2 == 1 { if d > 4 { 2 * d - 9 } else { 2 * d } } else { d }
    };
    digits.iter().rev().enumerate().map(add).sum()
}

/// Whether the separators between digits are all the same.
pub(crate) fn one_separator(raw: &[u8]) -> bool {
    let mut signs = raw.iter().filter(|b| !b.is_ascii_digit());
    match signs.next() {
        Some(first) => signs.all(|s| s == first),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_unique_and_sorted() {
        let names: Vec<_> = Validator::ALL.iter().map(|v| v.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for v in Validator::ALL {
            assert_eq!(Validator::from_name(v.name()), Some(*v));
            assert!((0.0..1.0).contains(&v.accepts()));
        }
        assert_eq!(Validator::from_name("nothing"), None);
    }

    #[test]
    fn values_and_their_neighbours() {
        use Validator as V;
        // Published examples and test ranges; the second list differs in a digit or lies outside a range.
        let cases: &[(V, &[&str], &[&str])] = &[
            (V::AbaRouting, &["021000021", "011401533", "121000358"], &["021000022", "000000000", "991000021", "12100035"]),
            (V::BankAccount, &["0928239501"], &["0000000000", "12", "2021-02-01"]),
            (V::CardShape, &["4111111111111112", "5555-5555-5555-4440"], &["9999999999999995", "41111111111111", "4444444444444444"]),
            (V::CaSin, &["130692544", "046 454 286"], &["130692545", "046 454-286", "846454286", "000000000"]),
            (
                V::Date,
                &["1985-02-28", "02/29/2000", "31.12.1999", "March 3, 1985", "3 Mar 1985"],
                &["1985-02-30", "1899-01-01", "2999-01-01", "13/13/2000", "Mar 1985"],
            ),
            (
                V::Email,
                &["jane@example.com", "a.b+c@x-y.co.uk", "\"a b\"@example.com", "jane@m\u{fc}ller.example.com"],
                &["jane@example.comm1", "a..b@x.com", ".a@x.com", "a@-x.com", "logo@2x.png", "a@b.c", "a@x..com"],
            ),
            (V::EmailAnyDomain, &["jane@corp.internal"], &["logo@2x.png", "a@b.c"]),
            (V::GbNhs, &["943 476 5919", "4010232137"], &["943 476 5918", "0000000000"]),
            (V::GbNino, &["AB123456C", "AA 12 34 56 B"], &["DA123456C", "BG123456A", "AO123456A", "AB123456E"]),
            (
                V::Iban,
                &["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
                &["GB82 WEST 1234 5698 7654 33", "DE8937040044053201300", "ZZ89370400440532013000"],
            ),
            (
                V::IntlPhone,
                &["+44 20 7946 0018", "+1 415 555 2671", "+24762889"],
                &["+999 123456789", "+0 123", "+44 1", "+1 115 555 2671", "+44 20 7946 001"],
            ),
            (V::IntlShape, &["+41 (0)96 471 07 95"], &["+999 12345678", "+1 415 555 2671", "+41 1"]),
            (V::LuhnCard, &["3522235032377454"], &["3522235032377455", "79927398713"]),
            (V::NanpAssigned, &["(415) 555-2671"], &["(999) 555-2671"]),
            (V::NanpShape, &["001-748-088-2851x818"], &["748-088-285", "415-111-1111"]),
            (V::Ipv6Sure, &["2001:db8::1", "1:2:3:4:5:6:7:8"], &["::1", "ab::cd", "12:30", "01:02:03:04:05:06:07:ab"]),
            (V::Ipv4, &["1.2.3.4", "10.0.0.1", "10.0.0.0/8"], &["10.0.0.0/33", "10.0.0.0/", "256.1.1.1", "1.2.3", "01.2.3.4"]),
            (V::Ipv4Host, &["8.8.8.8", "198.51.100.7", "10.0.0.1", "127.0.0.1"], &["2.5.4.27", "2.23.42.3", "255.255.255.0", "0.0.0.0"]),
            (
                V::Ipv6,
                &["2001:db8::1", "fe80::1", "::1", "1::", "::ffff:192.0.2.1", "fe80::1%eth0", "2001:db8::/32"],
                &["1:2:3", "12:30", "2001:db8::1::2", "2001:db8::/129", "fe80::1%"],
            ),
            (V::Jwt, &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"], &["eyJxxxxxxxxxxxxx.eyJzdWIiOiIxIn0.c2ln", "abc"]),
            (
                V::Mac,
                &["00:00:5e:00:53:01", "00-00-5E-00-53-01", "02:00:5e:10:00:00:00:01"],
                &["00:00:00:00:00:00", "00:00:00:00:00", "00:00-5e:00:53:01"],
            ),
            (V::Name, &["Jane Doe", "O'Neil"], &["Acme Inc", "Password Reset", "The End"]),
            (
                V::NanpPhone,
                &["(415) 555-2671", "14155552671"],
                &["252.227-7013", "(115) 555-2671", "(415) 155-2671", "911-555-2671", "415555267"],
            ),
            (V::NationalPhone, &["020 7946 0018"], &["0000 000 0000", "020 1"]),
            (V::Password, &["hunter2", "h%OiTw1Xk@2"], &["reset", "null", "encrypted", "********", "${PASSWORD}", "password"]),
            (
                V::PaymentCard,
                &["4111111111111111", "3782 822463 10005", "5555-5555-5555-4444", "30569309025904"],
                &["4111111111111112", "4111-1111 1111-1111", "9999999999999995", "0000000000000000", "411111111111111"],
            ),
            (
                V::RandomString,
                &["sk-K35JNZbnxxrPGAa6FZYxpM5wubsmMjWr", "sk-FHSWXVnPZrACDlQGPOkFbxexUIHACV9A"],
                &["aaaaaaaaaaaaaaaaaaaaaaaaaa", "sk_X509_VERIFY_PARAM_reserve2", "this-is-a-long-identifier-of-words"],
            ),
            (V::UsEin, &["12-3456789"], &["07-1234567", "00-0000000", "12-0000000"]),
            (V::UsItin, &["912-70-1234", "999-88-7777"], &["912-69-1234", "812-70-1234", "912-93-1234", "912701"]),
            (V::UsMbi, &["1EG4-TE5-MK73", "1EG4TE5MK73"], &["0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TE5-MK7"]),
            (V::UsNpi, &["1234567893", "1245319599"], &["1234567890", "3234567893", "123456789"]),
            (
                V::UsSsn,
                &["457-55-5462", "123456789"],
                &["666-05-1121", "000-12-3456", "900-12-3456", "457-00-5462", "457-55-0000", "987-65-4320"],
            ),
            (V::UsState, &["CA", "New York", "dc"], &["XX", "Bavaria"]),
            (V::PhoneCell, &["62889", "0800 501"], &["1111111", "1234", "2021-10-12"]),
            (V::PostalCode, &["SW1A 1AA", "D-10115", "1234 AB", "2600", "K1A 0B1"], &["00000", "open", "1234567890123"]),
            (V::StrongPassword, &["R3boot!Now", "Qr7!dke#39"], &["reset", "Argon2id", "2021-01-01", "https://x.example"]),
            (
                V::UserName,
                &["jdoe42", "jane.doe", "ops_8499", "J.Doe7"],
                &["What", "unhappy", "null", "jane.", "IvSize", "a.b.c", "self.user"],
            ),
            (V::UsZip, &["94103", "10001-1234", "00501"], &["00000", "99999", "1234"]),
            (V::Vin, &["1M8GDM9AXKP042788"], &["11111111111111111", "1M8GDM9A1KP042788", "IM8GDM9AXKP042788", "1M8GDM9AXKP04278"]),
        ];
        for (v, good, bad) in cases {
            for g in *good {
                assert!(v.check(g.as_bytes()), "{} refuses {g}", v.name());
            }
            for b in *bad {
                assert!(!v.check(b.as_bytes()), "{} accepts {b}", v.name());
            }
        }
        for v in Validator::ALL {
            assert!(cases.iter().any(|c| c.0 == *v), "{} has no case", v.name());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"0123456789-. @:/+".to_vec())], 0..80)) {
            for v in Validator::ALL {
                v.check(&raw);
            }
        }
    }
}
