//! JSON that lies in a value: its own values, as parts of the same bytes.

use std::borrow::Cow;

use crate::format::json::escape::unescape;
use crate::format::json::paths::Paths;
use crate::format::json::state::WORDS;

/// How many arrays and objects may lie in one another; what is deeper stays one text.
const DEPTH: usize = 32;

/// `Value::object` of what no object holds.
pub(super) const NOWHERE: u32 = u32::MAX;

/// A value that is not empty, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Its bytes, between the quotes.
    pub start: usize,
    pub end: usize,
    /// Whether there are escapes to be resolved.
    pub escapes: bool,
    /// Its path.
    pub node: u32,
    /// The object that holds it, as an index, or [`NOWHERE`].
    pub object: u32,
}

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// The object that holds it directly.
    pub parent: Option<u32>,
    /// Whether it is an element of an array.
    pub element: bool,
    /// How many objects it holds directly.
    pub children: u32,
}

/// What one text holds.
#[derive(Default)]
pub(super) struct Found {
    pub values: Vec<Value>,
    pub objects: Vec<Object>,
}

/// Finds the values of the JSON object or array that `bytes[start..end]` is, white space apart; `node` is the path of the whole.
/// `false`: it is none, or holds nothing.
pub(super) fn split(bytes: &[u8], start: usize, end: usize, node: u32, paths: &mut Paths, out: &mut Found) -> bool {
    out.values.clear();
    out.objects.clear();
    let Some(bytes) = bytes.get(..end) else { return false };
    let mut walk = Walk { bytes, at: start, paths, out };
    walk.space();
    let is_json = matches!(walk.peek(), Some(b'{' | b'[')) && walk.value(node, NOWHERE, None, false, 0).is_some();
    walk.space();
    let all = is_json && walk.at == end;
    // A list of numbers says no more in pieces.
    let names_any = !out.objects.is_empty() || out.values.iter().any(|v| bytes.get(v.start.wrapping_sub(1)) == Some(&b'"'));
    all && names_any && !out.values.is_empty()
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    paths: &'a mut Paths,
    out: &'a mut Found,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, b: u8) -> Option<()> {
        (self.peek() == Some(b)).then(|| self.at += 1)
    }

    /// A string's bytes, and whether it has escapes.
    fn string(&mut self) -> Option<(usize, usize, bool)> {
        self.take(b'"')?;
        let start = self.at;
        let mut escapes = false;
        loop {
            let i = memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)? + self.at;
            if self.bytes[i] == b'"' {
                self.at = i + 1;
                return Some((start, i, escapes));
            }
            escapes = true;
            self.at = i + 2;
        }
    }

    /// `object`: the one around; `parent`: the same, unless an array lies between.
    fn value(&mut self, node: u32, object: u32, parent: Option<u32>, element: bool, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(node, parent, element, depth),
            b'[' => {
                self.at += 1;
                let node = self.paths.element(node);
                self.space();
                if self.take(b']').is_some() {
                    return Some(());
                }
                loop {
                    self.space();
                    if depth >= DEPTH {
                        return None;
                    }
                    self.value(node, object, None, true, depth + 1)?;
                    self.space();
                    match self.peek()? {
                        b',' => self.at += 1,
                        b']' => break self.at += 1,
                        _ => return None,
                    }
                }
                Some(())
            }
            b'"' => {
                let (start, end, escapes) = self.string()?;
                self.push(Value { start, end, escapes, node, object });
                Some(())
            }
            b'-' | b'0'..=b'9' if self.bytes.get(self.at + 1) != Some(&b'I') => {
                let start = self.at;
                while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
                    self.at += 1;
                }
                self.push(Value { start, end: self.at, escapes: false, node, object });
                Some(())
            }
            _ => {
                let word = WORDS.into_iter().find(|w| self.bytes[self.at..].starts_with(w))?;
                self.at += word.len();
                Some(())
            }
        }
    }

    fn object(&mut self, node: u32, parent: Option<u32>, element: bool, depth: usize) -> Option<()> {
        self.at += 1;
        if depth >= DEPTH {
            return None;
        }
        if let Some(p) = parent.and_then(|p| self.out.objects.get_mut(p as usize)) {
            p.children += 1;
        }
        let own = self.out.objects.len() as u32;
        self.out.objects.push(Object { parent, element, children: 0 });
        self.space();
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut guess = 0;
        loop {
            self.space();
            let (start, end, escapes) = self.string()?;
            let raw = self.bytes.get(start..end)?;
            let key = if escapes {
                let mut key = raw.to_vec();
                let n = unescape(&mut key, 0..raw.len(), 0);
                key.truncate(n);
                Cow::Owned(key)
            } else {
                Cow::Borrowed(raw)
            };
            let (child, collapsed) = self.paths.child(node, &key, &mut guess);
            if collapsed {
                self.push(Value { start, end, escapes, node: child, object: own });
            }
            self.space();
            self.take(b':')?;
            self.space();
            if collapsed && start < end && self.peek() == Some(b'{') {
                // A key that is data is about the object under it.
                let next = self.out.objects.len() as u32;
                self.out.values.last_mut()?.object = next;
            }
            self.value(child, own, Some(own), false, depth + 1)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break self.at += 1,
                _ => return None,
            }
        }
        Some(())
    }

    fn push(&mut self, v: Value) {
        if v.start < v.end {
            self.out.values.push(v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Option<String> {
        let (mut paths, mut found) = (Paths::new(), Found::default());
        let node = paths.root("p");
        split(text.as_bytes(), 0, text.len(), node, &mut paths, &mut found).then(|| {
            let one = |v: &Value| {
                let field = paths.field(v.node) as usize;
                format!("{}={}@{}", paths.fields[field], &text[v.start..v.end], i64::from(v.object as i32))
            };
            found.values.clone().iter().map(one).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn values_have_paths_and_objects() {
        for (text, want) in [
            (r#"{"a":"x"}"#, Some("p.a=x@0")),
            (r#" { "a" : { "b.c" : 12 , "d" : "" } , "e":true } "#, Some(r"p.a.b\.c=12@1")),
            (r#"{"l":[{"m":"1"},{"m":"2"}],"n":["x","y"]}"#, Some("p.l[].m=1@1 p.l[].m=2@2 p.n[]=x@0 p.n[]=y@0")),
            (r#"["x",1]"#, Some("p[]=x@-1 p[]=1@-1")),
            (r#"{"jane@x.com":{"a":"b"}}"#, Some("p.*=jane@x.com@1 p.*.a=b@1")),
            (r#"{"q":"a\"b"}"#, Some(r#"p.q=a\"b@0"#)),
            ("[1,2,3]", None),
            ("{}", None),
            ("[]", None),
            ("{a,b}", None),
            (r#"{"a":1"#, None),
            (r#"{"a":1} x"#, None),
            (r#"{"a" 1}"#, None),
            (r#"{"a":"\"#, None),
            ("[", None),
            ("", None),
        ] {
            assert_eq!(shown(text).as_deref(), want, "{text}");
        }
        let deep = |n: usize| format!("{}\"x\"{}", "[".repeat(n), "]".repeat(n));
        assert!(shown(&deep(30)).is_some() && shown(&deep(100_000)).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(text in r#"[\[\]{}":,\\ a1tn\n-]{0,60}"#) {
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert!(is_json || shown(&text).is_none() || text.contains(['1', '-', '\\', '\n', 't', 'n']));
        }
    }
}
