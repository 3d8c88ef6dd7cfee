//! The pages: a question each.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::Semaphore;

use super::cache::{self, Origin, Page, Told};
use crate::base::{Secret, Timestamp};
use crate::index::{IndexError, Reader};
use crate::report::{By, DatasetPage, Frame, View, Within};
use crate::{query, report};

pub(super) type Shared = State<Arc<super::State>>;
type Asked = Query<HashMap<String, String>>;
pub(super) type Fields = Result<Form<HashMap<String, String>>, FormRejection>;

/// Answers with a page that `make` writes beside the threads that wait for requests.
pub(super) async fn page(
    title: &'static str,
    s: Arc<super::State>,
    make: impl FnOnce(&super::State) -> Result<String, IndexError> + Send + 'static,
) -> Response {
    let made = tokio::task::spawn_blocking(move || make(&s)).await;
    match made {
        Ok(Ok(html)) => Html(html).into_response(),
        Ok(Err(e)) => sorry(StatusCode::INTERNAL_SERVER_ERROR, title, &e.to_string()),
        // PRIVACY: the message of a panic may quote what was asked.
        Err(_) => sorry(StatusCode::INTERNAL_SERVER_ERROR, title, BROKEN),
    }
}

/// So long an answer waits for its page. Longer takes only what goes through millions of people: until it is there, the page of the
/// state before is shown, or one that says that it is being counted.
const PATIENCE: Duration = Duration::from_millis(200);

/// What there is to show for an address.
pub(super) enum Shown {
    /// The page as it is.
    Page(Arc<str>),
    /// One of this run or the run before, that says so.
    Older(String),
    /// What is told instead.
    Told(Told),
    /// It is being counted, or waits for others that are: for so long.
    Later(Duration),
}

impl Shown {
    /// As an answer; `counted`: what is being counted.
    pub fn answer(self, title: &str, counted: &str) -> Response {
        match self {
            Shown::Page(page) => Html(page.to_string()).into_response(),
            Shown::Older(page) => Html(page).into_response(),
            Shown::Told(Told::Broken(why)) => sorry(StatusCode::INTERNAL_SERVER_ERROR, title, &why),
            Shown::Told(Told::Absent(page)) => (StatusCode::NOT_FOUND, Html(page)).into_response(),
            Shown::Later(since) => {
                let (wait, again) = report::wait_page(Frame::Site(""), title, counted, since);
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, again.to_string())], Html(wait)).into_response()
            }
        }
    }
}

const EVERYBODY: &str = "This page goes through all people of the index.";

/// The same for a page that only its address and the index decide: it is made once for each state of the index.
async fn kept(
    name: String,
    title: &'static str,
    s: Arc<super::State>,
    make: impl FnOnce(&super::State) -> Result<Page, IndexError> + Send + 'static,
) -> Response {
    let makers = s.makers.clone();
    shown(name, s, makers, make).await.answer(title, EVERYBODY)
}

