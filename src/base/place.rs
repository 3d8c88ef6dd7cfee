//! Where one value stands.

/// A value's place in an object version, with names as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Path in the archives that hold it; `None`: the object itself.
    pub member: Option<String>,
    /// The field; `""` is running text.
    pub field: String,
    /// Where there.
    pub at: At,
}

/// Where in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// A record of a table, counted from 0.
    Row(u64),
    /// Bytes of the decompressed member, half-open.
    Bytes(u64, u64),
}
