//! `cargo xtask coverage`: which faults that must be survived are proved by which tests.
//!
//! A test names the rows that it proves in its doc comment, directly above `#[test]`: `/// fault = 36, 40`, and likewise
//! `/// tiering = 5` for the ways in which tiering has failed elsewhere.
//! A row counts only if a test that names it ran and passed in the log that `cargo xtask test` leaves behind. The page
//! docs/coverage.md is written from that; a row of this milestone without a test, a marked test that did not run and a
//! mark that nobody can read are failures.

mod marks;
mod page;
mod rows;
mod test_log;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use crate::check::workspace_root;
use marks::Mark;
use rows::List;
use test_log::{Outcome, TestLog};

/// Where the page lies, below the workspace's root.
const PAGE: &str = "docs/coverage.md";

/// Arguments of `cargo xtask coverage`.
#[derive(Args)]
pub(crate) struct CoverageArguments {
    /// Write nothing; fail if docs/coverage.md differs from what ran.
    #[arg(long)]
    check: bool,
    /// What a run of the tests printed; may be repeated [default: target/test.log]
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
}

/// Writes the page, or with `check` compares it.
///
/// # Errors
/// A row is without a passing test, a mark is wrong, a marked test did not run or did not pass, or the page differs.
pub(crate) fn run(arguments: &CoverageArguments) -> anyhow::Result<()> {
    let root = workspace_root()?;
    let default = root.join(crate::check::TEST_LOG);
    let files = if arguments.log.is_empty() { vec![default] } else { arguments.log.clone() };
    let mut log = TestLog::default();
    for file in &files {
        let text = fs::read(file)
            .with_context(|| format!("{} cannot be read; `cargo xtask test` writes it", file.display()))?;
        log.read(&String::from_utf8_lossy(&text));
    }
    let (marks, mut faults) = marks::of_workspace(&root)?;
    faults.extend(judge(&marks, &log));
    let wanted = page::markdown(&marks);
    let path = root.join(PAGE);
    let differs = fs::read_to_string(&path).ok().as_ref() != Some(&wanted);
    if differs && arguments.check {
        faults.push(format!("{PAGE} differs from what ran, run `cargo xtask coverage`"));
    }
    if !faults.is_empty() {
        for fault in &faults {
            eprintln!("{fault}");
        }
        bail!("{} faults in the coverage of faults", faults.len());
    }
    if differs {
        fs::write(&path, wanted).with_context(|| format!("write {PAGE}"))?;
    }
    let rows: usize = List::ALL.iter().map(|list| list.rows().count()).sum();
    println!("{rows} rows, {} tests, all passed", marks.len());
    Ok(())
}

/// What is wrong: marked tests that did not pass, rows without a test.
fn judge(marks: &[Mark], log: &TestLog) -> Vec<String> {
    let mut faults = Vec::new();
    for mark in marks {
        let place = format!("{}:{}: {}", mark.file, mark.line, mark.test);
        match log.outcome(&mark.target, &mark.module, &mark.test) {
            Outcome::Passed => {}
            Outcome::Failed => faults.push(format!("{place}: did not pass")),
            Outcome::NotRun => faults.push(format!("{place}: is marked with a fault and did not run")),
        }
        let word = mark.list.word();
        for row in mark.rows.iter().filter(|row| rows::find(mark.list, **row).is_none()) {
            faults.push(format!("{place}: {word} {row} is not in the list of xtask/src/coverage/rows.rs"));
        }
    }
    for list in List::ALL {
        for row in list.rows() {
            if !marks.iter().any(|mark| mark.list == list && mark.rows.contains(&row.number)) {
                faults.push(format!("{} {} ({}) has no test", list.word(), row.number, row.scenario));
            }
        }
    }
    faults
}
