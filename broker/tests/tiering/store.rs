//! What the tests of this program share: a broker over an object store, topics that are tiered at once, and waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_client::FetchOptions;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, ListOffsetsRequest, ListOffsetsResponse,
};
use highwater_broker::replication::partition::Partition;
use object_store::memory::InMemory;

use crate::harness::batches::batch_at;
use crate::harness::http::get;
use crate::harness::{Conn, Stopped, TestBroker, calls, within};

/// Settings of a broker that copies at once and keeps little.
pub(crate) const QUICK: [&str; 4] = [
    "highwater.remote.url=s3://bucket/prefix",
    "remote.log.manager.task.interval.ms=20",
    "log.retention.check.interval.ms=50",
    "highwater.remote.delete.delay.ms=0",
];

/// Longer than a test runs.
pub(crate) const METADATA_RARELY: &str = "highwater.remote.metadata.interval.ms=3600000";

/// Settings of a topic of which nothing but the active segment stays on the disk.
pub(crate) const SMALL: [(&str, &str); 3] =
    [("segment.bytes", "1048576"), ("local.retention.bytes", "1"), ("file.delete.delay.ms", "0")];

/// Bytes of a record: three of them fill a segment.
const VALUE_BYTES: usize = 340_000;
/// Time of the first record; the others follow by a second each.
pub(crate) const FIRST_MS: i64 = 1_700_000_000_000;

const PATIENCE: Duration = Duration::from_secs(20);

/// A broker with an object store in memory, and the store.
pub(crate) async fn start(sets: &[&str]) -> (TestBroker, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    (start_over(Arc::clone(&store) as _, sets).await, store)
}

/// A broker with that object store.
pub(crate) async fn start_over(store: Arc<dyn object_store::ObjectStore>, sets: &[&str]) -> TestBroker {
    let sets: Vec<&str> = QUICK.into_iter().chain(sets.iter().copied()).collect();
    Stopped::empty(&sets).with_object_store(store).start().await
}

/// Creates topic `t` of one partition with [`SMALL`] and more settings.
pub(crate) async fn create(client: &mut Conn, more: &[(&str, &str)]) {
    let mut configs: BTreeMap<&str, &str> = SMALL.into_iter().chain([("retention.ms", "-1")]).collect();
    configs.extend(more.iter().copied());
    let configs: Vec<(&str, &str)> = configs.into_iter().collect();
    calls::create_topic(client, "t", 1, &configs).await;
}

/// The value of the record at an offset.
pub(crate) fn value(offset: i64) -> String {
    format!("{offset:08}").repeat(VALUE_BYTES / 8)
}

/// Appends the records of these offsets, a batch each.
pub(crate) async fn append(client: &mut Conn, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        let batch = batch_at(FIRST_MS + 1000 * offset, &[&value(offset)]);
        assert_eq!(calls::append(client, "t", 0, &batch).await, offset);
    }
}

/// The partition.
pub(crate) fn partition(broker: &TestBroker) -> Arc<Partition> {
    broker.context().replicas.partition("t", 0).unwrap()
}

/// Where the log begins for readers, and on the disk.
pub(crate) fn starts(broker: &TestBroker) -> (i64, i64) {
    partition(broker).log().with(|log| (log.log_start_offset().0, log.local_log_start_offset().0))
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} is not so after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until something is so that has to be asked for.
pub(crate) async fn until_async(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what} is not so after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until only the active segment is on the disk.
pub(crate) async fn until_let_go(broker: &TestBroker) {
    let partition = partition(broker);
    until("everything sealed is let go", || {
        partition.log().with(|log| log.segment_count() == 1 && log.local_log_start_offset().0 > 0)
    })
    .await;
}

/// Reads all from an offset on and compares.
pub(crate) async fn assert_reads(client: &mut Conn, offsets: std::ops::Range<i64>) {
    let records = calls::read_from(client, "t", 0, offsets.start).await;
    assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), offsets.collect::<Vec<_>>());
    for record in records {
        assert!(record.value.as_deref() == Some(value(record.offset).as_bytes()), "offset {}", record.offset);
    }
}

/// Offset and timestamp that answer ListOffsets, or the error.
pub(crate) async fn listed(client: &mut Conn, timestamp: i64) -> Result<(i64, i64), ErrorCode> {
    let partition = ListOffsetsPartition { partition_index: 0, timestamp, current_leader_epoch: -1 };
    let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: vec![partition] }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let frame = within("list offsets", client.call(&request, 11)).await.unwrap();
    let response: ListOffsetsResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0].partitions[0];
    match ErrorCode::from_code(found.error_code).unwrap() {
        ErrorCode::None => Ok((found.offset, found.timestamp)),
        error => Err(error),
    }
}

/// Deletes the records below an offset; gives the new start.
pub(crate) async fn delete_records(client: &mut Conn, offset: i64) -> i64 {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: "t".into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 10_000 };
    let frame = within("delete records", client.call(&request, 2)).await.unwrap();
    let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
    let found = &response.topics[0].partitions[0];
    assert_eq!(found.error_code, 0);
    found.low_watermark
}

/// Names of the objects in a store.
pub(crate) async fn objects(store: &dyn object_store::ObjectStore) -> Vec<String> {
    use futures_util::TryStreamExt;
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut names: Vec<String> = listed.into_iter().map(|object| object.location.to_string()).collect();
    names.sort();
    names
}

/// Sets settings of the topic; gives the error.
pub(crate) async fn alter(client: &mut Conn, configs: &[(&str, &str)]) -> ErrorCode {
    alter_of(client, (2, "t"), configs).await.0
}

/// Sets settings of a resource; gives the error and what is said of it.
pub(crate) async fn alter_of(
    client: &mut Conn,
    (resource_type, name): (i8, &str),
    configs: &[(&str, &str)],
) -> (ErrorCode, String) {
    let config = |(name, value): &(&str, &str)| AlterableConfig {
        name: (*name).to_owned().into(),
        config_operation: 0,
        value: Some((*value).to_owned().into()),
    };
    let configs = configs.iter().map(config).collect();
    let resource = AlterConfigsResource { resource_type, resource_name: name.to_owned().into(), configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let frame = within("alter", client.call(&request, 1)).await.unwrap();
    let response: IncrementalAlterConfigsResponse<'_> = frame.decode().unwrap();
    let answer = &response.responses[0];
    let said = answer.error_message.as_deref().unwrap_or_default().to_owned();
    (ErrorCode::from_code(answer.error_code).unwrap(), said)
}

/// The error of a fetch from an offset.
pub(crate) async fn fetch_error(client: &mut Conn, offset: i64) -> ErrorCode {
    let options = FetchOptions { offset, max_wait_ms: 0, ..FetchOptions::default() };
    within("fetch", client.fetch("t", 0, options)).await.unwrap().error_code
}

/// What the page of metrics says of a figure; of one that partitions have, of the first of them.
pub(crate) async fn metric(broker: &TestBroker, name: &str) -> u64 {
    let page = get(broker, "/metrics").await.body;
    let of = |line: &str| {
        let (found, value) = line.rsplit_once(' ')?;
        let rest = found.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with('{')).then(|| value.parse().unwrap())
    };
    page.lines().find_map(of).unwrap_or_else(|| panic!("{name} is not in\n{page}"))
}
