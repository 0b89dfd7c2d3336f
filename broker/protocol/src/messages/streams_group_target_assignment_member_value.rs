//! `StreamsGroupTargetAssignmentMemberValue`: data record of type 21, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupTargetAssignmentMemberValue`: data record of type 21, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMemberValue<'a> {
    /// `[]TaskIds`, versions 0 on.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// `[]TaskIds`, versions 0 on.
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> StreamsGroupTargetAssignmentMemberValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 21;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: "StreamsGroupTargetAssignmentMemberValue",
                version,
            });
        }
        let this = Self {
            active_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
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
                message: "StreamsGroupTargetAssignmentMemberValue",
                version,
            });
        }
        writer.array(true, &self.active_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.standby_tasks, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.warmup_tasks, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupTargetAssignmentMemberValue<'a> {
    active_tasks: "activeTasks" 0..=0,
    standby_tasks: "standbyTasks" 0..=0,
    warmup_tasks: "warmupTasks" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupTargetAssignmentMemberValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]int32`, versions 0 on.
    pub partitions: Vec<i32>,
}

impl<'a> TaskIds<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this =
            Self { subtopology_id: reader.string(true)?, partitions: reader.array(true, 4, Reader::i32)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.scalars(true, &self.partitions, Writer::i32)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TaskIds<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    partitions: "partitions" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupTargetAssignmentMemberValue<'a>, Data);
