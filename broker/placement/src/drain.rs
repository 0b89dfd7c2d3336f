//! Layouts that take every replica off one broker.
//!
//! Topics are planned one after the other by name, each on top of what the others then have. Only that broker is
//! emptied: others that are draining or gone get nothing, and keep what they have until their turn.

use std::collections::BTreeMap;

use crate::draft::Draft;
use crate::error::{BlockedTopic, PlanError};
use crate::model::{Broker, BrokerId, Change, Layout, Loads, check_brokers};
use crate::plan::complete;
use crate::replicas;

/// A topic as it lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    /// Where its replicas are, those included that a move halfway has added or not yet removed.
    pub layout: Layout,
    /// How many replicas each partition shall have, at least 1: what tells a move halfway from a partition with more.
    pub replication_factor: usize,
}

/// The changes that empty `broker`, by topic name: of topics with a replica on it only, and of those only the
/// partitions that have one, which then have as many replicas as the replication factor says. `is_draining` of `broker`
/// itself does not matter. Asked again halfway through the steps of its answer, it leads on to the same numbers of
/// replicas.
///
/// # Errors
/// No brokers, one listed twice, `broker` not among them, a topic without replicas, or topics with more replicas than
/// the other brokers can take: then nothing is planned at all.
pub fn drain(
    brokers: &[Broker],
    topics: &BTreeMap<String, Topic>,
    broker: BrokerId,
) -> Result<Vec<Change>, PlanError> {
    check_brokers(brokers)?;
    let mut brokers = brokers.to_vec();
    let leaving = brokers.iter_mut().find(|b| b.id == broker).ok_or(PlanError::UnknownBroker { broker })?;
    leaving.is_draining = true;
    let mut loads = Loads::default();
    topics.values().for_each(|topic| loads.add(&topic.layout));
    let mut changes = Vec::new();
    let mut blocked = Vec::new();
    for (name, Topic { layout: from, replication_factor }) in topics {
        if *replication_factor == 0 {
            return Err(PlanError::NoReplicas);
        }
        if !from.partitions().iter().any(|replicas| replicas.contains(&broker)) {
            continue;
        }
        let wanted: Vec<usize> = (from.partitions().iter())
            .map(|replicas| if replicas.contains(&broker) { *replication_factor } else { replicas.len() })
            .collect();
        loads.subtract(from);
        let mut draft = Draft::open(&brokers, &loads, from, wanted.len(), |id| id == broker);
        if let Some(partition) = replicas::shortfall(&draft, &wanted) {
            blocked.push(BlockedTopic { topic: name.clone(), partition, replicas: wanted[partition] });
            loads.add(from);
            continue;
        }
        complete(&mut draft, &wanted);
        let to = draft.finish();
        debug_assert!(
            !to.partitions().iter().flatten().any(|b| *b == broker),
            "{name} leaves broker {broker}"
        );
        loads.add(&to);
        changes.push(Change { topic: name.clone(), from: from.clone(), to });
    }
    if blocked.is_empty() {
        return Ok(changes);
    }
    let accepting = brokers.iter().filter(|b| !b.is_draining).count();
    Err(PlanError::DrainBlocked { broker, accepting, topics: blocked })
}

#[cfg(test)]
mod tests;
