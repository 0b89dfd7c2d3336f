//! Changes of settings at run time: CreateTopics, AlterConfigs and IncrementalAlterConfigs (KIP-339).
//!
//! Pure: the overrides that are stored go in, those to store come out, in canonical form. Nothing is stored on an error.

use std::collections::{BTreeMap, BTreeSet};

use crate::def::{ConfigDef, ConfigType, UpdateMode, ValueError, split_list};
use crate::keys::{self, ignored};

/// What a change does to its setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlterOp {
    /// Gives it a value.
    Set,
    /// Takes its value away, so that the next layer counts.
    Delete,
    /// Adds elements to a list.
    Append,
    /// Removes elements from a list.
    Subtract,
}

impl AlterOp {
    /// The operation that this number of an IncrementalAlterConfigs request stands for.
    #[must_use]
    pub fn from_wire(code: i8) -> Option<AlterOp> {
        match code {
            0 => Some(AlterOp::Set),
            1 => Some(AlterOp::Delete),
            2 => Some(AlterOp::Append),
            3 => Some(AlterOp::Subtract),
            _ => None,
        }
    }
}

/// One change of one setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigChange {
    /// Name of the setting.
    pub name: String,
    /// What to do.
    pub op: AlterOp,
    /// The value, or the elements; not looked at by `Delete`.
    pub value: Option<String>,
}

/// Which brokers a change of the broker's settings is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrokerScope {
    /// One, by its id.
    One,
    /// All of them: the resource without a name.
    All,
}

/// Why a change is refused. `is_invalid_request` tells which of the two error codes of Kafka answers it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AlterError {
    /// A topic's setting does not take the value.
    #[error(transparent)]
    TopicValue(ValueError),
    /// A broker's setting does not take the value.
    #[error(transparent)]
    BrokerValue(ValueError),
    /// Topics have no such setting.
    #[error("unknown topic config name: {0}")]
    UnknownTopicKey(String),
    /// Brokers have no such setting.
    #[error("unknown broker config name: {0}")]
    UnknownBrokerKey(String),
    /// Elements for a setting that is not a list.
    #[error("{key} is not a list, so it takes no append or subtract")]
    NotAList {
        /// Name of the setting.
        key: String,
    },
    /// A value is missing.
    #[error("null value not supported for {key}")]
    NullValue {
        /// Name of the setting.
        key: String,
    },
    /// One request changes a setting twice.
    #[error("{key} is changed more than once in one request")]
    Repeated {
        /// Name of the setting.
        key: String,
    },
    /// The setting changes at a start only.
    #[error("{key} cannot be changed while the broker runs")]
    ReadOnly {
        /// Name of the setting.
        key: String,
    },
    /// The setting differs from broker to broker.
    #[error("{key} cannot be changed for all brokers at once, name a broker")]
    NeedsBroker {
        /// Name of the setting.
        key: String,
    },
    /// Two settings contradict each other.
    #[error("{key} is {value} and {other_key} is {other_value}: expected {expected}")]
    Conflict {
        /// Name of the first setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// Name of the second setting.
        other_key: &'static str,
        /// Its value.
        other_value: String,
        /// The rule that is broken.
        expected: &'static str,
    },
    /// Records of topics that inherit the setting lie in an object store only, and would be hidden.
    #[error(
        "{key}={value} is not supported: records of {topics} lie in the object store only, which no compaction reaches; \
         give these topics a cleanup.policy of their own first, or give up what was copied of them by \
         remote.storage.enable=false and remote.log.delete.on.disable=true"
    )]
    HidesCopied {
        /// Name of the setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// The first topics concerned.
        topics: String,
    },
    /// The value needs a part of the broker that does not exist.
    #[error("{key}={value} is not supported: {reason}")]
    Unsupported {
        /// Name of the setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is missing.
        reason: &'static str,
    },
}

