//! However a message is damaged, decoding reserves no more memory than its length allows.
//!
//! One test alone in its program, since the allocator counts what every thread does.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "golden/lines.rs"]
mod lines;

use std::alloc::System;

use broker_protocol::codec::{Message, RESERVED_FLOOR, RESERVED_PER_BYTE, Reader};
use broker_protocol::for_each_message;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn reserved<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> usize {
    let region = Region::new(ALLOCATOR);
    let result = M::decode(&mut Reader::new(bytes), version);
    let reserved = region.change().bytes_allocated;
    drop(result);
    reserved
}

macro_rules! dispatch {
    ($($message:ident)*) => {
        fn reserved_by(name: &str, bytes: &[u8], version: i16) -> usize {
            match name {
                $(stringify!($message) => reserved::<broker_protocol::messages::$message>(bytes, version),)*
                other => panic!("no message is named {other}"),
            }
        }
    };
}
for_each_message!(dispatch);

/// Fails above the limit; returns what was reserved.
fn assert_bounded(name: &str, bytes: &[u8], version: i16) -> usize {
    let reserved = reserved_by(name, bytes, version);
    let allowed = bytes.len() * RESERVED_PER_BYTE + RESERVED_FLOOR;
    assert!(reserved <= allowed, "{name} version {version} reserved {reserved} bytes for {bytes:02x?}");
    reserved
}

#[test]
fn memory_of_a_decoded_message_is_bounded_by_its_length() {
    let lengths: [&[u8]; 5] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0, 0, 0x10, 0],
        &[0x80, 0x20],
        &[0xff, 0x7f],
    ];
    let mut most = 0;
    for line in lines::lines() {
        assert_bounded(&line.message, &line.bytes, line.version);
        // A huge count wherever a count can stand, with plenty of small values behind it.
        for start in 0..line.bytes.len().min(48) {
            for length in lengths {
                let bytes = [&line.bytes[..start], length, &[1; 4096]].concat();
                most = most.max(assert_bounded(&line.message, &bytes, line.version));
                assert_bounded(&line.message, &bytes[..start + length.len()], line.version);
            }
        }
    }
    // The damage does reach the arrays, and the limit is what stops it.
    assert!(most > 4096 * RESERVED_PER_BYTE / 2, "at most {most} bytes were reserved");
}
