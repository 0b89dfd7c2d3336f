use std::collections::BTreeMap;

use broker_protocol::control_record::{EndTransactionMarker, TransactionResult};
use broker_protocol::record_batch::set_leader_epoch;
use broker_protocol::types::{LeaderEpoch, ProducerEpoch, ProducerId};
use proptest::prelude::*;

use super::*;
use crate::cleaner::key_hash::KeyHash;
use crate::cleaner::offset_map::MapLimits;

const NOW_MS: i64 = 1_000_000;
const DAY_MS: i64 = 86_400_000;

/// Key and value of a record; `None` is a tombstone.
type Pair<'a> = (&'a str, Option<&'a str>);

/// A record as tests tell it: offset, timestamp, key, value.
type Told = (i64, i64, String, Option<String>);

fn empty_map() -> OffsetMap {
    OffsetMap::new(1000, &MapLimits { bytes: 1 << 20, load_factor: 0.9 }, KeyHash::new((1, 2)))
}

/// A batch from `base` on, its records a second apart.
fn batch_of(compression: Compression, base: i64, pairs: &[Pair<'_>]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression)
        .base_offset(Offset(base))
        .leader_epoch(LeaderEpoch(7))
        .producer(ProducerId(4), ProducerEpoch(2), 10);
    for (time, (key, value)) in (0..).zip(pairs) {
        let headers: [(&[u8], Option<&[u8]>); 1] = [(b"h", Some(b"x"))];
        builder.push(5000 + time * 1000, Some(key.as_bytes()), value.map(str::as_bytes), &headers);
    }
    builder.build()
}

fn parsed(bytes: &[u8]) -> RecordBatch<'_> {
    let (batch, rest) = RecordBatch::parse(bytes).unwrap();
    assert!(rest.is_empty());
    batch.verify_crc().unwrap();
    batch
}

/// A cleaning of one batch and its outcome.
struct Case {
    /// What is known of the log.
    map: Option<OffsetMap>,
    /// Otherwise, offsets of keys that are in it beside the batch.
    keys: Vec<(Vec<u8>, i64)>,
    end: i64,
    now_ms: i64,
    config: LogConfig,
    last_offsets: LastOffsets,
    is_last: bool,
    filter: Filter,
}

impl Case {
    /// A cleaning of all below 100 that knows these keys.
    fn knowing(keys: &[(&str, i64)]) -> Case {
        Case {
            map: None,
            keys: keys.iter().map(|(key, offset)| (key.as_bytes().to_vec(), *offset)).collect(),
            end: 100,
            now_ms: NOW_MS,
            config: LogConfig::default(),
            last_offsets: BTreeMap::new(),
            is_last: false,
            filter: Filter::default(),
        }
    }

    /// What a log knows that has the batch and the other keys.
    fn map_with(&self, batch: &RecordBatch<'_>) -> OffsetMap {
        let mut notes: Vec<(Vec<u8>, i64)> = self.keys.clone();
        if !batch.header.is_transactional() && !batch.header.is_control() {
            let content = batch.decompress(1 << 20).unwrap();
            for record in batch.records(&content).map(Result::unwrap) {
                let offset = record.offset(&batch.header).0;
                notes.extend(record.key.filter(|_| offset < self.end).map(|key| (key.to_vec(), offset)));
            }
        }
        notes.sort_by_key(|(_, offset)| *offset);
        notes.dedup();
        let mut map = empty_map();
        notes.iter().for_each(|(key, offset)| map.note(key, Offset(*offset)));
        assert_eq!(map.settle(), None);
        map
    }

    fn judge(&mut self, bytes: &[u8]) -> Verdict {
        let made = self.map.is_none().then(|| self.map_with(&parsed(bytes)));
        let rules = Rules {
            map: self.map.as_ref().or(made.as_ref()).unwrap(),
            end: Offset(self.end),
            now_ms: self.now_ms,
            config: &self.config,
            last_offsets: &self.last_offsets,
        };
        self.filter.judge(&parsed(bytes), self.is_last, &rules).unwrap()
    }

