//! What a seed means: settings, topics, clients and the faults with their times. Pure; nothing else draws from the seed
//! what should happen.

pub mod recovery;
pub mod remote;

use crate::bucket::Work;
use crate::random::Rng;
use recovery::RecoveryPlan;
use remote::RemotePlan;

/// Milliseconds of simulated time before the first fault, so that there is something to lose.
const FIRST_FAULT_MS: u64 = 400;

/// Purposes of the seed's generators, so that one more draw here changes nothing there.
pub mod purpose {
    /// The plan.
    pub const PLAN: u64 = 1;
    /// The disk's luck.
    pub const DISK: u64 = 2;
    /// The network's luck.
    pub const NETWORK: u64 = 3;
    /// The topic that comes and goes.
    pub const CHURN: u64 = 4;
    /// How often the metadata has a snapshot.
    pub const METADATA: u64 = 5;
    /// Members of the consumer group.
    pub const MEMBERS: u64 = 6;
    /// Which topics lose their oldest records.
    pub const DELETIONS: u64 = 7;
    /// When and how far records are deleted on request.
    pub const DELETE_RECORDS: u64 = 8;
    /// Which topics are compacted.
    pub const COMPACTION: u64 = 9;
    /// Whether segments are copied to an object store, and how.
    pub const REMOTE: u64 = 10;
    /// The object store's luck.
    pub const BUCKET: u64 = 11;
    /// Questions for offsets by time.
    pub const TIMES: u64 = 12;
    /// Changes of how topics are tiered.
    pub const TIERING: u64 = 13;
    /// Whoever reads everything again and again.
    pub const REREADER: u64 = 14;
    /// The last questions for offsets by time.
    pub const FINAL_TIMES: u64 = 15;
    /// Whether the disk is lost in the end, and how the broker is recovered.
    pub const RECOVERY: u64 = 16;
    /// What the recovered machine and its clients draw.
    pub const RECOVERED: u64 = 17;
    /// Ids of the broker; one further for each of its lives.
    pub const BROKER: u64 = 1_000;
    /// Clients; one further for each.
    pub const CLIENT: u64 = 1_000_000;
}

/// A topic that the clients work on.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// Count of its partitions.
    pub partitions: i32,
    /// Its settings.
    pub configs: Vec<(String, String)>,
    /// When it is made, in milliseconds.
    pub created_at_ms: u64,
    /// Its `retention.bytes`, if it has one.
    pub retention_bytes: Option<u64>,
    /// Whether clients delete its oldest records.
    pub deletes_records: bool,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The process ends at once.
    Kill,
    /// The power goes after this many further disk operations, and once more during the recovery if `again` says after
    /// how many of its operations.
    PowerLoss {
        /// Disk operations until then.
        after: u64,
        /// Disk operations of the next start until it goes again.
        again: Option<u64>,
    },
    /// A sync fails with EIO; later the machine or only the process is restarted.
    FailedSync {
        /// Syncs that still go well.
        after: u64,
        /// Whether the machine is restarted too.
        reboot: bool,
    },
    /// A write fails with EIO.
    FailedWrite {
        /// Writes that still go well.
        after: u64,
        /// Whether the machine is restarted too.
        reboot: bool,
    },
    /// The disk is full for a while.
    DiskFull {
        /// Bytes that still fit.
        room: u64,
        /// How long.
        for_ms: u64,
    },
    /// The wall clock jumps.
    ClockJump {
        /// How far it is off from now on.
        offset_ms: i64,
    },
    /// A client's connection is cut.
    Cut {
        /// Which client.
        client: usize,
    },
    /// Nothing passes between a client and the broker for a while.
    Partition {
        /// Which client.
        client: usize,
        /// How long.
        for_ms: u64,
    },
    /// All that is sent between a client and the broker arrives late.
    Hold {
        /// Which client.
        client: usize,
        /// How long.
        for_ms: u64,
    },
    /// The broker is asked to stop and is started again.
    Restart,
    /// The broker ends while it is about some work with the object store.
    Interrupt {
        /// Which.
        work: Work,
        /// Whether the power goes too.
        power: bool,
    },
}

