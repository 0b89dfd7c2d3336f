//! Reads everything from the beginning, and again from the beginning, at either isolation level: where records lie in an
//! object store, every one of them comes back from there many times.

use std::rc::Rc;

use super::connection::Connection;
use super::fetcher::Fetcher;
use super::{Shared, pause};
use crate::plan::purpose;
use crate::random::Rng;

/// Longest wait that a fetch asks for, in milliseconds.
const WAIT_MS_MAX: u64 = 100;
/// Longest pause between two fetches, in milliseconds.
const PAUSE_MS_MAX: u64 = 10;
/// Fetches after which it begins again in any case.
const FETCHES_MAX: u32 = 60;

/// Runs until the load has ended.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let mut rng = Rng::new(shared.plan.seed, purpose::REREADER);
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    let max_bytes = *rng.pick(&[300, 5_000, 1 << 20]);
    let mut fetcher = Fetcher::new(Rc::clone(&shared), max_bytes, rng.chance(50));
    while shared.loads() {
        fetcher.read_committed = rng.chance(50);
        for _ in 0..FETCHES_MAX {
            pause(rng.between(1, PAUSE_MS_MAX)).await;
            fetcher.assign(shared.partitions());
            if fetcher.positions.is_empty() || !shared.loads() {
                continue;
            }
            let wait_ms = i32::try_from(rng.between(0, WAIT_MS_MAX)).expect("a small number");
            // Where it goes on is its own knowledge: a lost answer changes nothing.
            let _answered = fetcher.poll(&mut connection, wait_ms).await;
            if fetcher.is_at_end() {
                shared.counts.borrow_mut().rereads += 1;
                break;
            }
        }
        fetcher.begin_anew();
    }
    Ok(())
}
