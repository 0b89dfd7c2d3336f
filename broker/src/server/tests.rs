//! What a broker does about a disk that fails under it.

use std::net::Ipv4Addr;
use std::task::{Context, Waker};

use broker_log::io::local_disk::SystemClock;
use broker_log::io::memory_disk::{MemoryDisk, OperationKind};
use broker_protocol::error_code::ErrorCode;
use broker_state::metadata::record::{Feature, MetadataRecord, RecordKind};
use broker_state::outcome::Outcome;
use tokio::net::TcpListener;

use super::*;
use crate::api::fetch_check;
use crate::controller::ChangeError;
use crate::env::SystemRandom;
use crate::http::Health;

async fn start(disk: &MemoryDisk, sets: &[&str]) -> Broker {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let (config, _) = Config::load(None, [], &sets).unwrap();
    let env = Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let listeners = vec![Bound { config: config.broker().listeners[0].clone(), socket }];
    Broker::start(env, Arc::new(config), listeners, Arc::new(Metrics::new())).await.unwrap()
}

/// Changes something, whatever it is.
async fn change(broker: &Broker) -> Result<(), ChangeError> {
    let records = vec![RecordKind::Feature(Feature { name: "any".to_owned(), level: 1 }).into()];
    let decided: Outcome<MetadataRecord, ()> = Outcome { records, response: () };
    broker.ctx.controller.change(|_| decided).await
}

/// fault = 33
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_metadata_log_ends_the_broker_and_is_told_before() {
    let disk = MemoryDisk::new(1);
    let broker = start(&disk, &[]).await;
    let health = BrokerHealth::default();
    health.started(&broker);
    assert_eq!(health.unhealthy(), Vec::<String>::new());
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "/metadata/", 0));
    let error = change(&broker).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::KafkaStorageError);
    let reason = tokio::time::timeout(Duration::from_secs(10), broker.failed()).await.unwrap();
    assert!(reason.starts_with("metadata log is out of service: "), "{reason}");
    assert!(health.unhealthy()[0].starts_with("metadata log is out of service: "));
    broker.stop().await.unwrap();
}

/// fault = 35
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_log_directory_leaves_the_broker_running_and_the_metadata_log_untouched() {
    let disk = MemoryDisk::new(1);
    let broker = start(&disk, &[]).await;
    let health = BrokerHealth::default();
    health.started(&broker);
    let before = broker.ctx.metadata.image().position.offset;
    disk.with_faults(|faults| faults.fail(OperationKind::Sync, "log-checkpoint", 0));
    let log_dir = Arc::clone(broker.ctx.replicas.log_dir());
    log_dir.checkpoint();
    let error = change(&broker).await.unwrap_err();
    assert!(matches!(error, ChangeError::OutOfService(_)), "{error}");
    assert_eq!(error.code(), ErrorCode::KafkaStorageError);
    assert_eq!(broker.ctx.metadata.image().position.offset, before);
    assert!(health.unhealthy()[0].starts_with("log directory is out of service: "));
    assert_eq!(broker.ctx.metadata.failure(), None);
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_advertised_host_is_the_name_of_the_machine() {
    let broker = start(&MemoryDisk::new(1), &["advertised.listeners=PLAINTEXT://:9093"]).await;
    let advertised = broker.ctx.advertised("PLAINTEXT");
    assert_eq!(advertised.host, rustix::system::uname().nodename().to_str().unwrap());
    assert_eq!(advertised.port, 9093);
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_broker_that_change_at_run_time_are_in_force_at_once() {
    let broker = start(&MemoryDisk::new(1), &["producer.id.expiration.ms=5"]).await;
    let ctx = &broker.ctx;
    let image = ctx.metadata.image();
    let number = |key| ctx.settings.number(&ctx.metadata.image(), key);
    assert_eq!(number("producer.id.expiration.ms"), Some(5));
    assert_eq!(number("max.connections"), Some(i64::from(i32::MAX)));
    let mut changed = (*image).clone();
    changed.configs.insert(
        broker_state::metadata::image::ConfigResource::all_brokers(),
        Arc::new([("max.connections".to_owned(), "7".to_owned())].into_iter().collect()),
    );
    assert_eq!(ctx.settings.number(&changed, "max.connections"), Some(7));
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cold_reads_wait_for_their_budget_of_bytes() {
    let disk = MemoryDisk::new(1);
    let broker = start(&disk, &["highwater.cold.read.max.bytes=1048576"]).await;
    let ctx = &broker.ctx;
    let others = ctx.cold_bytes.acquire_many(1).await.unwrap();
    // More than the whole budget passes when nothing else is read.
    let mut read = Box::pin(fetch_check::within_budget(ctx, 5 << 20, || 7));
    let mut poll = || read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    assert_eq!(ctx.cold_reads.available_permits(), 2, "it has not begun");
    drop(others);
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), read).await, Ok(7));
    assert_eq!(ctx.cold_bytes.available_permits(), 1 << 20);
    broker.stop().await.unwrap();
}