/// Kinds of faults, for counting.
pub const FAULT_KINDS: [&str; 14] = [
    "kill",
    "power loss",
    "failed sync",
    "failed write",
    "disk full",
    "clock jump",
    "cut",
    "partition",
    "hold",
    "restart",
    "crash during a copy",
    "crash during a publication",
    "crash during a remote deletion",
    "crash during a scrub",
];

impl Fault {
    /// Its place in [`FAULT_KINDS`].
    #[must_use]
    pub fn kind(&self) -> usize {
        match self {
            Fault::Kill => 0,
            Fault::PowerLoss { .. } => 1,
            Fault::FailedSync { .. } => 2,
            Fault::FailedWrite { .. } => 3,
            Fault::DiskFull { .. } => 4,
            Fault::ClockJump { .. } => 5,
            Fault::Cut { .. } => 6,
            Fault::Partition { .. } => 7,
            Fault::Hold { .. } => 8,
            Fault::Restart => 9,
            Fault::Interrupt { work: Work::Copy, .. } => 10,
            Fault::Interrupt { work: Work::Publish, .. } => 11,
            Fault::Interrupt { work: Work::Delete, .. } => 12,
            Fault::Interrupt { work: Work::Scrub, .. } => 13,
        }
    }
}

/// A fault and its time.
#[derive(Clone, Debug)]
pub struct PlannedFault {
    /// Milliseconds since the simulation began. A fault that finds no running broker waits for it.
    pub at_ms: u64,
    /// What happens.
    pub fault: Fault,
    /// How long a broker that goes down because of it stays down.
    pub down_ms: u64,
}

/// Everything that a seed decides beforehand.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How long clients work, in milliseconds.
    pub load_ms: u64,
    /// The topics.
    pub topics: Vec<TopicPlan>,
    /// Settings of the broker, as `--set` takes them.
    pub settings: Vec<String>,
    /// Producers, each with its `acks` and the batches that it keeps in flight.
    pub producers: Vec<ProducerPlan>,
    /// Consumers, each with the bytes that it asks for at a time.
    pub consumers: Vec<i32>,
    /// Groups whose offsets are committed by a client that is no member.
    pub groups: usize,
    /// Members of the consumer group.
    pub members: usize,
    /// The longest time that the disk takes for a commit, in milliseconds.
    pub commit_ms_max: u64,
    /// Size of a commit log file in bytes.
    pub commit_log_file_bytes: u64,
    /// Changes of the metadata after which a snapshot of it is made.
    pub metadata_snapshot_entries: u64,
    /// Faults in the order of their times.
    pub faults: Vec<PlannedFault>,
    /// The object store, if there is one.
    pub remote: Option<RemotePlan>,
    /// How the disk is lost in the end, if it is.
    pub recovery: Option<RecoveryPlan>,
}

