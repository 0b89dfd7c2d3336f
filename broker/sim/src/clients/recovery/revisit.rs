//! The first client of a recovered broker: compares all that came back with what the object store had and what was
//! acknowledged, goes on where the old broker's producers were, and sees that all of it is tiered as before.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use broker_protocol::types::Offset;
use broker_state::metadata::ConfigResource;
use broker_tier::ids::PartitionId;
use highwater_broker::api::context::ApiContext;
use highwater_broker::tiering::Standing;

use super::ledger::{Expected, Ledger};
use super::talk::{GROUP, Talk};
use super::writer::{self, Writer};
use crate::audit::Audit;
use crate::broker_host::BrokerHost;
use crate::clients::{Partition, Shared, pause};
use crate::random::Rng;

/// Name of the recovered broker's host.
pub const RECOVERED: &str = "recovered";
/// How long something may take that comes by itself, in milliseconds.
const PATIENCE_MS: u64 = 60_000;
/// Pause between two looks, in milliseconds.
const LOOK_MS: u64 = 50;
const PAYLOAD_MAX: u64 = 3_000;
/// Batches that are written.
const BATCHES: (u64, u64) = (5, 20);

/// What a visit is about.
pub struct Visit {
    /// The recovered broker.
    pub host: Rc<BrokerHost>,
    /// The old one, if it lives.
    pub old: Option<Rc<BrokerHost>>,
    /// Whether the old one had been asked to stop.
    pub was_stopped: bool,
    /// What is known.
    pub ledger: RefCell<Ledger>,
    /// What was in the object store when it was recovered.
    pub expected: Expected,
    /// What is in there now.
    pub audit: Rc<RefCell<Audit>>,
    /// The old broker's last producer.
    pub writer: Option<Writer>,
}

/// Looks at everything.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>, visit: Rc<Visit>, mut rng: Rng) -> turmoil::Result {
    let mut talk = Talk::new(Rc::clone(&shared), RECOVERED, Rc::new(Cell::new(false)));
    let Some(ctx) = visit.host.serving() else {
        shared.violation("the recovered broker does not serve");
        return Ok(());
    };
    for fault in visit.topics(&ctx) {
        shared.violation(fault);
    }
    // What gets no answer stands in the record.
    let _done = visit.go(&ctx, &mut talk, &mut rng).await;
    Ok(())
}

impl Visit {
    async fn go(&self, ctx: &ApiContext, talk: &mut Talk, rng: &mut Rng) -> Option<()> {
        let partitions = self.partitions(ctx);
        for partition in &partitions {
            self.compare(talk, partition, true).await?;
        }
        self.commits(talk, &partitions).await?;
        for partition in &partitions {
            self.send_again(talk, partition, rng).await?;
        }
        let mut writer = Writer::new(talk, PAYLOAD_MAX).await?;
        if self.writer.as_ref().is_some_and(|before| before.id >= writer.id) {
            talk.shared.violation(format_args!("producer id {} is given out again", writer.id.0));
        }
        if partitions.is_empty() {
            return Some(());
        }
        for _ in 0..rng.between(BATCHES.0, BATCHES.1) {
            let partition = rng.pick(&partitions).clone();
            let end = talk.bounds(&partition).await?.1;
            let offset = writer.write(talk, &self.ledger, &partition, rng).await?;
            if offset != end {
                let key = partition.key();
                talk.shared.violation(format_args!("{key} ends at {end} and goes on at {offset}"));
            }
        }
        wait(&talk.shared, || self.not_tiered(ctx)).await;
        for partition in &partitions {
            self.compare(talk, partition, false).await?;
        }
        if let Some(old) = &self.old {
            wait(&talk.shared, || standing(old)).await;
        }
        Some(())
    }

    /// The partitions that are known and there.
    fn partitions(&self, ctx: &ApiContext) -> Vec<Partition> {
        let ledger = self.ledger.borrow();
        let is_there =
            |partition: &&Partition| ctx.replicas.partition(&partition.topic, partition.index).is_some();
        ledger.partitions.keys().filter(is_there).cloned().collect()
    }

