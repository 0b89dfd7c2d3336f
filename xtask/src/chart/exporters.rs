//! What is exported: the metrics and labels that a broker, an operator and the kubelet have, and that rules record.

use std::collections::{BTreeMap, BTreeSet};

use super::dashboards::Query;
use super::promql;
use super::rules::Rule;

/// Labels that a scrape gives to everything.
const OF_THE_SCRAPE: &[&str] = &["namespace", "job", "pod", "instance"];
/// What others export.
const OF_OTHERS: &[(&str, &[&str])] = &[
    ("up", &[]),
    ("kubelet_volume_stats_available_bytes", &["persistentvolumeclaim"]),
    ("kubelet_volume_stats_capacity_bytes", &["persistentvolumeclaim"]),
];
/// What an operator exports.
const OF_THE_OPERATOR: &[(&str, &[&str])] = &[
    ("highwater_operator_reconciles_total", &["kind", "result"]),
    ("highwater_operator_reconcile_duration_seconds_bucket", &["kind", "le"]),
    ("highwater_operator_reconcile_duration_seconds_sum", &["kind"]),
    ("highwater_operator_reconcile_duration_seconds_count", &["kind"]),
    ("highwater_operator_in_progress_start_time_seconds", &["kind", "namespace", "name"]),
    ("highwater_operator_queue_depth", &["kind"]),
    ("highwater_operator_api_requests_total", &["verb", "code"]),
    ("highwater_operator_lease_holder", &[]),
    ("highwater_operator_drift_corrections_total", &["kind"]),
    ("highwater_operator_resource_condition", &["kind", "namespace", "name", "type", "status"]),
    ("highwater_operator_build_info", &["version"]),
];

/// Metrics by name, with their labels.
#[derive(Debug, Default)]
pub(crate) struct Exporters {
    labels: BTreeMap<String, BTreeSet<String>>,
}

impl Exporters {
    /// What stands on a page of metrics, and what others export.
    pub(crate) fn of_page(page: &str) -> Exporters {
        let mut exporters = Exporters::default();
        exporters.add_page(page);
        exporters.add_list(OF_OTHERS);
        exporters
    }

    /// Adds what stands on a page of metrics.
    pub(crate) fn add_page(&mut self, page: &str) {
        for selector in page.lines().filter(|line| !line.starts_with('#')).flat_map(promql::selectors) {
            self.labels.entry(selector.metric).or_default().extend(selector.labels);
        }
    }

    /// Adds what an operator has, by the list above.
    pub(crate) fn add_operator(&mut self) {
        self.add_list(OF_THE_OPERATOR);
    }

    /// Adds what rules record: with any label.
    pub(crate) fn add_recorded(&mut self, rules: &[Rule]) {
        for name in rules.iter().filter_map(|rule| rule.record.as_ref()) {
            self.labels.entry(name.clone()).or_default();
        }
    }

    fn add_list(&mut self, list: &[(&str, &[&str])]) {
        for (name, labels) in list {
            let labels = labels.iter().map(|label| (*label).to_owned());
            self.labels.entry((*name).to_owned()).or_default().extend(labels);
        }
    }

    /// How many metrics there are.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Metrics and labels of a query that nobody exports, each with its place.
    pub(crate) fn unknown(&self, query: &Query) -> Vec<String> {
        let mut unknown = Vec::new();
        for selector in promql::selectors(&query.expression) {
            let Some(labels) = self.labels.get(&selector.metric) else {
                unknown.push(format!("{}: nobody exports {}", query.place, selector.metric));
                continue;
            };
            let is_recorded = selector.metric.contains(':');
            let is_known =
                |label: &str| is_recorded || OF_THE_SCRAPE.contains(&label) || labels.contains(label);
            for label in selector.labels.iter().filter(|label| !is_known(label)) {
                unknown.push(format!("{}: {} has no label {label}", query.place, selector.metric));
            }
        }
        unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_or_label_that_is_not_exported_is_told() {
        let exporters = Exporters::of_page("# HELP a it {x}\na{topic=\"b c\"} 1\nd 2\n");
        let unknown = |expression: &str| {
            exporters.unknown(&Query { place: "here".to_owned(), expression: expression.to_owned() })
        };
        assert_eq!(unknown("rate(a{topic=\"x\",job=\"y\"}[5m]) + d"), Vec::<String>::new());
        assert_eq!(unknown("e{x=\"y\"}"), ["here: nobody exports e"]);
        assert_eq!(unknown("d{topic=\"x\"}"), ["here: d has no label topic"]);
    }
}
