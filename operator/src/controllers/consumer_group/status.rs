//! What is said of a ConsumerGroup. Pure, but for the events.

use crds::conditions::{LAG_WITHIN_OBJECTIVE, READY, RESET, State, find, merged};
use crds::consumer_group::{ConsumerGroup, LagObjective};
use crds::consumer_group_status::{
    ConsumerGroupStatus, MemberState, PartitionLag, ResetPhase, ResetState, ScalingState,
};
use k8s_openapi::jiff::Timestamp;
use proto::admin::v1::{Group, GroupState, Member};

use super::lag::{self, Lag};
use crate::context::Context;
use crate::controllers::topic::status::Problem;

/// Partitions and members that a status shows.
const PARTITIONS_MAX: usize = 256;
const MEMBERS_MAX: usize = 100;
/// How often figures are written that have moved while nothing else has, in seconds.
const FIGURES_S: i64 = 30;

/// What was seen of a group.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The group; `None` while nobody has used it.
    Group(Option<Group>),
    /// The group, of which nothing is changed.
    Paused(Option<Group>),
    /// Why it was not.
    Problem(Problem),
}

impl Seen {
    /// A group of which nothing is changed.
    #[must_use]
    pub fn paused(group: Option<Group>) -> Seen {
        Seen::Paused(group)
    }
}

/// The status of a ConsumerGroup.
#[must_use]
pub fn status(
    object: &ConsumerGroup,
    before: &ConsumerGroupStatus,
    seen: &Seen,
    reset: Option<ResetState>,
    scaling: Option<ScalingState>,
    now: Timestamp,
) -> ConsumerGroupStatus {
    let generation = object.metadata.generation;
    let mut wanted =
        ConsumerGroupStatus { observed_generation: generation, reset, scaling, ..before.clone() };
    let mut states = vec![ready(seen)];
    let lags = match seen {
        Seen::Group(group) | Seen::Paused(group) => {
            let lags =
                group.as_ref().map(|group| lag::by_partition(group, &object.spec.topics)).unwrap_or_default();
            show(&mut wanted, group.as_ref(), &lags);
            Some(lags)
        }
        Seen::Problem(_) => None,
    };
    if let Some(objective) = &object.spec.lag_objective {
        states.push(within(objective, lags.as_deref()));
    }
    states.extend(wanted.reset.as_ref().map(reset_state));
    wanted.conditions = merged(&before.conditions, &states, generation, now);
    wanted
}

fn show(wanted: &mut ConsumerGroupStatus, group: Option<&Group>, lags: &[Lag]) {
    wanted.state = Some(group.map_or("Absent", |group| state_name(group.state())).to_owned());
    let members = group.map(|group| group.members.as_slice()).unwrap_or_default();
    wanted.member_count = i64::try_from(members.len()).ok();
    wanted.members = members.iter().take(MEMBERS_MAX).map(member).collect();
    wanted.members.sort_by(|one, other| one.member_id.cmp(&other.member_id));
    wanted.lag = lag::total(lags);
    wanted.lag_seconds = lag::oldest_seconds(lags);
    let partition = |lag: &Lag| PartitionLag {
        topic: lag.topic.clone(),
        partition: lag.partition,
        committed: lag.committed,
        end: lag.end,
        lag: lag.records,
    };
    wanted.partitions = lags.iter().take(PARTITIONS_MAX).map(partition).collect();
}

fn state_name(state: GroupState) -> &'static str {
    match state {
        GroupState::Stable => "Stable",
        GroupState::Empty => "Empty",
        GroupState::PreparingRebalance => "PreparingRebalance",
        GroupState::CompletingRebalance => "CompletingRebalance",
        GroupState::Dead => "Dead",
        GroupState::Unspecified => "Unknown",
    }
}

fn member(member: &Member) -> MemberState {
    let partitions = member.assignment.iter().map(|assigned| {
        let numbers: Vec<String> = assigned.partitions.iter().map(u32::to_string).collect();
        format!("{}[{}]", assigned.topic, numbers.join(","))
    });
    MemberState {
        member_id: member.member_id.clone(),
        client_id: member.client_id.clone(),
        host: member.client_host.clone(),
        partitions: partitions.collect(),
    }
}

