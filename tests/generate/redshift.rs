//! `redshift/`: an UNLOAD of the warehouse's customers with ESCAPE, GZIP and MANIFEST VERBOSE.

use super::{
    World,
    tree::{gzip, js},
};

const DATASET: &str = "redshift/customers";

const COLUMNS: &[(&str, &str)] = &[
    ("customer_id", "\"base\":\"character varying\",\"max_length\":16"),
    ("full_name", "\"base\":\"character varying\",\"max_length\":80"),
    ("email", "\"base\":\"character varying\",\"max_length\":120"),
    ("phone", "\"base\":\"character varying\",\"max_length\":24"),
    ("ssn", "\"base\":\"character\",\"max_length\":9"),
    ("street_address", "\"base\":\"character varying\",\"max_length\":120"),
    ("city", "\"base\":\"character varying\",\"max_length\":60"),
    ("state", "\"base\":\"character\",\"max_length\":2"),
    ("zip_code", "\"base\":\"character\",\"max_length\":5"),
    ("lifetime_value", "\"base\":\"numeric\",\"precision\":12,\"scale\":2"),
    ("last_order", "\"base\":\"date\""),
    ("remarks", "\"base\":\"character varying\",\"max_length\":400"),
];

pub fn write(world: &mut World) {
    let mut rng = world.rng("redshift");
    let customers = world.customers();
    world.truth.empty_fields(DATASET, &["customer_id", "lifetime_value", "last_order", "remarks"]);
    let mut entries = Vec::new();
    let (mut all_bytes, mut all_rows) = (0, 0);
    for slice in 0..2usize {
        let path = format!("redshift/customers_{slice:04}_part_00.gz");
        let mut out = String::new();
        let mut rows = 0;
        for p in customers.iter().filter(|p| p.index % 4 != 3 && p.index % 2 == slice) {
            let mut r = world.truth.record(DATASET, &path, rows);
            let me = Some(p.index);
            let phone = if rng.chance(80) { p.phone_as(1) } else { String::new() };
            let ssn = if rng.chance(20) { p.ssn_bare() } else { String::new() };
            r.put("full_name", "generic.person_name", &p.name(), me);
            r.put("email", "generic.email", &p.email, me);
            if !phone.is_empty() {
                r.put("phone", "generic.phone", &phone, me);
            }
            if !ssn.is_empty() {
                r.put("ssn", "us.ssn", &ssn, me);
            }
            r.address(["street_address", "city", "state", "zip_code"], p);
            drop(r);
            let remarks = match rng.below(12) {
                0 => "first order\nby catalog".to_owned(),
                1 => "pickup|store 4".to_owned(),
                2 => "share \\\\depot\\returns".to_owned(),
                3 => "wholesale".to_owned(),
                _ => String::new(),
            };
            let value = format!("{}.{:02}", rng.between(20, 4000), rng.below(100));
            let last = format!("2026-{:02}-{:02}", rng.between(1, 10), rng.between(1, 28));
            let (name, email) = (p.name(), p.email.clone());
            let fields =
                [&p.customer_id, &name, &email, &phone, &ssn, &p.street, p.city, p.state, p.zip, &value, &last, &remarks].map(escaped);
            out.push_str(&fields.join("|"));
            out.push('\n');
            rows += 1;
        }
        let bytes = gzip(out.as_bytes());
        let url = js(&format!("s3://harborlight-exports/{path}"));
        entries.push(format!("    {{\"url\":{url},\"meta\":{{\"content_length\":{},\"record_count\":{rows}}}}}", bytes.len()));
        all_bytes += bytes.len();
        all_rows += rows;
        world.tree.add(path, bytes);
    }
    let schema: Vec<String> = COLUMNS.iter().map(|(name, kind)| format!("      {{\"name\":{},\"type\":{{{kind}}}}}", js(name))).collect();
    let manifest = format!(
        "{{\n  \"entries\":[\n{}\n  ],\n  \"schema\":{{\n    \"elements\":[\n{}\n    ]\n  }},\n  \"meta\":{{\"content_length\":{all_bytes},\"record_count\":{all_rows}}},\n  \"author\":{{\"name\":\"Amazon Redshift\",\"version\":\"1.0.0\"}}\n}}\n",
        entries.join(",\n"),
        schema.join(",\n")
    );
    world.tree.add("redshift/customers_manifest", manifest);
}

/// ESCAPE: a backslash before each line feed, carriage return, delimiter and backslash; the byte behind it stays itself.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, '\n' | '\r' | '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
