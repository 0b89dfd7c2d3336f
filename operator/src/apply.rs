//! The only writer: server-side apply under one field manager, and nothing at all where an object is as it should be.
//!
//! An object is written if what is wanted was not the last that was applied (an annotation says so, as a field that is not
//! wanted any more is not seen otherwise), or if something wanted is not there: somebody has changed it.

use std::fmt::Debug;

use crc_fast::{CrcAlgorithm, checksum};
use crds::quantity::Quantity;
use kube::api::{
    Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy,
};
use kube::core::NamespaceResourceScope;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::Error;
use crate::names::{APPLIED_ANNOTATION, FIELD_MANAGER};

/// What became of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It was as it should be.
    Unchanged,
    /// It was not there.
    Created,
    /// What is wanted has changed.
    Updated,
    /// Somebody else had changed it; with the first field.
    Corrected(String),
}

/// Brings an object to what is wanted. `live`: what there is.
///
/// # Errors
/// The API server's.
pub async fn apply<K>(client: &Client, wanted: &K, live: Option<&K>) -> Result<(K, Applied), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned,
{
    let mut wanted = serde_json::to_value(wanted)?;
    let hash = fingerprint(&wanted);
    if let Some(annotations) = wanted.pointer_mut("/metadata") {
        annotations["annotations"][APPLIED_ANNOTATION] = json!(hash);
    }
    let change = match live {
        None => Applied::Created,
        Some(live) if live.annotations().get(APPLIED_ANNOTATION) != Some(&hash) => Applied::Updated,
        Some(live) => match difference(&wanted, &serde_json::to_value(live)?, "") {
            None => return Ok((live.clone(), Applied::Unchanged)),
            Some(field) => Applied::Corrected(field),
        },
    };
    let name = wanted["metadata"]["name"].as_str().ok_or(Error::Incomplete("name"))?.to_owned();
    let namespace =
        wanted["metadata"]["namespace"].as_str().ok_or(Error::Incomplete("namespace"))?.to_owned();
    wanted["apiVersion"] = json!(K::api_version(&()));
    wanted["kind"] = json!(K::kind(&()));
    let api = Api::<K>::namespaced(client.clone(), &namespace);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api.patch(&name, &parameters, &Patch::Apply(&wanted)).await?;
    tracing::info!(kind = %K::kind(&()), namespace, name, change = ?change, "object applied");
    Ok((applied, change))
}

/// Brings an object of a kind that need not be there to what is wanted.
///
/// # Errors
/// The API server's.
pub async fn apply_dynamic(api: &Api<DynamicObject>, wanted: &DynamicObject) -> Result<(), Error> {
    let name = wanted.name_any();
    let mut wanted = serde_json::to_value(wanted)?;
    let hash = fingerprint(&wanted);
    wanted["metadata"]["annotations"][APPLIED_ANNOTATION] = json!(hash);
    if let Some(live) = api.get_opt(&name).await?
        && live.annotations().get(APPLIED_ANNOTATION) == Some(&hash)
        && difference(&wanted, &serde_json::to_value(&live)?, "").is_none()
    {
        return Ok(());
    }
    api.patch(&name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(&wanted)).await?;
    Ok(())
}

/// Brings the status of an object to what is wanted, if it differs.
///
/// # Errors
/// The API server's.
pub async fn apply_status<K, S>(
    client: &Client,
    object: &K,
    before: Option<&S>,
    wanted: &S,
) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    S: Serialize + PartialEq,
{
    if before == Some(wanted) {
        return Ok(());
    }
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let status = json!({ "apiVersion": K::api_version(&()), "kind": K::kind(&()), "status": wanted });
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let api = Api::<K>::namespaced(client.clone(), &namespace);
    api.patch_status(&object.name_any(), &parameters, &Patch::Apply(&status)).await?;
    Ok(())
}

