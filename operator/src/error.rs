//! Why a reconcile ended early. Everything here is tried again later, each time after a longer pause; what only a change of
//! the object can mend is no error but a condition of its status.

use crate::broker_admin::AdminError;

/// See the file's header.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server.
    #[error("kubernetes: {0}")]
    Kube(#[source] Box<kube::Error>),
    /// A broker.
    #[error("broker: {0}")]
    Admin(#[from] AdminError),
    /// An object of the API server that lacks what each has.
    #[error("object without {0}")]
    Incomplete(&'static str),
    /// It took too long.
    #[error("it took too long")]
    TooSlow,
    /// An object that cannot be written as JSON.
    #[error("object is no JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Error {
        Error::Kube(Box::new(error))
    }
}

impl Error {
    /// For metrics: what was in the way.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Error::Kube(error) => match &**error {
                kube::Error::Api(status) if status.code == 409 => "conflict",
                kube::Error::Api(status) if status.code == 403 => "forbidden",
                kube::Error::Api(_) => "refused",
                _ => "unreachable",
            },
            Error::Admin(_) => "broker",
            Error::TooSlow => "slow",
            Error::Incomplete(_) | Error::Json(_) => "malformed",
        }
    }
}
