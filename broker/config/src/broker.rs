//! The broker's settings as types, built from the layers and checked against each other.
//!
//! Invariant: a `BrokerConfig` is consistent; code that reads it checks nothing again. Every field names its setting,
//! whose meaning and unit stand in the tables under `keys/`.

mod admin;
mod remote;

use std::path::PathBuf;

use crate::def::{ConfigDef, split_list};
use crate::keys;
use crate::layers::Layers;
use crate::listener::{self, Listener, SecurityProtocol};
use crate::load::ConfigError;

pub use admin::AdminConfig;
pub use remote::RemoteConfig;

/// All settings of a broker that its code reads, except those that only stand in for a topic's (see `TopicConfig`).
#[derive(Clone, PartialEq, Debug)]
pub struct BrokerConfig {
    /// `node.id`, from 0.
    pub node_id: i32,
    /// `broker.rack`; `None` where it is empty.
    pub rack: Option<String>,
    /// `highwater.cluster.id`; `None` lets the first start make one up.
    pub cluster_id: Option<String>,
    /// `log.dirs`, or `log.dir` where that is not set.
    pub log_dir: PathBuf,
    /// `listeners`, at least one, all of them PLAINTEXT.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`, or `listeners`. A port 0 stands for the port that the listener of the same name got, an
    /// empty host for the host name of the machine.
    pub advertised_listeners: Vec<Listener>,
    /// `highwater.http.listener` as host and port; `None` opens none.
    pub http_listener: Option<(String, u16)>,
    /// The admin service; `None` opens none.
    pub admin: Option<AdminConfig>,
    /// Sockets and what is in flight on them.
    pub network: NetworkConfig,
    /// What topics and requests get that do not say otherwise.
    pub topics: TopicDefaults,
    /// Background work on the logs and the durability of acknowledged records.
    pub storage: StorageConfig,
    /// Tiered storage.
    pub remote: RemoteConfig,
    /// Consumer groups.
    pub groups: GroupConfig,
    /// Committed offsets and their topic.
    pub offsets: OffsetsConfig,
    /// Log lines.
    pub logging: LoggingConfig,
}

/// Sockets and what is in flight on them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkConfig {
    /// `socket.request.max.bytes`, from 1.
    pub request_bytes_max: usize,
    /// `socket.send.buffer.bytes`; `None` leaves it to the system.
    pub send_buffer_bytes: Option<usize>,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the system.
    pub receive_buffer_bytes: Option<usize>,
    /// `socket.listen.backlog.size`, from 1.
    pub listen_backlog: u32,
    /// `max.connections`.
    pub connections_max: usize,
    /// `max.connections.per.ip`.
    pub connections_per_ip_max: usize,
    /// `connections.max.idle.ms`; `None` keeps idle connections.
    pub idle_ms_max: Option<u64>,
    /// `queued.max.request.bytes`, or `highwater.memory.max.bytes` where that is -1 or less than it.
    pub queued_request_bytes_max: usize,
    /// `highwater.memory.max.bytes`.
    pub memory_bytes_max: usize,
    /// `fetch.max.bytes`, from 1024.
    pub fetch_bytes_max: usize,
    /// `max.incremental.fetch.session.cache.slots`; 0 grants no sessions.
    pub fetch_session_slots: usize,
    /// `max.request.partition.size.limit`, from 1.
    pub request_partitions_max: usize,
}

/// What topics and requests get that do not say otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicDefaults {
    /// `auto.create.topics.enable`.
    pub auto_create: bool,
    /// `delete.topic.enable`.
    pub deletable: bool,
    /// `num.partitions`, from 1.
    pub partitions: i32,
    /// `default.replication.factor`, from 1 to 32767.
    pub replication_factor: i16,
}

