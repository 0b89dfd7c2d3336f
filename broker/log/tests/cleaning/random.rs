//! Random work on a compacted log, cleanings among it, and random stops; after each one the question whether everything
//! that was promised is there. A failing seed is printed.

use std::collections::BTreeMap;

use broker_log::append::AppendError;

use super::*;

const SEEDS: u64 = 60;
const ROUNDS: usize = 5;
const STEPS: usize = 70;

const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Key and value of a record.
type Pair = (String, Option<String>);

/// What the log may hold and must hold.
#[derive(Default)]
struct Model {
    /// Every record that was appended, by offset: its key and value.
    appended: BTreeMap<i64, Pair>,
    /// Those of the append that met the end of the power: they are there or not.
    unknown: Option<Vec<(i64, Pair)>>,
    /// Everything below is durable.
    durable: i64,
    /// Everything below may be gone.
    start_asked: i64,
    /// The last record of each key may be gone if it is a tombstone that was there for so long.
    tombstones_may_go: bool,
}

struct World {
    random: u64,
    disk: MemoryDisk,
    opened: Option<Opened>,
    model: Model,
}

impl World {
    fn pick(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % bound as u64) as usize
    }

    fn opened(&mut self) -> &mut Opened {
        self.opened.as_mut().expect("open between stops")
    }

    fn step(&mut self) {
        let log = self.opened().log();
        match self.pick(24) {
            0..8 => self.append(&log),
            8..12 => _ = self.opened().committer.run_cycle(),
            12..19 => {
                for _ in 0..=self.pick(6) {
                    self.opened().cleaner.step();
                }
            }
            19 | 20 => self.opened().dir.checkpoint(),
            21 => {
                let by = if self.pick(6) == 0 { DAY } else { Duration::from_secs(2) };
                self.model.tombstones_may_go |= by == DAY;
                let opened = self.opened();
                opened.clock.advance(by);
                let now_ms = now_ms(opened);
                opened.dir.maintain(now_ms, &|log| log.flushed_offset());
            }
            22 if self.pick(3) == 0 => {
                let to = self.pick(log.flushed_offset().0 as usize + 1) as i64;
                log.advance_log_start_offset(Offset(to));
                self.model.start_asked = self.model.start_asked.max(to);
            }
            _ => {}
        }
        self.model.durable = self.model.durable.max(log.flushed_offset().0);
    }

    fn append(&mut self, log: &Arc<LogHandle>) {
        let base = log.with(|log| log.log_end_offset().0);
        let pairs: Vec<(&str, Option<String>)> = (0..=self.pick(3))
            .map(|_| {
                let key = KEYS[self.pick(KEYS.len())];
                let number = self.pick(1000);
                (key, (number > 150).then(|| format!("{base} {number}")))
            })
            .collect();
        let told: Vec<(&str, Option<&str>)> = pairs.iter().map(|(key, v)| (*key, v.as_deref())).collect();
        let mut bytes = batch_at(base, &told);
        let options =
            AppendOptions { leader_epoch: LeaderEpoch(1), origin: AppendOrigin::Client, now_ms: NOW_MS };
        let records = (base..).zip(pairs).map(|(offset, (key, value))| (offset, (key.to_owned(), value)));
        match log.append_as_leader(&mut bytes, &options) {
            Ok(_) => self.model.appended.extend(records),
            Err(AppendError::Storage(_)) if self.model.unknown.is_none() => {
                self.model.unknown = Some(records.collect());
            }
            Err(_) => {}
        }
    }

    fn check(&mut self) -> Result<(), String> {
        let log = self.opened().log();
        let (start, end) = log.with(|log| (log.log_start_offset().0, log.log_end_offset().0));
        let model = &mut self.model;
        if end < model.durable || start > model.start_asked {
            let (durable, asked) = (model.durable, model.start_asked);
            return Err(format!("holds {start} to {end}, {durable} was durable, start {asked} asked"));
        }
        let unknown = model.unknown.take().unwrap_or_default();
        model.appended.extend(unknown);
        // What was appended behind the end has gone with the stop.
        model.appended.retain(|offset, _| *offset < end);
        let left: BTreeMap<i64, (String, Option<String>)> =
            records(&log).into_iter().map(|(offset, key, value)| (offset, (key, value))).collect();
        if let Some(told) = left.iter().find(|(offset, told)| model.appended.get(offset) != Some(told)) {
            return Err(format!("{told:?} was never appended"));
        }
        for key in KEYS {
            let last = model.appended.iter().rfind(|(_, (of, _))| of == key);
            let found = left.iter().rfind(|(_, (of, _))| of == key);
            let may_be_gone = |offset: i64, value: &Option<String>| {
                offset < start || (value.is_none() && model.tombstones_may_go)
            };
            match (last, found) {
                (Some((offset, (_, value))), None) if !may_be_gone(*offset, value) => {
                    return Err(format!("the last of {key}, at {offset}, is gone"));
                }
                (Some((offset, (_, value))), Some((at, _))) if offset != at => {
                    return Err(format!("{key} is at {at}, its last was {value:?} at {offset}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn stop_and_open(&mut self) -> Result<(), String> {
        let seed = self.pick(usize::MAX) as u64;
        let kind = self.pick(4);
        let mut opened = self.opened.take().expect("open between stops");
        if kind == 0 {
            opened.cleaner.stop();
            opened.dir.close();
        }
        drop(opened);
        match kind {
            1 => self.disk.kill(),
            2 => {
                self.disk.kill();
                drop(open(&self.disk));
                self.disk.power_loss(seed);
            }
            _ => self.disk.power_loss(seed),
        }
        self.opened = Some(open(&self.disk));
        self.check()
    }
}

fn run(seed: u64) -> Result<u64, String> {
    let (disk, opened) = made(seed);
    // So that the log exists after any stop.
    let mut world = World { random: seed, disk, opened: Some(opened), model: Model::default() };
    world.append_first();
    let mut cleanings = 0;
    for round in 0..ROUNDS {
        let cut = world.pick(3) == 0;
        if cut {
            let after = world.pick(500) as u64 + 1;
            world.disk.with_faults(|faults| faults.cut_power_after(after));
        }
        (0..STEPS).for_each(|_| world.step());
        cleanings += world.opened().cleanings();
        world.stop_and_open().map_err(|error| format!("seed {seed}, round {round}: {error}"))?;
    }
    Ok(cleanings)
}

impl World {
    fn append_first(&mut self) {
        let log = self.opened().log();
        self.append(&log);
        self.opened().settle();
        self.model.durable = log.flushed_offset().0;
    }
}

/// fault = 36, 39, 40, 41
#[test]
fn any_sequence_of_stops_leaves_the_last_record_of_every_key() {
    let mut cleanings = 0;
    for seed in 0..SEEDS {
        match run(seed) {
            Ok(count) => cleanings += count,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(cleanings > SEEDS, "{cleanings} cleanings");
}
