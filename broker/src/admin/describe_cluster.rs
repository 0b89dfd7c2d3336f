//! DescribeCluster: the brokers, and what this one tells of itself.

use std::sync::Arc;

use broker_protocol::types::BrokerId;
use broker_state::metadata::image::{BrokerImage, ConfigResource};
use proto::admin::v1::{
    Broker, BrokerStatus, DescribeClusterRequest, DescribeClusterResponse, Endpoint, LogDirState,
    TierStanding, TierStatus,
};

use super::refusal::Refusal;
use crate::api::context::ApiContext;
use crate::tiering::{Standing, Tiering};

pub(super) async fn answer(
    ctx: &ApiContext,
    _request: DescribeClusterRequest,
) -> Result<DescribeClusterResponse, Refusal> {
    let image = ctx.metadata.image();
    let own = ctx.broker_id();
    let mut brokers: Vec<Broker> = image.brokers.values().map(|broker| described(broker)).collect();
    if let Some(broker) = brokers.iter_mut().find(|broker| broker.id == own.0) {
        broker.status = Some(status(ctx).await);
    }
    let dynamic = image.config(&ConfigResource::all_brokers());
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(DescribeClusterResponse {
        cluster_id: image.cluster_id.as_deref().unwrap_or_default().to_owned(),
        metadata_offset: image.position.offset.0,
        controller_id: if ctx.metadata.is_leader() { own } else { BrokerId::NONE }.0,
        brokers,
        topic_count: count(image.topics.len()),
        partition_count: count(image.topics.partition_count()),
        dynamic_configs: dynamic.map(|configs| (**configs).clone()).unwrap_or_default(),
    })
}

fn described(broker: &BrokerImage) -> Broker {
    let endpoint = |endpoint: &broker_state::metadata::record::Endpoint| Endpoint {
        listener: endpoint.listener.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
    };
    Broker {
        id: broker.id.0,
        epoch: broker.epoch,
        directory_id: broker.directory_id.into_bytes().to_vec(),
        fenced: broker.fenced,
        rack: broker.rack.clone(),
        endpoints: broker.endpoints.iter().map(endpoint).collect(),
        status: None,
    }
}

async fn status(ctx: &ApiContext) -> BrokerStatus {
    let (disk, path) = (Arc::clone(&ctx.env.disk), ctx.config.log_dir.clone());
    let space = ctx.env.block_on_disk(move || disk.space(&path)).await.ok();
    let log_dir = ctx.replicas.log_dir();
    let state = if log_dir.is_failed().is_some() {
        LogDirState::Offline
    } else if log_dir.lacks_room() {
        LogDirState::Full
    } else {
        LogDirState::Online
    };
    let partitions = ctx.replicas.topics().into_iter().flat_map(|topic| topic.partitions());
    let dynamic = ctx.settings.dynamic(&ctx.metadata.image());
    BrokerStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        log_bytes: partitions.map(|partition| partition.log().with(|log| log.size_bytes())).sum(),
        disk_bytes: space.as_ref().map_or(0, |space| space.total),
        disk_free_bytes: space.as_ref().map_or(0, |space| space.available),
        log_dir: state.into(),
        tier: ctx.tiering.as_deref().map(tier_status),
        static_configs: ctx.settings.config().layers(&dynamic).given_for_good(),
    }
}

fn tier_status(tiering: &Tiering) -> TierStatus {
    let (standing, reason) = match tiering.standing() {
        Standing::Unverified => {
            (TierStanding::Unverified, "the object store was not reached since the start".to_owned())
        }
        Standing::Active => (TierStanding::Active, String::new()),
        Standing::Stopped(reason) => (TierStanding::Stopped, reason),
    };
    let mut status = TierStatus { standing: standing.into(), reason, ..TierStatus::default() };
    for partition in tiering.partitions() {
        let figures = partition.figures();
        status.lag_bytes += figures.lag.bytes;
        status.lag_ms =
            status.lag_ms.max(figures.lag.oldest_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0));
        status.remote_bytes += figures.remote_bytes;
        status.troubled_partitions += u32::from(partition.trouble().is_some());
    }
    status
}
