//! Structured logs on standard error: text for people, JSON for machines.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// One readable line each.
    Text,
    /// One JSON object each.
    Json,
}

/// Starts logging. `level` is a level (`info`) or filter directives (`info,highwater_broker::net=debug`).
///
/// # Errors
/// The directives cannot be parsed, or logging was started before.
pub fn start(format: LogFormat, level: &str) -> anyhow::Result<()> {
    // openraft tells its life at info; ours says what matters of it.
    let filter = EnvFilter::try_new(format!("openraft=warn,{level}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true)
        // It would tell of a line that could not be written by a panic: standard error may be a file on a full disk.
        .log_internal_errors(false);
    let started = match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
}
