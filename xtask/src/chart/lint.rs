//! Rules for Kubernetes objects that no API server checks: what kube-linter looks at by default and what we ask for beyond.
//!
//! (kube-linter itself cannot be had by the ordinary registries of Go.) Takes any objects, be they the chart's or an
//! operator's; `EXCLUSIONS` names what may be otherwise, with the reason.

mod access;
mod pods;

use std::fmt::Write;

use serde_json::Value;

/// Rule, object (kind/name), reason.
const EXCLUSIONS: &[(&str, &str, &str)] = &[];

/// All objects, and what is wrong with them so far.
struct Findings<'a> {
    objects: &'a [Value],
    found: Vec<String>,
}

impl Findings<'_> {
    /// Notes that `object` breaks `rule`, unless it is excluded.
    fn add(&mut self, rule: &str, object: &Value, what: &str) {
        let name = name_of(object);
        if EXCLUSIONS.iter().any(|(excluded, of, _)| *excluded == rule && *of == name) {
            return;
        }
        let mut line = String::new();
        let _ = write!(line, "{name}: {rule}: {what}");
        self.found.push(line);
    }

    fn ensure(&mut self, holds: bool, rule: &str, object: &Value, what: &str) {
        if !holds {
            self.add(rule, object, what);
        }
    }
}

/// All violations, each as `Kind/name: rule: what`.
pub(crate) fn check(objects: &[Value]) -> Vec<String> {
    let mut findings = Findings { objects, found: Vec::new() };
    for object in objects {
        pods::check(object, &mut findings);
        access::check(object, &mut findings);
        let is_kept = object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep";
        let is_definition = object["kind"] == "CustomResourceDefinition";
        findings.ensure(
            is_kept || !is_definition,
            "definition",
            object,
            "goes with the chart, and all resources with it",
        );
    }
    findings.found
}

fn name_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// The elements of a list; none if it is not there.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether every label of `selector` stands in `labels`, and there is one.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object();
    wanted.is_some_and(|wanted| {
        !wanted.is_empty() && wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

#[cfg(test)]
mod tests;
