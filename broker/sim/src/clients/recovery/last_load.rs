//! The last client before a disk is lost: looks at all that is there, then produces and commits until the broker is gone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use broker_state::metadata::ConfigResource;
use highwater_broker::api::context::ApiContext;

use super::ledger::{Known, KnownTopic, Ledger};
use super::talk::Talk;
use super::writer::Writer;
use crate::broker_host::BrokerHost;
use crate::clients::{Partition, Shared, pause};
use crate::nemesis::BROKER;
use crate::random::Rng;

/// A topic that is made just before.
const LATE: &str = "late";
const LATE_CONFIGS: [(&str, &str); 3] =
    [("segment.bytes", "1048576"), ("local.retention.ms", "100"), ("retention.ms", "-1")];
/// How long nothing changes before what there is counts as copied: the metadata is once a second.
const QUIET_MS: u64 = 3_000;
const PAUSE_MS_MAX: u64 = 40;
const PAYLOAD_MAX: u64 = 3_000;
/// Of 100 batches, how many are followed by a commit.
const COMMIT_PERCENT: u64 = 20;

/// What the client and whoever looks at it share.
#[derive(Clone)]
pub struct LastLoad {
    /// What is known.
    pub ledger: Rc<RefCell<Ledger>>,
    /// Set once it has looked at everything and begins to work.
    pub works: Rc<Cell<bool>>,
    /// Ends it.
    pub over: Rc<Cell<bool>>,
    /// Its producer.
    pub writer: Rc<RefCell<Option<Writer>>>,
}

/// Runs until it is over.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>, host: Rc<BrokerHost>, load: LastLoad, mut rng: Rng) -> turmoil::Result {
    pause(QUIET_MS).await;
    let mut talk = Talk::new(shared, BROKER, Rc::clone(&load.over));
    let Some(ctx) = host.serving() else {
        talk.shared.violation("the broker does not serve in the end");
        return Ok(());
    };
    look(&ctx, &mut talk, &load).await;
    drop(ctx);
    // Whoever looks at it sees it over.
    let _ended = work(&host, &mut talk, &load, &mut rng).await;
    Ok(())
}

/// Notes all that there is.
async fn look(ctx: &Arc<ApiContext>, talk: &mut Talk, load: &LastLoad) {
    let image = ctx.metadata.image();
    let mut ledger = Ledger::default();
    for topic in ctx.replicas.topics() {
        let partitions = topic.partitions();
        if partitions.iter().any(|partition| partition.is_internal()) {
            continue;
        }
        let configs =
            image.config(&ConfigResource::topic(&topic.name)).map(|configs| configs.as_ref().clone());
        let known = KnownTopic { id: topic.id, configs: Some(configs.unwrap_or_default()) };
        ledger.topics.insert(Arc::clone(&topic.name), known);
        for found in partitions {
            let partition = Partition { topic: Arc::clone(&topic.name), index: found.index() };
            let Some((_, _, records)) = talk.read(&partition).await else { return };
            let records = records.into_iter().map(|record| (record.offset, record)).collect();
            let known = Known { leader_epoch: Some(found.leader_epoch()), records, ..Known::default() };
            ledger.partitions.insert(partition, known);
        }
    }
    match ctx.groups.backup().await {
        Ok(backup) => {
            for group in backup.groups {
                for offset in &group.offsets {
                    let partition = Partition { topic: Arc::clone(&offset.topic), index: offset.partition };
                    ledger.commits.insert((group.group_id.to_string(), partition), offset.committed.offset);
                }
            }
        }
        Err(error) => talk.shared.violation(format_args!("the groups are not told: {error}")),
    }
    *load.ledger.borrow_mut() = ledger;
}

async fn work(host: &BrokerHost, talk: &mut Talk, load: &LastLoad, rng: &mut Rng) -> Option<()> {
    let mut writer = Writer::new(talk, PAYLOAD_MAX).await?;
    load.works.set(true);
    let mut partitions: Vec<Partition> = load.ledger.borrow().partitions.keys().cloned().collect();
    partitions.extend(make_late(host, talk, load).await);
    if partitions.is_empty() {
        return None;
    }
    while !load.over.get() {
        pause(rng.between(0, PAUSE_MS_MAX)).await;
        let partition = rng.pick(&partitions).clone();
        let offset = writer.write(talk, &load.ledger, &partition, rng).await?;
        *load.writer.borrow_mut() = Some(writer.clone());
        if rng.chance(COMMIT_PERCENT) {
            load.ledger.borrow_mut().last_commits.entry(partition.clone()).or_default().insert(offset);
            talk.commit(&partition, offset).await?;
            load.ledger.borrow_mut().last_acknowledged.insert(partition, offset);
        }
    }
    None
}

/// Makes one more topic.
async fn make_late(host: &BrokerHost, talk: &mut Talk, load: &LastLoad) -> Option<Partition> {
    let what = format!("{LATE} is not made");
    let made = talk.ask(&what, async |client| {
        let made = client.create_topic(LATE, 1, &LATE_CONFIGS).await?;
        Ok((made.error_code, made.topic_id))
    });
    let id = made.await?;
    let partition = Partition { topic: LATE.into(), index: 0 };
    let leader_epoch =
        host.serving().and_then(|ctx| ctx.replicas.partition(LATE, 0)).map(|found| found.leader_epoch());
    let known = Known { leader_epoch, ..Known::default() };
    let mut ledger = load.ledger.borrow_mut();
    ledger.topics.insert(LATE.into(), KnownTopic { id, configs: None });
    ledger.partitions.insert(partition.clone(), known);
    Some(partition)
}
