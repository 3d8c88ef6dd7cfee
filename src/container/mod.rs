//! Compressed streams to the bytes of their members, with limits that guard against bombs.
//!
//! Takes an [`Input`](crate::base::Input), gives another whose bytes are the decompressed ones. Recognises by magic
//! bytes, never by name alone. Knows no format of data, no source, no classifier.
