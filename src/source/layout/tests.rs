use super::*;

/// A listing of (uri, content), recognised; control files are read from it.
fn layout(files: &[(&str, &str)]) -> Layout {
    let objects: Vec<Object> = files
        .iter()
        .map(|(u, c)| Object { uri: (*u).to_owned(), version: "1".into(), size: c.len() as u64, modified: None, until: None })
        .collect();
    let by_uri: HashMap<&str, &str> = files.iter().copied().collect();
    recognise(&objects, &mut |o| Ok(Bytes::copy_from_slice(by_uri[o.uri.as_str()].as_bytes())))
}

/// Names of all datasets, and (file, detail) of the issues.
fn seen(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let l = layout(files);
    assert_eq!(l.hints.len(), files.len());
    let issues = l.issues.iter().map(|(u, i)| format!("{}: {}: {}", file_name(u), i.reason, i.detail)).collect();
    (l.hints.into_iter().map(|h| h.dataset).collect(), issues)
}

#[test]
fn generic_names_are_relative_to_what_all_share() {
    let (names, issues) = seen(&[("s3://b/data/crm/customers.csv", ""), ("s3://b/data/logs/app-2026-11-01.log.gz", "")]);
    assert_eq!(names, ["crm/customers.csv", "logs/app-*.log"]);
    assert!(issues.is_empty());
    assert_eq!(seen(&[("/srv/crm/customers.csv", "")]).0, ["customers.csv"]);
    assert_eq!(seen(&[("s3://b/x.csv", ""), ("s3://b/y/x.csv", "")]).0, ["x.csv", "y/x.csv"]);
    assert_eq!(seen(&[("/a/x.csv", ""), ("/ab/x.csv", "")]).0, ["a/x.csv", "ab/x.csv"]);
    assert_eq!(seen(&[("-", "")]).0, ["-"]);
    assert!(seen(&[]).0.is_empty());
    let o = Object { uri: "s3://b/p/q/x.csv".into(), version: String::new(), size: 0, modified: None, until: None };
    let l = recognise_under("s3://b/p", std::slice::from_ref(&o), &mut |_| panic!("no control file here"));
    assert_eq!(l.hints[0].dataset, "q/x.csv");
}

const INFO: &str = r#"{"sourceArn":"arn:aws:rds:us-east-1:123456789012:db:support-db","status":"COMPLETE","kmsKeyId":null}"#;

#[test]
fn rds_exports() {
    let tables = r#"{"perTableStatus":[
        {"target":"shop.public.accounts","status":"COMPLETE","sizeGB":0.1,"tableStatistics":{}},
        {"target":"shop.public.odd name","status":"COMPLETE","sizeGB":0.1},
        {"target":"shop.public.gone","status":"COMPLETE","sizeGB":0.2},
        {"target":"shop.public.empty","status":"COMPLETE","sizeGB":0.0},
        {"target":"shop.public.late","status":"IN_PROGRESS"},
        {"target":"postgres","warningMessage":"jane@example.com broke it"}]}"#;
    let (names, issues) = seen(&[
        ("/x/rds/e1/export_info_e1.json", INFO),
        ("/x/rds/e1/export_tables_info_e1_from_1_to_6.json", tables),
        ("/x/rds/e1/shop/public.accounts/1/_SUCCESS", ""),
        ("/x/rds/e1/shop/public.accounts/1/part-00000-0b54c3f6-9a55-4d1c-8f0e-d0a1b2c3d4e5-c000.gz.parquet", ""),
        ("/x/rds/e1/shop/public.odd_name/part-00000.gz.parquet", ""),
        ("/x/rds/e1/shop/public.unlisted/1/part-00000.gz.parquet", ""),
        ("/x/other.csv", ""),
    ]);
    assert_eq!(
        names,
        [
            "support-db",
            "support-db",
            "support-db/shop.public.accounts",
            "support-db/shop.public.accounts",
            "support-db/shop.public.odd name",
            "support-db/shop.public.unlisted",
            "other.csv"
        ]
    );
    assert_eq!(
        issues,
        [
            "export_tables_info_e1_from_1_to_6.json: export_incomplete: the status of shop.public.late is IN_PROGRESS, not COMPLETE",
            "export_tables_info_e1_from_1_to_6.json: export_incomplete: the export has a warning about postgres: it may be missing or incomplete",
            "export_info_e1.json: export_incomplete: a part of the table shop.public.unlisted has no _SUCCESS: it may be incomplete",
            "export_info_e1.json: export_incomplete: the table shop.public.gone has data in the export and no files here",
        ]
    );
}