fn ready(seen: &Seen) -> State {
    match seen {
        Seen::Group(Some(_)) => State::new(READY, true, "GroupFound", "the group is known"),
        Seen::Group(None) => State::new(READY, true, "GroupAbsent", "nobody has used the group yet"),
        Seen::Paused(_) => State::new(READY, true, "Paused", "spec.paused is true: nothing is changed"),
        Seen::Problem(problem) => State::new(READY, false, problem.reason, problem.message.clone()),
    }
}

fn within(objective: &LagObjective, lags: Option<&[Lag]>) -> State {
    let unknown = || State::unknown(LAG_WITHIN_OBJECTIVE, "LagUnknown", "the lag cannot be told");
    let Some(lags) = lags else { return unknown() };
    let (records, seconds) = (lag::total(lags), lag::oldest_seconds(lags));
    let is_over = |found: Option<i64>, most: Option<i64>| Some(found? > most?);
    let over_records = is_over(records, objective.records);
    let over_seconds = is_over(seconds, objective.seconds);
    if over_records == Some(true) || over_seconds == Some(true) {
        let message = format!("{} records, the oldest {} s old", told(records), told(seconds));
        return State::new(LAG_WITHIN_OBJECTIVE, false, "LagTooHigh", message);
    }
    let is_unknown = objective.records.is_some() && over_records.is_none()
        || objective.seconds.is_some() && over_seconds.is_none();
    if is_unknown {
        return unknown();
    }
    State::new(LAG_WITHIN_OBJECTIVE, true, "LagWithinObjective", "consumers keep up")
}

fn told(figure: Option<i64>) -> String {
    figure.map_or_else(|| "unknown".to_owned(), |figure| figure.to_string())
}

fn reset_state(reset: &ResetState) -> State {
    let message =
        |otherwise: &str| format!("{}: {}", reset.id, reset.message.as_deref().unwrap_or(otherwise));
    match reset.phase {
        ResetPhase::Planned => State::new(RESET, false, "Planned", message("see status.reset.plan")),
        ResetPhase::Waiting => State::new(RESET, false, "Waiting", message("it begins soon")),
        ResetPhase::Stopping => State::new(RESET, false, "Stopping", message("the consumers are stopped")),
        ResetPhase::Applying => State::new(RESET, false, "Applying", message("the offsets are set")),
        ResetPhase::Restoring => {
            State::new(RESET, false, "Restoring", message("the consumers are started again"))
        }
        ResetPhase::Done => State::new(RESET, true, "Done", message("the offsets are set")),
        ResetPhase::Failed => State::new(RESET, false, "Failed", message("it cannot be done")),
    }
}

/// Whether a status is worth a write: anything but figures has changed, or the figures that were written are old.
#[must_use]
pub fn is_news(
    before: &ConsumerGroupStatus,
    wanted: &ConsumerGroupStatus,
    written: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let without_figures = |status: &ConsumerGroupStatus| {
        let mut status = status.clone();
        (status.lag, status.lag_seconds) = (None, None);
        status.partitions.clear();
        status.conditions.iter_mut().for_each(|condition| condition.message.clear());
        if let Some(scaling) = &mut status.scaling {
            scaling.reason.clear();
        }
        status
    };
    if before == wanted {
        return false;
    }
    let is_old = written.is_none_or(|written| now.as_second() - written.as_second() >= FIGURES_S);
    is_old || without_figures(before) != without_figures(wanted)
}

/// Tells people of conditions that have changed.
pub async fn tell(
    ctx: &Context,
    object: &ConsumerGroup,
    before: &ConsumerGroupStatus,
    wanted: &ConsumerGroupStatus,
) {
    for condition in &wanted.conditions {
        let was = find(&before.conditions, &condition.type_);
        if was.is_some_and(|was| was.status == condition.status && was.reason == condition.reason) {
            continue;
        }
        let is_bad = condition.status == "False"
            && !matches!(condition.reason.as_str(), "Planned" | "Stopping" | "Applying" | "Restoring");
        if is_bad {
            ctx.events.warning(object, &condition.reason, "Status", &condition.message).await;
        } else if was.is_some() || condition.type_ == RESET {
            ctx.events.normal(object, &condition.reason, "Status", &condition.message).await;
        }
    }
}

#[cfg(test)]
mod tests;
