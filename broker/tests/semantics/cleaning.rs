//! Compacted topics as clients see them: only the last record of each key is left, at its offset, and producers and groups
//! go on as if nothing had been.

use std::collections::BTreeMap;
use std::time::Duration;

use broker_client::{FetchOptions, OwnedRecord, read_records};
use broker_log::manager::LogDir;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{Offset, ProducerEpoch, ProducerId};

use crate::harness::batches::base_time_ms;
use crate::harness::http::get;
use crate::harness::{Conn, TestBroker, calls, groups, within};

/// A cleaner that looks all the time, and logs of tiny segments.
const QUICK: [&str; 4] = [
    "log.cleaner.backoff.ms=5",
    "log.cleaner.min.cleanable.ratio=0.01",
    "log.index.size.max.bytes=120",
    "log.index.interval.bytes=0",
];

const COMPACTED: [(&str, &str); 1] = [("cleanup.policy", "compact")];

/// A batch of one record; without a value it is a tombstone.
fn keyed(compression: Compression, time_ms: i64, key: &str, value: Option<&str>) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    builder.push(time_ms, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    builder.build()
}

fn log_dir(broker: &TestBroker) -> &LogDir {
    broker.context().replicas.log_dir()
}

/// Waits until every sealed segment of the partition has been cleaned.
async fn cleaned(broker: &TestBroker, topic: &str) {
    let partition = broker.context().replicas.partition(topic, 0).unwrap();
    within("cleaning", async {
        loop {
            log_dir(broker).checkpoint();
            let (active, clean) = partition.log().with(|log| (log.end_position().0, log.clean_below()));
            if clean >= active && active > Offset(0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// All records of the partition; goes on behind batches that hold nothing but a place.
async fn all_records(client: &mut Conn, topic: &str, end: i64) -> Vec<OwnedRecord> {
    let (mut offset, mut records) = (0, Vec::new());
    while offset < end {
        let options = FetchOptions { offset, ..FetchOptions::default() };
        let fetched = within("fetch", client.fetch(topic, 0, options)).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None, "from {offset}");
        records.extend(read_records(&fetched.records, offset).unwrap());
        let last = batches(&fetched.records).last().expect("there is more to read").unwrap();
        offset = last.header.next_offset().0;
    }
    records
}

fn text(bytes: Option<&Vec<u8>>) -> String {
    bytes.map(|bytes| String::from_utf8(bytes.clone()).unwrap()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compacted_topic_keeps_the_last_record_of_every_key_over_a_restart() {
    const RECORDS: i64 = 100;
    let broker = TestBroker::start(&QUICK).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &COMPACTED).await;
    let first_ms = base_time_ms();
    let mut last = BTreeMap::new();
    for number in 0..RECORDS {
        let compression = Compression::ALL[usize::try_from(number).unwrap() % 5];
        let key = format!("key {}", number % 7);
        // The last record of key 3 is a tombstone.
        let value = (number < RECORDS - 10 || number % 7 != 3).then(|| format!("value {number}"));
        let bytes = keyed(compression, first_ms + number, &key, value.as_deref());
        assert_eq!(calls::append(&mut client, "t", 0, &bytes).await, number);
        last.insert(key, (number, value));
    }
    cleaned(&broker, "t").await;
    let page = get(&broker, "/metrics").await.body;
    assert!(page.contains("\nhighwater_log_cleaner_uncleanable_partitions 0\n"), "{page}");
    assert!(!page.contains("\nhighwater_log_cleaner_cleanings_total 0\n"), "{page}");
    let mut broker = broker;
    for life in 0..2 {
        let mut client = broker.client().await;
        let records = all_records(&mut client, "t", RECORDS).await;
        assert!(records.len() < 30, "life {life}: {} records are left", records.len());
        let mut found = BTreeMap::new();
        for record in &records {
            let value = record.value.as_ref().map(|value| String::from_utf8(value.clone()).unwrap());
            found.insert(text(record.key.as_ref()), (record.offset, value));
        }
        assert_eq!(found, last, "life {life}");
        let next = records[0].offset;
        assert!(next > 0, "the first record has gone");
        let listed = client.list_offset("t", 0, first_ms).await.unwrap();
        assert_eq!((listed.offset, listed.timestamp_ms), (next, first_ms + next), "life {life}");
        let newest = client.list_offset("t", 0, -3).await.unwrap();
        assert_eq!(newest.offset, RECORDS - 1, "life {life}");
        assert_eq!(client.list_offset("t", 0, -2).await.unwrap().offset, 0, "life {life}");
        broker = broker.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotent_producer_goes_on_when_all_its_records_have_gone() {
    let broker = TestBroker::start(&QUICK).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &COMPACTED).await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    let numbered = |sequence| {
        let mut builder =
            BatchBuilder::new(Compression::Lz4).producer(ProducerId(producer), ProducerEpoch(0), sequence);
        builder.push(base_time_ms(), Some(b"key"), Some(b"value"), &[]);
        builder.build()
    };
    for sequence in 0..3 {
        calls::append(&mut client, "t", 0, &numbered(sequence)).await;
    }
    for _ in 0..20 {
        calls::append(&mut client, "t", 0, &keyed(Compression::None, base_time_ms(), "key", Some("later")))
            .await;
    }
    cleaned(&broker, "t").await;
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert!(all_records(&mut client, "t", 23).await.iter().all(|record| record.offset > 2));
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(2)).await, 2, "a retry is known");
    let gap = calls::append_error(&mut client, "t", 0, &numbered(9)).await;
    assert_eq!(gap, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(3)).await, 23);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_offsets_of_groups_take_no_more_room_the_more_often_they_are_committed() {
    let broker = TestBroker::start(&QUICK).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let joined = groups::joined(&mut client, "members").await;
    let size = |broker: &TestBroker| {
        let partition = broker.context().replicas.partition("__consumer_offsets", 0).unwrap();
        partition.log().with(|log| log.size_bytes())
    };
    let mut sizes = Vec::new();
    for round in 1..4 {
        for offset in 0..100 {
            groups::commit(&mut client, "readers", ("t", 0), round * 1000 + offset).await;
        }
        cleaned(&broker, "__consumer_offsets").await;
        sizes.push(size(&broker));
    }
    // A commit takes more than a hundred bytes.
    assert!(sizes.iter().all(|size| *size < 5000), "{sizes:?}");
    let broker = broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await, (3099, String::new()));
    let mut listed = groups::listed(&mut client).await;
    listed.sort();
    assert_eq!(listed, ["members", "readers"], "{joined} is still known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_compacted_where_the_cleaner_is_off() {
    let broker = TestBroker::start(&["log.cleaner.enable=false"]).await;
    assert_eq!(log_dir(&broker).cleaner_totals().since_last_step, None);
    let on = TestBroker::start(&QUICK).await;
    within("a look", async {
        while log_dir(&on).cleaner_totals().since_last_step.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
