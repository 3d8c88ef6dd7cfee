//! Values of a row, and the functions that stand in them.

/// A value of a row, as far as it was read.
#[derive(Default)]
pub(super) struct Value {
    pub bytes: Vec<u8>,
    /// Whether it is of strings; else a word or a number.
    pub is_text: bool,
}

impl Value {
    /// What it becomes with `next` behind it: strings are joined, and hide types and names (`DATE '2026-01-01'`).
    pub fn and(mut self, next: Value) -> Value {
        match (self.is_text, next.is_text) {
            (true, true) => self.bytes.extend_from_slice(&next.bytes),
            (false, true) => return next,
            (false, false) if self.bytes.is_empty() => return next,
            _ => {}
        }
        self
    }
}

/// A function within a value.
pub(super) struct Call {
    pub name: Vec<u8>,
    pub arguments: Vec<Value>,
    /// The value before it.
    pub before: Value,
}

impl Call {
    /// What it gives. Of one that is not known, all its strings a line each, or its first number.
    pub fn result(mut self) -> Value {
        let is = |name: &[u8]| self.name.eq_ignore_ascii_case(name);
        let code = |v: &Value| str::from_utf8(&v.bytes).ok().and_then(|n| n.parse().ok()).and_then(char::from_u32);
        // SQLite writes breaks of lines so: `replace('a\nb','\n',char(10))`.
        if let (true, [text, from, to]) = (is(b"replace"), &self.arguments[..])
            && !from.bytes.is_empty()
            // Calls within calls that grow their text would have no end.
            && to.bytes.len() <= from.bytes.len()
        {
            let mut bytes = Vec::with_capacity(text.bytes.len());
            let mut at = 0;
            for found in memchr::memmem::find_iter(&text.bytes, &from.bytes) {
                bytes.extend_from_slice(&text.bytes[at..found]);
                bytes.extend_from_slice(&to.bytes);
                at = found + from.bytes.len();
            }
            bytes.extend_from_slice(&text.bytes[at..]);
            return Value { bytes, is_text: true };
        }
        if is(b"char") || is(b"chr") {
            let codes: Option<String> = self.arguments.iter().map(code).collect();
            if let Some(codes) = codes {
                return Value { bytes: codes.into_bytes(), is_text: true };
            }
        }
        let texts: Vec<&[u8]> = self.arguments.iter().filter(|a| a.is_text).map(|a| &a.bytes[..]).collect();
        if texts.is_empty() { self.arguments.swap_remove(0) } else { Value { bytes: texts.join(&b'\n'), is_text: true } }
    }
}
