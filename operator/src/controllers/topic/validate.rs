//! Whether a Topic makes sense. Pure.

use std::collections::BTreeMap;

use broker_config::alter::validate_topic_configs;
use crds::cluster::Cluster;
use crds::topic::Topic;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use crate::controllers::cluster::validate::Invalid;
use crate::names::Names;

/// A Topic that makes sense.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValidTopic {
    /// Name of the topic.
    pub name: String,
    /// Count of partitions.
    pub partitions: usize,
    /// Count of replicas.
    pub replicas: usize,
    /// The settings that it names, as brokers write them.
    pub config: BTreeMap<String, String>,
    /// The brokers of each partition, if it names them.
    pub layout: Option<Vec<Vec<i32>>>,
}

/// Checks a Topic.
///
/// # Errors
/// What is wrong with it first.
pub fn validate(topic: &Topic) -> Result<ValidTopic, Invalid> {
    let (spec, name) = (&topic.spec, topic.topic_name());
    let invalid = |reason, message: String| Invalid { reason, message };
    if name.starts_with("__") {
        let message = format!("topic {name} is one of the brokers' own");
        return Err(invalid("InvalidName", message));
    }
    let mut texts = BTreeMap::new();
    for (key, value) in &spec.config {
        let text = value.text().ok_or_else(|| {
            invalid("InvalidConfig", format!("{key}: expected a text, a number, true or false"))
        })?;
        texts.insert(key.as_str(), text);
    }
    let pairs = texts.iter().map(|(key, value)| (*key, Some(value.as_str())));
    let config =
        validate_topic_configs(pairs).map_err(|error| invalid("InvalidConfig", error.to_string()))?;
    let count = |count: i32| usize::try_from(count).unwrap_or(0);
    Ok(ValidTopic {
        name: name.to_owned(),
        partitions: count(spec.partitions),
        replicas: count(spec.replicas),
        config,
        layout: spec
            .layout
            .as_ref()
            .map(|layout| layout.iter().map(|entry| entry.replicas.clone()).collect()),
    })
}

/// Whether objects of a namespace may name a Cluster.
#[must_use]
pub fn is_allowed(cluster: &Cluster, namespace: &str) -> bool {
    let own = cluster.namespace();
    let listed = &cluster.spec.allowed_namespaces;
    own.as_deref() == Some(namespace) || listed.iter().any(|allowed| allowed == "*" || allowed == namespace)
}

/// Another Topic for the same topic that is older, if there is one: it alone is acted on.
pub fn older_claim<'a>(topic: &Topic, names: &Names, all: impl Iterator<Item = &'a Topic>) -> Option<String> {
    let age = |topic: &Topic| {
        let created = topic.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0);
        (created, topic.uid())
    };
    let is_same = |other: &&Topic| {
        let namespace = other.namespace().unwrap_or_default();
        let cluster = &other.spec.cluster_ref;
        other.uid() != topic.uid()
            && other.topic_name() == topic.topic_name()
            && cluster.name == names.cluster
            && cluster.namespace_or(&namespace) == names.namespace
            && other.metadata.deletion_timestamp.is_none()
    };
    let oldest = all.filter(is_same).min_by_key(|other| age(other))?;
    let name = format!("{}/{}", oldest.namespace().unwrap_or_default(), oldest.name_any());
    (age(oldest) < age(topic)).then_some(name)
}

#[cfg(test)]
mod tests;
