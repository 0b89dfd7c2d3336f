//! The rules of tiered storage between the settings of one topic, and between what they were and what they become.
//!
//! They are Kafka's (KIP-405, KIP-950): what was copied is neither hidden nor lost by a change that does not say so.

use std::collections::BTreeMap;

use crate::alter::AlterError;
use crate::layers::Layers;
use crate::topic::TopicConfig;

const ENABLE: &str = "remote.storage.enable";
const POLICY: &str = "log.cleanup.policy";

/// Topics that an error names.
const NAMES_TOLD: usize = 5;

/// Checks the overrides of a topic. `before` are those that it has; `None` where it is being made, or all that was copied
/// is on the disk, too.
///
/// # Errors
/// Tiering is asked for where there is none, or for a compacted topic; more is kept locally than at all; or what was copied
/// would be hidden.
pub fn check_tiering(
    before: Option<&BTreeMap<String, String>>,
    after: &BTreeMap<String, String>,
    layers: &Layers<'_>,
) -> Result<(), AlterError> {
    let asked = after.get(ENABLE).is_some_and(|value| value == "true");
    let has_store = layers.get("highwater.remote.url").is_some_and(|url| !url.is_empty());
    let refused = |key: &'static str, reason: &'static str| {
        let value = after.get(key).cloned().unwrap_or_default();
        Err(AlterError::Unsupported { key, value, reason })
    };
    if asked && !has_store {
        return refused(ENABLE, "this broker has no object store: see highwater.remote.url");
    }
    let config = TopicConfig::effective(after, layers);
    if asked && config.cleanup_policy.compact {
        return refused(ENABLE, "compacted topics are not tiered");
    }
    let was_tiered =
        before.is_some_and(|before| TopicConfig::effective(before, layers).remote_storage_enable);
    if was_tiered && !config.remote_storage_enable && !config.gives_up_copies() {
        let key = if config.cleanup_policy.compact { "cleanup.policy" } else { ENABLE };
        return refused(
            key,
            "what was copied to the object store would be lost: set remote.log.delete.on.disable=true and \
             remote.storage.enable=false to delete it, or only remote.log.copy.disable=true to keep it readable",
        );
    }
    if !config.remote_storage_enable {
        return Ok(());
    }
    check_local("local.retention.ms", "retention.ms", config.local_retention_ms, config.retention_ms)?;
    check_local(
        "local.retention.bytes",
        "retention.bytes",
        config.local_retention_bytes,
        config.retention_bytes,
    )?;
    if config.remote_log_copy_disable
        && (config.local_retention_ms != config.retention_ms
            || config.local_retention_bytes != config.retention_bytes)
    {
        return refused(
            "remote.log.copy.disable",
            "nothing is copied any more, so local.retention.* has to be -2 or what retention.* is",
        );
    }
    Ok(())
}

/// Checks a change of the broker's settings from `before` to `after`, as [`check_tiering`] does one of a topic's own.
/// `topics` are those that have records in the object store only, with their overrides.
///
/// # Errors
/// What was copied of a topic that inherits `log.cleanup.policy` would be hidden; names the first of them.
pub fn check_inherited_tiering<'a>(
    before: &Layers<'_>,
    after: &Layers<'_>,
    topics: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, String>)>,
) -> Result<(), AlterError> {
    let is_hidden = |overrides: &BTreeMap<String, String>| {
        let then = TopicConfig::effective(overrides, after);
        let was_tiered = TopicConfig::effective(overrides, before).remote_storage_enable;
        was_tiered && !then.remote_storage_enable && !then.gives_up_copies()
    };
    let hidden: Vec<&str> =
        topics.into_iter().filter(|(_, overrides)| is_hidden(overrides)).map(|(name, _)| name).collect();
    if hidden.is_empty() {
        return Ok(());
    }
    let value = after.get(POLICY).unwrap_or_default();
    Err(AlterError::HidesCopied { key: POLICY, value, topics: first_of(&hidden) })
}

