//! A value that cannot be printed.

use std::fmt;

/// The signs of a value that may be shown.
const SIGNS: &str = "@.-/ ()+";

/// So many parts between signs are shown.
const MOST_PARTS: usize = 8;

/// Elements whose values are so many that their shape tells nobody's. PRIVACY: of any other nothing is shown, of one that is new neither.
const SHAPED: [&str; 23] = [
    "alien_registration_number",
    "bank_account_number",
    "driver_license",
    "email",
    "employee_id",
    "employer_tax_id",
    "full_name",
    "health_insurance_id",
    "insurance_policy_number",
    "ip_address",
    "itin_tax_id",
    "loyalty_id",
    "mac_imei",
    "medical_record_number",
    "order_number",
    "other_gov_id",
    "passport",
    "payment_card_number",
    "phone",
    "ssn",
    "state_id",
    "student_id",
    "username",
];

/// Bytes that are personal data or key material. No `Display`, and `Debug` shows the length only; the memory is
/// overwritten when the value is dropped.
///
/// ```
/// let s = piimap::base::Secret::new(b"457-55-5462".to_vec());
/// assert_eq!(format!("{s:?}"), "Secret(11 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(bytes.into())
    }

    /// The raw bytes.
    ///
    /// PRIVACY: every caller is a place where a raw value can leak; keep them few.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// What may be shown of a value that was taken for `element` to somebody who is to see what kind of value it is, and not whose.
    ///
    /// Of most elements (passwords, codes, sex, religion, diagnoses, dates, places: what is secret, or one of few words) and of values
    /// with fewer than four ASCII letters and digits: `••••`. Of the elements in which most people differ, such as e-mail addresses, names,
    /// telephone and account numbers: the signs `@.-/ ()+`, repeated ones once, and three dots for whatever stands between two of them, however
    /// long; up to eight such parts, then `…`. Besides, the first letter if the value begins with it and has six ASCII letters, and the last
    /// two of seven ASCII digits or more.
    ///
    /// ```
    /// let masked = |element: &str, s: &str| piimap::base::Secret::new(s).masked(element);
    /// assert_eq!(masked("email", "jane@example.com"), "j•••@•••.•••");
    /// assert_eq!(masked("ssn", "457-55-5462"), "•••-•••-•••62");
    /// assert_eq!(masked("sex_gender", "Female"), "••••");
    /// ```
    pub fn masked(&self, element: &str) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let many = |is: fn(&char) -> bool| text.chars().filter(is).count();
        let (letters, digits) = (many(char::is_ascii_alphabetic), many(char::is_ascii_digit));
        if letters + digits < 4 || !SHAPED.contains(&element) {
            return "••••".to_owned();
        }
        let (mut out, mut met_digits, mut parts, mut last) = (String::new(), 0, 0, None);
        let mut end = String::new();
        for (at, c) in text.chars().enumerate() {
            if SIGNS.contains(c) {
                out += &std::mem::take(&mut end);
                if last != Some(c) {
                    out.push(c);
                }
                last = Some(c);
                continue;
            }
            if last.is_none_or(|l| SIGNS.contains(l)) {
                parts += 1;
                if parts > MOST_PARTS {
                    return out + "…";
                }
                if at == 0 && letters >= 6 && c.is_ascii_alphabetic() {
                    out.push(c);
                }
                out += "•••";
            }
            met_digits += usize::from(c.is_ascii_digit());
            if c.is_ascii_digit() && digits >= 7 && met_digits + 2 > digits {
                end.push(c);
            }
            last = Some(c);
        }
        out + &end
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // The optimiser must not see that nobody reads the zeros.
        std::hint::black_box(&self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_a_shape_and_nothing_whole() {
        for (element, value, want) in [
            ("password", "!!@#$%a1", "••••"),
            ("password", "jane:correct horse battery", "••••"),
            ("api_key_token", "AKIAIOSFODNN7EXAMPLE", "••••"),
            ("sex_gender", "Male", "••••"),
            ("race_ethnicity", "Pacific Islander", "••••"),
            ("diagnosis_medical", "AB+", "••••"),
            ("diagnosis_medical", "E11.9", "••••"),
            ("postal_address", "California", "••••"),
            ("of tomorrow", "jane@example.com", "••••"),
            // Signs and letters of other scripts are dots as well, and so are marks and what turns the direction of writing.
            ("full_name", "欧阳 娜娜", "••••"),
            ("full_name", "e\u{301}\u{301}\u{202e}abcdefgh", "e•••"),
            ("full_name", "Ada\u{202e} Lovelace", "A••• •••"),
            ("full_name", "Bo Li", "••• •••"),
            ("full_name", "!!@#$%a1b2", "•••@•••"),
            ("username", "_____abcdef", "•••"),
            ("email", "a@b.example", "a•••@•••.•••"),
            ("email", "longer.than.that@example.com", "l•••.•••.•••@•••.•••"),
            ("phone", "+1 (415) 555-0134", "+••• (•••) •••-•••34"),
            ("phone", "٠١٢٣٤٥٦٧٨٩", "••••"),
            ("payment_card_number", "4111111111111111", "•••11"),
            ("payment_card_number", "4111 1111  1111 111-1", "••• ••• ••• •••1-•••1"),
            ("order_number", "1-2-3-4-5-6-7-8-9-10", "•••-•••-•••-•••-•••-•••-•••-•••-…"),
            ("order_number", "-- -- --", "••••"),
            ("ssn", "", "••••"),
        ] {
            assert_eq!(Secret::new(value).masked(element), want, "{element}: {value}");
        }
        assert_eq!(Secret::new(b"\xff\xfe\xfdabcdef".to_vec()).masked("email"), "•••");
    }

    #[test]
    fn lengths_are_not_told() {
        let long = |n: usize| Secret::new(format!("j{}@{}.com", "a".repeat(n), "b".repeat(2 * n))).masked("email");
        assert!((5..200).all(|n| long(n) == "j•••@•••.•••"));
    }
}
