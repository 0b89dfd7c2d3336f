//! How a change is made: once for each request id, on what the caller has seen, and all of it or nothing.
//!
//! The decision, and the note that it was carried out, are one batch of the metadata log. Whoever asks again is answered from
//! the note.

use broker_protocol::types::{Offset, Uuid};
use broker_state::metadata::admin_requests::{self, Answered, RequestKey};
use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::record::MetadataRecord;
use broker_state::outcome::Outcome;
use crc_fast::CrcAlgorithm;
use prost::Message;
use proto::admin::v1::Change;

use super::refusal::Refusal;
use crate::api::context::ApiContext;

/// What the controller decides for a request.
pub(super) type Decision<R> = Result<Outcome<MetadataRecord, R>, Refusal>;

/// What a request for a change says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) key: RequestKey,
    /// What the caller has seen.
    pub(super) expected: Option<Offset>,
}

impl Asked {
    /// Of the request of a call.
    ///
    /// # Errors
    /// It has no request id of 16 bytes.
    pub(super) fn of(call: &str, change: Option<&Change>, request: &impl Message) -> Result<Asked, Refusal> {
        let change =
            change.ok_or_else(|| Refusal::invalid("change is absent: every change has a request id"))?;
        let id = Uuid::from_slice(&change.request_id)
            .map_err(|_| Refusal::invalid("change.request_id is not 16 bytes"))?;
        let mut bytes = call.as_bytes().to_vec();
        bytes.extend(request.encode_to_vec());
        // A checksum: it tells mistakes of callers, who may do anything anyway.
        let key = RequestKey { id, digest: crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &bytes) };
        Ok(Asked { key, expected: change.expected_metadata_offset.map(Offset) })
    }

    /// Refuses if what is to be changed has changed since the caller looked.
    pub(super) fn check(&self, image: &MetadataImage, changed_at: Offset) -> Result<(), Refusal> {
        check_expected(image, self.expected, changed_at)
    }
}

/// As [`Asked::check`], for a request that changes nothing.
pub(super) fn check_expected(
    image: &MetadataImage,
    expected: Option<Offset>,
    changed_at: Offset,
) -> Result<(), Refusal> {
    Ok(admin_requests::check_expected(image, expected, changed_at)?)
}

/// What a caller that only wants to know whether it could has seen.
pub(super) fn seen(change: Option<&Change>) -> Option<Offset> {
    change.and_then(|change| change.expected_metadata_offset).map(Offset)
}

/// Whether a change makes logs, for which the disk must have room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    /// It does.
    Room,
    /// It can be made on a full disk.
    Nothing,
    /// It concerns no replica: they are not waited for.
    NoReplica,
}

/// Lets `decide` decide if this request was not carried out before. Returns the answer, and the metadata offset of the change,
/// now or then.
pub(super) async fn carry_out<R: Message + Default>(
    ctx: &ApiContext,
    asked: Asked,
    needs: Needs,
    decide: impl FnOnce(&MetadataImage) -> Decision<R>,
) -> Result<(R, Offset), Refusal> {
    let decide = |image: &MetadataImage| {
        let decided = admin_requests::once(image, asked.key, || decide(image), Message::encode_to_vec);
        match decided {
            Ok(Outcome { records, response }) => Outcome { records, response: Ok(response) },
            Err(refusal) => Outcome::unchanged(Err(refusal)),
        }
    };
    let (answered, offset) = match needs {
        Needs::Room => ctx.controller.create_at(decide).await,
        Needs::Nothing => ctx.controller.change_at(decide).await,
        Needs::NoReplica => ctx.controller.decide_at(decide).await,
    }?;
    match answered? {
        Answered::Now(response) => Ok((response, offset)),
        Answered::Before { response, offset } => Ok((remembered(&response)?, offset)),
    }
}

/// The answer of a request that was carried out before, if it was, with the offset of its note.
pub(super) fn carried_out<R: Message + Default>(
    image: &MetadataImage,
    asked: Asked,
) -> Result<Option<(R, Offset)>, Refusal> {
    match admin_requests::find(image, asked.key)? {
        Some(before) => Ok(Some((remembered(&before.response)?, before.offset))),
        None => Ok(None),
    }
}

fn remembered<R: Message + Default>(bytes: &[u8]) -> Result<R, Refusal> {
    R::decode(bytes)
        .map_err(|_| Refusal::unimplemented("a release that this one does not know has carried it out"))
}
