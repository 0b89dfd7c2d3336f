//! Good histories: clients of every kind at work on a log that keeps every rule, all of it out of one seed.

use std::collections::BTreeMap;

use checker::{Event, Function, Key, Kind, MicroOp, Record};

use Function::{Assign, Bounds, Crash, Delete, Final, Group, Poll, Send, Subscribe};

pub(crate) const KEYS: [&str; 3] = ["orders-0", "orders-1", "orders-2"];
const GROUP: &str = "billing";
/// Records of a poll.
const POLLED_MAX: u64 = 7;

/// A splitmix64 generator.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A partition as it is, whatever clients know of it.
#[derive(Default)]
struct Log {
    records: Vec<Record>,
    start: u64,
    end: u64,
    /// What the group has committed.
    committed: Option<u64>,
}

/// A life of a consumer: where it reads each of its keys next.
struct Consumer {
    process: u64,
    member: bool,
    positions: BTreeMap<usize, u64>,
}

struct World {
    rng: Rng,
    events: Vec<Event>,
    logs: [Log; KEYS.len()],
    producers: [u64; 2],
    /// One that assigns its keys, and two members of the group.
    consumers: Vec<Consumer>,
    /// Asks for bounds and committed offsets, and deletes.
    watcher: u64,
    next_process: u64,
    next_value: u64,
}

/// A history of `steps` operations and the final polls.
pub(crate) fn history(seed: u64, steps: usize) -> Vec<Event> {
    let mut world = World {
        rng: Rng(seed),
        events: Vec::new(),
        logs: Default::default(),
        producers: [1, 2],
        consumers: Vec::new(),
        watcher: 3,
        next_process: 4,
        next_value: 0,
    };
    for member in [false, true, true] {
        let consumer = world.new_consumer(member);
        world.consumers.push(consumer);
    }
    world.reassign();
    world.rebalance();
    for _ in 0..steps {
        world.step();
    }
    world.final_polls();
    let mut events = world.events;
    for (idx, event) in events.iter_mut().enumerate() {
        (event.idx, event.t_ns) = (idx as u64, idx as u64 * 5_000_000);
    }
    events
}

fn crc(value: u64) -> u32 {
    (value as u32).wrapping_mul(0x9e37_79b9)
}

impl World {
    fn step(&mut self) {
        match self.rng.below(100) {
            0..34 => self.send(),
            34..64 => {
                // The one that assigns its keys is held to more than the others.
                let at = self.rng.below(4).saturating_sub(1) as usize;
                self.poll(at);
            }
            64..67 => self.reassign(),
            67..70 => self.rebalance(),
            70..72 => self.replace_consumer(),
            72..81 => self.commit(),
            81..86 => self.fetch_committed(),
            86..91 => {
                let key = self.key();
                self.ask_bounds(self.watcher, key);
            }
            _ => self.delete(),
        }
    }

    fn push(&mut self, process: u64, kind: Kind, f: Function, ops: Vec<MicroOp>) {
        self.events.push(Event::new(process, kind, f, ops));
    }

    fn key(&mut self) -> usize {
        self.rng.below(KEYS.len() as u64) as usize
    }

    fn process(&mut self) -> u64 {
        self.next_process += 1;
        self.next_process
    }

