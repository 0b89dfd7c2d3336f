//! The brokers that are measured: this one, Apache Kafka, and whatever --peer names.
//!
//! Ours and Kafka are started on free loopback ports, with their data under `target/bench`; a peer is somebody else's and
//! is only spoken to.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

use super::null_broker::NullBroker;
use crate::broker_process::{BrokerOptions, BrokerProcess, checkout, free_address};

/// Environment of Kafka's tools that lets the JVM compile as in a distribution: they run for seconds, not for one call.
const JAVA_TOOL_OPTIONS: &str = "-XX:TieredStopAtLevel=4";
/// Ports above the first that Kafka takes for brokers and controllers.
const KAFKA_PORT_OFFSETS: [u16; 3] = [0, 10, 20];
const FREE_PORT_ATTEMPTS: usize = 100;

/// Whose broker it is; decides how its topics are made durable and what else can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Kafka,
    Peer,
    /// The null broker: the client's own ceiling.
    Null,
}

/// A running broker to be measured.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    /// Where its partitions' directories lie, if that is known.
    pub(crate) data: Option<PathBuf>,
    /// Where its metrics are, if it is ours.
    pub(crate) http: Option<SocketAddr>,
    /// What it prints, if that is known.
    pub(crate) log: Option<PathBuf>,
    /// Ends it when the subject is dropped.
    _running: Running,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for their drop")]
enum Running {
    Ours(BrokerProcess),
    Kafka(KafkaDirectory),
    Null(NullBroker),
    Elsewhere,
}

impl Subject {
    /// Starts a null broker.
    pub(crate) fn null() -> Result<Self> {
        let broker = NullBroker::start()?;
        Ok(Self {
            name: NullBroker::NAME.to_owned(),
            kind: Kind::Null,
            address: broker.address,
            pid: broker.pid(),
            data: None,
            http: None,
            log: None,
            _running: Running::Null(broker),
        })
    }

    /// Topic settings with which it acknowledges only what is on disk, or what is in the page cache.
    pub(crate) fn topic_configs(&self, durable: bool) -> Vec<(&'static str, &'static str)> {
        let mut configs = vec![("file.delete.delay.ms", "0"), ("retention.ms", "-1")];
        match (self.kind, durable) {
            (Kind::Ours, false) => configs.push(("highwater.flush.before.ack", "false")),
            (Kind::Kafka | Kind::Peer, true) => configs.push(("flush.messages", "1")),
            (Kind::Ours, true) | (Kind::Kafka | Kind::Peer, false) | (Kind::Null, _) => {}
        }
        configs
    }

    /// What `--peer` describes.
    pub(crate) fn elsewhere(peer: &Peer) -> Self {
        Self {
            name: peer.name.clone(),
            kind: Kind::Peer,
            address: peer.bootstrap,
            pid: peer.pid,
            data: peer.data.clone(),
            http: None,
            log: None,
            _running: Running::Elsewhere,
        }
    }
}

/// The value of `--peer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) bootstrap: SocketAddr,
    pub(crate) pid: u32,
    pub(crate) data: Option<PathBuf>,
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut name, mut bootstrap, mut pid, mut data) = (None, None, None, None);
        for part in text.split(',') {
            match part
                .split_once('=')
                .context("expected name=NAME,bootstrap=IP:PORT,pid=PID[,data=DIRECTORY]")?
            {
                ("name", value) => name = Some(value.to_owned()),
                ("bootstrap", value) => bootstrap = Some(value.parse().context("bootstrap is IP:PORT")?),
                ("pid", value) => pid = Some(value.parse().context("pid is a number")?),
                ("data", value) => data = Some(PathBuf::from(value)),
                (key, _) => bail!("unknown key {key}, expected name, bootstrap, pid or data"),
            }
        }
        Ok(Self {
            name: name.context("name is missing")?,
            bootstrap: bootstrap.context("bootstrap is missing")?,
            pid: pid.context("pid is missing")?,
            data,
        })
    }
}

/// This checkout's release broker.
#[derive(Debug, Clone)]
pub(crate) struct Ours {
    pub(crate) binary: PathBuf,
}

impl Ours {
    /// Name in tables.
    pub(crate) const NAME: &'static str = "highwater";

    /// Options of a broker with its data under `directory`.
    pub(crate) fn options(&self, directory: &Path) -> Result<BrokerOptions> {
        Ok(BrokerOptions {
            environment: Vec::new(),
            binary: self.binary.clone(),
            address: free_address()?,
            directory: directory.to_path_buf(),
            // As the Kafka beside it has it.
            settings: vec![("group.initial.rebalance.delay.ms".to_owned(), "0".to_owned())],
        })
    }

    /// Starts one and waits until it answers.
    pub(crate) fn start(&self, directory: &Path) -> Result<Subject> {
        self.start_with(directory, &[])
    }

    /// Starts one with more settings.
    pub(crate) fn start_with(&self, directory: &Path, settings: &[(&str, &str)]) -> Result<Subject> {
        let mut options = self.options(directory)?;
        options.settings.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let http = free_address()?;
        options.settings.push(("highwater.http.listener".to_owned(), http.to_string()));
        self.start_as(&options, Some(http))
    }

