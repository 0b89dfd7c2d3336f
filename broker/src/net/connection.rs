//! One connection: frames in, answers out in the order of their requests.
//!
//! Produce appends at once and its answer waits in the queue until the data is durable, so that one connection keeps
//! many requests in flight. Produce and Fetch are read on behind; any other request stops the reading until it is
//! answered. Only the request at the front of the queue is registered with anything it waits for. What a connection takes
//! of the memory budget, and when it gives it up, is in `connection/memory.rs`.
//! Invariant: an idle connection holds no buffer.

mod memory;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::time::{Instant, Sleep};

use crate::api::context::{ApiContext, ConnectionInfo};
use crate::api::dispatch::{self, Appended, Pending};
use crate::net::budget::MemoryBudget;
use crate::net::connection::memory::{STALL_MAX, Stall};
use crate::net::connection_handle::ConnectionHandle;
use crate::net::outbound::Outbound;
use crate::net::stream::Stream;

/// Requests of one connection that may wait for their answers; more are not read. Enough for a client that sends
/// single records without waiting, small enough to bound memory.
const REQUESTS_IN_FLIGHT_MAX: usize = 1024;

/// First read of a connection that has something to say, in bytes.
const READ_BYTES: usize = 16 * 1024;

/// What a frame's length takes; before it is known, nothing is taken of the memory budget.
const LENGTH_BYTES: usize = 4;

/// So few bytes of a frame are kept without the buffer that they came in, while no more come.
const FEW_BYTES: usize = 1024;

/// A frame up to this size gets its buffer at once; a larger one as its bytes arrive.
const EAGER_FRAME_BYTES: usize = 2 * 1024 * 1024;

/// Bytes that may wait to be sent before no further request is read.
const OUTBOUND_BYTES_MAX: usize = 1024 * 1024;

/// Rounds of read, answer and write before other connections get their turn.
const ROUNDS_PER_TURN: usize = 16;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// The client closed it, or the network did.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The client went away between two requests.
    #[error("closed by the client")]
    ByClient,
    /// No request came for `connections.max.idle.ms`.
    #[error("idle for too long")]
    Idle,
    /// A request stopped half way, or answers were not taken, and held memory that others waited for.
    #[error(
        "too little of a request or an answer has moved for {STALL_MAX:?}, and others wait for its memory"
    )]
    Stalled,
    /// `max.connections` was lowered, and others have been in use since.
    #[error("more connections than max.connections, and idle longest")]
    Surplus,
    /// What came was no Kafka request.
    #[error("{0}")]
    BadFrame(String),
    /// A request that is answered by closing the connection.
    #[error("{0}")]
    Refused(String),
    /// The broker stops.
    #[error("the broker stops")]
    Shutdown,
}

struct InFlight {
    pending: Pending,
    /// Whether it was polled.
    begun: bool,
    /// What the request took of the memory budget.
    bytes: usize,
}

impl InFlight {
    /// Counts what it takes beyond its frame, which was `before`.
    fn recount(&mut self, before: usize, memory: &MemoryBudget) {
        let after = self.pending.bytes_beyond_frame();
        self.bytes = self.bytes - before + after;
        memory.take(after.saturating_sub(before));
        memory.give_back(before.saturating_sub(after));
    }
}

/// The state of one connection; [`Connection::run`] is its task.
pub struct Connection<S> {
    stream: S,
    ctx: Arc<ApiContext>,
    info: Arc<ConnectionInfo>,
    handle: Arc<ConnectionHandle>,
    inbound: BytesMut,
    /// Taken of the memory budget for the frame that is being read.
    inbound_bytes: usize,
    /// Taken of the memory budget for answers that the client has not taken.
    answer_bytes: usize,
    /// Counted among those that wait for the memory budget, to read.
    waits_for_memory: bool,
    /// Counted among them, to begin with a request.
    waits_to_answer: bool,
    queue: VecDeque<InFlight>,
    outbound: Outbound,
    timer: Option<Pin<Box<Sleep>>>,
    last_activity: Instant,
    stall: Stall,
    input_closed: bool,
}

impl<S: Stream> Connection<S> {
    /// A connection over `stream`.
    pub fn new(stream: S, ctx: Arc<ApiContext>, info: ConnectionInfo) -> Connection<S> {
        let now = Instant::now();
        Connection {
            stream,
            ctx,
            info: Arc::new(info),
            handle: Arc::new(ConnectionHandle::new(now)),
            inbound: BytesMut::new(),
            inbound_bytes: 0,
            answer_bytes: 0,
            waits_for_memory: false,
            waits_to_answer: false,
            queue: VecDeque::new(),
            outbound: Outbound::default(),
            timer: None,
            last_activity: now,
            stall: Stall::new(now),
            input_closed: false,
        }
    }

