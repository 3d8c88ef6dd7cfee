//! Samples of a member's columns that may be keys, from its batches and its settled hits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::allow::AllowList;
use super::plan::{Job, Wish, plan};
use super::progress::Counters;
use super::run::{ScanError, Summary};
use crate::classify::Classifiers;
use crate::identity::keys::{CellCount, ColumnSample, KeyCells, KeyOptions, SAMPLE, SampledCell, discover, is_key_class};
use crate::identity::{Hit, Kernel};
use crate::index::Writer;
use crate::source::Source;

/// A row with more identifiers is no record of one person.
const MANY: usize = 8;

/// One column.
#[derive(Default)]
struct Sampled {
    count: CellCount,
    sample: ColumnSample,
    /// Rows taken of each value.
    rows: BTreeMap<u64, u8>,
}

/// Collects the samples of one member. Memory is bounded by the number of columns, whatever the member's size.
#[derive(Default)]
pub(super) struct Sampler {
    columns: BTreeMap<u32, Sampled>,
    /// Cells whose rows are not settled yet.
    waiting: Vec<SampledCell>,
}

impl Sampler {
    /// Takes what a batch gave, in the order of batches.
    pub fn add(&mut self, cells: &KeyCells) {
        for (field, count) in &cells.counts {
            self.columns.entry(*field).or_default().count.merge(count);
        }
        for cell in &cells.cells {
            let c = self.columns.entry(cell.field).or_default();
            if !c.sample.add(cell.hash) {
                continue;
            }
            if c.rows.len() > 2 * SAMPLE {
                let limit = c.sample.limit();
                c.rows.retain(|hash, _| *hash <= limit);
            }
            let rows = c.rows.entry(cell.hash).or_default();
            if *rows < KeyCells::ROWS {
                *rows += 1;
                self.waiting.push(*cell);
            }
        }
    }

    /// Notes which identifiers stand in the rows of sampled values; `hits` are those of a window, `end` says that none follow.
    pub fn note(&mut self, classifiers: &Classifiers, hits: &[Hit], end: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let wanted: HashSet<u64> = self.waiting.iter().map(|c| c.row).collect();
        let (mut ids, mut last): (HashMap<u64, Vec<(u16, u64)>>, u64) = (HashMap::new(), 0);
        for h in hits {
            last = last.max(h.row);
            let key = is_key_class(classifiers.len(), h.m.classifier);
            if let Some(id) = h.id.filter(|_| !key && wanted.contains(&h.row) && Kernel::is_strong(classifiers, h)) {
                let mut first = [0; 8];
                first.copy_from_slice(&id.0[..8]);
                ids.entry(h.row).or_default().push((h.m.classifier, u64::from_be_bytes(first)));
            }
        }
        let columns = &mut self.columns;
        self.waiting.retain(|cell| {
            let here = ids.get(&cell.row);
            if let (Some(ids), Some(c)) = (here.filter(|ids| ids.len() <= MANY), columns.get_mut(&cell.field)) {
                c.sample.note(cell.hash, ids);
            }
            !end && here.is_none() && cell.row >= last
        });
    }

    /// The samples, by field.
    pub fn finish(self) -> Vec<(u32, ColumnSample)> {
        let close = |(field, c): (u32, Sampled)| {
            let mut sample = c.sample;
            (sample.cells, sample.numbers, sample.spread) = (c.count.cells, c.count.numbers, c.count.spread());
            sample.close();
            (field, sample)
        };
        self.columns.into_iter().filter(|(_, c)| c.count.cells > 0).map(close).collect()
    }
}

/// Passes over key columns: the first decides, a second takes back what all values refute.
const PASSES: usize = 3;

/// A relation is refuted by this much less than what the sample must show: a sample is a sample.
const REFUTED_BELOW: f64 = 0.1;

/// Reads objects into the index: those of the jobs that may be paid for, with this kernel.
type Read<'a> = dyn FnMut(Vec<Job>, &Kernel, &mut Writer, &mut Summary) -> Result<(), ScanError> + 'a;

/// Decides on key columns from all current objects, and reads those again whose key columns are others now. What all values
/// refute is taken back, which makes another pass.
pub(super) fn settle(
    sources: &[Arc<dyn Source>],
    (options, allow): (&KeyOptions, &AllowList),
    mut kernel: Kernel,
    writer: &mut Writer,
    summary: &mut Summary,
    read: &mut Read<'_>,
) -> Result<(), ScanError> {
    for _ in 0..PASSES {
        let candidates = writer.key_candidates()?;
        let decision = discover(&candidates, options, &writer.refuted_keys(&candidates)?);
        writer.decide_keys(&decision)?;
        let active = Arc::new(options.activate(&decision.columns, kernel.classifiers().len()));
        writer.set_keys(active.clone(), kernel.classifiers().len())?;
        kernel = kernel.with_keys(active, options.discover);
        if writer.others_keys()? {
            let mut again = Summary { cost: summary.cost, usd: summary.usd, ..Summary::default() };
            let mut jobs =
                plan(sources, Wish { index: None, full: false, allow, first: None }, writer, &kernel, &Counters::default(), &mut again)?;
            // A pipe cannot be read twice.
            jobs.retain(|j| j.listed.object.uri != "-");
            read(jobs, &kernel, writer, &mut again)?;
            (summary.cost, summary.usd) = (again.cost, again.usd);
            summary.read_for_keys += again.totals.read + again.totals.partial;
            summary.totals.gone += again.totals.gone;
            if again.stopped {
                summary.stopped = true;
                return Ok(());
            }
        }
        if !writer.confirm_keys(&decision, &candidates, options.contained - REFUTED_BELOW)? {
            break;
        }
    }
    Ok(())
}
