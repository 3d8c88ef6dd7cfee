//! What an answer rests on.

use crate::base::Timestamp;
use crate::index::{AsOf, Gap, IndexError, Missing, Reader};

/// The state of the index that an answer was given from.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// Newest completed run; the run that was asked for.
    pub run: Option<i64>,
    /// When it completed.
    pub completed: Option<Timestamp>,
    /// What it lacks.
    pub missing: Missing,
    /// Fingerprint of the classifiers of that run.
    pub classifier_set: Option<String>,
    /// The moment in the past that was asked for.
    pub as_of: Option<AsOf>,
    /// How the run ended: `running`, `completed`, `stopped`, `killed`.
    pub status: Option<&'static str>,
    /// What is known to be missing as of that moment.
    pub gaps: Vec<Gap>,
}

impl Basis {
    /// The basis of answers from `reader`.
    pub fn of(reader: &Reader) -> Result<Basis, IndexError> {
        let run = reader.newest_run()?;
        Ok(Basis {
            run: run.as_ref().map(|r| r.id),
            completed: run.as_ref().and_then(|r| r.completed).map(Timestamp),
            missing: reader.missing()?,
            status: run.as_ref().map(|r| r.status.name()),
            classifier_set: run.map(|r| r.classifier_set),
            as_of: reader.asked(),
            gaps: reader.gaps().to_vec(),
        })
    }
}
