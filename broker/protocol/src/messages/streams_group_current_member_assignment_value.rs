//! `StreamsGroupCurrentMemberAssignmentValue`: data record of type 22, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupCurrentMemberAssignmentValue`: data record of type 22, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentValue<'a> {
    /// `int32`, versions 0 on.
    pub member_epoch: i32,
    /// `int32`, versions 0 on.
    pub previous_member_epoch: i32,
    /// `int8`, versions 0 on.
    pub state: i8,
    /// `[]TaskIds`, versions 0 on.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub warmup_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub active_tasks_pending_revocation: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub standby_tasks_pending_revocation: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub warmup_tasks_pending_revocation: Vec<TaskIds<'a>>,
}

impl<'a> StreamsGroupCurrentMemberAssignmentValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 22;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "StreamsGroupCurrentMemberAssignmentValue",
                version,
            });
        }
        let this = Self {
            member_epoch: reader.i32()?,
            previous_member_epoch: reader.i32()?,
            state: reader.i8()?,
            active_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            active_tasks_pending_revocation: reader
                .array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks_pending_revocation: reader
                .array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks_pending_revocation: reader
                .array(true, 3, |reader| TaskIds::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    /// Appends the message. A field that the version lacks is left out.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: "StreamsGroupCurrentMemberAssignmentValue",
                version,
            });
        }
        writer.i32(self.member_epoch);
        writer.i32(self.previous_member_epoch);
        writer.i8(self.state);
        writer.array(true, &self.active_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.standby_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.warmup_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.active_tasks_pending_revocation, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.array(true, &self.standby_tasks_pending_revocation, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.array(true, &self.warmup_tasks_pending_revocation, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupCurrentMemberAssignmentValue<'a> {
    member_epoch: "memberEpoch" 0..=0,
    previous_member_epoch: "previousMemberEpoch" 0..=0,
    state: "state" 0..=0,
    active_tasks: "activeTasks" 0..=0,
    standby_tasks: "standbyTasks" 0..=0,
    warmup_tasks: "warmupTasks" 0..=0,
    active_tasks_pending_revocation: "activeTasksPendingRevocation" 0..=0,
    standby_tasks_pending_revocation: "standbyTasksPendingRevocation" 0..=0,
    warmup_tasks_pending_revocation: "warmupTasksPendingRevocation" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupCurrentMemberAssignmentValue`].
#[derive(Clone, Debug, PartialEq)]
pub struct TaskIds<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
    /// `[]int32`, versions 0 on, tag 0, nullable.
    pub assignment_epochs: Option<Vec<i32>>,
}

impl Default for TaskIds<'_> {
    fn default() -> Self {
        Self { subtopology_id: Cow::default(), partitions: Vec::new(), assignment_epochs: Some(Vec::new()) }
    }
}

impl<'a> TaskIds<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut this = Self {
            subtopology_id: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
            assignment_epochs: Some(Vec::new()),
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => this.assignment_epochs = reader.nullable_array(true, 4, Reader::i32)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        let mut tags = writer.begin_tags();
        if self.assignment_epochs.as_ref().is_none_or(|value| !value.is_empty()) {
            writer.tag(&mut tags, 0, |writer| {
                writer.nullable_scalars(true, self.assignment_epochs.as_deref(), Writer::i32)?;
                Ok(())
            })?;
        }
        writer.end_tags(tags);
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TaskIds<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
    assignment_epochs: "assignmentEpochs" 0..=0,
}}

crate::codec::message!(StreamsGroupCurrentMemberAssignmentValue<'a>, Data);