/// Background work on the logs and the durability of acknowledged records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageConfig {
    /// `log.retention.check.interval.ms`, from 1.
    pub retention_check_interval_ms: u64,
    /// `highwater.commit.log.max.bytes`, from 1 MiB.
    pub commit_log_bytes_max: u64,
    /// `highwater.checkpoint.interval.ms`, from 100.
    pub checkpoint_interval_ms: u64,
    /// `producer.id.expiration.ms`, from 1.
    pub producer_id_expiration_ms: u64,
    /// `log.cleaner.enable`.
    pub cleaner_enabled: bool,
    /// `highwater.cold.read.threads`, from 1 to 256.
    pub cold_read_threads: usize,
    /// `highwater.cold.read.max.bytes`, from 1 MiB.
    pub cold_read_bytes_max: usize,
}

/// Consumer groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupConfig {
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`, at most the longest.
    pub session_timeout_ms_min: i32,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_ms_max: i32,
    /// `group.max.size`, from 1.
    pub members_max: usize,
}

/// Committed offsets and their topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetsConfig {
    /// `offset.metadata.max.bytes`.
    pub metadata_bytes_max: usize,
    /// `offsets.topic.num.partitions`, from 1.
    pub topic_partitions: i32,
    /// `offsets.topic.replication.factor`, from 1.
    pub topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`, from 1 MiB.
    pub topic_segment_bytes: i32,
    /// `offsets.retention.minutes`, in milliseconds.
    pub retention_ms: u64,
    /// `offsets.retention.check.interval.ms`, from 1.
    pub retention_check_interval_ms: u64,
    /// `offsets.commit.timeout.ms`, from 1.
    pub commit_timeout_ms: u64,
}

/// Form of the log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Log lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggingConfig {
    /// `highwater.log.format`.
    pub format: LogFormat,
    /// `highwater.log.level`: a level, or several as `module=level` with commas between.
    pub level: String,
}

impl BrokerConfig {
    /// The typed settings that these layers amount to.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] where valid values do not fit together, or where this broker does not support one.
    pub fn from_layers(layers: &Layers<'_>) -> Result<Self, ConfigError> {
        let read = Reader { layers };
        let listeners = listeners(&read)?;
        let http = read.text("highwater.http.listener");
        let http_listener = if http.is_empty() { None } else { listener::parse_address(&http) };
        Ok(BrokerConfig {
            node_id: read.int("node.id"),
            rack: read.optional_text("broker.rack"),
            cluster_id: read.optional_text("highwater.cluster.id"),
            log_dir: log_dir(&read)?,
            advertised_listeners: advertised_listeners(&read, &listeners)?,
            listeners,
            http_listener,
            admin: admin::admin(&read)?,
            network: network(&read)?,
            topics: TopicDefaults {
                auto_create: read.boolean("auto.create.topics.enable"),
                deletable: read.boolean("delete.topic.enable"),
                partitions: read.int("num.partitions"),
                replication_factor: i16::try_from(read.int("default.replication.factor")).unwrap_or(i16::MAX),
            },
            storage: StorageConfig {
                retention_check_interval_ms: read.unsigned("log.retention.check.interval.ms"),
                commit_log_bytes_max: read.unsigned("highwater.commit.log.max.bytes"),
                checkpoint_interval_ms: read.unsigned("highwater.checkpoint.interval.ms"),
                producer_id_expiration_ms: read.unsigned("producer.id.expiration.ms"),
                cleaner_enabled: read.boolean("log.cleaner.enable"),
                cold_read_threads: read.size("highwater.cold.read.threads"),
                cold_read_bytes_max: read.size("highwater.cold.read.max.bytes"),
            },
            remote: remote::remote(&read)?,
            groups: groups(&read)?,
            offsets: OffsetsConfig {
                metadata_bytes_max: read.size("offset.metadata.max.bytes"),
                topic_partitions: read.int("offsets.topic.num.partitions"),
                topic_replication_factor: read.short("offsets.topic.replication.factor"),
                topic_segment_bytes: read.int("offsets.topic.segment.bytes"),
                retention_ms: read.unsigned("offsets.retention.minutes").saturating_mul(60_000),
                retention_check_interval_ms: read.unsigned("offsets.retention.check.interval.ms"),
                commit_timeout_ms: read.unsigned("offsets.commit.timeout.ms"),
            },
            logging: LoggingConfig {
                format: if read.text("highwater.log.format") == "json" {
                    LogFormat::Json
                } else {
                    LogFormat::Text
                },
                level: read.text("highwater.log.level"),
            },
        })
    }
}

