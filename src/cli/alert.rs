//! Telling others what changed: a command of the user's, or an address that the user configured.

use super::output;
use crate::query::DiffAnswer;
use crate::{report, serve};

/// Who is told what changed.
pub(super) struct Alert<'a> {
    /// A command, run by the shell with the document on its standard input and `changed` in `PIIMAP_OUTCOME`.
    pub command: Option<&'a str>,
    /// An address that gets the document by POST.
    pub url: Option<&'a str>,
}

impl Alert<'_> {
    /// Whether nobody wants to know.
    pub fn is_none(&self) -> bool {
        self.command.is_none() && self.url.is_none()
    }

    /// Tells everybody, if there is something to tell; how many could not be told. PRIVACY: the document is that of `diff --format json`: names
    /// of datasets, fields and classifiers, numbers, no values.
    pub fn tell(&self, changed: &DiffAnswer) -> u32 {
        if self.is_none() || changed.is_empty() {
            return 0;
        }
        let document = report::diff_json(changed).to_string();
        let patience = super::watch::HOOK_PATIENCE;
        let command = self.command.map(|c| serve::run_hook(c, "changed", &document, patience));
        let url = self.url.map(|u| serve::post_hook(u, &document, patience));
        let mut failed = 0;
        for (who, told) in [("the command on changes", command), ("the address for changes", url)] {
            if let Some(Err(why)) = told {
                output::error(&format!("{who}: {why}"));
                failed += 1;
            }
        }
        failed
    }
}

/// An address as clap and the configuration take it.
pub(super) fn address(text: &str) -> Result<String, String> {
    serve::check_address(text).map(|()| text.to_owned()).map_err(str::to_owned)
}
