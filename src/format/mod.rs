//! The bytes of a member to [`Batch`](crate::base::Batch)es of values.
//!
//! Takes a decompressed [`Input`](crate::base::Input) and what surrounds it ([`Hint`](crate::base::Hint)), recognises
//! the format from the content first and the name second, gives batches with fields, rows and exact byte places.
//! Memory is bounded whatever the input. Knows no classifier: a value is a value.