/// The first few names, and how many more there are.
fn first_of(names: &[&str]) -> String {
    let told = names.iter().take(NAMES_TOLD).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// Not more may be kept locally than at all.
fn check_local(
    key: &'static str,
    other_key: &'static str,
    local: Option<u64>,
    whole: Option<u64>,
) -> Result<(), AlterError> {
    let text = |limit: Option<u64>| limit.map_or("-1".to_owned(), |limit| limit.to_string());
    if local.unwrap_or(u64::MAX) <= whole.unwrap_or(u64::MAX) {
        return Ok(());
    }
    Err(AlterError::Conflict {
        key,
        value: text(local),
        other_key,
        other_value: text(whole),
        expected: "the first to be at most the second",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::DynamicBrokerConfigs;

    const DELETE_ON_DISABLE: &str = "remote.log.delete.on.disable";

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn check(
        store: bool,
        before: Option<&[(&str, &str)]>,
        after: &[(&str, &str)],
    ) -> Result<(), &'static str> {
        let fixed = if store {
            map(&[("highwater.remote.url", "s3://b"), ("highwater.remote.storage.enable", "true")])
        } else {
            map(&[])
        };
        let layers = Layers { fixed: &fixed, dynamic: &DynamicBrokerConfigs::default() };
        check_tiering(before.map(map).as_ref(), &map(after), &layers).map_err(|error| match error {
            AlterError::Unsupported { key, .. } | AlterError::Conflict { key, .. } => key,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn tiering_is_asked_for_only_where_there_is_a_store_and_the_topic_is_not_compacted() {
        assert_eq!(check(false, None, &[]), Ok(()));
        assert_eq!(check(false, None, &[(ENABLE, "true")]), Err(ENABLE));
        assert_eq!(check(true, None, &[(ENABLE, "true")]), Ok(()));
        assert_eq!(check(true, None, &[(ENABLE, "true"), ("cleanup.policy", "compact")]), Err(ENABLE));
        assert_eq!(check(true, None, &[("cleanup.policy", "compact")]), Ok(()));
    }

    #[test]
    fn tiering_is_turned_off_only_by_whoever_gives_up_what_was_copied() {
        let off = [(ENABLE, "false")];
        assert_eq!(check(true, None, &off), Ok(()));
        assert_eq!(check(true, Some(&[]), &off), Err(ENABLE));
        assert_eq!(check(true, Some(&[]), &[(ENABLE, "false"), (DELETE_ON_DISABLE, "true")]), Ok(()));
        assert_eq!(check(true, Some(&off), &off), Ok(()));
        let compact = [("cleanup.policy", "compact"), (DELETE_ON_DISABLE, "true")];
        assert_eq!(check(true, Some(&[]), &compact), Err("cleanup.policy"), "nobody turns tiering off");
        assert_eq!(check(true, Some(&[]), &[&compact[..], &off].concat()), Ok(()));
        assert_eq!(check(true, Some(&[]), &[("cleanup.policy", "compact")]), Err("cleanup.policy"));
        assert_eq!(check(true, Some(&[]), &[("remote.log.copy.disable", "true")]), Ok(()));
    }

    #[test]
    fn a_policy_of_all_topics_hides_nothing_of_those_that_inherit_it() {
        let fixed = map(&[("highwater.remote.url", "s3://b"), ("highwater.remote.storage.enable", "true")]);
        let check = |before: &str, after: &str, topics: &[(&str, &[(&str, &str)])]| {
            let [before, after] = [before, after].map(|policy| DynamicBrokerConfigs {
                cluster_wide: map(&[("log.cleanup.policy", policy)]),
                ..DynamicBrokerConfigs::default()
            });
            let layers = |dynamic| Layers { fixed: &fixed, dynamic };
            let topics: Vec<_> = topics.iter().map(|(name, own)| (*name, map(own))).collect();
            let topics = topics.iter().map(|(name, own)| (*name, own));
            check_inherited_tiering(&layers(&before), &layers(&after), topics)
        };
        let plain: &[(&str, &str)] = &[];
        assert_eq!(check("delete", "compact", &[]), Ok(()));
        for policy in ["compact", "compact,delete"] {
            let refused = check("delete", policy, &[("a", plain), ("b", plain)]).unwrap_err();
            assert!(refused.is_invalid_request());
            let told = refused.to_string();
            assert!(told.starts_with(&format!("log.cleanup.policy={policy} ")), "{told}");
            assert!(told.contains("a, b"), "{told}");
        }
        // What was so before is no reason to refuse something else.
        assert_eq!(check("compact", "compact,delete", &[("a", plain)]), Ok(()));
        assert_eq!(check("delete", "compact", &[("a", &[("cleanup.policy", "delete")])]), Ok(()));
        assert_eq!(
            check("delete", "compact", &[("a", &[(ENABLE, "false"), (DELETE_ON_DISABLE, "true")])]),
            Ok(())
        );
        assert!(check("delete", "compact", &[("a", &[(DELETE_ON_DISABLE, "true")])]).is_err());
        let many: Vec<(&str, &[(&str, &str)])> =
            ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, plain)).to_vec();
        let told = check("delete", "compact", &many).unwrap_err().to_string();
        assert!(told.contains("a, b, c, d, e and 2 more"), "{told}");
    }

    #[test]
    fn not_more_is_kept_locally_than_at_all() {
        let ms = |local: &str, whole: &str| {
            check(true, None, &[("local.retention.ms", local), ("retention.ms", whole)])
        };
        assert_eq!(ms("10", "10"), Ok(()));
        assert_eq!(ms("-2", "10"), Ok(()));
        assert_eq!(ms("11", "10"), Err("local.retention.ms"));
        assert_eq!(ms("-1", "10"), Err("local.retention.ms"));
        assert_eq!(ms("10", "-1"), Ok(()));
        let bytes = [("local.retention.bytes", "11"), ("retention.bytes", "10")];
        assert_eq!(check(true, None, &bytes), Err("local.retention.bytes"));
        let stopped = [("remote.log.copy.disable", "true"), ("local.retention.ms", "5")];
        assert_eq!(check(true, None, &stopped), Err("remote.log.copy.disable"));
    }
}
