//! What all reconciles have around them: figures, a deadline, a pause after failures that grows object by object.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};

use crate::context::Context;
use crate::error::Error;
use crate::metrics::now_seconds;

/// How long a reconcile may take: an object that hangs does not keep its place among those that are worked on.
const LASTS_MAX: Duration = Duration::from_secs(60);

/// Runs one reconcile.
///
/// # Errors
/// Its own.
pub async fn observed<K: Resource<DynamicType = ()>>(
    ctx: &Context,
    object: &K,
    reconcile: impl Future<Output = Result<Action, Error>>,
) -> Result<Action, Error> {
    let (kind, namespace, name) = (K::kind(&()), object.namespace().unwrap_or_default(), object.name_any());
    let labels = [&*kind, namespace.as_str(), name.as_str()];
    let metrics = &ctx.metrics;
    metrics.in_progress.with_label_values(&labels).set(now_seconds());
    let began = Instant::now();
    let result = match tokio::time::timeout(LASTS_MAX, reconcile).await {
        Ok(result) => result,
        Err(_) => Err(Error::TooSlow),
    };
    // It was set above.
    let _ = metrics.in_progress.remove_label_values(&labels);
    metrics.durations.with_label_values(&[&*kind]).observe(began.elapsed().as_secs_f64());
    let told = if result.is_ok() { "ok" } else { "error" };
    metrics.reconciles.with_label_values(&[&*kind, told]).inc();
    if let Err(error) = &result {
        metrics.failures.with_label_values(&[&*kind, error.label()]).inc();
    }
    if result.is_ok() {
        ctx.note_success(labels);
    }
    result
}

/// When an object whose reconcile failed is tried again.
#[expect(clippy::needless_pass_by_value, reason = "the controller calls it so")]
pub fn after_failure<K: Resource<DynamicType = ()>>(
    object: Arc<K>,
    error: &Error,
    ctx: Arc<Context>,
) -> Action {
    let (kind, namespace, name) = (K::kind(&()), object.namespace().unwrap_or_default(), object.name_any());
    let rests = ctx.note_failure([&*kind, namespace.as_str(), name.as_str()]);
    tracing::warn!(kind = &*kind, namespace, name, %error, rests_ms = rests.as_millis(), "a reconcile failed");
    Action::requeue(rests)
}
