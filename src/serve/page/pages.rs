//! The pages: a question each.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::cache;
use crate::base::{Secret, Timestamp};
use crate::index::{IndexError, Reader};
use crate::law::{Law, Moment, Moments};
use crate::report::{By, DatasetPage, Frame};
use crate::{query, report};

type Shared = State<Arc<super::State>>;
type Asked = Query<HashMap<String, String>>;
type Fields = Result<Form<HashMap<String, String>>, FormRejection>;

/// Answers with a page that `make` writes beside the threads that wait for requests.
async fn page(
    title: &'static str,
    s: Arc<super::State>,
    make: impl FnOnce(&super::State) -> Result<String, IndexError> + Send + 'static,
) -> Response {
    let made = tokio::task::spawn_blocking(move || make(&s)).await;
    match made {
        Ok(Ok(html)) => Html(html).into_response(),
        Ok(Err(e)) => sorry(StatusCode::INTERNAL_SERVER_ERROR, title, &e.to_string()),
        // PRIVACY: the message of a panic may quote what was asked.
        Err(_) => sorry(StatusCode::INTERNAL_SERVER_ERROR, title, "This page could not be made. Please report what you did."),
    }
}

/// The same for a page that only its address and the index decide: it is made once for each state of the index.
async fn kept(
    name: String,
    title: &'static str,
    s: Arc<super::State>,
    make: impl FnOnce(&super::State) -> Result<String, IndexError> + Send + 'static,
) -> Response {
    page(title, s, move |s| Ok(keep(s, &name, make)?.to_string())).await
}

fn keep(s: &super::State, name: &str, make: impl FnOnce(&super::State) -> Result<String, IndexError>) -> Result<Arc<str>, IndexError> {
    let stamp = cache::stamp(&s.index);
    if let Some(page) = s.pages.get(stamp, name) {
        return Ok(page);
    }
    let page: Arc<str> = make(s)?.into();
    s.pages.keep(stamp, name, &page);
    Ok(page)
}

/// Makes the pages that go through all people.
pub(super) fn warm(s: &super::State) {
    let pages: [(&str, fn(&super::State) -> Result<String, IndexError>); 5] =
        [("/", by_consumers), ("/?by=bytes", by_bytes), ("/shared", make_shared), ("/records", make_records), ("/borders", make_borders)];
    for (name, make) in pages {
        // Who asks for it is told what went wrong.
        let _ = keep(s, name, make);
    }
}

fn sorry(status: StatusCode, title: &str, text: &str) -> Response {
    (status, Html(report::sorry_page(Frame::Site(""), title, text))).into_response()
}

fn by_consumers(s: &super::State) -> Result<String, IndexError> {
    make_map(s, By::Consumers)
}

fn by_bytes(s: &super::State) -> Result<String, IndexError> {
    make_map(s, By::Bytes)
}

fn make_map(s: &super::State, by: By) -> Result<String, IndexError> {
    let reader = s.reader()?;
    let map = s.map(&reader)?;
    Ok(report::map_page(Frame::Site("/"), &map, &query::coverage(&reader)?, Timestamp::now(), by))
}

pub(super) async fn map(State(s): Shared, Query(asked): Asked) -> Response {
    match asked.get("by").map(String::as_str) {
        Some("bytes") => kept("/?by=bytes".to_owned(), "Data map", s, by_bytes).await,
        _ => kept("/".to_owned(), "Data map", s, by_consumers).await,
    }
}

pub(super) async fn dataset(State(s): Shared, Query(asked): Asked) -> Response {
    let name = asked.get("name").cloned().unwrap_or_default();
    let known = s.reader().and_then(|r| Ok(r.datasets()?.into_values().any(|n| n == name)));
    if !matches!(known, Ok(true)) {
        return sorry(StatusCode::NOT_FOUND, "No such dataset", "There is no dataset of that name in the index.");
    }
    kept(format!("/dataset {name}"), "Dataset", s, move |s| {
        let reader = s.reader()?;
        let map = s.map(&reader)?;
        let Some(dataset) = map.datasets.iter().find(|d| d.name == name) else {
            let text = "Nothing of this dataset is stored any more: what it held is gone, see Runs and changes.";
            return Ok(report::sorry_page(Frame::Site("/dataset"), "Dataset", text));
        };
        let objects: Vec<_> = reader.objects(false)?.into_iter().filter(|o| o.dataset == name).collect();
        let flows = s.flows(&reader)?;
        let page = DatasetPage {
            map: &map,
            dataset,
            objects: &objects,
            lives: &query::lives_of(&reader, &name)?,
            flows: &flows,
            unread: &query::coverage(&reader)?,
            classifiers: &s.classifiers,
        };
        Ok(report::dataset_page(Frame::Site("/dataset"), &page))
    })
    .await
}

fn make_shared(s: &super::State) -> Result<String, IndexError> {
    let reader = s.reader()?;
    let flows = s.flows(&reader)?;
    Ok(report::flows_page(Frame::Site("/shared"), &flows, query::COMPARED))
}

pub(super) async fn shared(State(s): Shared) -> Response {
    kept("/shared".to_owned(), "Shared consumers", s, make_shared).await
}

pub(super) async fn ask() -> Html<String> {
    Html(report::find_page(Frame::Site("/find"), None))
}

