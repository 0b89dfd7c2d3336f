use super::*;
use crate::faulty_store::{Answer, Effect, Operation};
use crate::manifest::tests::cluster;
use crate::test_bucket::Bucket;

fn root(generation: u64, claimant: u128) -> Root {
    let generation = Generation(generation);
    Root { cluster: cluster(), generation, claimant: Uuid::from_u128(claimant), created_ms: 5 }
}

fn own(generation: u64) -> Option<Claim> {
    Some(Claim { generation: Generation(generation), claimant: Uuid::from_u128(1) })
}

/// fault = 64
#[test]
fn a_broker_that_the_bucket_does_not_expect_is_told_why() {
    assert_eq!(judge(None, None), Standing::Form);
    assert_eq!(judge(Some(&root(3, 1)), own(3)), Standing::Current);
    assert_eq!(judge(Some(&root(3, 1)), None), Standing::Recover(Generation(3)));
    assert_eq!(judge(Some(&root(4, 2)), own(3)), Standing::Superseded(Generation(4)));
    assert_eq!(judge(Some(&root(3, 2)), own(3)), Standing::Foreign(root(3, 2)));
    assert_eq!(judge(Some(&root(2, 1)), own(3)), Standing::Lost);
    assert_eq!(judge(None, own(3)), Standing::Lost);
}

#[tokio::test(start_paused = true)]
async fn a_generation_is_claimed_once() {
    let bucket = Bucket::new();
    let (store, keys) = (&bucket.store, &bucket.keys);
    assert_eq!(newest(store, keys).await, Ok(None));
    let first = Claim { generation: Generation(1), claimant: Uuid::from_u128(1) };
    let second = Claim { claimant: Uuid::from_u128(2), ..first };
    assert_eq!(claim(store, keys, first, 5).await, Ok(root(1, 1)));
    assert_eq!(claim(store, keys, second, 6).await, Ok(root(1, 1)));
    assert_eq!(claim(store, keys, first, 7).await.unwrap().claimant, first.claimant);
    assert_eq!(newest(store, keys).await, Ok(Some(root(1, 1))));
    assert_eq!(successor(store, keys, Generation(1)).await, Ok(None));
    bucket.claim(2).await;
    assert_eq!(successor(store, keys, Generation(1)).await.unwrap().unwrap().generation, Generation(2));
}

/// fault = 46, 48
#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_recognised() {
    for answer in [Answer::ServerError, Answer::Silence, Answer::Taken] {
        let bucket = Bucket::new();
        bucket.faulty.next(Operation::Create, "root/", 1, Effect::DoneBut(answer));
        let own = Claim { generation: Generation(1), claimant: Uuid::from_u128(1) };
        assert_eq!(claim(&bucket.store, &bucket.keys, own, 5).await, Ok(root(1, 1)), "{answer:?}");
    }
}

/// fault = 59
#[tokio::test(start_paused = true)]
async fn a_stale_listing_hides_no_generation() {
    let bucket = Bucket::new();
    bucket.claim(1).await;
    bucket.claim(2).await;
    bucket.faulty.next(Operation::List, "root", 1, Effect::EmptyList);
    let found = newest(&bucket.store, &bucket.keys).await.unwrap().unwrap();
    assert_eq!(found.generation, Generation(2));
}
