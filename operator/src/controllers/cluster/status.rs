//! What is said of a Cluster. Pure, but for the events.

use crds::cluster::Cluster;
use crds::cluster_status::{BrokerState, ClusterStatus, TierState};
use crds::conditions::{DEGRADED, PROGRESSING, READY, State, find, merged};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use proto::admin::v1::{BrokerStatus, LogDirState, TierStanding, TierStatus};

use super::Outcome;
use super::fetch::{Live, is_ready};
use super::validate::Invalid;
use crate::context::Context;

/// How long a broker may not be ready before that is no progress any more, in seconds.
const PROGRESS_MAX_S: i64 = 600;

/// The status of a Cluster.
#[must_use]
pub fn status(
    cluster: &Cluster,
    invalid: Option<&Invalid>,
    live: &Live,
    outcome: &Outcome,
    now: Timestamp,
) -> ClusterStatus {
    let before = cluster.status.clone().unwrap_or_default();
    let generation = cluster.metadata.generation;
    let states = states(cluster, invalid, live, outcome);
    let ready = live.pods.iter().filter(|pod| is_ready(pod)).count();
    let own = own_status(live);
    let wanted = ClusterStatus {
        conditions: merged(&before.conditions, &states, generation, now),
        observed_generation: generation,
        bootstrap_address: Some(live.names.bootstrap_address()),
        external_address: live.reached_at(cluster).map(|(host, port)| format!("{host}:{port}")),
        cluster_id: live
            .described
            .as_ref()
            .map(|described| described.cluster_id.clone())
            .or(before.cluster_id.clone()),
        brokers_ready: Some(format!("{ready}/{}", cluster.spec.replicas)),
        brokers: live.pods.iter().map(|pod| broker_state(pod, own)).collect(),
        replicas: i32::try_from(live.pods.len()).unwrap_or(i32::MAX),
        selector: Some(selector(live)),
        topics: live.described.as_ref().map(|described| i64::from(described.topic_count)).or(before.topics),
        storage: storage(cluster, live).or(before.storage.clone()),
        tier: own.and_then(|own| own.tier.as_ref()).map(tier).or(before.tier.clone()),
        image: live.image().map(str::to_owned),
        owned_config: outcome.owned_config.clone().unwrap_or_else(|| before.owned_config.clone()),
    };
    settled(before, wanted)
}

/// Figures that move all the time are written with something else only, or when they have moved by a lot.
fn settled(before: ClusterStatus, wanted: ClusterStatus) -> ClusterStatus {
    let without_figures = |status: &ClusterStatus| {
        let mut status = status.clone();
        status.storage = None;
        status.brokers.iter_mut().for_each(|broker| broker.storage = None);
        if let Some(tier) = &mut status.tier {
            (tier.lag, tier.lag_seconds, tier.size) = (None, None, None);
        }
        status
    };
    let lag =
        |status: &ClusterStatus| status.tier.as_ref().and_then(|tier| tier.lag_seconds).unwrap_or(0) / 60;
    let is_same = without_figures(&before) == without_figures(&wanted)
        && before.storage == wanted.storage
        && lag(&before) == lag(&wanted);
    if is_same { before } else { wanted }
}

fn states(cluster: &Cluster, invalid: Option<&Invalid>, live: &Live, outcome: &Outcome) -> Vec<State> {
    let mut ready = ready(cluster, invalid, live);
    if outcome.has_update {
        ready.message.push_str(
            "; this operator would run brokers otherwise: annotate with highwater.dev/update to let it",
        );
    }
    vec![ready, progressing(cluster, invalid, live, outcome), degraded(live, outcome)]
}

fn ready(cluster: &Cluster, invalid: Option<&Invalid>, live: &Live) -> State {
    if let Some(Invalid { reason, message }) = invalid {
        return State::new(READY, false, reason, message.clone());
    }
    let count = live.pods.iter().filter(|pod| is_ready(pod)).count();
    let wanted = usize::try_from(cluster.spec.replicas).unwrap_or(0);
    if count < wanted {
        let (reason, message) = live
            .pods
            .iter()
            .find_map(stuck)
            .unwrap_or(("BrokersNotReady", format!("{count} of {wanted} brokers are ready")));
        return State::new(READY, false, reason, message);
    }
    match (&live.described, &live.unreachable) {
        (None, Some(error)) => State::new(READY, false, "AdminUnreachable", error.message.clone()),
        _ => State::new(READY, true, "BrokersReady", format!("{count} of {wanted} brokers are ready")),
    }
}

fn progressing(cluster: &Cluster, invalid: Option<&Invalid>, live: &Live, outcome: &Outcome) -> State {
    if cluster.spec.paused {
        return State::new(PROGRESSING, false, "Paused", "spec.paused is true: nothing is changed");
    }
    if invalid.is_some() {
        return State::new(PROGRESSING, false, "Invalid", "the spec has to be changed first");
    }
    if let Some(pod) = &outcome.rolling {
        return State::new(PROGRESSING, true, "Rolling", format!("{pod} is restarted"));
    }
    if let Some(Invalid { reason, message }) = &outcome.blocked {
        return State::new(PROGRESSING, true, reason, message.clone());
    }
    let waits_for_address = cluster.spec.listeners.external.is_some() && live.reached_at(cluster).is_none();
    if waits_for_address {
        return State::new(PROGRESSING, true, "WaitingForAddress", "the external Service has no address yet");
    }
    if live.is_settled(cluster.spec.replicas) {
        return State::new(PROGRESSING, false, "Settled", "all is as the spec says");
    }
    State::new(PROGRESSING, true, "Starting", "brokers are being started")
}

