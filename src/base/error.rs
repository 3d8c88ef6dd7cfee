//! One error type for everything that can go wrong with foreign bytes, with a closed list of reasons.

use std::fmt;

/// The result of an operation on a source, a container or a format.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, retry $retry:literal, $meaning:literal;)*) => {
        /// Why an object, a member or a part of one was not read. The list is closed: coverage tables,
        /// the accepted lines of `piimap.toml` and outside checks rely on the codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* #[doc = $meaning] $name,)* }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The stable code, as printed by `piimap coverage` (lower case, words joined by `_`).
            pub fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// One sentence for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$name => $meaning,)* }
            }

            /// Whether reading the same object version again may succeed. The next run tries again.
            pub fn retryable(self) -> bool {
                match self { $(Reason::$name => $retry,)* }
            }
        }
    };
}

reasons! {
    Truncated = "truncated", retry false, "the data ends before its format says it should";
    Corrupt = "corrupt", retry false, "the data breaks the rules of its own format";
    Malformed = "malformed_records", retry false, "some records could not be parsed; their bytes were read as plain text";
    UnsupportedFormat = "unsupported_format", retry false, "no reader knows this kind of data";
    UnsupportedEncoding = "unsupported_encoding", retry false, "text in a character encoding that is not read yet";
    Encrypted = "encrypted", retry false, "the data is encrypted and no key was given";
    ExpansionLimit = "expansion_limit", retry false, "a compressed stream grows beyond the limits that guard against bombs";
    NestingLimit = "nesting_limit", retry false, "containers or values are nested deeper than the limit";
    MemoryLimit = "memory_limit", retry false, "reading on would need more memory than the limit allows";
    Archived = "archived", retry true, "the object lies in an archive storage class and was not restored";
    AccessDenied = "access_denied", retry true, "the storage refused to let us read it";
    NotFound = "not_found", retry true, "the object is not there, or was gone when it was to be read";
    Changed = "changed_during_read", retry true, "the object changed between listing and reading";
    Network = "network", retry true, "the connection failed more often than we retry";
    Io = "io", retry true, "the operating system could not read it";
    ListingFailed = "listing_failed", retry true, "a folder or prefix could not be listed, so objects in it are unknown";
    ExportIncomplete = "export_incomplete", retry false, "the export that holds this data says it is not complete";
    DecoderFailed = "decoder_failed", retry false, "a decoder failed on this data";
    Timeout = "timeout", retry false, "a decoder took too long";
    NoText = "no_text", retry false, "pages without text, such as scanned pictures; nothing recognises characters in them";
    SharedLocation = "shared_location", retry false, "two tables of a catalogue lie at one place; its objects are read once, as those of one of them";
    Budget = "budget", retry true, "reading it would have cost more than max_usd allows";
    RetrievalFee = "retrieval_fee", retry true, "its storage class takes a fee for each byte that is read, which nobody has allowed";
    OtherRegion = "other_region", retry true, "it lies in another region, and paying for the transfer was not allowed";
    Excluded = "excluded", retry true, "include and exclude of piimap.toml leave it out, or it does not lie in the source that was named";
    NotConfigured = "not_configured", retry true, "it exists in the account, and no source of piimap.toml takes it in";
    Interrupted = "interrupted", retry true, "the run did not come to its end, so this was not read: it was stopped or killed, or is still going on";
}

impl Reason {
    /// Whether it is no failure of a run: somebody wanted it so, or no source takes it in.
    pub fn is_by_choice(self) -> bool {
        matches!(self, Reason::Excluded | Reason::NotConfigured)
    }

    /// The reason with this code; `None` for an unknown one.
    pub fn from_code(code: &str) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|r| r.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What went wrong, in a form that is safe to print.
///
/// PRIVACY: `detail` says where and what kind, never a value from the data. Errors of third-party decoders that may
/// quote their input must not be copied into it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {detail}", reason.code())]
pub struct Error {
    /// The class of the failure.
    pub reason: Reason,
    /// One line for people: position, expectation, what to do. Holds no personal data.
    pub detail: String,
}

impl Error {
    /// An error for `reason`; `detail` must not quote data.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Error {
        Error { reason, detail: detail.into() }
    }
}

impl From<std::io::Error> for Error {
    /// Maps the kind of an operating-system error; the message of the kind only, since custom errors may quote data.
    fn from(e: std::io::Error) -> Error {
        use std::io::ErrorKind as K;
        let reason = match e.kind() {
            K::NotFound => Reason::NotFound,
            K::PermissionDenied => Reason::AccessDenied,
            K::UnexpectedEof => Reason::Truncated,
            K::InvalidData | K::InvalidInput => Reason::Corrupt,
            _ => Reason::Io,
        };
        Error::new(reason, e.kind().to_string())
    }
}

/// Something that cost part of a member while the rest was read: it makes the member *partial*, never stops it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The class of the trouble.
    pub reason: Reason,
    /// What and where, without data.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_lower_case_and_found_again() {
        let mut seen = std::collections::HashSet::new();
        for r in Reason::ALL {
            assert!(seen.insert(r.code()), "code used twice: {}", r.code());
            assert!(r.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert_eq!(Reason::from_code(r.code()), Some(*r));
            assert!(!r.meaning().is_empty());
        }
        assert_eq!(Reason::from_code("no_such_code"), None);
    }
}
