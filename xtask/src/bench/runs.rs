//! Throughput of all contenders: the table, ours against the others, and what limits ours where a goal is missed.

use anyhow::{Context, Result};

use super::measure::{Contender, Participant, Repetition};
use super::rdkafka::Throughput;
use super::report::{Finding, Target};
use super::statistics::{Spread, short};
use super::subject::Kind;

const KIB_PER_MIB: f64 = 1024.0;
/// From this share of the client's ceiling on, the client is the limit.
const LIMITED_BY_CLIENT: f64 = 0.9;

/// All repetitions of one contender.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) messages_per_s: Spread,
    pub(crate) megabytes_per_s: Spread,
    pub(crate) seconds: f64,
    pub(crate) cpu_s: Spread,
    pub(crate) client_cpu_s: f64,
    pub(crate) cpu_s_per_gb: f64,
    pub(crate) resident_mib: f64,
    pub(crate) foreign_share: f64,
}

impl Runs {
    /// The columns of `rows`.
    pub(crate) const HEADER: [&'static str; 11] = [
        "broker",
        "msg/s min",
        "median",
        "max",
        "MB/s",
        "of ceiling",
        "broker CPU s",
        "CPU s/GB",
        "client CPU s",
        "RSS MiB",
        "foreign CPU",
    ];

    pub(crate) fn of(contender: &Contender<'_>, repetitions: &[Repetition<Throughput>]) -> Result<Self> {
        let spread = |value: &dyn Fn(&Repetition<Throughput>) -> f64| {
            Spread::of(repetitions.iter().map(value)).context("nothing was measured")
        };
        let cpu_s = spread(&|one| one.cpu_s)?;
        let gigabytes = spread(&|one| one.value.bytes as f64 / 1e9)?.median;
        Ok(Self {
            label: contender.label(),
            kind: contender.subject.kind,
            messages_per_s: spread(&|one| one.value.messages_per_s())?,
            megabytes_per_s: spread(&|one| one.value.megabytes_per_s())?,
            seconds: spread(&|one| one.value.milliseconds as f64 / 1000.0)?.median,
            cpu_s,
            client_cpu_s: spread(&|one| one.client_cpu_s)?.median,
            cpu_s_per_gb: cpu_s.median / gigabytes,
            resident_mib: spread(&|one| one.resident_kib as f64 / KIB_PER_MIB)?.median,
            foreign_share: spread(&|one| one.foreign_share)?.max,
        })
    }

    /// One line of a table; `ceiling` is what the null broker reaches, if it took part.
    fn row(&self, ceiling: Option<f64>) -> Vec<String> {
        let Spread { min, median, max } = self.messages_per_s;
        let mut row = vec![self.label.clone()];
        row.extend([min, median, max, self.megabytes_per_s.median].map(short));
        row.push(ceiling.map_or_else(String::new, |ceiling| percent(median / ceiling)));
        row.extend([self.cpu_s.median, self.cpu_s_per_gb, self.client_cpu_s].map(short));
        row.push(format!("{:.0}", self.resident_mib));
        row.push(percent(self.foreign_share));
        row
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The null broker's run among these.
pub(crate) fn null_of(runs: &[Runs]) -> Option<&Runs> {
    runs.iter().find(|run| run.kind == Kind::Null)
}

/// The lines of a table of runs that are compared with one another.
pub(crate) fn rows(runs: &[Runs]) -> Vec<Vec<String>> {
    let ceiling = null_of(runs).map(|null| null.messages_per_s.median);
    runs.iter().map(|run| run.row(ceiling)).collect()
}

/// Ours, the first, against every other contender: throughput, CPU per byte, and the share of the client's ceiling.
pub(crate) fn compare(runs: &[Runs], throughput: Target, cpu: Target) -> Vec<Finding> {
    let Some((ours, others)) = runs.split_first() else { return Vec::new() };
    let mut findings = Vec::new();
    for other in others {
        let (mine, theirs) = (ours.messages_per_s.median, other.messages_per_s.median);
        if other.kind == Kind::Null {
            let what = format!("msg/s, {} of the client's ceiling", ours.label);
            findings.push(Finding::figure(what, mine * 100.0 / theirs, "%", Target::None));
            continue;
        }
        // Goals are about Kafka.
        let goal = |target| if other.kind == Kind::Kafka { target } else { Target::None };
        let what = format!("msg/s, {} against {}", ours.label, other.label);
        findings.push(Finding::ratio(what, mine, theirs, goal(throughput)));
        let what = format!("broker CPU, {} against {}", ours.label, other.label);
        findings.push(Finding::ratio(what, ours.cpu_s_per_gb, other.cpu_s_per_gb, goal(cpu)));
    }
    findings
}

/// Where a goal is missed: whether the client is the limit, and what says so.
pub(crate) fn limits(runs: &[Runs], findings: &[Finding]) -> Vec<String> {
    let (Some(ours), Some(null)) = (runs.first(), null_of(runs)) else { return Vec::new() };
    if findings.iter().all(|finding| finding.is_met() != Some(false)) {
        return Vec::new();
    }
    let share = ours.messages_per_s.median / null.messages_per_s.median;
    let verdict = if share >= LIMITED_BY_CLIENT { "the client" } else { "not the client alone" };
    vec![format!(
        "{verdict}. A null broker, which stores nothing, reaches {} msg/s; ours reaches {} of that. {}",
        short(null.messages_per_s.median),
        percent(share),
        cpu_evidence(ours)
    )]
}

/// Who used the machine while this was measured.
pub(crate) fn cpu_evidence(run: &Runs) -> String {
    format!(
        "In a run of {} s the broker used {} CPU s and the client {} ({}).",
        short(run.seconds),
        short(run.cpu_s.median),
        short(run.client_cpu_s),
        run.label
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run of one second at this rate.
    pub(crate) fn run(label: &str, kind: Kind, messages_per_s: f64) -> Runs {
        let spread = |value| Spread { min: value, median: value, max: value };
        Runs {
            label: label.to_owned(),
            kind,
            messages_per_s: spread(messages_per_s),
            megabytes_per_s: spread(messages_per_s / 10_000.0),
            seconds: 1.0,
            cpu_s: spread(0.25),
            client_cpu_s: 1.5,
            cpu_s_per_gb: 1.0,
            resident_mib: 20.0,
            foreign_share: 0.0,
        }
    }

    #[test]
    fn a_row_tells_the_share_of_the_ceiling_only_if_there_is_one() {
        let (ours, null) = (run("ours", Kind::Ours, 75.0), run("null", Kind::Null, 100.0));
        assert_eq!(rows(&[ours.clone(), null])[0][5], "75 %");
        assert_eq!(rows(&[ours])[0][5], "");
    }

    #[test]
    fn the_client_is_the_limit_only_near_its_ceiling() {
        for (rate, verdict) in [(95.0, "the client. "), (50.0, "not the client alone. ")] {
            let runs = [
                run("ours", Kind::Ours, rate),
                run("kafka", Kind::Kafka, 90.0),
                run("null", Kind::Null, 100.0),
            ];
            let findings = compare(&runs, Target::AtLeast(1.5), Target::None);
            let limits = limits(&runs, &findings);
            assert!(limits[0].starts_with(verdict), "{limits:?}");
        }
    }

    #[test]
    fn a_goal_that_is_met_has_no_limit() {
        let runs =
            [run("ours", Kind::Ours, 95.0), run("kafka", Kind::Kafka, 10.0), run("null", Kind::Null, 100.0)];
        let findings = compare(&runs, Target::AtLeast(1.5), Target::None);
        assert!(limits(&runs, &findings).is_empty());
    }
}
