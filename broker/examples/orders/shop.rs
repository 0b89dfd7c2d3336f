//! The shop: produces orders and reads them as consumer groups, with librdkafka.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

/// How long any step may take before the tour gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) customer: u32,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} of customer {}", self.number, self.customer)
    }
}

/// The topic and where it is.
pub(crate) struct Shop {
    bootstrap: String,
    topic: String,
}

/// Counts acknowledgements.
struct Acknowledged(AtomicUsize);

impl rdkafka::ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How many partitions each member of a group has.
type Shares = Arc<[AtomicUsize]>;

/// Commits what was read before partitions go to another member, so that nobody reads it twice, and holds the
/// partitions that a member is given until every member has some: a member that joins while the others have read
/// everything would have nothing to do.
struct Sharing {
    member: usize,
    shares: Shares,
    held: AtomicBool,
}

impl Sharing {
    /// Lets go what is held once every member has partitions.
    fn begin_when_everyone_has_some(&self, consumer: &BaseConsumer<Self>) -> anyhow::Result<()> {
        let shared = self.shares.iter().all(|share| share.load(Ordering::Acquire) > 0);
        if shared && self.held.swap(false, Ordering::AcqRel) {
            consumer.resume(&consumer.assignment()?)?;
        }
        Ok(())
    }
}

impl rdkafka::ClientContext for Sharing {}

impl ConsumerContext for Sharing {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Revoke(_)) {
            // There is nothing to commit for a member that has read nothing yet.
            let _nothing_read = consumer.commit_consumer_state(CommitMode::Sync);
            self.shares[self.member].store(0, Ordering::Release);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance {
            self.held.store(true, Ordering::Release);
            if let Err(error) = consumer.pause(partitions) {
                eprintln!("   cannot hold {} partitions back: {error}", partitions.count());
            }
            self.shares[self.member].store(partitions.count(), Ordering::Release);
        }
    }
}

impl Shop {
    /// Makes the topic `orders`, or one with the time in its name if there is one already.
    pub(crate) fn open(bootstrap: String, partitions: i32) -> anyhow::Result<Shop> {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &bootstrap).create()?;
        let known = admin.inner().fetch_metadata(None, PATIENCE).context("the broker does not answer")?;
        let topic = if known.topics().iter().any(|topic| topic.name() == "orders") {
            format!("orders-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
        } else {
            "orders".to_owned()
        };
        let wanted = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let results = runtime.block_on(admin.create_topics([&wanted], &AdminOptions::new()))?;
        for result in results {
            if let Err((name, code)) = result {
                bail!("topic {name} cannot be created: {code}");
            }
        }
        Ok(Shop { bootstrap, topic })
    }

    /// Name of the topic.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// Places orders of customers in turn and waits until all are acknowledged.
    pub(crate) fn take_orders(&self, count: u32, customers: u32) -> anyhow::Result<Vec<Order>> {
        let producer: BaseProducer<Acknowledged> = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .create_with_context(Acknowledged(AtomicUsize::new(0)))?;
        let mut placed = Vec::new();
        for number in 0..count {
            let order = Order { number, customer: number % customers };
            let (key, value) = (format!("customer-{}", order.customer), number.to_string());
            producer
                .send(BaseRecord::to(&self.topic).key(&key).payload(&value))
                .map_err(|(error, _)| error)
                .context("the order cannot be queued")?;
            producer.poll(Duration::ZERO);
            placed.push(order);
        }
        producer.flush(PATIENCE)?;
        let acknowledged = producer.context().0.load(Ordering::Relaxed);
        ensure!(acknowledged == placed.len(), "{acknowledged} of {count} orders were acknowledged");
        Ok(placed)
    }

    /// Reads the topic with a group of `members`, from its beginning, until `count` orders are seen; gives what each
    /// member saw.
    pub(crate) fn read_as_group(
        &self,
        group: &str,
        members: usize,
        count: usize,
    ) -> anyhow::Result<Vec<Vec<Order>>> {
        let seen = AtomicUsize::new(0);
        let shares: Shares = (0..members).map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..members)
                .map(|member| {
                    let sharing =
                        Sharing { member, shares: Arc::clone(&shares), held: AtomicBool::new(false) };
                    scope.spawn(|| self.read_as_member(group, sharing, count, &seen))
                })
                .collect();
            running.into_iter().map(|member| member.join().expect("a member does not panic")).collect()
        })
    }

    fn read_as_member(
        &self,
        group: &str,
        sharing: Sharing,
        count: usize,
        seen: &AtomicUsize,
    ) -> anyhow::Result<Vec<Order>> {
        let consumer: BaseConsumer<Sharing> = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", format!("{group}-of-{}", self.topic))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("session.timeout.ms", "10000")
            .create_with_context(sharing)?;
        consumer.subscribe(&[&self.topic])?;
        let deadline = Instant::now() + PATIENCE;
        let mut own = Vec::new();
        while seen.load(Ordering::Acquire) < count {
            ensure!(
                Instant::now() < deadline,
                "{group} saw {} of {count} orders in {PATIENCE:?}",
                seen.load(Ordering::Acquire)
            );
            consumer.context().begin_when_everyone_has_some(&consumer)?;
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                continue;
            };
            own.push(order(&message?)?);
            seen.fetch_add(1, Ordering::AcqRel);
        }
        if !own.is_empty() {
            consumer.commit_consumer_state(CommitMode::Sync)?;
        }
        Ok(own)
    }
}

fn order(message: &rdkafka::message::BorrowedMessage<'_>) -> anyhow::Result<Order> {
    let text = |bytes: Option<&[u8]>| {
        Ok::<_, anyhow::Error>(std::str::from_utf8(bytes.context("empty")?)?.to_owned())
    };
    let customer = text(message.key())?;
    let customer = customer.strip_prefix("customer-").context("a key names a customer")?.parse()?;
    Ok(Order { number: text(message.payload())?.parse()?, customer })
}
