//! Takes a history event by event and gives the verdict at its end.

use crate::checks::bounds::Bounds;
use crate::checks::committed_offset::CommittedOffset;
use crate::checks::consume_count::ConsumeCount;
use crate::checks::deletes::Deletes;
use crate::checks::poll_order::PollOrder;
use crate::checks::realtime_lag::RealtimeLag;
use crate::checks::send_order::SendOrder;
use crate::checks::{
    aborted_read, acked_offset, duplicate, inconsistent_offsets, lost_write, payload_checksum,
    precommitted_read, unknown_value, unseen, wrong_key,
};
use crate::history::{Event, Function, HistoryError, Key, Kind, MicroOp, Record};
use crate::report::{Report, Totals};
use crate::tables::{Facts, Place, Tables, Unanswered};

/// What the clients of a history promise, and so what may be held against the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Every producer is idempotent: a value at two offsets is the broker's fault.
    pub idempotent: bool,
    /// A log start offset that a client was told binds the broker, whatever happens to it. Kafka promises that for
    /// acknowledged deletions only: what retention has begun may come back after a crash.
    pub starts_last: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { idempotent: true, starts_last: true }
    }
}

/// A history being judged.
#[derive(Debug)]
pub struct Checker {
    rules: Rules,
    tables: Tables,
    report: Report,
    poll_order: PollOrder,
    send_order: SendOrder,
    committed_offset: CommittedOffset,
    bounds: Bounds,
    deletes: Deletes,
    realtime_lag: RealtimeLag,
    consume_count: ConsumeCount,
    /// Whether the final polls have begun.
    polling_last: bool,
}

impl Checker {
    /// A checker that has seen nothing.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            tables: Tables::new(),
            report: Report::default(),
            poll_order: PollOrder::default(),
            send_order: SendOrder::default(),
            committed_offset: CommittedOffset::default(),
            bounds: Bounds::new(rules.starts_last),
            deletes: Deletes::default(),
            realtime_lag: RealtimeLag::default(),
            consume_count: ConsumeCount::default(),
            polling_last: false,
        }
    }

    /// Takes the next event. An error means that the history itself is wrong: its verdict would be worthless.
    pub fn push(&mut self, event: &Event) -> Result<(), HistoryError> {
        self.report.totals.events += 1;
        if event.f == Function::Final {
            self.polling_last = true;
        }
        let mut unanswered = Vec::new();
        for op in &event.ops {
            match op {
                MicroOp::Send(key, record) => unanswered.extend(self.note_send(event, key, record)?),
                MicroOp::Poll(polled) if event.kind != Kind::Invoke => {
                    for (key, records) in polled {
                        self.note_polled(event, key, records)?;
                    }
                }
                _ => {}
            }
        }
        if !unanswered.is_empty() {
            self.tables.note_unanswered(unanswered);
        }
        if let (Kind::Info, Some(cause)) = (event.kind, &event.cause) {
            self.report.info(format!("{}: {cause}", event.f));
        }
        precommitted_read::observe(event, &mut self.report);
        // Deletions first: they explain what the other rules see.
        self.deletes.observe(event, &mut self.tables, &mut self.report)?;
        self.poll_order.observe(event, &mut self.tables, &mut self.report)?;
        self.send_order.observe(event, &mut self.tables, &mut self.report)?;
        self.bounds.observe(event, &mut self.tables, &mut self.report)?;
        self.committed_offset.observe(event, &mut self.report);
        self.realtime_lag.observe(event, &mut self.tables)?;
        self.consume_count.observe(event, &mut self.tables)
    }

    /// The verdict.
    pub fn finish(self) -> Report {
        let Self { rules, mut tables, mut report, poll_order, send_order, polling_last, .. } = self;
        report.lags = self.realtime_lag.finish();
        report.consumed_again = self.consume_count.finish();
        tables.settle();
        inconsistent_offsets::check(&tables, &mut report);
        duplicate::check(&tables, rules.idempotent, &mut report);
        lost_write::check(&tables, &mut report);
        unseen::check(&tables, polling_last, &mut report);
        aborted_read::check(&tables, &mut report);
        unknown_value::check(&tables, &mut report);
        wrong_key::check(&tables, &mut report);
        acked_offset::check(&tables, &mut report);
        poll_order.finish(&tables, &mut report);
        send_order.finish(&tables, &mut report);
        report
    }

    /// Takes in a send; one of unknown end is returned, since only its whole operation can be judged, and at the end.
    fn note_send(
        &mut self,
        event: &Event,
        key: &Key,
        record: &Record,
    ) -> Result<Option<Unanswered>, HistoryError> {
        let &Record { offset, value, .. } = record;
        let ended = match event.kind {
            Kind::Invoke => Facts::default(),
            Kind::Ok => Facts::ACKED | Facts::COMMITTED,
            Kind::Fail => Facts::FAILED,
            Kind::Info => Facts::default(),
        };
        let key_index = self.tables.key_index(key)?;
        self.tables.note_sent_key(value, key_index);
        let before = self.tables.note_value(value, Facts::INVOKED | ended);
        let settled = before.has(Facts::ACKED) || before.has(Facts::FAILED);
        if settled || (event.kind == Kind::Invoke && before.has(Facts::INVOKED)) {
            return Err(HistoryError::ValueReused { idx: event.idx, value });
        }
        let Totals { sent_ok, sent_fail, sent_info, .. } = &mut self.report.totals;
        match event.kind {
            Kind::Invoke => {}
            Kind::Ok => *sent_ok += 1,
            Kind::Fail => *sent_fail += 1,
            Kind::Info => *sent_info += 1,
        }
        payload_checksum::observe(key, record, &mut self.tables, &mut self.report);
        if let (Some(offset), Kind::Ok) = (offset, event.kind) {
            self.tables.note_place(value, Place { key: key_index, offset, facts: Facts::ACKED });
        }
        Ok((event.kind == Kind::Info).then_some(Unanswered { key: key_index, offset, value }))
    }

    fn note_polled(&mut self, event: &Event, key: &Key, records: &[Record]) -> Result<(), HistoryError> {
        let mut facts = Facts::READ;
        if event.kind == Kind::Ok {
            facts = facts | Facts::READ_OK;
            if self.polling_last {
                facts = facts | Facts::READ_LAST;
            }
        }
        let key_index = self.tables.key_index(key)?;
        for record in records {
            let &Record { offset, value, .. } = record;
            let offset = offset.ok_or(HistoryError::PollWithoutOffset { idx: event.idx, value })?;
            payload_checksum::observe(key, record, &mut self.tables, &mut self.report);
            self.tables.note_place(value, Place { key: key_index, offset, facts: Facts::READ });
            let before = self.tables.note_value(value, facts);
            self.report.totals.polled += 1;
            if event.kind == Kind::Ok && !before.has(Facts::READ_OK) {
                self.report.totals.read += 1;
            }
        }
        Ok(())
    }
}
