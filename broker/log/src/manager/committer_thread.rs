//! The thread that runs commit cycles in production: busy while there is work, parked while there is none.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use super::LogDir;
use crate::committer::{Committer, CycleOutcome};

/// Longest sleep of an idle committer; it is woken by an append, this is for what nobody wakes it for.
const PARK_MAX: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct CommitterThread {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Signal {
    /// The thread has looked at the queue and will park, or has.
    sleeping: AtomicBool,
    stop: AtomicBool,
}

impl Signal {
    fn wake(&self, thread: &Thread) {
        // Costs a load while the committer is busy, and one system call when it is not.
        if self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst) {
            thread.unpark();
        }
    }
}

impl CommitterThread {
    pub(super) fn spawn(dir: &Arc<LogDir>) -> io::Result<CommitterThread> {
        let signal = Arc::new(Signal::default());
        let (committer, shared, own) = (dir.committer(), dir.shared.clone(), signal.clone());
        let run = move || run(committer, &own, || shared.queue.is_empty());
        let thread = thread::Builder::new().name("committer".to_owned()).spawn(run)?;
        let (waker, target) = (signal.clone(), thread.thread().clone());
        dir.shared.queue.set_waker(Box::new(move || waker.wake(&target)));
        Ok(CommitterThread { signal, thread })
    }

    /// Lets the cycle under way end and waits for it.
    pub(super) fn stop(self) {
        self.signal.stop.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the committer had panicked");
        }
    }
}

fn run(mut committer: Committer, signal: &Signal, queue_is_empty: impl Fn() -> bool) {
    while !signal.stop.load(Ordering::SeqCst) {
        if matches!(committer.run_cycle(), CycleOutcome::Committed(_)) {
            continue;
        }
        signal.sleeping.store(true, Ordering::SeqCst);
        // Looked at after `sleeping` is set, so that an append in between is seen here or wakes the thread.
        if queue_is_empty() && !signal.stop.load(Ordering::SeqCst) {
            thread::park_timeout(PARK_MAX);
        }
        signal.sleeping.store(false, Ordering::SeqCst);
    }
}
