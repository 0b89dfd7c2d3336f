//! The network seam: what the broker needs of a listening socket and of a connection.
//!
//! Production implements it for tokio's TCP with sendfile; a simulation implements it with reads and writes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use broker_log::io::FileHandle;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpListener, TcpStream};

/// A socket that listens.
pub trait Listener: Send + 'static {
    /// Its connections.
    type Stream: Stream;
    /// The next connection and its peer's address.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
    /// Where it listens.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A connection.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Waits until there is something to read, so that an idle connection holds no buffer. May answer at once where
    /// that cannot be known.
    fn poll_readable(&self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Sends up to `len` bytes of `file` from `position`; returns how many went out, 0 only at the end of the file.
    fn poll_send_file(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        file: &FileHandle,
        position: u64,
        len: usize,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = vec![0; len.min(READ_WRITE_SLICE)];
        let read = file.read_at(&mut buffer, position)?;
        if read == 0 {
            return Poll::Ready(Ok(0));
        }
        self.as_mut().poll_write(cx, &buffer[..read])
    }
}

/// How much a stream without sendfile reads and writes at a time, in bytes.
const READ_WRITE_SLICE: usize = 64 * 1024;

/// How much one sendfile call may move before other connections get their turn, in bytes.
const SEND_FILE_SLICE: usize = 1024 * 1024;

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}

impl Stream for TcpStream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn poll_send_file(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        file: &FileHandle,
        position: u64,
        len: usize,
    ) -> Poll<io::Result<usize>> {
        if let Some(bytes) = file.as_bytes() {
            let from = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
            return self.poll_write(cx, &bytes[from..from + len.min(bytes.len() - from)]);
        }
        let Some(descriptor) = file.as_fd() else {
            return send_by_copy(self, cx, file, position, len);
        };
        let mut offset = position;
        loop {
            ready!(self.poll_write_ready(cx))?;
            let sent = self.try_io(Interest::WRITABLE, || {
                rustix::fs::sendfile(&*self, descriptor, Some(&mut offset), len.min(SEND_FILE_SLICE))
                    .map_err(io::Error::from)
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

/// What [`Stream::poll_send_file`] does where the file has no descriptor.
fn send_by_copy(
    stream: Pin<&mut TcpStream>,
    cx: &mut Context<'_>,
    file: &FileHandle,
    position: u64,
    len: usize,
) -> Poll<io::Result<usize>> {
    let mut buffer = vec![0; len.min(READ_WRITE_SLICE)];
    match file.read_at(&mut buffer, position)? {
        0 => Poll::Ready(Ok(0)),
        read => stream.poll_write(cx, &buffer[..read]),
    }
}
