//! Damaged files: torn tails are cut, indexes and snapshots are made anew, bad batches are reported with their file.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// A log of several segments whose index files are complete, and its checkpoint.
fn rolled() -> (Fixture, crate::tail_checkpoint::TailCheckpoint) {
    let mut fixture = fixture(LogConfig { segment_bytes: 1000, ..tiny_segments() });
    for n in 0..30 {
        fixture.append(records_at(NOW_MS - 100 + n, &["0123456789", "abc"]).build()).unwrap();
    }
    fixture.commit();
    let tail = fixture.checkpoint();
    (fixture, tail)
}

fn path(fixture: &Fixture, base: i64, suffix: &str) -> PathBuf {
    fixture.log.files().path(Offset(base), suffix)
}

fn overwrite(fixture: &Fixture, path: &Path, bytes: &[u8]) {
    write_file(&fixture.disk, path, bytes).unwrap();
}

/// fault = 36
#[test]
fn garbage_behind_the_last_batch_is_cut() {
    for with_checkpoint in [true, false] {
        let (mut fixture, tail) = rolled();
        let base = fixture.log.end_position().0.0;
        let file = path(&fixture, base, LOG_SUFFIX);
        let whole = fixture.disk.read(&file).unwrap();
        let torn = [whole.as_slice(), &records(&["torn"])[..50]].concat();
        overwrite(&fixture, &file, &torn);
        let report = fixture.reopen(with_checkpoint.then_some(&tail)).unwrap();
        assert_eq!(report.from_checkpoint, with_checkpoint);
        let cut = report.cut.unwrap();
        assert_eq!((cut.path, cut.position, cut.bytes), (file.clone(), whole.len() as u64, 50));
        assert_eq!(fixture.disk.read(&file).unwrap(), whole);
        assert_eq!(fixture.read_all(100, Offset(60)).len(), 60);
    }
}

/// fault = 36, 37
#[test]
fn bad_crc_in_the_last_segment_is_cut_and_in_an_earlier_one_refused() {
    let (mut fixture, _) = rolled();
    let (base, size, _) = fixture.log.end_position();
    fixture.disk.flip_bit(&path(&fixture, base.0, LOG_SUFFIX), size - 1, 0).unwrap();
    let report = fixture.reopen(None).unwrap();
    assert!(report.cut.unwrap().reason.contains("crc"));
    assert_eq!(fixture.log.log_end_offset(), Offset(58));

    let first = path(&fixture, 0, LOG_SUFFIX);
    fixture.disk.flip_bit(&first, 70, 0).unwrap();
    let before = fixture.disk.read(&first).unwrap();
    let error = fixture.reopen(None).unwrap_err();
    assert!(matches!(&error, LogError::Corrupt { path, position: 0, .. } if *path == first), "{error}");
    assert_eq!(fixture.disk.read(&first).unwrap(), before);
}

/// fault = 38
#[test]
fn damaged_index_files_are_rebuilt_when_they_are_used() {
    for suffix in ["index", "timeindex"] {
        for damage in [&b""[..], &b"garbage!garbage!garbage!garbage!garbage!"[..]] {
            let (mut fixture, tail) = rolled();
            let file = path(&fixture, 0, suffix);
            let sound = fixture.disk.read(&file).unwrap();
            assert!(!sound.is_empty());
            overwrite(&fixture, &file, damage);
            assert!(fixture.reopen(Some(&tail)).unwrap().from_checkpoint);
            let found = fixture.log.offset_for_timestamp(NOW_MS - 95, Offset(60)).unwrap().unwrap();
            assert_eq!(found.offset, Offset(9));
            assert_eq!(fixture.read_all(100, Offset(60)).len(), 60);
            assert_eq!(fixture.disk.read(&file).unwrap(), sound, "{suffix}");
        }
    }
}

