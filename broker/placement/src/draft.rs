//! A layout in the making: brokers and racks by position, what each broker has, which replicas may still move.
//!
//! Invariant: the counts of `DraftBroker` are those of the replicas and leaders in `partitions`, on top of the loads of
//! the other topics; no partition has a broker twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Broker, BrokerId, Layout, Load, Loads};

/// Position of a broker in `Draft::brokers`, which is ordered by id.
pub(crate) type BrokerIndex = usize;

#[derive(Debug)]
pub(crate) struct DraftBroker {
    pub(crate) id: BrokerId,
    /// Position of its rack in `Draft::racks`.
    pub(crate) rack: usize,
    /// It is registered and not draining.
    pub(crate) accepts: bool,
    /// What this topic puts on it.
    pub(crate) topic: Load,
    /// What all topics put on it, this one included.
    pub(crate) total: Load,
}

#[derive(Default, Debug)]
pub(crate) struct DraftRack {
    /// Its brokers that accept replicas.
    pub(crate) brokers: u64,
    /// Replicas of this topic on any of its brokers.
    replicas: u64,
}

#[derive(Default, Debug)]
pub(crate) struct DraftPartition {
    pub(crate) replicas: Vec<BrokerIndex>,
    pub(crate) leader: Option<BrokerIndex>,
    /// Replicas that stay.
    pub(crate) fixed: Vec<BrokerIndex>,
    /// Where its replicas may lie, in the order in which the layout names them; anywhere if `None`.
    pub(crate) choices: Option<Vec<BrokerIndex>>,
}

#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) brokers: Vec<DraftBroker>,
    pub(crate) racks: Vec<DraftRack>,
    pub(crate) partitions: Vec<DraftPartition>,
}

impl Draft {
    /// `previous` without its replicas on brokers that `leaves`, and with `partitions` partitions.
    pub(crate) fn open(
        brokers: &[Broker],
        other_loads: &Loads,
        previous: &Layout,
        partitions: usize,
        leaves: impl Fn(BrokerId) -> bool,
    ) -> Draft {
        let mut draft = Draft::without_partitions(brokers, other_loads, previous, &leaves);
        draft.partitions.resize_with(partitions, DraftPartition::default);
        for (partition, replicas) in previous.partitions().iter().enumerate() {
            for (position, id) in replicas.iter().enumerate().filter(|(_, id)| !leaves(**id)) {
                let broker = draft.index_of(*id);
                draft.add(partition, broker);
                if position == 0 {
                    draft.set_leader(partition, broker);
                }
            }
        }
        draft
    }

    /// Has the brokers given, and those that are gone but keep replicas of `previous`.
    fn without_partitions(
        brokers: &[Broker],
        other_loads: &Loads,
        previous: &Layout,
        leaves: impl Fn(BrokerId) -> bool,
    ) -> Draft {
        let registered: BTreeMap<BrokerId, &Broker> = brokers.iter().map(|b| (b.id, b)).collect();
        let keeping = previous.partitions().iter().flatten().copied().filter(|id| !leaves(*id));
        let ids: BTreeSet<BrokerId> = registered.keys().copied().chain(keeping).collect();
        let rack_of = |id: &BrokerId| registered.get(id).and_then(|broker| broker.rack.as_deref());
        let rack_names: BTreeSet<Option<&str>> = ids.iter().map(rack_of).collect();
        let rack_indexes: BTreeMap<Option<&str>, usize> = rack_names.into_iter().zip(0..).collect();
        let mut racks = Vec::new();
        racks.resize_with(rack_indexes.len(), DraftRack::default);
        let mut seats = Vec::with_capacity(ids.len());
        for id in &ids {
            let accepts = registered.get(id).is_some_and(|broker| !broker.is_draining);
            let rack = rack_indexes[&rack_of(id)];
            racks[rack].brokers += u64::from(accepts);
            seats.push(DraftBroker {
                id: *id,
                rack,
                accepts,
                topic: Load::default(),
                total: other_loads.of(*id),
            });
        }
        Draft { brokers: seats, racks, partitions: Vec::new() }
    }

    fn index_of(&self, id: BrokerId) -> BrokerIndex {
        self.brokers.binary_search_by_key(&id, |broker| broker.id).expect("brokers with replicas are listed")
    }

    pub(crate) fn add(&mut self, partition: usize, broker: BrokerIndex) {
        let position = self.partitions[partition].replicas.len();
        self.insert(partition, position, broker);
    }

