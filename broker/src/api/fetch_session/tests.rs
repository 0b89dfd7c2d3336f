//! Sessions and their cache, without a broker.

use super::*;
use crate::env::SystemRandom;

fn target(topic: &str, partition: i32) -> Target {
    Target {
        topic: topic.into(),
        topic_id: TopicId::ZERO,
        partition,
        offset: Offset(0),
        leader_epoch: LeaderEpoch::NONE,
        last_fetched_epoch: LeaderEpoch::NONE,
        bytes_max: 1,
        told: Told::default(),
        registered: None,
    }
}

fn key(partition: i32) -> Key {
    Key::new(TopicId::ZERO, &"t".into(), partition)
}

#[test]
fn a_forgotten_partition_leaves_the_others_in_place() {
    let mut session = Session::default();
    for partition in 0..4 {
        session.put(target("t", partition));
    }
    session.first = 3;
    // One of them is not there, one is named twice.
    session.forget([key(1), key(7), key(0), key(1)]);
    assert_eq!(session.targets[session.first].partition, 3);
    session.put(Target { offset: Offset(7), ..target("t", 3) });
    session.put(target("t", 1));
    let left: Vec<_> = session.targets.iter().map(|t| (t.partition, t.offset.0)).collect();
    assert_eq!(left, [(2, 0), (3, 7), (1, 0)]);
}

