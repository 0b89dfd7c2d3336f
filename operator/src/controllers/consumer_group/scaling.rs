//! How many consumers a lag asks for. Pure.

use crds::consumer_group::Scaling;
use crds::consumer_group_status::ScalingState;
use k8s_openapi::jiff::Timestamp;

use super::lag::Lag;

/// Replicas that are wanted. Never on offsets that cannot be told, never more than partitions with lag, and fewer only once
/// fewer have done for a while: each change rebalances the group.
#[must_use]
pub fn decide(
    scaling: &Scaling,
    lags: Option<&[Lag]>,
    current: i32,
    before: Option<&ScalingState>,
    now: Timestamp,
) -> ScalingState {
    let keep = |reason: &str| ScalingState { desired: current, reason: reason.to_owned(), fewer_since: None };
    let Some(lags) = lags.filter(|lags| !lags.is_empty()) else {
        let least = current.max(scaling.min_replicas);
        return ScalingState { desired: least, ..keep("nothing was committed yet") };
    };
    let Some(records) = super::lag::total(lags) else {
        return keep("the lag of a partition cannot be told");
    };
    let behind = lags.iter().filter(|lag| lag.records.unwrap_or(0) > 0).count();
    let per_lag = u64::try_from(records)
        .unwrap_or(0)
        .div_ceil(u64::try_from(scaling.records_per_replica).unwrap_or(1).max(1));
    let most =
        u64::try_from(behind).unwrap_or(u64::MAX).min(u64::try_from(scaling.max_replicas).unwrap_or(0));
    let least = u64::try_from(scaling.min_replicas).unwrap_or(0);
    let wanted = i32::try_from(per_lag.min(most).max(least)).unwrap_or(i32::MAX);
    let reason = format!("{records} records of lag in {behind} partitions");
    if wanted >= current {
        return ScalingState { desired: wanted, reason, fewer_since: None };
    }
    let known = before
        .and_then(|before| before.fewer_since.as_deref())
        .and_then(|since| since.parse::<Timestamp>().ok());
    let since = known.unwrap_or(now);
    if now.as_second() - since.as_second() < scaling.scale_down_delay_seconds {
        return ScalingState { desired: current, reason, fewer_since: Some(since.to_string()) };
    }
    ScalingState { desired: wanted, reason, fewer_since: None }
}

#[cfg(test)]
mod tests;
