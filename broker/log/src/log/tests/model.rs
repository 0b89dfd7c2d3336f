//! Random histories of one log with crashes in between, compared with a list of the records it must hold.

use proptest::prelude::*;

use super::*;
use crate::tail_checkpoint::TailCheckpoint;

#[derive(Clone, Debug)]
enum Step {
    Append { records: usize, bytes: usize },
    Retry,
    Commit,
    FinishRolls,
    Checkpoint,
    Retain { bytes: i64 },
    Truncate { keep: u8 },
    Kill,
    PowerLoss { seed: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..4_usize, 1..60_usize).prop_map(|(records, bytes)| Step::Append { records, bytes }),
        1 => Just(Step::Retry),
        3 => Just(Step::Commit),
        1 => Just(Step::FinishRolls),
        1 => Just(Step::Checkpoint),
        1 => (0..2000_i64).prop_map(|bytes| Step::Retain { bytes }),
        1 => any::<u8>().prop_map(|keep| Step::Truncate { keep }),
        1 => Just(Step::Kill),
        1 => any::<u64>().prop_map(|seed| Step::PowerLoss { seed }),
    ]
}

struct Model {
    fixture: Fixture,
    /// Values by offset, from offset 0 on; `start` says which are gone.
    values: Vec<String>,
    /// First offsets of the batches, and the log's end.
    boundaries: Vec<usize>,
    start: usize,
    committed: usize,
    /// Offset and bytes of the newest batch.
    last_batch: Option<(usize, Vec<u8>)>,
    tail: Option<TailCheckpoint>,
}

impl Model {
    fn new(config: LogConfig) -> Model {
        let mut model = Model {
            fixture: fixture(config),
            values: Vec::new(),
            boundaries: vec![0],
            start: 0,
            committed: 0,
            last_batch: None,
            tail: None,
        };
        model.fixture.disk.sync_dir(model.fixture.log.dir()).unwrap();
        model.checkpoint();
        model
    }

    fn append(&mut self, records: usize, bytes: usize) {
        let values: Vec<String> =
            (0..records).map(|n| format!("{}-{}", self.values.len() + n, "v".repeat(bytes))).collect();
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        // One producer writes everything, so its sequences are the offsets.
        let batch = produced(3, i32::try_from(self.values.len()).unwrap(), &texts);
        let info = self.fixture.append(batch.clone()).unwrap();
        assert_eq!(info.base_offset.0 as usize, self.values.len());
        self.last_batch = Some((self.values.len(), batch));
        self.values.extend(values);
        self.boundaries.push(self.values.len());
    }

    fn checkpoint(&mut self) {
        let tail = self.fixture.checkpoint();
        self.tail = Some(TailCheckpoint::decode(&tail.encode()).unwrap());
        self.committed = self.committed.max(self.values.len());
    }

    fn crash_and_open(&mut self) {
        let tail = self.tail.clone();
        let report = self.fixture.reopen(tail.as_ref()).unwrap();
        assert_eq!(report.from_checkpoint, tail.is_some());
        let end = self.fixture.log.log_end_offset().0 as usize;
        assert!(end >= self.committed, "committed records up to {} are gone: {end}", self.committed);
        self.keep_first(end);
        self.start = self.start.max(self.fixture.log.log_start_offset().0 as usize);
        self.fixture.commit();
        self.committed = end;
    }

    fn keep_first(&mut self, end: usize) {
        self.values.truncate(end);
        self.boundaries.retain(|&boundary| boundary <= end);
        assert_eq!(self.boundaries.last(), Some(&end), "the log ends between batches");
        self.last_batch = self.last_batch.take().filter(|(offset, _)| *offset < end);
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Append { records, bytes } => self.append(records, bytes),
            Step::Retry => {
                if let Some((offset, batch)) = self.last_batch.clone() {
                    let info = self.fixture.append(batch).unwrap();
                    assert!(info.duplicate);
                    assert_eq!(info.base_offset.0 as usize, offset);
                }
            }
            Step::Commit => {
                self.fixture.commit();
                self.committed = self.values.len();
            }
            Step::FinishRolls => {
                self.fixture.log.finish_rolls().unwrap();
            }
            Step::Checkpoint => self.checkpoint(),
            Step::Retain { bytes } => {
                self.fixture
                    .log
                    .set_config(Arc::new(LogConfig { retention_bytes: bytes, ..tiny_segments() }));
                let committed = Offset(self.committed as i64);
                let count = self.fixture.log.deletable_segments(NOW_MS, committed);
                self.fixture.log.delete_oldest_segments(count, NOW_MS).unwrap();
                self.start = self.fixture.log.log_start_offset().0 as usize;
                self.checkpoint();
            }
            Step::Truncate { keep } => {
                let live: Vec<usize> =
                    self.boundaries.iter().copied().filter(|&boundary| boundary >= self.start).collect();
                if let Some(&to) = live.get(usize::from(keep) % live.len().max(1)) {
                    self.fixture.log.truncate_to(Offset(to as i64), NOW_MS).unwrap();
                    self.keep_first(to);
                    self.committed = self.committed.min(to);
                    self.checkpoint();
                }
            }
            Step::Kill => {
                self.fixture.disk.kill();
                self.crash_and_open();
            }
            Step::PowerLoss { seed } => {
                self.fixture.disk.power_loss(seed);
                self.crash_and_open();
            }
        }
    }

    fn check(&mut self, max_bytes: usize) {
        let end = self.values.len();
        assert_eq!(self.fixture.log.log_end_offset().0 as usize, end);
        assert_eq!(self.fixture.log.log_start_offset().0 as usize, self.start);
        let wanted: Vec<(i64, String)> =
            (self.start..end).map(|offset| (offset as i64, self.values[offset].clone())).collect();
        let first_boundary = self.boundaries.iter().rfind(|&&boundary| boundary <= self.start);
        assert!(first_boundary.is_some());
        let found = self.fixture.read_all(max_bytes, Offset(end as i64));
        let found: Vec<_> = found.into_iter().filter(|(offset, _)| *offset >= self.start as i64).collect();
        assert_eq!(found, wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn every_committed_record_survives_any_history(
        steps in prop::collection::vec(step(), 1..40),
        max_bytes in 1..1500_usize,
    ) {
        let mut model = Model::new(tiny_segments());
        for step in &steps {
            model.run(step);
            model.check(max_bytes);
        }
    }
}
