//! Brazil.

use super::{alnum, digits, number, same, weigh};

/// The modulo 11 rule of most Brazilian numbers: what is missing to eleven, ten and eleven as nothing.
fn check(d: &[u32], weights: &[u32]) -> u32 {
    match weigh(d, weights) % 11 {
        0 | 1 => 0,
        r => 11 - r,
    }
}

/// CPF, the register of natural persons: eleven digits, two of them check the others.
pub fn br_cpf(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    !same(&d) && check(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[9] && check(&d[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[10]
}

/// CNPJ, the register of legal entities: twelve digits or (issued from July 2026 on) letters, two digits that check them.
/// Letters count by their ASCII code less that of `0`.
pub fn br_cnpj(raw: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let Some(c) = alnum::<14>(raw) else { return false };
    let d = c.map(|b| u32::from(b - b'0'));
    let body = number(&d[..8]);
    !same(&d)
        && c[12].is_ascii_digit()
        && c[13].is_ascii_digit()
        && body != 0
        && check(&d[..12], &WEIGHTS[1..]) == d[12]
        && check(&d[..13], &WEIGHTS) == d[13]
}

/// CNS, the number of the national health card: 15 digits, weights 15 to 1, modulo 11.
pub fn br_cns(raw: &[u8]) -> bool {
    let Some(d) = digits::<15>(raw) else { return false };
    let sum: u32 = d.iter().zip((1..=15).rev()).map(|(d, w)| d * w).sum();
    // Final numbers are made from a PIS number; provisional ones begin with 7, 8 or 9.
    let kind = match d[0] {
        1 | 2 => number(&d[11..14]) <= 1,
        7..=9 => true,
        _ => false,
    };
    kind && !same(&d) && sum.is_multiple_of(11)
}

/// PIS/PASEP, NIT or NIS, the worker's number: eleven digits, modulo 11.
pub fn br_pis(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    !same(&d) && check(&d[..10], &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == d[10]
}

/// CNH, the driving licence: nine digits and two that check them; ten in the first lowers the second by two.
pub fn br_cnh(raw: &[u8]) -> bool {
    let Some(d) = digits::<11>(raw) else { return false };
    let first = weigh(&d[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let (first, less) = if first > 9 { (0, 2) } else { (first, 0) };
    let second = weigh(&d[..9], &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
    let second = if second > 9 { 0 } else { (second + 11 - less) % 11 % 10 };
    !same(&d) && first == d[9] && second == d[10]
}

/// The voter's title: eight digits, the state (01 to 28, the last for those abroad), two that check them.
pub fn br_titulo(raw: &[u8]) -> bool {
    let Some(d) = digits::<12>(raw) else { return false };
    let state = number(&d[8..10]);
    // In Sao Paulo and Minas Gerais, what leaves nothing is checked by 1.
    let digit = |rest: u32| match rest {
        10 => 0,
        0 if state <= 2 => 1,
        r => r,
    };
    let first = digit(weigh(&d[..8], &[2, 3, 4, 5, 6, 7, 8, 9]) % 11);
    let second = digit(weigh(&[d[8], d[9], first], &[7, 8, 9]) % 11);
    (1..=28).contains(&state) && number(&d[..8]) != 0 && first == d[10] && second == d[11]
}

/// RG, the identity card of a state: seven to nine digits, the last may be an X. Each state numbers by its own rule; only
/// fillers are refused.
pub fn br_rg(raw: &[u8]) -> bool {
    let good = |c: &[u8]| {
        let (last, body) = c.split_last().unwrap_or((&b'Y', &[]));
        body.iter().all(u8::is_ascii_digit) && (last.is_ascii_digit() || *last == b'X') && body.windows(2).any(|w| w[0] != w[1])
    };
    alnum::<9>(raw).is_some_and(|c| good(&c)) || alnum::<8>(raw).is_some_and(|c| good(&c)) || alnum::<7>(raw).is_some_and(|c| good(&c))
}

/// CEP, the postal code: eight digits from 01000 on.
pub fn br_cep(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| !same(&d) && number(&d[..5]) >= 1000)
}
