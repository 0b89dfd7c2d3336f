//! The broker of the tour: the one that runs already, or one in this process.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker_config::Config;
use broker_log::io::local_disk::{LocalDisk, SystemClock};
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::metrics::Metrics;
use highwater_broker::server::{Bound, Broker};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9092);

/// Where the tour's broker is.
pub(crate) enum TourBroker {
    /// It was there.
    Found,
    /// The tour started it.
    Own { broker: Box<Broker>, runtime: Runtime, address: SocketAddr, _data: TempDir },
}

/// Finds the broker on the default port or starts one on a free port.
pub(crate) fn find_or_start() -> anyhow::Result<TourBroker> {
    if TcpStream::connect_timeout(&DEFAULT, Duration::from_millis(500)).is_ok() {
        println!("Using the broker on {DEFAULT}.");
        return Ok(TourBroker::Found);
    }
    let data = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (broker, address) = runtime.block_on(start(&data))?;
    println!("No broker on {DEFAULT}: started one on {address}, with data in {}.", data.path().display());
    Ok(TourBroker::Own { broker: Box::new(broker), runtime, address, _data: data })
}

async fn start(data: &TempDir) -> anyhow::Result<(Broker, SocketAddr)> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = socket.local_addr()?;
    let sets = [
        format!("log.dirs={}", data.path().display()),
        format!("listeners=PLAINTEXT://{address}"),
        "highwater.admin.listener=".to_owned(),
        "group.initial.rebalance.delay.ms=1000".to_owned(),
    ];
    let (config, _) = Config::load(None, [], &sets)?;
    let config = Arc::new(config);
    let listener = config.broker().listeners.first().context("there is one listener")?.clone();
    let env = Env {
        disk: Arc::new(LocalDisk),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let listeners = vec![Bound { config: listener, socket }];
    let broker = Broker::start(env, config, listeners, Arc::new(Metrics::new())).await?;
    Ok((broker, address))
}

impl TourBroker {
    /// What clients connect to.
    pub(crate) fn bootstrap(&self) -> String {
        match self {
            TourBroker::Found => DEFAULT.to_string(),
            TourBroker::Own { address, .. } => address.to_string(),
        }
    }

    /// What else there is to see.
    pub(crate) fn where_to_look(&self) -> &'static str {
        match self {
            TourBroker::Found => " The broker's figures, lag among them: curl http://127.0.0.1:9644/metrics",
            TourBroker::Own { .. } => " Start a broker to look at its figures: see README.md.",
        }
    }

    /// Stops the broker if the tour started it.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        match self {
            TourBroker::Found => Ok(()),
            TourBroker::Own { broker, runtime, .. } => runtime.block_on(broker.stop()),
        }
    }
}
