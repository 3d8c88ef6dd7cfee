//! What a text can be that is nothing but one value.
//!
//! Nine digits in a log say nothing, however well their check digit fits one country or another. Where somebody asks what a
//! value is, there is nothing else to go by: everything is named that its check digits or its form allow, with no more
//! confidence than it takes to be reported.

use super::set::Classifiers;
use super::validators::{Validator, phones};
use crate::base::{Evidence, Match, NO_CELL, REPORTED_FROM};

/// Longer texts are no single values.
const LONGEST: usize = 64;

/// Whether what `v` accepts says something without any word around it.
fn tells(v: Validator, value: &[u8]) -> bool {
    match v {
        // Forms that little else has.
        Validator::Ipv4 | Validator::Ipv6 | Validator::Mac => true,
        Validator::NationalPhone => phones::grouped_phone(value),
        Validator::UsEin => value.iter().any(|b| !b.is_ascii_digit()),
        // One in ten of all long numbers, whoever gave them out: serial numbers of devices are such.
        Validator::LuhnCard => false,
        _ => v.leaves_little(),
    }
}

impl Classifiers {
    /// What `text` can be if it is one value: by classifier, at most one match each, over the text without the white space
    /// around it. Empty if the text is longer than a value, or nothing fits.
    pub fn alone(&self, text: &[u8]) -> Vec<Match> {
        let start = text.len() - text.trim_ascii_start().len();
        let value = text.trim_ascii();
        let mut out: Vec<Match> = Vec::new();
        if value.is_empty() || value.len() > LONGEST {
            return out;
        }
        for p in &self.engine().patterns {
            let known = out.last().is_some_and(|m| m.classifier == p.classifier);
            let Some(v) = p.validator.filter(|v| !known && tells(*v, value)) else { continue };
            if p.is_whole(value) && v.check(value) {
                out.push(Match {
                    start: start as u32,
                    end: (start + value.len()) as u32,
                    cell: NO_CELL,
                    classifier: p.classifier,
                    pattern: p.index,
                    confidence: REPORTED_FROM,
                    evidence: Evidence::VALIDATED.with(Evidence::WHOLE_CELL).with(Evidence::CONTESTED),
                });
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_alone_is_what_its_check_digits_allow() {
        let c = Classifiers::builtin();
        let ids = |text: &str| c.alone(text.as_bytes()).iter().map(|m| c.get(m.classifier).id.clone()).collect::<Vec<_>>();
        for (text, id) in [
            (" 021000021\n", "us.bank_routing"),
            ("1234567893", "us.npi"),
            ("30569309025904", "generic.payment_card"),
            ("943 476 5919", "gb.nhs"),
            ("12-3456789", "us.ein"),
            ("01 23 45 67 89", "generic.phone"),
            ("::1", "generic.ip_address"),
        ] {
            assert!(ids(text).iter().any(|i| i == id), "{text}: {:?}", ids(text));
        }
        for text in ["", "457555462", "2021-10-12", "123456789012", "call 1234567893"] {
            assert!(!ids(text).iter().any(|i| i.starts_with("generic.") || i.starts_with("us.")), "{text}: {:?}", ids(text));
        }
    }
}
