//! Identities and numbers of what lies in an object store, as newtypes so that they cannot be mixed up.

use std::fmt;

use broker_protocol::types::{PartitionIndex, TopicId};
use thiserror::Error;

/// Most characters of a cluster id.
const CLUSTER_ID_CHARACTERS_MAX: usize = 64;

/// The id of a cluster, fit to be part of a key: letters, digits, `-` and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClusterId(String);

/// A text that is no cluster id.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("cluster id {0:?} has to be 1 to {CLUSTER_ID_CHARACTERS_MAX} letters, digits, - and _")]
pub struct InvalidClusterId(pub String);

impl ClusterId {
    /// Takes a cluster id.
    ///
    /// # Errors
    /// The text is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<ClusterId, InvalidClusterId> {
        let fits = (1..=CLUSTER_ID_CHARACTERS_MAX).contains(&text.len());
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if fits && text.bytes().all(known) {
            Ok(ClusterId(text.to_owned()))
        } else {
            Err(InvalidClusterId(text.to_owned()))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How often a cluster was begun anew in its bucket: 1 when it was formed, one more with each recovery.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of a cluster that was never recovered.
    pub const FIRST: Generation = Generation(1);

    /// The generation after this one.
    #[must_use]
    pub fn next(self) -> Generation {
        Generation(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a manifest of a partition, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ManifestNumber(pub u64);

impl ManifestNumber {
    /// The first manifest of a partition.
    pub const FIRST: ManifestNumber = ManifestNumber(1);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> ManifestNumber {
        ManifestNumber(self.0 + 1)
    }
}

impl fmt::Display for ManifestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Offset of the cluster's metadata log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MetadataOffset(pub u64);

/// One partition by the id of its topic: a topic made later under the same name is another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartitionId {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition, from 0.
    pub partition: PartitionIndex,
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic_id, self.partition)
    }
}
