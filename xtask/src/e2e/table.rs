//! The table of scenarios: which tests carry which numbers, by the marks `/// scenario = 1, 4` above them, and what became of
//! each in the last run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::broker_process::checkout;

/// What a mark begins with.
const MARK: &str = "/// scenario = ";
/// Between these, docs/e2e.md holds the table.
const BEGIN: &str = "<!-- the last run -->";
const END: &str = "<!-- end -->";

/// The table as Markdown, in the order of the numbers.
pub(super) fn of(results: &Path) -> Result<String> {
    let text = fs::read_to_string(results).context("no test has run")?;
    let mut ran = BTreeMap::<String, (bool, f64)>::new();
    for line in text.lines() {
        let result: Value = serde_json::from_str(line)?;
        let name = result["test"].as_str().context("test")?.to_owned();
        let seconds = result["seconds"].as_f64().unwrap_or(0.0);
        ran.insert(name, (result["passed"] == true, seconds));
    }
    let mut rows: Vec<(Vec<u16>, String)> = marks()?.into_iter().collect();
    let marked: Vec<String> = rows.iter().map(|(_, test)| test.clone()).collect();
    rows.extend(ran.keys().filter(|test| !marked.contains(test)).map(|test| (vec![u16::MAX], test.clone())));
    rows.sort();
    let mut table = "| scenarios | test | result | seconds |\n| --- | --- | --- | ---: |\n".to_owned();
    for (numbers, test) in rows {
        let Some((passed, seconds)) = ran.get(&test) else { continue };
        let numbers: Vec<String> = numbers.iter().filter(|n| **n != u16::MAX).map(u16::to_string).collect();
        let (numbers, test) = (numbers.join(", "), test.replace('_', " "));
        let result = if *passed { "passed" } else { "failed" };
        table.push_str(&format!("| {numbers} | {test} | {result} | {seconds:.0} |\n"));
    }
    Ok(table)
}

/// Puts the table into the page.
pub(super) fn write(table: &str) -> Result<()> {
    let path = checkout().join("docs/e2e.md");
    let page = fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(BEGIN).context("docs/e2e.md has no place for the table")?;
    let (_, after) = rest.split_once(END).context("docs/e2e.md has no end of the table")?;
    Ok(fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}"))?)
}

/// Numbers and names of all tests with a mark.
fn marks() -> Result<Vec<(Vec<u16>, String)>> {
    let mut found = Vec::new();
    for program in ["shared", "alone"] {
        for file in fs::read_dir(checkout().join("e2e/tests").join(program))? {
            let path = file?.path();
            let text = fs::read_to_string(&path)?;
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (index, line) in lines.iter().enumerate() {
                let Some(numbers) = line.strip_prefix(MARK) else { continue };
                let place = format!("{}:{}", path.display(), index + 1);
                let numbers: Result<Vec<u16>, _> = numbers.split(", ").map(str::parse).collect();
                let test =
                    lines[index..].iter().take(5).find_map(|line| line.strip_prefix("fn ")?.split_once('('));
                ensure!(test.is_some(), "{place}: a mark stands above a test");
                let name = test.map(|(name, _)| name.to_owned()).unwrap_or_default();
                found.push((numbers.with_context(|| place)?, name));
            }
        }
    }
    Ok(found)
}