/// Makes an object that is made once and never changed. One that is there already is left alone.
///
/// # Errors
/// The API server's.
pub async fn create_once<K>(client: &Client, object: &K) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned,
{
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match Api::<K>::namespaced(client.clone(), &namespace).create(&parameters, object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Deletes just this object: not one of the same name that was made later. One that is gone is no error.
///
/// # Errors
/// The API server's.
pub async fn delete<K>(client: &Client, object: &K, propagation: PropagationPolicy) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let parameters = DeleteParams {
        propagation_policy: Some(propagation),
        preconditions: Some(Preconditions { uid: object.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    match Api::<K>::namespaced(client.clone(), &namespace).delete(&object.name_any(), &parameters).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Changes fields of an object that others own as well.
///
/// # Errors
/// The API server's.
pub async fn merge<K>(client: &Client, object: &K, change: &Value) -> Result<K, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let namespace = object.namespace().ok_or(Error::Incomplete("namespace"))?;
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let api = Api::<K>::namespaced(client.clone(), &namespace);
    Ok(api.patch(&object.name_any(), &parameters, &Patch::Merge(change)).await?)
}

/// A short name of a value, the same in every process.
#[must_use]
pub fn fingerprint(value: &Value) -> String {
    // Keys of JSON objects are in order.
    format!("{:016x}", checksum(CrcAlgorithm::Crc64Nvme, value.to_string().as_bytes()))
}

/// The first place where what is wanted is not what there is. More than what is wanted may be there: defaults, and what
/// others have added. Lists are compared element by element.
fn difference(wanted: &Value, live: &Value, place: &str) -> Option<String> {
    let differs = || Some(if place.is_empty() { "/".to_owned() } else { place.to_owned() });
    match (wanted, live) {
        (Value::Null, _) => None,
        (Value::Object(wanted), Value::Object(live)) => wanted.iter().find_map(|(key, wanted)| {
            let place = format!("{place}/{key}");
            match live.get(key) {
                Some(live) => difference(wanted, live, &place),
                None if is_empty(wanted) => None,
                None => Some(place),
            }
        }),
        // The server adds owners and finalizers of its own.
        (Value::Array(wanted), Value::Array(live)) if place.starts_with("/metadata/") => {
            wanted.iter().any(|one| !live.contains(one)).then(differs).flatten()
        }
        (Value::Array(wanted), Value::Array(live)) if wanted.len() == live.len() => {
            let mut pairs = wanted.iter().zip(live).enumerate();
            pairs.find_map(|(at, (wanted, live))| difference(wanted, live, &format!("{place}/{at}")))
        }
        (Value::String(one), Value::String(other)) if one != other => {
            // The server writes quantities in another way.
            let value = |text: &String| Quantity(text.clone()).value();
            let is_quantity = place.contains("/resources/") || place.ends_with("/sizeLimit");
            let same = is_quantity && value(one).is_some() && value(one) == value(other);
            (!same).then(differs).flatten()
        }
        (wanted, live) => (wanted != live).then(differs).flatten(),
    }
}

/// Whether a value says as little as none: the server leaves such out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(is_empty),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_adds_is_no_difference_and_what_somebody_changed_is() {
        let wanted = json!({ "spec": { "a": 1, "list": [{ "name": "x" }], "none": {}, "resources": { "requests": { "memory": "1024Mi" } } } });
        let mut live = json!({
            "spec": { "a": 1, "list": [{ "name": "x", "added": true }], "resources": { "requests": { "memory": "1Gi" } } },
            "status": {},
        });
        assert_eq!(difference(&wanted, &live, ""), None);
        live["spec"]["list"][0]["name"] = json!("y");
        assert_eq!(difference(&wanted, &live, "").as_deref(), Some("/spec/list/0/name"));
        live["spec"]["list"] = json!([]);
        assert_eq!(difference(&wanted, &live, "").as_deref(), Some("/spec/list"));
        live["spec"]["list"] = wanted["spec"]["list"].clone();
        live["spec"]["resources"]["requests"]["memory"] = json!("2Gi");
        assert_eq!(difference(&wanted, &live, "").as_deref(), Some("/spec/resources/requests/memory"));
    }
}