#[test]
fn missing_files_of_the_checkpoint_lead_to_a_full_open() {
    let (mut fixture, tail) = rolled();
    let file = path(&fixture, 0, LOG_SUFFIX);
    fixture.disk.remove_file(&file).unwrap();
    let report = fixture.reopen(Some(&tail)).unwrap();
    assert!(!report.from_checkpoint);
    assert!(fixture.log.log_start_offset() > Offset(0));
}

/// fault = 38
#[test]
fn damaged_transaction_index_and_snapshots_are_rebuilt_from_the_log() {
    let mut fixture = fixture(LogConfig { segment_bytes: 400, ..tiny_segments() });
    for round in 0..6 {
        fixture.append(in_transaction(1, round, &["a"])).unwrap();
        let result = if round % 2 == 0 { TransactionResult::Abort } else { TransactionResult::Commit };
        fixture.append_control(end_of_transaction(1, result)).unwrap();
    }
    let tail = fixture.checkpoint();
    let wanted = fixture.log.aborted_transactions(Offset(0), Offset(12)).unwrap();
    assert_eq!(wanted.len(), 3);
    let entries = fixture.disk.list(fixture.log.dir()).unwrap();
    let broken = |name: &str| name.ends_with(".txnindex") || name.ends_with(".snapshot");
    for entry in entries.iter().filter(|entry| broken(&entry.name)) {
        overwrite(&fixture, &fixture.log.dir().join(&entry.name), b"x");
    }
    fixture.reopen(Some(&tail)).unwrap();
    assert_eq!(fixture.log.aborted_transactions(Offset(0), Offset(12)).unwrap(), wanted);
}

/// fault = 37
#[test]
fn header_that_is_none_is_reported_with_its_file_when_read() {
    let (mut fixture, tail) = rolled();
    fixture.reopen(Some(&tail)).unwrap();
    let file = path(&fixture, 0, LOG_SUFFIX);
    let mut bytes = fixture.disk.read(&file).unwrap();
    let batch = records(&["0123456789", "abc"]).len();
    bytes[batch + 16] = 9;
    overwrite(&fixture, &file, &bytes);
    let error = fixture.log.offset_for_timestamp(NOW_MS - 98, Offset(60)).unwrap_err();
    assert!(matches!(&error, LogError::Corrupt { path, .. } if *path == file), "{error}");
}

/// fault = 33
#[test]
fn failed_write_leaves_nothing_readable_and_stops_appends() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a"])).unwrap();
    fixture.disk.with_faults(|faults| faults.fail(crate::io::memory_disk::OperationKind::Write, ".log", 0));
    assert!(matches!(fixture.append(records(&["b"])), Err(AppendError::Storage(_))));
    assert!(matches!(fixture.append(records(&["c"])), Err(AppendError::OutOfService)));
    assert_eq!(fixture.read_all(100, Offset(9)), [(0, "a".into())]);
    fixture.reopen(None).unwrap();
    fixture.append(records(&["d"])).unwrap();
}

#[test]
fn append_refused_by_a_full_disk_leaves_no_trace_and_works_once_there_is_room() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a"])).unwrap();
    let used = fixture.disk.used_bytes();
    fixture.disk.with_faults(|faults| faults.capacity = used + 60);
    assert!(matches!(fixture.append(records(&["b"])), Err(AppendError::Storage(_))));
    assert_eq!(fixture.disk.used_bytes(), used);
    fixture.disk.with_faults(|faults| faults.capacity = 1 << 20);
    fixture.append(records(&["c"])).unwrap();
    fixture.reopen(None).unwrap();
    assert_eq!(fixture.read_all(100, Offset(9)), [(0, "a".into()), (1, "c".into())]);
}

#[test]
fn directory_of_another_topic_is_refused() {
    let fixture = fixture(LogConfig::default());
    let other = LogIdentity { topic_id: TopicId(Uuid::from_u128(6)), ..identity() };
    let dir = fixture.log.dir().to_owned();
    let disk: Arc<dyn Disk> = Arc::new(fixture.disk.clone());
    let config = fixture.log.config().clone();
    let error = PartitionLog::open(disk, dir, Some(other), config, None, NOW_MS).unwrap_err();
    assert!(matches!(error, LogError::WrongTopic { .. }));
}

