//! Who may make pages and read values, and how many at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Form, State as Shared};
use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::cache::Page;
use super::pages::{Shown, shown};
use super::{Options, State, breach, samples};
use crate::classify::Classifiers;
use crate::identity::Key;
use crate::index::{RunTotals, Writer};
use crate::query::{Borders, Processing, Verdicts};
use crate::scan::Spend;

/// The state of a page over an index with a run in which nothing was found.
fn state(dir: &tempfile::TempDir) -> Arc<State> {
    let (index, key, classifiers) = (dir.path().join("index.db"), Key::random().unwrap(), Classifiers::builtin());
    let mut w = Writer::open(&index, &key).unwrap();
    w.begin_run(&classifiers, &[]).unwrap();
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    let o = Options {
        index,
        key: Some(key),
        classifiers,
        address: "127.0.0.1:0".parse().unwrap(),
        token: None,
        borders: Borders::default(),
        processing: Processing::default(),
        verdicts: Verdicts::default(),
        asked: Box::new(|_, _, _, _| Ok(())),
        sources: Box::new(|_| Ok(Vec::new())),
        spend: Spend::default(),
    };
    Arc::new(State::new(o, "127.0.0.1:1".parse().unwrap()))
}

/// Makers that wait until they are let go, and how many there were at the same time.
#[derive(Default)]
struct Slow {
    at_work: AtomicUsize,
    most: AtomicUsize,
    made: AtomicUsize,
    go: std::sync::Mutex<()>,
}

impl Slow {
    fn make(&self) -> Page {
        let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        drop(self.go.lock());
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        self.made.fetch_add(1, Ordering::SeqCst);
        Page::There("made".to_owned())
    }
}

/// Asks for so many pages at once while none can be made, and for each again when all can: so many are made at the same time.
fn at_once(of: impl Fn(&State) -> Arc<Semaphore>, pages: usize, want: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (s, slow) = (state(&dir), Arc::new(Slow::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ask = |n: usize| {
        let slow = slow.clone();
        runtime.spawn(shown(format!("/{n}"), s.clone(), of(&s), move |_| Ok(slow.make())))
    };
    let held = slow.go.lock().unwrap();
    let started = Instant::now();
    let all: Vec<_> = (0..pages).map(ask).collect();
    for answer in all {
        let Shown::Later(since) = runtime.block_on(answer).unwrap() else { panic!("nothing can be made yet") };
        assert!(since < Duration::from_secs(60));
    }
    assert!(started.elapsed() < Duration::from_secs(20), "nobody waits for pages that take long");
    // On a busy machine they begin late.
    while slow.at_work.load(Ordering::SeqCst) < want && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(slow.at_work.load(Ordering::SeqCst), want);
    drop(held);
    for n in 0..pages {
        let there = |_: &usize| matches!(runtime.block_on(ask(n)).unwrap(), Shown::Page(page) if &*page == "made");
        assert!((0..200).any(|n| there(&n)), "page {n} never comes");
    }
    // Whoever was refused had nothing begun, so that each was made once.
    assert_eq!(slow.made.load(Ordering::SeqCst), pages);
    assert_eq!(slow.most.load(Ordering::SeqCst), want, "and no more at any time");
}

#[test]
fn two_pages_are_made_at_once_and_one_answer_about_breaches() {
    at_once(|s| s.makers.clone(), 5, 2);
    at_once(|s| s.counting.clone(), 3, 1);
}

#[test]
fn questions_about_breaches_take_no_place_of_pages() {
    let dir = tempfile::tempdir().unwrap();
    let s = state(&dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _all = s.counting.clone().try_acquire_owned().unwrap();
    let ask = || runtime.block_on(shown("/x".to_owned(), s.clone(), s.makers.clone(), |_| Ok(Page::There("made".to_owned()))));
    assert!((0..200).any(|_| matches!(ask(), Shown::Page(_))));
    let answer = runtime.block_on(shown("/y".to_owned(), s.clone(), s.counting.clone(), |_| Ok(Page::There("made".to_owned()))));
    assert!(matches!(answer, Shown::Later(_)));
}

#[test]
fn values_are_read_for_one_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let s = state(&dir);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = || {
        let form = Form(HashMap::from([("dataset".to_owned(), "none".to_owned())]));
        runtime.block_on(samples::samples(Shared(s.clone()), Ok(form))).status()
    };
    let permit = s.reading.clone().try_acquire_owned().unwrap();
    assert_eq!(ask(), StatusCode::TOO_MANY_REQUESTS);
    drop(permit);
    assert_eq!([ask(), ask()], [StatusCode::NOT_FOUND; 2], "whoever had an answer may ask for the next");
    (0..100).for_each(|_| _ = s.guard.may_look_up());
    assert_eq!(ask(), StatusCode::TOO_MANY_REQUESTS, "as often as people may be looked up");
}

#[test]
fn questions_keep_their_number_and_the_oldest_go() {
    let dir = tempfile::tempdir().unwrap();
    let s = state(&dir);
    let ask = |n: usize| s.remember(breach::Scope::of(&format!("data/{n}"), "", ""));
    let first = ask(0);
    let second = ask(1);
    assert!(first != second && ask(0) == first && ask(1) == second);
    // The first was asked again, so that the second is the oldest.
    assert_eq!(ask(0), first);
    (2..=breach::SCOPES).for_each(|n| _ = ask(n));
    assert_eq!(s.scopes().len(), breach::SCOPES);
    assert!(ask(0) == first && ask(1) != second, "the second went, and is another question now");
}
