//! A release broker of this checkout as a child process: build, start, wait until it answers, stop.
//!
//! Only this child is ever signalled, by its own handle. It dies with the value that holds it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// How long a start may take, recovery of a killed broker's logs included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a drain may take: the broker promises 10 s.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// Pause between two looks at a starting or stopping broker.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// The root of this checkout.
pub(crate) fn checkout() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or_else(|| xtask.to_path_buf(), Path::to_path_buf)
}

/// Builds the broker with the release profile and returns the binary's path.
pub(crate) fn build_release() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked", "--bin", "highwater-broker"])
        .current_dir(checkout())
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the release build of highwater-broker failed");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    Ok(target.join("release/highwater-broker"))
}

/// A loopback address with a port that was free just before.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?)
}

/// Where a broker listens, what it keeps and which other settings it has.
#[derive(Debug, Clone)]
pub(crate) struct BrokerOptions {
    pub(crate) binary: PathBuf,
    pub(crate) address: SocketAddr,
    /// Holds `data/` and `broker.log`.
    pub(crate) directory: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
    /// Variables beyond those of this process.
    pub(crate) environment: Vec<(String, String)>,
}

impl BrokerOptions {
    /// The file that collects what the broker prints, over all its starts.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.directory.join("broker.log")
    }

    /// The data directory.
    pub(crate) fn data_path(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The command that starts it, on a directory that is made if it is not there; it prints to the log.
    pub(crate) fn command(&self) -> Result<Command> {
        fs::create_dir_all(&self.directory)
            .with_context(|| format!("cannot create {}", self.directory.display()))?;
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let mut command = Command::new(&self.binary);
        command.arg("--set").arg(format!("listeners=PLAINTEXT://{}", self.address));
        command.arg("--set").arg(format!("log.dirs={}", self.data_path().display()));
        command.arg("--set").arg("highwater.http.listener=127.0.0.1:0");
        command.arg("--set").arg("highwater.admin.listener=127.0.0.1:0");
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

/// A running broker.
#[derive(Debug)]
pub(crate) struct BrokerProcess {
    child: Child,
    options: BrokerOptions,
}

impl BrokerProcess {
    /// Starts a broker on its directory, new or used, and waits until it answers.
    pub(crate) fn start(options: &BrokerOptions) -> Result<Self> {
        let mut command = options.command()?;
        let child = command.spawn().with_context(|| format!("cannot start {}", options.binary.display()))?;
        let mut process = Self { child, options: options.clone() };
        process.wait_until_ready()?;
        Ok(process)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        while !answers(self.options.address) {
            let log = self.options.log_path();
            if let Some(status) = self.child.try_wait()? {
                bail!("the broker ended while starting ({status}); its log: {}", log.display());
            }
            let seconds = START_LIMIT.as_secs();
            ensure!(begin.elapsed() < START_LIMIT, "no answer after {seconds} s; its log: {}", log.display());
            std::thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the broker has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the broker ended by itself ({status}); its log: {}", self.options.log_path().display());
        }
        Ok(())
    }

    /// Ends it with SIGKILL, as a crash of the process would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.check_alive()?;
        self.child.kill().context("cannot kill the broker")?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it with SIGTERM and expects a clean end within the time that the broker promises.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.check_alive()?;
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("cannot signal the broker")?;
        let status = self.wait_for_end()?;
        ensure!(status.success(), "the broker ended with {status} after SIGTERM");
        Ok(())
    }

    fn wait_for_end(&mut self) -> Result<ExitStatus> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            let seconds = STOP_LIMIT.as_secs();
            ensure!(begin.elapsed() < STOP_LIMIT, "the broker still runs {seconds} s after SIGTERM");
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
}

impl Drop for BrokerProcess {
    /// After `kill` or `stop` there is nothing left to end, and both calls say so; there is nobody to tell.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether ApiVersions (version 0) is answered without an error.
fn answers(address: SocketAddr) -> bool {
    const TIMEOUT: Duration = Duration::from_secs(2);
    // Length, api key 18, version 0, correlation id 7, no client id.
    const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
    let ask = || -> std::io::Result<[u8; 10]> {
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(&REQUEST)?;
        let mut head = [0; 10];
        stream.read_exact(&mut head)?;
        Ok(head)
    };
    // Length, correlation id, error code 0.
    ask().is_ok_and(|head| head[4..] == [0, 0, 0, 7, 0, 0])
}
