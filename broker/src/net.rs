//! Bytes to frames and back: accepting, reading, ordered answers, limits. Knows no Kafka API but its framing.

pub mod acceptor;
pub mod budget;
pub mod connection;
pub mod connection_handle;
pub mod outbound;
pub mod response;
pub mod stream;
pub mod waiter;

#[cfg(test)]
mod tests;
