//! `rds/`: the export of a snapshot of the PostgreSQL database `support`, as Parquet.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, GzipLevel},
    file::properties::WriterProperties,
};

use super::{World, ids, people::Person, truth::Record};

const EXPORT: &str = "harborlight-support-2026-11-03";
const ACCOUNTS: &str = "harborlight-support/support.public.accounts";
const PAYMENTS: &str = "harborlight-support/support.public.payment_methods";
const EMPTY: &str = "harborlight-support/support.public.feedback_archive";

/// Source types of the columns, as the export writes them down.
const ACCOUNT_TYPES: &[(&str, &str, &str)] = &[
    ("account_id", "bigint", "int64"),
    ("customer_id", "character varying", "binary (UTF8)"),
    ("email", "character varying", "binary (UTF8)"),
    ("full_name", "text", "binary (UTF8)"),
    ("phone", "character varying", "binary (UTF8)"),
    ("ssn", "character", "binary (UTF8)"),
    ("driver_license", "character varying", "binary (UTF8)"),
    ("state", "character", "binary (UTF8)"),
    ("date_of_birth", "date", "binary (UTF8)"),
    ("created_at", "timestamp without time zone", "binary (UTF8)"),
    ("marketing_opt_in", "boolean", "boolean"),
    ("tags", "ARRAY", "binary (UTF8)"),
];
const PAYMENT_TYPES: &[(&str, &str, &str)] = &[
    ("payment_id", "bigint", "int64"),
    ("account_id", "bigint", "int64"),
    ("cardholder_name", "text", "binary (UTF8)"),
    ("card_number", "character varying", "binary (UTF8)"),
    ("card_brand", "USER-DEFINED", "binary (UTF8)"),
    ("card_expires", "character varying", "binary (UTF8)"),
    ("iban", "character varying", "binary (UTF8)"),
    ("routing_number", "character", "binary (UTF8)"),
    ("bank_account_number", "character varying", "binary (UTF8)"),
    ("billing_zip", "character", "binary (UTF8)"),
];

/// A table's columns of text, in order of their names above; `None` is NULL.
type Text = Vec<Vec<Option<String>>>;

pub fn write(world: &mut World) {
    let mut rng = world.rng("rds");
    let customers = world.customers();
    let holders: Vec<&Person> = customers.iter().filter(|p| p.index % 5 != 4).collect();
    let root = format!("rds/{EXPORT}/support");

    // Partition 1 was an empty range of keys, so there is no part-00001.
    for (part, people) in [("part-00000", &holders[..170]), ("part-00002", &holders[170..])] {
        let path = format!("{root}/public.accounts/1/{part}-{}-c000.gz.parquet", rng.uuid());
        let mut numbers = Vec::new();
        let mut text: Text = vec![Vec::new(); 10];
        let mut opted = Vec::new();
        for (row, p) in people.iter().enumerate() {
            let mut r = world.truth.record(ACCOUNTS, &path, row as u64);
            let has = |chance: bool| chance || p.index == 0;
            let phone = has(rng.chance(85)).then(|| p.phone_as(0));
            let ssn = has(rng.chance(25)).then(|| p.ssn.clone());
            let licence = has(rng.chance(40)).then(|| p.licence.clone());
            let birth = has(rng.chance(60)).then(|| p.birth_iso());
            note(&mut r, p, "email", "generic.email", Some(&p.email));
            note(&mut r, p, "full_name", "generic.person_name", Some(&p.name()));
            note(&mut r, p, "phone", "generic.phone", phone.as_ref());
            note(&mut r, p, "ssn", "us.ssn", ssn.as_ref());
            note(&mut r, p, "driver_license", "us.driver_license", licence.as_ref());
            note(&mut r, p, "state", "us.state", Some(p.state));
            note(&mut r, p, "date_of_birth", "generic.birth_date", birth.as_ref());
            let created = format!(
                "2026-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
                rng.between(1, 10),
                rng.between(1, 28),
                rng.below(24),
                rng.below(60),
                rng.below(60),
                rng.below(1_000_000)
            );
            let tags = rng.pick(&["{}", "{vip}", "{returns,wholesale}", "{\"slow payer\",catalog}"]);
            numbers.push(account_id(p));
            opted.push(rng.chance(50));
            let row = [
                Some(p.customer_id.clone()),
                Some(p.email.clone()),
                Some(p.name()),
                phone,
                ssn,
                licence,
                Some(p.state.to_owned()),
                birth,
                Some(created),
                Some((*tags).to_owned()),
            ];
            text.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(numbers))];
        columns.extend(text.into_iter().map(|c| Arc::new(StringArray::from(c)) as ArrayRef));
        columns.insert(10, Arc::new(BooleanArray::from(opted)));
        world.tree.add(path, parquet_file(ACCOUNT_TYPES, columns));
    }
    world.tree.add(format!("{root}/public.accounts/1/_SUCCESS"), []);
    world.truth.empty_fields(ACCOUNTS, &["account_id", "customer_id", "created_at", "marketing_opt_in", "tags"]);

    let path = format!("{root}/public.payment_methods/1/part-00000-{}-c000.gz.parquet", rng.uuid());
    let (mut payments, mut accounts) = (Vec::new(), Vec::new());
    let mut text: Text = vec![Vec::new(); 8];
    for (row, p) in holders.iter().filter(|p| p.index % 3 != 1).enumerate() {
        let mut r = world.truth.record(PAYMENTS, &path, row as u64);
        let kind = if p.index == 0 { 0 } else { rng.below(10) };
        let card = (kind < 7).then(|| p.card.clone());
        let brand = card.is_some().then(|| p.brand.to_owned());
        let expires = card.is_some().then(|| format!("{:02}/{}", rng.between(1, 12), rng.between(27, 31)));
        let iban = (kind == 7).then(|| p.iban.clone());
        let routing = (kind > 7).then(|| ids::routing(&mut rng));
        let account = (kind > 7).then(|| format!("{}{}", rng.between(1, 9), rng.digits(9)));
        note(&mut r, p, "cardholder_name", "generic.person_name", Some(&p.name()));
        note(&mut r, p, "card_number", "generic.payment_card", card.as_ref());
        note(&mut r, p, "iban", "generic.iban", iban.as_ref());
        note(&mut r, p, "routing_number", "us.bank_routing", routing.as_ref());
        note(&mut r, p, "bank_account_number", "generic.bank_account", account.as_ref());
        note(&mut r, p, "billing_zip", "us.zip_code", Some(p.zip));
        payments.push(71_000 + row as i64);
        accounts.push(account_id(p));
        let row = [Some(p.name()), card, brand, expires, iban, routing, account, Some(p.zip.to_owned())];
        text.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(payments)), Arc::new(Int64Array::from(accounts))];
    columns.extend(text.into_iter().map(|c| Arc::new(StringArray::from(c)) as ArrayRef));
    world.tree.add(path, parquet_file(PAYMENT_TYPES, columns));
    world.tree.add(format!("{root}/public.payment_methods/1/_SUCCESS"), []);
    world.truth.empty_fields(PAYMENTS, &["payment_id", "account_id", "card_brand", "card_expires"]);

    let nothing = format!("{root}/public.feedback_archive/1/_SUCCESS");
    world.truth.object(EMPTY, &nothing);
    world.tree.add(nothing, []);
    manifests(world);
}

