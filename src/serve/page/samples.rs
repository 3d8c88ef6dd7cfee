//! A few values of a dataset, read again from where they lie and masked.
//!
//! PRIVACY: a value is masked where it was read; what goes on is the mask, the place and the kind. Who asked is written down, and how often
//! somebody may ask is limited as it is for people.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::extract::{Form, rejection::FormRejection};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::State;
use super::pages::{not_logged, sorry};
use crate::base::{Random, Reason, Timestamp};
use crate::identity::Hasher;
use crate::index::Reader;
use crate::report::{Frame, Sample};
use crate::scan::{Near, Reread, Values, month_of};
use crate::source::Source;
use crate::{query, report, scan};

/// Objects that are read at most, how large they may be when they are decompressed, and values that are shown.
const BOUNDS: (usize, u64, usize) = (3, 64 << 20, 40);

/// Objects around each of them that are listed: what lies around an object says how it is read. A large bucket is never gone through.
const NEIGHBOURS: usize = 20_000;

const TITLE: &str = "Samples";

pub(super) async fn samples(Shared(s): Shared<Arc<State>>, form: Result<Form<HashMap<String, String>>, FormRejection>) -> Response {
    let Ok(Form(mut fields)) = form else { return sorry(StatusCode::BAD_REQUEST, TITLE, "The form could not be read.") };
    let name = fields.remove("dataset").unwrap_or_default();
    if s.key.is_none() {
        let text = "Values cannot be read again: `piimap serve` was started without the key of this index (--key-file or PIIMAP_KEY).";
        return sorry(StatusCode::FORBIDDEN, TITLE, text);
    }
    if !s.guard.may_look_up() {
        return sorry(StatusCode::TOO_MANY_REQUESTS, TITLE, "That were many look-ups in a short time. Wait a minute.");
    }
    // Each reads whole objects: one at a time, whoever asks.
    let Ok(permit) = s.reading.clone().try_acquire_owned() else {
        return sorry(StatusCode::TOO_MANY_REQUESTS, TITLE, "Values of another dataset are being read. Try again when they are there.");
    };
    // Sources bring threads of their own, which do not mix with those that wait for requests.
    let (send, made) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let made = answer(&s, &name);
        // Whoever has this answer may ask for the next.
        drop(permit);
        _ = send.send(made);
    });
    match made.await {
        Ok(Ok(None)) => sorry(StatusCode::NOT_FOUND, "No such dataset", "There is no dataset of that name in the index."),
        Ok(Ok(Some(page))) => Html(page).into_response(),
        Ok(Err(why)) => sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, &why),
        // PRIVACY: the message of a panic may quote a value.
        Err(_) => sorry(StatusCode::INTERNAL_SERVER_ERROR, TITLE, "The values could not be read."),
    }
}

/// `None`: there is no such dataset.
fn answer(s: &State, name: &str) -> Result<Option<String>, String> {
    let reader = s.reader().map_err(|e| e.to_string())?;
    if !reader.datasets().map_err(|e| e.to_string())?.values().any(|n| n == name) {
        return Ok(None);
    }
    let Some(key) = &s.key else { return Err("without the key".to_owned()) };
    let hasher = reader.unlock(key).map_err(|e| e.to_string())?;
    // Written down before anything is read: whoever looks and then ends the program has looked.
    (s.asked)("samples", Some(&hasher), &[name.to_owned()], 0).map_err(|why| not_logged(&why))?;
    let (samples, missing, why) = read(s, &reader, &hasher, name)?;
    Ok(Some(report::samples_page(Frame::Site("/dataset"), name, &samples, missing, &why)))
}

/// The masked values in the order of their fields, how many could not be read, and why.
fn read(s: &State, reader: &Reader, hasher: &Hasher, name: &str) -> Result<(Vec<Sample>, usize, BTreeSet<Reason>), String> {
    let seed = s.guard.random();
    let chosen = query::few(reader, name, BOUNDS, &mut Random::new(seed)).map_err(|e| e.to_string())?;
    let mut sources = (s.sources)(reader)?;
    // PRIVACY: of a uri that is personal data itself only what stands before is known here: such an object may be in any source.
    let holds = |source: &Arc<dyn Source>| chosen.values().any(|c| source.covers(&c.uri) || c.uri.contains('{'));
    sources.retain(holds);
    let spent = reader.spent_since(month_of(Timestamp::now())).map_err(|e| e.to_string())?;
    let near = Near::of(chosen.values().map(|c| c.uri.as_str()), NEIGHBOURS, s.spend.clone(), spent);
    let (kinds, mut out, mut why) = (RefCell::new(HashMap::new()), Vec::new(), BTreeSet::new());
    let mut want = |hash: &[u8; 16]| {
        let drawn = query::draw(reader, chosen.get(hash)?, &mut Random::new(seed)).ok()?;
        let (classes, places): (Vec<String>, Vec<_>) = drawn.findings.into_iter().map(|f| (f.classifier, f.place)).unzip();
        kinds.borrow_mut().insert(*hash, classes);
        let version = chosen.get(hash)?.version.clone();
        Some(Reread { version, places, ..Reread::default() })
    };
    let mut each = |hash: &[u8; 16], read: Result<Values, Reason>| {
        let (Some(chosen), Some(classes)) = (chosen.get(hash), kinds.borrow_mut().remove(hash)) else { return };
        let read = match read {
            Ok(read) => read,
            Err(reason) => {
                why.insert(reason);
                return;
            }
        };
        for (classifier, value) in classes.into_iter().zip(read.values) {
            let Some(v) = value else { continue };
            // What is no classifier of today is of no element that is known: nothing of it is shown.
            let element = s.classifiers.index_of(&classifier).map_or("", |c| &s.classifiers.get(c).element);
            out.push(Sample { uri: chosen.uri.clone(), place: v.place, masked: v.value.masked(element), classifier });
        }
    };
    let failures =
        scan::reread_near(&sources, &chosen.keys().copied().collect(), Some(&near), hasher, &s.classifiers, &mut want, &mut each);
    why.extend(failures.into_iter().map(|f| f.1));
    out.sort_by(|a, b| (&a.place.field, &a.classifier, &a.uri, &a.place).cmp(&(&b.place.field, &b.classifier, &b.uri, &b.place)));
    let missing = chosen.values().map(|c| c.findings()).sum::<usize>().saturating_sub(out.len());
    Ok((out, missing, why))
}
