//! ConsumerGroup: `fetch -> validate -> plan -> apply -> status`: lag that is watched, a reset that is done once, consumers
//! that are scaled by lag.

pub mod lag;
pub mod reset;
pub mod scaling;
pub mod status;
pub mod workload;

use std::sync::Arc;
use std::time::Duration;

use crds::consumer_group::ConsumerGroup;
use crds::consumer_group_status::{ConsumerGroupStatus, ResetState, ScalingState};
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use proto::admin::v1::Group;

use self::status::Seen;
use super::reconcile::observed;
use super::topic::status::Problem;
use super::topic::validate::is_allowed;
use crate::apply::apply_status;
use crate::broker_admin::{AdminError, BrokerAdmin};
use crate::context::Context;
use crate::error::Error;
use crate::names::Names;

/// How often a group is looked at.
const INTERVAL: Duration = Duration::from_secs(5);
/// How often while a reset is under way.
const SOON: Duration = Duration::from_secs(1);

/// Brings a group to what its object says.
///
/// # Errors
/// See [`Error`].
pub async fn reconcile(group: Arc<ConsumerGroup>, ctx: Arc<Context>) -> Result<Action, Error> {
    observed(&ctx, &*group, run(&group, &ctx)).await
}

async fn run(object: &ConsumerGroup, ctx: &Context) -> Result<Action, Error> {
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    if object.metadata.deletion_timestamp.is_some() {
        ctx.metrics.forget(["ConsumerGroup", &namespace, &object.name_any()]);
        return Ok(Action::await_change());
    }
    let before = object.status.clone().unwrap_or_default();
    let now = Timestamp::now();
    let (seen, reset, scaling) = match look(ctx, object, &namespace).await? {
        Err(problem) => (Seen::Problem(problem), before.reset.clone(), before.scaling.clone()),
        Ok((admin, group, offset)) if object.spec.paused => {
            drop((admin, offset));
            (Seen::paused(group), before.reset.clone(), before.scaling.clone())
        }
        Ok((admin, group, offset)) => {
            let reset = reset::go_on(ctx, object, &admin, group.as_ref(), offset).await?;
            let scaling = scale(ctx, object, group.as_ref(), reset.as_ref(), now).await?;
            (Seen::Group(group), reset, scaling)
        }
    };
    let is_resetting = reset.as_ref().is_some_and(reset::is_under_way);
    tell(ctx, object, &before, &seen, reset, scaling, now).await?;
    Ok(Action::requeue(if is_resetting { SOON } else { INTERVAL }))
}

type Looked = (BrokerAdmin, Option<Group>, i64);

/// The group as the brokers know it.
async fn look(
    ctx: &Context,
    object: &ConsumerGroup,
    namespace: &str,
) -> Result<Result<Looked, Problem>, Error> {
    let reference = &object.spec.cluster_ref;
    let names = Names::new(reference.namespace_or(namespace), &reference.name);
    let cluster = match ctx.cluster(&names) {
        Some(cluster) => cluster,
        None => {
            let api = Api::namespaced(ctx.client.clone(), &names.namespace);
            let Some(cluster) = api.get_opt(&names.cluster).await? else {
                let message = format!("there is no Cluster {}/{}", names.namespace, names.cluster);
                return Ok(Err(Problem::passing("NoSuchCluster", message)));
            };
            Arc::new(cluster)
        }
    };
    if !is_allowed(&cluster, namespace) {
        let message =
            format!("Cluster {}/{} does not list namespace {namespace}", names.namespace, names.cluster);
        return Ok(Err(Problem::lasting("NotAllowed", message)));
    }
    let Some(admin) = ctx.admins.get(&names) else {
        return Ok(Err(Problem::passing("ClusterNotReady", "the Cluster's brokers were not reached yet")));
    };
    match admin.describe_group(object.group_id()).await {
        Ok((offset, group)) => Ok(Ok((admin, group, offset))),
        Err(error) => Ok(Err(Problem::of(&error))),
    }
}

/// Scales the consumers, unless a reset has stopped them.
async fn scale(
    ctx: &Context,
    object: &ConsumerGroup,
    group: Option<&Group>,
    reset: Option<&ResetState>,
    now: Timestamp,
) -> Result<Option<ScalingState>, Error> {
    let Some(wanted) = &object.spec.scaling else { return Ok(None) };
    let before = object.status.as_ref().and_then(|status| status.scaling.clone());
    if reset.is_some_and(|reset| reset::is_under_way(reset) && reset.replicas_before.is_some()) {
        return Ok(before);
    }
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let Some(current) = workload::replicas(ctx, &namespace, &wanted.target).await? else {
        let reason = format!("there is no {:?} {}", wanted.target.kind, wanted.target.name);
        return Ok(Some(ScalingState { desired: 0, reason, fewer_since: None }));
    };
    let lags = group.map(|group| lag::by_partition(group, &object.spec.topics));
    let decided = scaling::decide(wanted, lags.as_deref(), current, before.as_ref(), now);
    if decided.desired != current {
        workload::set_replicas(ctx, &namespace, &wanted.target, decided.desired).await?;
        let note = format!(
            "{} goes from {current} to {} replicas: {}",
            wanted.target.name, decided.desired, decided.reason
        );
        ctx.events.normal(object, "ConsumersScaled", "Scale", &note).await;
    }
    Ok(Some(decided))
}

async fn tell(
    ctx: &Context,
    object: &ConsumerGroup,
    before: &ConsumerGroupStatus,
    seen: &Seen,
    reset: Option<ResetState>,
    scaling: Option<ScalingState>,
    now: Timestamp,
) -> Result<(), Error> {
    let wanted = status::status(object, before, seen, reset, scaling, now);
    let namespace = object.namespace().unwrap_or_default();
    let conditions =
        wanted.conditions.iter().map(|condition| (condition.type_.as_str(), condition.status.as_str()));
    ctx.metrics.note_conditions(["ConsumerGroup", &namespace, &object.name_any()], conditions);
    status::tell(ctx, object, before, &wanted).await;
    if status::is_news(before, &wanted, ctx.last_written(object), now) {
        apply_status(&ctx.client, object, object.status.as_ref(), &wanted).await?;
        ctx.note_written(object, now);
    }
    Ok(())
}

/// Whether an error means that the group has members.
#[must_use]
pub fn has_members(error: &AdminError) -> bool {
    error.reason == proto::admin::v1::Reason::GroupNotEmpty
}
