//! AlterConfigs and IncrementalAlterConfigs.
//!
//! What a setting means is the caller's knowledge ([`ConfigRules`]); here it is only which map results, whether the
//! resource is there, and which records lead from the present map to that one.

use std::collections::{BTreeMap, BTreeSet};

use broker_protocol::types::BrokerId;

use super::error::MetadataError;
use super::image::{ConfigMap, ConfigResource, MetadataImage, ResourceKind};
use super::record::{Config, MetadataRecord, RecordKind};
use crate::outcome::Outcome;

/// What the caller knows about settings.
pub trait ConfigRules {
    /// Whether the value is a list, so that it can be appended to and subtracted from.
    fn is_list(&self, resource: &ConfigResource, key: &str) -> bool;
    /// The value that applies where the resource has none of its own: where appending begins.
    fn inherited(&self, resource: &ConfigResource, key: &str) -> Option<String>;
    /// Checks the settings that a resource would have; `changed` are the keys that the request names.
    ///
    /// # Errors
    /// The first setting that is unknown, read-only or has a bad value.
    fn check(
        &self,
        resource: &ConfigResource,
        settings: &ConfigMap,
        changed: &BTreeSet<&str>,
    ) -> Result<(), MetadataError>;
}

/// What to do with one setting (KIP-339).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigOp {
    /// Give it this value.
    Set(String),
    /// Take it away.
    Delete,
    /// Add these comma-separated items to its list.
    Append(String),
    /// Remove these comma-separated items from its list.
    Subtract(String),
}

/// The changes that IncrementalAlterConfigs asks of one resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigChange {
    /// Of this resource.
    pub resource: ConfigResource,
    /// By key, in the order of the request.
    pub ops: Vec<(String, ConfigOp)>,
}

/// The settings that AlterConfigs gives one resource; all others go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigReplacement {
    /// Of this resource.
    pub resource: ConfigResource,
    /// In the order of the request.
    pub settings: Vec<(String, String)>,
}

/// The answer for each resource, in the order of the request; of repeated ones, one.
pub type AlterConfigsResponse = Vec<(ConfigResource, Result<(), MetadataError>)>;

/// IncrementalAlterConfigs. With `validate_only` nothing is written, but the answers are the same.
#[must_use]
pub fn incremental_alter_configs(
    image: &MetadataImage,
    changes: &[ConfigChange],
    rules: &impl ConfigRules,
    validate_only: bool,
) -> Outcome<MetadataRecord, AlterConfigsResponse> {
    let requests = changes.iter().map(|change| (&change.resource, change));
    alter_each(image, requests, validate_only, |change| {
        let keys = distinct_keys(change.ops.iter().map(|(key, _)| key.as_str()))?;
        let mut settings = current(image, &change.resource);
        for (key, op) in &change.ops {
            apply_op(&mut settings, rules, &change.resource, key, op)?;
        }
        rules.check(&change.resource, &settings, &keys)?;
        Ok(settings)
    })
}

/// AlterConfigs: each resource gets exactly these settings. With `validate_only` nothing is written, but the answers
/// are the same.
#[must_use]
pub fn alter_configs(
    image: &MetadataImage,
    replacements: &[ConfigReplacement],
    rules: &impl ConfigRules,
    validate_only: bool,
) -> Outcome<MetadataRecord, AlterConfigsResponse> {
    let requests = replacements.iter().map(|replacement| (&replacement.resource, replacement));
    alter_each(image, requests, validate_only, |replacement| {
        let keys = distinct_keys(replacement.settings.iter().map(|(key, _)| key.as_str()))?;
        let settings: ConfigMap = replacement.settings.iter().cloned().collect();
        rules.check(&replacement.resource, &settings, &keys)?;
        Ok(settings)
    })
}

/// Runs `target` for each resource and writes down how it differs from what is there.
fn alter_each<'a, T: 'a>(
    image: &MetadataImage,
    requests: impl Iterator<Item = (&'a ConfigResource, &'a T)> + Clone,
    validate_only: bool,
    target: impl Fn(&T) -> Result<ConfigMap, MetadataError>,
) -> Outcome<MetadataRecord, AlterConfigsResponse> {
    let mut times_named: BTreeMap<&ConfigResource, usize> = BTreeMap::new();
    for (resource, _) in requests.clone() {
        *times_named.entry(resource).or_default() += 1;
    }
    let mut outcome = Outcome::unchanged(Vec::with_capacity(times_named.len()));
    let mut answered = BTreeSet::new();
    for (resource, request) in requests.filter(|(resource, _)| answered.insert(*resource)) {
        let result = if times_named[resource] > 1 {
            let reason = "Each resource must appear at most once.".to_owned();
            Err(MetadataError::InvalidRequest { reason })
        } else {
            check_resource(image, resource).and_then(|()| target(request))
        };
        let result = result.map(|settings| {
            if !validate_only {
                outcome.records.extend(differences(resource, &current(image, resource), &settings));
            }
        });
        outcome.response.push((resource.clone(), result));
    }
    outcome
}

