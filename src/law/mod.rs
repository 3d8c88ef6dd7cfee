//! What laws count and ask: data elements, their categories, residence, combinations that make a duty, deadlines.
//!
//! Takes the names and values that records hold, gives what a statute calls them; takes numbers of people, gives who else
//! must be told and by when. The facts are tables under `data/`, each with its source and date, and rows of a user's own
//! may go before them ([`Law::with`]); the code here only looks them up and counts days. What needs judgement is marked,
//! never decided. Knows no file, no network, no index. No legal advice.

mod book;
mod calendar;
mod clues;
mod duty;
mod elements;
mod numbers;
mod owners;
mod readings;
mod residence;
mod rules;
mod table;

pub use book::{Law, LawError, Start, Statute};
pub use calendar::{Moment, Zone, after_business_days, after_days, is_federal_holiday};
pub use clues::{Address, BASES, COUNTS, Clue, Residence, Says, jurisdiction, place_name};
pub use duty::{Deadline, Duties, Moments, NOT_IN_1798_150, PrivateAction, TARGET_HOURS, Waits, When, gdpr, gdpr_authority};
pub use elements::{categories, category_name, is_element, special_category};
pub use numbers::{Numbers, Threshold, Verdict};
pub use owners::OwnerNotice;
pub use readings::read_as;
pub use residence::State;
pub use rules::{Elements, Fits, PROTECTED, Profile, Rule};
