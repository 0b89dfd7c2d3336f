//! `meta.properties`: to which cluster and broker a data directory belongs. Kafka's file, versions 0 and 1.
//!
//! A directory of another cluster or broker is refused: its logs would be served under the wrong identity.

use std::io;
use std::path::{Path, PathBuf};

use broker_protocol::types::{BrokerId, Uuid, uuid_from_base64, uuid_to_base64};
use thiserror::Error;

use crate::io::Disk;

/// Name of the file inside the data directory.
pub const META_PROPERTIES_FILE: &str = "meta.properties";

/// Content of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetaProperties {
    /// `cluster.id`.
    pub cluster_id: String,
    /// `node.id`.
    pub node_id: BrokerId,
    /// `directory.id`; random, made with the directory (KIP-858).
    pub directory_id: Uuid,
}

/// Why a directory is not ours, or cannot be told to be.
#[derive(Debug, Error)]
pub enum MetaPropertiesError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line or value that is not understood.
    #[error("{} is malformed: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and expected.
        reason: String,
    },
    /// The file is gone, and nothing else tells whose the directory is.
    #[error("{} is lost, but its directory is in use: put it back", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// The directory belongs to another cluster.
    #[error("{} belongs to cluster {found}, not to {expected}", path.display())]
    OtherCluster {
        /// The file.
        path: PathBuf,
        /// Cluster in the file.
        found: String,
        /// Cluster of this broker.
        expected: String,
    },
    /// The directory belongs to another broker.
    #[error("{} belongs to node.id {found}, not to {expected}", path.display())]
    OtherNode {
        /// The file.
        path: PathBuf,
        /// Broker in the file.
        found: BrokerId,
        /// This broker.
        expected: BrokerId,
    },
}

impl MetaProperties {
    /// The text of the file, version 1.
    #[must_use]
    pub fn encode(&self) -> String {
        format!(
            "#\ncluster.id={}\ndirectory.id={}\nnode.id={}\nversion=1\n",
            self.cluster_id,
            uuid_to_base64(self.directory_id),
            self.node_id
        )
    }

