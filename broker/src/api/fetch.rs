//! Fetch (KIP-74, KIP-227, KIP-320, KIP-516): waits until there is enough to read, then names ranges of files.
//!
//! The request reads nothing itself: the connection sends the ranges from the page cache. Where they are is looked for on
//! the blocking pool if memory does not tell (`fetch_read.rs`); a range that is not in memory, or was never checked, is
//! read there first (`fetch_check.rs`).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use broker_protocol::codec::{Reader, Records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::FetchRequest;
use broker_protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::dispatch::Pending;
use crate::api::fetch_check::{self, Fault};
use crate::api::fetch_read::{self, Limits, PartitionRead};
use crate::api::fetch_session::{Key, Session, Target, Told};
use crate::net::connection::Closed;
use crate::net::outbound::FileRange;
use crate::net::response::Response;
use crate::net::waiter::Waiter;

type Check = Pin<Box<dyn Future<Output = Vec<Fault>> + Send>>;
type Looking = Pin<Box<dyn Future<Output = Vec<PartitionRead>> + Send>>;

/// A fetch that waits for bytes or for its time.
pub struct Waiting {
    request: RequestContext,
    session: Arc<Mutex<Session>>,
    /// Id that the answer carries; 0 without a session.
    session_id: i32,
    /// Whether only what changed is told.
    incremental: bool,
    limits: Limits,
    bytes_min: usize,
    deadline: Instant,
    /// A fetch that failed as a whole.
    error: Option<ErrorCode>,
    /// What there is, while parts of it are looked for on disk.
    looking: Option<Looking>,
    /// What was found, while parts of it are read and checked.
    checking: Option<(Check, Vec<PartitionRead>)>,
}

/// Takes a fetch apart. `body` is the request without its header.
///
/// # Errors
/// The request cannot be decoded, or claims to come from a replica: those do not fetch on client listeners.
pub fn handle(ctx: &ApiContext, request: RequestContext, body: &[u8]) -> Result<Pending, Closed> {
    let decoded = FetchRequest::decode(&mut Reader::new(body), request.version)
        .map_err(|error| Closed::BadFrame(format!("fetch request: {error}")))?;
    if decoded.replica_id >= 0 || decoded.replica_state.replica_id >= 0 {
        return Err(Closed::Refused("replicas do not fetch on a client listener".to_owned()));
    }
    let wait = Duration::from_millis(u64::try_from(decoded.max_wait_ms).unwrap_or(0));
    let bytes_max = usize::try_from(decoded.max_bytes).unwrap_or(0).min(ctx.config.network.fetch_bytes_max);
    let mut waiting = Waiting {
        deadline: request.received_at + wait,
        bytes_min: usize::try_from(decoded.min_bytes).unwrap_or(0).min(bytes_max),
        limits: Limits { bytes_max, read_committed: decoded.isolation_level == 1 },
        request,
        session: Arc::default(),
        session_id: 0,
        incremental: false,
        error: None,
        looking: None,
        checking: None,
    };
    waiting.open_session(ctx, &decoded);
    Ok(Pending::Fetch(Box::new(waiting)))
}

/// Epoch of a request that wants no session, or ends one.
const FINAL_EPOCH: i32 = -1;

impl Waiting {
    fn open_session(&mut self, ctx: &ApiContext, request: &FetchRequest<'_>) {
        let by_id = self.request.version >= 13;
        let now = self.request.received_at;
        let full = request.session_epoch == FINAL_EPOCH || request.session_epoch == 0;
        if full {
            if request.session_id != 0 {
                ctx.sessions.remove(request.session_id);
            }
            let mut session = Session::new(by_id);
            self.add_targets(ctx, request, &mut session);
            if request.session_epoch == 0 && !session.targets.is_empty() {
                match ctx.sessions.create(session, now) {
                    Ok((id, shared)) => {
                        (self.session_id, self.session) = (id, shared);
                        return;
                    }
                    // The cache is full: this is a full fetch without a session.
                    Err(without_room) => session = without_room,
                }
            }
            self.session = Arc::new(Mutex::new(session));
            return;
        }
        let Some(shared) = ctx.sessions.get(request.session_id, now) else {
            self.error = Some(ErrorCode::FetchSessionIdNotFound);
            return;
        };
        self.incremental = true;
        self.session_id = request.session_id;
        let mut session = shared.lock();
        if session.next_epoch != request.session_epoch {
            self.error = Some(ErrorCode::InvalidFetchSessionEpoch);
        } else if session.by_id != by_id {
            self.error = Some(ErrorCode::FetchSessionTopicIdError);
        } else {
            session.next_epoch = session.next_epoch.checked_add(1).unwrap_or(1);
            session.forget(request.forgotten_topics_data.iter().flat_map(|topic| {
                let (name, id) = identity(ctx, by_id, &topic.topic, TopicId(topic.topic_id));
                topic.partitions.iter().map(move |&partition| Key::new(id, &name, partition))
            }));
            self.add_targets(ctx, request, &mut session);
            if !ctx.sessions.recount(self.session_id, &mut session) {
                // The client begins again with a full fetch. What the session takes is not kept for this answer.
                self.error = Some(ErrorCode::FetchSessionIdNotFound);
                return;
            }
        }
        drop(session);
        self.session = shared;
    }