pub(super) async fn find(State(s): Shared, form: Fields) -> Response {
    let title = "Find a person";
    let Ok(Form(mut fields)) = form else { return sorry(StatusCode::BAD_REQUEST, title, "The form could not be read.") };
    let value = Secret::new(fields.remove("value").unwrap_or_default().trim().to_owned());
    if value.expose().is_empty() {
        return Html(report::find_page(Frame::Site("/find"), None)).into_response();
    }
    if s.key.is_none() {
        let text = "People cannot be looked up: `piimap serve` was started without the key of this index (--key-file or PIIMAP_KEY).";
        return sorry(StatusCode::FORBIDDEN, title, text);
    }
    if !s.guard.may_look_up() {
        return sorry(StatusCode::TOO_MANY_REQUESTS, title, "That were many look-ups in a short time. Wait a minute.");
    }
    page(title, s, |s| {
        let reader = s.reader()?;
        let Some(key) = &s.key else { return Ok(report::find_page(Frame::Site("/find"), None)) };
        let hasher = reader.unlock(key)?;
        let text = String::from_utf8_lossy(value.expose()).into_owned();
        let mut answer = query::find(&reader, &hasher, &s.classifiers, &[query::Asked { value, class: None }], false)?;
        s.verdicts.judge_find(&mut answer);
        if let Err(why) = (s.asked)("find", Some(&hasher), &[text], answer.places.len() as u64) {
            return Ok(report::sorry_page(Frame::Site("/find"), title, &not_logged(&why)));
        }
        Ok(report::find_page(Frame::Site("/find"), Some(&answer)))
    })
    .await
}

pub(super) async fn scope() -> Html<String> {
    Html(report::breach_page(Frame::Site("/breach"), None))
}

pub(super) async fn breach(State(s): Shared, form: Fields) -> Response {
    let title = "Scope a breach";
    let Ok(Form(fields)) = form else { return sorry(StatusCode::BAD_REQUEST, title, "The form could not be read.") };
    let set = |name: &str| fields.get(name).map(|p| patterns(p)).unwrap_or_else(|| Some(GlobSet::empty()));
    let (Some(datasets), Some(objects)) = (set("dataset"), set("object")) else {
        return sorry(
            StatusCode::BAD_REQUEST,
            title,
            "A pattern is not well-formed. `*` stands for anything in a name, `**/` for folders.",
        );
    };
    let asked = (fields.get("dataset").cloned().unwrap_or_default(), fields.get("object").cloned().unwrap_or_default());
    let day = fields.get("discovered").map_or("", |d| d.trim());
    let discovered = Moment::parse(day);
    if discovered.is_none() && !day.is_empty() {
        return sorry(StatusCode::BAD_REQUEST, title, "That is no day such as 2026-11-21, nor a time with its zone.");
    }
    page(title, s, move |s| {
        let reader = s.reader()?;
        let exposed = query::current_in(&reader, &|uri| objects.is_match(uri), &|name| datasets.is_match(name))?;
        let moments = Moments { discovered, determined: None };
        let question = query::Question {
            exposed: &exposed,
            never_indexed: 0,
            law: Law::builtin(),
            moments,
            assumed: &[],
            list: false,
            identifiers: false,
        };
        let answer = query::breach(&reader, &question)?;
        let hasher = s.key.as_ref().map(|k| reader.unlock(k)).transpose()?;
        let asked = [format!("{} {}", asked.0, asked.1)];
        if let Err(why) = (s.asked)("breach", hasher.as_ref(), &asked, answer.consumers.upper) {
            return Ok(report::sorry_page(Frame::Site("/breach"), title, &not_logged(&why)));
        }
        Ok(report::breach_page(Frame::Site("/breach"), Some(&answer)))
    })
    .await
}

/// Patterns separated by blanks or commas; `None` if one is not well-formed.
fn patterns(text: &str) -> Option<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for p in text.split([' ', ',']).filter(|p| !p.is_empty()) {
        set.add(GlobBuilder::new(p).literal_separator(true).build().ok()?);
    }
    set.build().ok()
}

pub(super) async fn changes(State(s): Shared, Query(asked): Asked) -> Response {
    let run = |name: &str| asked.get(name).filter(|t| !t.is_empty()).map(|t| t.parse::<i64>().map_err(|_| ())).transpose();
    let (Ok(from), Ok(to)) = (run("from"), run("to")) else {
        return sorry(StatusCode::BAD_REQUEST, "Runs and changes", "A run is named by its number.");
    };
    kept(format!("/changes {from:?} {to:?}"), "Runs and changes", s, move |s| {
        let runs = Reader::open(&s.index)?.runs()?;
        Ok(report::changes_page(Frame::Site("/changes"), query::changes(&s.index, from, to, &s.borders)?.as_ref(), &runs))
    })
    .await
}

fn make_borders(s: &super::State) -> Result<String, IndexError> {
    Ok(report::isolation_page(Frame::Site("/borders"), &query::isolation(&s.reader()?, &s.borders)?))
}

pub(super) async fn borders(State(s): Shared) -> Response {
    kept("/borders".to_owned(), "Tenants and regions", s, make_borders).await
}

fn make_records(s: &super::State) -> Result<String, IndexError> {
    let reader = s.reader()?;
    let map = s.map(&reader)?;
    Ok(report::records_page(Frame::Site("/records"), &query::records(&reader, &map, &s.processing)?))
}

pub(super) async fn records(State(s): Shared) -> Response {
    kept("/records".to_owned(), "Records", s, make_records).await
}

fn not_logged(why: &str) -> String {
    format!("The question could not be written into the log of questions, so it is not answered: {why}")
}

pub(super) async fn unread(State(s): Shared) -> Response {
    page("Not read", s, |s| Ok(report::unread_page(Frame::Site("/unread"), &query::coverage(&Reader::open(&s.index)?)?))).await
}

pub(super) async fn classifiers(State(s): Shared) -> Response {
    page("Classifiers", s, |s| Ok(report::classifiers_page(Frame::Site("/classifiers"), &s.classifiers))).await
}

pub(super) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], report::FILTER)
}

pub(super) async fn nothing() -> Response {
    sorry(StatusCode::NOT_FOUND, "No such page", "There is no page of that name.")
}
