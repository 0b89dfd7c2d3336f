//! Data directories that this format wrote are read for good: `broker/testdata/data-directory-v1` holds one that was
//! stopped in order and one that was killed.
//!
//! Every run writes such a pair to `target/tmp/data-directory` and reads it by the same rules. A new version of the format
//! copies it from there to a folder of its own: the old ones stay and stay readable. Clocks show the time of writing, so
//! that nothing expires. Zeroes at the ends of files, which are room for more, are left out of the repository;
//! `lengths.json` says how long the files were.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod content;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use broker_log::io::Clock;
use harness::{Stopped, TestBroker, copy_files};

use content::Ids;

/// What the clock showed at the writing.
const WRITTEN_MS: i64 = 1_795_000_000_000;

/// How the broker ended that left a directory.
const ENDS: [&str; 2] = ["stopped", "killed"];

/// Bytes of both directories that are fit for a repository.
const BYTES_MAX: u64 = 300 * 1024;

/// Fewer zeroes than this are not worth leaving out.
const ZEROES_MIN: usize = 1024;

/// The pair in the repository.
fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/data-directory-v1")
}

fn ids(root: &Path) -> Ids {
    Ids::from_json(&fs::read_to_string(root.join("ids.json")).unwrap())
}

/// Shows the time of writing.
fn set_back(directory: &Stopped) {
    let now_ms = directory.clock().now_ms();
    directory.clock().set_wrong_by(WRITTEN_MS - now_ms);
}

async fn open(root: &Path, end: &str) -> TestBroker {
    let directory = Stopped::copy_of(&root.join(end), &[]);
    let lengths = fs::read_to_string(root.join("lengths.json")).unwrap();
    let lengths: BTreeMap<String, u64> = serde_json::from_str(&lengths).unwrap();
    for (file, len) in &lengths {
        if let Some(file) = file.strip_prefix(&format!("{end}/")) {
            fs::File::options().write(true).open(directory.path().join(file)).unwrap().set_len(*len).unwrap();
        }
    }
    set_back(&directory);
    directory.start().await
}

/// Cuts the zeroes at the end of every large file below `dir`, which lies in `root`, and notes how long it was.
fn cut_zeroes(root: &Path, dir: &Path, lengths: &mut BTreeMap<String, u64>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cut_zeroes(root, &path, lengths);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if bytes.len() - end >= ZEROES_MIN {
            fs::write(&path, &bytes[..end]).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            lengths.insert(name, bytes.len() as u64);
        }
    }
}

fn size_of(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { size_of(&entry.path()) } else { entry.metadata().unwrap().len() }
            },
        )
        .sum()
}

/// Writes a pair to `root`, which is emptied.
async fn write(root: &Path) {
    let directory = Stopped::empty_with_small_files(&[]);
    set_back(&directory);
    let (broker, ids) = content::write(directory.start().await).await;
    let killed = broker.killed_copy();
    let stopped = broker.stop().await;
    let _ = fs::remove_dir_all(root);
    for (end, directory) in ENDS.into_iter().zip([stopped, killed]) {
        fs::create_dir_all(root.join(end)).unwrap();
        copy_files(&directory.path(), &root.join(end));
    }
    fs::write(root.join("ids.json"), ids.to_json()).unwrap();
    let mut lengths = BTreeMap::new();
    cut_zeroes(root, root, &mut lengths);
    let lengths = serde_json::to_string_pretty(&lengths).unwrap();
    fs::write(root.join("lengths.json"), format!("{lengths}\n")).unwrap();
}

fn check_complete_and_small(root: &Path) {
    assert!(size_of(root) < BYTES_MAX, "{} bytes", size_of(root));
    let is_there = |end: &str, file: &str| root.join(end).join(file).exists();
    for end in ENDS {
        for file in [
            "meta.properties",
            "commit-log",
            "metadata",
            "log-checkpoint",
            "orders-0/partition.metadata",
            "orders-0/leader-epoch-checkpoint",
            "__consumer_offsets-0/00000000000000000000.log",
        ] {
            assert!(is_there(end, file), "{end}/{file}");
        }
        let names = |dir: &str| {
            let entries = fs::read_dir(root.join(end).join(dir)).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let count = |dir: &str, part: &str| names(dir).iter().filter(|name| name.contains(part)).count();
        assert!(count("orders-0", ".log") >= 3, "{end}: there are several segments");
        for part in [".index", ".timeindex", ".snapshot"] {
            assert!(count("orders-0", part) > 0, "{end}: {part}");
        }
        assert!(count("metadata", "snapshot") > 0 && count("metadata", "log") > 0, "{end}");
        assert!(count("commit-log", "") > 0, "{end}");
    }
    assert!(is_there("stopped", ".kafka_cleanshutdown") && !is_there("killed", ".kafka_cleanshutdown"));
}

#[test]
fn the_golden_data_directories_are_complete_and_small() {
    check_complete_and_small(&testdata());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_golden_data_directories_are_read_as_they_were_written() {
    let ids = ids(&testdata());
    for end in ENDS {
        let mut broker = open(&testdata(), end).await;
        // Also after it has written to them in the present format.
        for _ in 0..2 {
            content::check(&broker, &ids, end).await;
            broker = broker.restart().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_golden_data_directories_go_on_where_they_ended() {
    for end in ENDS {
        content::check_and_go_on(open(&testdata(), end).await, &ids(&testdata()), end).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directories_written_now_are_complete_and_read_as_they_were_written() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data-directory");
    write(&root).await;
    check_complete_and_small(&root);
    for end in ENDS {
        content::check(&open(&root, end).await, &ids(&root), end).await;
    }
}