    /// What takes the batch's place.
    fn replaced(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.judge(bytes) {
            Verdict::Replace(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }
}

fn told(bytes: &[u8]) -> Vec<Told> {
    let batch = parsed(bytes);
    let content = batch.decompress(1 << 20).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let one = |record: Record<'_>| {
        assert_eq!(record.headers.count(), 1);
        let (offset, timestamp) = (record.offset(&batch.header).0, record.timestamp_ms(&batch.header));
        (offset, timestamp, text(record.key.unwrap()), record.value.map(text))
    };
    batch.records(&content).map(|record| one(record.unwrap())).collect()
}

fn record(offset: i64, timestamp: i64, key: &str, value: Option<&str>) -> Told {
    (offset, timestamp, key.to_owned(), value.map(str::to_owned))
}

#[test]
fn records_with_a_later_one_go_and_the_batch_keeps_its_place_in_every_compression() {
    for compression in Compression::ALL {
        let pairs = [("a", Some("1")), ("b", Some("2")), ("c", Some("3")), ("d", Some("4"))];
        let bytes = batch_of(compression, 20, &pairs);
        let mut case = Case::knowing(&[("a", 30), ("b", 21), ("d", 30)]);
        let replaced = case.replaced(&bytes);
        let expected = [record(21, 6000, "b", Some("2")), record(22, 7000, "c", Some("3"))];
        assert_eq!(told(&replaced), expected, "{compression}");
        let (before, after) = (parsed(&bytes).header, parsed(&replaced).header);
        assert_eq!(after.compression(), Ok(compression));
        assert_eq!((after.base_offset, after.last_offset()), (Offset(20), Offset(23)));
        assert_eq!(after.partition_leader_epoch, LeaderEpoch(7));
        assert_eq!((after.producer_id, after.producer_epoch), (before.producer_id, before.producer_epoch));
        assert_eq!((after.base_sequence, after.last_sequence()), (10, 13));
        assert_eq!((after.base_timestamp, after.max_timestamp, after.record_count), (6000, 7000, 2));
        assert_eq!((case.filter.records, case.filter.removed), (4, 2));
    }
}

#[test]
fn a_batch_of_which_the_first_record_stays_keeps_its_record_bytes() {
    let bytes = batch_of(Compression::None, 20, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
    let replaced = Case::knowing(&[("b", 50)]).replaced(&bytes);
    assert_eq!(told(&replaced), [record(20, 5000, "a", Some("1")), record(22, 7000, "c", Some("3"))]);
    assert!(parsed(&bytes).record_bytes().starts_with(&parsed(&replaced).record_bytes()[..10]));
}

#[test]
fn a_batch_that_loses_nothing_is_kept_as_it_is() {
    let bytes = batch_of(Compression::Zstd, 20, &[("a", Some("1")), ("b", Some("2"))]);
    assert_eq!(Case::knowing(&[("a", 20), ("x", 50)]).judge(&bytes), Verdict::Keep);
}

#[test]
fn nothing_at_or_behind_the_end_is_touched_or_opened() {
    let bytes = batch_of(Compression::None, 100, &[("a", Some("1"))]);
    assert_eq!(Case::knowing(&[("a", 200)]).judge(&bytes), Verdict::Keep);
    // One that begins before it loses what is before it.
    let bytes = batch_of(Compression::None, 99, &[("a", Some("1")), ("a", Some("2")), ("a", None)]);
    let replaced = Case::knowing(&[("a", 100)]).replaced(&bytes);
    assert_eq!(told(&replaced), [record(100, 6000, "a", Some("2")), record(101, 7000, "a", None)]);
    assert!(!parsed(&replaced).header.has_delete_horizon());
}

#[test]
fn a_batch_without_records_goes_unless_it_holds_a_place() {
    let bytes = batch_of(Compression::Gzip, 20, &[("a", Some("1")), ("b", Some("2"))]);
    let case = || Case::knowing(&[("a", 50), ("b", 51)]);
    assert_eq!(case().judge(&bytes), Verdict::Drop);
    let last = Case { is_last: true, ..case() }.replaced(&bytes);
    let of_producer = Case { last_offsets: BTreeMap::from([(4, Offset(21))]), ..case() }.replaced(&bytes);
    assert_eq!(last, of_producer);
    let header = parsed(&last).header;
    assert_eq!((header.record_count, last.len(), header.compression()), (0, 61, Ok(Compression::None)));
    assert_eq!(
        (header.base_offset, header.last_offset(), header.last_sequence()),
        (Offset(20), Offset(21), 11)
    );
    assert_eq!((header.base_timestamp, header.max_timestamp), (6000, 6000));
    // Another cleaning finds it so.
    assert_eq!(Case { is_last: true, ..case() }.judge(&last), Verdict::Keep);
    assert_eq!(
        Case { last_offsets: BTreeMap::from([(4, Offset(22))]), ..case() }.judge(&last),
        Verdict::Drop
    );
}

#[test]
fn a_tombstone_stays_until_its_horizon_which_the_first_cleaning_sets() {
    for compression in [Compression::None, Compression::Lz4] {
        let bytes = batch_of(compression, 20, &[("a", None), ("b", Some("2")), ("c", None)]);
        let keys = [("a", 20), ("b", 40), ("c", 22)];
        let replaced = Case::knowing(&keys).replaced(&bytes);
        let both = [record(20, 5000, "a", None), record(22, 7000, "c", None)];
        assert_eq!(told(&replaced), both);
        let header = parsed(&replaced).header;
        assert!(header.has_delete_horizon());
        assert_eq!((header.base_timestamp, header.max_timestamp), (NOW_MS + DAY_MS, 7000));
        let at = |now_ms| Case { now_ms, ..Case::knowing(&[]) }.judge(&replaced);
        assert_eq!(at(NOW_MS + DAY_MS - 1), Verdict::Keep);
        assert_eq!(at(NOW_MS + DAY_MS), Verdict::Drop);
        // One of them has a later value: the horizon of the other stays.
        let left = Case::knowing(&[("a", 60)]).replaced(&replaced);
        assert_eq!(told(&left), both[1..]);
        assert_eq!(parsed(&left).header.base_timestamp, NOW_MS + DAY_MS);
    }
}

#[test]
fn a_batch_with_values_outlives_its_tombstones() {
    let bytes = batch_of(Compression::None, 20, &[("a", None), ("b", Some("2"))]);
    let marked = Case::knowing(&[]).replaced(&bytes);
    let left = Case { now_ms: NOW_MS + DAY_MS, ..Case::knowing(&[]) }.replaced(&marked);
    assert_eq!(told(&left), [record(21, 6000, "b", Some("2"))]);
    assert!(parsed(&left).header.has_delete_horizon());
}

#[test]
fn records_with_the_brokers_time_keep_it() {
    let mut builder = BatchBuilder::new(Compression::Snappy).append_time(9000);
    for (key, value) in [("a", Some("1")), ("b", None), ("c", Some("3"))] {
        let headers: [(&[u8], Option<&[u8]>); 1] = [(b"h", None)];
        builder.push(1, Some(key.as_bytes()), value.map(str::as_bytes), &headers);
    }
    let replaced = Case::knowing(&[("a", 50)]).replaced(&builder.build());
    assert_eq!(told(&replaced), [record(1, 9000, "b", None), record(2, 9000, "c", Some("3"))]);
    assert_eq!(parsed(&replaced).header.timestamp_type(), TimestampType::LogAppendTime);
}

#[test]
fn records_without_a_key_go() {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1, None, Some(b"from before the topic was compacted"), &[]);
    assert_eq!(Case::knowing(&[]).judge(&builder.build()), Verdict::Drop);
}

#[test]
fn markers_and_transactional_batches_stay_and_keep_the_tombstones_behind_them() {
    let marker = EndTransactionMarker { result: TransactionResult::Commit, coordinator_epoch: 1 };
    let marker = marker.to_batch(5, ProducerId(9), ProducerEpoch(1));
    let mut builder = BatchBuilder::new(Compression::None).transactional();
    builder.push(1, Some(b"a"), Some(b"1"), &[]);
    let transactional = builder.build();
    let mut case = Case::knowing(&[("a", 50)]);
    assert_eq!(case.judge(&marker), Verdict::Keep);
    assert_eq!(case.judge(&transactional), Verdict::Keep);
    let tombstone = batch_of(Compression::None, 50, &[("a", None)]);
    let marked = case.replaced(&tombstone);
    case.now_ms += DAY_MS;
    assert_eq!(case.judge(&marked), Verdict::Keep);
    assert_eq!(Case { now_ms: NOW_MS + DAY_MS, ..Case::knowing(&[]) }.judge(&marked), Verdict::Drop);
    let mut map = empty_map();
    assert_eq!(note_keys(&mut map, &parsed(&transactional), Offset(0)), Ok(()));
    assert_eq!((map.settle(), map.len()), (None, 0));
}

/// Compressed batches of a topic that was not compacted are stored unseen.
#[test]
fn offsets_out_of_order_are_an_error_and_no_panic() {
    let content = |deltas: &[u8]| -> Vec<u8> {
        // Length, attributes, time, offset, key "k", value "v", no headers; numbers are zigzag.
        deltas.iter().flat_map(|delta| [16, 0, 0, delta << 1, 2, b'k', 2, b'v', 0]).collect()
    };
    for deltas in [[0, 0], [1, 0], [0, 2]] {
        let header = parsed(&batch_of(Compression::None, 0, &[("a", None), ("b", None)])).header;
        let bytes = assemble(&header, &content(&deltas));
        let batch = parsed(&bytes);
        let expected = Err(RecordError::Malformed { index: 1, field: "offset delta" });
        assert_eq!(note_keys(&mut empty_map(), &batch, Offset(0)), expected, "{deltas:?}");
        let case = Case::knowing(&[]);
        let rules = Rules {
            map: &empty_map(),
            end: Offset(100),
            now_ms: NOW_MS,
            config: &case.config,
            last_offsets: &case.last_offsets,
        };
        assert!(Filter::default().judge(&batch, false, &rules).is_err());
    }
}

#[test]
fn a_map_without_room_tells_where_it_ends() {
    let limits = MapLimits { bytes: 0, load_factor: 0.1 };
    let mut map = OffsetMap::new(1000, &limits, KeyHash::new((1, 2)));
    let bytes = batch_of(Compression::None, 20, &[("a", None), ("a", None), ("b", None), ("c", None)]);
    note_keys(&mut map, &parsed(&bytes), Offset(0)).unwrap();
    assert_eq!(map.settle(), Some(Offset(22)));
    assert!(map.has_later(b"a", Offset(20)) && !map.has_later(b"a", Offset(21)));
    // What is clean already takes no room.
    let mut map = OffsetMap::new(1000, &limits, KeyHash::new((1, 2)));
    note_keys(&mut map, &parsed(&bytes), Offset(23)).unwrap();
    assert_eq!(map.settle(), None);
    assert!(!map.has_later(b"a", Offset(20)) && map.has_later(b"c", Offset(20)));
}

fn pairs() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    prop::collection::vec(("[a-e]", prop::option::weighted(0.8, "[0-9]{0,4}")), 1..8)
}

