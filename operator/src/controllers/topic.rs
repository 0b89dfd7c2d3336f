//! Topic: `fetch -> validate -> plan -> apply -> status`. What is applied is a topic of a broker, so there is no `build`.

pub mod plan;
pub mod status;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use broker_placement::{Broker, BrokerId};
use crds::cluster::Cluster;
use crds::references::DeletionPolicy;
use crds::topic::Topic;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::runtime::reflector::Store;
use kube::{Api, ResourceExt};
use proto::admin::v1::{self, AlterTopicRequest, Change, CreateTopicRequest, DeleteTopicRequest, Reason};
use serde_json::json;

use self::plan::Plan;
use self::status::Problem;
use self::validate::ValidTopic;
use super::reconcile::observed;
use crate::apply::{self, apply_status};
use crate::broker_admin::{AdminError, BrokerAdmin};
use crate::context::Context;
use crate::error::Error;
use crate::names::Names;

/// Keeps the object until its topic is deleted.
pub const FINALIZER: &str = "highwater.dev/topic";
/// When a topic that is as it should be is looked at again: whoever changes it behind the object's back is undone then.
const STEADY: Duration = Duration::from_secs(60);
/// When one that waits for something is.
const SOON: Duration = Duration::from_secs(2);
/// Most tries in one reconcile where somebody else changes the same topic.
const TRIES_MAX: usize = 3;

/// What the controller of topics needs beside the rest.
pub struct TopicContext {
    /// The rest.
    pub ctx: Arc<Context>,
    /// All Topics that are watched.
    pub topics: Store<Topic>,
}

/// Brings a topic to what its object says.
///
/// # Errors
/// See [`Error`].
pub async fn reconcile(topic: Arc<Topic>, own: Arc<TopicContext>) -> Result<Action, Error> {
    observed(&own.ctx, &*topic, run(&topic, &own)).await
}

async fn run(topic: &Topic, own: &TopicContext) -> Result<Action, Error> {
    let ctx = &own.ctx;
    let namespace = topic.namespace().ok_or(Error::Incomplete("namespace"))?;
    let names = Names::new(topic.spec.cluster_ref.namespace_or(&namespace), &topic.spec.cluster_ref.name);
    if topic.metadata.deletion_timestamp.is_some() {
        return clean_up(ctx, topic, &names, own).await;
    }
    hold(ctx, topic).await?;
    let result = bring(own, topic, &namespace, &names).await;
    let (found, problem) = match result {
        Ok(found) => (Some(found), None),
        Err(Stop::Problem(problem)) => (None, Some(problem)),
        Err(Stop::Error(error)) => return Err(error),
    };
    let wanted = status::status(topic, found.as_ref(), problem.as_ref(), Timestamp::now());
    let conditions =
        wanted.conditions.iter().map(|condition| (condition.type_.as_str(), condition.status.as_str()));
    ctx.metrics.note_conditions(["Topic", &namespace, &topic.name_any()], conditions);
    status::tell(ctx, topic, &wanted, found.as_ref()).await;
    apply_status(&ctx.client, topic, topic.status.as_ref(), &wanted).await?;
    let waits = problem.is_some_and(|problem| problem.passes);
    Ok(Action::requeue(if waits { SOON } else { STEADY }))
}

/// Why a topic was not brought to what its object says.
enum Stop {
    Problem(Problem),
    Error(Error),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Stop {
        Stop::Problem(problem)
    }
}

/// What became of a topic.
#[derive(Clone, Debug)]
pub struct Found {
    /// The topic as it is.
    pub topic: v1::Topic,
    /// What was different from the spec although the spec has not changed, and was set right.
    pub drift: Option<String>,
}

