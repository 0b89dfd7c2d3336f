//! Asks a broker's HTTP pages.

use std::net::Ipv4Addr;
use std::sync::Arc;

use highwater_broker::http;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{TestBroker, within};

/// What a page answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Asks for a page of the broker's HTTP listener.
pub(crate) async fn get(broker: &TestBroker, path: &str) -> Page {
    ask(broker, "GET", path).await
}

/// Sends a request to the broker's HTTP listener.
pub(crate) async fn ask(broker: &TestBroker, method: &str, path: &str) -> Page {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let served =
        tokio::spawn(http::serve(listener, Arc::clone(&broker.metrics), Arc::clone(&broker.health) as _));
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("page", socket.read_to_string(&mut answer)).await.unwrap();
    served.abort();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Page { status, body: body.to_owned() }
}
