//! The schema of an Avro file as a list of nodes that refer to one another by number: named types may contain themselves.

use std::collections::HashMap;

use serde_json::Value;

use crate::base::{Error, Reason, Result};
use crate::format::rows::part;

/// One type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Boolean,
    Int(Shape),
    Long(Shape),
    Float,
    Double,
    /// Text or bytes.
    Bytes(Shape),
    Fixed(usize, Shape),
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// How a value is to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    Plain,
    Date,
    /// Units in a second.
    Moment(i64),
    Decimal(usize),
}

/// More types than this are not believed.
const MOST: usize = 100_000;

/// Reads a schema; node 0 is the whole.
pub(super) fn parse(json: &[u8]) -> Result<Vec<Node>> {
    let bad = |what: &str| Error::new(Reason::Corrupt, format!("Avro: a schema {what}"));
    let schema: Value = serde_json::from_slice(json).map_err(|_| bad("that is no JSON"))?;
    let mut p = Parser { nodes: vec![Node::Null], names: HashMap::new() };
    let root = p.node(&schema, "", 0).ok_or_else(|| bad("that cannot be understood"))?;
    if root != 0 {
        p.nodes[0] = p.nodes[root].clone();
    }
    Ok(p.nodes)
}

struct Parser {
    nodes: Vec<Node>,
    names: HashMap<String, usize>,
}

impl Parser {
    fn add(&mut self, node: Node) -> Option<usize> {
        self.nodes.push(node);
        (self.nodes.len() <= MOST).then(|| self.nodes.len() - 1)
    }

    fn node(&mut self, schema: &Value, space: &str, depth: usize) -> Option<usize> {
        if depth > 200 {
            return None;
        }
        match schema {
            Value::String(name) => self.named(name, space, None),
            Value::Array(branches) => {
                let all = branches.iter().map(|b| self.node(b, space, depth + 1)).collect::<Option<_>>()?;
                self.add(Node::Union(all))
            }
            Value::Object(o) => {
                let kind = o.get("type")?;
                let Value::String(kind) = kind else { return self.node(kind, space, depth + 1) };
                let text = |k: &str| o.get(k).and_then(Value::as_str);
                // A name with dots brings its own namespace, whatever else is said.
                let own = text("name").and_then(|n| n.rsplit_once('.')).map(|n| n.0);
                let space = own.or(text("namespace")).unwrap_or(space).to_owned();
                let full = text("name").map(|n| if n.contains('.') || space.is_empty() { n.to_owned() } else { format!("{space}.{n}") });
                match kind.as_str() {
                    "record" | "error" => {
                        let at = self.add(Node::Null)?;
                        self.names.insert(full?, at);
                        let mut fields = Vec::new();
                        for f in o.get("fields")?.as_array()? {
                            let of = self.node(f.get("type")?, &space, depth + 1)?;
                            fields.push((part(f.get("name")?.as_str()?), of));
                        }
                        self.nodes[at] = Node::Record(fields);
                        Some(at)
                    }
                    "enum" => {
                        let symbols = o.get("symbols")?.as_array()?.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect();
                        let at = self.add(Node::Enum(symbols))?;
                        self.names.insert(full?, at);
                        Some(at)
                    }
                    "fixed" => {
                        let size = usize::try_from(o.get("size")?.as_u64()?).ok()?;
                        let at = self.add(Node::Fixed(size, shape(schema)))?;
                        self.names.insert(full?, at);
                        Some(at)
                    }
                    "array" => {
                        let of = self.node(o.get("items")?, &space, depth + 1)?;
                        self.add(Node::Array(of))
                    }
                    "map" => {
                        let of = self.node(o.get("values")?, &space, depth + 1)?;
                        self.add(Node::Map(of))
                    }
                    name => self.named(name, &space, Some(schema)),
                }
            }
            _ => None,
        }
    }

    fn named(&mut self, name: &str, space: &str, schema: Option<&Value>) -> Option<usize> {
        let shape = schema.map_or(Shape::Plain, shape);
        let node = match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" => Node::Int(shape),
            "long" => Node::Long(shape),
            "float" => Node::Float,
            "double" => Node::Double,
            "bytes" | "string" => Node::Bytes(shape),
            name => {
                let inner = format!("{space}.{name}");
                return self.names.get(&inner).or_else(|| self.names.get(name)).copied();
            }
        };
        self.add(node)
    }
}

fn shape(schema: &Value) -> Shape {
    let scale = schema.get("scale").and_then(Value::as_u64).unwrap_or(0) as usize;
    match schema.get("logicalType").and_then(Value::as_str) {
        Some("date") => Shape::Date,
        Some("timestamp-millis" | "local-timestamp-millis") => Shape::Moment(1_000),
        Some("timestamp-micros" | "local-timestamp-micros") => Shape::Moment(1_000_000),
        Some("timestamp-nanos" | "local-timestamp-nanos") => Shape::Moment(1_000_000_000),
        Some("decimal") => Shape::Decimal(scale.min(100)),
        _ => Shape::Plain,
    }
}