/// Whether a resource may have settings at all.
///
/// # Errors
/// A topic or broker that is not there, or a name that cannot be.
pub fn check_resource(image: &MetadataImage, resource: &ConfigResource) -> Result<(), MetadataError> {
    let name = &resource.name;
    match resource.kind {
        ResourceKind::Topic => match image.topics.by_name(name) {
            Some(_) => Ok(()),
            None => Err(MetadataError::UnknownTopic { name: name.to_string() }),
        },
        ResourceKind::Broker if name.is_empty() => Ok(()),
        ResourceKind::Broker => match broker_id(name) {
            Some(id) if image.brokers.contains_key(&id) => Ok(()),
            Some(id) => Err(MetadataError::BrokerIdNotRegistered { id }),
            None => {
                let reason = format!("Invalid broker name: '{name}' is not a broker id.");
                Err(MetadataError::InvalidRequest { reason })
            }
        },
        ResourceKind::ClientMetrics | ResourceKind::Group if name.is_empty() => {
            Err(MetadataError::InvalidRequest {
                reason: "Default resource names are not allowed.".to_owned(),
            })
        }
        ResourceKind::ClientMetrics | ResourceKind::Group => Ok(()),
    }
}

/// The broker of that name: its id as a decimal number, which has no other spelling.
fn broker_id(name: &str) -> Option<BrokerId> {
    let id: i32 = name.parse().ok()?;
    (id.to_string() == name).then_some(BrokerId(id))
}

fn current(image: &MetadataImage, resource: &ConfigResource) -> ConfigMap {
    image.config(resource).map(|map| ConfigMap::clone(map)).unwrap_or_default()
}

fn distinct_keys<'a>(keys: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, MetadataError> {
    let mut distinct = BTreeSet::new();
    for key in keys {
        if !distinct.insert(key) {
            let reason = format!("Error due to duplicate config keys: {key}");
            return Err(MetadataError::InvalidRequest { reason });
        }
    }
    Ok(distinct)
}

fn apply_op(
    settings: &mut ConfigMap,
    rules: &impl ConfigRules,
    resource: &ConfigResource,
    key: &str,
    op: &ConfigOp,
) -> Result<(), MetadataError> {
    let (items, appends) = match op {
        ConfigOp::Set(value) => {
            settings.insert(key.to_owned(), value.clone());
            return Ok(());
        }
        ConfigOp::Delete => {
            settings.remove(key);
            return Ok(());
        }
        ConfigOp::Append(items) => (items, true),
        ConfigOp::Subtract(items) => (items, false),
    };
    if !rules.is_list(resource, key) {
        let what = if appends { "append to" } else { "subtract from" };
        return Err(MetadataError::InvalidConfig {
            reason: format!("Can't {what} key {key}: it is not a list."),
        });
    }
    let present = settings.get(key).cloned().or_else(|| rules.inherited(resource, key)).unwrap_or_default();
    let mut list: Vec<&str> = list_items(&present).collect();
    for item in list_items(items) {
        match list.iter().position(|&known| known == item) {
            None if appends => list.push(item),
            Some(at) if !appends => {
                list.remove(at);
            }
            _ => {}
        }
    }
    let value = list.join(",");
    settings.insert(key.to_owned(), value);
    Ok(())
}

fn list_items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn differences(
    resource: &ConfigResource,
    before: &ConfigMap,
    after: &ConfigMap,
) -> impl Iterator<Item = MetadataRecord> {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key, None));
    let set = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    gone.chain(set.map(|(key, value)| (key, Some(value.clone()))))
        .map(|(key, value)| {
            let config = Config {
                resource_type: resource.kind.number().into(),
                resource_name: resource.name.to_string(),
                key: key.clone(),
                value,
            };
            RecordKind::Config(config).into()
        })
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests;
