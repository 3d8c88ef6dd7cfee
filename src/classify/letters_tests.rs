//! Every letter has one spelling, and words are heard in all their cases.

use super::*;
use crate::classify::columns::Says;
use crate::classify::set::example_batch;
use crate::classify::{Classifiers, Scratch};

#[test]
fn every_letter_has_one_spelling() {
    for c in ('\u{1}'..=char::MAX).filter(|c| !c.is_ascii_control()) {
        let (text, one) = (c.to_string(), folded(c));
        assert_eq!(folded(one), one, "{c}");
        let taken = first(text.as_bytes());
        assert!(taken == (packed(one), text.len()) || (taken == (text.as_bytes()[0].into(), 1) && one == c), "{c}");
        assert_eq!(len_of(packed(one)), one.len_utf8(), "{c}");
        assert!(one.len_utf8() == c.len_utf8() || one == 'i', "{c}");
        let is_caseless = is_caseless(text.as_bytes()[0]);
        assert!(!is_caseless || (one == c && text.len() == 3), "{c}");
        // A capital of one letter is spelled as the letter is.
        let mut capital = c.to_uppercase();
        if let (Some(capital), None) = (capital.next(), capital.next())
            && capital.len_utf8() == c.len_utf8()
            && capital.to_lowercase().eq([c])
        {
            assert_eq!(folded(capital), one, "{c}");
        }
    }
}

#[test]
fn capitals_and_small_letters_are_one() {
    for (small, large) in [
        ("číslo", "ČÍSLO"),
        ("śluż", "ŚLUŻ"),
        ("hasło", "HASŁO"),
        ("születési idő", "SZÜLETÉSI IDŐ"),
        ("kimlik kartı", "KİMLİK KARTI"),
        ("телефон", "ТЕЛЕФОН"),
        ("ђећџ ґї", "ЂЕЋЏ ҐЇ"),
        ("αριθμός", "ΑΡΙΘΜΟΣ"),
        ("ταΐζω", "ΤΑΪΖΩ"),
        ("անձնագիր", "ԱՆՁՆԱԳԻՐ"),
        ("mật khẩu", "MẬT KHẨU"),
        ("ÿ", "Ÿ"),
    ] {
        assert_eq!(fold(small), fold(large), "{small}");
    }
    assert!(matches!(fold("plain text"), Cow::Borrowed(_)) && matches!(fold("身份证 größe"), Cow::Borrowed(_)));
    assert_ne!(fold("ß"), fold("ẞ"));
}

#[test]
fn what_is_no_character_stands_for_itself() {
    for (text, want) in
        [(&b"\xc4"[..], 0xc4), (b"\xc4a", 0xc4), (b"\x80\x80", 0x80), (b"\xe1\xba", 0xe1), (b"\xff\xff\xff\xff", 0xff), (b"\xc1\x81", 0xc1)]
    {
        assert_eq!(first(text), (want, 1), "{text:x?}");
    }
    assert_eq!(first(b""), (0, 0));
}

/// A label as it stands in a file, at the beginning of a sentence, and in capitals.
const LABELS: &[[&str; 3]] = &[
    // Russian, Bulgarian, Serbian, Ukrainian, Kazakh
    ["телефон абонента", "Телефон абонента", "ТЕЛЕФОН АБОНЕНТА"],
    ["ёмкость счёта", "Ёмкость счёта", "ЁМКОСТЬ СЧЁТА"],
    ["лична карта", "Лична карта", "ЛИЧНА КАРТА"],
    ["јединствени број", "Јединствени број", "ЈЕДИНСТВЕНИ БРОЈ"],
    ["ґанок прізвища", "Ґанок прізвища", "ҐАНОК ПРІЗВИЩА"],
    ["төлқұжат", "Төлқұжат", "ТӨЛҚҰЖАТ"],
    // Turkish, with its letters and with those of an English keyboard; Azerbaijani
    ["şifre numarası", "Şifre numarası", "ŞİFRE NUMARASI"],
    ["ısı sayacı", "Isı sayacı", "ISI SAYACI"],
    ["plaka ili", "Plaka ili", "PLAKA İLİ"],
    ["izin belgesi", "İzin belgesi", "IZIN BELGESI"],
    ["şəxsiyyət vəsiqəsi", "Şəxsiyyət vəsiqəsi", "ŞƏXSİYYƏT VƏSİQƏSİ"],
    // Czech, Slovak, Polish, Hungarian, Croatian, Romanian
    ["číslo účtu", "Číslo účtu", "ČÍSLO ÚČTU"],
    ["ľudový kód", "Ľudový kód", "ĽUDOVÝ KÓD"],
    ["żądana ścieżka", "Żądana ścieżka", "ŻĄDANA ŚCIEŻKA"],
    ["őr születési helye", "Őr születési helye", "ŐR SZÜLETÉSI HELYE"],
    ["đački broj", "Đački broj", "ĐAČKI BROJ"],
    ["știința țării", "Știința țării", "ȘTIINȚA ȚĂRII"],
    // Latvian, Lithuanian, Estonian, Maltese, Icelandic, German
    ["ārsta reģistrs", "Ārsta reģistrs", "ĀRSTA REĢISTRS"],
    ["žmogaus pažymėjimas", "Žmogaus pažymėjimas", "ŽMOGAUS PAŽYMĖJIMAS"],
    ["õpilase nimi", "Õpilase nimi", "ÕPILASE NIMI"],
    ["ħaddiema u ġobon", "Ħaddiema u ġobon", "ĦADDIEMA U ĠOBON"],
    ["þjóðskrá", "Þjóðskrá", "ÞJÓÐSKRÁ"],
    ["überwachte geräte", "Überwachte Geräte", "ÜBERWACHTE GERÄTE"],
    // Greek, whose capitals bear no accent; Armenian, Georgian, Vietnamese
    ["άδεια οδηγού αριθμός", "Άδεια οδηγού αριθμός", "ΑΔΕΙΑ ΟΔΗΓΟΥ ΑΡΙΘΜΟΣ"],
    ["անձնագիր", "Անձնագիր", "ԱՆՁՆԱԳԻՐ"],
    ["პირადი ნომერი", "Პირადი ნომერი", "ᲞᲘᲠᲐᲓᲘ ᲜᲝᲛᲔᲠᲘ"],
    ["ứng dụng số", "Ứng dụng số", "ỨNG DỤNG SỐ"],
];

