//! What a column's name says about its being a key.

/// Last words of the names of columns that may hold keys.
const KEY_WORDS: &[&str] =
    &["id", "ids", "key", "no", "nr", "num", "number", "code", "ref", "reference", "uid", "uuid", "guid", "identifier", "pk", "fk", "sk"];

/// Words for those whose key it can be: only a key of people says whose a row is.
const PEOPLE: &[&str] = &[
    "account",
    "applicant",
    "beneficiary",
    "borrower",
    "buyer",
    "candidate",
    "citizen",
    "client",
    "consumer",
    "contact",
    "crm",
    "customer",
    "donor",
    "employee",
    "guest",
    "holder",
    "household",
    "insured",
    "lead",
    "learner",
    "member",
    "owner",
    "participant",
    "passenger",
    "patient",
    "payer",
    "people",
    "person",
    "policyholder",
    "profile",
    "prospect",
    "resident",
    "shopper",
    "staff",
    "student",
    "subscriber",
    "taxpayer",
    "tenant",
    "user",
    "visitor",
    "voter",
    "worker",
];

/// Short forms.
const SHORT: &[(&str, &str)] = &[
    ("acc", "account"),
    ("acct", "account"),
    ("cust", "customer"),
    ("emp", "employee"),
    ("mbr", "member"),
    ("usr", "user"),
    ("subscr", "subscriber"),
    ("pers", "person"),
];

/// The words of a name: split at signs and between `camelCase` parts, in lower case, long forms, singular.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let camel = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (camel || !c.is_alphanumeric()) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        out.push(word);
    }
    out.into_iter().flat_map(|w| joined(&w)).map(|w| singular(&w)).collect()
}

/// `customerid` as `customer`, `id`.
fn joined(word: &str) -> Vec<String> {
    for end in ["id", "key", "no", "number", "uuid", "guid"] {
        if let Some(head) = word.strip_suffix(end)
            && PEOPLE.contains(&singular(head).as_str())
        {
            return vec![head.to_owned(), end.to_owned()];
        }
    }
    vec![word.to_owned()]
}

fn singular(word: &str) -> String {
    if let Some((_, long)) = SHORT.iter().find(|(s, _)| *s == word) {
        return (*long).to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 3 && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// What files are called behind their own name.
const ENDINGS: &[&str] = &[
    "gz", "zst", "csv", "tsv", "json", "jsonl", "ndjson", "parquet", "txt", "snappy", "avro", "orc", "bz2", "xz", "lz4", "zip", "tar",
    "tgz", "7z", "xlsx", "xls", "ods", "xml", "bson", "ion", "sql", "sqlite", "sqlite3", "db", "dump",
];

/// What stands behind the last dot of a field's path, and what stands before it.
fn last_segment(field: &str) -> (&str, &str) {
    field.rsplit_once('.').map_or(("", field), |(head, tail)| (head.rsplit('.').next().unwrap_or(head), tail))
}

/// Whether a field may be a key at all: its name ends like one (`customer_id`, `AccountNo`, `customer.id`) or is a word for
/// people. Of such columns a sample of hashes is kept.
///
/// ```
/// use piimap::identity::keys::is_candidate;
/// assert!(is_candidate("customer_id") && is_candidate("buyer.customerId") && is_candidate("id") && is_candidate("acct_no"));
/// assert!(!is_candidate("email") && !is_candidate("total") && !is_candidate(""));
/// ```
pub fn is_candidate(field: &str) -> bool {
    let words = words(last_segment(field).1);
    words.last().is_some_and(|w| KEY_WORDS.contains(&w.as_str()) || PEOPLE.contains(&w.as_str()))
}

/// Whom or what a key column numbers, as words: `customer_id` and `Cust-No` are about `customer`; `id` is about its object or
/// its table.
pub(super) fn entity(dataset: &str, field: &str) -> Vec<String> {
    let (above, own) = last_segment(field);
    let strip = |name: &str| -> Vec<String> { words(name).into_iter().filter(|w| !KEY_WORDS.contains(&w.as_str())).collect() };
    for name in [own, above, &table(dataset)] {
        let mut found = strip(name);
        if !found.is_empty() {
            found.sort();
            found.dedup();
            return found;
        }
    }
    Vec::new()
}

/// The name of a dataset's table: the last part of its path, without the endings of files; of `schema.table` the table.
pub(super) fn table(dataset: &str) -> String {
    let last = dataset.trim_end_matches('/').rsplit('/').next().unwrap_or(dataset);
    let mut name = last;
    while let Some((stem, end)) = name.rsplit_once('.')
        && ENDINGS.contains(&end)
    {
        name = stem;
    }
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

/// The database and schema of a dataset that is a table of one (`db/schema.table`); empty for others.
pub(super) fn schema(dataset: &str) -> &str {
    let table = table(dataset);
    dataset.strip_suffix(table.as_str()).and_then(|d| d.strip_suffix('.')).unwrap_or_default()
}

/// Whether the words are about people.
pub(super) fn about_people(entity: &[String]) -> bool {
    entity.iter().any(|w| PEOPLE.contains(&w.as_str()))
}

/// A short name for the key: `customer` of `customer_id`.
pub fn key_name(dataset: &str, field: &str) -> String {
    let name: Vec<String> = entity(dataset, field).iter().map(|w| w.chars().filter(char::is_ascii_alphanumeric).collect()).collect();
    let name = name.into_iter().filter(|w: &String| !w.is_empty()).collect::<Vec<_>>().join("_");
    if name.is_empty() || name.len() > 40 { "key".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_about_somebody() {
        for (dataset, field, want) in [
            ("crm/customers.csv", "customer_id", "customer"),
            ("crm/customers.csv", "id", "customer"),
            ("crm/customers.zip", "id", "customer"),
            ("x", "CustomerId", "customer"),
            ("x", "CUSTOMER_ID", "customer"),
            ("x", "customerid", "customer"),
            ("x", "Cust-No", "customer"),
            ("x", "buyer.customer.id", "customer"),
            ("db/public.accounts", "id", "account"),
            ("db/public.payments", "acct_no", "account"),
            ("x", "created_by_user_id", "by created user"),
            ("x", "items[].product_id", "product"),
            ("x", "user", "user"),
        ] {
            assert_eq!(entity(dataset, field).join(" "), want, "{dataset} {field}");
        }
        assert!(about_people(&entity("x", "user_id")));
        assert!(!about_people(&entity("x", "order_id")));
    }

    #[test]
    fn tables_and_their_databases() {
        for (dataset, want_schema, want_table) in [
            ("harbor/support.public.accounts", "harbor/support.public", "accounts"),
            ("crm/customers.csv", "", "customers"),
            ("crm/customers.csv.gz", "", "customers"),
            ("redshift/customers", "", "customers"),
            ("orders/*/*/orders-*.jsonl", "", "orders-*"),
        ] {
            assert_eq!((schema(dataset), table(dataset).as_str()), (want_schema, want_table));
        }
    }

    #[test]
    fn candidates() {
        for (name, want) in [
            ("customer_id", true),
            ("CustomerId", true),
            ("account", true),
            ("id", true),
            ("profile.uuid", true),
            ("order_no", true),
            ("email", false),
            ("paid", false),
            ("grid", false),
            ("notes", false),
            ("col3", false),
            ("", false),
        ] {
            assert_eq!(is_candidate(name), want, "{name}");
        }
    }
}
