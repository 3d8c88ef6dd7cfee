//! What symbols stand for: those of Ion itself, and those of the table that the member brings.

use super::{Event, Found, Name};

/// Names that every member knows, by their numbers.
const SYSTEM: [&str; 10] =
    ["", "$ion", "$ion_1_0", "$ion_symbol_table", "name", "version", "imports", "symbols", "max_id", "$ion_shared_symbol_table"];
const TABLE: &[u8] = b"$ion_symbol_table";

/// Bytes of all symbols of a table; what goes beyond is not known.
const MOST_BYTES: usize = 16 << 20;
/// A longer one is text, and given once: a few bytes must not become many again and again.
const LONG: usize = 256;

/// The current table.
#[derive(Default)]
pub(super) struct Symbols {
    /// How many come from shared tables, which are not at hand.
    imported: u64,
    /// Text, and whether it was given.
    local: Vec<(Option<Box<[u8]>>, bool)>,
    bytes: usize,
}

impl Symbols {
    fn add(&mut self, text: Option<&[u8]>) {
        self.bytes += 32 + text.map_or(0, <[u8]>::len);
        if self.bytes <= MOST_BYTES {
            self.local.push((text.map(Into::into), false));
        }
    }

    fn index(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(SYSTEM.len() as u64)?.checked_sub(self.imported)?).ok()
    }

    /// What a name says; `None` for one that is not known.
    pub fn text<'a>(&'a self, name: Name, found: &'a Found) -> Option<&'a [u8]> {
        match name {
            Name::Text => Some(&found.text),
            Name::Id(0) => None,
            Name::Id(id) => match SYSTEM.get(id as usize) {
                Some(text) => Some(text.as_bytes()),
                None => self.local.get(self.index(id)?)?.0.as_deref(),
            },
        }
    }

    /// The same for a symbol that is a value, or a key. A long one is given once, and is then `again`.
    pub fn once<'a>(&'a mut self, name: Name, found: &'a Found, again: &'static [u8]) -> Option<&'a [u8]> {
        if let Name::Id(id) = name
            && let Some((Some(text), given)) = self.index(id).and_then(|i| self.local.get_mut(i))
            && text.len() > LONG
            && std::mem::replace(given, true)
        {
            return Some(again);
        }
        self.text(name, found)
    }
}

/// A symbol table that is being read: a struct with the annotation `$ion_symbol_table`, between the values.
#[derive(Default)]
pub(super) struct Table {
    /// An annotation stood before what comes next; it says that a table comes.
    announced: Option<bool>,
    new: Option<New>,
}

struct New {
    symbols: Symbols,
    /// The name of its current part.
    part: Part,
    /// Whether the table goes on from the one before.
    appends: bool,
    /// Whether a number that comes is how many symbols an import has.
    counts: bool,
}

#[derive(PartialEq, Eq)]
enum Part {
    Imports,
    Symbols,
    Other,
}

impl Table {
    /// A value came that is too long to be held: whether it is part of a table.
    pub fn too_long(&mut self, depth: usize) -> bool {
        self.announced = None;
        let Some(new) = &mut self.new else { return false };
        if depth == 2 && new.part == Part::Symbols {
            new.symbols.add(None);
        }
        true
    }

    /// Whether the event is part of a table, which is no padding; a complete one takes the place of `current`. `depth` is that behind the event.
    pub fn takes(&mut self, event: &Event, found: &Found, depth: usize, current: &mut Symbols) -> bool {
        if self.new.is_none() {
            return self.begins(event, found, depth, current);
        }
        if depth == 0 {
            if let Some(new) = self.new.take() {
                if new.appends {
                    new.symbols.local.iter().for_each(|s| current.add(s.0.as_deref()));
                } else {
                    *current = new.symbols;
                }
            }
            return true;
        }
        let Some(new) = &mut self.new else { return false };
        match (event, depth) {
            (Event::Key(name), 1) => {
                new.part = match current.text(*name, found) {
                    Some(b"imports") => Part::Imports,
                    Some(b"symbols") => Part::Symbols,
                    _ => Part::Other,
                };
            }
            (Event::Symbol(name), 1) if new.part == Part::Imports => new.appends = current.text(*name, found) == Some(TABLE),
            (Event::Value, 2) if new.part == Part::Symbols => new.symbols.add(Some(&found.text)),
            // What is no text has a number, too.
            (Event::Symbol(_), 2) | (Event::Open { .. }, 3) if new.part == Part::Symbols => new.symbols.add(None),
            (Event::Key(name), 3) => new.counts = new.part == Part::Imports && current.text(*name, found) == Some(b"max_id"),
            (Event::Value, 3) if new.counts => {
                let n = std::str::from_utf8(&found.text).ok().and_then(|t| t.parse::<u64>().ok());
                new.symbols.imported = new.symbols.imported.saturating_add(n.unwrap_or(0));
                new.counts = false;
            }
            _ => {}
        }
        !matches!(event, Event::Comment)
    }

    fn begins(&mut self, event: &Event, found: &Found, depth: usize, current: &Symbols) -> bool {
        match event {
            Event::Annotation(name) if depth == 0 => {
                // Only the first annotation says so.
                self.announced.get_or_insert(current.text(*name, found) == Some(TABLE));
                false
            }
            Event::Comment => false,
            Event::Open { array: false } if depth == 1 && self.announced.take() == Some(true) => {
                self.new = Some(New { symbols: Symbols::default(), part: Part::Other, appends: false, counts: false });
                true
            }
            _ => {
                self.announced = None;
                false
            }
        }
    }
}