fn network(read: &Reader<'_>) -> Result<NetworkConfig, ConfigError> {
    let memory_bytes_max = read.size("highwater.memory.max.bytes");
    let request_bytes_max = read.size("socket.request.max.bytes");
    if request_bytes_max > memory_bytes_max {
        return Err(refused(
            "highwater.memory.max.bytes",
            format!(
                "{memory_bytes_max} is less than socket.request.max.bytes, {request_bytes_max}; raise the one or lower the other"
            ),
        ));
    }
    let queued = read.number("queued.max.request.bytes");
    if (0..request_bytes_max as i64).contains(&queued) {
        return Err(refused(
            "queued.max.request.bytes",
            format!(
                "{queued} is less than socket.request.max.bytes, {request_bytes_max}; set it to -1 or to that"
            ),
        ));
    }
    let queued_request_bytes_max =
        usize::try_from(queued).map_or(memory_bytes_max, |bytes| bytes.min(memory_bytes_max));
    Ok(NetworkConfig {
        request_bytes_max,
        send_buffer_bytes: read.optional_size("socket.send.buffer.bytes"),
        receive_buffer_bytes: read.optional_size("socket.receive.buffer.bytes"),
        listen_backlog: u32::try_from(read.int("socket.listen.backlog.size")).unwrap_or(1),
        connections_max: read.size("max.connections"),
        connections_per_ip_max: read.size("max.connections.per.ip"),
        idle_ms_max: u64::try_from(read.number("connections.max.idle.ms")).ok(),
        queued_request_bytes_max,
        memory_bytes_max,
        fetch_bytes_max: read.size("fetch.max.bytes"),
        fetch_session_slots: read.size("max.incremental.fetch.session.cache.slots"),
        request_partitions_max: read.size("max.request.partition.size.limit"),
    })
}

fn groups(read: &Reader<'_>) -> Result<GroupConfig, ConfigError> {
    let session_timeout_ms_min = read.int("group.min.session.timeout.ms");
    let session_timeout_ms_max = read.int("group.max.session.timeout.ms");
    if session_timeout_ms_min > session_timeout_ms_max {
        return Err(refused(
            "group.min.session.timeout.ms",
            format!(
                "{session_timeout_ms_min} is more than group.max.session.timeout.ms, {session_timeout_ms_max}"
            ),
        ));
    }
    Ok(GroupConfig {
        initial_rebalance_delay_ms: read.unsigned("group.initial.rebalance.delay.ms"),
        session_timeout_ms_min,
        session_timeout_ms_max,
        members_max: read.size("group.max.size"),
    })
}

fn log_dir(read: &Reader<'_>) -> Result<PathBuf, ConfigError> {
    let text = read.text("log.dirs");
    let mut directories = split_list(&text);
    match (directories.next(), directories.next()) {
        (Some(only), None) => Ok(PathBuf::from(only)),
        _ => Err(refused(
            "log.dirs",
            format!("`{text}` names several directories; exactly one is supported yet"),
        )),
    }
}

