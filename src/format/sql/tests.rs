use crate::base::Hint;
use crate::format::Limits;
use crate::format::tests::read;

fn values(data: &str, batch_bytes: usize) -> Vec<(u64, String, String)> {
    let limits = Limits { batch_bytes, ..Limits::default() };
    let (kind, values, issues, failed) = read(data.as_bytes(), "dump.sql", 7, &Hint::default(), &limits).unwrap();
    assert_eq!((kind, issues.len(), failed), ("sql", 0, None));
    let of_tables = values.into_iter().filter(|v| v.1 != "statements");
    of_tables.map(|(row, field, v)| (row, field, String::from_utf8(v).unwrap())).collect()
}

const POSTGRES: &str = "-- PostgreSQL database dump\nSET standard_conforming_strings = on;\n\
    CREATE TABLE public.people (\n    id integer NOT NULL,\n    email character varying(80) DEFAULT 'a,b',\n    \"full name\" text,\n    PRIMARY KEY (id)\n);\n\
    COPY public.people (id, email, \"full name\") FROM stdin;\n1\tann@example.com\tAnn\\tA\n2\t\\N\tB\\\\b\n\\.\n\n\
    INSERT INTO public.people VALUES (3, 'c@example.com', 'O''Neil; (x)\\'), (4, NULL, E'tab\\tend');\n";

const MYSQL: &str = "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `p`;\nCREATE TABLE `p` (\n  `id` int(11) NOT NULL,\n  `e,mail` varchar(9),\n  KEY `k` (`id`)\n) ENGINE=InnoDB;\n\
    LOCK TABLES `p` WRITE;\nINSERT INTO `p` VALUES (1,'x\\'y\\n'),(2,_binary 'z');\nINSERT INTO `p` (`id`) VALUES (-3),(0x41);\nINSERT INTO `q` VALUES ('w');\nUNLOCK TABLES;\n";

#[test]
fn dumps_are_tables() {
    let cell = |row: u64, field: &str, v: &str| (row, field.to_owned(), v.to_owned());
    for batch_bytes in [1, 30, 1 << 20] {
        let want = [
            cell(0, "people.id", "1"),
            cell(0, "people.email", "ann@example.com"),
            cell(0, "people.full name", "Ann\tA"),
            cell(1, "people.id", "2"),
            cell(1, "people.full name", "B\\b"),
            cell(2, "people.id", "3"),
            cell(2, "people.email", "c@example.com"),
            cell(2, "people.full name", "O'Neil; (x)\\"),
            cell(3, "people.id", "4"),
            cell(3, "people.full name", "tab\tend"),
        ];
        assert_eq!(values(POSTGRES, batch_bytes), want);
        let want = [
            cell(0, "p.id", "1"),
            cell(0, "p.e,mail", "x'y\n"),
            cell(1, "p.id", "2"),
            cell(1, "p.e,mail", "z"),
            cell(2, "p.id", "-3"),
            cell(3, "p.id", "A"),
            cell(0, "q.col1", "w"),
        ];
        assert_eq!(values(MYSQL, batch_bytes), want);
    }
}

