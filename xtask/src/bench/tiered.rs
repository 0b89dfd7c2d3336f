//! A broker of ours whose segments lie in the S3 server, and the server itself, for the scenarios of tiered storage.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use broker_client::Client;
use broker_protocol::types::TopicId;
use broker_tier::ids::{ClusterId, PartitionId};
use broker_tier::keys::{ClusterKeys, Key};
use broker_tier::seams::{Blocking, Env, SystemRandom};
use broker_tier::store::connect::{StoreSettings, connect};
use broker_tier::store::{Listed, Store, StoreLimits};
use broker_tier::url::RemoteUrl;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as ObjectPath;

use super::Bench;
use super::connection::Connection;
use super::delay_proxy::DelayProxy;
use super::subject::Subject;
use crate::broker_process::BrokerOptions;
use crate::bucket_server::BucketServer;
use crate::scrape;

/// The cluster's id, so that its keys are known.
const CLUSTER: &str = "bench";
/// How long segments may take to be copied and to leave the disk.
const SETTLE_LIMIT: Duration = Duration::from_secs(300);
/// Where Linux keeps files in memory.
pub(crate) const MEMORY: &str = "/dev/shm";
/// ListOffsets' name for the start of what is on the disk.
const EARLIEST_LOCAL: i64 = -4;

/// A bucket, the way to it, and what a broker that uses it is started with.
#[derive(Debug)]
pub(crate) struct Tiered {
    options: BrokerOptions,
    pub(crate) proxy: Option<DelayProxy>,
    http: SocketAddr,
    url: String,
    environment: Vec<(String, String)>,
    _bucket: BucketServer,
    _memory: Option<tempfile::TempDir>,
}

/// Where the objects lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the S3 server.
    Server,
    /// In the S3 server, behind a proxy that can make it slow.
    BehindProxy,
    /// In a directory in memory, which takes next to nothing of the machine.
    Memory,
}

/// A topic whose older segments are in the bucket.
#[derive(Debug, Clone)]
pub(crate) struct TieredTopic {
    pub(crate) name: String,
    pub(crate) id: TopicId,
    /// First offset that is on the disk.
    pub(crate) local_start: i64,
}

impl Tiered {
    /// Starts the server; the broker is started by [`Tiered::start`].
    pub(crate) fn new(bench: &Bench, place: Place, settings: &[(&str, &str)]) -> Result<Tiered> {
        Tiered::in_directory(bench, &bench.fresh_directory("tiered"), place, settings)
    }

    /// The same with the broker's data in another directory.
    pub(crate) fn in_directory(
        bench: &Bench,
        directory: &Path,
        place: Place,
        settings: &[(&str, &str)],
    ) -> Result<Tiered> {
        let memory = (place == Place::Memory).then(|| tempfile::tempdir_in(MEMORY)).transpose()?;
        let bucket = match &memory {
            Some(memory) => BucketServer::in_directory(memory.path())?,
            None => BucketServer::start(directory)?,
        };
        let mut options = bench.ours.options(directory)?;
        bucket.tier_everything(&mut options, Duration::from_secs(3600));
        let endpoint = options.environment.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL");
        let endpoint = endpoint.and_then(|(_, url)| url.strip_prefix("http://")?.parse().ok());
        let endpoint = endpoint.filter(|_| place == Place::BehindProxy);
        let proxy = endpoint.map(DelayProxy::start).transpose()?;
        let http = crate::broker_process::free_address()?;
        let mut set = |key: &str, value: String| options.settings.push((key.to_owned(), value));
        if let Some(proxy) = &proxy {
            set("highwater.remote.endpoint", format!("http://{}", proxy.address));
        }
        set("highwater.cluster.id", CLUSTER.to_owned());
        set("highwater.http.listener", http.to_string());
        settings.iter().for_each(|(key, value)| set(key, (*value).to_owned()));
        let url = options.settings.iter().find(|(key, _)| key == "highwater.remote.url");
        let url = url.map(|(_, url)| url.clone()).context("no url")?;
        let environment = options.environment.clone();
        Ok(Tiered { options, proxy, http, url, environment, _bucket: bucket, _memory: memory })
    }

