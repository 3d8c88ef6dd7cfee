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
        (
            V::FullName,
            &["Jane Doe", "Grace Young", "Will Smart", "Xiu Qworvik", "Ana Stone", "Art Wood", "Rich Little", "Young Park"],
            &["Acme Inc", "Blue Chair", "Canadian Dollar", "Acme Store", "Monthly Plan"],
        ),
        (
            V::LabelledName,
            &["Nkechi", "GARCIA", "O'Neil", "Okonkwo-Bright"],
            &["Required", "String", "Last Name", "Ann Gender", "Shipping"],
        ),
        (V::LoginWord, &["isolheim", "nkechi", "jsmith"], &["string", "postgres", "currentuser", "required", "window", "webadmin"]),
        (V::PlannedPhone, &["206-555-0123", "07700 900123", "+44 20 7946 0018"], &["1234 567", "06/19/21", "0000 000000", "0011 2345"]),
        (V::OptionPassword, &["-u joe:Zx9kkQ2pp", "auth=('joe', 'Zx9kkQ2pp')"], &["-u 1000:1000", "-u $U:$PASS", "-u user:password"]),
        (V::LabelledFullName, &["OKONKWO, NKECHI", "Nkechi Qworvik"], &["Blue Chair", "Required Field", "Full Name"]),
        (V::Name, &["Jane Doe", "O'Neil"], &["Acme Inc", "Password Reset", "The End"]),
        (
            V::NanpPhone,
            &["(415) 555-2671", "14155552671"],
            &["252.227-7013", "(115) 555-2671", "(415) 155-2671", "911-555-2671", "415555267"],
        ),
        (V::NationalPhone, &["020 7946 0018"], &["0000 000 0000", "020 1"]),
        (
            V::CellPassword,
            &["hunter2", "kQz(8#fa9", "Winter(2024)", "aBc[9xTq", "jane::doe99", "$ummer", "Summer&", "os.Linux9", "self.password"],
            &["reset", "********", "${PASSWORD}", "password", "DB_PASSWORD", "[REDACTED]"],
        ),
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
        (V::UsSsnShort, &["10203004", "66123456"], &["01020304", "10000004", "1020304", "457555462", "1020-304"]),
        (V::UsState, &["CA", "New York", "dc"], &["XX", "Bavaria"]),
        (V::PhoneCell, &["62889", "0800 501"], &["1111111", "1234", "2021-10-12"]),
        (V::PostalCode, &["SW1A 1AA", "D-10115", "1234 AB", "2600", "K1A 0B1"], &["00000", "open", "1234567890123"]),
        (V::StrongPassword, &["R3boot!Now", "Qr7!dke#39"], &["reset", "Argon2id", "2021-01-01", "https://x.example"]),
        (V::UserName, &["jdoe42", "jane.doe", "ops_8499", "J.Doe7"], &["What", "unhappy", "null", "jane.", "IvSize", "a.b.c", "self.user"]),
        (V::UsZip, &["94103", "10001-1234", "00501"], &["00000", "99999", "1234"]),
        (V::AtlassianToken, &["ATATT3xFfGF0EXAMPLE-example_0123456789=7E7FB9FD"], &["ATATT3xFfGF0EXAMPLE-example_0123456789=00000000"]),
        (V::Base58Check, &["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"], &["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"]),
        (V::Base62Crc32, &["ghp\u{5f}EXAMPLEexample0123456789ABCDEF2vM7D0"], &["ghp\u{5f}EXAMPLEexample0123456789ABCDEF000000"]),
        (V::BasicAuth, &["Basic amFuZTpodW50ZXIyMg=="], &["Basic amFuZWh1bnRlcjIy"]),
        (V::Bech32, &["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"], &["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"]),
        (V::Bic, &["DEUTDEFF500"], &["DEUTXXFF500"]),
        (V::CardExpiry, &["12/29"], &["13/29"]),
        (V::CardTrack, &[";4012888888881881=2912101000000000?"], &[";4012888888881882=2912101000000000?"]),
        (V::Eip55, &["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"], &["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"]),
        (V::ArCbu, &["2850590940090418135201"], &["2850590940090418135202"]),
        (V::MxClabe, &["032180000118359719"], &["032180000118359718"]),
        (V::EsCcc, &["2100 0418 45 0200051332"], &["2100 0418 46 0200051332"]),
        (V::FrRib, &["20041 01005 0500013M026 06"], &["20041 01005 0500013M026 07"]),
        (V::GeoDegree, &["40.7128"], &["181.1234"]),
        (V::GeoPair, &["40.7128, -74.0060"], &["91.123, 100.123"]),
        (V::Gs1Udi, &["(01)00643169001763"], &["(01)00643169001764"]),
        (V::Iccid, &["8991101200003204514"], &["8991101200003204510"]),
        (V::Imei, &["490154203237518"], &["490154203237517"]),
        (V::Imsi, &["310150123456789"], &["910150123456789"]),
        (V::ItBban, &["X 05428 11101 000000123456"], &["Y 05428 11101 000000123456"]),
        (V::LettersAndDigits, &["7ABC123"], &["ABC"]),
        (V::Monero, &["44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"], &["44AFFq5kSi"]),
        (V::Solana, &["So11111111111111111111111111111111111111112"], &["11111111111111111111111111111111"]),
        (V::RandomTail, &["0a1b2c3d4e5f6a7b8c9d0e1f"], &["your-token-goes-here-please"]),
        (V::UrlPassword, &["postgres://jane:hunter22@db"], &["mysql://user:password@db"]),
        (V::HealthCard, &["ABC123456789"], &["ABC000000"]),
        (V::UsAtin, &["912-93-1234"], &["912-70-1234"]),
        (V::UsDea, &["AB1234563"], &["AB1234560"]),
        (V::UsHicn, &["123-45-6789A"], &["000-45-6789A"]),
        (V::Xrp, &["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"], &["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"]),
        (V::Vin, &["1M8GDM9AXKP042788"], &["11111111111111111", "1M8GDM9A1KP042788", "IM8GDM9AXKP042788", "1M8GDM9AXKP04278"]),
    ];
    let europe = europe::cases::CASES.iter().map(|(name, good, bad)| (Validator::from_name(name).expect(name), *good, *bad));
    let cases: Vec<_> = cases.iter().copied().chain(europe).chain(world::cases::CASES.iter().copied()).collect();
    for (v, good, bad) in &cases {
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
