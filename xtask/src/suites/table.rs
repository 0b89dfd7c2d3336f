//! docs/conformance.md: one row per test of every suite, kept for the suites that did not run this time.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::results::{CHANCE, Outcome, Results, Skips};

/// One row: what Kafka and Highwater got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kafka: Outcome,
    pub(crate) highwater: Option<Outcome>,
}

/// Rows by suite and test.
pub(crate) type Table = BTreeMap<(String, String), Row>;

const HEAD: &str = "# Conformance

Client test suites of other projects, run against Apache Kafka 4.3.1 and against Highwater (one broker). A test counts
as passed if it passed once in up to three runs, for both. Written by `cargo xtask suites`; the tags stand in
`conformance-skip.tsv` and under \"Not yet\" in the README.

The brokers have the same settings, except that with librdkafka's tests Highwater waits 200 ms for the first members of a
group (`group.initial.rebalance.delay.ms`; Kafka 0): 0089, 0102 and 0118 presume that two consumers that subscribe one after
the other share the first generation, and a broker that assigns within 10 ms often does not have both by then.

";

/// Puts one suite's results over its rows. A test that was not run this time keeps its last result.
pub(crate) fn update(table: &mut Table, suite: &str, baseline: &Results, results: &Results) {
    let last = std::mem::take(table);
    for (key, row) in &last {
        if key.0 != suite {
            table.insert(key.clone(), row.clone());
        }
    }
    for (test, &(kafka, _)) in baseline {
        let key = (suite.to_owned(), test.clone());
        let before = last.get(&key).and_then(|row| row.highwater);
        let highwater = results.get(test).map(|(outcome, _)| *outcome).or(before);
        table.insert(key, Row { kafka, highwater });
    }
}

/// Reads the rows back; anything that is no row is passed over.
pub(crate) fn parse(text: &str) -> Table {
    let row = |line: &str| {
        let cells: Vec<&str> =
            line.strip_prefix('|')?.strip_suffix('|')?.split(" | ").map(str::trim).collect();
        let [suite, test, kafka, highwater, _tag] = cells[..] else { return None };
        let row = Row { kafka: Outcome::parse(kafka)?, highwater: Outcome::parse(highwater) };
        Some(((suite.to_owned(), test.trim_matches('`').to_owned()), row))
    };
    text.lines().filter_map(row).collect()
}

/// The file's text.
pub(crate) fn render(table: &Table, skips: &Skips) -> String {
    let mut text = String::from(HEAD);
    text.push_str("| suite | Kafka passes | Highwater passes | skipped by tag |\n|---|---|---|---|\n");
    let mut suites: Vec<&str> = table.keys().map(|(suite, _)| suite.as_str()).collect();
    suites.dedup();
    for suite in suites {
        let rows = || table.iter().filter(|((of, _), _)| of == suite);
        let kafka = rows().filter(|(_, row)| row.kafka == Outcome::Pass).count();
        let ours = rows().filter(|(_, row)| row.highwater == Some(Outcome::Pass)).count();
        let skipped = rows().filter(|(key, _)| skips.contains_key(*key)).count();
        push_line(&mut text, format_args!("| {suite} | {kafka} | {ours} | {skipped} |"));
    }
    text.push_str("\nChance, with Kafka as well, so a failure is not held against a broker:\n\n");
    for (suite, test, reason) in CHANCE {
        push_line(&mut text, format_args!("* {suite} `{test}`: {reason}"));
    }
    text.push_str("\n| suite | test | Kafka | Highwater | tag |\n|---|---|---|---|---|\n");
    for (key, row) in table {
        let tag = skips.get(key).map_or("", String::as_str);
        let highwater = row.highwater.map_or_else(|| "not run".to_owned(), |outcome| outcome.to_string());
        let (suite, test) = key;
        push_line(&mut text, format_args!("| {suite} | `{test}` | {} | {highwater} | {tag} |", row.kafka));
    }
    text
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes every line");
}

#[cfg(test)]
mod tests {
    use super::super::results::{parse_results, parse_skips};
    use super::*;

    #[test]
    fn a_table_is_read_back_as_written() {
        let mut table = Table::new();
        let baseline = parse_results("a/b\tpass\t1\nc\tfail\t1\nd\tpass\t1").unwrap();
        let results = parse_results("a/b\tpass\t1\nc\tskip\t1").unwrap();
        update(&mut table, "s", &baseline, &results);
        let skips = parse_skips("s\td\ttxn").unwrap();
        assert_eq!(parse(&render(&table, &skips)), table);
    }

    #[test]
    fn results_of_tests_that_did_not_run_are_kept() {
        let baseline = parse_results("a\tpass\t1\nb\tpass\t1").unwrap();
        let mut table = Table::new();
        update(&mut table, "s", &baseline, &parse_results("a\tpass\t1\nb\tfail\t1").unwrap());
        update(&mut table, "s", &baseline, &parse_results("b\tpass\t1").unwrap());
        assert!(table.values().all(|row| row.highwater == Some(Outcome::Pass)));
    }

    #[test]
    fn rows_of_tests_that_left_the_baseline_are_dropped() {
        let mut table = Table::new();
        update(&mut table, "s", &parse_results("a\tpass\t1").unwrap(), &Results::new());
        update(&mut table, "s", &parse_results("b\tpass\t1").unwrap(), &Results::new());
        assert!(table.keys().map(|(_, test)| test).eq(["b"]));
    }
}
