//! Cluster: `fetch -> validate -> plan -> build -> apply -> status`.

pub mod fetch;
pub mod plan;
pub mod status;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use crds::cluster::Cluster;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, PropagationPolicy};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use proto::admin::v1::{AlterBrokerConfigsRequest, Change};
use serde_json::json;

use self::fetch::Live;
use self::plan::{Plan, Roll};
use self::validate::{Invalid, Surroundings, ValidCluster};
use super::reconcile::observed;
use crate::apply::{self, Applied, apply, apply_status};
use crate::broker_admin::AdminError;
use crate::build;
use crate::context::Context;
use crate::error::Error;
use crate::names::{Names, ROLL_ANNOTATION};

/// When a Cluster that is as it should be is looked at again: disks fill, and buckets fall behind, without an event.
const STEADY: Duration = Duration::from_secs(30);
/// When one that is being changed is.
const SOON: Duration = Duration::from_secs(2);

/// Brings a Cluster to what its spec says, as far as that goes at once.
///
/// # Errors
/// See [`Error`].
pub async fn reconcile(cluster: Arc<Cluster>, ctx: Arc<Context>) -> Result<Action, Error> {
    observed(&ctx, &*cluster, run(&cluster, &ctx)).await
}

async fn run(cluster: &Arc<Cluster>, ctx: &Context) -> Result<Action, Error> {
    let names = Names::new(&cluster.namespace().ok_or(Error::Incomplete("namespace"))?, &cluster.name_any());
    if cluster.metadata.deletion_timestamp.is_some() {
        // What belongs to it is deleted by Kubernetes; volumes are by their own policy.
        ctx.clusters.lock().remove(&names);
        ctx.admins.forget(&names);
        return Ok(Action::await_change());
    }
    let mut live = fetch::fetch(ctx, &names).await?;
    ctx.clusters.lock().insert(names.clone(), Arc::clone(cluster));
    let around = Surroundings {
        default_image: &ctx.options.broker_image,
        live_image: live.image(),
        reached_at: live.reached_at(cluster),
    };
    let valid = validate::validate(cluster, &around);
    let mut outcome = Outcome::default();
    if let (Ok(valid), false) = (&valid, cluster.spec.paused) {
        outcome = act(ctx, cluster, valid, &mut live).await?;
    }
    tell(ctx, cluster, valid.as_ref().err(), &live, &outcome).await?;
    let is_settled =
        outcome.blocked.is_none() && outcome.rolling.is_none() && live.is_settled(cluster.spec.replicas);
    Ok(Action::requeue(if is_settled || valid.is_err() { STEADY } else { SOON }))
}

/// What was done, and what could not be.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Which pod is restarted, and why.
    pub rolling: Option<String>,
    /// Why something that is due waits.
    pub blocked: Option<Invalid>,
    /// Whether this operator would make something else of the same spec.
    pub has_update: bool,
    /// The settings that running brokers were told.
    pub owned_config: Option<Vec<String>>,
}

async fn act(
    ctx: &Context,
    cluster: &Cluster,
    valid: &ValidCluster,
    live: &mut Live,
) -> Result<Outcome, Error> {
    let plan = plan::plan(cluster, valid, live);
    let mut outcome = Outcome { has_update: plan.keeps_template, ..Outcome::default() };
    apply_objects(ctx, cluster, valid, live, &plan).await?;
    outcome.blocked = grow(ctx, live, &plan).await?.or(plan.blocked.clone());
    match configure(ctx, live, &plan).await {
        Ok(owned) => outcome.owned_config = owned,
        Err(error) if error.is_unavailable => {}
        Err(error) => outcome.blocked = Some(Invalid { reason: "ConfigRefused", message: error.message }),
    }
    if let Some(roll) = &plan.roll {
        match roll_pod(ctx, cluster, live, roll).await? {
            Ok(()) => outcome.rolling = Some(roll.pod.clone()),
            Err(blocked) => outcome.blocked = Some(blocked),
        }
    }
    Ok(outcome)
}

async fn apply_objects(
    ctx: &Context,
    cluster: &Cluster,
    valid: &ValidCluster,
    live: &mut Live,
    plan: &Plan,
) -> Result<(), Error> {
    let client = &ctx.client;
    if live.token.is_none() {
        let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        apply::create_once(client, &build::secret::token(valid, &token)).await?;
    }
    let mut corrected = Vec::new();
    let mut note = |kind: &'static str, applied: Applied| {
        if let Applied::Corrected(field) = applied {
            corrected.push(format!("{kind} {field}"));
        }
    };
    let wanted = build::service_account::service_account(valid);
    note("ServiceAccount", apply(client, &wanted, live.service_account.as_ref()).await?.1);
    note(
        "ConfigMap",
        apply(client, &build::config_map::config_map(valid), live.config_map.as_ref()).await?.1,
    );
    note("Service", apply(client, &build::services::headless(valid), live.headless.as_ref()).await?.1);
    note("Service", apply(client, &build::services::bootstrap(valid), live.bootstrap.as_ref()).await?.1);
    match (build::services::external(valid), &live.external) {
        (Some(wanted), live) => note("Service", apply(client, &wanted, live.as_ref()).await?.1),
        (None, Some(left)) => apply::delete(client, left, PropagationPolicy::Background).await?,
        (None, None) => {}
    }
    let wanted = build::pod_disruption_budget::pod_disruption_budget(valid);
    note("PodDisruptionBudget", apply(client, &wanted, live.disruption_budget.as_ref()).await?.1);
    let wanted = build::network_policy::network_policy(valid, &ctx.options.leader_election_namespace);
    note("NetworkPolicy", apply(client, &wanted, live.network_policy.as_ref()).await?.1);
    if ctx.has_service_monitors {
        monitor(ctx, valid).await?;
    }
    if !plan.keeps_template && !plan.recreates {
        let (stateful_set, applied) = apply::<StatefulSet>(
            client,
            &build::stateful_set::stateful_set(valid),
            live.stateful_set.as_ref(),
        )
        .await?;
        if applied == Applied::Created {
            ctx.events
                .normal(cluster, "BrokersCreated", "Apply", "the StatefulSet of the brokers is made")
                .await;
        }
        note("StatefulSet", applied);
        live.stateful_set = Some(stateful_set);
    }
    for what in corrected {
        ctx.metrics.corrections.with_label_values(&["Cluster"]).inc();
        ctx.events
            .warning(cluster, "DriftCorrected", "Apply", &format!("{what} was changed and is set right"))
            .await;
    }
    Ok(())
}

