//! The start: merges the command line, the environment and a file into one set of valid settings.
//!
//! Command line over environment over file over default. Every error is one line that names the key and what was
//! expected; nothing is read here, the caller hands the file's text and the environment in.

mod suggest;

use std::collections::BTreeMap;
use std::fmt;

use crate::broker::BrokerConfig;
use crate::def::ValueError;
use crate::keys::{self, ignored};
use crate::layers::{DynamicBrokerConfigs, Layers};
use crate::properties;

/// A configuration file that was read.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile<'a> {
    /// Its name, for error lines.
    pub name: &'a str,
    /// Its text, in the syntax of Java properties.
    pub contents: &'a str,
}

/// Where a setting was made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// Nowhere: its default counts.
    Default,
    /// In the file, on this line.
    File {
        /// Name of the file.
        name: String,
        /// Line, from 1.
        line: usize,
    },
    /// In a variable of the environment.
    Environment {
        /// Name of the variable.
        variable: String,
    },
    /// With `--set`.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name} line {line}"),
            Origin::Environment { variable } => write!(f, "environment variable {variable}"),
            Origin::CommandLine => f.write_str("--set"),
        }
    }
}

/// Something worth a line in the log that does not stop the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Warning {
    /// A variable begins with `HIGHWATER_` and sets nothing.
    UnknownVariable {
        /// Name of the variable.
        variable: String,
        /// The variable that was perhaps meant.
        suggestion: Option<String>,
    },
    /// A setting of Kafka has no effect here.
    Ignored {
        /// Name of the setting.
        key: String,
        /// Where it was made.
        origin: Origin,
        /// Why it has no effect.
        reason: &'static str,
    },
    /// The file sets a key more than once; the last one counts.
    Repeated {
        /// Name of the setting.
        key: String,
        /// The setting that no longer counts.
        origin: Origin,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::UnknownVariable { variable, suggestion } => {
                write!(
                    f,
                    "environment variable {variable} sets nothing{}",
                    did_you_mean(suggestion.as_deref())
                )
            }
            Warning::Ignored { key, origin, reason } => write!(f, "{key} ({origin}) has no effect: {reason}"),
            Warning::Repeated { key, origin } => write!(f, "{key} ({origin}) is set again further down"),
        }
    }
}

