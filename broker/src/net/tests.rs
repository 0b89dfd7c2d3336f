//! Connections of a whole broker over streams in memory, and a clock that goes on when nothing else does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use broker_client::{Client, read_frame};
use broker_config::Config;
use broker_log::io::local_disk::SystemClock;
use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::Writer;
use broker_protocol::header::encode_request_header;
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{
    ApiVersionsRequest, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep};

use crate::env::{Blocking, Env, SystemRandom};
use crate::metrics::Metrics;
use crate::net::stream::{Listener, Stream};
use crate::server::{Bound, Broker};

impl Stream for DuplexStream {}

/// Where connections in memory come in.
struct Door(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Door {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.0.recv().await {
            Some(stream) => Ok((stream, SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)))),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 9092)))
    }
}

struct Running {
    broker: Broker,
    metrics: Arc<Metrics>,
    door: mpsc::UnboundedSender<DuplexStream>,
}

impl Running {
    async fn start(sets: &[&str]) -> Running {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let (config, _) = Config::load(None, [], &sets).unwrap();
        let env = Env {
            disk: Arc::new(MemoryDisk::new(1)),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            blocking: Blocking::Inline,
        };
        let (door, receiver) = mpsc::unbounded_channel();
        let listeners = vec![Bound { config: config.broker().listeners[0].clone(), socket: Door(receiver) }];
        let metrics = Arc::new(Metrics::new());
        let broker = Broker::start(env, Arc::new(config), listeners, Arc::clone(&metrics)).await.unwrap();
        Running { broker, metrics, door }
    }

    fn connect(&self) -> DuplexStream {
        let (ours, theirs) = duplex(64 << 10);
        self.door.send(theirs).unwrap();
        ours
    }

    fn client(&self) -> Client<DuplexStream> {
        Client::new(self.connect(), "tests")
    }

    /// Waits until requests hold that much of the memory budget.
    async fn holds(&self, bytes: usize) {
        while self.broker.context().memory.used() != bytes {
            tokio::task::yield_now().await;
        }
    }

    /// How many connections the broker has closed for that reason.
    fn closed(&self, reason: &str) -> usize {
        let name = format!("highwater_connections_refused_total{{reason=\"{reason}\"}} ");
        let text = self.metrics.render();
        let count = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
        count.map_or(0, |count| count.parse().unwrap())
    }
}

/// A frame of that many bytes, its length not counted: ApiVersions of a client with a long name.
fn request(bytes: usize) -> Vec<u8> {
    let mut writer = Writer::frame();
    let client_id = "x".repeat(bytes - 10);
    encode_request_header(&mut writer, ApiKey::ApiVersions, 0, 1, Some(&client_id)).unwrap();
    ApiVersionsRequest::default().encode(&mut writer, 0).unwrap();
    writer.finish_frame().unwrap();
    let frame = writer.into_parts().0;
    assert_eq!(frame.len(), bytes + 4);
    frame
}

async fn assert_answered(stream: &mut DuplexStream) {
    assert!(read_frame(stream).await.unwrap().is_some(), "closed");
}

async fn assert_closed(mut stream: DuplexStream) {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"");
}

/// A budget that one request can use up.
const SMALL_BUDGET: [&str; 2] = ["queued.max.request.bytes=1000", "socket.request.max.bytes=1000"];

