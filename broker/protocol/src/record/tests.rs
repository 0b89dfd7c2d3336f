use proptest::prelude::*;

use super::*;
use crate::batch_builder::BatchBuilder;

#[test]
fn varints_longer_than_their_type_are_refused() {
    assert_eq!(read_varint(&mut &[0xfe, 0xff, 0xff, 0xff, 0x0f][..]), Some(i32::MAX));
    assert_eq!(read_varint(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]), Some(i32::MIN));
    assert_eq!(read_varint(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]), None);
    assert_eq!(read_varint(&mut &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00][..]), None);
    assert_eq!(read_varlong(&mut &[0xff; 9][..]), None);
    let mut largest = [0xff; 10];
    largest[9] = 0x01;
    assert_eq!(read_varlong(&mut &largest[..]), Some(i64::MIN));
    largest[9] = 0x02;
    assert_eq!(read_varlong(&mut &largest[..]), None);
}

#[test]
fn bytes_after_the_last_record_are_an_error() {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(0, None, Some(b"v"), &[]);
    let mut bytes = RecordBatch::parse(&builder.build()).unwrap().0.record_bytes().to_vec();
    bytes.push(0);
    let found: Vec<_> = Records::new(&bytes, 1).collect();
    assert_eq!(found[1], Err(RecordError::TrailingBytes { bytes: 1, record_count: 1 }));
    assert_eq!(found.len(), 2);
}

#[test]
fn record_longer_or_shorter_than_announced_is_malformed() {
    // A record without key, value and headers: length, attributes, timestamp, offset, -1, -1, 0.
    let good = [12, 0, 0, 0, 1, 1, 0];
    assert!(Records::new(&good, 1).next().unwrap().is_ok());
    for (length, field) in [(10, "header count"), (14, "length"), (1, "length"), (0, "attributes")] {
        let mut bytes = good.to_vec();
        bytes[0] = length;
        let found = Records::new(&bytes, 1).next().unwrap();
        assert_eq!(found, Err(RecordError::Malformed { index: 0, field }));
    }
    let spare = [14, 0, 0, 0, 1, 1, 0, 0];
    assert_eq!(
        Records::new(&spare, 1).next().unwrap(),
        Err(RecordError::Malformed { index: 0, field: "length" })
    );
}

#[test]
fn header_with_null_key_is_malformed() {
    let bytes = [16, 0, 0, 0, 1, 1, 2, 1, 1];
    let found = Records::new(&bytes, 1).next().unwrap();
    assert_eq!(found, Err(RecordError::Malformed { index: 0, field: "header" }));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), count in any::<i32>()) {
        for record in Records::new(&bytes, count).flatten() {
            prop_assert!(i32::try_from(record.headers.count()).is_ok());
        }
    }
}
