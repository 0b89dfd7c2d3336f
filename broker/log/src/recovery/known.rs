//! What checkpoint and commit log know of the logs of a directory, held against the files that are there.
//!
//! A log that was deleted in order is known by the name of its directory, which stays until a checkpoint without the log
//! is durable. Whatever else is missing was lost, and must not be made anew as if it had never been.

use std::collections::BTreeSet;
use std::path::Path;

use broker_protocol::types::{Offset, TopicId, Uuid};

use super::Found;
use crate::checkpoint::CheckpointSource;
use crate::commit_log::EntryKind;
use crate::io::{DirEntry, Disk};
use crate::log_config::LogIdentity;
use crate::log_error::LogError;
use crate::manager::{LogDirError, LogKey};
use crate::partition_metadata::{self, PARTITION_METADATA_FILE};
use crate::segment::{LOG_SUFFIX, file_name, parse_file_name};
use crate::tail_checkpoint::TailCheckpoint;

/// Digits of a topic id in the name of a deleted log's directory.
const ID_DIGITS: usize = 32;

/// The log whose directory has been renamed for its removal.
pub(super) fn deleted_key(name: &str) -> Option<LogKey> {
    let (log, ids) = name.strip_suffix("-delete")?.rsplit_once('.')?;
    let partition = log.rsplit_once('-')?.1.parse().ok()?;
    let id = u128::from_str_radix(ids.get(..ID_DIGITS)?, 16).ok()?;
    Some((TopicId(Uuid::from_u128(id)), partition))
}

impl Found {
    /// The logs that were deleted and that the checkpoint may still have.
    pub(super) fn deleted(&self) -> BTreeSet<LogKey> {
        self.entries
            .iter()
            .filter(|entry| entry.is_dir)
            .filter_map(|entry| deleted_key(&entry.name))
            .collect()
    }

    /// Logs of which only the commit log knows: no checkpoint, and no directory. With an older checkpoint than the last
    /// one that cannot be told: the directories of deleted logs may be gone by then.
    pub(super) fn find_orphans(&self, disk: &dyn Disk, path: &Path) -> Result<BTreeSet<LogKey>, LogDirError> {
        let deleted = self.deleted();
        let is_unknown = |key: &LogKey| !self.tails.contains_key(key) && !deleted.contains(key);
        let mut unknown: BTreeSet<LogKey> = self.replay.keys().filter(is_unknown).collect();
        if unknown.is_empty() || self.source != CheckpointSource::Latest {
            return Ok(BTreeSet::new());
        }
        for entry in self.entries.iter().filter(|entry| entry.is_dir) {
            let Some((_, partition)) = super::topic_partition(&entry.name) else { continue };
            let file = path.join(&entry.name).join(PARTITION_METADATA_FILE);
            let content = super::read_if_there(disk, &file)?.unwrap_or_default();
            if let Ok(id) = partition_metadata::decode(&String::from_utf8_lossy(&content)) {
                unknown.remove(&(id, partition));
            }
        }
        Ok(unknown)
    }

    /// What the checkpoint has under the name of a directory.
    fn named(&self, topic: &str, partition: i32) -> Option<&TailCheckpoint> {
        let has_name =
            |tail: &&TailCheckpoint| &*tail.identity.topic == topic && tail.identity.partition == partition;
        let deleted = self.deleted();
        self.tails.iter().filter(|(key, _)| !deleted.contains(key)).map(|(_, tail)| tail).find(has_name)
    }
}

/// What a directory's `partition.metadata` comes to.
pub(super) enum Identified {
    /// It is as it was written.
    As(LogIdentity),
    /// It is gone or unreadable, and must be written again.
    Rebuilt(LogIdentity),
    /// The log was never committed.
    Unknown,
}