#[test]
fn rds_exports_that_are_not_whole() {
    let started = r#"{"sourceArn":null,"status":"IN_PROGRESS"}"#;
    let (names, issues) = seen(&[("/e1/export_info_e1.json", started), ("/e1/db/db.t/part-0.parquet", ""), ("/z", "")]);
    assert_eq!(names[1], "e1/db.db.t", "the export's id stands in for the instance");
    let no_tables = "export_info_e1.json: export_incomplete: the export has no export_tables_info: which tables it skipped is unknown";
    assert_eq!(issues, ["export_info_e1.json: export_incomplete: the status of the export is IN_PROGRESS, not COMPLETE", no_tables]);
    let (names, issues) = seen(&[("/e1/export_info_e1.json", "{\"sec"), ("/e1/db/db.t/part-0.parquet", "")]);
    assert_eq!(names[1], "e1/db.db.t");
    assert_eq!(issues, ["export_info_e1.json: corrupt: the export's control file is not the JSON it should be", no_tables]);
    let mysql = r#"{"perTableStatus":[{"target":"db.t","status":"COMPLETE"}]}"#;
    let files = [("/e/export_info_e.json", INFO), ("/e/export_tables_info_e_from_1_to_1.json", mysql), ("/e/db/db.t/1/p.parquet", "")];
    assert_eq!(seen(&files).0[2], "support-db/db.t");
}

#[test]
fn unloads() {
    let verbose = r#"{"entries":[{"url":"s3://elsewhere/u/customers_0000_part_00.gz","meta":{"content_length":0}},
        {"url":"s3://elsewhere/u/customers_0001_part_00.gz"}],
        "schema":{"elements":[{"name":"id","type":{"base":"integer"}},{"name":"email","type":{"base":"character varying"}}]}}"#;
    let files = [
        ("/x/redshift/customers_0000_part_00.gz", ""),
        ("/x/redshift/customers_0001_part_00.gz", ""),
        ("/x/redshift/customers_0002_part_00.gz", ""),
        ("/x/redshift/customers_manifest", verbose),
        ("/x/redshift/orders_0000_part_00", ""),
        ("/x/a", ""),
    ];
    let l = layout(&files);
    assert!(l.issues.is_empty(), "{:?}", l.issues);
    let columns = Some(["id".to_owned(), "email".to_owned()].into());
    let hint = |dataset: &str, columns: &Option<std::sync::Arc<[String]>>| Hint {
        dataset: dataset.into(),
        columns: columns.clone(),
        ..Hint::default()
    };
    assert_eq!(l.hints[0], hint("redshift/customers", &columns));
    assert_eq!(l.hints[1], hint("redshift/customers", &columns));
    let stale = Hint { role: Role::History, ..hint("redshift/customers", &None) };
    assert_eq!(l.hints[2], stale, "older than the manifest: its columns are unknown");
    assert_eq!((l.hints[3].dataset.as_str(), l.hints[3].role), ("redshift/customers", Role::Bookkeeping));
    let types = [("id", "integer"), ("email", "character varying")].map(|(c, t)| (c.to_owned(), t.to_owned()));
    assert_eq!(l.datasets["redshift/customers"], DatasetFacts { kind: "redshift-unload", types: types.to_vec() });
    assert_eq!(l.hints[4], hint("redshift/orders", &None));
    // The name does not hang on what else lies there, nor on where the scan starts.
    assert_eq!(seen(&files[..5]).0[0], "redshift/customers");
}

