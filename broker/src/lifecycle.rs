//! How a broker joins the cluster: forms it on an empty metadata log and registers with a new incarnation.

use std::collections::BTreeMap;

use std::time::Duration;

use anyhow::Context;
use broker_config::BrokerConfig;
use broker_log::meta_properties::{META_PROPERTIES_FILE, MetaProperties};
use broker_protocol::types::BrokerId;
use broker_state::metadata::brokers::{self, BrokerRegistration};
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::record::{Endpoint, MetadataRecord};
use broker_state::outcome::Outcome;

use crate::api::context::AdvertisedListener;
use crate::controller::{ChangeError, Controller};
use crate::env::Env;
use crate::quorum::ProposeError;

/// Longer than any process runs.
pub const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Level of Kafka's metadata features that this broker's semantics correspond to (Kafka 4.3-IV0).
const METADATA_VERSION: i16 = 30;

fn features() -> BTreeMap<String, i16> {
    BTreeMap::from([("metadata.version".to_owned(), METADATA_VERSION)])
}

/// Registers this broker and lets it lead. Where the disk has no room for that, it goes on under its last registration: what
/// was acknowledged can be read, and room can be made by deleting topics.
///
/// # Errors
/// The directory belongs to another cluster, another live broker has this id, or the disk is full and this broker was never
/// registered.
pub async fn register(
    controller: &Controller,
    env: &Env,
    settings: &BrokerConfig,
    meta: &MetaProperties,
    advertised: &[AdvertisedListener],
) -> anyhow::Result<()> {
    let id = BrokerId(settings.node_id);
    let cluster_id = meta.cluster_id.clone();
    let registration = BrokerRegistration {
        id,
        directory_id: meta.directory_id,
        incarnation_id: env.random.uuid(),
        endpoints: advertised
            .iter()
            .map(|listener| Endpoint {
                listener: listener.name.clone(),
                host: listener.host.clone(),
                port: u32::from(listener.port),
            })
            .collect(),
        rack: settings.rack.clone(),
        // The logs are recovered already.
        fenced: false,
    };
    let registered = change(controller, |image| {
        // One write for both: the first start waits for the disk once.
        let mut records = brokers::form_cluster(image, &cluster_id, &features())?.records;
        // The lock on the log directory proves that no earlier life of this broker runs.
        records.extend(brokers::register_broker(image, &registration, false)?.records);
        Ok(Outcome { records, response: () })
    })
    .await;
    if registered.as_ref().is_err_and(is_without_room) && knows(&controller.image(), &registration) {
        tracing::warn!(broker = id.0, "the disk is full: the broker goes on under its last registration");
        return Ok(());
    }
    registered.with_context(|| {
        let file = settings.log_dir.join(META_PROPERTIES_FILE);
        format!("broker {id} cannot join cluster {cluster_id}, to which it belongs by {}", file.display())
    })
}

fn is_without_room(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ChangeError::Propose(ProposeError::NoRoom(_))))
}

/// Whether the broker is registered and may lead. Where it is reached, clients are told by itself.
fn knows(image: &MetadataImage, wanted: &BrokerRegistration) -> bool {
    image
        .brokers
        .get(&wanted.id)
        .is_some_and(|known| known.directory_id == wanted.directory_id && !known.fenced)
}

async fn change(
    controller: &Controller,
    decide: impl FnOnce(&MetadataImage) -> Result<Outcome<MetadataRecord, ()>, MetadataError>,
) -> anyhow::Result<()> {
    let decided = controller
        .decide(|image| match decide(image) {
            Ok(Outcome { records, response: () }) => Outcome { records, response: Ok(()) },
            Err(error) => Outcome::unchanged(Err(error)),
        })
        .await?;
    Ok(decided?)
}
