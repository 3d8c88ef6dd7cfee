//! Sources of other accounts: by which role, profile and region each is reached.

use std::borrow::Cow;

use globset::{Glob, GlobMatcher};

use super::Options;
use crate::base::{Error, Reason, Result};

/// How the sources that fit a pattern are reached.
#[derive(Clone, Debug)]
pub struct Account {
    sources: Vec<GlobMatcher>,
    /// The role that is taken, as an ARN.
    pub assume_role: Option<String>,
    /// What the owner of the role asks to be told.
    pub external_id: Option<String>,
    /// A profile of the AWS configuration.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl Account {
    /// For sources (as they are typed) that fit one of the patterns; `*` crosses slashes. Fails for patterns and roles that are none.
    pub fn new(
        sources: &[String],
        assume_role: Option<String>,
        external_id: Option<String>,
        profile: Option<String>,
        region: Option<String>,
    ) -> Result<Account> {
        let wrong = |why: String| Error::new(Reason::Malformed, why);
        let compile = |p: &String| Glob::new(p).map(|g| g.compile_matcher()).map_err(|e| wrong(e.to_string()));
        let sources: Vec<GlobMatcher> = sources.iter().map(compile).collect::<Result<_>>()?;
        if sources.is_empty() {
            return Err(wrong("give sources, a list of patterns such as \"s3://their-bucket*\"".to_owned()));
        }
        if assume_role.as_ref().is_some_and(|r| !(r.starts_with("arn:") && r.contains(":role/"))) {
            return Err(wrong("assume_role is an ARN such as arn:aws:iam::111122223333:role/piimap".to_owned()));
        }
        if external_id.is_some() && assume_role.is_none() {
            return Err(wrong("external_id goes with assume_role".to_owned()));
        }
        Ok(Account { sources, assume_role, external_id, profile, region })
    }

    /// The options with what this says.
    pub fn apply(&self, options: &Options) -> Options {
        let or = |own: &Option<String>, given: &Option<String>| own.clone().or_else(|| given.clone());
        Options {
            assume_role: or(&self.assume_role, &options.assume_role),
            external_id: if self.assume_role.is_some() { self.external_id.clone() } else { options.external_id.clone() },
            profile: or(&self.profile, &options.profile),
            region: or(&self.region, &options.region),
            ..options.clone()
        }
    }
}

/// The number of the first account that a source fits.
pub(super) fn number(spec: &str, options: &Options) -> Option<usize> {
    options.accounts.iter().position(|a| a.sources.iter().any(|p| p.is_match(spec)))
}

/// The options for a source.
pub(super) fn of<'a>(spec: &str, options: &'a Options) -> Cow<'a, Options> {
    match number(spec, options).and_then(|n| options.accounts.get(n)) {
        Some(account) => Cow::Owned(account.apply(options)),
        None => Cow::Borrowed(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_says_how() {
        let role = |n: u8| Some(format!("arn:aws:iam::11112222333{n}:role/piimap"));
        let account = |pattern: &str, n, id: Option<&str>| {
            Account::new(&[pattern.to_owned()], role(n), id.map(str::to_owned), None, Some("eu-west-1".into()))
        };
        let accounts = [account("s3://partner-*", 1, Some("x-17")).unwrap(), account("s3://*", 2, None).unwrap()];
        let o = Options { accounts: accounts.into(), profile: Some("audit".into()), ..Options::default() };
        let found = of("s3://partner-a/exports/2026", &o);
        assert_eq!(
            (found.assume_role.clone(), found.external_id.as_deref(), found.profile.as_deref()),
            (role(1), Some("x-17"), Some("audit"))
        );
        assert_eq!((of("s3://other/x", &o).assume_role.clone(), of("s3://other/x", &o).external_id.clone()), (role(2), None));
        assert_eq!((number("s3://partner-a", &o), number("s3://other", &o), number("glue://d/t", &o)), (Some(0), Some(1), None));
        assert_eq!((of("/srv", &o).assume_role.clone(), of("/srv", &o).region.clone()), (None, None));
        for (sources, role, id, says) in [
            (&[][..], None, None, "give sources"),
            (&["a".to_owned()][..], Some("piimap"), None, "ARN"),
            (&["a".to_owned()][..], None, Some("x"), "goes with assume_role"),
            (&["[".to_owned()][..], None, None, "unclosed"),
        ] {
            let e = Account::new(sources, role.map(str::to_owned), id.map(str::to_owned), None, None).unwrap_err();
            assert!(e.detail.contains(says), "{}", e.detail);
        }
    }
}
