//! The pages over streams in memory, and a clock that goes on when nothing else does.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::*;

/// Where connections in memory come in.
struct Door(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Door {
    type Io = DuplexStream;
    type Addr = &'static str;

    async fn accept(&mut self) -> (DuplexStream, &'static str) {
        match self.0.recv().await {
            Some(stream) => (stream, "test"),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<&'static str> {
        Ok("door")
    }
}

struct Well;

impl Health for Well {
    fn unhealthy(&self) -> Vec<String> {
        Vec::new()
    }

    fn not_ready(&self) -> Vec<String> {
        vec!["x".repeat(LONG)]
    }

    fn scrub(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>> {
        if topic.as_deref() == Some("none") {
            return Box::pin(async { Scrubbed::UnknownTopic { report: "no such topic".to_owned() } });
        }
        let is_sound = topic.is_none();
        Box::pin(async move { Scrubbed::Done { is_sound, report: format!("{topic:?}") } })
    }

    fn verify(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>> {
        Box::pin(async move {
            tokio::time::sleep(SILENCE_MAX * 50).await;
            Scrubbed::Done { is_sound: true, report: format!("verified {topic:?}") }
        })
    }
}

/// Length of the answer of `/readyz`: more than what is in flight on a connection here.
const LONG: usize = 10_000;
/// What is in flight on a connection.
const IN_FLIGHT: usize = 100;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: broker\r\n\r\n";

/// Serves, and gives what connections are handed to.
fn start() -> mpsc::UnboundedSender<DuplexStream> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(serve_on(Door(receiver), Arc::new(Metrics::new()), Arc::new(Well)));
    sender
}

fn connect(door: &mpsc::UnboundedSender<DuplexStream>) -> DuplexStream {
    let (ours, theirs) = duplex(IN_FLIGHT);
    door.send(theirs).unwrap();
    ours
}

/// Sends a request and reads its answer; the connection stays open.
async fn ask(stream: &mut DuplexStream) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok\n") {
        assert_ne!(within(stream.read_buf(&mut answer)).await.unwrap(), 0, "closed");
    }
    String::from_utf8(answer).unwrap()
}

/// Reads to the end of the connection; says what came and how long that took.
async fn read_to_end(stream: &mut DuplexStream) -> (usize, Duration) {
    let began = Instant::now();
    let mut answer = Vec::new();
    // An end without an answer is an error of the stream or not.
    let _ = within(stream.read_to_end(&mut answer)).await;
    (answer.len(), began.elapsed())
}

/// Waits for something, but not for ever.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SILENCE_MAX * 10, future).await.expect("it ends")
}

/// A little later than `SILENCE_MAX`, for timers that count whole milliseconds.
fn assert_silence(took: Duration) {
    assert!((SILENCE_MAX..SILENCE_MAX + Duration::from_secs(1)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_whole_is_waited_for_only_so_long() {
    let door = start();
    for begin in [&b""[..], &REQUEST[..1], &REQUEST[..REQUEST.len() - 1]] {
        let mut stream = connect(&door);
        stream.write_all(begin).await.unwrap();
        let (bytes, took) = read_to_end(&mut stream).await;
        assert_eq!(bytes, 0);
        assert_silence(took);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_a_byte_at_a_time_is_waited_for_only_so_long() {
    let door = start();
    let mut stream = connect(&door);
    let began = Instant::now();
    for byte in REQUEST {
        tokio::time::sleep(Duration::from_secs(3)).await;
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
    }
    // Its first byte began the time.
    let took = began.elapsed();
    assert!(took > SILENCE_MAX && took < SILENCE_MAX + Duration::from_secs(7), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_one_request_after_another_and_ends_when_no_more_come() {
    let door = start();
    let mut stream = connect(&door);
    for _ in 0..3 {
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
        tokio::time::sleep(SILENCE_MAX - Duration::from_secs(1)).await;
    }
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    let (bytes, took) = read_to_end(&mut stream).await;
    assert_eq!(bytes, 0);
    assert_silence(took);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_is_given_up_and_a_slow_reader_is_served() {
    let door = start();
    let mut stuck = connect(&door);
    let mut slow = connect(&door);
    for stream in [&mut stuck, &mut slow] {
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n").await.unwrap();
    }
    let mut taken = 0;
    let mut part = [0; IN_FLIGHT];
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        match slow.read(&mut part).await.unwrap() {
            0 => break,
            count => taken += count,
        }
    }
    assert!(taken > LONG, "{taken}");
    let (bytes, took) = read_to_end(&mut stuck).await;
    assert_eq!((bytes, took), (IN_FLIGHT, Duration::ZERO), "it was closed with what was in flight");
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_until_one_ends() {
    let door = start();
    let silent: Vec<_> = (0..CONNECTIONS_MAX).map(|_| connect(&door)).collect();
    let mut next = connect(&door);
    let began = Instant::now();
    ask(&mut next).await;
    assert_silence(began.elapsed());
    drop(silent);
    let began = Instant::now();
    ask(&mut connect(&door)).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// Posts a request for a scrub and reads the whole answer.
async fn post_scrub(stream: &mut DuplexStream, query: &str) -> String {
    let request = format!(
        "POST /scrub{query} HTTP/1.1\r\nHost: broker\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_scrub_is_asked_for_by_post_and_says_whether_all_is_sound() {
    let door = start();
    for (query, status, body) in [
        ("", "200", "None"),
        ("?topic=a", "500", "Some(\"a\")"),
        ("?topic=a&verify=false", "500", "Some(\"a\")"),
        ("?topic=none", "404", "no such topic"),
        ("?topics=a", "400", ""),
        ("?verify=please", "400", ""),
    ] {
        let answer = post_scrub(&mut connect(&door), query).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.ends_with(body), "{answer}");
    }
    let mut stream = connect(&door);
    stream.write_all(b"GET /scrub HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_is_waited_for() {
    let door = start();
    let began = Instant::now();
    let answer = post_scrub(&mut connect(&door), "?topic=a&verify=true").await;
    assert!(answer.ends_with("verified Some(\"a\")"), "{answer}");
    assert!(began.elapsed() >= SILENCE_MAX * 50);
    // Behind it, silence counts again.
    let mut stream = connect(&door);
    stream
        .write_all(b"POST /scrub?verify=true HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(String::from_utf8(answer).unwrap().ends_with("verified None"));
    assert_silence(began.elapsed() - SILENCE_MAX * 50);
}