/// fault = 40
#[test]
fn checkpoint_cut_anywhere_is_refused() {
    let (_, tail) = rolled();
    let bytes = tail.encode();
    assert_eq!(crate::tail_checkpoint::TailCheckpoint::decode(&bytes).unwrap(), tail);
    for len in 0..bytes.len() {
        assert!(crate::tail_checkpoint::TailCheckpoint::decode(&bytes[..len]).is_err(), "{len}");
    }
}

#[test]
fn log_of_an_old_record_format_is_refused_untouched() {
    let mut fixture = fixture(LogConfig::default());
    fixture.append(records(&["a"])).unwrap();
    let file = path(&fixture, 0, LOG_SUFFIX);
    let mut bytes = fixture.disk.read(&file).unwrap();
    bytes[16] = 1;
    overwrite(&fixture, &file, &bytes);
    let error = fixture.reopen(None).unwrap_err();
    assert!(error.to_string().contains("record format 1"), "{error}");
    assert_eq!(fixture.disk.read(&file).unwrap(), bytes);
}

#[test]
fn unreadable_compressed_batch_is_found_by_its_first_offset() {
    let mut fixture = fixture(LogConfig::default());
    let mut bytes = compressed(Compression::Lz4, NOW_MS, &["a", "b"]).build();
    let last = bytes.len() - 1;
    bytes[last] ^= 0x55;
    bytes[70] ^= 0x55;
    // The CRC is right: this is what a producer may send, the broker does not open it.
    broker_protocol::record_batch::set_max_timestamp(&mut bytes, NOW_MS + 1);
    fixture.append(bytes).unwrap();
    let found = fixture.log.offset_for_timestamp(NOW_MS + 1, Offset(2)).unwrap().unwrap();
    assert_eq!(found.offset, Offset(0));
}

/// Everything that reads the files, whatever comes of it.
fn use_everything(fixture: &mut Fixture) {
    let (mut next, end) = (fixture.log.log_start_offset(), fixture.log.log_end_offset());
    while let Ok(extent) = fixture.log.read(next, 200, true, end) {
        let bytes = bytes_of(&extent);
        let Some(last) = batches(&bytes).filter_map(Result::ok).last() else { break };
        if last.header.next_offset() <= next {
            break;
        }
        next = last.header.next_offset();
    }
    let _ = fixture.log.offset_for_timestamp(NOW_MS - 90, end);
    let _ = fixture.log.newest_record(end);
    let _ = fixture.log.aborted_transactions(Offset(0), end);
    let _ = fixture.append(records(&["more"]));
    let _ = fixture.log.truncate_to(Offset(end.0 / 2), NOW_MS);
    let _ = fixture.log.prepare_checkpoint(NOW_MS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]
    #[test]
    fn no_damage_to_any_file_leads_to_a_panic(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8), 1..6),
        with_checkpoint in any::<bool>(),
    ) {
        let (mut fixture, tail) = rolled();
        fixture.append(in_transaction(1, 0, &["a"])).unwrap();
        fixture.append_control(end_of_transaction(1, TransactionResult::Abort)).unwrap();
        fixture.checkpoint();
        let dir = fixture.log.dir().to_owned();
        let files: Vec<_> = fixture.disk.list(&dir).unwrap().into_iter().filter(|file| file.len > 0).collect();
        for (file, position, bit) in damages {
            let file = file.get(&files);
            fixture.disk.flip_bit(&dir.join(&file.name), position.index(file.len as usize) as u64, bit).unwrap();
        }
        if fixture.reopen(with_checkpoint.then_some(&tail)).is_ok() {
            use_everything(&mut fixture);
        }
    }
}