/// How a producer works.
#[derive(Clone, Copy, Debug)]
pub struct ProducerPlan {
    /// 1 or -1.
    pub acks: i16,
    /// Most batches in flight; up to 5 are safe for one partition (KIP-98).
    pub in_flight_max: u64,
    /// Longest pause between two windows of batches, in milliseconds.
    pub pause_ms_max: u64,
    /// Longest payload in bytes.
    pub payload_max: u64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Plan {
        let mut rng = Rng::new(seed, purpose::PLAN);
        let load_ms = rng.between(4_000, 8_000);
        let mut topics = topics(&mut rng, load_ms);
        lose_records(&mut Rng::new(seed, purpose::DELETIONS), &mut topics);
        compact(&mut Rng::new(seed, purpose::COMPACTION), &mut topics);
        let mut remote_rng = Rng::new(seed, purpose::REMOTE);
        let remote = RemotePlan::new(&mut remote_rng, load_ms, &mut topics);
        let payload_max = *rng.pick(&[100, 1_000, 5_000, 60_000]);
        let producers: Vec<_> = (0..rng.between(2, 3)).map(|_| producer(&mut rng, payload_max)).collect();
        let consumers: Vec<_> = (0..rng.between(1, 2)).map(|_| *rng.pick(&[500, 20_000, 1 << 20])).collect();
        let groups = 1;
        let members = 2 + Rng::new(seed, purpose::MEMBERS).index(2);
        let clients = producers.len() + consumers.len() + groups + members;
        let mut settings = settings(&mut rng);
        let mut commit_ms_max = *rng.pick(&[0, 3, 10, 30]);
        let commit_log_file_bytes = *rng.pick(&[2 << 20, 4 << 20]);
        let metadata_snapshot_entries = *Rng::new(seed, purpose::METADATA).pick(&[2, 7, 30, 10_000]);
        let mut faults = faults(&mut rng, load_ms, clients);
        if let Some(remote) = &remote {
            settings.extend(remote.settings(&mut remote_rng));
            // There is time to copy what is not durable, which must not happen.
            commit_ms_max = *remote_rng.pick(&[commit_ms_max, 200]);
            faults.extend(RemotePlan::faults(&mut remote_rng, load_ms));
        }
        faults.sort_by_key(|planned| planned.at_ms);
        let mut recovery_rng = Rng::new(seed, purpose::RECOVERY);
        let recovery = remote.as_ref().and_then(|remote| RecoveryPlan::new(&mut recovery_rng, remote));
        Plan {
            seed,
            load_ms,
            topics,
            settings,
            producers,
            consumers,
            groups,
            members,
            commit_ms_max,
            commit_log_file_bytes,
            metadata_snapshot_entries,
            faults,
            remote,
            recovery,
        }
    }
}

fn topics(rng: &mut Rng, load_ms: u64) -> Vec<TopicPlan> {
    let late = rng.between(1, 2);
    (0..=late)
        .map(|index| TopicPlan {
            name: format!("topic{index}"),
            partitions: i32::try_from(rng.between(1, 6)).expect("a small number"),
            configs: topic_configs(rng),
            created_at_ms: if index == 0 { 0 } else { rng.between(0, load_ms) },
            retention_bytes: None,
            deletes_records: false,
        })
        .collect()
}

/// Decides which topics lose their oldest records, by retention, on request or both.
fn lose_records(rng: &mut Rng, topics: &mut [TopicPlan]) {
    for topic in topics {
        if rng.chance(40) {
            let bytes = *rng.pick(&[1, 3_000, 30_000, 300_000]);
            topic.retention_bytes = Some(bytes);
            topic.configs.push(("retention.bytes".to_owned(), bytes.to_string()));
        }
        topic.deletes_records = rng.chance(30);
    }
}

