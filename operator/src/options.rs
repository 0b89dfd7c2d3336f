//! What the operator is told on its command line or by the environment.

use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// The Highwater operator for Kubernetes.
#[derive(Parser, Clone, Debug)]
#[command(name = "highwater-operator", version)]
pub struct Options {
    /// Namespaces that are watched, separated by commas; without any, all of them.
    #[arg(long, env = "HIGHWATER_OPERATOR_WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// Where `/metrics`, `/healthz` and `/readyz` are served.
    #[arg(long, env = "HIGHWATER_OPERATOR_HTTP_LISTENER", default_value = "0.0.0.0:8080")]
    pub http_listener: SocketAddr,
    /// Image of brokers whose Cluster names none.
    #[arg(
        long,
        env = "HIGHWATER_OPERATOR_BROKER_IMAGE",
        default_value = concat!("highwater-broker:", env!("CARGO_PKG_VERSION"))
    )]
    pub broker_image: String,
    /// Namespace of the Lease by which one of several operators acts, and of the operator's own pods.
    #[arg(long, env = "HIGHWATER_OPERATOR_NAMESPACE", default_value = "default")]
    pub leader_election_namespace: String,
    /// Name of that Lease.
    #[arg(long, env = "HIGHWATER_OPERATOR_LEADER_ELECTION_NAME", default_value = "highwater-operator")]
    pub leader_election_name: String,
    /// Who this operator is among several; without it, a random name.
    #[arg(long, env = "HIGHWATER_OPERATOR_IDENTITY")]
    pub identity: Option<String>,
    /// How log lines look.
    #[arg(long, env = "HIGHWATER_OPERATOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: a level or filter directives.
    #[arg(long, env = "HIGHWATER_OPERATOR_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// Where the admin service of every broker is, instead of in its pod; for tests without pods.
    #[arg(long, env = "HIGHWATER_OPERATOR_ADMIN_ADDRESS", hide = true)]
    pub admin_address: Option<String>,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LogFormat {
    /// One readable line each.
    Text,
    /// One JSON object each.
    Json,
}

impl Options {
    /// Starts logging to standard error.
    ///
    /// # Errors
    /// The directives cannot be parsed.
    pub fn start_logging(&self) -> anyhow::Result<()> {
        let filter = EnvFilter::try_new(&self.log_level)?;
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let started = match self.log_format {
            LogFormat::Text => builder.with_ansi(false).try_init(),
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
        };
        started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
    }
}