fn listeners(read: &Reader<'_>) -> Result<Vec<Listener>, ConfigError> {
    let text = read.text("listeners");
    let mut listeners = listener::parse_list(&text).expect("the table takes lists of listeners only");
    drop_controllers(read, &mut listeners);
    if listeners.is_empty() {
        let problem = format!("controller.listener.names leaves none of {text} for clients");
        return Err(refused("listeners", problem));
    }
    let protocols = listener::parse_protocol_map(&read.text("listener.security.protocol.map"))
        .expect("the table takes maps of protocols only");
    for (index, one) in listeners.iter().enumerate() {
        match protocols.get(&one.name) {
            Some(SecurityProtocol::Plaintext) => {}
            Some(other) => {
                let problem = format!("{one} asks for {other}; only PLAINTEXT is supported yet");
                return Err(refused("listeners", problem));
            }
            None => {
                let problem = format!("the name of {one} has no entry in listener.security.protocol.map");
                return Err(refused("listeners", problem));
            }
        }
        let taken = |other: &&Listener| one.port != 0 && other.port == one.port && other.host == one.host;
        if let Some(other) = listeners[..index].iter().find(taken) {
            return Err(refused("listeners", format!("{one} has the address of {other}")));
        }
    }
    Ok(listeners)
}

/// Takes out what `controller.listener.names` names.
fn drop_controllers(read: &Reader<'_>, listeners: &mut Vec<Listener>) {
    let names = read.optional_text("controller.listener.names").unwrap_or_default();
    let is_controller = |name: &str| split_list(&names).any(|other| other.eq_ignore_ascii_case(name));
    listeners.retain(|listener| !is_controller(&listener.name));
}

fn advertised_listeners(read: &Reader<'_>, listeners: &[Listener]) -> Result<Vec<Listener>, ConfigError> {
    const KEY: &str = "advertised.listeners";
    let explicit = read.optional_text(KEY);
    let mut advertised = match &explicit {
        Some(text) => listener::parse_list(text).expect("the table takes lists of listeners only"),
        None => listeners.to_vec(),
    };
    drop_controllers(read, &mut advertised);
    if advertised.is_empty() {
        return Err(refused(KEY, "it names no listener that is for clients".to_owned()));
    }
    for one in &advertised {
        if one.is_wildcard() {
            let problem =
                format!("no client can connect to {one}; set {KEY} to an address that clients reach");
            return Err(refused(KEY, problem));
        }
        if !listeners.iter().any(|listener| listener.name == one.name) {
            return Err(refused(KEY, format!("listeners has no listener with the name of {one}")));
        }
        if explicit.is_some() && one.port == 0 {
            return Err(refused(KEY, format!("{one} needs the port that clients connect to")));
        }
    }
    Ok(advertised)
}

fn refused(key: &str, problem: String) -> ConfigError {
    ConfigError::Refused { key: key.to_owned(), problem }
}

/// Reads effective values as types. The tables decide what is valid, so a value that is there always parses.
struct Reader<'a> {
    layers: &'a Layers<'a>,
}

impl Reader<'_> {
    fn value(&self, key: &str) -> Option<String> {
        let def: &ConfigDef = keys::broker_key(key).expect("every setting that is read stands in a table");
        self.layers.get(def.name)
    }

    fn text(&self, key: &str) -> String {
        self.value(key).expect("a setting that is read as text has a default")
    }

    fn optional_text(&self, key: &str) -> Option<String> {
        self.value(key).filter(|text| !text.is_empty())
    }

    fn number(&self, key: &str) -> i64 {
        self.text(key).parse().expect("the table takes whole numbers only")
    }

    fn boolean(&self, key: &str) -> bool {
        self.text(key) == "true"
    }

    fn int(&self, key: &str) -> i32 {
        i32::try_from(self.number(key)).expect("the table takes 32 bits only")
    }

    fn short(&self, key: &str) -> i16 {
        i16::try_from(self.number(key)).expect("the table takes 16 bits only")
    }

    fn unsigned(&self, key: &str) -> u64 {
        u64::try_from(self.number(key)).expect("the table takes no negative numbers")
    }

    fn size(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).expect("the table takes no negative numbers")
    }

    fn optional_size(&self, key: &str) -> Option<usize> {
        usize::try_from(self.number(key)).ok()
    }
}

#[cfg(test)]
mod tests;