    /// Starts one with settings of the caller's own, whose HTTP listener is at `http`.
    pub(crate) fn start_as(&self, options: &BrokerOptions, http: Option<SocketAddr>) -> Result<Subject> {
        let process = BrokerProcess::start(options)?;
        Ok(Subject {
            name: Self::NAME.to_owned(),
            kind: Kind::Ours,
            address: options.address,
            pid: process.pid(),
            data: Some(options.data_path()),
            http,
            log: Some(options.log_path()),
            _running: Running::Ours(process),
        })
    }
}

/// The script that starts Apache Kafka and its tools.
#[derive(Debug, Clone)]
pub(crate) struct Kafka {
    script: PathBuf,
}

impl Kafka {
    /// Name in tables.
    pub(crate) const NAME: &'static str = "kafka";

    /// Kafka beside this checkout, if it is there.
    pub(crate) fn find() -> Option<Self> {
        let script = checkout().join("../shared/peers/kafka");
        script.is_file().then_some(Self { script })
    }

    /// Starts one and waits until it answers.
    pub(crate) fn start(&self, directory: &Path) -> Result<Subject> {
        self.start_with(directory, &[])
    }

    /// Starts one with settings of its own.
    pub(crate) fn start_with(&self, directory: &Path, settings: &[(&str, &str)]) -> Result<Subject> {
        let running = self.prepare(directory)?;
        running.start(settings)?;
        Ok(Subject {
            name: Self::NAME.to_owned(),
            kind: Kind::Kafka,
            address: running.address,
            pid: running.pid()?,
            data: Some(running.node().join("data")),
            http: None,
            log: Some(running.node().join("server.log")),
            _running: Running::Kafka(running),
        })
    }

    /// A directory and a port for a broker that does not run yet.
    pub(crate) fn prepare(&self, directory: &Path) -> Result<KafkaDirectory> {
        let address = kafka_address()?;
        Ok(KafkaDirectory { script: self.script.clone(), directory: directory.to_path_buf(), address })
    }

    /// The version that the script starts.
    pub(crate) fn version(&self) -> Result<String> {
        let output = Command::new(&self.script).arg("version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs one of Kafka's tools and returns what it prints.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.script);
        command.arg("cli").args(arguments).env("KAFKA_OPTS", JAVA_TOOL_OPTIONS);
        let output = command.output().context("cannot run Kafka's tools")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "Kafka's {} failed: {printed}{complaints}", arguments[0]);
        Ok(printed)
    }
}

/// A Kafka broker's directory and port; the broker and the directory go when this does.
#[derive(Debug)]
pub(crate) struct KafkaDirectory {
    script: PathBuf,
    directory: PathBuf,
    pub(crate) address: SocketAddr,
}

impl KafkaDirectory {
    fn node(&self) -> PathBuf {
        self.directory.join("node-1")
    }

    /// The command that starts the broker and waits for it.
    pub(crate) fn start_command(&self) -> Command {
        let mut command = Command::new(&self.script);
        command
            .arg("start")
            .args(["--port", &self.address.port().to_string()])
            .arg("--dir")
            .arg(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn start(&self, settings: &[(&str, &str)]) -> Result<()> {
        let mut command = self.start_command();
        for (key, value) in settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        let status = command.status().context("cannot start Kafka")?;
        ensure!(status.success(), "Kafka did not start");
        Ok(())
    }

    /// The process, once it was started.
    pub(crate) fn pid(&self) -> Result<u32> {
        let text = std::fs::read_to_string(self.node().join("pid")).context("Kafka is not running")?;
        text.trim().parse().context("Kafka's pid file holds no number")
    }

    /// Ends it with SIGKILL; its data stays.
    pub(crate) fn kill(&self) -> Result<()> {
        self.stop(&["--signal", "KILL"])
    }

    fn stop(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.script);
        let status = command.arg("stop").arg("--dir").arg(&self.directory).args(arguments).status()?;
        ensure!(status.success(), "Kafka did not stop");
        Ok(())
    }
}

impl Drop for KafkaDirectory {
    fn drop(&mut self) {
        if let Err(error) = self.stop(&["--purge"]) {
            eprintln!("bench: {error:#}");
        }
    }
}

/// An address whose port is free, as are the others that Kafka derives from it.
fn kafka_address() -> Result<SocketAddr> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    for _ in 0..FREE_PORT_ATTEMPTS {
        let address = free_address()?;
        let ports = KAFKA_PORT_OFFSETS.map(|offset| address.port().checked_add(offset));
        if ports.into_iter().all(|port| port.is_some_and(is_free)) {
            return Ok(address);
        }
    }
    bail!("no free ports for Kafka")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_keys_in_any_order() {
        let peer: Peer = "pid=7,name=other,bootstrap=127.0.0.1:9092".parse().unwrap();
        let bootstrap = "127.0.0.1:9092".parse().unwrap();
        assert_eq!(peer, Peer { name: "other".to_owned(), bootstrap, pid: 7, data: None });
    }

    #[test]
    fn a_peer_without_pid_or_with_an_unknown_key_is_refused() {
        for (text, complaint) in [
            ("name=a,bootstrap=127.0.0.1:1", "pid is missing"),
            ("name=a,bootstrap=127.0.0.1:1,pid=1,port=2", "unknown key port"),
            ("kafka", "expected name=NAME"),
        ] {
            let error = text.parse::<Peer>().unwrap_err().to_string();
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }
}
