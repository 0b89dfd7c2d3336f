//! Which Kafka error codes prove that a send did not happen.
//!
//! A wrong `fail` accuses a correct broker and a wrong `info` hides a loss, so only errors that Kafka returns before it
//! appends count as `fail`. NOT_LEADER_OR_FOLLOWER is not among them: the write may succeed later (KAFKA-13574).

use crate::history::Kind;

/// Error codes that are returned before anything is appended.
const DEFINITE: [i16; 24] = [
    2,   // CORRUPT_MESSAGE
    3,   // UNKNOWN_TOPIC_OR_PARTITION
    10,  // MESSAGE_TOO_LARGE
    17,  // INVALID_TOPIC_EXCEPTION
    18,  // RECORD_LIST_TOO_LARGE
    19,  // NOT_ENOUGH_REPLICAS
    21,  // INVALID_REQUIRED_ACKS
    29,  // TOPIC_AUTHORIZATION_FAILED
    31,  // CLUSTER_AUTHORIZATION_FAILED
    32,  // INVALID_TIMESTAMP
    34,  // ILLEGAL_SASL_STATE
    35,  // UNSUPPORTED_VERSION
    41,  // NOT_CONTROLLER
    42,  // INVALID_REQUEST
    43,  // UNSUPPORTED_FOR_MESSAGE_FORMAT
    45,  // OUT_OF_ORDER_SEQUENCE_NUMBER
    47,  // INVALID_PRODUCER_EPOCH
    53,  // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    58,  // SASL_AUTHENTICATION_FAILED
    59,  // UNKNOWN_PRODUCER_ID
    76,  // UNSUPPORTED_COMPRESSION_TYPE
    87,  // INVALID_RECORD
    90,  // PRODUCER_FENCED
    100, // UNKNOWN_TOPIC_ID
];

/// How one attempt ended that got an answer with this error code; 0 is success.
pub fn of_error_code(code: i16) -> Kind {
    match code {
        0 => Kind::Ok,
        code if DEFINITE.contains(&code) => Kind::Fail,
        _ => Kind::Info,
    }
}

/// How an operation ended whose attempts ended so, in order. A refusal after an attempt of unknown end proves nothing
/// about that attempt; a success is a success. Without an attempt nothing happened.
pub fn of_attempts(attempts: impl IntoIterator<Item = Kind>) -> Kind {
    attempts.into_iter().fold(Kind::Fail, |so_far, attempt| match (so_far, attempt) {
        (Kind::Ok, _) | (_, Kind::Ok) => Kind::Ok,
        (Kind::Fail, Kind::Fail) => Kind::Fail,
        _ => Kind::Info,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_after_which_the_write_may_stand_are_info() {
        for code in [-1, 6, 7, 13, 20, 56] {
            assert_eq!(of_error_code(code), Kind::Info, "code {code}");
        }
    }

    #[test]
    fn errors_before_the_append_are_fail() {
        for code in [3, 10, 45, 47, 90] {
            assert_eq!(of_error_code(code), Kind::Fail, "code {code}");
        }
    }

    #[test]
    fn a_refused_retry_does_not_settle_the_first_attempt() {
        assert_eq!(of_attempts([Kind::Info, Kind::Fail]), Kind::Info);
        assert_eq!(of_attempts([Kind::Info, Kind::Ok]), Kind::Ok);
        assert_eq!(of_attempts([Kind::Fail, Kind::Fail]), Kind::Fail);
        assert_eq!(of_attempts([]), Kind::Fail);
    }
}
