//! What went wrong with a request to an object store, in kinds that tell what to do next. The only file that looks into
//! errors of the crate object_store.

use std::error::Error as _;
use std::fmt;
use std::io;

use thiserror::Error;

/// Most characters of a store's own words in an error.
const DETAIL_CHARACTERS_MAX: usize = 400;

/// What to do about an error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StoreErrorKind {
    /// The object, or the bucket, is not there.
    Missing,
    /// Something is there already, as far as the store says.
    Taken,
    /// The credentials are wrong, have expired or may not do this, or the clock is wrong: a person has to look, or they
    /// rotate.
    Denied,
    /// There is no room: a person has to look.
    Full,
    /// The store wants fewer requests: later.
    Throttled,
    /// No answer, or one that says nothing: later. What was asked for may have been done or may yet be.
    Unreachable,
    /// The store cannot do this at all.
    Unsupported,
    /// The answer is not what was asked for: too short, too long.
    Invalid,
    /// The object ends before what was asked for: it is not what was written.
    Truncated,
}

impl StoreErrorKind {
    /// Whether the same request may succeed by itself soon.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, StoreErrorKind::Throttled | StoreErrorKind::Unreachable | StoreErrorKind::Invalid)
    }

    /// Whether a write that ended so has surely not been done and never will be.
    #[must_use]
    pub fn is_surely_undone(self) -> bool {
        matches!(
            self,
            StoreErrorKind::Missing
                | StoreErrorKind::Denied
                | StoreErrorKind::Full
                | StoreErrorKind::Unsupported
        )
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreErrorKind::Missing => "is not there",
            StoreErrorKind::Taken => "is there already",
            StoreErrorKind::Denied => {
                "is denied: check the credentials, what they allow, and this machine's clock"
            }
            StoreErrorKind::Full => "is refused for want of room",
            StoreErrorKind::Throttled => "is refused as one request too many",
            StoreErrorKind::Unreachable => "got no usable answer",
            StoreErrorKind::Unsupported => "is not supported by this store",
            StoreErrorKind::Invalid => "got another answer than asked for",
            StoreErrorKind::Truncated => "ends before what was asked for",
        })
    }
}

/// A request that failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{operation} of {object:?} {kind}: {detail}")]
pub struct StoreError {
    /// What to do about it.
    pub kind: StoreErrorKind,
    /// What was asked for.
    pub operation: &'static str,
    /// The object or prefix.
    pub object: String,
    /// The store's own words, without addresses' parameters, which can hold credentials.
    pub detail: String,
}

impl StoreError {
    pub(crate) fn new(
        kind: StoreErrorKind,
        operation: &'static str,
        object: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> StoreError {
        StoreError { kind, operation, object: object.to_string(), detail: clean(&detail.to_string()) }
    }

    pub(crate) fn of(
        operation: &'static str,
        object: impl fmt::Display,
        error: &object_store::Error,
    ) -> StoreError {
        StoreError::new(kind_of(error), operation, object, error)
    }

    /// A request that took too long. It may still be done.
    pub(crate) fn late(operation: &'static str, object: impl fmt::Display) -> StoreError {
        StoreError::new(StoreErrorKind::Unreachable, operation, object, "no answer before the deadline")
    }
}

fn kind_of(error: &object_store::Error) -> StoreErrorKind {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => StoreErrorKind::Missing,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => StoreErrorKind::Taken,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => StoreErrorKind::Denied,
        Error::NotSupported { .. } | Error::NotImplemented { .. } | Error::UnknownConfigurationKey { .. } => {
            StoreErrorKind::Unsupported
        }
        other => kind_of_io(other).unwrap_or_else(|| kind_of_text(&other.to_string())),
    }
}

/// Errors of a local directory have one of the system inside.
fn kind_of_io(error: &object_store::Error) -> Option<StoreErrorKind> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(StoreErrorKind::Full),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Some(StoreErrorKind::Denied)
                }
                _ => None,
            };
        }
        source = inner.source();
    }
    None
}

/// The crate object_store tells most answers of servers in words only.
fn kind_of_text(text: &str) -> StoreErrorKind {
    const FULL: [&str; 6] = [
        "507 ",
        "InsufficientStorage",
        "StorageFull",
        "QuotaExceeded",
        "No space left",
        "QuotaExceededException",
    ];
    // A listing of a bucket that is not there; of objects, the crate tells by itself.
    const MISSING: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist"];
    const DENIED: [&str; 4] =
        ["RequestTimeTooSkewed", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"];
    const THROTTLED: [&str; 6] =
        ["503 ", "429 ", "SlowDown", "ServerBusy", "TooManyRequests", "RequestLimitExceeded"];
    // The last two are the crate's own, of a store in memory and of a directory.
    const TRUNCATED: [&str; 4] =
        ["416 ", "InvalidRange", "Wanted range starting at", "Requested range was invalid"];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&MISSING) {
        StoreErrorKind::Missing
    } else if has(&FULL) {
        StoreErrorKind::Full
    } else if has(&DENIED) {
        StoreErrorKind::Denied
    } else if has(&TRUNCATED) {
        StoreErrorKind::Truncated
    } else if has(&THROTTLED) {
        StoreErrorKind::Throttled
    } else {
        StoreErrorKind::Unreachable
    }
}

/// One line without what follows a `?` in an address, not too long.
fn clean(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => address,
        _ => word,
    });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().take(DETAIL_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn answers_of_servers_are_told_apart() {
        for (text, kind) in [
            ("Server returned non-2xx status code: 503 Service Unavailable: ", StoreErrorKind::Throttled),
            ("Server returned error response: <Code>SlowDown</Code>", StoreErrorKind::Throttled),
            ("Server returned non-2xx status code: 507 Insufficient Storage: ", StoreErrorKind::Full),
            ("403 Forbidden: <Code>RequestTimeTooSkewed</Code>", StoreErrorKind::Denied),
            ("Server returned non-2xx status code: 500 Internal Server Error: ", StoreErrorKind::Unreachable),
            ("Server returned non-2xx status code: 416 Range Not Satisfiable: ", StoreErrorKind::Truncated),
            ("Requested range was invalid", StoreErrorKind::Truncated),
            ("404 Not Found: <Error><Code>NoSuchBucket</Code>", StoreErrorKind::Missing),
            ("HTTP error: error sending request", StoreErrorKind::Unreachable),
        ] {
            assert_eq!(StoreError::of("get", "x", &generic(text)).kind, kind, "{text}");
        }
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = object_store::Error::Generic { store: "LocalFileSystem", source: full.into() };
        assert_eq!(StoreError::of("put", "x", &error).kind, StoreErrorKind::Full);
    }

    #[test]
    fn parameters_of_addresses_are_not_told() {
        let error = generic("Error performing GET https://h/c/b?sig=SECRET&se=1 in 3ms - 500");
        let told = StoreError::of("get", "x", &error).to_string();
        assert!(told.contains("https://h/c/b in 3ms") && !told.contains("SECRET"), "{told}");
    }
}
