//! Bugs to run with, to see that the simulation finds them.

#[cfg(feature = "planted-bugs")]
use broker_log::manager::PlantedBug as LogBug;
#[cfg(feature = "planted-bugs")]
use broker_tier::store::PlantedBug as TierBug;

/// A bug to run with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// One of broker-log.
    #[cfg(feature = "planted-bugs")]
    Log(LogBug),
    /// One of tiering.
    #[cfg(feature = "planted-bugs")]
    Tier(TierBug),
    /// A directory as an object store does not sync what it writes.
    DirectoryWithoutFsync,
}

#[cfg(feature = "planted-bugs")]
impl Bug {
    /// The bug of broker-log that it is.
    #[must_use]
    pub fn of_log(self) -> Option<LogBug> {
        match self {
            Bug::Log(bug) => Some(bug),
            _ => None,
        }
    }

    /// The bug of tiering that it is.
    #[must_use]
    pub fn of_tier(self) -> Option<TierBug> {
        match self {
            Bug::Tier(bug) => Some(bug),
            _ => None,
        }
    }
}
