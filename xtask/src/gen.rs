//! `cargo xtask gen`: writes the generated files of broker/protocol, or with `--check` compares them with the folder.
//! The protobuf messages of `proto` are written by `gen/protobuf.rs`, the custom resources by `gen/resources.rs`.
//!
//! Input: `broker/protocol/schema/{messages,apis,errors}.json`. Output: `src/messages.rs`, one file per message under
//! `src/messages/`, `src/api_key/table.rs`, `src/error_code.rs`, all in rustfmt's form. Files that no schema asks for are removed.

mod message;
mod names;
pub(crate) mod protobuf;
pub(crate) mod resources;
mod schema;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Generated text by path relative to `broker/protocol/src`.
type Files = BTreeMap<PathBuf, String>;

/// The file that names all messages.
const INDEX: &str = "messages.rs";

/// Runs the command from anywhere inside the repository.
///
/// # Errors
/// An unreadable or inconsistent schema, a missing rustfmt; with `check`, any difference.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let crate_dir = repo_root()?.join("broker/protocol");
    let files = format_all(&generate(&crate_dir.join("schema"))?)?;
    let source = crate_dir.join("src");
    let stale = stale_files(&source, &files)?;
    let changed: Vec<_> = files
        .iter()
        .filter(|(path, text)| fs::read_to_string(source.join(path)).ok().as_ref() != Some(*text))
        .collect();
    if check {
        let names: Vec<_> = changed.iter().map(|(path, _)| *path).chain(&stale).collect();
        ensure!(names.is_empty(), "generated files differ from the schema, run `cargo xtask gen`: {names:?}");
        return Ok(());
    }
    for (path, text) in &changed {
        let path = source.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for path in &stale {
        fs::remove_file(source.join(path))?;
    }
    println!("{} files generated, {} changed, {} removed", files.len(), changed.len(), stale.len());
    Ok(())
}

fn repo_root() -> anyhow::Result<PathBuf> {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map(Path::to_path_buf).context("xtask lies in the root of the repository")
}

fn generate(schema: &Path) -> anyhow::Result<Files> {
    let messages = schema::parse_messages(&read_json(&schema.join("messages.json"))?)?;
    let apis = tables::parse_apis(&read_json(&schema.join("apis.json"))?)?;
    let errors = tables::parse_errors(&read_json(&schema.join("errors.json"))?)?;
    let mut files = Files::new();
    for (name, text) in message::emit_all(&messages, &apis)? {
        files.insert(format!("messages/{}.rs", names::snake(&name)).into(), text);
    }
    files.insert(INDEX.into(), message::emit_index(&messages));
    files.insert("api_key/table.rs".into(), tables::emit_apis(&apis));
    files.insert("error_code.rs".into(), tables::emit_errors(&errors));
    Ok(files)
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// Files under `messages/` that no message of the schema has.
fn stale_files(source: &Path, files: &Files) -> anyhow::Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    let folder = source.join("messages");
    if !folder.exists() {
        return Ok(stale);
    }
    for entry in fs::read_dir(&folder)? {
        let path = Path::new("messages").join(entry?.file_name());
        if !files.contains_key(&path) {
            stale.push(path);
        }
    }
    stale.sort();
    Ok(stale)
}

/// Formats every file by one call of rustfmt, but not the index: it is written in rustfmt's form, and rustfmt would look
/// for the modules that it names.
fn format_all(files: &Files) -> anyhow::Result<Files> {
    let folder = std::env::temp_dir().join(format!("highwater-gen-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let result = format_in(&folder, files);
    fs::remove_dir_all(&folder)?;
    result
}

fn format_in(folder: &Path, files: &Files) -> anyhow::Result<Files> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--config-path"]).arg(repo_root()?.join("rustfmt.toml"));
    let mut places = BTreeMap::new();
    for (number, (path, text)) in files.iter().filter(|(path, _)| *path != Path::new(INDEX)).enumerate() {
        let place = folder.join(format!("{number}.rs"));
        fs::write(&place, text)?;
        command.arg(&place);
        places.insert(path, place);
    }
    ensure!(command.status().context("cannot run rustfmt")?.success(), "rustfmt refused generated code");
    let mut formatted = files.clone();
    for (path, place) in places {
        formatted.insert(path.clone(), fs::read_to_string(place)?);
    }
    Ok(formatted)
}
