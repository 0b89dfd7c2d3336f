//! Makes the clients of the crate object_store from a url and settings. The only file that knows the providers.

mod s3_uploads;
mod staged_files;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpConnector, ReqwestConnector};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use s3_uploads::S3Uploads;
use staged_files::StagedFiles;

use super::{PendingUploads, Store, StoreLimits};
use crate::seams::Env;
use crate::store_error::StoreError;
use crate::url::{Location, RemoteUrl, UrlError, check_endpoint, check_region};

/// Repetitions of a part of an upload by the client itself.
const PART_RETRIES: usize = 5;

/// Parts of the names of variables that say where a store is and how to get there, and not who asks.
const WHERE: [&str; 8] =
    ["ENDPOINT", "REGION", "BASE_URL", "ACCOUNT_NAME", "EMULATOR", "PROXY", "ALLOW_", "VIRTUAL_HOSTED"];

/// A key that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Credentials that were given as such. Without them, a provider's own ways are gone: those of `environment`, then the
/// machine's or pod's identity, both of which are renewed as they expire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// S3: the access key id. Azure: the account.
    pub id: String,
    /// S3: the secret access key. Azure: the account's key. Google: the service account's key, as json.
    pub secret: Secret,
    /// S3: the token of a session.
    pub token: Option<Secret>,
}

/// Settings beside the url.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StoreSettings {
    /// Another server than the provider's, as `http://host:port`.
    pub endpoint: Option<String>,
    /// S3: the region.
    pub region: Option<String>,
    /// Credentials.
    pub credentials: Option<Credentials>,
    /// What stands in the process's environment: names that begin with AWS_, GOOGLE_ or AZURE_ count for their provider.
    pub environment: Vec<(String, String)>,
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("StoreSettings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("credentials", &self.credentials)
            .field("environment", &names)
            .finish()
    }
}

impl StoreSettings {
    /// The same store, with credentials that nobody has: to see what it answers to wrong ones. `None` for a directory.
    #[must_use]
    pub fn of_nobody(&self, location: &Location) -> Option<StoreSettings> {
        let wrong: &[(&str, &str)] = match location {
            Location::S3(_) => {
                &[("AWS_ACCESS_KEY_ID", "NOBODYHASTHISKEY"), ("AWS_SECRET_ACCESS_KEY", "wrong")]
            }
            Location::Gs(_) => &[("GOOGLE_BEARER_TOKEN", "wrong")],
            Location::Az(_) => &[("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")],
            Location::File(_) => return None,
        };
        let says_where = |name: &str| WHERE.iter().any(|part| name.contains(part));
        let kept = self.environment.iter().filter(|(name, _)| says_where(name)).cloned();
        let wrong = wrong.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment: Vec<(String, String)> = kept.chain(wrong).collect();
        if let Some(credentials) = &self.credentials {
            // Azure's account is part of the address; the others have no such setting.
            environment.push(("AZURE_STORAGE_ACCOUNT_NAME".to_owned(), credentials.id.clone()));
        }
        Some(StoreSettings { credentials: None, environment, ..self.clone() })
    }
}

