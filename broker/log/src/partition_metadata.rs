//! `partition.metadata`: the text file that names the topic id a partition's directory belongs to (KIP-516).
//!
//! ```text
//! version: 0
//! topic_id: TvbrM2lkR0O7Ty7Bfix16Q
//! ```

use broker_protocol::types::{TopicId, uuid_from_base64};
use thiserror::Error;

/// Name of the file inside the partition's directory.
pub const PARTITION_METADATA_FILE: &str = "partition.metadata";

/// Why a `partition.metadata` is not understood.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PartitionMetadataError {
    /// A version other than 0.
    #[error("partition.metadata has version {0:?}, expected 0")]
    Version(String),
    /// No line with a topic id, or one that is none.
    #[error("partition.metadata has no valid topic_id line")]
    TopicId,
}

/// The file's content for a topic id.
#[must_use]
pub fn encode(topic_id: TopicId) -> String {
    format!("version: 0\ntopic_id: {topic_id}\n")
}

/// The topic id in a file's content.
///
/// # Errors
/// Another version, or no readable topic id.
pub fn decode(text: &str) -> Result<TopicId, PartitionMetadataError> {
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim())
        })
    };
    match value("version") {
        Some("0") => {}
        other => return Err(PartitionMetadataError::Version(other.unwrap_or_default().to_owned())),
    }
    let id = value("topic_id").and_then(uuid_from_base64).ok_or(PartitionMetadataError::TopicId)?;
    Ok(TopicId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_kafka_wrote_gives_its_topic_id() {
        let id = decode("version: 0\ntopic_id: TvbrM2lkR0O7Ty7Bfix16Q").unwrap();
        assert_eq!(id.to_string(), "TvbrM2lkR0O7Ty7Bfix16Q");
        assert_eq!(encode(id), "version: 0\ntopic_id: TvbrM2lkR0O7Ty7Bfix16Q\n");
    }

    #[test]
    fn unknown_version_and_missing_id_are_refused() {
        assert_eq!(decode("version: 1\n"), Err(PartitionMetadataError::Version("1".into())));
        assert_eq!(decode("version: 0\ntopic_id: x\n"), Err(PartitionMetadataError::TopicId));
        assert_eq!(decode(""), Err(PartitionMetadataError::Version(String::new())));
    }
}
