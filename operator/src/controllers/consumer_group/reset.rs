//! A reset of what a group has committed: done once for each id, recorded before anything is done, gone on with after a crash.
//!
//! ```text
//! plan --dry run--> Planned
//!   \--> [Stopping: consumers to 0] --> Waiting for members to leave --> Applying --> [Restoring: consumers back] --> Done
//! ```
//! The plan and the request id stand in the status before the brokers are asked, so that a retry sets the same offsets, once.

use crds::consumer_group::{ConsumerGroup, Reset, ResetTarget};
use crds::consumer_group_status::{ResetPhase, ResetState, ResetStep};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use proto::admin::v1::list_offsets_partition::Position;
use proto::admin::v1::listed_offset::Result as Listed;
use proto::admin::v1::{
    AlterGroupOffsetsRequest, Change, Group, GroupState, ListOffsetsPartition, NewOffset, Reason,
};
use uuid::Uuid;

use super::workload;
use crate::broker_admin::{AdminError, BrokerAdmin};
use crate::context::Context;
use crate::error::Error;

/// Whether there is more to be done for it.
#[must_use]
pub fn is_under_way(reset: &ResetState) -> bool {
    matches!(
        reset.phase,
        ResetPhase::Waiting | ResetPhase::Stopping | ResetPhase::Applying | ResetPhase::Restoring
    )
}

/// Does the next step. The state that is returned is written before the one after it is done.
///
/// # Errors
/// The API server's. What brokers refuse stands in the state.
pub async fn go_on(
    ctx: &Context,
    object: &ConsumerGroup,
    admin: &BrokerAdmin,
    group: Option<&Group>,
    metadata_offset: i64,
) -> Result<Option<ResetState>, Error> {
    let before = object.status.as_ref().and_then(|status| status.reset.clone());
    let Some(wanted) = &object.spec.reset else {
        // One that was given up while consumers were stopped for it starts them again.
        return match before {
            Some(reset) if reset.replicas_before.is_some() && is_under_way(&reset) => {
                restore(ctx, object, reset).await.map(Some)
            }
            before => Ok(before),
        };
    };
    let state = match before {
        Some(state) if state.id == wanted.id && (wanted.dry_run || state.phase != ResetPhase::Planned) => {
            state
        }
        before => return begin(object, wanted, admin, group, before).await.map(Some),
    };
    match state.phase {
        ResetPhase::Planned if wanted.dry_run => {
            begin(object, wanted, admin, group, Some(state)).await.map(Some)
        }
        ResetPhase::Stopping => stop(ctx, object, state, group).await.map(Some),
        ResetPhase::Waiting => Ok(Some(wait(object, wanted, admin, state, group).await)),
        ResetPhase::Applying => Ok(Some(apply(ctx, object, admin, state, metadata_offset).await)),
        ResetPhase::Restoring => restore(ctx, object, state).await.map(Some),
        ResetPhase::Planned | ResetPhase::Done | ResetPhase::Failed => Ok(Some(state)),
    }
}

fn is_empty(group: Option<&Group>) -> bool {
    group.is_none_or(|group| matches!(group.state(), GroupState::Empty | GroupState::Dead))
}

/// The first state: what will be done.
async fn begin(
    object: &ConsumerGroup,
    wanted: &Reset,
    admin: &BrokerAdmin,
    group: Option<&Group>,
    before: Option<ResetState>,
) -> Result<ResetState, Error> {
    let replicas_before = before.filter(is_under_way).and_then(|before| before.replicas_before);
    let mut state = ResetState {
        id: wanted.id.clone(),
        phase: ResetPhase::Waiting,
        message: None,
        plan: Vec::new(),
        replicas_before,
        request_id: None,
        done_at: None,
    };
    if !wanted.dry_run && wanted.stop_consumers && object.spec.scaling.is_some() {
        state.phase = ResetPhase::Stopping;
        return Ok(state);
    }
    if wanted.dry_run {
        return Ok(match plan(object, wanted, admin, group).await {
            Ok(steps) => ResetState { phase: ResetPhase::Planned, plan: steps, ..state },
            Err(message) => ResetState { phase: ResetPhase::Planned, message: Some(message), ..state },
        });
    }
    Ok(wait(object, wanted, admin, state, group).await)
}

