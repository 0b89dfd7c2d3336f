//! Fresh clients that read everything after all has healed: what they are not shown is lost.

use std::rc::Rc;

use checker::{Event, Function, Kind};

use super::connection::Connection;
use super::fetcher::Fetcher;
use super::{Shared, admin, group, historian, member, pause};
use crate::plan::purpose;
use crate::random::Rng;

/// Pause before a question is asked again, in milliseconds.
const RETRY_MS: u64 = 50;
/// Bytes of a partition per fetch.
const FETCH_BYTES: i32 = 4 << 20;
/// How long a fetch may take, in milliseconds: what is in an object store takes its time.
const WAIT_MS: i32 = 500;
/// Questions that may go unanswered before it counts as a failure.
const ATTEMPTS_MAX: usize = 200;
/// Offsets of each partition that are asked for by time.
const LOOKUPS: usize = 3;

/// Reads all partitions from their start to their end, and all committed offsets.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    let begin = Event::new(0, Kind::Ok, Function::Final, Vec::new());
    shared.recorder.borrow_mut().event(begin);
    let process = shared.recorder.borrow_mut().new_process();
    let partitions = shared.partitions();
    let mut ends = Vec::new();
    for partition in &partitions {
        let mut end = None;
        for _ in 0..ATTEMPTS_MAX {
            end = admin::bounds(&shared, &mut connection, process, partition).await;
            if end.is_some() {
                break;
            }
            pause(RETRY_MS).await;
        }
        match end {
            Some((_, end)) => ends.push((partition.clone(), end)),
            None => shared.violation(format_args!("{} does not tell its bounds in the end", partition.key())),
        }
    }
    let mut fetcher = Fetcher::new(Rc::clone(&shared), FETCH_BYTES, false);
    fetcher.assign(partitions.clone());
    let mut failures = 0;
    while ends.iter().any(|(partition, end)| fetcher.positions.get(partition) < Some(end)) {
        let before = fetcher.positions.clone();
        let answered = fetcher.poll(&mut connection, WAIT_MS).await;
        if answered.is_err() || before == fetcher.positions {
            failures += 1;
            pause(RETRY_MS).await;
        }
        if failures > ATTEMPTS_MAX {
            shared
                .violation(format_args!("the end is never reached: at {:?} of {ends:?}", fetcher.positions));
            break;
        }
    }
    find_by_time(&shared, &mut connection, &partitions).await;
    committed(&shared, &mut connection, process, &partitions).await;
    connection.close();
    Ok(())
}

/// Asks for offsets by time, of each partition some.
async fn find_by_time(shared: &Shared, connection: &mut Connection, partitions: &[super::Partition]) {
    let mut rng = Rng::new(shared.plan.seed, purpose::FINAL_TIMES);
    for partition in partitions {
        for _ in 0..LOOKUPS {
            let mut told = None;
            for _ in 0..ATTEMPTS_MAX {
                told = historian::ask(shared, connection, partition, &mut rng).await;
                if told.is_some() {
                    break;
                }
                pause(RETRY_MS).await;
            }
            if told.is_none() {
                let key = partition.key();
                shared.violation(format_args!("{key} finds no offsets by time in the end"));
            }
        }
    }
}

async fn committed(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    partitions: &[super::Partition],
) {
    let first = shared.plan.producers.len() + shared.plan.consumers.len();
    let groups = (first..first + shared.plan.groups).map(group::name);
    for group in groups.chain([member::GROUP.to_owned()]) {
        let mut told = partitions.is_empty();
        for _ in 0..ATTEMPTS_MAX {
            if told {
                break;
            }
            let known = group::find_coordinator(shared, connection, &group).await;
            told = known && group::fetch(shared, connection, process, &group, partitions).await.is_some();
            if !told {
                pause(RETRY_MS).await;
            }
        }
        if !told {
            shared.violation(format_args!("{group} does not tell its offsets in the end"));
        }
    }
}
