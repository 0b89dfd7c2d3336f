use broker_protocol::types::{Offset, TopicId, Uuid};

use super::*;
use crate::io::memory_disk::MemoryDisk;

const SIZES: CommitLogSizes =
    CommitLogSizes { file_bytes: 32 << 10, extend_bytes: 8 << 10, uncovered_bytes_max: 256 << 10 };

fn dir() -> PathBuf {
    PathBuf::from("/commit-log")
}

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    disk.create_dir_all(&dir()).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

fn header(end_offset: i64) -> EntryHeader {
    EntryHeader {
        kind: EntryKind::LogStart,
        topic_id: TopicId(Uuid::from_u128(1)),
        partition: 0,
        segment_base: Offset(0),
        end_offset: Offset(end_offset),
        position: 0,
    }
}

fn open(disk: &MemoryDisk, lsn: u64, epoch: u64) -> CommitLog {
    let replay = read(disk, &dir(), lsn, epoch, false).unwrap();
    CommitLog::new(Arc::new(disk.clone()), dir(), SIZES, &replay)
}

fn write(log: &mut CommitLog, offset: i64) {
    log.push(&header(offset)).unwrap();
    log.write().unwrap();
}

fn replayed(disk: &MemoryDisk, lsn: u64, epoch: u64) -> Vec<i64> {
    let replay = read(disk, &dir(), lsn, epoch, false).unwrap();
    replay.entries_of(TopicId(Uuid::from_u128(1)), 0).map(|(header, _)| header.end_offset.0).collect()
}

#[test]
fn what_was_written_is_durable_and_replayed_in_order() {
    for seed in 0..10 {
        let disk = disk();
        disk.with_faults(|faults| faults.direct_refused = seed % 2 == 0);
        let mut log = open(&disk, 0, 0);
        (0..40).for_each(|offset| write(&mut log, offset));
        disk.power_loss(seed);
        assert_eq!(replayed(&disk, 0, 0), (0..40).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn an_entry_larger_than_a_frame_is_split() {
    let disk = disk();
    let sizes = CommitLogSizes { file_bytes: 4 << 20, extend_bytes: 1 << 20, ..CommitLogSizes::default() };
    let replay = read(&disk, &dir(), 0, 0, false).unwrap();
    let mut log = CommitLog::new(Arc::new(disk.clone()), dir(), sizes, &replay);
    let segment = disk.open(Path::new("/segment"), OpenMode::CREATE_NEW).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    segment.write_at(&bytes, 0).unwrap();
    let header = EntryHeader { kind: EntryKind::Append, ..header(5) };
    log.push_range(&header, Offset(9), &*segment, (100, bytes.len() as u64)).unwrap();
    log.write().unwrap();
    let replay = read(&disk, &dir(), 0, 0, false).unwrap();
    let ends: Vec<_> = replay.entries_of(header.topic_id, 0).map(|(header, _)| header.end_offset.0).collect();
    assert_eq!(ends, [5, 5, 9]);
    let mut position = 100;
    for (header, part) in replay.entries_of(header.topic_id, 0) {
        assert_eq!(header.position, position);
        assert!(part == &bytes[usize::try_from(position).unwrap()..][..part.len()]);
        position += part.len() as u64;
    }
    assert_eq!(position, bytes.len() as u64);
}

#[test]
fn a_checkpoint_hides_what_it_covers_and_recycles_its_files() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..20).for_each(|offset| write(&mut log, offset));
    let lsn = log.begin_checkpoint();
    let files = disk.list(&dir()).unwrap().len();
    (20..25).for_each(|offset| write(&mut log, offset));
    log.end_checkpoint(lsn);
    (25..40).for_each(|offset| write(&mut log, offset));
    assert_eq!(disk.list(&dir()).unwrap().len(), files + 1);
    assert_eq!(replayed(&disk, lsn, log.epoch()), (20..40).collect::<Vec<_>>());
}

/// fault = 36
#[test]
fn a_torn_last_frame_is_no_entry_and_its_lsn_is_written_again() {
    for seed in 0..30 {
        let disk = disk();
        let mut log = open(&disk, 0, 0);
        (0..3).for_each(|offset| write(&mut log, offset));
        disk.with_faults(|faults| faults.cut_power_after(1));
        log.push(&header(99)).unwrap();
        log.write().unwrap_err();
        disk.power_loss(seed);
        let first = replayed(&disk, 0, 0);
        assert!(first == [0, 1, 2] || first == [0, 1, 2, 99], "{first:?}");
        let mut log = open(&disk, 0, 0);
        write(&mut log, 3);
        let again = replayed(&disk, 0, 0);
        assert_eq!(again, [&first[..], &[3]].concat(), "seed {seed}");
    }
}

#[test]
fn frames_that_a_later_incarnation_did_not_see_stay_hidden() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..3).for_each(|offset| write(&mut log, offset));
    let hidden = dir().join(file_name(1));
    disk.flip_bit(&hidden, 2 * DIRECT_BLOCK as u64 + 10, 0).unwrap();
    let mut log = open(&disk, 0, 0);
    write(&mut log, 10);
    disk.flip_bit(&hidden, 2 * DIRECT_BLOCK as u64 + 10, 0).unwrap();
    assert_eq!(replayed(&disk, 0, 0), [0, 1, 10]);
}

