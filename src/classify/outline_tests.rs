use proptest::prelude::*;

use super::*;
use crate::base::Evidence;
use crate::classify::plan::Step;
use crate::classify::{Classifiers, Scratch};

fn of(field: u32, text: &str) -> Option<Outline> {
    let mut outline = Outline::default();
    let cell = outline.set(field, text.as_bytes(), 0, text.len()).then_some(outline);
    // The bytes around a cell change nothing.
    let mut other = Outline::default();
    let long = format!("7{text}{}", "8a@".repeat(20));
    assert_eq!(other.set(field, long.as_bytes(), 1, 1 + text.len()).then_some(other), cell, "{text}");
    // Values may begin with `::`, and with `(` before a digit.
    cell.filter(|o| !o.opens(|a, b| matches!((a, b), (b':', b':') | (b'(', b'0'..=b'9'))))
}

fn step(patterns: &[Pattern], at: u32) -> Ask {
    let pattern = (0u32..).zip(patterns).find(|p| p.1.min_len > 2).unwrap().0;
    Ask::open(Step { pattern, at })
}

/// What a cell is asked, if its outline is known.
fn known(all: &mut Outlines, field: u32, text: &str) -> Option<usize> {
    match all.find((field, text.as_bytes(), 0, text.len()), &[1], None) {
        Looked::Known(plan) => all.all(plan, text.as_bytes()).map(Iterator::count),
        _ => None,
    }
}

fn keep(all: &mut Outlines, field: u32, text: &str, asks: &[Ask], patterns: &[Pattern]) {
    assert_ne!(all.find((field, text.as_bytes(), 0, text.len()), &[1], None), Looked::None, "{text}");
    all.keep(asks, patterns);
}

#[test]
fn outlines_tell_what_decides() {
    assert!(of(3, "415-555-2671") == of(3, "982-555-9971") && of(3, "415-555-2671").is_some());
    for other in ["015-555-2671", "115-555-2671", "415-055-2671", "415 555 2671", "4155552671", "415-555-26711", "415-555-2671x"] {
        assert!(of(3, other).is_some() && of(3, other) != of(3, "415-555-2671"), "{other}");
    }
    for none in ["a", "a-b", "4@5", "4_5", "4%", "\u{e9}", "4\\5", "4\t5", "a4bcd", "4abcd", "4::5", "(4)", &"1".repeat(33)] {
        assert!(of(3, none).is_none(), "{none}");
    }
    assert!(of(4, "12") != of(3, "12"));
    assert!(of(3, "2026-08-04T02:49:02Z") == of(3, "2027-01-03T11:25:04Z") && of(3, "2026-08-04T02:49:02Z").is_some());
    assert!(of(3, "12:30") != of(3, "12a30") && of(3, "12a30") != of(3, "12b30"));
    assert!(of(3, "C001-7") == of(3, "C002-9") && of(3, "C001-7").is_some() && of(3, "C001-7") != of(3, "D001-7"));
}

#[test]
fn bytes_are_looked_at_alike_wherever_they_stand() {
    for b in 0..=u8::MAX {
        for at in 0..LONGEST {
            let mut text = [b'7'; LONGEST];
            text[at] = b;
            let mut outline = Outline::default();
            let is = outline.set(0, &text, 0, LONGEST);
            assert_eq!(is, b.is_ascii_alphanumeric() || is_sign(b), "{b} at {at}");
            let behind = |i: usize| i > 0 && text[i - 1].is_ascii_alphanumeric();
            let want = |i: usize| match text[i] {
                c @ (b'0' | b'1') if !behind(i) => FIRST + c - b'0',
                b'0'..=b'9' => DIGIT,
                c => c,
            };
            assert!(!is || (0..LONGEST).all(|i| outline.kinds[i] == want(i)), "{b} at {at}");
            // Each cell of an outline is one of those that its bytes allow.
            assert!(!is || outline.bytes().zip(&text).all(|(set, b)| set.has(*b)), "{b} at {at}");
        }
    }
}

