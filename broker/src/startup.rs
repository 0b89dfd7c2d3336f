//! Runs a broker as a process: runtime, sockets, signals. Everything that a simulation does otherwise stands here.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use broker_config::broker::{LogFormat as ConfiguredFormat, NetworkConfig};
use broker_config::{BrokerConfig, Config, Listener as ListenerConfig, Warning};
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::admin::AdminServer;
use crate::env::{Blocking, Env, SystemRandom};
use crate::http;
use crate::metrics::Metrics;
use crate::server::{Bound, Broker, BrokerHealth, Tuning};
use crate::telemetry::{self, LogFormat};

/// A stop that takes longer than this ends the process anyway.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Connections that may wait to be accepted by the HTTP listener.
const HTTP_BACKLOG: u32 = 128;

/// Connections that may wait to be accepted by the admin listener.
const ADMIN_BACKLOG: u32 = 64;

/// File descriptors that are kept for the broker's files, its listeners and HTTP, beside a quarter of all: 64 connections
/// of HTTP, some 30 for what is always open, and some for logs. A process with few of them keeps half.
const FILES_MIN: u64 = 128;

/// How far above a port in use a free one is looked for.
const NEAR_PORTS: u16 = 32;

/// Runs a broker until a signal ends it.
///
/// # Errors
/// It cannot start; the message names the setting or the file.
pub fn run(config: Arc<Config>, warnings: &[Warning]) -> anyhow::Result<()> {
    begin_logging(config.broker(), warnings)?;
    let tuning = Tuning { connections_max: raise_file_limit().map(connections_within), ..Tuning::default() };
    let signals = hear_signals().context("signals cannot be heard")?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let ended = runtime.block_on(serve(config, signals, &tuning));
    // What still runs has had its time: the end of the process does not wait for a thread that is busy.
    runtime.shutdown_background();
    ended
}

/// Begins to write log lines, with what the settings gave cause to warn of.
pub(crate) fn begin_logging(settings: &BrokerConfig, warnings: &[Warning]) -> anyhow::Result<()> {
    let logging = &settings.logging;
    let format = match logging.format {
        ConfiguredFormat::Text => LogFormat::Text,
        ConfiguredFormat::Json => LogFormat::Json,
    };
    telemetry::start(format, &logging.level).context("highwater.log.level")?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// The first signal that asks for an end, by what it did.
type FirstSignal = oneshot::Receiver<&'static str>;

/// Hears signals on a thread of its own, so that they count also while every other thread is busy: the first is told,
/// the second ends the process at once.
fn hear_signals() -> io::Result<FirstSignal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let (tell, first) = oneshot::channel();
    let hear = async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => "terminated",
                _ = interrupt.recv() => "interrupted",
            }
        };
        // Nobody listens any more where the broker ends for another reason.
        let _ = tell.send(next().await);
        next().await;
        end_now("ended by a second signal");
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(hear))?;
    Ok(first)
}

/// Ends the process once stopping has taken too long, on a thread of its own: see [`hear_signals`].
fn limit_stop() -> io::Result<()> {
    let late = || {
        std::thread::sleep(STOP_MAX);
        end_now(&format!("stopping took longer than {STOP_MAX:?}"));
    };
    std::thread::Builder::new().name("stop-limit".to_owned()).spawn(late).map(drop)
}

/// Ends the process without order: nothing acknowledged is lost, the next start takes longer.
fn end_now(reason: &str) {
    // Nobody is left to be told that nobody could be told.
    let _ = writeln!(io::stderr(), "highwater-broker: {reason}");
    std::process::exit(1);
}

