//! The scope of a breach: who is affected, a part of the people at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::cache;
use super::pages::{Fields, Shared, not_logged, page, sorry};
use crate::index::{IndexError, Reader};
use crate::law::{Law, Moment, Moments};
use crate::report::Frame;
use crate::{query, report};

const TITLE: &str = "Scope a breach";

pub(super) async fn scope(State(s): Shared) -> Response {
    page(TITLE, s, |s| Ok(report::breach_page(Frame::Site("/breach"), &names(&Reader::open(&s.index)?)?, None))).await
}

/// The names of datasets, ordered.
fn names(reader: &Reader) -> Result<Vec<String>, IndexError> {
    let mut names: Vec<String> = reader.datasets()?.into_values().collect();
    names.sort();
    Ok(names)
}

pub(super) async fn breach(State(s): Shared, form: Fields) -> Response {
    let Ok(Form(fields)) = form else { return sorry(StatusCode::BAD_REQUEST, TITLE, "The form could not be read.") };
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (dataset, object) = (text("dataset"), text("object"));
    let index = s.index.clone();
    let read = tokio::task::spawn_blocking(move || {
        let known = names(&Reader::open(&index)?)?;
        let asked = format!("{dataset} {object}");
        let sets = (Named::of(&dataset, &known), Named::of(&object, &[]));
        Ok::<_, IndexError>((sets, asked, object.trim().to_owned()))
    });
    let (datasets, objects, asked) = match read.await {
        Ok(Ok(((Some(datasets), Some(mut objects)), asked, object))) => {
            // A uri is meant as it stands as well: it may hold blanks and signs of patterns.
            objects.exact.insert(object);
            (datasets, objects, asked)
        }
        Ok(Ok(_)) => {
            let text = "A pattern is not well-formed. `*` stands for anything in a name, `**/` for folders.";
            return sorry(StatusCode::BAD_REQUEST, TITLE, text);
        }
        Ok(Err(e)) => return sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, &e.to_string()),
        Err(_) => return sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, "The index could not be read."),
    };
    let day = text("discovered");
    let discovered = Moment::parse(day.trim());
    if discovered.is_none() && !day.trim().is_empty() {
        return sorry(StatusCode::BAD_REQUEST, TITLE, "That is no day such as 2026-11-21, nor a time with its zone.");
    }
    let scope = Scope { datasets, objects, discovered, asked, state: cache::stamp(&s.index).0 };
    answer_breach(s, Arc::new(scope), 0).await
}

/// Names, and patterns of names.
struct Named {
    exact: BTreeSet<String>,
    patterns: GlobSet,
}

impl Named {
    /// What was typed: one of the `known` names (ordered), or several things between commas or blanks, each a known name or a pattern. A known
    /// name means itself alone, whatever signs it has. `None`: a pattern is not well-formed.
    fn of(text: &str, known: &[String]) -> Option<Named> {
        let is_known = |name: &str| known.binary_search_by(|k| k.as_str().cmp(name)).is_ok();
        let (mut exact, mut patterns) = (BTreeSet::new(), GlobSetBuilder::new());
        if is_known(text) || is_known(text.trim()) {
            exact.insert(if is_known(text) { text } else { text.trim() }.to_owned());
            return Some(Named { exact, patterns: GlobSet::empty() });
        }
        for part in text.split(',').map(str::trim) {
            if is_known(part) {
                exact.insert(part.to_owned());
                continue;
            }
            for word in part.split(' ').filter(|w| !w.is_empty()) {
                if is_known(word) {
                    exact.insert(word.to_owned());
                } else {
                    patterns.add(GlobBuilder::new(word).literal_separator(true).build().ok()?);
                }
            }
        }
        Some(Named { exact, patterns: patterns.build().ok()? })
    }

    fn has(&self, name: &str) -> bool {
        self.exact.contains(name) || self.patterns.is_match(name)
    }
}

/// What was asked on the page for breaches.
pub(super) struct Scope {
    datasets: Named,
    objects: Named,
    discovered: Option<Moment>,
    /// As it was typed; for the log.
    asked: String,
    /// The index when it was asked.
    state: cache::State,
}

