//! The workload that consumes, by its scale subresource.

use crds::consumer_group::{ScalingTarget, TargetKind};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::context::Context;
use crate::error::Error;
use crate::names::FIELD_MANAGER;

/// Replicas that it is to have now; `None` if it is not there.
///
/// # Errors
/// The API server's.
pub async fn replicas(ctx: &Context, namespace: &str, target: &ScalingTarget) -> Result<Option<i32>, Error> {
    let client = ctx.client.clone();
    let scale = match target.kind {
        TargetKind::Deployment => {
            Api::<Deployment>::namespaced(client, namespace).get_scale(&target.name).await
        }
        TargetKind::StatefulSet => {
            Api::<StatefulSet>::namespaced(client, namespace).get_scale(&target.name).await
        }
    };
    match scale {
        Ok(scale) => Ok(Some(scale.spec.and_then(|spec| spec.replicas).unwrap_or(0))),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Scales it.
///
/// # Errors
/// The API server's.
pub async fn set_replicas(
    ctx: &Context,
    namespace: &str,
    target: &ScalingTarget,
    count: i32,
) -> Result<(), Error> {
    let client = ctx.client.clone();
    let change = Patch::Merge(json!({ "spec": { "replicas": count } }));
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match target.kind {
        TargetKind::Deployment => {
            Api::<Deployment>::namespaced(client, namespace)
                .patch_scale(&target.name, &parameters, &change)
                .await?;
        }
        TargetKind::StatefulSet => {
            Api::<StatefulSet>::namespaced(client, namespace)
                .patch_scale(&target.name, &parameters, &change)
                .await?;
        }
    }
    Ok(())
}