/// Scales the consumers to 0, once what they had is recorded.
async fn stop(
    ctx: &Context,
    object: &ConsumerGroup,
    state: ResetState,
    group: Option<&Group>,
) -> Result<ResetState, Error> {
    let Some(scaling) = &object.spec.scaling else {
        return Ok(ResetState { phase: ResetPhase::Waiting, ..state });
    };
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let Some(replicas) = workload::replicas(ctx, &namespace, &scaling.target).await? else {
        return Ok(failed(state, format!("there is no {:?} {}", scaling.target.kind, scaling.target.name)));
    };
    if state.replicas_before.is_none() {
        return Ok(ResetState { replicas_before: Some(replicas), ..state });
    }
    if replicas != 0 {
        workload::set_replicas(ctx, &namespace, &scaling.target, 0).await?;
        let note = format!("{} is stopped for reset {}", scaling.target.name, state.id);
        ctx.events.normal(object, "ConsumersStopped", "Reset", &note).await;
    }
    if is_empty(group) {
        return Ok(ResetState { phase: ResetPhase::Waiting, message: None, ..state });
    }
    Ok(ResetState { message: Some("the consumers are leaving".to_owned()), ..state })
}

/// Waits until nobody is in the group, then plans.
async fn wait(
    object: &ConsumerGroup,
    wanted: &Reset,
    admin: &BrokerAdmin,
    state: ResetState,
    group: Option<&Group>,
) -> ResetState {
    if !is_empty(group) {
        let count = group.map_or(0, |group| group.members.len());
        let message = format!("the group has {count} members: stop them, or set reset.stopConsumers");
        return ResetState { phase: ResetPhase::Waiting, message: Some(message), ..state };
    }
    match plan(object, wanted, admin, group).await {
        Ok(steps) => ResetState {
            phase: ResetPhase::Applying,
            message: None,
            plan: steps,
            request_id: Some(Uuid::new_v4().to_string()),
            ..state
        },
        Err(message) => failed(state, message),
    }
}

/// Has the brokers set the offsets of the plan. Repeated after a crash, it is the same change to them.
async fn apply(
    ctx: &Context,
    object: &ConsumerGroup,
    admin: &BrokerAdmin,
    state: ResetState,
    _metadata_offset: i64,
) -> ResetState {
    let id = state.request_id.as_deref().and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_default();
    let offset = |step: &ResetStep| NewOffset {
        topic: step.topic.clone(),
        partition: u32::try_from(step.partition).unwrap_or(0),
        offset: step.to,
    };
    let request = AlterGroupOffsetsRequest {
        change: Some(Change { request_id: id.into_bytes().to_vec(), expected_metadata_offset: None }),
        group_id: object.group_id().to_owned(),
        offsets: state.plan.iter().map(offset).collect(),
    };
    match admin.alter_group_offsets(request).await {
        Ok(()) => {
            let note = format!("reset {} has set {} partitions", state.id, state.plan.len());
            ctx.events.normal(object, "OffsetsReset", "Reset", &note).await;
            let phase =
                if state.replicas_before.is_some() { ResetPhase::Restoring } else { ResetPhase::Done };
            ResetState { phase, message: None, done_at: Some(Timestamp::now().to_string()), ..state }
        }
        // Somebody has joined meanwhile: it is planned again once they have left.
        Err(error) if super::has_members(&error) => {
            ResetState { phase: ResetPhase::Waiting, message: Some(error.message), ..state }
        }
        Err(error) if error.reason == Reason::OffsetOutOfRange => {
            ResetState { phase: ResetPhase::Waiting, message: Some(error.message), ..state }
        }
        Err(error) if error.is_unavailable => ResetState { message: Some(error.message), ..state },
        Err(error) => failed(state, error.message),
    }
}

