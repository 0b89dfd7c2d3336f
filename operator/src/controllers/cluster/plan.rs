//! What is to be done for a Cluster: from what it should be and what there is. Pure.

use std::collections::BTreeMap;

use crds::cluster::Cluster;
use crds::quantity::Quantity;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt;

use super::fetch::{Live, is_ready};
use super::is_roll_asked;
use super::validate::{Invalid, ValidCluster};
use crate::build::stateful_set::inputs;
use crate::names::{INPUTS_ANNOTATION, OPERATOR_ANNOTATION};

/// What is to be done.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// The StatefulSet stays as another operator made it of the same spec.
    pub keeps_template: bool,
    /// It has to be made anew: its claims are of another size.
    pub recreates: bool,
    /// Claims that are to grow, and how far.
    pub grows: Vec<(String, Quantity)>,
    /// A pod that is to be restarted.
    pub roll: Option<Roll>,
    /// Settings that running brokers are to be told.
    pub set_configs: BTreeMap<String, String>,
    /// Settings that they are to go back to the default of.
    pub remove_configs: Vec<String>,
    /// The settings that the spec names.
    pub owned_config: Vec<String>,
    /// What cannot be done.
    pub blocked: Option<Invalid>,
}

/// A restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roll {
    /// The pod.
    pub pod: String,
    /// Its broker.
    pub broker_id: i32,
    /// Why, for people.
    pub why: String,
    /// Whether the broker has to be asked first.
    pub asks: bool,
}

/// What is to be done.
#[must_use]
pub fn plan(cluster: &Cluster, valid: &ValidCluster, live: &Live) -> Plan {
    let mut plan = Plan { owned_config: valid.dynamic_config.keys().cloned().collect(), ..Plan::default() };
    plan.keeps_template = live.stateful_set.as_ref().is_some_and(|live| keeps_template(valid, live));
    plan_storage(&mut plan, valid, live);
    plan_configs(&mut plan, cluster, valid, live);
    if !plan.recreates {
        plan.roll = roll(live);
    }
    plan
}

/// Whether another operator made the template, of what the user asks for yet: brokers are not restarted for that.
fn keeps_template(valid: &ValidCluster, live: &StatefulSet) -> bool {
    let annotations = live.annotations();
    let is_by_other = annotations.get(OPERATOR_ANNOTATION).is_some_and(|by| by != env!("CARGO_PKG_VERSION"));
    is_by_other && annotations.get(INPUTS_ANNOTATION) == Some(&inputs(valid))
}

fn storage_of(claim: &PersistentVolumeClaim) -> Option<u64> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    Quantity(requests.get("storage")?.0.clone()).value()
}

/// Volumes grow one by one; one that somebody has grown farther stays.
fn plan_storage(plan: &mut Plan, valid: &ValidCluster, live: &Live) {
    let Some(wanted) = valid.size.value() else { return };
    let is_smaller = |claim: &&PersistentVolumeClaim| storage_of(claim).is_some_and(|size| size < wanted);
    let smaller = live.claims.iter().filter(is_smaller);
    plan.grows = smaller.map(|claim| (claim.name_any(), valid.size.clone())).collect();
    let templates =
        live.stateful_set.as_ref().and_then(|live| live.spec.as_ref()?.volume_claim_templates.as_ref());
    let template = templates.and_then(|templates| templates.first()).and_then(storage_of);
    plan.recreates = template.is_some_and(|size| size != wanted);
    let refused = live.claims.iter().find_map(|claim| {
        let conditions = claim.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|one| one.type_.contains("Error") && one.status == "True")?.message.clone()
    });
    if let Some(message) = refused {
        plan.blocked = Some(Invalid { reason: "StorageNotGrown", message });
    }
}

/// Only the keys that the spec names, or has named, are touched.
fn plan_configs(plan: &mut Plan, cluster: &Cluster, valid: &ValidCluster, live: &Live) {
    let Some(described) = &live.described else { return };
    let found = &described.dynamic_configs;
    let differs = |(key, value): &(&String, &String)| found.get(*key) != Some(value);
    let wanted = valid.dynamic_config.iter().filter(differs);
    plan.set_configs = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
    let owned = cluster.status.iter().flat_map(|status| &status.owned_config);
    let is_left = |key: &&String| !valid.dynamic_config.contains_key(*key) && found.contains_key(*key);
    plan.remove_configs = owned.filter(is_left).cloned().collect();
}

/// The pod that is restarted next: one that is not what the StatefulSet says, or that somebody has asked for.
fn roll(live: &Live) -> Option<Roll> {
    let stateful_set = live.stateful_set.as_ref()?;
    let status = stateful_set.status.as_ref()?;
    if status.observed_generation != stateful_set.metadata.generation {
        return None;
    }
    let revision = status.update_revision.as_deref()?;
    let is_due = |pod: &&Pod| is_old(pod, revision) || is_roll_asked(pod);
    let is_there = |pod: &&Pod| pod.metadata.deletion_timestamp.is_none();
    let pod = live.pods.iter().filter(is_there).find(is_due)?;
    let name = pod.name_any();
    let broker_id = name.rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse().ok())?;
    let why = if is_old(pod, revision) { "its template has changed" } else { "an annotation asks for it" };
    // One that never became ready has nothing that a restart takes away; while it recovers it runs and answers.
    let asks = is_ready(pod) || live.described.is_some();
    Some(Roll { pod: name, broker_id, why: why.to_owned(), asks })
}

fn is_old(pod: &Pod, revision: &str) -> bool {
    pod.labels().get("controller-revision-hash").is_some_and(|of| of != revision)
}

#[cfg(test)]
mod tests;
