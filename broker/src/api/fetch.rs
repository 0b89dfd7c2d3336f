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
use parking_lot::{Mutex, MutexGuard};
use tokio::time::{Duration, Instant};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::dispatch::Pending;
use crate::api::fetch_check::{self, Fault};
use crate::api::fetch_read::{self, Limits, PartitionRead};
use crate::api::fetch_session::{Key, NAME_OVERHEAD, Session, Target, Told};
use crate::net::connection::Closed;
use crate::net::outbound::FileRange;
use crate::net::response::Response;
use crate::net::waiter::Waiter;

type Check = Pin<Box<dyn Future<Output = Vec<Fault>> + Send>>;
type Looking = Pin<Box<dyn Future<Output = Vec<PartitionRead>> + Send>>;

/// A fetch that waits for its turn, for bytes or for its time.
pub struct Waiting {
    request: RequestContext,
    /// What it asks for, until it is its turn: requests of a session are judged in the order of their answers.
    asked: Option<Asked>,
    session: Arc<Mutex<Session>>,
    /// Id that the answer carries; 0 without a session.
    session_id: i32,
    /// What the session's next epoch is as long as no later request has changed it.
    next_epoch: i32,
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

/// What a request says of its session.
struct Asked {
    session_id: i32,
    session_epoch: i32,
    /// Whether topics are named by id.
    by_id: bool,
    targets: Vec<Target>,
    forgotten: Vec<Key>,
    /// What the names of the topics take.
    name_bytes: usize,
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
    Ok(Pending::Fetch(Box::new(Waiting {
        asked: Some(Asked::new(ctx, &decoded, request.version >= 13)),
        deadline: request.received_at + wait,
        bytes_min: usize::try_from(decoded.min_bytes).unwrap_or(0).min(bytes_max),
        limits: Limits { bytes_max, read_committed: decoded.isolation_level == 1 },
        request,
        session: Arc::default(),
        session_id: 0,
        next_epoch: 0,
        incremental: false,
        error: None,
        looking: None,
        checking: None,
    })))
}

/// Epoch of a request that wants no session, or ends one.
const FINAL_EPOCH: i32 = -1;

impl Asked {
    fn new(ctx: &ApiContext, request: &FetchRequest<'_>, by_id: bool) -> Asked {
        let targets = request.topics.iter().map(|topic| topic.partitions.len()).sum();
        let forgotten = request.forgotten_topics_data.iter().map(|topic| topic.partitions.len()).sum();
        let mut asked = Asked {
            session_id: request.session_id,
            session_epoch: request.session_epoch,
            by_id,
            targets: Vec::with_capacity(targets),
            forgotten: Vec::with_capacity(forgotten),
            name_bytes: 0,
        };
        for topic in &request.topics {
            let (name, id) = identity(ctx, by_id, &topic.topic, TopicId(topic.topic_id));
            asked.name_bytes += name.len() + NAME_OVERHEAD;
            asked.targets.extend(topic.partitions.iter().map(|wanted| Target {
                topic: Arc::clone(&name),
                topic_id: id,
                partition: wanted.partition,
                offset: Offset(wanted.fetch_offset),
                leader_epoch: epoch_or_none(wanted.current_leader_epoch),
                last_fetched_epoch: epoch_or_none(wanted.last_fetched_epoch),
                bytes_max: usize::try_from(wanted.partition_max_bytes).unwrap_or(0),
                told: Told::default(),
                registered: None,
            }));
        }
        for topic in &request.forgotten_topics_data {
            let (name, id) = identity(ctx, by_id, &topic.topic, TopicId(topic.topic_id));
            asked.name_bytes += name.len() + NAME_OVERHEAD;
            asked.forgotten.extend(topic.partitions.iter().map(|&partition| Key::new(id, &name, partition)));
        }
        asked
    }

