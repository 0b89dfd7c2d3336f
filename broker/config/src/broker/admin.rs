//! The admin service: where it listens, and what its callers have to bear.

use std::net::IpAddr;
use std::path::PathBuf;

use super::{Reader, refused};
use crate::listener;
use crate::load::ConfigError;

const LISTENER: &str = "highwater.admin.listener";

/// The admin service, if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdminConfig {
    /// `highwater.admin.listener` as host and port.
    pub listener: (String, u16),
    /// `highwater.admin.token.file`; `None` only on a loopback address.
    pub token_file: Option<PathBuf>,
}

pub(super) fn admin(read: &Reader<'_>) -> Result<Option<AdminConfig>, ConfigError> {
    let text = read.text(LISTENER);
    let Some(listener) = listener::parse_address(&text).filter(|_| !text.is_empty()) else { return Ok(None) };
    let token_file = read.optional_text("highwater.admin.token.file").map(PathBuf::from);
    if token_file.is_none() && !is_loopback(&listener.0) {
        let problem = format!(
            "{text} is reached from other machines: set highwater.admin.token.file, or listen on a loopback address"
        );
        return Err(refused(LISTENER, problem));
    }
    Ok(Some(AdminConfig { listener, token_file }))
}

/// Whether only this machine reaches the address. Of names only the one is known.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
