//! The broker as its operator meets it: the real binary, its command line, its log lines, its signals.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod log_lines;
mod open_files;
mod process;
mod stopping;

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, Instant};

use process::{Process, command, fails, refusal};

/// Checks that each setting stops the start, and with which line.
fn assert_refused(cases: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    for (set, said) in cases {
        assert_eq!(fails(dir.path(), &[set]), *said);
    }
}

#[test]
fn unknown_settings_stop_the_start_and_name_the_nearest() {
    assert_refused(&[
        ("num.partition=3", "unknown setting num.partition (--set); did you mean num.partitions?"),
        ("segment.bytes=1048576", "unknown setting segment.bytes (--set); did you mean log.segment.bytes?"),
    ]);
}

#[test]
fn bad_values_stop_the_start_and_name_what_is_taken() {
    assert_refused(&[
        (
            "num.partitions=none",
            "invalid value `none` for num.partitions: expected a whole number of 32 bits, at least 1 (--set)",
        ),
        (
            "compression.type=zst",
            "invalid value `zst` for compression.type: expected one of uncompressed, zstd, lz4, snappy, gzip, \
             producer (--set); did you mean zstd?",
        ),
        ("num.partitions", "--set num.partitions: expected key=value"),
    ]);
}

#[test]
fn settings_that_cannot_be_met_stop_the_start_and_say_why() {
    assert_refused(&[
        (
            "log.dirs=/data/one,/data/two",
            "log.dirs: `/data/one,/data/two` names several directories; exactly one is supported yet",
        ),
        (
            "highwater.admin.listener=0.0.0.0:9645",
            "highwater.admin.listener: 0.0.0.0:9645 is reached from other machines: set highwater.admin.token.file, or \
             listen on a loopback address",
        ),
        (
            "zookeeper.connect=localhost:2181",
            "zookeeper.connect: has no meaning without ZooKeeper, which Kafka 4 and this broker do without (--set)",
        ),
    ]);
}

#[test]
fn a_port_in_use_stops_the_start_and_a_free_one_near_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let said = fails(dir.path(), &[&format!("listeners=PLAINTEXT://{address}")]);
    let begin = format!("listeners: cannot listen on {address}: Address already in use (os error 98); port ");
    assert!(said.starts_with(&begin) && said.ends_with(" is free"), "{said}");
    let said = fails(dir.path(), &[&format!("highwater.http.listener={address}")]);
    assert!(said.starts_with("highwater.http.listener: cannot listen on "), "{said}");
    let said = fails(dir.path(), &[&format!("highwater.admin.listener={address}")]);
    assert!(said.starts_with("highwater.admin.listener: cannot listen on "), "{said}");
}

#[test]
fn only_own_variables_of_the_environment_have_to_be_text() {
    let odd = OsStr::from_bytes(b"\xff\xfe");
    let output = command(&["--print-config"]).env("OTHER", odd).env(odd, "x").output().unwrap();
    assert!(output.status.success());
    let output = command(&["--print-config"]).env("HIGHWATER_NUM_PARTITIONS", odd).output().unwrap();
    assert_eq!(refusal(&output), "environment variable HIGHWATER_NUM_PARTITIONS: expected UTF-8 text");
}

#[test]
fn settings_are_printed_with_value_source_and_meaning() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server.properties");
    std::fs::write(&file, "num.partitions=2\nlog.segment.bytes=2097152\n").unwrap();
    let output = command(&["--print-config", "--set", "num.partitions=4", "--config"])
        .arg(&file)
        .env("HIGHWATER_NUM_PARTITIONS", "3")
        .env("HIGHWATER_HTTP_LISTENER", "")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let entries: Vec<&str> = text.split("\n\n").collect();
    let entry = |key: &str| *entries.iter().find(|entry| entry.contains(&format!("\n{key} = "))).unwrap();
    assert_eq!(
        entry("num.partitions"),
        "# Partitions of a topic that is created without saying how many.\n# source: --set\nnum.partitions = 4"
    );
    let source = format!("# source: {} line 2\n", file.display());
    assert!(entry("log.segment.bytes").contains(&source), "{text}");
    let http = entry("highwater.http.listener");
    assert!(http.contains("# source: environment variable HIGHWATER_HTTP_LISTENER\n"), "{http}");
    assert!(entry("message.max.bytes").contains("# source: default\n"));
    for def in broker_config::keys::broker_keys() {
        assert!(text.contains(&format!("{} ", def.name)) && text.contains(def.doc), "{}", def.name);
    }
}

