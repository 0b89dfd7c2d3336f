//! Writes the messages of `proto`, or compares them: from `proto/<package>/v1/*.proto` to `proto/src/<package>/v1.rs`. The
//! `.proto` files are compiled here, so that no protoc is needed. The client and the server of a service stand behind features
//! of their own, as messages are needed where there is no gRPC.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// What is compiled, below `proto`; the file that comes of it; where that goes, below `proto/src`.
const PACKAGES: [(&str, &str, &str); 3] = [
    ("admin/v1/admin.proto", "highwater.admin.v1.rs", "admin/v1.rs"),
    ("backup/v1/backup.proto", "highwater.backup.v1.rs", "backup/v1.rs"),
    ("tier/v1/tier.proto", "highwater.tier.v1.rs", "tier/v1.rs"),
];

/// Writes the files, or with `check` compares them.
///
/// # Errors
/// A `.proto` file that cannot be compiled, a missing rustfmt; with `check`, any difference.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let folder = super::repo_root()?.join("proto");
    let output = std::env::temp_dir().join(format!("highwater-proto-{}", std::process::id()));
    fs::create_dir_all(&output)?;
    let result = PACKAGES.iter().try_for_each(|(source, made, place)| {
        let text = generate(&folder, source, &output, made)?;
        take_over(&text, &folder.join("src").join(place), check)
    });
    fs::remove_dir_all(&output)?;
    result
}

/// The code of a `.proto` file in rustfmt's form.
fn generate(folder: &Path, source: &str, output: &Path, made: &str) -> anyhow::Result<String> {
    let descriptors = protox::compile([source], [folder]).context("a .proto file cannot be compiled")?;
    let builder = tonic_prost_build::configure()
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"admin-client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"admin-server\")]")
        // Equal messages have equal bytes.
        .btree_map(".")
        .out_dir(output);
    builder.compile_fds(descriptors).context("no code can be generated")?;
    let file = output.join(made);
    let header = format!("//! Written by `cargo xtask gen` from proto/{source}; do not edit.\n\n");
    fs::write(&file, header + &fs::read_to_string(&file)?)?;
    let config = super::repo_root()?.join("rustfmt.toml");
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--config-path"]).arg(config).arg(&file);
    ensure!(command.status().context("cannot run rustfmt")?.success(), "rustfmt refused generated code");
    Ok(fs::read_to_string(file)?)
}

fn take_over(text: &str, place: &Path, check: bool) -> anyhow::Result<()> {
    if fs::read_to_string(place).ok().as_deref() == Some(text) {
        return Ok(());
    }
    ensure!(!check, "{} differs from its .proto file, run `cargo xtask gen`", place.display());
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(place, text).with_context(|| format!("cannot write {}", place.display()))?;
    println!("{} changed", place.display());
    Ok(())
}