proptest! {
    /// Batch by batch, what is left is what a list of records without their predecessors would hold.
    #[test]
    fn what_is_left_is_the_last_record_of_each_key(
        batches in prop::collection::vec((0..5_u8, pairs()), 1..12),
        end in 0..60_i64,
        passes in 1..4_i64,
    ) {
        let mut base = 0;
        let mut bytes: Vec<Vec<u8>> = Vec::new();
        for (codec, pairs) in &batches {
            let pairs: Vec<Pair<'_>> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
            let mut one = batch_of(Compression::from_id(*codec).unwrap(), base, &pairs);
            set_leader_epoch(&mut one, LeaderEpoch(3));
            bytes.push(one);
            base += pairs.len() as i64 + 1;
        }
        let before: Vec<Told> = bytes.iter().flat_map(|bytes| told(bytes)).collect();
        let mut case = Case { end, ..Case::knowing(&[]) };
        let mut map = empty_map();
        for one in &bytes {
            let batch = parsed(one);
            if batch.header.last_offset() < Offset(end) {
                prop_assert_eq!(note_keys(&mut map, &batch, Offset(0)), Ok(()));
            } else {
                case.end = case.end.min(batch.header.base_offset.0);
            }
        }
        prop_assert_eq!(map.settle(), None);
        case.map = Some(map);
        let mut left = bytes.clone();
        for pass in 0..passes {
            case.now_ms = NOW_MS + pass * DAY_MS;
            left = left.iter().filter_map(|one| match case.judge(one) {
                Verdict::Keep => Some(one.clone()),
                Verdict::Drop => None,
                Verdict::Replace(bytes) => Some(bytes),
            }).collect();
        }
        let end = case.end;
        let is_last = |told: &Told| !before.iter().any(|(offset, _, key, _)| {
            *key == told.2 && *offset > told.0 && *offset < end
        });
        let stays = |told: &&Told| told.0 >= end || (is_last(told) && (told.3.is_some() || passes == 1));
        let expected: Vec<Told> = before.iter().filter(stays).cloned().collect();
        let after: Vec<Told> = left.iter().flat_map(|bytes| told(bytes)).collect();
        prop_assert_eq!(after, expected);
        for one in &left {
            let header = parsed(one).header;
            let original = bytes.iter().map(|bytes| parsed(bytes).header)
                .find(|original| original.base_offset == header.base_offset).unwrap();
            prop_assert_eq!(header.last_offset(), original.last_offset());
            prop_assert_eq!(header.last_sequence(), original.last_sequence());
            prop_assert_eq!(header.partition_leader_epoch, original.partition_leader_epoch);
        }
    }
}