#[test]
fn requests_begin_in_the_order_of_their_epochs_and_none_twice() {
    let mut session = Session::new(false);
    assert_eq!(session.begin(2, false), Err(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(session.begin(1, true), Err(ErrorCode::FetchSessionTopicIdError));
    assert_eq!(session.begin(1, false), Ok(()));
    assert_eq!(session.begin(1, false), Err(ErrorCode::InvalidFetchSessionEpoch));
    session.next_epoch = i32::MAX;
    assert_eq!(session.begin(i32::MAX, false), Ok(()));
    assert_eq!(session.next_epoch, 1, "0 and -1 are full fetches");
}

#[test]
fn very_many_partitions_are_forgotten_in_one_pass() {
    const COUNT: i32 = 200_000;
    let mut session = Session::default();
    for partition in 0..COUNT {
        session.put(target("t", partition));
    }
    session.forget((0..COUNT).filter(|partition| *partition != 77).map(key));
    let left: Vec<_> = session.targets.iter().map(|t| t.partition).collect();
    assert_eq!(left, [77]);
}

#[test]
fn a_topic_named_by_its_id_is_forgotten_also_when_its_name_is_not_known_any_more() {
    let mut session = Session::new(true);
    let topic_id = TopicId(broker_protocol::types::Uuid::from_u128(7));
    session.put(Target { topic_id, ..target("t", 0) });
    session.put(Target { topic_id, ..target("", 0) });
    assert_eq!(session.targets.len(), 1);
    session.forget([Key::new(topic_id, &"".into(), 0)]);
    assert_eq!(session.targets.len(), 0);
}

/// What the names take that a session really holds, in its list and in its table.
fn held_name_bytes(session: &Session) -> usize {
    let mut seen = HashSet::new();
    let in_list = session.targets.iter().map(|target| &target.topic);
    let in_table = session.places.keys().filter_map(|key| key.topic.as_ref());
    let names = in_list.chain(in_table).filter(|name| seen.insert(Arc::as_ptr(name).cast::<u8>()));
    names.map(|name| name.len() + NAME_OVERHEAD).sum()
}

/// fault = 80
#[test]
fn names_that_are_told_again_take_no_more_than_is_counted() {
    let name = "x".repeat(200);
    let mut session = Session::new(false);
    // As one request names them: with one copy of the name.
    let first = target(&name, 0);
    session.put(Target { partition: 1, ..first.clone() });
    session.put(first);
    let bytes = session.bytes();
    for partition in [0, 1, 0] {
        session.put(Target { offset: Offset(7), ..target(&name, partition) });
        assert_eq!(session.name_bytes, held_name_bytes(&session));
    }
    assert_eq!(session.bytes(), bytes);
    assert!(session.targets.iter().all(|target| target.offset == Offset(7)));
}

#[test]
fn a_name_that_becomes_known_of_a_topic_id_is_counted() {
    let topic_id = TopicId(broker_protocol::types::Uuid::from_u128(7));
    let mut session = Session::new(true);
    for name in ["", "a-name", ""] {
        for partition in [0, 1] {
            session.put(Target { topic_id, ..target(name, partition) });
            assert_eq!(session.name_bytes, held_name_bytes(&session));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_drops_the_longest_idle_session_only_after_two_minutes() {
    let sessions = FetchSessions::new(1, Arc::new(SystemRandom));
    let start = Instant::now();
    let (first, _) = sessions.create(Session::default(), start).unwrap();
    assert!(sessions.create(Session::default(), start + Duration::from_secs(60)).is_err());
    assert!(sessions.create(Session::default(), start + Duration::from_secs(121)).is_ok());
    assert!(sessions.get(first, start).is_none());
}

fn session_of(partitions: i32) -> Session {
    let mut session = Session::default();
    for partition in 0..partitions {
        session.put(target("t", partition));
    }
    session
}

fn grow(session: &Mutex<Session>, partitions: i32) {
    for partition in 0..partitions {
        session.lock().put(target("t", partition));
    }
}

/// fault = 80
#[tokio::test(start_paused = true)]
async fn sessions_of_many_partitions_fill_the_cache_as_many_sessions_do() {
    let room = session_of(1000).bytes();
    let sessions = FetchSessions::within(room, 100, Arc::new(SystemRandom));
    let start = Instant::now();
    assert_eq!(sessions.create(session_of(3000), start).unwrap_err().targets.len(), 3000);
    let (first, _) = sessions.create(session_of(400), start).unwrap();
    assert!(sessions.create(session_of(900), start + Duration::from_secs(60)).is_err());
    assert!(sessions.create(session_of(10), start + Duration::from_secs(60)).is_ok());
    assert!(sessions.get(first, start).is_some());
    assert!(sessions.create(session_of(700), start + Duration::from_secs(121)).is_ok());
    assert!(sessions.get(first, start).is_none());
}

/// fault = 80
#[test]
fn a_session_that_grows_beyond_the_room_is_ended_and_one_that_shrinks_makes_room() {
    let now = Instant::now();
    let sessions = FetchSessions::within(session_of(1000).bytes(), 100, Arc::new(SystemRandom));
    let (first, shared) = sessions.create(session_of(400), now).unwrap();
    let (second, other) = sessions.create(session_of(100), now).unwrap();
    shared.lock().put(target("t", 400));
    assert!(sessions.recount(first, &mut shared.lock()));
    grow(&other, 3000);
    assert!(!sessions.recount(second, &mut other.lock()));
    assert!(sessions.get(second, now).is_none());
    drop(other);
    shared.lock().forget((1..401).map(key));
    assert!(sessions.recount(first, &mut shared.lock()));
    assert!(sessions.create(session_of(800), now).is_ok());
}

/// fault = 80
#[test]
fn a_session_that_is_ended_while_a_fetch_waits_counts_until_that_is_over() {
    let now = Instant::now();
    let sessions = FetchSessions::within(session_of(1000).bytes(), 100, Arc::new(SystemRandom));
    let (id, waits) = sessions.create(session_of(400), now).unwrap();
    sessions.remove(id);
    assert!(sessions.get(id, now).is_none());
    assert!(sessions.create(session_of(900), now).is_err());
    drop(waits);
    assert!(sessions.create(session_of(900), now).is_ok());
}

/// fault = 80
#[test]
fn a_session_that_grows_after_it_was_ended_is_counted() {
    let now = Instant::now();
    let sessions = FetchSessions::within(session_of(1000).bytes(), 100, Arc::new(SystemRandom));
    let (id, waits) = sessions.create(session_of(100), now).unwrap();
    sessions.remove(id);
    grow(&waits, 400);
    assert!(sessions.recount(id, &mut waits.lock()));
    assert!(sessions.create(session_of(900), now).is_err());
    grow(&waits, 3000);
    assert!(!sessions.recount(id, &mut waits.lock()));
    drop(waits);
    assert!(sessions.create(session_of(900), now).is_ok());
}

/// fault = 80
#[test]
fn no_idle_session_is_dropped_for_one_that_does_not_fit_then_either() {
    let start = Instant::now();
    let later = start + Duration::from_secs(121);
    let room = 2 * session_of(100).bytes() + session_of(400).bytes();
    let sessions = FetchSessions::within(room, 100, Arc::new(SystemRandom));
    let (idle, _) = sessions.create(session_of(100), start).unwrap();
    let (waited_on, waits) = sessions.create(session_of(100), start).unwrap();
    let (in_use, _) = sessions.create(session_of(400), later).unwrap();
    assert!(sessions.create(session_of(400), later).is_err());
    assert_eq!(sessions.len(), 3);
    // To drop one that a fetch waits on would give no memory back.
    assert!(sessions.create(session_of(100), later).is_ok());
    assert!(sessions.get(idle, later).is_none());
    assert!(sessions.get(waited_on, later).is_some() && sessions.get(in_use, later).is_some());
    drop(waits);
}

#[test]
fn sessions_of_two_starts_of_a_broker_share_no_id() {
    let now = Instant::now();
    let ids = |sessions: &FetchSessions| -> HashSet<i32> {
        (0..100).map(|_| sessions.create(Session::default(), now).unwrap().0).collect()
    };
    let start = || FetchSessions::new(100, Arc::new(SystemRandom));
    let (first, second) = (ids(&start()), ids(&start()));
    assert!(first.iter().chain(&second).all(|id| *id > 0));
    // Of 100 random ids two sets of 100 share more than one in less than one of 10^10 cases.
    assert!(first.intersection(&second).count() < 2);
}
