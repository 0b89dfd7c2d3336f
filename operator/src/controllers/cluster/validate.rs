//! Whether a Cluster makes sense, and what follows from it alone. Pure.

use std::collections::BTreeMap;

use broker_config::alter::validate_broker_configs;
use broker_config::keys::broker_key;
use broker_config::{BrokerScope, Config, ConfigError, ConfigFile, UpdateMode};
use crds::cluster::{Cluster, ExternalListener, RecoverFrom, Tiering};
use crds::pod::{PodTemplate, Resources};
use crds::quantity::Quantity;
use crds::references::DeletionPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};

use crate::build::stateful_set::{LOG_DIR, token_file};
use crate::names::{
    ADMIN_PORT, EXTERNAL_PORT, HTTP_PORT, KAFKA_PORT, Names, RESTART_ANNOTATION, UPDATE_ANNOTATION,
};

/// Versions of brokers that this operator knows: their first two numbers.
const KNOWN_VERSIONS: [&str; 1] = ["0.1."];

/// Settings that the operator decides.
const OWN_KEYS: [&str; 16] = [
    "advertised.listeners",
    "broker.id",
    "highwater.admin.listener",
    "highwater.admin.token.file",
    "highwater.cluster.id",
    "highwater.http.listener",
    "highwater.log.format",
    "highwater.remote.endpoint",
    "highwater.remote.region",
    "highwater.remote.url",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "node.id",
    "process.roles",
];

/// Settings by key.
type Settings = BTreeMap<String, String>;

/// Why a Cluster is not acted on until it is changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// For programs, in CamelCase.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

/// A Cluster that makes sense.
#[derive(Clone, PartialEq, Debug)]
pub struct ValidCluster {
    /// Names of its objects.
    pub names: Names,
    /// Refers its objects to it.
    pub owner: OwnerReference,
    /// Labels that its objects inherit.
    pub labels: BTreeMap<String, String>,
    /// Image of the brokers.
    pub image: String,
    /// What the user has said of the image.
    pub asked_image: Option<String>,
    /// When nodes pull it.
    pub image_pull_policy: &'static str,
    /// Count of brokers.
    pub replicas: i32,
    /// Size of each volume.
    pub size: Quantity,
    /// Its class.
    pub storage_class_name: Option<String>,
    /// Whether volumes go with the Cluster.
    pub deletes_volumes: bool,
    /// CPU and memory.
    pub resources: Resources,
    /// Settings that only a restart changes, by key: the operator's and the user's.
    pub static_config: BTreeMap<String, String>,
    /// Of these, the user's.
    pub asked_config: BTreeMap<String, String>,
    /// Settings that running brokers take.
    pub dynamic_config: BTreeMap<String, String>,
    /// The way in from outside.
    pub external: Option<ExternalListener>,
    /// Where that is reached, once known.
    pub reached_at: Option<(String, i32)>,
    /// The bucket.
    pub tiering: Option<Tiering>,
    /// How it begins.
    pub recover_from: Option<RecoverFrom>,
    /// What is added to pods.
    pub pod: PodTemplate,
    /// The annotation that asks for an update.
    pub update: Option<String>,
    /// The annotation that asks for a restart.
    pub restart: Option<String>,
}

/// What `validate` has to know beside the Cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Surroundings<'a> {
    /// Image of brokers whose Cluster names none.
    pub default_image: &'a str,
    /// Image of the brokers that there are.
    pub live_image: Option<&'a str>,
    /// Where the way in from outside is reached, if that is known.
    pub reached_at: Option<(String, i32)>,
}

/// Checks a Cluster.
///
/// # Errors
/// What is wrong with it first.
pub fn validate(cluster: &Cluster, around: &Surroundings<'_>) -> Result<ValidCluster, Invalid> {
    let spec = &cluster.spec;
    let invalid = |reason, message: String| Invalid { reason, message };
    let incomplete = || invalid("Invalid", "the object has no uid, name or namespace".to_owned());
    let names = Names::new(&cluster.namespace().ok_or_else(incomplete)?, &cluster.name_any());
    let owner = cluster.controller_owner_ref(&()).ok_or_else(incomplete)?;
    if let Some(version) = &spec.version
        && !KNOWN_VERSIONS.iter().any(|known| version.starts_with(known))
    {
        let message = format!(
            "version {version} is none of {}",
            KNOWN_VERSIONS.map(|known| format!("{known}x")).join(", ")
        );
        return Err(invalid("UnsupportedVersion", message));
    }
    if spec.replicas != 1 {
        let message = format!("replicas is {}: clusters of several brokers are not there yet", spec.replicas);
        return Err(invalid("UnsupportedReplicas", message));
    }
    let (asked_config, dynamic_config) = settings(cluster)?;
    let reached_at = spec.listeners.external.as_ref().and(around.reached_at.clone());
    let mut static_config = asked_config.clone();
    static_config.extend(own_settings(cluster, reached_at.is_some()));
    check_start(&static_config)?;
    let update = cluster.annotations().get(UPDATE_ANNOTATION).cloned();
    Ok(ValidCluster {
        names,
        owner,
        labels: inherited_labels(cluster),
        image: image(cluster, around),
        asked_image: spec.image.clone().or_else(|| spec.version.clone()),
        image_pull_policy: spec.image_pull_policy.as_str(),
        replicas: spec.replicas,
        size: spec.storage.size.clone(),
        storage_class_name: spec.storage.storage_class_name.clone(),
        deletes_volumes: spec.storage.deletion_policy == DeletionPolicy::Delete,
        resources: spec.resources.clone(),
        static_config,
        asked_config,
        dynamic_config,
        external: spec.listeners.external.clone(),
        reached_at,
        tiering: spec.tiering.clone(),
        recover_from: spec.recover_from.clone(),
        pod: spec.pod.clone(),
        update,
        restart: cluster.annotations().get(RESTART_ANNOTATION).cloned(),
    })
}

