//! The operator's own metrics.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// Buckets of durations in seconds.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// See the file's header.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Reconciles by kind and result.
    pub reconciles: IntCounterVec,
    /// Those that failed by kind and what was in the way.
    pub failures: IntCounterVec,
    /// Their durations by kind.
    pub durations: HistogramVec,
    /// When those that are under way began, seconds since 1970, by kind, namespace and name.
    pub in_progress: GaugeVec,
    /// Objects that wait for their turn, by kind.
    pub queue: IntGaugeVec,
    /// Whether this operator acts.
    pub lease_holder: IntGauge,
    /// What somebody had changed and was set right, by kind.
    pub corrections: IntCounterVec,
    /// Requests to the API server by verb and code.
    pub requests: IntCounterVec,
    /// Conditions of objects: 1 for the status that each has, by kind, namespace, name, type and status.
    pub conditions: IntGaugeVec,
}

fn registered<T: Collector + Clone + 'static>(registry: &Registry, collector: prometheus::Result<T>) -> T {
    let collector = collector.expect("names and labels are constants");
    registry.register(Box::new(collector.clone())).expect("each is registered once");
    collector
}

impl Metrics {
    /// All at zero.
    ///
    /// # Panics
    /// Never: names and labels are constants.
    #[must_use]
    pub fn new() -> Arc<Metrics> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| {
            registered(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            registered(&registry, IntGaugeVec::new(Opts::new(name, help), labels))
        };
        let durations =
            HistogramOpts::new("highwater_operator_reconcile_duration_seconds", "Durations of reconciles.")
                .buckets(BUCKETS.to_vec());
        let in_progress = Opts::new(
            "highwater_operator_in_progress_start_time_seconds",
            "When the reconcile of an object that is under way began, seconds since 1970.",
        );
        let build = gauges("highwater_operator_build_info", "The version, at 1.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Arc::new(Metrics {
            reconciles: counters(
                "highwater_operator_reconciles_total",
                "Reconciles by kind and result.",
                &["kind", "result"],
            ),
            failures: counters(
                "highwater_operator_reconcile_failures_total",
                "Reconciles that failed by kind and what was in the way.",
                &["kind", "reason"],
            ),
            durations: registered(&registry, HistogramVec::new(durations, &["kind"])),
            in_progress: registered(&registry, GaugeVec::new(in_progress, &["kind", "namespace", "name"])),
            queue: gauges("highwater_operator_queue_depth", "Objects that wait to be reconciled.", &["kind"]),
            lease_holder: registered(
                &registry,
                IntGauge::new("highwater_operator_lease_holder", "Whether this operator acts."),
            ),
            corrections: counters(
                "highwater_operator_drift_corrections_total",
                "Objects and topics that were changed by somebody else and set right.",
                &["kind"],
            ),
            requests: counters(
                "highwater_operator_api_requests_total",
                "Requests to the API server by verb and code.",
                &["verb", "code"],
            ),
            conditions: gauges(
                "highwater_operator_resource_condition",
                "Conditions of objects, at 1 for the status that each has.",
                &["kind", "namespace", "name", "type", "status"],
            ),
            registry,
        })
    }

    /// All of them as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail, and names are valid.
        if TextEncoder::new().encode(&self.registry.gather(), &mut text).is_err() {
            text.clear();
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Notes what the conditions of an object are.
    pub fn note_conditions<'a>(
        &self,
        [kind, namespace, name]: [&str; 3],
        conditions: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        for (type_, status) in conditions {
            for known in ["True", "False", "Unknown"] {
                let gauge = self.conditions.with_label_values(&[kind, namespace, name, type_, known]);
                gauge.set(i64::from(known == status));
            }
        }
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, [kind, namespace, name]: [&str; 3]) {
        for type_ in ["Ready", "Progressing", "Degraded", "LagWithinObjective", "Reset"] {
            for status in ["True", "False", "Unknown"] {
                // It need not be there.
                let _ = self.conditions.remove_label_values(&[kind, namespace, name, type_, status]);
            }
        }
    }
}

/// Now, in seconds since 1970.
#[must_use]
pub fn now_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
