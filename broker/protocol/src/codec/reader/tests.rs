//! Bad lengths, counts and numbers, one by one.

use super::*;

#[test]
fn count_beyond_the_input_is_refused_before_memory_is_reserved() {
    let result = Reader::new(&[0x7f, 0xff, 0xff, 0xff, 1, 2]).array(false, 1, Reader::i8);
    assert_eq!(result, Err(DecodeError::ArrayTooLong { count: 0x7fff_ffff, remaining: 2 }));
    let result = Reader::new(&[0, 0, 0, 2, 0, 0, 0, 7]).array(false, 4, Reader::i32);
    assert_eq!(result, Err(DecodeError::ArrayTooLong { count: 2, remaining: 4 }));
}

#[test]
fn elements_far_larger_in_memory_than_on_the_wire_exhaust_the_budget() {
    let mut frame = vec![0, 1, 0, 0];
    frame.extend([0; 65536]);
    let result = Reader::new(&frame).array(false, 1, |reader| reader.bool().map(|value| [value; 64]));
    assert_eq!(result, Err(DecodeError::OverBudget { count: 65536 }));
}

#[test]
fn negative_lengths_are_null_at_minus_one_only() {
    assert_eq!(Reader::new(&[0xff, 0xff]).nullable_string(false), Ok(None));
    assert_eq!(Reader::new(&[0]).nullable_bytes(true), Ok(None));
    let invalid = |kind, length| DecodeError::InvalidLength { kind, length };
    assert_eq!(Reader::new(&[0xff, 0xff]).string(false), Err(invalid("string", -1)));
    assert_eq!(Reader::new(&[0xff, 0xfe]).nullable_string(false), Err(invalid("string", -2)));
    assert_eq!(
        Reader::new(&[0x80, 0, 0, 0]).nullable_bytes(false),
        Err(invalid("bytes", i64::from(i32::MIN)))
    );
    assert_eq!(Reader::new(&[0]).array(true, 1, Reader::i8), Err(invalid("array", -1)));
}

#[test]
fn string_must_be_utf_8_and_no_longer_than_kafka_writes() {
    assert_eq!(Reader::new(&[0, 1, 0xff]).string(false), Err(DecodeError::Utf8));
    let mut long = vec![0x81, 0x80, 0x02];
    long.extend([b'a'; 0x8000]);
    let result = Reader::new(&long).string(true);
    assert_eq!(result, Err(DecodeError::InvalidLength { kind: "string", length: 0x8000 }));
}

#[test]
fn varint_beyond_its_type_is_refused() {
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).unsigned_varint(), Ok(u32::MAX));
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x10]).unsigned_varint(), Err(DecodeError::Varint));
    assert_eq!(Reader::new(&[0x80; 6]).unsigned_varint(), Err(DecodeError::Varint));
    let mut longest = [0xff; 10];
    longest[9] = 1;
    assert_eq!(Reader::new(&longest).varlong(), Ok(i64::MIN));
    longest[9] = 2;
    assert_eq!(Reader::new(&longest).varlong(), Err(DecodeError::Varint));
}

#[test]
fn unknown_tagged_field_is_skipped_and_a_known_one_must_fill_its_size() {
    let section = [2, 9, 2, 0xaa, 0xbb, 1, 2, 0, 7, 42];
    let mut seven = 0;
    let mut reader = Reader::new(&section);
    let mut read = |tag, field: &mut Reader<'_>| {
        if tag == 1 {
            seven = field.i16()?;
        }
        Ok(tag == 1)
    };
    assert_eq!(reader.tagged_fields(&mut read), Ok(()));
    assert_eq!((seven, reader.rest()), (7, [42].as_slice()));
    let result = Reader::new(&[1, 1, 3, 0, 7, 0]).tagged_fields(|_, field| field.i16().map(|_| true));
    assert_eq!(result, Err(DecodeError::TaggedFieldSize { tag: 1, unread: 1 }));
    let result = Reader::new(&[1, 1, 0xff, 0x7f, 0]).skip_tagged_fields();
    assert_eq!(result, Err(DecodeError::UnexpectedEnd { wanted: 0x3fff, remaining: 1 }));
}

#[test]
fn records_tell_where_in_the_frame_they_lie() {
    let frame = [9, 0, 0, 0, 2, 5, 6, 7];
    let mut reader = Reader::new(&frame);
    reader.i8().unwrap();
    let records = reader.records(false).unwrap();
    assert_eq!(records.range_in(&frame), Some(5..7));
    assert_eq!(records.range_in(&[1, 2, 3]), None);
    assert_eq!((reader.position(), reader.remaining()), (7, 1));
    assert_eq!(reader.expect_end(), Err(DecodeError::TrailingBytes { remaining: 1 }));
}