#[test]
fn rows_in_a_file_of_their_own_have_numbered_columns() {
    let data = b"1\tann@example.com\tA\\tB\n2\t\\N\t\n\\.\n\n\n";
    for (name, want) in [("3352.dat.gz", "sql"), ("t/3352.dat", "sql"), ("a.dat", "text")] {
        let (kind, values, issues, failed) = read(data, name, 7, &Hint::default(), &Limits::default()).unwrap();
        assert_eq!((kind, issues.len(), failed), (want, 0, None), "{name}");
        if kind == "sql" {
            let values: Vec<_> = values.iter().map(|v| (v.0, v.1.as_str(), &v.2[..])).collect();
            assert_eq!(values, [(0, "col1", &b"1"[..]), (0, "col2", b"ann@example.com"), (0, "col3", b"A\tB"), (1, "col1", b"2")]);
        }
    }
    let long = "1\tann@example.com\n".repeat(20_000);
    let (kind, values, ..) = read(long.as_bytes(), "7.dat", 1000, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!((kind, values.len(), values[39_999].0), ("sql", 40_000, 19_999));
}

#[test]
fn all_strings_of_a_function_are_kept() {
    let data = "PRAGMA foreign_keys=OFF;\nCREATE TABLE u(id INT, mail TEXT, note TEXT);\n\
        INSERT INTO u VALUES(1,'b@li.org',replace('call 457-55-5462\\nx fn@li.org','\\n',char(10)));\n\
        INSERT INTO u VALUES(2,CAST('c@li.org' AS TEXT),replace(replace('a\\r\\nb','\\r',char(13)),'\\n',char(10)));\n\
        INSERT INTO u VALUES(CAST(-12.5 AS DECIMAL(9,2)),DATE '2026-01-01',concat('d@li.org','e','f@li.org'));\n\
        INSERT INTO u VALUES(upper(3),'g@' || lower('LI.ORG'),to_date('2026-01-02','YYYY'));\n";
    let cell = |row: u64, field: &str, v: &str| (row, format!("u.{field}"), v.to_owned());
    for batch_bytes in [1, 30, 1 << 20] {
        let want = [
            cell(0, "id", "1"),
            cell(0, "mail", "b@li.org"),
            cell(0, "note", "call 457-55-5462\nx fn@li.org"),
            cell(1, "id", "2"),
            cell(1, "mail", "c@li.org"),
            cell(1, "note", "a\r\nb"),
            cell(2, "id", "-12.5"),
            cell(2, "mail", "2026-01-01"),
            cell(2, "note", "d@li.org\ne\nf@li.org"),
            cell(3, "id", "3"),
            cell(3, "mail", "g@LI.ORG"),
            cell(3, "note", "2026-01-02\nYYYY"),
        ];
        assert_eq!(values(data, batch_bytes), want);
    }
}

#[test]
fn scripts_of_sql_server_are_tables() {
    let data = "USE [shop]\nGO\nCREATE TABLE [dbo].[Cust]([Name] [nvarchar](80) NULL, [Email] [nvarchar](80) NULL) ON [PRIMARY]\nGO\n\
        SET IDENTITY_INSERT [dbo].[Cust] ON \nINSERT [dbo].[Cust] ([Name], [Email]) VALUES (N'Ann \\', N'ann@x.org')\n\
        INSERT [dbo].[Cust] VALUES (N'Bob', CAST(N'bob@x.org' AS nvarchar(80)))\nGO\nINSERT INTO [Cust] ([Email]) VALUES (N'c@x.org');\n";
    let cell = |row: u64, field: &str, v: &str| (row, format!("Cust.{field}"), v.to_owned());
    for batch_bytes in [1, 30, 1 << 20] {
        let want = [
            cell(0, "Name", "Ann \\"),
            cell(0, "Email", "ann@x.org"),
            cell(1, "Name", "Bob"),
            cell(1, "Email", "bob@x.org"),
            cell(0, "Email", "c@x.org"),
        ];
        assert_eq!(values(data, batch_bytes), want);
    }
    // No brackets that end: an array is none of a name.
    let data = "CREATE TABLE t (a text[], b int);\nINSERT INTO t VALUES ('{[}', 7);\n";
    assert_eq!(values(data, 9).len(), 2);
}

#[test]
fn statements_that_follow_one_another_are_one_batch() {
    use crate::format::Reader;
    let rows: String = (0..50).map(|i| format!("INSERT INTO a (m, n) VALUES ({i}, 'x{i}@x.com');\n")).collect();
    let other = "INSERT INTO b VALUES (1);\nINSERT INTO a (n) VALUES ('last');\n";
    let data = format!("CREATE TABLE a (m int, n text);\n{rows}{other}");
    let mut sql = super::Sql::new(crate::format::tests::input(data.as_bytes(), 4096), data.as_bytes(), &Limits::default());
    let (mut batch, mut got) = (crate::base::Batch::default(), Vec::new());
    while sql.next_batch(&mut batch).unwrap() {
        got.push((batch.first_row, batch.records, batch.cells.last().unwrap().row, batch.scopes.len()));
    }
    assert_eq!(got, [(0, 0, 0, 0), (0, 50, 49, 50), (0, 1, 0, 1), (50, 1, 0, 1)]);
}

#[test]
fn what_stands_beside_rows_is_text() {
    let data = "-- MySQL dump\n-- one@x.com\nINSERT INTO a VALUES (1 /* two@x.com */), -- three@x.com\n# four@x.com\n(2);\n\
        /* five@x.com */ INSERT INTO a VALUES (3) ON DUPLICATE KEY UPDATE m = VALUES(m), n = 'six@x.com';\n\
        INSERT INTO a VALUES ROW(4), ROW(5) -- seven@x.com\n;\n-- eight@x.com\nCREATE TABLE b (n int);\n-- nine@x.com\n\
        COPY b (n) FROM stdin;\n6\n\\.\nINSERT INTO b VALUES (7) RETURNING n; -- ten@x.com";
    for batch_bytes in [1, 1 << 20] {
        let limits = Limits { batch_bytes, ..Limits::default() };
        let (_, got, issues, failed) = read(data.as_bytes(), "dump.sql", 5, &Hint::default(), &limits).unwrap();
        assert_eq!((issues.len(), failed), (0, None));
        let text: String = got.iter().filter(|v| v.1 == "statements").map(|v| String::from_utf8_lossy(&v.2) + "\n").collect();
        for n in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"] {
            assert_eq!(text.matches(&format!("{n}@x.com")).count(), 1, "{n} in {text}");
        }
        let rows: Vec<_> =
            got.iter().filter(|v| v.1 != "statements").map(|v| format!("{} {}={}", v.0, v.1, String::from_utf8_lossy(&v.2))).collect();
        assert_eq!(rows, ["0 a.col1=1", "1 a.col1=2", "2 a.col1=3", "3 a.col1=4", "4 a.col1=5", "0 b.n=6", "1 b.n=7"]);
    }
}
