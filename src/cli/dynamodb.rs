//! `piimap scan dynamodb://…`: exports of a table, full or of what changed since the last one, and then their scan.

use anyhow::Context;

use super::books::Books;
use super::output;
use super::rds::Export;
use crate::base::{Error, Timestamp};
use crate::query::TARGET;
use crate::source::Options;
use crate::source::dynamodb::{self, PRICE, Standing, Table, What};

/// What an export of changes costs.
const CHANGES: &str = "by the GB what DynamoDB has to work through of the table's continuous backup, which nobody knows before";

/// Where the exports of a table lie, or are to lie, as a source; what the next one costs is told, and nothing started.
pub(super) fn planned(export: &Export, arn: &str, options: &Options) -> anyhow::Result<String> {
    let table = opened(arn, options)?;
    let Some(to) = &export.export_to else {
        anyhow::bail!(
            "a table is read from its exports to S3, of which a full one costs {}; --export-to s3://BUCKET/PREFIX says where they lie",
            cost(&table)?.1
        );
    };
    let standing = table.standing(to).map_err(told)?;
    let due = due(export, &standing)?;
    let what = match due.as_slice() {
        _ if going(export, &standing).next().is_some() => "an export is on its way".to_owned(),
        [] => early(export, &standing),
        [What::Full] => format!("its export costs {}", cost(&table)?.1),
        all => format!("{} of changes cost {CHANGES}", exports(all.len())),
    };
    output::note(&format!("dynamodb://{arn}: {what}; nothing was started"));
    Ok(dynamodb::place(to))
}

/// The same; starts what is due, behind such exports that are on their way already, and waits.
pub(super) fn exported(export: &Export, arn: &str, options: &Options, books: &Books<'_>) -> anyhow::Result<String> {
    let table = opened(arn, options)?;
    let (true, Some(to)) = (export.start_export, &export.export_to) else {
        anyhow::bail!(
            "a table is read from its exports to S3, of which a full one costs {} and takes minutes:\n\
             --start-export --export-to s3://BUCKET/PREFIX starts it, with --incremental one of what changed since the last",
            cost(&table)?.1
        );
    };
    if books.wait {
        books.wait_free()?;
    }
    let mut standing = table.standing(to).map_err(told)?;
    let waiting: Vec<_> = going(export, &standing).cloned().collect();
    for e in &waiting {
        wait_for(&table, e)?;
    }
    match (waiting.is_empty(), export.incremental) {
        (true, _) => {}
        // A full one is what was asked for.
        (false, false) => return Ok(dynamodb::place(to)),
        // What changed since may be due as well.
        (false, true) => standing = table.standing(to).map_err(told)?,
    }
    let due = due(export, &standing)?;
    let mut estimate = 0.0;
    let costs = if due == [What::Full] {
        let (usd, costs) = cost(&table)?;
        books.allow(usd, &costs)?;
        estimate = usd;
        costs
    } else {
        CHANGES.to_owned()
    };
    let mut started = Vec::new();
    match due.len() {
        0 => output::note(&format!("dynamodb://{arn}: {}", early(export, &standing))),
        n => output::note(&format!("dynamodb://{arn}: {} to {to}; the cost is {costs}", exports(n))),
    }
    // Nobody knows before what changes cost: the least is booked until DynamoDB says it. All before the first is started: an index that
    // somebody else writes to is no reason to give up what is paid for.
    let booked = due.iter().map(|_| books.book(estimate, &costs)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut all = due.iter().zip(booked);
    while let Some((what, booked)) = all.next() {
        match table.start(to, export.export_key.as_deref(), *what) {
            Ok(e) => started.push((e, booked)),
            Err((e, nothing)) => {
                // An answer that was lost may have been that of an export that is paid for.
                if nothing {
                    books.correct(booked, 0.0);
                }
                all.for_each(|(_, booked)| books.correct(booked, 0.0));
                return Err(told(e));
            }
        }
    }
    for (e, booked) in &started {
        if let Some(gb) = wait_for(&table, e)? {
            books.correct(*booked, gb * PRICE);
        }
    }
    Ok(dynamodb::place(to))
}

/// Waits for its end; what it was billed for, in GB, where DynamoDB says it.
fn wait_for(table: &Table, export: &dynamodb::Export) -> anyhow::Result<Option<f64>> {
    output::note(&format!("export {}: waiting for its end", export.id()));
    let billed = table.wait(export).map_err(told)?;
    if let Some(gb) = billed {
        output::note(&format!("export {}: complete, billed for {gb:.2} GB", export.id()));
    }
    Ok(billed)
}

/// Why nothing is due.
fn early(export: &Export, standing: &Standing) -> String {
    match standing.full.filter(|_| !export.incremental) {
        Some(at) => {
            format!("a full export of {at} lies there and is read; --export-again pays for another, --incremental for what changed")
        }
        None => EARLY.to_owned(),
    }
}

const EARLY: &str = "too little time has passed since the last export, fifteen minutes are the least";

fn due(export: &Export, standing: &Standing) -> anyhow::Result<Vec<What>> {
    match (export.incremental, standing.until) {
        (false, _) => {
            let is_fresh = |at: Timestamp| Timestamp::now().0 - at.0 < TARGET.as_millis() as i64;
            Ok(if standing.full.is_some_and(is_fresh) && !export.export_again { Vec::new() } else { vec![What::Full] })
        }
        // What is on its way may be what changes are to follow on.
        (true, None) if !standing.going.is_empty() => Ok(Vec::new()),
        (true, None) => anyhow::bail!("no complete export lies there on which changes could follow: leave --incremental out first"),
        (true, Some(last)) => dynamodb::due(last, Timestamp::now()).map_err(told),
    }
}

/// Exports on their way that are waited for instead of starting others.
fn going<'a>(export: &Export, standing: &'a Standing) -> impl Iterator<Item = &'a dynamodb::Export> {
    let any = export.incremental;
    standing.going.iter().filter(move |e| any || e.is_full)
}

fn exports(n: usize) -> String {
    if n == 1 { "1 export".to_owned() } else { format!("{n} exports") }
}

fn opened(arn: &str, options: &Options) -> anyhow::Result<Table> {
    Table::open(arn, options).map_err(|e| anyhow::anyhow!(e.detail)).with_context(|| format!("dynamodb://{arn}"))
}

fn told(e: Error) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", e.reason, e.detail)
}

/// The dollars of a full export, and the words for them. Fails where DynamoDB does not tell the table's size: nothing is bought unseen.
fn cost(table: &Table) -> anyhow::Result<(f64, String)> {
    let usd = table.gigabytes().map_err(told).context("the size of the table is not known")? * PRICE;
    Ok((usd, format!("about ${usd:.2}")))
}
