//! The truth about the samples: what was planted where, and who belongs together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::{CUSTOMERS, people::Person};

/// The field of what stands in running text.
pub const TEXT: &str = "(text)";

/// A normalised identifier: classifier and value.
type Ident = (&'static str, String);

/// Classifiers whose values name a consumer.
const STRONG: &[&str] =
    &["generic.email", "generic.phone", "generic.payment_card", "generic.iban", "us.ssn", "us.mbi", "us.driver_license"];

/// An identifier that stands with more than this many values of one strong classifier is shared and links nothing. The
/// planted shared ones stand with more than twice as many, the household's phone with fewer.
const SHARED_FROM: usize = 12;

/// Where a value stands in its member.
#[derive(Clone, Copy)]
pub enum At {
    /// Record number, from 0.
    Row(u64),
    /// First byte of the decompressed member.
    Byte(usize),
}

#[derive(Default)]
pub struct Truth {
    datasets: BTreeMap<String, Dataset>,
    /// Link scopes with two identifiers or more.
    scopes: Vec<Vec<Ident>>,
    identifiers: BTreeSet<Ident>,
    planted: BTreeSet<(&'static str, String)>,
    heroine: Vec<HeroinePlace>,
    pub breach: Breach,
}

#[derive(Default)]
struct Dataset {
    objects: BTreeSet<String>,
    records: u64,
    fields: BTreeMap<String, BTreeMap<&'static str, u64>>,
    prose: BTreeMap<&'static str, u64>,
    people: BTreeSet<usize>,
    people_by_object: BTreeMap<String, BTreeSet<usize>>,
}

/// One place of the heroine's.
#[derive(Clone, Serialize)]
pub struct HeroinePlace {
    pub dataset: String,
    pub object: String,
    pub field: String,
    pub classifier: &'static str,
    /// Record number, from 0; null in running text.
    pub row: Option<u64>,
    /// Half-open range in the decompressed member; null in tables.
    pub bytes: Option<[usize; 2]>,
}

/// The theft that the CloudTrail files tell of.
#[derive(Clone, Default, Serialize)]
pub struct Breach {
    pub principal: String,
    pub ip: String,
    pub from: String,
    pub to: String,
    /// Objects read or copied, as paths below `samples/`.
    pub read: BTreeSet<String>,
    /// Those copied to another account's bucket.
    pub copied: BTreeSet<String>,
    /// Objects that were asked for and refused.
    pub denied: BTreeSet<String>,
    /// Customers with a strong identifier in what was read.
    pub people: usize,
}

/// One record being written.
pub struct Record<'a> {
    truth: &'a mut Truth,
    dataset: &'a str,
    object: &'a str,
    row: u64,
    scope: Vec<Ident>,
}

impl Truth {
    /// Notes that `object` belongs to `dataset`, even if it holds nothing.
    pub fn object(&mut self, dataset: &str, object: &str) {
        self.datasets.entry(dataset.to_owned()).or_default().objects.insert(object.to_owned());
    }

    /// Begins a record. Values put into it link, up to the next `scope` or its end.
    pub fn record<'a>(&'a mut self, dataset: &'a str, object: &'a str, row: u64) -> Record<'a> {
        self.object(dataset, object);
        self.datasets.get_mut(dataset).expect("just added").records += 1;
        Record { truth: self, dataset, object, row, scope: Vec::new() }
    }

    /// Notes a value in running text, which links nothing.
    pub fn text(&mut self, dataset: &str, object: &str, at: usize, classifier: &'static str, value: &str, whose: Option<usize>) {
        self.object(dataset, object);
        self.place(dataset, object, TEXT, At::Byte(at), classifier, value, whose);
    }

    /// Notes a value that a reader of the language finds but no pattern must: a name in the middle of a sentence.
    pub fn prose(&mut self, dataset: &str, object: &str, classifier: &'static str, value: &str) {
        self.object(dataset, object);
        *self.datasets.get_mut(dataset).expect("just added").prose.entry(classifier).or_default() += 1;
        self.planted.insert((classifier, value.to_owned()));
    }

    /// `count` records without anything personal.
    pub fn bare_records(&mut self, dataset: &str, object: &str, count: u64) {
        self.object(dataset, object);
        self.datasets.get_mut(dataset).expect("just added").records += count;
    }

    /// A field that holds nothing personal.
    pub fn empty_fields(&mut self, dataset: &str, fields: &[&str]) {
        let fields_of = &mut self.datasets.entry(dataset.to_owned()).or_default().fields;
        for field in fields {
            fields_of.entry((*field).to_owned()).or_default();
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn place(&mut self, dataset: &str, object: &str, field: &str, at: At, classifier: &'static str, value: &str, whose: Option<usize>) {
        let d = self.datasets.get_mut(dataset).expect("its record was begun");
        *d.fields.entry(field.to_owned()).or_default().entry(classifier).or_default() += 1;
        self.planted.insert((classifier, value.to_owned()));
        if STRONG.contains(&classifier) {
            self.identifiers.insert((classifier, normal(classifier, value)));
            if let Some(person) = whose {
                d.people.insert(person);
                d.people_by_object.entry(object.to_owned()).or_default().insert(person);
            }
        }
        if whose == Some(0) {
            let (row, bytes) = match at {
                At::Row(row) => (Some(row), None),
                At::Byte(start) => (None, Some([start, start + value.len()])),
            };
            let (dataset, object, field) = (dataset.to_owned(), object.to_owned(), field.to_owned());
            self.heroine.push(HeroinePlace { dataset, object, field, classifier, row, bytes });
        }
    }

    /// Customers with a strong identifier in one of the objects.
    pub fn people_in(&self, objects: &BTreeSet<String>) -> usize {
        let of =
            |d: &Dataset| d.people_by_object.iter().filter(|(o, _)| objects.contains(*o)).flat_map(|(_, p)| p.clone()).collect::<Vec<_>>();
        self.datasets.values().flat_map(of).collect::<BTreeSet<_>>().len()
    }

    /// `classifier TAB value`, sorted.
    pub fn planted_lines(&self) -> String {
        self.planted.iter().map(|(classifier, value)| format!("{classifier}\t{}\n", value.replace('\n', " "))).collect()
    }

    /// Counts of everything.
    pub fn summary(&self) -> Summary {
        let shared = self.shared();
        let (components, conflicts) = self.components(&shared);
        let everyone: BTreeSet<usize> = self.datasets.values().flat_map(|d| d.people.iter().copied()).collect();
        let mut classifiers: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut datasets = BTreeMap::new();
        for (name, d) in &self.datasets {
            for (classifier, n) in d.fields.values().flatten() {
                *classifiers.entry(classifier).or_default() += n;
            }
            let (objects, people) = (d.objects.iter().cloned().collect(), d.people.len());
            let (fields, prose) = (d.fields.clone(), d.prose.clone());
            datasets.insert(name.clone(), DatasetSummary { objects, records: d.records, people, fields, prose });
        }
        Summary {
            heroine: Heroine { email: super::people::HEROINE_EMAIL, places: self.heroine.clone() },
            customers: everyone.range(..CUSTOMERS).count(),
            others: everyone.range(CUSTOMERS..).count(),
            consumers: components,
            shared_identifiers: shared.len(),
            conflicting_records: conflicts,
            classifiers,
            datasets,
            coverage: vec![
                Gap {
                    object: super::orders::CUT,
                    status: "partial",
                    why: "a gzip stream cut in the middle; 120 records come before the cut",
                },
                Gap { object: super::warehouse::RANDOM, status: "unread", why: "random bytes of no known format" },
                Gap {
                    object: "support.public.call_recordings",
                    status: "unread",
                    why: "a table that the RDS export itself skipped, with a warning",
                },
            ],
            breach: self.breach.clone(),
        }
    }

    /// Identifiers that stand with too many values of one strong classifier, itself included.
    fn shared(&self) -> BTreeSet<Ident> {
        let mut beside: HashMap<&Ident, BTreeMap<&str, BTreeSet<&str>>> = HashMap::new();
        for scope in &self.scopes {
            for a in scope {
                for b in scope.iter().filter(|b| *b != a) {
                    beside.entry(a).or_default().entry(b.0).or_default().insert(&b.1);
                }
            }
        }
        let many = |by_class: &BTreeMap<&str, BTreeSet<&str>>| by_class.values().any(|values| values.len() > SHARED_FROM);
        beside.into_iter().filter(|(_, by_class)| many(by_class)).map(|(ident, _)| ident.clone()).collect()
    }

    /// How many groups of identifiers the records join, and how many records hold two values of one class.
    fn components(&self, shared: &BTreeSet<Ident>) -> (usize, usize) {
        let of: HashMap<&Ident, usize> =
            self.identifiers.iter().filter(|i| !shared.contains(*i)).enumerate().map(|(n, i)| (i, n)).collect();
        let mut parent: Vec<usize> = (0..of.len()).collect();
        fn root(parent: &[usize], mut i: usize) -> usize {
            while parent[i] != i {
                i = parent[i];
            }
            i
        }
        let mut conflicts = 0;
        for scope in &self.scopes {
            let classes: BTreeSet<&str> = scope.iter().map(|(class, _)| *class).collect();
            if classes.len() < scope.iter().collect::<BTreeSet<_>>().len() {
                conflicts += 1;
            }
            // Where a class has two values, neither links; the others still do.
            let alone = |ident: &&Ident| scope.iter().filter(|(class, value)| *class == ident.0 && *value != ident.1).count() == 0;
            let nodes: Vec<usize> = scope.iter().filter(alone).filter_map(|ident| of.get(ident).copied()).collect();
            for pair in nodes.windows(2) {
                let (a, b) = (root(&parent, pair[0]), root(&parent, pair[1]));
                parent[a.max(b)] = a.min(b);
            }
        }
        ((0..parent.len()).filter(|&i| parent[i] == i).count(), conflicts)
    }
}

impl Record<'_> {
    /// Notes a value of this record, as it is written.
    pub fn put(&mut self, field: &str, classifier: &'static str, value: &str, whose: Option<usize>) {
        self.truth.place(self.dataset, self.object, field, At::Row(self.row), classifier, value, whose);
        if STRONG.contains(&classifier) {
            self.scope.push((classifier, normal(classifier, value)));
        }
    }

    /// Notes a value in a longer text of this record: it is found, but links nothing.
    pub fn inside(&mut self, field: &str, classifier: &'static str, value: &str, whose: Option<usize>) {
        self.truth.place(self.dataset, self.object, field, At::Row(self.row), classifier, value, whose);
    }

    /// Notes something that may be taken for personal, and may be not: the name of a role under `userName`.
    pub fn maybe(&mut self, classifier: &'static str) {
        let d = self.truth.datasets.get_mut(self.dataset).expect("the record was begun");
        *d.prose.entry(classifier).or_default() += 1;
    }

    /// Street, city, state and ZIP of `p`, under these field names.
    pub fn address(&mut self, fields: [&str; 4], p: &Person) {
        self.put(fields[0], "generic.street_address", &p.street, Some(p.index));
        self.put(fields[1], "generic.city", p.city, Some(p.index));
        self.put(fields[2], "us.state", p.state, Some(p.index));
        self.put(fields[3], "us.zip_code", p.zip, Some(p.index));
    }

    /// Ends a link scope: what follows is about somebody else.
    pub fn scope(&mut self) {
        let scope = std::mem::take(&mut self.scope);
        if scope.len() > 1 {
            self.truth.scopes.push(scope);
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        self.scope();
    }
}

/// One way of writing for one identifier.
fn normal(classifier: &str, value: &str) -> String {
    match classifier {
        "generic.email" => value.to_lowercase(),
        "generic.phone" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            digits[digits.len() - 10..].to_owned()
        }
        _ => value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase(),
    }
}

