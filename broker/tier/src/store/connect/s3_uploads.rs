//! The uploads that were begun in a bucket of S3: ListMultipartUploads, which the crate object_store lacks, asked for by
//! an address that it signs.

use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::AmazonS3;
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{Error, Result};

use crate::store::pending::{PendingUpload, PendingUploads};

/// Uploads that one listing gives at most; the next one gives others, as these are aborted.
const LISTED_MAX: usize = 10_000;
/// How long a signed address is good for.
const SIGNED_FOR: Duration = Duration::from_secs(300);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A bucket; see the file's header.
#[derive(Debug)]
pub(super) struct S3Uploads {
    pub(super) bucket: AmazonS3,
    pub(super) client: HttpClient,
}

#[async_trait]
impl PendingUploads for S3Uploads {
    async fn list(&self, prefix: &Path) -> Result<Vec<PendingUpload>> {
        let mut found = Vec::new();
        let mut from: Option<(String, String)> = None;
        loop {
            let page = self.page(prefix, from.as_ref()).await?;
            for upload in elements(&page, "Upload") {
                found.extend(read(upload));
            }
            let next = element(&page, "NextKeyMarker").zip(element(&page, "NextUploadIdMarker"));
            let is_last = element(&page, "IsTruncated") != Some("true") || found.len() >= LISTED_MAX;
            match next {
                Some((key, id))
                    if !is_last && from.as_ref().is_none_or(|(k, i)| (&**k, &**i) != (key, id)) =>
                {
                    from = Some((key.to_owned(), id.to_owned()));
                }
                _ => return Ok(found),
            }
        }
    }

    async fn abort(&self, upload: &PendingUpload) -> Result<()> {
        match self.bucket.abort_multipart(&upload.path, &upload.id).await {
            Err(Error::NotFound { .. }) => Ok(()),
            aborted => aborted,
        }
    }
}

impl S3Uploads {
    async fn page(&self, prefix: &Path, from: Option<&(String, String)>) -> Result<String> {
        let below = if prefix.as_ref().is_empty() { String::new() } else { format!("{prefix}/") };
        let mut options = SignedUrlOptions::new().with_query([("uploads", ""), ("prefix", &below)]);
        if let Some((key, id)) = from {
            options = options.with_query([("key-marker", key), ("upload-id-marker", id)]);
        }
        let whole = Path::default();
        let address = self.bucket.signed_url_opts(Method::GET, &whole, SIGNED_FOR, &options).await?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = address.as_str().parse().map_err(|_| generic("an address that is none"))?;
        let answer = self.client.execute(request).await.map_err(generic)?;
        let status = answer.status();
        let body = answer.into_body().bytes().await.map_err(generic)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() && text.contains("ListMultipartUploadsResult") {
            return Ok(text);
        }
        Err(generic(format!("{status} {text}")))
    }
}

fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "S3", source: source.into() }
}

/// `None` for a key that cannot be one of ours.
fn read(upload: &str) -> Option<PendingUpload> {
    let path = Path::parse(element(upload, "Key")?).ok()?;
    let begun_ms = milliseconds(element(upload, "Initiated")?)?;
    Some(PendingUpload { path, id: element(upload, "UploadId")?.to_owned(), begun_ms })
}

/// The text of the first element of a name. Neither our keys nor ids of uploads have characters that XML escapes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    elements(xml, name).next()
}

fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&open)?;
        let (inner, behind) = behind.split_once(&close)?;
        rest = behind;
        Some(inner)
    })
}

/// Milliseconds since 1970 of a moment such as `2026-11-22T07:08:09.123Z`.
fn milliseconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !text.ends_with('Z') || !(1..=12).contains(&month) {
        return None;
    }
    // Years begin in March here, so that a leap day is the last of one.
    let years = if month > 2 { year } else { year - 1 };
    let days_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + days_of_year - 719_468;
    Some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(milliseconds("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(milliseconds("2000-02-29T12:30:01Z"), Some(951_827_401_000));
        assert_eq!(milliseconds("2026-11-22T07:08:09.123Z"), Some(1_795_331_289_000));
        assert_eq!(milliseconds("yesterday"), None);
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let page = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a/c</NextKeyMarker>\
                    <Upload><Key>a/b</Key><UploadId>one</UploadId><Initiated>1970-01-01T00:00:01.000Z</Initiated>\
                    </Upload><Upload><Key>a//</Key></Upload><Upload><Key>a/c</Key><UploadId>two</UploadId>\
                    <Initiated>1970-01-02T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>";
        let found: Vec<_> = elements(page, "Upload").filter_map(read).collect();
        let upload = |path: &str, id: &str, begun_ms| PendingUpload {
            path: Path::from(path),
            id: id.to_owned(),
            begun_ms,
        };
        assert_eq!(found, [upload("a/b", "one", 1000), upload("a/c", "two", DAY_MS)]);
        assert_eq!(element(page, "NextKeyMarker"), Some("a/c"));
        assert_eq!(element(page, "NextUploadIdMarker"), None);
    }
}