    fn add_targets(&self, ctx: &ApiContext, request: &FetchRequest<'_>, session: &mut Session) {
        for topic in &request.topics {
            let (name, id) = identity(ctx, session.by_id, &topic.topic, TopicId(topic.topic_id));
            for wanted in &topic.partitions {
                session.put(Target {
                    topic: Arc::clone(&name),
                    topic_id: id,
                    partition: wanted.partition,
                    offset: Offset(wanted.fetch_offset),
                    leader_epoch: epoch_or_none(wanted.current_leader_epoch),
                    last_fetched_epoch: epoch_or_none(wanted.last_fetched_epoch),
                    bytes_max: usize::try_from(wanted.partition_max_bytes).unwrap_or(0),
                    told: Told::default(),
                    registered: None,
                });
            }
        }
    }

    /// Memory that it takes by itself, in bytes: its partitions, unless they are those of a session that was kept, which
    /// are counted with the sessions until it is gone.
    #[must_use]
    pub fn bytes(&self) -> usize {
        if self.session_id == 0 { self.session.lock().bytes() } else { 0 }
    }

    /// When the client wants an answer at the latest; none while data is being looked for, or read and checked.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        (!self.is_reading()).then_some(self.deadline)
    }

    /// Whether data is being looked for, or read and checked.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.looking.is_some() || self.checking.is_some()
    }

    /// Which request it is.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }

    /// The answer, once there is enough to read, the time is up or the broker stops; otherwise `waiter` will be woken.
    pub fn poll(
        &mut self,
        ctx: &Arc<ApiContext>,
        waiter: &Arc<Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        if let Some((check, _)) = &mut self.checking {
            let Poll::Ready(faults) = check.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            let mut reads = self.checking.take().map(|(_, reads)| reads).unwrap_or_default();
            fetch_check::refuse(ctx, &mut reads, faults);
            return Poll::Ready(self.respond(ctx, reads));
        }
        if let Some(error) = self.error {
            ctx.metrics.error(self.request.api, error.code());
            let response = FetchResponse { error_code: error.code(), ..FetchResponse::default() };
            return Poll::Ready(self.request.respond(|writer, version| response.encode(writer, version)));
        }
        loop {
            let Poll::Ready(reads) = self.read(ctx, cx) else { return Poll::Pending };
            let session = Arc::clone(&self.session);
            let mut session = session.lock();
            let found: usize = reads.iter().map(PartitionRead::len).sum();
            let ready = found >= self.bytes_min
                || session.targets.is_empty()
                || reads.iter().any(PartitionRead::is_urgent)
                || Instant::now() >= self.deadline
                || ctx.is_stopping();
            if ready {
                fetch_read::forget_all(ctx, &mut session, waiter);
                drop(session);
                return self.finish(ctx, reads, cx);
            }
            if fetch_read::register_all(ctx, &mut session, &reads, waiter) {
                return Poll::Pending;
            }
        }
    }

    /// What there is to read: at once where memory tells, and otherwise once it was found on disk.
    fn read(&mut self, ctx: &Arc<ApiContext>, cx: &mut Context<'_>) -> Poll<Vec<PartitionRead>> {
        let mut looking: Looking = match self.looking.take() {
            Some(looking) => looking,
            None => {
                let reads = fetch_read::read_all(ctx, &mut self.session.lock(), &self.limits);
                if !reads.iter().any(PartitionRead::is_cold) {
                    return Poll::Ready(reads);
                }
                Box::pin(fetch_read::look_up_cold(Arc::clone(ctx), reads))
            }
        };
        let found = looking.as_mut().poll(cx);
        if found.is_pending() {
            self.looking = Some(looking);
        }
        found
    }

    /// Answers, or first has read and checked what needs that.
    fn finish(
        &mut self,
        ctx: &Arc<ApiContext>,
        mut reads: Vec<PartitionRead>,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        let unchecked = fetch_check::pick(ctx, &mut reads);
        if unchecked.is_empty() {
            return Poll::Ready(self.respond(ctx, reads));
        }
        let mut check: Check = Box::pin(fetch_check::check(Arc::clone(ctx), unchecked));
        if let Poll::Ready(faults) = check.as_mut().poll(cx) {
            fetch_check::refuse(ctx, &mut reads, faults);
            return Poll::Ready(self.respond(ctx, reads));
        }
        self.checking = Some((check, reads));
        Poll::Pending
    }

    fn respond(&self, ctx: &ApiContext, reads: Vec<PartitionRead>) -> Response {
        let mut session = self.session.lock();
        let mut files = Vec::new();
        let mut topics: BTreeMap<(TopicId, Arc<str>), (u64, Vec<PartitionData<'static>>)> = BTreeMap::new();
        for read in reads {
            let Some(target) =
                session.targets.get_mut(read.place).filter(|target| target.partition == read.partition)
            else {
                continue;
            };
            let told = read.told();
            if self.incremental && !read.must_be_told(&target.told) {
                continue;
            }
            target.told = told;
            ctx.metrics.error(self.request.api, read.error.code());
            let key = (target.topic_id, Arc::clone(&target.topic));
            let (records, partitions) = topics.entry(key).or_default();
            *records += read.records;
            partitions.push(partition_data(read, &mut files));
        }
        drop(session);
        let responses = topics
            .into_iter()
            .map(|((id, name), (records, partitions))| {
                if let Some(topic) = ctx.replicas.topic(&name) {
                    topic.counters.fetched(partitions.iter().map(|data| data.records.len()).sum(), records);
                }
                FetchableTopicResponse { topic_id: id.0, topic: name.to_string().into(), partitions }
            })
            .collect();
        let response = FetchResponse { responses, session_id: self.session_id, ..FetchResponse::default() };
        self.request.respond_with_files(&files, |writer, version| response.encode(writer, version))
    }

    /// Stops waiting: the connection is gone.
    pub fn abandon(&self, ctx: &ApiContext, waiter: &Waiter) {
        fetch_read::forget_all(ctx, &mut self.session.lock(), waiter);
    }
}