async fn bring(own: &TopicContext, topic: &Topic, namespace: &str, names: &Names) -> Result<Found, Stop> {
    let ctx = &own.ctx;
    if topic.spec.paused {
        return Err(Problem::lasting("Paused", "spec.paused is true: nothing is changed").into());
    }
    let cluster = cluster_of(ctx, names).await?;
    if !validate::is_allowed(&cluster, namespace) {
        let message =
            format!("Cluster {}/{} does not list namespace {namespace}", names.namespace, names.cluster);
        return Err(Problem::passing("NotAllowed", message).into());
    }
    if let Some(other) = validate::older_claim(topic, names, own.topics.state().iter().map(|other| &**other))
    {
        let message = format!("topic {} is that of Topic {other}, which is older", topic.topic_name());
        return Err(Problem::passing("Conflict", message).into());
    }
    let valid =
        validate::validate(topic).map_err(|invalid| Problem::lasting(invalid.reason, invalid.message))?;
    let Some(admin) = ctx.admins.get(names) else {
        return Err(Problem::passing("ClusterNotReady", "the Cluster's brokers were not reached yet").into());
    };
    match set_right(&admin, topic, &valid).await {
        Ok(found) => found.map_err(Stop::Problem),
        Err(error) => Err(Problem::of(&error).into()),
    }
}

/// The Cluster that is meant.
async fn cluster_of(ctx: &Context, names: &Names) -> Result<Arc<Cluster>, Stop> {
    if let Some(cluster) = ctx.cluster(names) {
        return Ok(cluster);
    }
    let api = Api::<Cluster>::namespaced(ctx.client.clone(), &names.namespace);
    match api.get_opt(&names.cluster).await {
        Ok(Some(cluster)) => Ok(Arc::new(cluster)),
        Ok(None) => {
            let message = format!("there is no Cluster {}/{}", names.namespace, names.cluster);
            Err(Problem::passing("NoSuchCluster", message).into())
        }
        Err(error) => Err(Stop::Error(error.into())),
    }
}

