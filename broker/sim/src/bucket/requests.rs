//! What the broker asks of a bucket: the requests, what they do to the objects, and the store's interface around them.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use broker_tier::faulty_store::Answer;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::objects::{Moment, Objects};
use super::weather::RequestKind;
use super::{Bucket, Work, missing};

/// A request.
#[derive(Debug)]
pub(super) enum Ask {
    /// None: it was lost.
    Nothing,
    Put {
        path: Path,
        bytes: Bytes,
        create: bool,
    },
    BeginUpload {
        path: Path,
    },
    PutPart {
        path: Path,
        upload: u64,
        index: usize,
        bytes: Bytes,
    },
    Complete {
        path: Path,
        upload: u64,
    },
    Abort {
        path: Path,
        upload: u64,
    },
    Get {
        path: Path,
        options: GetOptions,
    },
    List {
        prefix: Path,
        behind: Option<Path>,
    },
    Delete {
        path: Path,
    },
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Reply {
    Done,
    Upload(u64),
    Body { meta: ObjectMeta, range: Range<u64>, bytes: Bytes },
    Listed(Vec<ObjectMeta>),
}

impl Ask {
    pub(super) fn path(&self) -> &Path {
        static NO_PATH: Path = Path::ROOT;
        match self {
            Ask::Nothing => &NO_PATH,
            Ask::Put { path, .. }
            | Ask::BeginUpload { path }
            | Ask::PutPart { path, .. }
            | Ask::Complete { path, .. }
            | Ask::Abort { path, .. }
            | Ask::Get { path, .. }
            | Ask::List { prefix: path, .. }
            | Ask::Delete { path } => path,
        }
    }

    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Ask::Put { create: true, .. } => RequestKind::Create,
            Ask::Get { .. } => RequestKind::Get,
            Ask::List { .. } => RequestKind::List,
            _ => RequestKind::Other,
        }
    }

    /// What it is part of, as far as its path tells.
    pub(super) fn work(&self) -> Option<Work> {
        match self {
            Ask::Put { path, .. }
            | Ask::BeginUpload { path }
            | Ask::PutPart { path, .. }
            | Ask::Complete { path, .. } => Work::of_write(path),
            Ask::Delete { path } => Work::of_deletion(path),
            Ask::List { prefix, .. } => Work::of_listing(prefix),
            Ask::Nothing | Ask::Abort { .. } | Ask::Get { .. } => None,
        }
    }

    /// What a listing shows of a moment; nothing of another request.
    pub(super) fn list(&self, objects: &Objects, at_ms: u64) -> Vec<ObjectMeta> {
        match self {
            Ask::List { prefix, behind } => objects.list(prefix, behind.as_ref(), at_ms),
            _ => Vec::new(),
        }
    }

    /// Does it. A listing shows what was there at `listed_ms`.
    pub(super) fn carry_out(self, objects: &mut Objects, now: Moment, listed_ms: u64) -> Result<Reply> {
        let known = |is_known: bool, path: &Path| {
            let unknown = || Answer::NoSuchUpload.error(path.as_ref()).expect("an answer with words");
            if is_known { Ok(Reply::Done) } else { Err(unknown()) }
        };
        match self {
            Ask::Nothing => Ok(Reply::Done),
            Ask::Put { path, create: true, .. } if objects.get(&path).is_some() => {
                Err(Answer::Taken.error(path.as_ref()).expect("an answer with words"))
            }
            Ask::Put { path, bytes, .. } => {
                objects.put(&path, bytes, now);
                Ok(Reply::Done)
            }
            Ask::BeginUpload { path } => Ok(Reply::Upload(objects.begin_upload(&path))),
            Ask::PutPart { path, upload, index, bytes } => {
                known(objects.put_part(upload, index, bytes), &path)
            }
            Ask::Complete { path, upload } => known(objects.complete(upload, now), &path),
            Ask::Abort { path, upload } => known(objects.abort(upload), &path),
            Ask::Get { path, options } => get(objects, &path, &options),
            Ask::List { prefix, behind } => {
                Ok(Reply::Listed(objects.list(&prefix, behind.as_ref(), listed_ms)))
            }
            // As of S3, also if there was nothing.
            Ask::Delete { path } => {
                objects.delete(&path, now);
                Ok(Reply::Done)
            }
        }
    }
}

