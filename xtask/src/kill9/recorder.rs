//! Collects what all clients see, in the order in which they see it, and hands it to the checker at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use checker::{Checker, Event, Report, Rules};

/// The one history of a run.
#[derive(Debug)]
pub(crate) struct Recorder {
    begin: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    checker: Checker,
    next_idx: u64,
    file: Option<BufWriter<File>>,
    /// The first thing that went wrong with the history itself.
    error: Option<anyhow::Error>,
    /// What no rule of the checker is about, with how often it was seen.
    oddities: BTreeMap<String, u64>,
}

impl Recorder {
    pub(crate) fn new(file: Option<&Path>) -> Result<Self> {
        let file = file.map(|path| File::create(path).with_context(|| path.display().to_string()));
        let file = file.transpose()?.map(BufWriter::new);
        let checker = Checker::new(Rules::default());
        let state = State { checker, next_idx: 0, file, error: None, oddities: BTreeMap::new() };
        Ok(Self { begin: Instant::now(), state: Mutex::new(state) })
    }

    /// Adds an event. The order of calls is the order of the history: an invocation comes before its request is sent,
    /// an end after its answer is read.
    pub(crate) fn record(&self, mut event: Event) {
        let mut state = self.lock();
        event.idx = state.next_idx;
        event.t_ns = u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        state.next_idx += 1;
        let mut taken = state.checker.push(&event).context("the history is wrong");
        if let Some(file) = &mut state.file {
            taken = taken.and(writeln!(file, "{}", checker::history::to_line(&event)).map_err(Into::into));
        }
        if let Err(error) = taken {
            state.error.get_or_insert(error);
        }
    }

    /// Notes something that a correct broker never does to a correct client.
    pub(crate) fn oddity(&self, what: String) {
        *self.lock().oddities.entry(what).or_default() += 1;
    }

    /// The verdict, and the oddities.
    pub(crate) fn finish(self) -> Result<(Report, Vec<String>)> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut file) = state.file {
            file.flush()?;
        }
        if let Some(error) = state.error {
            return Err(error);
        }
        let oddities = state.oddities.iter().map(|(what, count)| format!("{what} ({count} times)"));
        Ok((state.checker.finish(), oddities.collect()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
