//! A multipart upload that leaves no parts behind: given up in any way, it is aborted.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};

use super::{Store, count, permit};
use crate::store_error::StoreError;

/// An upload under way. Its object appears as a whole or not at all.
#[derive(Debug)]
pub struct Upload {
    store: Arc<Store>,
    path: Path,
    /// `None` once it is complete or aborted.
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Store {
    /// Begins an upload to a key that nobody else ever writes to.
    ///
    /// # Errors
    /// Any.
    pub async fn begin_upload(self: &Arc<Self>, path: &Path) -> Result<Upload, StoreError> {
        let parts = self
            .repeat("begin upload", path, || async {
                let _permit = permit(&self.copy_lane).await;
                let begin = self.repeating.put_multipart(path);
                self.within(self.limits.request_timeout, "begin upload", path, begin).await
            })
            .await?;
        Ok(Upload { store: Arc::clone(self), path: path.clone(), parts: Some(parts) })
    }
}

impl Upload {
    /// Uploads the next part. All parts but the last have to be of one size, of 5 MiB or more.
    ///
    /// # Errors
    /// Any; the upload is of no use any more.
    pub async fn part(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let length = bytes.len();
        let _permit = permit(&self.store.copy_lane).await;
        let parts = self.parts.as_mut().expect("an upload that was completed takes no parts");
        let part = parts.put_part(PutPayload::from_bytes(bytes));
        let timeout = self.store.limits.transfer_timeout;
        self.store.within(timeout, "upload part", &self.path, part).await?;
        count(&self.store.counts.bytes_out, length);
        Ok(())
    }

    /// Makes the object of the parts; if that fails, gives the upload up.
    ///
    /// # Errors
    /// Any; the object may be there or may yet appear, as an orphan.
    pub async fn complete(mut self) -> Result<(), StoreError> {
        let completed = {
            let _permit = permit(&self.store.copy_lane).await;
            let parts = self.parts.as_mut().expect("an upload is completed once");
            let timeout = self.store.limits.transfer_timeout;
            self.store.within(timeout, "complete upload", &self.path, parts.complete()).await
        };
        match completed {
            Ok(_) => {
                self.parts = None;
                Ok(())
            }
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    /// Gives the upload up and waits until its parts are gone.
    pub async fn abort(mut self) {
        if let Some(parts) = self.parts.take() {
            abort(&self.store, &self.path, parts).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        // Outside of a runtime, as at the end of the process, the bucket's own rule for old parts has to do.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (store, path) = (Arc::clone(&self.store), self.path.clone());
            runtime.spawn(async move { abort(&store, &path, parts).await });
        }
    }
}

async fn abort(store: &Store, path: &Path, mut parts: Box<dyn MultipartUpload>) {
    let aborted = store.within(store.limits.request_timeout, "abort upload", path, parts.abort()).await;
    if let Err(error) = aborted {
        tracing::warn!(%error, "parts of an upload that was given up may be left in the bucket");
    }
}
