//! `StreamsGroupTopologyValue`: data record of type 23, version 0. Generated from `schema/messages.json` by `cargo xtask gen`.

use std::borrow::Cow;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// `StreamsGroupTopologyValue`: data record of type 23, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyValue<'a> {
    /// `int32`, versions 0 on.
    pub epoch: i32,
    /// `[]Subtopology`, versions 0 on.
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> StreamsGroupTopologyValue<'a> {
    /// Versions that this codec reads and writes.
    pub const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    /// First version with compact lengths and tagged fields.
    pub const FLEXIBLE_SINCE: i16 = 0;
    /// The record type: the 16-bit number in front of a record key of this kind.
    pub const RECORD_TYPE: i16 = 23;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    pub fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: "StreamsGroupTopologyValue", version });
        }
        let this = Self {
            epoch: reader.i32()?,
            subtopologies: reader.array(true, 8, |reader| Subtopology::decode(reader, version))?,
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
            return Err(EncodeError::UnsupportedVersion { message: "StreamsGroupTopologyValue", version });
        }
        writer.i32(self.epoch);
        writer.array(true, &self.subtopologies, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { StreamsGroupTopologyValue<'a> {
    epoch: "epoch" 0..=0,
    subtopologies: "subtopologies" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicConfig<'a> {
    /// `string`, versions 0 on.
    pub key: Cow<'a, str>,
    /// `string`, versions 0 on.
    pub value: Cow<'a, str>,
}

impl<'a> TopicConfig<'a> {
    fn decode(reader: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self { key: reader.string(true)?, value: reader.string(true)? };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.string(true, &self.value)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicConfig<'a> {
    key: "key" 0..=0,
    value: "value" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// `string`, versions 0 on.
    pub name: Cow<'a, str>,
    /// `int32`, versions 0 on.
    pub partitions: i32,
    /// `int16`, versions 0 on.
    pub replication_factor: i16,
    /// `[]TopicConfig`, versions 0 on.
    pub topic_configs: Vec<TopicConfig<'a>>,
}

impl<'a> TopicInfo<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            name: reader.string(true)?,
            partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            topic_configs: reader.array(true, 3, |reader| TopicConfig::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i32(self.partitions);
        writer.i16(self.replication_factor);
        writer.array(true, &self.topic_configs, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { TopicInfo<'a> {
    name: "name" 0..=0,
    partitions: "partitions" 0..=0,
    replication_factor: "replicationFactor" 0..=0,
    topic_configs: "topicConfigs" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    /// `[]int16`, versions 0 on.
    pub source_topics: Vec<i16>,
    /// `[]int16`, versions 0 on.
    pub source_topic_regex: Vec<i16>,
    /// `[]int16`, versions 0 on.
    pub repartition_source_topics: Vec<i16>,
}

impl CopartitionGroup {
    fn decode(reader: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            source_topics: reader.array(true, 2, Reader::i16)?,
            source_topic_regex: reader.array(true, 2, Reader::i16)?,
            repartition_source_topics: reader.array(true, 2, Reader::i16)?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.scalars(true, &self.source_topics, Writer::i16)?;
        writer.scalars(true, &self.source_topic_regex, Writer::i16)?;
        writer.scalars(true, &self.repartition_source_topics, Writer::i16)?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { CopartitionGroup {
    source_topics: "sourceTopics" 0..=0,
    source_topic_regex: "sourceTopicRegex" 0..=0,
    repartition_source_topics: "repartitionSourceTopics" 0..=0,
} tagged {
}}

/// Part of [`StreamsGroupTopologyValue`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// `string`, versions 0 on.
    pub subtopology_id: Cow<'a, str>,
    /// `[]string`, versions 0 on.
    pub source_topics: Vec<Cow<'a, str>>,
    /// `[]string`, versions 0 on.
    pub source_topic_regex: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`, versions 0 on.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// `[]string`, versions 0 on.
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    /// `[]TopicInfo`, versions 0 on.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    /// `[]CopartitionGroup`, versions 0 on.
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Subtopology<'a> {
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let this = Self {
            subtopology_id: reader.string(true)?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            source_topic_regex: reader.array(true, 1, |reader| reader.string(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.string(true))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            copartition_groups: reader.array(true, 4, |reader| CopartitionGroup::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(this)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.source_topics, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.source_topic_regex, |writer, element| writer.string(true, element))?;
        writer
            .array(true, &self.state_changelog_topics, |writer, element| element.encode(writer, version))?;
        writer.array(true, &self.repartition_sink_topics, |writer, element| writer.string(true, element))?;
        writer.array(true, &self.repartition_source_topics, |writer, element| {
            element.encode(writer, version)
        })?;
        writer.array(true, &self.copartition_groups, |writer, element| element.encode(writer, version))?;
        writer.no_tags();
        Ok(())
    }
}

#[cfg(feature = "json")]
crate::codec::json::fields! { Subtopology<'a> {
    subtopology_id: "subtopologyId" 0..=0,
    source_topics: "sourceTopics" 0..=0,
    source_topic_regex: "sourceTopicRegex" 0..=0,
    state_changelog_topics: "stateChangelogTopics" 0..=0,
    repartition_sink_topics: "repartitionSinkTopics" 0..=0,
    repartition_source_topics: "repartitionSourceTopics" 0..=0,
    copartition_groups: "copartitionGroups" 0..=0,
} tagged {
}}

crate::codec::message!(StreamsGroupTopologyValue<'a>, Data);