    /// A batch: acknowledged, refused, written without an answer, or neither written nor answered.
    fn send(&mut self) {
        let (at, key) = (self.rng.below(2) as usize, self.key());
        let process = self.producers[at];
        let values = self.next_value..self.next_value + 1 + self.rng.below(4);
        self.next_value = values.end;
        let mut batch: Vec<Record> =
            values.map(|value| Record { offset: None, value, crc: Some(crc(value)) }).collect();
        let ops = |batch: &[Record]| -> Vec<MicroOp> {
            batch.iter().map(|&record| MicroOp::Send(Key::from(KEYS[key]), record)).collect()
        };
        let unplaced = ops(&batch);
        self.push(process, Kind::Invoke, Send, unplaced.clone());
        let fate = self.rng.below(10);
        if fate < 8 {
            let log = &mut self.logs[key];
            // Offsets stay empty where a control record stands.
            log.end += if self.rng.0.is_multiple_of(5) { 1 + self.rng.0 % 2 } else { 0 };
            for record in &mut batch {
                record.offset = Some(log.end);
                log.end += 1;
            }
            log.records.extend(&batch);
        }
        match fate {
            0..6 => self.push(process, Kind::Ok, Send, ops(&batch)),
            8 => self.push(process, Kind::Fail, Send, unplaced),
            _ => {
                self.push(process, Kind::Info, Send, unplaced);
                if self.rng.chance(50) {
                    self.push(process, Kind::Info, Crash, Vec::new());
                    self.producers[at] = self.process();
                }
            }
        }
    }

    fn new_consumer(&mut self, member: bool) -> Consumer {
        Consumer { process: self.process(), member, positions: BTreeMap::new() }
    }

    /// One or two keys are polled; sometimes the poll ends in an unknown way and counts for nothing.
    fn poll(&mut self, at: usize) {
        let process = self.consumers[at].process;
        let mut keys: Vec<usize> = self.consumers[at].positions.keys().copied().collect();
        while keys.len() > 2 {
            keys.remove(self.rng.below(keys.len() as u64) as usize);
        }
        for &key in &keys {
            // The records that it wants to read are gone: it asks where the others begin.
            if self.consumers[at].positions[&key] < self.logs[key].start {
                self.ask_bounds(process, key);
                self.consumers[at].positions.insert(key, self.logs[key].start);
            }
        }
        self.push(process, Kind::Invoke, Poll, Vec::new());
        let mut polled = Vec::new();
        let kind = if self.rng.chance(15) { Kind::Info } else { Kind::Ok };
        for key in keys {
            let limit = self.rng.below(POLLED_MAX) as usize;
            let records = self.logs[key].read(self.consumers[at].positions[&key], limit);
            if let (Some(Record { offset: Some(last), .. }), Kind::Ok) = (records.last(), kind) {
                self.consumers[at].positions.insert(key, last + 1);
            }
            if !records.is_empty() {
                polled.push((Key::from(KEYS[key]), records));
            }
        }
        let mut event = Event::new(process, kind, Poll, vec![MicroOp::Poll(polled.clone())]);
        if self.consumers[at].member && self.rng.chance(20) {
            event.rebalanced = polled.into_iter().map(|(key, _)| key).collect();
        }
        self.events.push(event);
    }

    /// The first consumer takes other keys; those that it keeps it goes on with.
    fn reassign(&mut self) {
        let mask = 1 + self.rng.below(7);
        let logs = &self.logs;
        let consumer = &mut self.consumers[0];
        consumer.positions.retain(|key, _| mask & (1 << key) != 0);
        for (key, log) in logs.iter().enumerate().filter(|(key, _)| mask & (1 << key) != 0) {
            consumer.positions.entry(key).or_insert(log.start);
        }
        self.record_keys(0, Assign);
    }

    /// The members share the keys anew and go on where the group stands.
    fn rebalance(&mut self) {
        let turn = self.rng.below(2) as usize;
        for member in 0..2 {
            let owned = (0..KEYS.len()).filter(|key| (key + turn) % 2 == member);
            let positions = owned.map(|key| (key, self.logs[key].committed.unwrap_or(0)));
            self.consumers[1 + member].positions = positions.collect();
            self.record_keys(1 + member, Subscribe);
        }
    }

    fn record_keys(&mut self, at: usize, f: Function) {
        let Consumer { process, positions, .. } = &self.consumers[at];
        let keys = positions.keys().map(|&key| Key::from(KEYS[key])).collect();
        self.events.push(Event::with_keys(*process, f, keys));
    }

    fn replace_consumer(&mut self) {
        let at = self.rng.below(self.consumers.len() as u64) as usize;
        let Consumer { process, member, .. } = self.consumers[at];
        self.push(process, Kind::Ok, Crash, Vec::new());
        self.consumers[at] = self.new_consumer(member);
        if member { self.rebalance() } else { self.reassign() }
    }

