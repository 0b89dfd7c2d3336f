//! The object store is gone for an hour.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_client::{Client, FetchOptions, read_records};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::Offset;
use broker_sim::audit::Audit;
use broker_sim::broker_host::{BrokerHost, PORT};
use broker_sim::bucket::remote_store::RemoteStore;
use broker_sim::bucket::weather::{Trouble, Weather};
use broker_sim::clock::SimClock;
use broker_sim::plan::Plan;
use broker_sim::plan::remote::{RemotePlan, StoreKind};
use turmoil::net::TcpStream;

const TOPIC: &str = "orders";
const TICK_MS: u64 = 100;
const MINUTE_MS: u64 = 60_000;
/// The store goes away after this time and comes back an hour later; for half an hour it refuses, then it is silent.
const GONE_FROM_MS: u64 = 2 * MINUTE_MS;
const GONE_UNTIL_MS: u64 = GONE_FROM_MS + 60 * MINUTE_MS;
/// Records are sent from the first minute on to a while after the store has come back.
const SENT_UNTIL_MS: u64 = GONE_UNTIL_MS + MINUTE_MS;
const ENDS_MS: u64 = SENT_UNTIL_MS + 5 * MINUTE_MS;
const PAUSE: Duration = Duration::from_secs(5);
/// How long a record may take: as while the store is there.
const ACK_MAX: Duration = Duration::from_millis(1_000);

fn plan() -> Plan {
    let half = u64::midpoint(GONE_FROM_MS, GONE_UNTIL_MS);
    let gone = |trouble, from_ms, until_ms| Weather { trouble, from_ms, until_ms, percent: 100 };
    let remote = RemotePlan {
        store: StoreKind::Bucket,
        latency_ms: (1, 5),
        weather: vec![
            gone(Trouble::Outage, GONE_FROM_MS, half),
            gone(Trouble::Unreachable, half, GONE_UNTIL_MS),
        ],
        part_bytes: 8 << 20,
        given_up: None,
        skip_ms: 0,
    };
    let settings = [
        "listeners=PLAINTEXT://0.0.0.0:9092",
        "advertised.listeners=PLAINTEXT://broker:9092",
        "log.dirs=/data",
        "highwater.http.listener=",
        "log.segment.delete.delay.ms=1000",
        "log.retention.check.interval.ms=1000",
        "highwater.remote.url=s3://bucket",
        "highwater.remote.roll.ms=20000",
        "remote.log.manager.task.interval.ms=1000",
    ];
    Plan {
        topics: Vec::new(),
        faults: Vec::new(),
        settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
        remote: Some(remote),
        ..Plan::new(1)
    }
}

async fn connect() -> Client<TcpStream> {
    Client::new(TcpStream::connect(("broker", PORT)).await.unwrap(), "orders")
}

/// Sends numbered records until the time is up; returns how many.
async fn send(clock: &SimClock) -> i64 {
    while clock.elapsed_ms() < MINUTE_MS {
        tokio::time::sleep(PAUSE).await;
    }
    let mut client = connect().await;
    let configs = [("local.retention.ms", "1000"), ("retention.bytes", "-1")];
    let created = client.create_topic(TOPIC, 1, &configs).await.unwrap();
    assert_eq!(created.error_code, ErrorCode::None);
    let mut sent = 0i64;
    while clock.elapsed_ms() < SENT_UNTIL_MS {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(clock.true_now_ms(), None, Some(&sent.to_be_bytes()), &[]);
        let batch = builder.build();
        let produced = tokio::time::timeout(ACK_MAX, client.produce(TOPIC, 0, &batch, -1)).await;
        let produced = produced.expect("a record is acknowledged as always").unwrap();
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, sent));
        sent += 1;
        tokio::time::sleep(PAUSE).await;
    }
    sent
}

async fn read_all(count: i64) {
    let (mut client, mut position) = (connect().await, 0i64);
    while position < count {
        let options = FetchOptions { offset: position, max_wait_ms: 1_000, ..FetchOptions::default() };
        let fetched = client.fetch(TOPIC, 0, options).await.unwrap();
        assert_eq!(fetched.error_code, ErrorCode::None, "at {position}");
        for record in read_records(&fetched.records, position).unwrap() {
            assert_eq!(record.value.unwrap(), position.to_be_bytes());
            assert_eq!(record.offset, position);
            position += 1;
        }
    }
}

/// Where the topic's log begins for readers and on the disk, and its end.
fn offsets(host: &BrokerHost) -> Option<(Offset, Offset, Offset)> {
    let partition = host.serving()?.replicas.partition(TOPIC, 0)?;
    Some(
        partition
            .log()
            .with(|log| (log.log_start_offset(), log.local_log_start_offset(), log.log_end_offset())),
    )
}

/// fault = 58
#[test]
fn a_bucket_that_is_gone_for_an_hour_holds_up_nobody_and_loses_nothing() {
    let (plan, clock) = (plan(), Arc::new(SimClock::default()));
    let host = BrokerHost::new(&plan, Arc::clone(&clock), None).unwrap();
    let Some(store @ RemoteStore::Bucket(_)) = host.store.clone() else { panic!("the plan has a bucket") };
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .tick_duration(Duration::from_millis(TICK_MS))
        .simulation_duration(Duration::from_millis(2 * ENDS_MS))
        .build();
    let machine = Rc::clone(&host);
    sim.host("broker", move || Rc::clone(&machine).run());
    let (sent, times) = (Rc::new(Cell::new(0)), Arc::clone(&clock));
    let count = Rc::clone(&sent);
    sim.client("sender", async move {
        count.set(send(&times).await);
        Ok(())
    });
    let mut audit = Audit::default();
    let mut local_when_gone = None;
    while clock.elapsed_ms() < ENDS_MS {
        clock.set_elapsed_ms(clock.elapsed_ms() + TICK_MS);
        store.tick();
        assert_eq!(audit.step(&store, host.serving().as_deref()), [""; 0]);
        let now_ms = clock.elapsed_ms();
        // What was under way may still come through.
        if (GONE_FROM_MS + 5_000..GONE_UNTIL_MS).contains(&now_ms) {
            let (_, local_start, _) = offsets(&host).expect("the broker serves");
            let before = *local_when_gone.get_or_insert(local_start);
            assert_eq!(local_start, before, "nothing leaves the disk while nothing is copied");
        }
        sim.step().unwrap();
    }
    let sent = sent.get();
    assert!(sent > 600, "{sent} records were acknowledged");
    let ctx = host.serving().expect("the broker serves");
    assert_eq!(audit.behind(&ctx), None);
    let (start, local_start, end) = offsets(&host).expect("the broker serves");
    assert_eq!((start, end), (Offset(0), Offset(sent)));
    assert!(local_start > Offset(sent - 30), "{local_start} of {sent}: what was copied has left the disk");
    sim.client("reader", async move {
        read_all(sent).await;
        Ok(())
    });
    let reading_until_ms = clock.elapsed_ms() + 5 * MINUTE_MS;
    while !sim.step().unwrap() {
        clock.set_elapsed_ms(clock.elapsed_ms() + TICK_MS);
        store.tick();
        assert!(clock.elapsed_ms() < reading_until_ms, "everything is read");
    }
    drop(ctx);
    host.disk.kill();
    sim.crash("broker");
}
