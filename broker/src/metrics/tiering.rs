//! Figures of tiered storage, worked out when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounter, IntGauge, IntGaugeVec, Opts};

use crate::api::context::ApiContext;
use crate::replication::manager::TopicReplicas;
use crate::tiering::{Standing, Tiering};

/// Asks the broker at each scrape.
pub struct TieringCollector {
    ctx: Weak<ApiContext>,
    descriptions: Vec<Desc>,
}

/// A counter: its name, its meaning, and where it stands.
type Counted = (&'static str, &'static str, fn(&Tiering) -> u64);

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

const COUNTERS: &[Counted] = &[
    ("highwater_remote_copies_total", "Segments, or parts of them, copied to the object store.", |tiering| {
        load(&tiering.counts().copies)
    }),
    ("highwater_remote_copied_bytes_total", "Bytes of records copied to the object store.", |tiering| {
        load(&tiering.counts().copied_bytes)
    }),
    (
        "highwater_remote_errors_total",
        "Copies, publications and deletions that failed; each is tried again.",
        |tiering| load(&tiering.counts().errors),
    ),
    (
        "highwater_remote_deleted_objects_total",
        "Objects deleted: of retention, of deleted topics, and orphans.",
        |tiering| load(&tiering.counts().deleted_objects),
    ),
    ("highwater_remote_scrubs_total", "Comparisons of a partition's objects with its manifest.", |tiering| {
        load(&tiering.counts().scrubs)
    }),
    (
        "highwater_remote_metadata_snapshots_total",
        "Snapshots of the metadata and of committed offsets written to the object store.",
        |tiering| load(&tiering.counts().metadata_snapshots),
    ),
    ("highwater_remote_metadata_errors_total", "Such snapshots that could not be written.", |tiering| {
        load(&tiering.counts().metadata_errors)
    }),
    (
        "highwater_remote_reads_total",
        "Reads of clients answered from the object store or its cache.",
        |tiering| load(&tiering.reader().counts().reads),
    ),
    ("highwater_remote_read_bytes_total", "Bytes of these.", |tiering| {
        load(&tiering.reader().counts().bytes)
    }),
    ("highwater_remote_read_errors_total", "Reads of clients that failed.", |tiering| {
        load(&tiering.counts().read_errors)
    }),
    (
        "highwater_remote_read_timeouts_total",
        "Reads of clients that were answered without records because the object store took too long.",
        |tiering| load(&tiering.counts().read_timeouts),
    ),
    (
        "highwater_remote_damaged_objects_total",
        "Times that an object was not what was written, or that offsets were in no object.",
        |tiering| load(&tiering.reader().counts().damaged),
    ),
    (
        "highwater_remote_missing_objects_total",
        "Times that an object was not there although a manifest names it.",
        |tiering| load(&tiering.reader().counts().missing),
    ),
    (
        "highwater_remote_cache_hits_total",
        "Chunks of objects found in the cache on the local disk.",
        |tiering| load(&tiering.reader().chunks().counts().hits),
    ),
    ("highwater_remote_cache_misses_total", "Chunks of objects that somebody waited for.", |tiering| {
        load(&tiering.reader().chunks().counts().misses)
    }),
    ("highwater_remote_cache_ahead_total", "Chunks of objects that were fetched ahead.", |tiering| {
        load(&tiering.reader().chunks().counts().ahead)
    }),
    ("highwater_remote_requests_total", "Requests sent to the object store.", |tiering| {
        load(&tiering.store().counts().requests)
    }),
    ("highwater_remote_request_errors_total", "Requests to the object store that failed.", |tiering| {
        load(&tiering.store().counts().errors)
    }),
    (
        "highwater_remote_requests_throttled_total",
        "Requests that the object store refused as one too many.",
        |tiering| load(&tiering.store().counts().throttled),
    ),
    (
        "highwater_remote_request_timeouts_total",
        "Requests that the object store did not answer in time.",
        |tiering| load(&tiering.store().counts().timeouts),
    ),
    ("highwater_remote_sent_bytes_total", "Bytes sent to the object store.", |tiering| {
        load(&tiering.store().counts().bytes_out)
    }),
    ("highwater_remote_received_bytes_total", "Bytes received from the object store.", |tiering| {
        load(&tiering.store().counts().bytes_in)
    }),
];

/// One set of samples of partitions, thrown away after the scrape.
struct Samples {
    active: IntGauge,
    cleaned: IntGauge,
    lag_bytes: IntGaugeVec,
    lag_seconds: GaugeVec,
    size: IntGaugeVec,
    entries: IntGaugeVec,
    end: IntGaugeVec,
    local_start: IntGaugeVec,
    trouble: IntGaugeVec,
    unsound: IntGaugeVec,
}

fn gauge(name: &str, help: &str) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), &["topic", "partition"])
        .expect("names and labels are constants that a test collects")
}