    /// What is wrong with the topics.
    fn topics(&self, ctx: &ApiContext) -> Vec<String> {
        let (ledger, image, mut faults) = (self.ledger.borrow(), ctx.metadata.image(), Vec::new());
        for (name, known) in &ledger.topics {
            let Some(found) = image.topics.by_name(name) else {
                let is_copied = self.expected.keys().any(|partition| partition.topic == *name);
                if is_copied || known.configs.is_some() {
                    faults.push(format!("{name} did not come back"));
                }
                continue;
            };
            if found.id != known.id {
                faults.push(format!("{name} has id {} and had {}", found.id, known.id));
            }
            let configs = image.config(&ConfigResource::topic(name)).map(|configs| configs.as_ref().clone());
            if let Some(before) = &known.configs
                && *before != configs.clone().unwrap_or_default()
            {
                faults.push(format!("{name} has {configs:?} and had {before:?}"));
            }
        }
        for (partition, known) in &ledger.partitions {
            let found = ctx.replicas.partition(&partition.topic, partition.index);
            let is_known = ledger.topics.get(&partition.topic).is_some_and(|topic| topic.configs.is_some());
            match found {
                Some(found) if Some(found.leader_epoch()) <= known.leader_epoch => {
                    let (key, epoch, before) = (partition.key(), found.leader_epoch(), known.leader_epoch);
                    faults.push(format!("{key} is in leader epoch {epoch} after {before:?}"));
                }
                Some(_) => {}
                None if is_known || self.expected.contains_key(partition) => {
                    faults.push(format!("{} did not come back", partition.key()));
                }
                None => {}
            }
        }
        faults
    }

    /// Reads a partition and compares it with what is known; `first` is right after the recovery.
    async fn compare(&self, talk: &mut Talk, partition: &Partition, first: bool) -> Option<()> {
        let key = partition.key();
        let (start, end, records) = talk.read(partition).await?;
        let mut ledger = self.ledger.borrow_mut();
        let id = ledger.topics.get(&partition.topic)?.id;
        let known = ledger.partitions.get_mut(partition)?;
        let (least, copied) = self.expected.get(partition).copied().unwrap_or_default();
        // Retention moves the start in the manifest first.
        let now = self.audit.borrow().bounds_of(PartitionId { topic_id: id, partition: partition.index });
        // Without one, only what was written since can be deleted.
        let most = now.map_or(if first { least } else { end }, |(start, _)| start.0);
        if start < least || start > most {
            talk.shared.violation(format_args!("{key} begins at {start}, its manifest at {least} to {most}"));
        }
        if first && end != copied {
            talk.shared.violation(format_args!("{key} ends at {end}, and is copied up to {copied}"));
        }
        for fault in known.judge(start, end, records) {
            talk.shared.violation(format_args!("{key} {fault}, recovered up to {copied}"));
        }
        Some(())
    }

    /// Looks at what the groups have committed.
    async fn commits(&self, talk: &mut Talk, partitions: &[Partition]) -> Option<()> {
        let end_of = |partition: &Partition| self.expected.get(partition).map_or(0, |(_, end)| *end);
        let ledger = self.ledger.borrow().clone();
        let mut groups: Vec<&String> = ledger.commits.keys().map(|(group, _)| group).collect();
        groups.dedup();
        for group in groups {
            let told = talk.committed(group, partitions).await?;
            for partition in partitions {
                let before = ledger.commits.get(&(group.clone(), partition.clone()));
                let expected = before.map(|before| *before.min(&end_of(partition)));
                let found = told.get(partition).copied();
                if found != expected {
                    let (key, end) = (partition.key(), end_of(partition));
                    talk.shared.violation(format_args!(
                        "{group} is at {found:?} of {key}, was at {before:?}, recovered up to {end}"
                    ));
                }
            }
        }
        let told = talk.committed(GROUP, partitions).await?;
        for partition in partitions {
            let (end, found) = (end_of(partition), told.get(partition).copied());
            let tried = ledger.last_commits.get(partition).cloned().unwrap_or_default();
            let is_known = |offset: i64| {
                tried.contains(&offset) || (offset == end && tried.range(end..).next().is_some())
            };
            let least = ledger.last_acknowledged.get(partition).filter(|_| self.was_stopped);
            let is_lost = least.is_some_and(|least| found < Some(*least.min(&end)));
            if found.is_some_and(|offset| offset > end || !is_known(offset)) || is_lost {
                let key = partition.key();
                talk.shared.violation(format_args!(
                    "{GROUP} is at {found:?} of {key}, had committed {tried:?}, recovered up to {end}"
                ));
            }
        }
        Some(())
    }

