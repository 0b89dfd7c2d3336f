//! Gives out producer ids from blocks that the metadata log assigns to this broker.

use std::ops::Range;

use broker_protocol::types::ProducerId;
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::producer_ids::allocate_producer_ids;
use broker_state::outcome::Outcome;
use tokio::sync::Mutex;

use crate::api::context::ApiContext;
use crate::controller::ChangeError;

/// Why there is no producer id.
#[derive(Debug, thiserror::Error)]
pub enum NoProducerId {
    /// The controller refused.
    #[error("{0}")]
    Refused(#[from] MetadataError),
    /// The decision did not take effect.
    #[error("{0}")]
    Change(#[from] ChangeError),
}

/// What is left of this broker's block. A restart leaves the rest of a block unused.
#[derive(Debug, Default)]
pub struct ProducerIds {
    left: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id that was never given out.
    ///
    /// # Errors
    /// A new block was needed and could not be had.
    pub async fn next(&self, ctx: &ApiContext) -> Result<ProducerId, NoProducerId> {
        let mut left = self.left.lock().await;
        if let Some(id) = left.next() {
            return Ok(ProducerId(id));
        }
        let broker = ctx.broker_id();
        let block = ctx
            .controller
            .decide(|image| {
                let epoch = image.brokers.get(&broker).map_or(-1, |registered| registered.epoch);
                match allocate_producer_ids(image, broker, epoch) {
                    Ok(Outcome { records, response }) => Outcome { records, response: Ok(response) },
                    Err(error) => Outcome::unchanged(Err(error)),
                }
            })
            .await??;
        *left = block.first.0 + 1..block.first.0 + block.len;
        Ok(block.first)
    }
}
