//! Judges a history of what clients sent to a broker and what they read back.
//!
//! It knows the rules of a log and nothing of the broker: no code is shared, so a wrong idea in one is not repeated in
//! the other. The rules and their names follow Jepsen's Kafka workload. Read `history` for the format, `checker` for how
//! events become tables, then one file per rule under `checks`.
//!
//! Invariant: memory is about 40 bytes for each record sent, however often it is read.

pub mod checker;
mod checks;
pub mod history;
pub mod outcome;
pub mod report;
mod tables;

pub use checker::{Checker, Rules};
pub use history::{Event, Function, HistoryError, Key, Kind, MicroOp, Record};
pub use report::{Check, Finding, Report};
