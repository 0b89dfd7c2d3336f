//! The files of a directory that LocalFileSystem was writing when the process ended: it writes `name#1` and the like and
//! renames them at the end. No listing shows them.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{Error, Result};

use crate::store::pending::{PendingUpload, PendingUploads};

/// A directory; see the file's header.
#[derive(Debug)]
pub(super) struct StagedFiles {
    pub(super) directory: PathBuf,
}

#[async_trait]
impl PendingUploads for StagedFiles {
    async fn list(&self, prefix: &Path) -> Result<Vec<PendingUpload>> {
        let (root, prefix) = (self.directory.clone(), prefix.clone());
        waiting_for_disk(move || {
            let mut found = Vec::new();
            look(&root.join(prefix.as_ref()), prefix.as_ref(), &mut found)?;
            Ok(found)
        })
        .await
    }

    async fn abort(&self, upload: &PendingUpload) -> Result<()> {
        let file = self.directory.join(format!("{}#{}", upload.path, upload.id));
        waiting_for_disk(move || missing_is_fine(std::fs::remove_file(file)).map(|_| ())).await
    }
}

fn look(folder: &FilePath, below: &str, found: &mut Vec<PendingUpload>) -> io::Result<()> {
    let Some(files) = missing_is_fine(std::fs::read_dir(folder))? else { return Ok(()) };
    for file in files {
        let file = file?;
        let Ok(name) = file.file_name().into_string() else { continue };
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let Some(metadata) = missing_is_fine(file.metadata())? else { continue };
        if metadata.is_dir() {
            look(&file.path(), &path, found)?;
        } else if let Some((of, id)) = path.rsplit_once('#')
            && id.parse::<u64>().is_ok()
            && let Ok(of) = Path::parse(of)
        {
            let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let begun_ms = i64::try_from(modified.as_millis()).unwrap_or(i64::MAX);
            found.push(PendingUpload { path: of, id: id.to_owned(), begun_ms });
        }
    }
    Ok(())
}

/// Others remove files and folders at the same time.
fn missing_is_fine<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn waiting_for_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let generic =
        |source: Box<dyn std::error::Error + Send + Sync>| Error::Generic { store: "directory", source };
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| generic(error.into()))?;
    done.map_err(|error| generic(error.into()))
}
