//! Whether an object holds DynamoDB's typed values: `{"email":{"S":"x"},"age":{"N":"7"}}`. Told from its first bytes, since its
//! end may lie far away.

use memchr::memchr2;

use super::Mode;
use super::state::{Typed, descriptor};

/// What holds an item in what DynamoDB's commands, streams and exports write; the attributes themselves are checked.
const IMAGES: &[&[u8]] = &[b"Item", b"Items", b"NewImage", b"OldImage", b"Keys", b"Key", b"Attributes"];

/// Whether items lie under this key, or are the elements of the array under it.
pub(super) fn names_item(key: &[u8]) -> bool {
    IMAGES.contains(&key)
}

/// Whether each attribute of the object that `bytes` begin with is a typed value. `None`: they end before that can be told.
pub(super) fn holds_attributes(bytes: &[u8]) -> Option<bool> {
    let mut look = Look { bytes, at: 1 };
    let mut any = false;
    loop {
        let known = look.attribute(&mut any);
        match known.and_then(|typed| if typed { look.next() } else { Some(b'x') }) {
            Some(b',') => {}
            Some(b'}') => return Some(any),
            Some(_) => return Some(false),
            None => return any.then_some(true),
        }
    }
}

/// How the records of a member lie that begins with this record (or with its beginning), if they are typed.
pub(in crate::format) fn mode(record: &[u8]) -> Option<Mode> {
    if !record.starts_with(b"{") {
        return None;
    }
    if holds_attributes(record) == Some(true) {
        return Some(Mode::DynamoDbBare);
    }
    let mut look = Look { bytes: record, at: 1 };
    let (mut metadata, mut keys, mut item, mut members) = (false, false, false, 0);
    // A record that breaks off tells as much as is there.
    while let Some((name, at)) = look.member() {
        let is_image = record[at] == b'{' && holds_attributes(&record[at..]) == Some(true);
        members += 1;
        metadata |= name == b"Metadata";
        keys |= is_image && name == b"Keys";
        item |= is_image && name == b"Item";
        if look.skip().is_none() || look.next() != Some(b',') {
            break;
        }
    }
    (item && members == 1 || metadata && keys).then_some(Mode::DynamoDb)
}

/// Goes over bytes that should be JSON. `None` everywhere: they end.
struct Look<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Look<'a> {
    /// The byte that comes next, white space apart.
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        Some(self.bytes[self.at])
    }

    fn next(&mut self) -> Option<u8> {
        let b = self.peek()?;
        self.at += 1;
        Some(b)
    }

    /// The string whose quote comes next, as it is written.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            at += memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'"' {
                self.at = at + 1;
                return Some(&self.bytes[start..at]);
            }
            at += 2;
        }
    }

    /// The name of the member that comes next, and where its value begins. An empty name: it is no member.
    fn member(&mut self) -> Option<(&'a [u8], usize)> {
        if self.peek()? != b'"' {
            return Some((b"", self.at));
        }
        let name = self.string()?;
        if self.next()? != b':' {
            return Some((b"", self.at - 1));
        }
        self.peek()?;
        Some((name, self.at))
    }

    /// Goes over a value of any kind.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b @ (b'{' | b'[' | b'}' | b']') => {
                    self.at += 1;
                    depth = if matches!(b, b'{' | b'[') { depth + 1 } else { depth.saturating_sub(1) };
                }
                b',' | b':' => self.at += 1,
                _ => self.at += self.bytes[self.at..].iter().position(|b| matches!(b, b',' | b'}' | b']' | b'{' | b'['))?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Whether the member that comes next has a typed value, and nothing else in it. `any` becomes true with the first that says so
    /// for certain: `b`, `l` and `m` alone are names as well.
    fn attribute(&mut self, any: &mut bool) -> Option<bool> {
        let (name, _) = self.member()?;
        if name.is_empty() || self.next()? != b'{' {
            return Some(false);
        }
        let (key, at) = self.member()?;
        let value = &self.bytes[at..];
        // The descriptor and the kind of its value must fit: `{"a":{"b":0}}` is plain JSON.
        let fits = match (descriptor(key), value[0]) {
            (Some(Typed::Scalar), b't' | b'f') => key.len() > 1,
            (Some(Typed::Scalar), b'"') => match key {
                b"N" | b"n" => value.get(1).is_none_or(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.')),
                key => key.len() == 1,
            },
            (Some(Typed::Set | Typed::List), b'[') | (Some(Typed::Map), b'{') => true,
            _ => false,
        };
        if !fits {
            return Some(false);
        }
        *any |= key.iter().any(u8::is_ascii_uppercase) || matches!(key, b"s" | b"n");
        self.skip()?;
        Some(self.next()? == b'}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_told_from_their_first_bytes() {
        for (text, want) in [
            (r#"{"a":{"S":"x"},"b":{"N":"-1"},"c":{"L":[{"S":"}"}]},"d":{"M":{"x":{"BOOL":true}}},"e":{"NULL":true}}"#, Some(true)),
            (r#"{ "a" : { "s" : "x" } , "b":{"n":"1"}}"#, Some(true)),
            (r#"{"a":{"S":"x","T":"y"}}"#, Some(false)),
            (r#"{"a":{"S":"x"},"b":5}"#, Some(false)),
            (r#"{"a":{"S":5}}"#, Some(false)),
            (r#"{"a":{"n":"name"}}"#, Some(false)),
            (r#"{"a":{"b":0}}"#, Some(false)),
            (r#"{"a":{"b":"x"}}"#, Some(false)),
            (r#"{"a":{"bool":true}}"#, Some(false)),
            ("{}", Some(false)),
            (r#"{"a":{"S":"#, None),
            (r#"{"a":{"S":"xx"#, Some(true)),
            (r#"{"a":{"S":"xx"},"b"#, Some(true)),
            (r#"{"a":{"S":"xx"},"b":7"#, Some(false)),
            (r#"{"a"#, None),
        ] {
            assert_eq!(holds_attributes(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn records_are_told_from_their_first_bytes() {
        for (text, want) in [
            (r#"{"Item":{"Id":{"N":"1"}}}"#, Some(Mode::DynamoDb)),
            (r#"{"Item":{"Id":{"S":"xxxx"#, Some(Mode::DynamoDb)),
            (r#"{"Item":{"Id":{"S":"x"}},"n":1}"#, None),
            (r#"{"Item":{"Id":5}}"#, None),
            (r#"{"Metadata":{"WriteTimestampMicros":{"N":"1"}},"Keys":{"Id":{"S":"x"}},"NewImage":{"Id":{"S":"xx"#, Some(Mode::DynamoDb)),
            (r#"{"Id":{"s":"x"},"n":{"n":"7"}}"#, Some(Mode::DynamoDbBare)),
            (r#"{"a":"{"#, None),
            ("[1]", None),
            ("{", None),
        ] {
            assert_eq!(mode(text.as_bytes()), want, "{text}");
        }
    }
}
