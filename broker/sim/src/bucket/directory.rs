//! A directory of the broker's own machine as an object store: what object_store's LocalFileSystem does, call by call, on
//! the simulated disk. The power takes away what was not synced.
//!
//! A write goes to a staging file beside its place and appears there by a rename. With fsync, the file is synced before
//! and the directory after; directories that had to be made are synced up to the first that was there.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use broker_log::io::{Disk, OpenMode};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use parking_lot::Mutex;

use super::Work;
use super::remote_store::Written;
use super::requests::folded;
use crate::clock::SimClock;
use crate::random::Rng;

/// Longest time of a step of a request, in milliseconds.
const STEP_MS_MAX: u64 = 3;
/// Marks staging files, which are no objects.
const STAGED: char = '#';

/// The directory. It outlives the process; clones share one.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    clock: Arc<SimClock>,
    syncs: bool,
    rng: Mutex<Rng>,
    /// When files were written last, by the machine's right clock: the simulated disk does not know.
    written_ms: Mutex<BTreeMap<PathBuf, i64>>,
    written: Mutex<Vec<Written>>,
    /// Requests under way.
    working: Mutex<BTreeMap<Work, usize>>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory({})", self.inner.root.display())
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory({})", self.inner.root.display())
    }
}

impl Directory {
    /// Objects below `root`; with `syncs` as LocalFileSystem's `with_fsync(true)`.
    #[must_use]
    pub fn new(
        disk: Arc<dyn Disk>,
        root: &FilePath,
        clock: Arc<SimClock>,
        syncs: bool,
        rng: Rng,
    ) -> Directory {
        let (root, rng) = (root.to_owned(), Mutex::new(rng));
        let inner = Inner {
            disk,
            root,
            clock,
            syncs,
            rng,
            written_ms: Mutex::default(),
            written: Mutex::default(),
            working: Mutex::default(),
        };
        Directory { inner: Arc::new(inner) }
    }

    /// All objects with their paths, in order.
    ///
    /// # Errors
    /// The disk's.
    pub fn contents(&self) -> io::Result<Vec<(Path, Bytes)>> {
        let mut contents = Vec::new();
        for meta in self.inner.list(&Path::ROOT)? {
            let bytes = self.inner.disk.read(&self.inner.file(&meta.location))?;
            contents.push((meta.location, bytes.into()));
        }
        Ok(contents)
    }

    /// What was written since this was asked last.
    #[must_use]
    pub fn take_written(&self) -> Vec<Written> {
        std::mem::take(&mut self.inner.written.lock())
    }

    /// Whether a request that is part of such work is under way.
    #[must_use]
    pub fn is_working(&self, work: Work) -> bool {
        self.inner.working.lock().get(&work).is_some_and(|&count| count > 0)
    }

    fn begin(&self, work: Option<Work>) -> Working {
        if let Some(work) = work {
            *self.inner.working.lock().entry(work).or_default() += 1;
        }
        Working { inner: Arc::clone(&self.inner), work }
    }

    /// A step of a request takes its time; the process may die meanwhile.
    async fn step(&self) {
        let ms = self.inner.rng.lock().between(0, STEP_MS_MAX);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    async fn write(&self, path: &Path, bytes: Bytes, mode: &PutMode) -> Result<()> {
        let _working = self.begin(Work::of_write(path));
        self.step().await;
        let to = self.inner.file(path);
        let staged = self.inner.stage(&to, &bytes).map_err(generic)?;
        self.step().await;
        let replaced = self.inner.disk.read(&to).ok().map(Bytes::from);
        let placed = self.inner.place(&staged, &to, mode);
        if placed.is_err() {
            // As far as it goes: the disk may be what has failed.
            let _removed = self.inner.disk.remove_file(&staged);
        }
        placed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::AlreadyExists { path: path.to_string(), source: Box::new(error) }
            }
            _ => generic(error),
        })?;
        // Whoever reads it back finds it, also if its name cannot be synced.
        self.inner.written.lock().push(Written { path: path.clone(), bytes, replaced });
        self.inner.sync_name(&to).map_err(generic)
    }
}

