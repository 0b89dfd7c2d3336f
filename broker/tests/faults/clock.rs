//! A wall clock that jumps, ahead and back: nothing acknowledged goes, offsets go on, nobody is sent away.

use broker_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use crate::harness::batches::{base_time_ms, batch, batch_at, numbered};
use crate::harness::{TestBroker, calls, groups, within};

const HOUR_MS: i64 = 3_600_000;

/// By how much the clock is wrong, one after the other.
const JUMPS_MS: [i64; 5] = [HOUR_MS, -HOUR_MS, 12 * HOUR_MS, -12 * HOUR_MS, 0];

/// Runs what the broker does once a second, at its own time.
fn maintain(broker: &TestBroker) {
    let ctx = broker.context();
    ctx.replicas.maintain(ctx.env.clock.now_ms());
}

/// fault = 65
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_and_offsets_outlive_jumps_of_the_clock_and_restarts_in_them() {
    let mut broker = TestBroker::start_in_memory(&["log.retention.check.interval.ms=1"]).await;
    let mut client = broker.client().await;
    // The producer's clock is right; how wrong the broker's is does not make its records too young.
    let settings = [("segment.ms", "60000"), ("message.timestamp.after.max.ms", "9223372036854775807")];
    calls::create_topic(&mut client, "t", 1, &settings).await;
    let producer = client.init_producer_id(None).await.unwrap().producer_id;
    let mut end = 0;
    for (round, jump_ms) in (0..).zip(JUMPS_MS) {
        broker.clock().set_wrong_by(jump_ms);
        assert_eq!(calls::append(&mut client, "t", 0, &batch(&["a", "b"])).await, end);
        assert_eq!(calls::append(&mut client, "t", 0, &numbered(producer, 0, round, &["c"])).await, end + 2);
        maintain(&broker);
        end += 3;
        groups::commit(&mut client, "readers", ("t", 0), end).await;
        broker = if round % 2 == 0 { broker.kill().await } else { broker.restart().await };
        client = broker.client().await;
        maintain(&broker);
        assert_eq!(calls::values(&mut client, "t", 0).await.len(), usize::try_from(end).unwrap());
        assert_eq!(groups::committed(&mut client, "readers", ("t", 0)).await.0, end);
        // Its retry is recognised, whatever time it is.
        let again = calls::append(&mut client, "t", 0, &numbered(producer, 0, round, &["c"])).await;
        assert_eq!(again, end - 1);
    }
}

/// fault = 65
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_goes_by_the_time_of_the_records_when_the_clock_is_late() {
    let broker = TestBroker::start_in_memory(&["log.retention.check.interval.ms=1"]).await;
    let mut client = broker.client().await;
    let settings = [("retention.ms", "7200000"), ("message.timestamp.after.max.ms", "9223372036854775807")];
    calls::create_topic(&mut client, "t", 1, &settings).await;
    calls::append(&mut client, "t", 0, &batch_at(base_time_ms(), &["young"])).await;
    // One hour wrong either way is less than the retention: both keep it.
    for jump_ms in [-HOUR_MS, HOUR_MS] {
        broker.clock().set_wrong_by(jump_ms);
        maintain(&broker);
        assert_eq!(calls::values(&mut client, "t", 0).await, ["young"], "wrong by {jump_ms} ms");
    }
    // A record that is old goes, though it has only just been written.
    broker.clock().set_wrong_by(0);
    calls::create_topic(&mut client, "old", 1, &settings).await;
    calls::append(&mut client, "old", 0, &batch_at(base_time_ms() - 3 * HOUR_MS, &["old"])).await;
    // Its start moves with the next commit.
    within("retention", async {
        while client.list_offset("old", 0, -2).await.unwrap().offset == 0 {
            maintain(&broker);
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// fault = 65
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_members_do_not_end_when_the_clock_jumps() {
    let broker = TestBroker::start_in_memory(&[]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    // Makes the topic of the groups.
    groups::commit(&mut client, "other", ("t", 0), 0).await;
    let member = groups::joined(&mut client, "readers").await;
    for jump_ms in JUMPS_MS {
        broker.clock().set_wrong_by(jump_ms);
        let request = HeartbeatRequest {
            group_id: "readers".into(),
            generation_id: 1,
            member_id: member.clone().into(),
            ..HeartbeatRequest::default()
        };
        let frame = within("heartbeat", client.call(&request, 3)).await.unwrap();
        assert_eq!(frame.decode::<HeartbeatResponse>().unwrap().error_code, 0, "wrong by {jump_ms} ms");
    }
}
