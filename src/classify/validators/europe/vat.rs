//! VAT numbers, with the country's prefix or without. The rules are those that the member states published for VIES, and the
//! like of Norway and Switzerland.

use super::{Code, balkans, cross_sum, east, isles, luhn, mod_11_10, north, number, rest, south, two, values, weighted};

/// The check that a country's numbers have, of what stands behind the prefix.
fn behind(raw: &[u8], prefix: &[u8], check: impl Fn(&[u8]) -> bool) -> bool {
    Code::of(raw).is_some_and(|c| check(c.behind(prefix)))
}

/// `N` digits, not all the same.
fn of_digits<const N: usize>(raw: &[u8], prefix: &[u8], check: impl Fn(&[u8; N]) -> bool) -> bool {
    behind(raw, prefix, |c| values::<N>(c).is_some_and(|d| d.windows(2).any(|w| w[0] != w[1]) && check(&d)))
}

/// Austria: `U` and eight digits; the last is 10 less the cross sums (weights 1, 2) and 4.
pub fn at(raw: &[u8]) -> bool {
    of_digits::<8>(raw, b"ATU", |d| (cross_sum(&d[..7], &[1, 2, 1, 2, 1, 2, 1]) + 4 + u32::from(d[7])).is_multiple_of(10))
        || of_digits::<8>(raw, b"U", |d| (cross_sum(&d[..7], &[1, 2, 1, 2, 1, 2, 1]) + 4 + u32::from(d[7])).is_multiple_of(10))
}

/// Belgium: 0 or 1 and nine digits, 97 less the rest modulo 97.
pub fn be(raw: &[u8]) -> bool {
    of_digits::<10>(raw, b"BE", |d| d[0] < 2 && number(&d[..8]) > 0 && 97 - rest(&d[..8], 97) == two(d, 8))
}

