//! One member of a group: what it said when it joined, and what it waits for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::messages::{JoinRequest, Protocol, Token};

/// One member. Its session's deadline lives in [`super::session::Session`], because members that have not joined with
/// their id yet have one too.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Vec<u8>,
    /// The parked JoinGroup.
    pub(super) joining: Option<Token>,
    /// The parked SyncGroup.
    pub(super) syncing: Option<Token>,
    /// Whether the member waits for its first rebalance and so cannot send heartbeats.
    pub(super) is_new: bool,
}

impl Member {
    pub(super) fn from_request(id: Arc<str>, request: &JoinRequest) -> Self {
        Member {
            id,
            instance_id: request.instance_id.as_deref().map(Arc::from),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols.clone(),
            assignment: Vec::new(),
            joining: None,
            syncing: None,
            is_new: true,
        }
    }

    /// Whether a request for a new session may let the member expire: not while the coordinator owes it an answer.
    pub(super) fn may_expire(&self) -> bool {
        self.is_new || (self.joining.is_none() && self.syncing.is_none())
    }

    /// The metadata for `protocol`, empty if the member does not know it.
    pub(super) fn metadata(&self, protocol: &str) -> &[u8] {
        self.protocols.iter().find(|known| known.name == protocol).map_or(&[], |known| &known.metadata)
    }

    /// The member's most preferred protocol among `candidates`.
    pub(super) fn vote<'m>(&'m self, candidates: &BTreeSet<&str>) -> Option<&'m str> {
        self.protocols.iter().map(|known| known.name.as_str()).find(|name| candidates.contains(name))
    }
}
