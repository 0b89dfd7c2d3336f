//! The process: metrics first, then the wait for the Lease, then the controllers; and the same back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crds::cluster::Cluster;
use crds::consumer_group::ConsumerGroup;
use crds::topic::Topic;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join_all};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::client::ClientBuilder;
use kube::runtime::controller::{Config, Controller};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use tokio::sync::watch;

use crate::api_requests::CountRequests;
use crate::context::Context;
use crate::controllers::reconcile::after_failure;
use crate::controllers::topic::TopicContext;
use crate::controllers::{cluster, consumer_group, topic};
use crate::leader::Election;
use crate::metrics::Metrics;
use crate::names::FIELD_MANAGER;
use crate::options::Options;
use crate::{build, http};

/// Objects of one kind that are worked on at once.
const CONCURRENCY: u16 = 16;
/// How often it is looked how many objects wait.
const QUEUE_INTERVAL: Duration = Duration::from_secs(5);

/// Runs until a signal, or until the Lease is lost.
///
/// # Errors
/// The API server is not known, the address of metrics cannot be had, or the Lease was lost.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let metrics = Metrics::new();
    let config = kube::Config::infer().await.context("the API server is not known")?;
    let builder = ClientBuilder::try_from(config).context("the API server's address makes no sense")?;
    let client: Client = builder.with_layer(&CountRequests(Arc::clone(&metrics))).build();
    http::serve(options.http_listener, Arc::clone(&metrics)).await?;
    let identity =
        options.identity.clone().unwrap_or_else(|| format!("operator-{}", uuid::Uuid::new_v4().simple()));
    let (namespace, name) = (&options.leader_election_namespace, &options.leader_election_name);
    let election = Election::new(client.clone(), namespace, name, &identity);
    let mut stopped = Box::pin(signal());
    tracing::info!(identity, "waits for the lease");
    tokio::select! {
        () = election.acquire() => {}
        () = &mut stopped => return Ok(()),
    }
    metrics.lease_holder.set(1);
    tracing::info!(identity, "acts");
    let has_monitors = has_service_monitors(&client).await;
    let ctx = Arc::new(Context::new(client, options, metrics, &identity, has_monitors));
    let (stop, stops) = watch::channel(false);
    let controllers = tokio::spawn(controllers(Arc::clone(&ctx), stops));
    tokio::select! {
        () = election.keep() => anyhow::bail!("the lease was lost: another operator may act"),
        () = &mut stopped => {}
    }
    // What is under way ends first; another may act only then.
    stop.send_replace(true);
    controllers.await.context("a controller has failed")?;
    election.release().await;
    Ok(())
}

/// Returns when the process is asked to end.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn has_service_monitors(client: &Client) -> bool {
    let resource = build::service_monitor::resource();
    let group = client.list_api_group_resources(&resource.api_version).await;
    group.is_ok_and(|group| group.resources.iter().any(|known| known.kind == resource.kind))
}

/// All objects of a kind that are watched: everywhere, or in one namespace.
fn scoped<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

async fn controllers(ctx: Arc<Context>, stops: watch::Receiver<bool>) {
    let namespaces: Vec<Option<String>> = match ctx.options.watch_namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let all = namespaces.iter().flat_map(|namespace| {
        let namespace = namespace.as_deref();
        [
            clusters(&ctx, namespace, stops.clone()),
            topics(&ctx, namespace, stops.clone()),
            groups(&ctx, namespace, stops.clone()),
        ]
    });
    join_all(all.collect::<Vec<_>>()).await;
}

/// Shows how many objects wait for the first reconcile of their present spec.
fn watch_queue<K>(
    ctx: &Arc<Context>,
    store: Store<K>,
    observed: fn(&K) -> Option<i64>,
    stops: watch::Receiver<bool>,
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    let depth = ctx.metrics.queue.with_label_values(&[&*K::kind(&())]);
    let count = async move {
        loop {
            let waits = |object: &&Arc<K>| observed(object) != object.meta().generation;
            depth.set(i64::try_from(store.state().iter().filter(waits).count()).unwrap_or(i64::MAX));
            tokio::time::sleep(QUEUE_INTERVAL).await;
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            () = count => {}
            () = stopped(stops) => {}
        }
    });
}

async fn stopped(mut stops: watch::Receiver<bool>) {
    // The sender lives as long as the process.
    let _ = stops.wait_for(|is_stopped| *is_stopped).await;
}

fn clusters(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
    stops: watch::Receiver<bool>,
) -> BoxFuture<'static, ()> {
    let client = &ctx.client;
    let owned = watcher::Config::default().labels(&format!("app.kubernetes.io/managed-by={FIELD_MANAGER}"));
    let pods = watcher::Config::default().labels("app.kubernetes.io/name=highwater-broker");
    let of_pod = |pod: Pod| {
        let cluster = pod.labels().get("app.kubernetes.io/instance")?.clone();
        Some(ObjectRef::<Cluster>::new(&cluster).within(&pod.namespace()?))
    };
    let controller = Controller::new(scoped::<Cluster>(client, namespace), watcher::Config::default());
    let observed = |cluster: &Cluster| cluster.status.as_ref().and_then(|status| status.observed_generation);
    watch_queue(ctx, controller.store(), observed, stops.clone());
    let run = controller
        .with_config(Config::default().concurrency(CONCURRENCY))
        .owns(scoped::<StatefulSet>(client, namespace), owned.clone())
        .owns(scoped::<Service>(client, namespace), owned.clone())
        .owns(scoped::<ConfigMap>(client, namespace), owned)
        .watches(scoped::<Pod>(client, namespace), pods, of_pod)
        .graceful_shutdown_on(stopped(stops))
        .run(cluster::reconcile, after_failure, Arc::clone(ctx));
    Box::pin(run.for_each(async |_| {}))
}

fn topics(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
    stops: watch::Receiver<bool>,
) -> BoxFuture<'static, ()> {
    let queue_stops = stops.clone();
    let controller = Controller::new(scoped::<Topic>(&ctx.client, namespace), watcher::Config::default())
        .with_config(Config::default().concurrency(CONCURRENCY))
        .graceful_shutdown_on(stopped(stops));
    let observed = |topic: &Topic| topic.status.as_ref().and_then(|status| status.observed_generation);
    watch_queue(ctx, controller.store(), observed, queue_stops);
    let own = Arc::new(TopicContext { ctx: Arc::clone(ctx), topics: controller.store() });
    let failed = |object: Arc<Topic>, error: &_, own: Arc<TopicContext>| {
        after_failure(object, error, Arc::clone(&own.ctx))
    };
    Box::pin(controller.run(topic::reconcile, failed, own).for_each(async |_| {}))
}

fn groups(
    ctx: &Arc<Context>,
    namespace: Option<&str>,
    stops: watch::Receiver<bool>,
) -> BoxFuture<'static, ()> {
    let controller =
        Controller::new(scoped::<ConsumerGroup>(&ctx.client, namespace), watcher::Config::default());
    let observed =
        |group: &ConsumerGroup| group.status.as_ref().and_then(|status| status.observed_generation);
    watch_queue(ctx, controller.store(), observed, stops.clone());
    let run = controller
        .with_config(Config::default().concurrency(CONCURRENCY))
        .graceful_shutdown_on(stopped(stops))
        .run(consumer_group::reconcile, after_failure, Arc::clone(ctx));
    Box::pin(run.for_each(async |_| {}))
}