/// The image of the brokers: what the user says; else what there is, until an update is asked for; else this operator's.
fn image(cluster: &Cluster, around: &Surroundings<'_>) -> String {
    let spec = &cluster.spec;
    if let Some(image) = &spec.image {
        return image.clone();
    }
    let repository =
        around.default_image.rsplit_once(':').map_or(around.default_image, |(repository, _)| repository);
    if let Some(version) = &spec.version {
        return format!("{repository}:{version}");
    }
    let is_asked =
        cluster.annotations().get(UPDATE_ANNOTATION).is_some_and(|to| to == env!("CARGO_PKG_VERSION"));
    match around.live_image {
        Some(live) if !is_asked => live.to_owned(),
        _ => around.default_image.to_owned(),
    }
}

/// The user's labels, without those that other tools put on.
fn inherited_labels(cluster: &Cluster) -> BTreeMap<String, String> {
    let is_own = |key: &String| !key.contains("kubernetes.io/") && !key.contains("helm.sh/");
    cluster
        .labels()
        .iter()
        .filter(|(key, _)| is_own(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The user's settings: those for a start, and those for running brokers.
fn settings(cluster: &Cluster) -> Result<(Settings, Settings), Invalid> {
    let invalid = |message: String| Invalid { reason: "InvalidConfig", message };
    let (mut fixed, mut dynamic) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in &cluster.spec.config {
        let text = value
            .text()
            .ok_or_else(|| invalid(format!("{key}: expected a text, a number, true or false")))?;
        if OWN_KEYS.contains(&key.as_str()) {
            return Err(invalid(format!("{key} is decided by the operator")));
        }
        let is_dynamic = broker_key(key).is_some_and(|def| def.update == UpdateMode::ClusterWide);
        let settings = if is_dynamic { &mut dynamic } else { &mut fixed };
        settings.insert(key.clone(), text);
    }
    let texts = dynamic.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
    let dynamic =
        validate_broker_configs(texts, BrokerScope::All).map_err(|error| invalid(error.to_string()))?;
    Ok((fixed, dynamic))
}

/// The operator's settings.
fn own_settings(cluster: &Cluster, has_external: bool) -> BTreeMap<String, String> {
    let spec = &cluster.spec;
    let mut listeners = format!("PLAINTEXT://0.0.0.0:{KAFKA_PORT}");
    let mut map = "PLAINTEXT:PLAINTEXT".to_owned();
    if has_external {
        listeners.push_str(&format!(",EXTERNAL://0.0.0.0:{EXTERNAL_PORT}"));
        map.push_str(",EXTERNAL:PLAINTEXT");
    }
    let mut own = vec![
        ("listeners", listeners),
        ("listener.security.protocol.map", map),
        ("highwater.http.listener", format!("0.0.0.0:{HTTP_PORT}")),
        ("highwater.admin.listener", format!("0.0.0.0:{ADMIN_PORT}")),
        ("highwater.admin.token.file", token_file()),
        ("highwater.log.format", "json".to_owned()),
        ("log.dirs", LOG_DIR.to_owned()),
    ];
    let recovered = spec.recover_from.as_ref().map(|from| &from.cluster_id);
    if let Some(id) = spec.cluster_id.as_ref().or(recovered) {
        own.push(("highwater.cluster.id", id.clone()));
    }
    if let Some(tiering) = &spec.tiering {
        own.push(("highwater.remote.url", tiering.url.clone()));
        own.extend(tiering.endpoint.iter().map(|endpoint| ("highwater.remote.endpoint", endpoint.clone())));
        own.extend(tiering.region.iter().map(|region| ("highwater.remote.region", region.clone())));
    }
    own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Whether a broker would start with these.
fn check_start(config: &BTreeMap<String, String>) -> Result<(), Invalid> {
    let sets: Vec<String> = config.iter().map(|(key, value)| format!("{key}={value}")).collect();
    // What the pod adds.
    let advertised = "advertised.listeners=PLAINTEXT://broker:9092".to_owned();
    let has_external = config.get("listeners").is_some_and(|listeners| listeners.contains("EXTERNAL"));
    let advertised = if has_external { format!("{advertised},EXTERNAL://broker:9094") } else { advertised };
    let sets = [sets, vec!["node.id=0".to_owned(), advertised]].concat();
    match Config::load(None::<ConfigFile<'_>>, [], &sets) {
        Ok(_) => Ok(()),
        Err(error) => Err(Invalid { reason: "InvalidConfig", message: told(&error) }),
    }
}

/// An error without where the setting was made: not where the user has made it.
fn told(error: &ConfigError) -> String {
    match error {
        ConfigError::UnknownKey { key, suggestion, .. } => {
            let suggestion =
                suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            format!("unknown setting {key}{suggestion}")
        }
        ConfigError::BadValue { error, .. } => error.to_string(),
        ConfigError::Refused { .. } | ConfigError::Syntax { .. } | ConfigError::BadArgument { .. } => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests;
