//! Loading as a start sees it: precedence, warnings, and one-line errors.

use super::*;

fn load(file: &str, env: &[(&str, &str)], sets: &[&str]) -> Result<(Config, Vec<Warning>), ConfigError> {
    let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Config::load(Some(ConfigFile { name: "server.properties", contents: file }), env, &sets)
}

fn error(file: &str, env: &[(&str, &str)], sets: &[&str]) -> String {
    let line = load(file, env, sets).unwrap_err().to_string();
    assert!(!line.contains('\n'));
    line
}

fn warnings(file: &str, env: &[(&str, &str)]) -> Vec<String> {
    load(file, env, &[]).unwrap().1.iter().map(ToString::to_string).collect()
}

#[test]
fn start_without_any_setting_is_valid() {
    let (config, warnings) = Config::load(None, [], &[]).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(config.broker().log_dir.to_str(), Some("./highwater-data"));
    assert_eq!(config.broker().listeners[0].to_string(), "PLAINTEXT://127.0.0.1:9092");
}

#[test]
fn command_line_beats_environment_beats_file_beats_default() {
    let env = [("HIGHWATER_NUM_PARTITIONS", "3")];
    let partitions = |file: &str, env: &[(&str, &str)], sets: &[&str]| {
        load(file, env, sets).unwrap().0.broker().topics.partitions
    };
    assert_eq!(partitions("", &[], &[]), 1);
    assert_eq!(partitions("num.partitions=2", &[], &[]), 2);
    assert_eq!(partitions("num.partitions=2", &env, &[]), 3);
    assert_eq!(partitions("num.partitions=2", &env, &["num.partitions=4"]), 4);
    assert_eq!(partitions("num.partitions=2", &env, &["num.partitions=4", "num.partitions = 5"]), 5);
}

#[test]
fn a_misspelled_word_is_answered_with_the_nearest() {
    let line = error("", &[], &["log.message.timestamp.type=createtime"]);
    assert!(line.ends_with("(--set); did you mean CreateTime?"), "{line}");
    let line = error("", &[], &["delete.topic.enable=ture"]);
    assert!(line.ends_with("(--set); did you mean true?"), "{line}");
    let line = error("", &[], &["compression.type=brotli"]);
    assert!(line.ends_with("(--set)"), "nothing is near: {line}");
}

#[test]
fn own_keys_lose_their_prefix_in_the_environment() {
    let (config, warnings) =
        load("", &[("HIGHWATER_HTTP_LISTENER", "127.0.0.1:1"), ("PATH", "/bin")], &[]).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(config.broker().http_listener, Some(("127.0.0.1".to_owned(), 1)));
}

#[test]
fn unknown_variable_warns_and_starts() {
    let env = [("HIGHWATER_NUM_PARTITION", "3"), ("HIGHWATER_BROKER_SERVICE_PORT_CLIENTS_TCP_ADDR", "tcp")];
    let lines = warnings("", &env);
    assert_eq!(lines[0], "environment variable HIGHWATER_BROKER_SERVICE_PORT_CLIENTS_TCP_ADDR sets nothing");
    assert_eq!(
        lines[1],
        "environment variable HIGHWATER_NUM_PARTITION sets nothing; did you mean HIGHWATER_NUM_PARTITIONS?"
    );
}

#[test]
fn unknown_key_names_its_place_and_the_nearest_key() {
    assert_eq!(error("a=b\nlog.segment.byte=1", &[], &[]), "unknown setting a (server.properties line 1)",);
    assert_eq!(
        error("\nlog.segment.byte=1", &[], &[]),
        "unknown setting log.segment.byte (server.properties line 2); did you mean log.segment.bytes?"
    );
    assert_eq!(error("", &[], &["nod.id=1"]), "unknown setting nod.id (--set); did you mean node.id?");
}

#[test]
fn topic_key_in_the_file_suggests_the_brokers_setting() {
    assert!(error("", &[], &["retention.ms=1"]).ends_with("did you mean log.retention.ms?"));
}

#[test]
fn bad_value_names_key_value_and_expectation() {
    assert_eq!(
        error("", &[("HIGHWATER_NUM_PARTITIONS", "many")], &[]),
        "invalid value `many` for num.partitions: expected a whole number of 32 bits, at least 1 \
         (environment variable HIGHWATER_NUM_PARTITIONS)"
    );
    assert_eq!(error("", &[], &["num.partitions"]), "--set num.partitions: expected key=value");
}

#[test]
fn settings_of_kafka_without_meaning_warn() {
    assert_eq!(
        warnings("num.io.threads=8", &[("HIGHWATER_PROCESS_ROLES", "broker")]),
        [
            "num.io.threads (server.properties line 1) has no effect: threads and queues size themselves",
            "process.roles (environment variable HIGHWATER_PROCESS_ROLES) has no effect: every broker is its own \
             controller, and its metadata log needs no settings"
        ]
    );
}

#[test]
fn settings_that_ask_for_protection_are_refused() {
    for key in ["authorizer.class.name", "ssl.keystore.location", "sasl.enabled.mechanisms", "super.users"] {
        let line = error("", &[], &[&format!("{key}=x")]);
        assert!(line.starts_with(key) && line.contains("no TLS, authentication or authorization"), "{line}");
    }
}