/// So many scopes are remembered, so that their people can be leafed through.
pub(super) const SCOPES: usize = 16;

/// So many people stand on a page.
const PEOPLE: usize = 100;

/// More of the people of an answer. PRIVACY: the form holds a number for what was asked, for patterns may name somebody.
pub(super) async fn affected(State(s): Shared, form: Fields) -> Response {
    let Ok(Form(fields)) = form else { return sorry(StatusCode::BAD_REQUEST, TITLE, "The form could not be read.") };
    let number = |name: &str| fields.get(name).and_then(|n| n.parse::<u64>().ok());
    let (Some(scope), Some(page)) = (number("scope"), number("page")) else {
        return sorry(StatusCode::BAD_REQUEST, TITLE, "The form could not be read.");
    };
    let known = s.scopes().iter().find(|known| known.0 == scope).map(|known| known.1.clone());
    match known {
        Some(scope) => answer_breach(s, scope, page as usize).await,
        None => sorry(StatusCode::GONE, TITLE, "That question was asked too long ago. Ask it again."),
    }
}

async fn answer_breach(s: Arc<super::State>, scope: Arc<Scope>, at: usize) -> Response {
    if !s.guard.may_look_up() {
        return sorry(StatusCode::TOO_MANY_REQUESTS, TITLE, "That were many look-ups in a short time. Wait a minute.");
    }
    page(TITLE, s, move |s| {
        let state = cache::stamp(&s.index).0;
        let reader = s.reader()?;
        let exposed = query::current_in(&reader, &|uri| scope.objects.has(uri), &|name| scope.datasets.has(name))?;
        let moments = Moments { discovered: scope.discovered, determined: None };
        let question = query::Question {
            exposed: &exposed,
            never_indexed: 0,
            law: Law::builtin(),
            moments,
            assumed: &[],
            list: true,
            part: Some((PEOPLE, at.saturating_mul(PEOPLE))),
            identifiers: false,
        };
        let answer = query::breach(&reader, &question)?;
        let hasher = s.key.as_ref().map(|k| reader.unlock(k)).transpose()?;
        let asked = [format!("{} people from {}", scope.asked, at.saturating_mul(PEOPLE))];
        if let Err(why) = (s.asked)("breach", hasher.as_ref(), &asked, answer.consumers.upper) {
            return Ok(report::sorry_page(Frame::Site("/breach"), TITLE, &not_logged(&why)));
        }
        let known = names(&reader)?;
        // What is known and no longer stored is another thing than what was never there.
        let gone = exposed.is_empty()
            && (known.iter().any(|n| scope.datasets.has(n)) || reader.objects(false)?.iter().any(|o| scope.objects.has(&o.uri)));
        let question = s.remember(&scope);
        let leaf = report::Leaf { question, page: at, size: PEOPLE, gone, changed: state != scope.state };
        Ok(report::breach_page(Frame::Site("/breach"), &known, Some((&answer, leaf))))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_list_means_itself_alone() {
        let known: Vec<String> =
            ["HR", "HR data/people.csv", "a, b", "crm/people", "data/people.csv", "log[1", "orders-*.csv", "orders-eu.csv"]
                .map(str::to_owned)
                .to_vec();
        for (text, want) in [
            ("HR data/people.csv", &["HR data/people.csv"][..]),
            (" HR data/people.csv ", &["HR data/people.csv"]),
            ("orders-*.csv", &["orders-*.csv"]),
            ("a, b", &["a, b"]),
            ("log[1", &["log[1"]),
            ("HR data/people.csv, crm/people", &["HR data/people.csv", "crm/people"]),
            ("crm/* HR", &["HR", "crm/people"]),
            ("orders-?*.csv", &["orders-*.csv", "orders-eu.csv"]),
            ("", &[]),
        ] {
            let named = Named::of(text, &known).unwrap();
            let met: Vec<&str> = known.iter().map(String::as_str).filter(|n| named.has(n)).collect();
            assert_eq!(met, want, "{text}");
        }
        assert!(Named::of("no[such", &known).is_none());
    }
}
