//! One group's turn: the group, the clock's reading, and everything that a step may leave behind.

use super::classic_group::Group;
use super::config::GroupConfig;
use super::messages::{Answer, GroupError, JoinResponse, Now, Outcome, SyncResponse, Token};
use super::record::CoordinatorRecord;
use super::timers::Timers;

/// What the steps of a rebalance work on. Finished by [`Turn::finish`].
pub(super) struct Turn<'a> {
    pub(super) group: &'a mut Group,
    pub(super) timers: &'a mut Timers,
    pub(super) config: &'a GroupConfig,
    pub(super) now: Now,
    pub(super) records: Vec<CoordinatorRecord>,
    pub(super) answers: Vec<(Token, Answer)>,
}

impl Turn<'_> {
    pub(super) fn answer_join(&mut self, token: Token, response: JoinResponse) {
        self.answers.push((token, Answer::Join(response)));
    }

    pub(super) fn answer_sync(&mut self, token: Token, response: SyncResponse) {
        self.answers.push((token, Answer::Sync(response)));
    }

    pub(super) fn refuse_sync(&mut self, token: Token, error: GroupError) {
        self.answer_sync(token, SyncResponse::refused(error));
    }

    pub(super) fn finish<R>(self, response: R) -> Outcome<R> {
        Outcome { records: self.records, answers: self.answers, response }
    }
}
