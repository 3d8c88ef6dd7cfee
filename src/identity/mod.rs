//! Matches to identifiers, identifiers of one record to consumers.
//!
//! Takes a batch and its matches, gives keyed hashes and links. A raw value goes in, only its hash comes out. Knows no
//! file, no network, no SQL.
