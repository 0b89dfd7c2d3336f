//! Writes docs/coverage.md: the rows, what is promised and shown of each, and the tests that show it.

use std::fmt::Write as _;

use super::marks::Mark;
use super::rows::List;

const HEAD: &str = "\
# Faults that are survived, and the tests that show it

Written by `cargo xtask coverage` from the tests that ran and passed; do not edit. A test says which rows it proves by
`/// fault = N` above it. The rows are those that concern one broker; their numbers leave gaps for the faults of several
brokers and of Kubernetes. Rows 45 to 64 are shown of the library broker/tier, and of brokers that use it.

";

/// What stands above the rows of the second list.
const TIERING_HEAD: &str = "\
# Ways in which tiering has failed elsewhere, and the tests that show that it does not here

Marked by `/// tiering = N`. Shown of the library broker/tier, and of brokers that use it.

";

/// The page. Every mark's test is taken for passed.
pub(super) fn markdown(marks: &[Mark]) -> String {
    let mut page = HEAD.to_owned();
    for list in List::ALL {
        if list == List::Tiering {
            page.push_str(TIERING_HEAD);
        }
        for row in list.rows() {
            let _ = write!(page, "## {}. {}\n\n{}\n\n", row.number, row.scenario, row.shown);
            let of_row = |mark: &&Mark| mark.list == list && mark.rows.contains(&row.number);
            for mark in marks.iter().filter(of_row) {
                let _ = writeln!(page, "* `{}` in {}", mark.test, mark.file);
            }
            page.push('\n');
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
