//! The thread that cleans in production: it waits between two steps as long as they say, and ends when told.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::Cleaner;

#[derive(Debug)]
pub(crate) struct CleanerThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl CleanerThread {
    pub(crate) fn spawn(mut cleaner: Cleaner) -> io::Result<CleanerThread> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let run = move || {
            while !stopped.load(Ordering::SeqCst) {
                let pause = cleaner.step();
                // A stop since then has made the thread not park.
                if !pause.is_zero() {
                    thread::park_timeout(pause);
                }
            }
            cleaner.stop();
        };
        let thread = thread::Builder::new().name("cleaner".to_owned()).spawn(run)?;
        Ok(CleanerThread { stop, thread })
    }

    /// Lets the step under way end and waits for it.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the cleaner had panicked");
        }
    }
}
