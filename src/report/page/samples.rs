//! Masked values of a dataset, as a page.

use std::collections::BTreeSet;

use super::{Frame, dataset_path, escape, page, table};
use crate::base::{At, Place, Reason};
use crate::report::text::count;

/// A value that was read again and masked.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it was taken for.
    pub classifier: String,
    /// The object, as shown.
    pub uri: String,
    /// Where in it.
    pub place: Place,
    /// What is left of the value.
    pub masked: String,
}

/// The form on the page of a dataset that asks for samples. Its name goes in the body, as everything does that is asked here.
pub(super) fn samples_form(dataset: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/samples\">\n<input type=\"hidden\" name=\"dataset\" value=\"{}\">\n\
         <button type=\"submit\">Show a few masked values</button>\n\
         <p class=\"soft\">Reads up to three objects of it again, from where they lie, and writes into the log that you asked.</p>\n</form>\n",
        escape(dataset)
    )
}

/// A few values of a dataset. `missing`: how many were chosen and could not be read again, and `why`.
pub fn samples_page(frame: Frame, dataset: &str, samples: &[Sample], missing: usize, why: &BTreeSet<Reason>) -> String {
    let rows = samples.iter().map(|s| {
        let member = s.place.member.as_ref().map(|m| format!(" → {}", escape(m))).unwrap_or_default();
        let at = match s.place.at {
            At::Row(n) => format!("row {n}"),
            At::Bytes(from, to) => format!("bytes {from}–{to}"),
        };
        vec![
            if s.place.field.is_empty() { "(text)".to_owned() } else { escape(&s.place.field) },
            escape(&s.classifier),
            format!("<code>{}</code>", escape(&s.masked)),
            format!("{}{member}", escape(&s.uri)),
            at,
        ]
    });
    let mut main = if samples.is_empty() {
        "<p role=\"status\">No value could be shown: no object of this dataset that was read to its end is small enough to be read again at once (64 MiB), \
         or its source cannot be reached from here.</p>\n"
            .to_owned()
    } else {
        table("Masked values", &["field", "taken for", "masked value", "object", "where"], &[], rows)
    };
    if missing > 0 && !samples.is_empty() {
        main +=
            &format!("<p>{} more could not be read again: objects that changed since, or cannot be reached.</p>\n", count(missing as u64));
    }
    for reason in why {
        main += &format!("<p><code>{}</code>: {}.</p>\n", reason.code(), escape(reason.meaning()));
    }
    main += &format!("<p><a href=\"{}\">Back to the dataset</a></p>\n{}", dataset_path(dataset), samples_form(dataset));
    let lead = format!(
        "What stands in {dataset}, masked. Dots stand for anything, however long. Of e-mail addresses, names, telephone numbers and numbers of \
         accounts and papers the signs @ . - / ( ) + and blanks are shown, the first letter where there are six or more, and the last two of seven or \
         more digits; of all other kinds, such as passwords, health or religion, nothing."
    );
    page(frame, "Samples", &lead, &main)
}