/// An epoch that a client knows, or none: any number below zero.
fn epoch_or_none(epoch: i32) -> LeaderEpoch {
    LeaderEpoch(epoch.max(LeaderEpoch::NONE.0))
}

fn partition_data(read: PartitionRead, files: &mut Vec<FileRange>) -> PartitionData<'static> {
    let mut data = PartitionData {
        partition_index: read.partition,
        error_code: read.error.code(),
        high_watermark: read.high_watermark.0,
        last_stable_offset: read.last_stable_offset.0,
        log_start_offset: read.log_start.0,
        aborted_transactions: read.aborted,
        records: Records::Bytes(&[]),
        ..PartitionData::default()
    };
    if let Some((epoch, end)) = read.diverging {
        data.diverging_epoch.epoch = epoch.0;
        data.diverging_epoch.end_offset = end.0;
    }
    if let Some((leader, epoch)) = read.current_leader {
        data.current_leader.leader_id = leader.0;
        data.current_leader.leader_epoch = epoch.0;
    }
    if let Some(range) = read.range {
        let token = u32::try_from(files.len()).expect("a fetch names fewer than 2^32 partitions");
        data.records = Records::External { token, len: range.len };
        files.push(range);
    }
    data
}

/// Name and id of a topic as the session knows it: what the client used, and what is known of the other.
fn identity(ctx: &ApiContext, by_id: bool, name: &str, id: TopicId) -> (Arc<str>, TopicId) {
    if by_id {
        let name =
            ctx.replicas.topic_by_id(id).map_or_else(|| Arc::from(""), |topic| Arc::clone(&topic.name));
        (name, id)
    } else {
        (Arc::from(name), TopicId::ZERO)
    }
}
