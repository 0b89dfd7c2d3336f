//! A broker that ends while a topic is deleted: the deletion is whole or has not begun, and nothing comes back.

use broker_log::io::Disk;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::MetadataResponse;

use crate::harness::batches::batch;
use crate::harness::{TestBroker, calls, within};

/// More operations than a deletion takes.
const OPERATIONS: u64 = 12;

/// Power losses that are tried at each operation; another try is a kill.
const SEEDS: u64 = 4;

/// Directories of the topic's partitions.
fn directories(broker: &TestBroker) -> Vec<String> {
    let entries = broker.disk().list(&broker.path()).unwrap();
    entries.into_iter().map(|entry| entry.name).filter(|name| name.starts_with("t-")).collect()
}

/// Whether nothing has happened to a directory.
fn is_whole(name: &str) -> bool {
    ["t-0", "t-1"].contains(&name)
}

/// fault = 42
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_cut_off_at_any_operation_is_whole_or_has_not_begun() {
    let mut outcomes = [0, 0];
    let tries = (1..=OPERATIONS).flat_map(|operation| (0..=SEEDS).map(move |seed| (operation, seed)));
    for (operation, seed) in tries {
        let broker = TestBroker::start_in_memory(&[]).await;
        let mut client = broker.client().await;
        let old_id = calls::create_topic(&mut client, "t", 2, &[]).await;
        calls::append(&mut client, "t", 1, &batch(&["old"])).await;
        broker.disk().with_faults(|faults| faults.cut_power_after(operation));
        let answer = calls::delete_topic(&mut client, "t").await;
        let broker = if seed == SEEDS { broker.kill().await } else { broker.power_loss(seed).await };
        let mut client = broker.client().await;
        let frame = within("metadata", client.metadata(Some(&["t"]))).await.unwrap();
        let topic = frame.decode::<MetadataResponse<'_>>().unwrap().topics.remove(0);
        let is_there = topic.error_code == ErrorCode::None.code();
        assert!(!(is_there && answer == ErrorCode::None), "it was acknowledged: {operation}, {seed}");
        outcomes[usize::from(is_there)] += 1;
        let left = directories(&broker);
        let is_right = |name: &String| if is_there { is_whole(name) } else { name.ends_with("-delete") };
        assert!(left.iter().all(is_right), "{left:?}: {operation}, {seed}");
        if is_there {
            assert_eq!(topic.topic_id, old_id.0);
            assert_eq!(calls::values(&mut client, "t", 1).await, ["old"], "{operation}, {seed}");
            assert_eq!(calls::delete_topic(&mut client, "t").await, ErrorCode::None);
        }
        let new_id = calls::create_topic(&mut client, "t", 2, &[]).await;
        assert_ne!(new_id, old_id);
        assert_eq!(calls::values(&mut client, "t", 1).await, [""; 0], "{operation}, {seed}");
        assert_eq!(calls::append(&mut client, "t", 1, &batch(&["new"])).await, 0);
    }
    assert!(outcomes.iter().all(|count| *count > 0), "both ends are met: {outcomes:?}");
}
