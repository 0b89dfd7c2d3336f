//! The real binary as a child process: its log lines, its exit, its signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Time after which a test that waits for the process fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The binary with nothing of the environment that could be a setting.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater-broker"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HIGHWATER_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// The arguments of a broker on free ports with its data in `dir`.
pub(crate) fn arguments(dir: &Path, sets: &[&str]) -> Vec<String> {
    let dir = format!("log.dirs={}", dir.display());
    let own = [
        &dir,
        "listeners=PLAINTEXT://127.0.0.1:0",
        "highwater.http.listener=127.0.0.1:0",
        "highwater.admin.listener=127.0.0.1:0",
    ];
    own.iter().chain(sets).flat_map(|set| ["--set".to_owned(), (*set).to_owned()]).collect()
}

/// Runs a broker that is expected not to start; its exit and what it said.
pub(crate) fn fails(dir: &Path, sets: &[&str]) -> String {
    let arguments = arguments(dir, sets);
    let output = command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    refusal(&output)
}

/// The one line with which a broker refused to start; log lines before it do not count.
pub(crate) fn refusal(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let mut lines = said.lines().filter(|line| !line.contains(" INFO ") && !line.contains(" WARN "));
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "one line: {said}");
    line.strip_prefix("highwater-broker: ").unwrap().to_owned()
}

/// Sends SIGTERM.
pub(crate) fn terminate(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

/// The answer of an HTTP page, its first line and its body, if somebody is there.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<(String, String)> {
    let mut socket = TcpStream::connect(address).ok()?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.lines().next()?.to_owned(), body.to_owned()))
}

/// Waits until `/readyz` says so: sockets are bound before the broker has recovered.
pub(crate) fn wait_until_ready(http: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while !get(http, "/readyz").is_some_and(|(status, _)| status.ends_with("200 OK")) {
        assert!(Instant::now() < deadline, "it does not get ready");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running broker.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts one on free ports.
    pub(crate) fn start(dir: &Path, sets: &[&str]) -> Process {
        let arguments = arguments(dir, sets);
        Process::run(command(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// Starts one that may have that many file descriptors.
    pub(crate) fn start_within(files: u32, dir: &Path, sets: &[&str]) -> Process {
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]);
        limited.arg(env!("CARGO_BIN_EXE_highwater-broker")).args(arguments(dir, sets));
        Process::run(limited)
    }

    fn run(mut command: Command) -> Process {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut process = Process { child, lines, seen: Vec::new() };
        process.line_with("broker started");
        process
    }

    /// The first line, said already or still to come, that holds `part`.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.seen.iter().find(|line| line.contains(part)) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("no line with `{part}` ({error}): {:#?}", self.seen),
            }
        }
    }

    /// All lines said until the process ended.
    pub(crate) fn all_lines(&mut self) -> &[String] {
        self.seen.extend(self.lines.iter());
        &self.seen
    }

    /// Where a listener is, as the log says.
    pub(crate) fn address(&mut self, listener: &str) -> SocketAddr {
        let line = self.line_with(&format!("listener=\"{listener}\""));
        let (_, address) = line.split_once("address=").unwrap();
        address.trim().parse().unwrap()
    }

    /// A connection to a listener.
    pub(crate) fn connect(&mut self, listener: &str) -> TcpStream {
        TcpStream::connect(self.address(listener)).unwrap()
    }

    /// The answer of an HTTP page: its first line and its body.
    pub(crate) fn page(&mut self, path: &str) -> (String, String) {
        get(self.address("HTTP"), path).unwrap()
    }

    pub(crate) fn terminate(&self) {
        terminate(&self.child);
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Its lines end with it.
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(error) => panic!("it does not end ({error}): {:#?}", self.seen),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
