//! `recovery-unfinished`: a data directory that is being rebuilt from an object store. Written first, removed last.
//!
//! ```text
//! version=1 | cluster.id | remote.url | claimant | generation | at, each as key=value in a line of its own
//! ```
//! It also remembers the claim of the cluster's next generation, so that a second run claims the same. A broker refuses
//! to start beside it. All else in the directory is of no value as long as it is there.

use std::io;
use std::path::{Path, PathBuf};

use broker_log::io::Disk;
use broker_protocol::types::Uuid;
use broker_tier::ids::Generation;
use broker_tier::root::Claim;

/// Name of the file inside the data directory.
pub const MARKER_FILE: &str = "recovery-unfinished";

const VERSION: &str = "1";

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marker {
    /// The cluster that is being recovered.
    pub cluster: String,
    /// From where.
    pub url: String,
    /// As of when, in milliseconds since 1970; `None` for the newest.
    pub at_ms: Option<i64>,
    /// The claim of its next generation.
    pub claim: Claim,
}

/// Why the file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MarkerError {
    /// The disk failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// It is none of this release's.
    #[error("{} is malformed: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Marker {
    fn encode(&self) -> String {
        let Marker { cluster, url, at_ms, claim } = self;
        let at = at_ms.map_or_else(String::new, |at_ms| at_ms.to_string());
        let (claimant, generation) = (claim.claimant.hyphenated(), claim.generation);
        format!(
            "# This directory is being rebuilt: run `highwater-broker recover` again, no broker starts here before.\n\
             version={VERSION}\ncluster.id={cluster}\nremote.url={url}\nat={at}\nclaimant={claimant}\n\
             generation={generation}\n"
        )
    }

    fn decode(text: &str) -> Result<Marker, String> {
        let value = |key: &str| {
            let pair =
                |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            let found = text.lines().filter_map(pair).find(|(name, _)| name == key);
            found.map(|(_, value)| value).ok_or_else(|| format!("{key} is missing"))
        };
        let version = value("version")?;
        if version != VERSION {
            return Err(format!("version is {version}, expected {VERSION}"));
        }
        let at = value("at")?;
        let at_ms = match at.as_str() {
            "" => None,
            at => Some(at.parse().map_err(|_| "at is not a number".to_owned())?),
        };
        let claimant =
            Uuid::parse_str(&value("claimant")?).map_err(|_| "claimant is not a uuid".to_owned())?;
        let generation = value("generation")?.parse().map_err(|_| "generation is not a number".to_owned())?;
        let claim = Claim { generation: Generation(generation), claimant };
        Ok(Marker { cluster: value("cluster.id")?, url: value("remote.url")?, at_ms, claim })
    }
}

/// Reads the file of a data directory, if it is there.
///
/// # Errors
/// See [`MarkerError`].
pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<Marker>, MarkerError> {
    let path = dir.join(MARKER_FILE);
    match disk.read(&path) {
        Ok(bytes) => match Marker::decode(&String::from_utf8_lossy(&bytes)) {
            Ok(marker) => Ok(Some(marker)),
            Err(reason) => Err(MarkerError::Malformed { path, reason }),
        },
        // What is no directory holds none; whoever opens it names it.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(MarkerError::Io { path, source }),
    }
}

/// Puts the file in place, durably.
///
/// # Errors
/// The disk's.
pub fn store(disk: &dyn Disk, dir: &Path, marker: &Marker) -> Result<(), MarkerError> {
    let path = dir.join(MARKER_FILE);
    disk.write_atomically(&path, marker.encode().as_bytes())
        .map_err(|source| MarkerError::Io { path, source })
}

/// Removes the file, durably: the directory is a broker's from then on.
///
/// # Errors
/// The disk's.
pub fn remove(disk: &dyn Disk, dir: &Path) -> Result<(), MarkerError> {
    let path = dir.join(MARKER_FILE);
    let removed = disk.remove_file(&path).and_then(|()| disk.sync_dir(dir));
    removed.map_err(|source| MarkerError::Io { path, source })
}

/// Refuses to start a broker in a directory whose recovery is not finished.
///
/// # Errors
/// It is not, or nobody can tell.
pub fn refuse(disk: &dyn Disk, dir: &Path) -> anyhow::Result<()> {
    let Some(marker) = load(disk, dir)? else { return Ok(()) };
    anyhow::bail!(
        "log.dirs: {} is being recovered from {} and not finished: run `highwater-broker recover --remote {} --data-dir \
         {} --cluster-id {}` again",
        dir.display(),
        marker.url,
        marker.url,
        dir.display(),
        marker.cluster
    )
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;

    use super::*;

    fn marker() -> Marker {
        let claim = Claim { generation: Generation(3), claimant: Uuid::from_u128(7) };
        Marker { cluster: "c1".into(), url: "s3://bucket/a=b".into(), at_ms: Some(-5), claim }
    }

    #[test]
    fn the_claim_is_remembered_through_a_power_loss_until_the_end() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
        disk.create_dir_all(dir).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        assert_eq!(load(&disk, dir).unwrap(), None);
        for marker in [marker(), Marker { at_ms: None, ..marker() }] {
            store(&disk, dir, &marker).unwrap();
            disk.power_loss(1);
            assert_eq!(load(&disk, dir).unwrap(), Some(marker));
            let refused = refuse(&disk, dir).unwrap_err().to_string();
            assert!(
                refused.contains("recover --remote s3://bucket/a=b --data-dir /data --cluster-id c1"),
                "{refused}"
            );
        }
        remove(&disk, dir).unwrap();
        disk.power_loss(1);
        assert_eq!(load(&disk, dir).unwrap(), None);
        refuse(&disk, dir).unwrap();
    }

    #[test]
    fn a_marker_that_is_not_understood_stops_a_broker_too() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/"));
        for text in [
            "",
            "version=2\ncluster.id=c\n",
            "version=1\ncluster.id=c\nremote.url=u\nat=\nclaimant=x\ngeneration=1\n",
        ] {
            disk.write_atomically(&dir.join(MARKER_FILE), text.as_bytes()).unwrap();
            assert!(refuse(&disk, dir).unwrap_err().to_string().contains("malformed"), "{text}");
        }
    }
}
