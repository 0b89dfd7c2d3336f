//! The brokers: a StatefulSet whose pods the operator restarts itself, as it alone knows when that is safe.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EmptyDirVolumeSource, EnvFromSource,
    EnvVar, EnvVarSource, HTTPGetAction, LocalObjectReference, ObjectFieldSelector, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements,
    SeccompProfile, SecretEnvSource, SecretVolumeSource, SecurityContext, Volume, VolumeMount,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use super::config_map;
use crate::apply::fingerprint;
use crate::controllers::cluster::validate::ValidCluster;
use crate::names::{
    ADMIN_PORT, EXTERNAL_PORT, HTTP_PORT, INPUTS_ANNOTATION, KAFKA_PORT, OPERATOR_ANNOTATION, TOKEN_KEY,
    labels,
};

/// Name of the volume with the data, and of its claims.
pub const DATA: &str = "data";
/// Where it is mounted.
pub const DATA_DIR: &str = "/var/lib/highwater";
/// The data directory itself: filesystems have a folder of their own beside it.
pub const LOG_DIR: &str = "/var/lib/highwater/data";
/// Where the settings are.
const CONFIG_DIR: &str = "/etc/highwater";
/// Where the admin token is.
pub const TOKEN_DIR: &str = "/etc/highwater-token";
/// On pods: the settings that they were started with.
const CONFIG_ANNOTATION: &str = "highwater.dev/config";
/// User and group of brokers.
const USER: i64 = 65532;

/// The StatefulSet.
#[must_use]
pub fn stateful_set(cluster: &ValidCluster) -> StatefulSet {
    let names = &cluster.names;
    let mut metadata = names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner));
    metadata.annotations = Some(labels(&[
        (INPUTS_ANNOTATION, &inputs(cluster)),
        (OPERATOR_ANNOTATION, env!("CARGO_PKG_VERSION")),
    ]));
    let when_deleted = if cluster.deletes_volumes { "Delete" } else { "Retain" };
    StatefulSet {
        metadata,
        spec: Some(StatefulSetSpec {
            replicas: Some(cluster.replicas),
            service_name: Some(names.headless()),
            selector: names.selector(),
            pod_management_policy: Some("Parallel".to_owned()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("OnDelete".to_owned()),
                rolling_update: None,
            }),
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some(when_deleted.to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            template: template(cluster),
            volume_claim_templates: Some(vec![claim(cluster)]),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// What the user has asked for, as far as pods depend on it: an operator that makes something else of the same keeps
/// what is there.
#[must_use]
pub fn inputs(cluster: &ValidCluster) -> String {
    fingerprint(&json!({
        "replicas": cluster.replicas,
        "image": cluster.asked_image,
        "imagePullPolicy": cluster.image_pull_policy,
        "size": cluster.size.to_string(),
        "deletesVolumes": cluster.deletes_volumes,
        "resources": cluster.resources,
        "config": cluster.asked_config,
        "external": cluster.external,
        "reachedAt": cluster.reached_at,
        "tiering": cluster.tiering,
        "recoverFrom": cluster.recover_from,
        "pod": cluster.pod,
        "update": cluster.update,
        "restart": cluster.restart,
    }))
}

fn claim(cluster: &ValidCluster) -> PersistentVolumeClaim {
    let requests = BTreeMap::from([("storage".to_owned(), cluster.size.clone().into())]);
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(DATA.to_owned()),
            labels: Some(cluster.names.selector_labels()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: cluster.storage_class_name.clone(),
            resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

fn template(cluster: &ValidCluster) -> PodTemplateSpec {
    let (names, pod) = (&cluster.names, &cluster.pod);
    let mut all_labels = pod.labels.clone();
    // Without the Cluster's own labels: a label more would restart the brokers.
    all_labels.extend(names.labels(&BTreeMap::new()));
    let mut annotations = pod.annotations.clone();
    annotations.insert(CONFIG_ANNOTATION.to_owned(), fingerprint(&json!(config_map::text(cluster))));
    if let Some(restart) = &cluster.restart {
        annotations.insert(crate::names::RESTART_ANNOTATION.to_owned(), restart.clone());
    }
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(pod_spec(cluster)),
    }
}

fn pod_spec(cluster: &ValidCluster) -> PodSpec {
    let pod = &cluster.pod;
    let some = |list: &[_]| (!list.is_empty()).then(|| list.to_vec());
    let secrets = pod.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() });
    PodSpec {
        service_account_name: Some(cluster.names.broker()),
        automount_service_account_token: Some(false),
        // Services of certain names would set variables that look like settings.
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(pod.termination_grace_period_seconds),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        affinity: pod.affinity.clone(),
        tolerations: some_of(&pod.tolerations),
        topology_spread_constraints: some_of(&pod.topology_spread_constraints),
        node_selector: (!pod.node_selector.is_empty()).then(|| pod.node_selector.clone()),
        priority_class_name: pod.priority_class_name.clone(),
        image_pull_secrets: some(&secrets.collect::<Vec<_>>()),
        init_containers: recovery(cluster).map(|container| vec![container]),
        containers: vec![broker(cluster)],
        volumes: Some(volumes(cluster)),
        ..PodSpec::default()
    }
}

fn some_of<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn volumes(cluster: &ValidCluster) -> Vec<Volume> {
    let names = &cluster.names;
    vec![
        Volume {
            name: "config".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: names.broker(),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        },
        Volume {
            name: "token".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(names.token()),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        },
        Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(ApiQuantity("64Mi".to_owned())),
                medium: None,
            }),
            ..Volume::default()
        },
    ]
}

