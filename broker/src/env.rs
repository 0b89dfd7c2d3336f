//! The world a broker runs in: disk, clock, randomness and where blocking work goes.
//!
//! Production and simulation differ only in what stands here and in the listener they hand over.

use std::fmt::Debug;
use std::sync::Arc;

use broker_log::io::{Clock, Disk};
use broker_protocol::types::Uuid;

/// Source of random ids. Simulation seeds it.
pub trait Random: Send + Sync + Debug {
    /// A random (version 4) uuid.
    fn uuid(&self) -> Uuid;
}

/// The operating system's randomness.
#[derive(Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Where work goes that waits for a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocking {
    /// On tokio's blocking pool and on threads of its own: production.
    Threads,
    /// In line and in tasks: a simulation has one thread.
    Inline,
}

/// Everything outside of the broker but its sockets.
#[derive(Clone, Debug)]
pub struct Env {
    /// Where data lives.
    pub disk: Arc<dyn Disk>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub random: Arc<dyn Random>,
    /// Where blocking work goes.
    pub blocking: Blocking,
}

impl Env {
    /// Runs work that may wait for the disk, away from the threads that serve sockets where there are others.
    ///
    /// # Panics
    /// Goes on with the panic of `work`.
    pub async fn block_on_disk<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self.blocking {
            Blocking::Inline => work(),
            Blocking::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(value) => value,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Only the shutdown of the runtime cancels blocking work; nobody waits for the answer then.
                    Err(_) => std::future::pending().await,
                },
            },
        }
    }
}