/// Why the broker cannot start with these settings. Every text is one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such setting.
    #[error("unknown setting {key} ({origin}){}", did_you_mean(suggestion.as_deref()))]
    UnknownKey {
        /// Name as it was given.
        key: String,
        /// Where it was made.
        origin: Origin,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// The setting does not take this value.
    #[error("{error} ({origin}){}", did_you_mean(*suggestion))]
    BadValue {
        /// Key, value and expectation.
        error: ValueError,
        /// Where it was made.
        origin: Origin,
        /// The nearest text that it takes, where it takes certain texts only.
        suggestion: Option<&'static str>,
    },
    /// The value is well formed, and this broker cannot work with it or with it beside another setting.
    #[error("{key}: {problem}")]
    Refused {
        /// Name of the setting.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The file is not in the syntax of Java properties.
    #[error("{file} line {line}: {problem}")]
    Syntax {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// An argument of `--set` is not `key=value`.
    #[error("--set {argument}: expected key=value")]
    BadArgument {
        /// The argument.
        argument: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// The settings of a start, valid as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    values: BTreeMap<String, String>,
    origins: BTreeMap<String, Origin>,
    broker: BrokerConfig,
}

impl Config {
    /// Merges and checks all settings.
    ///
    /// `env` is the whole environment, of which only `HIGHWATER_…` is looked at; `sets` are the arguments of `--set`,
    /// each `key=value`, of which later ones win.
    ///
    /// # Errors
    /// The first setting that is unknown, malformed or refused; see [`ConfigError`].
    pub fn load(
        file: Option<ConfigFile<'_>>,
        env: impl IntoIterator<Item = (String, String)>,
        sets: &[String],
    ) -> Result<(Config, Vec<Warning>), ConfigError> {
        let mut merge = Merge::default();
        if let Some(file) = file {
            merge.file(file)?;
        }
        merge.environment(env)?;
        for argument in sets {
            let (key, value) = argument
                .split_once('=')
                .filter(|(key, _)| !key.trim().is_empty())
                .ok_or_else(|| ConfigError::BadArgument { argument: argument.clone() })?;
            merge.set(key.trim(), value, Origin::CommandLine)?;
        }
        merge.align_ids()?;
        merge.tier_by_default();
        let Merge { values, origins, warnings } = merge;
        let broker =
            BrokerConfig::from_layers(&Layers { fixed: &values, dynamic: &DynamicBrokerConfigs::default() })?;
        Ok((Config { values, origins, broker }, warnings))
    }

    /// The typed settings of the start, before any change at run time.
    #[must_use]
    pub fn broker(&self) -> &BrokerConfig {
        &self.broker
    }

    /// These settings with those changed at run time above them.
    #[must_use]
    pub fn layers<'a>(&'a self, dynamic: &'a DynamicBrokerConfigs) -> Layers<'a> {
        Layers { fixed: &self.values, dynamic }
    }

    /// Where a setting of the broker was made.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// Every setting with meaning, source and effective value, as a file that sets just these values.
    #[must_use]
    pub fn print(&self) -> String {
        let dynamic = DynamicBrokerConfigs::default();
        let layers = self.layers(&dynamic);
        let mut text = String::new();
        for def in keys::broker_keys() {
            let value = layers.own(def, 1).into_iter().next().map(|layer| layer.value);
            let line = match value {
                Some(_) if def.is_sensitive() => format!("#{} = [hidden]", def.name),
                Some(value) => format!("{} = {}", def.name, properties::escape_value(&value)),
                None => format!("#{} is not set", def.name),
            };
            text.push_str(&format!("# {}\n# source: {}\n{line}\n\n", def.doc, self.origin(def.name)));
        }
        text
    }
}

#[derive(Default)]
struct Merge {
    values: BTreeMap<String, String>,
    origins: BTreeMap<String, Origin>,
    warnings: Vec<Warning>,
}

impl Merge {
    fn file(&mut self, file: ConfigFile<'_>) -> Result<(), ConfigError> {
        let entries = properties::parse(file.contents).map_err(|error| ConfigError::Syntax {
            file: file.name.to_owned(),
            line: error.line,
            problem: error.problem.to_owned(),
        })?;
        for entry in entries {
            if let Some(earlier) = self.origins.get(&entry.key) {
                self.warnings.push(Warning::Repeated { key: entry.key.clone(), origin: earlier.clone() });
            }
            let origin = Origin::File { name: file.name.to_owned(), line: entry.line };
            self.set(&entry.key, &entry.value, origin)?;
        }
        Ok(())
    }

    fn environment(&mut self, env: impl IntoIterator<Item = (String, String)>) -> Result<(), ConfigError> {
        let known: BTreeMap<String, &'static str> = keys::broker_keys()
            .map(|def| def.name)
            .chain(ignored::all())
            .map(|name| (keys::environment_variable(name), name))
            .collect();
        let ours: BTreeMap<String, String> =
            env.into_iter().filter(|(variable, _)| variable.starts_with(keys::ENVIRONMENT_PREFIX)).collect();
        for (variable, value) in ours {
            if let Some(key) = known.get(&variable) {
                self.set(key, &value, Origin::Environment { variable })?;
            } else if let Some(key) = keys::refused_key(&variable) {
                self.set_foreign(&key, Origin::Environment { variable })?;
            } else {
                let suggestion =
                    suggest::nearest(&variable, known.keys().map(String::as_str)).map(str::to_owned);
                self.warnings.push(Warning::UnknownVariable { variable, suggestion });
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &str, raw: &str, origin: Origin) -> Result<(), ConfigError> {
        let Some(def) = keys::broker_key(key) else {
            return self.set_foreign(key, origin);
        };
        let value = def.canonical(raw).map_err(|error| {
            let suggestion = suggest::nearest_word(raw.trim(), def.words());
            ConfigError::BadValue { error, origin: origin.clone(), suggestion }
        })?;
        self.values.insert(key.to_owned(), value);
        self.origins.insert(key.to_owned(), origin);
        Ok(())
    }

    fn set_foreign(&mut self, key: &str, origin: Origin) -> Result<(), ConfigError> {
        match ignored::standing(key) {
            Some(ignored::Standing::Ignored(reason)) => {
                self.warnings.push(Warning::Ignored { key: key.to_owned(), origin, reason });
                Ok(())
            }
            Some(ignored::Standing::Refused(reason)) => {
                Err(ConfigError::Refused { key: key.to_owned(), problem: format!("{reason} ({origin})") })
            }
            None => {
                let of_topic = keys::topic_key(key).and_then(|def| def.fallbacks.first()).map(|f| f.key);
                let suggestion =
                    of_topic.or_else(|| suggest::nearest(key, keys::broker_keys().map(|def| def.name)));
                let suggestion = suggestion.map(str::to_owned);
                Err(ConfigError::UnknownKey { key: key.to_owned(), origin, suggestion })
            }
        }
    }

    /// Where there is an object store, topics are copied to it unless somebody says otherwise.
    fn tier_by_default(&mut self) {
        let (from, to) = ("highwater.remote.url", "highwater.remote.storage.enable");
        let is_set = self.values.get(from).is_some_and(|url| !url.is_empty());
        if is_set && !self.values.contains_key(to) {
            self.values.insert(to.to_owned(), "true".to_owned());
            let origin = self.origins.get(from).cloned().unwrap_or(Origin::Default);
            self.origins.insert(to.to_owned(), origin);
        }
    }

    /// Makes node.id and broker.id, two names of one thing, agree.
    fn align_ids(&mut self) -> Result<(), ConfigError> {
        let node = self.values.get("node.id").cloned();
        let broker = self.values.get("broker.id").filter(|id| id.as_str() != "-1").cloned();
        let (from, to, value) = match (node, broker) {
            (Some(node), Some(broker)) if node != broker => {
                let problem = format!("is {broker} and node.id is {node}; they have to be equal");
                return Err(ConfigError::Refused { key: "broker.id".to_owned(), problem });
            }
            (Some(node), None) => ("node.id", "broker.id", node),
            (None, Some(broker)) => ("broker.id", "node.id", broker),
            _ => return Ok(()),
        };
        let origin = self.origins.get(from).cloned().unwrap_or(Origin::Default);
        self.values.insert(to.to_owned(), value);
        self.origins.insert(to.to_owned(), origin);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
