//! Asks for offsets by time and compares the answers with what was written when.
//!
//! An answer names the first record, in the order of offsets and from the partition's start on, that is as young as was
//! asked for. What was acknowledged is known by its offset; of all else the answer may speak as it likes.

use std::collections::BTreeMap;
use std::rc::Rc;

use broker_client::ListedOffset;
use broker_protocol::error_code::ErrorCode;

use super::connection::Connection;
use super::{Partition, Shared, pause};
use crate::plan::purpose;
use crate::random::Rng;

const EARLIEST: i64 = -2;
/// Longest pause between two questions, in milliseconds.
const PAUSE_MS_MAX: u64 = 60;

/// Times that a question is asked again whose answer was wrong, and the pause before.
const AGAIN_MAX: usize = 5;
const AGAIN_MS: u64 = 1_000;

/// When the acknowledged records of a partition were made, by their offsets.
pub(super) type Times = BTreeMap<i64, i64>;

/// Runs until the load has ended.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let mut rng = Rng::new(shared.plan.seed, purpose::TIMES);
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    while shared.loads() {
        pause(rng.between(1, PAUSE_MS_MAX)).await;
        let partitions = shared.partitions();
        if partitions.is_empty() {
            continue;
        }
        let partition = rng.pick(&partitions).clone();
        // What gets no answer is asked for again some time.
        let _told = ask(&shared, &mut connection, &partition, &mut rng).await;
    }
    Ok(())
}

/// Asks about a partition and judges the answer; `None` if there is none.
pub(super) async fn ask(
    shared: &Shared,
    connection: &mut Connection,
    partition: &Partition,
    rng: &mut Rng,
) -> Option<()> {
    let known = shared.times.borrow().get(partition).cloned().unwrap_or_default();
    let time_ms = time_to_ask_for(&known, shared.clock.true_now_ms(), rng);
    let Some(mut fault) = question(shared, connection, partition, time_ms).await? else { return Some(()) };
    // A crash may put back the start that retention has moved, until the object store has told the broker.
    for _ in 0..AGAIN_MAX {
        if !shared.is_tiered() {
            break;
        }
        shared.recorder.borrow_mut().note(format_args!("{}: {fault}", partition.key()));
        pause(AGAIN_MS).await;
        match question(shared, connection, partition, time_ms).await? {
            Some(again) => fault = again,
            None => return Some(()),
        }
    }
    shared.violation(format_args!("{}: {fault}", partition.key()));
    Some(())
}

/// What is wrong with the answer to a question; `None` as a whole if there is no answer.
async fn question(
    shared: &Shared,
    connection: &mut Connection,
    partition: &Partition,
    time_ms: i64,
) -> Option<Option<String>> {
    let known = shared.times.borrow().get(partition).cloned().unwrap_or_default();
    let (topic, index) = (&partition.topic, partition.index);
    let answers = connection.attempt(async |client| {
        let found = client.list_offset(topic, index, time_ms).await?;
        Ok((found, client.list_offset(topic, index, EARLIEST).await?))
    });
    let (found, start) = answers.await.ok()?;
    for code in [found.error_code, start.error_code] {
        if code != ErrorCode::None && !code.retriable() {
            let key = partition.key();
            shared.violation(format_args!("{key} tells no offset for {time_ms}: {}", code.name()));
        }
    }
    if found.error_code != ErrorCode::None || start.error_code != ErrorCode::None {
        return None;
    }
    shared.counts.borrow_mut().timed_lookups += 1;
    let times = shared.times.borrow();
    let now_known = times.get(partition).unwrap_or(&known);
    Some(judge(time_ms, &found, start.offset, &known, now_known))
}

/// Mostly when some record was made, or a moment beside that.
fn time_to_ask_for(known: &Times, now_ms: i64, rng: &mut Rng) -> i64 {
    let count = known.len();
    if count == 0 || rng.chance(5) {
        return now_ms + if rng.chance(50) { 1_000 } else { -1_000_000 };
    }
    let times = known.values().nth(rng.index(count)).copied();
    times.unwrap_or(now_ms) + *rng.pick(&[-1, 0, 0, 0, 1])
}

/// What is wrong with an answer. `before` was known when the question was asked, `after` is now; the partition began at
/// `start` or before it then.
fn judge(time_ms: i64, found: &ListedOffset, start: i64, before: &Times, after: &Times) -> Option<String> {
    let as_young = |(_, made_ms): &(&i64, &i64)| **made_ms >= time_ms;
    if found.offset < 0 {
        let missed = before.range(start..).find(as_young);
        return missed.map(|(offset, made_ms)| {
            format!("no record is as young as {time_ms}, but {offset} is, of {made_ms}")
        });
    }
    let told = found.timestamp_ms;
    if told < time_ms {
        return Some(format!("the first record as young as {time_ms} is {found:?}"));
    }
    if let Some(made_ms) = after.get(&found.offset).filter(|made_ms| **made_ms != told) {
        return Some(format!("{found:?} was made at {made_ms}"));
    }
    let missed = after.range(start..found.offset.max(start)).find(as_young);
    missed.map(|(offset, made_ms)| {
        format!("the first record as young as {time_ms} is {offset}, of {made_ms}, not {found:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(offset: i64, timestamp_ms: i64) -> ListedOffset {
        ListedOffset { error_code: ErrorCode::None, offset, timestamp_ms, leader_epoch: 0 }
    }

    #[test]
    fn an_answer_names_the_first_record_that_is_young_enough() {
        let known = Times::from([(0, 10), (1, 30), (2, 20), (5, 40)]);
        let is_right = |time_ms, answer, start| judge(time_ms, &answer, start, &known, &known).is_none();
        assert!(is_right(15, found(1, 30), 0));
        assert!(!is_right(15, found(2, 20), 0), "1 comes before");
        assert!(is_right(15, found(2, 20), 2), "1 is deleted");
        assert!(!is_right(15, found(1, 29), 0), "another time");
        assert!(!is_right(35, found(1, 30), 0), "too old");
        assert!(is_right(35, found(3, 36), 0), "a record that nobody knows of");
        assert!(is_right(50, found(-1, -1), 0));
        assert!(!is_right(40, found(-1, -1), 0), "5 is as young");
        assert!(is_right(40, found(-1, -1), 6), "5 is deleted");
    }
}
