//! Named, typed checks of values: check digits, number ranges, real dates.
//!
//! Each takes the bytes a pattern matched, with their separators, and says whether such a value can exist. They never
//! allocate and never panic, whatever the bytes.

pub mod cards;
mod code;
pub mod contact;
pub(crate) mod countries;
pub mod crypto;
pub mod dates;
pub mod devices;
mod digits;
pub mod europe;
pub mod iban;
pub mod national;
pub mod net;
pub mod phones;
pub mod text;
pub mod tokens;
pub mod us;
pub mod us_other;
mod words;
pub mod world;

pub(crate) use digits::{Digits, luhn, luhn_sum, one_separator};
pub(crate) use words::Words;

/// Checks that accept more than this share of random values leave too much open.
const LITTLE: f32 = 0.15;

macro_rules! validators {
    ($($(#[$doc:meta])* $variant:ident $name:literal $accepts:literal $check:path;)*) => {
        /// A check that a classifier file names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Validator { $($(#[$doc])* $variant,)* }

        impl Validator {
            /// All of them, in order of name.
            pub const ALL: &[Validator] = &[$(Validator::$variant,)*];

            /// The name in files.
            pub fn name(self) -> &'static str {
                match self { $(Validator::$variant => $name,)* }
            }

            /// About which share of random values of the right shape it accepts, 0..1.
            pub fn accepts(self) -> f32 {
                match self { $(Validator::$variant => $accepts,)* }
            }

            /// Whether what it accepts says something without any word around it: it leaves little open.
            pub(in crate::classify) fn leaves_little(self) -> bool {
                self.accepts() <= LITTLE
            }

            /// Whether the value can exist.
            pub fn check(self, raw: &[u8]) -> bool {
                match self { $(Validator::$variant => $check(raw),)* }
            }
        }
    };
}

validators! {
    /// A US bank's routing number: ranges and check digit.
    AbaRouting "aba_routing" 0.06 us::aba_routing;
    /// An Andorran tax number.
    AdNrt "ad_nrt" 0.7 europe::south::ad_nrt;
    /// The Emirates id.
    AeId "ae_id" 0.00001 world::middle_east::ae_id;
    /// The tax registration number of the Emirates.
    AeTrn "ae_trn" 0.001 world::middle_east::ae_trn;
    /// An Albanian personal number.
    AlNid "al_nid" 0.06 europe::balkans::al_nid;
    /// The CBU of an Argentine account.
    ArCbu "ar_cbu" 0.01 devices::ar_cbu;
    /// CUIT or CUIL.
    ArCuit "ar_cuit" 0.01 world::latin_america::ar_cuit;
    /// The card for buses and trains.
    ArSube "ar_sube" 0.00001 world::latin_america::ar_sube;
    /// An Austrian social insurance number.
    AtSvnr "at_svnr" 0.03 europe::west::at_svnr;
    /// An Austrian tax account.
    AtTin "at_tin" 0.1 europe::west::at_tin;
    /// An Austrian VAT number.
    AtVat "at_vat" 0.1 europe::vat::at;
    /// A token of Atlassian: CRC-32.
    AtlassianToken "atlassian_token" 0.001 tokens::atlassian;
    /// The business number.
    AuAbn "au_abn" 0.011 world::oceania::au_abn;
    /// The company number.
    AuAcn "au_acn" 0.09 world::oceania::au_acn;
    /// The healthcare identifier of a person (800360), a provider (800361) or an organisation (800362).
    AuIhi "au_ihi" 0.00001 world::oceania::au_ihi;
    /// The Medicare number.
    AuMedicare "au_medicare" 0.045 world::oceania::au_medicare;
    /// The tax file number.
    AuTfn "au_tfn" 0.09 world::oceania::au_tfn;
    /// A VÖEN of Azerbaijan.
    AzVoen "az_voen" 0.09 world::south_asia::az_voen;
    /// A citizen's number of Bosnia and Herzegovina.
    BaJmbg "ba_jmbg" 0.001 europe::balkans::ba_jmbg;
    /// A US bank account beside labels: digits, not all the same.
    BankAccount "bank_account" 0.99 us::bank_account;
    /// An address of Bitcoin or one of its kin: version byte, doubled SHA-256.
    Base58Check "base58check" 0.001 crypto::base58check;
    /// A token that ends with its CRC-32 to the base 62.
    Base62Crc32 "base62_crc32" 0.001 tokens::base62_crc32;
    /// Base64 of a name, a colon and a secret.
    BasicAuth "basic_auth" 0.1 tokens::basic_auth;
    /// The national id of Bangladesh.
    BdNid "bd_nid" 0.89 world::south_asia::bd_nid;
    /// The number of a Belgian identity card.
    BeIdCard "be_id_card" 0.01 europe::west::be_id_card;
    /// A Belgian national register number.
    BeNn "be_nn" 0.002 europe::west::be_nn;
    /// A Belgian enterprise number.
    BeVat "be_vat" 0.01 europe::vat::be;
    /// An address in Bech32: check and length.
    Bech32 "bech32" 0.001 crypto::bech32;
    /// A Bulgarian citizen's number.
    BgEgn "bg_egn" 0.01 europe::east::bg_egn;
    /// A Bulgarian number of a foreigner.
    BgLnch "bg_lnch" 0.1 europe::east::bg_lnch;
    /// A Bulgarian VAT number.
    BgVat "bg_vat" 0.1 europe::vat::bg;
    /// The personal number of Bahrain.
    BhCpr "bh_cpr" 0.12 world::middle_east::bh_cpr;
    /// A bank's code with a country that exists.
    Bic "bic" 0.37 devices::bic;
    /// CEP, the postal code.
    BrCep "br_cep" 0.99 world::brazil::br_cep;
    /// CNH, the driving licence.
    BrCnh "br_cnh" 0.01 world::brazil::br_cnh;
    /// CNPJ, the register of legal entities.
    BrCnpj "br_cnpj" 0.01 world::brazil::br_cnpj;
    /// CNS, the number of the national health card.
    BrCns "br_cns" 0.05 world::brazil::br_cns;
    /// CPF, the register of natural persons.
    BrCpf "br_cpf" 0.01 world::brazil::br_cpf;
    /// PIS/PASEP, NIT or NIS, the worker's number.
    BrPis "br_pis" 0.09 world::brazil::br_pis;
    /// RG, the identity card of a state.
    BrRg "br_rg" 0.99 world::brazil::br_rg;
    /// The voter's title.
    BrTitulo "br_titulo" 0.003 world::brazil::br_titulo;
    /// The identity card of Botswana.
    BwOmang "bw_omang" 0.2 world::africa::bw_omang;
    /// A Belarusian personal number.
    ByPersonal "by_personal" 0.002 europe::east::by_personal;
    /// A Belarusian payer's number.
    ByUnp "by_unp" 0.06 europe::east::by_unp;
    /// British Columbia's personal health number.
    CaBcPhn "ca_bc_phn" 0.009 world::north_america::ca_bc_phn;
    /// A business number.
    CaBn "ca_bn" 0.09 world::north_america::ca_bn;
    /// Manitoba, Nova Scotia and others number with nine or ten digits and publish no check.
    CaHealth "ca_health" 0.99 world::north_america::ca_health;
    /// Ontario's health number.
    CaOhip "ca_ohip" 0.09 world::north_america::ca_ohip;
    /// Ontario's driver's licence.
    CaOntarioLicence "ca_ontario_licence" 0.07 world::north_america::ca_ontario_licence;
    /// Quebec's driver's licence.
    CaQuebecLicence "ca_quebec_licence" 0.037 world::north_america::ca_quebec_licence;
    /// Quebec's health insurance number.
    CaRamq "ca_ramq" 0.07 world::north_america::ca_ramq;
    /// A Canadian social insurance number.
    CaSin "ca_sin" 0.09 national::ca_sin;
    /// A month and a year in which a card can expire.
    CardExpiry "card_expiry" 0.1 devices::card_expiry;
    /// A number that begins and is as long as payment cards are; the check digit is not asked.
    CardShape "card_shape" 0.35 cards::card_shape;
    /// A track of a card's stripe: Luhn and a real month.
    CardTrack "card_track" 0.01 devices::card_track;
    /// A password that fills a cell: any signs, no placeholder, no word of the language.
    CellPassword "cell_password" 0.9 text::cell_password;
    /// A Swiss AHV number: 756 and the check digit of goods.
    ChAhv "ch_ahv" 0.0001 europe::west::ch_ahv;
    /// A Swiss enterprise number.
    ChVat "ch_vat" 0.09 europe::vat::ch;
    /// RUN or RUT.
    ClRut "cl_rut" 0.09 world::latin_america::cl_rut;
    /// The resident identity number.
    CnRic "cn_ric" 0.0001 world::east_asia::cn_ric;
    /// The same as it was until 1999: the place, the day of birth as `yymmdd`, a number.
    CnRicOld "cn_ric_old" 0.014 world::east_asia::cn_ric_old;
    /// The unified social credit code of organisations.
    CnUscc "cn_uscc" 0.01 world::east_asia::cn_uscc;
    /// NIT.
    CoNit "co_nit" 0.09 world::latin_america::co_nit;
    /// The identity cards of Costa Rica.
    CrCedula "cr_cedula" 0.9 world::latin_america::cr_cedula;
    /// The number of a company of Costa Rica.
    CrJuridica "cr_juridica" 0.003 world::latin_america::cr_juridica;
    /// The identity number of Cuba.
    CuNi "cu_ni" 0.036 world::latin_america::cu_ni;
    /// A Cypriot tax code.
    CyTin "cy_tin" 0.01 europe::south::cy_tin;
    /// A Cypriot VAT number.
    CyVat "cy_vat" 0.04 europe::vat::cy;
    /// A Czech tax number.
    CzDic "cz_dic" 0.09 europe::east::cz_dic;
    /// A Czech or Slovak company's number.
    CzIco "cz_ico" 0.1 europe::east::cz_ico;
    /// A Czech or Slovak birth number.
    CzRc "cz_rc" 0.02 europe::east::cz_rc;
    /// A Czech VAT number.
    CzVat "cz_vat" 0.09 europe::vat::cz;
    /// A real day from 1900 to today.
    Date "date" 0.5 dates::date;
    /// A German passport or identity card with its check digit.
    DeDocument "de_document" 0.1 europe::germany::document;
    /// A German driving licence.
    DeDriverLicense "de_driver_license" 0.09 europe::germany::driver_license;
    /// A German health insurance number.
    DeKvnr "de_kvnr" 0.1 europe::germany::kvnr;
    /// A German physician's number.
    DeLanr "de_lanr" 0.1 europe::germany::lanr;
    /// A German tax number in the form of 13 digits.
    DeStnr "de_stnr" 0.03 europe::germany::stnr;
    /// A German pension insurance number.
    DeSvnr "de_svnr" 0.04 europe::germany::svnr;
    /// A German tax identification number.
    DeTaxId "de_tax_id" 0.004 europe::germany::tax_id;
    /// A German VAT number.
    DeVat "de_vat" 0.1 europe::vat::de;
    /// A Danish CPR number.
    DkCpr "dk_cpr" 0.003 europe::north::dk_cpr;
    /// A Danish CVR number.
    DkVat "dk_vat" 0.09 europe::vat::dk;
    /// The identity card of the Dominican Republic.
    DoCedula "do_cedula" 0.09 world::latin_america::do_cedula;
    /// RNC of the Dominican Republic.
    DoRnc "do_rnc" 0.03 world::latin_america::do_rnc;
    /// A number of a document.
    DocumentNumber "document_number" 0.99 world::general::document_number;
    /// The identity card of Ecuador.
    EcCi "ec_ci" 0.02 world::latin_america::ec_ci;
    /// RUC of Ecuador.
    EcRuc "ec_ruc" 0.02 world::latin_america::ec_ruc;
    /// An Estonian personal code.
    EeIk "ee_ik" 0.003 europe::north::ee_ik;
    /// An Estonian VAT number.
    EeVat "ee_vat" 0.1 europe::vat::ee;
    /// The national number of Egypt.
    EgNationalId "eg_national_id" 0.002 world::middle_east::eg_national_id;
    /// A European health insurance card: 80 and a country.
    Ehic "ehic" 0.0004 europe::ehic;
    /// An address of Ethereum with its capitals right.
    Eip55 "eip55" 0.001 crypto::eip55;
    /// An e-mail address with a top-level domain that exists.
    Email "email" 0.9 contact::email;
    /// An e-mail address whose last label is at least no file's extension.
    EmailAnyDomain "email_any_domain" 0.95 contact::email_any_domain;
    /// A Spanish bank account: two control digits.
    EsCcc "es_ccc" 0.01 devices::es_ccc;
    /// A Spanish company's number.
    EsCif "es_cif" 0.1 europe::south::es_cif;
    /// A Spanish foreigner's number.
    EsNie "es_nie" 0.05 europe::south::es_nie;
    /// A Spanish DNI with its letter.
    EsNif "es_nif" 0.05 europe::south::es_nif;
    /// A Spanish social security number.
    EsNuss "es_nuss" 0.01 europe::south::es_nuss;
    /// A Spanish VAT number.
    EsVat "es_vat" 0.1 europe::vat::es;
    /// A Finnish business identity code.
    FiBusinessId "fi_business_id" 0.09 europe::north::fi_business_id;
    /// A Finnish personal identity code.
    FiHetu "fi_hetu" 0.002 europe::north::fi_hetu;
    /// A Finnish VAT number.
    FiVat "fi_vat" 0.09 europe::vat::fi;
    /// A French identity card of the old kind.
    FrIdCard "fr_id_card" 0.05 europe::west::fr_id_card;
    /// A French tax number.
    FrNif "fr_nif" 0.001 europe::west::fr_nif;
    /// A French social security number.
    FrNir "fr_nir" 0.005 europe::west::fr_nir;
    /// A French bank account: modulo 97.
    FrRib "fr_rib" 0.01 devices::fr_rib;
    /// A French company's number.
    FrSiren "fr_siren" 0.1 europe::west::fr_siren;
    /// A French establishment's number.
    FrSiret "fr_siret" 0.01 europe::west::fr_siret;
    /// A French VAT number.
    FrVat "fr_vat" 0.02 europe::vat::fr;
    /// A person's name, told from those of things and organisations by their words.
    FullName "full_name" 0.8 text::full_name;
    /// A Scottish Community Health Index number.
    GbChi "gb_chi" 0.003 europe::isles::gb_chi;
    /// A British driver number.
    GbDriverLicense "gb_driver_license" 0.01 europe::isles::gb_driver_license;
    /// A UK National Health Service number.
    GbNhs "gb_nhs" 0.09 national::gb_nhs;
    /// A UK National Insurance number.
    GbNino "gb_nino" 0.6 national::gb_nino;
    /// A British unique taxpayer reference.
    GbUtr "gb_utr" 0.09 europe::isles::gb_utr;
    /// A British VAT number.
    GbVat "gb_vat" 0.03 europe::vat::gb;
    /// A latitude or longitude with at least three places.
    GeoDegree "geo_degree" 0.4 devices::geo_degree;
    /// Latitude and longitude with at least three places.
    GeoPair "geo_pair" 0.3 devices::geo_pair;
    /// The taxpayer number of Ghana.
    GhTin "gh_tin" 0.0009 world::africa::gh_tin;
    /// A Greek AMKA.
    GrAmka "gr_amka" 0.004 europe::south::gr_amka;
    /// A Greek tax number.
    GrTin "gr_tin" 0.1 europe::south::gr_tin;
    /// A Greek VAT number.
    GrVat "gr_vat" 0.1 europe::vat::gr;
    /// A device identifier by GS1: check digit of its GTIN.
    Gs1Udi "gs1_udi" 0.1 devices::gs1_udi;
    /// CUI of Guatemala.
    GtCui "gt_cui" 0.003 world::latin_america::gt_cui;
    /// NIT of Guatemala.
    GtNit "gt_nit" 0.09 world::latin_america::gt_nit;
    /// The number on a health card or a policy.
    HealthCard "health_card" 0.98 us_other::health_card;
    /// The identity card of Hong Kong.
    HkId "hk_id" 0.09 world::east_asia::hk_id;
    /// The identity number of Honduras.
    HnDni "hn_dni" 0.001 world::latin_america::hn_dni;
    /// A Croatian citizen's number.
    HrJmbg "hr_jmbg" 0.001 europe::balkans::hr_jmbg;
    /// A Croatian OIB.
    HrOib "hr_oib" 0.1 europe::balkans::hr_oib;
    /// A Croatian VAT number.
    HrVat "hr_vat" 0.1 europe::vat::hr;
    /// A Hungarian personal number.
    HuPersonal "hu_personal" 0.002 europe::east::hu_personal;
    /// A Hungarian health insurance number.
    HuTaj "hu_taj" 0.1 europe::east::hu_taj;
    /// A Hungarian person's tax number.
    HuTin "hu_tin" 0.01 europe::east::hu_tin;
    /// A Hungarian tax number of a business.
    HuVat "hu_vat" 0.1 europe::vat::hu;
    /// An IBAN: country, structure, mod 97.
    Iban "iban" 0.01 iban::iban;
    /// The number of a SIM card: Luhn.
    Iccid "iccid" 0.11 devices::iccid;
    /// NIK of Indonesia.
    IdNik "id_nik" 0.02 world::southeast_asia::id_nik;
    /// NPWP of Indonesia.
    IdNpwp "id_npwp" 0.09 world::southeast_asia::id_npwp;
    /// An Irish PPS number.
    IePps "ie_pps" 0.05 europe::isles::ie_pps;
    /// An Irish VAT number.
    IeVat "ie_vat" 0.05 europe::vat::ie;
    /// The number of a company in Israel.
    IlCompany "il_company" 0.01 world::middle_east::il_company;
    /// The identity number of Israel.
    IlId "il_id" 0.1 world::middle_east::il_id;
    /// The number of a mobile device: Luhn.
    Imei "imei" 0.1 devices::imei;
    /// A subscriber of a mobile network: country codes that exist.
    Imsi "imsi" 0.6 devices::imsi;
    /// Aadhaar.
    InAadhaar "in_aadhaar" 0.08 world::south_asia::in_aadhaar;
    /// A driving licence of India.
    InDriverLicense "in_driver_license" 0.001 world::south_asia::in_driver_license;
    /// GSTIN.
    InGstin "in_gstin" 0.005 world::south_asia::in_gstin;
    /// PAN.
    InPan "in_pan" 0.45 world::south_asia::in_pan;
    /// The virtual id that stands for an Aadhaar.
    InVid "in_vid" 0.08 world::south_asia::in_vid;
    /// EPIC, the voter's card.
    InVoter "in_voter" 0.1 world::south_asia::in_voter;
    /// A phone number behind a plus sign or 00 that its country gives out.
    IntlPhone "intl_phone" 0.3 phones::intl_phone;
    /// Digits behind a plus sign or 00 with a country's code.
    IntlShape "intl_shape" 0.7 phones::intl_shape;
    /// An IPv4 address.
    Ipv4 "ipv4" 0.5 net::ipv4;
    /// An IPv4 address, neither a mask nor like a version.
    Ipv4Host "ipv4_host" 0.4 net::ipv4_host;
    /// An IPv6 address.
    Ipv6 "ipv6" 0.5 net::ipv6;
    /// An IPv6 address that can hardly be anything else.
    Ipv6Sure "ipv6_sure" 0.4 net::ipv6_sure;
    /// The national code of Iran.
    IrNationalCode "ir_national_code" 0.09 world::middle_east::ir_national_code;
    /// An Icelandic kennitala.
    IsKennitala "is_kennitala" 0.002 europe::north::is_kennitala;
    /// An Italian bank account: the letter in front.
    ItBban "it_bban" 0.04 devices::it_bban;
    /// An Italian fiscal code.
    ItCodiceFiscale "it_codice_fiscale" 0.001 europe::south::it_codice_fiscale;
    /// An Italian VAT number.
    ItVat "it_vat" 0.01 europe::vat::it;
    /// A citizen's number of any successor of Yugoslavia.
    Jmbg "jmbg" 0.001 europe::balkans::jmbg;
    /// The corporate number of Japan.
    JpCorporate "jp_corporate" 0.1 world::east_asia::jp_corporate;
    /// The invoice number of Japan's consumption tax.
    JpInvoice "jp_invoice" 0.1 world::east_asia::jp_invoice;
    /// My Number of Japan.
    JpMyNumber "jp_my_number" 0.09 world::east_asia::jp_my_number;
    /// A token whose first part is a JSON header.
    Jwt "jwt" 0.01 text::jwt;
    /// A business registration number of Korea.
    KrBrn "kr_brn" 0.09 world::east_asia::kr_brn;
    /// A driver's licence of Korea.
    KrDriverLicense "kr_driver_license" 0.17 world::east_asia::kr_driver_license;
    /// A foreigner's registration number of Korea.
    KrFrn "kr_frn" 0.014 world::east_asia::kr_frn;
    /// A resident registration number of Korea.
    KrRrn "kr_rrn" 0.014 world::east_asia::kr_rrn;
    /// The civil id of Kuwait.
    KwCivilId "kw_civil_id" 0.0006 world::middle_east::kw_civil_id;
    /// BIN of Kazakhstan.
    KzBin "kz_bin" 0.002 world::south_asia::kz_bin;
    /// IIN of Kazakhstan.
    KzIin "kz_iin" 0.002 world::south_asia::kz_iin;
    /// The same as `labelled_name`, and no thing.
    LabelledFullName "labelled_full_name" 0.6 text::labelled_full_name;
    /// A name behind its label: no word of a form, of a program or of the language stands there.
    LabelledName "labelled_name" 0.7 text::labelled_name;
    /// A letter and a digit at least.
    LettersAndDigits "letters_and_digits" 0.7 us_other::letters_and_digits;
    /// NIC of Sri Lanka.
    LkNic "lk_nic" 0.4 world::south_asia::lk_nic;
    /// NIC with X at the end that is no ISBN.
    LkNicNoIsbn "lk_nic_no_isbn" 0.4 world::south_asia::lk_nic_no_isbn;
    /// A name to log in with, of small letters alone: no word of the language, of a program or of a service.
    LoginWord "login_word" 0.7 text::login_word;
    /// A Lithuanian personal code.
    LtAsmens "lt_asmens" 0.003 europe::north::lt_asmens;
    /// A Lithuanian VAT number.
    LtVat "lt_vat" 0.01 europe::vat::lt;
    /// A Luxembourg national number.
    LuNin "lu_nin" 0.00002 europe::west::lu_nin;
    /// A Luxembourg VAT number.
    LuVat "lu_vat" 0.01 europe::vat::lu;
    /// Twelve to nineteen digits with the check digit of payment cards, whoever issued them.
    LuhnCard "luhn_card" 0.1 cards::luhn_card;
    /// A Latvian personal code.
    LvPk "lv_pk" 0.02 europe::north::lv_pk;
    /// A Latvian VAT number.
    LvVat "lv_vat" 0.1 europe::vat::lv;
    /// The national number of Libya.
    LyNationalId "ly_national_id" 0.002 world::africa::ly_national_id;
    /// ICE, the common number of companies in Morocco.
    MaIce "ma_ice" 0.0103 world::africa::ma_ice;
    /// A MAC address, not all zeros.
    Mac "mac" 0.99 net::mac;
    /// A Moldovan personal number.
    MdIdnp "md_idnp" 0.03 europe::east::md_idnp;
    /// A Montenegrin citizen's number.
    MeJmbg "me_jmbg" 0.001 europe::balkans::me_jmbg;
    /// A Montenegrin tax number.
    MePib "me_pib" 0.1 europe::balkans::me_pib;
    /// A Macedonian tax number.
    MkEdb "mk_edb" 0.1 europe::balkans::mk_edb;
    /// A Macedonian citizen's number.
    MkEmbg "mk_embg" 0.001 europe::balkans::mk_embg;
    /// The identity card of Macau.
    MoId "mo_id" 0.3 world::east_asia::mo_id;
    /// An address of Monero: network byte, Keccak-256.
    Monero "monero" 0.001 crypto::monero;
    /// A Maltese identity card.
    MtIdCard "mt_id_card" 0.3 europe::south::mt_id_card;
    /// A Maltese VAT number.
    MtVat "mt_vat" 0.03 europe::vat::mt;
    /// The identity number of Mauritius.
    MuNid "mu_nid" 0.002 world::africa::mu_nid;
    /// The CLABE of a Mexican account.
    MxClabe "mx_clabe" 0.1 devices::mx_clabe;
    /// CURP.
    MxCurp "mx_curp" 0.0001 world::latin_america::mx_curp;
    /// The social security number of IMSS.
    MxNss "mx_nss" 0.09 world::latin_america::mx_nss;
    /// RFC with its check digit (modulo 11 over values to 38), or one of the two that stand for anyone.
    MxRfc "mx_rfc" 0.003 world::latin_america::mx_rfc;
    /// RFC without a look at its check digit.
    MxRfcShape "mx_rfc_shape" 0.036 world::latin_america::mx_rfc_shape;
    /// The voter's key of INE.
    MxVoter "mx_voter" 0.005 world::latin_america::mx_voter;
    /// NRIC of Malaysia.
    MyNric "my_nric" 0.03 world::southeast_asia::my_nric;
    /// NUIT of Mozambique.
    MzNuit "mz_nuit" 0.09 world::africa::mz_nuit;
    /// The identity number of Namibia.
    NaId "na_id" 0.036 world::africa::na_id;
    /// A person's name: no word that names something else.
    Name "name" 0.9 text::name;
    /// A phone number of the North American plan in an area that is in use.
    NanpAssigned "nanp_assigned" 0.35 phones::nanp_assigned;
    /// A phone number of the North American plan.
    NanpPhone "nanp_phone" 0.6 phones::nanp_phone;
    /// Ten digits as North American numbers have them.
    NanpShape "nanp_shape" 0.95 phones::nanp_shape;
    /// A telephone number dialled inside a country.
    NationalPhone "national_phone" 0.8 phones::national_phone;
    /// NIN of Nigeria.
    NgNin "ng_nin" 0.1 world::africa::ng_nin;
    /// The identity card of Nicaragua.
    NiCedula "ni_cedula" 0.036 world::latin_america::ni_cedula;
    /// A Dutch citizen service number.
    NlBsn "nl_bsn" 0.09 europe::west::nl_bsn;
    /// A Dutch passport or identity card.
    NlDocument "nl_document" 0.1 europe::west::nl_document;
    /// A Dutch VAT number.
    NlVat "nl_vat" 0.1 europe::vat::nl;
    /// A Norwegian birth number.
    NoFnr "no_fnr" 0.001 europe::north::no_fnr;
    /// A Norwegian organisation's number.
    NoOrgnr "no_orgnr" 0.02 europe::north::no_orgnr;
    /// A Norwegian VAT number.
    NoVat "no_vat" 0.02 europe::vat::no;
    /// Digits with or without other signs, not one digit over and over.
    NotAFiller "not_a_filler" 0.99 world::general::not_a_filler;
    /// The business number.
    NzBusiness "nz_business" 0.00001 world::oceania::nz_business;
    /// The number of Inland Revenue.
    NzIrd "nz_ird" 0.02 world::oceania::nz_ird;
    /// The national health index.
    NzNhi "nz_nhi" 0.06 world::oceania::nz_nhi;
    /// The password at the end of a command's option or a call.
    OptionPassword "option_password" 0.8 tokens::option_password;
    /// A secret: no placeholder, no word of the language.
    Password "password" 0.9 text::password;
    /// A payment card: issuer ranges with their lengths, Luhn.
    PaymentCard "payment_card" 0.08 cards::payment_card;
    /// DNI of Peru.
    PeDni "pe_dni" 0.6 world::latin_america::pe_dni;
    /// RUC of Peru.
    PeRuc "pe_ruc" 0.005 world::latin_america::pe_ruc;
    /// TIN of the Philippines.
    PhTin "ph_tin" 0.09 world::southeast_asia::ph_tin;
    /// Digits as they stand in a column of telephone numbers.
    PhoneCell "phone_cell" 0.95 phones::phone_cell;
    /// CNIC of Pakistan.
    PkCnic "pk_cnic" 0.62 world::south_asia::pk_cnic;
    /// A Polish identity card.
    PlIdCard "pl_id_card" 0.1 europe::east::pl_id_card;
    /// A Polish tax number.
    PlNip "pl_nip" 0.09 europe::east::pl_nip;
    /// A Polish passport.
    PlPassport "pl_passport" 0.1 europe::east::pl_passport;
    /// A Polish PESEL.
    PlPesel "pl_pesel" 0.02 europe::east::pl_pesel;
    /// A Polish REGON.
    PlRegon "pl_regon" 0.1 europe::east::pl_regon;
    /// A telephone number of some country's plan, as it is dialled there or from abroad.
    PlannedPhone "planned_phone" 0.3 phones::planned_phone;
    /// A postal code of some country.
    PostalCode "postal_code" 0.9 us::postal_code;
    /// A Portuguese citizen card.
    PtCitizenCard "pt_citizen_card" 0.1 europe::south::pt_citizen_card;
    /// A Portuguese tax number.
    PtNif "pt_nif" 0.07 europe::south::pt_nif;
    /// A Portuguese social security number.
    PtNiss "pt_niss" 0.02 europe::south::pt_niss;
    /// RUC of Paraguay.
    PyRuc "py_ruc" 0.09 world::latin_america::py_ruc;
    /// The identity number of Qatar.
    QaQid "qa_qid" 0.18 world::middle_east::qa_qid;
    /// A random string: mixed classes of characters.
    RandomString "random_string" 0.9 text::random_string;
    /// A token that ends at random.
    RandomTail "random_tail" 0.9 tokens::random_tail;
    /// A Romanian personal numeric code.
    RoCnp "ro_cnp" 0.002 europe::east::ro_cnp;
    /// A Romanian VAT number.
    RoVat "ro_vat" 0.09 europe::vat::ro;
    /// A Serbian citizen's number.
    RsJmbg "rs_jmbg" 0.001 europe::balkans::rs_jmbg;
    /// A Serbian tax number.
    RsPib "rs_pib" 0.09 europe::balkans::rs_pib;
    /// A Russian INN.
    RuInn "ru_inn" 0.08 europe::east::ru_inn;
    /// A Russian registration of a company or trader.
    RuOgrn "ru_ogrn" 0.02 europe::east::ru_ogrn;
    /// A Russian health insurance policy.
    RuOms "ru_oms" 0.1 europe::east::ru_oms;
    /// A Russian SNILS.
    RuSnils "ru_snils" 0.01 europe::east::ru_snils;
    /// The identity number of Rwanda.
    RwId "rw_id" 0.002 world::africa::rw_id;
    /// The identity number of Saudi Arabia.
    SaId "sa_id" 0.02 world::middle_east::sa_id;
    /// The tax number of Saudi Arabia.
    SaVat "sa_vat" 0.01 world::middle_east::sa_vat;
    /// A Swedish organisation's number.
    SeOrgnr "se_orgnr" 0.07 europe::north::se_orgnr;
    /// A Swedish personal or coordination number.
    SePersonnummer "se_personnummer" 0.01 europe::north::se_personnummer;
    /// A Swedish VAT number.
    SeVat "se_vat" 0.09 europe::vat::se;
    /// NRIC or FIN.
    SgNric "sg_nric" 0.008 world::southeast_asia::sg_nric;
    /// UEN.
    SgUen "sg_uen" 0.03 world::southeast_asia::sg_uen;
    /// A Slovenian citizen's number.
    SiEmso "si_emso" 0.001 europe::balkans::si_emso;
    /// A Slovenian tax number.
    SiTin "si_tin" 0.09 europe::balkans::si_tin;
    /// A Slovak tax number.
    SkDic "sk_dic" 0.05 europe::east::sk_dic;
    /// Thirty-two bytes to the base 58.
    Solana "solana" 0.9 crypto::solana;
    /// A password that no sign leads to: three classes of characters.
    StrongPassword "strong_password" 0.5 text::strong_password;
    /// DUI of El Salvador.
    SvDui "sv_dui" 0.09 world::latin_america::sv_dui;
    /// NIT of El Salvador.
    SvNit "sv_nit" 0.001 world::latin_america::sv_nit;
    /// The identity number of Thailand.
    ThPin "th_pin" 0.06 world::southeast_asia::th_pin;
    /// The tax number of a company in Thailand.
    ThTin "th_tin" 0.007 world::southeast_asia::th_tin;
    /// The taxpayer's number of Tunisia.
    TnMf "tn_mf" 0.05 world::africa::tn_mf;
    /// A Turkish identity number.
    TrTckimlik "tr_tckimlik" 0.01 europe::south::tr_tckimlik;
    /// A Turkish tax number.
    TrVkn "tr_vkn" 0.1 europe::south::tr_vkn;
    /// A resident certificate of Taiwan.
    TwArc "tw_arc" 0.02 world::east_asia::tw_arc;
    /// The national identity number of Taiwan.
    TwId "tw_id" 0.02 world::east_asia::tw_id;
    /// The unified business number of Taiwan.
    TwUbn "tw_ubn" 0.24 world::east_asia::tw_ubn;
    /// The national number of Tanzania.
    TzNida "tz_nida" 0.0004 world::africa::tz_nida;
    /// A Ukrainian company's number.
    UaEdrpou "ua_edrpou" 0.1 europe::east::ua_edrpou;
    /// A Ukrainian taxpayer's number.
    UaRntrc "ua_rntrc" 0.1 europe::east::ua_rntrc;
    /// A Ukrainian number of the demographic register.
    UaUnzr "ua_unzr" 0.0001 europe::east::ua_unzr;
    /// A password inside an address or a connection string.
    UrlPassword "url_password" 0.9 tokens::url_password;
    /// A US taxpayer number of a child to be adopted.
    UsAtin "us_atin" 0.01 us_other::us_atin;
    /// A US prescriber's registration: check digit.
    UsDea "us_dea" 0.07 us_other::us_dea;
    /// A US employer identification number: issued prefixes.
    UsEin "us_ein" 0.83 us::us_ein;
    /// A US health insurance claim number: a Social Security number in it that is issued.
    UsHicn "us_hicn" 0.88 us_other::us_hicn;
    /// A US taxpayer number of someone without a Social Security number.
    UsItin "us_itin" 0.05 us::us_itin;
    /// A Medicare beneficiary identifier.
    UsMbi "us_mbi" 0.01 us::us_mbi;
    /// A US provider identifier: Luhn behind 80840.
    UsNpi "us_npi" 0.02 us::us_npi;
    /// A US Social Security number: areas, groups and serials that are issued.
    UsSsn "us_ssn" 0.88 us::us_ssn;
    /// A US Social Security number whose leading zero was lost.
    UsSsnShort "us_ssn_short" 0.88 us::us_ssn_short;
    /// A US state or territory, as code or name.
    UsState "us_state" 0.1 us::us_state;
    /// A US ZIP code in an assigned range.
    UsZip "us_zip" 0.9 us::us_zip;
    /// A name to log in with: no word of the language.
    UserName "user_name" 0.7 text::user_name;
    /// The identity card of Uruguay.
    UyCi "uy_ci" 0.09 world::latin_america::uy_ci;
    /// RUT of Uruguay.
    UyRut "uy_rut" 0.0001 world::latin_america::uy_rut;
    /// PINFL of Uzbekistan.
    UzPinfl "uz_pinfl" 0.002 world::south_asia::uz_pinfl;
    /// RIF of Venezuela.
    VeRif "ve_rif" 0.09 world::latin_america::ve_rif;
    /// A vehicle identification number with the North American check digit.
    Vin "vin" 0.09 national::vin;
    /// The citizen's number of Vietnam.
    VnCccd "vn_cccd" 0.04 world::southeast_asia::vn_cccd;
    /// The tax code of Vietnam.
    VnMst "vn_mst" 0.09 world::southeast_asia::vn_mst;
    /// A citizen's number of Kosovo.
    XkJmbg "xk_jmbg" 0.001 europe::balkans::xk_jmbg;
    /// An account of the XRP Ledger.
    Xrp "xrp" 0.001 crypto::xrp;
    /// The identity number of South Africa.
    ZaId "za_id" 0.0003 world::africa::za_id;
    /// The income tax number of South Africa.
    ZaTax "za_tax" 0.05 world::africa::za_tax;
}

impl Validator {
    /// Whether it lets values pass whose check digit is wrong: what it accepts is counted, with that against it.
    pub fn leaves_check_digit(self) -> bool {
        self == Validator::CardShape
    }

    /// The check of that name.
    pub fn from_name(name: &str) -> Option<Validator> {
        // By name, as a test says.
        Validator::ALL.binary_search_by(|v| v.name().cmp(name)).ok().map(|i| Validator::ALL[i])
    }
}

#[cfg(test)]
mod tests;
