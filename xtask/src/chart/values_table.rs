//! The table of values in the chart's README: from values.schema.json, which says what they mean, and values.yaml, which
//! says what they are. Each value has to stand in both.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::CHART;
use super::render::parse_one;
use super::tools::Tools;
use crate::broker_process::checkout;

const BEGIN: &str = "<!-- values: written by `cargo xtask chart --write` -->\n";
const END: &str = "<!-- end of values -->";

/// One row.
struct Row {
    name: String,
    default: String,
    description: String,
}

/// Compares the table in the README.
pub(crate) fn check(tools: &Tools) -> Result<String> {
    let (rows, wanted) = table(tools)?;
    let text = fs::read_to_string(readme())?;
    let (_, present, _) = parts(&text)?;
    ensure!(
        present == wanted,
        "the table in {CHART}/README.md differs: `cargo xtask chart --write` writes it"
    );
    Ok(format!("{rows} values have a default and a description"))
}

/// Writes it.
pub(crate) fn write(tools: &Tools) -> Result<()> {
    let (_, wanted) = table(tools)?;
    let text = fs::read_to_string(readme())?;
    let (before, _, behind) = parts(&text)?;
    fs::write(readme(), format!("{before}{wanted}{behind}"))?;
    Ok(())
}

fn readme() -> PathBuf {
    checkout().join(CHART).join("README.md")
}

/// What stands before the table, the table, and what stands behind it.
fn parts(text: &str) -> Result<(&str, &str, &str)> {
    let begin = text.find(BEGIN).context("the README has no place for the table")? + BEGIN.len();
    let end = begin + text[begin..].find(END).context("the table has no end")?;
    Ok((&text[..begin], &text[begin..end], &text[end..]))
}

fn table(tools: &Tools) -> Result<(usize, String)> {
    let folder = checkout().join(CHART);
    let schema: Value = serde_json::from_str(&fs::read_to_string(folder.join("values.schema.json"))?)?;
    let values = parse_one(tools, &fs::read_to_string(folder.join("values.yaml"))?)?;
    let mut rows = Vec::new();
    collect(&schema, &values, "", &mut rows)?;
    let lines =
        rows.iter().map(|row| format!("| `{}` | `{}` | {} |\n", row.name, row.default, row.description));
    let table =
        lines.fold("| value | default | meaning |\n|---|---|---|\n".to_owned(), |table, line| table + &line);
    Ok((rows.len(), table))
}

fn collect(schema: &Value, values: &Value, prefix: &str, rows: &mut Vec<Row>) -> Result<()> {
    let properties = schema["properties"].as_object().context("no properties")?;
    ensure!(
        schema["additionalProperties"] == false,
        "values.schema.json: {prefix}* takes names that it does not know"
    );
    let described: BTreeSet<_> = properties.keys().collect();
    for name in values.as_object().into_iter().flatten().map(|(name, _)| name) {
        ensure!(described.contains(name), "values.schema.json has no {prefix}{name}");
    }
    for (key, property) in properties {
        let name = format!("{prefix}{key}");
        // A parent chart's.
        if name == "global" {
            continue;
        }
        let description =
            property["description"].as_str().with_context(|| format!("{name} has no description"))?;
        // Quantities of resources are Kubernetes' own names.
        if property["properties"].is_object() && name != "resources" {
            collect(property, &values[key], &format!("{name}."), rows)?;
            continue;
        }
        let default = values.get(key).with_context(|| format!("values.yaml has no {name}"))?;
        let (default, description) = (default.to_string(), description.to_owned());
        rows.push(Row { name, default, description });
    }
    Ok(())
}
