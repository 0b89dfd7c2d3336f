//! What the data directory remembers of the cluster's place in the object store: the file `remote-claim`.
//!
//! ```text
//! version=1
//! generation=<number>
//! claimant=<uuid>
//! url=<where>
//! ```
//! It is written before the claim is made, so that a broker recognises its own claim after a crash.

use std::io;
use std::path::Path;

use broker_log::io::Disk;
use broker_protocol::types::Uuid;
use broker_tier::ids::Generation;
use broker_tier::root::Claim;

/// Name of the file in the data directory.
pub const CLAIM_FILE: &str = "remote-claim";

const VERSION: &str = "1";

/// A claim and where it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remembered {
    /// The claim.
    pub claim: Claim,
    /// `highwater.remote.url` then.
    pub url: String,
}

impl Remembered {
    fn encode(&self) -> String {
        let Claim { generation, claimant } = self.claim;
        format!("version={VERSION}\ngeneration={generation}\nclaimant={claimant}\nurl={}\n", self.url)
    }

    fn decode(text: &str) -> Option<Remembered> {
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        // A file that was cut short has no end of its last line.
        let is_whole = text.ends_with('\n') && field("version")? == VERSION;
        let generation = Generation(field("generation")?.parse().ok()?);
        let claimant = field("claimant")?.parse::<Uuid>().ok()?;
        is_whole.then_some(Remembered { claim: Claim { generation, claimant }, url: field("url")? })
    }
}

/// What the directory remembers; `None` if it never claimed anything.
///
/// # Errors
/// The disk's; `InvalidData` if the file is damaged.
pub fn load(disk: &dyn Disk, dir: &Path) -> io::Result<Option<Remembered>> {
    let path = dir.join(CLAIM_FILE);
    let bytes = match disk.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let decoded = Remembered::decode(&String::from_utf8_lossy(&bytes));
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged", path.display()));
    decoded.map(Some).ok_or_else(damaged)
}

/// Remembers; durable when this returns.
///
/// # Errors
/// The disk's.
pub fn store(disk: &dyn Disk, dir: &Path, remembered: &Remembered) -> io::Result<()> {
    disk.write_atomically(&dir.join(CLAIM_FILE), remembered.encode().as_bytes())
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;

    use super::*;

    #[test]
    fn a_claim_is_remembered_through_a_power_loss() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
        disk.create_dir_all(dir).unwrap();
        assert_eq!(load(&disk, dir).unwrap(), None);
        let claim = Claim { generation: Generation(3), claimant: Uuid::from_u128(7) };
        let remembered = Remembered { claim, url: "s3://bucket/a prefix".to_owned() };
        store(&disk, dir, &remembered).unwrap();
        disk.power_loss(1);
        assert_eq!(load(&disk, dir).unwrap(), Some(remembered));
    }

    #[test]
    fn a_damaged_claim_is_an_error_and_not_taken_for_none() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
        disk.create_dir_all(dir).unwrap();
        let whole = Remembered {
            claim: Claim { generation: Generation(3), claimant: Uuid::from_u128(7) },
            url: "s3://bucket".to_owned(),
        }
        .encode();
        for end in 0..whole.len() {
            disk.write_atomically(&dir.join(CLAIM_FILE), &whole.as_bytes()[..end]).unwrap();
            assert_eq!(load(&disk, dir).unwrap_err().kind(), io::ErrorKind::InvalidData, "cut at {end}");
        }
    }
}