/// What `samples_truth.json` holds.
#[derive(Serialize)]
pub struct Summary {
    pub heroine: Heroine,
    /// Customers with a strong identifier somewhere.
    pub customers: usize,
    /// People who are no customers: receivers of gifts, staff.
    pub others: usize,
    /// Groups of strong identifiers that records join, shared ones left out. The household's phone joins its three people.
    pub consumers: usize,
    pub shared_identifiers: usize,
    /// Records that hold two values of one strong class, which therefore link nothing.
    pub conflicting_records: usize,
    pub classifiers: BTreeMap<&'static str, u64>,
    pub datasets: BTreeMap<String, DatasetSummary>,
    pub coverage: Vec<Gap>,
    pub breach: Breach,
}

#[derive(Serialize)]
pub struct Heroine {
    pub email: &'static str,
    pub places: Vec<HeroinePlace>,
}

#[derive(Serialize)]
pub struct DatasetSummary {
    pub objects: Vec<String>,
    pub records: u64,
    pub people: usize,
    /// Field to classifier to count; a field with none holds nothing personal.
    pub fields: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// What may be found and need not be: names in the middle of sentences, names of roles.
    pub prose: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
pub struct Gap {
    pub object: &'static str,
    pub status: &'static str,
    pub why: &'static str,
}
