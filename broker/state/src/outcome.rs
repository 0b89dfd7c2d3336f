//! What a handler decides: the records to write, and the answer to give once they are durable.
//!
//! Handlers never change state themselves. Their records go through the log, and `apply` changes the state alike on
//! every replica and after every restart.

/// The decision of a handler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome<R, T> {
    /// To be written as one unit before the answer is given; empty if nothing changes.
    pub records: Vec<R>,
    /// The answer, valid once the records are durable and applied.
    pub response: T,
}

impl<R, T> Outcome<R, T> {
    /// An answer that changes nothing.
    pub fn unchanged(response: T) -> Outcome<R, T> {
        Outcome { records: Vec::new(), response }
    }
}
