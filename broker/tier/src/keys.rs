//! The keys of objects. No other file spells or takes apart one.
//!
//! ```text
//! <prefix>/<cluster id>/root/<generation>
//!                       meta/<metadata offset>
//!                       probe/<uuid>
//!                       t/<topic id>/<partition>/seg/<base offset>-<leader epoch>-<uuid>
//!                                                manifest/<number>
//!                                                page/<first offset>-<uuid>
//! ```
//! Numbers have 20 digits, so that keys sort as their numbers do; ids of topics are spelled as Kafka prints them, other
//! uuids with hyphens. A key that is spelled in any other way is foreign: it is reported and left alone.

use std::fmt;

use broker_protocol::types::{LeaderEpoch, Offset, TopicId, Uuid, uuid_from_base64, uuid_to_base64};
use object_store::path::Path;
use thiserror::Error;

use crate::ids::{ClusterId, Generation, ManifestNumber, MetadataOffset, PartitionId};

/// Digits of a number in a key: enough for 2^64 - 1.
const DIGITS: usize = 20;
/// Characters of a uuid with hyphens.
const UUID_CHARACTERS: usize = 36;
/// Most characters of a prefix: S3 allows 1024 bytes for a key, and the longest of ours below it takes 200.
const PREFIX_CHARACTERS_MAX: usize = 512;

const ROOT: &str = "root";
const META: &str = "meta";
const PROBE: &str = "probe";
const TOPICS: &str = "t";
const SEGMENTS: &str = "seg";
const MANIFESTS: &str = "manifest";
const PAGES: &str = "page";

/// What is wrong with a key or a prefix.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// Not one of this layout's keys.
    #[error("object {0:?} is none of Highwater's: it is left alone")]
    Foreign(String),
    /// A prefix that cannot be one.
    #[error(
        "prefix {0:?} has to be folders of letters, digits, . - _ and =, at most {PREFIX_CHARACTERS_MAX} long"
    )]
    Prefix(String),
}

/// Where in a bucket all keys begin: folders joined by `/`, or nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prefix(String);

impl Prefix {
    /// Takes a prefix; leading and trailing slashes mean nothing.
    ///
    /// # Errors
    /// A folder is empty, `.` or `..`, or has other characters than letters, digits, `.`, `-`, `_` and `=`.
    pub fn parse(text: &str) -> Result<Prefix, KeyError> {
        let inner = text.trim_matches('/');
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_=".contains(&byte);
        let is_folder = |folder: &str| !matches!(folder, "" | "." | "..") && folder.bytes().all(known);
        if inner.len() > PREFIX_CHARACTERS_MAX || !(inner.is_empty() || inner.split('/').all(is_folder)) {
            return Err(KeyError::Prefix(text.to_owned()));
        }
        Ok(Prefix(inner.to_owned()))
    }

    /// The prefix itself as a path, to list the clusters below it.
    #[must_use]
    pub fn path(&self) -> Path {
        Path::from(self.0.as_str())
    }

    /// The cluster whose keys begin with a path that a listing of [`Prefix::path`] has given.
    ///
    /// # Errors
    /// `Foreign`: no cluster of this layout is called so.
    pub fn cluster_of(&self, path: &Path) -> Result<ClusterId, KeyError> {
        let foreign = || KeyError::Foreign(path.to_string());
        let text = path.as_ref();
        let below = if self.0.is_empty() {
            text
        } else {
            text.strip_prefix(&self.0).and_then(|rest| rest.strip_prefix('/')).ok_or_else(foreign)?
        };
        ClusterId::parse(below).map_err(|_| foreign())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Key of an object with record batches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SegmentKey {
    /// The partition.
    pub partition: PartitionId,
    /// First offset.
    pub base_offset: Offset,
    /// Epoch of the leader that wrote it.
    pub leader_epoch: LeaderEpoch,
    /// Makes the key one that nobody else ever writes to.
    pub id: Uuid,
}

/// Key of a page of older entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageKey {
    /// The partition.
    pub partition: PartitionId,
    /// First offset of its first entry.
    pub first: Offset,
    /// Makes the key one that nobody else ever writes to.
    pub id: Uuid,
}

/// Any key of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// Who may write.
    Root(Generation),
    /// A snapshot of the metadata.
    Meta(MetadataOffset),
    /// An object of the self-test.
    Probe(Uuid),
    /// Record batches.
    Segment(SegmentKey),
    /// Which objects hold which offsets.
    Manifest(PartitionId, ManifestNumber),
    /// Older entries of manifests.
    Page(PageKey),
}

