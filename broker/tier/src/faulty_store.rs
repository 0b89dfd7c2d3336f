//! A store that misbehaves as told, around one that does not: for tests and simulation.
//!
//! Rules are looked at in order; the first that fits a request and is not used up decides. What a request does to the
//! store inside and what is answered are told apart: that is where the worst faults of real stores are.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use parking_lot::Mutex;

/// Requests that are remembered; older ones are forgotten.
const REMEMBERED_MAX: usize = 100_000;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// A write that may overwrite.
    Put,
    /// A write that must not.
    Create,
    /// The beginning of a multipart upload.
    Begin,
    /// A part of one.
    Part,
    /// Its completion.
    Complete,
    /// Its end without an object.
    Abort,
    /// A read of an object, a range or its size.
    Get,
    /// A listing.
    List,
    /// A deletion.
    Delete,
}

/// The answer of a request that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// 500.
    ServerError,
    /// 503 SlowDown.
    SlowDown,
    /// 403.
    Denied,
    /// 507.
    Full,
    /// 404.
    Missing,
    /// 409 or 412.
    Taken,
    /// NoSuchUpload.
    NoSuchUpload,
    /// None at all: the caller waits for ever.
    Silence,
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing is done.
    Fail(Answer),
    /// It is done, and answered so.
    DoneBut(Answer),
    /// It is done after a while.
    Slow(Duration),
    /// A create overwrites what is there.
    IgnoreCondition,
    /// A read gives only so many of its bytes.
    CutShort(u64),
    /// A read gives a changed byte at that place of the answer.
    FlipByte(usize),
    /// A listing shows nothing.
    EmptyList,
    /// A listing ends after so many objects or folders, as if there were no more pages.
    ShortList(usize),
    /// A write, a deletion or an abort is answered as done, and nothing is done.
    OnlySay,
    /// An abort makes the object of the parts all the same.
    CompleteInstead,
}

/// Which requests something happens to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What they ask for.
    pub operation: Operation,
    /// What their paths contain.
    pub path: String,
    /// So many of them pass first.
    pub after: u32,
    /// So many of them are hit; `u32::MAX` for all.
    pub times: u32,
    /// What happens.
    pub effect: Effect,
}

/// A store that misbehaves; see the file's header.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    rules: Vec<Rule>,
    seen: VecDeque<(Operation, String)>,
}

impl FaultyStore {
    /// A store around another, without faults as yet.
    #[must_use]
    pub fn new(inner: Arc<dyn ObjectStore>) -> FaultyStore {
        FaultyStore { inner, plan: Arc::default() }
    }

    /// Adds a rule behind the others.
    pub fn plan(&self, rule: Rule) {
        self.plan.lock().rules.push(rule);
    }

    /// Has something happen to the next `times` requests of a kind.
    pub fn next(&self, operation: Operation, path: &str, times: u32, effect: Effect) {
        self.plan(Rule { operation, path: path.to_owned(), after: 0, times, effect });
    }

    /// Forgets all rules: the store is well again.
    pub fn heal(&self) {
        self.plan.lock().rules.clear();
    }

    /// How many requests of a kind there were whose path contains a text.
    #[must_use]
    pub fn seen(&self, operation: Operation, path: &str) -> usize {
        let plan = self.plan.lock();
        plan.seen.iter().filter(|(asked, at)| *asked == operation && at.contains(path)).count()
    }

    /// Forgets which requests there were.
    pub fn forget_seen(&self) {
        self.plan.lock().seen.clear();
    }
}

impl Plan {
    fn effect(&mut self, operation: Operation, path: &str) -> Option<Effect> {
        if self.seen.len() >= REMEMBERED_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back((operation, path.to_owned()));
        for rule in &mut self.rules {
            if rule.operation != operation || !path.contains(&rule.path) || rule.times == 0 {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            if rule.times < u32::MAX {
                rule.times -= 1;
            }
            return Some(rule.effect);
        }
        None
    }
}

impl Answer {
    /// The error as the crate object_store tells it; `None` for silence.
    #[must_use]
    pub fn error(self, path: &str) -> Option<Error> {
        let source = || "as the test has planned".into();
        let generic = |text: &str| Error::Generic { store: "faulty", source: text.to_owned().into() };
        let path = path.to_owned();
        Some(match self {
            Answer::ServerError => {
                generic("Server returned non-2xx status code: 500 Internal Server Error: ")
            }
            Answer::SlowDown => {
                generic("Server returned non-2xx status code: 503 Service Unavailable: SlowDown")
            }
            Answer::Full => generic("Server returned non-2xx status code: 507 Insufficient Storage: "),
            Answer::NoSuchUpload => Error::NotFound { path, source: "NoSuchUpload".into() },
            Answer::Denied => Error::PermissionDenied { path, source: source() },
            Answer::Missing => Error::NotFound { path, source: source() },
            Answer::Taken => Error::AlreadyExists { path, source: source() },
            Answer::Silence => return None,
        })
    }

