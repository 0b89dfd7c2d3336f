//! What a row works with: a broker, a connection of its own and names that no other row uses.

use std::sync::Arc;

use broker_client::Frame;
use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::Request;
use broker_protocol::types::Uuid;

use crate::harness::{Conn, TestBroker, calls};

/// Error codes as they stand on the wire.
pub(crate) mod code {
    pub(crate) const NONE: i16 = 0;
    pub(crate) const OFFSET_OUT_OF_RANGE: i16 = 1;
    pub(crate) const CORRUPT_MESSAGE: i16 = 2;
    pub(crate) const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
    pub(crate) const ILLEGAL_GENERATION: i16 = 22;
    pub(crate) const UNKNOWN_MEMBER_ID: i16 = 25;
    pub(crate) const UNSUPPORTED_VERSION: i16 = 35;
    pub(crate) const TOPIC_ALREADY_EXISTS: i16 = 36;
    pub(crate) const INVALID_PARTITIONS: i16 = 37;
    pub(crate) const INVALID_CONFIG: i16 = 40;
    pub(crate) const INVALID_REQUEST: i16 = 42;
    pub(crate) const GROUP_ID_NOT_FOUND: i16 = 69;
    pub(crate) const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
    pub(crate) const MEMBER_ID_REQUIRED: i16 = 79;
    pub(crate) const INVALID_RECORD: i16 = 87;
    pub(crate) const UNKNOWN_TOPIC_ID: i16 = 100;
    pub(crate) const MISMATCHED_ENDPOINT_TYPE: i16 = 114;
}

/// The id of the broker under test.
pub(crate) const BROKER_ID: i32 = 1;

/// A topic of a row.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
}

/// A row's connection to the broker under test.
pub(crate) struct Driver {
    pub(crate) broker: Arc<TestBroker>,
    pub(crate) client: Conn,
    prefix: String,
    names: usize,
}

impl Driver {
    pub(crate) async fn new(broker: Arc<TestBroker>, api: ApiKey, version: i16) -> Driver {
        let client = broker.client().await;
        Driver { broker, client, prefix: format!("{api}-{version}"), names: 0 }
    }

    /// A name that nothing else has.
    pub(crate) fn name(&mut self) -> String {
        self.names += 1;
        format!("{}-{}", self.prefix, self.names)
    }

    /// A fresh topic.
    pub(crate) async fn topic(&mut self, partitions: i32) -> Topic {
        let name = self.name();
        let id = calls::create_topic(&mut self.client, &name, partitions, &[]).await.0;
        Topic { name, id }
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn call<'a, Q: Request<'a>>(&mut self, request: &Q, version: i16) -> Frame {
        self.client.call(request, version).await.unwrap()
    }

    /// Appends a batch to partition 0.
    pub(crate) async fn append(&mut self, topic: &Topic, batch: &[u8]) -> i64 {
        calls::append(&mut self.client, &topic.name, 0, batch).await
    }

    /// The port that clients are told.
    pub(crate) fn port(&self) -> i32 {
        i32::from(self.broker.address().port())
    }
}
