use broker_log::leader_epoch_cache::EpochEntry;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::types::{ProducerId, TopicId};
use proptest::prelude::*;

use super::*;
use crate::frame::FormatError;
use crate::page;

pub(crate) const PARTITION: PartitionId = PartitionId { topic_id: TopicId(Uuid::from_u128(7)), partition: 2 };

pub(crate) fn cluster() -> ClusterId {
    ClusterId::parse("cluster").unwrap()
}

/// An entry of 100 bytes for each record.
pub(crate) fn entry(base: i64, end: i64) -> Entry {
    let (base_offset, end_offset) = (Offset(base), Offset(end));
    let id = Uuid::from_u128(u128::from(base.unsigned_abs()) + 1);
    let length = 100 * (end - base + 1).unsigned_abs();
    Entry {
        base_offset,
        end_offset,
        object: SegmentKey { partition: PARTITION, base_offset, leader_epoch: LeaderEpoch(0), id },
        position: 0,
        length,
        object_length: length + 300,
        footer_position: length + 200,
        batches_crc: 5,
        epochs: vec![EpochEntry { epoch: LeaderEpoch(0), start_offset: base_offset }],
        max_timestamp: 1000 + end,
        max_timestamp_offset: end_offset,
        aborted_count: 0,
        aborted: Vec::new(),
        created_ms: 1,
    }
}

pub(crate) fn manifest() -> Manifest {
    Manifest::empty(cluster(), PARTITION, "orders".into(), Offset(0))
}

/// A manifest with `count` entries of ten offsets, and the pages that it spilled.
pub(crate) fn grown(count: i64) -> (Manifest, Vec<SpilledPage>) {
    let (mut manifest, mut pages) = (manifest(), Vec::new());
    for index in 0..count {
        manifest.append(entry(index * 10, index * 10 + 9)).unwrap();
        pages.extend(manifest.spill(Uuid::from_u128(pages.len() as u128)));
    }
    (manifest, pages)
}

fn published(mut manifest: Manifest, number: u64) -> Manifest {
    manifest.number = Some(ManifestNumber(number));
    let (generation, leader_epoch) = (Generation::FIRST, LeaderEpoch(3));
    let author =
        Author { directory: Uuid::from_u128(10), life: Uuid::from_u128(11), sequence: u64::MAX - number };
    let (writer, now_ms) = (Uuid::from_u128(9), 77);
    manifest.stamp = Some(Stamp { generation, leader_epoch, writer, now_ms, author: Some(author) });
    manifest
}

/// tiering = 5
#[test]
fn an_entry_that_does_not_follow_is_refused() {
    let mut manifest = manifest();
    manifest.append(entry(0, 9)).unwrap();
    let before = manifest.clone();
    for (base, end) in [(11, 20), (9, 20), (0, 9), (5, 12)] {
        let refused = AdmissionError::NotNext { base_offset: Offset(base), next_offset: Offset(10) };
        assert_eq!(manifest.append(entry(base, end)), Err(refused));
    }
    assert_eq!(manifest, before);
    manifest.append(entry(10, 20)).unwrap();
    assert_eq!(manifest.tiered_end(), Some(Offset(21)));
}

/// tiering = 5, 25
#[test]
fn the_first_entry_holds_the_logs_start() {
    let mut manifest = manifest();
    manifest.advance_log_start(Offset(15), 0);
    assert!(matches!(manifest.append(entry(16, 20)), Err(AdmissionError::NotAtStart { .. })));
    assert!(matches!(manifest.append(entry(0, 14)), Err(AdmissionError::NotAtStart { .. })));
    manifest.append(entry(10, 20)).unwrap();
    assert_eq!(manifest.find(Offset(14)), Place::BelowStart);
    assert!(matches!(manifest.find(Offset(15)), Place::Entry(_)));
}

