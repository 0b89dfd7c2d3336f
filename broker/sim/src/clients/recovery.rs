//! Clients around the loss of a disk: the last that work on the broker before, and the first on the recovered one.
//!
//! They judge by themselves and not by the checker, which takes whatever is gone for lost: what no object has is.

pub mod last_load;
pub mod ledger;
pub mod revisit;
mod talk;
mod writer;
