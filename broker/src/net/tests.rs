//! Connections of a whole broker over streams in memory, and a clock that goes on when nothing else does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use broker_client::{Client, read_frame};
use broker_config::Config;
use broker_log::io::local_disk::SystemClock;
use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::codec::{Request, Writer};
use broker_protocol::header::encode_request_header;
use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{
    ApiVersionsRequest, DescribeConfigsRequest, FetchRequest, HeartbeatRequest,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ListGroupsRequest,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::api::context::ConnectionInfo;
use crate::env::{Blocking, Env, SystemRandom};
use crate::metrics::Metrics;
use crate::net::connection::{Closed, Connection};
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
        self.connect_over(64 << 10)
    }

    /// A connection that holds that many bytes of each direction.
    fn connect_over(&self, bytes: usize) -> DuplexStream {
        let (ours, theirs) = duplex(bytes);
        self.door.send(theirs).unwrap();
        ours
    }

    /// A connection that nobody serves, and the client's side of it.
    fn unserved(&self) -> (DuplexStream, Connection<DuplexStream>) {
        let (ours, theirs) = duplex(1000);
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
        let info = ConnectionInfo { listener: "PLAINTEXT".into(), peer };
        (ours, Connection::new(theirs, Arc::clone(self.broker.context()), info))
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

    /// A connection whose client has not taken a long answer, and how much is held because of it.
    async fn overdrawn_by_an_answer(&self) -> (DuplexStream, usize) {
        prepare_long_answer(self).await;
        let mut slow = narrow(self);
        slow.write_all(&with_long_answer()).await.unwrap();
        let held = self.overdraws().await;
        (slow, held)
    }

    /// Waits until more is held than the memory budget allows; gives how much.
    async fn overdraws(&self) -> usize {
        let memory = &self.broker.context().memory;
        while !memory.is_overdrawn() {
            tokio::task::yield_now().await;
        }
        memory.used()
    }

    /// How many connections the broker has closed for that reason.
    fn closed(&self, reason: &str) -> usize {
        let name = format!("highwater_connections_refused_total{{reason=\"{reason}\"}} ");
        let text = self.metrics.render();
        let count = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
        count.map_or(0, |count| count.parse().unwrap())
    }
}

/// A frame of that many bytes, its length not counted: ListGroups of a client with a long name.
fn request(bytes: usize) -> Vec<u8> {
    let frame = framed(&ListGroupsRequest::default(), 0, &"x".repeat(bytes - 10));
    assert_eq!(frame.len(), bytes + 4);
    frame
}

fn framed<'a, Q: Request<'a>>(message: &Q, version: i16, client_id: &str) -> Vec<u8> {
    let mut writer = Writer::frame();
    encode_request_header(&mut writer, Q::API_KEY, version, 1, Some(client_id)).unwrap();
    message.encode(&mut writer, version).unwrap();
    writer.finish_frame().unwrap();
    writer.into_parts().0
}

/// Makes the topics that [`with_long_answer`] asks for.
async fn prepare_long_answer(running: &Running) {
    let mut admin = running.client();
    for topic in TOPICS {
        admin.create_topic(topic, 1, &[]).await.unwrap();
    }
}

const TOPICS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// A request whose answer is many times as long as the connections of [`narrow`] hold.
fn with_long_answer() -> Vec<u8> {
    let of_topic = |name: &'static str| DescribeConfigsResource {
        resource_type: 2,
        resource_name: name.into(),
        configuration_keys: None,
    };
    let resources = TOPICS.map(of_topic).to_vec();
    let request = DescribeConfigsRequest { resources, include_synonyms: true, include_documentation: true };
    framed(&request, 4, "tests")
}

/// A connection that holds little of an answer.
fn narrow(running: &Running) -> DuplexStream {
    running.connect_over(NARROW_BYTES)
}

const NARROW_BYTES: usize = 2000;

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

