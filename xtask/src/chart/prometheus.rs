//! A real Prometheus on loopback that scrapes the loaded broker: every query of the dashboards about brokers, and everything
//! that rules look at, has data or stands in `NEEDS_MORE` with the reason.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::dashboards::Query;
use super::load::Loaded;
use super::promql;
use super::rules::{self, Rule};
use super::tools::{Tools, directory};
use crate::broker_process::free_address;

/// Parts of queries that have no data here, with what they need.
const NEEDS_MORE: &[(&str, &str)] = &[
    ("kubelet_volume_stats_", "a kubelet with volumes"),
    ("reason=~\"too_many|surplus|stalled\"", "clients that are refused for their number, or that stall"),
    ("error=\"KAFKA_STORAGE_ERROR\"", "a disk that is full or fails"),
    ("state=~\"PreparingRebalance|CompletingRebalance\"", "members that join at this moment"),
    ("highwater_operator", "an operator"),
    ("highwater:consumergroup_outside_objective", "an operator"),
];
/// How long Prometheus may take to have data for everything: it scrapes each second.
const LIMIT: Duration = Duration::from_secs(60);
/// Pause between two rounds of queries.
const PAUSE: Duration = Duration::from_secs(2);

/// The process; it ends with the value.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Drop for Prometheus {
    /// There is nobody to tell of one that has ended already.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks everything until it has data; tells how much that was.
pub(crate) fn ask(
    binary: &Path,
    loaded: &Loaded,
    operator: Option<SocketAddr>,
    dashboards: &[Query],
    rules: &[Rule],
) -> Result<String> {
    let prometheus = start(binary, loaded.http, operator)?;
    // An alert has no data while all is well: what it looks at has.
    let looked_at = rules.iter().flat_map(|rule| {
        let place = rule.query.place.clone();
        promql::selectors(&rule.query.expression)
            .into_iter()
            .map(move |selector| Query { place: place.clone(), expression: selector.text })
    });
    let all: Vec<Query> = dashboards.iter().cloned().chain(looked_at).collect();
    let needs_more = |query: &&Query| {
        NEEDS_MORE.iter().any(|(part, _)| {
            query.expression.contains(part) && !(operator.is_some() && part.starts_with("highwater_operator"))
        })
    };
    let mut waiting: Vec<&Query> = all.iter().filter(|query| !needs_more(query)).collect();
    let asked = waiting.len();
    let begin = Instant::now();
    loop {
        let mut empty = Vec::new();
        for query in waiting {
            if !prometheus.has_data(query)? {
                empty.push(query);
            }
        }
        if empty.is_empty() {
            break;
        }
        let told =
            || empty.iter().map(|query| format!("{}: {}", query.place, query.expression)).collect::<Vec<_>>();
        ensure!(begin.elapsed() < LIMIT, "no data for\n{}", told().join("\n"));
        waiting = empty;
        std::thread::sleep(PAUSE);
    }
    Ok(format!("{asked} queries have data, {} need more than a loaded broker", all.len() - asked))
}

fn start(binary: &Path, broker: SocketAddr, operator: Option<SocketAddr>) -> Result<Prometheus> {
    let folder = directory().join("prometheus");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let job = |name: &str, pod: &str, address: SocketAddr| {
        format!(
            "- job_name: {name}\n  honor_labels: true\n  static_configs:\n  - targets: ['{address}']\n    \
             labels: {{namespace: shop, pod: {pod}}}\n"
        )
    };
    let jobs = job("shop", "shop-broker-0", broker)
        + &operator
            .map(|address| job("highwater-operator", "highwater-operator-0", address))
            .unwrap_or_default();
    let text = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yaml]\nscrape_configs:\n{jobs}"
    );
    fs::write(folder.join("prometheus.yml"), text)?;
    fs::write(folder.join("rules.yaml"), rules::groups(&Tools::find()?)?)?;
    let address = free_address()?;
    let log = File::create(folder.join("prometheus.log"))?;
    let mut command = Command::new(binary);
    command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
    command.arg(format!("--web.listen-address={address}")).current_dir(&folder);
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let prometheus = Prometheus { child, address };
    let begin = Instant::now();
    while prometheus.get("/-/ready").is_err() {
        ensure!(
            begin.elapsed() < LIMIT,
            "Prometheus does not start: {}",
            folder.join("prometheus.log").display()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(prometheus)
}

impl Prometheus {
    fn has_data(&self, query: &Query) -> Result<bool> {
        let encoded: String = query.expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.get(&format!("/api/v1/query?query={encoded}"));
        let answer = answer.with_context(|| format!("{}: {}", query.place, query.expression))?;
        let answer: Value = serde_json::from_str(&answer)?;
        Ok(answer["data"]["result"].as_array().is_some_and(|series| !series.is_empty()))
    }

    /// The body of a page; HTTP 1.0, so that it comes in one piece.
    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").context("no answer of HTTP")?;
        ensure!(head.split(' ').nth(1) == Some("200"), "{}", body.trim());
        Ok(body.to_owned())
    }
}
