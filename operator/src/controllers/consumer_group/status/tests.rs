use proto::admin::v1::{GroupLag, GroupOffset};
use serde_json::json;

use super::*;

fn object(objective: &serde_json::Value) -> ConsumerGroup {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "ConsumerGroup",
        "metadata": { "name": "g", "namespace": "n", "generation": 1 },
        "spec": { "clusterRef": { "name": "c" }, "lagObjective": objective },
    });
    serde_json::from_value(object).unwrap()
}

fn group(records: Option<i64>, milliseconds: u64) -> Group {
    let lag = records.map(|records| GroupLag {
        log_start_offset: 0,
        high_watermark: records + 5,
        records,
        milliseconds: Some(milliseconds),
    });
    let offset = GroupOffset { topic: "t".to_owned(), committed_offset: 5, lag, ..GroupOffset::default() };
    Group { state: GroupState::Stable.into(), offsets: vec![offset], ..Group::default() }
}

fn said(objective: &serde_json::Value, group: Option<Group>) -> ConsumerGroupStatus {
    let before = ConsumerGroupStatus::default();
    status(&object(objective), &before, &Seen::Group(group), None, None, Timestamp::UNIX_EPOCH)
}

fn objective(status: &ConsumerGroupStatus) -> (&str, &str) {
    let condition = find(&status.conditions, LAG_WITHIN_OBJECTIVE).unwrap();
    (condition.status.as_str(), condition.reason.as_str())
}

#[test]
fn lag_is_compared_with_its_objective() {
    let status = said(&json!({ "records": 10 }), Some(group(Some(10), 0)));
    assert_eq!(
        (objective(&status).0, status.lag, status.state.as_deref()),
        ("True", Some(10), Some("Stable"))
    );
    assert_eq!(objective(&said(&json!({ "records": 9 }), Some(group(Some(10), 0)))), ("False", "LagTooHigh"));
    assert_eq!(objective(&said(&json!({ "seconds": 9 }), Some(group(Some(10), 10_000)))).0, "False");
    assert_eq!(objective(&said(&json!({ "records": 9 }), Some(group(None, 0)))), ("Unknown", "LagUnknown"));
}

#[test]
fn a_group_that_nobody_has_used_is_no_trouble() {
    let status = said(&json!({ "records": 1 }), None);
    assert_eq!(
        (status.state.as_deref(), status.member_count, status.lag),
        (Some("Absent"), Some(0), Some(0))
    );
    assert_eq!(find(&status.conditions, READY).unwrap().status, "True");
}

#[test]
fn figures_are_written_now_and_then_and_everything_else_at_once() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let objective = json!({ "records": 100 });
    let (first, moved) =
        (said(&objective, Some(group(Some(10), 0))), said(&objective, Some(group(Some(11), 0))));
    assert!(!is_news(&first, &first, Some(at(0)), at(100)));
    assert!(!is_news(&first, &moved, Some(at(0)), at(29)));
    assert!(is_news(&first, &moved, Some(at(0)), at(30)) && is_news(&first, &moved, None, at(1)));
    let over = said(&objective, Some(group(Some(101), 0)));
    assert!(is_news(&first, &over, Some(at(0)), at(1)));
}