    /// Reads a text; a missing directory id (Kafka before 3.7) becomes `new_directory_id`.
    ///
    /// # Errors
    /// The reason why the text is not understood.
    pub fn decode(text: &str, new_directory_id: Uuid) -> Result<MetaProperties, String> {
        let value = |key: &str| {
            text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])).find_map(|line| {
                let (name, value) = line.split_once('=')?;
                (name.trim() == key).then(|| value.trim().replace('\\', ""))
            })
        };
        let required = |key: &str| value(key).ok_or_else(|| format!("{key} is missing"));
        let node_key = match required("version")?.as_str() {
            "0" => "broker.id",
            "1" => "node.id",
            other => return Err(format!("version is {other}, expected 0 or 1")),
        };
        let node_id = required(node_key)?.parse().map_err(|_| format!("{node_key} is not a number"))?;
        let directory_id = match value("directory.id") {
            Some(text) => uuid_from_base64(&text).ok_or("directory.id is not a uuid")?,
            None => new_directory_id,
        };
        Ok(MetaProperties { cluster_id: required("cluster.id")?, node_id: BrokerId(node_id), directory_id })
    }

    /// Reads the file of a data directory and checks that it is the one of `expected`, or makes the file if there is
    /// none and the directory is not in use: one that this broker has run with cannot have another identity.
    ///
    /// # Errors
    /// Another cluster or broker, a lost or malformed file, or an error of the disk.
    pub fn load_or_create(
        disk: &dyn Disk,
        dir: &Path,
        expected: &MetaProperties,
        is_in_use: bool,
    ) -> Result<MetaProperties, MetaPropertiesError> {
        let path = dir.join(META_PROPERTIES_FILE);
        let io = |source| MetaPropertiesError::Io { path: path.clone(), source };
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_in_use => {
                return Err(MetaPropertiesError::Lost { path });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.write_atomically(&path, expected.encode().as_bytes()).map_err(io)?;
                return Ok(expected.clone());
            }
            Err(error) => return Err(io(error)),
        };
        let text = String::from_utf8_lossy(&bytes);
        let malformed = |reason| MetaPropertiesError::Malformed { path: path.clone(), reason };
        let found = MetaProperties::decode(&text, expected.directory_id).map_err(malformed)?;
        let has_directory_id = text.contains("directory.id");
        if is_in_use && !has_directory_id {
            return Err(malformed("directory.id is missing".to_owned()));
        }
        if found.cluster_id != expected.cluster_id {
            let expected = expected.cluster_id.clone();
            return Err(MetaPropertiesError::OtherCluster { path, found: found.cluster_id, expected });
        }
        if found.node_id != expected.node_id {
            return Err(MetaPropertiesError::OtherNode {
                path,
                found: found.node_id,
                expected: expected.node_id,
            });
        }
        if !has_directory_id {
            disk.write_atomically(&path, found.encode().as_bytes()).map_err(io)?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::memory_disk::MemoryDisk;

    fn ours() -> MetaProperties {
        MetaProperties { cluster_id: "c1".into(), node_id: BrokerId(3), directory_id: Uuid::from_u128(5) }
    }

    fn load(text: &str) -> Result<MetaProperties, MetaPropertiesError> {
        let disk = MemoryDisk::new(1);
        disk.write_atomically(Path::new("/meta.properties"), text.as_bytes()).unwrap();
        MetaProperties::load_or_create(&disk, Path::new("/"), &ours(), false)
    }

    #[test]
    fn the_file_is_made_once_and_keeps_its_directory_id() {
        let disk = MemoryDisk::new(1);
        let load = |expected: &_| MetaProperties::load_or_create(&disk, Path::new("/"), expected, false);
        load(&ours()).unwrap();
        disk.power_loss(1);
        let other_id = MetaProperties { directory_id: Uuid::from_u128(6), ..ours() };
        assert_eq!(load(&other_id).unwrap(), ours());
    }

    #[test]
    fn a_directory_in_use_gets_no_other_identity() {
        let disk = MemoryDisk::new(1);
        let load = || MetaProperties::load_or_create(&disk, Path::new("/"), &ours(), true);
        let error = load().unwrap_err().to_string();
        assert_eq!(error, "/meta.properties is lost, but its directory is in use: put it back");
        assert!(!disk.exists(Path::new("/meta.properties")).unwrap());
        let text = ours().encode().replace("directory.id", "directory.jd");
        disk.write_atomically(Path::new("/meta.properties"), text.as_bytes()).unwrap();
        let error = load().unwrap_err().to_string();
        assert_eq!(error, "/meta.properties is malformed: directory.id is missing");
    }

    #[test]
    fn the_file_that_kafka_wrote_is_understood() {
        let text = "#\n#Sat Nov 21 11:00:00 UTC 2026\ncluster.id=c1\n\
                    directory.id=AAAAAAAAAAAAAAAAAAAABQ\nnode.id=3\nversion=1\n";
        assert_eq!(load(text).unwrap(), ours());
        assert_eq!(load("version=0\nbroker.id=3\ncluster.id=c1\n").unwrap(), ours());
    }

    #[test]
    fn another_cluster_or_broker_is_refused_by_name() {
        let other = MetaProperties { cluster_id: "c2".into(), ..ours() };
        let error = load(&other.encode()).unwrap_err().to_string();
        assert_eq!(error, "/meta.properties belongs to cluster c2, not to c1");
        let other = MetaProperties { node_id: BrokerId(4), ..ours() };
        let error = load(&other.encode()).unwrap_err().to_string();
        assert_eq!(error, "/meta.properties belongs to node.id 4, not to 3");
    }

    #[test]
    fn a_malformed_file_is_refused() {
        for text in ["", "version=2\n", "version=1\nnode.id=x\ncluster.id=c1", "version=1\nnode.id=3"] {
            assert!(matches!(load(text), Err(MetaPropertiesError::Malformed { .. })), "{text}");
        }
    }
}
