//! One whole broker under simulated network, disk, clock and object store: everything that happens follows from one seed, given a
//! process of its own.
//!
//! A seed makes a plan (settings, clients, faults), clients work while the faults strike, everything heals, fresh clients
//! read all that is there, in some seeds the disk is lost and the broker recovered from its object store, and the checker
//! judges. Must not: use real time, files, sockets or the system's randomness. Read `plan.rs` first (what a seed means),
//! then `simulation.rs` (its course), `nemesis.rs` (the faults) and `simulation/recovery.rs` (the end of some).

pub mod audit;
pub mod broker_host;
pub mod bucket;
pub mod bug;
pub mod clients;
pub mod clock;
pub mod nemesis;
pub mod net;
pub mod plan;
pub mod random;
pub mod recorder;
pub mod simulation;
