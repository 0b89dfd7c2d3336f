//! The lag of a group. Pure.

use proto::admin::v1::Group;

/// The lag of one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset to be consumed.
    pub committed: i64,
    /// The offset after the last record; `None` if it cannot be told.
    pub end: Option<i64>,
    /// Records between; `None` if it cannot be told.
    pub records: Option<i64>,
    /// Age of the oldest of them, in milliseconds.
    pub milliseconds: Option<u64>,
}

/// By topic and partition; of the named topics, or of all where none is named.
#[must_use]
pub fn by_partition(group: &Group, topics: &[String]) -> Vec<Lag> {
    let counts = |topic: &String| topics.is_empty() || topics.contains(topic);
    let offsets = group.offsets.iter().filter(|offset| counts(&offset.topic));
    let mut lags: Vec<Lag> = offsets
        .map(|offset| Lag {
            topic: offset.topic.clone(),
            partition: i32::try_from(offset.partition).unwrap_or(i32::MAX),
            committed: offset.committed_offset,
            end: offset.lag.map(|lag| lag.high_watermark),
            records: offset.lag.map(|lag| lag.records),
            milliseconds: offset.lag.and_then(|lag| lag.milliseconds),
        })
        .collect();
    lags.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
    lags
}

/// Records of all partitions together; `None` if that of any cannot be told.
#[must_use]
pub fn total(lags: &[Lag]) -> Option<i64> {
    lags.iter().try_fold(0_i64, |sum, lag| Some(sum.saturating_add(lag.records?)))
}

/// Age of the oldest record that is not consumed, in seconds; 0 without any lag.
#[must_use]
pub fn oldest_seconds(lags: &[Lag]) -> Option<i64> {
    let behind = lags.iter().filter(|lag| lag.records != Some(0));
    let ages: Option<Vec<u64>> = behind.map(|lag| lag.milliseconds).collect();
    ages.map(|ages| ages.into_iter().max().map_or(0, |age| i64::try_from(age / 1000).unwrap_or(i64::MAX)))
}
