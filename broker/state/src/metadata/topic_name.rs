//! Which names a topic may have, as Kafka has it.
//!
//! Metric names turn dots into underscores, so `a.b` and `a_b` would share their metrics: only one of them may exist.

use super::error::MetadataError;

/// Longest name in bytes: the file name `<topic>-<partition>.<uuid>-delete` must stay below 255.
pub const NAME_BYTES_MAX: usize = 249;

/// Checks the characters and the length of a name.
///
/// # Errors
/// [`MetadataError::InvalidTopicName`] with the reason.
pub fn validate(name: &str) -> Result<(), MetadataError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let reason = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        "'.' or '..' is not allowed".to_owned()
    } else if name.len() > NAME_BYTES_MAX {
        format!("its length of {} is longer than the max allowed length {NAME_BYTES_MAX}", name.len())
    } else if !name.bytes().all(legal) {
        format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
    } else {
        return Ok(());
    };
    Err(MetadataError::InvalidTopicName { reason })
}

/// The name that this topic's metrics share with others, if it can share one at all.
#[must_use]
pub fn metric_name(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_and_refused_as_by_kafka() {
        for name in ["a", "A.b_c-9", "...", &"x".repeat(249), "__consumer_offsets"] {
            assert_eq!(validate(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", &"x".repeat(250), "a b", "a/b", "ä", "a\0", "a:b", "a\n"] {
            assert!(validate(name).is_err(), "{name}");
        }
    }

    #[test]
    fn only_names_with_dot_or_underscore_can_collide() {
        assert_eq!(metric_name("a.b_c"), Some("a_b_c".to_owned()));
        assert_eq!(metric_name("a-b"), None);
    }
}
