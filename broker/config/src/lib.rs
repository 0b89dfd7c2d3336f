//! Every setting of a broker and of a topic: name, type, default, meaning, and how a value becomes effective.
//!
//! The tables in `keys/` are the single source: parsing, `--print-config`, DescribeConfigs, validation of changes and
//! docs/configuration.md all read them. Must not: know the broker, read the environment or open files by itself.
//! Read `def.rs` first, then `load.rs` (start) and `topic.rs` (one topic).

pub mod alter;
pub mod broker;
pub mod def;
pub mod describe;
pub mod keys;
pub mod layers;
pub mod listener;
pub mod load;
mod properties;
mod reference;
pub mod tiering;
pub mod topic;

pub use alter::{AlterError, AlterOp, BrokerScope, ConfigChange};
pub use broker::{AdminConfig, BrokerConfig, RemoteConfig};
pub use def::{ConfigDef, ConfigType, Importance, UpdateMode, ValueError};
pub use describe::{ConfigSource, DescribedConfig, DescribedSynonym};
pub use layers::{DynamicBrokerConfigs, Layers};
pub use listener::{Listener, SecurityProtocol};
pub use load::{Config, ConfigError, ConfigFile, Origin, Warning};
pub use reference::reference_markdown;
pub use tiering::{check_inherited_tiering, check_tiering};
pub use topic::{CleanupPolicy, CompressionType, TimestampType, TopicBase, TopicConfig};