fn degraded(live: &Live, outcome: &Outcome) -> State {
    let own = own_status(live);
    if let Some(Invalid { reason, message }) = &outcome.blocked {
        return State::new(DEGRADED, true, reason, message.clone());
    }
    if let Some((reason, message)) = live.pods.iter().find_map(stuck) {
        return State::new(DEGRADED, true, reason, message);
    }
    match own.map(BrokerStatus::log_dir) {
        Some(LogDirState::Full) => {
            return State::new(
                DEGRADED,
                true,
                "DiskFull",
                "a broker's disk is full: records are refused; let spec.storage.size grow",
            );
        }
        Some(LogDirState::Offline) => {
            return State::new(DEGRADED, true, "DiskOffline", "a broker's disk has failed");
        }
        _ => {}
    }
    let tier = own.and_then(|own| own.tier.as_ref());
    match tier {
        Some(tier) if tier.standing() == TierStanding::Stopped => {
            State::new(DEGRADED, true, "TieringStopped", tier.reason.clone())
        }
        Some(tier) if tier.standing() == TierStanding::Unverified => {
            State::new(DEGRADED, true, "BucketUnreachable", tier.reason.clone())
        }
        Some(tier) if tier.troubled_partitions > 0 => State::new(
            DEGRADED,
            true,
            "TieringInTrouble",
            "partitions cannot be copied to the bucket; the broker's log says why",
        ),
        _ => State::new(DEGRADED, false, "Healthy", "nothing is wrong"),
    }
}

/// Why a pod does not get on by itself.
fn stuck(pod: &Pod) -> Option<(&'static str, String)> {
    let (name, status) = (pod.name_any(), pod.status.as_ref()?);
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let waiting = |container: &ContainerStatus| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = match waiting.reason.as_deref()? {
            "CrashLoopBackOff" => "BrokerCrashes",
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull" => {
                "ImageNotPulled"
            }
            "CreateContainerConfigError" => "PodNotMade",
            _ => return None,
        };
        let message = waiting.message.clone().unwrap_or_default();
        Some((reason, format!("{name}: {}: {message}", container.name)))
    };
    if let Some(found) = containers.into_iter().find_map(waiting) {
        return Some(found);
    }
    let conditions = status.conditions.iter().flatten();
    let unscheduled =
        conditions.into_iter().find(|one| one.type_ == "PodScheduled" && one.status == "False")?;
    Some(("PodUnschedulable", format!("{name}: {}", unscheduled.message.clone().unwrap_or_default())))
}

fn own_status(live: &Live) -> Option<&BrokerStatus> {
    live.described.as_ref()?.brokers.iter().find_map(|broker| broker.status.as_ref())
}

fn selector(live: &Live) -> String {
    let labels = live.names.selector_labels();
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn broker_state(pod: &Pod, own: Option<&BrokerStatus>) -> BrokerState {
    let name = pod.name_any();
    BrokerState {
        id: name.rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse().ok()).unwrap_or(-1),
        ready: is_ready(pod),
        version: own.map(|own| own.version.clone()),
        storage: own.map(|own| rounded(own.log_bytes)),
        pod: name,
    }
}

fn storage(cluster: &Cluster, live: &Live) -> Option<String> {
    let used: u64 = live
        .described
        .as_ref()?
        .brokers
        .iter()
        .filter_map(|broker| broker.status.as_ref())
        .map(|own| own.log_bytes)
        .sum();
    Some(format!("{}/{}", rounded(used), cluster.spec.storage.size))
}

fn tier(tier: &TierStatus) -> TierState {
    let state = match tier.standing() {
        TierStanding::Active => "Active",
        TierStanding::Stopped => "Stopped",
        TierStanding::Unverified | TierStanding::Unspecified => "Unverified",
    };
    TierState {
        state: state.to_owned(),
        reason: (!tier.reason.is_empty()).then(|| tier.reason.clone()),
        lag: Some(rounded(tier.lag_bytes)),
        lag_seconds: i64::try_from(tier.lag_ms / 1000).ok(),
        size: Some(rounded(tier.remote_bytes)),
    }
}

/// Bytes for people: two digits, so that a little more is the same.
#[must_use]
pub fn rounded(bytes: u64) -> String {
    let units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    // Below ten with a digit behind the point.
    if tenths < 100 && unit > 0 {
        return format!("{}.{}{}", tenths / 10, tenths % 10, units[unit]);
    }
    format!("{}{}", tenths / 10, units[unit])
}

/// Whether something that was not ready has been so for longer than a start takes.
#[must_use]
pub fn is_late(status: &ClusterStatus, now: Timestamp) -> bool {
    find(&status.conditions, READY).is_some_and(|ready| {
        ready.status != "True" && now.as_second() - ready.last_transition_time.0.as_second() > PROGRESS_MAX_S
    })
}

/// Tells people of conditions that have changed.
pub async fn tell_transitions(ctx: &Context, cluster: &Cluster, wanted: &ClusterStatus) {
    let before = cluster.status.clone().unwrap_or_default();
    for condition in &wanted.conditions {
        let was = find(&before.conditions, &condition.type_);
        if was.is_some_and(|was| was.status == condition.status && was.reason == condition.reason) {
            continue;
        }
        let is_good = match condition.type_.as_str() {
            READY => condition.status == "True",
            DEGRADED => condition.status == "False",
            _ => continue,
        };
        match (is_good, was) {
            (true, None) if condition.type_ == DEGRADED => {}
            (true, _) => ctx.events.normal(cluster, &condition.reason, "Status", &condition.message).await,
            (false, _) => ctx.events.warning(cluster, &condition.reason, "Status", &condition.message).await,
        }
    }
}

#[cfg(test)]
mod tests;
