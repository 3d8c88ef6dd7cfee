//! Names of columns that are written short, as those of warehouses are: `FRST_NM`, `PH_NBR`, `BRTH_DT`, `telno`.
//!
//! What is short for one word is a word of its own elsewhere (`no`, `nm`, `mob`), so that nothing is taken for an abbreviation that stands
//! alone, and the name as it is written is asked for, too.

use super::wanted::WHOSE;

/// Where an abbreviation counts.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    /// Beside another word.
    Beside,
    /// Behind another word: `no_phone` is no number.
    Behind,
    /// Beside a number, or one whose it is: `soil_ph` is no telephone, `mob_type` no mobile.
    OfSomebody,
}

/// Abbreviations and their words, sorted.
const ABBREVIATIONS: &[(&str, &str, Where)] = &[
    ("acct", "account", Where::Beside),
    ("addr", "address", Where::Beside),
    ("brth", "birth", Where::Beside),
    ("cust", "customer", Where::Beside),
    ("dt", "date", Where::Beside),
    ("dte", "date", Where::Beside),
    ("frst", "first", Where::Beside),
    ("fst", "first", Where::Beside),
    ("lic", "license", Where::Beside),
    ("lst", "last", Where::Beside),
    ("mbr", "member", Where::Beside),
    ("mob", "mobile", Where::OfSomebody),
    ("nam", "name", Where::Behind),
    ("nbr", "number", Where::Behind),
    ("nm", "name", Where::Behind),
    ("no", "number", Where::Behind),
    ("nr", "number", Where::Behind),
    ("num", "number", Where::Behind),
    ("pat", "patient", Where::Beside),
    ("ph", "phone", Where::OfSomebody),
    ("phn", "phone", Where::OfSomebody),
];

/// What ends a name that is written as one word: `acctno`, `lstnm`.
const LAST: &[&str] = &["nbr", "num", "no", "nm", "nr", "dt"];

/// What may stand before them, besides abbreviations and those whose it is.
const BEFORE: &[&str] = &["birth", "first", "last", "mr", "phone", "tel"];

fn long(word: &str) -> Option<(&'static str, Where)> {
    ABBREVIATIONS.binary_search_by(|a| a.0.cmp(word)).ok().map(|i| (ABBREVIATIONS[i].1, ABBREVIATIONS[i].2))
}

/// The two words of `telno`.
fn parted(word: &str) -> Option<[&str; 2]> {
    let parts = LAST.iter().filter_map(|last| Some([word.strip_suffix(last)?, last]));
    parts.into_iter().find(|[first, _]| long(first).is_some() || WHOSE.contains(first) || BEFORE.contains(first))
}

/// The words of a name with all abbreviations written out; `None`: there are none.
pub(super) fn written_out(name: &[String]) -> Option<Vec<String>> {
    let words: Vec<&str> = name.iter().flat_map(|w| parted(w).map_or_else(|| vec![w.as_str()], |parts| parts.to_vec())).collect();
    if words.iter().filter(|w| !w.bytes().all(|b| b.is_ascii_digit())).count() < 2 {
        return None;
    }
    let is_number = |w: &str| w == "number" || long(w).is_some_and(|l| l.0 == "number");
    let counts = |i: usize, place: Where| match place {
        Where::Beside => true,
        Where::Behind => i > 0,
        Where::OfSomebody => words.iter().any(|w| is_number(w) || WHOSE.contains(w)),
    };
    let one = |(i, w): (usize, &&str)| long(w).filter(|l| counts(i, l.1)).map_or(*w, |l| l.0).to_owned();
    let out: Vec<String> = words.iter().enumerate().map(one).collect();
    (out != name).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_written_out_beside_other_words() {
        assert!(ABBREVIATIONS.is_sorted_by_key(|a| a.0) && WHOSE.is_sorted());
        for (name, want) in [
            ("frst nm", "first name"),
            ("lst nm", "last name"),
            ("ph nbr", "phone number"),
            ("mob no", "mobile number"),
            ("brth dt", "birth date"),
            ("dt of birth", "date of birth"),
            ("acct nbr", "account number"),
            ("mr no", "mr number"),
            ("contact no", "contact number"),
            ("contactno", "contact number"),
            ("telno", "tel number"),
            ("custnm", "customer name"),
            ("home addr 2", "home address 2"),
            ("cust ph", "customer phone"),
        ] {
            let words: Vec<String> = name.split(' ').map(str::to_owned).collect();
            assert_eq!(written_out(&words).map(|w| w.join(" ")).as_deref(), Some(want), "{name}");
        }
        for name in ["no", "nm", "mob", "no 1", "pat", "soil ph", "mob type", "no phone", "piano", "volcano", "casino", "customer name", ""]
        {
            let words: Vec<String> = name.split(' ').map(str::to_owned).collect();
            assert_eq!(written_out(&words), None, "{name}");
        }
    }
}
