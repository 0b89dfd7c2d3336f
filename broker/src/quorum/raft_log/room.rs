//! Room on the disk that the active file owns ahead of its end, as zeroes.
//!
//! Raft stops for good when its log cannot be written. So a proposal asks for room before raft hears of it: on a full
//! disk it is refused and nothing else happens. What was taken before keeps small changes possible then, such as the
//! removal of a topic that makes room, and is enough for the records that raft writes of its own accord.

use std::io;

use super::*;

/// Asked for ahead of the end of the file.
const ROOM_BYTES: u64 = 256 << 10;
/// Left to raft's own records: votes and purges, one of which comes with many thousand entries.
const OWN_BYTES: u64 = 8 << 10;
/// Zeroes that are written at once.
const CHUNK_BYTES: u64 = 64 << 10;

impl LogFiles {
    /// Makes sure that entries of `bytes` bytes, frames included, can be written now.
    ///
    /// # Errors
    /// [`RaftLogError::NoRoom`]; the log is as it was. After any other error it is out of service.
    pub(super) fn make_room(&mut self, bytes: u64) -> Result<(), RaftLogError> {
        let full = self.change(|files| match files.take_room(bytes) {
            Err(RaftLogError::Io { source, .. }) if is_full(&source) => Ok(true),
            taken => taken.map(|()| false),
        })?;
        if full { Err(RaftLogError::NoRoom { dir: self.dir.clone() }) } else { Ok(()) }
    }

    fn take_room(&mut self, bytes: u64) -> Result<(), RaftLogError> {
        if self.segments.back().is_none_or(|active| active.len >= SEGMENT_BYTES_MAX) {
            self.begin_segment()?;
        }
        let active = self.segments.back_mut().expect("a segment was made above");
        let needed = active.len + bytes + OWN_BYTES;
        if active.allocated >= needed + ROOM_BYTES / 2 {
            return Ok(());
        }
        match active.extend(needed + ROOM_BYTES) {
            Err(error) if is_full(&error) => {
                // What came to be written of it is given back: nobody knows how much it is.
                active.file.set_len(active.allocated).map_err(Self::io_error(&active.path))?;
                if active.allocated >= needed { Ok(()) } else { Err(Self::io_error(&active.path)(error)) }
            }
            extended => extended.map_err(Self::io_error(&active.path)),
        }
    }

    /// Makes the next file ahead of its first entry, or leaves no trace of it.
    fn begin_segment(&mut self) -> Result<(), RaftLogError> {
        let before = self.segments.len();
        let begun = self.write(Vec::new());
        if begun.is_err() && self.segments.len() > before {
            let unborn = self.segments.pop_back().expect("one more than before");
            self.disk.remove_file(&unborn.path).map_err(Self::io_error(&unborn.path))?;
        }
        begun
    }
}

impl Segment {
    fn extend(&mut self, end: u64) -> io::Result<()> {
        let zeroes = vec![0; usize::try_from(CHUNK_BYTES).expect("a small number")];
        let mut position = self.allocated;
        while position < end {
            let len = usize::try_from(end - position).unwrap_or(zeroes.len()).min(zeroes.len());
            self.file.write_at(&zeroes[..len], position)?;
            position += len as u64;
        }
        self.allocated = end;
        Ok(())
    }

    /// Gives up the room that is left.
    pub(super) fn trim(&mut self) -> io::Result<()> {
        if self.allocated > self.len {
            self.file.set_len(self.len)?;
            self.allocated = self.len;
        }
        Ok(())
    }
}
