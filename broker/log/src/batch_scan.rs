//! Walks the batches of a segment file from one batch boundary on: headers only, or whole batches with their CRC.

use std::ops::ControlFlow;
use std::path::Path;

use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchError, BatchHeader, RecordBatch};

use crate::io::{DiskFile, Wait};
use crate::log_error::LogError;

/// Bytes read at once when only headers are wanted: about one index interval.
const HEADER_CHUNK: usize = 4096;

/// Bytes read at once when whole batches are wanted; a larger batch gets a buffer of its size.
const BATCH_CHUNK: usize = 256 << 10;

/// Why a scan ended before the end it was given.
#[derive(Debug)]
pub(crate) struct Damage {
    /// Position of the batch that is not one.
    pub(crate) position: u64,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// Calls `visit` with position and header of each batch from `start` up to `end`, until it breaks.
///
/// # Errors
/// `Corrupt` where the bytes are no batch, or one that ends behind `end`.
pub(crate) fn walk_headers<B>(
    file: &dyn DiskFile,
    path: &Path,
    start: u64,
    end: u64,
    visit: impl FnMut(u64, &BatchHeader) -> ControlFlow<B>,
) -> Result<Option<B>, LogError> {
    walk_headers_within(Wait::Allowed, (file, path), (start, end), visit)
}

/// [`walk_headers`] between two positions of a file; fails with `WouldBlock` where it would have to wait and may not.
pub(crate) fn walk_headers_within<B>(
    wait: Wait,
    (file, path): (&dyn DiskFile, &Path),
    (start, end): (u64, u64),
    mut visit: impl FnMut(u64, &BatchHeader) -> ControlFlow<B>,
) -> Result<Option<B>, LogError> {
    let mut buffer = [0; HEADER_CHUNK];
    let (mut chunk_at, mut chunk_len) = (start, 0);
    let mut position = start;
    while position < end {
        let mut skip = usize::try_from(position - chunk_at).unwrap_or(usize::MAX);
        if skip.saturating_add(BATCH_HEADER_BYTES) > chunk_len {
            (chunk_at, skip) = (position, 0);
            let read = wait.read_at(file, &mut buffer, position);
            chunk_len = read.map_err(|error| LogError::io(path, error))?;
        }
        let header = BatchHeader::parse(&buffer[skip..chunk_len])
            .map_err(|error| LogError::corrupt(path, position, error))?;
        let next = position + header.size_in_bytes() as u64;
        if next > end || header.last_offset_delta < 0 {
            return Err(LogError::corrupt(path, position, "batch reaches behind the end of the segment"));
        }
        if let ControlFlow::Break(value) = visit(position, &header) {
            return Ok(Some(value));
        }
        position = next;
    }
    Ok(None)
}

/// Calls `visit` with position and content of each batch from `start` up to `end`, having checked its CRC; `visit`
/// breaks with a reason to refuse one. Returns the position after the last good batch, and the damage behind it if that
/// is not `end`.
pub(crate) fn scan_batches(
    file: &dyn DiskFile,
    path: &Path,
    start: u64,
    end: u64,
    mut visit: impl FnMut(u64, &RecordBatch<'_>) -> ControlFlow<String>,
) -> Result<(u64, Option<Damage>), LogError> {
    let mut buffer: Vec<u8> = Vec::new();
    let mut position = start;
    let mut wanted = BATCH_CHUNK;
    while position < end {
        let chunk_at = position;
        let asked = wanted.min(usize::try_from(end - position).unwrap_or(usize::MAX));
        buffer.resize(asked, 0);
        let read = file.read_at(&mut buffer, position).map_err(|error| LogError::io(path, error))?;
        let mut rest = &buffer[..read];
        wanted = BATCH_CHUNK;
        while !rest.is_empty() {
            let reason = match RecordBatch::parse(rest) {
                Ok((batch, after)) => match check(&batch, position, &mut visit) {
                    Ok(()) => {
                        position += batch.bytes.len() as u64;
                        rest = after;
                        continue;
                    }
                    Err(reason) => reason,
                },
                Err(BatchError::Truncated { needed, .. }) if position + needed as u64 <= end => {
                    wanted = needed.max(BATCH_CHUNK);
                    break;
                }
                Err(error) => error.to_string(),
            };
            return Ok((position, Some(Damage { position, reason })));
        }
        if position == chunk_at && read < asked {
            return Ok((position, Some(Damage { position, reason: "the file ends early".to_owned() })));
        }
    }
    Ok((position, None))
}

fn check(
    batch: &RecordBatch<'_>,
    position: u64,
    visit: &mut impl FnMut(u64, &RecordBatch<'_>) -> ControlFlow<String>,
) -> Result<(), String> {
    batch.verify_crc().map_err(|error| error.to_string())?;
    match visit(position, batch) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(reason) => Err(reason),
    }
}
