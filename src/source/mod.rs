//! Where objects live: what is listed, and how its bytes are fetched.
//!
//! Takes what the user typed (a path, `-`, `s3://bucket/prefix`), gives [`Object`](crate::base::Object)s in a stable
//! order, their bytes as [`Input`](crate::base::Input), and the dataset that each belongs to. Knows nothing of what the
//! bytes mean beyond the control files of export layouts, and nothing of classifiers or the index.
