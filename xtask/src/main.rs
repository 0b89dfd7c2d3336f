//! Developer commands.

fn main() -> anyhow::Result<()> {
    Ok(())
}