/// tiering = 4
#[test]
fn an_older_leader_epoch_cannot_follow_a_newer_one() {
    let mut manifest = manifest();
    let mut first = entry(0, 9);
    first.epochs[0].epoch = LeaderEpoch(4);
    manifest.append(first).unwrap();
    assert_eq!(manifest.append(entry(10, 19)), Err(AdmissionError::OlderEpoch { found: 0, latest: 4 }));
}

/// tiering = 15
#[test]
fn the_end_of_an_epoch_is_known_from_the_manifest() {
    let mut manifest = manifest();
    manifest.append(entry(0, 9)).unwrap();
    let mut second = entry(10, 19);
    second.epochs.push(EpochEntry { epoch: LeaderEpoch(3), start_offset: Offset(15) });
    manifest.append(second).unwrap();
    assert_eq!(manifest.epoch_end_offset(LeaderEpoch(0)), Some((LeaderEpoch(0), Offset(15))));
    assert_eq!(manifest.epoch_end_offset(LeaderEpoch(2)), Some((LeaderEpoch(0), Offset(15))));
    assert_eq!(manifest.epoch_end_offset(LeaderEpoch(3)), None, "it may go on in the local log");
    manifest.advance_log_start(Offset(12), 0);
    assert_eq!(manifest.epoch_end_offset(LeaderEpoch(0)), Some((LeaderEpoch(0), Offset(15))));
}

#[test]
fn every_offset_of_a_long_history_is_found() {
    let (manifest, pages) = grown(1000);
    assert!(manifest.entries.len() <= ENTRIES_MAX);
    assert_eq!(manifest.entry_count(), 1000);
    assert_eq!(manifest.bytes(), 1_000_000);
    for offset in (0..10_000).map(Offset) {
        let found = match manifest.find(offset) {
            Place::Entry(entry) => entry,
            Place::Page(page) => {
                let spilled = pages.iter().find(|spilled| spilled.key == page.key).unwrap();
                find_entry(&spilled.entries, offset).unwrap()
            }
            other => panic!("{offset} is {other:?}"),
        };
        assert_eq!(found.base_offset.0, offset.0 / 10 * 10);
    }
    assert_eq!(manifest.find(Offset(10_000)), Place::AboveEnd);
}

#[test]
fn memory_does_not_grow_with_history() {
    let (short, long) = (grown(200).0.heap_bytes(), grown(100_000).0.heap_bytes());
    assert!(long < short + 512 * 1024, "{short} and {long} bytes");
}

/// tiering = 7, 19, 24
#[test]
fn the_log_start_removes_what_ends_before_it_and_never_goes_back() {
    let (mut manifest, pages) = grown(1000);
    let spilled = pages.len();
    assert!(manifest.advance_log_start(Offset(1285), 5));
    assert_eq!(manifest.pages.len(), spilled - 1);
    assert_eq!(manifest.removed[0].object, RemovedObject::Page(pages[0].key, 0));
    assert_eq!(manifest.page_to_trim().map(|page| page.key), Some(pages[1].key));
    assert!(!manifest.trim_page(&pages[1].entries, 6), "the entry that holds the start stays");
    assert!(manifest.advance_log_start(Offset(1300), 7));
    assert!(manifest.trim_page(&pages[1].entries, 8));
    assert_eq!(manifest.entry_count(), 1000 - 130);
    assert_eq!(manifest.bytes(), 870_000);
    assert_eq!(manifest.removed.len(), 3);
    assert!(!manifest.advance_log_start(Offset(5), 9));
    assert_eq!(manifest.log_start_offset, Offset(1300));
    assert_eq!(manifest.find(Offset(1299)), Place::BelowStart);
}

/// tiering = 25
#[test]
fn tiering_turned_off_and_on_again_begins_at_the_local_start() {
    let (mut manifest, _) = grown(300);
    assert!(manifest.remove_all(Offset(2500), 1));
    assert_eq!((manifest.tiered_end(), manifest.bytes(), manifest.entry_count()), (None, 0, 0));
    assert!(matches!(manifest.append(entry(3000, 3009)), Err(AdmissionError::NotAtStart { .. })));
    manifest.append(entry(2500, 2999)).unwrap();
    assert_eq!(manifest.tiered_end(), Some(Offset(3000)));
}