/// Where something is wrong that no crash leaves: file and block.
fn damage(disk: &MemoryDisk, lsn: u64, epoch: u64) -> Vec<(PathBuf, u64)> {
    let replay = read(disk, &dir(), lsn, epoch, false).unwrap();
    let all = replay.damaged.into_iter().chain(replay.gaps);
    all.map(|damage| (damage.path, damage.position / DIRECT_BLOCK as u64)).collect()
}

#[test]
fn a_missing_frame_is_reported() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..20).for_each(|offset| write(&mut log, offset));
    disk.flip_bit(&dir().join(file_name(1)), 5 * DIRECT_BLOCK as u64 + 10, 0).unwrap();
    let replay = read(&disk, &dir(), 0, 0, false).unwrap();
    assert_eq!((replay.missing.len(), replay.missing[0].clone()), (1, 5..8));
    assert_eq!(replay.next_lsn, 20);
}

#[test]
fn any_flipped_bit_of_a_frame_with_others_behind_it_is_damage() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..7).for_each(|offset| write(&mut log, offset));
    let file = dir().join(file_name(1));
    for block in [0, 3, 5] {
        for bit in 0..8 * 82 {
            let (at, bit) = (block * DIRECT_BLOCK as u64 + bit / 8, u8::try_from(bit % 8).unwrap());
            disk.flip_bit(&file, at, bit).unwrap();
            assert_eq!(damage(&disk, 0, 0), [(file.clone(), block)], "bit {bit} of {at}");
            disk.flip_bit(&file, at, bit).unwrap();
        }
    }
    assert_eq!(damage(&disk, 0, 0), []);
}

#[test]
fn a_damaged_last_frame_of_a_file_is_told_by_the_next_file() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..9).for_each(|offset| write(&mut log, offset));
    let file = dir().join(file_name(1));
    disk.flip_bit(&file, 7 * DIRECT_BLOCK as u64 + 20, 0).unwrap();
    assert_eq!(damage(&disk, 0, 0), [(file.clone(), 7)]);
    disk.remove_file(&file).unwrap();
    assert_eq!(damage(&disk, 0, 0), [(dir(), 0)]);
}

#[test]
fn what_a_checkpoint_covers_or_a_later_incarnation_did_not_see_is_no_damage() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    (0..5).for_each(|offset| write(&mut log, offset));
    let file = dir().join(file_name(1));
    disk.flip_bit(&file, 2 * DIRECT_BLOCK as u64 + 20, 0).unwrap();
    assert_eq!(damage(&disk, 5, log.epoch()), []);
    // As an earlier version went on.
    let mut log = open(&disk, 0, 0);
    write(&mut log, 10);
    assert_eq!(damage(&disk, 0, 0), []);
    assert_eq!(replayed(&disk, 0, 0), [0, 1, 10]);
}

/// Frames of several blocks, of which any may be torn off, in files with older frames behind them.
///
/// fault = 36
#[test]
fn a_torn_frame_is_never_taken_for_damage() {
    let mut torn = 0;
    for seed in 0..300 {
        let disk = disk();
        disk.with_faults(|faults| faults.direct_refused = seed % 3 == 0);
        let (mut lsn, mut epoch) = (0, 0);
        for round in 0..4 {
            let segment = disk.open(Path::new("/segment"), OpenMode::CREATE).unwrap();
            segment.write_at(&[7; 12_000], 0).unwrap();
            let append = |log: &mut CommitLog, len: u64| {
                log.push_range(
                    &EntryHeader { kind: EntryKind::Append, ..header(0) },
                    Offset(1),
                    &*segment,
                    (0, len),
                )?;
                log.write()
            };
            let mut log = open(&disk, lsn, epoch);
            (0..3).for_each(|at| append(&mut log, 3_000 * (1 + (seed + at) % 4)).unwrap());
            if round % 2 == 1 {
                (lsn, epoch) = (log.begin_checkpoint(), log.epoch());
                log.end_checkpoint(lsn);
            }
            disk.with_faults(|faults| faults.cut_power_after(seed % 5 + 1));
            while append(&mut log, 12_000).is_ok() {}
            disk.power_loss(seed);
            torn += usize::from(read(&disk, &dir(), lsn, epoch, false).unwrap().next_lsn == log.next_lsn());
            assert_eq!(damage(&disk, lsn, epoch), [], "seed {seed} round {round}");
        }
    }
    assert!(torn > 100, "{torn}");
}

#[test]
fn a_full_disk_leaves_the_frame_for_another_try() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    disk.with_faults(|faults| faults.capacity = 100);
    log.push(&header(1)).unwrap();
    assert_eq!(log.write().unwrap_err().kind(), io::ErrorKind::StorageFull);
    disk.with_faults(|faults| faults.capacity = 1 << 20);
    log.write().unwrap();
    assert_eq!(replayed(&disk, 0, 0), [1]);
}

#[test]
fn a_file_that_a_power_loss_has_left_with_part_of_a_block_is_written_again() {
    let disk = disk();
    let mut log = open(&disk, 0, 0);
    write(&mut log, 0);
    drop(log);
    let file = disk.open(&dir().join(file_name(1)), OpenMode::WRITE).unwrap();
    file.set_len(DIRECT_BLOCK as u64 + 1000).unwrap();
    let mut log = open(&disk, 1, 1);
    (1..4).for_each(|offset| write(&mut log, offset));
    assert_eq!(replayed(&disk, 1, 1), [1, 2, 3]);
}
