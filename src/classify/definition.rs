//! A classifier file: what it may hold, read into types.
//!
//! ```toml
//! id = "us.ssn"                 # the file's path: us/ssn.toml
//! title = "US Social Security number"
//! element = "ssn"               # what laws count
//! severity = "critical"         # low | medium | high | critical
//! identity = "strong"           # strong | weak | none: may this value name a consumer?
//! references = ["https://..."]
//! test_values = ["078051120"]   # normalised; one `*` at either end stands for anything: shown, but names nobody
//! severity_levels = [{ occurrences = 50, severity = "high" }]   # from so many in one object on; below the first: none
//! ignore = ["SAMPLE"]           # a value that holds one of these, letter for letter, is not reported
//! [known_as]
//! macie = "USA_SOCIAL_SECURITY_NUMBER"
//! [[pattern]]
//! name = "delimited"
//! regex = '''[0-9]{3}-[0-9]{2}-[0-9]{4}'''   # bytes, of bounded length; or `finder = "person_name"` or "street_address":
//!                               # found by code, which also gives the confidence, up to `confidence`
//! validator = "us_ssn"
//! confidence = 0.85
//! edges = "number"              # token (default): no letter or digit next to it; number: nor part of a longer number; parameter: it
//!                               # ends before the next parameter of a query (`&name=`); name: no label, call or type ends there
//! requires = "context"          # context: a keyword near or the column's name; label: directly behind one of `labels`, or a
//!                               # cell of a column so named; column: only the latter. Then `confidence` is final, else context lifts it
//! columns = ["ssn"]             # with `requires = "column"`: only in columns so named, not in all that `[context]` names
//! separator = "assign"          # for labels: any (default) | assign: `:`, `=` or "is" must stand between label and value | number: `#`
//!                               # or "no" must | line: the label begins a line, and `:` must
//! labels = ["mr"]               # of this pattern, in place of those of `context`
//! [context]
//! keywords = ["ssn"]            # a blank also stands for `_`, `-` or nothing
//! labels = []
//! columns = ["ssn", "=tin"]     # words in a column's name; `=`: the whole name
//! against = ["order"]           # words near that speak against it
//! columns_against = []
//! within = 40                   # bytes before the value
//! distance = 50                 # exactly: a keyword must stand before the value, at most so many bytes from its own end to the
//!                               # value's end, or the column's name must say so
//! beside = ["generic.payment_card"]   # with `distance`: or a value of one of these must stand so near before it
//! [normalise]
//! steps = ["digits"]
//! [[match]]
//! text = "SSN: 457-55-5462"     # `field = "ssn"` makes the text a cell of that column
//! value = "457555462"           # normalised
//! [[reject]]
//! text = "shipment 666-05-1121"
//! why = "area 666 is never issued"
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;

use super::finder::Finder;
use super::known::TestValues;
use super::normalise::Step;
use super::validators::Validator;

/// How bad the exposure of one such value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Harmless alone.
    Low,
    /// Unpleasant alone.
    Medium,
    /// Harmful alone.
    High,
    /// Ruinous alone.
    Critical,
}

impl Severity {
    /// The word in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// From how many occurrences on a severity holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityLevel {
    /// So many in one object, or more.
    pub occurrences: u64,
    /// How bad that is.
    pub severity: Severity,
}

/// Whether a value may name a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// One person (or household) has it.
    Strong,
    /// Several may share it, or it changes hands.
    Weak,
    /// It names nobody.
    None,
}

impl Identity {
    /// The word in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Identity::Strong => "strong",
            Identity::Weak => "weak",
            Identity::None => "none",
        }
    }
}

/// One classifier, as its file says it.
#[derive(Clone, Debug)]
pub struct Classifier {
    /// The path of its file with dots: `us.ssn`.
    pub id: String,
    /// A title for people.
    pub title: String,
    /// What breach laws and privacy acts call it.
    pub element: String,
    /// How bad its exposure is.
    pub severity: Severity,
    /// How bad it is by how many there are in one object, ordered; empty: `severity`, however many.
    pub severity_levels: Vec<SeverityLevel>,
    /// Whether it may name a consumer.
    pub identity: Identity,
    /// Names in other systems: system to one or more names.
    pub known_as: BTreeMap<String, Vec<String>>,
    /// Where its facts come from.
    pub references: Vec<String>,
    /// The TOML text.
    pub source: Cow<'static, str>,
    pub(super) patterns: Vec<PatternDef>,
    pub(super) context: Context,
    pub(super) steps: Vec<Step>,
    pub(super) test_values: TestValues,
    pub(super) ignore: Vec<String>,
    /// A user brought it: where a word or a column speaks for it, it stands before those that all users have.
    pub(super) own: bool,
    /// Read from the text where the build left them out.
    pub(super) examples: OnceLock<Examples>,
}

