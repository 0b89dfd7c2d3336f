//! Whether a broker can do its work, for `/healthz` and `/readyz`.

use std::pin::Pin;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Broker;
use crate::api::context::ApiContext;
use crate::http::{Health, Scrubbed};
use crate::tiering::ScrubAnswer;

/// Health of a broker that may not be there yet.
#[derive(Default)]
pub struct BrokerHealth {
    ctx: RwLock<Option<Arc<ApiContext>>>,
}

impl BrokerHealth {
    /// The broker has started.
    pub fn started(&self, broker: &Broker) {
        *self.ctx.write() = Some(Arc::clone(&broker.ctx));
    }
}

impl Health for BrokerHealth {
    fn unhealthy(&self) -> Vec<String> {
        let ctx = self.ctx.read();
        let Some(ctx) = ctx.as_ref() else { return Vec::new() };
        let failed = ctx.replicas.log_dir().is_failed();
        let failed = failed.map(|reason| format!("log directory is out of service: {reason}"));
        // An orderly stop ends the metadata log too.
        let metadata = if ctx.is_stopping() { None } else { ctx.metadata.failure() };
        let metadata = metadata.map(|reason| format!("metadata log is out of service: {reason}"));
        failed.into_iter().chain(metadata).collect()
    }

    fn not_ready(&self) -> Vec<String> {
        let mut reasons = self.unhealthy();
        match &*self.ctx.read() {
            None => reasons.push("starting: recovery is not finished".to_owned()),
            Some(ctx) if ctx.is_stopping() => reasons.push("stopping".to_owned()),
            Some(ctx) if ctx.replicas.log_dir().lacks_room() => {
                reasons.push("log directory has no room: produce is refused until there is".to_owned());
            }
            Some(_) => {}
        }
        reasons
    }

    fn scrub(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>> {
        Box::pin(scrub(self.ctx.read().clone(), topic, false))
    }

    fn verify(&self, topic: Option<String>) -> Pin<Box<dyn Future<Output = Scrubbed> + Send>> {
        Box::pin(scrub(self.ctx.read().clone(), topic, true))
    }
}

async fn scrub(ctx: Option<Arc<ApiContext>>, topic: Option<String>, verifies: bool) -> Scrubbed {
    let Some(ctx) = ctx else { return Scrubbed::Impossible("starting: recovery is not finished") };
    let Some(tiering) = ctx.tiering.clone() else {
        return Scrubbed::Impossible("there is no object store: highwater.remote.url is not set");
    };
    if let Some(name) = &topic
        && ctx.metadata.image().topics.by_name(name).is_none()
    {
        let report = serde_json::json!({ "error": format!("there is no topic {name}") });
        return Scrubbed::UnknownTopic { report: format!("{report:#}\n") };
    }
    let answers = if verifies {
        let Some(answers) = tiering.verify_objects(&ctx, topic.as_deref()).await else {
            return Scrubbed::Impossible("another request has the contents of objects read just now");
        };
        answers
    } else {
        tiering.scrub(&ctx, topic.as_deref()).await
    };
    let is_sound = answers.iter().all(ScrubAnswer::is_sound);
    let partitions: Vec<_> = answers.iter().map(ScrubAnswer::to_json).collect();
    let report = serde_json::json!({ "sound": is_sound, "verified": verifies, "partitions": partitions });
    Scrubbed::Done { is_sound, report: format!("{report:#}\n") }
}