fn get(objects: &Objects, path: &Path, options: &GetOptions) -> Result<Reply> {
    let object = objects.get(path).ok_or_else(|| missing(path))?;
    let meta = object.meta(path);
    options.check_preconditions(&meta)?;
    let range = match &options.range {
        Some(range) => range
            .as_range(meta.size)
            .map_err(|error| Error::Generic { store: "bucket", source: Box::new(error) })?,
        None => 0..meta.size,
    };
    let place = |position| usize::try_from(position).expect("objects fit in memory");
    let bytes =
        if options.head { Bytes::new() } else { object.bytes.slice(place(range.start)..place(range.end)) };
    Ok(Reply::Body { meta, range, bytes })
}

fn put_result() -> PutResult {
    PutResult { e_tag: None, version: None, extensions: object_store::Extensions::default() }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(&self, path: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let create = opts.mode == PutMode::Create;
        self.ask(Ask::Put { path: path.clone(), bytes: payload.into(), create }).await?;
        Ok(put_result())
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        match self.ask(Ask::BeginUpload { path: path.clone() }).await? {
            Reply::Upload(upload) => {
                Ok(Box::new(BucketUpload { bucket: self.clone(), path: path.clone(), upload, parts: 0 }))
            }
            other => unreachable!("an upload begins with {other:?}"),
        }
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match self.ask(Ask::Get { path: path.clone(), options }).await? {
            Reply::Body { meta, range, bytes } => Ok(GetResult {
                payload: GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed()),
                meta,
                range,
                attributes: object_store::Attributes::default(),
                extensions: object_store::Extensions::default(),
            }),
            other => unreachable!("an object is read as {other:?}"),
        }
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let bucket = self.clone();
        paths
            .then(move |path| {
                let bucket = bucket.clone();
                async move {
                    let path = path?;
                    bucket.ask(Ask::Delete { path: path.clone() }).await?;
                    Ok(path)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        let listed = self.listed(prefix.clone(), None).await?;
        Ok(folded(&prefix, listed))
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(Error::NotSupported { source: "nothing here copies objects".into() })
    }
}

/// What lies right below a prefix, and the folders there.
pub(super) fn folded(prefix: &Path, listed: Vec<ObjectMeta>) -> ListResult {
    let mut result = ListResult {
        common_prefixes: Vec::new(),
        objects: Vec::new(),
        extensions: object_store::Extensions::default(),
    };
    for meta in listed {
        let parts: Vec<_> = meta.location.prefix_match(prefix).into_iter().flatten().collect();
        match parts.as_slice() {
            [folder, _, ..] => {
                let folder = prefix.clone().join(folder.clone());
                if result.common_prefixes.last() != Some(&folder) {
                    result.common_prefixes.push(folder);
                }
            }
            _ => result.objects.push(meta),
        }
    }
    result
}

impl Bucket {
    async fn listed(&self, prefix: Path, behind: Option<Path>) -> Result<Vec<ObjectMeta>> {
        match self.ask(Ask::List { prefix, behind }).await? {
            Reply::Listed(listed) => Ok(listed),
            other => unreachable!("objects are listed as {other:?}"),
        }
    }

    fn listing(&self, prefix: Option<&Path>, behind: Option<Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (bucket, prefix) = (self.clone(), prefix.cloned().unwrap_or_default());
        let listed = async move {
            match bucket.listed(prefix, behind).await {
                Ok(listed) => listed.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        };
        stream::once(listed).flat_map(stream::iter).boxed()
    }
}

/// An upload of parts.
#[derive(Debug)]
struct BucketUpload {
    bucket: Bucket,
    path: Path,
    upload: u64,
    parts: usize,
}

#[async_trait]
impl MultipartUpload for BucketUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let index = self.parts;
        self.parts += 1;
        let (bucket, path, upload) = (self.bucket.clone(), self.path.clone(), self.upload);
        Box::pin(async move {
            bucket.ask(Ask::PutPart { path, upload, index, bytes: data.into() }).await.map(|_| ())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.bucket.ask(Ask::Complete { path: self.path.clone(), upload: self.upload }).await?;
        Ok(put_result())
    }

    async fn abort(&mut self) -> Result<()> {
        self.bucket.ask(Ask::Abort { path: self.path.clone(), upload: self.upload }).await.map(|_| ())
    }
}