/// A request under way.
struct Working {
    inner: Arc<Inner>,
    work: Option<Work>,
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(work) = self.work {
            *self.inner.working.lock().entry(work).or_default() -= 1;
        }
    }
}

impl Inner {
    fn file(&self, path: &Path) -> PathBuf {
        self.root.join(path.as_ref())
    }

    /// Writes a staging file.
    fn stage(&self, to: &FilePath, bytes: &[u8]) -> io::Result<PathBuf> {
        let parent = to.parent().unwrap_or(&self.root);
        self.make_folders(parent)?;
        let mut number = 1;
        loop {
            let staged = PathBuf::from(format!("{}{STAGED}{number}", to.display()));
            match self.disk.open(&staged, OpenMode::CREATE_NEW) {
                Ok(file) => {
                    file.write_at(bytes, 0)?;
                    if self.syncs {
                        file.sync_data()?;
                    }
                    return Ok(staged);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives a staging file its name.
    fn place(&self, staged: &FilePath, to: &FilePath, mode: &PutMode) -> io::Result<()> {
        if *mode == PutMode::Create && self.disk.exists(to)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.disk.rename(staged, to)?;
        self.written_ms.lock().insert(to.to_owned(), self.clock.true_now_ms());
        Ok(())
    }

    /// Makes the name of a file durable.
    fn sync_name(&self, to: &FilePath) -> io::Result<()> {
        if self.syncs { self.disk.sync_dir(to.parent().unwrap_or(&self.root)) } else { Ok(()) }
    }

    fn make_folders(&self, parent: &FilePath) -> io::Result<()> {
        if self.disk.exists(parent)? {
            return Ok(());
        }
        let mut first_existing = parent;
        while !self.disk.exists(first_existing)? {
            first_existing = first_existing.parent().unwrap_or(FilePath::new("/"));
        }
        self.disk.create_dir_all(parent)?;
        let changed = parent.ancestors().take_while(|folder| *folder != first_existing);
        for folder in changed.chain([first_existing]) {
            if self.syncs {
                self.disk.sync_dir(folder)?;
            }
        }
        Ok(())
    }

    fn meta(&self, path: &Path, file: &FilePath) -> io::Result<ObjectMeta> {
        let size = self.disk.file_len(file)?;
        let written_ms = self.written_ms.lock().get(file).copied().unwrap_or_default();
        let since_1970 = Duration::from_millis(written_ms.unsigned_abs());
        Ok(ObjectMeta {
            location: path.clone(),
            last_modified: (SystemTime::UNIX_EPOCH + since_1970).into(),
            size,
            e_tag: None,
            version: None,
        })
    }

    /// The objects below a prefix in the order of their paths.
    fn list(&self, prefix: &Path) -> io::Result<Vec<ObjectMeta>> {
        let (mut folders, mut found) = (vec![prefix.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            let entries = match self.disk.list(&self.file(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries.iter().filter(|entry| !entry.name.contains(STAGED)) {
                let path = folder.clone().join(entry.name.as_str());
                if entry.is_dir {
                    folders.push(path);
                } else {
                    found.push(self.meta(&path, &self.file(&path))?);
                }
            }
        }
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(found)
    }

    fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult> {
        let file = self.file(path);
        let missing = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound { path: path.to_string(), source: Box::new(error) },
            _ => generic(error),
        };
        let meta = self.meta(path, &file).map_err(missing)?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range
                .as_range(meta.size)
                .map_err(|error| Error::Generic { store: "directory", source: Box::new(error) })?,
            None => 0..meta.size,
        };
        let bytes = Bytes::from(self.disk.read(&file).map_err(missing)?);
        let place = |position| usize::try_from(position).expect("objects fit in memory").min(bytes.len());
        let bytes = bytes.slice(place(range.start)..place(range.end));
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed()),
            meta,
            range,
            attributes: object_store::Attributes::default(),
            extensions: object_store::Extensions::default(),
        })
    }
}

fn generic(error: io::Error) -> Error {
    Error::Generic { store: "directory", source: Box::new(error) }
}

fn put_result() -> PutResult {
    PutResult { e_tag: None, version: None, extensions: object_store::Extensions::default() }
}

#[async_trait]
impl ObjectStore for Directory {
    async fn put_opts(&self, path: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.write(path, payload.into(), &opts.mode).await?;
        Ok(put_result())
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(DirectoryUpload { directory: self.clone(), path: path.clone(), bytes: Vec::new() }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.step().await;
        self.inner.get(path, &options)
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let directory = self.clone();
        paths
            .then(move |path| {
                let directory = directory.clone();
                async move {
                    let path = path?;
                    let _working = directory.begin(Work::of_deletion(&path));
                    directory.step().await;
                    match directory.inner.disk.remove_file(&directory.inner.file(&path)) {
                        Ok(()) => Ok(path),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {
                            Err(Error::NotFound { path: path.to_string(), source: Box::new(error) })
                        }
                        Err(error) => Err(generic(error)),
                    }
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
        self.step().await;
        let prefix = prefix.cloned().unwrap_or_default();
        let listed = self.inner.list(&prefix).map_err(generic)?;
        Ok(folded(&prefix, listed))
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(Error::NotSupported { source: "nothing here copies objects".into() })
    }
}

impl Directory {
    fn listing(&self, prefix: Option<&Path>, behind: Option<Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (directory, prefix) = (self.clone(), prefix.cloned().unwrap_or_default());
        let listed = async move {
            let _working = directory.begin(Work::of_listing(&prefix));
            directory.step().await;
            match directory.inner.list(&prefix) {
                Ok(listed) => {
                    let wanted =
                        |meta: &ObjectMeta| behind.as_ref().is_none_or(|behind| meta.location > *behind);
                    listed.into_iter().filter(wanted).map(Ok).collect()
                }
                Err(error) => vec![Err(generic(error))],
            }
        };
        stream::once(listed).flat_map(stream::iter).boxed()
    }
}

/// An upload of parts: they are one file from the beginning.
#[derive(Debug)]
struct DirectoryUpload {
    directory: Directory,
    path: Path,
    bytes: Vec<u8>,
}

#[async_trait]
impl MultipartUpload for DirectoryUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.bytes.extend_from_slice(&Bytes::from(data));
        let directory = self.directory.clone();
        Box::pin(async move {
            directory.step().await;
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let bytes = std::mem::take(&mut self.bytes);
        self.directory.write(&self.path, bytes.into(), &PutMode::Overwrite).await?;
        Ok(put_result())
    }

    async fn abort(&mut self) -> Result<()> {
        self.bytes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;
    use object_store::ObjectStoreExt;

    use super::*;

    async fn after_power_loss(syncs: bool) -> usize {
        let disk = MemoryDisk::new(1);
        let clock = Arc::new(SimClock::default());
        let root = FilePath::new("/bucket");
        let directory = Directory::new(Arc::new(disk.clone()), root, clock, syncs, Rng::new(1, 1));
        for number in 0..20 {
            let path = Path::from(format!("a/{number:02}"));
            directory.put(&path, Bytes::from_static(b"bytes").into()).await.unwrap();
        }
        assert_eq!(directory.contents().unwrap().len(), 20);
        disk.power_loss(1);
        let whole = |(_, bytes): &(Path, Bytes)| bytes == "bytes";
        directory.contents().unwrap().iter().filter(|object| whole(object)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn the_power_takes_what_was_not_synced() {
        assert_eq!(after_power_loss(true).await, 20);
        assert!(after_power_loss(false).await < 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_leaves_what_is_there() {
        let disk = Arc::new(MemoryDisk::new(1));
        let clock = Arc::new(SimClock::default());
        let directory = Directory::new(disk, FilePath::new("/bucket"), clock, true, Rng::new(1, 1));
        let path = Path::from("a/b/1");
        for (bytes, is_first) in [("first", true), ("second", false)] {
            let put = directory.put_opts(&path, bytes.into(), PutMode::Create.into()).await;
            assert_eq!(put.is_ok(), is_first, "{put:?}");
        }
        assert_eq!(directory.get(&path).await.unwrap().bytes().await.unwrap(), "first");
        let listed = directory.list_with_delimiter(Some(&Path::from("a"))).await.unwrap();
        assert_eq!((listed.common_prefixes, listed.objects.len()), (vec![Path::from("a/b")], 0));
        assert!(directory.get(&Path::from("a/b/2")).await.is_err());
    }
}
