//! Figures that are worked out when somebody asks: partitions, groups and their lag, connections, memory.

use std::sync::{Arc, Weak};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts};

use crate::api::context::ApiContext;
use crate::coordinator::{OffsetMetrics, is_of_this_topic};
use crate::metrics::lag;

/// Asks the broker at each scrape.
pub struct BrokerCollector {
    ctx: Weak<ApiContext>,
    descriptions: Vec<Desc>,
}

/// One set of samples, thrown away after the scrape: nothing is kept for a partition between two of them.
struct Samples {
    logs: LogSamples,
    groups: GroupSamples,
    memory: IntGaugeVec,
    fetch_sessions: IntGaugeVec,
    log_dir_up: IntGaugeVec,
    partitions_offline: IntGaugeVec,
    cleaner: CleanerSamples,
}

/// Of the log cleaner.
struct CleanerSamples {
    cleanings: IntCounterVec,
    read_bytes: IntCounterVec,
    written_bytes: IntCounterVec,
    recopied: GaugeVec,
    dirty: GaugeVec,
    uncleanable: IntGaugeVec,
    last_step: GaugeVec,
}

/// Of partitions and topics.
struct LogSamples {
    size: IntGaugeVec,
    start: IntGaugeVec,
    end: IntGaugeVec,
    high_watermark: IntGaugeVec,
    segments: IntGaugeVec,
    bytes_in: IntCounterVec,
    records_in: IntCounterVec,
    bytes_out: IntCounterVec,
    records_out: IntCounterVec,
}

/// Of consumer groups.
struct GroupSamples {
    members: IntGaugeVec,
    state: IntGaugeVec,
    offset: IntGaugeVec,
    lag: IntGaugeVec,
    lag_seconds: GaugeVec,
}

fn gauge(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), labels)
        .expect("names and labels are constants that a test collects")
}

fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels)
        .expect("names and labels are constants that a test collects")
}

impl LogSamples {
    fn new() -> LogSamples {
        let partition = ["topic", "partition"];
        LogSamples {
            size: gauge("highwater_partition_size_bytes", "Bytes of a partition's log.", &partition),
            start: gauge("highwater_partition_log_start_offset", "First offset of a partition.", &partition),
            end: gauge(
                "highwater_partition_log_end_offset",
                "Offset that the next record of a partition gets.",
                &partition,
            ),
            high_watermark: gauge(
                "highwater_partition_high_watermark",
                "Offset up to which consumers read: all below it is durable.",
                &partition,
            ),
            segments: gauge("highwater_partition_segments", "Segments of a partition's log.", &partition),
            bytes_in: counter("highwater_topic_bytes_in_total", "Bytes appended to a topic.", &["topic"]),
            records_in: counter(
                "highwater_topic_records_in_total",
                "Records appended to a topic.",
                &["topic"],
            ),
            bytes_out: counter("highwater_topic_bytes_out_total", "Bytes fetched from a topic.", &["topic"]),
            records_out: counter(
                "highwater_topic_records_out_total",
                "Records fetched from a topic, by their offsets.",
                &["topic"],
            ),
        }
    }

    fn fill(&self, ctx: &ApiContext) {
        for topic in ctx.replicas.topics() {
            let totals = topic.counters.totals();
            self.bytes_in.with_label_values(&[&topic.name]).inc_by(totals.bytes_in);
            self.records_in.with_label_values(&[&topic.name]).inc_by(totals.records_in);
            self.bytes_out.with_label_values(&[&topic.name]).inc_by(totals.bytes_out);
            self.records_out.with_label_values(&[&topic.name]).inc_by(totals.records_out);
            for partition in topic.partitions() {
                let index = partition.index().to_string();
                let labels: [&str; 2] = [&topic.name, &index];
                let (start, end, size, segments) = partition.log().with(|log| {
                    (log.log_start_offset(), log.log_end_offset(), log.size_bytes(), log.segment_count())
                });
                self.start.with_label_values(&labels).set(start.0);
                self.end.with_label_values(&labels).set(end.0);
                self.high_watermark.with_label_values(&labels).set(partition.high_watermark().0);
                self.size.with_label_values(&labels).set(i64::try_from(size).unwrap_or(i64::MAX));
                self.segments.with_label_values(&labels).set(as_i64(segments));
            }
        }
    }
}

