use proptest::prelude::*;

use super::*;

/// The first address in a text that would be reported, and how sure it is.
fn address(text: &str) -> Option<(&str, f32)> {
    let found = (0..text.len()).find_map(|p| at(text.as_bytes(), p).filter(|f| f.1 >= 0.4).map(|(end, c)| (p..end, c)));
    found.map(|(span, c)| (&text[span], c))
}

#[test]
fn spans() {
    for (text, expected) in [
        ("lives at 123 N Main Street, Apt 4 with", "123 N Main Street, Apt 4"),
        ("Location: 7413 Oak Ave, Chester, NY 77717\n\nNext", "7413 Oak Ave, Chester, NY 77717"),
        ("at 1600 Pennsylvania Avenue NW, Washington, DC 20500.", "1600 Pennsylvania Avenue NW, Washington, DC 20500"),
        ("to 350 Fifth Ave., Suite 3300, New York, NY 10118-0110 by", "350 Fifth Ave., Suite 3300, New York, NY 10118-0110"),
        ("221 West 42nd St # 5", "221 West 42nd St # 5"),
        ("12a Rose Hill Lane\nSpringfield, IL 62701", "12a Rose Hill Lane\nSpringfield, IL 62701"),
        ("mail it to P.O. Box 1234, Salem, OR 97301", "P.O. Box 1234, Salem, OR 97301"),
        ("PSC 1083, Box 3672\nAPO AP 96310", "PSC 1083, Box 3672\nAPO AP 96310"),
        ("10 Downing Street, London SW1A 2AA is", "10 Downing Street, London SW1A 2AA"),
        ("80 Wellington Street, Ottawa, ON K1A 0A2", "80 Wellington Street, Ottawa, ON K1A 0A2"),
        ("48 Pirrama Road, Pyrmont NSW 2009", "48 Pirrama Road, Pyrmont NSW 2009"),
        ("wohnt Hauptstraße 12, 10115 Berlin.", "Hauptstraße 12, 10115 Berlin"),
        ("Unter den Linden 77, Kurze Straße 5a in", "Kurze Straße 5a"),
        ("au 12, rue de la Paix, 75002 Paris", "12, rue de la Paix, 75002 Paris"),
        ("5 bis avenue de l'Opéra", "5 bis avenue de l'Opéra"),
        ("in Via Roma 10, 00184 Roma", "Via Roma 10, 00184 Roma"),
        ("Calle Mayor 3, 28013 Madrid", "Calle Mayor 3, 28013 Madrid"),
        ("Keizersgracht 123, 1015 CJ Amsterdam", "Keizersgracht 123, 1015 CJ Amsterdam"),
        ("Kungsgatan 4, 111 43 Stockholm", "Kungsgatan 4, 111 43 Stockholm"),
        ("bei Schillerstr. 5, D-80336 München", "Schillerstr. 5, D-80336 München"),
        ("Am Markt 7, 99084 Erfurt", "Am Markt 7, 99084 Erfurt"),
        ("vive en C/ Gran Vía, 28, 28013 Madrid", "C/ Gran Vía, 28, 28013 Madrid"),
        ("77 Highway 12 West, Helena, MT 59601", "77 Highway 12 West, Helena, MT 59601"),
        ("Herengracht 500-502 1017 CB Amsterdam", "Herengracht 500-502 1017 CB Amsterdam"),
        ("ul. Długa 5, 00-238 Warszawa", "ul. Długa 5, 00-238 Warszawa"),
        ("77 Rua do Carmo 12\nLisboa\n, LI\n Portugal 12345", "77 Rua do Carmo 12\nLisboa\n, LI\n Portugal 12345"),
        ("14 Harborne, Salem, OR 97301 is", "14 Harborne, Salem, OR 97301"),
        ("9 Harborne 31, Vila do Conde, South Africa today", "9 Harborne 31, Vila do Conde, South Africa"),
        ("12 North Street, Salem, OR", "12 North Street, Salem, OR"),
        ("lives at 12 Old Mill street and", "12 Old Mill street"),
        ("Flat 2, 10 High Road, London N1 9GU", "Flat 2, 10 High Road, London N1 9GU"),
        ("Unit 5, 12 Quay Street, Auckland 1010", "Unit 5, 12 Quay Street, Auckland 1010"),
        ("One Harbor Drive, Salem, OR 97301", "One Harbor Drive, Salem, OR 97301"),
        ("1500 Broadway, New York, NY 10036", "1500 Broadway, New York, NY 10036"),
        ("RR 2 Box 15, Salem, OR 97301", "RR 2 Box 15, Salem, OR 97301"),
        ("the corner of 12 Oak Street and Elm Road,", "12 Oak Street and Elm Road"),
        ("Rua das Flores, 123 - Centro, Campinas - SP, 13010-100", "Rua das Flores, 123 - Centro, Campinas - SP, 13010-100"),
        ("3 Mill Lane, Cowley, Oxford OX4 1AA.", "3 Mill Lane, Cowley, Oxford OX4 1AA"),
        ("Calle Mayor 3, 2º B, 28013 Madrid", "Calle Mayor 3, 2º B, 28013 Madrid"),
        ("10 Nassau Street, Dublin, D02 X285", "10 Nassau Street, Dublin, D02 X285"),
        ("Gedimino g. 12, LT-01103 Vilnius", "Gedimino g. 12, LT-01103 Vilnius"),
        ("Rua Augusta 5, 1250-096 Lisboa", "Rua Augusta 5, 1250-096 Lisboa"),
        ("Duna u. 15., Pest, Hungary 1051", "Duna u. 15., Pest, Hungary 1051"),
        ("bor Slovenska cesta 5, 1000 Ljubljana", "Slovenska cesta 5, 1000 Ljubljana"),
        ("usns gale\nfpo ae 09510", "usns gale\nfpo ae 09510"),
        ("unit 1020 box 3456\ndpo ap 96310", "unit 1020 box 3456\ndpo ap 96310"),
        ("12 Main St, chicago", "12 Main St"),
        ("12 Main St, Chicago, il 60601", "12 Main St, Chicago, il 60601"),
        ("5 Hill Road, Prague 2, Czech Republic", "5 Hill Road, Prague 2, Czech Republic"),
        ("12 Gralla Suite 617, Turku, Finland", "12 Gralla Suite 617, Turku, Finland"),
        ("my address is 05 Tacuarembo 2365 Apt. 825", "05 Tacuarembo 2365 Apt. 825"),
    ] {
        assert_eq!(address(text).map(|f| f.0), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_address() {
    for text in [
        "3 Main results",
        "PO Box office",
        "took 12 minutes on Main Street",
        "in 2010 Winter Park opened",
        "the 3 Court Orders",
        "5 Star Hotel",
        "Windows 10 Pro",
        "Engineering 5",
        "12:30 Main Street",
        "$12 Way Too Much",
        "1.5 Road Runner",
        "2024-01-05 Street",
        "GET /12 Street",
        "Chapter 3 The Way",
        "10 Green Bottles",
        "100 Best Places",
        "Brigade 5",
        "Unit 5",
        "Model 3 Drive",
        "12 Angry Men, Boston 1957",
        "at 1961 Alphacon, 1968 Betacon",
        "5 North Pole",
        "One Way Street",
        "unit 5 box",
        "RR 2 Street",
        "corner of the room",
        "Page 2 of 10",
        "7 Days",
        "20 Apr to 19 Oct\n# 1970",
        "(Roe, 2017 Jul 3, #1816)",
        "by #23 Lewis #99 there",
        "2 1 S\nR P 2055 o",
        "0057 W\n0058 X",
        "0391 Alpha\n0392 Beta",
        "2561 SF190000\n2562 SF200000",
        "2058  Mexico Spanish\n1031  Germany German",
        "2001 Eric Ford\n2001 Hubert Holin",
        "1998-2003 VIA Technologies",
        "Suite B 128 bit",
        "via OSC 11",
        "via the DOM Level 2",
        "Bd. II, S. 859",
        "Calle Roe, 2016-2018 (c)",
        "a2 Main Street",
        "",
        "12",
        "12 ",
    ] {
        assert_eq!(address(text), None, "{text}");
    }
}

#[test]
fn more_evidence_is_surer() {
    let of = |text: &str| address(text).map_or(0.0, |f| f.1);
    assert!(of("12 Oak Street") < of("12 Oak Street, Apt 3"));
    assert!(of("12 Oak Street, Apt 3") < of("12 Oak Street, Apt 3, Salem, OR 97301"));
    assert!(of("12 Oak Street") < of("address: 12 Oak Street"));
    assert_eq!(of("12 Oak Hill"), 0.0);
    assert!(of("12 Oak Hill, Salem, OR 97301") >= 0.5);
}

/// Words, signs and bytes of the kind that addresses meet.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "12",
        "5a",
        "12-14",
        "Main",
        "Oak",
        "Street",
        "St",
        "Ave.",
        "rue",
        "de la",
        "l'Opéra",
        "Hauptstraße",
        "Via",
        "Roma",
        "ul.",
        "Długa",
        "Apt",
        "Suite",
        "#",
        "P.O. Box",
        "PSC",
        "APO",
        "AP",
        "NY",
        "New York",
        "12345",
        "12345-6789",
        "SW1A",
        "1AA",
        "K1A",
        "0B1",
        "75002",
        "Paris",
        "\n",
        ", ",
        ".",
        "\\n",
        ">",
        "N",
        "42nd",
        "É",
        "😀",
        "\u{a0}",
        "nº",
        "bis",
        "\u{2019}",
    ]);
    let piece = prop_oneof![8 => words.prop_map(|w| w.as_bytes().to_vec()), 6 => Just(b" ".to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec(piece, 0..60).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn any_bytes(text in prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..300)]) {
        let valid = std::str::from_utf8(&text).ok();
        for p in 0..=text.len() + 1 {
            let found = at(&text, p);
            if let Some((end, confidence)) = found {
                prop_assert!(p < end && end <= text.len() && end - p <= AHEAD);
                prop_assert!((0.0..=1.0).contains(&confidence));
                prop_assert!(may_start(&text, p));
                prop_assert!(valid.is_none_or(|t| t.is_char_boundary(p) && t.is_char_boundary(end)));
            }
            // What is far away does not count.
            let mut other = text.clone();
            let far = |i: usize| i + BACK + 4 < p || i > p + AHEAD + 4;
            other.iter_mut().enumerate().filter(|(i, _)| far(*i)).for_each(|(_, b)| *b = b'q');
            if p <= text.len() {
                prop_assert_eq!(at(&other, p), found);
            }
        }
    }
}