async fn monitor(ctx: &Context, valid: &ValidCluster) -> Result<(), Error> {
    let resource = build::service_monitor::resource();
    let api = Api::<DynamicObject>::namespaced_with(ctx.client.clone(), &valid.names.namespace, &resource);
    apply::apply_dynamic(&api, &build::service_monitor::service_monitor(valid)).await
}

/// Grows volumes, and then has a StatefulSet made anew whose claims would be of another size: its pods stay. Returns why a
/// volume does not grow.
async fn grow(ctx: &Context, live: &Live, plan: &Plan) -> Result<Option<Invalid>, Error> {
    for (name, size) in &plan.grows {
        let Some(claim) = live.claims.iter().find(|claim| claim.name_any() == *name) else { continue };
        let change = json!({ "spec": { "resources": { "requests": { "storage": size.to_string() } } } });
        match apply::merge(&ctx.client, claim, &change).await {
            Ok(_) => tracing::info!(claim = name, size = %size, "a volume grows"),
            Err(Error::Kube(error)) => {
                let kube::Error::Api(status) = *error else { return Err(Error::Kube(error)) };
                return Ok(Some(Invalid { reason: "StorageNotGrown", message: status.message.clone() }));
            }
            Err(error) => return Err(error),
        }
    }
    if let (true, Some(stateful_set)) = (plan.recreates, &live.stateful_set) {
        apply::delete(&ctx.client, stateful_set, PropagationPolicy::Orphan).await?;
    }
    Ok(None)
}

/// Tells running brokers their settings. The keys that the spec names now, if brokers were reached.
async fn configure(ctx: &Context, live: &Live, plan: &Plan) -> Result<Option<Vec<String>>, AdminError> {
    let (Some(admin), Some(described)) = (live.admin(ctx)?, &live.described) else { return Ok(None) };
    if !plan.set_configs.is_empty() || !plan.remove_configs.is_empty() {
        let change = Change {
            request_id: uuid::Uuid::new_v4().into_bytes().to_vec(),
            expected_metadata_offset: Some(described.metadata_offset),
        };
        let request = AlterBrokerConfigsRequest {
            change: Some(change),
            set_configs: plan.set_configs.clone().into_iter().collect(),
            remove_configs: plan.remove_configs.clone(),
            validate_only: false,
        };
        admin.alter_broker_configs(request).await?;
    }
    Ok(Some(plan.owned_config.clone()))
}

/// Restarts a pod, if that takes nothing away from anybody.
async fn roll_pod(
    ctx: &Context,
    cluster: &Cluster,
    live: &Live,
    roll: &Roll,
) -> Result<Result<(), Invalid>, Error> {
    let Some(pod) = live.pods.iter().find(|pod| pod.name_any() == roll.pod) else { return Ok(Ok(())) };
    if roll.asks {
        let blocked = |message: String| Ok(Err(Invalid { reason: "RollBlocked", message }));
        let answer = match live.admin(ctx) {
            Ok(Some(admin)) => admin.safe_to_stop(roll.broker_id).await,
            Ok(None) => Err(AdminError::unreachable("there is no token yet")),
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) if answer.is_safe => {}
            Ok(answer) => {
                return blocked(format!("{} cannot be stopped now: {}", roll.pod, answer.reasons.join("; ")));
            }
            Err(error) => {
                return blocked(format!("{} does not say whether it may be stopped: {error}", roll.pod));
            }
        }
    }
    ctx.events
        .normal(cluster, "BrokerRestarted", "Roll", &format!("{} is restarted: {}", roll.pod, roll.why))
        .await;
    apply::delete::<Pod>(&ctx.client, pod, PropagationPolicy::Background).await?;
    Ok(Ok(()))
}

async fn tell(
    ctx: &Context,
    cluster: &Cluster,
    invalid: Option<&Invalid>,
    live: &Live,
    outcome: &Outcome,
) -> Result<(), Error> {
    let before = cluster.status.as_ref();
    let wanted = status::status(cluster, invalid, live, outcome, k8s_openapi::jiff::Timestamp::now());
    let namespace = cluster.namespace().unwrap_or_default();
    let conditions =
        wanted.conditions.iter().map(|condition| (condition.type_.as_str(), condition.status.as_str()));
    ctx.metrics.note_conditions(["Cluster", &namespace, &cluster.name_any()], conditions);
    status::tell_transitions(ctx, cluster, &wanted).await;
    apply_status(&ctx.client, cluster, before, &wanted).await
}

/// Whether somebody has asked for a restart of this pod.
#[must_use]
pub fn is_roll_asked(pod: &Pod) -> bool {
    pod.annotations().get(ROLL_ANNOTATION).is_some_and(|value| value == "true")
}
