//! Rows of the APIs about settings.

use broker_protocol::messages::describe_configs_request::DescribeConfigsResource;
use broker_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ListConfigResourcesRequest,
    ListConfigResourcesResponse, alter_configs_request, incremental_alter_configs_request,
};

use crate::driver::{Driver, code};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from, as the wire spells it.
const DYNAMIC_TOPIC: i8 = 1;
const DEFAULT: i8 = 5;

/// Type of a setting that is a list, and of one that is a long.
const LIST: i8 = 7;
const LONG: i8 = 5;

fn resource<'a>(kind: i8, name: &'a str, keys: &[&'a str]) -> DescribeConfigsResource<'a> {
    DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: Some(keys.iter().map(|key| (*key).into()).collect()),
    }
}

/// Value and source of a topic's setting.
async fn setting(driver: &mut Driver, topic: &str, key: &str) -> (String, i8) {
    let request = DescribeConfigsRequest {
        resources: vec![resource(TOPIC, topic, &[key])],
        ..DescribeConfigsRequest::default()
    };
    let frame = driver.call(&request, 4).await;
    let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
    let config = &response.results[0].configs[0];
    (config.value.as_deref().unwrap().to_owned(), config.config_source)
}

pub(crate) async fn describe_configs(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    let request = DescribeConfigsRequest {
        resources: vec![
            resource(TOPIC, &topic.name, &["retention.ms", "cleanup.policy"]),
            DescribeConfigsResource {
                resource_type: BROKER,
                resource_name: "1".into(),
                configuration_keys: None,
            },
            resource(TOPIC, "not-there", &[]),
        ],
        include_synonyms: true,
        include_documentation: true,
    };
    let frame = driver.call(&request, version).await;
    let response: DescribeConfigsResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.results.len()), (0, 3));
    let [of_topic, of_broker, missing] = &response.results[..] else {
        panic!("{:?}", response.results);
    };
    assert_eq!(
        (of_topic.error_code, of_topic.resource_type, &*of_topic.resource_name),
        (0, TOPIC, &*topic.name)
    );
    assert_eq!(of_topic.configs.len(), 2);
    let named = |name: &str| of_topic.configs.iter().find(|config| config.name == name).unwrap();
    let retention = named("retention.ms");
    assert_eq!((retention.value.as_deref(), retention.config_source), (Some("604800000"), DEFAULT));
    assert!(!retention.read_only && !retention.is_sensitive);
    let synonyms: Vec<_> =
        retention.synonyms.iter().map(|one| (&*one.name, one.value.as_deref(), one.source)).collect();
    assert_eq!(synonyms, [("log.retention.hours", Some("168"), DEFAULT)]);
    let cleanup = named("cleanup.policy");
    let typed = (retention.config_type, cleanup.config_type);
    assert_eq!(typed, if version >= 3 { (LONG, LIST) } else { (0, 0) });
    assert_eq!(retention.documentation.as_ref().is_some_and(|text| !text.is_empty()), version >= 3);

    assert_eq!((of_broker.error_code, of_broker.resource_type, &*of_broker.resource_name), (0, BROKER, "1"));
    assert!(of_broker.configs.len() > 50, "every setting is told: {}", of_broker.configs.len());
    let node_id = of_broker.configs.iter().find(|config| config.name == "node.id").unwrap();
    assert_eq!((node_id.value.as_deref(), node_id.read_only), (Some("1"), true));

    assert_eq!(
        (missing.error_code, &*missing.resource_name),
        (code::UNKNOWN_TOPIC_OR_PARTITION, "not-there")
    );
    assert!(missing.error_message.is_some() && missing.configs.is_empty());
}

