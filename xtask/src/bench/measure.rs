//! Repetitions in turn: A, B, A, B, …, each with what the broker used, after rounds that are thrown away.
//!
//! Everyone runs one such round; a broker on a JVM runs more, until a round takes no less CPU than the one before. A
//! repetition that others disturbed is repeated, within a budget; what stays disturbed is kept and counted.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::connection::Connection;
use super::subject::{Kind, Subject};
use super::usage::{Snapshot, resident_kib};

/// Share of the machine that others may use before a repetition counts as disturbed.
const FOREIGN_SHARE_MAX: f64 = 0.1;
/// Rounds until a JVM counts as warm, whatever it still uses.
const WARM_UP_ROUNDS_MAX: usize = 4;
const WARM_UP_ROUNDS_MAX_QUICK: usize = 2;
/// A round with at least this part of the CPU of the round before says that the JVM is warm.
const STEADY_SHARE: f64 = 0.85;
/// Pause for what deleted files leave behind.
const SETTLE: Duration = Duration::from_millis(500);

/// Something whose repetitions alternate with those of others.
pub(crate) trait Participant {
    /// What tables call it.
    fn label(&self) -> String;

    /// The process that a JVM has to warm up in, if it is one.
    fn jvm(&self) -> Option<u32>;
}

/// A broker with one of its two kinds of acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) durable: bool,
}

impl Participant for Contender<'_> {
    fn label(&self) -> String {
        let acknowledges = match (self.subject.kind, self.durable) {
            (Kind::Null, _) => "client's ceiling",
            (_, true) => "durable",
            (_, false) => "page cache",
        };
        format!("{}, {acknowledges}", self.subject.name)
    }

    fn jvm(&self) -> Option<u32> {
        matches!(self.subject.kind, Kind::Kafka | Kind::Peer).then_some(self.subject.pid)
    }
}

impl Contender<'_> {
    /// Creates a topic whose appends are acknowledged in this contender's way.
    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) -> Result<()> {
        let mut connection = Connection::open(self.subject.address)?;
        connection.create_topic(topic, partitions, &self.subject.topic_configs(self.durable))
    }

    /// Deletes it and lets the disk come to rest.
    pub(crate) fn delete_topic(&self, topic: &str) -> Result<()> {
        Connection::open(self.subject.address)?.delete_topic(topic)?;
        settle();
        Ok(())
    }
}

/// Lets the disk come to rest after files were deleted, so that the next to be measured does not pay for it.
pub(crate) fn settle() {
    thread::sleep(SETTLE);
    rustix::fs::sync();
}

/// Ours durable, the others as `others_durable` says.
pub(crate) fn contenders(subjects: &[Subject], others_durable: bool) -> Vec<Contender<'_>> {
    let durable = |subject: &Subject| subject.kind == Kind::Ours || others_durable;
    subjects.iter().map(|subject| Contender { subject, durable: durable(subject) }).collect()
}

/// One repetition: what was measured, and what broker and client used meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Repetition<T> {
    pub(crate) value: T,
    pub(crate) cpu_s: f64,
    pub(crate) client_cpu_s: f64,
    pub(crate) resident_kib: u64,
    pub(crate) foreign_share: f64,
}

impl<T> Repetition<T> {
    /// The same repetition with another look at what was measured.
    pub(crate) fn map<U>(&self, value: impl FnOnce(&T) -> U) -> Repetition<U> {
        Repetition {
            value: value(&self.value),
            cpu_s: self.cpu_s,
            client_cpu_s: self.client_cpu_s,
            resident_kib: self.resident_kib,
            foreign_share: self.foreign_share,
        }
    }
}

/// Runs `work`, whose core is `timed`, for each participant in turn, once they are warm. Before each, memory that is
/// free is filled.
pub(crate) fn in_turn<P: Participant, T>(
    bench: &Bench,
    participants: &[P],
    mut work: impl FnMut(&P) -> Result<Repetition<T>>,
) -> Result<Vec<Vec<Repetition<T>>>> {
    let mut work = |participant: &P| {
        bench.free_memory.fill()?;
        work(participant).with_context(|| participant.label())
    };
    for participant in participants {
        warm_up(bench, participant, &mut work)?;
    }
    let mut all: Vec<Vec<Repetition<T>>> = participants.iter().map(|_| Vec::new()).collect();
    let mut repeats_left = if bench.quick { 0 } else { bench.repetitions };
    for _ in 0..bench.repetitions {
        for (participant, kept) in participants.iter().zip(&mut all) {
            let mut best = work(participant)?;
            while best.foreign_share > FOREIGN_SHARE_MAX && repeats_left > 0 {
                repeats_left -= 1;
                bench.journal.borrow_mut().repeated += 1;
                let again = work(participant)?;
                if again.foreign_share < best.foreign_share {
                    best = again;
                }
            }
            let mut journal = bench.journal.borrow_mut();
            journal.kept += 1;
            journal.disturbed += u32::from(best.foreign_share > FOREIGN_SHARE_MAX);
            kept.push(best);
        }
    }
    Ok(all)
}

