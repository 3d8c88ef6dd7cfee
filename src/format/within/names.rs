//! Names of fields where values hold others: those of the reader and those that lie within them.

use std::collections::HashMap;

use crate::format::json::paths::Paths;

/// Fields of the reader and those within them, under one numbering.
pub(super) struct Names {
    /// As the reader counts.
    pub own: Vec<String>,
    pub all: Vec<String>,
    /// From the reader's numbers to those of `all`.
    pub map: Vec<u32>,
    /// Whether they are the same.
    pub same: bool,
    /// Paths of the reader's fields, by their number in `all`.
    roots: HashMap<u32, u32>,
    /// From the numbers of paths' fields to those of `all`.
    inner: Vec<u32>,
}

impl Names {
    pub fn new(own: &[String]) -> Names {
        let map = (0..own.len() as u32).collect();
        Names { own: own.to_vec(), all: own.to_vec(), map, same: true, roots: HashMap::new(), inner: Vec::new() }
    }

    /// Takes names that the reader found since.
    pub fn grow(&mut self) {
        for name in self.own.iter().skip(self.map.len()) {
            self.same &= self.all.len() == self.map.len();
            self.map.push(self.all.len() as u32);
            self.all.push(name.clone());
        }
    }

    pub fn root(&mut self, field: u32, paths: &mut Paths) -> u32 {
        let name = self.all.get(field as usize).map_or("", String::as_str);
        *self.roots.entry(field).or_insert_with(|| paths.root(name))
    }

    /// The field of a path.
    pub fn field(&mut self, node: u32, paths: &mut Paths) -> u32 {
        let i = paths.field(node) as usize;
        for name in paths.fields.iter().skip(self.inner.len()) {
            self.inner.push(self.all.len() as u32);
            self.all.push(name.clone());
        }
        self.inner[i]
    }
}