impl AlterError {
    /// Name of the setting that is refused.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            AlterError::TopicValue(error) | AlterError::BrokerValue(error) => &error.key,
            AlterError::UnknownTopicKey(key) | AlterError::UnknownBrokerKey(key) => key,
            AlterError::NotAList { key }
            | AlterError::NullValue { key }
            | AlterError::Repeated { key }
            | AlterError::ReadOnly { key }
            | AlterError::NeedsBroker { key } => key,
            AlterError::Conflict { key, .. }
            | AlterError::HidesCopied { key, .. }
            | AlterError::Unsupported { key, .. } => key,
        }
    }

    /// Whether Kafka answers this with INVALID_REQUEST; everything else is INVALID_CONFIG.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        match self {
            AlterError::BrokerValue(_)
            | AlterError::UnknownBrokerKey(_)
            | AlterError::NullValue { .. }
            | AlterError::Repeated { .. }
            | AlterError::ReadOnly { .. }
            | AlterError::NeedsBroker { .. }
            | AlterError::HidesCopied { .. } => true,
            AlterError::TopicValue(_)
            | AlterError::UnknownTopicKey(_)
            | AlterError::NotAList { .. }
            | AlterError::Conflict { .. }
            | AlterError::Unsupported { .. } => false,
        }
    }
}

/// Checks one setting of a topic by itself and gives its value in canonical form.
///
/// # Errors
/// The setting does not exist or does not take the value.
pub fn validate_topic_config(name: &str, value: &str) -> Result<String, AlterError> {
    let def = keys::topic_key(name).ok_or_else(|| AlterError::UnknownTopicKey(name.to_owned()))?;
    def.canonical(value).map_err(AlterError::TopicValue)
}

/// Checks all settings that a topic is created with, or that replace those it has, also against each other, and gives
/// them in canonical form.
///
/// # Errors
/// The first setting that is unknown, null, invalid, or contradicts another.
pub fn validate_topic_configs<'a>(
    configs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<BTreeMap<String, String>, AlterError> {
    let mut valid = BTreeMap::new();
    for (name, value) in configs {
        let value = value.ok_or_else(|| AlterError::NullValue { key: name.to_owned() })?;
        valid.insert(name.to_owned(), validate_topic_config(name, value)?);
    }
    check_topic(&valid)?;
    Ok(valid)
}

/// The overrides of a topic after these changes.
///
/// # Errors
/// The first change that is refused; the topic keeps what it has.
pub fn alter_topic(
    current: &BTreeMap<String, String>,
    changes: &[ConfigChange],
) -> Result<BTreeMap<String, String>, AlterError> {
    let altered = alter(current, changes, |change| {
        let def = keys::topic_key(&change.name);
        if def.is_none() && change.op != AlterOp::Delete {
            return Err(AlterError::UnknownTopicKey(change.name.clone()));
        }
        Ok(def)
    })
    .map_err(|error| match error {
        AlterError::BrokerValue(value) => AlterError::TopicValue(value),
        other => other,
    })?;
    check_topic(&altered)?;
    Ok(altered)
}

/// The stored changes of a broker's settings, or of all brokers', after these changes.
///
/// A setting of Kafka that has no effect here and may change at run time there is stored as it is.
///
/// # Errors
/// The first change that is refused; what is stored stays.
pub fn alter_broker(
    current: &BTreeMap<String, String>,
    changes: &[ConfigChange],
    scope: BrokerScope,
) -> Result<BTreeMap<String, String>, AlterError> {
    alter(current, changes, |change| broker_def(&change.name, change.op, scope))
}

/// Checks all settings that replace the stored changes of a broker, or of all brokers, and gives them in canonical form.
///
/// # Errors
/// The first setting that is unknown, null, invalid, or does not change at run time.
pub fn validate_broker_configs<'a>(
    configs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    scope: BrokerScope,
) -> Result<BTreeMap<String, String>, AlterError> {
    let sets: BTreeMap<&str, Option<&str>> = configs.into_iter().collect();
    let changes: Vec<ConfigChange> = sets
        .into_iter()
        .map(|(name, value)| ConfigChange {
            name: name.to_owned(),
            op: AlterOp::Set,
            value: value.map(str::to_owned),
        })
        .collect();
    alter_broker(&BTreeMap::new(), &changes, scope)
}