#[test]
fn printed_settings_come_with_the_warnings_of_a_start() {
    let output = command(&["--print-config", "--set", "num.io.threads=8"])
        .env("HIGHWATER_NUM_PARTITION", "3")
        .output();
    let output = output.unwrap();
    assert!(output.status.success());
    let warned = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = warned.lines().collect();
    assert_eq!(
        lines,
        [
            "highwater-broker: warning: environment variable HIGHWATER_NUM_PARTITION sets nothing; did you mean \
             HIGHWATER_NUM_PARTITIONS?",
            "highwater-broker: warning: num.io.threads (--set) has no effect: threads and queues size themselves",
        ]
    );
    assert!(!String::from_utf8(output.stdout).unwrap().contains("warning"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = command(&["--config", "/no/such/file"]).output().unwrap();
    assert_eq!(refusal(&output), "cannot read /no/such/file: No such file or directory (os error 2)");
}

#[test]
fn help_tells_defaults_and_where_settings_come_from() {
    let output = command(&["--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["127.0.0.1:9092", "127.0.0.1:9644", "./highwater-data", "HIGHWATER_NUM_PARTITIONS", "--set"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_directory_has_one_broker_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Process::start(dir.path(), &[]);
    let said = fails(dir.path(), &[]);
    assert!(said.starts_with("log.dirs: ") && said.contains(&dir.path().display().to_string()), "{said}");
    assert!(said.contains("another process"), "{said}");
}

#[test]
fn a_directory_of_another_broker_or_cluster_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Process::start(dir.path(), &["highwater.cluster.id=one"]);
    first.terminate();
    assert!(first.wait().success());
    let file = dir.path().join("meta.properties");
    let said = fails(dir.path(), &["highwater.cluster.id=two"]);
    assert_eq!(said, format!("log.dirs: {} belongs to cluster one, not to two", file.display()));
    let said = fails(dir.path(), &["node.id=7"]);
    assert_eq!(said, format!("log.dirs: {} belongs to node.id 1, not to 7", file.display()));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("version=1", "version=9")).unwrap();
    let said = fails(dir.path(), &[]);
    assert!(said.starts_with(&format!("log.dirs: {}", file.display())) && said.contains('9'), "{said}");
}

#[test]
fn a_data_directory_of_kafka_is_refused_and_left_as_it_is() {
    let written = concat!(env!("CARGO_MANIFEST_DIR"), "/log/testdata/clean");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("clean");
    assert!(Command::new("cp").args(["-r", written]).arg(dir.path()).status().unwrap().success());
    let said = fails(&data, &[]);
    assert!(said.starts_with(&format!("log.dirs: {} belongs to Apache Kafka", data.display())), "{said}");
    let differs = Command::new("diff").args(["-r", written]).arg(&data).output().unwrap();
    assert!(differs.status.success(), "{}", String::from_utf8_lossy(&differs.stdout));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = fails(&file.join("data"), &[]);
    assert!(said.starts_with(&format!("log.dirs: {}", file.display())), "{said}");
}

#[test]
fn a_start_and_a_stop_are_told_in_one_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &["highwater.log.format=json"]);
    broker.terminate();
    assert!(broker.wait().success());
    let lines: Vec<serde_json::Value> =
        broker.all_lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let one = |message: &str| {
        let mut found = lines.iter().filter(|line| line["message"] == message);
        let line = found.next().unwrap_or_else(|| panic!("no line says {message}: {lines:#?}"));
        assert!(found.next().is_none(), "{message} is told once");
        line
    };
    for message in ["log directory recovered", "metadata recovered", "broker started", "broker stopped"] {
        assert!(one(message)["took_ms"].is_u64(), "{message}: {lines:#?}");
    }
    assert_eq!(one("broker started")["node_id"], 1);
}

#[test]
fn pages_tell_health_and_figures() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &[]);
    process::wait_until_ready(broker.address("HTTP"));
    assert_eq!(broker.page("/healthz"), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
    assert_eq!(broker.page("/readyz"), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
    let (_, metrics) = broker.page("/metrics");
    assert!(metrics.contains("\nhighwater_build_info{"), "{metrics}");
    assert!(metrics.contains("\nhighwater_log_dir_up 1\n"), "{metrics}");
}

#[test]
fn a_log_that_nobody_takes_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut sets = process::arguments(dir.path(), &[]);
    sets.extend(["--set".to_owned(), format!("highwater.http.listener={address}")]);
    let mut broker = command(&sets.iter().map(String::as_str).collect::<Vec<_>>());
    let mut broker = broker.stderr(full()).spawn().unwrap();
    process::wait_until_ready(address);
    process::terminate(&broker);
    assert!(broker.wait().unwrap().success());
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut broker = Process::start(dir.path(), &[]);
    // A client that asks and never reads keeps its connection busy for as long as the broker lets it.
    let mut client = broker.connect("PLAINTEXT");
    client.set_nonblocking(true).unwrap();
    let api_versions: Vec<u8> =
        [&[0, 0, 0, 10][..], &18_i16.to_be_bytes(), &[0, 0, 0, 0, 0, 1, 0xff, 0xff]].concat();
    let requests = api_versions.repeat(10_000);
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut refused = 0;
    while refused < 50 {
        assert!(Instant::now() < deadline, "the broker reads on without being read");
        match client.write(&requests) {
            Ok(_) => refused = 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refused += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(error) => panic!("{error}"),
        }
    }
    broker.terminate();
    broker.line_with("stopping; a second signal");
    let began = Instant::now();
    broker.terminate();
    let status = broker.wait();
    assert_eq!(status.code(), Some(1), "an end without order is no success");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(broker.all_lines().iter().any(|line| line.contains("ended by a second signal")));
    // Nothing is lost: it starts again.
    Process::start(dir.path(), &[]);
}
