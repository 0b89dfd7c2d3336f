//! Descriptions as clients see them, held against what Apache Kafka 4.3.1 answers.

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn one(all: Vec<DescribedConfig>, name: &str) -> DescribedConfig {
    all.into_iter().find(|config| config.name == name).unwrap()
}

fn synonyms(config: &DescribedConfig) -> Vec<(&str, &str, ConfigSource)> {
    config.synonyms.iter().map(|s| (s.name.as_str(), s.value.as_deref().unwrap(), s.source)).collect()
}

#[test]
fn topic_setting_lists_every_layer_under_the_name_it_has_there() {
    let fixed = map(&[("log.retention.hours", "2")]);
    let dynamic = DynamicBrokerConfigs {
        per_broker: map(&[("log.retention.ms", "8")]),
        cluster_wide: map(&[("log.retention.ms", "9")]),
    };
    let layers = Layers { fixed: &fixed, dynamic: &dynamic };
    let config = one(describe_topic(&map(&[("retention.ms", "7")]), &layers), "retention.ms");
    assert_eq!((config.value.as_deref(), config.source), (Some("7"), ConfigSource::DynamicTopic));
    assert_eq!(
        synonyms(&config),
        [
            ("retention.ms", "7", ConfigSource::DynamicTopic),
            ("log.retention.ms", "8", ConfigSource::DynamicBroker),
            ("log.retention.ms", "9", ConfigSource::DynamicDefaultBroker),
            ("log.retention.hours", "2", ConfigSource::StaticBroker),
            ("log.retention.hours", "168", ConfigSource::Default),
        ]
    );
}

#[test]
fn topic_setting_that_nobody_set_has_the_brokers_default_as_synonym() {
    let (fixed, dynamic) = (BTreeMap::new(), DynamicBrokerConfigs::default());
    let all = describe_topic(&BTreeMap::new(), &Layers { fixed: &fixed, dynamic: &dynamic });
    let config = one(all.clone(), "max.message.bytes");
    assert_eq!((config.value.as_deref(), config.source), (Some("1048588"), ConfigSource::Default));
    assert_eq!(synonyms(&config), [("message.max.bytes", "1048588", ConfigSource::Default)]);
    assert!(synonyms(&one(all, "remote.storage.enable")).is_empty());
}

#[test]
fn topic_is_described_with_every_setting_that_kafka_has() {
    let (fixed, dynamic) = (BTreeMap::new(), DynamicBrokerConfigs::default());
    let all = describe_topic(&BTreeMap::new(), &Layers { fixed: &fixed, dynamic: &dynamic });
    assert_eq!(all.len(), 33 + 1, "the settings of Kafka and highwater.flush.before.ack");
    assert!(all.iter().all(|config| !config.read_only && config.value.is_some()));
}

#[test]
fn broker_setting_without_a_value_has_no_synonyms() {
    let (fixed, dynamic) = (BTreeMap::new(), DynamicBrokerConfigs::default());
    let config = one(describe_broker(&Layers { fixed: &fixed, dynamic: &dynamic }), "log.retention.ms");
    assert_eq!(
        (config.value.as_deref(), config.source, config.read_only),
        (None, ConfigSource::Default, false)
    );
    assert!(config.synonyms.is_empty());
}

#[test]
fn broker_settings_tell_their_type_and_whether_they_change() {
    let fixed = map(&[("node.id", "3")]);
    let dynamic = DynamicBrokerConfigs::default();
    let config = one(describe_broker(&Layers { fixed: &fixed, dynamic: &dynamic }), "node.id");
    assert_eq!((config.type_code(), config.read_only, config.source), (3, true, ConfigSource::StaticBroker));
    assert_eq!(
        synonyms(&config),
        [("node.id", "3", ConfigSource::StaticBroker), ("node.id", "1", ConfigSource::Default)]
    );
}

#[test]
fn changes_for_all_brokers_are_the_resource_without_a_name() {
    let dynamic = DynamicBrokerConfigs {
        per_broker: BTreeMap::new(),
        cluster_wide: map(&[("message.max.bytes", "5"), ("num.io.threads", "9")]),
    };
    let all = describe_broker_defaults(&dynamic);
    assert_eq!(all.len(), 2);
    let known = one(all.clone(), "message.max.bytes");
    assert_eq!(synonyms(&known), [("message.max.bytes", "5", ConfigSource::DynamicDefaultBroker)]);
    assert_eq!(one(all, "num.io.threads").value.as_deref(), Some("9"));
}