impl GroupSamples {
    fn new() -> GroupSamples {
        let group = ["group", "topic", "partition"];
        let seconds = Opts::new(
            "highwater_group_lag_seconds",
            "Age of the record at a group's committed offset; 0 when the group has read all or the record has no \
             timestamp. Inside a batch that is compressed or large it is the age of the batch's first record.",
        );
        GroupSamples {
            members: gauge("highwater_group_members", "Members of a consumer group.", &["group"]),
            state: gauge(
                "highwater_group_state",
                "1 for the state that a consumer group is in.",
                &["group", "state"],
            ),
            offset: gauge("highwater_group_committed_offset", "Offset that a group has committed.", &group),
            lag: gauge(
                "highwater_group_lag_records",
                "Records between a group's committed offset and the high watermark.",
                &group,
            ),
            lag_seconds: GaugeVec::new(seconds, &group)
                .expect("names and labels are constants that a test collects"),
        }
    }

    fn fill(&self, ctx: &ApiContext) {
        let now_ms = ctx.env.clock.now_ms();
        let image = ctx.metadata.image();
        for group in ctx.groups.metrics() {
            self.members.with_label_values(&[&group.group_id]).set(as_i64(group.members));
            self.state.with_label_values(&[group.group_id.as_str(), group.state]).set(1);
            let current = |one: &&OffsetMetrics| {
                let exists = image.topics.by_name(&one.topic).is_some();
                exists && is_of_this_topic(&image, &one.topic, one.topic_id)
            };
            for committed in group.offsets.iter().filter(current) {
                let index = committed.partition.to_string();
                let labels: [&str; 3] = [&group.group_id, &committed.topic, &index];
                self.offset.with_label_values(&labels).set(committed.offset.0);
                if let Some(partition) = ctx.replicas.partition(&committed.topic, committed.partition) {
                    let lag = lag::of(&partition, committed.offset, now_ms);
                    self.lag.with_label_values(&labels).set(lag.records);
                    self.lag_seconds.with_label_values(&labels).set(lag.seconds());
                }
            }
        }
    }
}

fn decimal_gauge(name: &str, help: &str) -> GaugeVec {
    GaugeVec::new(Opts::new(name, help), &[]).expect("names and labels are constants that a test collects")
}

impl CleanerSamples {
    fn new() -> CleanerSamples {
        CleanerSamples {
            cleanings: counter(
                "highwater_log_cleaner_cleanings_total",
                "Times that a partition was compacted.",
                &[],
            ),
            read_bytes: counter(
                "highwater_log_cleaner_read_bytes_total",
                "Bytes read to compact partitions.",
                &[],
            ),
            written_bytes: counter(
                "highwater_log_cleaner_written_bytes_total",
                "Bytes written in compacting partitions.",
                &[],
            ),
            recopied: decimal_gauge(
                "highwater_log_cleaner_recopied_percent",
                "Share of the bytes that the last compaction has left.",
            ),
            dirty: decimal_gauge(
                "highwater_log_cleaner_dirty_percent_max",
                "Largest share of a partition that waits to be compacted.",
            ),
            uncleanable: gauge(
                "highwater_log_cleaner_uncleanable_partitions",
                "Partitions that are not compacted: their files are damaged, or older records lie in an object store.",
                &[],
            ),
            last_step: decimal_gauge(
                "highwater_log_cleaner_last_step_seconds",
                "Seconds since the log cleaner last did something or looked for something to do.",
            ),
        }
    }

    fn collectors(&self) -> [&dyn Collector; 7] {
        [
            &self.cleanings,
            &self.read_bytes,
            &self.written_bytes,
            &self.recopied,
            &self.dirty,
            &self.uncleanable,
            &self.last_step,
        ]
    }