pub(crate) async fn alter_configs(driver: &mut Driver, version: i16) {
    use alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let topic = driver.topic(1).await;
    let wanted = |name: &str, key: &'static str, value: &'static str| AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: name.to_owned().into(),
        configs: vec![AlterableConfig { name: key.into(), value: Some(value.into()) }],
    };
    let mut request = AlterConfigsRequest {
        resources: vec![
            wanted(&topic.name, "retention.ms", "777"),
            wanted("not-there", "retention.ms", "777"),
        ],
        validate_only: true,
    };
    for (validate_only, expected) in
        [(true, ("604800000".to_owned(), DEFAULT)), (false, ("777".to_owned(), DYNAMIC_TOPIC))]
    {
        request.validate_only = validate_only;
        let frame = driver.call(&request, version).await;
        let response: AlterConfigsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.responses.len()), (0, 2));
        let [changed, missing] = [&response.responses[0], &response.responses[1]];
        assert_eq!((changed.error_code, changed.error_message.as_ref()), (code::NONE, None));
        assert_eq!((changed.resource_type, &*changed.resource_name), (TOPIC, &*topic.name));
        assert_eq!(
            (missing.error_code, &*missing.resource_name),
            (code::UNKNOWN_TOPIC_OR_PARTITION, "not-there")
        );
        assert_eq!(setting(driver, &topic.name, "retention.ms").await, expected);
    }
    // What is not named goes back to its default.
    let request = AlterConfigsRequest {
        resources: vec![wanted(&topic.name, "segment.bytes", "1048576")],
        validate_only: false,
    };
    driver.call(&request, version).await;
    assert_eq!(setting(driver, &topic.name, "retention.ms").await.1, DEFAULT);
    assert_eq!(setting(driver, &topic.name, "segment.bytes").await, ("1048576".to_owned(), DYNAMIC_TOPIC));
}

pub(crate) async fn incremental_alter_configs(driver: &mut Driver, version: i16) {
    use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    const SET: i8 = 0;
    const DELETE: i8 = 1;
    const APPEND: i8 = 2;
    let topic = driver.topic(1).await;
    let wanted = |key: &'static str, operation, value: Option<&'static str>| AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: topic.name.clone().into(),
        configs: vec![AlterableConfig {
            name: key.into(),
            config_operation: operation,
            value: value.map(Into::into),
        }],
    };
    // One change after the other, and what the setting is then.
    let changes = [
        (wanted("retention.ms", SET, Some("888")), code::NONE, ("888", DYNAMIC_TOPIC)),
        (wanted("retention.ms", SET, Some("soon")), code::INVALID_CONFIG, ("888", DYNAMIC_TOPIC)),
        (wanted("retention.ms", DELETE, None), code::NONE, ("604800000", DEFAULT)),
        (wanted("cleanup.policy", APPEND, Some("compact")), code::NONE, ("delete,compact", DYNAMIC_TOPIC)),
        (wanted("retention.ms", 9, Some("1")), code::INVALID_REQUEST, ("604800000", DEFAULT)),
    ];
    for (change, error, (value, source)) in changes {
        let key = change.configs[0].name.clone();
        let request = IncrementalAlterConfigsRequest { resources: vec![change], validate_only: false };
        let frame = driver.call(&request, version).await;
        let response: IncrementalAlterConfigsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.responses.len()), (0, 1));
        let changed = &response.responses[0];
        assert_eq!(changed.error_code, error, "{:?}", changed.error_message);
        assert_eq!(changed.error_message.is_some(), error != code::NONE);
        assert_eq!((changed.resource_type, &*changed.resource_name), (TOPIC, &*topic.name));
        assert_eq!(setting(driver, &topic.name, &key).await, (value.to_owned(), source));
    }
    let request = IncrementalAlterConfigsRequest {
        resources: vec![wanted("retention.ms", SET, Some("999"))],
        validate_only: true,
    };
    driver.call(&request, version).await;
    assert_eq!(setting(driver, &topic.name, "retention.ms").await.1, DEFAULT);
}

pub(crate) async fn list_config_resources(driver: &mut Driver, version: i16) {
    let topic = driver.topic(1).await;
    let frame = driver.call(&ListConfigResourcesRequest::default(), version).await;
    let response: ListConfigResourcesResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    if version == 0 {
        assert_eq!(
            response.config_resources,
            [],
            "version 0 knows client metrics only, of which there are none"
        );
        return;
    }
    let has = |kind, name: &str| {
        response.config_resources.iter().any(|one| one.resource_type == kind && one.resource_name == name)
    };
    assert!(has(TOPIC, &topic.name) && has(BROKER, "1"));
    let request = ListConfigResourcesRequest { resource_types: vec![BROKER] };
    let frame = driver.call(&request, version).await;
    let response: ListConfigResourcesResponse<'_> = frame.decode().unwrap();
    assert!(response.config_resources.iter().all(|one| one.resource_type == BROKER));
    let request = ListConfigResourcesRequest { resource_types: vec![99] };
    let frame = driver.call(&request, version).await;
    let response: ListConfigResourcesResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::UNSUPPORTED_VERSION);
}
