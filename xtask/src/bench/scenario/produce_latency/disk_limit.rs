//! Whether the disk is what keeps ours, durable, from the latency of a Kafka that does not wait for it.
//!
//! The floor is what ours takes without the disk plus what the disk takes without ours: no broker on this disk that
//! acknowledges what is durable could be much below it.

use crate::bench::disk_alone::Way;
use crate::bench::report::{Finding, Target};
use crate::bench::scenario::latencies::{Latencies, Measured};
use crate::bench::subject::Kind;

/// The goal: ours durable at most this many times Kafka's.
const GOAL: f64 = 1.1;

/// One percentile of all that matters here, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Figures {
    name: &'static str,
    durable: f64,
    /// Ours without the disk: this percentile, and the median that the floor is made of.
    page_cache: f64,
    page_cache_p50: f64,
    kafka: f64,
    direct: f64,
    append: f64,
}

/// Adds what durability costs beside what the disk takes, and says for each missed goal whether the disk is the limit.
pub(super) fn limits(
    measured: &[Measured<'_>],
    all: &[Latencies],
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let mut limits = Vec::new();
    for name in ["p50", "p99"] {
        if let Some(figures) = figures(name, measured, all) {
            findings.extend(figures.findings());
            limits.extend(figures.limit());
        }
    }
    limits
}

fn figures(name: &'static str, measured: &[Measured<'_>], all: &[Latencies]) -> Option<Figures> {
    let find = |is: &dyn Fn(&Measured<'_>) -> bool| {
        measured.iter().zip(all).find_map(|(one, latencies)| is(one).then_some(latencies))
    };
    let broker = |kind, durable| find(&|one| one.is(kind, durable));
    let disk = |wanted| find(&|one| matches!(one, Measured::Disk(way) if *way == wanted));
    let value =
        |latencies: &Latencies| if name == "p50" { latencies.p50.median } else { latencies.p99.median };
    let page_cache = broker(Kind::Ours, false)?;
    Some(Figures {
        name,
        durable: value(broker(Kind::Ours, true)?),
        page_cache: value(page_cache),
        page_cache_p50: page_cache.p50.median,
        kafka: value(broker(Kind::Kafka, false)?),
        direct: value(disk(Way::DirectWrite)?),
        append: value(disk(Way::AppendAndFlush)?),
    })
}

impl Figures {
    fn findings(&self) -> [Finding; 2] {
        let Self { name, durable, page_cache, direct, append, .. } = *self;
        [
            Finding::figure(
                format!("{name}, ours durable minus page cache"),
                durable - page_cache,
                "µs",
                Target::None,
            ),
            Finding::figure(
                format!("{name}, disk alone, direct write (append + fdatasync: {append:.0} µs)"),
                direct,
                "µs",
                Target::None,
            ),
        ]
    }

    /// What ours would take if it needed nothing but its own time and the faster way to the disk.
    fn floor(&self) -> f64 {
        self.page_cache_p50 + self.direct.min(self.append)
    }

    fn limit(&self) -> Option<String> {
        let Self { name, durable, page_cache, page_cache_p50, kafka, direct, append } = *self;
        if durable <= GOAL * kafka {
            return None;
        }
        let floor = self.floor();
        let verdict = if floor > GOAL * kafka { "the disk" } else { "not the disk alone" };
        Some(format!(
            "{verdict} ({name}). One record takes the disk alone {direct:.0} µs (direct write) or {append:.0} µs (append + \
             fdatasync) in the same rounds; durability costs ours {:.0} µs ({durable:.0} durable, {page_cache:.0} page \
             cache). Ours without the disk (p50 {page_cache_p50:.0} µs) and the disk without ours come to {floor:.0} µs, \
             {:.2}x of Kafka's {kafka:.0} µs, which waits for no disk.",
            durable - page_cache,
            floor / kafka
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: Figures = Figures {
        name: "p50",
        durable: 241.0,
        page_cache: 50.0,
        page_cache_p50: 50.0,
        kafka: 155.0,
        direct: 150.0,
        append: 171.0,
    };

    #[test]
    fn a_disk_that_alone_misses_the_goal_is_the_limit() {
        let limit = FIGURES.limit().unwrap();
        assert!(limit.starts_with("the disk (p50)."), "{limit}");
        assert!(limit.contains("come to 200 µs, 1.29x of Kafka's 155 µs"), "{limit}");
    }

    #[test]
    fn a_fast_disk_is_no_excuse() {
        let limit = Figures { direct: 30.0, ..FIGURES }.limit().unwrap();
        assert!(limit.starts_with("not the disk alone (p50)."), "{limit}");
    }

    #[test]
    fn a_goal_that_is_met_has_no_limit() {
        assert_eq!(Figures { durable: 170.0, ..FIGURES }.limit(), None);
    }
}