#[test]
fn the_oldest_kept_manifest_never_goes_back_nor_past_the_newest() {
    let mut manifest = published(manifest(), 9);
    manifest.keep_from(ManifestNumber(5));
    manifest.keep_from(ManifestNumber(3));
    assert_eq!(manifest.oldest_kept, ManifestNumber(5));
    manifest.keep_from(ManifestNumber(20));
    assert_eq!(manifest.oldest_kept, ManifestNumber(9));
}

fn rich() -> Manifest {
    let (mut manifest, _) = grown(400);
    let mut last = entry(4000, 4009);
    let txn = AbortedTxn {
        first_offset: Offset(3990),
        producer_id: ProducerId(5),
        last_offset: Offset(4003),
        last_stable_offset: Offset(4004),
    };
    (last.aborted_count, last.aborted) = (1, vec![txn]);
    manifest.append(last).unwrap();
    manifest.advance_log_start(Offset(1285), 5);
    manifest.keep_from(ManifestNumber(3));
    manifest.is_copying_stopped = true;
    published(manifest, 12)
}

#[test]
fn a_manifest_without_an_author_is_read() {
    let mut manifest = rich();
    manifest.stamp.as_mut().unwrap().author = None;
    let found = Manifest::decode(&manifest.encode(), &cluster(), PARTITION, ManifestNumber(12)).unwrap();
    assert_eq!(found.stamp.unwrap().author, None);
    assert_eq!(found, manifest);
}

#[test]
fn a_manifest_is_read_back_at_its_own_place_only() {
    let manifest = rich();
    let bytes = manifest.encode();
    let number = ManifestNumber(12);
    assert_eq!(Manifest::decode(&bytes, &cluster(), PARTITION, number), Ok(manifest));
    let elsewhere = PartitionId { partition: 3, ..PARTITION };
    let other = ClusterId::parse("other").unwrap();
    for result in [
        Manifest::decode(&bytes, &cluster(), PARTITION, ManifestNumber(11)),
        Manifest::decode(&bytes, &cluster(), elsewhere, number),
        Manifest::decode(&bytes, &other, PARTITION, number),
    ] {
        assert!(matches!(result, Err(FormatError::Inconsistent(..))), "{result:?}");
    }
}

proptest! {
    #[test]
    fn entries_survive_a_page(bounds in prop::collection::vec((1i64..1000, any::<i64>(), any::<u32>()), 1..50)) {
        let (mut base, mut entries) = (0, Vec::new());
        for (length, timestamp, crc) in bounds {
            let mut entry = entry(base, base + length - 1);
            (entry.max_timestamp, entry.batches_crc) = (timestamp, crc);
            base += length;
            entries.push(entry);
        }
        let bytes = page::encode(&cluster(), PARTITION, &entries);
        prop_assert_eq!(page::decode(&bytes, &cluster(), PARTITION), Ok(entries));
    }

    /// The frame's checksum is made to fit, so that what is inside is read.
    #[test]
    fn no_input_panics(body in prop::collection::vec(any::<u8>(), 0..400)) {
        use crate::frame::{Kind, wrap};
        let _ = Manifest::decode(&wrap(Kind::Manifest, &body), &cluster(), PARTITION, ManifestNumber(1));
        let _ = page::decode(&wrap(Kind::Page, &body), &cluster(), PARTITION);
        let _ = Manifest::decode(&body, &cluster(), PARTITION, ManifestNumber(1));
    }

    #[test]
    fn no_changed_byte_panics(at in 0usize..20_000, byte: u8) {
        use crate::frame::{FRAME_HEADER_BYTES, Kind, wrap};
        let mut body = rich().encode().split_off(FRAME_HEADER_BYTES);
        let at = at % body.len();
        body[at] = byte;
        let _ = Manifest::decode(&wrap(Kind::Manifest, &body), &cluster(), PARTITION, ManifestNumber(12));
    }
}
