//! Which of several operators acts: the one that holds a Lease, and no other.
//!
//! ```text
//! waiting --(lease free, or not renewed for as long as it lasts)--> acting --(not renewed in time)--> the process ends
//! ```
//! Time is measured by this process's own clock from when a change was seen, as clocks of machines differ. An operator that
//! cannot renew ends before another may take over: whatever it was about to do is not done twice.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, PostParams};

use crate::error::Error;

/// How long a Lease lasts.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is renewed, and looked at by those that wait.
const INTERVAL: Duration = Duration::from_secs(2);
/// Without a renewal for so long, an operator ends.
const GIVES_UP: Duration = Duration::from_secs(10);

/// The Lease.
#[derive(Clone)]
pub struct Election {
    leases: Api<Lease>,
    name: String,
    namespace: String,
    identity: String,
}

/// What was seen of the Lease, and when.
struct Seen {
    holder: String,
    version: Option<String>,
    at: Instant,
}

impl Election {
    /// Takes part under the name `identity`.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str) -> Election {
        Election {
            leases: Api::namespaced(client, namespace),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            identity: identity.to_owned(),
        }
    }

    /// Waits until this operator may act.
    pub async fn acquire(&self) {
        let mut seen = None;
        loop {
            match tokio::time::timeout(GIVES_UP, self.try_acquire(&mut seen)).await {
                Ok(Ok(true)) => return,
                Ok(Ok(false)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the lease cannot be had"),
                Err(_) => tracing::warn!("the lease cannot be had: the API server does not answer"),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Keeps the Lease; returns once it is lost, and the process has to end.
    pub async fn keep(&self) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let left = GIVES_UP.saturating_sub(renewed.elapsed());
            match tokio::time::timeout(left, self.renew()).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => return,
                Ok(Err(error)) => tracing::warn!(%error, "the lease was not renewed"),
                Err(_) => return,
            }
            if renewed.elapsed() >= GIVES_UP {
                return;
            }
        }
    }

    /// Gives the Lease up, so that another need not wait.
    pub async fn release(&self) {
        let Ok(Some(mut lease)) = self.leases.get_opt(&self.name).await else { return };
        if holder(&lease) != self.identity {
            return;
        }
        lease.spec.get_or_insert_default().holder_identity = Some(String::new());
        if let Err(error) = self.leases.replace(&self.name, &PostParams::default(), &lease).await {
            tracing::debug!(%error, "the lease was not given up");
        }
    }

    async fn try_acquire(&self, seen: &mut Option<Seen>) -> Result<bool, Error> {
        let Some(lease) = self.leases.get_opt(&self.name).await? else {
            let lease = self.held(Lease::default());
            return taken(self.leases.create(&PostParams::default(), &lease).await);
        };
        let (holder, version) = (holder(&lease).to_owned(), lease.metadata.resource_version.clone());
        let is_free = holder.is_empty() || holder == self.identity;
        let expired = match seen {
            Some(seen) if seen.holder == holder && seen.version == version => seen.at.elapsed() >= LASTS,
            _ => {
                *seen = Some(Seen { holder, version, at: Instant::now() });
                false
            }
        };
        if !is_free && !expired {
            return Ok(false);
        }
        // Refused if anybody has changed it since it was read.
        taken(self.leases.replace(&self.name, &PostParams::default(), &self.held(lease)).await)
    }

    async fn renew(&self) -> Result<bool, Error> {
        let lease = self.leases.get(&self.name).await?;
        if holder(&lease) != self.identity {
            return Ok(false);
        }
        taken(self.leases.replace(&self.name, &PostParams::default(), &self.held(lease)).await)
    }

    fn held(&self, mut lease: Lease) -> Lease {
        let now = MicroTime(Timestamp::now());
        let before = lease.spec.take().unwrap_or_default();
        let is_ours = before.holder_identity.as_deref() == Some(self.identity.as_str());
        lease.metadata = ObjectMeta {
            name: Some(self.name.clone()),
            namespace: Some(self.namespace.clone()),
            ..lease.metadata
        };
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(LASTS.as_secs()).unwrap_or(i32::MAX)),
            renew_time: Some(now.clone()),
            acquire_time: if is_ours { before.acquire_time } else { Some(now) },
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!is_ours)),
            ..before
        });
        lease
    }
}

fn holder(lease: &Lease) -> &str {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or("")
}

/// Whether a write went through; that somebody was faster is no error.
fn taken(written: kube::Result<Lease>) -> Result<bool, Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error.into()),
    }
}
