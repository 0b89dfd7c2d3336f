//! What one simulated file holds: its content as a process sees it, and how to get back to what is durable.
//!
//! Instead of a second copy it keeps, for every block changed since the last sync, the block as it was then.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::DiskFaults;

/// Size in bytes of what a medium writes as a whole.
const BLOCK: usize = 512;

/// Sum of the lengths of all files.
#[derive(Clone, Debug, Default)]
pub(super) struct Used(Arc<AtomicU64>);

impl Used {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(super) struct FileContent {
    bytes: Vec<u8>,
    durable_len: usize,
    /// Number of a changed block → its durable content (zeroes past the durable end).
    undo: BTreeMap<usize, Box<[u8]>>,
    /// Blocks of a failed sync: clean as far as the kernel knows, yet not on the medium.
    lost: BTreeMap<usize, Box<[u8]>>,
    pub(super) failed_syncs: u64,
    used: Used,
}

impl Drop for FileContent {
    fn drop(&mut self) {
        self.used.0.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

impl FileContent {
    pub(super) fn new(used: Used) -> FileContent {
        let (undo, lost) = (BTreeMap::new(), BTreeMap::new());
        FileContent { bytes: Vec::new(), durable_len: 0, undo, lost, failed_syncs: 0, used }
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> usize {
        let start = index(position).min(self.bytes.len());
        let count = buffer.len().min(self.bytes.len() - start);
        buffer[..count].copy_from_slice(&self.bytes[start..start + count]);
        count
    }

    pub(super) fn write_at(&mut self, bytes: &[u8], position: u64) {
        if bytes.is_empty() {
            return;
        }
        let start = index(position);
        let end = start + bytes.len();
        self.remember(start.min(self.bytes.len()), end);
        if end > self.bytes.len() {
            self.resize(end);
        }
        self.bytes[start..end].copy_from_slice(bytes);
    }

    pub(super) fn set_len(&mut self, len: u64) {
        let len = index(len);
        self.remember(len.min(self.bytes.len()), len.max(self.bytes.len()));
        self.resize(len);
    }

    pub(super) fn sync(&mut self) {
        self.undo.clear();
        self.durable_len = self.bytes.len();
    }

    /// Makes a range durable, as a direct write does.
    pub(super) fn sync_range(&mut self, position: u64, len: u64) {
        let start = index(position);
        let end = start + index(len);
        self.undo.retain(|block, _| !(start / BLOCK..end.div_ceil(BLOCK)).contains(block));
        self.durable_len = self.durable_len.max(end.min(self.bytes.len()));
    }

    pub(super) fn lose_dirty(&mut self) {
        for (block, content) in std::mem::take(&mut self.undo) {
            self.lost.entry(block).or_insert(content);
        }
    }

    /// A write in whose middle the power goes: any of its blocks may have reached the page cache or, if it is a direct
    /// write, the medium.
    pub(super) fn write_in_part(
        &mut self,
        bytes: &[u8],
        position: u64,
        direct: bool,
        faults: &mut DiskFaults,
    ) {
        faults.counts.torn_writes += 1;
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            if faults.random_below(2) == 0 {
                continue;
            }
            let at = position + (number * BLOCK) as u64;
            self.write_at(block, at);
            if direct {
                self.sync_range(at, block.len() as u64);
            }
        }
    }

    /// Puts each block that was not synced back to its durable content or leaves it, and picks a length between the
    /// durable one and the present one.
    pub(super) fn power_loss(&mut self, faults: &mut DiskFaults) {
        if self.undo.is_empty() && self.lost.is_empty() && self.durable_len == self.bytes.len() {
            return;
        }
        let len = self.surviving_len(faults);
        // All, none or any combination: each must be frequent enough to be tried.
        let style = faults.random_below(3);
        let (reverted, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.undo)
            .into_iter()
            .partition(|_| style == 0 || (style == 1 && faults.random_below(2) == 0));
        faults.counts.kept_blocks += kept.len() as u64;
        // Of a failed sync nothing reaches the medium, whatever the luck.
        let lost = std::mem::take(&mut self.lost);
        self.resize(len);
        for (block, content) in reverted.into_iter().chain(lost) {
            faults.counts.lost_blocks += 1;
            let start = (block * BLOCK).min(self.bytes.len());
            let end = (start + BLOCK).min(self.bytes.len());
            self.bytes[start..end].copy_from_slice(&content[..end - start]);
        }
        self.sync();
    }

    fn surviving_len(&self, faults: &mut DiskFaults) -> usize {
        let (low, high) = (self.durable_len.min(self.bytes.len()), self.durable_len.max(self.bytes.len()));
        match faults.random_below(3) {
            0 => self.durable_len,
            1 => self.bytes.len(),
            _ => low + usize::try_from(faults.random_below((high - low) as u64 + 1)).unwrap_or(0),
        }
    }

    pub(super) fn flip_bit(&mut self, position: u64, bit: u8) -> io::Result<()> {
        let byte = self.bytes.get_mut(index(position)).ok_or(io::ErrorKind::InvalidInput)?;
        *byte ^= 1 << (bit % 8);
        Ok(())
    }

    /// Keeps the durable content of the blocks that a change of `start..end` is about to touch.
    fn remember(&mut self, start: usize, end: usize) {
        for block in start / BLOCK..end.div_ceil(BLOCK) {
            if self.undo.contains_key(&block) {
                continue;
            }
            if let Some(content) = self.lost.remove(&block) {
                self.undo.insert(block, content);
                continue;
            }
            let mut content = vec![0; BLOCK].into_boxed_slice();
            let from = block * BLOCK;
            if from < self.bytes.len() {
                let count = BLOCK.min(self.bytes.len() - from);
                content[..count].copy_from_slice(&self.bytes[from..from + count]);
            }
            self.undo.insert(block, content);
        }
    }

    fn resize(&mut self, len: usize) {
        if len > self.bytes.len() {
            self.used.0.fetch_add((len - self.bytes.len()) as u64, Ordering::Relaxed);
        } else {
            self.used.0.fetch_sub((self.bytes.len() - len) as u64, Ordering::Relaxed);
        }
        if len > self.bytes.capacity() {
            // Less ahead than a vector would take: simulations hold hundreds of MiB of files.
            self.bytes.reserve_exact(len - self.bytes.len() + len / 8);
        }
        self.bytes.resize(len, 0);
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position).expect("simulated files fit in memory")
}
