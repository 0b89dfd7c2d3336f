//! The seams of this crate that simulation replaces, beside the disk and clock of broker-log: random ids, and where work
//! goes that waits for a disk. Time that is waited for is tokio's, which simulation moves.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use broker_log::io::Clock;
use broker_protocol::types::Uuid;

/// Source of random ids.
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
    /// On tokio's blocking pool: production.
    Threads,
    /// In line: a simulation has one thread.
    Inline,
}

impl Blocking {
    /// Runs work that may wait for the disk. `None` only while the runtime shuts down.
    ///
    /// # Panics
    /// Goes on with the panic of `work`.
    pub(crate) async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        match self {
            Blocking::Inline => Some(work()),
            Blocking::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(value) => Some(value),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => None,
                },
            },
        }
    }
}

/// Time and randomness, as everything of this crate takes them.
#[derive(Clone, Debug)]
pub struct Env {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub random: Arc<dyn Random>,
    /// Where blocking work goes.
    pub blocking: Blocking,
}

impl Env {
    /// A random part of a duration: from half of it to all of it, so that those who wait do not come back together.
    pub(crate) fn jittered(&self, wait: Duration) -> Duration {
        let bytes = self.random.uuid().into_bytes();
        let part = u32::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        (wait / 2) + (wait / 2) * part / u32::from(u16::MAX)
    }
}
