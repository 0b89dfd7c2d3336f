//! Each rule on a tree of one file, and all of them on this workspace.

use super::*;

/// Violations of a tree that holds this one file.
fn violations(path: &str, contents: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, contents).unwrap();
    check(root.path())
}

fn broken(path: &str, contents: &str, expected: &str) {
    let found = violations(path, contents);
    assert!(found.len() == 1 && found[0].contains(expected), "{path}: {found:?} instead of {expected}");
}

fn fine(path: &str, contents: &str) {
    assert_eq!(violations(path, contents), Vec::<String>::new(), "{path}");
}

#[test]
fn workspace_keeps_the_rules() {
    let found = check(workspace());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn long_files_are_found_and_generated_ones_may_be_long() {
    let lines = |count: usize| format!("//! Long.\n{}", "\n".repeat(count - 1));
    fine("a/src/long.rs", &lines(600));
    broken("a/src/long.rs", &lines(601), "has 601 lines");
    fine("broker/protocol/src/messages/long.rs", &lines(601));
}

#[test]
fn names_that_say_nothing_are_found() {
    broken("a/src/utils.rs", "//! A.", "says nothing");
    broken("a/src/log_v2.rs", "//! A.", "says nothing");
    broken("a/src/log/mod.rs", "//! A.", "not in foo/mod.rs");
    broken("a/src/Log.rs", "//! A.", "lower_snake");
    fine("a/src/log.rs", "//! A.");
}

#[test]
fn deep_folders_are_found() {
    fine("a/src/b/c/d/e.rs", "//! A.");
    broken("a/src/b/c/d/e/f.rs", "//! A.", "3 folders below src");
}

#[test]
fn file_without_a_header_is_found() {
    broken("a/src/log.rs", "use std::fmt;\n", "opens with a header");
    broken("a/src/log.rs", "// A.\n", "opens with a header");
    fine("a/src/log/tests.rs", "use super::*;\n");
    fine("a/src/log/tests/rolling.rs", "use super::*;\n");
    broken("a/tests/rolling.rs", "use a::*;\n", "opens with a header");
}

#[test]
fn marks_of_unfinished_work_are_found() {
    for mark in [concat!("to", "do!()"), concat!("unimple", "mented!()")] {
        broken("a/src/log.rs", &format!("//! A.\nfn a() {{ {mark} }}"), "unfinished");
    }
    for mark in [concat!("For", " now, no."), concat!("a place", "holder"), concat!("// TO", "DO: b")] {
        broken("a/src/log.rs", &format!("//! A.\n// {mark}"), "unfinished");
        broken("docs/a.md", mark, "unfinished");
    }
    fine("a/src/log.rs", concat!("//! Room for", " nowhere and place", "holders."));
}

#[test]
fn ignored_tests_without_a_reason_are_found() {
    broken("a/src/log.rs", concat!("//! A.\n#[ign", "ore]\nfn a() {}"), "says why");
    fine("a/src/log.rs", concat!("//! A.\n#[ign", "ore = \"needs a disk\"]\nfn a() {}"));
}

#[test]
fn paths_of_one_machine_are_found() {
    for root in [concat!("/wo", "rk"), concat!("/ho", "me"), concat!("/ro", "ot")] {
        broken("docs/a.md", &format!("see {root}/a"), "one machine");
        broken(".ci/run", &format!("cd \"{root}/a\""), "one machine");
        fine("docs/a.md", &format!("see https://example.org{root}/a, data{root}/a and {root}er"));
    }
}

#[test]
fn manifests_without_the_lints_of_the_workspace_are_found() {
    broken("a/Cargo.toml", "[package]\nname = \"a\"\n", "[lints]");
    fine("a/Cargo.toml", "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n");
    fine("Cargo.toml", "[workspace]\n");
    fine("a/fuzz/Cargo.toml", "[package]\nname = \"a-fuzz\"\n\n[workspace]\n");
}

#[test]
fn links_that_lead_nowhere_are_found() {
    broken("docs/a.md", "see [b](b.md#part)", "b.md#part leads nowhere");
    fine("docs/a.md", "see [a](a.md#part), [up](../docs), [net](https://example.org/b.md), [here](#part)");
    fine("docs/a.md", "`[b](b.md)`\n```\n[b](b.md)\n```");
}
