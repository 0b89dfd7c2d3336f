//! The records of the compaction scenario: made from their numbers, so that nobody has to remember them.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use broker_protocol::api_key::ApiKey;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::messages::FetchResponse;
use broker_protocol::record_batch::batches;

use crate::bench::connection::{
    Connection, FETCH_VERSION, PRODUCE_VERSION, decode, fetch_frame, produce_error, produce_frame,
    read_answer,
};

/// Records of a batch: 16 KiB, what a producer sends by default.
pub(super) const BATCH_RECORDS: usize = 16;
pub(super) const VALUE_BYTES: usize = 1024;
/// Their timestamps are those of a producer of 100,000 a second.
const RECORDS_PER_MS: u64 = 100;
/// Produce requests on their way.
const IN_FLIGHT_MAX: usize = 32;
const FETCH_BYTES: i32 = 8 << 20;
/// Noise that values are cut from: so much that hardly two of a batch have any of it in common.
const NOISE_BYTES: usize = 4 << 20;
/// Largest content of a batch that is opened.
const CONTENT_BYTES_MAX: usize = 1 << 20;

/// All records of a partition. The record of number `n` has offset `n + 1`: before them comes one that shows that the
/// partition takes records.
#[derive(Debug)]
pub(super) struct Data {
    batches: u64,
    keys: u64,
    now_ms: i64,
    noise: Vec<u8>,
}

impl Data {
    /// Records that fill `segments` segments of `segment_bytes` and begin one more.
    pub(super) fn new(segment_bytes: u64, segments: u32, records_per_key: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut data = Self {
            batches: 0,
            keys: 1,
            // All of them are in the past.
            now_ms: i64::try_from(now.as_millis()).unwrap_or_default() - 3_600_000,
            noise: noise(NOISE_BYTES),
        };
        let batch_bytes = data.batch(0).len() as u64;
        data.batches = (segment_bytes / batch_bytes + 1) * u64::from(segments) + 1;
        data.keys = (data.records() / records_per_key).max(1);
        data
    }

    fn records(&self) -> u64 {
        self.batches * BATCH_RECORDS as u64
    }

    fn key(&self, number: u64) -> u64 {
        mixed(number) % self.keys
    }

    fn key_bytes(&self, number: u64) -> String {
        format!("key-{:012}", self.key(number))
    }

    /// The value of a record: its number and noise.
    fn put_value(&self, number: u64, value: &mut Vec<u8>) {
        value.clear();
        value.extend_from_slice(&number.to_le_bytes());
        let from = usize::try_from(mixed(!number) % (NOISE_BYTES - VALUE_BYTES) as u64).unwrap_or_default();
        value.extend_from_slice(&self.noise[from..][..VALUE_BYTES - value.len()]);
    }

    fn batch(&self, batch: u64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(Compression::None);
        let mut value = Vec::new();
        for number in (batch * BATCH_RECORDS as u64..).take(BATCH_RECORDS) {
            self.put_value(number, &mut value);
            let time_ms = self.now_ms + i64::try_from(number / RECORDS_PER_MS).unwrap_or_default();
            builder.push(time_ms, Some(self.key_bytes(number).as_bytes()), Some(&value), &[]);
        }
        builder.build()
    }

    /// Sends all of it, many requests at a time.
    pub(super) fn produce(&self, address: SocketAddr, topic: &str) -> Result<()> {
        let mut connection = Connection::open(address)?;
        connection.produce(topic, 1, &first_batch())?;
        let mut stream = connection.into_stream();
        let mut in_flight = VecDeque::new();
        for batch in 0..self.batches {
            stream.write_all(&produce_frame(topic, &self.batch(batch))?)?;
            in_flight.push_back(batch);
            let is_last = batch + 1 == self.batches;
            while in_flight.len() > IN_FLIGHT_MAX || (is_last && !in_flight.is_empty()) {
                let body = read_answer(&mut stream, ApiKey::Produce, PRODUCE_VERSION)?;
                let error = produce_error(&body)?;
                ensure!(error.is_none(), "batch {:?} is refused with error {error:?}", in_flight.front());
                in_flight.pop_front();
            }
        }
        Ok(())
    }

    /// Reads the partition and compares it with what a cleaning of all below `end` has to leave.
    pub(super) fn verify(&self, address: SocketAddr, topic: &str, end: i64) -> Result<()> {
        let end = u64::try_from(end)?;
        let mut last = vec![0; usize::try_from(self.keys)?];
        for number in 0..end.saturating_sub(1).min(self.records()) {
            last[usize::try_from(self.key(number))?] = number;
        }
        let stays = |number: &u64| {
            number + 1 >= end || usize::try_from(self.key(*number)).is_ok_and(|key| last[key] == *number)
        };
        let mut expected = (0..self.records()).filter(stays);
        let mut stream = Connection::open(address)?.into_stream();
        let (mut offset, mut value) = (0, Vec::new());
        loop {
            let asked = offset;
            stream.write_all(&fetch_frame(topic, offset, FETCH_BYTES)?)?;
            let body = read_answer(&mut stream, ApiKey::Fetch, FETCH_VERSION)?;
            let response: FetchResponse<'_> = decode(&body, FETCH_VERSION)?;
            let partition = response.responses.first().and_then(|topic| topic.partitions.first());
            let partition = partition.context("a Fetch answer without the partition")?;
            ensure!(partition.error_code == 0, "a Fetch fails with error {}", partition.error_code);
            for batch in batches(partition.records.as_bytes().unwrap_or_default()).map_while(Result::ok) {
                batch.verify_crc()?;
                let content = batch.decompress(CONTENT_BYTES_MAX)?;
                for record in batch.records(&content) {
                    let record = record?;
                    let found = record.offset(&batch.header).0;
                    // The one that came before all others has a key of its own.
                    if found == 0 || found < offset {
                        continue;
                    }
                    let number =
                        expected.next().with_context(|| format!("offset {found} should have gone"))?;
                    self.put_value(number, &mut value);
                    let is_same = u64::try_from(found)? == number + 1
                        && record.key == Some(self.key_bytes(number).as_bytes())
                        && record.value == Some(&value[..]);
                    ensure!(
                        is_same,
                        "the record of offset {} should follow, that of {found} does",
                        number + 1
                    );
                }
                offset = batch.header.next_offset().0;
            }
            if offset >= partition.high_watermark {
                break;
            }
            ensure!(offset > asked, "nothing comes from offset {asked}");
        }
        let missing = expected.next();
        ensure!(missing.is_none(), "record {missing:?} and what should follow it are gone");
        Ok(())
    }
}

/// A batch whose record has a key that no other has.
fn first_batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(0, Some(b"first"), Some(b""), &[]);
    builder.build()
}

/// A number that looks random but is the same each time: the finalizer of splitmix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def0);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn noise(bytes: usize) -> Vec<u8> {
    (0..).map(mixed).flat_map(u64::to_le_bytes).take(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_segments_but_the_last_are_filled() {
        let data = Data::new(1 << 20, 3, 4);
        let batch_bytes = data.batch(0).len() as u64;
        let filled = (1 << 20) / batch_bytes + 1;
        assert_eq!(data.batches, 3 * filled + 1);
        assert!(filled * batch_bytes > 1 << 20);
        assert_eq!(data.keys, data.records() / 4);
    }
}