/// What there is of a page. Whoever asks first has it made, with one of the permits of `makers`; nobody waits longer than [`PATIENCE`].
pub(super) async fn shown(
    name: String,
    s: Arc<super::State>,
    makers: Arc<Semaphore>,
    make: impl FnOnce(&super::State) -> Result<Page, IndexError> + Send + 'static,
) -> Shown {
    let (asked, mut make) = (Instant::now(), Some(make));
    loop {
        match s.pages.get(cache::stamp(&s.index), &name) {
            Some(Ok(page)) => return Shown::Page(page),
            Some(Err(told)) => return Shown::Told(told),
            None => {}
        }
        // Without a permit nothing is begun: whoever looks again tries again.
        if make.is_some()
            && let Ok(permit) = makers.clone().try_acquire_owned()
            && let Some(make) = make.take_if(|_| s.pages.begin(&name))
        {
            let (s, name) = (s.clone(), name.clone());
            tokio::task::spawn_blocking(move || {
                let (_permit, _making) = (permit, cache::Making::of(&s.pages, &name));
                // It may have come between the look for it and the leave to make it.
                if !s.pages.has(cache::stamp(&s.index), &name) {
                    keep(&s, &name, make);
                }
            });
        }
        if asked.elapsed() >= PATIENCE {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let since = s.pages.made_for(&name).unwrap_or_default();
    let older = tokio::task::spawn_blocking(move || {
        let now = Reader::open(&s.index).and_then(|r| r.mark()).ok()?;
        s.pages.older(&name, now)
    });
    match older.await.ok().flatten() {
        Some((page, origin)) => Shown::Older(report::older_page(&page, origin.mark.run, origin.at)),
        None => Shown::Later(since),
    }
}

/// Makes a page and keeps it.
fn keep(s: &super::State, name: &str, make: impl FnOnce(&super::State) -> Result<Page, IndexError>) {
    let stamp = cache::stamp(&s.index);
    // PRIVACY: what the page rests on is asked before it is made. If somebody is forgotten meanwhile, it counts as of before.
    let made = Reader::open(&s.index).and_then(|r| r.mark()).map(|mark| {
        let origin = Origin { mark, at: Timestamp::now() };
        // PRIVACY: the message of a panic may quote what was asked.
        let page = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| make(s).map_err(|e| e.to_string())));
        (origin, page.unwrap_or_else(|_| Err(BROKEN.to_owned())))
    });
    match made {
        Ok((origin, Ok(Page::There(page)))) => s.pages.keep(stamp, origin, name, page.into()),
        Ok((origin, Ok(Page::Several(pages)))) => {
            pages.into_iter().for_each(|(name, page)| s.pages.keep(stamp, origin, &name, page.into()));
        }
        Ok((_, Ok(Page::Absent(page)))) => s.pages.tell(stamp, name, Told::Absent(page)),
        Ok((_, Err(why))) => s.pages.tell(stamp, name, Told::Broken(why)),
        Err(e) => s.pages.tell(stamp, name, Told::Broken(e.to_string())),
    }
}

const BROKEN: &str = "This page could not be made. Please report what you did.";

/// Makes the pages that go through all people ([`cache::WARM`]), and makes them anew when the index is another. Ends when the page does.
pub(super) fn warm(s: &Weak<super::State>) {
    let makers: [fn(&super::State) -> Result<Page, IndexError>; 6] =
        [by_consumers, by_bytes, make_shared, make_records, make_borders, newest_changes];
    let mut last = None;
    while let Some(s) = s.upgrade() {
        let (began, stamp) = (Instant::now(), cache::stamp(&s.index));
        if last != Some(stamp) {
            last = Some(stamp);
            for (name, make) in cache::WARM.into_iter().zip(makers) {
                // Somebody may have asked before.
                if !s.pages.has(stamp, name) && s.pages.begin(name) {
                    let _making = cache::Making::of(&s.pages, name);
                    keep(&s, name, make);
                }
            }
        }
        drop(s);
        // During a scan the index is another every few seconds: this thread rests four times as long as it was at work.
        std::thread::sleep((4 * began.elapsed()).max(Duration::from_secs(1)));
    }
}

pub(super) fn sorry(status: StatusCode, title: &str, text: &str) -> Response {
    (status, Html(report::sorry_page(Frame::Site(""), title, text))).into_response()
}

fn by_consumers(s: &super::State) -> Result<Page, IndexError> {
    make_map(s, &View::default())
}

fn by_bytes(s: &super::State) -> Result<Page, IndexError> {
    make_map(s, &View { by: By::Bytes, ..View::default() })
}

fn make_map(s: &super::State, view: &View) -> Result<Page, IndexError> {
    let reader = s.reader()?;
    let map = s.map(&reader)?;
    if !report::is_on_map(&map, view) {
        let text = "There is no personal data in a dataset of that name, nor in a group of them.";
        return Ok(Page::Absent(report::sorry_page(Frame::Site("/"), "Data map", text)));
    }
    Ok(Page::There(report::map_page(Frame::Site("/"), &map, &query::coverage(&reader)?, Timestamp::now(), view)))
}

