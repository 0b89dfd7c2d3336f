//! The limits that groups live under, named after Kafka's settings.

/// Settings of the group coordinator; times in milliseconds.
#[derive(Clone, Debug)]
pub struct GroupConfig {
    /// `group.min.session.timeout.ms`: shorter session timeouts are refused.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`: longer session timeouts are refused.
    pub session_timeout_max_ms: i32,
    /// `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more members.
    pub initial_rebalance_delay_ms: i32,
    /// `group.max.size`: members that one group may have.
    pub members_max: usize,
    /// How long a new member that waits for its first rebalance is kept without a sign of life.
    pub new_member_join_timeout_ms: i32,
    /// `offset.metadata.max.bytes`: longest metadata of one committed offset, in UTF-16 units as Kafka counts.
    pub offset_metadata_units_max: usize,
    /// `offsets.retention.minutes`, in milliseconds: how long offsets outlive their group's last member.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`: how often expired offsets are looked for.
    pub offsets_retention_check_interval_ms: i64,
}

impl Default for GroupConfig {
    fn default() -> Self {
        GroupConfig {
            session_timeout_min_ms: 6_000,
            session_timeout_max_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            members_max: i32::MAX as usize,
            new_member_join_timeout_ms: 300_000,
            offset_metadata_units_max: 4_096,
            offsets_retention_ms: 7 * 24 * 3_600_000,
            offsets_retention_check_interval_ms: 600_000,
        }
    }
}
