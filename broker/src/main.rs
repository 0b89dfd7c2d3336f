//! Entry point.

fn main() -> anyhow::Result<()> {
    Ok(())
}
