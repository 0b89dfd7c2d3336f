use super::super::testing::{after, new_topic, number, with_brokers, with_topics};
use super::*;

/// Lists are the keys that end in `.list`; they inherit `x`. A value `bad` is refused.
struct Rules;

impl ConfigRules for Rules {
    fn is_list(&self, _: &ConfigResource, key: &str) -> bool {
        key.ends_with(".list")
    }

    fn inherited(&self, _: &ConfigResource, key: &str) -> Option<String> {
        key.ends_with(".list").then(|| "x".to_owned())
    }

    fn check(
        &self,
        _: &ConfigResource,
        settings: &ConfigMap,
        _: &BTreeSet<&str>,
    ) -> Result<(), MetadataError> {
        match settings.values().any(|value| value == "bad") {
            true => Err(MetadataError::InvalidConfig { reason: "bad".into() }),
            false => Ok(()),
        }
    }
}

fn image() -> MetadataImage {
    with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)])
}

fn change(resource: ConfigResource, ops: &[(&str, ConfigOp)]) -> ConfigChange {
    ConfigChange { resource, ops: ops.iter().map(|(key, op)| ((*key).to_owned(), op.clone())).collect() }
}

fn set(value: &str) -> ConfigOp {
    ConfigOp::Set(value.into())
}

fn alter(image: &MetadataImage, ops: &[(&str, ConfigOp)]) -> MetadataImage {
    let outcome = incremental_alter_configs(image, &[change(ConfigResource::topic("a"), ops)], &Rules, false);
    assert_eq!(outcome.response[0].1, Ok(()));
    after(image, outcome.records)
}

fn settings(image: &MetadataImage) -> Vec<(&str, &str)> {
    let map = image.config(&ConfigResource::topic("a"));
    map.iter().flat_map(|map| map.iter()).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[test]
fn incremental_changes_keep_what_they_do_not_name() {
    let image = alter(&image(), &[("k", set("1")), ("l", set("2"))]);
    let image = alter(&image, &[("k", ConfigOp::Delete), ("m", set("3"))]);
    assert_eq!(settings(&image), [("l", "2"), ("m", "3")]);
}

#[test]
fn lists_are_appended_to_and_subtracted_from_what_applies() {
    let image = alter(&image(), &[("k.list", ConfigOp::Append("y, z,x".into()))]);
    assert_eq!(settings(&image), [("k.list", "x,y,z")]);
    let image = alter(&image, &[("k.list", ConfigOp::Subtract("x,q".into()))]);
    assert_eq!(settings(&image), [("k.list", "y,z")]);
    let no_list = change(ConfigResource::topic("a"), &[("k", ConfigOp::Append("y".into()))]);
    let outcome = incremental_alter_configs(&image, &[no_list], &Rules, false);
    assert_eq!(outcome.response[0].1.as_ref().unwrap_err().code().code(), 40);
}

#[test]
fn replacement_takes_away_what_it_does_not_name() {
    let image = alter(&image(), &[("k", set("1")), ("l", set("2"))]);
    let replacement = ConfigReplacement {
        resource: ConfigResource::topic("a"),
        settings: vec![("l".into(), "2".into()), ("m".into(), "3".into())],
    };
    let outcome = alter_configs(&image, &[replacement], &Rules, false);
    assert_eq!(outcome.records.len(), 2);
    assert_eq!(settings(&after(&image, outcome.records)), [("l", "2"), ("m", "3")]);
}

#[test]
fn unchanged_settings_write_nothing() {
    let image = alter(&image(), &[("k", set("1"))]);
    let same = change(ConfigResource::topic("a"), &[("k", set("1"))]);
    assert!(incremental_alter_configs(&image, &[same], &Rules, false).records.is_empty());
    let other = change(ConfigResource::topic("a"), &[("k", set("2"))]);
    assert!(incremental_alter_configs(&image, &[other], &Rules, true).records.is_empty());
}

#[test]
fn each_resource_stands_for_itself() {
    let broker = |name: &str| ConfigResource { kind: ResourceKind::Broker, name: name.into() };
    let group = |name: &str| ConfigResource { kind: ResourceKind::Group, name: name.into() };
    let good = &[("k", set("1"))];
    let changes = [
        change(ConfigResource::topic("a"), &[("k", set("bad"))]),
        change(ConfigResource::topic("x"), good),
        change(ConfigResource::all_brokers(), good),
        change(broker("1"), good),
        change(broker("7"), good),
        change(broker("one"), good),
        change(broker("01"), good),
        change(group("g"), good),
        change(group(""), good),
        change(group("h"), &[("k", set("1")), ("k", ConfigOp::Delete)]),
        change(group("twice"), good),
        change(group("twice"), good),
    ];
    let outcome = incremental_alter_configs(&image(), &changes, &Rules, false);
    let codes: Vec<i16> =
        outcome.response.iter().map(|(_, result)| result.as_ref().map_or_else(number, |()| 0)).collect();
    assert_eq!(codes, [40, 3, 0, 0, 102, 42, 42, 0, 42, 42, 42]);
    assert_eq!(outcome.records.len(), 3);
}
