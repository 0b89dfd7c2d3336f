//! From settings and environment to a client of the object store.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker_config::RemoteConfig;
use broker_protocol::types::Uuid;
use broker_tier::seams;
use broker_tier::store::connect::{StoreSettings, connect as connect_to};
use broker_tier::store::{Store, StoreLimits};
use broker_tier::url::{RemoteUrl, UrlError, check_endpoint, check_region};
use object_store::ObjectStore;

use crate::env::{Blocking, Env, Random};

/// The broker's randomness for `broker/tier`.
#[derive(Debug)]
struct TierRandom(Arc<dyn Random>);

impl seams::Random for TierRandom {
    fn uuid(&self) -> Uuid {
        self.0.uuid()
    }
}

/// What `broker/tier` sees of the broker's world.
#[must_use]
pub fn tier_env(env: &Env) -> seams::Env {
    seams::Env {
        clock: Arc::clone(&env.clock),
        random: Arc::new(TierRandom(Arc::clone(&env.random))),
        blocking: match env.blocking {
            Blocking::Threads => seams::Blocking::Threads,
            Blocking::Inline => seams::Blocking::Inline,
        },
    }
}

/// The limits that settings put on requests.
#[must_use]
pub fn limits(config: &RemoteConfig) -> StoreLimits {
    StoreLimits {
        request_timeout: Duration::from_millis(config.request_timeout_ms),
        transfer_timeout: Duration::from_millis(config.transfer_timeout_ms),
        copy_requests: config.copiers.max(2),
        ..StoreLimits::default()
    }
}

/// A client of the store at `url`; nothing is sent yet. `instead` is taken in its place where it is given.
///
/// # Errors
/// The url or a setting beside it makes no sense; the message names it.
pub fn connect(
    config: &RemoteConfig,
    url: &RemoteUrl,
    env: &Env,
    instead: Option<&Arc<dyn ObjectStore>>,
) -> anyhow::Result<Store> {
    let checked = |value: &Option<String>, check: fn(&str) -> Result<(), UrlError>| {
        value.as_deref().map_or(Ok(()), check)
    };
    checked(&config.endpoint, check_endpoint).context("highwater.remote.endpoint")?;
    checked(&config.region, check_region).context("highwater.remote.region")?;
    if let Some(store) = instead {
        return Ok(Store::new(Arc::clone(store), Arc::clone(store), tier_env(env), limits(config)));
    }
    let settings = StoreSettings {
        endpoint: config.endpoint.clone(),
        region: config.region.clone(),
        credentials: None,
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    };
    connect_to(url, &settings, limits(config), tier_env(env)).context("highwater.remote.url")
}