/// fault = 79
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_slowly_counts_in_the_memory_budget_until_it_is_taken() {
    let running = Running::start(&SMALL_BUDGET).await;
    let (mut slow, held) = running.overdrawn_by_an_answer().await;
    let mut other = running.connect();
    other.write_all(&request(300)).await.unwrap();
    let third = held / 3 + 1;
    for _ in 0..2 {
        sleep(Duration::from_secs(9)).await;
        slow.read_exact(&mut vec![0; third]).await.unwrap();
        assert_eq!(running.broker.context().memory.used(), held);
    }
    assert!(timeout(Duration::from_secs(5), other.read_u8()).await.is_err(), "it waits for that memory");
    slow.read_exact(&mut vec![0; held - 2 * third]).await.unwrap();
    assert_answered(&mut other).await;
    assert_eq!(running.closed("stalled"), 0);
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn answers_of_which_next_to_nothing_is_taken_are_given_up_once_others_wait_for_their_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    prepare_long_answer(&running).await;
    let mut trickle = narrow(&running);
    trickle.write_all(&with_long_answer()).await.unwrap();
    running.overdraws().await;
    // Nobody waits yet.
    sleep(Duration::from_secs(60)).await;
    let mut other = running.connect();
    other.write_all(&request(300)).await.unwrap();
    let began = Instant::now();
    let trickling = tokio::spawn(async move {
        while trickle.read_u8().await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    assert_answered(&mut other).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(21), "{took:?}");
    assert_eq!(running.closed("stalled"), 1);
    trickling.abort();
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn answers_that_take_longer_than_clients_wait_are_given_up_once_others_wait_for_their_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    let (mut slow, held) = running.overdrawn_by_an_answer().await;
    let mut other = running.connect();
    other.write_all(&request(300)).await.unwrap();
    let began = Instant::now();
    let taking = tokio::spawn(async move {
        let mut part = vec![0; held / 10];
        while slow.read_exact(&mut part).await.is_ok() {
            sleep(Duration::from_secs(9)).await;
        }
    });
    assert_answered(&mut other).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(21), "{took:?}");
    assert_eq!(running.closed("stalled"), 1);
    taking.await.unwrap();
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn a_member_is_heard_while_answers_that_are_not_taken_use_up_the_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    prepare_long_answer(&running).await;
    let mut slow = narrow(&running);
    slow.write_all(&with_long_answer()).await.unwrap();
    let held = running.overdraws().await;
    let heartbeat = framed(&HeartbeatRequest::default(), 4, "tests");
    let mut member = running.connect();
    for _ in 0..2 {
        // It comes in two parts.
        member.write_all(&heartbeat[..15]).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        member.write_all(&heartbeat[15..]).await.unwrap();
        timeout(Duration::from_secs(1), assert_answered(&mut member)).await.expect("an answer at once");
    }
    assert_eq!(running.broker.context().memory.used(), held);
    // Anything else waits, however small.
    member.write_all(&request(20)).await.unwrap();
    assert!(timeout(Duration::from_secs(5), member.read_u8()).await.is_err());
    drop(slow);
    assert_answered(&mut member).await;
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn short_answers_that_are_not_taken_do_not_pile_up_beyond_the_memory() {
    let running = Running::start(&SMALL_BUDGET).await;
    prepare_long_answer(&running).await;
    let mut slow = narrow(&running);
    slow.write_all(&with_long_answer()).await.unwrap();
    let held = running.overdraws().await;
    let mut other = narrow(&running);
    let many = framed(&ApiVersionsRequest::default(), 0, "tests").repeat(500);
    assert!(timeout(Duration::from_secs(5), other.write_all(&many)).await.is_err(), "all of them are read");
    let more = running.broker.context().memory.used() - held;
    assert!(more < 20_000, "{more}");
    drop((slow, other));
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_waits_for_memory_no_longer() {
    let running = Running::start(&SMALL_BUDGET).await;
    let memory = &running.broker.context().memory;
    assert!(memory.try_take(1000));
    let (mut ours, mut connection) = running.unserved();
    ours.write_all(&request(300)).await.unwrap();
    connection.buffer_after_a_look().await;
    assert!(memory.is_short());
    let handle = connection.handle();
    handle.close();
    assert!(matches!(connection.run().await, Closed::Surplus));
    assert!(!memory.is_short());
    assert_eq!(Arc::strong_count(handle.waiter()), 1, "nobody is to wake it");
    memory.give_back(1000);
    running.broker.stop().await.unwrap();
}

/// A fetch that waits five seconds for something to read of a topic.
fn poll_of(topic: &str, partitions: i32) -> FetchRequest<'_> {
    let partitions =
        (0..partitions).map(|partition| FetchPartition { partition, ..FetchPartition::default() }).collect();
    let topics = vec![FetchTopic { topic: topic.into(), partitions, ..FetchTopic::default() }];
    let poll = FetchRequest { max_wait_ms: 5000, min_bytes: 1, topics, ..FetchRequest::default() };
    FetchRequest { max_bytes: 1000, session_epoch: -1, ..poll }
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn a_fetch_without_a_session_counts_with_what_its_partitions_take() {
    let running = Running::start(&[]).await;
    running.client().create_topic("a", 1, &[]).await.unwrap();
    let mut stream = running.connect();
    stream.write_all(&framed(&poll_of("a", 1), 12, "tests")).await.unwrap();
    // Its turn comes after the other's.
    let many = framed(&poll_of("not-there", 1000), 12, "tests");
    stream.write_all(&many).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let used = running.broker.context().memory.used();
    assert!(used > 3 * many.len(), "{used} bytes are held for a frame of {}", many.len());
    assert_answered(&mut stream).await;
    assert_answered(&mut stream).await;
    running.holds(0).await;
    running.broker.stop().await.unwrap();
}

/// fault = 79
#[tokio::test(start_paused = true)]
async fn of_many_long_answers_that_become_ready_together_one_is_made_at_a_time() {
    let running = Running::start(&["queued.max.request.bytes=20000", "socket.request.max.bytes=20000"]).await;
    prepare_long_answer(&running).await;
    let mut alone = running.connect();
    alone.write_all(&with_long_answer()).await.unwrap();
    let one = read_frame(&mut alone).await.unwrap().unwrap().len();
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let mut stream = narrow(&running);
        stream.write_all(&framed(&poll_of("a", 1), 12, "tests")).await.unwrap();
        stream.write_all(&with_long_answer()).await.unwrap();
        waiting.push(stream);
    }
    // All polls are over at once.
    sleep(Duration::from_secs(6)).await;
    for mut stream in waiting {
        let held = running.broker.context().memory.used();
        assert!(held < 2 * one, "{held} bytes are held, {one} are an answer");
        assert_answered(&mut stream).await;
        assert_answered(&mut stream).await;
    }
    running.holds(0).await;
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

/// fault = 80
#[tokio::test(start_paused = true)]
async fn a_connection_that_waits_after_few_bytes_of_a_frame_holds_no_large_buffer() {
    let running = Running::start(&[]).await;
    let (mut ours, mut connection) = running.unserved();
    for byte in [0, 0, 0, 100, 0, 18] {
        ours.write_all(&[byte]).await.unwrap();
        let bytes = connection.buffer_after_a_look().await;
        assert!((1..8192).contains(&bytes), "{bytes}");
    }
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
