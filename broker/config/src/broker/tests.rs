//! Values that are valid alone and not together, and what the typed settings make of special values.

use super::*;
use crate::load::Config;

fn typed(sets: &[&str]) -> Result<BrokerConfig, String> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Config::load(None, [], &sets)
        .map(|(config, _)| config.broker().clone())
        .map_err(|error| error.to_string())
}

#[test]
fn several_directories_are_refused_and_one_is_taken() {
    assert_eq!(typed(&["log.dirs=/a"]).unwrap().log_dir.to_str(), Some("/a"));
    assert_eq!(typed(&["log.dir=/b"]).unwrap().log_dir.to_str(), Some("/b"));
    assert_eq!(typed(&["log.dir=/b", "log.dirs=/a"]).unwrap().log_dir.to_str(), Some("/a"));
    assert_eq!(
        typed(&["log.dirs=/a,/b"]).unwrap_err(),
        "log.dirs: `/a,/b` names several directories; exactly one is supported yet"
    );
}

#[test]
fn advertised_listeners_come_from_listeners() {
    let config = typed(&["listeners=PLAINTEXT://127.0.0.1:0"]).unwrap();
    assert_eq!(config.advertised_listeners, config.listeners);
}

#[test]
fn wildcard_address_cannot_be_advertised() {
    for listeners in ["listeners=PLAINTEXT://0.0.0.0:9092", "listeners=PLAINTEXT://[::]:9092"] {
        let line = typed(&[listeners]).unwrap_err();
        assert!(line.starts_with("advertised.listeners: no client can connect to PLAINTEXT://"), "{line}");
        assert!(typed(&[listeners, "advertised.listeners=PLAINTEXT://example.org:9092"]).is_ok());
    }
}

#[test]
fn advertised_listener_needs_a_listener_and_a_port() {
    let unknown = typed(&["advertised.listeners=OUT://h:1"]).unwrap_err();
    assert!(unknown.contains("no listener with the name of OUT://h:1"), "{unknown}");
    assert!(typed(&["advertised.listeners=PLAINTEXT://h:0"]).unwrap_err().contains("needs the port"));
}

#[test]
fn listeners_other_than_plaintext_are_refused() {
    let line = typed(&["listeners=SSL://127.0.0.1:9092"]).unwrap_err();
    assert_eq!(line, "listeners: SSL://127.0.0.1:9092 asks for SSL; only PLAINTEXT is supported yet");
    let line = typed(&["listeners=INSIDE://127.0.0.1:9092"]).unwrap_err();
    assert!(line.contains("no entry in listener.security.protocol.map"), "{line}");
    assert!(
        typed(&["listeners=INSIDE://127.0.0.1:9092", "listener.security.protocol.map=INSIDE:PLAINTEXT"])
            .is_ok()
    );
}

#[test]
fn two_listeners_cannot_have_one_address() {
    let map = "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT";
    assert!(typed(&["listeners=A://h:1,B://h:1", map]).unwrap_err().contains("has the address of A://h:1"));
    assert!(typed(&["listeners=A://h:0,B://h:0", map]).is_ok());
}

#[test]
fn listeners_of_controllers_are_neither_opened_nor_told_to_clients() {
    let both = "PLAINTEXT://localhost:9092,CONTROLLER://:9093";
    let sets = [
        &format!("listeners={both}"),
        &format!("advertised.listeners={both}"),
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=CONTROLLER:SSL,PLAINTEXT:PLAINTEXT",
    ];
    let config = typed(&sets).unwrap();
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.advertised_listeners[0].to_string(), "PLAINTEXT://localhost:9092");
    let line = typed(&["controller.listener.names=PLAINTEXT"]).unwrap_err();
    assert!(line.starts_with("listeners: controller.listener.names leaves none"), "{line}");
}

#[test]
fn request_must_fit_into_the_memory_budget() {
    let line = typed(&["highwater.memory.max.bytes=1048576"]).unwrap_err();
    assert!(line.contains("less than socket.request.max.bytes, 104857600"), "{line}");
    assert!(typed(&["highwater.memory.max.bytes=1048576", "socket.request.max.bytes=1048576"]).is_ok());
}

#[test]
fn the_largest_request_must_fit_into_the_queue_of_requests() {
    let line = typed(&["queued.max.request.bytes=5"]).unwrap_err();
    assert!(line.contains("less than socket.request.max.bytes, 104857600"), "{line}");
}

#[test]
fn shortest_session_timeout_is_at_most_the_longest() {
    assert!(typed(&["group.min.session.timeout.ms=1800001"]).unwrap_err().contains("1800000"));
}

#[test]
fn negative_numbers_mean_none() {
    let config = typed(&["connections.max.idle.ms=-1", "socket.send.buffer.bytes=-1"]).unwrap();
    assert_eq!((config.network.idle_ms_max, config.network.send_buffer_bytes), (None, None));
    assert_eq!(config.network.queued_request_bytes_max, config.network.memory_bytes_max);
    let config = typed(&["queued.max.request.bytes=5", "socket.request.max.bytes=5"]).unwrap();
    assert_eq!(config.network.queued_request_bytes_max, 5);
    assert_eq!(typed(&["highwater.http.listener="]).unwrap().http_listener, None);
}

#[test]
fn admin_service_elsewhere_than_on_loopback_needs_a_token() {
    let default = typed(&[]).unwrap().admin.unwrap();
    assert_eq!((default.listener, default.token_file), (("127.0.0.1".to_owned(), 9645), None));
    assert_eq!(typed(&["highwater.admin.listener="]).unwrap().admin, None);
    for own in ["[::1]:1", "localhost:1", "127.0.0.2:1"] {
        assert!(typed(&[&format!("highwater.admin.listener={own}")]).is_ok(), "{own}");
    }
    for others in ["0.0.0.0:9645", "[::]:9645", ":9645", "broker.example:9645"] {
        let listener = format!("highwater.admin.listener={others}");
        let line = typed(&[&listener]).unwrap_err();
        assert!(line.starts_with("highwater.admin.listener: "), "{line}");
        assert!(line.contains("set highwater.admin.token.file"), "{line}");
        let with_token = typed(&[&listener, "highwater.admin.token.file=/t"]).unwrap().admin.unwrap();
        assert_eq!(with_token.token_file.unwrap().to_str(), Some("/t"));
    }
}
