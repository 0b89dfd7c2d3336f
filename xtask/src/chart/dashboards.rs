//! The dashboards: every query with the place where it stands, and what each of them has to have.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::CHART;
use crate::broker_process::checkout;

/// What stands for the variables of a dashboard when a query is asked: every namespace, job, topic and group.
const VARIABLES: &[(&str, &str)] =
    &[("$__rate_interval", "1m"), ("$namespace", ".*"), ("$job", ".*"), ("$topic", ".*"), ("$group", ".*")];

/// A query and the place where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) place: String,
    pub(crate) expression: String,
}

/// Every query of all dashboards of the chart.
///
/// # Errors
/// A file is no dashboard, or lacks what a dashboard has to have.
pub(crate) fn read() -> Result<Vec<Query>> {
    let folder = checkout().join(CHART).join("dashboards");
    let mut files: Vec<_> = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut all = Vec::new();
    let mut uids = BTreeSet::new();
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let value: Value = serde_json::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("{file} is no JSON"))?;
        let uid = value["uid"].as_str().unwrap_or_default().to_owned();
        ensure!(!uid.is_empty() && uids.insert(uid), "{file} has no uid of its own");
        let queries = queries(&file, &value)?;
        ensure!(!queries.is_empty(), "{file} has no query");
        all.extend(queries);
    }
    ensure!(!all.is_empty(), "there is no dashboard in {}", folder.display());
    Ok(all)
}

fn queries(file: &str, dashboard: &Value) -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().into_iter().flatten() {
        let title = panel["title"].as_str().unwrap_or_default();
        ensure!(ids.insert(panel["id"].as_u64()), "{file}: the id of panel {title} is another's, too");
        if panel["type"] == "row" {
            continue;
        }
        ensure!(!title.is_empty(), "{file}: a panel has no title");
        ensure!(panel["description"].is_string(), "{file}: panel {title} has no description");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression =
                target["expr"].as_str().with_context(|| format!("{file}: {title} has no query"))?;
            ensure!(
                target["datasource"]["uid"] == "${datasource}",
                "{file}: panel {title} does not take the data source that is chosen"
            );
            queries.push(Query { place: format!("{file}: {title}"), expression: resolved(expression) });
        }
    }
    for variable in dashboard["templating"]["list"].as_array().into_iter().flatten() {
        let name = variable["name"].as_str().unwrap_or_default();
        if let Some(query) = variable["query"]["query"].as_str() {
            let values = label_values(query).with_context(|| format!("{file}: variable {name}: {query}"))?;
            queries.push(Query { place: format!("{file}: variable {name}"), expression: resolved(&values) });
        }
    }
    Ok(queries)
}

/// The query behind `label_values(metric, label)`.
fn label_values(query: &str) -> Option<String> {
    let (metric, label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")?;
    Some(format!("count by ({label}) ({metric})"))
}

fn resolved(expression: &str) -> String {
    VARIABLES.iter().fold(expression.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_asked_as_queries() {
        let query = label_values("label_values(a{job=~\"$job\"}, topic)").unwrap();
        assert_eq!(resolved(&query), "count by (topic) (a{job=~\".*\"})");
        assert_eq!(label_values("a"), None);
    }
}