/// What must be found and what must not.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Examples {
    #[serde(default, rename = "match")]
    pub matches: Vec<MatchExample>,
    #[serde(default, rename = "reject")]
    pub rejects: Vec<RejectExample>,
}

/// A word of a built-in file, or of a user's.
pub(super) type Text = Cow<'static, str>;

/// One way a value may look.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternDef {
    pub name: Text,
    #[serde(default)]
    pub regex: Text,
    #[serde(default)]
    pub finder: Option<Finder>,
    #[serde(default, deserialize_with = "validator")]
    pub validator: Option<Validator>,
    pub confidence: f32,
    #[serde(default)]
    pub edges: EdgeRule,
    #[serde(default)]
    pub requires: Requires,
    #[serde(default)]
    pub separator: Separator,
    #[serde(default)]
    pub columns: Vec<Text>,
    #[serde(default)]
    pub labels: Vec<Text>,
}

impl PatternDef {
    /// What stands before its values.
    pub fn labels<'a>(&'a self, context: &'a Context) -> &'a [Text] {
        if self.labels.is_empty() { &context.labels } else { &self.labels }
    }
}

/// What may stand next to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EdgeRule {
    #[default]
    Token,
    Number,
    Parameter,
    Name,
}

/// Without what a pattern says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Requires {
    #[default]
    Nothing,
    Context,
    Label,
    Column,
}

/// What must stand between a label and its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Separator {
    #[default]
    Any,
    Assign,
    Number,
    Line,
}