    /// A member commits where it stands; or one that was replaced does, which is refused.
    fn commit(&mut self) {
        let at = 1 + self.rng.below(2) as usize;
        let Consumer { process, positions, .. } = &self.consumers[at];
        let process = *process;
        let Some((&key, &position)) = positions.iter().next_back() else { return };
        let commit = |offset| vec![MicroOp::Commit(GROUP.into(), vec![(Key::from(KEYS[key]), offset)])];
        let fate = self.rng.below(10);
        if fate == 0 {
            let offset = position + 1_000;
            self.push(process, Kind::Invoke, Group, commit(offset));
            return self.push(process, Kind::Fail, Group, commit(offset));
        }
        self.push(process, Kind::Invoke, Group, commit(position));
        if fate < 9 {
            self.logs[key].committed = Some(position);
        }
        let kind = if fate < 7 { Kind::Ok } else { Kind::Info };
        self.push(process, kind, Group, commit(position));
    }

    fn fetch_committed(&mut self) {
        let fetch = |offsets: Vec<_>| vec![MicroOp::Committed(GROUP.into(), offsets)];
        let all = |world: &World, shown: bool| -> Vec<(Key, Option<u64>)> {
            let keys = KEYS.iter().zip(&world.logs);
            keys.map(|(&key, log)| (Key::from(key), log.committed.filter(|_| shown))).collect()
        };
        let (asked, told) = (all(self, false), all(self, true));
        self.push(self.watcher, Kind::Invoke, Group, fetch(asked));
        self.push(self.watcher, Kind::Ok, Group, fetch(told));
    }

    fn ask_bounds(&mut self, process: u64, key: usize) {
        let Log { start, end, .. } = self.logs[key];
        let name = Key::from(KEYS[key]);
        self.push(process, Kind::Invoke, Bounds, vec![MicroOp::Bounds(name.clone(), None, None)]);
        self.push(process, Kind::Ok, Bounds, vec![MicroOp::Bounds(name, Some(start), Some(end))]);
    }

    /// Records are deleted on request, or by the broker, which may have come less far than it might.
    fn delete(&mut self) {
        let key = self.key();
        let Log { start, end, .. } = self.logs[key];
        let offset = start + self.rng.below(end - start + 1);
        let delete = || vec![MicroOp::Delete(Key::from(KEYS[key]), offset)];
        let fate = self.rng.below(10);
        if fate < 7 {
            self.push(self.watcher, Kind::Invoke, Delete, delete());
        }
        match fate {
            0..4 => self.logs[key].start = offset,
            4..7 => {}
            _ => self.logs[key].start = start + self.rng.below(offset - start + 1),
        }
        let process = if fate < 7 { self.watcher } else { 0 };
        self.push(process, if fate < 3 { Kind::Ok } else { Kind::Info }, Delete, delete());
    }

    fn final_polls(&mut self) {
        self.push(0, Kind::Ok, Final, Vec::new());
        let process = self.process();
        let keys = KEYS.iter().map(|&key| Key::from(key)).collect();
        self.events.push(Event::with_keys(process, Assign, keys));
        for (key, name) in KEYS.iter().enumerate() {
            self.ask_bounds(process, key);
            let records = self.logs[key].read(self.logs[key].start, usize::MAX);
            for records in records.chunks(POLLED_MAX as usize) {
                self.push(process, Kind::Invoke, Poll, Vec::new());
                let polled = vec![(Key::from(*name), records.to_vec())];
                self.push(process, Kind::Ok, Poll, vec![MicroOp::Poll(polled)]);
            }
        }
    }
}

impl Log {
    fn read(&self, from: u64, limit: usize) -> Vec<Record> {
        let from = Some(from.max(self.start));
        self.records.iter().filter(|record| record.offset >= from).take(limit).copied().collect()
    }
}
