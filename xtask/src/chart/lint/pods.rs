//! Pods and what points at them: images, resources, security, probes, spread, Services, budgets.

use serde_json::Value;

use super::{Findings, list, selects};

/// Names of variables that hold what nobody may read in a manifest.
const SECRET_WORDS: &[&str] = &["SECRET", "PASSWORD", "TOKEN", "ACCESS_KEY"];

pub(super) fn check(object: &Value, findings: &mut Findings<'_>) {
    match object["kind"].as_str() {
        Some("Deployment" | "StatefulSet" | "DaemonSet" | "Job") => workload(object, findings),
        Some("Service") => service(object, findings),
        Some("PodDisruptionBudget") => budget(object, findings),
        _ => {}
    }
}

fn workload(object: &Value, findings: &mut Findings<'_>) {
    let (spec, template) = (&object["spec"], &object["spec"]["template"]);
    let pod = &template["spec"];
    if object["kind"] != "Job" {
        let fits = selects(&spec["selector"]["matchLabels"], &template["metadata"]["labels"]);
        findings.ensure(fits, "selector", object, "does not select its own pods");
    }
    let spread = pod["affinity"]["podAntiAffinity"].is_object()
        || list(&pod["topologySpreadConstraints"])
            .any(|spread| spread["topologyKey"] == "kubernetes.io/hostname");
    findings.ensure(
        spread || spec["replicas"].as_f64().unwrap_or(1.0) <= 1.0,
        "anti-affinity",
        object,
        "replicas may come to lie on one node",
    );
    for (key, rule) in [("hostNetwork", "host-network"), ("hostPID", "host-pid"), ("hostIPC", "host-ipc")] {
        findings.ensure(pod[key] != true, rule, object, "shares what is the node's");
    }
    let host_paths = list(&pod["volumes"]).any(|volume| volume.get("hostPath").is_some());
    findings.ensure(!host_paths, "host-path", object, "mounts a directory of the node");
    findings.ensure(
        pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault",
        "seccomp",
        object,
        "has not the runtime's seccomp profile",
    );
    findings.ensure(
        pod["enableServiceLinks"] == false,
        "service-links",
        object,
        "gets variables of Services",
    );
    account(object, pod, findings);
    for container in list(&pod["containers"]).chain(list(&pod["initContainers"])) {
        self::container(object, pod, container, findings);
    }
    let long_lived = object["kind"] != "Job";
    for container in list(&pod["containers"]).filter(|_| long_lived) {
        probes(object, container, findings);
    }
}

/// The account is one of its own, and the token is there only if somebody said so.
fn account(object: &Value, pod: &Value, findings: &mut Findings<'_>) {
    let name = &pod["serviceAccountName"];
    let made = findings
        .objects
        .iter()
        .any(|other| other["kind"] == "ServiceAccount" && other["metadata"]["name"] == *name);
    findings.ensure(made, "service-account", object, "has a ServiceAccount that is not among the objects");
    let said = pod["automountServiceAccountToken"].is_boolean();
    findings.ensure(said, "token", object, "does not say whether it needs the API server's token");
}

fn container(object: &Value, pod: &Value, container: &Value, findings: &mut Findings<'_>) {
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
    findings.ensure(
        tag.is_some_and(|tag| tag != "latest"),
        "latest-tag",
        object,
        "has an image without a version",
    );
    let resources = &container["resources"];
    for (amount, what) in [
        (&resources["requests"]["cpu"], "no CPU is set aside"),
        (&resources["requests"]["memory"], "no memory is set aside"),
        (&resources["limits"]["memory"], "memory has no limit"),
    ] {
        findings.ensure(amount.is_string() || amount.is_number(), "resources", object, what);
    }
    let security = &container["securityContext"];
    let non_root = security["runAsNonRoot"] == true || pod["securityContext"]["runAsNonRoot"] == true;
    findings.ensure(non_root, "run-as-non-root", object, "may run as root");
    findings.ensure(
        security["readOnlyRootFilesystem"] == true,
        "read-only-root",
        object,
        "may write to its image",
    );
    findings.ensure(
        security["allowPrivilegeEscalation"] == false,
        "escalation",
        object,
        "may gain privileges",
    );
    findings.ensure(security["privileged"] != true, "privileged", object, "has all privileges");
    let drops_all = list(&security["capabilities"]["drop"]).any(|dropped| dropped == "ALL");
    findings.ensure(drops_all, "capabilities", object, "keeps capabilities");
    let mut names: Vec<_> =
        list(&container["env"]).filter_map(|variable| variable["name"].as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    findings.ensure(names.len() == all, "duplicate-env-var", object, "names a variable twice");
    let tells = list(&container["env"]).any(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        variable["value"].is_string()
            && SECRET_WORDS.iter().any(|word| name.contains(word))
            && !name.ends_with("_FILE")
    });
    findings.ensure(!tells, "env-var-secret", object, "has a secret in a variable");
}

/// Both probes are there and ask a port that is open.
fn probes(object: &Value, container: &Value, findings: &mut Findings<'_>) {
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = &container[key];
        if probe.is_null() {
            findings.ensure(key == "startupProbe", "probes", object, &format!("has no {key}"));
            continue;
        }
        let port =
            [&probe["httpGet"]["port"], &probe["tcpSocket"]["port"]].into_iter().find(|port| !port.is_null());
        let is_open = port.is_none_or(|port| {
            list(&container["ports"]).any(|open| open["name"] == *port || open["containerPort"] == *port)
        });
        findings.ensure(is_open, "probe-port", object, &format!("{key} asks a port that is not open"));
    }
}

fn service(object: &Value, findings: &mut Findings<'_>) {
    let selector = &object["spec"]["selector"];
    let objects = findings.objects;
    let mut pods = objects.iter().map(|other| &other["spec"]["template"]);
    let Some(pod) = pods.find(|template| selects(selector, &template["metadata"]["labels"])) else {
        findings.add("dangling-service", object, "selects no pod");
        return;
    };
    for port in list(&object["spec"]["ports"]) {
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        let is_open = list(&pod["spec"]["containers"])
            .flat_map(|container| list(&container["ports"]))
            .any(|open| open["name"] == *target || open["containerPort"] == *target);
        findings.ensure(is_open, "target-port", object, "leads to a port that is not open");
    }
}

fn budget(object: &Value, findings: &mut Findings<'_>) {
    let spec = &object["spec"];
    let selector = &spec["selector"]["matchLabels"];
    let fits = findings
        .objects
        .iter()
        .any(|other| selects(selector, &other["spec"]["template"]["metadata"]["labels"]));
    findings.ensure(fits, "dangling-budget", object, "selects no pod");
    let none = |value: &Value| value.as_f64() == Some(0.0) || value == "0%";
    findings.ensure(!none(&spec["maxUnavailable"]), "budget", object, "forbids every drain");
    findings.ensure(spec["minAvailable"] != "100%", "budget", object, "forbids every drain");
    findings.ensure(
        spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow",
        "budget-unhealthy",
        object,
        "lets pods that do not work hold up a drain",
    );
}
