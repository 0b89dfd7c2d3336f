//! The JSON form of an event, one per line:
//! `{"idx":7,"t_ns":9,"process":1,"type":"ok","f":"send","value":[["send","k",[0,41,99]]],"rebalance_log":["k"]}`.
//!
//! `value` is a list of micro-ops; for assign and subscribe a list of keys; for crash and final `null`:
//! `["send",key,[offset|null,value,crc?]]` · `["poll",{key:[[offset,value,crc?],…]}]` · `["commit",group,{key:offset}]` ·
//! `["committed",group,{key:offset|null}]` · `["reset",group,{key:offset|null}]` · `["bounds",key,[start|null,end|null]]` ·
//! `["delete",key,offset]`. Fields of no interest (`rebalance_log` when empty, a record's checksum, `error`: the cause of
//! an unknown end) may be left out.

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Event, Function, HistoryError, Key, Kind, MicroOp, Record};

#[derive(Serialize, Deserialize)]
struct Line {
    idx: u64,
    t_ns: u64,
    process: u64,
    #[serde(rename = "type")]
    kind: Kind,
    f: Function,
    value: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rebalance_log: Vec<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Key>,
}

/// Reads events line by line; empty lines are passed over. Ends after the first error.
pub fn read_lines(input: impl BufRead) -> impl Iterator<Item = Result<Event, HistoryError>> {
    let mut failed = false;
    input.lines().zip(1..).filter_map(move |(text, line)| {
        if failed {
            return None;
        }
        let event = match text {
            Ok(text) if text.trim().is_empty() => return None,
            Ok(text) => parse(&text).map_err(|reason| HistoryError::Malformed { line, reason }),
            Err(error) => Err(error.into()),
        };
        failed = event.is_err();
        Some(event)
    })
}

/// The event as one line of JSON, without the line feed.
pub fn to_line(event: &Event) -> String {
    let value = match event.f {
        Function::Assign | Function::Subscribe => json!(event.keys),
        Function::Crash | Function::Final => Value::Null,
        _ => event.ops.iter().map(micro_op_value).collect(),
    };
    let &Event { idx, t_ns, process, kind, f, .. } = event;
    let (rebalance_log, error) = (event.rebalanced.clone(), event.cause.clone());
    let line = Line { idx, t_ns, process, kind, f, value, rebalance_log, error };
    serde_json::to_string(&line).expect("a line has string keys and finite numbers only")
}

fn parse(text: &str) -> Result<Event, String> {
    let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (mut ops, mut keys) = (Vec::new(), Vec::new());
    match line.f {
        Function::Assign | Function::Subscribe => {
            keys = array(&line.value, "keys")?.iter().map(key).collect::<Result<_, _>>()?;
        }
        Function::Crash | Function::Final => {}
        _ => ops = array(&line.value, "micro-ops")?.iter().map(micro_op).collect::<Result<_, _>>()?,
    }
    let Line { idx, t_ns, process, kind, f, rebalance_log: rebalanced, error: cause, .. } = line;
    Ok(Event { idx, t_ns, process, kind, f, ops, keys, rebalanced, cause })
}

fn micro_op(value: &Value) -> Result<MicroOp, String> {
    let parts = array(value, "a micro-op")?;
    let name = parts.first().and_then(Value::as_str).ok_or("a micro-op begins with its name")?;
    let part = |at: usize| parts.get(at).ok_or_else(|| format!("{name}: part {at} is missing"));
    match name {
        "send" => Ok(MicroOp::Send(key(part(1)?)?, record(part(2)?)?)),
        "poll" => {
            let polled = object(part(1)?)?.iter().map(|(key, records)| {
                let records = array(records, "records")?.iter().map(record).collect::<Result<_, _>>()?;
                Ok((Key::from(key.as_str()), records))
            });
            Ok(MicroOp::Poll(polled.collect::<Result<_, String>>()?))
        }
        "commit" => {
            let offsets = offsets(part(2)?)?;
            let known = offsets.into_iter().map(|(key, offset)| Some((key, offset?))).collect::<Option<_>>();
            Ok(MicroOp::Commit(key(part(1)?)?, known.ok_or("a commit has an offset for each key")?))
        }
        "committed" => Ok(MicroOp::Committed(key(part(1)?)?, offsets(part(2)?)?)),
        "reset" => Ok(MicroOp::Reset(key(part(1)?)?, offsets(part(2)?)?)),
        "bounds" => {
            let pair = array(part(2)?, "bounds")?;
            let bound = |at: usize| number_or_null(pair.get(at).unwrap_or(&Value::Null));
            Ok(MicroOp::Bounds(key(part(1)?)?, bound(0)?, bound(1)?))
        }
        "delete" => {
            let offset = number_or_null(part(2)?)?.ok_or("a delete has an offset")?;
            Ok(MicroOp::Delete(key(part(1)?)?, offset))
        }
        other => Err(format!("unknown micro-op {other:?}")),
    }
}

fn micro_op_value(op: &MicroOp) -> Value {
    match op {
        MicroOp::Send(key, record) => json!(["send", key, record_value(record)]),
        MicroOp::Poll(polled) => {
            let polled = polled
                .iter()
                .map(|(key, records)| (key.to_string(), records.iter().map(record_value).collect::<Value>()));
            json!(["poll", polled.collect::<Map<_, _>>()])
        }
        MicroOp::Commit(group, offsets) => {
            let offsets: Vec<_> = offsets.iter().map(|(key, offset)| (key.clone(), Some(*offset))).collect();
            json!(["commit", group, offsets_value(&offsets)])
        }
        MicroOp::Committed(group, offsets) => json!(["committed", group, offsets_value(offsets)]),
        MicroOp::Reset(group, offsets) => json!(["reset", group, offsets_value(offsets)]),
        MicroOp::Bounds(key, start, end) => json!(["bounds", key, [start, end]]),
        MicroOp::Delete(key, offset) => json!(["delete", key, offset]),
    }
}

fn record(value: &Value) -> Result<Record, String> {
    let parts = array(value, "a record")?;
    let [offset, value, rest @ ..] = parts else {
        return Err("a record is [offset, value] or [offset, value, crc]".into());
    };
    let crc = match rest.first() {
        None => None,
        Some(crc) => number_or_null(crc)?.map(u32::try_from).transpose().map_err(|_| "a crc has 32 bits")?,
    };
    let value = value.as_u64().ok_or("a value is a whole number from 0")?;
    Ok(Record { offset: number_or_null(offset)?, value, crc })
}

fn record_value(record: &Record) -> Value {
    match record.crc {
        Some(crc) => json!([record.offset, record.value, crc]),
        None => json!([record.offset, record.value]),
    }
}

fn offsets(value: &Value) -> Result<Vec<(Key, Option<u64>)>, String> {
    object(value)?
        .iter()
        .map(|(key, offset)| Ok((Key::from(key.as_str()), number_or_null(offset)?)))
        .collect()
}

fn offsets_value(offsets: &[(Key, Option<u64>)]) -> Value {
    Value::Object(offsets.iter().map(|(key, offset)| (key.to_string(), json!(offset))).collect())
}

fn array<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("expected a list for {what}, found {value}"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("expected an object, found {value}"))
}

fn key(value: &Value) -> Result<Key, String> {
    value.as_str().map(Key::from).ok_or_else(|| format!("expected a name, found {value}"))
}

fn number_or_null(value: &Value) -> Result<Option<u64>, String> {
    match value {
        Value::Null => Ok(None),
        number => {
            number.as_u64().map(Some).ok_or_else(|| format!("expected a whole number from 0, found {number}"))
        }
    }
}
