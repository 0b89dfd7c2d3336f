//! The rules of the house that no compiler checks: sizes, names, headers, words, links.
//!
//! `check` reads a source tree and gives one line per violation. Build output, data directories and hidden folders are
//! not looked at; generated messages are exempt from the limits on size and words.

mod links;
mod text;
mod tree;

use std::path::Path;

/// Files longer than this are split.
const FILE_LINES_MAX: usize = 600;
/// Folders below `src` deeper than this hide their files.
const FOLDERS_BELOW_SRC_MAX: usize = 3;
/// Files over the limit with the most lines they may have. This list only shrinks.
const LONG_FILES: &[(&str, usize)] = &[];
/// Names that say nothing about what is inside.
const BANNED_NAMES: &[&str] = &["utils", "util", "common", "helpers", "misc", "types2", "impls", "manager2"];
/// Where the code lies that `cargo xtask gen` writes.
const GENERATED: &[&str] = &[
    "broker/protocol/src/api_key/table.rs",
    "broker/protocol/src/error_code.rs",
    "broker/protocol/src/messages.rs",
    "broker/protocol/src/messages/",
    "proto/src/admin/",
    "proto/src/backup/",
    "proto/src/tier/",
];

/// All violations below `root`, ordered by path and line, each as `path:line: what is wrong` or `path: what is wrong`.
#[must_use]
pub(crate) fn check(root: &Path) -> Vec<String> {
    let files = match tree::files(root) {
        Ok(files) => files,
        Err(error) => return vec![format!("{}: {error}", root.display())],
    };
    let mut violations = Vec::new();
    for path in &files {
        name_rules(path, &mut violations);
        if !is_text(path) {
            continue;
        }
        match std::fs::read_to_string(root.join(path)) {
            Ok(contents) => content_rules(root, path, &contents, &mut violations),
            Err(error) => violations.push(format!("{path}: {error}")),
        }
    }
    for (path, _) in LONG_FILES.iter().filter(|(path, _)| !files.iter().any(|file| file == path)) {
        violations.push(format!("{path}: is gone; take it off the list of long files"));
    }
    violations
}

/// Runs `check` on this workspace and prints what it finds.
///
/// # Errors
/// There are violations.
pub(crate) fn run() -> anyhow::Result<()> {
    let violations = check(workspace());
    for violation in &violations {
        eprintln!("{violation}");
    }
    anyhow::ensure!(
        violations.is_empty(),
        "{} violations of the rules in xtask/src/tidy.rs",
        violations.len()
    );
    Ok(())
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn is_text(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("rs" | "md" | "toml" | "sh")) || path.starts_with(".ci/")
}

fn is_generated(path: &str) -> bool {
    GENERATED.iter().any(|generated| path.starts_with(generated))
}

/// Whether `path` holds the tests of the file that its folder belongs to; that file's header speaks for both.
fn is_tests_of_a_file(path: &str) -> bool {
    let below_src = path.split_once("/src/").map_or("", |(_, below)| below);
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || below_src.contains("/tests/")
}

fn name_rules(path: &str, violations: &mut Vec<String>) {
    let Some(whole) = path.strip_suffix(".rs") else {
        return;
    };
    let folders_and_file: Vec<&str> = whole.split('/').collect();
    let stem = folders_and_file.last().copied().unwrap_or_default();
    if stem == "mod" {
        violations.push(format!("{path}: a module `foo` lies in foo.rs, not in foo/mod.rs"));
    }
    if BANNED_NAMES.contains(&stem) || stem.ends_with("_v2") {
        violations.push(format!("{path}: the name says nothing about what is inside"));
    }
    if !stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        violations.push(format!("{path}: file names are spelled lower_snake"));
    }
    if let Some(src) = folders_and_file.iter().position(|folder| *folder == "src")
        && folders_and_file.len() - src - 2 > FOLDERS_BELOW_SRC_MAX
    {
        violations.push(format!("{path}: lies more than {FOLDERS_BELOW_SRC_MAX} folders below src"));
    }
}

fn content_rules(root: &Path, path: &str, contents: &str, violations: &mut Vec<String>) {
    text::machine_paths(path, contents, violations);
    if path.ends_with(".rs") {
        if !contents.starts_with("//! ") && !is_tests_of_a_file(path) {
            violations.push(format!("{path}:1: opens with a header, `//! ` and what the file is for"));
        }
        if !is_generated(path) {
            length(path, contents.lines().count(), violations);
            text::source_words(path, contents, violations);
        }
    }
    if path.ends_with(".md") {
        text::unfinished(path, contents, violations);
        links::unresolved(root, path, contents, violations);
    }
    // A package that is a workspace of its own, such as a fuzz target, has no lints to inherit.
    let is_member = contents.contains("[package]") && !contents.contains("[workspace]");
    if path.ends_with("Cargo.toml") && is_member && !text::inherits_lints(contents) {
        violations.push(format!("{path}: needs `[lints]` with `workspace = true`"));
    }
}

fn length(path: &str, lines: usize, violations: &mut Vec<String>) {
    let listed = LONG_FILES.iter().find(|(file, _)| *file == path).map(|(_, limit)| *limit);
    match listed {
        Some(_) if lines <= FILE_LINES_MAX => {
            violations.push(format!("{path}: is short enough; take it off the list of long files"));
        }
        Some(limit) if lines > limit => {
            violations.push(format!("{path}: grew from {limit} to {lines} lines; long files only shrink"));
        }
        None if lines > FILE_LINES_MAX => {
            violations.push(format!("{path}: has {lines} lines, more than {FILE_LINES_MAX}"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
