//! The lines of `testdata/golden.jsonl`: messages that Kafka's own code wrote.

use serde_json::Value;

/// One message in one version, as bytes and as JSON.
pub(crate) struct Line {
    /// Name of the message.
    pub(crate) message: String,
    /// Version of the message.
    pub(crate) version: i16,
    /// The message on the wire.
    pub(crate) bytes: Vec<u8>,
    /// The message in Kafka's JSON form.
    #[allow(dead_code, reason = "the other tests look at bytes only")]
    pub(crate) json: Value,
}

/// All lines.
pub(crate) fn lines() -> impl Iterator<Item = Line> {
    include_str!("../../testdata/golden.jsonl").lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let hex = line["hex"].as_str().unwrap();
        Line {
            message: line["message"].as_str().unwrap().to_owned(),
            version: i16::try_from(line["version"].as_i64().unwrap()).unwrap(),
            bytes: (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect(),
            json: line["json"].clone(),
        }
    })
}