    /// Nothing where there is no cleaner.
    fn fill(&self, ctx: &ApiContext) {
        let totals = ctx.replicas.log_dir().cleaner_totals();
        let Some(since_last_step) = totals.since_last_step else { return };
        let none: [&str; 0] = [];
        self.cleanings.with_label_values(&none).inc_by(totals.cleanings);
        self.read_bytes.with_label_values(&none).inc_by(totals.read_bytes);
        self.written_bytes.with_label_values(&none).inc_by(totals.written_bytes);
        self.recopied.with_label_values(&none).set(totals.recopied_percent);
        self.dirty.with_label_values(&none).set(totals.dirty_percent_max);
        let uncleanable = i64::try_from(totals.uncleanable_partitions).unwrap_or(i64::MAX);
        self.uncleanable.with_label_values(&none).set(uncleanable);
        self.last_step.with_label_values(&none).set(since_last_step.as_secs_f64());
    }
}

impl Samples {
    fn new() -> Samples {
        Samples {
            logs: LogSamples::new(),
            groups: GroupSamples::new(),
            memory: gauge(
                "highwater_request_memory_bytes",
                "Memory budget of requests in flight and of answers not taken yet.",
                &["kind"],
            ),
            fetch_sessions: gauge(
                "highwater_fetch_sessions",
                "Incremental fetch sessions that are open.",
                &[],
            ),
            log_dir_up: gauge("highwater_log_dir_up", "1 while the log directory is in service.", &[]),
            partitions_offline: gauge(
                "highwater_partitions_offline",
                "Partitions whose logs are lost, damaged, or not made yet for want of room.",
                &[],
            ),
            cleaner: CleanerSamples::new(),
        }
    }

    fn collectors(&self) -> Vec<&dyn Collector> {
        let (logs, groups) = (&self.logs, &self.groups);
        let own: [&dyn Collector; 18] = [
            &logs.size,
            &logs.start,
            &logs.end,
            &logs.high_watermark,
            &logs.segments,
            &logs.bytes_in,
            &logs.records_in,
            &logs.bytes_out,
            &logs.records_out,
            &groups.members,
            &groups.state,
            &groups.offset,
            &groups.lag,
            &groups.lag_seconds,
            &self.memory,
            &self.fetch_sessions,
            &self.log_dir_up,
            &self.partitions_offline,
        ];
        own.into_iter().chain(self.cleaner.collectors()).collect()
    }

    fn fill(&self, ctx: &ApiContext) {
        self.logs.fill(ctx);
        self.groups.fill(ctx);
        self.cleaner.fill(ctx);
        self.memory.with_label_values(&["used"]).set(as_i64(ctx.memory.used()));
        self.memory.with_label_values(&["limit"]).set(as_i64(ctx.memory.limit()));
        let none: [&str; 0] = [];
        self.fetch_sessions.with_label_values(&none).set(as_i64(ctx.sessions.len()));
        let in_service = ctx.replicas.log_dir().is_failed().is_none();
        self.log_dir_up.with_label_values(&none).set(i64::from(in_service));
        let offline = ctx.replicas.topics().iter().map(|topic| topic.offline().len()).sum();
        self.partitions_offline.with_label_values(&none).set(as_i64(offline));
    }
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl BrokerCollector {
    /// A collector over a broker, for as long as it lives.
    #[must_use]
    pub fn new(ctx: &Arc<ApiContext>) -> BrokerCollector {
        let descriptions =
            Samples::new().collectors().iter().flat_map(|collector| collector.desc()).cloned().collect();
        BrokerCollector { ctx: Arc::downgrade(ctx), descriptions }
    }
}

impl Collector for BrokerCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let samples = Samples::new();
        if let Some(ctx) = self.ctx.upgrade() {
            samples.fill(&ctx);
        }
        samples
            .collectors()
            .iter()
            .flat_map(|collector| collector.collect())
            .filter(|f| !f.get_metric().is_empty())
            .collect()
    }
}
