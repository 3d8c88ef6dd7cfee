//! Built-in files as the build writes them down and a start reads them: a text, and numbers.
//!
//! All words stand one behind another in the text, so that a start copies none and checks no UTF-8; the numbers say how long each is (16
//! bits), how many a list has (likewise), and what is a number itself (32 bits). What may be missing is a list of none or one. The order is
//! that of [`Writer::file`]; `built` reads in it. The build compiles this, too.

use toml::{Table, Value};

use super::reader::Reader;

/// What the build writes.
#[derive(Default)]
pub struct Writer {
    pub numbers: Vec<u8>,
    pub text: String,
}

impl Writer {
    /// Appends all of a file but its examples. It is not looked at closely: a test says that the program would read the same.
    pub fn file(&mut self, file: &Table) -> Result<(), String> {
        let empty = Table::new();
        let table = |key: &str| file.get(key).map_or(Ok(&empty), |t| t.as_table().ok_or(format!("`{key}` is no table")));
        for key in ["id", "title", "element", "severity", "identity"] {
            self.word(file, key)?;
        }
        for key in ["references", "test_values", "ignore"] {
            self.list(file.get(key))?;
        }
        let levels = tables(file, "severity_levels")?;
        self.count(levels.len())?;
        for level in levels {
            self.number(level, "occurrences")?;
            self.word(level, "severity")?;
        }
        let known_as = table("known_as")?;
        self.count(known_as.len())?;
        for (system, names) in known_as {
            self.put(system)?;
            self.list(Some(names))?;
        }
        let patterns = tables(file, "pattern")?;
        self.count(patterns.len())?;
        for pattern in patterns {
            self.word(pattern, "name")?;
            for key in ["regex", "finder", "validator", "edges", "requires", "separator", "columns", "labels"] {
                self.list(pattern.get(key))?;
            }
            let confidence = pattern.get("confidence").and_then(|c| c.as_float().or(c.as_integer().map(|n| n as f64)));
            let confidence = confidence.ok_or("`confidence` is no number")?;
            self.numbers.extend((confidence as f32).to_bits().to_le_bytes());
        }
        let context = table("context")?;
        for key in ["keywords", "labels", "columns", "against", "columns_against", "beside"] {
            self.list(context.get(key))?;
        }
        for key in ["within", "distance"] {
            self.count(usize::from(context.contains_key(key)))?;
            if context.contains_key(key) {
                self.number(context, key)?;
            }
        }
        self.list(table("normalise")?.get("steps"))
    }

    fn count(&mut self, n: usize) -> Result<(), String> {
        self.numbers.extend(u16::try_from(n).map_err(|_| "a list or a word is too long")?.to_le_bytes());
        Ok(())
    }

    fn number(&mut self, of: &Table, key: &str) -> Result<(), String> {
        let n = of.get(key).and_then(Value::as_integer).and_then(|n| u32::try_from(n).ok());
        self.numbers.extend(n.ok_or(format!("`{key}` is no number"))?.to_le_bytes());
        Ok(())
    }

    fn put(&mut self, word: &str) -> Result<(), String> {
        self.count(word.len())?;
        self.text.push_str(word);
        Ok(())
    }

    fn word(&mut self, of: &Table, key: &str) -> Result<(), String> {
        self.put(of.get(key).and_then(Value::as_str).ok_or(format!("`{key}` is no text"))?)
    }

    /// One word, or many.
    fn list(&mut self, words: Option<&Value>) -> Result<(), String> {
        let words = match words {
            None => &[][..],
            Some(Value::Array(many)) => many,
            Some(one) => std::slice::from_ref(one),
        };
        self.count(words.len())?;
        words.iter().try_for_each(|w| self.put(w.as_str().ok_or("a list of words holds something else")?))
    }
}

/// A list of tables.
fn tables<'a>(file: &'a Table, key: &str) -> Result<Vec<&'a Table>, String> {
    let list = file.get(key).map_or(Some(&[][..]), |all| all.as_array().map(Vec::as_slice));
    list.and_then(|all| all.iter().map(Value::as_table).collect()).ok_or(format!("`{key}` is no list of tables"))
}

/// What is left to read; `None` of all of it where something is cut short.
pub struct Written {
    numbers: Reader,
    text: &'static str,
}

impl Written {
    pub fn new(numbers: &'static [u8], text: &'static str) -> Written {
        Written { numbers: Reader(numbers), text }
    }

    /// Whether all is read.
    pub fn is_empty(&self) -> bool {
        self.numbers.0.is_empty() && self.text.is_empty()
    }

    pub fn number(&mut self) -> Option<u32> {
        self.numbers.u32()
    }

    #[inline]
    pub fn word(&mut self) -> Option<&'static str> {
        let (word, rest) = self.text.split_at_checked(self.numbers.u16()?.into())?;
        self.text = rest;
        Some(word)
    }

    /// A list of what `one` reads.
    pub fn many<T>(&mut self, mut one: impl FnMut(&mut Written) -> Option<T>) -> Option<Vec<T>> {
        let count = self.numbers.u16()?;
        let mut all = Vec::with_capacity(count.into());
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    /// What may be missing, as `one` reads it.
    pub fn maybe<T>(&mut self, one: impl FnOnce(&mut Written) -> Option<T>) -> Option<Option<T>> {
        if self.numbers.u16()? == 0 { Some(None) } else { one(self).map(Some) }
    }
}
