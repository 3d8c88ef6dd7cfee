//! Albania and the successors of Yugoslavia.

use super::{Code, day, digits, mod_11_10, number, two, values, weighted};

/// Jedinstveni matični broj građana (EMŠO, EMBG): day and the last three digits of the year of birth, region, serial, modulo 11
/// with weights 7 to 2.
pub fn jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some()
}

/// The region of a right number.
fn citizen(raw: &[u8]) -> Option<u32> {
    let d = digits::<13>(raw)?;
    let year = match number(&d[4..7]) as u32 {
        y @ 850.. => 1000 + y,
        y @ ..=199 => 2000 + y,
        _ => return None,
    };
    // 10 and 11 both count as 0.
    let check = (11 - weighted(&d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10;
    (day(year, two(&d, 2), two(&d, 0)) && check == u32::from(d[12])).then(|| two(&d, 7))
}

/// Bosnia and Herzegovina: regions 10 to 19.
pub fn ba_jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| (10..=19).contains(&r))
}

/// Croatia before 2009: regions 30 to 39.
pub fn hr_jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| (30..=39).contains(&r))
}

/// Montenegro: regions 20 to 29.
pub fn me_jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| (20..=29).contains(&r))
}

/// North Macedonia: regions 40 to 49.
pub fn mk_embg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| (40..=49).contains(&r))
}

/// Serbia: regions 70 to 89 (80 to 89 are Vojvodina).
pub fn rs_jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| (70..=89).contains(&r))
}

/// Slovenia: regions 50 to 59; also 1 to 9.
pub fn si_emso(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| r <= 9 || (50..=59).contains(&r))
}

/// Kosovo: regions 90 to 99.
pub fn xk_jmbg(raw: &[u8]) -> bool {
    citizen(raw).is_some_and(|r| r >= 90)
}

/// Croatia, osobni identifikacijski broj: eleven digits, ISO/IEC 7064 MOD 11,10.
pub fn hr_oib(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<11>(c.behind(b"HR")).is_some_and(|d| d.windows(2).any(|w| w[0] != w[1]) && mod_11_10(&d))
}

/// Serbia, poreski identifikacioni broj: nine digits from 100000001 on, ISO/IEC 7064 MOD 11,10.
pub fn rs_pib(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<9>(c.behind(b"RS")).is_some_and(|d| d[0] != 0 && mod_11_10(&d))
}

/// Montenegro, poreski identifikacioni broj of a company: eight digits, weights 8 to 2, modulo 11.
pub fn me_pib(raw: &[u8]) -> bool {
    digits::<8>(raw).is_some_and(|d| (11 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == u32::from(d[7]))
}

/// North Macedonia, tax number (EDB): thirteen digits, weights 7 to 2 twice, modulo 11.
pub fn mk_edb(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<13>(c.behind(b"MK")).is_some_and(|d| {
        d.windows(2).any(|w| w[0] != w[1]) && (11 - weighted(&d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == u32::from(d[12])
    })
}

/// Slovenia, davčna številka: eight digits, the first no 0, weights 8 to 2, modulo 11.
pub fn si_tin(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    values::<8>(c.behind(b"SI")).is_some_and(|d| {
        let check = match 11 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
            10 => 0,
            11 => return false,
            c => c,
        };
        d[0] != 0 && check == u32::from(d[7])
    })
}

/// Albania, personal number: decade (a letter) and year, month (plus 50 for women, 30 or 80 for those born abroad), day, serial,
/// a letter.
pub fn al_nid(raw: &[u8]) -> bool {
    let Some(c) = Code::of(raw) else { return false };
    let [decade, number @ .., last] = c.get() else { return false };
    let Some(d) = values::<8>(number) else { return false };
    let decade = match decade {
        b'0'..=b'9' => u32::from(decade - b'0'),
        b'A'..=b'T' => u32::from(decade - b'A') + 10,
        _ => return false,
    };
    let month = match two(&d, 1) {
        m @ 31..=42 => m - 30,
        m @ 51..=62 => m - 50,
        m @ 81..=92 => m - 80,
        m => m,
    };
    last.is_ascii_alphabetic() && day(1800 + decade * 10 + u32::from(d[0]), month, two(&d, 3))
}
