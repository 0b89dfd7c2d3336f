//! The alert rules as the chart renders them: promtool's checks and unit tests, and a runbook for each alert.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::dashboards::Query;
use super::render;
use super::tools::{Tools, directory, output};
use super::{CHART, Done};
use crate::broker_process::checkout;

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The name of the metric that it records, if it is no alert.
    pub(crate) record: Option<String>,
    pub(crate) query: Query,
}

/// All rules.
pub(crate) fn read(tools: &Tools) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for rule in rendered(tools)? {
        let text = |key: &str| rule[key].as_str().map(str::to_owned);
        let expression = text("expr").context("a rule has no expression")?;
        let place = format!("rules: {}", text("alert").or_else(|| text("record")).unwrap_or_default());
        rules.push(Rule { record: text("record"), query: Query { place, expression } });
    }
    ensure!(!rules.is_empty(), "there are no rules");
    Ok(rules)
}

/// Checks the rules, and runs their unit tests where promtool is there.
pub(crate) fn check(tools: &Tools) -> Result<Done> {
    let alerts = alerts(&rendered(tools)?)?;
    runbooks(&alerts)?;
    let Some(promtool) = tools.promtool()? else {
        return Ok(Done::Skipped("there is no promtool".to_owned()));
    };
    let folder = directory().join("rules");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("rules.yaml"), groups(tools)?)?;
    output(Command::new(&promtool).args(["check", "rules", "rules.yaml"]).current_dir(&folder))?;
    let mut tested = String::new();
    for entry in fs::read_dir(checkout().join(CHART).join("rules-tests"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_owned();
        fs::copy(&path, folder.join(&name))?;
        output(Command::new(&promtool).args(["test", "rules"]).arg(&name).current_dir(&folder))?;
        tested += &fs::read_to_string(&path)?;
    }
    for alert in &alerts {
        ensure!(tested.contains(&format!("name: '{alert}: ")), "no unit test raises {alert}");
        ensure!(tested.contains(&format!("name: 'not {alert}: ")), "no unit test keeps {alert} quiet");
    }
    Ok(Done::Passed(format!("{} alerts, each with a runbook and a test either way", alerts.len())))
}

const ENABLED: &[&str] = &["monitoring.prometheusRule.enabled=true"];

/// The groups as a file of Prometheus.
pub(crate) fn groups(tools: &Tools) -> Result<String> {
    let manifests = render::manifests(tools, ENABLED)?;
    let rule = manifests.split("\n---\n").find(|document| document.contains("\nkind: PrometheusRule\n"));
    let (_, spec) =
        rule.and_then(|rule| rule.split_once("\nspec:\n")).context("no PrometheusRule is rendered")?;
    Ok(spec
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n"))
}

fn rendered(tools: &Tools) -> Result<Vec<Value>> {
    let file = render::parse_one(tools, &groups(tools)?)?;
    let groups = file["groups"].as_array().context("the rules have no groups")?;
    Ok(groups.iter().flat_map(|group| group["rules"].as_array().into_iter().flatten().cloned()).collect())
}

/// The names of all alerts, each of which says all that it has to say.
fn alerts(rules: &[Value]) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for rule in rules.iter().filter(|rule| rule["alert"].is_string()) {
        let name = rule["alert"].as_str().unwrap_or_default();
        ensure!(
            matches!(rule["labels"]["severity"].as_str(), Some("critical" | "warning")),
            "{name} is neither critical nor a warning"
        );
        for annotation in ["summary", "description", "runbook_url"] {
            ensure!(rule["annotations"][annotation].is_string(), "{name} has no {annotation}");
        }
        names.insert(name.to_owned());
    }
    Ok(names)
}

/// A page for each alert, and none for others.
fn runbooks(alerts: &BTreeSet<String>) -> Result<()> {
    let mut pages = BTreeSet::new();
    for entry in fs::read_dir(checkout().join("docs/runbooks"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(alert) = name.strip_suffix(".md").filter(|page| *page != "README") {
            pages.insert(alert.to_owned());
        }
    }
    let without: Vec<_> = alerts.difference(&pages).collect();
    ensure!(without.is_empty(), "alerts without a page in docs/runbooks: {without:?}");
    let stale: Vec<_> = pages.difference(alerts).collect();
    ensure!(stale.is_empty(), "pages in docs/runbooks without an alert: {stale:?}");
    Ok(())
}
