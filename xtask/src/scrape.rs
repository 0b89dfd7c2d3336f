//! Asks a broker for its /metrics.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const TIMEOUT: Duration = Duration::from_secs(10);

/// What the HTTP listener at `address` says, headers included.
pub(crate) fn page(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).context("no HTTP listener")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    ensure!(text.starts_with("HTTP/1.1 200"), "/metrics is refused");
    Ok(text)
}

/// The sum of a metric over all its labels; 0 where it is not there.
pub(crate) fn sum(page: &str, name: &str) -> f64 {
    page.lines()
        .filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let value = match rest.strip_prefix('{') {
                Some(labelled) => labelled.rsplit_once("} ")?.1,
                None => rest.strip_prefix(' ')?,
            };
            value.trim().parse::<f64>().ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels() {
        let page = "# HELP a it\na 2\na_more 7\nb{x=\"1\"} 3\nb{x=\"2\",y=\"}\"} 4\n";
        assert_eq!([sum(page, "a"), sum(page, "b"), sum(page, "c")], [2.0, 7.0, 0.0]);
    }
}
