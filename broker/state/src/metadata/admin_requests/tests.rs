use super::super::snapshot;
use super::super::testing::{after, new_topic, number, with_brokers, with_topics};
use super::*;

fn key(id: u128, digest: u64) -> RequestKey {
    RequestKey { id: Uuid::from_u128(id), digest }
}

fn carry_out(image: &MetadataImage, key: RequestKey, answer: u8) -> MetadataImage {
    let decide = || Ok::<_, MetadataError>(Outcome::unchanged(answer));
    let outcome = once(image, key, decide, |answer| vec![*answer]).unwrap();
    assert_eq!(outcome.response, Answered::Now(answer));
    after(image, outcome.records)
}

fn repeat(image: &MetadataImage, key: RequestKey) -> Result<Answered<u8>, MetadataError> {
    let decide = || -> Result<Outcome<MetadataRecord, u8>, MetadataError> { panic!("it is decided again") };
    once(image, key, decide, |_| Vec::new()).map(|outcome| {
        assert!(outcome.records.is_empty());
        outcome.response
    })
}

#[test]
fn repeated_request_is_answered_alike_also_after_a_snapshot() {
    let image = carry_out(&with_brokers(&[1]), key(7, 70), 5);
    let offset = image.position.offset;
    let image = after(&image, vec![]);
    let restored = snapshot::decode(&snapshot::encode(&image)).unwrap();
    assert_eq!(restored, image);
    for image in [image, restored] {
        assert_eq!(
            repeat(&image, key(7, 70)),
            Ok(Answered::Before { response: [5].as_slice().into(), offset })
        );
    }
}

#[test]
fn id_of_another_request_is_refused() {
    let image = carry_out(&with_brokers(&[1]), key(7, 70), 5);
    assert_eq!(repeat(&image, key(7, 71)), Err(MetadataError::RequestIdReused));
}

#[test]
fn refused_request_is_not_remembered() {
    let image = with_brokers(&[1]);
    let refuse = || -> Result<Outcome<MetadataRecord, u8>, MetadataError> {
        Err(MetadataError::UnknownTopic { name: "a".into() })
    };
    assert!(once(&image, key(7, 70), refuse, |_| Vec::new()).is_err());
    assert!(image.admin_requests.is_empty());
}

#[test]
fn the_oldest_requests_are_forgotten_also_by_a_snapshot() {
    let mut image = with_brokers(&[1]);
    let count = REMEMBERED_MAX as u128 + 3;
    for id in 0..count {
        image = carry_out(&image, key(count - id, 1), 0);
    }
    let restored = snapshot::decode(&snapshot::encode(&image)).unwrap();
    assert_eq!(restored, image);
    assert_eq!(restored.admin_requests.len(), REMEMBERED_MAX);
    let forgotten = [count, count - 1, count - 2].map(Uuid::from_u128);
    assert!(forgotten.iter().all(|id| restored.admin_requests.get(*id).is_none()));
    assert!(restored.admin_requests.get(Uuid::from_u128(count - 3)).is_some());
    let next = carry_out(&restored, key(count + 1, 1), 0);
    assert!(next.admin_requests.get(Uuid::from_u128(count - 3)).is_none(), "the oldest goes first");
}

#[test]
fn decision_on_what_has_changed_since_is_refused() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let topic = image.topics.by_name("a").unwrap().changed_at;
    let check = |expected: i64| check_expected(&image, Some(Offset(expected)), topic);
    assert_eq!(check_expected(&image, None, topic), Ok(()));
    assert_eq!(check(topic.0), Ok(()));
    let stale = check(topic.0 - 1).unwrap_err();
    assert_eq!(number(&stale), 42);
    assert!(check(image.position.offset.0 + 1).is_err(), "an offset that is not there yet");
}
