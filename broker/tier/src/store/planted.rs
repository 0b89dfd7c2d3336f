//! Bugs of tiering that a simulation must find. A build without the feature has none.

use super::Store;

/// A bug that tests must find.
#[cfg(feature = "planted-bugs")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlantedBug {
    /// A manifest is written over whatever has its number.
    ManifestOverwritten,
    /// A local segment goes before a manifest names its copy.
    LocalDeletedBeforeManifest,
    /// What is not durable yet is copied.
    UploadPastHighWatermark,
    /// A recovery does not fence the old broker, and counts what it read before it claimed.
    RecoveredWithoutFence,
}

#[cfg(feature = "planted-bugs")]
impl Store {
    /// Runs with this bug from here on.
    pub fn plant(&self, bug: PlantedBug) {
        // The first one stays.
        let _planted = self.planted.set(bug);
    }

    pub(crate) fn is_planted_manifest_overwritten(&self) -> bool {
        self.planted.get() == Some(&PlantedBug::ManifestOverwritten)
    }

    /// Whether [`PlantedBug::LocalDeletedBeforeManifest`] is planted.
    #[must_use]
    pub fn is_planted_local_deleted_before_manifest(&self) -> bool {
        self.planted.get() == Some(&PlantedBug::LocalDeletedBeforeManifest)
    }

    /// Whether [`PlantedBug::UploadPastHighWatermark`] is planted.
    #[must_use]
    pub fn is_planted_upload_past_high_watermark(&self) -> bool {
        self.planted.get() == Some(&PlantedBug::UploadPastHighWatermark)
    }

    /// Whether [`PlantedBug::RecoveredWithoutFence`] is planted.
    #[must_use]
    pub fn is_planted_recovered_without_fence(&self) -> bool {
        self.planted.get() == Some(&PlantedBug::RecoveredWithoutFence)
    }
}

#[cfg(not(feature = "planted-bugs"))]
#[expect(clippy::unused_self, reason = "the same calls as with planted bugs")]
impl Store {
    pub(crate) const fn is_planted_manifest_overwritten(&self) -> bool {
        false
    }

    /// Never: this build has no planted bugs.
    #[must_use]
    pub const fn is_planted_local_deleted_before_manifest(&self) -> bool {
        false
    }

    /// Never: this build has no planted bugs.
    #[must_use]
    pub const fn is_planted_upload_past_high_watermark(&self) -> bool {
        false
    }

    /// Never: this build has no planted bugs.
    #[must_use]
    pub const fn is_planted_recovered_without_fence(&self) -> bool {
        false
    }
}
