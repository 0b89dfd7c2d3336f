//! Decodes any message from any bytes; what decodes must be written to bytes that read and write the same.
//!
//! Input: two bytes choose the message, one its version, the rest is the body.

#![no_main]

use broker_protocol::codec::{Message, Reader, Writer};
use broker_protocol::for_each_message;
use broker_protocol::header::decode_request_header;
use libfuzzer_sys::fuzz_target;

fn rewrite<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Option<Vec<u8>> {
    let message = M::decode(&mut Reader::new(bytes), version).ok()?;
    let mut writer = Writer::new();
    message.encode(&mut writer, version).expect("a decoded message can be written");
    Some(writer.into_parts().0)
}

macro_rules! dispatch {
    ($($message:ident)*) => {
        type Rewrite = fn(&[u8], i16) -> Option<Vec<u8>>;
        const MESSAGES: &[Rewrite] = &[
            $(|bytes, version| rewrite::<broker_protocol::messages::$message>(bytes, version)),*
        ];
    };
}
for_each_message!(dispatch);

fuzz_target!(|input: &[u8]| {
    let _ = decode_request_header(input);
    let [high, low, version, body @ ..] = input else { return };
    let message = MESSAGES[usize::from(u16::from_be_bytes([*high, *low])) % MESSAGES.len()];
    let version = i16::from(*version % 32);
    if let Some(written) = message(body, version) {
        assert_eq!(message(&written, version), Some(written.clone()));
    }
});
