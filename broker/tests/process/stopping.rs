//! A signal in the middle of the work.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker_client::{Client, FetchOptions, Fetched, read_records};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use tokio::net::TcpStream;

use crate::process::Process;

/// Clients that write, each to a partition of its own.
const WRITERS: i32 = 4;
/// Clients that wait for records that never come.
const POLLERS: usize = 4;
/// Requests of a writer that wait for their answers.
const IN_FLIGHT: usize = 20;
/// Longer than a test may take.
const LONG_POLL_MS: i32 = 60_000;
/// Far above what the broker needs, and below the time after which it gives up.
const STOP_MAX: Duration = Duration::from_secs(8);

async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap(), "tests")
}

async fn create_topic(client: &mut Client<TcpStream>, name: &str, partitions: i32) {
    let created = client.create_topic(name, partitions, &[]).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::None);
}

fn batch(value: &str) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    builder.push(i64::try_from(now.as_millis()).unwrap(), None, Some(value.as_bytes()), &[]);
    builder.build()
}

/// Writes one number after the other until the connection ends; gives what was acknowledged, by offset.
async fn write(address: SocketAddr, partition: i32, total: Arc<AtomicUsize>) -> BTreeMap<i64, String> {
    let mut client = connect(address).await;
    let mut acknowledged = BTreeMap::new();
    let mut sent = 0;
    loop {
        while sent < acknowledged.len() + IN_FLIGHT {
            if client.send_produce("t", partition, &batch(&sent.to_string()), -1).await.is_err() {
                return acknowledged;
            }
            sent += 1;
        }
        let Ok(answer) = client.receive_produced().await else { return acknowledged };
        assert_eq!(answer.error_code, ErrorCode::None);
        let value = acknowledged.len().to_string();
        assert_eq!(acknowledged.insert(answer.base_offset, value), None);
        total.fetch_add(1, Ordering::Relaxed);
    }
}

async fn long_poll(address: SocketAddr) -> Fetched {
    let options = FetchOptions { max_wait_ms: LONG_POLL_MS, min_bytes: 1, ..FetchOptions::default() };
    connect(address).await.fetch("quiet", 0, options).await.unwrap()
}

/// Reads a partition from its start to its end.
async fn read(client: &mut Client<TcpStream>, partition: i32) -> BTreeMap<i64, String> {
    let mut records = BTreeMap::new();
    loop {
        let offset = records.last_key_value().map_or(0, |(last, _)| last + 1);
        let fetched =
            client.fetch("t", partition, FetchOptions { offset, ..FetchOptions::default() }).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None);
        let more = read_records(&fetched.records, offset).unwrap();
        if more.is_empty() {
            return records;
        }
        let text = |value: Option<Vec<u8>>| String::from_utf8(value.unwrap()).unwrap();
        records.extend(more.into_iter().map(|record| (record.offset, text(record.value))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_under_load_ends_the_process_in_time_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &[]);
    let address = broker.address("PLAINTEXT");
    let mut admin = connect(address).await;
    create_topic(&mut admin, "t", WRITERS).await;
    create_topic(&mut admin, "quiet", 1).await;
    let total = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> =
        (0..WRITERS).map(|partition| tokio::spawn(write(address, partition, Arc::clone(&total)))).collect();
    let pollers: Vec<_> = (0..POLLERS).map(|_| tokio::spawn(long_poll(address))).collect();
    let all_wait = format!("highwater_requests_total{{api=\"Fetch\"}} {POLLERS}\n");
    let deadline = Instant::now() + Duration::from_secs(20);
    while total.load(Ordering::Relaxed) < 200 || !broker.page("/metrics").1.contains(&all_wait) {
        assert!(Instant::now() < deadline, "the load does not begin");
    }
    let began = Instant::now();
    broker.terminate();
    let status = broker.wait();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < STOP_MAX, "{:?}", began.elapsed());
    let lines = broker.all_lines();
    assert!(!lines.iter().any(|line| line.contains("still busy")), "{lines:#?}");
    for poller in pollers {
        let answer = poller.await.unwrap();
        assert_eq!((answer.error_code, answer.records.len()), (ErrorCode::None, 0));
    }
    let mut broker = Process::start(dir.path(), &[]);
    let mut reader = connect(broker.address("PLAINTEXT")).await;
    for (partition, writer) in (0..).zip(writers) {
        let acknowledged = writer.await.unwrap();
        assert!(!acknowledged.is_empty());
        let found = read(&mut reader, partition).await;
        for (offset, value) in &acknowledged {
            assert_eq!(found.get(offset), Some(value), "partition {partition}, offset {offset}");
        }
        // What was appended and not acknowledged any more may be there: in its order.
        assert!(found.values().enumerate().all(|(number, value)| *value == number.to_string()));
    }
}