pub(super) async fn map(State(s): Shared, Query(mut asked): Asked) -> Response {
    let by = if asked.get("by").is_some_and(|by| by == "bytes") { By::Bytes } else { By::Consumers };
    let from = asked.get("from").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut of = |name: &str| asked.remove(name).filter(|w| !w.is_empty());
    let within = of("group").map(Within::Group).or_else(|| of("in").map(Within::Dataset));
    let view = View { by, within, from };
    match (view.by, &view.within, view.from) {
        (By::Consumers, None, 0) => kept("/".to_owned(), "Data map", s, by_consumers).await,
        (By::Bytes, None, 0) => kept("/?by=bytes".to_owned(), "Data map", s, by_bytes).await,
        _ => kept(format!("/ {view:?}"), "Data map", s, move |s| make_map(s, &view)).await,
    }
}

pub(super) async fn dataset(State(s): Shared, Query(asked): Asked) -> Response {
    let name = asked.get("name").cloned().unwrap_or_default();
    kept(format!("/dataset {name}"), "Dataset", s, move |s| {
        let reader = s.reader()?;
        if !reader.datasets()?.values().any(|n| *n == name) {
            let text = "There is no dataset of that name in the index.";
            return Ok(Page::Absent(report::sorry_page(Frame::Site("/dataset"), "No such dataset", text)));
        }
        let map = s.map(&reader)?;
        let Some(dataset) = map.datasets.iter().find(|d| d.name == name) else {
            let text = "Nothing of this dataset is stored any more: what it held is gone, see Runs and changes.";
            return Ok(Page::Absent(report::sorry_page(Frame::Site("/dataset"), "Dataset", text)));
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
        Ok(Page::There(report::dataset_page(Frame::Site("/dataset"), &page)))
    })
    .await
}

fn make_shared(s: &super::State) -> Result<Page, IndexError> {
    let reader = s.reader()?;
    let flows = s.flows(&reader)?;
    Ok(Page::There(report::flows_page(Frame::Site("/shared"), &flows, query::COMPARED)))
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

pub(super) async fn changes(State(s): Shared, Query(asked): Asked) -> Response {
    let run = |name: &str| asked.get(name).filter(|t| !t.is_empty()).map(|t| t.parse::<i64>().map_err(|_| ())).transpose();
    let (Ok(from), Ok(to)) = (run("from"), run("to")) else {
        return sorry(StatusCode::BAD_REQUEST, "Runs and changes", "A run is named by its number.");
    };
    let title = "Runs and changes";
    match (from, to) {
        (None, None) => kept("/changes".to_owned(), title, s, newest_changes).await,
        _ => kept(format!("/changes {from:?} {to:?}"), title, s, move |s| make_changes(s, from, to)).await,
    }
}

fn newest_changes(s: &super::State) -> Result<Page, IndexError> {
    make_changes(s, None, None)
}

fn make_changes(s: &super::State, from: Option<i64>, to: Option<i64>) -> Result<Page, IndexError> {
    let runs = Reader::open(&s.index)?.runs()?;
    Ok(Page::There(report::changes_page(
        Frame::Site("/changes"),
        query::changes(&s.index, from, to, &s.borders, &s.verdicts)?.as_ref(),
        &runs,
    )))
}

fn make_borders(s: &super::State) -> Result<Page, IndexError> {
    Ok(Page::There(report::isolation_page(Frame::Site("/borders"), &query::isolation(&s.reader()?, &s.borders)?)))
}

pub(super) async fn borders(State(s): Shared) -> Response {
    kept("/borders".to_owned(), "Tenants and regions", s, make_borders).await
}

fn make_records(s: &super::State) -> Result<Page, IndexError> {
    let reader = s.reader()?;
    let map = s.map(&reader)?;
    Ok(Page::There(report::records_page(Frame::Site("/records"), &query::records(&reader, &map, &s.processing)?)))
}

pub(super) async fn records(State(s): Shared) -> Response {
    kept("/records".to_owned(), "Records", s, make_records).await
}

pub(super) fn not_logged(why: &str) -> String {
    format!("The question could not be written into the log of questions, so it is not answered: {why}")
}

pub(super) async fn unread(State(s): Shared) -> Response {
    kept("/unread".to_owned(), "Not read", s, |s| {
        let reader = Reader::open(&s.index)?;
        Ok(Page::There(report::unread_page(Frame::Site("/unread"), &reader.missing()?, &query::coverage(&reader)?)))
    })
    .await
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
