//! Scenario 18: that memory and start do not grow with history.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use broker_protocol::types::{LeaderEpoch, Offset};
use broker_tier::entry::Entry;
use broker_tier::ids::PartitionId;
use broker_tier::keys::{Key, SegmentKey};
use broker_tier::manifest::Manifest;
use broker_tier::page;
use broker_tier::publish::{Fence, Publisher, load_newest};

use crate::bench::Bench;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::tiered::{Place, Raw, Tiered, TieredTopic, runtime};
use crate::bench::usage::resident_kib;

/// Entries beside the few that are there: 0.1 GB and 1 TB of history.
const FEW: u32 = 10;
const MANY: u32 = 100_000;
const ENTRY_BYTES: u64 = 10_000_000;
/// Records that are really there: more than entries, of which each has one at least.
const RECORDS: u32 = 200_000;
const RECORD_BYTES: u32 = 100;
const MEMORY_GOAL_MIB: f64 = 8.0;
const START_GOAL: f64 = 1.2;
/// Starts of each; the memory of the first ones is looked at.
const STARTS: usize = 15;
/// For the manifest to be there, and what is due to be done.
const SETTLE: Duration = Duration::from_secs(5);

/// Of one start.
#[derive(Debug, Clone, Copy)]
struct Start {
    milliseconds: f64,
    /// Once it has come to rest, where that was waited for.
    resident_mib: Option<f64>,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let brokers: Vec<Tiered> =
        [FEW, MANY].into_iter().map(|entries| with_history(bench, entries)).collect::<Result<_>>()?;
    let mut starts = [Vec::new(), Vec::new()];
    // In turns, so that what else the machine does meets both.
    for repetition in 0..STARTS {
        let settles = repetition < bench.repetitions;
        for (tiered, starts) in brokers.iter().zip(&mut starts) {
            starts.push(start(bench, tiered, settles)?);
        }
    }
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for (entries, starts) in [FEW, MANY].into_iter().zip(&starts) {
        let took = Spread::of(starts.iter().map(|start| start.milliseconds)).context("no starts")?;
        let resident = Spread::of(starts.iter().filter_map(|start| start.resident_mib));
        let resident = resident.context("no memory was measured")?;
        let gigabytes = u64::from(entries) * ENTRY_BYTES / 1_000_000_000;
        let numbers = [took.min, took.median, took.max, resident.min, resident.median, resident.max];
        let named = [format!("{entries} entries"), format!("{gigabytes} GB")];
        rows.push(named.into_iter().chain(numbers.map(short)).collect());
        medians.push((took.median, resident.median));
    }
    let [(few_ms, few_mib), (many_ms, many_mib)] = medians[..] else { anyhow::bail!("two were measured") };
    let findings = vec![
        Finding::figure(
            "memory with 1 TB of history beyond that with 0.1 GB",
            many_mib - few_mib,
            "MiB",
            Target::AtMost(MEMORY_GOAL_MIB),
        ),
        Finding::ratio("start with 100,000 entries against 10", many_ms, few_ms, Target::AtMost(START_GOAL)),
    ];
    Ok(Section {
        number: 18,
        title: "Long history",
        method: format!(
            "A partition whose manifest names its last segment as it is, and all before it as so many entries of {} MB each \
             that lie nowhere. From exec to the first answer, and the memory {} s after the bucket was reached, when the manifest is known.",
            ENTRY_BYTES / 1_000_000,
            SETTLE.as_secs()
        ),
        header: vec!["manifest", "history", "start ms min", "median", "max", "RSS MiB min", "median", "max"],
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// A broker, stopped, with a topic of so many entries.
fn with_history(bench: &Bench, entries: u32) -> Result<Tiered> {
    let tiered = Tiered::new(bench, Place::BehindProxy, &[])?;
    let subject = tiered.start(bench)?;
    let topic = tiered.fill(bench, &subject, (u64::from(RECORDS), RECORD_BYTES), 1 << 20)?;
    drop(subject);
    runtime()?.block_on(lengthen(&tiered.raw()?, &topic, entries))?;
    Ok(tiered)
}

fn start(bench: &Bench, tiered: &Tiered, settles: bool) -> Result<Start> {
    let begin = Instant::now();
    let subject = tiered.start_quickly(bench)?;
    let milliseconds = begin.elapsed().as_secs_f64() * 1000.0;
    tiered.wait_until_active()?;
    if !settles {
        return Ok(Start { milliseconds, resident_mib: None });
    }
    thread::sleep(SETTLE);
    Ok(Start { milliseconds, resident_mib: Some(resident_kib(subject.pid)? as f64 / 1024.0) })
}

/// Publishes a manifest with so many entries before the last one that is there.
async fn lengthen(raw: &Raw, topic: &TieredTopic, count: u32) -> Result<()> {
    let partition = PartitionId { topic_id: topic.id, partition: 0 };
    let newest = load_newest(&raw.store, &raw.keys, partition, None).await?.context("nothing was copied")?;
    let stamp = newest.stamp.context("a manifest that was published has a stamp")?;
    let last = newest.entries.last().cloned().context("nothing was copied")?;
    let fence = Fence { generation: stamp.generation, leader_epoch: stamp.leader_epoch };
    let none_yet = Manifest::empty(raw.keys.cluster().clone(), partition, newest.topic.clone(), Offset(0));
    let (store, keys) = (Arc::clone(&raw.store), Arc::clone(&raw.keys));
    let mut publisher = Publisher::take_over(store, keys, fence, newest.number, none_yet.clone()).await?;
    let mut edited = Manifest { oldest_kept: newest.oldest_kept, ..none_yet };
    let each = last.base_offset.0 / i64::from(count);
    anyhow::ensure!(each > 0, "{} records are too few for {count} entries", last.base_offset);
    for index in 0..i64::from(count) {
        let end = if index + 1 == i64::from(count) { last.base_offset.0 } else { (index + 1) * each };
        edited.append(entry(partition, Offset(index * each)..Offset(end), stamp.leader_epoch))?;
        spill(raw, &mut edited).await?;
    }
    edited.append(last)?;
    publisher.publish(edited).await?;
    Ok(())
}

/// Puts older entries into a page of their own, once they are many.
async fn spill(raw: &Raw, edited: &mut Manifest) -> Result<()> {
    if let Some(page) = edited.spill(broker_protocol::types::Uuid::new_v4()) {
        let bytes = page::encode(raw.keys.cluster(), edited.partition, &page.entries);
        raw.store.put_unique(&raw.keys.path(&Key::Page(page.key)), bytes.into()).await?;
    }
    Ok(())
}

fn entry(partition: PartitionId, offsets: Range<Offset>, leader_epoch: LeaderEpoch) -> Entry {
    let base_offset = offsets.start;
    let object =
        SegmentKey { partition, base_offset, leader_epoch, id: broker_protocol::types::Uuid::new_v4() };
    let end_offset = offsets.end.plus(-1);
    // Young, or retention would delete it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or_default();
    Entry {
        base_offset,
        end_offset,
        object,
        position: 0,
        length: ENTRY_BYTES,
        object_length: ENTRY_BYTES + 100_000,
        footer_position: ENTRY_BYTES + 99_000,
        batches_crc: 0,
        epochs: vec![broker_log::leader_epoch_cache::EpochEntry {
            epoch: leader_epoch,
            start_offset: base_offset,
        }],
        max_timestamp: now_ms,
        max_timestamp_offset: end_offset,
        aborted_count: 0,
        aborted: Vec::new(),
        created_ms: now_ms,
    }
}
