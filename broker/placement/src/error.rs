//! Why there is no layout: each error says what was asked for and what stands in the way.
//!
//! All of them wait for somebody: a larger cluster, another specification, or a caller that reads the layout again.

use std::fmt;

use crate::model::BrokerId;

/// How many names a message lists before it counts the rest.
const NAMES_MAX: usize = 5;

/// A layout that no topic can have.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayoutError {
    /// A partition without replicas.
    #[error("partition {partition} has no replicas, at least one is expected")]
    NoReplicas {
        /// Its number.
        partition: usize,
    },
    /// A broker that has a partition twice.
    #[error("partition {partition} names broker {broker} more than once")]
    DuplicateReplica {
        /// The partition's number.
        partition: usize,
        /// The broker.
        broker: BrokerId,
    },
    /// Partitions that are not numbered 0, 1 and so on.
    #[error(
        "partition {missing} is missing, the next one is {found}: partitions are numbered from 0 without gaps"
    )]
    Gap {
        /// The first number that is missing.
        missing: usize,
        /// The number that was found in its place.
        found: usize,
    },
}

/// A problem that has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// No broker is registered.
    #[error("there are no brokers to put replicas on")]
    NoBrokers,
    /// Two brokers with one id.
    #[error("broker {broker} is listed more than once")]
    DuplicateBroker {
        /// The id.
        broker: BrokerId,
    },
    /// A broker that is not among those registered.
    #[error("broker {broker} is not registered")]
    UnknownBroker {
        /// The id.
        broker: BrokerId,
    },
    /// A topic of no partitions.
    #[error("a topic has at least one partition, 0 were asked for")]
    NoPartitions,
    /// A replication factor of 0.
    #[error("the replication factor is at least 1, 0 was asked for")]
    NoReplicas,
    /// The topic has more partitions already.
    #[error(
        "the topic has {before} partitions, more than the {after} asked for, and partitions cannot be taken away"
    )]
    FewerPartitions {
        /// How many it has.
        before: usize,
        /// How many it shall have.
        after: usize,
    },
    /// More replicas than brokers that accept them.
    #[error(
        "replication factor {replication_factor} needs as many brokers that accept replicas, and there are \
         {accepting}{}",
        Draining(draining)
    )]
    TooFewBrokers {
        /// What was asked for.
        replication_factor: usize,
        /// How many brokers are registered and not draining.
        accepting: usize,
        /// Those that are draining, in the order given.
        draining: Vec<BrokerId>,
    },
    /// A broker that has replicas which no other broker can take.
    #[error(
        "broker {broker} cannot be drained: {accepting} other brokers accept replicas, too few for {}",
        Blocked(topics)
    )]
    DrainBlocked {
        /// The broker.
        broker: BrokerId,
        /// How many others are registered and not draining.
        accepting: usize,
        /// The topics that stand in the way, by name.
        topics: Vec<BlockedTopic>,
    },
}

/// A topic that keeps a broker from being drained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockedTopic {
    /// Its name.
    pub topic: String,
    /// Its first partition that finds no other broker.
    pub partition: usize,
    /// How many replicas that partition has.
    pub replicas: usize,
}

struct Draining<'a>(&'a [BrokerId]);

impl fmt::Display for Draining<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "; draining: ")?;
        listed(f, self.0, |f, broker| write!(f, "{broker}"))
    }
}

struct Blocked<'a>(&'a [BlockedTopic]);

impl fmt::Display for Blocked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listed(f, self.0, |f, blocked| {
            write!(f, "{}-{} with {} replicas", blocked.topic, blocked.partition, blocked.replicas)
        })
    }
}

fn listed<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write_one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().take(NAMES_MAX).enumerate() {
        if index > 0 {
            write!(f, ", ")?;
        }
        write_one(f, item)?;
    }
    match items.len().saturating_sub(NAMES_MAX) {
        0 => Ok(()),
        rest => write!(f, " and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_brokers_says_which_ones_are_draining() {
        let draining = vec![BrokerId(4), BrokerId(5)];
        let error = PlanError::TooFewBrokers { replication_factor: 3, accepting: 2, draining };
        let expected = "replication factor 3 needs as many brokers that accept replicas, and there are 2; draining: 4, 5";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn too_few_brokers_with_none_draining_stops_at_the_count() {
        let error = PlanError::TooFewBrokers { replication_factor: 3, accepting: 1, draining: Vec::new() };
        let expected = "replication factor 3 needs as many brokers that accept replicas, and there are 1";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_blocked_drain_names_five_topics_and_counts_the_rest() {
        let topic = |name: &str| BlockedTopic { topic: name.to_owned(), partition: 2, replicas: 3 };
        let topics = ["a", "b", "c", "d", "e", "f", "g"].map(topic).to_vec();
        let error = PlanError::DrainBlocked { broker: BrokerId(1), accepting: 2, topics };
        let expected = "broker 1 cannot be drained: 2 other brokers accept replicas, too few for \
                        a-2 with 3 replicas, b-2 with 3 replicas, c-2 with 3 replicas, d-2 with 3 replicas, \
                        e-2 with 3 replicas and 2 more";
        assert_eq!(error.to_string(), expected);
    }
}
