//! A broker that acknowledges whatever it is sent and keeps nothing but a count of records per partition: the most that a
//! client can reach on this machine, for the share of it that a real broker reaches.
//!
//! It runs as a process of its own, so that its CPU is told from the client's: `xtask null-broker` prints its address and
//! serves until its standard input ends. One thread per connection; answers are held back while more requests are in
//! memory, as a good broker would. Anything unexpected closes the connection.

mod answers;

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};

use answers::Answers;

/// The command of this program that serves.
pub(crate) const COMMAND: &str = "null-broker";
/// What is read at once; larger requests are read straight into place.
const READ_BYTES: usize = 256 * 1024;
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A null broker as a child process, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct NullBroker {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl NullBroker {
    /// Name in tables.
    pub(crate) const NAME: &'static str = "null";

    /// Starts one and waits until it listens.
    pub(crate) fn start() -> Result<Self> {
        // This program, even if a build has replaced its file meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the null broker")?;
        let stdout = child.stdout.take().context("the null broker has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("the null broker says {line:?}"))?;
        Ok(Self { child, address })
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for NullBroker {
    /// It may have ended already, and there is nobody to tell.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves on a free loopback port, which it prints, until standard input ends.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    let address = listener.local_addr()?;
    println!("{address}");
    let answers = Arc::new(Answers::new(address));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            thread::spawn(move || {
                if let Err(error) = converse(&answers, stream) {
                    eprintln!("null broker: {error:#}");
                }
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Answers the requests of one connection until it ends.
fn converse(answers: &Answers, stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(READ_BYTES, stream.try_clone()?);
    let mut writer = BufWriter::new(stream);
    let mut memory = Vec::new();
    while let Some(request) = read_request(&mut reader, &mut memory)? {
        if let Some(answer) = answers.to(request)? {
            writer.write_all(&answer)?;
        }
        if !holds_request(reader.buffer()) {
            writer.flush()?;
        }
    }
    Ok(())
}

/// One request without its size, in `memory`; `None` when the connection has ended.
fn read_request<'a>(reader: &mut impl Read, memory: &'a mut Vec<u8>) -> Result<Option<&'a [u8]>> {
    let mut size = [0; 4];
    // A client that goes away without reading everything resets the connection.
    if reader.read_exact(&mut size).is_err() {
        return Ok(None);
    }
    let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
    ensure!(size <= REQUEST_BYTES_MAX, "a request of {size} bytes");
    if memory.len() < size {
        memory.resize(size, 0);
    }
    reader.read_exact(&mut memory[..size])?;
    Ok(Some(&memory[..size]))
}

/// Whether `bytes` begin with a whole request.
fn holds_request(bytes: &[u8]) -> bool {
    bytes.split_first_chunk().is_some_and(|(size, rest)| rest.len() >= u32::from_be_bytes(*size) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_all_of_it_is_there() {
        assert!(holds_request(&[0, 0, 0, 2, 7, 8]));
        assert!(!holds_request(&[0, 0, 0, 2, 7]));
        assert!(!holds_request(&[0, 0, 0]));
    }

    #[test]
    fn requests_are_read_one_after_the_other_until_the_end() {
        let mut bytes: &[u8] = &[0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9];
        let mut memory = Vec::new();
        assert_eq!(read_request(&mut bytes, &mut memory).unwrap(), Some(&[7, 8][..]));
        assert_eq!(read_request(&mut bytes, &mut memory).unwrap(), Some(&[9][..]));
        assert_eq!(read_request(&mut bytes, &mut memory).unwrap(), None);
    }

    #[test]
    fn a_request_of_two_gigabytes_is_refused() {
        let mut bytes: &[u8] = &[0x7f, 0xff, 0xff, 0xff];
        assert!(read_request(&mut bytes, &mut Vec::new()).is_err());
    }
}
