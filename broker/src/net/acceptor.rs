//! Accepts connections of one listener, within the limits on their number (KIP-402): beyond `max.connections` a
//! connection waits until another one ends, and those behind it wait to be accepted; beyond `max.connections.per.ip` it
//! is closed. It waits also where it would take a file descriptor that is kept for files.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use broker_state::metadata::image::MetadataImage;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, Instant};

use crate::api::context::{ApiContext, ConnectionInfo};
use crate::net::connection::{Closed, Connection};
use crate::net::connection_handle::ConnectionHandle;
use crate::net::stream::Listener;

/// Pause after a failed accept, for example when no file descriptor is left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// How often a listener says that no more connections are taken.
const FULL_TOLD_EVERY: Duration = Duration::from_secs(60);

/// The open connections of a broker.
#[derive(Debug)]
pub struct Connections {
    /// As many as the process has file descriptors for.
    most: usize,
    open: Mutex<Open>,
    /// Told whenever one ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    by_ip: HashMap<IpAddr, usize>,
    /// By the ids of their waiters: ordered, so that a simulation wakes them in the same order every time.
    handles: BTreeMap<u64, Arc<ConnectionHandle>>,
}

/// Why a connection is not counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// As many are open as may be.
    Full,
    /// As many are open as there are file descriptors for.
    NoDescriptor,
    /// As many of its address are open as may be.
    TooManyOfAddress,
}

impl Connections {
    /// None yet, and never more than `most`, whatever `max.connections` says.
    #[must_use]
    pub fn new(most: usize) -> Connections {
        Connections { most, open: Mutex::default(), ended: Notify::new() }
    }

    /// Counts a connection in. The limits are looked up while no other connection comes, so that a limit that is lowered
    /// meanwhile finds all that were counted in before.
    fn enter(
        &self,
        peer: IpAddr,
        handle: &Arc<ConnectionHandle>,
        limits: impl FnOnce() -> Limits,
    ) -> Result<(), Refusal> {
        let mut open = self.open.lock();
        let Limits { max, per_ip } = limits();
        if open.handles.len() >= max {
            return Err(Refusal::Full);
        }
        if open.handles.len() >= self.most {
            return Err(Refusal::NoDescriptor);
        }
        if open.by_ip.get(&peer).copied().unwrap_or(0) >= per_ip {
            return Err(Refusal::TooManyOfAddress);
        }
        *open.by_ip.entry(peer).or_default() += 1;
        open.handles.insert(handle.waiter().id(), Arc::clone(handle));
        Ok(())
    }

    fn leave(&self, peer: IpAddr, handle: &ConnectionHandle) {
        let mut open = self.open.lock();
        open.handles.remove(&handle.waiter().id());
        if let Some(count) = open.by_ip.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                open.by_ip.remove(&peer);
            }
        }
        drop(open);
        self.ended.notify_waiters();
    }

    /// Asks those that were idle longest to end, so that no more than `max` stay.
    fn close_surplus(&self, max: usize) {
        let open = self.open.lock();
        let mut staying: Vec<_> =
            open.handles.values().filter(|handle| !handle.is_asked_to_close()).collect();
        let surplus = staying.len().saturating_sub(max);
        if surplus > 0 {
            staying.sort_by_key(|handle| handle.last_active());
            staying[..surplus].iter().for_each(|handle| handle.close());
        }
    }

    /// Wakes every connection: each looks whether the broker stops.
    pub fn wake_all(&self) {
        for handle in self.open.lock().handles.values() {
            handle.waiter().wake();
        }
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.lock().handles.len()
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
    let mut entrance = Entrance {
        images: ctx.metadata.subscribe(),
        full_told_at: None,
        name: Arc::clone(&name),
        ctx: Arc::clone(&ctx),
        connections: Arc::clone(&connections),
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let info = ConnectionInfo { listener: Arc::clone(&name), peer };
                let connection = Connection::new(stream, Arc::clone(&ctx), info);
                let handle = connection.handle();
                if entrance.pass(peer.ip(), &handle).await {
                    ctx.metrics.connected();
                    tokio::spawn(serve(connection, peer, handle, Arc::clone(&ctx), Arc::clone(&connections)));
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

/// Where the connections of one listener wait, one at a time, until there is a place for them.
struct Entrance {
    images: watch::Receiver<Arc<MetadataImage>>,
    full_told_at: Option<Instant>,
    name: Arc<str>,
    ctx: Arc<ApiContext>,
    connections: Arc<Connections>,
}

impl Entrance {
    /// Waits until a connection is counted in; `false` if too many of its address are open.
    async fn pass(&mut self, peer: IpAddr, handle: &Arc<ConnectionHandle>) -> bool {
        loop {
            // Asked for before the look: what ends in between is told.
            let ended = self.connections.ended.notified();
            match self.connections.enter(peer, handle, || limits(&self.ctx)) {
                Ok(()) => return true,
                Err(Refusal::TooManyOfAddress) => return false,
                Err(refusal) => {
                    tell(refusal, &mut self.full_told_at, &self.name, self.connections.len());
                }
            }
            tokio::select! {
                biased;
                () = ended => {}
                // The limit may have been raised.
                Ok(()) = self.images.changed() => {}
            }
        }
    }
}

/// Says from time to time that connections wait at a listener, of which `told_at` is when it was last said.
fn tell(refusal: Refusal, told_at: &mut Option<Instant>, listener: &str, open: usize) {
    let now = Instant::now();
    if told_at.is_some_and(|told_at| now - told_at < FULL_TOLD_EVERY) {
        return;
    }
    *told_at = Some(now);
    if refusal == Refusal::NoDescriptor {
        tracing::warn!(
            listener,
            open,
            "the limit on open files leaves room for no more connections, others wait"
        );
    } else {
        tracing::warn!(listener, open, "max.connections are open, others wait");
    }
}

/// Has the connections that were idle longest closed whenever `max.connections` is lowered; ends with the metadata log.
pub async fn keep_within_limit(ctx: Arc<ApiContext>, connections: Arc<Connections>) {
    let mut images = ctx.metadata.subscribe();
    while images.changed().await.is_ok() {
        connections.close_surplus(limits(&ctx).max);
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
    handle: Arc<ConnectionHandle>,
    ctx: Arc<ApiContext>,
    connections: Arc<Connections>,
) {
    let closed = connection.run().await;
    match &closed {
        Closed::BadFrame(_) => ctx.metrics.refused("bad_frame"),
        Closed::Refused(_) => ctx.metrics.refused("refused"),
        Closed::Idle => ctx.metrics.refused("idle"),
        Closed::Stalled => ctx.metrics.refused("stalled"),
        Closed::Surplus => ctx.metrics.refused("surplus"),
        Closed::Io(_) | Closed::ByClient | Closed::Shutdown => {}
    }
    tracing::debug!(%peer, reason = %closed, "connection closed");
    ctx.metrics.disconnected();
    connections.leave(peer.ip(), &handle);
}
