//! A bucket alone, its time moved by hand.

use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutResult};
use tokio::time::{Duration, timeout};

use super::*;

struct Alone {
    bucket: Bucket,
    clock: Arc<SimClock>,
}

impl Alone {
    fn new(weather: &[(Trouble, u64)]) -> Alone {
        let clock = Arc::new(SimClock::default());
        let weather = weather.iter().map(|&(trouble, until_ms)| Weather {
            trouble,
            from_ms: 0,
            until_ms,
            percent: 100,
        });
        let bucket = Bucket::new(Arc::clone(&clock), Rng::new(1, 1), (1, 5), weather.collect());
        Alone { bucket, clock }
    }

    fn pass(&self, ms: u64) {
        for _ in 0..ms {
            self.clock.set_elapsed_ms(self.clock.elapsed_ms() + 1);
            self.bucket.tick();
        }
    }

    /// What a request comes to within so many milliseconds; `None` if there is no answer.
    async fn within<T>(&self, ms: u64, request: impl Future<Output = Result<T>>) -> Option<Result<T>> {
        let mut request = std::pin::pin!(request);
        for _ in 0..ms {
            if let Ok(answer) = timeout(Duration::from_micros(1), &mut request).await {
                return Some(answer);
            }
            self.pass(1);
        }
        timeout(Duration::from_micros(1), request).await.ok()
    }

    async fn create(&self, name: &str, bytes: &'static str) -> Option<Result<PutResult>> {
        let path = Path::from(name);
        self.within(100, self.bucket.put_opts(&path, bytes.into(), PutMode::Create.into())).await
    }

    fn holds(&self, name: &str) -> bool {
        self.bucket.content(&Path::from(name)).is_some()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_read_back() {
    let alone = Alone::new(&[]);
    alone.create("a/1", "one").await.unwrap().unwrap();
    assert!(matches!(alone.create("a/1", "two").await, Some(Err(Error::AlreadyExists { .. }))));
    let path = Path::from("a/1");
    let got = alone.within(100, alone.bucket.get_range(&path, 1..3)).await.unwrap();
    assert_eq!(got.unwrap(), "ne");
    let listed = alone.within(100, alone.bucket.list_with_delimiter(None)).await.unwrap().unwrap();
    assert_eq!((listed.common_prefixes, listed.objects.len()), (vec![Path::from("a")], 0));
    alone.within(100, alone.bucket.delete(&path)).await.unwrap().unwrap();
    assert!(!alone.holds("a/1") && !alone.bucket.has_strays());
}

#[tokio::test(start_paused = true)]
async fn a_store_says_other_than_it_has_done() {
    for (trouble, stored, answered) in [
        (Trouble::Refused, false, true),
        (Trouble::DoneThenError, true, true),
        (Trouble::AnswerLost, true, false),
        (Trouble::FalseConflict, false, true),
        (Trouble::OwnConflict, true, true),
        (Trouble::Hung, false, false),
        (Trouble::Throttled, false, true),
        (Trouble::Outage, false, true),
    ] {
        let alone = Alone::new(&[(trouble, 1_000)]);
        let answer = alone.create("a", "x").await;
        assert_eq!((alone.holds("a"), answer.is_some()), (stored, answered), "{trouble:?}");
        assert!(answer.is_none_or(|answer| answer.is_err()), "{trouble:?}");
        assert_eq!(alone.bucket.troubles()[trouble.index()], 1, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_request_lands_when_nobody_waits() {
    let alone = Alone::new(&[(Trouble::Late, 1_000)]);
    assert!(alone.create("a", "x").await.is_none());
    assert!(!alone.holds("a") && alone.bucket.has_strays());
    alone.pass(LATE_MS.1);
    assert!(alone.holds("a"));
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_leaves_parts_and_requests() {
    let alone = Alone::new(&[]);
    let path = Path::from("c/t/seg/x");
    let mut upload = alone.within(100, alone.bucket.put_multipart(&path)).await.unwrap().unwrap();
    alone.within(100, upload.put_part("part".into())).await.unwrap().unwrap();
    let mut waits = Vec::new();
    for number in 0..100 {
        let ask = Ask::Put { path: Path::from(format!("seg/{number}")), bytes: Bytes::new(), create: false };
        waits.push(alone.bucket.begin(ask));
    }
    alone.bucket.process_died();
    assert_eq!(alone.bucket.left_uploads(), 1);
    alone.pass(LATE_MS.1);
    let arrived = alone.bucket.contents().len();
    assert!((20..80).contains(&arrived), "{arrived} of 100 arrived");
    assert!(waits.iter_mut().all(|wait| wait.try_recv().is_err()));
}

#[tokio::test(start_paused = true)]
async fn work_is_told_by_what_is_asked_for() {
    let alone = Alone::new(&[]);
    let bucket = alone.bucket.clone();
    let folder = format!("c/t/topic/{:020}", 0);
    let listing = bucket.begin(Ask::List { prefix: Path::from(folder.as_str()), behind: None });
    let seg = Path::from(format!("{folder}/seg/x"));
    let put = bucket.begin(Ask::Put { path: seg, bytes: Bytes::new(), create: false });
    assert!(bucket.is_working(Work::Scrub) && bucket.is_working(Work::Copy));
    assert!(!bucket.is_working(Work::Publish) && !bucket.is_working(Work::Delete));
    drop(listing);
    assert!(!bucket.is_working(Work::Scrub));
    alone.pass(20);
    drop(put);
    assert!(!bucket.is_working(Work::Copy));
}