#[test]
fn unloads_with_partitions_dates_and_gaps() {
    let plain = r#"{"entries":[{"url":"s3://b/u/t/state=CA/0000_part_00.parquet"},{"url":"s3://b/u/t/state=NY/0000_part_00.parquet"},
        {"url":"s3://b/u/t/state=TX/0000_part_00.parquet"}]}"#;
    let (names, issues) = seen(&[
        ("/x/deep/u/t/manifest", plain),
        ("/x/deep/u/t/state=CA/0000_part_00.parquet", ""),
        ("/x/deep/u/t/state=NY/0000_part_00.parquet", ""),
        ("/x/day/2026-11-01/sales_0000_part_00", ""),
        ("/x/day/2026-11-02/sales_0000_part_00", ""),
        ("/x/eu/daily/sales_0000_part_00", ""),
        ("/x/us/daily/sales_0000_part_00", ""),
    ]);
    assert_eq!(names, ["u/t", "u/t", "u/t", "day/*/sales", "day/*/sales", "eu/daily/sales", "us/daily/sales"]);
    assert_eq!(issues, ["manifest: export_incomplete: 1 of 3 files of the manifest are not here"]);
    for other in ["hello", "{\"a\":1}", "{\"entries\":[{\"x\":1}]}", ""] {
        assert_eq!(seen(&[("/x/manifest", other)]), (vec!["manifest".to_owned()], vec![]), "{other}");
    }
    let (_, issues) = seen(&[("/x/manifest", "{\"entries\":[jane")]);
    assert_eq!(issues, ["manifest: corrupt: the manifest is not the JSON it should be"]);
    assert_eq!(seen(&[("s3://b/t_0000_part_00", "")]).0, ["b/t"]);
}

#[test]
fn dynamodb_exports() {
    let summary = r#"{"tableArn":"arn:aws:dynamodb:us-east-1:123456789012:table/sessions","s3Prefix":null}"#;
    let full = "{\"itemCount\":8,\"dataFileS3Key\":\"p/AWSDynamoDB/01768385930622-efd1a093/data/aaaa.json.gz\"}\n\
                {\"dataFileS3Key\":\"p/AWSDynamoDB/01768385930622-efd1a093/data/lost.json.gz\"}\nnonsense\n";
    let incremental = "{\"dataFileS3Key\":\"AWSDynamoDB/data/shared.json.gz\"}\n";
    let (names, issues) = seen(&[
        ("/x/AWSDynamoDB/01768385930622-efd1a093/_started", ""),
        ("/x/AWSDynamoDB/01768385930622-efd1a093/data/aaaa.json.gz", ""),
        ("/x/AWSDynamoDB/01768385930622-efd1a093/manifest-files.json", full),
        ("/x/AWSDynamoDB/01768385930622-efd1a093/manifest-summary.json", summary),
        ("/x/AWSDynamoDB/01768385930999-efd1a094/manifest-files.json", incremental),
        ("/x/AWSDynamoDB/01768385930999-efd1a094/manifest-summary.json", summary),
        ("/x/AWSDynamoDB/01768385931999-efd1a095/_started", ""),
        ("/x/AWSDynamoDB/data/orphan.json.gz", ""),
        ("/x/AWSDynamoDB/data/shared.json.gz", ""),
    ]);
    assert_eq!((names[1].as_str(), names[8].as_str()), ("dynamodb/sessions", "dynamodb/sessions"));
    assert_eq!((names[0].as_str(), names[2].as_str(), names[3].as_str()), ("dynamodb/sessions", "dynamodb/sessions", "dynamodb/sessions"));
    assert_eq!(names[7], "data/orphan.json");
    assert_eq!(
        issues,
        [
            "manifest-files.json: corrupt: 1 lines of the manifest name no data file",
            "manifest-files.json: export_incomplete: 1 data files of the manifest are not here",
            "_started: export_incomplete: the export has no manifest-summary.json: it did not finish, or failed",
        ]
    );
}

