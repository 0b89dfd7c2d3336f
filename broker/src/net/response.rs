//! A finished answer: encoded bytes with ranges of files in between.

use broker_protocol::codec::{EncodeError, ErrorCounts, Writer};

use crate::net::outbound::{FileRange, Outbound};

/// What goes back for one request.
#[derive(Debug, Default)]
pub struct Response {
    head: Vec<u8>,
    /// Ranges of files and where in `head` each of them goes in, ascending.
    files: Vec<(usize, FileRange)>,
    errors: ErrorCounts,
    close: bool,
    silent: bool,
}

impl Response {
    /// A frame as [`Writer::frame`] began it. `files` gives the range for each token of the external records in it.
    ///
    /// # Errors
    /// The answer is too long for a frame.
    pub fn frame(mut writer: Writer, files: &[FileRange]) -> Result<Response, EncodeError> {
        writer.finish_frame()?;
        let errors = writer.take_errors();
        let (head, splices) = writer.into_parts();
        let files =
            splices.iter().map(|splice| (splice.position, files[splice.token as usize].clone())).collect();
        Ok(Response { head, files, errors, close: false, silent: false })
    }

    /// No answer at all: acks=0.
    #[must_use]
    pub fn none() -> Response {
        Response { silent: true, ..Response::default() }
    }

    /// The connection is closed instead of an answer.
    #[must_use]
    pub fn close() -> Response {
        Response { close: true, silent: true, ..Response::default() }
    }

    /// Whether nothing is sent.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// The error codes in it.
    #[must_use]
    pub fn errors(&self) -> &ErrorCounts {
        &self.errors
    }

    /// Bytes that go out, files included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len() + self.files.iter().map(|(_, range)| range.len).sum::<usize>()
    }

    /// Whether nothing goes out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Queues it for sending; says whether the connection has to be closed instead.
    pub fn send(mut self, outbound: &mut Outbound) -> bool {
        if self.close {
            return true;
        }
        if self.files.is_empty() {
            outbound.push_bytes(self.head);
            return false;
        }
        let tail_start = self.files[self.files.len() - 1].0;
        let tail = self.head.split_off(tail_start);
        let mut from = 0;
        for (position, range) in self.files {
            outbound.push_bytes(self.head[from..position].to_vec());
            outbound.push_file(range);
            from = position;
        }
        outbound.push_bytes(tail);
        false
    }
}
