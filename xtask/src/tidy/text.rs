//! Words that must not stand in a source: marks of unfinished work, tests switched off in silence, paths of one machine.

/// Built from parts, so that this file does not break its own rule.
const MACRO_MARKS: &[&str] = &[concat!("to", "do!"), concat!("unimple", "mented!")];
const WORD_MARKS: &[&str] =
    &[concat!("for", " now"), concat!("place", "holder"), concat!("TO", "DO"), concat!("FIX", "ME")];
const MACHINE_ROOTS: &[&str] = &[concat!("/wo", "rk"), concat!("/ho", "me"), concat!("/ro", "ot")];
const BARE_IGNORE: &str = concat!("#[ign", "ore]");

/// Marks of unfinished work and tests that are ignored without a reason, in Rust.
pub(super) fn source_words(path: &str, contents: &str, violations: &mut Vec<String>) {
    for (index, line) in contents.lines().enumerate() {
        let number = index + 1;
        for mark in MACRO_MARKS.iter().filter(|mark| line.contains(*mark)) {
            violations.push(format!("{path}:{number}: `{mark}` is unfinished work"));
        }
        if line.contains(BARE_IGNORE) {
            violations.push(format!("{path}:{number}: an ignored test says why: #[ignore = \"reason\"]"));
        }
    }
    unfinished(path, contents, violations);
}

/// Words that announce unfinished work, in any text.
pub(super) fn unfinished(path: &str, contents: &str, violations: &mut Vec<String>) {
    for (index, line) in contents.lines().enumerate() {
        for mark in WORD_MARKS.iter().filter(|mark| contains_word(line, mark)) {
            violations.push(format!("{path}:{}: `{mark}` announces unfinished work", index + 1));
        }
    }
}

/// Absolute paths that exist on the machine of one developer only.
pub(super) fn machine_paths(path: &str, contents: &str, violations: &mut Vec<String>) {
    for (index, line) in contents.lines().enumerate() {
        for root in MACHINE_ROOTS.iter().filter(|root| begins_a_path(line, root)) {
            violations.push(format!("{path}:{}: {root}/… is a path of one machine", index + 1));
        }
    }
}

/// Whether a manifest takes over the lints of the workspace.
pub(super) fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

/// Whether `line` has `word` with no letter, digit or underscore beside it. A word in lower case matches any case.
fn contains_word(line: &str, word: &str) -> bool {
    let folded = if word.bytes().any(|b| b.is_ascii_uppercase()) {
        line.to_owned()
    } else {
        line.to_ascii_lowercase()
    };
    let part_of_word = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    folded.match_indices(word).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|index| folded.as_bytes().get(index)).copied();
        let after = folded.as_bytes().get(at + word.len()).copied();
        !part_of_word(before) && !part_of_word(after)
    })
}

/// Whether a path that begins with `root` stands in `line`, and not as the middle of another path or address.
fn begins_a_path(line: &str, root: &str) -> bool {
    line.match_indices(root).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + root.len()..].chars().next();
        let starts = before.is_none_or(|c| c.is_whitespace() || "\"'`(=:,<[".contains(c));
        starts && after == Some('/')
    })
}
