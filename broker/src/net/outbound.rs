//! What a connection still has to send: bytes and ranges of files, in order.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use broker_log::io::FileHandle;

use crate::net::stream::Stream;

/// A range of a file that goes out as it is.
#[derive(Clone, Debug)]
pub struct FileRange {
    /// The file; holding it keeps it readable also after its deletion.
    pub file: FileHandle,
    /// First byte.
    pub position: u64,
    /// Bytes.
    pub len: usize,
    /// The range was not in memory when it was looked at: drop it from the page cache once it is sent, so that a
    /// catch-up reader does not push out what others read.
    pub drop_behind: bool,
}

#[derive(Debug)]
enum Part {
    Bytes { bytes: Vec<u8>, sent: usize },
    File { range: FileRange, sent: usize },
}

/// Small answers are gathered into one write up to this size, in bytes.
const GATHER_BYTES: usize = 64 * 1024;

/// The queue of a connection's outgoing parts.
#[derive(Debug, Default)]
pub struct Outbound {
    parts: VecDeque<Part>,
    pending: usize,
    held: usize,
}

impl Outbound {
    /// Whether all has been sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes that wait to be sent, files not counted.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.pending
    }

    /// Bytes in memory: those of each part until all of it has been sent.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held
    }

    /// Appends bytes.
    pub fn push_bytes(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.pending += bytes.len();
        self.held += bytes.len();
        if let Some(Part::Bytes { bytes: last, .. }) = self.parts.back_mut()
            && last.len() + bytes.len() <= GATHER_BYTES
        {
            last.extend_from_slice(&bytes);
            return;
        }
        self.parts.push_back(Part::Bytes { bytes, sent: 0 });
    }

    /// Appends a range of a file.
    pub fn push_file(&mut self, range: FileRange) {
        if range.len > 0 {
            self.parts.push_back(Part::File { range, sent: 0 });
        }
    }

    /// Sends what the socket takes. `Ready(Ok(moved))` says how many bytes went out in this call, once all is sent or
    /// the connection has had its share; `Pending` once the socket is full and nothing went out.
    pub fn poll_send<S: Stream>(&mut self, cx: &mut Context<'_>, stream: &mut S) -> Poll<io::Result<usize>> {
        let mut moved = 0;
        while let Some(part) = self.parts.front_mut() {
            let step = match part {
                Part::Bytes { bytes, sent } => Pin::new(&mut *stream)
                    .poll_write(cx, &bytes[*sent..])
                    .map_ok(|n| (n, *sent + n == bytes.len())),
                Part::File { range, sent } => {
                    let position = range.position + *sent as u64;
                    Pin::new(&mut *stream)
                        .poll_send_file(cx, &range.file, position, range.len - *sent)
                        .map_ok(|n| (n, *sent + n == range.len))
                }
            };
            let (count, finished) = match step {
                Poll::Pending if moved > 0 => return Poll::Ready(Ok(moved)),
                other => ready!(other)?,
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            moved += count;
            self.advance(count, finished);
            if moved >= FAIR_SHARE {
                return Poll::Ready(Ok(moved));
            }
        }
        Poll::Ready(Ok(moved))
    }

    fn advance(&mut self, count: usize, finished: bool) {
        match self.parts.front_mut() {
            Some(Part::Bytes { bytes, sent }) => {
                *sent += count;
                self.pending -= count;
                if finished {
                    self.held -= bytes.len();
                }
            }
            Some(Part::File { range, sent }) => {
                *sent += count;
                if finished && range.drop_behind {
                    range.file.drop_cache(range.position, range.len as u64);
                }
            }
            None => {}
        }
        if finished {
            self.parts.pop_front();
        }
    }
}

/// Bytes that a connection sends before others get their turn.
const FAIR_SHARE: usize = 4 * 1024 * 1024;