    /// The old broker's last producer sends again what was copied last, and goes on.
    async fn send_again(&self, talk: &mut Talk, partition: &Partition, rng: &mut Rng) -> Option<()> {
        let known = self.ledger.borrow().partitions.get(partition).cloned()?;
        let (start, end) = self.expected.get(partition).copied().unwrap_or_default();
        let Some((last, writer)) = known.batches.last().zip(self.writer.as_ref()) else { return Some(()) };
        // Of what retention has deleted, its producers are forgotten with the last object.
        if start >= end || talk.bounds(partition).await?.0 > last.offset {
            return Some(());
        }
        let key = partition.key();
        let offset = writer::send(talk, partition, &last.bytes).await?;
        if offset != last.offset || talk.bounds(partition).await?.1 != end {
            let first = last.offset;
            talk.shared.violation(format_args!("{key}: what stands at {first} is taken again at {offset}"));
        }
        talk.shared.counts.borrow_mut().known_again += 1;
        // A batch without an answer may be copied too, and then comes next.
        if !known.open.is_empty() {
            return Some(());
        }
        let mut writer = writer.clone();
        writer.sequences.insert(partition.clone(), last.sequence + last.records);
        let offset = writer.write(talk, &self.ledger, partition, rng).await?;
        if offset != end {
            talk.shared.violation(format_args!("{key} ends at {end} and goes on at {offset}"));
        }
        Some(())
    }

    /// A partition that is not copied, or has not let go what was.
    fn not_tiered(&self, ctx: &ApiContext) -> Option<String> {
        let audit = self.audit.borrow();
        ctx.replicas.topics().iter().find_map(|topic| {
            let config = topic.config()?;
            if !config.remote_storage_enable || config.remote_log_copy_disable {
                return None;
            }
            topic.partitions().iter().find_map(|partition| {
                let (end, local) =
                    partition.log().with(|log| (log.log_end_offset(), log.local_log_start_offset()));
                let copied =
                    audit.end_of(partition).unwrap_or_else(|| self.begun_at(topic.id, partition.index()));
                let name = format!("{}-{}", topic.name, partition.index());
                let keeps = self.keeps_local(&topic.name);
                (copied < end || (!keeps && local < end)).then(|| {
                    format!("{name} ends at {end}, is copied up to {copied} and local from {local} on")
                })
            })
        })
    }

    /// Where a partition of which nothing is in the object store had begun.
    fn begun_at(&self, topic_id: broker_protocol::types::TopicId, partition: i32) -> Offset {
        let bounds = self.audit.borrow().bounds_of(PartitionId { topic_id, partition });
        bounds.map_or(Offset(0), |(_, end)| end)
    }

    /// Whether a topic keeps on the disk what was copied.
    fn keeps_local(&self, name: &str) -> bool {
        let ledger = self.ledger.borrow();
        let configs = ledger.topics.get(name).and_then(|topic| topic.configs.as_ref());
        !configs.is_some_and(|configs| configs.contains_key("local.retention.ms"))
    }
}

/// Why a broker is not stopped from writing to the object store.
fn standing(old: &BrokerHost) -> Option<String> {
    match old.serving()?.tiering.as_ref()?.standing() {
        Standing::Stopped(_) => None,
        standing => Some(format!("the old broker goes on and is {standing:?}")),
    }
}

/// Waits for what comes by itself.
async fn wait(shared: &Shared, look: impl Fn() -> Option<String>) {
    let mut found = look();
    for _ in 0..PATIENCE_MS / LOOK_MS {
        if found.is_none() {
            return;
        }
        pause(LOOK_MS).await;
        found = look();
    }
    if let Some(found) = found {
        shared.violation(found);
    }
}
