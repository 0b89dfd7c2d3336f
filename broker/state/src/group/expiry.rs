//! Offsets that outlived their group or their topic, and groups without any.

use broker_protocol::types::TopicId;

use super::classic_group::{Group, GroupState};
use super::messages::Outcome;
use super::offsets::CommittedOffset;
use super::record;
use super::shard::GroupShard;
use crate::metadata::topics::DeletedTopic;

impl GroupShard {
    /// Deletes the offsets that the groups of this shard committed for deleted topics. Others may have their names by
    /// now, and offsets of their own: `before_ms` is a moment before the deletion, in milliseconds; what was committed
    /// since, by a client that the topic's id is not known of, is kept.
    pub fn delete_topics(&mut self, topics: &[DeletedTopic], before_ms: i64) -> Outcome {
        let mut outcome = Outcome::respond(());
        for group in self.groups.values() {
            for topic in topics {
                for (partition, committed) in group.offsets.of_topic(&topic.name) {
                    if concerns(topic, committed, before_ms) {
                        outcome.records.push(record::offset_tombstone(&group.id, &topic.name, partition));
                    }
                }
            }
        }
        outcome
    }

    /// Deletes what expired: offsets, then groups that have neither members nor offsets left.
    pub(super) fn clean_up(&mut self, wall_ms: i64) -> Outcome {
        let mut outcome = Outcome::respond(());
        for group in self.groups.values() {
            let mut all_expired = true;
            for (topic, partition, committed) in group.offsets.iter() {
                if group.is_expired(topic, committed, wall_ms, self.config.offsets_retention_ms) {
                    outcome.records.push(record::offset_tombstone(&group.id, topic, partition));
                } else {
                    all_expired = false;
                }
            }
            if all_expired && group.state == GroupState::Empty && group.pending_joins.is_empty() {
                outcome.records.push(record::group_tombstone(&group.id));
            }
        }
        outcome
    }
}

fn concerns(topic: &DeletedTopic, committed: &CommittedOffset, before_ms: i64) -> bool {
    if committed.topic_id == TopicId::ZERO {
        return committed.commit_timestamp_ms < before_ms;
    }
    committed.topic_id == topic.id
}

impl Group {
    fn is_expired(&self, topic: &str, committed: &CommittedOffset, wall_ms: i64, retention_ms: i64) -> bool {
        if self.is_subscribed_to(topic) {
            return false;
        }
        let idle_since_ms = match (&self.protocol_type, self.state) {
            // A group that never had members: every offset ages on its own.
            (None, _) => committed.commit_timestamp_ms,
            (Some(_), GroupState::Empty) => self.state_timestamp_ms.unwrap_or(committed.commit_timestamp_ms),
            // Members are at work, but not on this topic any more.
            (Some(_), GroupState::Stable) if self.subscribed_topics.is_some() => {
                committed.commit_timestamp_ms
            }
            (Some(_), _) => return false,
        };
        match committed.expire_timestamp_ms {
            Some(expire_ms) => wall_ms >= expire_ms,
            None => wall_ms.saturating_sub(idle_since_ms) >= retention_ms,
        }
    }
}
