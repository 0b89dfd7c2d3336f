//! A client's connection: made when it is needed, given up after any failure or when the nemesis cuts it.

use std::rc::Rc;

use broker_client::{Client, ClientError};
use tokio::time::Duration;
use turmoil::net::TcpStream;

use super::Shared;
use crate::broker_host::PORT;
use crate::nemesis::BROKER;

/// How long a client waits for a connection or for an answer.
const ANSWER_MAX: Duration = Duration::from_millis(2_500);
/// Pause before a lost connection is made again, in milliseconds.
const RECONNECT_MS: u64 = 20;

/// The connection broke, or no answer came in time: whether the request was carried out is unknown.
#[derive(Debug)]
pub(super) struct Lost;

pub(super) struct Connection {
    shared: Rc<Shared>,
    client: usize,
    host: &'static str,
    open: Option<Client<TcpStream>>,
    /// Connections made so far.
    pub(super) made: u64,
}

impl Connection {
    pub(super) fn new(shared: Rc<Shared>, client: usize) -> Connection {
        Connection { shared, client, host: BROKER, open: None, made: 0 }
    }

    /// A connection to another machine than the broker's, by a client that is never cut.
    pub(super) fn to(shared: Rc<Shared>, host: &'static str) -> Connection {
        let client = shared.clients();
        Connection { host, ..Connection::new(shared, client) }
    }

    /// Does something with the connection; after a failure the next call makes a new one.
    pub(super) async fn attempt<T>(
        &mut self,
        act: impl AsyncFnOnce(&mut Client<TcpStream>) -> Result<T, ClientError>,
    ) -> Result<T, Lost> {
        let shared = Rc::clone(&self.shared);
        let cut = shared.cuts[self.client].notified();
        let attempt = async {
            let mut client = match self.open.take() {
                Some(client) => client,
                None => {
                    let stream = TcpStream::connect((self.host, PORT)).await?;
                    self.made += 1;
                    Client::new(stream, &Shared::host_name(self.client))
                }
            };
            let result = act(&mut client).await?;
            self.open = Some(client);
            Ok(result)
        };
        let ended = tokio::select! {
            biased;
            () = cut => None,
            ended = tokio::time::timeout(ANSWER_MAX, attempt) => ended.ok(),
        };
        match ended {
            Some(Ok(result)) => Ok(result),
            Some(Err(error)) => {
                if !matches!(error, ClientError::Io(_) | ClientError::Closed { .. }) {
                    self.shared.violation(format_args!("an answer is wrong: {error}"));
                }
                super::pause(RECONNECT_MS).await;
                Err(Lost)
            }
            None => {
                super::pause(RECONNECT_MS).await;
                Err(Lost)
            }
        }
    }

    /// Whether the next call finds it made.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Closes it; the next call makes a new one.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}