/// The value of one setting after one change; `None` takes the override away.
///
/// `current` is the override that is stored. Without one, elements are added to or removed from the default. As in
/// Kafka, an element that is there already is not added again, and removing one that is not there is no error.
///
/// # Errors
/// The value is missing, not one that the setting takes, or the setting is no list.
pub fn apply_op(
    def: &ConfigDef,
    current: Option<&str>,
    op: AlterOp,
    value: Option<&str>,
) -> Result<Option<String>, AlterError> {
    if op == AlterOp::Delete {
        return Ok(None);
    }
    let value = value.ok_or_else(|| AlterError::NullValue { key: def.name.to_owned() })?;
    if op == AlterOp::Set {
        return def.canonical(value).map(Some).map_err(AlterError::BrokerValue);
    }
    if def.config_type != ConfigType::List {
        return Err(AlterError::NotAList { key: def.name.to_owned() });
    }
    let mut elements: Vec<&str> = split_list(current.or(def.default).unwrap_or_default()).collect();
    for element in split_list(value) {
        if op == AlterOp::Subtract {
            elements.retain(|kept| *kept != element);
        } else if !elements.contains(&element) {
            elements.push(element);
        }
    }
    def.canonical(&elements.join(",")).map(Some).map_err(AlterError::BrokerValue)
}

fn alter(
    current: &BTreeMap<String, String>,
    changes: &[ConfigChange],
    find: impl Fn(&ConfigChange) -> Result<Option<&'static ConfigDef>, AlterError>,
) -> Result<BTreeMap<String, String>, AlterError> {
    let mut changed = BTreeSet::new();
    let mut altered = current.clone();
    for change in changes {
        if !changed.insert(change.name.as_str()) {
            return Err(AlterError::Repeated { key: change.name.clone() });
        }
        let stored = current.get(&change.name).map(String::as_str);
        let value = match find(change)? {
            Some(def) => apply_op(def, stored, change.op, change.value.as_deref())?,
            None => foreign_value(change)?,
        };
        match value {
            Some(value) => altered.insert(change.name.clone(), value),
            None => altered.remove(&change.name),
        };
    }
    Ok(altered)
}

/// The value of a setting without a row: a set or a delete, unchecked.
fn foreign_value(change: &ConfigChange) -> Result<Option<String>, AlterError> {
    match (change.op, &change.value) {
        (AlterOp::Delete, _) => Ok(None),
        (AlterOp::Set, Some(value)) => Ok(Some(value.clone())),
        (AlterOp::Set, None) => Err(AlterError::NullValue { key: change.name.clone() }),
        (AlterOp::Append | AlterOp::Subtract, _) => Err(AlterError::NotAList { key: change.name.clone() }),
    }
}

fn broker_def(name: &str, op: AlterOp, scope: BrokerScope) -> Result<Option<&'static ConfigDef>, AlterError> {
    let key = name.to_owned();
    match keys::broker_key(name) {
        Some(def) => match (def.update, scope) {
            (UpdateMode::ReadOnly, _) => Err(AlterError::ReadOnly { key }),
            (UpdateMode::PerBroker, BrokerScope::All) => Err(AlterError::NeedsBroker { key }),
            _ => Ok(Some(def)),
        },
        None if op == AlterOp::Delete || ignored::is_dynamic_in_kafka(name) => Ok(None),
        None if ignored::standing(name).is_some() => Err(AlterError::ReadOnly { key }),
        None => Err(AlterError::UnknownBrokerKey(key)),
    }
}

/// The rules between the settings of one topic, its overrides completed by the defaults of the tables.
fn check_topic(overrides: &BTreeMap<String, String>) -> Result<(), AlterError> {
    let value = |key: &'static str| {
        let default = keys::topic_key(key).and_then(|def| def.default).unwrap_or_default();
        overrides.get(key).map_or(default, String::as_str).to_owned()
    };
    let number = |key: &'static str| value(key).parse::<i64>().unwrap_or_default();
    let (shortest, longest) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
    if number(shortest) > number(longest) {
        return Err(AlterError::Conflict {
            key: shortest,
            value: value(shortest),
            other_key: longest,
            other_value: value(longest),
            expected: "the first to be at most the second",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
