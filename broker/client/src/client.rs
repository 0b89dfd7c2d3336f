//! One connection: requests out, responses in, in the same order (Kafka answers a connection's requests in order).
//!
//! `Client` does both; its halves let one task send while another receives. A call that is cancelled half way leaves the
//! connection unusable: drop it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{Request, Writer};
use broker_protocol::header::encode_request_header;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use crate::ClientError;
use crate::frame::{Frame, read_frame};

/// A request whose response has not come.
#[derive(Clone, Copy, Debug)]
struct Pending {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
}

/// Requests without response, oldest first; shared by the two halves.
type PendingQueue = Arc<Mutex<VecDeque<Pending>>>;

/// The half that sends requests.
#[derive(Debug)]
pub struct Sender<W> {
    writer: W,
    client_id: String,
    next_correlation_id: i32,
    pending: PendingQueue,
}

/// The half that receives responses.
#[derive(Debug)]
pub struct Receiver<R> {
    reader: R,
    pending: PendingQueue,
}

/// A connection to a broker.
#[derive(Debug)]
pub struct Client<S> {
    sender: Sender<WriteHalf<S>>,
    receiver: Receiver<ReadHalf<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Speaks over `stream`, which is connected; `client_id` is the name the broker sees.
    pub fn new(stream: S, client_id: &str) -> Client<S> {
        let (reader, writer) = tokio::io::split(stream);
        let pending = PendingQueue::default();
        let sender = Sender {
            writer,
            client_id: client_id.to_owned(),
            next_correlation_id: 0,
            pending: Arc::clone(&pending),
        };
        Client { sender, receiver: Receiver { reader, pending } }
    }

    /// Sends a request and waits for its response. Responses to requests sent before must have been received.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call<'a, Q: Request<'a>>(
        &mut self,
        request: &Q,
        version: i16,
    ) -> Result<Frame, ClientError> {
        self.send(request, version).await?;
        self.receive().await
    }

    /// Sends a request whose response is received later; returns its correlation id.
    ///
    /// # Errors
    /// `Request` or `Io`.
    pub async fn send<'a, Q: Request<'a>>(&mut self, request: &Q, version: i16) -> Result<i32, ClientError> {
        self.sender.send(request, version).await
    }

    /// Waits for the response to the oldest request without one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receive(&mut self) -> Result<Frame, ClientError> {
        self.receiver.receive().await
    }

    /// The sending half, also for requests without response and for bytes that are no request.
    pub fn sender(&mut self) -> &mut Sender<WriteHalf<S>> {
        &mut self.sender
    }

    /// The receiving half, also for frames that answer bytes which `sender` wrote raw.
    pub fn receiver(&mut self) -> &mut Receiver<ReadHalf<S>> {
        &mut self.receiver
    }

    /// Takes the connection apart, for a task that sends and one that receives.
    pub fn into_halves(self) -> (Sender<WriteHalf<S>>, Receiver<ReadHalf<S>>) {
        (self.sender, self.receiver)
    }
}

impl<W: AsyncWrite + Unpin> Sender<W> {
    /// Sends a request whose response the receiver gets; returns its correlation id.
    ///
    /// # Errors
    /// `Request` or `Io`.
    pub async fn send<'a, Q: Request<'a>>(&mut self, request: &Q, version: i16) -> Result<i32, ClientError> {
        let (frame, correlation_id) = self.encode(request, version)?;
        // Queued before it is written: the response may come before the write returns.
        let pending = Pending { api: Q::API_KEY, version, correlation_id };
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push_back(pending);
        self.write_raw(&frame).await?;
        Ok(correlation_id)
    }

    /// Sends a request that the broker does not answer: Produce with acks=0.
    ///
    /// # Errors
    /// `Request` or `Io`.
    pub async fn send_unanswered<'a, Q: Request<'a>>(
        &mut self,
        request: &Q,
        version: i16,
    ) -> Result<(), ClientError> {
        let (frame, _) = self.encode(request, version)?;
        self.write_raw(&frame).await
    }

    /// Writes bytes as they are, be they a request or not. A response to them is read by `Receiver::receive_raw`.
    ///
    /// # Errors
    /// `Io`.
    pub async fn write_raw(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.writer.write_all(bytes).await?;
        self.writer.flush().await?;
        Ok(())
    }

    /// Ends the sending direction of the connection.
    ///
    /// # Errors
    /// `Io`.
    pub async fn shutdown(&mut self) -> Result<(), ClientError> {
        Ok(self.writer.shutdown().await?)
    }

    fn encode<'a, Q: Request<'a>>(
        &mut self,
        request: &Q,
        version: i16,
    ) -> Result<(Vec<u8>, i32), ClientError> {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        let mut writer = Writer::frame();
        encode_request_header(&mut writer, Q::API_KEY, version, correlation_id, Some(&self.client_id))?;
        request.encode(&mut writer, version)?;
        writer.finish_frame()?;
        Ok((writer.into_parts().0, correlation_id))
    }
}

impl<R: AsyncRead + Unpin> Receiver<R> {
    /// Waits for the response to the oldest request without one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receive(&mut self) -> Result<Frame, ClientError> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Pending { api, version, correlation_id: expected } =
            pending.ok_or(ClientError::NothingPending)?;
        let bytes = read_frame(&mut self.reader).await?.ok_or(ClientError::Closed { api })?;
        let frame = Frame::parse(bytes, api, version)?;
        if frame.correlation_id != expected {
            return Err(ClientError::OutOfOrder { expected, found: frame.correlation_id });
        }
        Ok(frame)
    }

    /// Reads whatever frame comes next, without its size; `None` if the broker closed the connection.
    ///
    /// # Errors
    /// `FrameSize` or `Io`.
    pub async fn receive_raw(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        read_frame(&mut self.reader).await
    }

    /// Requests that wait for their response.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests;
