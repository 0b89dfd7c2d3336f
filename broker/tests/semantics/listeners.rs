//! Several listeners: each client is told the addresses of the listener that it came by.

use std::net::Ipv4Addr;
use std::sync::Arc;

use broker_client::Client;
use broker_config::Config;
use broker_log::io::local_disk::SystemClock;
use broker_log::io::memory_disk::MemoryDisk;
use broker_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse, MetadataResponse};
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::metrics::Metrics;
use highwater_broker::server::{Bound, Broker};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::within;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_listener_tells_its_own_addresses() {
    let sets = [
        "log.dirs=/data",
        "listeners=PLAINTEXT://127.0.0.1:9092,OUTSIDE://[::1]:9093",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT",
        "advertised.listeners=PLAINTEXT://inside.example:9092,OUTSIDE://[2001:db8::7]:19093",
    ];
    let (config, _) = Config::load(None, [], &sets.map(str::to_owned)).unwrap();
    let env = Env {
        disk: Arc::new(MemoryDisk::new(1)),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        blocking: Blocking::Threads,
    };
    let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
    for listener in &config.broker().listeners {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        addresses.push(socket.local_addr().unwrap());
        listeners.push(Bound { config: listener.clone(), socket });
    }
    let started = Broker::start(env, Arc::new(config), listeners, Arc::new(Metrics::new()));
    let broker = within("start", started).await.unwrap();
    // An address of version 6 goes over the wire without its brackets.
    for (address, host, port) in
        [(addresses[0], "inside.example", 9092), (addresses[1], "2001:db8::7", 19093)]
    {
        let mut client = Client::new(TcpStream::connect(address).await.unwrap(), "tests");
        let frame = within("metadata", client.metadata(Some(&[]))).await.unwrap();
        let response: MetadataResponse<'_> = frame.decode().unwrap();
        let found: Vec<_> = response.brokers.iter().map(|broker| (&*broker.host, broker.port)).collect();
        assert_eq!(found, [(host, port)]);
        let frame = within("cluster", client.call(&DescribeClusterRequest::default(), 0)).await.unwrap();
        let response: DescribeClusterResponse<'_> = frame.decode().unwrap();
        let found: Vec<_> = response.brokers.iter().map(|broker| (&*broker.host, broker.port)).collect();
        assert_eq!(found, [(host, port)]);
    }
    within("stop", broker.stop()).await.unwrap();
}
