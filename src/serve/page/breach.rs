//! The scope of a breach: who is affected, a part of the people at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::cache::{self, Page};
use super::pages::{Fields, Shared, Shown, not_logged, page, shown, sorry};
use crate::index::{IndexError, Reader};
use crate::law::{Law, Moment, Moments};
use crate::report::Frame;
use crate::{query, report};

const TITLE: &str = "Scope a breach";

/// The form; or, of a question that was asked before, a part of the answer. PRIVACY: the address holds a number for what was asked, for
/// patterns may name somebody.
pub(super) async fn scope(State(s): Shared, Query(asked): Query<HashMap<String, String>>) -> Response {
    if !asked.contains_key("scope") {
        return page(TITLE, s, |s| Ok(report::breach_page(Frame::Site("/breach"), &names(&Reader::open(&s.index)?)?, None))).await;
    }
    let number = |name: &str| asked.get(name).map_or(Some(0), |n| n.parse::<u64>().ok());
    let (Some(question), Some(part)) = (number("scope"), number("page").and_then(|n| usize::try_from(n).ok())) else {
        return sorry(StatusCode::BAD_REQUEST, TITLE, "This is no address of an answer.");
    };
    let known = s.scopes().iter().find(|known| known.0 == question).map(|known| known.1.clone());
    match known {
        Some(scope) => answer(s, question, scope, part).await,
        None => sorry(StatusCode::GONE, TITLE, "That question was asked too long ago. Ask it again."),
    }
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
    let (d, o) = (dataset.clone(), object.clone());
    let read = tokio::task::spawn_blocking(move || Ok::<_, IndexError>(Named::both(&d, &o, &names(&Reader::open(&index)?)?).is_some()));
    match read.await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => return sorry(StatusCode::BAD_REQUEST, TITLE, NO_PATTERN),
        Ok(Err(e)) => return sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, &e.to_string()),
        Err(_) => return sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, "The index could not be read."),
    }
    let day = text("discovered");
    if Moment::parse(day.trim()).is_none() && !day.trim().is_empty() {
        return sorry(StatusCode::BAD_REQUEST, TITLE, "That is no day such as 2026-11-21, nor a time with its zone.");
    }
    let state = cache::stamp(&s.index).0;
    let question = s.remember(Scope { dataset, object, discovered: day.trim().to_owned(), state, affected: AtomicU64::new(0) });
    // The answer has an address of its own: it may take a while, is looked at again and leafed through.
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/breach?scope={question}#answer"))]).into_response()
}

const NO_PATTERN: &str = "A pattern is not well-formed. `*` stands for anything in a name, `**/` for folders.";

/// Names, and patterns of names.
struct Named {
    exact: BTreeSet<String>,
    /// Beginnings of names, with the slash at their end: what the map shows as a group.
    groups: Vec<String>,
    patterns: GlobSet,
}

impl Named {
    /// What was typed for datasets and for objects. A uri is meant as it stands as well: it may hold blanks and signs of patterns.
    fn both(datasets: &str, objects: &str, known: &[String]) -> Option<(Named, Named)> {
        let (datasets, mut objects_named) = (Named::of(datasets, known)?, Named::of(objects, &[])?);
        objects_named.exact.insert(objects.trim().to_owned());
        Some((datasets, objects_named))
    }

    /// What was typed: one of the `known` names (ordered), or several things between commas or blanks, each a known name or a pattern. A known
    /// name means itself alone, whatever signs it has, and what stands before a slash in known ones all of these. `None`: a pattern is not
    /// well-formed.
    fn of(text: &str, known: &[String]) -> Option<Named> {
        let is_known = |name: &str| known.binary_search_by(|k| k.as_str().cmp(name)).is_ok();
        let group = |name: &str| {
            let start = format!("{}/", name.trim_end_matches('/'));
            let first = known.get(known.partition_point(|k| *k < start));
            first.is_some_and(|k| start != "/" && k.starts_with(&start)).then_some(start)
        };
        let (mut exact, mut groups, mut patterns) = (BTreeSet::new(), Vec::new(), GlobSetBuilder::new());
        if is_known(text) || is_known(text.trim()) {
            exact.insert(if is_known(text) { text } else { text.trim() }.to_owned());
            return Some(Named { exact, groups, patterns: GlobSet::empty() });
        }
        for part in text.split(',').map(str::trim) {
            if is_known(part) {
                exact.insert(part.to_owned());
                continue;
            }
            if let Some(start) = group(part) {
                groups.push(start);
                continue;
            }
            for word in part.split(' ').filter(|w| !w.is_empty()) {
                if is_known(word) {
                    exact.insert(word.to_owned());
                } else if let Some(start) = group(word) {
                    groups.push(start);
                } else {
                    patterns.add(GlobBuilder::new(word).literal_separator(true).build().ok()?);
                }
            }
        }
        Some(Named { exact, groups, patterns: patterns.build().ok()? })
    }

    fn has(&self, name: &str) -> bool {
        self.exact.contains(name) || self.groups.iter().any(|g| name.starts_with(g)) || self.patterns.is_match(name)
    }
}

/// What was asked on the page for breaches, as it was typed.
pub(super) struct Scope {
    dataset: String,
    object: String,
    discovered: String,
    /// The index when it was asked.
    state: cache::State,
    /// How many people the answer is about, once that is known; for the log.
    affected: AtomicU64,
}

