//! Finds the tests that carry a mark `/// fault = 36, 40` or `/// tiering = 5`, and tells which test program runs each.
//!
//! Reads lines, not syntax: marks stand alone on their lines, the test attribute on the next, the function below.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::rows::List;

/// Folders of the workspace that are not ours or hold no sources.
const SKIPPED: [&str; 3] = ["target", "testdata", "highwater-data"];
/// What a mark begins with, by the list that its numbers belong to.
const MARKS: [(List, &str); 2] = [(List::Faults, "/// fault = "), (List::Tiering, "/// tiering = ")];
/// Attributes that may stand between the mark's attribute and the function.
const LINES_TO_FUNCTION_MAX: usize = 8;

/// One test that proves rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    /// Below the workspace's root, with `/`.
    pub(super) file: String,
    /// Line of the mark, from 1.
    pub(super) line: usize,
    /// The name of the function.
    pub(super) test: String,
    /// The test program as cargo names it: a crate, or a file or folder of `tests/`.
    pub(super) target: String,
    /// Modules that the file's place says; the function's path in the program begins with them.
    pub(super) module: String,
    /// The list that the rows belong to.
    pub(super) list: List,
    /// The rows, as written.
    pub(super) rows: Vec<u16>,
}

/// All marks of the workspace in the order of files and lines, and what is wrong with those that cannot be read.
///
/// # Errors
/// A file or folder cannot be read.
pub(super) fn of_workspace(root: &Path) -> anyhow::Result<(Vec<Mark>, Vec<String>)> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort();
    let (mut marks, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        let text = fs::read_to_string(root.join(&file)).with_context(|| format!("read {file}"))?;
        // Only a file with a mark needs a program.
        if text.lines().any(|line| mark(line.trim_start()).is_some()) {
            let place = placement(root, &file);
            of_file(&file, &text, place.as_ref(), &mut marks, &mut faults);
        }
    }
    Ok((marks, faults))
}

fn walk(root: &Path, below: &str, files: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(root.join(below)).with_context(|| format!("read folder {below:?}"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, files)?;
            }
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Which program runs the tests of a file, and the modules that lead to it there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Placement {
    pub(super) target: String,
    pub(super) module: String,
}

fn placement(root: &Path, file: &str) -> Option<Placement> {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    while !folders.is_empty() {
        let folder = folders.join("/");
        if let Ok(manifest) = fs::read_to_string(root.join(&folder).join("Cargo.toml")) {
            return placement_in(&manifest, file.strip_prefix(&folder)?.trim_start_matches('/'));
        }
        folders.pop();
    }
    None
}

/// `file` is below the folder of the manifest.
pub(super) fn placement_in(manifest: &str, file: &str) -> Option<Placement> {
    let path = file.strip_suffix(".rs")?;
    let (folder, rest) = path.split_once('/')?;
    let (target, modules) = match folder {
        "src" => (package_name(manifest)?.replace('-', "_"), rest),
        "tests" => match rest.split_once('/') {
            Some((target, modules)) => (target.to_owned(), modules),
            None => (rest.to_owned(), ""),
        },
        _ => return None,
    };
    let module = if matches!(modules, "lib" | "main") { "" } else { modules };
    Some(Placement { target, module: module.replace('/', "::") })
}

fn package_name(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("name = "))?;
    line.split('"').nth(1)
}

/// Reads the marks of one file.
pub(super) fn of_file(
    file: &str,
    text: &str,
    place: Option<&Placement>,
    marks: &mut Vec<Mark>,
    faults: &mut Vec<String>,
) {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (index, line) in lines.iter().enumerate() {
        let Some((list, numbers)) = mark(line) else {
            continue;
        };
        let rows: Result<Vec<u16>, _> = numbers.split(", ").map(str::parse).collect();
        let others = lines[index + 1..].iter().take_while(|line| mark(line).is_some()).count();
        let below = &lines[index + 1 + others..];
        let is_test =
            below.first().is_some_and(|line| *line == "#[test]" || line.starts_with("#[tokio::test"));
        let found = if is_test { function_name(below) } else { None };
        match (rows, found, place) {
            (Ok(rows), Some(test), Some(place)) => marks.push(Mark {
                file: file.to_owned(),
                line: index + 1,
                test: test.to_owned(),
                target: place.target.clone(),
                module: place.module.clone(),
                list,
                rows,
            }),
            (Err(_), ..) => faults.push(format!("{file}:{}: a mark reads `/// fault = 36, 40`", index + 1)),
            (_, None, _) => faults.push(format!("{file}:{}: a mark stands directly above a test", index + 1)),
            (.., None) => faults.push(format!("{file}:{}: cargo runs no tests of this file", index + 1)),
        }
    }
}

/// The list and the numbers of a line that is a mark.
fn mark(line: &str) -> Option<(List, &str)> {
    MARKS.iter().find_map(|(list, beginning)| Some((*list, line.strip_prefix(beginning)?)))
}

fn function_name<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut near = lines.iter().take(LINES_TO_FUNCTION_MAX);
    near.find_map(|line| {
        let name = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?;
        name.split_once('(').map(|(name, _)| name)
    })
}
