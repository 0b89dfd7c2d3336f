//! External records, frames, tagged fields and limits.

use super::*;
use crate::messages::MetadataResponse;
use crate::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};

#[test]
fn external_records_leave_a_splice_behind_their_length() {
    let mut writer = Writer::frame();
    writer.i8(7);
    writer.records(false, &Records::External { token: 3, len: 1000 }).unwrap();
    writer.i8(8);
    writer.records(true, &Records::External { token: 4, len: 10 }).unwrap();
    writer.finish_frame().unwrap();
    assert_eq!(writer.bytes(), [0, 0, 3, 0xf9, 7, 0, 0, 3, 0xe8, 8, 11]);
    let splices = [Splice { position: 9, token: 3, len: 1000 }, Splice { position: 11, token: 4, len: 10 }];
    assert_eq!(writer.splices(), splices);
    assert_eq!(writer.len_with_splices(), 1021);
}

#[test]
fn frame_beyond_two_gibibytes_is_refused() {
    let mut writer = Writer::frame();
    for token in 0..2 {
        writer.records(false, &Records::External { token, len: 0x4000_0000 }).unwrap();
    }
    assert_eq!(writer.finish_frame(), Err(EncodeError::TooLong { kind: "frame", length: 0x8000_0008 }));
}

#[test]
fn string_beyond_32767_bytes_is_refused() {
    let text = "a".repeat(0x8000);
    let too_long = Err(EncodeError::TooLong { kind: "string", length: 0x8000 });
    assert_eq!(Writer::new().string(true, &text), too_long);
    assert_eq!(Writer::new().string(false, &text), too_long);
}

#[test]
fn tagged_field_has_its_size_in_front() {
    let mut writer = Writer::new();
    let mut tags = writer.begin_tags();
    writer.tag(&mut tags, 1, |writer| writer.bytes_field(true, &[5; 200])).unwrap();
    writer.end_tags(tags);
    assert_eq!(writer.bytes()[..6], [1, 1, 0xca, 0x01, 0xc9, 0x01]);
    assert_eq!(writer.bytes().len(), 206);
}

#[test]
fn owned_and_borrowed_records_are_equal_by_their_bytes() {
    assert_eq!(Records::Owned(vec![1, 2]), Records::Bytes(&[1, 2]));
    assert_ne!(Records::Owned(Vec::new()), Records::Null);
    assert_ne!(Records::External { token: 1, len: 0 }, Records::Null);
}

#[test]
fn error_codes_of_a_response_and_of_its_parts_are_counted() {
    let topic = |name: &'static str, error_code| MetadataResponseTopic {
        error_code,
        name: Some(name.into()),
        partitions: vec![MetadataResponsePartition { error_code: 5, ..MetadataResponsePartition::default() }],
        ..MetadataResponseTopic::default()
    };
    let response = MetadataResponse {
        error_code: 3,
        topics: vec![topic("a", 0), topic("b", 17)],
        ..MetadataResponse::default()
    };
    for (version, wanted) in [(12, vec![(5, 2), (17, 1)]), (13, vec![(5, 2), (17, 1), (3, 1)])] {
        let mut writer = Writer::new();
        response.encode(&mut writer, version).unwrap();
        assert_eq!(writer.take_errors().iter().collect::<Vec<_>>(), wanted, "version {version}");
    }
}
