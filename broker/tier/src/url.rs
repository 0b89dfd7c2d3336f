//! `highwater.remote.url` and what is set beside it: which store, and where in it. Pure.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use thiserror::Error;

use crate::keys::{KeyError, Prefix};

/// A store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// `s3://bucket/prefix`: Amazon S3 or what speaks its protocol.
    S3(String),
    /// `gs://bucket/prefix`: Google Cloud Storage.
    Gs(String),
    /// `az://container/prefix`: Azure Blob Storage.
    Az(String),
    /// `file:///directory`.
    File(PathBuf),
}

/// A store and a place in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteUrl {
    /// The store.
    pub location: Location,
    /// Where its keys begin; always empty for a directory.
    pub prefix: Prefix,
}

/// A text that names no store.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum UrlError {
    /// Another beginning.
    #[error("{0:?} has to begin with s3://, gs://, az:// or file:///")]
    Scheme(String),
    /// No bucket, or one that cannot be one.
    #[error("{0:?} has to name a bucket of letters, digits, . - and _")]
    Bucket(String),
    /// No absolute directory.
    #[error("{0:?} has to name an absolute directory without %, ? and #")]
    Directory(String),
    /// A prefix that cannot be one.
    #[error(transparent)]
    Prefix(#[from] KeyError),
    /// An endpoint that no request can be sent to.
    #[error("{0:?} has to be http://host:port or https://host:port")]
    Endpoint(String),
    /// A region that cannot be part of a host's name.
    #[error("{0:?} has to be the name of a region: letters, digits, - and _")]
    Region(String),
}

/// Checks the address of a store that is another than its provider's: a scheme, a host, perhaps a port and a path.
///
/// # Errors
/// It is none, or says more.
pub fn check_endpoint(text: &str) -> Result<(), UrlError> {
    let refused = || UrlError::Endpoint(shown(text));
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    let is_http = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_path = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte));
    if is_http && is_authority(authority) && is_path { Ok(()) } else { Err(refused()) }
}

/// Checks the name of a region.
///
/// # Errors
/// It has characters that no region has.
pub fn check_region(text: &str) -> Result<(), UrlError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(known) { Ok(()) } else { Err(UrlError::Region(shown(text))) }
}

/// Whether a text is a host, alone or with a port.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(known)
        }
    };
    is_host && port.is_none_or(is_port)
}

impl RemoteUrl {
    /// Reads a url.
    ///
    /// # Errors
    /// It names no store; user names, passwords, ports and parameters have no place in it.
    pub fn parse(text: &str) -> Result<RemoteUrl, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| UrlError::Scheme(shown(text)))?;
        let bucket = match scheme {
            "s3" => Location::S3,
            "gs" => Location::Gs,
            "az" => Location::Az,
            "file" => return directory(text, rest),
            _ => return Err(UrlError::Scheme(shown(text))),
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(known) {
            return Err(UrlError::Bucket(shown(text)));
        }
        Ok(RemoteUrl { location: bucket(name.to_owned()), prefix: Prefix::parse(prefix)? })
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, bucket) = match &self.location {
            Location::S3(bucket) => ("s3", bucket),
            Location::Gs(bucket) => ("gs", bucket),
            Location::Az(container) => ("az", container),
            Location::File(directory) => return write!(f, "file://{}", directory.display()),
        };
        write!(f, "{scheme}://{bucket}")?;
        if self.prefix == Prefix::default() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

fn directory(text: &str, path: &str) -> Result<RemoteUrl, UrlError> {
    let fits =
        path.starts_with('/') && !path.contains(['%', '?', '#']) && !path.split('/').any(|f| f == "..");
    if !fits {
        return Err(UrlError::Directory(shown(text)));
    }
    Ok(RemoteUrl { location: Location::File(PathBuf::from(path)), prefix: Prefix::default() })
}

/// The text without what may be a password.
fn shown(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}…{}", &text[..scheme + 3], &text[at..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_store_and_prefix() {
        let s3 = RemoteUrl::parse("s3://bucket/some/where/").unwrap();
        assert_eq!(s3.location, Location::S3("bucket".to_owned()));
        assert_eq!(s3.prefix, Prefix::parse("some/where").unwrap());
        assert_eq!(s3.to_string(), "s3://bucket/some/where");
        assert_eq!(RemoteUrl::parse("gs://b").unwrap().location, Location::Gs("b".to_owned()));
        assert_eq!(RemoteUrl::parse("az://c/p").unwrap().to_string(), "az://c/p");
        let file = RemoteUrl::parse("file:///var/lib/tier").unwrap();
        assert_eq!(file.location, Location::File(PathBuf::from("/var/lib/tier")));
        assert_eq!(file.to_string(), "file:///var/lib/tier");
    }

    #[test]
    fn texts_that_name_no_store_are_refused_without_telling_passwords() {
        for text in [
            "",
            "bucket",
            "http://b/x",
            "s3://",
            "s3:///x",
            "s3://b:9000/x",
            "file://relative",
            "s3://b/../x",
        ] {
            assert!(RemoteUrl::parse(text).is_err(), "{text}");
        }
        let told = RemoteUrl::parse("s3://user:secret@bucket/x").unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn an_endpoint_is_a_server_and_nothing_else() {
        for text in [
            "http://127.0.0.1:9000",
            "https://minio.example.org",
            "HTTP://store_1:80/",
            "http://[::1]:9000",
            "http://[::1]",
            "http://127.0.0.1:10000/devstoreaccount1",
        ] {
            assert_eq!(check_endpoint(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "127.0.0.1:9000",
            "minio.example.org",
            "ftp://host",
            "http:/host",
            "http://",
            "http:///path",
            "http://:9000",
            "http://host:",
            "http://host:0",
            "http://host:65536",
            "http://host:+1",
            "http://::1",
            "http://[::1",
            "http://[no]:1",
            "http://a b",
            "http://host?x",
            "http://host/a b",
            "http://user@host",
            " http://host",
            "http://h\u{f6}st",
        ] {
            assert_eq!(check_endpoint(text), Err(UrlError::Endpoint(shown(text))), "{text}");
        }
        let told = check_endpoint("http://user:secret@host").unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_region_is_a_name() {
        assert_eq!(check_region("eu-central-1"), Ok(()));
        for text in ["", "eu central", "eu/1", "eu:1", "eu-1\n"] {
            assert!(check_region(text).is_err(), "{text}");
        }
    }
}
