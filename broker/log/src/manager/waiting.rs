//! Logs that the start could not recover because the disk was full: they are recovered once there is room.
//!
//! Invariant: what the commit log and the last checkpoint have for such a log is kept by every checkpoint until the log
//! is among the others, and that never happens while a checkpoint is under way.

use std::io;
use std::sync::Arc;

use super::shared::FAILED_FILE;
use super::{LogDir, LogDirError};
use crate::handle::LogHandle;
use crate::log_config::{LogConfig, LogIdentity};
use crate::recovery::{self, Found};

impl LogDir {
    /// Whether a log waits for room to be recovered.
    pub(super) fn waits(&self, identity: &LogIdentity) -> bool {
        let key = (identity.topic_id, identity.partition);
        self.unopened.lock().get(&key).is_some_and(|log| log.waits)
    }

    /// Recovers a log that waits.
    ///
    /// # Errors
    /// One that [passes](LogDirError::passes) as long as there is no room, or a checkpoint is under way; the log then waits
    /// on.
    pub(super) fn recover_waiting(
        &self,
        identity: &LogIdentity,
        config: &Arc<LogConfig>,
    ) -> Result<Arc<LogHandle>, LogDirError> {
        let key = (identity.topic_id, identity.partition);
        let not_now = || LogDirError::Io {
            path: self.shared.path.join(identity.to_string()),
            source: io::Error::new(
                io::ErrorKind::StorageFull,
                "it waits for room, or for a checkpoint to end",
            ),
        };
        self.shared.check_room().map_err(|_| not_now())?;
        let maintenance = self.maintenance.try_lock().filter(|maintenance| maintenance.run.is_none());
        let Some(_maintenance) = maintenance else { return Err(not_now()) };
        let mut logs = self.logs.write();
        if let Some(log) = logs.get(&key) {
            return Ok(log.clone());
        }
        let path = &self.shared.path;
        let distrust_cache =
            self.shared.disk.exists(&path.join(FAILED_FILE)).map_err(LogDirError::io(path))?;
        let (name, found) = {
            let unopened = self.unopened.lock();
            let Some(log) = unopened.get(&key).filter(|log| log.waits) else { return Err(not_now()) };
            (log.name.clone(), Found::of_one(key, log.tail.as_deref(), &log.entries, distrust_cache))
        };
        let config = config.clone();
        let handle = recovery::recover_one(&self.shared, &found, &name, &move |_| config.clone())?;
        logs.insert(key, handle.clone());
        drop(logs);
        let is_last = {
            let mut unopened = self.unopened.lock();
            unopened.remove(&key);
            !unopened.values().any(|log| log.waits)
        };
        self.offline.lock().remove(&name);
        if handle.with(|log| log.log_end_offset() > log.committed_offset()) || handle.commit_state().changed {
            handle.enqueue();
        }
        if is_last && distrust_cache && self.is_failed().is_none() {
            let mark = path.join(FAILED_FILE);
            self.shared.disk.remove_file(&mark).map_err(LogDirError::io(&mark))?;
        }
        tracing::info!(log = name, "recovered now that there is room");
        Ok(handle)
    }
}