    fn insert(&mut self, partition: usize, position: usize, broker: BrokerIndex) {
        assert!(!self.partitions[partition].replicas.contains(&broker), "a broker has a partition once");
        self.partitions[partition].replicas.insert(position, broker);
        self.racks[self.brokers[broker].rack].replicas += 1;
        self.brokers[broker].topic.replicas += 1;
        self.brokers[broker].total.replicas += 1;
    }

    /// Takes a replica away and gives its position among the others.
    pub(crate) fn remove(&mut self, partition: usize, broker: BrokerIndex) -> usize {
        let replicas = &mut self.partitions[partition].replicas;
        let position = replicas.iter().position(|b| *b == broker).expect("only what is there is removed");
        replicas.remove(position);
        self.racks[self.brokers[broker].rack].replicas -= 1;
        self.brokers[broker].topic.replicas -= 1;
        self.brokers[broker].total.replicas -= 1;
        position
    }

    /// Moves a replica, and its leadership with it.
    pub(crate) fn replace(&mut self, partition: usize, from: BrokerIndex, to: BrokerIndex) {
        let position = self.remove(partition, from);
        self.insert(partition, position, to);
        if self.partitions[partition].leader == Some(from) {
            self.set_leader(partition, to);
        }
    }

    pub(crate) fn set_leader(&mut self, partition: usize, broker: BrokerIndex) {
        if let Some(before) = self.partitions[partition].leader.replace(broker) {
            self.brokers[before].topic.leaders -= 1;
            self.brokers[before].total.leaders -= 1;
        }
        self.brokers[broker].topic.leaders += 1;
        self.brokers[broker].total.leaders += 1;
    }

    /// How many replicas of `partition` lie in `rack`.
    pub(crate) fn in_rack(&self, partition: usize, rack: usize) -> usize {
        self.partitions[partition].replicas.iter().filter(|b| self.brokers[**b].rack == rack).count()
    }

    /// Whether `partition` may get a replica on `broker`, racks aside.
    pub(crate) fn is_free(&self, partition: usize, broker: BrokerIndex) -> bool {
        let partition = &self.partitions[partition];
        self.brokers[broker].accepts
            && !partition.replicas.contains(&broker)
            && partition.choices.as_ref().is_none_or(|choices| choices.contains(&broker))
    }

    /// Whether a replica of `partition` on `from` may move to `to`, and the spread over racks does not get worse.
    pub(crate) fn may_move(&self, partition: usize, from: BrokerIndex, to: BrokerIndex) -> bool {
        let (rack_from, rack_to) = (self.brokers[from].rack, self.brokers[to].rack);
        self.is_free(partition, to)
            && !self.partitions[partition].fixed.contains(&from)
            && (rack_from == rack_to || self.in_rack(partition, rack_to) < self.in_rack(partition, rack_from))
    }

    /// What decides between racks that have the same for a partition: replicas for a thousand brokers.
    pub(crate) fn rack_density(&self, rack: usize) -> u64 {
        self.racks[rack].replicas * 1_000 / self.racks[rack].brokers.max(1)
    }

    /// Replicas of this topic and of all topics: what decides between brokers.
    pub(crate) fn replica_weight(&self, broker: BrokerIndex) -> (u64, u64) {
        (self.brokers[broker].topic.replicas, self.brokers[broker].total.replicas)
    }

    /// Leaders of this topic and of all topics.
    pub(crate) fn leader_weight(&self, broker: BrokerIndex) -> (u64, u64) {
        (self.brokers[broker].topic.leaders, self.brokers[broker].total.leaders)
    }

    /// Puts replicas that were chosen among others back in their order, and lets all of them move anywhere again.
    pub(crate) fn release(&mut self) {
        for partition in &mut self.partitions {
            if let Some(order) = partition.choices.take() {
                partition.replicas.sort_by_key(|broker| order.iter().position(|choice| choice == broker));
            }
            partition.fixed.clear();
        }
    }

    /// The layout: leaders first, then what was there before in its order, then what came.
    pub(crate) fn finish(mut self) -> Layout {
        self.release();
        let mut partitions = Vec::with_capacity(self.partitions.len());
        for partition in self.partitions {
            let leader = partition.leader.expect("every partition was given a leader");
            let followers = partition.replicas.into_iter().filter(|broker| *broker != leader);
            partitions.push(std::iter::once(leader).chain(followers).map(|b| self.brokers[b].id).collect());
        }
        Layout::new(partitions).expect("partitions are filled, and no broker is added twice")
    }
}