    async fn give<T>(self, path: &str) -> Result<T> {
        match self.error(path) {
            Some(error) => Err(error),
            None => std::future::pending().await,
        }
    }
}

/// Does a request as its effect says; those that are special to one kind of request are up to it.
async fn act<T>(effect: Option<Effect>, path: &str, request: impl Future<Output = Result<T>>) -> Result<T> {
    match effect {
        Some(Effect::Fail(answer)) => answer.give(path).await,
        Some(Effect::DoneBut(answer)) => {
            request.await?;
            answer.give(path).await
        }
        Some(Effect::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            request.await
        }
        _ => request.await,
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, path: &Path, payload: PutPayload, mut opts: PutOptions) -> Result<PutResult> {
        let operation = if opts.mode == PutMode::Create { Operation::Create } else { Operation::Put };
        let effect = self.plan.lock().effect(operation, path.as_ref());
        if effect == Some(Effect::IgnoreCondition) {
            opts.mode = PutMode::Overwrite;
        }
        if effect == Some(Effect::OnlySay) {
            return Ok(PutResult { e_tag: None, version: None, extensions: Default::default() });
        }
        act(effect, path.as_ref(), self.inner.put_opts(path, payload, opts)).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let effect = self.plan.lock().effect(Operation::Begin, path.as_ref());
        let inner = act(effect, path.as_ref(), self.inner.put_multipart_opts(path, opts)).await?;
        Ok(Box::new(FaultyUpload { inner, path: path.to_string(), plan: Arc::clone(&self.plan) }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let effect = self.plan.lock().effect(Operation::Get, path.as_ref());
        let result = act(effect, path.as_ref(), self.inner.get_opts(path, options)).await?;
        if !matches!(effect, Some(Effect::CutShort(_) | Effect::FlipByte(_))) {
            return Ok(result);
        }
        let (meta, attributes) = (result.meta.clone(), result.attributes.clone());
        let (range, extensions) = (result.range.clone(), result.extensions.clone());
        let bytes = spoiled(effect, result.bytes().await?);
        let payload = object_store::GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed());
        Ok(GetResult { payload, meta, range, attributes, extensions })
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let effect = self.plan.lock().effect(Operation::Get, path.as_ref());
        let found = act(effect, path.as_ref(), self.inner.get_ranges(path, ranges)).await?;
        Ok(found.into_iter().map(|bytes| spoiled(effect, bytes)).collect())
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, plan) = (Arc::clone(&self.inner), Arc::clone(&self.plan));
        paths
            .then(move |path| {
                let (inner, plan) = (Arc::clone(&inner), Arc::clone(&plan));
                async move {
                    let path = path?;
                    let effect = plan.lock().effect(Operation::Delete, path.as_ref());
                    if effect == Some(Effect::OnlySay) {
                        return Ok(path);
                    }
                    let one = stream::iter([Ok(path.clone())]).boxed();
                    let mut deletion = inner.delete_stream(one);
                    let delete = async { deletion.next().await.unwrap_or_else(|| Ok(path.clone())) };
                    act(effect, path.as_ref(), delete).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let effect = self.plan.lock().effect(Operation::List, &path);
        let mut result = act(effect, &path, self.inner.list_with_delimiter(prefix)).await?;
        let shown = match effect {
            Some(Effect::EmptyList) => 0,
            Some(Effect::ShortList(count)) => count,
            _ => usize::MAX,
        };
        result.common_prefixes.truncate(shown);
        result.objects.truncate(shown);
        Ok(result)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl FaultyStore {
    fn listing(
        &self,
        prefix: Option<&Path>,
        inner: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        match self.plan.lock().effect(Operation::List, &path) {
            Some(Effect::Fail(answer) | Effect::DoneBut(answer)) => {
                stream::once(async move { answer.give(&path).await }).boxed()
            }
            Some(Effect::EmptyList) => stream::empty().boxed(),
            Some(Effect::ShortList(count)) => inner.take(count).boxed(),
            Some(Effect::Slow(wait)) => {
                stream::once(tokio::time::sleep(wait)).flat_map(|()| stream::empty()).chain(inner).boxed()
            }
            _ => inner,
        }
    }
}

fn spoiled(effect: Option<Effect>, bytes: Bytes) -> Bytes {
    match effect {
        Some(Effect::CutShort(length)) => {
            bytes.slice(..usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()))
        }
        Some(Effect::FlipByte(at)) if at < bytes.len() => {
            let mut changed = bytes.to_vec();
            changed[at] ^= 0x40;
            changed.into()
        }
        _ => bytes,
    }
}

/// A multipart upload of a [`FaultyStore`].
#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    path: String,
    plan: Arc<Mutex<Plan>>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let effect = self.plan.lock().effect(Operation::Part, &self.path);
        let (part, path) = (self.inner.put_part(data), self.path.clone());
        Box::pin(async move { act(effect, &path, part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let effect = self.plan.lock().effect(Operation::Complete, &self.path);
        act(effect, &self.path, self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        let effect = self.plan.lock().effect(Operation::Abort, &self.path);
        match effect {
            Some(Effect::OnlySay) => return Ok(()),
            Some(Effect::CompleteInstead) => return self.inner.complete().await.map(drop),
            _ => {}
        }
        act(effect, &self.path, self.inner.abort()).await
    }
}
