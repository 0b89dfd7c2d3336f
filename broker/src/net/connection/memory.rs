//! What a connection takes of the memory budget: when it waits for it, and when it gives it up.
//!
//! A frame that has stopped half way ends its connection once others wait for its memory, and so do answers that the
//! client does not take. Requests for short answers are read and begun though the budget is used up.

use tokio::time::{Duration, Instant};

use crate::api::dispatch;
use crate::net::connection::{Connection, FEW_BYTES, LENGTH_BYTES};
use crate::net::stream::Stream;

/// Of answers, so much may be held for each connection without being counted in the memory budget, in bytes: about what
/// its read buffer takes.
const ANSWER_BYTES_FREE: usize = 16 * 1024;

/// A frame of which too little has come for this long is given up if others wait for its memory, as are answers of which
/// too little was taken. Far above the pauses of a bad network, and well below the 30 seconds that clients wait for an
/// answer.
pub(super) const STALL_MAX: Duration = Duration::from_secs(10);

/// Such a part of a frame, and at least a byte, is enough in that time: all of it then moves within ten minutes.
const FRAME_STALL_PARTS: usize = 60;

/// Such a part of the answers that are held is enough in that time: a long one, which is held until all of it is sent, then
/// moves within the 30 seconds that clients wait. Answers beyond the budget hold up all others; a frame takes only what was
/// free.
const ANSWER_STALL_PARTS: usize = 3;

/// What has moved of a frame or of answers since a time began.
pub(super) struct Stall {
    /// When to look whether it was enough.
    pub(super) at: Instant,
    /// Bytes of the frame that had come when the time began.
    received: usize,
    /// Bytes of answers that were sent since.
    pub(super) sent: usize,
}

impl Stall {
    /// A time that begins with nothing.
    pub(super) fn new(now: Instant) -> Stall {
        Stall { at: now + STALL_MAX, received: 0, sent: 0 }
    }
}

impl<S: Stream> Connection<S> {
    /// Counts what the client has not taken of its answers.
    pub(super) fn count_answers(&mut self) {
        let held = self.outbound.held_bytes();
        let counted = if held > ANSWER_BYTES_FREE { held } else { 0 };
        if self.answer_bytes == 0 && counted > 0 {
            self.begin_stall_time(Instant::now());
        }
        if counted > self.answer_bytes {
            self.ctx.memory.take_answer(counted - self.answer_bytes);
        } else {
            self.ctx.memory.give_back_answer(self.answer_bytes - counted);
        }
        self.answer_bytes = counted;
    }

    /// Takes memory for the frame that is being read; `false` means that the budget is used up for the moment.
    pub(super) fn may_allocate(&mut self) -> bool {
        let Ok(Some(len)) = self.frame_len() else {
            return true;
        };
        if self.take_memory(len) {
            return true;
        }
        self.ctx.memory.wait(self.handle.waiter());
        // Bytes may have been given back between the two calls.
        let has_it = self.take_memory(len);
        self.set_waits_for_memory(!has_it);
        // A small frame is read nevertheless: its answer may be short.
        has_it || (len <= FEW_BYTES && self.inbound.len() < len + LENGTH_BYTES)
    }

    /// Takes memory for a frame of that length, unless it was taken before.
    pub(super) fn take_memory(&mut self, len: usize) -> bool {
        let has_it = self.inbound_bytes > 0 || self.ctx.memory.try_take(len);
        if has_it {
            self.inbound_bytes = self.inbound_bytes.max(len);
            self.set_waits_for_memory(false);
        }
        has_it
    }

    /// Takes memory for a whole frame though the budget is used up: a small one that asks for a short answer, of a client
    /// that takes its answers. So no member leaves its group because others use up the memory.
    pub(super) fn take_for_short_answer(&mut self, len: usize) -> bool {
        let takes_answers = self.outbound.held_bytes() <= ANSWER_BYTES_FREE;
        let may_be_taken = len <= FEW_BYTES
            && takes_answers
            && dispatch::asks_for_short_answer(&self.inbound[LENGTH_BYTES..]);
        if may_be_taken {
            self.ctx.memory.take(len);
            self.set_waits_for_memory(false);
        }
        may_be_taken
    }

    pub(super) fn set_waits_for_memory(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits_for_memory, waits) != waits {
            self.ctx.memory.count_waiting(waits);
        }
    }

    pub(super) fn set_waits_to_answer(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits_to_answer, waits) != waits {
            self.ctx.memory.count_waiting(waits);
        }
    }

    /// Whether the request at the front may go on; `false` means that there is no memory for its answer for the moment.
    pub(super) fn may_answer(&mut self) -> bool {
        let front = self.queue.front();
        let mut waits = front.is_some_and(|front| front.pending.may_wait_for_memory(front.begun))
            && self.ctx.memory.is_overdrawn();
        if waits {
            self.ctx.memory.wait(self.handle.waiter());
            // Bytes may have been given back between the two looks.
            waits = self.ctx.memory.is_overdrawn();
        }
        self.set_waits_to_answer(waits);
        !waits
    }

    pub(super) fn begin_stall_time(&mut self, now: Instant) {
        self.stall = Stall { at: now + STALL_MAX, received: self.inbound.len(), sent: 0 };
    }

    /// Whether enough has come or gone since that time began.
    pub(super) fn has_moved_enough(&self) -> bool {
        let received = self.inbound.len().abs_diff(self.stall.received);
        let frame_goes_on =
            self.inbound_bytes == 0 || received >= (self.inbound_bytes / FRAME_STALL_PARTS).max(1);
        self.stall.sent >= (self.answer_bytes / ANSWER_STALL_PARTS).max(1)
            || (self.answer_bytes == 0 && frame_goes_on)
    }

    /// Whether a frame or answers whose time is up are to be given up: others wait for their memory, and it is the client
    /// that does not go on, by not sending the rest or by not taking the answers, before which no more is read.
    pub(super) fn is_stalled(&self) -> bool {
        let waits_for_client = self.may_read() || !self.outbound.is_empty();
        let holds = self.inbound_bytes > 0 || self.answer_bytes > 0;
        holds && waits_for_client && self.ctx.memory.is_short()
    }
}