    /// Memory that it takes, in bytes.
    fn bytes(&self) -> usize {
        let targets = self.targets.capacity() * size_of::<Target>();
        targets + self.forgotten.capacity() * size_of::<Key>() + self.name_bytes
    }
}

impl Waiting {
    /// Finds or makes the session of a request whose turn has come.
    fn open_session(&mut self, ctx: &ApiContext, asked: Asked) {
        let is_full = asked.session_epoch == FINAL_EPOCH || asked.session_epoch == 0;
        if is_full {
            self.begin_anew(ctx, asked);
        } else if let Err(error) = self.go_on(ctx, asked) {
            self.error = Some(error);
        }
    }

    fn begin_anew(&mut self, ctx: &ApiContext, asked: Asked) {
        if asked.session_id != 0 {
            ctx.sessions.remove(asked.session_id);
        }
        let mut session = Session::new(asked.by_id);
        asked.targets.into_iter().for_each(|target| session.put(target));
        self.next_epoch = session.next_epoch;
        if asked.session_epoch == 0 && !session.targets.is_empty() {
            match ctx.sessions.create(session, Instant::now()) {
                Ok((id, shared)) => {
                    (self.session_id, self.session) = (id, shared);
                    return;
                }
                // The cache is full: this is a full fetch without a session.
                Err(without_room) => session = without_room,
            }
        }
        self.session = Arc::new(Mutex::new(session));
    }

    fn go_on(&mut self, ctx: &ApiContext, asked: Asked) -> Result<(), ErrorCode> {
        let shared =
            ctx.sessions.get(asked.session_id, Instant::now()).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let mut session = shared.lock();
        session.begin(asked.session_epoch, asked.by_id)?;
        session.forget(asked.forgotten);
        asked.targets.into_iter().for_each(|target| session.put(target));
        if !ctx.sessions.recount(asked.session_id, &mut session) {
            // The client begins again with a full fetch. What the session takes is not kept for this answer.
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        self.next_epoch = session.next_epoch;
        drop(session);
        (self.session_id, self.session, self.incremental) = (asked.session_id, shared, true);
        Ok(())
    }

    /// The session as this request has left it.
    ///
    /// # Errors
    /// `InvalidFetchSessionEpoch`, as in Kafka, if a later request has changed it, which that of another connection may
    /// do at any time.
    fn current(&self) -> Result<MutexGuard<'_, Session>, ErrorCode> {
        let session = self.session.lock();
        if session.next_epoch == self.next_epoch {
            Ok(session)
        } else {
            Err(ErrorCode::InvalidFetchSessionEpoch)
        }
    }

