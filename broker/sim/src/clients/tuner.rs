//! Changes how topics are tiered while all else goes on: stops copying and resumes it, and of one topic gives up what was
//! copied (KIP-950).

use std::rc::Rc;

use broker_client::ClientError;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use checker::{Function, Kind, MicroOp};

use super::connection::Connection;
use super::{Partition, Shared, code_of, pause};
use crate::plan::{TopicPlan, purpose};
use crate::random::Rng;

const ALTER_VERSION: i16 = 1;
const TOPIC_RESOURCE: i8 = 2;
const SET: i8 = 0;
const DELETE: i8 = 1;
/// The process that stands for the broker's own deletions.
const BROKER_PROCESS: u64 = 0;
/// Pause before a change is asked for again, in milliseconds.
const RETRY_MS: u64 = 40;
/// How long a change stays, in milliseconds.
const STAYS_MS: (u64, u64) = (50, 1_500);
/// Beyond all offsets: where what was copied is given up, nobody can tell beforehand how far that comes.
const ANY_OFFSET: u64 = 1 << 40;

/// A setting and its value, `None` to take it back.
type Change<'a> = (&'a str, Option<&'a str>);

/// Runs until the load has ended and all is as it was.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let Some(remote) = shared.plan.remote.clone() else { return Ok(()) };
    let mut rng = Rng::new(shared.plan.seed, purpose::TIERING);
    let mut connection = Connection::new(Rc::clone(&shared), shared.clients());
    while shared.loads() {
        pause(rng.between(STAYS_MS.0, STAYS_MS.1)).await;
        let topic = rng.pick(&shared.plan.topics).clone();
        let is_there = shared.partitions().iter().any(|partition| *partition.topic == *topic.name);
        if !is_there || topic.local_retention().is_empty() {
            continue;
        }
        let gives_up = remote.given_up.as_ref() == Some(&topic.name) && rng.chance(60);
        let (there, back) = if gives_up { give_up(&shared, &topic) } else { stop_copying(&topic) };
        if !alter(&shared, &mut connection, &topic.name, &there).await {
            break;
        }
        pause(rng.between(STAYS_MS.0, STAYS_MS.1)).await;
        if !alter(&shared, &mut connection, &topic.name, &back).await {
            break;
        }
        shared.counts.borrow_mut().retiered += 1;
    }
    Ok(())
}

impl TopicPlan {
    /// Its settings of what stays local; none of a topic that is not tiered.
    fn local_retention(&self) -> Vec<(&str, &str)> {
        let local = self.configs.iter().filter(|(name, _)| name.starts_with("local.retention."));
        local.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Nothing more is copied, what was stays readable: then as much has to stay local as at all.
fn stop_copying(topic: &TopicPlan) -> (Vec<Change<'_>>, Vec<Change<'_>>) {
    let (mut there, mut back) =
        (vec![("remote.log.copy.disable", Some("true"))], vec![("remote.log.copy.disable", None)]);
    for (name, value) in topic.local_retention() {
        there.push((name, None));
        back.push((name, Some(value)));
    }
    (there, back)
}

fn give_up<'a>(shared: &Shared, topic: &TopicPlan) -> (Vec<Change<'a>>, Vec<Change<'a>>) {
    let partitions = 0..topic.partitions;
    for index in partitions {
        let partition = Partition { topic: topic.name.as_str().into(), index };
        let ops = vec![MicroOp::Delete(partition.key(), ANY_OFFSET)];
        shared.recorder.borrow_mut().operation(BROKER_PROCESS, Kind::Info, Function::Delete, ops);
    }
    let there =
        vec![("remote.storage.enable", Some("false")), ("remote.log.delete.on.disable", Some("true"))];
    (there, vec![("remote.storage.enable", None), ("remote.log.delete.on.disable", None)])
}

/// Asks for a change until it is made; false if nobody answers any more.
async fn alter(shared: &Shared, connection: &mut Connection, topic: &str, changes: &[Change<'_>]) -> bool {
    let configs = changes.iter().map(|(name, value)| AlterableConfig {
        name: (*name).to_owned().into(),
        config_operation: if value.is_some() { SET } else { DELETE },
        value: value.map(|value| value.to_owned().into()),
    });
    let resource = AlterConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: topic.to_owned().into(),
        configs: configs.collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    loop {
        if shared.is_overdue() {
            shared.violation(format_args!("{topic} cannot be changed long after everything has healed"));
            return false;
        }
        let answer = connection
            .attempt(async |client| {
                let frame = client.call(&request, ALTER_VERSION).await?;
                let response: IncrementalAlterConfigsResponse<'_> = frame.decode()?;
                let told = response.responses.first();
                let message = told.and_then(|told| told.error_message.as_deref()).unwrap_or_default();
                Ok::<_, ClientError>((code_of(told.map(|told| told.error_code)), message.to_owned()))
            })
            .await;
        match answer {
            Ok((ErrorCode::None, _)) => {
                shared.recorder.borrow_mut().note(format_args!("{topic} is now {changes:?}"));
                return true;
            }
            Ok((code, message)) if !code.retriable() && code != ErrorCode::UnknownServerError => {
                shared
                    .violation(format_args!("{changes:?} of {topic} is refused: {} {message}", code.name()));
                return false;
            }
            _ => pause(RETRY_MS).await,
        }
    }
}
