//! Access rights: no wildcards, nothing that leads to more rights, and every binding leads to a role.

use serde_json::Value;

use super::{Findings, list};

/// What opens the way to all else.
const FORBIDDEN_VERBS: &[&str] = &["*", "escalate", "bind", "impersonate"];
/// Resources that are not to be had in bulk, or at all: with the verbs that are allowed.
const CAREFUL: &[(&str, &[&str])] = &[
    ("secrets", &["get", "create", "patch"]),
    ("pods", &["get", "list", "watch", "delete"]),
    ("pods/exec", &[]),
    ("pods/attach", &[]),
    ("nodes/proxy", &[]),
    ("serviceaccounts/token", &[]),
];

pub(super) fn check(object: &Value, findings: &mut Findings<'_>) {
    match object["kind"].as_str() {
        Some("Role" | "ClusterRole") => {
            for rule in list(&object["rules"]) {
                role_rule(object, rule, findings);
            }
        }
        Some("RoleBinding" | "ClusterRoleBinding") => binding(object, findings),
        _ => {}
    }
}

fn role_rule(object: &Value, rule: &Value, findings: &mut Findings<'_>) {
    let words = |key: &str| list(&rule[key]).filter_map(Value::as_str).collect::<Vec<_>>();
    let (verbs, resources) = (words("verbs"), words("resources"));
    for verb in verbs.iter().filter(|verb| FORBIDDEN_VERBS.contains(*verb)) {
        findings.add("verbs", object, &format!("may {verb}"));
    }
    let everything = resources.iter().chain(&words("apiGroups")).any(|name| name.contains('*'));
    findings.ensure(!everything, "wildcard", object, "is about everything");
    for (resource, allowed) in CAREFUL.iter().filter(|(resource, _)| resources.contains(resource)) {
        for verb in verbs.iter().filter(|verb| !allowed.contains(verb)) {
            findings.add("careful", object, &format!("may {verb} {resource}"));
        }
    }
}

fn binding(object: &Value, findings: &mut Findings<'_>) {
    let role = &object["roleRef"];
    let is_there = |other: &Value| {
        let same_place = other["kind"] == "ClusterRole"
            || other["metadata"]["namespace"] == object["metadata"]["namespace"];
        other["kind"] == role["kind"] && other["metadata"]["name"] == role["name"] && same_place
    };
    let found = findings.objects.iter().any(is_there);
    findings.ensure(found, "dangling-binding", object, "binds a role that is not among the objects");
}