/// Decides which topics are compacted. Every record has a key of its own, so that cleanings rewrite segments and all
/// records stay; what goes, goes from the topic of the groups' offsets.
fn compact(rng: &mut Rng, topics: &mut [TopicPlan]) {
    for topic in topics {
        if !rng.chance(40) {
            continue;
        }
        // Where nothing is deleted, DeleteRecords is refused; without a limit retention deletes nothing.
        let policy = "compact,delete";
        let ratio = *rng.pick(&["0", "0.3"]);
        let pairs = [("cleanup.policy", policy), ("min.cleanable.dirty.ratio", ratio)];
        topic.configs.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

/// Small segments: by time, by size of the index, or by the least size that Kafka allows.
fn topic_configs(rng: &mut Rng) -> Vec<(String, String)> {
    let segment_ms = *rng.pick(&[200, 1_000, 3_000, 604_800_000]);
    let index_bytes = *rng.pick(&[24, 80, 10_485_760]);
    let pairs = [
        ("segment.ms", segment_ms),
        ("segment.bytes", 1 << 20),
        ("segment.index.bytes", index_bytes),
        ("index.interval.bytes", *rng.pick(&[0, 500, 4_096])),
        // Clocks jump by an hour either way: time stamps are not what is tested here.
        ("message.timestamp.after.max.ms", 86_400_000),
    ];
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect()
}

fn producer(rng: &mut Rng, payload_max: u64) -> ProducerPlan {
    ProducerPlan {
        acks: if rng.chance(75) { -1 } else { 1 },
        in_flight_max: *rng.pick(&[1, 3, 5]),
        pause_ms_max: *rng.pick(&[2, 20, 60]),
        payload_max,
    }
}

fn settings(rng: &mut Rng) -> Vec<String> {
    let checkpoint_ms = *rng.pick(&[100, 800, 2_500, 60_000]);
    let commit_log = *rng.pick(&[1 << 20, 4 << 20, 64 << 20]);
    [
        "listeners=PLAINTEXT://0.0.0.0:9092".to_owned(),
        "advertised.listeners=PLAINTEXT://broker:9092".to_owned(),
        "log.dirs=/data".to_owned(),
        "highwater.http.listener=".to_owned(),
        "offsets.topic.num.partitions=4".to_owned(),
        "log.segment.delete.delay.ms=500".to_owned(),
        "log.retention.check.interval.ms=250".to_owned(),
        "log.cleaner.backoff.ms=20".to_owned(),
        "log.cleaner.min.cleanable.ratio=0.01".to_owned(),
        // For the topic of the groups' offsets, which has no settings of its own.
        "log.roll.ms=300".to_owned(),
        "group.initial.rebalance.delay.ms=50".to_owned(),
        "group.min.session.timeout.ms=100".to_owned(),
        format!("highwater.checkpoint.interval.ms={checkpoint_ms}"),
        format!("highwater.commit.log.max.bytes={commit_log}"),
    ]
    .to_vec()
}

fn faults(rng: &mut Rng, load_ms: u64, clients: usize) -> Vec<PlannedFault> {
    (0..rng.between(3, 8))
        .map(|_| PlannedFault {
            at_ms: rng.between(FIRST_FAULT_MS, load_ms),
            fault: fault(rng, clients),
            down_ms: rng.between(5, 400),
        })
        .collect()
}

fn fault(rng: &mut Rng, clients: usize) -> Fault {
    match rng.between(0, 15) {
        0 | 1 => Fault::Kill,
        2..=5 => {
            let again = rng.chance(40).then(|| rng.between(1, 300));
            Fault::PowerLoss { after: rng.between(1, 200), again }
        }
        6 => Fault::FailedSync { after: rng.between(0, 30), reboot: rng.chance(70) },
        7 => Fault::FailedWrite { after: rng.between(0, 60), reboot: rng.chance(70) },
        8 => Fault::DiskFull { room: rng.between(0, 40_000), for_ms: rng.between(50, 800) },
        9 => {
            let offset_ms = i64::try_from(rng.between(0, 7_200_000)).expect("two hours") - 3_600_000;
            Fault::ClockJump { offset_ms }
        }
        10 | 11 => Fault::Cut { client: rng.index(clients) },
        12 => Fault::Partition { client: rng.index(clients), for_ms: rng.between(20, 1_500) },
        13 => Fault::Hold { client: rng.index(clients), for_ms: rng.between(20, 800) },
        _ => Fault::Restart,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_is_planned_within_200_seeds() {
        let mut counts = [0; FAULT_KINDS.len()];
        for seed in 0..200 {
            for planned in Plan::new(seed).faults {
                counts[planned.fault.kind()] += 1;
            }
        }
        assert!(counts.iter().all(|&count| count > 10), "{FAULT_KINDS:?} are planned {counts:?} times");
    }
}
