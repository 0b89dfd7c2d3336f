//! Tiered storage among the broker's settings.

use super::{Reader, refused};
use crate::load::ConfigError;

/// Where sealed segments are copied to, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteConfig {
    /// `highwater.remote.url`; `None` keeps everything on the disk.
    pub url: Option<String>,
    /// `highwater.remote.endpoint`.
    pub endpoint: Option<String>,
    /// `highwater.remote.region`.
    pub region: Option<String>,
    /// `highwater.remote.cache.max.bytes`.
    pub cache_bytes_max: u64,
    /// `highwater.remote.read.max.bytes`, from 32 MiB.
    pub read_bytes_max: u64,
    /// `highwater.remote.delete.delay.ms`.
    pub delete_delay_ms: u64,
    /// `highwater.remote.scrub.interval.ms`, from 1000.
    pub scrub_interval_ms: u64,
    /// `highwater.remote.metadata.interval.ms`, from 1000.
    pub metadata_interval_ms: u64,
    /// `highwater.remote.request.timeout.ms`, from 100.
    pub request_timeout_ms: u64,
    /// `highwater.remote.transfer.timeout.ms`, from 100.
    pub transfer_timeout_ms: u64,
    /// `remote.log.manager.task.interval.ms`, from 1.
    pub task_interval_ms: u64,
    /// `remote.log.manager.copier.thread.pool.size`, from 1 to 1000.
    pub copiers: usize,
}

pub(super) fn remote(read: &Reader<'_>) -> Result<RemoteConfig, ConfigError> {
    let url = read.optional_text("highwater.remote.url");
    if url.is_none() && read.optional_text("highwater.remote.storage.enable").as_deref() == Some("true") {
        let problem = "there is nowhere to copy to: set highwater.remote.url".to_owned();
        return Err(refused("highwater.remote.storage.enable", problem));
    }
    Ok(RemoteConfig {
        url,
        endpoint: read.optional_text("highwater.remote.endpoint"),
        region: read.optional_text("highwater.remote.region"),
        cache_bytes_max: read.unsigned("highwater.remote.cache.max.bytes"),
        read_bytes_max: read.unsigned("highwater.remote.read.max.bytes"),
        delete_delay_ms: read.unsigned("highwater.remote.delete.delay.ms"),
        scrub_interval_ms: read.unsigned("highwater.remote.scrub.interval.ms"),
        metadata_interval_ms: read.unsigned("highwater.remote.metadata.interval.ms"),
        request_timeout_ms: read.unsigned("highwater.remote.request.timeout.ms"),
        transfer_timeout_ms: read.unsigned("highwater.remote.transfer.timeout.ms"),
        task_interval_ms: read.unsigned("remote.log.manager.task.interval.ms"),
        copiers: read.size("remote.log.manager.copier.thread.pool.size"),
    })
}
