//! The idempotent producer (KIP-98): duplicates, gaps, the window of five, epochs, restarts.

use std::collections::BTreeSet;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};

use crate::harness::batches::{batch, numbered};
use crate::harness::http::get;
use crate::harness::{Conn, TestBroker, calls};

/// Batches that a partition remembers of a producer.
const WINDOW: i32 = 5;

async fn with_producer() -> (TestBroker, Conn, i64) {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 2, &[]).await;
    let producer = client.init_producer_id(None).await.unwrap();
    assert_eq!((producer.error_code, producer.producer_epoch), (ErrorCode::None, 0));
    (broker, client, producer.producer_id)
}

#[tokio::test]
async fn a_duplicate_returns_its_offset_and_appends_nothing() {
    let (broker, mut client, id) = with_producer().await;
    let first = numbered(id, 0, 0, &["a", "b"]);
    let second = numbered(id, 0, 2, &["c"]);
    assert_eq!(calls::append(&mut client, "t", 0, &first).await, 0);
    assert_eq!(calls::append(&mut client, "t", 0, &second).await, 2);
    for (batch, offset) in [(&first, 0), (&second, 2), (&first, 0)] {
        assert_eq!(calls::append(&mut client, "t", 0, batch).await, offset);
    }
    assert_eq!(calls::values(&mut client, "t", 0).await, ["a", "b", "c"]);
    let counted = format!("highwater_topic_bytes_in_total{{topic=\"t\"}} {}", first.len() + second.len());
    let page = get(&broker, "/metrics").await.body;
    assert!(page.lines().any(|line| line == counted), "{counted}");
}

#[tokio::test]
async fn a_gap_is_out_of_order() {
    let (_broker, mut client, id) = with_producer().await;
    // The first batch that a partition sees of a producer may have any sequence only if it is the first of all.
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(id, 0, 0, &["a"])).await, 0);
    for sequence in [2, 100] {
        let gap = numbered(id, 0, sequence, &["x"]);
        let error = calls::append_error(&mut client, "t", 0, &gap).await;
        assert_eq!(error, ErrorCode::OutOfOrderSequenceNumber);
    }
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(id, 0, 1, &["b"])).await, 1);
    // Each partition counts for itself.
    assert_eq!(calls::append(&mut client, "t", 1, &numbered(id, 0, 0, &["c"])).await, 0);
}

/// fault = 67
#[tokio::test]
async fn the_window_holds_five_batches() {
    let (_broker, mut client, id) = with_producer().await;
    for sequence in 0..=WINDOW {
        calls::append(&mut client, "t", 0, &numbered(id, 0, sequence, &["a"])).await;
    }
    for sequence in 1..=WINDOW {
        let again = numbered(id, 0, sequence, &["a"]);
        assert_eq!(calls::append(&mut client, "t", 0, &again).await, i64::from(sequence));
    }
    // The oldest has left the window: it cannot be told from a stray any more.
    let error = calls::append_error(&mut client, "t", 0, &numbered(id, 0, 0, &["a"])).await;
    assert!(
        matches!(error, ErrorCode::DuplicateSequenceNumber | ErrorCode::OutOfOrderSequenceNumber),
        "{error:?}"
    );
    assert_eq!(calls::values(&mut client, "t", 0).await.len(), 6);
}

#[tokio::test]
async fn a_newer_epoch_fences_the_older_one() {
    let (_broker, mut client, id) = with_producer().await;
    calls::append(&mut client, "t", 0, &numbered(id, 0, 0, &["a"])).await;
    let not_from_zero = numbered(id, 1, 1, &["b"]);
    let error = calls::append_error(&mut client, "t", 0, &not_from_zero).await;
    assert_eq!(error, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(id, 1, 0, &["b"])).await, 1);
    let old = numbered(id, 0, 1, &["c"]);
    let error = calls::append_error(&mut client, "t", 0, &old).await;
    assert_eq!(error, ErrorCode::InvalidProducerEpoch);
}

#[tokio::test]
async fn sequences_go_round_after_the_largest() {
    let (_broker, mut client, id) = with_producer().await;
    let last = numbered(id, 0, i32::MAX - 1, &["a", "b"]);
    // A producer that is not known may begin anywhere: its earlier batches may have gone with retention.
    assert_eq!(calls::append(&mut client, "t", 0, &last).await, 0);
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(id, 0, 0, &["c"])).await, 2);
}

/// fault = 67
#[tokio::test]
async fn the_window_survives_every_kind_of_restart() {
    let (mut broker, mut client, id) = with_producer().await;
    for sequence in 0..3 {
        calls::append(&mut client, "t", 0, &numbered(id, 0, sequence, &["a"])).await;
    }
    for end in 0..3 {
        broker = match end {
            0 => broker.restart().await,
            1 => broker.kill().await,
            _ => broker.power_loss(7).await,
        };
        let mut client = broker.client().await;
        for sequence in 0..3 {
            let again = numbered(id, 0, sequence, &["a"]);
            assert_eq!(calls::append(&mut client, "t", 0, &again).await, i64::from(sequence), "{end}");
        }
        let gap = numbered(id, 0, 4, &["a"]);
        let error = calls::append_error(&mut client, "t", 0, &gap).await;
        assert_eq!(error, ErrorCode::OutOfOrderSequenceNumber, "{end}");
    }
    let mut client = broker.client().await;
    assert_eq!(calls::append(&mut client, "t", 0, &numbered(id, 0, 3, &["b"])).await, 3);
}

#[tokio::test]
async fn producer_ids_are_never_given_out_twice() {
    let mut broker = TestBroker::start_in_memory(&[]).await;
    let mut seen = BTreeSet::new();
    for end in 0..4 {
        let mut client = broker.client().await;
        for _ in 0..3 {
            let id = client.init_producer_id(None).await.unwrap().producer_id;
            assert!(seen.insert(id), "{id} was given out before");
        }
        broker = match end {
            0 => broker.restart().await,
            1 => broker.kill().await,
            _ => broker.power_loss(end).await,
        };
    }
}

#[tokio::test]
async fn batches_without_a_producer_are_not_numbered() {
    let (_broker, mut client, _) = with_producer().await;
    let same = batch(&["a"]);
    for offset in 0..3 {
        assert_eq!(calls::append(&mut client, "t", 0, &same).await, offset);
    }
}

#[tokio::test]
async fn a_producer_without_transactions_gets_a_new_id_whatever_it_had() {
    let (_broker, mut client, id) = with_producer().await;
    for (producer_id, producer_epoch) in [(id, 0), (id, i16::MAX), (4711, 3), (-1, -1)] {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id,
            producer_epoch,
            ..InitProducerIdRequest::default()
        };
        let frame = client.call(&request, 4).await.unwrap();
        let response: InitProducerIdResponse = frame.decode().unwrap();
        assert_eq!((response.error_code, response.producer_epoch), (0, 0));
        assert!(response.producer_id > id, "{} for {producer_id}", response.producer_id);
    }
}
