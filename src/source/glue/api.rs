//! Requests to the Glue Data Catalog: page by page, one after the other, tried again when it asks for patience.

use std::future::Future;

use aws_config::SdkConfig;
use aws_sdk_glue::Client;
use aws_sdk_glue::config::http::HttpResponse;
use aws_sdk_glue::config::retry::RetryConfig;
use aws_sdk_glue::config::timeout::TimeoutConfig;
use aws_sdk_glue::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{DatabaseIdentifier, Partition, Table, TableInput};

use super::super::attempts::{Attempts, Failed};
use super::super::s3::retry;
use super::super::{Options, runtime};
use crate::base::{Error, Reason, Result, Timestamp};

/// Entries of one page, as many as Glue gives.
const TABLES: i32 = 100;
const PARTITIONS: i32 = 1000;

/// The catalogue of an account in a region.
pub(in crate::source) struct Api {
    client: Client,
    options: Options,
}

/// A database, in the catalogue of this account or of another one.
pub(in crate::source) struct At {
    /// The account, or what else names a catalogue.
    pub catalog: Option<String>,
    pub database: String,
}

impl At {
    /// A database of this account.
    pub fn own(database: &str) -> At {
        At { catalog: None, database: database.to_owned() }
    }
}

impl Api {
    /// Asks nothing yet. The server is that of AWS, or the one of the environment's `AWS_ENDPOINT_URL_GLUE` or
    /// `AWS_ENDPOINT_URL`: `--endpoint-url` is the server of the objects.
    pub fn new(config: &SdkConfig, options: &Options) -> Api {
        let connect = options.stall.min(std::time::Duration::from_secs(10));
        let config = Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(connect).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Api { client: Client::from_conf(config.build()), options: options.clone() }
    }

    /// Calls `each` with name and birth of every database of the account.
    pub fn databases(&self, each: &mut dyn FnMut(String, Option<Timestamp>)) -> Result<()> {
        let mut token: Option<String> = None;
        loop {
            let request = self.client.get_databases().max_results(TABLES);
            let page = self.ask(|| request.clone().set_next_token(token.clone()).send())?;
            for d in page.database_list {
                let created = d.create_time.and_then(|t| t.to_millis().ok()).map(Timestamp);
                each(d.name, created);
            }
            match page.next_token.filter(|t| !t.is_empty()) {
                None => return Ok(()),
                Some(next) if token.as_ref() == Some(&next) => return Err(stuck()),
                next => token = next,
            }
        }
    }

    /// Calls `each` with every table of a database.
    pub fn tables(&self, at: &At, each: &mut dyn FnMut(Table)) -> Result<()> {
        let mut token: Option<String> = None;
        loop {
            let request = self.client.get_tables().set_catalog_id(at.catalog.clone()).database_name(&at.database).max_results(TABLES);
            let page = self.ask(|| request.clone().set_next_token(token.clone()).send())?;
            let next = page.next_token.filter(|t| !t.is_empty());
            page.table_list.unwrap_or_default().into_iter().for_each(&mut *each);
            match next {
                None => return Ok(()),
                Some(next) if token.as_ref() == Some(&next) => return Err(stuck()),
                next => token = next,
            }
        }
    }

    /// The database that this one is a link to; `None` if it is none, or nobody may know.
    pub fn database_link(&self, database: &str) -> Option<DatabaseIdentifier> {
        let request = self.client.get_database().name(database);
        self.ask(|| request.clone().send()).ok()?.database?.target_database
    }

    /// One table; `not_found` if there is none.
    pub fn table(&self, at: &At, name: &str) -> Result<Table> {
        let request = self.client.get_table().set_catalog_id(at.catalog.clone()).database_name(&at.database).name(name);
        let answer = self.ask(|| request.clone().send())?;
        answer.table.ok_or_else(|| Error::new(Reason::NotFound, "the catalogue answered without a table"))
    }

    /// Calls `each` with every partition of a table, without columns.
    pub fn partitions(&self, at: &At, table: &str, each: &mut dyn FnMut(Partition)) -> Result<()> {
        let mut token: Option<String> = None;
        loop {
            let request = self.client.get_partitions().set_catalog_id(at.catalog.clone()).database_name(&at.database);
            let request = request.table_name(table).max_results(PARTITIONS).exclude_column_schema(true);
            let page = self.ask(|| request.clone().set_next_token(token.clone()).send())?;
            let next = page.next_token.filter(|t| !t.is_empty());
            page.partitions.unwrap_or_default().into_iter().for_each(&mut *each);
            match next {
                None => return Ok(()),
                Some(next) if token.as_ref() == Some(&next) => return Err(stuck()),
                next => token = next,
            }
        }
    }

    /// Replaces a table's definition if it is still the version that was read, and keeps no copy of the old one. Fails with
    /// `changed_during_read` if somebody else was faster.
    pub fn update(&self, database: &str, input: &TableInput, version: Option<&str>) -> Result<()> {
        let request = self.client.update_table().database_name(database).table_input(input.clone()).skip_archive(true);
        let request = request.set_version_id(version.map(str::to_owned));
        self.ask(|| request.clone().send()).map(drop)
    }

    /// Sends until there is an answer, an error that stays, or no attempt is left.
    fn ask<T, E, F>(&self, send: impl Fn() -> F) -> Result<T>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        runtime::shared()?.block_on(async {
            let mut attempts = Attempts::new(&self.options);
            loop {
                let failed = match tokio::time::timeout(self.options.stall, send()).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(e)) => sort(&e),
                    Err(_) => Failed::again("no answer in time"),
                };
                attempts.after(failed).await?;
            }
        })
    }
}

fn stuck() -> Error {
    Error::new(Reason::Io, "the catalogue says there is more and does not give it")
}

/// What an answer means. PRIVACY: codes only; messages quote names and who asks.
fn sort<E: ProvideErrorMetadata>(e: &SdkError<E, HttpResponse>) -> Failed {
    let code = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("");
    by_code(code).unwrap_or_else(|| retry::sort(e))
}

/// Glue answers nearly everything with status 400; the code says what it is.
fn by_code(code: &str) -> Option<Failed> {
    Some(match code {
        "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "InternalServiceException"
        | "OperationTimeoutException"
        | "FederationSourceRetryableException"
        | "ResourceNotReadyException" => Failed::again(code),
        "EntityNotFoundException" => Failed::for_good(Reason::NotFound, format!("{code}: there is no such database or table")),
        "AccessDeniedException" => Failed::for_good(
            Reason::AccessDenied,
            format!(
                "{code}: allow glue:GetTables, glue:GetTable, glue:GetPartitions, glue:UpdateTable to publish, glue:GetDatabases to discover, glue:GetDatabase to follow links"
            ),
        ),
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "MissingAuthenticationTokenException"
        | "GlueEncryptionException" => Failed::for_good(Reason::AccessDenied, code),
        "ConcurrentModificationException" | "VersionMismatchException" => {
            Failed::for_good(Reason::Changed, format!("{code}: the table was changed by somebody else"))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_reasons() {
        for (code, want) in [
            ("ThrottlingException", Some((Reason::Network, true))),
            ("EntityNotFoundException", Some((Reason::NotFound, false))),
            ("AccessDeniedException", Some((Reason::AccessDenied, false))),
            ("ConcurrentModificationException", Some((Reason::Changed, false))),
            ("InvalidInputException", None),
            ("", None),
        ] {
            assert_eq!(by_code(code).map(|f| (f.error.reason, f.again)), want, "{code}");
        }
    }
}
