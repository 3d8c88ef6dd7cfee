//! Whose is each identifier after a run? Written where it is not what was written before.
//!
//! A run leaves segments behind those that it did not merge. The identifiers of the former keep their numbers; of the latter all rows are
//! written. Who may have another number, or name another person, stands in a segment that was merged or written, was touched by the run,
//! or is linked with one of these: of those whose is looked up in all segments, one by one. A row that stays as it is, is not written.

use rusqlite::Connection;

use super::error::IndexError;
use super::lives::{self, Hearing};
use super::packed::Cursor;
use super::postings::{self, Dictionary, Finder, Word};
use super::recount::{Change, Clocks, with_theirs};
use super::region::most_searched;
use super::rows;
use super::standing::standing_next;
use super::whose::{self, BROKEN, NO_PERSON, People};
use crate::base::{ByNumber, NOTHING};

/// Brings to its end what a run has changed; `false`: that is too much, and all is to be worked out.
pub(super) fn store(conn: &Connection, change: &Change) -> Result<bool, IndexError> {
    let now = postings::segments(conn)?;
    let kept = now.iter().zip(&change.segments).take_while(|(now, before)| now.id == **before).count();
    let (most, new) = (most_searched(conn)?, now[kept..].iter().map(|s| u64::from(s.identifiers())).sum::<u64>());
    if new > most || now[kept..].iter().any(|s| change.segments.contains(&s.id)) {
        return Ok(false);
    }
    let mut ids = change.touched.clone();
    for s in &now[kept..] {
        let mut all = Dictionary::open(conn, s.id)?;
        while let Some(who) = all.at() {
            ids.push(who.hash);
            all.step()?;
        }
    }
    with_theirs(conn, &mut ids)?;
    if ids.len() as u64 > most {
        return Ok(false);
    }
    let (starts, end) = whose::starts(&now)?;
    let from = starts.get(kept).map_or(end, |s| s.1);
    let mut told: Vec<Vec<(u32, u64)>> = vec![Vec::new(); now.len()];
    let (mut finder, mut cursor, mut people, mut places) = (Finder::new(conn)?, Cursor::default(), People::default(), Vec::new());
    // Where records tell of nobody where they live, no record is looked at.
    let any_home = conn.query_row("SELECT EXISTS (SELECT 1 FROM segment_residence)", [], |r| r.get::<_, bool>(0))?;
    let (mut clocks, mut hearing, mut homes) = (Clocks::default(), Hearing::default(), ByNumber::<u32, u32>::default());
    for id in ids {
        places.clear();
        finder.places(id, &mut |segment, ordinal, who| places.push((*segment, ordinal, who.is_strong())))?;
        let stands = standing_next(conn, &mut cursor, id)?.map(|owner| owner.consumer());
        let mut one = people.of(stands, stands.is_some() || places.iter().any(|p| p.2));
        let mut person = NO_PERSON;
        for (segment, ordinal, _) in &places {
            let at = starts.iter().position(|s| s.0 == segment.id).ok_or(BROKEN)?;
            let own = starts[at].1.checked_add(*ordinal).ok_or(BROKEN)?;
            let whose = one(own);
            told[at].push((*ordinal, rows::encode(whose, own)));
            person = whose::person(whose);
        }
        for (segment, ordinal, _) in places.iter().filter(|_| any_home && person != NO_PERSON) {
            postings::words(conn, segment, *ordinal, &mut |object, word| {
                if let (Word::Residence(saying), Some(is_current)) = (word, clocks.of(conn, object)?) {
                    let home = homes.entry(person).or_insert(NOTHING);
                    *home = hearing.hear(*home, is_current, saying);
                }
                Ok(())
            })?;
        }
    }
    for gone in change.segments.iter().filter(|s| starts.iter().all(|there| there.0 != **s)) {
        conn.prepare_cached("DELETE FROM whose WHERE segment_id = ?1")?.execute([gone])?;
    }
    let mut live: Vec<(u32, u32)> = Vec::new();
    for (at, (told, (segment, start))) in told.into_iter().zip(&starts).enumerate() {
        let home = |own: u32, code| if rows::is_first(code) { homes.get(&own).copied().unwrap_or(NOTHING) } else { NOTHING };
        live.extend(told.iter().map(|(ordinal, code)| (start + ordinal, home(start + ordinal, *code))));
        if at < kept {
            rows::change(conn, *segment, &told)?;
        } else {
            rows::write(conn, *segment, told.into_iter())?;
        }
    }
    lives::change(conn, from, &live, hearing.homes())?;
    whose::complete(conn)?;
    Ok(true)
}
