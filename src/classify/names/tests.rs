use proptest::prelude::*;

use super::*;

/// All names in a text that would be reported, the longest where they overlap.
fn names(text: &str) -> Vec<&str> {
    let (mut out, mut taken) = (Vec::new(), 0);
    for p in 0..text.len() {
        if let Some((end, confidence)) = at(text.as_bytes(), p)
            && confidence >= REPORTED
            && p >= taken
        {
            taken = end;
            out.push(&text[p..end]);
        }
    }
    out
}

#[test]
fn spans() {
    for (text, expected) in [
        ("Please contact Maria Gonzalez at once.", &["Maria Gonzalez"][..]),
        ("Yesterday Dr. Robert Miller met Mrs. Thompson in Boston.", &["Robert Miller", "Thompson"]),
        ("My name is John Q. Adams and I live here.", &["John Q. Adams"]),
        ("a letter from Robin van den Berg to his brother Karl", &["Robin van den Berg", "Karl"]),
        ("the files of Hans-Peter Müller were lost", &["Hans-Peter Müller"]),
        ("We spoke to Siobhan O'Neill, Conor McGregor and Jean-Luc Picard.", &["Siobhan O'Neill", "Conor McGregor", "Jean-Luc Picard"]),
        ("Employee Priya Patel (ID 4711) joined in May.", &["Priya Patel"]),
        ("Contact: Zoë Brontë <zoe@example.com>", &["Zoë Brontë"]),
        ("{\"owner\": \"Alexander King\", \"host\": \"db1\"}", &["Alexander King"]),
        ("2024-01-05 09:30:00 INFO Mark White logged in", &["Mark White"]),
        ("Signed-off-by: Ayşe Yılmaz <ayse@example.com>", &["Ayşe Yılmaz"]),
        ("Robert Downey Jr. said so.", &["Robert Downey Jr."]),
        ("Sarah's brother Tom called.", &["Sarah", "Tom"]),
        ("We met Seth MacFarlane and Anna VanDyke.", &["Seth MacFarlane", "Anna VanDyke"]),
        ("Patient: JOHN SMITH was seen", &["JOHN SMITH"]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn what_names_nobody() {
    for text in [
        "The meeting is on Monday in New York.",
        "We flew from Denver to Chicago and on to Houston.",
        "Wells Fargo Bank and Johnson Controls Inc. rose.",
        "INFO Server Started: Connection Pool Ready",
        "GET /Users/Documents HTTP/1.1 Host: Example",
        "Error: Invalid Token in File Main.java",
        "She studied at Stanford University.",
        "He lives on Abraham Lincoln Street.",
        "class UserService extends BaseService implements Runnable",
        "United States of America",
        "LAX",
        "Dawn",
        "Florence",
        "Costa Rica",
        "M",
        "Large",
        "San Antonio",
        "The API returns JSON. See the README.",
        "matches Kind::Rose(value) and self->Thompson of Option<Miller>",
        "use names::{Miller, Other}; Thompson::new()",
        "Return a KeyInfo structure of DstType.",
        "h1:Tomq3Xy/9aBcDeFgHiJkLmNoPqRs=",
        "",
    ] {
        assert_eq!(names(text), [""; 0], "{text}");
    }
}

#[test]
fn the_inside_of_a_word_is_no_start() {
    for (text, p) in [("McDonald", 2), ("ÉmileZola", 6), ("xJohn", 1), ("_John", 1), ("9John", 1), ("O'Neill", 2), ("Anne-Marie", 5)] {
        assert!(at(text.as_bytes(), p).is_none(), "{text}");
    }
    assert!(!may_start("ÉmileZola".as_bytes(), 6) && !may_start(b"McDonald", 2) && !may_start(b"", 0) && !may_start(b"a", 7));
}

#[test]
fn all_weights_are_of_features() {
    let mut all = 0;
    for line in include_str!("weights.tsv").lines() {
        let (block, index, weight) = weights::line(line).expect(line);
        let (first, second) = (features::number(block, index.into()), features::second_number(block, index.into()));
        // What the build wrote down is what the table says.
        let read = first.map(|n| MODEL.weights[n]).or(second.map(|n| MODEL.second[n])).expect(line);
        assert!(weight.is_finite() && read == weight, "{line}");
        all += usize::from(weight != 0.0);
    }
    assert_eq!(all, MODEL.weights.iter().chain(&MODEL.second).filter(|w| **w != 0.0).count());
    assert_eq!(weights::make(include_str!("weights.tsv")).as_deref(), Some(built::weights_of_names()));
    assert!(weights::make("bias\t0").is_none() && weights::make("bias\t0\tx").is_none());
    assert_eq!(include_bytes!("sounds.bin").len(), TRIGRAMS);
}

/// Words, signs and bytes of the kind that names meet.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "John",
        "Smith",
        "JANE",
        "Dr.",
        "van der",
        "O'Neill",
        "Müller",
        "Ł",
        "'s",
        "\\n",
        "\n",
        ", ",
        ".",
        "-",
        "@",
        "a@b.de",
        "J.",
        "Inc",
        "the",
        "é",
        "😀",
        "\u{301}",
        "42nd",
        "x9",
        " ",
        "  ",
        "\t",
        "Jr.",
        "Anne-Marie",
        "ÀÉ",
        "ß",
    ]);
    let piece = prop_oneof![8 => words.prop_map(|w| w.as_bytes().to_vec()), 3 => Just(b" ".to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec(piece, 0..60).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn any_bytes(text in prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..300)]) {
        let valid = std::str::from_utf8(&text).ok();
        for p in 0..=text.len() + 1 {
            let found = at(&text, p);
            if let Some((end, confidence)) = found {
                prop_assert!(p < end && end <= text.len() && end - p <= tokens::AHEAD);
                prop_assert!((0.0..=1.0).contains(&confidence));
                prop_assert!(may_start(&text, p));
                prop_assert!(valid.is_none_or(|t| t.is_char_boundary(p) && t.is_char_boundary(end)));
            }
            // What is far away does not count; a character may reach over the bound.
            let mut other = text.clone();
            let far = |i: usize| i + tokens::BACK + 4 < p || i > p + tokens::AHEAD + 4;
            other.iter_mut().enumerate().filter(|(i, _)| far(*i)).for_each(|(_, b)| *b = b'q');
            if p <= text.len() {
                prop_assert_eq!(at(&other, p), found);
            }
        }
    }
}
