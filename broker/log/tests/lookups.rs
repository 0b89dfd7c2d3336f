//! What works beside each other: nobody waits for the disk with a look-up or a checkpoint who only wants the log, no
//! thread that may not wait reads from it, and what meets a failed sync or a deletion half way draws the right conclusion.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use broker_log::append::{AppendError, AppendInfo, AppendOptions, AppendOrigin};
use broker_log::handle::LogHandle;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk, OperationKind};
use broker_log::io::{DirEntry, Disk, DiskFile, DiskSpace, FileHandle, OpenMode, Wait};
use broker_log::log::ReadRange;
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{CommitObserver, LogDir, LogDirSettings};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, TopicId, Uuid};
use parking_lot::Mutex;

const ID: TopicId = TopicId(Uuid::from_u128(7));
const NOW_MS: i64 = 1000;
const RECORDS: i64 = 40;

/// Whoever waits longer than this waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);

type Hook = Arc<Mutex<Option<Box<dyn FnMut() + Send>>>>;

/// A disk that calls hooks: before each read and each sync of a file, after each sync and each rename.
#[derive(Clone)]
struct Watched {
    disk: MemoryDisk,
    hook: Hook,
    sync_hook: Hook,
    synced_hook: Hook,
    renamed_hook: Hook,
    reads: Arc<AtomicU64>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

fn call(hook: &Hook) {
    let taken = hook.lock().take();
    if let Some(mut act) = taken {
        act();
        hook.lock().get_or_insert(act);
    }
}

#[derive(Debug)]
struct WatchedFile {
    file: FileHandle,
    watched: Watched,
}

impl Disk for Watched {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<FileHandle> {
        let file = self.disk.open(path, mode)?;
        Ok(Arc::new(WatchedFile { file, watched: self.clone() }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.disk.file_len(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let renamed = self.disk.rename(from, to);
        call(&self.renamed_hook);
        renamed
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        self.disk.space(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn std::fmt::Debug + Send + Sync>> {
        self.disk.lock(path)
    }
}

impl DiskFile for WatchedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.watched.reads.fetch_add(1, Ordering::Relaxed);
        call(&self.watched.hook);
        self.file.read_at(buffer, position)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_at(bytes, position)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        call(&self.watched.sync_hook);
        let synced = self.file.sync_data();
        call(&self.watched.synced_hook);
        synced
    }

    fn is_resident(&self, position: u64, len: u64) -> bool {
        self.file.is_resident(position, len)
    }

    fn drop_cache(&self, position: u64, len: u64) {
        self.file.drop_cache(position, len);
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

struct Fixture {
    watched: Watched,
    dir: Arc<LogDir>,
    log: Arc<LogHandle>,
}

/// A log of several segments with entries in their index files, opened anew: nothing of it is known beyond its
/// checkpoint. `damage` has its way with the files before.
fn fixture(damage: impl FnOnce(&MemoryDisk)) -> Fixture {
    let disk = MemoryDisk::new(1);
    let [hook, sync_hook, synced_hook, renamed_hook] = std::array::from_fn(|_| Hook::default());
    let reads = Arc::default();
    let watched = Watched { disk: disk.clone(), hook, sync_hook, synced_hook, renamed_hook, reads };
    let config = LogConfig { segment_bytes: 2000, index_interval_bytes: 100, ..LogConfig::default() };
    let config = Arc::new(config);
    let open = || {
        let settings = LogDirSettings::new("cluster", BrokerId(1), Uuid::from_u128(9));
        let settings = LogDirSettings { recovery_threads: 1, reserve_bytes: 0, ..settings };
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let disk = Arc::new(watched.clone());
        LogDir::open(disk, clock, PathBuf::from("/data"), settings, &|_| config.clone()).expect("opens").0
    };
    let dir = open();
    let identity = LogIdentity { topic: Arc::from("t"), topic_id: ID, partition: 0 };
    let log = dir.create_log(identity, config.clone(), LeaderEpoch(0)).expect("is made");
    for number in 0..RECORDS {
        append(&log, NOW_MS - 100 + number);
    }
    dir.close();
    damage(&disk);
    let dir = open();
    let log = dir.get(ID, 0).expect("is there");
    Fixture { watched, dir, log }
}

fn append(log: &Arc<LogHandle>, timestamp: i64) {
    try_append(log, timestamp, 60).expect("is appended");
}

fn try_append(log: &Arc<LogHandle>, timestamp: i64, bytes: usize) -> Result<AppendInfo, AppendError> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(timestamp, None, Some(&vec![7; bytes]), &[]);
    let options =
        AppendOptions { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Client, now_ms: NOW_MS };
    log.append_as_leader(&mut builder.build(), &options)
}

fn range(from: i64, max_bytes: usize, upper: i64) -> ReadRange {
    ReadRange { from: Offset(from), max_bytes, min_one_batch: true, upper: Offset(upper) }
}

impl Fixture {
    /// Has `act` called with the log before every read from now on, on another thread, and waits for it.
    fn watch(&self, act: impl Fn(&Arc<LogHandle>) + Send + Sync + 'static) {
        self.set(&self.watched.hook, act);
    }

    fn set(&self, hook: &Hook, act: impl Fn(&Arc<LogHandle>) + Send + Sync + 'static) {
        let (log, act) = (Arc::clone(&self.log), Arc::new(act));
        *hook.lock() = Some(Box::new(move || {
            let (done, wait) = mpsc::channel();
            let (log, act) = (Arc::clone(&log), Arc::clone(&act));
            std::thread::spawn(move || {
                act(&log);
                done.send(()).expect("somebody waits");
            });
            wait.recv_timeout(PATIENCE).expect("the log is held while the disk works");
        }));
    }

    /// The same before the next read only.
    fn watch_once(&self, act: impl Fn(&Arc<LogHandle>) + Send + Sync + 'static) {
        let is_due = AtomicBool::new(true);
        self.watch(move |log| {
            if is_due.swap(false, Ordering::Relaxed) {
                act(log);
            }
        });
    }

    fn reads(&self) -> u64 {
        self.watched.reads.load(Ordering::Relaxed)
    }

    /// Everything that looks through files.
    fn look_up_all(&self) {
        let ends: Vec<i64> = [(0, 300), (5, 300), (7, 10), (13, 1 << 20), (30, 500)]
            .map(|(from, max_bytes)| self.log.read(&range(from, max_bytes, RECORDS - 1)).expect("is read"))
            .iter()
            .map(|extent| extent.next_offset.0)
            .collect();
        assert!(ends[0] > 0 && ends[1] > 5 && ends[2] == 8 && ends[3] > 13 && ends[4] > 30, "{ends:?}");
        let batch = self.log.timed_batch(NOW_MS - 90, Offset(0), Offset(RECORDS)).expect("is read");
        let found = batch.expect("is there").search().expect("is read").expect("is there");
        assert_eq!(found.offset, Offset(10));
        let newest = self.log.newest_record(Offset(RECORDS - 3)).expect("is read").expect("is there");
        assert_eq!((newest.offset, newest.timestamp), (Offset(RECORDS - 4), NOW_MS - 100 + RECORDS - 4));
    }
}

#[test]
fn the_log_is_not_held_while_its_files_are_read() {
    let damaged = |disk: &MemoryDisk| {
        for suffix in ["index", "timeindex"] {
            let path = PathBuf::from(format!("/data/t-0/{:020}.{suffix}", 0));
            disk.flip_bit(&path, 5, 1).expect("the index is there");
        }
    };
    let fixtures = [fixture(|_| {}), fixture(damaged)];
    for fixture in fixtures {
        let reads = fixture.reads();
        fixture.watch(|log| _ = log.with(|log| log.log_end_offset()));
        fixture.look_up_all();
        // Files are closed when they are idle.
        fixture.log.with(|log| log.close_idle());
        fixture.look_up_all();
        assert!(fixture.reads() > reads);
    }
}

/// fault = 38
#[test]
fn an_index_that_rots_after_it_was_compared_is_rebuilt_when_it_comes_from_the_disk_again() {
    for suffixes in [&["index"][..], &["timeindex"], &["index", "timeindex"]] {
        let fixture = fixture(|_| {});
        fixture.look_up_all();
        fixture.log.with(|log| log.close_idle());
        let disk = &fixture.watched.disk;
        for suffix in suffixes {
            let path = PathBuf::from(format!("/data/t-0/{:020}.{suffix}", 0));
            disk.flip_bit(&path, 5, 1).expect("the index is there");
        }
        disk.with_faults(|faults| faults.is_cold = true);
        fixture.look_up_all();
        disk.with_faults(|faults| faults.is_cold = false);
        fixture.look_up_all();
    }
}

/// fault = 38
#[test]
fn an_index_that_leads_to_no_batch_is_rebuilt_and_the_log_not_blamed() {
    let fixture = fixture(|_| {});
    fixture.look_up_all();
    fixture.log.with(|log| log.close_idle());
    let path = PathBuf::from(format!("/data/t-0/{:020}.index", 0));
    for position in (4..32).step_by(8) {
        fixture.watched.disk.flip_bit(&path, position, 0).expect("the index is there");
    }
    for from in 0..RECORDS - 1 {
        let extent = fixture.log.read(&range(from, 300, RECORDS - 1)).expect("is read");
        assert!(extent.next_offset.0 > from, "{from}: {extent:?}");
    }
}

#[test]
fn the_newest_record_below_an_offset_is_found_without_reading_the_whole_segment() {
    let config = LogConfig { segment_bytes: 1 << 20, index_interval_bytes: 1000, ..LogConfig::default() };
    for step in [1, 0, -1] {
        let fixture = fixture(|_| {});
        fixture.log.set_config(Arc::new(config.clone()));
        for number in 0..4000 {
            append(&fixture.log, NOW_MS + 10_000 + step * number);
        }
        append(&fixture.log, NOW_MS + 50_000);
        let end = fixture.log.with(|log| log.log_end_offset());
        let before = fixture.reads();
        let newest = fixture.log.newest_record(Offset(end.0 - 1)).expect("is read").expect("is there");
        assert_eq!(newest.timestamp, NOW_MS + 10_000 + if step == 1 { 3999 } else { 0 });
        assert_eq!(newest.offset, Offset(if step == 1 { end.0 - 2 } else { RECORDS }));
        // The headers alone fill more than a hundred reads.
        assert!(fixture.reads() - before < 20, "{step}: {} reads", fixture.reads() - before);
    }
}

#[test]
fn the_log_is_not_held_while_a_checkpoint_syncs_it() {
    let fixture = fixture(|_| {});
    append(&fixture.log, NOW_MS);
    fixture.dir.committer().run_cycle();
    let syncs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&syncs);
    fixture.set(&fixture.watched.sync_hook, move |log| {
        counted.fetch_add(1, Ordering::Relaxed);
        append(log, NOW_MS);
    });
    fixture.dir.checkpoint();
    assert!(syncs.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_failed_sync_of_a_checkpoint_is_told_to_the_committer_too() {
    let fixture = fixture(|_| {});
    let identity = LogIdentity { topic: Arc::from("large"), topic_id: ID, partition: 1 };
    let log = fixture.dir.create_log(identity, Arc::default(), LeaderEpoch(0)).expect("is made");
    append(&log, NOW_MS);
    fixture.dir.committer().run_cycle();
    fixture.dir.checkpoint();
    // One for the checkpoint to sync, then so much that the cycle syncs the segment itself.
    append(&log, NOW_MS);
    fixture.dir.committer().run_cycle();
    try_append(&log, NOW_MS, 100_000).expect("is appended");
    fixture.watched.disk.with_faults(|faults| faults.fail(OperationKind::Sync, "large-1", 0));
    // Before the checkpoint has said what it met.
    let dir = Arc::clone(&fixture.dir);
    fixture.set(&fixture.watched.synced_hook, move |_| _ = dir.committer().run_cycle());
    fixture.dir.checkpoint();
    assert!(fixture.dir.is_failed().is_some());
    assert_eq!(log.flushed_offset(), Offset(2));
}

#[test]
fn an_append_that_meets_a_deletion_takes_nothing_out_of_service() {
    let fixture = fixture(|_| {});
    fixture.set(&fixture.watched.renamed_hook, |log| {
        let refused = try_append(log, NOW_MS, 60);
        assert!(matches!(refused, Err(AppendError::Storage(_))), "{refused:?}");
    });
    fixture.dir.delete_log(ID, 0).expect("is deleted");
    assert_eq!(fixture.dir.is_failed(), None);
}

/// Acts once, after a cycle has committed and before it writes the index files of what was rolled.
struct AfterCommit(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl CommitObserver for AfterCommit {
    fn fsync(&self, _: Duration) {}

    fn cycle(&self, _: usize, _: u64, _: usize) {
        let act = self.0.lock().take();
        act.into_iter().for_each(|act| act());
    }
}

#[test]
fn a_roll_that_meets_a_deletion_takes_nothing_out_of_service() {
    let fixture = fixture(|_| {});
    let (renamed, wait_until_renamed) = mpsc::channel();
    let (go_on, wait_to_go_on) = mpsc::channel::<()>();
    let wait_to_go_on = Mutex::new(wait_to_go_on);
    fixture.set(&fixture.watched.renamed_hook, move |_| {
        renamed.send(()).expect("somebody waits");
        wait_to_go_on.lock().recv_timeout(PATIENCE).expect("the cycle ends");
    });
    let dir = Arc::clone(&fixture.dir);
    let delete = move || {
        std::thread::spawn(move || dir.delete_log(ID, 0).expect("is deleted"));
        wait_until_renamed.recv_timeout(PATIENCE).expect("is renamed");
    };
    fixture.dir.set_observer(Box::new(AfterCommit(Mutex::new(Some(Box::new(delete))))));
    let before = fixture.log.with(|log| log.segment_count());
    (0..40).for_each(|_| append(&fixture.log, NOW_MS));
    assert!(fixture.log.with(|log| log.segment_count()) > before);
    fixture.dir.committer().run_cycle();
    go_on.send(()).expect("the deletion waits");
    assert_eq!(fixture.dir.is_failed(), None);
}

#[test]
fn who_may_not_wait_reads_nothing_that_is_on_disk_only() {
    let fixture = fixture(|_| {});
    let look = |wait, range: ReadRange| {
        fixture.log.look_up(wait, |log, lookups| log.extent(&range, lookups)).expect("the disk works")
    };
    fixture.watched.disk.with_faults(|faults| faults.is_cold = true);
    for range in [range(0, 300, 40), range(5, 300, 40), range(7, 10, 12), range(13, 1 << 20, 20)] {
        let before = fixture.reads();
        assert!(look(Wait::Never, range).is_none(), "{range:?} with closed files");
        assert_eq!(fixture.reads(), before, "{range:?} with closed files");
        let found = look(Wait::Allowed, range).expect("may wait");
        assert!(found.len > 0, "{range:?}");
        let before = fixture.reads();
        look(Wait::Never, range);
        assert_eq!(fixture.reads(), before, "{range:?} with open files");
        fixture.log.with(|log| log.close_idle());
    }
}

#[test]
fn what_is_in_memory_is_found_by_who_may_not_wait() {
    let fixture = fixture(|_| {});
    fixture.look_up_all();
    let wanted = range(13, 250, RECORDS);
    let found = fixture.log.look_up(Wait::Never, |log, lookups| log.extent(&wanted, lookups));
    let found = found.expect("the disk works").expect("all of it is in memory");
    assert!(found.len > 0 && found.len <= 250);
    // What was appended behind a commit needs no look at any file.
    append(&fixture.log, NOW_MS);
    fixture.dir.committer().run_cycle();
    append(&fixture.log, NOW_MS);
    let before = fixture.reads();
    fixture.watched.disk.with_faults(|faults| faults.is_cold = true);
    let wanted = range(RECORDS + 1, 1 << 20, RECORDS + 2);
    let found = fixture.log.look_up(Wait::Never, |log, lookups| log.extent(&wanted, lookups));
    assert!(found.expect("the disk works").expect("it is in memory").len > 0);
    assert_eq!(fixture.reads(), before);
}

#[test]
fn a_look_up_that_is_overtaken_by_a_truncation_is_repeated() {
    let fixture = fixture(|_| {});
    fixture.watch_once(|log| {
        log.truncate_to(Offset(5)).expect("is cut");
        append(log, NOW_MS);
    });
    let extent = fixture.log.read(&range(3, 1 << 20, RECORDS)).expect("is read");
    assert_eq!((extent.base_offset, extent.next_offset), (Offset(3), Offset(6)));
    assert_eq!(extent.position + extent.len as u64, fixture.log.with(|log| log.end_position().1));
}

#[test]
fn a_look_up_that_is_overtaken_by_retention_finds_nothing() {
    let fixture = fixture(|_| {});
    fixture.watch_once(|log| {
        log.with(|log| log.delete_oldest_segments(2, NOW_MS)).expect("are renamed");
    });
    let extent = fixture.log.read(&range(1, 300, RECORDS)).expect("is read");
    assert_eq!(extent.len, 0);
    assert!(fixture.log.with(|log| log.log_start_offset()) > Offset(1));
    fixture.dir.close();
}
