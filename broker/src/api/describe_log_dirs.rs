//! DescribeLogDirs (KIP-113, KIP-827): what lies in the log directory, and how much room is left.

use std::collections::HashSet;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use broker_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

use crate::api::context::{ApiContext, RequestContext};

/// Answers DescribeLogDirs.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DescribeLogDirsRequest<'_>,
) -> DescribeLogDirsResponse<'static> {
    let wanted: Option<HashSet<(&str, i32)>> = message.topics.as_ref().map(|topics| {
        topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(|partition| (&*topic.topic, *partition)))
            .collect()
    });
    let mut topics = Vec::new();
    for topic in ctx.replicas.topics() {
        let partitions: Vec<_> = topic
            .partitions()
            .into_iter()
            .filter(|partition| {
                wanted.as_ref().is_none_or(|wanted| wanted.contains(&(&*topic.name, partition.index())))
            })
            .map(|partition| DescribeLogDirsPartition {
                partition_index: partition.index(),
                partition_size: i64::try_from(partition.log().with(|log| log.size_bytes()))
                    .unwrap_or(i64::MAX),
                offset_lag: 0,
                is_future_key: false,
            })
            .collect();
        if !partitions.is_empty() {
            topics.push(DescribeLogDirsTopic { name: topic.name.to_string().into(), partitions });
        }
    }
    let path = ctx.config.log_dir.clone();
    let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
    let disk = std::sync::Arc::clone(&ctx.env.disk);
    let space = ctx.env.block_on_disk(move || disk.space(&path)).await;
    let failed = ctx.replicas.log_dir().is_failed().is_some();
    let bytes = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let result = DescribeLogDirsResult {
        error_code: if failed { ErrorCode::KafkaStorageError.code() } else { 0 },
        log_dir: absolute.display().to_string().into(),
        topics: if failed { Vec::new() } else { topics },
        total_bytes: space.as_ref().map_or(-1, |space| bytes(space.total)),
        usable_bytes: space.as_ref().map_or(-1, |space| bytes(space.available)),
        is_cordoned: false,
    };
    DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() }
}
