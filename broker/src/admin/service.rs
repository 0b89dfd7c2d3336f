//! The calls, each handed to its file.

use std::sync::Arc;

use proto::admin::v1::admin_server::Admin;
use proto::admin::v1::{
    AlterBrokerConfigsRequest, AlterBrokerConfigsResponse, AlterGroupOffsetsRequest,
    AlterGroupOffsetsResponse, AlterTopicRequest, AlterTopicResponse, CaughtUpRequest, CaughtUpResponse,
    CreateTopicRequest, CreateTopicResponse, DeleteTopicRequest, DeleteTopicResponse, DescribeClusterRequest,
    DescribeClusterResponse, DescribeGroupsRequest, DescribeGroupsResponse, DescribeTopicsRequest,
    DescribeTopicsResponse, DrainRequest, DrainResponse, GetVersionRequest, GetVersionResponse,
    ListOffsetsRequest, ListOffsetsResponse, SafeToStopRequest, SafeToStopResponse,
};
use tonic::{Request, Response, Status};

use super::refusal::Refusal;
use super::{
    Known, alter_broker_configs, alter_group_offsets, alter_topic, caught_up, create_topic, delete_topic,
    describe_cluster, describe_groups, describe_topics, drain, list_offsets, safe_to_stop,
};

/// Version of the service; see the contract.
const SERVICE_VERSION: u32 = 1;

/// Answers the calls.
pub(super) struct Service {
    known: Arc<Known>,
}

impl Service {
    pub(super) fn new(known: Arc<Known>) -> Service {
        Service { known }
    }
}

fn told<T>(answer: Result<T, Refusal>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

/// Calls that need a broker which has started.
macro_rules! call {
    ($self:ident, $request:ident, $module:ident) => {
        match $self.known.ctx() {
            Ok(ctx) => told($module::answer(&ctx, $request.into_inner()).await),
            Err(refusal) => Err(refusal.into()),
        }
    };
}

#[tonic::async_trait]
impl Admin for Service {
    async fn get_version(
        &self,
        _request: Request<GetVersionRequest>,
    ) -> Result<Response<GetVersionResponse>, Status> {
        Ok(Response::new(GetVersionResponse {
            broker_version: env!("CARGO_PKG_VERSION").to_owned(),
            service_version: SERVICE_VERSION,
            capabilities: Vec::new(),
        }))
    }

    async fn describe_cluster(
        &self,
        request: Request<DescribeClusterRequest>,
    ) -> Result<Response<DescribeClusterResponse>, Status> {
        call!(self, request, describe_cluster)
    }

    async fn describe_topics(
        &self,
        request: Request<DescribeTopicsRequest>,
    ) -> Result<Response<DescribeTopicsResponse>, Status> {
        call!(self, request, describe_topics)
    }

    async fn create_topic(
        &self,
        request: Request<CreateTopicRequest>,
    ) -> Result<Response<CreateTopicResponse>, Status> {
        call!(self, request, create_topic)
    }

    async fn alter_topic(
        &self,
        request: Request<AlterTopicRequest>,
    ) -> Result<Response<AlterTopicResponse>, Status> {
        call!(self, request, alter_topic)
    }

    async fn delete_topic(
        &self,
        request: Request<DeleteTopicRequest>,
    ) -> Result<Response<DeleteTopicResponse>, Status> {
        call!(self, request, delete_topic)
    }

    async fn alter_broker_configs(
        &self,
        request: Request<AlterBrokerConfigsRequest>,
    ) -> Result<Response<AlterBrokerConfigsResponse>, Status> {
        call!(self, request, alter_broker_configs)
    }

    async fn describe_groups(
        &self,
        request: Request<DescribeGroupsRequest>,
    ) -> Result<Response<DescribeGroupsResponse>, Status> {
        call!(self, request, describe_groups)
    }

    async fn list_offsets(
        &self,
        request: Request<ListOffsetsRequest>,
    ) -> Result<Response<ListOffsetsResponse>, Status> {
        call!(self, request, list_offsets)
    }

    async fn alter_group_offsets(
        &self,
        request: Request<AlterGroupOffsetsRequest>,
    ) -> Result<Response<AlterGroupOffsetsResponse>, Status> {
        call!(self, request, alter_group_offsets)
    }

    async fn safe_to_stop(
        &self,
        request: Request<SafeToStopRequest>,
    ) -> Result<Response<SafeToStopResponse>, Status> {
        told(safe_to_stop::answer(&self.known, &request.into_inner()))
    }

    async fn caught_up(
        &self,
        request: Request<CaughtUpRequest>,
    ) -> Result<Response<CaughtUpResponse>, Status> {
        told(caught_up::answer(&self.known, &request.into_inner()))
    }

    async fn drain(&self, request: Request<DrainRequest>) -> Result<Response<DrainResponse>, Status> {
        call!(self, request, drain)
    }
}
