//! Writes docs/coverage.md: the rows, what is promised and shown of each, and the tests that show it.

use std::fmt::Write as _;

use super::marks::Mark;
use super::rows::ROWS;

const HEAD: &str = "\
# Faults that are survived, and the tests that show it

Written by `cargo xtask coverage` from the tests that ran and passed; do not edit. A test says which rows it proves by
`/// fault = N` above it. The rows are those that concern one broker without tiering; their numbers leave gaps for the
faults of several brokers, of object storage and of Kubernetes.

";

/// The page. Every mark's test is taken for passed.
pub(super) fn markdown(marks: &[Mark]) -> String {
    let mut page = HEAD.to_owned();
    for row in ROWS {
        let _ = write!(page, "## {}. {}\n\n{}\n\n", row.number, row.scenario, row.shown);
        for mark in marks.iter().filter(|mark| mark.rows.contains(&row.number)) {
            let _ = writeln!(page, "* `{}` in {}", mark.test, mark.file);
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
