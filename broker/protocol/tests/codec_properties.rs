//! No input makes a decoder panic or read past the message, and whatever decodes can be written and read again.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "golden/lines.rs"]
mod lines;

use std::sync::LazyLock;

use broker_protocol::codec::{DecodeError, Message, Reader, Writer};
use broker_protocol::for_each_message;
use lines::Line;
use proptest::collection::vec;
use proptest::prelude::*;

static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| lines::lines().collect());

/// Decodes and encodes again: the bytes read and the bytes written.
fn rewrite<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Result<(usize, Vec<u8>), DecodeError> {
    let mut reader = Reader::new(bytes);
    let message = M::decode(&mut reader, version)?;
    let mut writer = Writer::new();
    message.encode(&mut writer, version).unwrap();
    Ok((reader.position(), writer.into_parts().0))
}

/// Decodes a message and checks that what it is written as reads and writes the same. Returns how many bytes were read.
fn decode(name: &str, bytes: &[u8], version: i16) -> Result<usize, DecodeError> {
    let (read, written) = rewrite_named(name, bytes, version)?;
    assert_eq!(rewrite_named(name, &written, version), Ok((written.len(), written.clone())));
    Ok(read)
}

macro_rules! dispatch {
    ($($message:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($message)),*];

        fn rewrite_named(name: &str, bytes: &[u8], version: i16) -> Result<(usize, Vec<u8>), DecodeError> {
            match name {
                $(stringify!($message) => rewrite::<broker_protocol::messages::$message>(bytes, version),)*
                other => panic!("no message is named {other}"),
            }
        }
    };
}
for_each_message!(dispatch);

#[derive(Clone, Debug)]
enum Damage {
    Truncate(prop::sample::Index),
    Overwrite(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![any::<u8>(), Just(0xff), Just(0x7f), Just(0x80), Just(0)];
    prop_oneof![
        1 => any::<prop::sample::Index>().prop_map(Damage::Truncate),
        4 => (any::<prop::sample::Index>(), byte.clone()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        1 => (any::<prop::sample::Index>(), byte).prop_map(|(at, byte)| Damage::Insert(at, byte)),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        match damage {
            Damage::Truncate(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            Damage::Overwrite(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Overwrite(..) => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_decode_or_fail_cleanly(
        name in prop::sample::select(NAMES),
        version in -1i16..20,
        bytes in vec(prop_oneof![2 => any::<u8>(), 1 => 0u8..4], 0..200),
    ) {
        let _ = decode(name, &bytes, version);
    }

    #[test]
    fn damaged_messages_decode_or_fail_cleanly(
        line in any::<prop::sample::Index>(),
        damages in vec(damage(), 1..5),
    ) {
        let line = line.get(&LINES);
        let _ = decode(&line.message, &damaged(&line.bytes, &damages), line.version);
    }

    #[test]
    fn message_ends_where_it_ends_whatever_follows(
        line in any::<prop::sample::Index>(),
        rest in vec(any::<u8>(), 0..20),
    ) {
        let line = line.get(&LINES);
        let bytes = [line.bytes.as_slice(), &rest].concat();
        prop_assert_eq!(decode(&line.message, &bytes, line.version), Ok(line.bytes.len()));
    }

    #[test]
    fn every_proper_prefix_of_a_message_is_refused(
        line in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
    ) {
        let line = line.get(&LINES);
        prop_assume!(!line.bytes.is_empty());
        let prefix = &line.bytes[..end.index(line.bytes.len())];
        prop_assert!(decode(&line.message, prefix, line.version).is_err());
    }

    #[test]
    fn integers_of_variable_length_survive(
        unsigned in any::<u32>(),
        signed in any::<i32>(),
        long in any::<i64>(),
        shift in 0u32..64,
    ) {
        let (unsigned, signed, long) = (unsigned >> (shift % 32), signed >> (shift % 32), long >> shift);
        let mut writer = Writer::new();
        writer.unsigned_varint(unsigned);
        writer.varint(signed);
        writer.varlong(long);
        let mut reader = Reader::new(writer.bytes());
        prop_assert_eq!(reader.unsigned_varint(), Ok(unsigned));
        prop_assert_eq!(reader.varint(), Ok(signed));
        prop_assert_eq!(reader.varlong(), Ok(long));
        prop_assert_eq!(reader.expect_end(), Ok(()));
    }
}
