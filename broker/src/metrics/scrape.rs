//! Figures that are worked out when somebody asks: partitions, groups and their lag, connections, memory.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts};

use crate::api::context::ApiContext;
use crate::metrics::lag::{self, PartitionLag};

/// Asks the broker at each scrape.
pub struct BrokerCollector {
    ctx: Weak<ApiContext>,
    descriptions: Vec<Desc>,
}

/// One set of samples, thrown away after the scrape: nothing is kept for a partition between two of them.
struct Samples {
    partition_size: IntGaugeVec,
    partition_start: IntGaugeVec,
    partition_end: IntGaugeVec,
    partition_high_watermark: IntGaugeVec,
    partition_segments: IntGaugeVec,
    topic_bytes_in: IntCounterVec,
    topic_records_in: IntCounterVec,
    topic_bytes_out: IntCounterVec,
    group_members: IntGaugeVec,
    group_state: IntGaugeVec,
    group_offset: IntGaugeVec,
    group_lag: IntGaugeVec,
    group_lag_seconds: GaugeVec,
    memory: IntGaugeVec,
    fetch_sessions: IntGaugeVec,
    log_dir_up: IntGaugeVec,
}

fn gauge(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), labels)
        .expect("names and labels are constants that a test collects")
}

fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels)
        .expect("names and labels are constants that a test collects")
}

impl Samples {
    fn new() -> Samples {
        let partition = ["topic", "partition"];
        let group = ["group", "topic", "partition"];
        Samples {
            partition_size: gauge(
                "highwater_partition_size_bytes",
                "Bytes of a partition's log.",
                &partition,
            ),
            partition_start: gauge(
                "highwater_partition_log_start_offset",
                "First offset of a partition.",
                &partition,
            ),
            partition_end: gauge(
                "highwater_partition_log_end_offset",
                "Offset that the next record of a partition gets.",
                &partition,
            ),
            partition_high_watermark: gauge(
                "highwater_partition_high_watermark",
                "Offset up to which consumers read: all below it is durable.",
                &partition,
            ),
            partition_segments: gauge(
                "highwater_partition_segments",
                "Segments of a partition's log.",
                &partition,
            ),
            topic_bytes_in: counter(
                "highwater_topic_bytes_in_total",
                "Bytes appended to a topic.",
                &["topic"],
            ),
            topic_records_in: counter(
                "highwater_topic_records_in_total",
                "Records appended to a topic.",
                &["topic"],
            ),
            topic_bytes_out: counter(
                "highwater_topic_bytes_out_total",
                "Bytes fetched from a topic.",
                &["topic"],
            ),
            group_members: gauge("highwater_group_members", "Members of a consumer group.", &["group"]),
            group_state: gauge(
                "highwater_group_state",
                "1 for the state that a consumer group is in.",
                &["group", "state"],
            ),
            group_offset: gauge(
                "highwater_group_committed_offset",
                "Offset that a group has committed.",
                &group,
            ),
            group_lag: gauge(
                "highwater_group_lag_records",
                "Records between a group's committed offset and the high watermark.",
                &group,
            ),
            group_lag_seconds: GaugeVec::new(
                Opts::new(
                    "highwater_group_lag_seconds",
                    "Age of the record at a group's committed offset; 0 when the group has read all.",
                ),
                &group,
            )
            .expect("names and labels are constants that a test collects"),
            memory: gauge(
                "highwater_request_memory_bytes",
                "Memory budget of requests in flight.",
                &["kind"],
            ),
            fetch_sessions: gauge(
                "highwater_fetch_sessions",
                "Incremental fetch sessions that are open.",
                &[],
            ),
            log_dir_up: gauge("highwater_log_dir_up", "1 while the log directory is in service.", &[]),
        }
    }

    fn collectors(&self) -> [&dyn Collector; 16] {
        [
            &self.partition_size,
            &self.partition_start,
            &self.partition_end,
            &self.partition_high_watermark,
            &self.partition_segments,
            &self.topic_bytes_in,
            &self.topic_records_in,
            &self.topic_bytes_out,
            &self.group_members,
            &self.group_state,
            &self.group_offset,
            &self.group_lag,
            &self.group_lag_seconds,
            &self.memory,
            &self.fetch_sessions,
            &self.log_dir_up,
        ]
    }

    fn fill(&self, ctx: &ApiContext) {
        self.fill_topics(ctx);
        self.fill_groups(ctx);
        let as_i64 = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.memory.with_label_values(&["used"]).set(as_i64(ctx.memory.used()));
        self.memory.with_label_values(&["limit"]).set(as_i64(ctx.memory.limit()));
        let none: [&str; 0] = [];
        self.fetch_sessions.with_label_values(&none).set(as_i64(ctx.sessions.len()));
        self.log_dir_up.with_label_values(&none).set(i64::from(ctx.replicas.log_dir().is_failed().is_none()));
    }

    fn fill_topics(&self, ctx: &ApiContext) {
        for topic in ctx.replicas.topics() {
            let (bytes_in, records_in, bytes_out) = topic.counters.totals();
            self.topic_bytes_in.with_label_values(&[&topic.name]).inc_by(bytes_in);
            self.topic_records_in.with_label_values(&[&topic.name]).inc_by(records_in);
            self.topic_bytes_out.with_label_values(&[&topic.name]).inc_by(bytes_out);
            for partition in topic.partitions() {
                let index = partition.index().to_string();
                let labels: [&str; 2] = [&topic.name, &index];
                let (start, end, size, segments) = partition.log().with(|log| {
                    (log.log_start_offset(), log.log_end_offset(), log.size_bytes(), log.segment_count())
                });
                self.partition_start.with_label_values(&labels).set(start.0);
                self.partition_end.with_label_values(&labels).set(end.0);
                self.partition_high_watermark.with_label_values(&labels).set(partition.high_watermark().0);
                self.partition_size.with_label_values(&labels).set(i64::try_from(size).unwrap_or(i64::MAX));
                self.partition_segments
                    .with_label_values(&labels)
                    .set(i64::try_from(segments).unwrap_or(i64::MAX));
            }
        }
    }

    fn fill_groups(&self, ctx: &ApiContext) {
        let now_ms = ctx.env.clock.now_ms();
        for group in ctx.groups.metrics() {
            let members = i64::try_from(group.members).unwrap_or(i64::MAX);
            self.group_members.with_label_values(&[&group.group_id]).set(members);
            self.group_state.with_label_values(&[group.group_id.as_str(), group.state]).set(1);
            let mut ends = HashMap::new();
            for committed in &group.offsets {
                let index = committed.partition.to_string();
                let labels: [&str; 3] = [&group.group_id, &committed.topic, &index];
                self.group_offset.with_label_values(&labels).set(committed.offset.0);
                let key = (committed.topic.clone(), committed.partition);
                let partition = ends
                    .entry(key)
                    .or_insert_with(|| ctx.replicas.partition(&committed.topic, committed.partition));
                if let Some(partition) = partition {
                    let PartitionLag { records, seconds } = lag::of(partition, committed.offset, now_ms);
                    self.group_lag.with_label_values(&labels).set(records);
                    self.group_lag_seconds.with_label_values(&labels).set(seconds);
                }
            }
        }
    }
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
