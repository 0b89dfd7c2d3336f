//! Raft between brokers. With one broker there is nobody to talk to: every peer is unreachable.
//!
//! Unreachable, not a network error: openraft backs off for the former and reconnects in a hot loop for the latter.

use std::io;

use openraft::error::{InstallSnapshotError, RPCError, RaftError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};

use super::{RaftNode, TypeConfig};

/// Makes connections to no one.
pub(super) struct NoPeers;

impl RaftNetworkFactory<TypeConfig> for NoPeers {
    type Network = NoPeer;

    async fn new_client(&mut self, target: u64, node: &RaftNode) -> NoPeer {
        NoPeer { description: format!("broker {} (raft node {target:016x})", node.broker_id) }
    }
}

/// A peer that cannot be reached.
pub(super) struct NoPeer {
    description: String,
}

impl NoPeer {
    fn unreachable<E: std::error::Error>(&self) -> RPCError<u64, RaftNode, E> {
        let error = io::Error::new(
            io::ErrorKind::NotConnected,
            format!("{} cannot be reached: this build runs one broker", self.description),
        );
        RPCError::Unreachable(Unreachable::new(&error))
    }
}

impl RaftNetwork<TypeConfig> for NoPeer {
    async fn append_entries(
        &mut self,
        _request: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, RaftNode, RaftError<u64>>> {
        Err(self.unreachable())
    }

    async fn install_snapshot(
        &mut self,
        _request: InstallSnapshotRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RPCError<u64, RaftNode, RaftError<u64, InstallSnapshotError>>>
    {
        Err(self.unreachable())
    }

    async fn vote(
        &mut self,
        _request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, RaftNode, RaftError<u64>>> {
        Err(self.unreachable())
    }
}