#[test]
fn variables_that_ask_for_protection_are_refused_too() {
    for variable in [
        "HIGHWATER_SSL_CLIENT_AUTH",
        "HIGHWATER_SASL_ENABLED_MECHANISMS",
        "HIGHWATER_LISTENER_NAME_CLIENTS_SSL_KEYSTORE_LOCATION",
        "HIGHWATER_SUPER_USERS",
    ] {
        let line = error("", &[(variable, "x")], &[]);
        assert!(line.contains("no TLS, authentication or authorization"), "{line}");
        assert!(line.contains(variable), "{line}");
    }
}

#[test]
fn variables_of_a_kubernetes_service_do_not_stop_the_start() {
    let services = [
        "HIGHWATER_SSL_PORT",
        "HIGHWATER_SSL_SERVICE_HOST",
        "HIGHWATER_SSL_SERVICE_PORT_CLIENTS",
        "HIGHWATER_SSL_PORT_9092_TCP_ADDR",
    ];
    assert_eq!(warnings("", &services.map(|variable| (variable, "x"))).len(), services.len());
}

#[test]
fn values_that_would_keep_nothing_or_never_be_in_force_are_refused() {
    for key in ["log.retention.ms", "log.retention.minutes", "log.retention.hours"] {
        assert!(error("", &[], &[&format!("{key}=0")]).contains("or -1"), "{key}");
        assert!(load("", &[], &[&format!("{key}=-1")]).is_ok(), "{key}");
    }
    assert!(error("", &[], &["offsets.topic.segment.bytes=65536"]).contains("at least 1048576"));
}

#[test]
fn settings_that_kafka_4_has_removed_are_refused_with_the_reason_and_no_wild_guess() {
    for key in [
        "zookeeper.connect",
        "zookeeper.ssl.client.enable",
        "broker.id.generation.enable",
        "inter.broker.protocol.version",
        "control.plane.listener.name",
        "password.encoder.secret",
        "leader.imbalance.per.broker.percentage",
    ] {
        let line = error(&format!("{key}=x"), &[], &[]);
        assert!(line.starts_with(&format!("{key}: has no meaning without ZooKeeper")), "{line}");
        assert!(line.ends_with("(server.properties line 1)") && !line.contains("did you mean"), "{line}");
    }
    assert_eq!(
        error("", &[("HIGHWATER_ZOOKEEPER_CONNECT", "localhost:2181")], &[]),
        "zookeeper.connect: has no meaning without ZooKeeper, which Kafka 4 and this broker do without \
         (environment variable HIGHWATER_ZOOKEEPER_CONNECT)"
    );
    for key in ["log.message.format.version", "offsets.commit.required.acks"] {
        let line = error("", &[], &[&format!("{key}=1")]);
        assert!(line.starts_with(&format!("{key}: is not a setting of Kafka 4 any more: ")), "{line}");
    }
}

#[test]
fn repeated_key_in_the_file_warns_and_the_last_one_counts() {
    let (config, warnings) = load("num.partitions=2\nnum.partitions=3", &[], &[]).unwrap();
    assert_eq!(config.broker().topics.partitions, 3);
    assert_eq!(
        warnings[0].to_string(),
        "num.partitions (server.properties line 1) is set again further down"
    );
}

#[test]
fn node_id_and_broker_id_are_one_setting() {
    assert_eq!(load("broker.id=7", &[], &[]).unwrap().0.broker().node_id, 7);
    let config = load("node.id=8", &[], &[]).unwrap().0;
    assert_eq!(config.layers(&DynamicBrokerConfigs::default()).get("broker.id").as_deref(), Some("8"));
    assert_eq!(
        error("node.id=8\nbroker.id=7", &[], &[]),
        "broker.id: is 7 and node.id is 8; they have to be equal"
    );
}

#[test]
fn syntax_error_names_file_and_line() {
    assert_eq!(error("a=\\u00", &[], &[]), "server.properties line 1: \\u needs four hexadecimal digits");
}

#[test]
fn printed_settings_load_as_themselves() {
    let config =
        load("broker.rack=\\ a\\\\b", &[("HIGHWATER_LOG_FORMAT", "json")], &["node.id=4"]).unwrap().0;
    let printed = config.print();
    let again = load(&printed, &[], &[]).unwrap();
    assert!(again.1.is_empty());
    assert_eq!(again.0.broker(), config.broker());
    assert!(
        printed
            .contains("# source: environment variable HIGHWATER_LOG_FORMAT\nhighwater.log.format = json\n")
    );
    assert!(printed.contains("# source: --set\nnode.id = 4\n"));
    assert!(printed.contains("# source: default\nnum.partitions = 1\n"));
}

#[test]
fn shipped_properties_of_kafka_start_here() {
    let file = "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
        listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n\
        advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\ncontroller.listener.names=CONTROLLER\n\
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\nnum.network.threads=3\n\
        num.io.threads=8\nsocket.send.buffer.bytes=102400\nsocket.receive.buffer.bytes=102400\n\
        socket.request.max.bytes=104857600\nlog.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\n\
        num.recovery.threads.per.data.dir=2\noffsets.topic.replication.factor=1\n\
        share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
        transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\nlog.retention.hours=168\n\
        log.segment.bytes=1073741824\nlog.retention.check.interval.ms=300000\n";
    let (config, warnings) = load(file, &[], &[]).unwrap();
    assert_eq!(config.broker().advertised_listeners[0].to_string(), "PLAINTEXT://localhost:9092");
    assert_eq!(config.broker().listeners.len(), 1);
    assert_eq!(warnings.len(), 10);
}
