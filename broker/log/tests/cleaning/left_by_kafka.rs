//! What Kafka leaves in a directory when it is stopped in the middle of a cleaning.

use std::path::Path;

use broker_log::io::{Disk, OpenMode};

use super::*;

/// A directory as of Kafka: without our checkpoint, its log clean at the time of `cleaned`.
fn foreign() -> (MemoryDisk, Vec<Told>) {
    let (disk, mut opened) = made(1);
    append_turns(&opened.log(), &["a", "b"], 20);
    opened.settle();
    let all = records(&opened.log());
    opened.dir.close();
    for name in ["log-checkpoint", "log-checkpoint.previous"] {
        disk.remove_file(&Path::new("/data").join(name)).unwrap();
    }
    disk.remove_dir_all(Path::new("/data/commit-log")).unwrap();
    (disk, all)
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new("/data/orders-0").join(name)
}

/// Puts a segment of one batch there: the value of "a" with the largest offset below ten, holding the place of all.
fn write_segment(disk: &MemoryDisk, name: &str) {
    let mut builder = BatchBuilder::new(Compression::None).leader_epoch(LeaderEpoch(1));
    builder.push_at(8, 8, Some(b"a"), Some(b"value 8"), &[]);
    builder.push_at(9, 9, Some(b"b"), Some(b"value 9"), &[]);
    disk.open(&path(name), OpenMode::CREATE_NEW).unwrap().write_at(&builder.build(), 0).unwrap();
}

#[test]
fn a_swap_is_completed() {
    let (disk, all) = foreign();
    write_segment(&disk, "00000000000000000000.log.swap");
    let opened = open(&disk);
    assert_eq!(records(&opened.log()), all[8..]);
    assert_eq!(leftovers(&disk), Vec::<String>::new());
    let log = opened.log();
    assert_eq!(append(&log, "c", None), 20);
}

#[test]
fn what_was_not_written_whole_is_dropped() {
    let (disk, all) = foreign();
    write_segment(&disk, "00000000000000000000.log.cleaned");
    disk.open(&path("00000000000000000000.index.cleaned"), OpenMode::CREATE).unwrap();
    assert_eq!(records(&open(&disk).log()), all);
    assert_eq!(leftovers(&disk), Vec::<String>::new());
    // A segment that was about to be split.
    let (disk, all) = foreign();
    write_segment(&disk, "00000000000000000000.log.swap");
    write_segment(&disk, "00000000000000000000.log.cleaned");
    assert_eq!(records(&open(&disk).log()), all);
    assert_eq!(leftovers(&disk), Vec::<String>::new());
}
