//! Files and directories that were set aside and go once no reader can be under way any more.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::io::Disk;

#[derive(Clone, Debug)]
struct Removal {
    /// `None` until the next pass has put the present time to the delay.
    due_ms: Option<i64>,
    delay_ms: i64,
    path: PathBuf,
    /// Of a log's directory: how many checkpoints had begun. Until one that began later is durable, the directory's
    /// name is what tells a start that the log was deleted.
    checkpoints: Option<u64>,
    /// What was in the directory is gone.
    emptied: bool,
}

/// The list, not durable: what a crash leaves behind is found by its name at the next start.
#[derive(Debug, Default)]
pub(crate) struct Removals(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    removals: Vec<Removal>,
    /// Checkpoints that have begun.
    begun: u64,
    /// Of these, the last one that is durable.
    durable: u64,
    /// A directory is due, and waits for a checkpoint.
    waits: bool,
    /// The last checkpoint found no room: directories that wait for one are emptied, but keep their names.
    no_room: bool,
}

impl Removals {
    pub(crate) fn add_files(&self, paths: Vec<PathBuf>, delay_ms: i64) {
        let removal = |path| Removal { due_ms: None, delay_ms, path, checkpoints: None, emptied: false };
        self.0.lock().removals.extend(paths.into_iter().map(removal));
    }

    pub(crate) fn add_dir(&self, path: PathBuf, delay_ms: i64) {
        let mut list = self.0.lock();
        let checkpoints = Some(list.begun);
        list.removals.push(Removal { due_ms: None, delay_ms, path, checkpoints, emptied: false });
    }

    /// A checkpoint begins; answers its number.
    pub(crate) fn begin_checkpoint(&self) -> u64 {
        let mut list = self.0.lock();
        list.begun += 1;
        list.begun
    }

    /// A checkpoint of this number is durable.
    pub(crate) fn end_checkpoint(&self, number: u64) {
        let mut list = self.0.lock();
        list.durable = list.durable.max(number);
        (list.waits, list.no_room) = (false, false);
    }

    /// A checkpoint found no room, which what waits for it may be taking up.
    pub(crate) fn make_room(&self) {
        self.0.lock().no_room = true;
    }

    /// Whether something is due that waits for a checkpoint.
    pub(crate) fn waits(&self) -> bool {
        self.0.lock().waits
    }

    /// Whether a checkpoint is worth being tried for it at once: after one that found no room it is not.
    pub(crate) fn want_checkpoint(&self) -> bool {
        let list = self.0.lock();
        list.waits && !list.no_room
    }

    /// Removes what is due. What is gone already is no error; what fails, and what comes after it, stays due.
    pub(crate) fn run(&self, disk: &dyn Disk, now_ms: i64) -> io::Result<()> {
        let (mut due, mut to_empty) = (VecDeque::new(), Vec::new());
        {
            let List { removals, durable, waits, no_room, .. } = &mut *self.0.lock();
            removals.retain_mut(|removal| {
                let at = *removal.due_ms.get_or_insert(now_ms.saturating_add(removal.delay_ms));
                let is_settled = removal.checkpoints.is_none_or(|checkpoints| checkpoints < *durable);
                *waits |= at <= now_ms && !is_settled;
                if at <= now_ms && is_settled {
                    due.push_back(removal.clone());
                    return false;
                }
                if at <= now_ms && *no_room && !std::mem::replace(&mut removal.emptied, true) {
                    to_empty.push(removal.path.clone());
                }
                true
            });
        }
        let mut removed = Ok(());
        while let Some(Removal { path, checkpoints, .. }) = due.front()
            && removed.is_ok()
        {
            let is_dir = checkpoints.is_some();
            removed = gone(if is_dir { disk.remove_dir_all(path) } else { disk.remove_file(path) });
            if removed.is_ok() {
                due.pop_front();
            }
        }
        for dir in &to_empty {
            removed = removed.and_then(|()| empty(disk, dir));
        }
        if removed.is_err() {
            let removals = &mut self.0.lock().removals;
            removals.iter_mut().for_each(|removal| removal.emptied &= !to_empty.contains(&removal.path));
            removals.extend(due);
        }
        removed
    }
}

/// Removes the files in a directory.
fn empty(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    let files = match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => listed?.into_iter().filter(|entry| !entry.is_dir),
    };
    for file in files {
        gone(disk.remove_file(&dir.join(file.name)))?;
    }
    Ok(())
}

/// What is not there any more is removed.
pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