impl Separator {
    pub const ALL: [Separator; 4] = [Separator::Any, Separator::Assign, Separator::Number, Separator::Line];
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Context {
    pub keywords: Vec<Text>,
    pub labels: Vec<Text>,
    pub columns: Vec<Text>,
    pub against: Vec<Text>,
    pub columns_against: Vec<Text>,
    pub beside: Vec<Text>,
    pub within: Option<u32>,
    pub distance: Option<u32>,
}

impl Context {
    /// Where `distance` is said, how many bytes before a value a keyword may begin; `None` without either.
    pub fn reach(&self) -> Option<u32> {
        let longest = self.keywords.iter().map(|w| w.len()).max()?;
        // A blank of a phrase may be two signs in the text.
        Some(self.distance?.saturating_add(2 * longest as u32))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchExample {
    pub text: String,
    pub value: String,
    pub field: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectExample {
    pub text: String,
    pub why: String,
    pub field: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NormaliseDef {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    title: String,
    element: String,
    severity: Severity,
    identity: Identity,
    references: Vec<String>,
    #[serde(default)]
    test_values: Vec<String>,
    #[serde(default)]
    severity_levels: Vec<SeverityLevel>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    known_as: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pattern: Vec<PatternDef>,
    #[serde(default)]
    context: Context,
    #[serde(default)]
    normalise: NormaliseDef,
    #[serde(default, rename = "match")]
    matches: Vec<MatchExample>,
    #[serde(default, rename = "reject")]
    rejects: Vec<RejectExample>,
}

fn validator<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Validator>, D::Error> {
    let name = String::deserialize(d)?;
    match Validator::from_name(&name) {
        Some(v) => Ok(Some(v)),
        None => {
            let all: Vec<_> = Validator::ALL.iter().map(|v| v.name()).collect();
            Err(serde::de::Error::custom(format!("unknown validator `{name}`, expected one of {}", all.join(", "))))
        }
    }
}

/// What is wrong with a classifier file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// The file, as it was named.
    pub file: String,
    /// 1-based line, where one can be named.
    pub line: Option<usize>,
    /// What is wrong: the key, and what is allowed.
    pub message: String,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for DefinitionError {}

/// A check that accepts at most this share of random values is called a check digit.
const WEAKEST_CHECK: f32 = 0.15;

/// The most bytes a keyword, a label or a column name may have.
pub(super) const LONGEST_WORD: usize = 48;

/// The most bytes a keyword may stand before its value.
pub(super) const WIDEST_CONTEXT: u32 = 400;

impl Classifier {
    /// Reads one file. `path` is its path below the folder of classifiers, `us/ssn.toml`.
    pub fn parse(path: &str, text: &str) -> Result<Classifier, DefinitionError> {
        let fail = |key: Option<&str>, message: String| DefinitionError {
            file: path.to_owned(),
            line: key.and_then(|k| text.lines().position(|l| l.contains(k))).map(|l| l + 1),
            message,
        };
        let mut file: File = toml::from_str(text).map_err(|e| DefinitionError {
            file: path.to_owned(),
            line: e.span().map(|s| text.as_bytes()[..s.start.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1),
            message: e.message().to_owned(),
        })?;
        let expected = path.strip_suffix(".toml").unwrap_or(path).replace('/', ".");
        if file.id != expected {
            return Err(fail(Some("id"), format!("`id` is `{}`, but the path says `{expected}`", file.id)));
        }
        if file.id.is_empty() || !file.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.') {
            return Err(fail(Some("id"), "`id` may hold a-z, 0-9, `_` and `.` only".into()));
        }
        if file.element.is_empty() || !file.element.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Err(fail(Some("element"), "`element` may hold a-z, 0-9 and `_` only".into()));
        }
        if file.pattern.is_empty() {
            return Err(fail(None, "at least one [[pattern]] is needed".into()));
        }
        if file.pattern.len() > usize::from(u8::MAX) {
            return Err(fail(None, "at most 255 patterns".into()));
        }
        for p in &file.pattern {
            if !(p.confidence > 0.0 && p.confidence <= 1.0) {
                return Err(fail(Some(&p.name), format!("pattern `{}`: `confidence` must lie above 0 and up to 1", p.name)));
            }
            if p.regex.is_empty() == p.finder.is_none() {
                return Err(fail(Some(&p.name), format!("pattern `{}`: either `regex` or `finder` is needed", p.name)));
            }
            if p.requires == Requires::Label && p.labels(&file.context).is_empty() && file.context.columns.is_empty() {
                return Err(fail(Some(&p.name), format!("pattern `{}` requires a label, but `labels` and `columns` are empty", p.name)));
            }
            if p.requires == Requires::Column && file.context.columns.is_empty() {
                return Err(fail(Some(&p.name), format!("pattern `{}` requires a column, but `columns` is empty", p.name)));
            }
            if p.requires != Requires::Column && !p.columns.is_empty() {
                return Err(fail(Some(&p.name), format!("pattern `{}`: `columns` of its own need `requires = \"column\"`", p.name)));
            }
        }
        let lists = [
            ("keywords", &file.context.keywords),
            ("labels", &file.context.labels),
            ("columns", &file.context.columns),
            ("against", &file.context.against),
            ("columns_against", &file.context.columns_against),
        ];
        let own = file.pattern.iter().flat_map(|p| [("labels", &p.labels), ("columns", &p.columns)]);
        for (key, words) in lists.into_iter().chain(own) {
            for w in words {
                let plain = w.strip_prefix('=').filter(|_| key.starts_with("columns")).unwrap_or(w);
                let fits = |c: char| c.is_ascii_alphanumeric() || c == ' ' || (!c.is_ascii() && c.is_alphabetic() && !c.is_uppercase());
                if plain.is_empty() || plain.len() > LONGEST_WORD || !plain.chars().all(fits) {
                    let m = format!(
                        "`{key}`: \"{w}\" must be 1 to {LONGEST_WORD} letters (beyond ASCII: small ones), digits and single blanks"
                    );
                    return Err(fail(Some(key), m));
                }
                if !key.starts_with("columns") && plain.starts_with(|c: char| c.is_ascii_digit()) {
                    return Err(fail(Some(key), format!("`{key}`: \"{w}\" must begin with a letter")));
                }
                if plain.split(' ').any(str::is_empty) {
                    return Err(fail(Some(key), format!("`{key}`: \"{w}\" has a blank too many")));
                }
            }
        }
        if file.context.within.is_some_and(|w| w > WIDEST_CONTEXT) {
            return Err(fail(Some("within"), format!("`within` may be {WIDEST_CONTEXT} at most")));
        }
        if let Some(distance) = file.context.distance {
            let Some(reach) = file.context.reach().filter(|_| file.context.within.is_none()) else {
                return Err(fail(Some("distance"), "`distance` needs `keywords` and takes the place of `within`".into()));
            };
            if distance == 0 || reach > WIDEST_CONTEXT {
                return Err(fail(Some("distance"), format!("`distance` may be 1 to {}", WIDEST_CONTEXT + distance - reach)));
            }
            file.context.within = Some(reach);
        }
        if !file.severity_levels.is_sorted_by(|a, b| a.occurrences < b.occurrences) {
            return Err(fail(Some("severity_levels"), "`severity_levels` must be ordered by `occurrences`, each once".into()));
        }
        if file.ignore.iter().any(|w| w.is_empty()) {
            return Err(fail(Some("ignore"), "`ignore`: an empty word stands in every value".into()));
        }
        if file.matches.len() < 2 || file.rejects.len() < 2 {
            return Err(fail(None, "at least two [[match]] and two [[reject]] are needed".into()));
        }
        if let Some(r) = file.rejects.iter().find(|r| r.why.trim().is_empty()) {
            return Err(fail(Some(&r.text), "a [[reject]] must say `why`".into()));
        }
        Ok(Classifier::of(file, Cow::Owned(text.to_owned())))
    }

    fn of(file: File, source: Cow<'static, str>) -> Classifier {
        let known_as = file.known_as.into_iter().map(|(k, v)| match v {
            OneOrMany::One(one) => (k, vec![one]),
            OneOrMany::Many(many) => (k, many),
        });
        Classifier {
            id: file.id,
            title: file.title,
            element: file.element,
            severity: file.severity,
            severity_levels: file.severity_levels,
            identity: file.identity,
            known_as: known_as.collect(),
            references: file.references,
            source,
            patterns: file.pattern,
            context: file.context,
            test_values: TestValues::new(file.test_values, &file.normalise.steps),
            steps: file.normalise.steps,
            ignore: file.ignore,
            own: false,
            examples: OnceLock::from(Examples { matches: file.matches, rejects: file.rejects }),
        }
    }

    /// What stands before the values of a pattern.
    pub(super) fn labels(&self, pattern: u8) -> &[Text] {
        self.patterns[usize::from(pattern)].labels(&self.context)
    }

    /// Those of all its patterns.
    pub(super) fn all_labels(&self) -> impl Iterator<Item = &Text> {
        self.context.labels.iter().chain(self.patterns.iter().flat_map(|p| &p.labels))
    }

    /// What must be found in it and what must not.
    pub(super) fn examples(&self) -> &Examples {
        self.examples.get_or_init(|| toml::from_str(&self.source).unwrap_or_default())
    }

    /// How bad `count` of them in one object are; `None` where that is fewer than the lowest of its levels.
    pub fn severity_of(&self, count: u64) -> Option<Severity> {
        if self.severity_levels.is_empty() {
            return Some(self.severity);
        }
        self.severity_levels.iter().rev().find(|l| count >= l.occurrences).map(|l| l.severity)
    }

    /// The name of a pattern (`Match::pattern`); empty if there is none.
    pub fn pattern_name(&self, pattern: u8) -> &str {
        self.patterns.get(usize::from(pattern)).map_or("", |p| &p.name)
    }

    /// What a finding rests on, each word once: `check digit` (a check that few random values pass), `rules` (one that refuses
    /// some), `shape` (the expression alone), `context` (a word near or the column's name), `label` (one directly in front, or
    /// the column's name), `column`.
    pub fn proofs(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for p in &self.patterns {
            let check = match p.validator.map(Validator::accepts) {
                Some(share) if share <= WEAKEST_CHECK => Some("check digit"),
                Some(_) => Some("rules"),
                None => (p.requires == Requires::Nothing).then_some("shape"),
            };
            let needs = match p.requires {
                Requires::Nothing => None,
                Requires::Context => Some("context"),
                Requires::Label => Some("label"),
                Requires::Column => Some("column"),
            };
            words.extend(check.into_iter().chain(needs));
        }
        let order = ["check digit", "rules", "shape", "context", "label", "column"];
        order.into_iter().filter(|w| words.contains(w)).collect()
    }

    /// The validator's name of a pattern, if it has one.
    pub fn validator_name(&self, pattern: u8) -> Option<&'static str> {
        self.patterns.get(usize::from(pattern)).and_then(|p| p.validator).map(Validator::name)
    }
}
