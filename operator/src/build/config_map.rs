//! The brokers' settings as a file, `server.properties`: what only a restart changes. The rest is told to running brokers.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::controllers::cluster::validate::ValidCluster;
use crate::names::labels;

/// Key of the file.
pub const FILE: &str = "server.properties";

/// The file in a ConfigMap.
#[must_use]
pub fn config_map(cluster: &ValidCluster) -> ConfigMap {
    let names = &cluster.names;
    ConfigMap {
        metadata: names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner)),
        data: Some(labels(&[(FILE, &text(cluster))])),
        ..ConfigMap::default()
    }
}

/// The text of the file: one setting a line, by key.
#[must_use]
pub fn text(cluster: &ValidCluster) -> String {
    let line = |(key, value): (&String, &String)| format!("{key}={}\n", escaped(value));
    cluster.static_config.iter().map(line).collect()
}

/// As Java's properties want a value.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, character) in value.chars().enumerate() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' ' if at == 0 => text.push_str("\\ "),
            character => text.push(character),
        }
    }
    text
}