    /// Has the broker find a variable in its environment.
    pub(crate) fn set_variable(&mut self, name: &str, value: &str) {
        self.options.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the broker on its directory, and waits until it has reached the bucket.
    pub(crate) fn start(&self, bench: &Bench) -> Result<Subject> {
        let subject = self.start_quickly(bench)?;
        self.wait_until_active()?;
        Ok(subject)
    }

    /// Starts the broker on its directory, and waits until it answers.
    pub(crate) fn start_quickly(&self, bench: &Bench) -> Result<Subject> {
        bench.ours.start_as(&self.options, Some(self.http))
    }

    /// Waits until the broker has reached the bucket.
    pub(crate) fn wait_until_active(&self) -> Result<()> {
        self.wait_for("highwater_remote_active", |active| active >= 1.0)
    }

    /// Waits until all that is sealed is copied.
    pub(crate) fn wait_until_copied(&self) -> Result<()> {
        self.wait_for("highwater_remote_lag_bytes", |bytes| bytes == 0.0)
    }

    fn wait_for(&self, name: &str, is_reached: impl Fn(f64) -> bool) -> Result<()> {
        let begin = Instant::now();
        while !is_reached(self.metric(name)?) {
            ensure!(begin.elapsed() < SETTLE_LIMIT, "{name} does not come to what it should");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Sets settings of a topic.
    pub(crate) fn alter(&self, subject: &Subject, topic: &str, configs: &[(&str, &str)]) -> Result<()> {
        runtime()?.block_on(alter(subject.address, topic, configs))
    }

    /// The sum of one of the broker's metrics.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        Ok(scrape::sum(&scrape::page(self.http)?, name))
    }

    /// Fills a topic and waits until all but its last segment has left the disk.
    pub(crate) fn fill(
        &self,
        bench: &Bench,
        subject: &Subject,
        load: (u64, u32),
        segment_bytes: u32,
    ) -> Result<TieredTopic> {
        let mut filled = self.fill_several(bench, subject, 1, load, segment_bytes)?;
        filled.pop().context("one was asked for")
    }

    /// The same with several topics, which leave the disk together.
    pub(crate) fn fill_several(
        &self,
        bench: &Bench,
        subject: &Subject,
        count: usize,
        load: (u64, u32),
        segment_bytes: u32,
    ) -> Result<Vec<TieredTopic>> {
        let segment_bytes = segment_bytes.to_string();
        let names: Vec<String> = (0..count).map(|_| bench.topic()).collect();
        for name in &names {
            let mut connection = Connection::open(subject.address)?;
            connection.create_topic(name, 1, &[("segment.bytes", &segment_bytes)])?;
            bench.rdkafka.produce(subject, name, load, &super::rdkafka::BATCHED)?;
        }
        let filled = names.into_iter().map(|name| {
            let local_start = self.wait_until_let_go(subject, &name)?;
            let id = runtime()?.block_on(topic_id(subject.address, &name))?;
            Ok(TieredTopic { name, id, local_start })
        });
        filled.collect()
    }

    fn wait_until_let_go(&self, subject: &Subject, topic: &str) -> Result<i64> {
        let begin = Instant::now();
        loop {
            let lag = self.metric("highwater_remote_lag_bytes")?;
            let local_start = runtime()?.block_on(local_start(subject.address, topic))?;
            let segments = scrape::page(self.http)?;
            let segments = scrape::sum(
                &segments,
                &format!("highwater_partition_segments{{partition=\"0\",topic=\"{topic}\"}}"),
            );
            if lag == 0.0 && local_start > 0 && segments <= 1.0 {
                return Ok(local_start);
            }
            ensure!(begin.elapsed() < SETTLE_LIMIT, "segments of {topic} do not leave the disk");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The bucket without a broker, by the same client.
    pub(crate) fn raw(&self) -> Result<Raw> {
        let url = RemoteUrl::parse(&self.url)?;
        let endpoint = self.proxy.as_ref().map(|proxy| format!("http://{}", proxy.address));
        let settings =
            StoreSettings { endpoint, environment: self.environment.clone(), ..StoreSettings::default() };
        let clock = Arc::new(broker_log::io::local_disk::SystemClock::new());
        let env = Env { clock, random: Arc::new(SystemRandom), blocking: Blocking::Threads };
        let limits = StoreLimits { read_requests: 64, ..StoreLimits::default() };
        let store = connect(&url, &settings, limits, env)?;
        let keys = ClusterKeys::new(&url.prefix, &ClusterId::parse(CLUSTER)?);
        Ok(Raw { store: Arc::new(store), keys: Arc::new(keys) })
    }
}

/// A bucket without a broker.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) store: Arc<Store>,
    pub(crate) keys: Arc<ClusterKeys>,
}

impl Raw {
    /// The objects with records of a topic's only partition.
    pub(crate) async fn objects(&self, topic: &TieredTopic) -> Result<Vec<Listed>> {
        let partition = PartitionId { topic_id: topic.id, partition: 0 };
        let listing = self.store.list(&self.keys, &self.keys.partition_path(partition)).await?;
        let mut objects = listing.objects;
        objects.retain(|object| matches!(object.key, Key::Segment(_)));
        objects.sort_by_key(|object| object.key);
        Ok(objects)
    }

    /// Gets these objects whole, in ranges of `range_bytes`, so many at a time; returns bytes.
    pub(crate) async fn get_all(&self, objects: &[Listed], range_bytes: u64, at_once: usize) -> Result<u64> {
        let ranges = objects.iter().flat_map(|object| {
            let path: ObjectPath = self.keys.path(&object.key);
            let begins = (0..object.size).step_by(usize::try_from(range_bytes).unwrap_or(usize::MAX));
            begins.map(move |begin| (path.clone(), begin..(begin + range_bytes).min(object.size)))
        });
        let gets = stream::iter(ranges)
            .map(|(path, range)| async move { self.store.get_range(&path, range).await })
            .buffer_unordered(at_once);
        let lengths: Vec<u64> = gets.map_ok(|bytes| bytes.len() as u64).try_collect().await?;
        Ok(lengths.into_iter().sum())
    }
}

/// A runtime for what is done beside a broker.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn client(address: SocketAddr) -> Result<Client<tokio::net::TcpStream>> {
    Ok(Client::new(tokio::net::TcpStream::connect(address).await?, "bench"))
}

async fn local_start(address: SocketAddr, topic: &str) -> Result<i64> {
    Ok(client(address).await?.list_offset(topic, 0, EARLIEST_LOCAL).await?.offset)
}

async fn alter(address: SocketAddr, topic: &str, configs: &[(&str, &str)]) -> Result<()> {
    use broker_protocol::messages::incremental_alter_configs_request::{
        AlterConfigsResource, AlterableConfig,
    };
    use broker_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
    let set = |(name, value): &(&str, &str)| AlterableConfig {
        name: (*name).to_owned().into(),
        config_operation: 0,
        value: Some((*value).to_owned().into()),
    };
    let configs = configs.iter().map(set).collect();
    let resource = AlterConfigsResource { resource_type: 2, resource_name: topic.into(), configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let frame = client(address).await?.call(&request, 1).await?;
    let response: IncrementalAlterConfigsResponse<'_> = frame.decode()?;
    let answer = response.responses.first().context("no answer")?;
    ensure!(answer.error_code == 0, "settings of {topic} are refused: {:?}", answer.error_message);
    Ok(())
}

async fn topic_id(address: SocketAddr, topic: &str) -> Result<TopicId> {
    use broker_protocol::messages::metadata_request::MetadataRequestTopic;
    use broker_protocol::messages::{MetadataRequest, MetadataResponse};
    let topics = vec![MetadataRequestTopic { name: Some(topic.into()), ..MetadataRequestTopic::default() }];
    let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
    let frame = client(address).await?.call(&request, 12).await?;
    let response: MetadataResponse<'_> = frame.decode()?;
    Ok(TopicId(response.topics.first().context("no topic")?.topic_id))
}
