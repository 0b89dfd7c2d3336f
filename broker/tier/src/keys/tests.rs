use proptest::prelude::*;

use super::*;

const PARTITION: PartitionId = PartitionId { topic_id: TopicId(Uuid::from_u128(1)), partition: 3 };

fn keys() -> ClusterKeys {
    let prefix = Prefix::parse("some/where/").unwrap();
    ClusterKeys::new(&prefix, &ClusterId::parse("4L6g3nShT-eMCtK--X86sw").unwrap())
}

#[test]
fn keys_are_spelled_as_the_layout_says() {
    let id = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
    let spelled = [
        (Key::Root(Generation(7)), "root/00000000000000000007"),
        (Key::Meta(MetadataOffset(u64::MAX)), "meta/18446744073709551615"),
        (Key::Probe(id), "probe/12345678-9abc-4def-8123-456789abcdef"),
        (
            Key::Segment(SegmentKey {
                partition: PARTITION,
                base_offset: Offset(42),
                leader_epoch: LeaderEpoch(5),
                id,
            }),
            "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000000000000003/seg/\
             00000000000000000042-00000000000000000005-12345678-9abc-4def-8123-456789abcdef",
        ),
        (
            Key::Manifest(PARTITION, ManifestNumber(9)),
            "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000000000000003/manifest/00000000000000000009",
        ),
        (
            Key::Page(PageKey { partition: PARTITION, first: Offset(42), id }),
            "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000000000000003/page/\
             00000000000000000042-12345678-9abc-4def-8123-456789abcdef",
        ),
    ];
    for (key, text) in spelled {
        assert_eq!(key.to_string(), text);
        assert_eq!(Key::parse(text), Ok(key));
        let path = keys().path(&key);
        assert_eq!(path.as_ref(), format!("some/where/4L6g3nShT-eMCtK--X86sw/{text}"));
        assert_eq!(keys().key_at(&path), Ok(key));
    }
}

#[test]
fn foreign_names_are_refused() {
    for text in [
        "",
        "root",
        "root/7",
        "root/+0000000000000000007",
        "root/99999999999999999999",
        "root/00000000000000000007/x",
        "roots/00000000000000000007",
        "probe/12345678-9ABC-4DEF-8123-456789ABCDEF",
        "probe/123456789abc4def8123456789abcdef",
        "t/AAAAAAAAAAAAAAAAAAAAAR/00000000000000000003/manifest/00000000000000000009",
        "t/AAAAAAAAAAAAAAAAAAAAAQ/3/manifest/00000000000000000009",
        "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000002147483648/manifest/00000000000000000009",
        "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000000000000003/manifests/00000000000000000009",
        "t/AAAAAAAAAAAAAAAAAAAAAQ/00000000000000000003/page/\
         09223372036854775808-12345678-9abc-4def-8123-456789abcdef",
    ] {
        assert_eq!(Key::parse(text), Err(KeyError::Foreign(text.to_owned())));
    }
    let elsewhere = Path::from("some/where/else/root/00000000000000000007");
    assert!(keys().key_at(&elsewhere).is_err());
}

#[test]
fn folders_of_listings_are_read_back() {
    let keys = keys();
    assert_eq!(keys.topic_at(&keys.topic_path(PARTITION.topic_id)), Ok(PARTITION.topic_id));
    assert_eq!(keys.partition_at(&keys.partition_path(PARTITION)), Ok(PARTITION));
    assert!(keys.topic_at(&keys.partition_path(PARTITION)).is_err());
    assert!(keys.partition_at(&keys.manifests_path(PARTITION)).is_err());
    let prefix = Prefix::parse("some/where").unwrap();
    assert_eq!(prefix.cluster_of(&keys.cluster_path()), Ok(keys.cluster().clone()));
    assert!(prefix.cluster_of(&keys.roots_path()).is_err());
    let bare = ClusterKeys::new(&Prefix::default(), keys.cluster());
    assert_eq!(Prefix::default().cluster_of(&bare.cluster_path()), Ok(keys.cluster().clone()));
}

#[test]
fn prefixes_that_would_lead_elsewhere_are_refused() {
    for text in ["a//b", "..", "a/../b", ".", "a b", "a?b", "ü", &"x".repeat(513)] {
        assert_eq!(Prefix::parse(text), Err(KeyError::Prefix(text.to_owned())));
    }
    for text in ["", "/", "a", "/a/b/", "date=2026.11"] {
        assert!(Prefix::parse(text).is_ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn keys_sort_as_their_numbers_do(one: u64, other: u64) {
        let spell = |number| Key::Manifest(PARTITION, ManifestNumber(number)).to_string();
        prop_assert_eq!(spell(one).cmp(&spell(other)), one.cmp(&other));
    }

    #[test]
    fn any_text_is_a_key_or_refused(text in ".{0,120}") {
        if let Ok(key) = Key::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
