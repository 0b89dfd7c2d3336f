//! The directories of a simulated disk: names as a process sees them, names as they are durable, and what lies between.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use parking_lot::Mutex;

use super::file::FileContent;
use super::{DiskFaults, already_exists, not_found};
use crate::io::DirEntry;

type FileRef = Arc<Mutex<FileContent>>;
type DirRef = Arc<Mutex<Directory>>;

#[derive(Clone)]
enum Node {
    File(FileRef),
    Directory(DirRef),
}

/// One call's changes of one directory; they become durable together or not at all.
type Change = Vec<(String, Option<Node>)>;

#[derive(Default)]
struct Directory {
    names: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    pending: Vec<Change>,
}

impl Directory {
    fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.pending.push(change);
    }
}

fn apply(names: &mut BTreeMap<String, Node>, change: &Change) {
    for (name, node) in change {
        match node {
            Some(node) => names.insert(name.clone(), node.clone()),
            None => names.remove(name),
        };
    }
}

pub(super) struct Tree {
    root: DirRef,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { root: DirRef::default() }
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<FileRef> {
        match self.node(path)? {
            Node::File(file) => Ok(file),
            Node::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        self.node(path).is_ok()
    }

    pub(super) fn link(&mut self, path: &Path, content: FileRef) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        directory.lock().change(vec![(name, Some(Node::File(content)))]);
        Ok(())
    }

    pub(super) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut directory = self.root.clone();
        for name in names(path) {
            let child = directory.lock().names.get(&name).cloned();
            directory = match child {
                Some(Node::Directory(child)) => child,
                Some(Node::File(_)) => return Err(already_exists(path)),
                None => {
                    let child = DirRef::default();
                    directory.lock().change(vec![(name, Some(Node::Directory(child.clone())))]);
                    child
                }
            };
        }
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let directory = self.directory(path)?;
        let directory = directory.lock();
        let entry = |(name, node): (&String, &Node)| match node {
            Node::File(file) => DirEntry { name: name.clone(), is_dir: false, len: file.lock().len() },
            Node::Directory(_) => DirEntry { name: name.clone(), is_dir: true, len: 0 },
        };
        Ok(directory.names.iter().map(entry).collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.node(from)?;
        match (&node, self.node(to)) {
            (Node::File(_), Ok(Node::Directory(_))) => return Err(io::ErrorKind::IsADirectory.into()),
            (Node::Directory(_), Ok(_)) => return Err(already_exists(to)),
            _ => {}
        }
        let (from_directory, from_name) = self.parent(from)?;
        let (to_directory, to_name) = self.parent(to)?;
        if Arc::ptr_eq(&from_directory, &to_directory) {
            from_directory.lock().change(vec![(from_name, None), (to_name, Some(node))]);
        } else {
            to_directory.lock().change(vec![(to_name, Some(node))]);
            from_directory.lock().change(vec![(from_name, None)]);
        }
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        self.file(path)?;
        let (directory, name) = self.parent(path)?;
        directory.lock().change(vec![(name, None)]);
        Ok(())
    }

    /// Each name goes by a change of its own, so that a power loss may leave any part of the directory.
    pub(super) fn remove_dir_all(&mut self, path: &Path) -> io::Result<()> {
        remove_all(&self.directory(path)?);
        let (directory, name) = self.parent(path)?;
        directory.lock().change(vec![(name, None)]);
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.directory(path)?;
        let directory = &mut *directory.lock();
        for change in directory.pending.drain(..) {
            apply(&mut directory.durable, &change);
        }
        Ok(())
    }

    pub(super) fn power_loss(&mut self, faults: &mut DiskFaults) {
        power_loss(&self.root, faults);
    }

    fn node(&self, path: &Path) -> io::Result<Node> {
        let mut node = Node::Directory(self.root.clone());
        for name in names(path) {
            let Node::Directory(directory) = &node else { return Err(io::ErrorKind::NotADirectory.into()) };
            let child = directory.lock().names.get(&name).cloned();
            node = child.ok_or_else(|| not_found(path))?;
        }
        Ok(node)
    }

    fn directory(&self, path: &Path) -> io::Result<DirRef> {
        match self.node(path)? {
            Node::Directory(directory) => Ok(directory),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn parent(&self, path: &Path) -> io::Result<(DirRef, String)> {
        let name = names(path).last().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.directory(path.parent().unwrap_or(Path::new("/")))?, name))
    }
}

fn names(path: &Path) -> impl Iterator<Item = String> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    })
}

fn remove_all(directory: &DirRef) {
    let children: Vec<_> = directory.lock().names.clone().into_iter().collect();
    for (name, node) in children {
        if let Node::Directory(child) = node {
            remove_all(&child);
        }
        directory.lock().change(vec![(name, None)]);
    }
}

fn power_loss(directory: &DirRef, faults: &mut DiskFaults) {
    let children: Vec<Node> = {
        let directory = &mut *directory.lock();
        let style = faults.random_below(3);
        for change in std::mem::take(&mut directory.pending) {
            if style == 0 || (style == 1 && faults.random_below(2) == 0) {
                faults.counts.lost_names += 1;
            } else {
                faults.counts.kept_names += 1;
                apply(&mut directory.durable, &change);
            }
        }
        directory.names = directory.durable.clone();
        directory.names.values().cloned().collect()
    };
    for child in children {
        match child {
            Node::File(file) => file.lock().power_loss(faults),
            Node::Directory(child) => power_loss(&child, faults),
        }
    }
}
