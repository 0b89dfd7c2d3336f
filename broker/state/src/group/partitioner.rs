//! Which partition of `__consumer_offsets` is a group's home. Clients never compute it, but a data directory that
//! Kafka wrote must mean the same here, so it is Java's `String.hashCode` to the bit.

/// The partition of `__consumer_offsets` that keeps `group_id`, out of `partitions` (at least 1).
#[must_use]
pub fn partition_for(group_id: &str, partitions: i32) -> i32 {
    assert!(partitions > 0, "an internal topic has at least one partition");
    let hash =
        group_id.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's Utils.abs: the one value without a positive counterpart becomes 0.
    hash.checked_abs().unwrap_or(0) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_those_of_java_string_hash() {
        // The hash codes are 96354, -648006740 and, for the empty string, 0.
        assert_eq!(partition_for("abc", 50), 4);
        assert_eq!(partition_for("console-consumer", 50), 40);
        assert_eq!(partition_for("", 50), 0);
        // "polygenelubricants".hashCode() == Integer.MIN_VALUE.
        assert_eq!(partition_for("polygenelubricants", 50), 0);
        // A character outside of the basic plane counts as two UTF-16 units: 0xD83D * 31 + 0xDE00 == 1772899.
        assert_eq!(partition_for("\u{1F600}", 50), 49);
    }
}
