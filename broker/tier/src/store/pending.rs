//! Uploads that were begun and never ended, as a crash leaves them: nobody sees their parts, and they cost money.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;

use super::{Store, permit};
use crate::store_error::StoreError;

/// An upload that was begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingUpload {
    /// The object that it would make.
    pub path: Path,
    /// The store's name of it.
    pub id: String,
    /// When it was begun by the store's clock, milliseconds since 1970.
    pub begun_ms: i64,
}

/// A store that can tell which uploads were begun. The crate object_store has no such request.
#[async_trait]
pub trait PendingUploads: Debug + Send + Sync {
    /// The uploads below a prefix, or the first of them.
    async fn list(&self, prefix: &Path) -> object_store::Result<Vec<PendingUpload>>;

    /// Gives one up. One that is not there any more is fine.
    async fn abort(&self, upload: &PendingUpload) -> object_store::Result<()>;
}

impl Store {
    /// The same store, which can tell what uploads were begun.
    #[must_use]
    pub fn with_pending_uploads(self, pending: Arc<dyn PendingUploads>) -> Store {
        Store { pending: Some(pending), ..self }
    }

    /// Aborts uploads below a prefix that were begun before `before_ms`; returns how many. Nothing where the store cannot
    /// tell, as Azure, which removes the parts of such uploads by itself after a week.
    ///
    /// # Errors
    /// Any; what is left goes the next time.
    pub async fn abort_uploads(&self, prefix: &Path, before_ms: i64) -> Result<usize, StoreError> {
        let Some(pending) = &self.pending else { return Ok(0) };
        let timeout = self.limits.transfer_timeout;
        let found = self.repeat("list uploads", prefix, || async {
            let _permit = permit(&self.control_lane).await;
            self.within(timeout, "list uploads", prefix, pending.list(prefix)).await
        });
        let mut aborted = 0;
        for upload in found.await?.iter().filter(|upload| upload.begun_ms < before_ms) {
            let _permit = permit(&self.control_lane).await;
            self.within(timeout, "abort upload", &upload.path, pending.abort(upload)).await?;
            aborted += 1;
        }
        Ok(aborted)
    }
}