/// Which partition a directory belongs to, by the content of its `partition.metadata` and what is known otherwise.
pub(super) fn identify(
    found: &Found,
    path: &Path,
    (topic, partition): (&str, i32),
    content: Option<&[u8]>,
) -> Result<Identified, LogError> {
    let identity = |topic_id| LogIdentity { topic: topic.into(), topic_id, partition };
    let decoded = content.map(|bytes| partition_metadata::decode(&String::from_utf8_lossy(bytes)));
    let known = |id: TopicId| {
        found.tails.contains_key(&(id, partition)) || found.replay.entries_of(id, partition).next().is_some()
    };
    // The common case, without a look at all the others.
    if let Some(Ok(id)) = decoded
        && known(id)
    {
        return Ok(Identified::As(identity(id)));
    }
    let is_orphan = || found.orphans.iter().any(|(_, orphan)| *orphan == partition);
    match (decoded, found.named(topic, partition)) {
        (Some(Ok(id)), Some(tail)) if id != tail.identity.topic_id => {
            let reason = format!("it has topic id {id}, the checkpoint {}", tail.identity.topic_id);
            Err(LogError::corrupt(path, 0, reason))
        }
        (Some(Ok(id)), None) if is_orphan() => {
            let reason =
                format!("nothing is known of topic id {id}, and the commit log has records of another");
            Err(LogError::corrupt(path, 0, reason))
        }
        (Some(Ok(id)), _) => Ok(Identified::As(identity(id))),
        (_, Some(tail)) => Ok(Identified::Rebuilt(tail.identity.clone())),
        (Some(Err(error)), None) if found.is_foreign() => Err(LogError::corrupt(path, 0, error)),
        // Before topic ids there was no such file.
        (None, None) if found.is_foreign() => Ok(Identified::As(identity(TopicId::ZERO))),
        // The first commit makes the file durable: without it the log never had one, and nothing was promised.
        (_, None) => {
            let length = partition_metadata::encode(TopicId::ZERO).len();
            let is_torn = content.is_none_or(|bytes| bytes.len() != length || bytes.contains(&0));
            if !is_torn {
                return Err(LogError::corrupt(path, 0, "it is damaged, and nothing else tells the topic id"));
            }
            if is_orphan() {
                let reason = "it is gone or cut, and the commit log has records of such a partition";
                return Err(LogError::corrupt(path, 0, reason));
            }
            Ok(Identified::Unknown)
        }
    }
}

/// Checks, before anything is put in place, that the files of a log hold what they must: what was durable at the last
/// checkpoint and is not before the log start or behind a truncation.
pub(super) fn check_segments(
    found: &Found,
    dir: &Path,
    (identity, tail): (&LogIdentity, Option<&TailCheckpoint>),
    files: &[DirEntry],
) -> Result<(), LogError> {
    let entries = || found.replay.entries_of(identity.topic_id, identity.partition).map(|(header, _)| header);
    let file =
        |base: Offset| files.iter().find(|file| parse_file_name(&file.name) == Some((base, LOG_SUFFIX)));
    let path = |base: Offset| dir.join(file_name(base, LOG_SUFFIX));
    let Some(tail) = tail else {
        // A log that no checkpoint has keeps its first segment: retention waits for one.
        let bases = super::segment_bases(files).into_iter();
        let is_of_segment = |kind| !matches!(kind, EntryKind::LogStart | EntryKind::RemoteStart);
        let in_segments = entries().filter(|header| is_of_segment(header.kind));
        let first = bases.chain(in_segments.map(|header| header.segment_base)).min();
        return match first {
            Some(first) if first > Offset(0) && found.source == CheckpointSource::Latest => {
                Err(LogError::corrupt(&path(Offset(0)), 0, "the segment is missing"))
            }
            _ => Ok(()),
        };
    };
    let of_kind = |kind| entries().filter(move |header| header.kind == kind).map(|header| header.end_offset);
    let log_start = of_kind(EntryKind::LogStart).fold(tail.log_start_offset, Offset::max);
    let cut = of_kind(EntryKind::Truncate).min().unwrap_or(Offset(i64::MAX));
    let first_there = super::segment_bases(files).first().copied();
    for segment in &tail.segments {
        let is_needed = segment.size > 0 && segment.next_offset > log_start && segment.next_offset <= cut;
        let base = segment.base_offset;
        match file(base) {
            _ if !is_needed => {}
            Some(file) if file.len >= segment.size => {}
            Some(file) => {
                let reason = "the file ends before what was durable in it";
                return Err(LogError::corrupt(&path(base), file.len, reason));
            }
            // Since an older checkpoint, retention may have deleted the first ones.
            None if found.source != CheckpointSource::Latest
                && first_there.is_some_and(|first| first > base) => {}
            None => return Err(LogError::corrupt(&path(base), 0, "the segment is missing")),
        }
    }
    Ok(())
}
