//! Listener addresses: `NAME://host:port` lists and the map from listener names to security protocols.
//!
//! Only text is judged here; no name is resolved and no socket opened.

use std::collections::BTreeMap;
use std::fmt;

use crate::def::split_list;

pub(crate) const EXPECTED: &str =
    "a list of NAME://host:port separated by commas, IPv6 hosts in brackets, no name twice";
pub(crate) const EXPECTED_MAP: &str =
    "a list of NAME:PROTOCOL separated by commas with PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL as protocol";

/// How a listener's connections are protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// TLS.
    Ssl,
    /// Authentication by SASL without TLS.
    SaslPlaintext,
    /// Authentication by SASL inside TLS.
    SaslSsl,
}

impl SecurityProtocol {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "PLAINTEXT" => Some(SecurityProtocol::Plaintext),
            "SSL" => Some(SecurityProtocol::Ssl),
            "SASL_PLAINTEXT" => Some(SecurityProtocol::SaslPlaintext),
            "SASL_SSL" => Some(SecurityProtocol::SaslSsl),
            _ => None,
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecurityProtocol::Plaintext => "PLAINTEXT",
            SecurityProtocol::Ssl => "SSL",
            SecurityProtocol::SaslPlaintext => "SASL_PLAINTEXT",
            SecurityProtocol::SaslSsl => "SASL_SSL",
        })
    }
}

/// One address that takes client connections, or one that clients are told to use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Name in upper case, unique among the listeners.
    pub name: String,
    /// Host name or address without brackets; empty means every interface, and in an advertised listener the host
    /// name of the machine.
    pub host: String,
    /// Port; 0 lets the system choose, and in an advertised listener stands for the port that it chose.
    pub port: u16,
}

impl Listener {
    /// `host:port` as a socket address text: IPv6 in brackets, an empty host as `0.0.0.0`.
    #[must_use]
    pub fn bind_address(&self) -> String {
        let host = if self.host.is_empty() { "0.0.0.0" } else { &self.host };
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }

    /// Whether the host means "every interface", which no client can connect to.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host.as_str(), "0.0.0.0" | "::" | "0:0:0:0:0:0:0:0")
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{}://[{}]:{}", self.name, self.host, self.port)
        } else {
            write!(f, "{}://{}:{}", self.name, self.host, self.port)
        }
    }
}

/// Parses a list of listeners; the error is the part that is not one.
pub(crate) fn parse_list(text: &str) -> Result<Vec<Listener>, String> {
    let mut listeners: Vec<Listener> = Vec::new();
    for part in split_list(text) {
        let listener = parse_one(part).ok_or_else(|| part.to_owned())?;
        if listeners.iter().any(|other| other.name == listener.name) {
            return Err(part.to_owned());
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

fn parse_one(text: &str) -> Option<Listener> {
    let (name, address) = text.split_once("://")?;
    let valid_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let (host, port) = parse_address(address)?;
    valid_name.then(|| Listener { name: name.to_ascii_uppercase(), host, port })
}

/// Splits `host:port`; an IPv6 host stands in brackets, an empty host is allowed.
pub(crate) fn parse_address(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())?,
        None => host,
    };
    let bracketed = text.starts_with('[');
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if !bracketed && !plain {
        return None;
    }
    Some((host.to_owned(), port.parse().ok()?))
}

/// Parses the map from listener names to security protocols; the error is the part that is not an entry.
pub(crate) fn parse_protocol_map(text: &str) -> Result<BTreeMap<String, SecurityProtocol>, String> {
    split_list(text)
        .map(|part| {
            let (name, protocol) = part.split_once(':').ok_or_else(|| part.to_owned())?;
            let protocol = SecurityProtocol::from_name(protocol.trim()).ok_or_else(|| part.to_owned())?;
            Ok((name.trim().to_ascii_uppercase(), protocol))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Listener {
        let listeners = parse_list(text).unwrap();
        assert_eq!(listeners.len(), 1);
        listeners.into_iter().next().unwrap()
    }

    #[test]
    fn names_are_upper_case_and_hosts_may_be_empty() {
        let listener = one("plaintext://:0");
        assert_eq!((listener.name.as_str(), listener.host.as_str(), listener.port), ("PLAINTEXT", "", 0));
        assert_eq!(listener.bind_address(), "0.0.0.0:0");
    }

    #[test]
    fn ipv6_hosts_keep_their_brackets_in_addresses() {
        let listener = one("PLAINTEXT://[::1]:9092");
        assert_eq!(listener.host, "::1");
        assert_eq!(listener.bind_address(), "[::1]:9092");
        assert_eq!(listener.to_string(), "PLAINTEXT://[::1]:9092");
    }

    #[test]
    fn broken_addresses_are_refused() {
        for text in [
            "localhost:9092",
            "PLAINTEXT://localhost",
            "PLAINTEXT://localhost:70000",
            "PLAINTEXT://::1:9092",
            "PLAINTEXT://[::1:9092",
            "PLAINTEXT://[nine]:9092",
            "PLAINTEXT://a b:9092",
            "://localhost:1",
            "A://h:1,a://h:2",
        ] {
            assert!(parse_list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn protocol_map_takes_known_protocols_only() {
        let map = parse_protocol_map("internal:PLAINTEXT, OUT:SSL").unwrap();
        assert_eq!(map["INTERNAL"], SecurityProtocol::Plaintext);
        assert_eq!(map["OUT"], SecurityProtocol::Ssl);
        assert!(parse_protocol_map("A:TLS").is_err());
    }
}