impl Key {
    /// Reads a key below a cluster's keys.
    ///
    /// # Errors
    /// `Foreign`: it is not spelled as this file spells keys.
    pub fn parse(below: &str) -> Result<Key, KeyError> {
        // Spelling it again refuses what only reads alike: a sign before a number, capitals in a uuid.
        read(below).filter(|key| key.to_string() == below).ok_or_else(|| KeyError::Foreign(below.to_owned()))
    }

    /// The partition that it belongs to, if it does to one.
    #[must_use]
    pub fn partition(&self) -> Option<PartitionId> {
        match self {
            Key::Root(_) | Key::Meta(_) | Key::Probe(_) => None,
            Key::Segment(SegmentKey { partition, .. })
            | Key::Manifest(partition, _)
            | Key::Page(PageKey { partition, .. }) => Some(*partition),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Root(generation) => write!(f, "{ROOT}/{:0DIGITS$}", generation.0),
            Key::Meta(offset) => write!(f, "{META}/{:0DIGITS$}", offset.0),
            Key::Probe(id) => write!(f, "{PROBE}/{}", id.hyphenated()),
            Key::Segment(key) => key.fmt(f),
            Key::Manifest(partition, number) => {
                write!(f, "{}/{MANIFESTS}/{:0DIGITS$}", folder(*partition), number.0)
            }
            Key::Page(key) => key.fmt(f),
        }
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, epoch, id) = (self.base_offset.0, self.leader_epoch.0, self.id.hyphenated());
        write!(f, "{}/{SEGMENTS}/{base:0DIGITS$}-{epoch:0DIGITS$}-{id}", folder(self.partition))
    }
}

impl fmt::Display for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, id) = (self.first.0, self.id.hyphenated());
        write!(f, "{}/{PAGES}/{first:0DIGITS$}-{id}", folder(self.partition))
    }
}

/// The keys of one cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterKeys {
    /// Prefix and cluster id.
    base: String,
    cluster: ClusterId,
}

impl ClusterKeys {
    /// The keys of a cluster below a prefix.
    #[must_use]
    pub fn new(prefix: &Prefix, cluster: &ClusterId) -> ClusterKeys {
        let base = if prefix.0.is_empty() { cluster.to_string() } else { format!("{prefix}/{cluster}") };
        ClusterKeys { base, cluster: cluster.clone() }
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// Where in the bucket a key is.
    #[must_use]
    pub fn path(&self, key: &Key) -> Path {
        Path::from(format!("{}/{key}", self.base))
    }

    /// The key at a place of the bucket.
    ///
    /// # Errors
    /// `Foreign`: the path is not below this cluster's keys, or not spelled as they are.
    pub fn key_at(&self, path: &Path) -> Result<Key, KeyError> {
        Key::parse(self.below(path)?)
    }

    /// Where all keys of the cluster begin.
    #[must_use]
    pub fn cluster_path(&self) -> Path {
        Path::from(self.base.as_str())
    }

    /// Where the roots lie.
    #[must_use]
    pub fn roots_path(&self) -> Path {
        self.sub(ROOT)
    }

    /// Where the snapshots of the metadata lie.
    #[must_use]
    pub fn metas_path(&self) -> Path {
        self.sub(META)
    }

    /// Where the objects of self-tests lie.
    #[must_use]
    pub fn probes_path(&self) -> Path {
        self.sub(PROBE)
    }

    /// Where all topics lie: a listing of it has one folder for each.
    #[must_use]
    pub fn topics_path(&self) -> Path {
        self.sub(TOPICS)
    }

    /// Where all objects of a topic lie: a listing of it has one folder for each partition.
    #[must_use]
    pub fn topic_path(&self, topic_id: TopicId) -> Path {
        self.sub(&topic_folder(topic_id))
    }

    /// Where all objects of a partition lie.
    #[must_use]
    pub fn partition_path(&self, partition: PartitionId) -> Path {
        self.sub(&folder(partition))
    }

    /// Where the manifests of a partition lie.
    #[must_use]
    pub fn manifests_path(&self, partition: PartitionId) -> Path {
        self.sub(&format!("{}/{MANIFESTS}", folder(partition)))
    }

    /// The topic of a folder below [`ClusterKeys::topics_path`].
    ///
    /// # Errors
    /// `Foreign`.
    pub fn topic_at(&self, path: &Path) -> Result<TopicId, KeyError> {
        let below = self.below(path)?;
        let mut parts = below.split('/');
        match (parts.next(), parts.next().and_then(read_topic), parts.next()) {
            (Some(TOPICS), Some(topic_id), None) => Ok(topic_id),
            _ => Err(KeyError::Foreign(path.to_string())),
        }
    }

    /// The partition of a folder below [`ClusterKeys::topic_path`].
    ///
    /// # Errors
    /// `Foreign`.
    pub fn partition_at(&self, path: &Path) -> Result<PartitionId, KeyError> {
        let below = self.below(path)?;
        let mut parts = below.split('/');
        read_partition(&mut parts)
            .filter(|_| parts.next().is_none())
            .ok_or_else(|| KeyError::Foreign(path.to_string()))
    }

    fn sub(&self, folder: &str) -> Path {
        Path::from(format!("{}/{folder}", self.base))
    }

    fn below<'a>(&self, path: &'a Path) -> Result<&'a str, KeyError> {
        let text: &str = path.as_ref();
        text.strip_prefix(&self.base)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| KeyError::Foreign(path.to_string()))
    }
}