/// Bulgaria: nine digits of a company, or the number of a person, or another.
pub fn bg(raw: &[u8]) -> bool {
    of_digits::<9>(raw, b"BG", |d| {
        let check = match weighted(d, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
            10 => weighted(d, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
            c => c,
        };
        check == u32::from(d[8])
    }) || of_digits::<10>(raw, b"BG", |d| {
        let other = match 11 - weighted(d, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
            10 => None,
            11 => Some(0),
            c => Some(c),
        };
        east::egn(d) || east::lnch(d) || other == Some(u32::from(d[9]))
    })
}

/// Switzerland and Liechtenstein: CHE, eight digits, a check digit with weights 5, 4, 3, 2, 7 to 4; MWST, TVA or IVA behind it.
pub fn ch(raw: &[u8]) -> bool {
    behind(raw, b"CHE", |c| {
        let c = [&b"MWST"[..], b"TVA", b"IVA"].iter().find_map(|end| c.strip_suffix(*end)).unwrap_or(c);
        values::<9>(c)
            .is_some_and(|d| d[..8].iter().any(|&d| d != 0) && (11 - weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11 == u32::from(d[8]))
    })
}

/// Cyprus: eight digits and a letter.
pub fn cy(raw: &[u8]) -> bool {
    behind(raw, b"CY", |c| south::cyprus(c).is_some())
}

/// Czechia: a company's eight digits, a person's birth number, or 6, seven digits and a check digit.
pub fn cz(raw: &[u8]) -> bool {
    // What the check digit is where the seven digits (weights 8 to 2) lack 0 to 10 to the next multiple of 11.
    const CHECKS: [u8; 11] = [8, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9];
    let special = |c: &[u8]| {
        let seven = c.strip_prefix(b"6").and_then(values::<8>);
        seven.is_some_and(|d| CHECKS[((11 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11) as usize] == d[7])
    };
    east::cz_dic(raw) || behind(raw, b"CZ", special)
}

/// Germany: nine digits, the first no 0, ISO/IEC 7064 MOD 11,10.
pub fn de(raw: &[u8]) -> bool {
    of_digits::<9>(raw, b"DE", |d| d[0] != 0 && mod_11_10(d))
}

/// Denmark: eight digits, weights 2, 7 to 1, modulo 11.
pub fn dk(raw: &[u8]) -> bool {
    of_digits::<8>(raw, b"DK", |d| d[0] != 0 && weighted(d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Estonia: nine digits, weights 3, 7, 1, modulo 10.
pub fn ee(raw: &[u8]) -> bool {
    of_digits::<9>(raw, b"EE", |d| weighted(d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10))
}

/// Spain: the NIF of a person, a foreigner or a company.
pub fn es(raw: &[u8]) -> bool {
    behind(raw, b"ES", |c| south::spanish_nif(c) || south::spanish_nie(c) || south::spanish_cif(c))
}

/// Finland: eight digits as the company's number.
pub fn fi(raw: &[u8]) -> bool {
    behind(raw, b"FI", north::fi_business_id)
}

/// France (and Monaco): two digits that follow from the nine behind them (which are right by Luhn, but in Monaco), or two
/// letters or digits of the new kind.
pub fn fr(raw: &[u8]) -> bool {
    behind(raw, b"FR", |c| {
        let Some(d) = c.get(2..).and_then(values::<9>) else { return false };
        let monaco = d[..3] == [0, 0, 0];
        if !(luhn(&d) || monaco) || number(&d) == 0 {
            return false;
        }
        match values::<2>(&c[..2]) {
            Some(key) => (12 + 3 * rest(&d, 97)) % 97 == two(&key, 0),
            None => !monaco && is_new_key([c[0], c[1]], &d),
        }
    })
}

/// Whether two signs, a letter at least among them, are the key of a French number: of their place among those of such keys as much is left,
/// divided by 11, as of the nine digits, 1 and the quotient.
fn is_new_key(key: [u8; 2], d: &[u8; 9]) -> bool {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let place = |b: u8| SIGNS.iter().position(|s| *s == b).map(|i| i as u64);
    let (Some(first), Some(second)) = (place(key[0]), place(key[1])) else { return false };
    let place = if first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
    (number(d) + 1 + place / 11) % 11 == place % 11
}

/// United Kingdom (and Northern Ireland as XI): nine digits, weights 8 to 2, modulo 97, or that less 55; three more name a branch.
/// `GD` and `HA` with three digits are departments and health authorities.
pub fn gb(raw: &[u8]) -> bool {
    let check = |c: &[u8]| {
        if let Some(department) = c.strip_prefix(b"GD").and_then(values::<3>) {
            return number(&department) < 500;
        }
        if let Some(authority) = c.strip_prefix(b"HA").and_then(values::<3>) {
            return number(&authority) >= 500;
        }
        let c = if c.len() == 12 && values::<3>(&c[9..]).is_some() { &c[..9] } else { c };
        values::<9>(c).is_some_and(|d| {
            let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + two(&d, 7);
            number(&d[..7]) > 0 && (sum.is_multiple_of(97) || number(&d) >= 100_000_000 && (sum + 55).is_multiple_of(97))
        })
    };
    Code::of(raw).is_some_and(|c| check(c.get().strip_prefix(b"GB").or_else(|| c.get().strip_prefix(b"XI")).unwrap_or(c.get())))
}

/// Greece: EL (or GR) and nine digits, powers of two.
pub fn gr(raw: &[u8]) -> bool {
    of_digits::<9>(raw, b"EL", south::greek) || of_digits::<9>(raw, b"GR", south::greek)
}

/// Croatia: the OIB.
pub fn hr(raw: &[u8]) -> bool {
    balkans::hr_oib(raw)
}

/// Hungary: eight digits, weights 9, 7, 3, 1, modulo 10; inside the country a digit for the kind and two for the county follow.
pub fn hu(raw: &[u8]) -> bool {
    behind(raw, b"HU", |c| {
        let c = match c.len() {
            11 if values::<3>(&c[8..]).is_some_and(|d| (1..=5).contains(&d[0])) => &c[..8],
            _ => c,
        };
        values::<8>(c).is_some_and(|d| d[0] != 0 && weighted(&d, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10))
    })
}

/// Ireland: seven digits and one or two letters, or (to 2013) a digit, a letter or sign, five digits, a letter.
pub fn ie(raw: &[u8]) -> bool {
    // `+` and `*` stand where old numbers have a letter.
    let mut plain = [b' '; 24];
    let Some(copy) = plain.get_mut(..raw.len()) else { return false };
    for (slot, &b) in copy.iter_mut().zip(raw) {
        *slot = if b == b'+' || b == b'*' { b'A' } else { b };
    }
    behind(&plain[..raw.len()], b"IE", |c| {
        let mut old = [b'0'; 8];
        if c.len() == 8 && c[0].is_ascii_digit() && c[1].is_ascii_alphabetic() {
            old[1..6].copy_from_slice(&c[2..7]);
            old[6] = c[0];
            old[7] = c[7];
            return isles::pps(&old, b"");
        }
        isles::pps(c, b"ABCDEFGHIW")
    })
}

/// Italy, partita IVA: seven digits, the office (001 to 100, 120, 121, 888, 999), a check digit by Luhn.
pub fn it(raw: &[u8]) -> bool {
    of_digits::<11>(raw, b"IT", |d| {
        let office = number(&d[7..10]);
        number(&d[..7]) > 0 && matches!(office, 1..=100 | 120 | 121 | 888 | 999) && luhn(d)
    })
}

/// Lithuania: nine digits (the eighth is 1) or twelve (the eleventh is), weights 1 to 9 over and over, else 3 to 9, modulo 11.
pub fn lt(raw: &[u8]) -> bool {
    let check = |d: &[u8]| {
        let (last, front) = d.split_last().unwrap_or((&0, &[]));
        let sum = |shift: usize| front.iter().enumerate().map(|(i, &d)| u32::from(d) * ((i + shift) % 9 + 1) as u32).sum::<u32>() % 11;
        let check = if sum(0) == 10 { sum(2) % 10 } else { sum(0) };
        front.last() == Some(&1) && check == u32::from(*last)
    };
    of_digits::<9>(raw, b"LT", |d| check(d)) || of_digits::<12>(raw, b"LT", |d| check(d))
}

/// Luxembourg: six digits and their rest modulo 89.
pub fn lu(raw: &[u8]) -> bool {
    of_digits::<8>(raw, b"LU", |d| number(&d[..6]) > 0 && rest(&d[..6], 89) == two(d, 6))
}

/// Latvia: a company's eleven digits (the first above 3), or the number of a person.
pub fn lv(raw: &[u8]) -> bool {
    of_digits::<11>(raw, b"LV", |d| d[0] > 3 && weighted(d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3)
        || behind(raw, b"LV", north::lv_pk)
}

/// Malta: eight digits, weights 3, 4, 6 to 9, 10, 1, modulo 37.
pub fn mt(raw: &[u8]) -> bool {
    of_digits::<8>(raw, b"MT", |d| d[0] != 0 && weighted(d, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37))
}

/// The Netherlands: nine digits, B, two digits; the nine are a right BSN, or (traders, since 2020) all of it is right by
/// ISO/IEC 7064 MOD 97-10.
pub fn nl(raw: &[u8]) -> bool {
    behind(raw, b"NL", |c| {
        let (Some(d), Some(b'B'), Some(branch)) = (c.get(..9).and_then(values::<9>), c.get(9), c.get(10..).and_then(values::<2>)) else {
            return false;
        };
        let whole = b"NL".iter().chain(c).fold(0u32, |r, &b| {
            let v = u32::from(super::value36(b));
            (if v > 9 { r * 100 + v } else { r * 10 + v }) % 97
        });
        two(&branch, 0) > 0 && (super::west::nl_bsn(&c[..9]) && number(&d) > 0 || whole == 1)
    })
}

/// Norway: the organisation's number, with MVA behind it.
pub fn no(raw: &[u8]) -> bool {
    behind(raw, b"NO", |c| north::no_orgnr(c.strip_suffix(b"MVA").unwrap_or(c)))
}

/// Poland: the NIP.
pub fn pl(raw: &[u8]) -> bool {
    east::pl_nip(raw)
}

/// Romania: two to ten digits, weights 7, 5, 3, 2, 1 twice from the right, times 10, modulo 11.
pub fn ro(raw: &[u8]) -> bool {
    behind(raw, b"RO", |c| {
        let (Some((last, front)), 2..=10) = (c.split_last(), c.len()) else { return false };
        let sum: u32 = front.iter().rev().zip([2, 3, 5, 7, 1, 2, 3, 5, 7]).map(|(b, w)| u32::from(b.wrapping_sub(b'0')) * w).sum();
        c.iter().all(u8::is_ascii_digit) && c[0] != b'0' && sum * 10 % 11 % 10 == u32::from(last - b'0')
    })
}

/// Sweden: the organisation's or the person's ten digits (Luhn) and 01 to 94.
pub fn se(raw: &[u8]) -> bool {
    of_digits::<12>(raw, b"SE", |d| luhn(&d[..10]) && (1..=94).contains(&two(d, 10)))
}
