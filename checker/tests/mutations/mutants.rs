//! Everything that a broken broker might do to one answer of a good history, at every place where it can be done.
//!
//! A mutant that a correct broker could have shown as well has an excuse: a reason why it must not be noticed. Excuses
//! are exact: a mutant is noticed or has one, never both.

mod answers;
mod polls;
mod sends;

use checker::{Event, Key};

use crate::facts::Facts;

/// An offset that is free and behind everything.
pub(crate) const FREE: u64 = 1_000_000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mutation {
    /// A record is missing from a poll.
    DropRecord,
    /// Two records of one poll change their places in it.
    SwapOrder,
    /// Two records of one poll change their offsets.
    SwapOffsets,
    /// A record comes twice in a poll, at its own offset.
    RepeatRecord,
    /// A record comes again at the end of its key's log.
    DuplicateRecord,
    /// A record is read at a later, free offset.
    MoveRecord,
    /// The records of a key are read under another.
    MoveToOtherKey,
    /// A payload's bits change.
    CorruptPayload,
    /// A record turns into one that nobody sent.
    CorruptValue,
    /// A poll shows a record that was refused.
    ShowRefused,
    /// A poll is answered as if it had read and shown nothing.
    DropPoll,
    /// A poll is answered twice.
    RepeatPoll,
    /// A poll is answered with what the next one shows, and the other way round.
    SwapPolls,
    /// An acknowledgement names another offset.
    MoveAck,
    /// Two records of a batch change their acknowledged offsets.
    SwapInBatch,
    /// Two batches of a producer change their acknowledged offsets.
    SwapBatches,
    /// A batch is acknowledged twice.
    RepeatAck,
    /// A batch that was written is refused.
    RefuseWritten,
    /// A batch that nobody sees again is acknowledged.
    AckUnwritten,
    /// A committed offset is shown one too low.
    LowerCommitted,
    /// A committed offset is shown that is too high.
    RaiseCommitted,
    /// A committed offset is gone.
    ForgetCommitted,
    /// Committed offsets are shown before what was shown earlier.
    SwapCommitted,
    /// A high watermark is shown one too low.
    LowerEnd,
    /// A high watermark is shown far too high.
    RaiseEnd,
    /// A log start offset is shown one too low.
    LowerStart,
    /// A log start offset is shown that no deletion has reached.
    RaiseStart,
    /// Bounds are shown before those that were told earlier.
    SwapBounds,
    /// A deletion without an answer is acknowledged.
    AckDelete,
}

/// Why a mutant is like a good history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excuse {
    /// No other answer says where the record stands, or that there is one.
    OnlyWitness,
    /// The consumer may begin or end there, or its position is its group's affair.
    FreePosition,
    /// What was passed over had been deleted.
    Deleted,
    /// The poll ended in an unknown way, so it counts for nothing.
    Unknown,
    /// A rebalance explains it.
    Rebalance,
    /// No successful poll shows what is said not to be there.
    NeverRead,
    /// It was settled neither that the offset is committed nor that it is not.
    Unsettled,
    /// Nothing contradicts the bounds that were told.
    Uncontradicted,
}

/// A history with one thing changed.
pub(crate) struct Mutant {
    pub(crate) mutation: Mutation,
    /// The event that was changed.
    pub(crate) at: usize,
    pub(crate) events: Vec<Event>,
    pub(crate) excuse: Option<Excuse>,
}

/// Shows `judge` every mutant of a history, one after the other.
pub(crate) fn each(facts: &Facts<'_>, judge: &mut dyn FnMut(Mutant)) {
    for at in 0..facts.events.len() {
        let mut mutant = |mutation, excuse, change: &dyn Fn(&mut Vec<Event>)| {
            let mut events = facts.events.to_vec();
            change(&mut events);
            judge(Mutant { mutation, at, events, excuse });
        };
        polls::mutants(facts, at, &mut mutant);
        sends::mutants(facts, at, &mut mutant);
        answers::mutants(facts, at, &mut mutant);
    }
}

/// Takes a mutation, its excuse and how it changes the history.
type Take<'a> = &'a mut dyn FnMut(Mutation, Option<Excuse>, &dyn Fn(&mut Vec<Event>));

fn excused(excuse: Excuse, if_so: bool) -> Option<Excuse> {
    if_so.then_some(excuse)
}

fn other_key(key: &Key) -> Key {
    let other = crate::good::KEYS.iter().find(|&&name| name != &**key);
    Key::from(*other.expect("there are several keys"))
}
