//! What goes wrong on a simulated disk, when, and how often it has.
//!
//! Faults are counted in operations, so the same calls with the same seed fail at the same place.

use std::io;
use std::path::Path;

/// Number of the error EIO.
const EIO: i32 = 5;

/// Number of the error EMFILE.
const EMFILE: i32 = 24;

/// What an operation does, as far as faults tell operations apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperationKind {
    /// Reads bytes or the length of a file.
    Read,
    /// Writes bytes or cuts a file.
    Write,
    /// Makes a file or a directory durable.
    Sync,
    /// Opens a file.
    Open,
    /// Lists or changes a directory.
    Directory,
}

/// How often each kind of fault has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "each field is the count of the fault it is named after")]
pub struct FaultCounts {
    pub read_errors: u64,
    pub write_errors: u64,
    pub sync_errors: u64,
    pub no_space: u64,
    pub bit_flips: u64,
    pub kills: u64,
    pub power_losses: u64,
    /// Blocks of 512 bytes that a power loss has put back to what they were when last synced.
    pub lost_blocks: u64,
    /// Blocks of 512 bytes that a power loss has left as they were written, though never synced.
    pub kept_blocks: u64,
    /// Changes of directories that a power loss has undone.
    pub lost_names: u64,
    /// Changes of directories that outlived a power loss without a sync.
    pub kept_names: u64,
    /// Writes cut in the middle by a power loss.
    pub torn_writes: u64,
}

struct Planned {
    kind: OperationKind,
    /// Only operations on paths that contain this count.
    path_part: String,
    /// How many operations still go well before it.
    after: u64,
}

/// Faults to come and counts of those past. See [`super::MemoryDisk::with_faults`].
pub struct DiskFaults {
    /// What has happened so far.
    pub counts: FaultCounts,
    /// Bytes that fit on the disk.
    pub capacity: u64,
    /// Whether opening with [`super::OpenMode::direct_sync`] fails.
    pub direct_refused: bool,
    /// Whether every read waits for the disk: nothing counts as being in memory.
    pub is_cold: bool,
    /// Whether the process has no file descriptor left: what takes one fails with EMFILE.
    pub no_descriptors: bool,
    /// Number of the error that planned faults are told as; EIO unless changed.
    pub errno: i32,
    planned: Vec<Planned>,
    power_left: Option<u64>,
    operations: u64,
    random: u64,
}

pub(super) enum Verdict {
    Go,
    Fail(io::Error),
    /// Fails after it has done some of its work.
    FailInPart(io::Error),
}

impl DiskFaults {
    pub(super) fn new(seed: u64) -> DiskFaults {
        DiskFaults {
            counts: FaultCounts::default(),
            // Half of what a u64 holds, so that sums with it do not overflow.
            capacity: u64::MAX / 2,
            direct_refused: false,
            is_cold: false,
            no_descriptors: false,
            errno: EIO,
            planned: Vec::new(),
            power_left: None,
            operations: 0,
            random: seed,
        }
    }

    /// Fails once: the operation of this kind that follows `after` successful ones, counting only files whose
    /// path contains `path_part` (empty: all). A failed sync leaves its bytes undurable for good.
    pub fn fail(&mut self, kind: OperationKind, path_part: &str, after: u64) {
        self.planned.push(Planned { kind, path_part: path_part.to_owned(), after });
    }

    /// Takes back all faults planned with [`DiskFaults::fail`].
    pub fn clear(&mut self) {
        self.planned.clear();
    }

    /// Cuts the power in the middle of the operation that follows `operations` further ones, of any kind. From then on
    /// everything fails until [`super::MemoryDisk::power_loss`] or [`super::MemoryDisk::kill`] is called.
    pub fn cut_power_after(&mut self, operations: u64) {
        self.power_left = Some(operations);
    }

    /// Whether the power is off.
    #[must_use]
    pub fn power_is_off(&self) -> bool {
        self.power_left == Some(0)
    }

    /// Count of operations since the disk was made.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// A number below `bound` (above 0), from the seed.
    pub fn random_below(&mut self, bound: u64) -> u64 {
        // splitmix64: every seed is as good as any other.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % bound
    }

    /// Fails an operation that takes a file descriptor if there is none.
    pub(super) fn take_descriptor(&self) -> io::Result<()> {
        if self.no_descriptors { Err(io::Error::from_raw_os_error(EMFILE)) } else { Ok(()) }
    }

    pub(super) fn reseed(&mut self, seed: u64) {
        self.random = seed;
    }

    pub(super) fn power_back(&mut self) {
        self.power_left = None;
    }

    pub(super) fn next(&mut self, kind: OperationKind, path: &Path) -> Verdict {
        self.operations += 1;
        match &mut self.power_left {
            Some(0) => return Verdict::Fail(io::Error::other("the power is off")),
            Some(left) => {
                *left -= 1;
                if *left == 0 {
                    return Verdict::FailInPart(io::Error::other("the power went off"));
                }
            }
            None => {}
        }
        let path = path.to_string_lossy();
        let mut due = None;
        for (index, planned) in self.planned.iter_mut().enumerate() {
            if planned.kind != kind || !path.contains(&planned.path_part) {
                continue;
            }
            match planned.after {
                0 => due = due.or(Some(index)),
                _ => planned.after -= 1,
            }
        }
        let Some(due) = due else { return Verdict::Go };
        self.planned.remove(due);
        let counter = match kind {
            OperationKind::Read => &mut self.counts.read_errors,
            OperationKind::Sync => &mut self.counts.sync_errors,
            OperationKind::Write | OperationKind::Open | OperationKind::Directory => {
                &mut self.counts.write_errors
            }
        };
        *counter += 1;
        Verdict::FailInPart(io::Error::from_raw_os_error(self.errno))
    }
}
