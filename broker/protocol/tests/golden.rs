//! Every line of `testdata/golden.jsonl`, written by Kafka's own code, decodes to its JSON and encodes to its bytes.
//!
//! Kafka's JSON leaves the content of `records` fields out (it writes an empty text); those are compared by bytes only.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "golden/lines.rs"]
mod lines;

use std::collections::BTreeSet;

use broker_protocol::codec::json::JsonValue;
use broker_protocol::codec::{Message, Reader, Writer};
use broker_protocol::for_each_message;
use serde_json::Value;

use lines::{Line, lines};

fn check<'a, M: Message<'a> + JsonValue>(line: &'a Line) {
    let place = format!("{} version {}: {}", line.message, line.version, line.json);
    let mut reader = Reader::new(&line.bytes);
    let message = M::decode(&mut reader, line.version).unwrap_or_else(|error| panic!("{error} in {place}"));
    assert_eq!(reader.remaining(), 0, "{place}");
    let json = message.to_json(line.version);
    assert_eq!(without_records(json.clone()), line.json, "{place}");
    let parsed = M::from_json(&json, line.version).unwrap_or_else(|error| panic!("{error} in {place}"));
    assert_eq!(parsed, message, "{place}");
    let mut writer = Writer::new();
    parsed.encode(&mut writer, line.version).unwrap_or_else(|error| panic!("{error} in {place}"));
    assert_eq!(writer.bytes(), line.bytes, "{place}");
}

fn without_records(json: Value) -> Value {
    match json {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| match (name.as_str(), &value) {
                ("records" | "unalignedRecords", Value::String(_)) => (name, Value::from("")),
                _ => (name, without_records(value)),
            })
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_records).collect(),
        other => other,
    }
}

macro_rules! check_line {
    ($($message:ident)*) => {
        fn check_line(line: &Line) {
            match line.message.as_str() {
                $(stringify!($message) => check::<broker_protocol::messages::$message>(line),)*
                other => panic!("no message is named {other}"),
            }
        }

        fn every_version() -> BTreeSet<(String, i16)> {
            let mut all = BTreeSet::new();
            $(for version in broker_protocol::messages::$message::VERSIONS {
                all.insert((stringify!($message).to_owned(), version));
            })*
            all
        }
    };
}
for_each_message!(check_line);

#[test]
fn every_golden_line_survives_both_ways() {
    let count = lines().map(|line| check_line(&line)).count();
    assert_eq!(count, 2067);
}

#[test]
fn golden_lines_cover_every_version_of_every_message() {
    let covered: BTreeSet<_> = lines().map(|line| (line.message, line.version)).collect();
    assert_eq!(covered, every_version());
}
