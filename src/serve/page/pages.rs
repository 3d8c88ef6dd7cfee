//! The pages: a question each.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::base::{Secret, Timestamp};
use crate::index::{IndexError, Reader};
use crate::law::{Law, Moment, Moments};
use crate::report::Frame;
use crate::{query, report};

type Shared = State<Arc<super::State>>;
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

fn sorry(status: StatusCode, title: &str, text: &str) -> Response {
    (status, Html(report::sorry_page(Frame::Site(""), title, text))).into_response()
}

pub(super) async fn map(State(s): Shared) -> Response {
    page("Data map", s, |s| {
        let reader = Reader::open(&s.index)?;
        Ok(report::map_page(Frame::Site("/"), &query::map(&reader)?, &query::coverage(&reader)?, Timestamp::now()))
    })
    .await
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
        let reader = Reader::open(&s.index)?;
        let Some(key) = &s.key else { return Ok(report::find_page(Frame::Site("/find"), None)) };
        let hasher = reader.unlock(key)?;
        let answer = query::find(&reader, &hasher, &s.classifiers, &[query::Asked { value, class: None }], false)?;
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
    let day = fields.get("discovered").map_or("", |d| d.trim());
    let discovered = Moment::parse(day);
    if discovered.is_none() && !day.is_empty() {
        return sorry(StatusCode::BAD_REQUEST, title, "That is no day such as 2026-11-21, nor a time with its zone.");
    }
    page(title, s, move |s| {
        let reader = Reader::open(&s.index)?;
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
        Ok(report::breach_page(Frame::Site("/breach"), Some(&query::breach(&reader, &question)?)))
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

pub(super) async fn changes(State(s): Shared) -> Response {
    page("Changes", s, |s| Ok(report::changes_page(Frame::Site("/changes"), query::changes(&s.index, None, None)?.as_ref()))).await
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
