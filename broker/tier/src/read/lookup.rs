//! Look-ups of what is not an offset: timestamps and aborted transactions.

use broker_log::log::TimestampOffset;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::record_batch::{NO_TIMESTAMP, RecordBatch};
use broker_protocol::types::{LeaderEpoch, Offset};
use broker_protocol::validate::DECOMPRESSED_BYTES_MAX;

use super::{RemoteRange, RemoteReadError, RemoteReader};
use crate::entry::Entry;
use crate::manifest::Manifest;
use crate::sections::{decode_aborted, offset_before_time};

/// Bytes of batches that are looked through at once for a timestamp.
const LOOK_BYTES: usize = 256 << 10;

/// Aborted transactions of a range of offsets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AbortedTransactions {
    /// Those that are known from what was copied.
    pub transactions: Vec<AbortedTxn>,
    /// No later marker can abort a record of the range: otherwise the local log is asked too, from the end of what was
    /// copied on.
    pub is_complete: bool,
}

impl RemoteReader {
    /// The first record at or after the log's start whose timestamp is `timestamp` or later, among what was copied;
    /// `None` if there is none: then the local log is asked.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn offset_for_timestamp(
        &self,
        manifest: &Manifest,
        timestamp: i64,
    ) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let start = manifest.log_start_offset;
        let reaches = |entry: &&Entry| entry.max_timestamp >= timestamp && entry.end_offset >= start;
        for page in &manifest.pages {
            if page.max_timestamp < timestamp || page.end_offset < start {
                continue;
            }
            let entries = self.page(page.key).await?;
            for entry in entries.iter().filter(reaches) {
                if let Some(found) = self.search_entry(entry, timestamp, start).await? {
                    return Ok(Some(found));
                }
            }
        }
        for entry in manifest.entries.iter().filter(reaches) {
            if let Some(found) = self.search_entry(entry, timestamp, start).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The first record with the largest timestamp of what was copied (KIP-734); `None` if none has a timestamp.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn newest_record(
        &self,
        manifest: &Manifest,
    ) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let start = manifest.log_start_offset;
        let (mut cut, mut largest) = (None, NO_TIMESTAMP);
        for page in &manifest.pages {
            if page.base_offset >= start {
                largest = largest.max(page.max_timestamp);
            } else if page.end_offset >= start {
                // What it says of itself holds for its removed entries too.
                let entries = self.page(page.key).await?;
                cut = take_newest(&entries, start, &mut largest).cloned().or(cut);
            }
        }
        cut = take_newest(&manifest.entries, start, &mut largest).cloned().or(cut);
        // Of the entry that holds the log's start, the newest record may lie below it.
        let found = match cut.filter(|entry| entry.max_timestamp > largest) {
            Some(entry) => self.newest_from(&entry, start).await?,
            None => None,
        };
        if found.is_some_and(|found| found.timestamp > largest) || largest < 0 {
            return Ok(found);
        }
        self.offset_for_timestamp(manifest, largest).await
    }

    /// The first record with the largest timestamp of an entry's records from an offset on.
    async fn newest_from(
        &self,
        entry: &Entry,
        start: Offset,
    ) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let (mut newest, mut from) = (None::<TimestampOffset>, start);
        while entry.holds(from) {
            let upper = entry.next_offset();
            let range = RemoteRange { from, max_bytes: LOOK_BYTES, min_one_batch: true, upper };
            let batches = self.read_entry(entry, &range).await?;
            let mut rest = &batches.bytes[..];
            while let Ok((batch, behind)) = RecordBatch::parse(rest) {
                while batch.header.max_timestamp > newest.map_or(NO_TIMESTAMP, |newest| newest.timestamp) {
                    let later = newest.map_or(0, |newest| newest.timestamp + 1);
                    let found = search_batch(&batch, later, start);
                    let found = found.map_err(|reason| damaged(entry, &batch, reason))?;
                    let Some(found) = found else { break };
                    newest = Some(found);
                }
                rest = behind;
            }
            if batches.next_offset <= from {
                break;
            }
            from = batches.next_offset;
        }
        Ok(newest)
    }

    async fn search_entry(
        &self,
        entry: &Entry,
        timestamp: i64,
        log_start: Offset,
    ) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let index = self.index(entry).await?;
        let mut from = offset_before_time(&index.time_index, entry.base_offset, timestamp).max(log_start);
        while entry.holds(from) {
            let upper = entry.next_offset();
            let range = RemoteRange { from, max_bytes: LOOK_BYTES, min_one_batch: true, upper };
            let batches = self.read_entry(entry, &range).await?;
            let mut rest = &batches.bytes[..];
            while let Ok((batch, behind)) = RecordBatch::parse(rest) {
                if batch.header.max_timestamp >= timestamp
                    && let Some(found) = search_batch(&batch, timestamp, log_start)
                        .map_err(|reason| damaged(entry, &batch, reason))?
                {
                    return Ok(Some(found));
                }
                rest = behind;
            }
            if batches.next_offset <= from {
                break;
            }
            from = batches.next_offset;
        }
        Ok(None)
    }

    /// The aborted transactions that have records from `from` up to `upper`, as far as what was copied tells.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn aborted_transactions(
        &self,
        manifest: &Manifest,
        from: Offset,
        upper: Offset,
    ) -> Result<AbortedTransactions, RemoteReadError> {
        let mut found = AbortedTransactions::default();
        // A marker stands behind the records that it decides about: what lies before `from` says nothing.
        for page in &manifest.pages {
            if page.aborted_count == 0 || page.end_offset < from {
                continue;
            }
            let entries = self.page(page.key).await?;
            if self.collect_aborted(&entries, (from, upper), &mut found).await? {
                return Ok(found);
            }
        }
        self.collect_aborted(&manifest.entries, (from, upper), &mut found).await?;
        Ok(found)
    }

    /// Returns whether all is found.
    async fn collect_aborted(
        &self,
        entries: &[Entry],
        (from, upper): (Offset, Offset),
        found: &mut AbortedTransactions,
    ) -> Result<bool, RemoteReadError> {
        for entry in entries {
            if entry.aborted_count == 0 || entry.end_offset < from {
                continue;
            }
            for txn in self.aborted_of(entry).await? {
                if txn.last_offset >= from && txn.first_offset < upper {
                    found.transactions.push(txn);
                }
                if txn.last_stable_offset >= upper {
                    found.is_complete = true;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn aborted_of(&self, entry: &Entry) -> Result<Vec<AbortedTxn>, RemoteReadError> {
        if !entry.aborted.is_empty() {
            return Ok(entry.aborted.clone());
        }
        let index = self.index(entry).await?;
        Ok(decode_aborted(&self.section(entry, index.range.aborted_transactions).await?))
    }
}

/// Notes the largest timestamp of the entries behind the log's start; gives the one that holds it, if one does.
fn take_newest<'a>(entries: &'a [Entry], start: Offset, largest: &mut i64) -> Option<&'a Entry> {
    for entry in entries.iter().filter(|entry| entry.base_offset >= start) {
        *largest = (*largest).max(entry.max_timestamp);
    }
    entries.iter().find(|entry| entry.base_offset < start && entry.end_offset >= start)
}

fn search_batch(
    batch: &RecordBatch<'_>,
    timestamp: i64,
    log_start: Offset,
) -> Result<Option<TimestampOffset>, String> {
    let header = &batch.header;
    let found = |offset, timestamp| {
        let leader_epoch: LeaderEpoch = header.partition_leader_epoch;
        TimestampOffset { timestamp, offset, leader_epoch }
    };
    let opened = batch.decompress(DECOMPRESSED_BYTES_MAX).map_err(|error| error.to_string())?;
    for record in batch.records(&opened) {
        let record = record.map_err(|error| error.to_string())?;
        let (offset, time) = (record.offset(header), record.timestamp_ms(header));
        if time >= timestamp && offset >= log_start {
            return Ok(Some(found(offset, time)));
        }
    }
    Ok(None)
}

fn damaged(entry: &Entry, batch: &RecordBatch<'_>, reason: String) -> RemoteReadError {
    let object = format!("{} offset {}", entry.object, batch.header.base_offset);
    RemoteReadError::Damaged { object, position: entry.position, reason }
}
