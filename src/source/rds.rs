//! Exports of snapshots of RDS and Aurora: started, waited for, and where they lie.
//!
//! An export is named after its snapshot, so that a second start finds the first.

use std::time::Duration;

use super::census::from_xml;
use super::signed::{Message, Service, Signed};
use super::{Options, aws};
use crate::base::{Error, Reason, Result};

const RDS: Service = Service { name: "rds", endpoint: "AWS_ENDPOINT_URL_RDS" };
const VERSION: &str = "2014-10-31";

/// Dollars for each gigabyte of a snapshot, whatever of it is exported.
///
/// Source: aws.amazon.com/rds/pricing (snapshot export), us-east-1, as of 2026-11.
pub const PRICE: f64 = 0.010;

/// Where an export goes, and by which role and key.
#[derive(Clone, Debug)]
pub struct To {
    /// `s3://bucket/prefix`.
    pub place: String,
    /// The role by which RDS writes there, an ARN.
    pub role: String,
    /// The key of AWS KMS that the files are encrypted with.
    pub key: String,
}

/// A snapshot, of an instance or a cluster.
pub struct Snapshot {
    signed: Signed,
    options: Options,
    arn: String,
    name: String,
    is_cluster: bool,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// So many per cent are done.
    Going(u8),
    /// It lies where it was to go.
    Complete,
    /// It failed or was cancelled.
    Ended,
}

impl Snapshot {
    /// The snapshot with this ARN, `arn:aws:rds:REGION:ACCOUNT:snapshot:NAME` or `…:cluster-snapshot:NAME`; its region is asked. Fails
    /// for anything else, and where there are no credentials.
    pub fn open(arn: &str, options: &Options) -> Result<Snapshot> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let (region, kind, name) = match parts.as_slice() {
            ["arn", _, "rds", region, _, kind @ ("snapshot" | "cluster-snapshot"), name] if !name.is_empty() => (*region, *kind, *name),
            _ => {
                let detail = "name a snapshot by its ARN: rds://arn:aws:rds:eu-west-1:111122223333:snapshot:nightly";
                return Err(Error::new(Reason::NotFound, detail));
            }
        };
        let options = Options { region: Some(region.to_owned()), ..options.clone() };
        let signed = Signed::new(&aws::configuration(&options)?, &options)?;
        Ok(Snapshot { signed, options, arn: arn.to_owned(), name: name.to_owned(), is_cluster: kind == "cluster-snapshot" })
    }

    /// Its gigabytes, which are what an export costs; `None` where RDS does not tell.
    pub fn gigabytes(&self) -> Option<u64> {
        let (action, id, element) = match self.is_cluster {
            true => ("DescribeDBClusterSnapshots", "DBClusterSnapshotIdentifier", "DBClusterSnapshot"),
            false => ("DescribeDBSnapshots", "DBSnapshotIdentifier", "DBSnapshot"),
        };
        let text = self.ask(action, &[(id, &self.name)]).ok()?;
        from_xml(&text, element, ("AllocatedStorage", ""))?.0.first()?.0.parse().ok()
    }

    /// What its export is called: letters, digits and hyphens, 60 at most.
    pub fn export(&self) -> String {
        let plain: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut name = format!("piimap-{plain}");
        while name.contains("--") {
            name = name.replace("--", "-");
        }
        name.truncate(60);
        name.trim_end_matches('-').to_owned()
    }

    /// Starts the export; `false`: there is one already, which may be ours, if the answer to a first attempt was lost. With an error
    /// comes whether nothing was started for certain.
    pub fn start(&self, to: &To) -> Result<bool, (Error, bool)> {
        let (bucket, prefix) = super::s3::split(to.place.strip_prefix("s3://").unwrap_or("")).map_err(|e| (e, true))?;
        let (export, prefix) = (self.export(), prefix.trim_end_matches('/'));
        let mut fields = vec![
            ("ExportTaskIdentifier", export.as_str()),
            ("SourceArn", &self.arn),
            ("S3BucketName", bucket),
            ("IamRoleArn", &to.role),
            ("KmsKeyId", &to.key),
        ];
        if !prefix.is_empty() {
            fields.push(("S3Prefix", prefix));
        }
        match self.signed.order(&RDS, &Message::form("StartExportTask", VERSION, &fields), &self.options) {
            Err((e, _)) if e.detail.contains("ExportTaskAlreadyExists") => Ok(false),
            done => done.map(|_| true),
        }
    }

    /// How far it is.
    pub fn state(&self) -> Result<State> {
        let text = self.ask("DescribeExportTasks", &[("ExportTaskIdentifier", &self.export())])?;
        let field = |name: &str| {
            let found = from_xml(&text, "ExportTask", (name, ""))?.0;
            Some(found.first()?.0.clone())
        };
        let status = field("Status").ok_or_else(|| Error::new(Reason::NotFound, "RDS knows no such export"))?;
        Ok(match status.to_ascii_uppercase().as_str() {
            "COMPLETE" => State::Complete,
            "FAILED" | "CANCELED" | "CANCELING" => State::Ended,
            _ => State::Going(field("PercentProgress").and_then(|p| p.parse().ok()).unwrap_or(0)),
        })
    }

    /// Waits until the export is complete; `tell` is called with the per cent when they change. Fails where it ended otherwise.
    pub fn wait(&self, tell: &mut dyn FnMut(u8)) -> Result<()> {
        let (mut told, mut pause) = (None, Duration::from_secs(1));
        loop {
            match self.state()? {
                State::Complete => return Ok(()),
                State::Ended => {
                    let detail = format!("the export {} ended without success: see `aws rds describe-export-tasks`", self.export());
                    return Err(Error::new(Reason::ExportIncomplete, detail));
                }
                State::Going(percent) => {
                    if told.replace(percent) != Some(percent) {
                        tell(percent);
                    }
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(30));
                }
            }
        }
    }

    fn ask(&self, action: &str, fields: &[(&str, &str)]) -> Result<String> {
        self.signed.ask(&RDS, &Message::form(action, VERSION, fields), &self.options)
    }
}

/// Where an export lies, as a source.
pub fn place(to: &To, export: &str) -> String {
    format!("{}/{export}/", to.place.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_named_by_their_arn() {
        for wrong in ["nightly", "arn:aws:rds:eu-west-1:1:db:shop", "arn:aws:rds:eu-west-1:1:snapshot:", "arn:aws:s3:::b"] {
            let e = Snapshot::open(wrong, &Options::default()).err().unwrap();
            assert!(e.detail.contains("name a snapshot by its ARN"), "{wrong}");
        }
        let to = To { place: "s3://b/exports/".into(), role: String::new(), key: String::new() };
        assert_eq!(place(&to, "piimap-x"), "s3://b/exports/piimap-x/");
    }
}