impl Scope {
    /// A question of an index that is not there.
    #[cfg(test)]
    pub fn of(dataset: &str, object: &str, discovered: &str) -> Scope {
        let own = str::to_owned;
        Scope { dataset: own(dataset), object: own(object), discovered: own(discovered), state: [None; 2], affected: AtomicU64::new(0) }
    }

    /// Whether two are the same question of the same index.
    pub fn is(&self, other: &Scope) -> bool {
        let of = |s: &Scope| (s.dataset.clone(), s.object.clone(), s.discovered.clone(), s.state);
        of(self) == of(other)
    }
}

/// So many scopes are remembered, so that their people can be leafed through.
pub(super) const SCOPES: usize = 16;

/// So many people stand on a page, and so many pages are made at once: each time goes through everybody.
const PEOPLE: usize = 100;
const LEAVES: usize = 10;

/// A part of the answer, from the pages that are kept. Who it shows is limited and written down each time; waiting for it is not.
async fn answer(s: Arc<super::State>, question: u64, scope: Arc<Scope>, at: usize) -> Response {
    let (counting, asked) = (s.counting.clone(), scope.clone());
    let there = shown(name(question, at), s.clone(), counting, move |s| make(s, question, &asked, at)).await;
    if matches!(there, Shown::Page(_) | Shown::Older(_)) {
        if !s.guard.may_look_up() {
            return sorry(StatusCode::TOO_MANY_REQUESTS, TITLE, "That were many look-ups in a short time. Wait a minute.");
        }
        let logged = tokio::task::spawn_blocking(move || {
            let reader = s.reader().map_err(|e| e.to_string())?;
            let hasher = s.key.as_ref().map(|k| reader.unlock(k)).transpose().map_err(|e| e.to_string())?;
            let text = format!("{} {} people from {}", scope.dataset, scope.object, at.saturating_mul(PEOPLE));
            (s.asked)("breach", hasher.as_ref(), &[text], scope.affected.load(Ordering::Relaxed))
        });
        if let Err(why) = logged.await.unwrap_or_else(|_| Err("it could not be opened".to_owned())) {
            return sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, &not_logged(&why));
        }
    }
    there.answer(TITLE, "The answer goes through all people in the objects that you named, and counts those of one question after another.")
}

/// The name of a part among the pages that are kept.
fn name(question: u64, at: usize) -> String {
    format!("/breach {question} {at}")
}

/// The part of the people that was asked for, with those around it.
fn make(s: &super::State, question: u64, scope: &Scope, at: usize) -> Result<Page, IndexError> {
    let state = cache::stamp(&s.index).0;
    let reader = s.reader()?;
    let known = names(&reader)?;
    let Some((datasets, objects)) = Named::both(&scope.dataset, &scope.object, &known) else {
        return Ok(Page::Absent(report::sorry_page(Frame::Site("/breach"), TITLE, NO_PATTERN)));
    };
    let exposed = query::current_in(&reader, &|uri| objects.has(uri), &|name| datasets.has(name))?;
    let first = at / LEAVES * LEAVES;
    let asked = query::Question {
        exposed: &exposed,
        never_indexed: 0,
        gaps: &[],
        law: Law::builtin(),
        moments: Moments { discovered: Moment::parse(&scope.discovered), determined: None },
        assumed: &[],
        list: true,
        part: Some((LEAVES * PEOPLE, first.saturating_mul(PEOPLE))),
        identifiers: false,
    };
    let mut answer = query::breach(&reader, &asked)?;
    scope.affected.store(answer.consumers.upper, Ordering::Relaxed);
    // What is known and no longer stored is another thing than what was never there.
    let gone = exposed.is_empty() && (known.iter().any(|n| datasets.has(n)) || reader.objects(false)?.iter().any(|o| objects.has(&o.uri)));
    let mut people = std::mem::take(&mut answer.people).into_iter();
    let mut pages = Vec::new();
    for page in first..first.saturating_add(LEAVES) {
        answer.people = people.by_ref().take(PEOPLE).collect();
        if page == at || !answer.people.is_empty() {
            let leaf = report::Leaf { question, page, size: PEOPLE, gone, changed: state != scope.state };
            pages.push((name(question, page), report::breach_page(Frame::Site("/breach"), &known, Some((&answer, leaf)))));
        }
    }
    Ok(Page::Several(pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_list_means_itself_alone() {
        let known: Vec<String> =
            ["/srv/x", "HR", "HR data/people.csv", "a, b", "crm/people", "data/people.csv", "log[1", "orders-*.csv", "orders-eu.csv"]
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
            ("crm", &["crm/people"]),
            ("data/ orders-eu.csv", &["data/people.csv", "orders-eu.csv"]),
            ("HR data, log[1", &["HR data/people.csv", "log[1"]),
            ("cr", &[]),
            ("orders-?*.csv", &["orders-*.csv", "orders-eu.csv"]),
            ("", &[]),
            ("/", &[]),
        ] {
            let named = Named::of(text, &known).unwrap();
            let met: Vec<&str> = known.iter().map(String::as_str).filter(|n| named.has(n)).collect();
            assert_eq!(met, want, "{text}");
        }
        assert!(Named::of("no[such", &known).is_none());
    }
}
