//! Payment cards.

use std::sync::LazyLock;

use super::{Digits, luhn, one_separator};

/// First digits (low, high, how many of them), and the lengths cards with them have.
const ISSUERS: &[(u64, u64, usize, &[usize])] = &[
    (4, 4, 1, &[13, 16, 19]),                       // Visa
    (51, 55, 2, &[16]),                             // Mastercard
    (2221, 2720, 4, &[16]),                         // Mastercard
    (34, 34, 2, &[15]),                             // American Express
    (37, 37, 2, &[15]),                             // American Express
    (6011, 6011, 4, &[16, 17, 18, 19]),             // Discover
    (644, 649, 3, &[16, 17, 18, 19]),               // Discover
    (65, 65, 2, &[16, 17, 18, 19]),                 // Discover
    (300, 305, 3, &[14, 16, 17, 18, 19]),           // Diners Club
    (309, 309, 3, &[14, 16, 17, 18, 19]),           // Diners Club
    (36, 36, 2, &[14, 15, 16, 17, 18, 19]),         // Diners Club
    (38, 39, 2, &[14, 16, 17, 18, 19]),             // Diners Club
    (3528, 3589, 4, &[16, 17, 18, 19]),             // JCB
    (1800, 1800, 4, &[15]),                         // JCB
    (2131, 2131, 4, &[15]),                         // JCB
    (62, 62, 2, &[16, 17, 18, 19]),                 // UnionPay
    (81, 81, 2, &[16, 17, 18, 19]),                 // UnionPay, RuPay
    (2200, 2204, 4, &[16, 17, 18, 19]),             // Mir
    (50, 50, 2, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (56, 58, 2, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (60, 61, 2, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (63, 63, 2, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (66, 69, 2, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
];

/// Issuer and length, one kind of separator, Luhn.
pub fn payment_card(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    let n = d.get().len();
    (12..=19).contains(&n) && one_separator(raw) && !d.all_same() && issued(d.number(0, 4), n) && luhn(d.get())
}

/// By the first four digits: which numbers of digits cards have, a bit for each from 12 on.
static LENGTHS: LazyLock<Box<[u8; 10_000]>> = LazyLock::new(|| {
    let mut all = Box::new([0; 10_000]);
    for (head, lengths) in all.iter_mut().enumerate() {
        let first = [0, head / 1000, head / 100, head / 10, head].map(|n| n as u64);
        let of = ISSUERS.iter().filter(|(low, high, k, _)| (*low..=*high).contains(&first[*k]));
        *lengths = of.flat_map(|i| i.3).fold(0, |m, n| m | 1 << (n - 12));
    }
    all
});

/// Whether cards whose first four digits are `head` have `n` digits.
fn issued(head: u64, n: usize) -> bool {
    (12..20).contains(&n) && LENGTHS.get(head as usize).is_some_and(|of| of >> (n - 12) & 1 != 0)
}

/// Issuer and length, one kind of separator: what a card number looks like that fails its check digit. Typing errors, masked
/// data and made-up numbers are such; only a column's name makes cards of them.
pub fn card_shape(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    let n = d.get().len();
    (12..=19).contains(&n) && one_separator(raw) && !d.all_same() && issued(d.number(0, 4), n)
}

/// Thirteen to nineteen digits and Luhn, from an issuer that is not listed: for places where the text says that it is a card.
pub fn luhn_card(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    (13..=19).contains(&d.get().len()) && one_separator(raw) && !d.all_same() && luhn(d.get())
}