/// One round that is thrown away; with a JVM that was not seen warm before, as many as it takes.
fn warm_up<P: Participant, T>(
    bench: &Bench,
    participant: &P,
    work: &mut impl FnMut(&P) -> Result<Repetition<T>>,
) -> Result<()> {
    let mut round = || Ok::<_, anyhow::Error>(work(participant)?.cpu_s);
    let mut cpu_s = vec![round()?];
    let Some(pid) = participant.jvm() else { return Ok(()) };
    if bench.journal.borrow().warm.contains(&pid) {
        return Ok(());
    }
    let rounds_max = if bench.quick { WARM_UP_ROUNDS_MAX_QUICK } else { WARM_UP_ROUNDS_MAX };
    while cpu_s.len() < rounds_max && !is_steady(&cpu_s) {
        cpu_s.push(round()?);
    }
    let mut journal = bench.journal.borrow_mut();
    journal.warm.push(pid);
    journal.warm_ups.push((participant.label(), cpu_s));
    Ok(())
}

/// Whether the last of some rounds, in CPU seconds each, took no less than the one before.
pub(crate) fn is_steady(cpu_s: &[f64]) -> bool {
    matches!(cpu_s, [.., previous, last] if *last >= previous * STEADY_SHARE)
}

/// What happened while repetitions were taken, for the notes of a section.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    kept: u32,
    repeated: u32,
    disturbed: u32,
    /// JVMs that need no more than one round.
    warm: Vec<u32>,
    warm_ups: Vec<(String, Vec<f64>)>,
}

impl Journal {
    /// Says it in sentences and begins anew; nothing if there were no repetitions.
    pub(crate) fn take(&mut self) -> Vec<String> {
        let journal = std::mem::take(self);
        let mut notes: Vec<String> = journal.warm_ups.iter().map(warm_up_note).collect();
        if journal.kept > 0 {
            notes.push(format!(
                "{} repetitions count; {} more were replaced because others used more than {:.0} % of the machine, and in \
                 {} that count they did.",
                journal.kept,
                journal.repeated,
                FOREIGN_SHARE_MAX * 100.0,
                journal.disturbed
            ));
        }
        notes
    }
}

fn warm_up_note((label, cpu_s): &(String, Vec<f64>)) -> String {
    let rounds: Vec<String> = cpu_s.iter().map(|seconds| format!("{seconds:.2}")).collect();
    let verdict = if is_steady(cpu_s) { "steady" } else { "still falling" };
    format!("Warm-up of {label}: {} CPU s in the rounds that were thrown away, {verdict}.", rounds.join(", "))
}

/// Runs `work` and looks at what the broker used.
pub(crate) fn timed<T>(subject: &Subject, work: impl FnOnce() -> Result<T>) -> Result<Repetition<T>> {
    let mut repetition = watched(Some(subject.pid), work)?;
    repetition.resident_kib = resident_kib(subject.pid)?;
    Ok(repetition)
}

/// Runs `work`, which needs no broker.
pub(crate) fn timed_alone<T>(work: impl FnOnce() -> Result<T>) -> Result<Repetition<T>> {
    watched(None, work)
}

fn watched<T>(broker: Option<u32>, work: impl FnOnce() -> Result<T>) -> Result<Repetition<T>> {
    let before = Snapshot::take(broker)?;
    let value = work()?;
    let after = Snapshot::take(broker)?;
    Ok(Repetition {
        value,
        cpu_s: after.broker_seconds_since(&before),
        client_cpu_s: after.client_seconds_since(&before),
        resident_kib: 0,
        foreign_share: after.foreign_share_since(&before),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jvm_is_warm_once_a_round_takes_no_less_than_the_one_before() {
        assert!(!is_steady(&[5.0]));
        assert!(!is_steady(&[5.0, 2.0]));
        assert!(is_steady(&[5.0, 2.0, 1.9]));
    }

    #[test]
    fn the_journal_tells_what_was_repeated_and_forgets_it() {
        let mut journal = Journal { kept: 10, repeated: 2, disturbed: 1, ..Journal::default() };
        journal.warm_ups.push(("kafka, page cache".to_owned(), vec![5.0, 2.0, 1.9]));
        let notes = journal.take();
        assert_eq!(
            notes[0],
            "Warm-up of kafka, page cache: 5.00, 2.00, 1.90 CPU s in the rounds that were thrown away, steady."
        );
        assert!(notes[1].starts_with("10 repetitions count; 2 more were replaced"), "{}", notes[1]);
        assert!(journal.take().is_empty());
    }
}
