//! Reading the raft log at a start.
//!
//! Only the end of the last file may be torn; it is cut. What is kept is synced before it counts, because after a kill
//! it may exist in memory only.

use super::*;
use crate::quorum::raft_frame::Tail;

impl LogFiles {
    /// Reads all files; the last one becomes the active one.
    pub(super) fn recover(&mut self) -> Result<(), RaftLogError> {
        let sequences = self.sequences()?;
        for (at, &sequence) in sequences.iter().enumerate() {
            let expected = sequences[0] + at as u64;
            if sequence != expected {
                return Err(RaftLogError::Missing { path: segment_path(&self.dir, expected) });
            }
            self.recover_segment(sequence, at + 1 == sequences.len())?;
        }
        Ok(())
    }

    fn sequences(&self) -> Result<Vec<u64>, RaftLogError> {
        let entries = self.disk.list(&self.dir).map_err(Self::io_error(&self.dir))?;
        let sequence = |name: &str| {
            let digits = name.strip_prefix(PREFIX)?;
            (digits.len() == 10).then(|| digits.parse().ok())?
        };
        let mut sequences: Vec<u64> = entries.iter().filter_map(|entry| sequence(&entry.name)).collect();
        sequences.sort_unstable();
        Ok(sequences)
    }

    fn recover_segment(&mut self, sequence: u64, is_last: bool) -> Result<(), RaftLogError> {
        let path = segment_path(&self.dir, sequence);
        let mut bytes = bytes::Bytes::from(self.disk.read(&path).map_err(Self::io_error(&path))?);
        let file_len = bytes.len();
        // No frame ends in a zero: zeroes at the end are room taken ahead, or a length without its bytes.
        bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
        let (frames, tail) = raft_frame::scan(&bytes);
        let corrupt = |position: usize, reason: &str| RaftLogError::Corrupt {
            path: path.clone(),
            position: position as u64,
            reason: reason.to_owned(),
        };
        let len = match tail {
            Tail::Clean => bytes.len(),
            Tail::Torn(at) if is_last => at,
            Tail::Torn(at) => {
                return Err(corrupt(at, "the file ends in a torn record, but another one follows"));
            }
            Tail::Corrupt(at) => return Err(corrupt(at, "a record that was durable has changed")),
        };
        if len == 0 {
            return self.discard_unborn(&path, is_last);
        }
        let file = self.disk.open(&path, OpenMode::WRITE).map_err(Self::io_error(&path))?;
        if is_last {
            if len < bytes.len() {
                tracing::warn!(path = %path.display(), from = bytes.len(), to = len, "torn metadata log tail cut");
            }
            if len < file_len {
                file.set_len(len as u64).map_err(Self::io_error(&path))?;
            }
            // A process that saw a sync fail may have left bytes in the page cache that count as clean there: written
            // again, they are written by the sync.
            file.write_at(&bytes[..len], 0).map_err(Self::io_error(&path))?;
            file.sync_data().map_err(Self::io_error(&path))?;
            self.disk.sync_dir(&self.dir).map_err(Self::io_error(&self.dir))?;
        }
        let (len, path) = (len as u64, path.clone());
        self.segments.push_back(Segment { sequence, path, file, len, allocated: len, last_index: None });
        for (number, frame) in frames.iter().enumerate() {
            let position = frame.payload.start + 1 - raft_frame::OVERHEAD;
            let kind = LogRecord::decode(bytes.slice(frame.payload.clone()))
                .map_err(|error| corrupt(position, &error.to_string()))?
                .kind
                .ok_or_else(|| corrupt(position, "a record of a kind that this build does not know"))?;
            if (number == 0) != matches!(kind, RecordKind::SegmentStart(_)) {
                return Err(corrupt(
                    position,
                    "the first record, and only it, must be the start of the file",
                ));
            }
            let frame_len = u32::try_from(frame.end() - position).expect("a frame's length is a u32");
            self.replay(kind, position as u64, frame_len).map_err(|reason| corrupt(position, &reason))?;
        }
        Ok(())
    }

    /// Takes away the last file if the power went while it was made: nothing in it was durable.
    fn discard_unborn(&self, path: &Path, is_last: bool) -> Result<(), RaftLogError> {
        if !is_last {
            let reason = "the file is empty, but another one follows".to_owned();
            return Err(RaftLogError::Corrupt { path: path.to_owned(), position: 0, reason });
        }
        self.disk.remove_file(path).map_err(Self::io_error(path))?;
        self.disk.sync_dir(&self.dir).map_err(Self::io_error(&self.dir))
    }

    fn replay(&mut self, record: RecordKind, position: u64, frame_len: u32) -> Result<(), String> {
        let segment = self.segments.back_mut().expect("the segment that is being read");
        match record {
            RecordKind::SegmentStart(start) => {
                if start.format_version != FORMAT_VERSION {
                    return Err(format!(
                        "format version {}, expected {FORMAT_VERSION}",
                        start.format_version
                    ));
                }
                if start.sequence != segment.sequence {
                    return Err(format!("the file says it is number {}", start.sequence));
                }
                self.vote = start.vote.map(Into::into).or(self.vote);
                self.purged = start.purged.map(Into::into).max(self.purged);
            }
            RecordKind::Entry(entry) => {
                let log_id = LogId::from(entry.log_id);
                segment.last_index = segment.last_index.max(Some(log_id.index));
                let sequence = segment.sequence;
                let last = self.entries.back().map(|place| place.log_id.index);
                // The first one of all stands where removed files ended.
                if last.is_some() {
                    self.check_follows(last, log_id.index).map_err(|error| error.to_string())?;
                }
                self.push(EntryPlace { log_id, sequence, position, frame_len });
            }
            RecordKind::Vote(vote) => self.vote = Some(vote.into()),
            RecordKind::Truncate(truncate) => self.drop_from(truncate.from_index),
            RecordKind::Purge(upto) => self.note_purge(upto.into()),
        }
        Ok(())
    }

    /// Makes the log begin right after the snapshot in use, which may be older than the last purge if a newer snapshot
    /// was lost.
    pub(super) fn reach_back_to(&mut self, applied: Option<LogId>) -> Result<(), RaftLogError> {
        if self.purged.map(|id| id.index) <= applied.map(|id| id.index) {
            return Ok(());
        }
        let needed = applied.map_or(0, |id| id.index + 1);
        let purged = self.purged.map_or(0, |id| id.index);
        match self.entries.front().map(|place| place.log_id.index) {
            Some(first) if first <= needed => {
                self.purged = applied;
                Ok(())
            }
            first => {
                let first = first.unwrap_or(purged + 1);
                Err(RaftLogError::Gap { dir: self.dir.clone(), first, needed })
            }
        }
    }
}
