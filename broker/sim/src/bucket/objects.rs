//! What a bucket holds: objects with their times, what was deleted lately, and parts of uploads that are not complete.
//! Pure: times come in as arguments.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::remote_store::Written;

/// How long deleted objects are remembered, in milliseconds: no listing is staler.
pub(super) const STALENESS_MS_MAX: u64 = 3_000;

/// When something happens: milliseconds since the simulation began, and by the bucket's wall clock since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) elapsed_ms: u64,
    pub(super) wall_ms: i64,
}

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) written: Moment,
    number: u64,
}

/// An object that was deleted or overwritten lately.
#[derive(Debug)]
struct Gone {
    path: Path,
    object: Object,
    since_ms: u64,
}

/// See the file's header.
#[derive(Debug, Default)]
pub(super) struct Objects {
    objects: BTreeMap<Path, Object>,
    gone: VecDeque<Gone>,
    uploads: BTreeMap<u64, (Path, BTreeMap<usize, Bytes>)>,
    /// Objects and uploads so far.
    numbers: u64,
    written: Vec<Written>,
}

impl Objects {
    /// All objects in the order of their paths.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &Object)> {
        self.objects.iter()
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Object> {
        self.objects.get(path)
    }

    /// Writes an object, over another if there is one.
    pub(super) fn put(&mut self, path: &Path, bytes: Bytes, now: Moment) {
        let replaced = self.objects.get(path).map(|object| object.bytes.clone());
        self.written.push(Written { path: path.clone(), bytes: bytes.clone(), replaced });
        self.delete(path, now);
        self.numbers += 1;
        self.objects.insert(path.clone(), Object { bytes, written: now, number: self.numbers });
    }

    /// What was written since this was asked last.
    pub(super) fn take_written(&mut self) -> Vec<Written> {
        std::mem::take(&mut self.written)
    }

    /// Whether there was something to delete.
    pub(super) fn delete(&mut self, path: &Path, now: Moment) -> bool {
        while self.gone.front().is_some_and(|gone| gone.since_ms + STALENESS_MS_MAX < now.elapsed_ms) {
            self.gone.pop_front();
        }
        let Some(object) = self.objects.remove(path) else { return false };
        self.gone.push_back(Gone { path: path.clone(), object, since_ms: now.elapsed_ms });
        true
    }

    /// The objects whose paths begin with `prefix` and sort behind `behind`, as they were at `at_ms`.
    pub(super) fn list(&self, prefix: &Path, behind: Option<&Path>, at_ms: u64) -> Vec<ObjectMeta> {
        let is_asked = |path: &Path| {
            let below = path.prefix_match(prefix).is_some_and(|mut rest| rest.next().is_some());
            below && behind.is_none_or(|behind| path > behind)
        };
        let mut found: BTreeMap<&Path, &Object> = self
            .gone
            .iter()
            .filter(|gone| gone.object.written.elapsed_ms <= at_ms && at_ms < gone.since_ms)
            .map(|gone| (&gone.path, &gone.object))
            .collect();
        found.extend(self.objects.iter().filter(|(_, object)| object.written.elapsed_ms <= at_ms));
        found.into_iter().filter(|(path, _)| is_asked(path)).map(|(path, object)| object.meta(path)).collect()
    }

    /// Begins an upload and tells its number.
    pub(super) fn begin_upload(&mut self, path: &Path) -> u64 {
        self.numbers += 1;
        self.uploads.insert(self.numbers, (path.clone(), BTreeMap::new()));
        self.numbers
    }

    /// Whether the upload is known.
    pub(super) fn put_part(&mut self, upload: u64, index: usize, bytes: Bytes) -> bool {
        let Some((_, parts)) = self.uploads.get_mut(&upload) else { return false };
        parts.insert(index, bytes);
        true
    }

    /// Makes the object of an upload; whether the upload is known.
    pub(super) fn complete(&mut self, upload: u64, now: Moment) -> bool {
        let Some((path, parts)) = self.uploads.remove(&upload) else { return false };
        let bytes: Vec<u8> = parts.into_values().flatten().collect();
        self.put(&path, bytes.into(), now);
        true
    }

    /// Whether the upload is known.
    pub(super) fn abort(&mut self, upload: u64) -> bool {
        self.uploads.remove(&upload).is_some()
    }

    /// Uploads that were begun and neither completed nor aborted.
    pub(super) fn open_uploads(&self) -> usize {
        self.uploads.len()
    }
}

impl Object {
    pub(super) fn meta(&self, path: &Path) -> ObjectMeta {
        let since_1970 = Duration::from_millis(self.written.wall_ms.unsigned_abs());
        ObjectMeta {
            location: path.clone(),
            last_modified: (SystemTime::UNIX_EPOCH + since_1970).into(),
            size: self.bytes.len() as u64,
            e_tag: Some(format!("\"{}\"", self.number)),
            version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(elapsed_ms: u64) -> Moment {
        Moment { elapsed_ms, wall_ms: 1_000_000 }
    }

    fn names(objects: &Objects, behind: Option<&str>, at_ms: u64) -> Vec<String> {
        let listed = objects.list(&Path::from("a"), behind.map(Path::from).as_ref(), at_ms);
        listed.into_iter().map(|meta| meta.location.to_string()).collect()
    }

    #[test]
    fn a_listing_shows_a_folder_as_it_was() {
        let mut objects = Objects::default();
        for (path, at_ms) in [("a/1", 1), ("a/2", 5), ("ab", 1), ("b", 1)] {
            objects.put(&Path::from(path), Bytes::from_static(b"x"), at(at_ms));
        }
        assert!(objects.delete(&Path::from("a/1"), at(7)));
        assert!(!objects.delete(&Path::from("a/1"), at(8)));
        assert_eq!(names(&objects, None, 8), ["a/2"]);
        assert_eq!(names(&objects, None, 6), ["a/1", "a/2"]);
        assert_eq!(names(&objects, None, 4), ["a/1"]);
        assert_eq!(names(&objects, Some("a/1"), 6), ["a/2"]);
    }

    #[test]
    fn an_upload_is_an_object_once_it_is_complete() {
        let mut objects = Objects::default();
        let upload = objects.begin_upload(&Path::from("a/1"));
        assert!(objects.put_part(upload, 1, Bytes::from_static(b"b")));
        assert!(objects.put_part(upload, 0, Bytes::from_static(b"a")));
        assert!(objects.get(&Path::from("a/1")).is_none() && objects.open_uploads() == 1);
        assert!(objects.complete(upload, at(1)));
        assert_eq!(objects.get(&Path::from("a/1")).unwrap().bytes, "ab");
        assert!(!objects.complete(upload, at(2)) && !objects.abort(upload));
    }
}
