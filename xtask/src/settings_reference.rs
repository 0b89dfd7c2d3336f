//! The part of `cargo xtask gen` that writes docs/configuration.md from the tables in broker/config.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");

/// Writes the page, or with `check` compares it with the tables.
///
/// # Errors
/// The page cannot be read or written; with `check`, it differs.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let page = Path::new(PAGE);
    let wanted = broker_config::reference_markdown();
    let differs = fs::read_to_string(page).ok().as_ref() != Some(&wanted);
    if check {
        ensure!(!differs, "docs/configuration.md differs from the tables, run `cargo xtask gen`");
    } else if differs {
        fs::write(page, wanted).with_context(|| format!("write {PAGE}"))?;
    }
    Ok(())
}
