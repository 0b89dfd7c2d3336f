//! Reads of ranges of objects, whole or in parts that are there as soon as they have come.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload};

use super::{Store, count, permit};
use crate::pool::Buffer;
use crate::store_error::{StoreError, StoreErrorKind};

/// Takes the parts of a range, in order.
pub type TakePart<'a> = &'a mut (dyn FnMut(Bytes) + Send);

impl Store {
    /// Reads a range of an object, all of it.
    ///
    /// # Errors
    /// `Missing`; `Truncated` if the object ends before; `Invalid` if the answer is shorter or longer; any other.
    pub async fn get_range(&self, path: &Path, range: Range<u64>) -> Result<Bytes, StoreError> {
        let part_bytes = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut bytes = Bytes::new();
        self.get_parts(path, range, part_bytes, &mut |part| bytes = part).await?;
        Ok(bytes)
    }

    /// Reads a range of an object with one request, in parts of `part_bytes`, of which the last is shorter. Each is a
    /// buffer of its own. After a failure it is gone on with behind the last part that was whole.
    ///
    /// # Errors
    /// As [`Store::get_range`]; the parts that were taken are good.
    pub async fn get_parts(
        &self,
        path: &Path,
        range: Range<u64>,
        part_bytes: usize,
        take: TakePart<'_>,
    ) -> Result<(), StoreError> {
        let (mut at, mut attempt) = (range.start, 0);
        loop {
            self.wait_before(attempt).await;
            attempt += 1;
            let left = at..range.end;
            let mut note = |part: Bytes| {
                at += part.len() as u64;
                take(part);
            };
            match self.get_parts_once(path, left, part_bytes, &mut note).await {
                Err(error) if error.kind.is_transient() && attempt < self.limits.attempts => {
                    tracing::debug!(%path, attempt, %error, "a range of an object is asked for again");
                }
                result => return result,
            }
        }
    }

    async fn get_parts_once(
        &self,
        path: &Path,
        range: Range<u64>,
        part_bytes: usize,
        take: TakePart<'_>,
    ) -> Result<(), StoreError> {
        let _permit = permit(&self.read_lane).await;
        let wanted = range.end - range.start;
        let get = async {
            let options =
                GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
            let result = self.single.get_opts(path, options).await?;
            let ends_before = result.range != range && result.meta.size < range.end;
            if ends_before {
                return Ok::<_, object_store::Error>(Err((StoreErrorKind::Truncated, result.meta.size)));
            }
            let found = self.collect(result, part_bytes, wanted, take).await?;
            Ok(if found == wanted { Ok(()) } else { Err((StoreErrorKind::Invalid, found)) })
        };
        match self.within(self.limits.transfer_timeout, "get", path, get).await? {
            Ok(()) => Ok(()),
            Err((kind, found)) => {
                let detail = format!("{found} bytes for the range {range:?}");
                Err(StoreError::new(kind, "get", path, detail))
            }
        }
    }

    /// Cuts an answer into parts; returns how many bytes it had. What is incomplete at its end is not taken.
    async fn collect(
        &self,
        result: GetResult,
        part_bytes: usize,
        wanted: u64,
        take: TakePart<'_>,
    ) -> object_store::Result<u64> {
        let result = match result {
            GetResult { payload: GetResultPayload::File(file, _), range, .. } => {
                return self.collect_file(file, range, part_bytes, take).await;
            }
            result => result,
        };
        let (mut found, mut part) = (0, None);
        let room = |found: u64| {
            let left = wanted.saturating_sub(found);
            usize::try_from(left).unwrap_or(usize::MAX).min(part_bytes)
        };
        let mut stream = result.into_stream();
        while let Some(mut bytes) = stream.try_next().await? {
            while !bytes.is_empty() {
                let size = room(found);
                if size == 0 {
                    return Ok(found + bytes.len() as u64);
                }
                let mut filled: Buffer = part.take().unwrap_or_else(|| self.buffers.buffer(size));
                filled.extend(&bytes.split_to(bytes.len().min(size - filled.len())));
                if filled.len() < size {
                    part = Some(filled);
                    continue;
                }
                found += size as u64;
                count(&self.counts.bytes_in, size);
                take(filled.freeze(size));
                // More may be here already: whoever waits for this thread goes first.
                tokio::task::yield_now().await;
            }
        }
        Ok(found + part.map_or(0, |part| part.len() as u64))
    }

    /// The crate reads files as streams in small pieces, with memory of the threads that do it; whole parts at once.
    async fn collect_file(
        &self,
        file: File,
        range: Range<u64>,
        part_bytes: usize,
        take: TakePart<'_>,
    ) -> object_store::Result<u64> {
        let (file, mut at) = (Arc::new(file), range.start);
        while at < range.end {
            let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let (size, file) = (left.min(part_bytes), Arc::clone(&file));
            let mut part = self.buffers.buffer(size);
            let read =
                move || part.fill(size, |bytes| file.read_exact_at(bytes, at)).map(|()| part.freeze(size));
            let read = self.env.blocking.run(read).await;
            let read = read.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into()));
            let part =
                read.map_err(|error| object_store::Error::Generic { store: "file", source: error.into() })?;
            count(&self.counts.bytes_in, size);
            at += size as u64;
            take(part);
        }
        Ok(at - range.start)
    }
}
