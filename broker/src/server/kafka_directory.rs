//! A log directory that Apache Kafka has used: its partitions can be read, but its topics stand in Kafka's own metadata.

use std::path::Path;

use super::METADATA_DIR;
use crate::env::Env;

/// What a Kafka that has run leaves in its log directory, and this broker never writes.
const FILES_OF_KAFKA: [&str; 2] = ["recovery-point-offset-checkpoint", "replication-offset-checkpoint"];

/// Refuses to begin in such a directory before anything in it is changed, so that Kafka starts there as before.
pub(super) fn refuse(env: &Env, dir: &Path) -> anyhow::Result<()> {
    // A directory that cannot be looked into is told by whoever opens it next.
    let is_there = |name: &str| env.disk.exists(&dir.join(name)).unwrap_or(false);
    if is_there(METADATA_DIR) {
        return Ok(());
    }
    for name in FILES_OF_KAFKA {
        anyhow::ensure!(
            !is_there(name),
            "log.dirs: {} belongs to Apache Kafka (it has {name}), whose metadata this broker cannot take over; nothing \
             was changed. Name an empty directory, and move the records with a mirroring client",
            dir.display()
        );
    }
    Ok(())
}
