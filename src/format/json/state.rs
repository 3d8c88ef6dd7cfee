//! What a JSON reader remembers between two tokens.

use crate::base::{ROW_SCOPE, Reason};

/// A DynamoDB type descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Scalar,
    Set,
    Map,
    List,
}

/// The descriptor that `key` is.
pub(super) fn descriptor(key: &[u8]) -> Option<Typed> {
    Some(match key {
        b"S" | b"N" | b"B" | b"BOOL" | b"NULL" | b"s" | b"n" | b"b" | b"bool" | b"bOOL" | b"null" | b"nULLValue" => Typed::Scalar,
        b"SS" | b"NS" | b"BS" | b"ss" | b"ns" | b"bs" | b"sS" | b"nS" | b"bS" => Typed::Set,
        b"M" | b"m" => Typed::Map,
        b"L" | b"l" => Typed::List,
        _ => return None,
    })
}

/// What an open array or object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    /// The root object of a DynamoDB line; its members are maps of typed values.
    Wrapper,
    /// Attributes with typed values.
    TypedMap,
    /// A list of typed values.
    TypedList,
    /// `{"S": …}`; the flag says that it is an element of a list.
    TypedValue(bool, Option<Typed>),
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub kind: Kind,
    pub node: u32,
    /// The path of the value that comes next.
    pub child: u32,
    /// Where in the node's children the next key is looked for first.
    pub guess: u32,
    /// The scope of directly held values, in the current batch.
    pub scope: u32,
    /// Whether it opened that scope itself.
    pub own: bool,
}

impl Kind {
    /// The scope around an object of this kind, which `held` is what lies `above` it in. `None`: it is no part of that.
    pub fn parent(self, above: Option<Kind>, held: u32) -> Option<u32> {
        let apart = match above {
            None | Some(Kind::Array | Kind::TypedList | Kind::Wrapper | Kind::TypedValue(true, _)) => true,
            // An item stands for itself, as in an export.
            Some(Kind::Object) => self == Kind::TypedMap,
            Some(Kind::TypedMap | Kind::TypedValue(false, _)) => false,
        };
        (!apart && held != ROW_SCOPE).then_some(held)
    }
}

impl Frame {
    pub fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array | Kind::TypedList)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    Value,
    FirstValueOrEnd,
    FirstKeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
}

/// Text that is given as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    No,
    /// Up to the next newline.
    Line,
    /// Up to the end.
    Rest,
}

/// Where the buffer's last token goes on beyond it.
pub(super) enum Stop {
    /// Used up to here; the rest starts the next batch.
    At(usize),
    /// One string or line fills the buffer.
    Piece { field: u32, scope: u32, escapes: bool },
}

/// What can be wrong with a record.
pub(super) struct Bad {
    pub reason: Reason,
    pub what: &'static str,
    pub at: usize,
}

/// A point that can be returned to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub at: usize,
    pub cells: usize,
    pub scopes: usize,
    pub fixes: usize,
}

/// Words that are values and say nothing: JSON's, Redshift's bare booleans, what Python and others write for numbers that are none.
pub(in crate::format) const WORDS: [&[u8]; 8] = [b"true", b"false", b"null", b"t", b"f", b"NaN", b"Infinity", b"-Infinity"];
/// The longest of them.
pub(super) const WORD_BYTES: usize = 9;

/// Whether a byte is white space between values (RFC 8259, section 2), or begins a text of a sequence (RFC 7464).
#[inline]
pub(in crate::format) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0x1e)
}

/// Whether a number or word may end before this byte.
pub(in crate::format) fn ends_scalar(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}' | b'{' | b'[' | b'"' | 0x1e)
}
