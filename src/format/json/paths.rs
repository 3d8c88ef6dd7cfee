//! Field paths of JSON values, interned as a tree: one step a key, no string work per value.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::typed::names_item;
use crate::format::dynamic_name;

/// Distinct names under one path; further ones collapse to `*`.
const CHILDREN: usize = 256;
/// Bytes of all names together; beyond it every new path is `*`.
const NAME_BYTES: usize = 8 << 20;

/// The path of a record's root.
pub(in crate::format) const ROOT: u32 = 0;
/// Where paths go when there are too many.
const OVERFLOW: u32 = 1;
const NONE: u32 = u32::MAX;

struct Node {
    name: String,
    /// Its index among the fields, once a value was met there.
    field: u32,
    children: Vec<Child>,
    index: HashMap<Box<[u8]>, u32, BuildHasherDefault<KeyHasher>>,
    element: u32,
    star: u32,
    /// Whether its name is one that DynamoDB's items lie under.
    item: bool,
}

/// A key, and the path under it.
struct Child {
    key: Box<[u8]>,
    node: u32,
    /// The key as it is written, with its closing quote: the first bytes of it in a word, the bytes of the word that
    /// count (none of them where the key cannot be written as it is), and how long it is.
    start: u128,
    mask: u128,
}

/// Keys that are compared before one is looked up.
const AHEAD: usize = 4;

/// Bytes of a key that are compared at once.
const WORD: usize = 16;

impl Child {
    fn new(key: &[u8], node: u32) -> Child {
        let mut start = [0; WORD];
        let mut mask = [0; WORD];
        for (i, b) in key.iter().chain(b"\"").take(WORD).enumerate() {
            (start[i], mask[i]) = (*b, 0xff);
        }
        let plain = !key.iter().any(|b| matches!(b, b'"' | b'\\' | b'\n'));
        // A start outside of the mask is never found.
        let (start, mask) = if plain { (u128::from_le_bytes(start), u128::from_le_bytes(mask)) } else { (1, 0) };
        Child { key: key.into(), node, start, mask }
    }

    /// Whether the key and its closing quote stand at `at`. No, where the bytes end soon.
    #[inline]
    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let Some(word) = bytes.get(at..).and_then(|b| b.first_chunk::<WORD>()) else { return false };
        u128::from_le_bytes(*word) & self.mask == self.start
            && (self.key.len() < WORD || bytes[at + WORD..].strip_prefix(&self.key[WORD..]).is_some_and(|rest| rest.first() == Some(&b'"')))
    }
}

/// A hash of keys that is cheap; a node has so few children that nobody can do harm with it.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last]) {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

/// All paths of one member.
pub(in crate::format) struct Paths {
    nodes: Vec<Node>,
    /// Names of fields, in order of their first value.
    pub fields: Vec<String>,
    /// Those of them that hold bytes in base64.
    pub base64: Vec<u32>,
    bytes: usize,
}

impl Paths {
    pub fn new() -> Paths {
        let mut p = Paths { nodes: Vec::new(), fields: Vec::new(), base64: Vec::new(), bytes: 0 };
        p.add(String::new());
        p.add("*".to_owned());
        p.nodes[OVERFLOW as usize].element = OVERFLOW;
        p.nodes[OVERFLOW as usize].star = OVERFLOW;
        p
    }

    fn add(&mut self, name: String) -> u32 {
        if self.bytes > NAME_BYTES {
            return OVERFLOW;
        }
        // What a node costs besides its name.
        self.bytes += name.len() + 64;
        let node = Node { name, field: NONE, children: Vec::new(), index: HashMap::default(), element: NONE, star: NONE, item: false };
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    /// A path that is no part of another: values that lie in the values of the field `name` go on from it.
    pub fn root(&mut self, name: &str) -> u32 {
        self.add(name.to_owned())
    }

    fn under(&self, node: u32, last: &str) -> String {
        let parent = &self.nodes[node as usize].name;
        if parent.is_empty() { last.to_owned() } else { format!("{parent}.{last}") }
    }

    /// The path of `key` under `node`, and whether it was collapsed to `*`. `guess` is where the last key was found:
    /// records of one kind have their keys in one order.
    pub fn child(&mut self, node: u32, key: &[u8], guess: &mut u32) -> (u32, bool) {
        let n = &self.nodes[node as usize];
        if let Some(c) = n.children.get(*guess as usize)
            && *c.key == *key
        {
            *guess += 1;
            return (c.node, false);
        }
        if let Some(i) = n.index.get(key) {
            *guess = i + 1;
            return (n.children[*i as usize].node, false);
        }
        // PRIVACY: a key that is data becomes no part of a name.
        if node == OVERFLOW || n.children.len() >= CHILDREN || dynamic_name(key) || self.bytes > NAME_BYTES {
            return (self.star(node), true);
        }
        let name = self.under(node, &String::from_utf8_lossy(key).replace('.', "\\."));
        let c = self.add(name);
        self.nodes[c as usize].item |= c != OVERFLOW && names_item(key);
        let n = &mut self.nodes[node as usize];
        n.index.insert(key.into(), n.children.len() as u32);
        n.children.push(Child::new(key, c));
        *guess = n.children.len() as u32;
        (c, false)
    }

    /// The same for a key that starts at `at` and is written as the one that stood here in an earlier record: its path and
    /// where its closing quote stands.
    #[inline]
    pub fn expected(&self, node: u32, guess: &mut u32, bytes: &[u8], at: usize) -> Option<(u32, usize)> {
        let next = self.nodes[node as usize].children.get(*guess as usize..)?;
        // A few may be left out in this record.
        let skipped = next.iter().take(AHEAD).position(|c| c.is_at(bytes, at))?;
        *guess += skipped as u32 + 1;
        let c = &next[skipped];
        Some((c.node, at + c.key.len()))
    }

    /// The path of the collapsed keys under `node`.
    fn star(&mut self, node: u32) -> u32 {
        if self.nodes[node as usize].star == NONE {
            let c = self.add(self.under(node, "*"));
            self.nodes[node as usize].star = c;
        }
        self.nodes[node as usize].star
    }

    /// The path of the elements of an array at `node`.
    pub fn element(&mut self, node: u32) -> u32 {
        if self.nodes[node as usize].element == NONE {
            let name = format!("{}[]", self.nodes[node as usize].name);
            let c = self.add(name);
            self.nodes[c as usize].item |= c != OVERFLOW && self.nodes[node as usize].item;
            self.nodes[node as usize].element = c;
        }
        self.nodes[node as usize].element
    }

    /// Whether items of DynamoDB may lie at `node`.
    #[inline]
    pub fn may_be_item(&self, node: u32) -> bool {
        self.nodes[node as usize].item
    }

    /// The field of values at `node`.
    pub fn field(&mut self, node: u32) -> u32 {
        let n = &mut self.nodes[node as usize];
        if n.field == NONE {
            n.field = self.fields.len() as u32;
            self.fields.push(if n.name.is_empty() { "value".to_owned() } else { n.name.clone() });
        }
        n.field
    }

    /// Notes that values at `node` are bytes in base64.
    pub fn note_base64(&mut self, node: u32) {
        let field = self.field(node);
        if !self.base64.contains(&field) {
            self.base64.push(field);
        }
    }

    /// The field of lines that are no JSON.
    pub fn raw_field(&mut self) -> u32 {
        match self.fields.iter().position(String::is_empty) {
            Some(i) => i as u32,
            None => {
                self.fields.push(String::new());
                (self.fields.len() - 1) as u32
            }
        }
    }
}
