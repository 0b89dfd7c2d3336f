//! A consumer that follows all partitions: long polls, small or large answers, its position kept over reconnects.

use std::rc::Rc;

use checker::{Function, Kind};

use super::connection::Connection;
use super::fetcher::Fetcher;
use super::{Shared, pause};
use crate::random::Rng;

/// Longest wait that a fetch asks for, in milliseconds.
const WAIT_MS_MAX: u64 = 400;
/// Longest pause between two fetches, in milliseconds.
const PAUSE_MS_MAX: u64 = 20;
/// Of 1,000 polls, how many are the last of their consumer's life.
const LIFE_ENDS_PERMILLE: u64 = 5;

pub(super) async fn run(shared: Rc<Shared>, client: usize, max_bytes: i32, mut rng: Rng) {
    let mut connection = Connection::new(Rc::clone(&shared), client);
    while shared.loads() {
        let mut fetcher = Fetcher::new(Rc::clone(&shared), max_bytes, rng.chance(50));
        while shared.loads() {
            pause(rng.between(0, PAUSE_MS_MAX)).await;
            fetcher.assign(shared.partitions());
            if fetcher.positions.is_empty() {
                continue;
            }
            let wait_ms = i32::try_from(rng.between(0, WAIT_MS_MAX)).expect("a small number");
            // Where it goes on is its own knowledge: a lost answer changes nothing.
            let _answered = fetcher.poll(&mut connection, wait_ms).await;
            if rng.between(1, 1_000) <= LIFE_ENDS_PERMILLE {
                break;
            }
        }
        let mut recorder = shared.recorder.borrow_mut();
        recorder.operation(fetcher.process, Kind::Ok, Function::Crash, Vec::new());
    }
}