/// A container of the brokers' image, with all that it needs.
fn container(cluster: &ValidCluster, name: &str) -> Container {
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    let credentials = cluster.tiering.as_ref().and_then(|tiering| tiering.credentials_secret.clone());
    let env_from = credentials.map(|name| EnvFromSource {
        secret_ref: Some(SecretEnvSource { name, optional: Some(false) }),
        ..EnvFromSource::default()
    });
    let resources = |map: &BTreeMap<String, crds::quantity::Quantity>| {
        let convert =
            |(key, value): (&String, &crds::quantity::Quantity)| (key.clone(), value.clone().into());
        (!map.is_empty()).then(|| map.iter().map(convert).collect())
    };
    Container {
        name: name.to_owned(),
        image: Some(cluster.image.clone()),
        image_pull_policy: Some(cluster.image_pull_policy.to_owned()),
        env: Some(environment(cluster)),
        env_from: env_from.map(|source| vec![source]),
        resources: Some(ResourceRequirements {
            requests: resources(&cluster.resources.requests),
            limits: resources(&cluster.resources.limits),
            claims: None,
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![
            mount(DATA, DATA_DIR, false),
            mount("config", CONFIG_DIR, true),
            mount("token", TOKEN_DIR, true),
            mount("tmp", "/tmp", false),
        ]),
        ..Container::default()
    }
}

/// What differs from pod to pod: the rest stands in the file.
fn environment(cluster: &ValidCluster) -> Vec<EnvVar> {
    let field = |name: &str, path: &str| EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { api_version: None, field_path: path.to_owned() }),
            ..EnvVarSource::default()
        }),
    };
    let mut advertised = format!("PLAINTEXT://$(POD_NAME).{}:{KAFKA_PORT}", cluster.names.headless_host());
    if let Some((host, port)) = &cluster.reached_at {
        advertised.push_str(&format!(",EXTERNAL://{host}:{port}"));
    }
    vec![
        field("POD_NAME", "metadata.name"),
        field("HIGHWATER_NODE_ID", "metadata.labels['apps.kubernetes.io/pod-index']"),
        EnvVar {
            name: "HIGHWATER_ADVERTISED_LISTENERS".to_owned(),
            value: Some(advertised),
            value_from: None,
        },
    ]
}

fn broker(cluster: &ValidCluster) -> Container {
    let port = |name: &str, port: i32| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let mut ports = vec![port("kafka", KAFKA_PORT), port("http", HTTP_PORT), port("admin", ADMIN_PORT)];
    if cluster.reached_at.is_some() {
        ports.push(port("external", EXTERNAL_PORT));
    }
    let probe = |path: &str, period: i32, failures: i32| Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    };
    Container {
        args: Some(vec!["--config".to_owned(), format!("{CONFIG_DIR}/{}", config_map::FILE)]),
        ports: Some(ports),
        readiness_probe: Some(probe("/readyz", 2, 3)),
        // A disk that was taken out of service comes back by a restart; a long recovery is not ended by one.
        liveness_probe: Some(probe("/healthz", 10, 6)),
        ..container(cluster, "broker")
    }
}

/// Before a broker whose disk was lost: what the bucket has. Over a disk that has its data it does nothing.
fn recovery(cluster: &ValidCluster) -> Option<Container> {
    let from = cluster.recover_from.as_ref()?;
    let url = from.url.clone().or_else(|| cluster.tiering.as_ref().map(|tiering| tiering.url.clone()))?;
    let mut args: Vec<String> = ["recover", "--config", &format!("{CONFIG_DIR}/{}", config_map::FILE)]
        .into_iter()
        .map(str::to_owned)
        .collect();
    for (option, value) in [
        ("--remote", Some(url)),
        ("--data-dir", Some(LOG_DIR.to_owned())),
        ("--cluster-id", Some(from.cluster_id.clone())),
        ("--at", from.at.clone()),
    ] {
        if let Some(value) = value {
            args.extend([option.to_owned(), value]);
        }
    }
    Some(Container { args: Some(args), ..container(cluster, "recover") })
}

/// The token's file.
#[must_use]
pub fn token_file() -> String {
    format!("{TOKEN_DIR}/{TOKEN_KEY}")
}
