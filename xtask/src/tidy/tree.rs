//! The files of a source tree, without what is built, hidden or written by a running broker.

use std::io;
use std::path::Path;

/// Folders that hold no sources.
const SKIPPED: &[&str] = &["target", "highwater-data", "node_modules"];
/// Hidden folders that hold sources all the same.
const HIDDEN_SOURCES: &[&str] = &[".ci", ".cargo", ".config", ".github"];

/// Paths of all files below `root`, relative to it, with `/` between the parts, in order.
pub(super) fn files(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let hidden = name.starts_with('.') && !HIDDEN_SOURCES.contains(&name.as_str());
                if !hidden && !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
