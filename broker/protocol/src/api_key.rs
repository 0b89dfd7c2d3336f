//! The API keys, and the one table of the versions that this broker serves.
//!
//! ApiVersions answers from [`SUPPORTED`] and dispatch refuses what is not in it: a version stands here when its semantics
//! exist, not when its bytes can be read. The enum itself is generated from `schema/apis.json`.

mod table;

pub use table::ApiKey;

/// The versions of one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiVersions {
    /// The API.
    pub key: ApiKey,
    /// Oldest version that is advertised.
    pub min: i16,
    /// Newest version that is served.
    pub max: i16,
}

const fn api(key: ApiKey, min: i16, max: i16) -> ApiVersions {
    ApiVersions { key, min, max }
}

/// Every API that this broker serves, by ascending key.
pub const SUPPORTED: &[ApiVersions] = &[
    // Advertised from 0, served from PRODUCE_MIN: librdkafka gives up compression otherwise (KAFKA-18659).
    api(ApiKey::Produce, 0, 13),
    api(ApiKey::Fetch, 4, 18),
    api(ApiKey::ListOffsets, 1, 11),
    api(ApiKey::Metadata, 0, 13),
    api(ApiKey::OffsetCommit, 2, 10),
    api(ApiKey::OffsetFetch, 1, 10),
    api(ApiKey::FindCoordinator, 0, 6),
    api(ApiKey::JoinGroup, 0, 9),
    api(ApiKey::Heartbeat, 0, 4),
    api(ApiKey::LeaveGroup, 0, 5),
    api(ApiKey::SyncGroup, 0, 5),
    api(ApiKey::DescribeGroups, 0, 6),
    api(ApiKey::ListGroups, 0, 5),
    api(ApiKey::ApiVersions, 0, 4),
    api(ApiKey::CreateTopics, 2, 7),
    api(ApiKey::DeleteTopics, 1, 6),
    api(ApiKey::DeleteRecords, 0, 2),
    // Version 6 (two-phase commit, KIP-939) is unstable in Kafka 4.3.
    api(ApiKey::InitProducerId, 0, 5),
    api(ApiKey::OffsetForLeaderEpoch, 2, 4),
    api(ApiKey::DescribeConfigs, 1, 4),
    api(ApiKey::AlterConfigs, 0, 2),
    api(ApiKey::DescribeLogDirs, 1, 5),
    api(ApiKey::CreatePartitions, 0, 3),
    api(ApiKey::DeleteGroups, 0, 2),
    api(ApiKey::IncrementalAlterConfigs, 0, 1),
    api(ApiKey::OffsetDelete, 0, 0),
    api(ApiKey::DescribeQuorum, 0, 2),
    api(ApiKey::DescribeCluster, 0, 2),
    api(ApiKey::DescribeProducers, 0, 0),
    api(ApiKey::ListConfigResources, 0, 1),
    api(ApiKey::DescribeTopicPartitions, 0, 0),
];

/// Oldest version of Produce that is served, though version 0 is advertised.
pub const PRODUCE_MIN: i16 = 3;

/// The versions that are advertised for an API; `None` if it is not served.
#[must_use]
pub fn supported(key: ApiKey) -> Option<ApiVersions> {
    SUPPORTED.iter().copied().find(|entry| entry.key == key)
}

/// Whether a request of this version is served.
#[must_use]
pub fn is_supported(key: ApiKey, version: i16) -> bool {
    supported(key).is_some_and(|entry| {
        let min = if key == ApiKey::Produce { PRODUCE_MIN } else { entry.min };
        (min..=entry.max).contains(&version)
    })
}

impl ApiKey {
    /// The key on the wire.
    #[must_use]
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Version of the header in front of a request: 1, or 2 with tagged fields (KIP-482).
    #[must_use]
    pub fn request_header_version(self, version: i16) -> i16 {
        if version >= self.request_header_v2_since() { 2 } else { 1 }
    }

    /// Version of the header in front of a response: 0, or 1 with tagged fields. For ApiVersions it is always 0, so that
    /// a client that does not know what the broker speaks can read it (KIP-511).
    #[must_use]
    pub fn response_header_version(self, version: i16) -> i16 {
        let since = self.response_header_v1_since();
        // The largest version stands for "never", also where a client asks for just that one.
        if since < i16::MAX && version >= since { 1 } else { 0 }
    }
}

impl std::fmt::Display for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_ascending_keys_and_the_versions_of_kafka() {
        assert!(SUPPORTED.is_sorted_by(|left, right| left.key < right.key));
        for entry in SUPPORTED {
            let oldest = if entry.key == ApiKey::Produce { PRODUCE_MIN } else { entry.min };
            assert_eq!(oldest..=entry.max, entry.key.kafka_versions(), "{}", entry.key);
        }
    }

    #[test]
    fn produce_is_advertised_from_0_and_served_from_3() {
        assert_eq!(supported(ApiKey::Produce).map(|entry| entry.min), Some(0));
        assert!(!is_supported(ApiKey::Produce, 2));
        assert!(is_supported(ApiKey::Produce, 3));
        assert!(!is_supported(ApiKey::Produce, 14));
    }

    #[test]
    fn apis_that_the_broker_lacks_are_not_supported() {
        assert!(!is_supported(ApiKey::AddPartitionsToTxn, 0));
        assert!(!is_supported(ApiKey::InitProducerId, 6));
    }

    #[test]
    fn header_versions_follow_the_first_flexible_version() {
        assert_eq!(ApiKey::Fetch.request_header_version(11), 1);
        assert_eq!(ApiKey::Fetch.request_header_version(12), 2);
        assert_eq!(ApiKey::Fetch.response_header_version(12), 1);
        assert_eq!(ApiKey::OffsetDelete.request_header_version(0), 1);
        assert_eq!(ApiKey::ApiVersions.request_header_version(3), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
        assert_eq!(ApiKey::ApiVersions.response_header_version(i16::MAX), 0);
    }
}
