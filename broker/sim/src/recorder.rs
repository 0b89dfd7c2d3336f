//! Writes down what happens: for the checker, for the hash that proves determinism, and for whoever reruns a seed.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use checker::history::to_line;
use checker::{Checker, Event, Function, Kind, MicroOp, Report, Rules};

use crate::clock::SimClock;

/// Violations that are kept in words.
const VIOLATIONS_MAX: usize = 20;

/// The record of one simulation.
#[derive(Debug)]
pub struct Recorder {
    clock: Arc<SimClock>,
    checker: Checker,
    hasher: DefaultHasher,
    events: u64,
    next_process: u64,
    next_value: u64,
    violations: Vec<String>,
    print: bool,
}

/// What a recorder has found out in the end.
#[derive(Debug)]
pub struct Record {
    /// The checker's verdict.
    pub report: Report,
    /// What went wrong beyond the checker's rules, in words.
    pub violations: Vec<String>,
    /// Equal for two runs in which the same happened in the same order at the same time.
    pub hash: u64,
}

impl Recorder {
    /// Nothing recorded yet. `print` writes every line to standard output.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, print: bool) -> Recorder {
        Recorder {
            clock,
            checker: Checker::new(Rules { starts_last: false, ..Rules::default() }),
            hasher: DefaultHasher::new(),
            events: 0,
            next_process: 0,
            next_value: 0,
            violations: Vec::new(),
            print,
        }
    }

    /// A number for the life of a client.
    pub fn new_process(&mut self) -> u64 {
        self.next_process += 1;
        self.next_process
    }

    /// A value that no other record has.
    pub fn new_value(&mut self) -> u64 {
        self.next_value += 1;
        self.next_value
    }

    /// Records an operation's begin or end.
    pub fn event(&mut self, mut event: Event) {
        event.idx = self.events;
        event.t_ns = self.clock.elapsed_ms() * 1_000_000;
        self.events += 1;
        let line = to_line(&event);
        self.line(&line);
        if let Err(error) = self.checker.push(&event) {
            self.violation(format!("the history is wrong: {error}"));
        }
    }

    /// Records an event without keys.
    pub fn operation(&mut self, process: u64, kind: Kind, function: Function, ops: Vec<MicroOp>) {
        self.event(Event::new(process, kind, function, ops));
    }

    /// Records something that the checker does not look at, such as a fault.
    pub fn note(&mut self, text: impl Display) {
        let line = format!("[{} ms] {text}", self.clock.elapsed_ms());
        self.line(&line);
    }

    /// Records something that must not happen, whatever the checker thinks of it.
    pub fn violation(&mut self, text: impl Display) {
        let line = format!("[{} ms] VIOLATION {text}", self.clock.elapsed_ms());
        self.line(&line);
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(line);
        }
    }

    /// The verdict.
    #[must_use]
    pub fn finish(self) -> Record {
        Record { report: self.checker.finish(), violations: self.violations, hash: self.hasher.finish() }
    }

    fn line(&mut self, line: &str) {
        line.hash(&mut self.hasher);
        if self.print {
            println!("{line}");
        }
    }
}