/// fault = 79
#[tokio::test(start_paused = true)]
async fn a_request_that_stops_half_way_is_given_up_once_others_wait_for_its_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    let mut half = running.connect();
    half.write_all(&request(800)[..100]).await.unwrap();
    running.holds(800).await;
    // A small request still fits.
    let mut small = running.connect();
    small.write_all(&request(100)).await.unwrap();
    assert_answered(&mut small).await;
    let began = Instant::now();
    let mut large = running.connect();
    large.write_all(&request(300)).await.unwrap();
    assert_answered(&mut large).await;
    let took = began.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(21), "{took:?}");
    assert_closed(half).await;
    assert_eq!(running.closed("stalled"), 1);
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn a_request_that_comes_slowly_is_waited_for() {
    let running = Running::start(&SMALL_BUDGET).await;
    let mut slow = running.connect();
    let whole = request(800);
    slow.write_all(&whole[..100]).await.unwrap();
    running.holds(800).await;
    let mut large = running.connect();
    large.write_all(&request(300)).await.unwrap();
    for part in whole[100..].chunks(50) {
        sleep(Duration::from_secs(9)).await;
        slow.write_all(part).await.unwrap();
    }
    assert_answered(&mut slow).await;
    assert_answered(&mut large).await;
    assert_eq!(running.closed("stalled"), 0);
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn a_request_of_which_next_to_nothing_comes_is_given_up_once_others_wait_for_its_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    let mut trickle = running.connect();
    let whole = request(800);
    trickle.write_all(&whole[..100]).await.unwrap();
    running.holds(800).await;
    let mut large = running.connect();
    large.write_all(&request(300)).await.unwrap();
    let began = Instant::now();
    for byte in &whole[100..] {
        sleep(Duration::from_secs(8)).await;
        if trickle.write_all(&[*byte]).await.is_err() {
            break;
        }
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    assert_answered(&mut large).await;
    assert_eq!(running.closed("stalled"), 1);
    running.broker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_stops_half_way_may_go_on_while_nobody_waits_for_its_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    let whole = request(800);
    let [mut half, mut other] = [running.connect(), running.connect()];
    half.write_all(&whole[..100]).await.unwrap();
    running.holds(800).await;
    other.write_all(&request(300)).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    half.write_all(&whole[100..]).await.unwrap();
    assert_answered(&mut half).await;
    // It waited, and waits no longer.
    assert_answered(&mut other).await;
    half.write_all(&whole[..100]).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    half.write_all(&whole[100..]).await.unwrap();
    assert_answered(&mut half).await;
    running.broker.stop().await.unwrap();
}

/// Changes `max.connections` of all brokers.
async fn set_limit(client: &mut Client<DuplexStream>, max: &str) {
    let config =
        AlterableConfig { name: "max.connections".into(), config_operation: 0, value: Some(max.into()) };
    let resource = AlterConfigsResource { resource_type: 4, resource_name: "".into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let frame = client.call(&request, 1).await.unwrap();
    let response: IncrementalAlterConfigsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.responses[0].error_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_lowered_closes_the_connections_that_were_idle_longest() {
    let running = Running::start(&[]).await;
    let [mut first, mut second, mut third] = [running.client(), running.client(), running.client()];
    for client in [&mut first, &mut second, &mut third] {
        client.api_versions().await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    first.api_versions().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    set_limit(&mut third, "2").await;
    assert!(second.api_versions().await.is_err(), "it was idle longest");
    first.api_versions().await.unwrap();
    third.api_versions().await.unwrap();
    assert_eq!(running.closed("surplus"), 1);
    running.broker.stop().await.unwrap();
}

/// fault = 80
#[tokio::test(start_paused = true)]
async fn a_connection_beyond_the_limit_is_served_once_the_limit_is_raised() {
    let running = Running::start(&["max.connections=1"]).await;
    let mut first = running.client();
    first.api_versions().await.unwrap();
    let mut second = running.client();
    let waiting = tokio::spawn(async move { second.api_versions().await.is_ok() });
    sleep(Duration::from_secs(60)).await;
    assert!(!waiting.is_finished());
    set_limit(&mut first, "2").await;
    assert!(waiting.await.unwrap());
    running.broker.stop().await.unwrap();
}

/// fault = 80
#[tokio::test(start_paused = true)]
async fn a_connection_beyond_the_limit_of_its_address_is_closed() {
    let running = Running::start(&["max.connections.per.ip=1"]).await;
    let mut first = running.client();
    first.api_versions().await.unwrap();
    assert_closed(running.connect()).await;
    assert_eq!(running.closed("too_many"), 1);
    first.api_versions().await.unwrap();
    running.broker.stop().await.unwrap();
}