/// Asks the broker what there is, and changes what differs, until nothing does.
async fn set_right(
    admin: &BrokerAdmin,
    topic: &Topic,
    valid: &ValidTopic,
) -> Result<Result<Found, Problem>, AdminError> {
    let mut drift = None;
    let cluster = admin.describe_cluster().await?;
    let broker = |broker: &v1::Broker| Broker {
        id: BrokerId(broker.id),
        rack: broker.rack.clone(),
        is_draining: false,
    };
    let brokers: Vec<Broker> = cluster.brokers.iter().map(broker).collect();
    for _ in 0..TRIES_MAX {
        let (offset, found) = admin.describe_topic(&valid.name).await?;
        let plan = match plan::plan(topic, valid, found.as_ref(), &brokers) {
            Ok(plan) => plan,
            Err(problem) => return Ok(Err(problem)),
        };
        drift = drift.or(plan.drift().filter(|_| status::was_settled(topic)));
        let change = Some(Change {
            request_id: uuid::Uuid::new_v4().into_bytes().to_vec(),
            expected_metadata_offset: Some(offset),
        });
        let changed = match (plan, found) {
            (Plan::Nothing, Some(topic)) => return Ok(Ok(Found { topic, drift })),
            (Plan::Create { assignments }, _) => {
                let (name, configs) = (valid.name.clone(), valid.config.clone().into_iter().collect());
                admin
                    .create_topic(CreateTopicRequest {
                        change,
                        name,
                        assignments,
                        configs,
                        validate_only: false,
                    })
                    .await
            }
            (Plan::Alter { set, remove, added, .. }, Some(found)) => {
                let request = AlterTopicRequest {
                    change,
                    topic_id: found.topic_id,
                    set_configs: set.into_iter().collect(),
                    remove_configs: remove,
                    added_partitions: added,
                    validate_only: false,
                };
                admin.alter_topic(request).await
            }
            (Plan::Nothing | Plan::Alter { .. }, None) => Ok(()),
        };
        match changed {
            Ok(()) => {}
            // Somebody else was faster: look again.
            Err(error)
                if matches!(error.reason, Reason::Stale | Reason::TopicExists | Reason::UnknownTopic) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Err(Problem::passing("Contended", "somebody else changes the topic all the time")))
}

/// Has the object wait for its topic to be deleted, if that is its policy; else not.
async fn hold(ctx: &Context, topic: &Topic) -> Result<(), Error> {
    let is_held = topic.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    let wants = topic.spec.deletion_policy == DeletionPolicy::Delete;
    if is_held == wants {
        return Ok(());
    }
    set_finalizer(ctx, topic, wants).await
}

async fn set_finalizer(ctx: &Context, topic: &Topic, is_on: bool) -> Result<(), Error> {
    let mut finalizers: Vec<String> =
        topic.finalizers().iter().filter(|known| *known != FINALIZER).cloned().collect();
    if is_on {
        finalizers.push(FINALIZER.to_owned());
    }
    // Refused if the object was changed since it was read.
    let metadata = json!({ "finalizers": finalizers, "resourceVersion": topic.metadata.resource_version });
    match apply::merge(&ctx.client, topic, &json!({ "metadata": metadata })).await {
        Ok(_) => Ok(()),
        Err(Error::Kube(error)) => match &*error {
            kube::Error::Api(status) if status.code == 404 => Ok(()),
            _ => Err(Error::Kube(error)),
        },
        Err(error) => Err(error),
    }
}

/// Deletes the topic, if that is the policy, and lets the object go. A topic whose Cluster is gone or being deleted, or
/// that is another object's, is let go at once: no namespace hangs for it.
async fn clean_up(ctx: &Context, topic: &Topic, names: &Names, own: &TopicContext) -> Result<Action, Error> {
    let (kind, namespace, name) = ("Topic", topic.namespace().unwrap_or_default(), topic.name_any());
    if topic.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        let api = Api::<Cluster>::namespaced(ctx.client.clone(), &names.namespace);
        let cluster = api.get_opt(&names.cluster).await?;
        let is_there = cluster.is_some_and(|cluster| cluster.metadata.deletion_timestamp.is_none());
        let others = own.topics.state();
        let is_ours = validate::older_claim(topic, names, others.iter().map(|other| &**other)).is_none();
        let deletes = topic.spec.deletion_policy == DeletionPolicy::Delete && !topic.spec.paused;
        if is_there && is_ours && deletes && owned_id(topic).is_some() {
            delete_topic(ctx, topic, names).await?;
            ctx.events
                .normal(topic, "TopicDeleted", "Delete", &format!("topic {} is deleted", topic.topic_name()))
                .await;
        }
        set_finalizer(ctx, topic, false).await?;
    }
    ctx.metrics.forget([kind, &namespace, &name]);
    Ok(Action::await_change())
}

/// The id of the topic that this object has brought about, or adopted.
fn owned_id(topic: &Topic) -> Option<&str> {
    topic.status.as_ref()?.topic_id.as_deref()
}

/// Deletes just the topic of that id: one of the same name that somebody made later stays.
async fn delete_topic(ctx: &Context, topic: &Topic, names: &Names) -> Result<(), Error> {
    let admin = ctx
        .admins
        .get(names)
        .ok_or_else(|| AdminError::unreachable("the Cluster's brokers were not reached yet"))?;
    let (_, found) = admin.describe_topic(topic.topic_name()).await?;
    let Some(found) = found else { return Ok(()) };
    if owned_id(topic) != Some(status::topic_id(&found).as_str()) {
        return Ok(());
    }
    let change = Some(Change {
        request_id: uuid::Uuid::new_v4().into_bytes().to_vec(),
        expected_metadata_offset: None,
    });
    match admin.delete_topic(DeleteTopicRequest { change, topic_id: found.topic_id }).await {
        Err(error) if error.reason == Reason::UnknownTopic => Ok(()),
        Err(error) if error.reason == Reason::DeletionDisabled => {
            let problem = Problem::passing("DeletionDisabled", error.message.clone());
            let wanted = status::status(topic, None, Some(&problem), Timestamp::now());
            status::tell(ctx, topic, &wanted, None).await;
            apply_status(&ctx.client, topic, topic.status.as_ref(), &wanted).await?;
            Err(error.into())
        }
        deleted => Ok(deleted?),
    }
}
