//! Accepts connections of one listener, within the limits on their number.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Duration;

use crate::api::context::{ApiContext, ConnectionInfo};
use crate::net::connection::{Closed, Connection};
use crate::net::stream::Listener;
use crate::net::waiter::Waiter;

/// Pause after a failed accept, for example when no file descriptor is left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The open connections of a broker.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    by_ip: HashMap<IpAddr, usize>,
    /// Ordered, so that a simulation wakes them in the same order every time.
    waiters: BTreeMap<u64, Arc<Waiter>>,
}

impl Connections {
    /// Counts a connection in, unless `max` or, from this address, `max_per_ip` are open already.
    fn enter(&self, peer: IpAddr, waiter: &Arc<Waiter>, max: usize, max_per_ip: usize) -> bool {
        let mut open = self.open.lock();
        if open.waiters.len() >= max || open.by_ip.get(&peer).copied().unwrap_or(0) >= max_per_ip {
            return false;
        }
        *open.by_ip.entry(peer).or_default() += 1;
        open.waiters.insert(waiter.id(), Arc::clone(waiter));
        true
    }

    fn leave(&self, peer: IpAddr, waiter: &Waiter) {
        let mut open = self.open.lock();
        open.waiters.remove(&waiter.id());
        if let Some(count) = open.by_ip.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                open.by_ip.remove(&peer);
            }
        }
    }

    /// Wakes every connection: each looks whether the broker stops.
    pub fn wake_all(&self) {
        for waiter in self.open.lock().waiters.values() {
            waiter.wake();
        }
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.lock().waiters.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Accepts until the task is dropped.
pub async fn accept_all<L: Listener>(
    mut listener: L,
    name: Arc<str>,
    ctx: Arc<ApiContext>,
    connections: Arc<Connections>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let info = ConnectionInfo { listener: Arc::clone(&name), peer };
                let connection = Connection::new(stream, Arc::clone(&ctx), info);
                let waiter = connection.waiter();
                let Limits { max, per_ip } = limits(&ctx);
                if connections.enter(peer.ip(), &waiter, max, per_ip) {
                    ctx.metrics.connected();
                    tokio::spawn(serve(connection, peer, waiter, Arc::clone(&ctx), Arc::clone(&connections)));
                } else {
                    ctx.metrics.refused("too_many");
                    tracing::debug!(%peer, "too many connections");
                }
            }
            Err(error) => {
                tracing::warn!(listener = %name, %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// How many connections may be open.
struct Limits {
    max: usize,
    per_ip: usize,
}

/// The limits in force: both may change at run time.
fn limits(ctx: &ApiContext) -> Limits {
    let image = ctx.metadata.image();
    let number = |key| usize::try_from(ctx.settings.number(&image, key)?).ok();
    Limits {
        max: number("max.connections").unwrap_or(ctx.config.network.connections_max),
        per_ip: number("max.connections.per.ip").unwrap_or(ctx.config.network.connections_per_ip_max),
    }
}

async fn serve<S: crate::net::stream::Stream>(
    connection: Connection<S>,
    peer: SocketAddr,
    waiter: Arc<Waiter>,
    ctx: Arc<ApiContext>,
    connections: Arc<Connections>,
) {
    let closed = connection.run().await;
    match &closed {
        Closed::BadFrame(_) => ctx.metrics.refused("bad_frame"),
        Closed::Refused(_) => ctx.metrics.refused("refused"),
        Closed::Idle => ctx.metrics.refused("idle"),
        Closed::Io(_) | Closed::ByClient | Closed::Shutdown => {}
    }
    tracing::debug!(%peer, reason = %closed, "connection closed");
    ctx.metrics.disconnected();
    connections.leave(peer.ip(), &waiter);
}
