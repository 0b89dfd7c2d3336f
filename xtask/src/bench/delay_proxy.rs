//! A proxy that holds back what a client sends for some time: an object store that is farther away.
//!
//! What is sent meanwhile is held back as long, not longer: requests of several connections, and several on one, are late
//! by the same time each. Answers are passed on at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks of a connection that are held back at most; then its client waits.
const HELD_MAX: usize = 256;

/// A running proxy; it ends with the value.
#[derive(Debug)]
pub(crate) struct DelayProxy {
    pub(crate) address: SocketAddr,
    delay_us: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DelayProxy {
    /// Passes connections on to `target`, without a delay at first.
    pub(crate) fn start(target: SocketAddr) -> Result<DelayProxy> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let delay_us = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let delay = Arc::clone(&delay_us);
        let thread = std::thread::Builder::new().name("delay-proxy".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept_all(listener, target, delay) => {}
                    _ = stopped => {}
                }
            });
        });
        let thread = thread.context("cannot start a thread")?;
        Ok(DelayProxy { address, delay_us, stop: Some(stop), thread: Some(thread) })
    }

    /// Holds back what comes from now on for so long.
    pub(crate) fn delay(&self, by: Duration) {
        self.delay_us.store(u64::try_from(by.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It has panicked at worst, which it has printed.
            let _ = thread.join();
        }
    }
}

async fn accept_all(listener: TcpListener, target: SocketAddr, delay_us: Arc<AtomicU64>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(target).await else { continue };
        let (Ok(()), Ok(())) = (client.set_nodelay(true), server.set_nodelay(true)) else { continue };
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = server.into_split();
        let (sender, receiver) = mpsc::channel(HELD_MAX);
        tokio::spawn(take(from_client, sender, Arc::clone(&delay_us)));
        tokio::spawn(give(receiver, to_server));
        tokio::spawn(async move {
            // The end of a connection, in order or not, is the end of this task.
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        });
    }
}

async fn take(mut from: OwnedReadHalf, held: mpsc::Sender<(Instant, Vec<u8>)>, delay_us: Arc<AtomicU64>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let due = Instant::now() + Duration::from_micros(delay_us.load(Ordering::Relaxed));
        if held.send((due, buffer[..count].to_vec())).await.is_err() {
            return;
        }
    }
}

async fn give(mut held: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
    while let Some((due, bytes)) = held.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_sent_arrives_late_and_whole() {
        let echo = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = echo.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        let proxy = DelayProxy::start(target).unwrap();
        proxy.delay(Duration::from_millis(50));
        let mut stream = std::net::TcpStream::connect(proxy.address).unwrap();
        let begin = std::time::Instant::now();
        stream.write_all(b"hello").unwrap();
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).unwrap();
        assert_eq!((&bytes, begin.elapsed() >= Duration::from_millis(50)), (b"hello", true));
    }
}
