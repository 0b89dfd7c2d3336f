//! What is said of a Topic. Pure, but for the events.

use crds::conditions::{READY, State, find, is_true, merged};
use crds::topic::{Drift, PartitionState, Topic, TopicStatus};
use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use proto::admin::v1::{self, Reason};

use super::Found;
use crate::broker_admin::AdminError;
use crate::context::Context;

/// Partitions that a status shows: it has to stay well below what etcd takes.
const PARTITIONS_MAX: usize = 256;

/// Why a topic is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// For programs, in CamelCase.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// Whether it may pass without a change of the object.
    pub passes: bool,
}

impl Problem {
    /// One that a person has to see to.
    #[must_use]
    pub fn lasting(reason: &'static str, message: impl Into<String>) -> Problem {
        Problem { reason, message: message.into(), passes: false }
    }

    /// One that may pass by itself.
    #[must_use]
    pub fn passing(reason: &'static str, message: impl Into<String>) -> Problem {
        Problem { reason, message: message.into(), passes: true }
    }

    /// What a broker has said.
    #[must_use]
    pub fn of(error: &AdminError) -> Problem {
        let message = match &error.config_key {
            Some(key) if !error.message.contains(key.as_str()) => format!("{key}: {}", error.message),
            _ => error.message.clone(),
        };
        match error.reason {
            Reason::InvalidConfig => Problem::lasting("InvalidConfig", message),
            Reason::InvalidTopicName => Problem::lasting("InvalidName", message),
            Reason::InvalidAssignment | Reason::InvalidPartitions => {
                Problem::lasting("InvalidLayout", message)
            }
            Reason::Storage => Problem::passing("DiskFull", message),
            _ if error.is_unavailable => Problem::passing("BrokerUnreachable", message),
            _ => Problem::passing("Refused", message),
        }
    }
}

/// Whether the object was as its present spec says when it was looked at last: what differs now was changed by others.
#[must_use]
pub fn was_settled(topic: &Topic) -> bool {
    topic.status.as_ref().is_some_and(|status| {
        status.observed_generation == topic.meta().generation && is_true(&status.conditions, READY)
    })
}

/// The status of a Topic.
#[must_use]
pub fn status(
    topic: &Topic,
    found: Option<&Found>,
    problem: Option<&Problem>,
    now: Timestamp,
) -> TopicStatus {
    let before = topic.status.clone().unwrap_or_default();
    let generation = topic.metadata.generation;
    let state = match (problem, found) {
        (Some(problem), _) => State::new(READY, false, problem.reason, problem.message.clone()),
        (None, Some(found)) => ready(&found.topic),
        (None, None) => State::unknown(READY, "Unknown", "nothing is known"),
    };
    let conditions = merged(&before.conditions, &[state], generation, now);
    let mut wanted = TopicStatus { conditions, observed_generation: generation, ..before };
    if let Some(found) = found {
        wanted.topic_id = Some(topic_id(&found.topic));
        wanted.partitions = found.topic.partitions.iter().take(PARTITIONS_MAX).map(partition).collect();
        wanted.owned_config = topic.spec.config.keys().cloned().collect();
        if let Some(what) = &found.drift {
            wanted.drift = Some(Drift { at: now.to_string(), what: what.clone() });
        }
    }
    wanted
}

fn ready(topic: &v1::Topic) -> State {
    let without = topic.partitions.iter().filter(|partition| partition.leader < 0).count();
    if without > 0 {
        return State::new(READY, false, "PartitionsOffline", format!("{without} partitions have no leader"));
    }
    let count = topic.partitions.len();
    State::new(READY, true, "TopicReady", format!("{count} partitions are led"))
}

fn partition(partition: &v1::Partition) -> PartitionState {
    PartitionState {
        partition: i32::try_from(partition.index).unwrap_or(i32::MAX),
        leader: partition.leader,
        replicas: partition.replicas.clone(),
        in_sync: partition.in_sync.clone(),
    }
}

/// Id of a topic as Kafka's tools print it.
#[must_use]
pub fn topic_id(topic: &v1::Topic) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(22);
    for chunk in topic.topic_id.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

/// Tells people of what has changed.
pub async fn tell(ctx: &Context, topic: &Topic, wanted: &TopicStatus, found: Option<&Found>) {
    if let Some(what) = found.and_then(|found| found.drift.as_ref()) {
        ctx.metrics.corrections.with_label_values(&["Topic"]).inc();
        let note = format!("set right what was changed behind this object's back: {what}");
        ctx.events.warning(topic, "DriftCorrected", "Apply", &note).await;
    }
    let before = topic.status.as_ref().and_then(|status| find(&status.conditions, READY));
    let Some(now) = find(&wanted.conditions, READY) else { return };
    if before.is_some_and(|before| before.status == now.status && before.reason == now.reason) {
        return;
    }
    if now.status == "True" {
        ctx.events.normal(topic, &now.reason, "Status", &now.message).await;
    } else {
        ctx.events.warning(topic, &now.reason, "Status", &now.message).await;
    }
}

#[cfg(test)]
mod tests;