    /// What others have of it.
    #[must_use]
    pub fn handle(&self) -> Arc<ConnectionHandle> {
        Arc::clone(&self.handle)
    }

    /// Serves it until it ends.
    pub async fn run(mut self) -> Closed {
        let closed = std::future::poll_fn(|cx| self.poll(cx)).await;
        self.release();
        closed
    }

    fn release(&mut self) {
        let held: usize = self.queue.iter().map(|request| request.bytes).sum();
        self.set_waits_for_memory(false);
        self.set_waits_to_answer(false);
        self.ctx.memory.wait_no_longer(self.handle.waiter());
        self.ctx.memory.give_back(held + std::mem::take(&mut self.inbound_bytes));
        self.ctx.memory.give_back_answer(std::mem::take(&mut self.answer_bytes));
        for request in self.queue.drain(..) {
            request.pending.abandon(self.handle.waiter());
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        self.handle.waiter().set_waker(cx.waker());
        for _ in 0..ROUNDS_PER_TURN {
            match self.poll_round(cx) {
                Ok(true) => {}
                Ok(false) => return self.poll_timer(cx),
                Err(closed) => return Poll::Ready(closed),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One round; says whether anything moved.
    fn poll_round(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        if self.handle.is_asked_to_close() {
            return Err(Closed::Surplus);
        }
        let opened = self.poll_opening(cx)?;
        let read = self.poll_inbound(cx)?;
        let answered = self.poll_answers(cx)?;
        let written = match self.outbound.poll_send(cx, &mut self.stream) {
            Poll::Ready(moved) => moved?,
            Poll::Pending => 0,
        };
        self.count_answers();
        if self.queue.is_empty() && self.outbound.is_empty() {
            if self.queue.capacity() > 0 && !read {
                self.queue = VecDeque::new();
            }
            if self.input_closed {
                return Err(Closed::ByClient);
            }
            if self.ctx.is_stopping() {
                return Err(Closed::Shutdown);
            }
        }
        if read || written > 0 {
            self.last_activity = Instant::now();
            self.handle.touch(self.last_activity);
            self.stall.sent += written;
            if self.has_moved_enough() {
                self.begin_stall_time(self.last_activity);
            }
        }
        Ok(opened || read || answered || written > 0)
    }

    /// Has the last request appended once its batches are opened, though it may not be its turn to be answered: nothing
    /// behind it is read before. Says whether it was.
    fn poll_opening(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let Some(last) = self.queue.back_mut() else {
            return Ok(false);
        };
        let Poll::Ready(appended) = last.pending.poll_opening(&self.ctx, cx) else {
            return Ok(false);
        };
        if let Appended::WithoutAnswer = appended? {
            let bytes = last.bytes;
            self.queue.pop_back();
            self.ctx.memory.give_back(bytes);
        }
        Ok(true)
    }

    fn may_read(&self) -> bool {
        !self.input_closed
            && self.queue.len() < REQUESTS_IN_FLIGHT_MAX
            && self.outbound.pending_bytes() < OUTBOUND_BYTES_MAX
            && !self.ctx.is_stopping()
            && !self.queue.back().is_some_and(|request| request.pending.holds_reading())
    }

    fn poll_inbound(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let mut progress = false;
        while self.may_read() {
            if self.take_frame()? {
                progress = true;
                continue;
            }
            if !self.may_allocate() {
                return Ok(progress);
            }
            if self.has_whole_frame()? {
                // Memory for it was given back between the two looks.
                continue;
            }
            if self.inbound.is_empty() {
                if self.stream.poll_readable(cx)?.is_pending() {
                    // Nothing more to read: an idle connection gives its buffer back.
                    self.inbound = BytesMut::new();
                    return Ok(progress);
                }
                self.inbound.reserve(READ_BYTES);
            }
            self.make_room();
            let read = tokio_util::io::poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.inbound)?;
            match read {
                Poll::Pending => {
                    if self.inbound.len() < FEW_BYTES {
                        // A connection may stay so for long: it keeps the bytes, not the buffer.
                        self.inbound = BytesMut::from(&self.inbound[..]);
                    }
                    return Ok(progress);
                }
                Poll::Ready(0) if self.inbound.is_empty() => {
                    self.input_closed = true;
                    return Ok(true);
                }
                Poll::Ready(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Poll::Ready(_) => progress = true,
            }
        }
        Ok(progress)
    }

    /// Length of the frame whose first bytes are in the buffer, without its length prefix.
    fn frame_len(&self) -> Result<Option<usize>, Closed> {
        let Some(prefix) = self.inbound.first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let declared = i32::from_be_bytes(*prefix);
        match usize::try_from(declared) {
            Ok(len) if len <= self.ctx.request_bytes_max => Ok(Some(len)),
            _ => Err(Closed::BadFrame(format!(
                "a frame of {declared} bytes was announced; socket.request.max.bytes is {}",
                self.ctx.request_bytes_max
            ))),
        }
    }

    fn has_whole_frame(&self) -> Result<bool, Closed> {
        Ok(self.frame_len()?.is_some_and(|len| self.inbound.len() >= len + LENGTH_BYTES))
    }

    /// Grows the buffer: by what is missing of a frame, but never ahead of what a client really sends.
    fn make_room(&mut self) {
        let missing = match self.frame_len() {
            Ok(Some(len)) => (len + LENGTH_BYTES).saturating_sub(self.inbound.len()),
            _ => READ_BYTES,
        };
        let step = if missing + self.inbound.len() <= EAGER_FRAME_BYTES {
            missing.max(READ_BYTES / 4)
        } else {
            missing.min(self.inbound.len().max(EAGER_FRAME_BYTES))
        };
        if self.inbound.capacity() - self.inbound.len() < step.min(missing.max(1)) {
            self.inbound.reserve(step);
        }
    }

    /// Takes a complete frame off the buffer and hands it to its handler; `false` if there is none.
    fn take_frame(&mut self) -> Result<bool, Closed> {
        let Some(len) = self.frame_len()? else {
            return Ok(false);
        };
        if self.inbound.len() < len + LENGTH_BYTES {
            return Ok(false);
        }
        if !self.take_memory(len) && !self.take_for_short_answer(len) {
            return Ok(false);
        }
        self.inbound_bytes = 0;
        let mut frame = self.inbound.split_to(len + LENGTH_BYTES);
        let _prefix = frame.split_to(LENGTH_BYTES);
        match dispatch::dispatch(&self.ctx, &self.info, frame) {
            Ok(Some(pending)) => {
                let more = pending.bytes_beyond_frame();
                self.ctx.memory.take(more);
                self.queue.push_back(InFlight { pending, begun: false, bytes: len + more });
            }
            Ok(None) => self.ctx.memory.give_back(len),
            Err(closed) => {
                self.ctx.memory.give_back(len);
                return Err(closed);
            }
        }
        Ok(true)
    }

    /// Moves what is ready at the front of the queue to the outgoing side.
    fn poll_answers(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let mut progress = false;
        while self.outbound.pending_bytes() < OUTBOUND_BYTES_MAX && self.may_answer() {
            let Some(front) = self.queue.front_mut() else {
                break;
            };
            let before = (!front.begun).then(|| front.pending.bytes_beyond_frame());
            front.begun = true;
            let Poll::Ready(response) = front.pending.poll(&self.ctx, self.handle.waiter(), cx) else {
                if let Some(before) = before {
                    front.recount(before, &self.ctx.memory);
                }
                break;
            };
            let bytes = front.bytes;
            self.queue.pop_front();
            self.ctx.memory.give_back(bytes);
            progress = true;
            if response.send(&mut self.outbound) {
                return Err(Closed::Refused("the request was refused".to_owned()));
            }
        }
        Ok(progress)
    }

    /// Arms one timer for the front's deadline, for idleness and for a frame that stalls; called when nothing moves.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        let idle_at = self.last_activity + self.ctx.idle_max;
        let due = match self.queue.front() {
            // Its time may be over, and it has to wait nevertheless.
            Some(_) if self.waits_to_answer => idle_at,
            Some(front) => front.pending.deadline().unwrap_or(idle_at),
            None => idle_at,
        };
        let may_stall = self.inbound_bytes > 0 || self.answer_bytes > 0;
        let deadline = if may_stall { due.min(self.stall.at) } else { due };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.timer = None;
        let now = Instant::now();
        if self.queue.is_empty() && now >= idle_at {
            return Poll::Ready(Closed::Idle);
        }
        if now >= self.stall.at {
            if self.is_stalled() {
                return Poll::Ready(Closed::Stalled);
            }
            self.begin_stall_time(now);
        }
        if now >= due {
            self.last_activity = now;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Looks once what there is to do; gives the bytes that its read buffer takes then.
    #[cfg(test)]
    pub(super) async fn buffer_after_a_look(&mut self) -> usize {
        std::future::poll_fn(|cx| Poll::Ready(self.poll(cx).is_ready())).await;
        self.inbound.capacity()
    }
}
