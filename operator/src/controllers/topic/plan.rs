//! What is to be done for a topic: from what it should be and what there is. Pure.

use std::collections::BTreeMap;

use broker_placement::{self as placement, Broker, BrokerId, Layout, Loads, PlanError};
use crds::topic::Topic;
use proto::admin::v1::{self, Assignment};

use super::status::Problem;
use super::validate::ValidTopic;

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Plan {
    /// It is as it should be.
    Nothing,
    /// It is not there.
    Create {
        /// The brokers of each partition.
        assignments: Vec<Assignment>,
    },
    /// It is another.
    Alter {
        /// Settings that differ.
        set: BTreeMap<String, String>,
        /// Settings that the object has named before.
        remove: Vec<String>,
        /// The brokers of each partition that is missing.
        added: Vec<Assignment>,
    },
}

impl Plan {
    /// What differs, for people.
    #[must_use]
    pub fn drift(&self) -> Option<String> {
        match self {
            Plan::Nothing => None,
            Plan::Create { .. } => Some("the topic was gone".to_owned()),
            Plan::Alter { set, remove, added } => {
                let mut what: Vec<String> = set.keys().chain(remove).cloned().collect();
                if !added.is_empty() {
                    what.push("partitions".to_owned());
                }
                Some(what.join(", "))
            }
        }
    }
}

/// What is to be done. Settings that the object does not name are left alone.
///
/// # Errors
/// What cannot be done.
pub fn plan(
    topic: &Topic,
    valid: &ValidTopic,
    found: Option<&v1::Topic>,
    brokers: &[Broker],
) -> Result<Plan, Problem> {
    let there = found.map_or(0, |found| found.partitions.len());
    if there > valid.partitions {
        let message = format!(
            "the topic has {there} partitions, and they never become fewer: set spec.partitions to {there}"
        );
        return Err(Problem::lasting("TooManyPartitions", message));
    }
    let previous: Vec<Vec<i32>> = found
        .iter()
        .flat_map(|found| &found.partitions)
        .map(|partition| partition.replicas.clone())
        .collect();
    let wanted = layout(valid, &previous, brokers)?;
    if let Some(at) = (0..there).find(|&at| wanted[at] != previous[at]) {
        let message = format!(
            "partition {at} is on the brokers {:?} and should be on {:?}: moving replicas is not there yet",
            previous[at], wanted[at]
        );
        return Err(Problem::lasting("ReplicasDiffer", message));
    }
    let added: Vec<Assignment> =
        wanted.into_iter().skip(there).map(|replicas| Assignment { replicas }).collect();
    let Some(found) = found else { return Ok(Plan::Create { assignments: added }) };
    let differs = |(key, value): &(&String, &String)| found.configs.get(*key) != Some(value);
    let set: BTreeMap<_, _> =
        valid.config.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
    let owned = topic.status.iter().flat_map(|status| &status.owned_config);
    let is_left = |key: &&String| !valid.config.contains_key(*key) && found.configs.contains_key(*key);
    let remove: Vec<String> = owned.filter(is_left).cloned().collect();
    if set.is_empty() && remove.is_empty() && added.is_empty() {
        return Ok(Plan::Nothing);
    }
    Ok(Plan::Alter { set, remove, added })
}

/// The brokers of all partitions: those that the object names, or what the planner makes of those that there are.
fn layout(valid: &ValidTopic, previous: &[Vec<i32>], brokers: &[Broker]) -> Result<Vec<Vec<i32>>, Problem> {
    if let Some(named) = &valid.layout {
        let is_unknown = |id: &&i32| !brokers.iter().any(|broker| broker.id.0 == **id);
        return match named.iter().flatten().find(is_unknown) {
            Some(id) => Err(Problem::passing(
                "UnknownBroker",
                format!("layout names broker {id}, which is not there"),
            )),
            None => Ok(named.clone()),
        };
    }
    let to_ids = |replicas: &Vec<i32>| replicas.iter().copied().map(BrokerId).collect();
    let refused = |error: &dyn std::fmt::Display| Problem::lasting("InvalidLayout", error.to_string());
    let previous = Layout::new(previous.iter().map(to_ids).collect()).map_err(|error| refused(&error))?;
    // What other topics put on brokers decides between several, and there is one.
    let problem = placement::Problem {
        brokers,
        partitions: valid.partitions,
        replication_factor: valid.replicas,
        other_loads: &Loads::default(),
    };
    let planned = placement::plan(&problem, &previous).map_err(|error| match error {
        PlanError::TooFewBrokers { .. } | PlanError::NoBrokers => {
            Problem::passing("TooFewBrokers", error.to_string())
        }
        error => refused(&error),
    })?;
    Ok(planned.partitions().iter().map(|replicas| replicas.iter().map(|broker| broker.0).collect()).collect())
}

#[cfg(test)]
mod tests;