#[test]
fn the_newest_export_is_the_table_and_the_others_are_history() {
    let info = |id: &str, day: u32, status: &str| {
        format!(
            r#"{{"sourceArn":"arn:aws:rds:us-east-1:1:snapshot:rds:shop-2026-11-0{day}-06-10","status":"{status}","exportTaskIdentifier":"{id}",
            "snapshotTime":"2026-11-0{day}T06:10:00Z"}}"#
        )
    };
    let tables = r#"{"perTableStatus":[{"target":"db.public.a","status":"COMPLETE","schemaMetadata":{"originalTypeMappings":[
        {"columnName":"email","originalType":"character varying"},{"columnName":"x","originalType":"{jane@example.com}"}]}},
        {"target":"db.public.empty","status":"COMPLETE","sizeGB":0.0}]}"#;
    let (i1, i2, i3) = (info("e1", 1, "COMPLETE"), info("e2", 2, "COMPLETE"), info("e3", 3, "IN_PROGRESS"));
    let mut files = Vec::new();
    for (id, info) in [("e1", &i1), ("e2", &i2), ("e3", &i3)] {
        files.push((format!("/x/{id}/export_info_{id}.json"), info.as_str()));
        files.push((format!("/x/{id}/export_tables_info_{id}_from_1_to_2.json"), tables));
        files.push((format!("/x/{id}/db/public.a/1/_SUCCESS"), ""));
        files.push((format!("/x/{id}/db/public.a/1/part-0.gz.parquet"), ""));
        files.push((format!("/x/{id}/db/public.empty/1/_SUCCESS"), ""));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(u, c)| (u.as_str(), *c)).collect();
    let l = layout(&files);
    let roles: Vec<(&str, Role)> = l.hints.iter().map(|h| (h.dataset.as_str(), h.role)).collect();
    let of = |part: Role| {
        let book = Role::Bookkeeping;
        [("shop", book), ("shop", book), ("shop/db.public.a", book), ("shop/db.public.a", part), ("shop/db.public.empty", part)]
    };
    assert_eq!(roles[..5], of(Role::History));
    assert_eq!(roles[5..10], of(Role::Data));
    assert_eq!(roles[10..], of(Role::Data), "what is not complete replaces nothing and is not replaced");
    assert_eq!(l.hints[3].as_of, Timestamp::parse("2026-11-01T06:10:00Z"));
    let types = vec![("email".to_owned(), "character varying".to_owned())];
    assert_eq!(l.datasets["shop/db.public.a"], DatasetFacts { kind: "rds-export", types }, "a type is a plain word");
}

#[test]
fn what_an_rds_export_says_it_skipped() {
    let warns = |text: &str| {
        let info = serde_json::json!({"status": "COMPLETE", "warningMessage": text}).to_string();
        seen(&[("/e/export_info_e.json", &info), ("/e/export_tables_info_e_from_1_to_1.json", "{\"perTableStatus\":[]}")]).1
    };
    for (text, says) in [
        (
            r#"{"skippedTables":["jane@example.com"],"skippedObjectives":[],"general":[]}"#,
            "the export skipped 1 tables and 0 other objects",
        ),
        (
            r#"{"general":[{"reason":"FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE"}]}"#,
            "the export warns: FAILED_TO_EXTRACT_TABLES_LIST_FOR_DATABASE",
        ),
        ("jane@example.com was lost", "the export has a warning"),
    ] {
        assert_eq!(warns(text), [format!("export_info_e.json: export_incomplete: {says}")]);
    }
    assert_eq!(warns("  "), Vec::<String>::new());
}

