//! Creates the topics at their times; in between asks for the bounds of partitions and deletes their oldest records.

use std::rc::Rc;

use broker_protocol::error_code::ErrorCode;
use checker::{Function, Kind, MicroOp};

use super::connection::Connection;
use super::{Partition, Phase, Shared, deletions, pause};
use crate::plan::{TopicPlan, purpose};
use crate::random::Rng;

/// Special timestamps of ListOffsets.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// Pause between two questions, in milliseconds.
const PAUSE_MS: u64 = 40;
/// Of 100 answers about a partition whose records may be deleted, how many are followed by that.
const DELETE_PERCENT: u64 = 30;

/// Runs until the load has ended and all topics are there.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    let process = shared.recorder.borrow_mut().new_process();
    let mut rng = Rng::new(shared.plan.seed, purpose::DELETE_RECORDS);
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
            let partition = &partitions[turn % partitions.len()];
            let told = bounds(&shared, &mut connection, process, partition).await;
            if let Some((start, end)) = told
                && shared.loads()
                && deletes_records(&shared, partition)
                && rng.chance(DELETE_PERCENT)
            {
                let offset = rng.between(start.unsigned_abs().min(end.unsigned_abs()), end.unsigned_abs());
                deletions::delete(&shared, &mut connection, process, partition, offset).await;
            }
        }
        pause(PAUSE_MS).await;
    }
    Ok(())
}

fn deletes_records(shared: &Shared, partition: &Partition) -> bool {
    shared.plan.topics.iter().any(|topic| topic.deletes_records && *topic.name == *partition.topic)
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

/// Asks for log start offset and high watermark of a partition; `None` if they were not told.
pub(super) async fn bounds(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    partition: &Partition,
) -> Option<(i64, i64)> {
    let key = partition.key();
    let ops = |start: Option<i64>, end: Option<i64>| {
        let unsigned = |offset: Option<i64>| offset.and_then(|offset| u64::try_from(offset).ok());
        vec![MicroOp::Bounds(key.clone(), unsigned(start), unsigned(end))]
    };
    let record = |kind, ops| shared.recorder.borrow_mut().operation(process, kind, Function::Bounds, ops);
    record(Kind::Invoke, ops(None, None));
    let (topic, index) = (&partition.topic, partition.index);
    let answers = connection
        .attempt(async |client| {
            let end = client.list_offset(topic, index, LATEST).await?;
            Ok((client.list_offset(topic, index, EARLIEST).await?, end))
        })
        .await;
    match answers {
        Ok((start, end)) if start.error_code == ErrorCode::None && end.error_code == ErrorCode::None => {
            deletions::tell_retention(shared, partition);
            record(Kind::Ok, ops(Some(start.offset), Some(end.offset)));
            Some((start.offset, end.offset))
        }
        Ok((start, end)) => {
            let codes = [start.error_code, end.error_code];
            for code in codes.iter().filter(|&&code| code != ErrorCode::None && !code.retriable()) {
                shared.violation(format_args!("the bounds of {key} were refused: {}", code.name()));
            }
            let cause = codes.into_iter().find(|&code| code != ErrorCode::None).unwrap_or_default();
            shared.end_unknown(process, Function::Bounds, ops(None, None), cause.name());
            None
        }
        Err(_) => {
            shared.end_unknown(process, Function::Bounds, ops(None, None), "no answer");
            None
        }
    }
}