fn topic_folder(topic_id: TopicId) -> String {
    format!("{TOPICS}/{}", uuid_to_base64(topic_id.0))
}

fn folder(partition: PartitionId) -> String {
    format!("{}/{:0DIGITS$}", topic_folder(partition.topic_id), partition.partition)
}

fn read(below: &str) -> Option<Key> {
    let mut parts = below.split('/');
    let key = match parts.next()? {
        ROOT => Key::Root(Generation(number(parts.next()?)?)),
        META => Key::Meta(MetadataOffset(number(parts.next()?)?)),
        PROBE => Key::Probe(uuid(parts.next()?)?),
        TOPICS => {
            let mut all = below.split('/');
            let partition = read_partition(&mut all)?;
            parts = all;
            let (kind, name) = (parts.next()?, parts.next()?);
            read_of_partition(partition, kind, name)?
        }
        _ => return None,
    };
    parts.next().is_none().then_some(key)
}

fn read_of_partition(partition: PartitionId, kind: &str, name: &str) -> Option<Key> {
    match kind {
        SEGMENTS => {
            let (base, rest) = split_number(name)?;
            let (epoch, id) = split_number(rest)?;
            Some(Key::Segment(SegmentKey {
                partition,
                base_offset: Offset(i64::try_from(base).ok()?),
                leader_epoch: LeaderEpoch(i32::try_from(epoch).ok()?),
                id: uuid(id)?,
            }))
        }
        MANIFESTS => Some(Key::Manifest(partition, ManifestNumber(number(name)?))),
        PAGES => {
            let (first, id) = split_number(name)?;
            let first = Offset(i64::try_from(first).ok()?);
            Some(Key::Page(PageKey { partition, first, id: uuid(id)? }))
        }
        _ => None,
    }
}

/// Reads `t/<topic id>/<partition>`.
fn read_partition<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<PartitionId> {
    if parts.next()? != TOPICS {
        return None;
    }
    let topic_id = read_topic(parts.next()?)?;
    let partition = i32::try_from(number(parts.next()?)?).ok()?;
    Some(PartitionId { topic_id, partition })
}

fn read_topic(text: &str) -> Option<TopicId> {
    uuid_from_base64(text).filter(|id| uuid_to_base64(*id) == text).map(TopicId)
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at_checked(DIGITS)?;
    Some((number(digits)?, rest.strip_prefix('-')?))
}

fn number(digits: &str) -> Option<u64> {
    let well_formed = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| digits.parse().ok()).flatten()
}

fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == UUID_CHARACTERS).then(|| Uuid::parse_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests;