fn account_id(p: &Person) -> i64 {
    3_000 + p.index as i64
}

fn note(r: &mut Record<'_>, p: &Person, field: &str, classifier: &'static str, value: Option<impl AsRef<str>>) {
    if let Some(value) = value {
        r.put(field, classifier, value.as_ref(), Some(p.index));
    }
}

/// One Parquet file, compressed inside with gzip, in row groups of 100 rows.
fn parquet_file(types: &[(&str, &str, &str)], columns: Vec<ArrayRef>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(types.iter().zip(columns).map(|((name, ..), column)| (*name, column, true)))
        .expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_created_by("parquet-mr version 1.12.3 (build f8dced182c4c1fbdec6ccb3185537b5a01e6ed6b)".to_owned())
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .set_max_row_group_row_count(Some(100))
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).expect("plain columns");
    writer.write(&batch).expect("a vector takes all bytes");
    writer.close().expect("a vector takes all bytes");
    out
}

fn manifests(world: &mut World) {
    let info = format!(
        r#"{{
  "exportTaskIdentifier": "{EXPORT}",
  "sourceArn": "arn:aws:rds:us-east-1:111122223333:snapshot:harborlight-support",
  "exportOnly": [],
  "snapshotTime": "2026-11-03T00:05:11Z",
  "taskStartTime": "2026-11-03T00:20:40Z",
  "taskEndTime": "2026-11-03T00:52:03Z",
  "s3Bucket": "harborlight-exports",
  "s3Prefix": "rds",
  "exportedFilesPath": "rds/{EXPORT}",
  "iamRoleArn": "arn:aws:iam::111122223333:role/rds-export",
  "kmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/7d0c2a4e-51b8-4f0b-9a33-0b6d1c5e8f21",
  "status": "COMPLETE",
  "percentProgress": 100,
  "totalExportedDataInGB": 0.0001
}}
"#
    );
    let table = |name: &str, types: &[(&str, &str, &str)]| {
        let columns: Vec<String> = types
            .iter()
            .map(|(column, original, exported)| {
                format!(
                    "          {{ \"columnName\": \"{column}\", \"originalType\": \"{original}\", \"expectedExportedType\": \"{exported}\", \"originalCharMaxLength\": 0, \"originalNumPrecision\": 0, \"originalDateTimePrecision\": 0 }}"
                )
            })
            .collect();
        format!(
            "    {{\n      \"tableStatistics\": {{ \"extractionStartTime\": \"2026-11-03T00:31:00Z\", \"extractionEndTime\": \"2026-11-03T00:31:20Z\", \"partitioningInfo\": {{ \"numberOfPartitions\": 3, \"numberOfCompletedPartitions\": 3 }} }},\n      \"schemaMetadata\": {{\n        \"originalTypeMappings\": [\n{}\n        ]\n      }},\n      \"status\": \"COMPLETE\",\n      \"sizeGB\": 0.0001,\n      \"target\": \"support.public.{name}\"\n    }}",
            columns.join(",\n")
        )
    };
    let entries = [
        table("accounts", ACCOUNT_TYPES),
        table("payment_methods", PAYMENT_TYPES),
        table("feedback_archive", &[("feedback_id", "bigint", "int64"), ("body", "text", "binary (UTF8)")]),
        "    {\n      \"warningMessage\": \"The table was skipped because it has a column name that is not supported\",\n      \"target\": \"support.public.call_recordings\"\n    }".to_owned(),
    ];
    let tables = format!("{{\n  \"perTableStatus\": [\n{}\n  ]\n}}\n", entries.join(",\n"));
    world.tree.add(format!("rds/{EXPORT}/export_info_{EXPORT}.json"), info);
    world.tree.add(format!("rds/{EXPORT}/export_tables_info_{EXPORT}_from_1_to_{}.json", entries.len()), tables);
}
