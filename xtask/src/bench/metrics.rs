//! What a broker's /metrics say: sums and counts of Prometheus' text format.

use std::net::SocketAddr;

use anyhow::{Context, Result};

/// Sum and count of a histogram without labels so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Histogram {
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

impl Histogram {
    /// Asks the HTTP listener at `address`.
    pub(crate) fn read(address: SocketAddr, name: &str) -> Result<Self> {
        parse(&crate::scrape::page(address)?, name)
            .with_context(|| format!("/metrics has no histogram {name}"))
    }

    /// Mean of what was observed since `earlier`; `None` if nothing was.
    pub(crate) fn mean_since(&self, earlier: &Self) -> Option<f64> {
        let count = self.count - earlier.count;
        (count > 0.0).then(|| (self.sum - earlier.sum) / count)
    }
}

fn parse(text: &str, name: &str) -> Option<Histogram> {
    let value = |suffix: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(suffix));
        lines.next()?.trim().parse().ok()
    };
    Some(Histogram { sum: value("_sum ")?, count: value("_count ")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_and_count_of_the_named_histogram_are_read() {
        let text =
            "a_seconds_more_sum 7\na_seconds_bucket{le=\"1\"} 3\na_seconds_sum 0.5\na_seconds_count 4\n";
        assert_eq!(parse(text, "a_seconds"), Some(Histogram { sum: 0.5, count: 4.0 }));
        assert_eq!(parse(text, "b_seconds"), None);
    }

    #[test]
    fn the_mean_is_of_what_came_since() {
        let (earlier, later) = (Histogram { sum: 1.0, count: 10.0 }, Histogram { sum: 3.0, count: 20.0 });
        assert_eq!(later.mean_since(&earlier), Some(0.2));
        assert_eq!(later.mean_since(&later), None);
    }
}