/// Scales the consumers back.
async fn restore(ctx: &Context, object: &ConsumerGroup, state: ResetState) -> Result<ResetState, Error> {
    if let (Some(scaling), Some(replicas)) = (&object.spec.scaling, state.replicas_before) {
        let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
        if workload::replicas(ctx, &namespace, &scaling.target).await? == Some(0) {
            workload::set_replicas(ctx, &namespace, &scaling.target, replicas).await?;
        }
    }
    let phase = if state.done_at.is_some() { ResetPhase::Done } else { ResetPhase::Failed };
    Ok(ResetState { phase, ..state })
}

/// A reset that cannot be done. Consumers that were stopped for it are started again.
fn failed(state: ResetState, message: String) -> ResetState {
    let phase = if state.replicas_before.is_some() { ResetPhase::Restoring } else { ResetPhase::Failed };
    ResetState { phase, message: Some(message), ..state }
}

/// The offsets that the group will have, by topic and partition.
async fn plan(
    object: &ConsumerGroup,
    wanted: &Reset,
    admin: &BrokerAdmin,
    group: Option<&Group>,
) -> Result<Vec<ResetStep>, String> {
    let lags = group.map(|group| super::lag::by_partition(group, &[])).unwrap_or_default();
    let mut partitions: Vec<(String, i32)> = Vec::new();
    if object.spec.topics.is_empty() {
        partitions.extend(lags.iter().map(|lag| (lag.topic.clone(), lag.partition)));
    }
    for topic in &object.spec.topics {
        let (_, found) = admin.describe_topic(topic).await.map_err(|error| error.message)?;
        let found = found.ok_or_else(|| format!("there is no topic {topic}"))?;
        partitions.extend((0..).zip(&found.partitions).map(|(number, _)| (topic.clone(), number)));
    }
    if partitions.is_empty() {
        return Err("the group has committed nothing: name spec.topics".to_owned());
    }
    let ask = async |position: &Position| {
        offsets(admin, &partitions, position).await.map_err(|error| error.message)
    };
    let (starts, ends) = (ask(&Position::Earliest(true)).await?, ask(&Position::Latest(true)).await?);
    let targets = match &wanted.to {
        ResetTarget::Earliest {} => starts.clone(),
        ResetTarget::Latest {} => ends.clone(),
        ResetTarget::Offset(offset) => vec![*offset; partitions.len()],
        ResetTarget::Timestamp(text) => {
            let at: Timestamp = text.parse().map_err(|error| format!("reset.to.timestamp: {error}"))?;
            ask(&Position::TimestampMs(at.as_millisecond())).await?
        }
        ResetTarget::ShiftBy(by) => {
            let committed = |(topic, partition): &(String, i32)| {
                lags.iter()
                    .find(|lag| lag.topic == *topic && lag.partition == *partition)
                    .map(|lag| lag.committed)
            };
            partitions
                .iter()
                .zip(&ends)
                .map(|(of, end)| committed(of).unwrap_or(*end).saturating_add(*by))
                .collect()
        }
    };
    let mut steps = Vec::with_capacity(partitions.len());
    for (at, (topic, partition)) in partitions.into_iter().enumerate() {
        let committed = lags.iter().find(|lag| lag.topic == topic && lag.partition == partition);
        let (from, to) = (committed.map(|lag| lag.committed), targets[at].clamp(starts[at], ends[at]));
        steps.push(ResetStep { topic, partition, from, to });
    }
    Ok(steps)
}

/// Offsets of partitions, in their order.
async fn offsets(
    admin: &BrokerAdmin,
    partitions: &[(String, i32)],
    position: &Position,
) -> Result<Vec<i64>, AdminError> {
    let ask = |(topic, partition): &(String, i32)| ListOffsetsPartition {
        topic: topic.clone(),
        partition: u32::try_from(*partition).unwrap_or(0),
        position: Some(*position),
    };
    let listed = admin.list_offsets(partitions.iter().map(ask).collect()).await?;
    let offset = |((topic, partition), listed): (&(String, i32), &proto::admin::v1::ListedOffset)| {
        match &listed.result {
            Some(Listed::Offset(offset)) => Ok(*offset),
            _ => Err(AdminError::unreachable(format!("the offsets of {topic}-{partition} cannot be told"))),
        }
    };
    partitions.iter().zip(&listed).map(offset).collect()
}
