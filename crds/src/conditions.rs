//! Conditions: the state of an object as Kubernetes tells it. Types, reasons, and how one replaces another.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// Whether the object is what its spec says, and serves.
pub const READY: &str = "Ready";
/// Whether something is being changed.
pub const PROGRESSING: &str = "Progressing";
/// Whether something is wrong, although it may serve.
pub const DEGRADED: &str = "Degraded";
/// Consumer groups: whether lag stays within its objective.
pub const LAG_WITHIN_OBJECTIVE: &str = "LagWithinObjective";
/// Consumer groups: what became of the last reset.
pub const RESET: &str = "Reset";

/// What a condition says, without when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// For example [`READY`].
    pub type_: &'static str,
    /// True, False, or unknown.
    pub status: Option<bool>,
    /// In CamelCase, for programs.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

impl State {
    /// A condition that holds or does not.
    #[must_use]
    pub fn new(type_: &'static str, status: bool, reason: &'static str, message: impl Into<String>) -> State {
        State { type_, status: Some(status), reason, message: message.into() }
    }

    /// A condition of which nothing is known.
    #[must_use]
    pub fn unknown(type_: &'static str, reason: &'static str, message: impl Into<String>) -> State {
        State { type_, status: None, reason, message: message.into() }
    }

    fn status_text(&self) -> &'static str {
        match self.status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        }
    }
}

/// The conditions of an object after `states`: one whose status stays keeps the time of its last transition. Types that are
/// not among `states` go. The order is that of `states`.
#[must_use]
pub fn merged(
    before: &[Condition],
    states: &[State],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let merge = |state: &State| {
        let status = state.status_text();
        let same = before.iter().find(|known| known.type_ == state.type_ && known.status == status);
        Condition {
            last_transition_time: same.map_or_else(|| Time(now), |known| known.last_transition_time.clone()),
            message: state.message.clone(),
            observed_generation: generation,
            reason: state.reason.to_owned(),
            status: status.to_owned(),
            type_: state.type_.to_owned(),
        }
    };
    states.iter().map(merge).collect()
}

/// The condition of that type.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether the condition of that type is `True`.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_the_time_of_its_last_transition_until_its_status_changes() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ready = |status, message: &str| [State::new(READY, status, "Because", message)];
        let first = merged(&[], &ready(false, "a"), Some(1), at(10));
        let second = merged(&first, &ready(false, "b"), Some(2), at(20));
        assert_eq!((second[0].last_transition_time.0, second[0].message.as_str()), (at(10), "b"));
        assert_eq!(second[0].observed_generation, Some(2));
        let third = merged(&second, &ready(true, "c"), Some(2), at(30));
        assert_eq!(third[0].last_transition_time.0, at(30));
        assert!(is_true(&third, READY) && !is_true(&second, READY) && !is_true(&third, DEGRADED));
        assert_eq!(merged(&third, &[], Some(2), at(40)), []);
    }

    #[test]
    fn what_is_not_known_is_said_so() {
        let states = [State::unknown(READY, "Unreachable", "the broker does not answer")];
        let conditions = merged(&[], &states, None, Timestamp::UNIX_EPOCH);
        assert_eq!(conditions[0].status, "Unknown");
    }
}
