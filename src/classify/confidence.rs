//! From evidence to a number: the rules shared by the fast and the naive engine.

use super::columns::Says;
use super::definition::Requires;
use super::pattern::Pattern;
use super::validators::Validator;
use super::words::Nearby;
use crate::base::Evidence;

/// What is left of the doubt when a keyword stands near.
const DOUBT_KEYWORD: f32 = 0.35;
/// What is left of it when the column's name says so.
const DOUBT_COLUMN: f32 = 0.25;
/// And when both do.
const DOUBT_BOTH: f32 = 0.15;
/// What a word near that speaks against leaves of the confidence.
const AGAINST_WORD: f32 = 0.4;
/// What a column's name that speaks against leaves of it.
const AGAINST_COLUMN: f32 = 0.35;

/// From this confidence on, before its context, a value of digits is what it looks like whatever a column may hold.
const FIRM: f32 = 0.55;

/// The confidence of a value that passed its pattern's validator, `base` before its context, and what it rests on. `None`: what the pattern requires is
/// missing. `labelled`: a label leads directly to it; `whole`: it fills its cell.
pub(super) fn judge(
    p: &Pattern,
    base: f32,
    raw: &[u8],
    near: Nearby,
    column: Says,
    whole: bool,
    labelled: bool,
) -> Option<(f32, Evidence)> {
    let keyword = near.keyword.is_some() && !near.is_against() || labelled;
    let named = column == Says::For;
    match p.requires {
        Requires::Context if !keyword && !named => return None,
        Requires::Label if !(labelled || named && whole) => return None,
        Requires::Column if !(named && whole) => return None,
        _ => {}
    }
    let mut c = base;
    if p.requires == Requires::Nothing {
        c = match (keyword, named) {
            (true, true) => 1.0 - (1.0 - c) * DOUBT_BOTH,
            (true, false) => 1.0 - (1.0 - c) * DOUBT_KEYWORD,
            (false, true) => 1.0 - (1.0 - c) * DOUBT_COLUMN,
            (false, false) => c,
        };
    }
    let mut e = Evidence::default();
    let mut flag = |on: bool, f: Evidence| {
        if on {
            e = e.with(f);
        }
    };
    let unchecked = p.validator.is_some_and(Validator::leaves_check_digit);
    flag(p.validator.is_some() && !unchecked, Evidence::VALIDATED);
    flag(unchecked, Evidence::AGAINST);
    flag(keyword, Evidence::KEYWORD);
    flag(named, Evidence::COLUMN);
    flag(whole, Evidence::WHOLE_CELL);
    if near.is_against() && !named && !labelled {
        c *= AGAINST_WORD;
        flag(true, Evidence::AGAINST);
    }
    let against = match column {
        Says::Against => true,
        Says::Counted => raw.iter().all(u8::is_ascii_digit),
        Says::Vague => base < FIRM && raw.iter().all(u8::is_ascii_digit),
        Says::For | Says::Nothing => false,
    };
    if against && !keyword {
        c *= AGAINST_COLUMN;
        flag(true, Evidence::AGAINST);
    }
    Some((c, e))
}
