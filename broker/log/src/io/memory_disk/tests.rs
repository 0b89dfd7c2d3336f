use super::*;

fn path(name: &str) -> PathBuf {
    PathBuf::from("/data").join(name)
}

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    disk.create_dir_all(Path::new("/data")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

fn durable_file(disk: &MemoryDisk, name: &str, bytes: &[u8]) -> FileHandle {
    let file = disk.open(&path(name), OpenMode::CREATE_NEW).unwrap();
    file.write_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(Path::new("/data")).unwrap();
    file
}

#[test]
fn synced_bytes_survive_every_power_loss() {
    for seed in 0..50 {
        let disk = disk();
        let file = durable_file(&disk, "a", b"durable");
        file.write_at(&[1; 5000], 7).unwrap();
        disk.power_loss(seed);
        assert_eq!(&disk.read(&path("a")).unwrap()[..7], b"durable", "seed {seed}");
    }
}

#[test]
fn unsynced_bytes_are_lost_torn_and_kept() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = disk();
        durable_file(&disk, "a", b"").write_at(&[1; 5000], 0).unwrap();
        disk.power_loss(seed);
        let bytes = disk.read(&path("a")).unwrap();
        lengths.insert(bytes.iter().filter(|byte| **byte == 1).count());
    }
    assert!(lengths.contains(&0) && lengths.contains(&5000) && lengths.len() > 10);
}

#[test]
fn a_synced_file_without_a_synced_name_can_be_lost() {
    let lost = |seed: &u64| {
        let disk = disk();
        let file = disk.open(&path("a"), OpenMode::CREATE_NEW).unwrap();
        file.write_at(b"x", 0).unwrap();
        file.sync_data().unwrap();
        disk.power_loss(*seed);
        !disk.exists(&path("a")).unwrap()
    };
    let lost = (0..20).filter(lost).count();
    assert!(lost > 0 && lost < 20);
}

#[test]
fn an_atomic_write_leaves_the_old_or_the_new_file_wherever_the_power_goes() {
    for cut in 1..12 {
        for seed in 0..10 {
            let disk = disk();
            disk.write_atomically(&path("a"), b"old").unwrap();
            disk.with_faults(|faults| faults.cut_power_after(cut));
            let written = disk.write_atomically(&path("a"), b"new and longer");
            disk.power_loss(seed);
            let bytes = disk.read(&path("a")).unwrap();
            assert!(
                bytes == b"new and longer" || (written.is_err() && bytes == b"old"),
                "{cut} {seed}: {bytes:?}"
            );
        }
    }
}

#[test]
fn a_kill_keeps_all_bytes_and_no_handle() {
    let disk = disk();
    let file = disk.open(&path("a"), OpenMode::CREATE_NEW).unwrap();
    file.write_at(b"not synced", 0).unwrap();
    let _held = disk.lock(&path("lock")).unwrap();
    disk.kill();
    assert_eq!(disk.read(&path("a")).unwrap(), b"not synced");
    assert!(file.write_at(b"x", 0).is_err());
    disk.lock(&path("lock")).unwrap();
}

#[test]
fn bytes_of_a_failed_sync_are_never_durable_although_the_next_sync_succeeds() {
    for seed in 0..20 {
        let disk = disk();
        let file = durable_file(&disk, "a", b"old");
        file.write_at(b"new", 0).unwrap();
        disk.with_faults(|faults| faults.fail(OperationKind::Sync, "a", 0));
        assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
        file.sync_data().unwrap();
        disk.power_loss(seed);
        assert_eq!(disk.read(&path("a")).unwrap(), b"old");
    }
}

#[test]
fn a_failed_sync_is_told_once_to_each_who_has_the_file_open() {
    let disk = disk();
    let file = durable_file(&disk, "a", b"old");
    let others = [0, 1].map(|_| disk.open(&path("a"), OpenMode::WRITE).unwrap());
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "a", 0));
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    for other in others {
        other.sync_data().unwrap_err();
        other.sync_data().unwrap();
    }
    disk.open(&path("a"), OpenMode::WRITE).unwrap().sync_data().unwrap();
}

#[test]
fn direct_writes_are_durable_when_they_return() {
    let disk = disk();
    drop(durable_file(&disk, "a", b""));
    let mode = OpenMode { direct_sync: true, ..OpenMode::WRITE };
    let file = disk.open(&path("a"), mode).unwrap();
    file.write_at(&[3; DIRECT_BLOCK], 0).unwrap();
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    disk.power_loss(1);
    assert_eq!(disk.read(&path("a")).unwrap(), vec![3; DIRECT_BLOCK]);
}

#[test]
fn a_full_disk_refuses_growth_and_takes_overwrites() {
    let disk = disk();
    disk.with_faults(|faults| faults.capacity = 10);
    let file = disk.open(&path("a"), OpenMode::CREATE_NEW).unwrap();
    file.write_at(&[1; 8], 0).unwrap();
    assert_eq!(file.write_at(&[1; 8], 8).unwrap_err().kind(), io::ErrorKind::StorageFull);
    file.write_at(&[2; 8], 0).unwrap();
    drop(file);
    disk.remove_file(&path("a")).unwrap();
    disk.sync_dir(Path::new("/data")).unwrap();
    assert_eq!(disk.space(Path::new("/data")).unwrap(), DiskSpace { total: 10, available: 10 });
}

#[test]
fn planned_faults_hit_the_counted_operation_of_the_named_file() {
    let disk = disk();
    let (a, b) = (durable_file(&disk, "a", b"1"), durable_file(&disk, "b", b"1"));
    disk.with_faults(|faults| faults.fail(OperationKind::Write, "b", 1));
    a.write_at(b"2", 0).unwrap();
    b.write_at(b"2", 0).unwrap();
    a.write_at(b"3", 0).unwrap();
    b.write_at(b"3", 0).unwrap_err();
    b.write_at(b"4", 0).unwrap();
    assert_eq!(disk.fault_counts().write_errors, 1);
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    let run = |seed| {
        let disk = disk();
        for name in ["a", "b", "c"] {
            disk.open(&path(name), OpenMode::CREATE_NEW).unwrap().write_at(&[9; 3000], 0).unwrap();
        }
        disk.power_loss(seed);
        let names = disk.list(Path::new("/data")).unwrap();
        (
            names.iter().map(|entry| disk.read(&path(&entry.name)).unwrap()).collect::<Vec<_>>(),
            disk.fault_counts(),
        )
    };
    assert_eq!(run(5), run(5));
}

#[test]
fn a_removed_directory_may_come_back_in_part() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let disk = disk();
        disk.create_dir_all(&path("t-0")).unwrap();
        for name in ["t-0/1", "t-0/2"] {
            disk.open(&path(name), OpenMode::CREATE_NEW).unwrap();
        }
        disk.sync_dir(&path("t-0")).unwrap();
        disk.sync_dir(Path::new("/data")).unwrap();
        disk.remove_dir_all(&path("t-0")).unwrap();
        disk.power_loss(seed);
        seen.insert(disk.list(&path("t-0")).map(|entries| entries.len()).ok());
    }
    assert_eq!(seen, [None, Some(0), Some(1), Some(2)].into());
}
