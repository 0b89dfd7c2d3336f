//! Newtypes and small values that every crate of the broker shares.
//!
//! They exist so that an offset cannot be handed over where an epoch is wanted; arithmetic is explicit.

use std::fmt;
use std::sync::Arc;

pub use uuid::Uuid;

/// The identity of a topic: never reused, also not by a topic that is created again under the same name (KIP-516).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TopicId(pub Uuid);

impl TopicId {
    /// The id that stands for "no topic id" on the wire.
    pub const ZERO: TopicId = TopicId(Uuid::nil());

    /// Whether this is the id that stands for "none".
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_nil()
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&uuid_to_base64(self.0))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Number of a partition inside its topic, from 0.
pub type PartitionIndex = i32;

/// Id of a broker (`node.id`), from 0; -1 means none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BrokerId(pub i32);

impl BrokerId {
    /// "No broker", for example the leader of an offline partition.
    pub const NONE: BrokerId = BrokerId(-1);
}

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Position of a record in a partition, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Offset(pub i64);

impl Offset {
    /// The offset `records` further on.
    #[must_use]
    pub fn plus(self, records: i64) -> Offset {
        Offset(self.0 + records)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Term of a partition's leader, from 0; -1 means unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LeaderEpoch(pub i32);

impl LeaderEpoch {
    /// "Unknown": what a client sends that does not track epochs.
    pub const NONE: LeaderEpoch = LeaderEpoch(-1);
}

impl fmt::Display for LeaderEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Id of an idempotent or transactional producer, from 0; -1 means none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProducerId(pub i64);

impl ProducerId {
    /// A producer that asks for no idempotence.
    pub const NONE: ProducerId = ProducerId(-1);
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Incarnation of a producer id, from 0; -1 means none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProducerEpoch(pub i16);

impl ProducerEpoch {
    /// A producer that asks for no idempotence.
    pub const NONE: ProducerEpoch = ProducerEpoch(-1);
}

/// One partition by the name of its topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Number of the partition.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A uuid as Kafka prints it: its 16 bytes in url-safe base64 without padding, 22 characters.
#[must_use]
pub fn uuid_to_base64(uuid: Uuid) -> String {
    let value = uuid.as_u128();
    // 22 groups of six bits from the top; the last group holds two bits, padded with zeroes on the right.
    (0..22)
        .map(|group| {
            let shift = 122 - 6 * group;
            let six = if shift >= 0 { value >> shift } else { value << -shift } & 0x3f;
            BASE64_URL[six as usize] as char
        })
        .collect()
}

/// The inverse of [`uuid_to_base64`]; `None` for anything that is not 22 characters of its alphabet.
#[must_use]
pub fn uuid_from_base64(text: &str) -> Option<Uuid> {
    if text.len() != 22 {
        return None;
    }
    let mut value: u128 = 0;
    for (index, byte) in text.bytes().enumerate() {
        let six = BASE64_URL.iter().position(|&known| known == byte)? as u128;
        value = if index < 21 { value << 6 | six } else { value << 2 | six >> 4 };
    }
    Some(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuid_survives_its_base64_form() {
        for value in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let uuid = Uuid::from_u128(value);
            assert_eq!(uuid_from_base64(&uuid_to_base64(uuid)), Some(uuid));
        }
        assert_eq!(uuid_to_base64(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
    }

    #[test]
    fn text_of_another_length_or_alphabet_is_no_uuid() {
        assert_eq!(uuid_from_base64("AAAA"), None);
        assert_eq!(uuid_from_base64("AAAAAAAAAAAAAAAAAAAA+Q"), None);
    }
}