impl Samples {
    fn new() -> Samples {
        let seconds = Opts::new(
            "highwater_remote_lag_seconds",
            "Age of the newest record of the oldest sealed segment that is not copied; 0 where all are.",
        );
        let labels = ["topic", "partition"];
        Samples {
            active: IntGauge::new(
                "highwater_remote_active",
                "1 while this broker copies to the object store, 0 while it cannot or may not.",
            )
            .expect("the name is a constant that a test collects"),
            cleaned: IntGauge::new(
                "highwater_remote_cleaned_partitions",
                "Partitions of tiered topics of which nothing is copied because they were compacted before.",
            )
            .expect("the name is a constant that a test collects"),
            lag_bytes: gauge("highwater_remote_lag_bytes", "Bytes of sealed segments that are not copied."),
            lag_seconds: GaugeVec::new(seconds, &labels)
                .expect("names and labels are constants that a test collects"),
            size: gauge("highwater_remote_size_bytes", "Bytes of a partition in the object store."),
            entries: gauge("highwater_remote_entries", "Ranges of a partition in the object store."),
            end: gauge("highwater_remote_end_offset", "Offset after the last record that was copied."),
            local_start: gauge(
                "highwater_partition_local_log_start_offset",
                "First offset of a tiered partition that is on the local disk.",
            ),
            trouble: gauge(
                "highwater_remote_trouble",
                "1 while the last attempt to copy or delete for a partition has failed.",
            ),
            unsound: gauge(
                "highwater_remote_unsound",
                "What the last scrub of a partition found wrong: missing or resized objects, gaps, overlaps.",
            ),
        }
    }

    fn collectors(&self) -> [&dyn Collector; 10] {
        [
            &self.active,
            &self.cleaned,
            &self.lag_bytes,
            &self.lag_seconds,
            &self.size,
            &self.entries,
            &self.end,
            &self.local_start,
            &self.trouble,
            &self.unsound,
        ]
    }

    fn fill(&self, ctx: &ApiContext, tiering: &Tiering) {
        self.active.set(i64::from(matches!(tiering.standing(), Standing::Active)));
        self.cleaned.set(cleaned_partitions(ctx));
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for tiered in tiering.partitions() {
            let topic = ctx.replicas.topic_by_id(tiered.id.topic_id);
            let Some(partition) = topic.and_then(|topic| topic.partition(tiered.id.partition)) else {
                continue;
            };
            let index = tiered.id.partition.to_string();
            let labels: [&str; 2] = [&tiered.topic, &index];
            let figures = tiered.figures();
            let local_start = partition.log().with(|log| log.local_log_start_offset());
            self.lag_bytes.with_label_values(&labels).set(whole(figures.lag.bytes));
            let seconds = figures.lag.oldest_ms.unwrap_or(0) as f64 / 1000.0;
            self.lag_seconds.with_label_values(&labels).set(seconds);
            self.size.with_label_values(&labels).set(whole(figures.remote_bytes));
            self.entries.with_label_values(&labels).set(whole(figures.entries));
            if let Some(end) = figures.tiered_end {
                self.end.with_label_values(&labels).set(end.0);
            }
            self.local_start.with_label_values(&labels).set(local_start.0);
            self.trouble.with_label_values(&labels).set(i64::from(tiered.trouble().is_some()));
            self.unsound.with_label_values(&labels).set(whole(figures.unsound));
        }
    }
}

/// How many partitions of tiered topics were compacted before, and so are not copied.
fn cleaned_partitions(ctx: &ApiContext) -> i64 {
    let topics = ctx.replicas.topics();
    let is_tiered =
        |topic: &&Arc<TopicReplicas>| topic.config().is_some_and(|config| config.remote_storage_enable);
    let partitions = topics.iter().filter(is_tiered).flat_map(|topic| topic.partitions());
    let cleaned = partitions.filter(|partition| partition.log().with(|log| log.was_cleaned())).count();
    i64::try_from(cleaned).unwrap_or(i64::MAX)
}

fn counters(tiering: Option<&Tiering>) -> Vec<IntCounter> {
    let counter = |(name, help, stands): &Counted| {
        let counter = IntCounter::new(*name, *help).expect("names are constants that a test collects");
        counter.inc_by(tiering.map_or(0, stands));
        counter
    };
    COUNTERS.iter().map(counter).collect()
}

impl TieringCollector {
    /// A collector over a broker, for as long as it lives.
    #[must_use]
    pub fn new(ctx: &Arc<ApiContext>) -> TieringCollector {
        let samples = Samples::new();
        let of_samples = samples.collectors().into_iter().flat_map(Collector::desc).cloned();
        let of_counters = counters(None);
        let of_counters = of_counters.iter().flat_map(Collector::desc).cloned();
        TieringCollector { ctx: Arc::downgrade(ctx), descriptions: of_samples.chain(of_counters).collect() }
    }
}

impl Collector for TieringCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(ctx) = self.ctx.upgrade() else { return Vec::new() };
        let Some(tiering) = &ctx.tiering else { return Vec::new() };
        let samples = Samples::new();
        samples.fill(&ctx, tiering);
        let mut families: Vec<MetricFamily> =
            samples.collectors().into_iter().flat_map(Collector::collect).collect();
        families.extend(counters(Some(tiering)).iter().flat_map(Collector::collect));
        families.retain(|family| !family.get_metric().is_empty());
        families
    }
}