#[test]
fn a_cell_without_an_outline_leaves_nothing_of_itself() {
    let mut all = Outlines::default();
    for text in ["Navarro", "jane@example.org", "0-1", "10 Abcd", "Zo\u{eb}", "\u{0}", "Quincy Adams Wagstaff 32 letters!"] {
        assert_eq!(all.find((0, b"22-3", 0, 4), &[], None), Looked::New);
        assert_eq!(all.find((0, text.as_bytes(), 0, text.len()), &[], None), Looked::None, "{text}");
        let left = all.current().kinds;
        let known = Outline::default().kinds;
        assert!(left == known || left[..5] == [DIGIT, DIGIT, b'-', DIGIT, 0], "{text}: {left:?}");
    }
}

#[test]
fn what_is_remembered_ends_with_its_column() {
    let set = Classifiers::builtin();
    let patterns = &set.engine().patterns;
    let mut all = Outlines::default();
    keep(&mut all, 0, "22", &[step(patterns, 0)], patterns);
    keep(&mut all, 1, "22", &[], patterns);
    assert_eq!((known(&mut all, 0, "22").is_some(), known(&mut all, 1, "34")), (true, Some(0)));
    all.begin();
    assert!(known(&mut all, 0, "22").is_some());
    all.begin();
    // Other quiet patterns are tried in it now, or it has a type.
    assert_eq!(all.find((0, b"22", 0, 2), &[2], None), Looked::New);
    assert!(known(&mut all, 1, "22").is_some());
    for i in 0..MOST_ASKS {
        keep(&mut all, 0, &"2".repeat(2 + i % 30), &[step(patterns, 1)], patterns);
    }
    assert!(all.asks.len() <= MOST_ASKS);
    all.clear();
    assert_eq!(known(&mut all, 0, "22"), None);
}

#[test]
fn many_outlines_take_no_more_room() {
    let set = Classifiers::builtin();
    let patterns = &set.engine().patterns;
    let mut all = Outlines::default();
    for n in 0..100_000u32 {
        let letter = |k: u32| char::from(b'A' + (n / 26u32.pow(k) % 26) as u8);
        let text = format!("{}{}{} 234567", letter(0), letter(1), letter(2));
        // A column is given up where its outlines do not repeat.
        if n % 500 == 0 {
            all.fields.clear();
        }
        keep(&mut all, n % 7, &text, &[step(patterns, 4)][..usize::from(n % 3 == 0)], patterns);
        assert!(all.digits.len() <= MOST_BYTES && all.asks.len() <= MOST_ASKS && all.plans.len() <= MOST_BYTES);
        assert!(known(&mut all, n % 7, &text).is_some_and(|asks| asks <= 1));
    }
    assert!(of(0, "AB-0").is_none() && of(0, "1-0-1").is_none() && of(0, "AB-02").is_some());
}

#[test]
fn columns_whose_outlines_do_not_repeat_are_given_up() {
    let (mut all, mut asked) = (Outlines::default(), 0);
    for n in 0..9000u32 {
        let text = format!("{}{}", char::from(b'a' + (n % 26) as u8), "1".repeat(1 + n as usize / 26 % 31));
        match all.find((0, text.as_bytes(), 0, text.len()), &[], None) {
            Looked::New => asked += 1,
            other => assert_eq!(other, Looked::None),
        }
    }
    // So are those that have none.
    let none = (0..9000).filter(|_| all.find((1, b"a@b", 0, 3), &[], None) == Looked::None).count();
    assert_eq!((asked, none, all.fields[1].asked), (TRIAL, 9000, TRIAL));
}

#[test]
fn steps_are_those_that_allow_the_digits() {
    let set = Classifiers::builtin();
    let engine = set.engine();
    let ssn = engine.pattern(set.index_of("us.ssn").unwrap(), 0);
    let mut all = Outlines::default();
    // More than there are bits for.
    let asks: Vec<Ask> = (0..70).map(|at| Ask::open(Step { pattern: ssn, at: at % 2 * 20 })).collect();
    keep(&mut all, 0, "457-55-5462", &asks, &engine.patterns);
    assert_eq!(known(&mut all, 0, "457-55-5462"), Some(70));
    // No number begins with 9: of the first 64, only what is tried elsewhere is left.
    assert_eq!(engine.patterns[ssn as usize].prefix[0].has(b'9'), known(&mut all, 0, "957-55-5462") == Some(70));
}

