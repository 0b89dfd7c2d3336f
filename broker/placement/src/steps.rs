//! The way from layouts to layouts, in batches that are done one after the other.
//!
//! A partition goes through these phases, those it needs: its replicas are added; followers that are not wanted go; its
//! leader changes; the old leader goes. So it never has fewer replicas than it had or shall have, and the leader stays
//! until everything else is done. The order holds only if each batch is complete before the next begins: replicas added
//! are in sync, the leader named first has taken over.
//!
//! After a stop between any two batches, `plan` from the layout there leads on to the same numbers of replicas.

use std::num::NonZeroUsize;

use crate::error::PlanError;
use crate::model::{BrokerId, Change};

/// How many partitions are changed side by side at most, whatever they copy: it bounds a request.
pub const PARTITIONS_PER_BATCH_MAX: usize = 1_000;

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The partition is created with its replicas.
    Create,
    /// These brokers get replicas, which copy the partition.
    Add(Vec<BrokerId>),
    /// The replicas on these brokers go; none of them leads.
    Remove(Vec<BrokerId>),
    /// The replicas are put in another order, so that this one is the preferred leader.
    Lead(BrokerId),
}

/// One change of one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: usize,
    /// What changes.
    pub action: Action,
    /// The partition's replicas after the step, preferred leader first.
    pub replicas: Vec<BrokerId>,
}

/// The batches that lead through `changes`, in their order. The steps of a batch concern different partitions, so they
/// can be done at the same time; they add at most `adds_max` replicas and concern at most `PARTITIONS_PER_BATCH_MAX`
/// partitions.
///
/// # Errors
/// A change takes partitions away.
pub fn steps(changes: &[Change], adds_max: NonZeroUsize) -> Result<Vec<Vec<Step>>, PlanError> {
    let mut partitions = Vec::new();
    for change in changes {
        let (before, after) = (change.from.partitions().len(), change.to.partitions().len());
        if before > after {
            return Err(PlanError::FewerPartitions { before, after });
        }
        for (partition, to) in change.to.partitions().iter().enumerate() {
            let from: &[BrokerId] = change.from.partitions().get(partition).map_or(&[], Vec::as_slice);
            if from != to.as_slice() {
                partitions.push(PartitionChange { topic: &change.topic, partition, from, to });
            }
        }
    }
    let mut batches = Vec::new();
    let mut rest = partitions.as_slice();
    while !rest.is_empty() {
        let (window, behind) = rest.split_at(window_len(rest, adds_max.get()));
        batches.extend(window_batches(window, adds_max.get()));
        rest = behind;
    }
    Ok(batches)
}

struct PartitionChange<'a> {
    topic: &'a str,
    partition: usize,
    /// Empty if the partition is to be created.
    from: &'a [BrokerId],
    to: &'a [BrokerId],
}

/// How many partitions, from the first on, are changed together: as many as add no more than `adds_max`, at least one.
fn window_len(partitions: &[PartitionChange<'_>], adds_max: usize) -> usize {
    let mut adds = 0;
    let fits = partitions.iter().take(PARTITIONS_PER_BATCH_MAX).take_while(|partition| {
        adds += partition.added().len();
        adds <= adds_max
    });
    fits.count().max(1)
}

fn window_batches(window: &[PartitionChange<'_>], adds_max: usize) -> Vec<Vec<Step>> {
    // Only a window of a single partition has more than one batch of adds.
    let adds = window.iter().map(|partition| partition.added().len()).max().unwrap_or_default();
    let mut batches: Vec<Vec<Step>> = Vec::new();
    for done in (0..adds.max(1)).step_by(adds_max) {
        batches.push(window.iter().filter_map(|partition| partition.begin(done, adds_max)).collect());
    }
    for phase in [PartitionChange::remove_followers, PartitionChange::lead, PartitionChange::remove_leader] {
        batches.push(window.iter().filter_map(phase).collect());
    }
    batches.retain(|batch| !batch.is_empty());
    batches
}

impl PartitionChange<'_> {
    fn added(&self) -> Vec<BrokerId> {
        if self.from.is_empty() {
            return Vec::new();
        }
        self.to.iter().copied().filter(|broker| !self.from.contains(broker)).collect()
    }

    fn step(&self, action: Action, replicas: Vec<BrokerId>) -> Option<Step> {
        Some(Step { topic: self.topic.to_owned(), partition: self.partition, action, replicas })
    }

    /// Creates the partition, or adds up to `adds_max` replicas after the `done` first.
    fn begin(&self, done: usize, adds_max: usize) -> Option<Step> {
        if self.from.is_empty() && done == 0 {
            return self.step(Action::Create, self.to.to_vec());
        }
        let added = self.added();
        let until = added.len().min(done + adds_max);
        let adding = added.get(done..until).filter(|adding| !adding.is_empty())?.to_vec();
        self.step(Action::Add(adding), [self.from, &added[..until]].concat())
    }

    fn remove_followers(&self) -> Option<Step> {
        let leader = self.from.first()?;
        let is_removed = |broker: &BrokerId| broker != leader && !self.to.contains(broker);
        let removed: Vec<BrokerId> = self.from.iter().copied().filter(is_removed).collect();
        if removed.is_empty() {
            return None;
        }
        self.step(Action::Remove(removed), self.before_leading())
    }

    /// The replicas once all are added and followers that are not wanted are gone.
    fn before_leading(&self) -> Vec<BrokerId> {
        let leader = self.from.first();
        let staying = self.from.iter().filter(|broker| leader == Some(broker) || self.to.contains(broker));
        staying.copied().chain(self.added()).collect()
    }

    /// The replicas in their final order, and behind them an old leader that is still to go.
    fn after_leading(&self) -> Vec<BrokerId> {
        let old_leader = self.from.first().filter(|leader| !self.to.contains(leader));
        self.to.iter().chain(old_leader).copied().collect()
    }

    fn lead(&self) -> Option<Step> {
        if self.from.is_empty() || self.before_leading() == self.after_leading() {
            return None;
        }
        self.step(Action::Lead(self.to[0]), self.after_leading())
    }

    fn remove_leader(&self) -> Option<Step> {
        let old_leader = self.from.first().filter(|leader| !self.to.contains(leader))?;
        self.step(Action::Remove(vec![*old_leader]), self.to.to_vec())
    }
}

#[cfg(test)]
mod tests;