    /// Memory that it takes by itself, in bytes: its partitions, unless they are those of a session that was kept, which
    /// are counted with the sessions until it is gone. Changes when its turn comes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.asked {
            Some(asked) => asked.bytes(),
            None if self.session_id == 0 => self.session.lock().bytes(),
            None => 0,
        }
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
        if let Some(asked) = self.asked.take() {
            self.open_session(ctx, asked);
        }
        let Poll::Ready(found) = self.poll_reads(ctx, waiter, cx) else { return Poll::Pending };
        let answer = found.and_then(|reads| self.respond(ctx, reads));
        Poll::Ready(answer.unwrap_or_else(|error| {
            let response = FetchResponse { error_code: error.code(), ..FetchResponse::default() };
            self.request.respond(|writer, version| response.encode(writer, version))
        }))
    }

    /// What is to be answered with, or why the fetch fails as a whole.
    fn poll_reads(
        &mut self,
        ctx: &Arc<ApiContext>,
        waiter: &Arc<Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Vec<PartitionRead>, ErrorCode>> {
        if self.checking.is_some() {
            return self.poll_check(ctx, cx).map(Ok);
        }
        if let Some(error) = self.error {
            return Poll::Ready(Err(error));
        }
        loop {
            let Poll::Ready(mut reads) = self.read(ctx, cx)? else { return Poll::Pending };
            let mut session = self.current()?;
            let found: usize = reads.iter().map(PartitionRead::len).sum();
            let ready = found >= self.bytes_min
                || session.targets.is_empty()
                || reads.iter().any(PartitionRead::is_urgent)
                || Instant::now() >= self.deadline
                || ctx.is_stopping();
            if ready {
                session.forget_waiter();
                drop(session);
                let unchecked = fetch_check::pick(ctx, &mut reads);
                if unchecked.is_empty() {
                    return Poll::Ready(Ok(reads));
                }
                self.checking = Some((Box::pin(fetch_check::check(Arc::clone(ctx), unchecked)), reads));
                return self.poll_check(ctx, cx).map(Ok);
            }
            if fetch_read::register_all(ctx, &mut session, &reads, waiter) {
                return Poll::Pending;
            }
        }
    }

    /// What there is to read: at once where memory tells, and otherwise once it was found on disk.
    fn read(
        &mut self,
        ctx: &Arc<ApiContext>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Vec<PartitionRead>, ErrorCode>> {
        let mut looking: Looking = match self.looking.take() {
            Some(looking) => looking,
            None => {
                let reads = fetch_read::read_all(ctx, &mut *self.current()?, &self.limits);
                if !reads.iter().any(PartitionRead::is_elsewhere) {
                    return Poll::Ready(Ok(reads));
                }
                Box::pin(fetch_read::look_elsewhere(Arc::clone(ctx), reads, self.deadline))
            }
        };
        let found = looking.as_mut().poll(cx);
        if found.is_pending() {
            self.looking = Some(looking);
        }
        found.map(Ok)
    }

    /// What was found, once what needs that is read and checked.
    fn poll_check(&mut self, ctx: &ApiContext, cx: &mut Context<'_>) -> Poll<Vec<PartitionRead>> {
        let Some((check, _)) = &mut self.checking else { return Poll::Ready(Vec::new()) };
        let Poll::Ready(faults) = check.as_mut().poll(cx) else { return Poll::Pending };
        let mut reads = self.checking.take().map(|(_, reads)| reads).unwrap_or_default();
        fetch_check::refuse(ctx, &mut reads, faults);
        Poll::Ready(reads)
    }

    fn respond(&self, ctx: &ApiContext, reads: Vec<PartitionRead>) -> Result<Response, ErrorCode> {
        let mut session = self.current()?;
        let mut files = Vec::new();
        let mut topics: BTreeMap<(TopicId, Arc<str>), (u64, Vec<PartitionData<'static>>)> = BTreeMap::new();
        for read in reads {
            let target = &mut session.targets[read.place];
            let told = read.told();
            if self.incremental && !read.must_be_told(&target.told) {
                continue;
            }
            target.told = told;
            let key = (target.topic_id, Arc::clone(&target.topic));
            let (records, partitions) = topics.entry(key).or_default();
            *records += read.records;
            partitions.push(partition_data(read, &mut files));
        }
        let by_id = session.by_id;
        drop(session);
        let responses = topics
            .into_iter()
            .map(|((id, name), (records, partitions))| {
                // A session may be older than what this broker knows of the topic's name.
                let replicas = if by_id { ctx.replicas.topic_by_id(id) } else { ctx.replicas.topic(&name) };
                if let Some(topic) = replicas {
                    topic.counters.fetched(partitions.iter().map(|data| data.records.len()).sum(), records);
                }
                FetchableTopicResponse { topic_id: id.0, topic: name.to_string().into(), partitions }
            })
            .collect();
        let response = FetchResponse { responses, session_id: self.session_id, ..FetchResponse::default() };
        Ok(self.request.respond_with_files(&files, |writer, version| response.encode(writer, version)))
    }

    /// Stops waiting: the connection is gone.
    pub fn abandon(&self) {
        if let Ok(mut session) = self.current() {
            session.forget_waiter();
        }
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