/// Connects to a store. Nothing is sent: the first request tells whether it works.
///
/// # Errors
/// Settings that make no sense, or a directory that is not there.
pub fn connect(
    url: &RemoteUrl,
    settings: &StoreSettings,
    limits: StoreLimits,
    env: Env,
) -> Result<Store, StoreError> {
    if !matches!(url.location, Location::File(_)) {
        // Whoever comes first decides for the process; that somebody was faster is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let client = |retries| build(url, settings, limits, retries);
    let failed = |error: object_store::Error| StoreError::of("connect", url, &error);
    let (single, pending) = client(0).map_err(failed)?;
    let (repeating, _) = client(PART_RETRIES).map_err(failed)?;
    let store = Store::new(single, repeating, env, limits);
    Ok(match pending {
        Some(pending) => store.with_pending_uploads(pending),
        None => store,
    })
}

/// A client, and what knows the uploads that were begun.
type Client = (Arc<dyn ObjectStore>, Option<Arc<dyn PendingUploads>>);

fn build(
    url: &RemoteUrl,
    settings: &StoreSettings,
    limits: StoreLimits,
    retries: usize,
) -> object_store::Result<Client> {
    let retry = RetryConfig {
        max_retries: retries,
        retry_timeout: limits.transfer_timeout,
        backoff: BackoffConfig {
            init_backoff: limits.backoff,
            max_backoff: limits.backoff_max,
            ..BackoffConfig::default()
        },
    };
    // The deadlines of `Store` count; these end what nobody waits for any more.
    let options = ClientOptions::new()
        .with_timeout(limits.transfer_timeout + Duration::from_secs(5))
        .with_connect_timeout(limits.request_timeout);
    match &url.location {
        Location::S3(bucket) => {
            let (bucket, options) = s3(bucket, settings, retry, options)?;
            let client = ReqwestConnector::default().connect(&options)?;
            Ok((Arc::new(bucket.clone()), Some(Arc::new(S3Uploads { bucket, client }))))
        }
        Location::Gs(bucket) => Ok((google(bucket, settings, retry, options)?, None)),
        Location::Az(container) => Ok((azure(container, settings, retry, options)?, None)),
        Location::File(directory) => {
            let files = LocalFileSystem::new_with_prefix(directory)?.with_fsync(true);
            let staged = StagedFiles { directory: directory.clone() };
            Ok((Arc::new(files), Some(Arc::new(staged))))
        }
    }
}

// In each of these, what was set explicitly comes after the environment and wins. An endpoint of either kind that begins
// with http:// is asked for without TLS: whoever writes it means it.

fn s3(
    bucket: &str,
    settings: &StoreSettings,
    retry: RetryConfig,
    options: ClientOptions,
) -> object_store::Result<(AmazonS3, ClientOptions)> {
    let mut builder = AmazonS3Builder::new().with_client_options(options.clone());
    for (key, value) in provider_settings::<AmazonS3ConfigKey>(settings, "AWS_") {
        builder = builder.with_config(key, value);
    }
    if let Some(endpoint) = &settings.endpoint {
        // The one for S3 alone would win against the general one, wherever it comes from.
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let endpoint = endpoint.iter().find_map(|key| builder.get_config_value(key));
    verify(endpoint.as_deref(), check_endpoint)?;
    let is_plain = endpoint.as_deref().is_some_and(is_plain);
    if is_plain {
        builder = builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    builder =
        builder.with_bucket_name(bucket).with_conditional_put(S3ConditionalPut::ETagMatch).with_retry(retry);
    if !is_set::<AmazonS3ConfigKey>(settings, "AWS_", &AmazonS3ConfigKey::UnsignedPayload) {
        // TLS protects the payload already, and so does memory; elsewhere the signature covers its SHA-256.
        builder = builder.with_unsigned_payload(!is_plain || is_loopback(&endpoint.unwrap_or_default()));
    }
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    verify(builder.get_config_value(&AmazonS3ConfigKey::Region).as_deref(), check_region)?;
    if let Some(Credentials { id, secret, token }) = &settings.credentials {
        builder = builder.with_access_key_id(id).with_secret_access_key(&secret.0);
        if let Some(token) = token {
            builder = builder.with_token(&token.0);
        }
    }
    Ok((builder.build()?, options.with_allow_http(is_plain)))
}

fn google(
    bucket: &str,
    settings: &StoreSettings,
    retry: RetryConfig,
    options: ClientOptions,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::new().with_client_options(options);
    for (key, value) in provider_settings::<GoogleConfigKey>(settings, "GOOGLE_") {
        builder = builder.with_config(key, value);
    }
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    verify(endpoint.as_deref(), check_endpoint)?;
    if endpoint.is_some_and(|endpoint| is_plain(&endpoint)) {
        builder = builder.with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    builder = builder.with_bucket_name(bucket).with_retry(retry);
    if let Some(credentials) = &settings.credentials {
        builder = builder.with_service_account_key(&credentials.secret.0);
    }
    Ok(Arc::new(builder.build()?))
}

fn azure(
    container: &str,
    settings: &StoreSettings,
    retry: RetryConfig,
    options: ClientOptions,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = MicrosoftAzureBuilder::new().with_client_options(options);
    for (key, value) in provider_settings::<AzureConfigKey>(settings, "AZURE_") {
        builder = builder.with_config(key, value);
    }
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    verify(endpoint.as_deref(), check_endpoint)?;
    if endpoint.is_some_and(|endpoint| is_plain(&endpoint)) {
        builder = builder.with_config(AzureConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    builder = builder.with_container_name(container).with_retry(retry);
    if let Some(credentials) = &settings.credentials {
        builder = builder.with_account(&credentials.id).with_access_key(&credentials.secret.0);
    }
    Ok(Arc::new(builder.build()?))
}

/// Refuses what the client would take and then panic over with its first request, wherever it was set.
fn verify(value: Option<&str>, check: fn(&str) -> Result<(), UrlError>) -> object_store::Result<()> {
    let checked = value.map_or(Ok(()), check);
    checked.map_err(|error| object_store::Error::Generic { store: "settings", source: Box::new(error) })
}

fn is_plain(endpoint: &str) -> bool {
    endpoint.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// Whether an endpoint is on this machine by its name, so that what is sent to it never leaves memory.
fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// Whether the environment has a setting of a provider.
fn is_set<K: FromStr + PartialEq>(settings: &StoreSettings, prefix: &str, wanted: &K) -> bool {
    provider_settings::<K>(settings, prefix).iter().any(|(key, _)| key == wanted)
}

/// The settings of a provider in the environment that its client knows. An empty one is as good as none, as for the
/// providers' own tools.
fn provider_settings<K: FromStr>(settings: &StoreSettings, prefix: &str) -> Vec<(K, String)> {
    let known = |(name, value): &(String, String)| {
        let counts = name.starts_with(prefix) && !value.is_empty();
        let key = counts.then(|| name.to_ascii_lowercase().parse().ok()).flatten()?;
        Some((key, value.clone()))
    };
    settings.environment.iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests;