async fn serve(config: Arc<Config>, mut first_signal: FirstSignal, tuning: &Tuning) -> anyhow::Result<()> {
    let env = Env {
        disk: Arc::new(LocalDisk),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let settings = config.broker();
    let mut listeners = Vec::new();
    for listener in &settings.listeners {
        let socket = bind(listener, &settings.network)?;
        listeners.push(Bound { config: listener.clone(), socket });
    }
    let metrics = Arc::new(Metrics::new());
    let health = Arc::new(BrokerHealth::default());
    if let Some(http) = &settings.http_listener {
        let listener = listen_at("highwater.http.listener", http, HTTP_BACKLOG)?;
        tracing::info!(listener = "HTTP", address = %listener.local_addr()?, "listening");
        let (metrics, health) = (Arc::clone(&metrics), Arc::clone(&health));
        tokio::spawn(async move {
            if let Err(error) = http::serve(listener, metrics, health).await {
                tracing::error!(%error, "HTTP listener failed");
            }
        });
    }
    let admin = match &settings.admin {
        None => None,
        Some(admin) => {
            let listener = listen_at("highwater.admin.listener", &admin.listener, ADMIN_BACKLOG)?;
            Some(AdminServer::start(&env, admin, settings.node_id, listener).await?)
        }
    };
    let broker = tokio::select! {
        started = Broker::start_tuned(env, Arc::clone(&config), listeners, metrics, tuning) => started?,
        Ok(signal) = &mut first_signal => bail!("{signal} during the start"),
    };
    health.started(&broker);
    if let Some(admin) = &admin {
        admin.started(&broker);
    }
    let failure = tokio::select! {
        Ok(_) = first_signal => None,
        reason = broker.failed() => Some(reason),
    };
    match &failure {
        None => tracing::info!("stopping; a second signal ends the process at once"),
        Some(reason) => tracing::error!(reason, "stopping, because the broker cannot go on"),
    }
    limit_stop()?;
    if let Some(admin) = admin {
        admin.stop().await;
    }
    broker.stop().await?;
    failure.map_or(Ok(()), |reason| Err(anyhow!(reason)))
}

/// Listens for other things than Kafka clients.
fn listen_at(key: &str, (host, port): &(String, u16), backlog: u32) -> anyhow::Result<TcpListener> {
    let address = resolve(host, *port).with_context(|| key.to_owned())?;
    listen(address, backlog, &SocketBuffers::default())
        .map_err(|error| not_bound(key, &format!("{host}:{port}"), address, &error))
}

fn bind(listener: &ListenerConfig, network: &NetworkConfig) -> anyhow::Result<TcpListener> {
    let address = resolve(&listener.host, listener.port).context("listeners")?;
    let buffers = SocketBuffers { send: network.send_buffer_bytes, receive: network.receive_buffer_bytes };
    listen(address, network.listen_backlog, &buffers)
        .map_err(|error| not_bound("listeners", &listener.bind_address(), address, &error))
}

/// What is said of an address that cannot be had; of a port in use, which one near it can.
fn not_bound(key: &str, wanted: &str, address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let in_use = error.kind() == io::ErrorKind::AddrInUse;
    let near = 1..=NEAR_PORTS;
    let free = near.filter(|_| in_use).find_map(|step| {
        let port = address.port().checked_add(step)?;
        std::net::TcpListener::bind(SocketAddr::new(address.ip(), port)).is_ok().then_some(port)
    });
    let hint = free.map(|port| format!("; port {port} is free")).unwrap_or_default();
    anyhow!("{key}: cannot listen on {wanted}: {error}{hint}")
}

fn resolve(host: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    let found = (host, port).to_socket_addrs().with_context(|| format!("cannot resolve {host}"))?.next();
    found.with_context(|| format!("{host} has no address"))
}

/// Sizes of a socket's buffers in bytes; `None` leaves one to the system.
#[derive(Default)]
struct SocketBuffers {
    send: Option<usize>,
    receive: Option<usize>,
}

fn listen(address: SocketAddr, backlog: u32, buffers: &SocketBuffers) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections inherit both from the listening socket.
    if let Some(bytes) = buffers.send {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = buffers.receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

/// Client connections that leave enough of `files` file descriptors: see [`FILES_MIN`].
fn connections_within(files: u64) -> usize {
    let kept = (files / 4).max(FILES_MIN).min(files / 2);
    usize::try_from(files - kept).unwrap_or(usize::MAX)
}

/// Every partition has open files: use what the process may have. Answers how many that are, if there is a limit.
fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit on open files stays as it is");
        }
    }
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_file_descriptors_for_files() {
        let connections = [20_000, 1024, 300, 100].map(connections_within);
        assert_eq!(connections, [15_000, 768, 172, 50]);
    }

    #[test]
    fn the_first_signal_is_told_without_the_threads_that_serve() {
        let first = hear_signals().expect("signals can be heard");
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::TERM)
            .expect("a process may signal itself");
        assert_eq!(first.blocking_recv(), Ok("terminated"));
    }
}
