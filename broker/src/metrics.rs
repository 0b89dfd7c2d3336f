//! What the operator of a broker sees on `/metrics`, in Prometheus' text format.
//!
//! Counters and histograms are updated where things happen, without a look-up by label on the hot path. Figures of
//! partitions and groups come from `metrics/scrape.rs` when somebody asks.

pub mod lag;
pub mod scrape;
pub mod tiering;

use std::collections::HashMap;
use std::time::Duration;

use broker_log::manager::CommitObserver;
use broker_protocol::api_key::{ApiKey, SUPPORTED};
use broker_protocol::codec::ErrorCounts;
use broker_protocol::error_code::ErrorCode;
use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Bounds of latency histograms, in seconds: from a page cache write to a long poll.
const LATENCY_BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Bounds of the histogram of bytes that one commit cycle makes durable.
const COMMIT_BYTES_BUCKETS: [f64; 9] =
    [1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0];

struct PerApi {
    requests: IntCounter,
    latency: Histogram,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
}

/// The metrics that are updated as things happen.
pub struct Metrics {
    registry: Registry,
    apis: HashMap<ApiKey, PerApi>,
    errors: IntCounterVec,
    connections: IntGauge,
    connections_total: IntCounter,
    connections_closed: IntCounterVec,
    cold_reads: IntCounter,
    cold_bytes: IntCounter,
    damaged_reads: IntCounter,
    commits: Commits,
}

/// What the committer does.
struct Commits {
    fsync: Histogram,
    bytes: Histogram,
    logs: Histogram,
    path: IntCounterVec,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Registers collectors under names that the code spells; a name that is taken twice is a mistake in this file.
struct Registrar(Registry);

impl Registrar {
    fn add<C: Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect("names and labels of metrics are constants that a test registers");
        self.0.register(Box::new(collector.clone())).expect("every metric has a name of its own");
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.add(IntCounter::new(name, help))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.add(IntGauge::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS.to_vec()), labels))
    }
}

impl Commits {
    fn new(registrar: &Registrar) -> Commits {
        Commits {
            fsync: registrar.histogram(
                "highwater_log_fsync_seconds",
                "Time of one write or fdatasync that makes data durable.",
                &LATENCY_BUCKETS,
            ),
            bytes: registrar.histogram(
                "highwater_log_commit_bytes",
                "Bytes made durable by one cycle of the group commit.",
                &COMMIT_BYTES_BUCKETS,
            ),
            logs: registrar.histogram(
                "highwater_log_commit_partitions",
                "Partitions made durable by one cycle of the group commit.",
                &[1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0, 4096.0],
            ),
            path: registrar.counters(
                "highwater_log_commits_total",
                "Partitions made durable by the group commit, by the way they took.",
                &["path"],
            ),
        }
    }
}

impl Metrics {
    /// All metrics at zero.
    #[must_use]
    pub fn new() -> Metrics {
        let registrar = Registrar(Registry::new());
        let requests = registrar.counters("highwater_requests_total", "Requests received, by API.", &["api"]);
        let latency = registrar.histograms(
            "highwater_request_seconds",
            "Time from a request's last byte to its answer being queued, by API. Long polls wait here.",
            &["api"],
        );
        let bytes_in =
            registrar.counters("highwater_request_bytes_total", "Bytes of requests, by API.", &["api"]);
        let bytes_out =
            registrar.counters("highwater_response_bytes_total", "Bytes of answers, by API.", &["api"]);
        let apis = SUPPORTED
            .iter()
            .map(|supported| {
                let label = [supported.key.name()];
                let per_api = PerApi {
                    requests: requests.with_label_values(&label),
                    latency: latency.with_label_values(&label),
                    bytes_in: bytes_in.with_label_values(&label),
                    bytes_out: bytes_out.with_label_values(&label),
                };
                (supported.key, per_api)
            })
            .collect();
        let build: IntGaugeVec = registrar.add(IntGaugeVec::new(
            Opts::new("highwater_build_info", "Always 1; the labels say what runs."),
            &["version"],
        ));
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Metrics {
            apis,
            errors: registrar.counters(
                "highwater_request_errors_total",
                "Errors in answers, by API and Kafka's name of the error; one per partition or resource.",
                &["api", "error"],
            ),
            connections: registrar.gauge("highwater_connections", "Client connections that are open."),
            connections_total: registrar
                .counter("highwater_connections_total", "Client connections accepted."),
            connections_closed: registrar.counters(
                "highwater_connections_refused_total",
                "Connections closed by the broker, by reason.",
                &["reason"],
            ),
            cold_reads: registrar.counter(
                "highwater_fetch_cold_reads_total",
                "Fetches that found data on disk only and had it read into memory first.",
            ),
            cold_bytes: registrar
                .counter("highwater_fetch_cold_bytes_total", "Bytes that such fetches sent."),
            damaged_reads: registrar.counter(
                "highwater_fetch_damaged_total",
                "Reads that were refused because the disk did not return what was written.",
            ),
            commits: Commits::new(&registrar),
            registry: registrar.0,
        }
    }

