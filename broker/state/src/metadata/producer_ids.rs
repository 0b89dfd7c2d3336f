//! Blocks of producer ids: each broker hands out ids of its own block, so that an id is never given twice.

use broker_protocol::types::{BrokerId, ProducerId};

use super::brokers::registered;
use super::error::MetadataError;
use super::image::MetadataImage;
use super::record::{MetadataRecord, ProducerIds, RecordKind};
use crate::outcome::Outcome;

/// Ids of a block, as in Kafka.
pub const PRODUCER_ID_BLOCK_LEN: i64 = 1000;

/// Ids that one broker may hand out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProducerIdBlock {
    /// The first one.
    pub first: ProducerId,
    /// Count of ids from there on.
    pub len: i64,
}

/// Gives a broker the next block.
///
/// # Errors
/// The broker is not registered under this epoch, or the ids are used up.
pub fn allocate_producer_ids(
    image: &MetadataImage,
    broker: BrokerId,
    broker_epoch: i64,
) -> Result<Outcome<MetadataRecord, ProducerIdBlock>, MetadataError> {
    registered(image, broker, broker_epoch)?;
    let first = image.next_producer_id;
    let next_id = first.0.checked_add(PRODUCER_ID_BLOCK_LEN).ok_or_else(|| {
        MetadataError::InvalidRequest { reason: "All producer ids are used up.".to_owned() }
    })?;
    let record = RecordKind::ProducerIds(ProducerIds { broker_id: broker.0, next_id });
    Ok(Outcome {
        records: vec![record.into()],
        response: ProducerIdBlock { first, len: PRODUCER_ID_BLOCK_LEN },
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{after, broker, with_brokers};
    use super::*;

    #[test]
    fn blocks_follow_one_another() {
        let image = with_brokers(&[1]);
        let first = allocate_producer_ids(&image, broker(1), 0).unwrap();
        assert_eq!(first.response, ProducerIdBlock { first: ProducerId(0), len: 1000 });
        let second = allocate_producer_ids(&after(&image, first.records), broker(1), 0).unwrap();
        assert_eq!(second.response.first, ProducerId(1000));
    }

    #[test]
    fn earlier_life_of_a_broker_gets_no_block() {
        let image = with_brokers(&[1]);
        let refused = |id, epoch| allocate_producer_ids(&image, broker(id), epoch).unwrap_err().code().code();
        assert_eq!(refused(1, 5), 77);
        assert_eq!(refused(2, 0), 102);
    }
}
