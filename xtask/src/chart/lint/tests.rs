use serde_json::json;

use super::*;

fn good() -> Vec<Value> {
    let labels = json!({"app": "a"});
    let container = json!({
        "image": "registry:5000/a:1", "ports": [{"name": "http", "containerPort": 80}],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}
        },
        "livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"httpGet": {"port": 80}}
    });
    vec![
        json!({"kind": "ServiceAccount", "metadata": {"name": "a"}}),
        json!({"kind": "Deployment", "metadata": {"name": "a"}, "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "serviceAccountName": "a", "automountServiceAccountToken": false, "enableServiceLinks": false,
                "affinity": {"podAntiAffinity": {}},
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [container]
            }}
        }}),
        json!({"kind": "Service", "metadata": {"name": "a"},
            "spec": {"selector": labels, "ports": [{"port": 1, "targetPort": "http"}]}}),
        json!({"kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": {
            "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": labels}}}),
        json!({"kind": "Role", "metadata": {"name": "a", "namespace": "n"}, "rules": [
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}),
        json!({"kind": "RoleBinding", "metadata": {"name": "a", "namespace": "n"},
            "roleRef": {"kind": "Role", "name": "a"}}),
        json!({"kind": "CustomResourceDefinition",
            "metadata": {"name": "a", "annotations": {"helm.sh/resource-policy": "keep"}}}),
    ]
}

#[test]
fn what_is_good_passes() {
    assert_eq!(check(&good()), Vec::<String>::new());
}

#[test]
fn each_fault_is_told_by_its_rule() {
    let pod = "/spec/template/spec";
    let container = "/spec/template/spec/containers/0";
    let faults = [
        (1, format!("{container}/image"), json!("registry:5000/a"), "latest-tag"),
        (1, format!("{container}/image"), json!("a:latest"), "latest-tag"),
        (1, format!("{container}/resources"), json!({}), "resources"),
        (1, format!("{container}/securityContext/readOnlyRootFilesystem"), json!(false), "read-only-root"),
        (1, format!("{container}/securityContext/allowPrivilegeEscalation"), json!(true), "escalation"),
        (1, format!("{container}/securityContext/capabilities"), json!({}), "capabilities"),
        (1, format!("{container}/livenessProbe"), json!(null), "probes"),
        (1, format!("{container}/livenessProbe/httpGet/port"), json!("other"), "probe-port"),
        (1, format!("{pod}/securityContext"), json!({"runAsNonRoot": true}), "seccomp"),
        (1, format!("{pod}/securityContext/runAsNonRoot"), json!(false), "run-as-non-root"),
        (1, format!("{pod}/affinity"), json!({}), "anti-affinity"),
        (1, format!("{pod}/serviceAccountName"), json!("b"), "service-account"),
        (1, format!("{pod}/automountServiceAccountToken"), json!(null), "token"),
        (1, "/spec/selector/matchLabels".to_owned(), json!({"app": "b"}), "selector"),
        (2, "/spec/selector".to_owned(), json!({"app": "b"}), "dangling-service"),
        (2, "/spec/ports/0/targetPort".to_owned(), json!("other"), "target-port"),
        (3, "/spec/maxUnavailable".to_owned(), json!(0), "budget"),
        (3, "/spec/unhealthyPodEvictionPolicy".to_owned(), json!(null), "budget-unhealthy"),
        (4, "/rules/0/verbs".to_owned(), json!(["list"]), "careful"),
        (4, "/rules/0/verbs".to_owned(), json!(["*"]), "verbs"),
        (4, "/rules/0/resources".to_owned(), json!(["*"]), "wildcard"),
        (5, "/roleRef/name".to_owned(), json!("b"), "dangling-binding"),
        (6, "/metadata/annotations".to_owned(), json!({}), "definition"),
    ];
    for (object, pointer, value, rule) in faults {
        let mut objects = good();
        *objects[object].pointer_mut(&pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        let found = check(&objects);
        assert!(
            found.iter().any(|line| line.contains(&format!(": {rule}: "))),
            "{pointer}: {rule}: {found:?}"
        );
    }
}

#[test]
fn a_secret_in_a_variable_is_told() {
    let mut objects = good();
    let container = objects[1].pointer_mut("/spec/template/spec/containers/0").unwrap();
    container["env"] = json!([{"name": "A_TOKEN", "value": "x"}, {"name": "A_TOKEN_FILE", "value": "/x"}]);
    assert_eq!(check(&objects), ["Deployment/a: env-var-secret: has a secret in a variable"]);
}
