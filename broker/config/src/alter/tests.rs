//! Changes as clients ask for them; the outcomes are those of Apache Kafka 4.3.1.

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn change(name: &str, op: AlterOp, value: &str) -> ConfigChange {
    ConfigChange { name: name.to_owned(), op, value: Some(value.to_owned()) }
}

fn topic(
    current: &[(&str, &str)],
    name: &str,
    op: AlterOp,
    value: &str,
) -> Result<Option<String>, AlterError> {
    alter_topic(&map(current), &[change(name, op, value)]).map(|altered| altered.get(name).cloned())
}

#[test]
fn append_adds_to_the_default_and_adds_nothing_twice() {
    let append =
        |current: &[(&str, &str)], value| topic(current, "cleanup.policy", AlterOp::Append, value).unwrap();
    assert_eq!(append(&[], "compact").as_deref(), Some("delete,compact"));
    assert_eq!(append(&[("cleanup.policy", "compact")], "compact").as_deref(), Some("compact"));
    assert_eq!(append(&[("cleanup.policy", "")], "compact").as_deref(), Some("compact"));
}

#[test]
fn subtract_removes_and_ignores_what_is_not_there() {
    let both = [("cleanup.policy", "delete,compact")];
    let subtract = |value| topic(&both, "cleanup.policy", AlterOp::Subtract, value).unwrap();
    assert_eq!(subtract("delete").as_deref(), Some("compact"));
    assert_eq!(subtract("nope").as_deref(), Some("delete,compact"));
    assert_eq!(subtract("delete,compact").as_deref(), Some(""));
}

#[test]
fn append_to_anything_but_a_list_is_refused() {
    let error = topic(&[], "retention.ms", AlterOp::Append, "1").unwrap_err();
    assert!(matches!(error, AlterError::NotAList { .. }) && !error.is_invalid_request());
}

#[test]
fn delete_takes_the_override_away_also_of_an_unknown_name() {
    assert_eq!(topic(&[("retention.ms", "5")], "retention.ms", AlterOp::Delete, "").unwrap(), None);
    assert_eq!(topic(&[], "no.such", AlterOp::Delete, "").unwrap(), None);
}

#[test]
fn unknown_topic_setting_and_bad_value_are_invalid_configs() {
    for (name, value) in [
        ("no.such", "1"),
        ("retention.ms", "x"),
        ("retention.ms", "-2"),
        ("retention.ms", ""),
        ("segment.bytes", "1"),
        ("preallocate", "maybe"),
        ("message.timestamp.type", "createtime"),
        ("compression.gzip.level", "0"),
        ("follower.replication.throttled.replicas", "zz"),
        ("min.insync.replicas", "0"),
    ] {
        let error = topic(&[], name, AlterOp::Set, value).unwrap_err();
        assert!(!error.is_invalid_request() && error.to_string().contains(name), "{error}");
    }
    assert_eq!(topic(&[], "segment.bytes", AlterOp::Set, " 1048576 ").unwrap().as_deref(), Some("1048576"));
}

#[test]
fn null_value_and_repeated_name_are_invalid_requests() {
    let null = ConfigChange { name: "retention.ms".to_owned(), op: AlterOp::Set, value: None };
    assert!(alter_topic(&BTreeMap::new(), &[null]).unwrap_err().is_invalid_request());
    let twice = [change("retention.ms", AlterOp::Set, "1"), change("retention.ms", AlterOp::Set, "2")];
    assert!(alter_topic(&BTreeMap::new(), &twice).unwrap_err().is_invalid_request());
}

#[test]
fn compaction_lags_are_held_against_each_other() {
    let error =
        topic(&[("min.compaction.lag.ms", "100")], "max.compaction.lag.ms", AlterOp::Set, "50").unwrap_err();
    assert_eq!(
        error.to_string(),
        "min.compaction.lag.ms is 100 and max.compaction.lag.ms is 50: expected the first to be at most the second"
    );
}

#[test]
fn topic_is_created_with_canonical_values() {
    let configs = [("cleanup.policy", Some("delete, compact")), ("retention.ms", Some(" 5"))];
    let valid = validate_topic_configs(configs).unwrap();
    assert_eq!(valid, map(&[("cleanup.policy", "delete,compact"), ("retention.ms", "5")]));
    assert!(validate_topic_configs([("retention.ms", None)]).unwrap_err().is_invalid_request());
}

#[test]
fn broker_settings_change_as_their_row_says() {
    let set =
        |name, value, scope| alter_broker(&BTreeMap::new(), &[change(name, AlterOp::Set, value)], scope);
    assert!(set("log.retention.ms", "9", BrokerScope::All).is_ok());
    assert!(set("message.max.bytes", "5000000", BrokerScope::One).is_ok());
    assert!(matches!(set("node.id", "9", BrokerScope::One), Err(AlterError::ReadOnly { .. })));
    assert!(matches!(set("process.roles", "9", BrokerScope::One), Err(AlterError::ReadOnly { .. })));
    assert!(matches!(set("foo.bar", "9", BrokerScope::One), Err(AlterError::UnknownBrokerKey(_))));
    assert!(set("log.retention.ms", "x", BrokerScope::One).unwrap_err().is_invalid_request());
}

#[test]
fn settings_without_effect_that_change_live_in_kafka_are_stored() {
    for name in ["num.io.threads", "sasl.kerberos.min.time.before.relogin"] {
        let stored = validate_broker_configs([(name, Some("58000"))], BrokerScope::One).unwrap();
        assert_eq!(stored, map(&[(name, "58000")]));
    }
}

proptest::proptest! {
    #[test]
    fn any_value_is_refused_or_stored_in_a_form_that_is_taken_again(value in "\\PC{0,20}|[0-9,:*-]{0,12}") {
        for def in keys::topic_keys().iter().chain(keys::broker_keys()) {
            if let Ok(stored) = def.canonical(&value) {
                proptest::prop_assert_eq!(def.canonical(&stored), Ok(stored));
            }
        }
    }
}