/// A classifier with one label, which is also the name of its columns.
fn labelled(label: &str) -> Classifiers {
    let file = format!(
        r#"
id = "own.badge"
title = "Badge"
element = "employee_id"
severity = "high"
identity = "none"
references = []
[[pattern]]
name = "badge"
regex = '[0-9]{{7}}'
confidence = 0.5
requires = "label"
[context]
labels = ["{label}"]
columns = ["{label}"]
[[match]]
text = "{label}: 3141592"
value = "3141592"
[[match]]
text = "3141592"
field = "{label}"
value = "3141592"
[[reject]]
text = "another: 3141592"
why = "no label"
[[reject]]
text = "3141592"
why = "no label"
"#
    );
    Classifiers::only([("own/badge.toml".to_owned(), file)]).unwrap()
}

#[test]
fn labels_are_heard_in_all_their_cases() {
    for [label, sentence, capitals] in LABELS {
        let set = labelled(label);
        assert_eq!(set.self_test(), [], "{label}");
        let mut scratch = Scratch::new(&set);
        for spelled in [label, sentence, capitals] {
            let joined = spelled.replace(' ', "_");
            for (text, want) in [
                (format!("{spelled}: 3141592"), true),
                (format!("x, \"{joined}\":\"3141592\""), true),
                (format!("д{spelled}: 3141592"), false),
                (format!("{spelled}д: 3141592"), false),
            ] {
                let batch = example_batch(&text, None);
                let (mut fast, mut slow) = (Vec::new(), Vec::new());
                set.scan(&mut scratch, &batch, &mut fast);
                set.scan_naive(&batch, &mut slow);
                assert_eq!(fast, slow, "{text}");
                assert_eq!(!fast.is_empty(), want, "{text}");
            }
            for name in [(*spelled).to_owned(), joined, format!("row.{}", spelled.replace(' ', "-"))] {
                assert_eq!(set.says(&name), [Says::For], "{name}");
            }
        }
    }
}

#[test]
fn labels_of_the_files_are_heard_in_all_their_cases() {
    let set = Classifiers::builtin();
    let mut scratch = Scratch::new(&set);
    for (id, value, labels) in [
        (
            "generic.password",
            "Tr0ub4dor&3",
            &[
                "Пароль",
                "ПАРОЛЬ",
                "Парола",
                "ПАРОЛА",
                "Лозинка",
                "ЛОЗИНКА",
                "Şifre",
                "ŞİFRE",
                "ŞIFRE",
                "Hasło",
                "HASŁO",
                "Jelszó",
                "JELSZÓ",
                "Slaptažodis",
                "SLAPTAŽODIS",
                "Parolă",
                "PAROLĂ",
                "Lösenord",
                "LÖSENORD",
                "Contraseña",
                "CONTRASEÑA",
                "Κωδικός πρόσβασης",
                "ΚΩΔΙΚΟΣ ΠΡΟΣΒΑΣΗΣ",
                "Passwort",
                "PASSWORT",
            ][..],
        ),
        (
            "generic.phone",
            "8 (495) 123-45-67",
            &["Телефон", "ТЕЛЕФОН", "Мобильный", "МОБИЛЬНЫЙ", "Τηλέφωνο", "ΤΗΛΕΦΩΝΟ", "Điện thoại", "ĐIỆN THOẠI", "Téléphone", "TÉLÉPHONE"],
        ),
        (
            "generic.bank_account",
            "1234567890",
            &["Číslo účtu", "ČÍSLO ÚČTU", "Hesap numarası", "HESAP NUMARASI", "Номер счёта", "НОМЕР СЧЁТА"],
        ),
    ] {
        let classifier = set.index_of(id).unwrap();
        for label in labels {
            let text = format!("{label}: {value}");
            let batch = example_batch(&text, None);
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            set.scan(&mut scratch, &batch, &mut fast);
            set.scan_naive(&batch, &mut slow);
            assert_eq!(fast, slow, "{text}");
            assert!(fast.iter().any(|m| m.classifier == classifier && m.confidence >= crate::base::REPORTED_FROM), "{text}");
        }
    }
}
