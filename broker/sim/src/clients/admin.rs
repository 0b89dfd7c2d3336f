//! Creates the topics at their times, and asks for the bounds of partitions in between.

use std::rc::Rc;

use broker_protocol::error_code::ErrorCode;
use checker::{Function, Kind, MicroOp};

use super::connection::Connection;
use super::{Partition, Phase, Shared, pause};
use crate::plan::TopicPlan;

/// Special timestamps of ListOffsets.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// Pause between two questions, in milliseconds.
const PAUSE_MS: u64 = 40;

/// Runs until the load has ended and all topics are there.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    let process = shared.recorder.borrow_mut().new_process();
    let mut topics = shared.plan.topics.clone();
    topics.sort_by_key(|topic| std::cmp::Reverse(topic.created_at_ms));
    let mut turn = 0;
    while shared.phase.get() == Phase::Load || !topics.is_empty() {
        let due = topics.pop_if(|topic| topic.created_at_ms <= shared.clock.elapsed_ms());
        if let Some(topic) = due
            && !create(&shared, &mut connection, &topic).await
        {
            topics.push(topic);
        }
        if shared.is_overdue() {
            shared.violation("a topic cannot be made long after everything has healed");
            break;
        }
        let partitions = shared.partitions();
        if !partitions.is_empty() {
            turn += 1;
            bounds(&shared, &mut connection, process, &partitions[turn % partitions.len()]).await;
        }
        pause(PAUSE_MS).await;
    }
    Ok(())
}

async fn create(shared: &Shared, connection: &mut Connection, topic: &TopicPlan) -> bool {
    let configs: Vec<_> = topic.configs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let created = connection
        .attempt(async |client| client.create_topic(&topic.name, topic.partitions, &configs).await)
        .await;
    let Ok(created) = created else { return false };
    match created.error_code {
        // There already: an earlier attempt of unknown end.
        ErrorCode::None | ErrorCode::TopicAlreadyExists => {
            shared.recorder.borrow_mut().note(format_args!("{} is there", topic.name));
            let name: std::sync::Arc<str> = topic.name.as_str().into();
            let made = (0..topic.partitions).map(|index| Partition { topic: name.clone(), index });
            shared.partitions.borrow_mut().extend(made);
            true
        }
        code => {
            let message = created.error_message.unwrap_or_default();
            if code.retriable() || code == ErrorCode::UnknownServerError {
                let mut recorder = shared.recorder.borrow_mut();
                recorder.note(format_args!("{} is not made: {}: {message}", topic.name, code.name()));
            } else {
                shared.violation(format_args!("{} was refused: {} {message}", topic.name, code.name()));
            }
            false
        }
    }
}

/// Asks for log start offset and high watermark of a partition.
pub(super) async fn bounds(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    partition: &Partition,
) -> Option<i64> {
    let key = partition.key();
    let record = |kind, start: Option<i64>, end: Option<i64>| {
        let unsigned = |offset: Option<i64>| offset.and_then(|offset| u64::try_from(offset).ok());
        let ops = vec![MicroOp::Bounds(key.clone(), unsigned(start), unsigned(end))];
        shared.recorder.borrow_mut().operation(process, kind, Function::Bounds, ops);
    };
    record(Kind::Invoke, None, None);
    let (topic, index) = (&partition.topic, partition.index);
    let answers = connection
        .attempt(async |client| {
            let end = client.list_offset(topic, index, LATEST).await?;
            Ok((client.list_offset(topic, index, EARLIEST).await?, end))
        })
        .await;
    match answers {
        Ok((start, end)) if start.error_code == ErrorCode::None && end.error_code == ErrorCode::None => {
            record(Kind::Ok, Some(start.offset), Some(end.offset));
            Some(end.offset)
        }
        Ok((start, end)) => {
            for code in [start.error_code, end.error_code] {
                if code != ErrorCode::None && !code.retriable() {
                    shared.violation(format_args!("the bounds of {key} were refused: {}", code.name()));
                }
            }
            record(Kind::Info, None, None);
            None
        }
        Err(_) => {
            record(Kind::Info, None, None);
            None
        }
    }
}
