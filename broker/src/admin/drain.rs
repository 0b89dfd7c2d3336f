//! Drain: a broker gives its partitions to others. There are no others yet.

use broker_protocol::types::BrokerId;
use proto::admin::v1::{DrainRequest, DrainResponse, Reason};

use super::change::Asked;
use super::refusal::Refusal;
use crate::api::context::ApiContext;

pub(super) async fn answer(ctx: &ApiContext, request: DrainRequest) -> Result<DrainResponse, Refusal> {
    let asked = Asked::of("Drain", request.change.as_ref(), &request)?;
    let image = ctx.metadata.image();
    let id = BrokerId(request.broker_id);
    let unknown = || Refusal::new(Reason::UnknownBroker, format!("broker {id} is not registered"));
    let broker = image.brokers.get(&id).ok_or_else(unknown)?;
    asked.check(&image, broker_protocol::types::Offset(broker.epoch))?;
    if request.is_on {
        if !image.brokers.values().any(|other| other.id != id && !other.fenced) {
            return Err(Refusal::new(
                Reason::LastBroker,
                format!("no broker can take over from broker {id}"),
            ));
        }
        return Err(Refusal::unimplemented("partitions cannot be moved between brokers"));
    }
    let partitions = image.topics.iter().flat_map(|topic| topic.partitions.values());
    let held = partitions.filter(|partition| partition.replicas.contains(&id)).count();
    Ok(DrainResponse { partitions_left: u32::try_from(held).unwrap_or(u32::MAX) })
}
