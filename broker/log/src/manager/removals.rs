//! Files and directories that were set aside and go once no reader can be under way any more.

use std::io;
use std::path::PathBuf;

use parking_lot::Mutex;

use crate::io::Disk;

#[derive(Debug)]
struct Removal {
    /// `None` until the next pass has put the present time to the delay.
    due_ms: Option<i64>,
    delay_ms: i64,
    path: PathBuf,
    is_dir: bool,
}

/// The list, not durable: what a crash leaves behind is found by its name at the next start.
#[derive(Debug, Default)]
pub(crate) struct Removals(Mutex<Vec<Removal>>);

impl Removals {
    pub(crate) fn add_files(&self, paths: Vec<PathBuf>, delay_ms: i64) {
        let removal = |path| Removal { due_ms: None, delay_ms, path, is_dir: false };
        self.0.lock().extend(paths.into_iter().map(removal));
    }

    pub(crate) fn add_dir(&self, path: PathBuf, delay_ms: i64) {
        self.0.lock().push(Removal { due_ms: None, delay_ms, path, is_dir: true });
    }

    /// Removes what is due. What is gone already is no error.
    pub(crate) fn run(&self, disk: &dyn Disk, now_ms: i64) -> io::Result<()> {
        let mut due = Vec::new();
        self.0.lock().retain_mut(|removal| {
            let at = *removal.due_ms.get_or_insert(now_ms.saturating_add(removal.delay_ms));
            if at <= now_ms {
                due.push((std::mem::take(&mut removal.path), removal.is_dir));
            }
            at > now_ms
        });
        for (path, is_dir) in due {
            let removed = if is_dir { disk.remove_dir_all(&path) } else { disk.remove_file(&path) };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
