//! The operator: reads its options, starts logging, runs.

use clap::Parser;
use highwater_operator::options::Options;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    options.start_logging()?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(highwater_operator::run::run(options))
}
