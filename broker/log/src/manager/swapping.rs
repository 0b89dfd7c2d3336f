//! Puts what a cleaning has made of some segments in their place.
//!
//! Order: the files, which are synced, get their names of a swap, durably; a record of the swap is written, durably; then
//! the old files are set aside and the others take their names. Up to the record nothing has happened, from it on the swap
//! has: a start does again what was lost of it. The record goes once a durable checkpoint has the segment.

use broker_protocol::types::Offset;

use super::LogDir;
use crate::cleaner::may_clean;
use crate::cleaner::rewrite::Rewritten;
use crate::cleaner::run::Trouble;
use crate::handle::LogHandle;
use crate::log_error::LogError;
use crate::segment::Files;
use crate::{swap_files, swap_record};

impl LogDir {
    /// Swaps a group of segments for what was made of them. `cuts` is what the log's count of truncations was when that was
    /// begun.
    ///
    /// # Errors
    /// `Changed` if the group is not there any more, or the log is deleted; `Write`, after which either all or nothing of it
    /// has happened.
    pub(crate) fn swap_segments(
        &self,
        handle: &LogHandle,
        rewritten: Rewritten,
        cuts: u64,
    ) -> Result<(), Trouble> {
        let Rewritten { group, segment, .. } = rewritten;
        let _segments = handle.lock_segments();
        {
            let commit = handle.commit_state();
            // What names a position in the commit log must not find another file there.
            if commit.deleted || commit.truncated_at.is_some() {
                return Err(Trouble::Changed);
            }
        }
        let may_swap = handle.with(|log| {
            let is_same = log.cuts() == cuts && log.has_group(&group);
            is_same && may_clean(log) && !log.is_broken()
        });
        if !may_swap || !self.shared.takes_appends() {
            return Err(Trouble::Changed);
        }
        let (number, dir) = handle.with(|log| (log.next_swap(), log.dir().to_owned()));
        let record = handle.with(|log| log.swap_record(number, &group, &segment));
        let path = swap_record::path(&dir, number);
        self.begin_swap(&dir, group.base(), &record).map_err(|error| {
            // Nothing has happened yet, and what is there of the record would say that it had.
            for path in [&path, &swap_record::unfinished_path(&dir, number)] {
                let _ = self.shared.disk.remove_file(path);
            }
            Trouble::Write(error)
        })?;
        let mut commit = handle.commit_state();
        commit.changed = true;
        commit.swap_records.push((number, path));
        let swapped = handle.with(|log| {
            let delay_ms = log.config().file_delete_delay_ms;
            log.swap_in(&group, segment).map(|aside| (aside, delay_ms))
        });
        drop(commit);
        match swapped {
            Ok((aside, delay_ms)) => {
                self.shared.removals.add_files(aside, delay_ms);
                Ok(())
            }
            Err(error) => {
                // It has happened, but the files do not say so: only the next start can bring them in line.
                self.fail(format!("swap of segments of {} failed: {error}", handle.identity()));
                Err(Trouble::Changed)
            }
        }
    }

    /// Makes the files durable by their names of a swap, then writes the record.
    fn begin_swap(
        &self,
        dir: &std::path::Path,
        base: Offset,
        record: &swap_record::SwapRecord,
    ) -> Result<(), LogError> {
        let disk = self.shared.disk.as_ref();
        swap_files::to_swap(Files { disk, dir }, base)?;
        disk.sync_dir(dir).map_err(|error| LogError::io(dir, error))?;
        let path = swap_record::path(dir, record.number);
        disk.write_atomically(&path, &record.encode()).map_err(|error| LogError::io(&path, error))
    }
}