    /// A request was read.
    pub fn received(&self, api: ApiKey, bytes: usize) {
        if let Some(per_api) = self.apis.get(&api) {
            per_api.requests.inc();
            per_api.bytes_in.inc_by(bytes as u64);
        }
    }

    /// A request was answered.
    pub fn answered(&self, api: ApiKey, took: Duration, bytes: usize) {
        if let Some(per_api) = self.apis.get(&api) {
            per_api.latency.observe(took.as_secs_f64());
            per_api.bytes_out.inc_by(bytes as u64);
        }
    }

    /// An answer holds these errors.
    pub fn errors(&self, api: ApiKey, counts: &ErrorCounts) {
        counts.iter().for_each(|(code, count)| self.count_errors(api, code, count));
    }

    /// Something failed of which [`Metrics::errors`] does not hear; 0 is no error.
    pub fn error(&self, api: ApiKey, code: i16) {
        if code != 0 {
            self.count_errors(api, code, 1);
        }
    }

    fn count_errors(&self, api: ApiKey, code: i16, count: u64) {
        let name = ErrorCode::from_code(code).map_or("UNKNOWN", ErrorCode::name);
        self.errors.with_label_values(&[api.name(), name]).inc_by(count);
    }

    /// A connection was accepted.
    pub fn connected(&self) {
        self.connections.inc();
        self.connections_total.inc();
    }

    /// A connection ended.
    pub fn disconnected(&self) {
        self.connections.dec();
    }

    /// The broker closed a connection.
    pub fn refused(&self, reason: &str) {
        self.connections_closed.with_label_values(&[reason]).inc();
    }

    /// A fetch found cold data.
    pub fn cold_read(&self, bytes: usize) {
        self.cold_reads.inc();
        self.cold_bytes.inc_by(bytes as u64);
    }

    /// A fetch found something on disk that is not what was written.
    pub fn damaged_read(&self) {
        self.damaged_reads.inc();
    }

    /// Has a collector asked at each scrape.
    pub fn register(&self, collector: Box<dyn Collector>) {
        if let Err(error) = self.registry.register(collector) {
            tracing::error!(%error, "metrics cannot be registered");
        }
    }

    /// All samples in the text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

/// Tells the metrics what the committer does.
#[derive(Debug)]
pub struct CommitMetrics(pub std::sync::Arc<Metrics>);

impl CommitObserver for CommitMetrics {
    fn fsync(&self, took: Duration) {
        self.0.commits.fsync.observe(took.as_secs_f64());
    }

    fn cycle(&self, logs: usize, bytes: u64, via_commit_log: usize) {
        self.0.commits.logs.observe(logs as f64);
        self.0.commits.bytes.observe(bytes as f64);
        self.0.commits.path.with_label_values(&["commit_log"]).inc_by(via_commit_log as u64);
        self.0
            .commits
            .path
            .with_label_values(&["segments"])
            .inc_by(logs.saturating_sub(via_commit_log) as u64);
    }
}