#[test]
fn full_and_incremental_exports_of_dynamodb() {
    let full = |time: &str| format!(r#"{{"tableArn":"arn:aws:dynamodb:us-east-1:1:table/t","exportTime":"{time}","itemCount":3}}"#);
    let incremental = |to: &str| {
        format!(r#"{{"tableArn":"arn:aws:dynamodb:us-east-1:1:table/t","exportType":"INCREMENTAL_EXPORT","exportToTime":"{to}"}}"#)
    };
    let lists = |key: &str| format!("{{\"itemCount\":2,\"dataFileS3Key\":\"{key}\"}}\n");
    let exports = [
        ("01762128000001-00000001", full("2026-11-01T00:00:00.000Z"), "AWSDynamoDB/01762128000001-00000001/data/a.json.gz"),
        ("01762128000002-00000002", incremental("2026-11-01T12:00:00.000Z"), "AWSDynamoDB/data/b.json.gz"),
        ("01762128000003-00000003", full("2026-11-02T00:00:00.000Z"), "AWSDynamoDB/01762128000003-00000003/data/c.json.gz"),
        ("01762128000004-00000004", incremental("2026-11-02T12:00:00.000Z"), "AWSDynamoDB/data/d.json.gz"),
    ];
    let mut files = Vec::new();
    for (id, summary, data) in &exports {
        files.push((format!("/x/AWSDynamoDB/{id}/manifest-summary.json"), summary.clone()));
        files.push((format!("/x/AWSDynamoDB/{id}/manifest-files.json"), lists(data)));
        files.push((format!("/x/{data}"), String::new()));
    }
    files.push(("/x/AWSDynamoDB/01762128000004-00000004/manifest-files.md5".into(), "AAAAAAAAAAAAAAAAAAAAAA==".into()));
    let files: Vec<(&str, &str)> = files.iter().map(|(u, c)| (u.as_str(), c.as_str())).collect();
    let l = layout(&files);
    let data: Vec<Role> = l.hints.iter().skip(2).step_by(3).map(|h| h.role).collect();
    assert_eq!(data, [Role::History, Role::History, Role::Data, Role::Data]);
    assert!(l.hints.iter().all(|h| h.dataset == "dynamodb/t"));
    assert_eq!(l.hints[11].as_of, Timestamp::parse("2026-11-02T12:00:00Z"));
    let (_, issues) = seen(&files);
    let few = "manifest-files.json: export_incomplete: the items of the manifest's files are not as many as the export's summary says";
    let other = "manifest-files.json: corrupt: the manifest is not the one that its check sum was made of";
    assert_eq!(issues, [few, few, other]);
}

#[test]
fn versions_that_are_not_current_are_history() {
    let object = |uri: &str, version: &str| Object { uri: uri.into(), version: version.into(), size: 0, modified: None, until: None };
    let objects = [
        object("s3://b/u/t_0000_part_00", "etag"),
        object("s3://b/u/t_0000_part_00?versionId=v1", "v1"),
        object("s3://b/u/x=1/gone-7.csv?versionId=v2", "v2"),
        object("s3://b/z.csv", "etag"),
    ];
    let l = recognise_under("s3://b", &objects, &mut |_| panic!("no control file here"));
    let seen: Vec<(&str, Role)> = l.hints.iter().map(|h| (h.dataset.as_str(), h.role)).collect();
    assert_eq!(seen, [("u/t", Role::Data), ("u/t", Role::History), ("u/x=*/gone-*.csv", Role::History), ("z.csv", Role::Data)]);
    assert_eq!(l.hints[2].partitions, [("x".to_owned(), "1".to_owned())]);
}

#[test]
fn log_groups_and_streams() {
    let task = "0b54c3f6-9a55-4d1c-8f0e-d0a1b2c3d4e5";
    let export = format!("/x/prod-api/{task}/i-0123-web/000000.gz");
    let hose = format!("/x/clicks/2026/11/03/22/web-clicks-1-2026-11-03-22-15-01-{task}.gz");
    for (uri, name) in [
        (export.as_str(), "cloudwatch/prod-api"),
        (&format!("/x/2026-11-03/{task}/s/000001.gz"), "cloudwatch/exportedlogs"),
        (&hose, "firehose/web-clicks"),
        (&format!("/x/day=2026-11-03/web-clicks-12-2026-11-03-22-15-01-{task}.parquet"), "firehose/web-clicks"),
        (&format!("/x/web-clicks-1-2026-11-03-22-15-01-{task}"), "web-clicks-*"),
        ("/x/y/z/000000.gz", "*"),
    ] {
        assert_eq!(seen(&[(uri, "")]).0, [name], "{uri}");
    }
    let l = layout(&[(&export, ""), ("/x/prod-api/aws-logs-write-test", "Permission Check Successful")]);
    assert_eq!((l.hints[1].dataset.as_str(), l.hints[1].role), ("cloudwatch/prod-api", Role::Bookkeeping));
    assert_eq!(l.datasets["cloudwatch/prod-api"].kind, "cloudwatch-logs");
}

#[test]
fn logs_by_account_and_region() {
    let key =
        "AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/03/123456789012_CloudTrail_us-east-1_20261103T2215Z_Ab3dEf6hIj9kLm2n.json.gz";
    for (uri, name) in [
        (format!("s3://b/p/{key}"), "cloudtrail/123456789012/us-east-1"),
        (format!("/x/copies/{}", file_name(key)), "cloudtrail/123456789012/us-east-1"),
        (format!("/x/{}", key.replace("CloudTrail", "CloudTrail-Digest")), "cloudtrail-digest/123456789012/us-east-1"),
        (
            "/AWSLogs/o-abc123/123456789012/elasticloadbalancing/eu-west-2/2026/x.log.gz".into(),
            "elasticloadbalancing/123456789012/eu-west-2",
        ),
        ("/x/AWSLogs/notes/about/eu-west-2/x.txt".into(), "x.txt"),
    ] {
        assert_eq!(seen(&[(&uri, "")]).0, [name], "{uri}");
    }
}

#[test]
fn control_files_are_bounded_and_errors_are_told() {
    let at = |uri: &str, size| Object { uri: uri.into(), version: String::new(), size, modified: None, until: None };
    let objects = [at("/e/export_info_e.json", CONTROL_LIMIT + 1), at("/e/t_manifest", 5)];
    let mut reads = 0;
    let l = recognise(&objects, &mut |_| {
        reads += 1;
        Err(Error::new(Reason::AccessDenied, "no"))
    });
    assert_eq!(reads, 1);
    let reasons: Vec<_> = l.issues.iter().map(|(_, i)| i.reason).collect();
    assert_eq!(reasons, [Reason::MemoryLimit, Reason::ExportIncomplete, Reason::AccessDenied]);
}

#[test]
fn names_in_messages_are_plain_words() {
    for (name, shown) in
        [("db.public.t1", true), ("jane@x.com", false), ("457-55-5462", false), ("t5551234567", false), ("", false), ("no such", false)]
    {
        assert_eq!(speakable(name) == name, shown, "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn any_control_file_is_survived(
        content in "[\\[\\]{}:,\"a-z0-9/ \n]{0,80}",
        which in 0..4usize,
    ) {
        let control = ["/e/export_info_e.json", "/e/t_manifest", "/AWSDynamoDB/01768385930622-efd1a093/manifest-summary.json",
            "/AWSDynamoDB/01768385930622-efd1a093/manifest-files.json"][which];
        let l = layout(&[(control, &content), ("/e/db/db.t/x", ""), ("/e/t_0000_part_00", "")]);
        proptest::prop_assert_eq!(l.hints.len(), 3);
    }
}
