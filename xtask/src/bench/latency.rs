//! Produce latency at a fixed rate: one request per record batch, sent on time whether or not answers have come;
//! only a broker that is a whole second behind is waited for.
//!
//! A latency is the time from just before the write to the end of the answer. One thread sends, one receives.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use broker_protocol::api_key::ApiKey;

use super::connection::{
    CORRELATION_ID_AT, Connection, PRODUCE_VERSION, one_record_batch, produce_error, produce_frame,
    read_answer,
};

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) record_bytes: usize,
    pub(crate) requests_per_s: u32,
    /// Length of the measured part.
    pub(crate) seconds: u32,
}

/// Seconds of load before the measured part.
const WARM_UP_SECONDS: u32 = 1;
/// Requests without answer, in seconds of load, at which a broker that cannot keep up is sent no more.
const OUTSTANDING_SECONDS_MAX: u32 = 1;

/// Produces to partition 0 of `topic` with acks=all and returns every latency of the measured part in microseconds.
pub(crate) fn measure(address: SocketAddr, topic: &str, load: Load) -> Result<Vec<u64>> {
    let batch = one_record_batch(load.record_bytes);
    let mut connection = Connection::open(address)?;
    connection.produce(topic, 1, &batch)?;
    let frame = produce_frame(topic, &batch)?;
    let mut sending = connection.into_stream();
    let mut receiving = sending.try_clone()?;
    let warm_up = load.requests_per_s * WARM_UP_SECONDS;
    let count = warm_up + load.requests_per_s * load.seconds;

    let (sent, sent_at) = mpsc::sync_channel((load.requests_per_s * OUTSTANDING_SECONDS_MAX) as usize);
    let sender = thread::spawn(move || send_on_time(&mut sending, frame, load.requests_per_s, count, &sent));
    let received = receive(&mut receiving, &sent_at);
    match sender.join() {
        Ok(result) => result?,
        Err(_) => bail!("the sending thread ended early"),
    }
    let mut latencies = received?;
    ensure!(latencies.len() > warm_up as usize, "only {} requests were answered in time", latencies.len());
    latencies.drain(..warm_up as usize);
    Ok(latencies)
}

fn send_on_time(
    stream: &mut TcpStream,
    mut frame: Vec<u8>,
    requests_per_s: u32,
    count: u32,
    sent: &mpsc::SyncSender<Instant>,
) -> Result<()> {
    let begin = Instant::now();
    let interval = Duration::from_secs(1) / requests_per_s;
    let end = begin + interval * count;
    for number in 0..count {
        let due = begin + interval * number;
        if Instant::now() > end {
            return Ok(());
        }
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        frame[CORRELATION_ID_AT..CORRELATION_ID_AT + 4].copy_from_slice(&number.to_be_bytes());
        if sent.send(Instant::now()).is_err() {
            return Ok(());
        }
        stream.write_all(&frame).context("cannot send")?;
    }
    Ok(())
}

/// Answers come in the order of the requests.
fn receive(stream: &mut TcpStream, sent_at: &mpsc::Receiver<Instant>) -> Result<Vec<u64>> {
    let mut latencies = Vec::new();
    while let Ok(sent_at) = sent_at.recv() {
        let body = read_answer(stream, ApiKey::Produce, PRODUCE_VERSION)?;
        let latency = sent_at.elapsed();
        if let Some(error) = produce_error(&body)? {
            bail!("a record was refused with error {error}");
        }
        latencies.push(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(latencies)
}
