//! What a person would want to know, as events of the objects concerned. The same event again counts up the first.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use crate::names::FIELD_MANAGER;

/// Most bytes of a message; the API server takes 1,024.
const NOTE_BYTES_MAX: usize = 1000;

/// Publishes events.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// In the name of the operator called `identity`.
    #[must_use]
    pub fn new(client: Client, identity: &str) -> Events {
        let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(identity.to_owned()) };
        Events { recorder: Recorder::new(client, reporter) }
    }

    /// Tells of something that is as it should be.
    pub async fn normal<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        reason: &str,
        action: &str,
        note: &str,
    ) {
        self.publish(&object.object_ref(&()), EventType::Normal, reason, action, note).await;
    }

    /// Tells of something that somebody should look at.
    pub async fn warning<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        reason: &str,
        action: &str,
        note: &str,
    ) {
        self.publish(&object.object_ref(&()), EventType::Warning, reason, action, note).await;
    }

    async fn publish(
        &self,
        object: &ObjectReference,
        type_: EventType,
        reason: &str,
        action: &str,
        note: &str,
    ) {
        let end = note.floor_char_boundary(NOTE_BYTES_MAX);
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note[..end].to_owned()),
            action: action.to_owned(),
            secondary: None,
        };
        // Events are for people: nothing waits for them.
        if let Err(error) = self.recorder.publish(&event, object).await {
            tracing::debug!(%error, reason, "an event was not published");
        }
    }
}
