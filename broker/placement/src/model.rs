//! What the planner is told and what it answers: brokers, loads, layouts.
//!
//! A `Layout` is checked when it is made: every partition has replicas, and no broker twice. Partitions are numbered by
//! position, from 0, as Kafka numbers them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::{LayoutError, PlanError};

/// Id of a broker (`node.id`), from 0. Its own type, because the crate of the wire format brings the codecs along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BrokerId(pub i32);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A broker that is registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broker {
    /// Its id, unique among the brokers of a problem.
    pub id: BrokerId,
    /// Its rack (`broker.rack`), compared byte by byte. All brokers without one count as one rack.
    pub rack: Option<String>,
    /// It is to be emptied: it gets no replicas, and `plan` moves away those that it has.
    pub is_draining: bool,
}

/// What lies on one broker, in numbers of partitions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Load {
    /// Replicas, leaders included.
    pub replicas: u64,
    /// Partitions whose preferred leader it is; at most `replicas`.
    pub leaders: u64,
}

/// The load of every broker; a broker that is not named has none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loads(BTreeMap<BrokerId, Load>);

impl Loads {
    /// The load of `broker`.
    #[must_use]
    pub fn of(&self, broker: BrokerId) -> Load {
        self.0.get(&broker).copied().unwrap_or_default()
    }

    /// Adds what `layout` puts on its brokers.
    pub fn add(&mut self, layout: &Layout) {
        for replicas in layout.partitions() {
            for (position, broker) in replicas.iter().enumerate() {
                let load = self.0.entry(*broker).or_default();
                load.replicas += 1;
                load.leaders += u64::from(position == 0);
            }
        }
    }

    /// Takes off what `layout` puts on its brokers.
    ///
    /// # Panics
    /// `layout` was never added.
    pub fn subtract(&mut self, layout: &Layout) {
        for replicas in layout.partitions() {
            for (position, broker) in replicas.iter().enumerate() {
                let load = self.0.get_mut(broker).filter(|load| load.replicas > 0);
                let load = load.expect("only what was added is subtracted");
                load.replicas -= 1;
                load.leaders -= u64::from(position == 0);
            }
        }
    }
}

/// The replicas of each partition of a topic, the preferred leader first. The default has no partitions.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Layout(Vec<Vec<BrokerId>>);

impl Layout {
    /// The layout with these replicas of partition 0, 1 and so on.
    ///
    /// # Errors
    /// A partition has no replicas, or one broker twice.
    pub fn new(partitions: Vec<Vec<BrokerId>>) -> Result<Layout, LayoutError> {
        for (partition, replicas) in partitions.iter().enumerate() {
            if replicas.is_empty() {
                return Err(LayoutError::NoReplicas { partition });
            }
            let mut seen = BTreeSet::new();
            if let Some(broker) = replicas.iter().find(|broker| !seen.insert(**broker)) {
                return Err(LayoutError::DuplicateReplica { partition, broker: *broker });
            }
        }
        Ok(Layout(partitions))
    }

    /// The layout with the replicas of each partition by its number.
    ///
    /// # Errors
    /// As `new`, and if the numbers are not 0, 1 and so on without a gap.
    pub fn from_indexed(partitions: BTreeMap<usize, Vec<BrokerId>>) -> Result<Layout, LayoutError> {
        if let Some((missing, (found, _))) = partitions.iter().enumerate().find(|(i, (index, _))| i != *index)
        {
            return Err(LayoutError::Gap { missing, found: *found });
        }
        Layout::new(partitions.into_values().collect())
    }

    /// The replicas of every partition.
    #[must_use]
    pub fn partitions(&self) -> &[Vec<BrokerId>] {
        &self.0
    }
}

/// Which layout is asked for: that of one topic on these brokers.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// All brokers that are registered, in any order.
    pub brokers: &'a [Broker],
    /// How many partitions the topic shall have, at least 1.
    pub partitions: usize,
    /// How many replicas each of them shall have, at least 1.
    pub replication_factor: usize,
    /// What all other topics put on the brokers. Brokers that are not registered do not matter here.
    pub other_loads: &'a Loads,
}

impl Problem<'_> {
    /// Checks that there is an answer that keeps the partitions of `previous`.
    pub(crate) fn check(&self, previous: &Layout) -> Result<(), PlanError> {
        check_brokers(self.brokers)?;
        if self.partitions == 0 {
            return Err(PlanError::NoPartitions);
        }
        if self.replication_factor == 0 {
            return Err(PlanError::NoReplicas);
        }
        let before = previous.partitions().len();
        if before > self.partitions {
            return Err(PlanError::FewerPartitions { before, after: self.partitions });
        }
        let draining: Vec<BrokerId> = self.brokers.iter().filter(|b| b.is_draining).map(|b| b.id).collect();
        let accepting = self.brokers.len() - draining.len();
        if accepting < self.replication_factor {
            let replication_factor = self.replication_factor;
            return Err(PlanError::TooFewBrokers { replication_factor, accepting, draining });
        }
        Ok(())
    }
}

/// Checks that there are brokers, and none twice.
pub(crate) fn check_brokers(brokers: &[Broker]) -> Result<(), PlanError> {
    if brokers.is_empty() {
        return Err(PlanError::NoBrokers);
    }
    let mut seen = BTreeSet::new();
    match brokers.iter().find(|broker| !seen.insert(broker.id)) {
        Some(broker) => Err(PlanError::DuplicateBroker { broker: broker.id }),
        None => Ok(()),
    }
}

/// A topic that changes from one layout to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The topic's name; it is only passed on.
    pub topic: String,
    /// Its layout before.
    pub from: Layout,
    /// Its layout after, with as many partitions or more.
    pub to: Layout,
}

#[cfg(test)]
mod tests;