#[test]
fn numbers_with_blanks_around_them_are_proven_by_their_column() {
    let set = Classifiers::builtin();
    let routing = set.index_of("us.bank_routing").unwrap();
    // Each another number, so that none is recalled: 021000021 and what keeps its check digit.
    let number = |n: usize| format!("0210{:02}{:02}1", n % 10 * 10, (2 + n / 10 * 10) % 100);
    let valid: Vec<String> = (0..100).map(number).filter(|v| set.alone(v.as_bytes()).iter().any(|m| m.classifier == routing)).collect();
    let numbers: Vec<&String> = valid.iter().cycle().take(64).chain(&valid).collect();
    assert!(valid.len() > 5, "{valid:?}");
    for blanks in [("", ""), (" ", ""), ("", " "), (" ", "  ")] {
        let cells: Vec<String> = numbers.iter().map(|n| format!("{}{n}{}", blanks.0, blanks.1)).collect();
        let b = crate::classify::tests::column("id", &cells);
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        set.scan(&mut Scratch::new(&set), &b, &mut fast);
        set.scan_naive(&b, &mut slow);
        let proven = fast.iter().filter(|m| m.classifier == routing && m.evidence.has(Evidence::WHOLE_CELL)).count();
        assert!(fast == slow && proven == cells.len(), "{blanks:?}: {proven} of {}", cells.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Numbers with the same few letters and signs, and other digits in each cell, of which some have another form; UUIDs.
    #[test]
    fn columns_of_one_outline_are_found_as_the_naive_engine_finds_them(
        form in form(),
        other in form(),
        every in 5u64..200,
        name in prop::sample::select(vec!["id", "note", "customer_no", "account", "ssn", "phone", "birth_date", "card_number", "ip"]),
        seed in any::<u64>(),
    ) {
        let set = Classifiers::builtin();
        let mut random = seed | 1;
        let mut next = move || {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            random >> 33
        };
        let mut column = |most: &str, few: &str| {
            let cells: Vec<String> = (0..160).map(|_| {
                let form = if next() % every == 0 { few } else { most };
                let mut uuid = || {
                    let digit = |n: u64| char::from_digit((n % 16) as u32, 16).unwrap_or('0');
                    [8, 4, 4, 4, 12].map(|n| (0..n).map(|_| digit(next())).collect::<String>()).join("-")
                };
                let with_uuid = form.replace('U', &uuid());
                with_uuid.chars().map(|c| if c == '#' { char::from(b'0' + (next() % 10) as u8) } else { c }).collect()
            }).collect();
            crate::classify::tests::column(name, &cells)
        };
        let (before, b) = (column(&other, &form), column(&form, &other));
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        let mut s = Scratch::new(&set);
        // What was learnt in the first batches, of another type, is known in the last.
        for batch in [&before, &b, &b] {
            fast.clear();
            set.scan(&mut s, batch, &mut fast);
        }
        set.scan_naive(&b, &mut slow);
        prop_assert_eq!(&fast, &slow, "{} {}", form, other);
        // The naive engine knows nothing of what was refused.
        let mut plain = Scratch::new(&set);
        plain.without_outlines();
        slow.clear();
        set.scan(&mut plain, &b, &mut slow);
        let refused = |s: &Scratch| {
            let mut all = s.refusals().to_vec();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(refused(&s), refused(&plain), "{} {}", form, other);
    }
}

/// A form of cells; each `#` stands for a digit, `U` for a UUID. Some are typed.
fn form() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "([A-Z]{0,3}|[a-z]{0,2})[- ./(+]?#{1,10}[-. /:,]?#{0,6}[A-Za-z]{0,2}[ -]?#{0,4}",
        2 => "#{1,3} (rue|r|bis|st|Rd|no)#{0,3}",
        1 => "(HB|DE|CP|BE)[- ]?#{6,12}",
        2 => "U[ ,;]?#{0,3}",
        2 => "[2-8]#2[-. ]555[-. ]####|[(][2-8]#2[)] 555-####|[+]1 [2-8]#2 555 ####",
        2 => "[1-7]#2-[1-9]2-##7#|19##-0[1-9]-1#|10[.]1#[.]2#[.]3# ?",
        1 => "[ ]{0,1}10[.]1#[.]2#[.]#",
        2 => "4#{15}|4###[- ]####[- ]####[- ]####",
    ]
}
