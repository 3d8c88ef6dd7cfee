use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;

#[test]
fn content_ranges() {
    for (s, r) in [
        ("bytes 0-9/100", Some((0, 9, Some(100)))),
        ("bytes 5-5/*", Some((5, 5, None))),
        ("bytes */100", None),
        ("bytes 1-99999999999999999999/3", None),
        ("", None),
    ] {
        assert_eq!(parse_content_range(s), r, "{s}");
    }
}

/// What an answer's body does: chunks, then its end, or for ever the last one.
#[derive(Clone, Default)]
struct Body {
    chunks: VecDeque<Result<&'static [u8], Broken>>,
    checked: bool,
    /// The last chunk comes again and again.
    endless: bool,
}

impl Body {
    fn of(chunks: &[Result<&'static [u8], Broken>]) -> Body {
        Body { chunks: chunks.iter().copied().collect(), ..Body::default() }
    }

    fn checked(self) -> Body {
        Body { checked: true, ..self }
    }

    fn endless(self) -> Body {
        Body { endless: true, ..self }
    }
}

impl Chunks for Body {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        // As a connection does: others have their turn.
        tokio::task::yield_now().await;
        let next = match self.endless && self.chunks.len() == 1 {
            true => self.chunks.front().copied(),
            false => self.chunks.pop_front(),
        };
        next.map(|c| c.map(Bytes::from_static))
    }

    fn checked(&self) -> bool {
        self.checked
    }
}

/// An object of ten bytes with its answers.
struct Ten {
    answers: Mutex<VecDeque<Body>>,
    asked: Mutex<Vec<Range<u64>>>,
    options: Options,
}

impl Ranged for Ten {
    type Body = Body;

    fn size(&self) -> u64 {
        10
    }

    fn options(&self) -> &Options {
        &self.options
    }

    async fn ask(&self, range: Range<u64>) -> Result<Body, Failed> {
        self.asked.lock().unwrap().push(range);
        Ok(self.answers.lock().unwrap().pop_front().unwrap_or_default())
    }
}

/// The bytes or why there are none, and where the requests began.
fn read(answers: &[Body]) -> (Result<Bytes, String>, Vec<u64>) {
    let options = Options { attempts: 4, stall: Duration::from_millis(200), backoff: Duration::from_millis(1), ..Options::default() };
    let ten = Ten { answers: Mutex::new(answers.iter().cloned().collect()), asked: Mutex::default(), options };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(fetch(&ten, 0..10)).map_err(|e| format!("{}: {}", e.reason, e.detail));
    (done, ten.asked.into_inner().unwrap().iter().map(|r| r.start).collect())
}

const ALL: Result<&[u8], Broken> = Ok(b"0123456789");
const HALF: Result<&[u8], Broken> = Ok(b"01234");
const REST: Result<&[u8], Broken> = Ok(b"56789");
const BROKE: Result<&[u8], Broken> = Err(Broken::Connection);

#[test]
fn bytes_behind_the_listed_size_are_a_change_at_once() {
    for body in [
        Body::of(&[Ok(b"0123456789a")]),
        Body::of(&[HALF, Ok(b"56789a")]).checked(),
        Body::of(&[ALL, Ok(b""), Ok(b"a")]).checked(),
        Body::of(&[ALL, Ok(b"more")]).checked().endless(),
    ] {
        let (done, asked) = read(&[body]);
        assert_eq!((done.unwrap_err().as_str(), asked), ("changed_during_read: the size is not the one that was listed", vec![0]));
    }
    // An end that does not come is no reason to wait for ever.
    let idle = Body::of(&[ALL, Ok(b"")]).checked().endless();
    let (done, asked) = read(&[idle.clone(), idle.clone(), idle.clone(), idle]);
    assert_eq!((done.unwrap_err().as_str(), asked.len()), ("network: given up after 4 attempts: the data stopped coming", 4));
}

#[test]
fn what_breaks_at_the_end_is_called_by_its_name() {
    let sum = Body::of(&[ALL, Err(Broken::Sum)]).checked();
    let broke = Body::of(&[ALL, BROKE]).checked();
    let given_up = |body: &Body| read(&[body.clone(), body.clone(), body.clone(), body.clone()]).0.unwrap_err();
    assert!(given_up(&sum).ends_with("the bytes do not fit the check sum that the store keeps of them"), "{}", given_up(&sum));
    assert!(given_up(&broke).ends_with("the connection broke"), "{}", given_up(&broke));
    for first in [sum, broke] {
        let (done, asked) = read(&[first, Body::of(&[ALL]).checked()]);
        assert_eq!((done.unwrap(), asked), (Bytes::from_static(b"0123456789"), vec![0, 0]));
    }
    // Where no check sum was promised, all bytes are all there is.
    let (done, asked) = read(&[Body::of(&[ALL, BROKE])]);
    assert_eq!((done.unwrap(), asked), (Bytes::from_static(b"0123456789"), vec![0]));
}

#[test]
fn a_small_object_begins_anew_where_there_is_a_check_sum() {
    let whole = Bytes::from_static(b"0123456789");
    let broke = Body::of(&[HALF, BROKE]);
    let (done, asked) = read(&[broke.clone(), Body::of(&[REST])]);
    assert_eq!((done.unwrap(), asked), (whole.clone(), vec![0, 5]), "nothing is lost by a rest");
    let (done, asked) = read(&[broke.clone().checked(), Body::of(&[ALL]).checked()]);
    assert_eq!((done.unwrap(), asked), (whole.clone(), vec![0, 0]));
    let broke = broke.checked();
    let (done, asked) = read(&[broke.clone(), broke.clone(), broke, Body::of(&[REST])]);
    assert_eq!((done.unwrap(), asked), (whole, vec![0, 0, 0, 5]), "but not for ever");
}
