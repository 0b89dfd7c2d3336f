use std::future::{pending, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use broker_log::io::memory_disk::ManualClock;
use broker_tier::faulty_store::{Answer, Effect, FaultyStore, Operation, Rule};
use broker_tier::keys::Prefix;
use broker_tier::store::Store;
use futures_util::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::*;

/// A bucket in memory that misbehaves as told, and a workspace in it.
struct Bucket {
    inner: Arc<InMemory>,
    faulty: Arc<FaultyStore>,
    /// What those meet whose credentials nobody has.
    barred: Arc<FaultyStore>,
    clock: Arc<ManualClock>,
    workspace: Workspace,
}

fn bucket() -> Bucket {
    let inner = Arc::new(InMemory::new());
    let faulty = Arc::new(FaultyStore::new(inner.clone()));
    let barred = Arc::new(FaultyStore::new(inner.clone()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let clock = Arc::new(ManualClock::new(i64::try_from(now.as_millis()).unwrap()));
    let env = Env { clock: clock.clone(), random: Arc::new(SystemRandom), blocking: Blocking::Inline };
    let store = |faulty: &Arc<FaultyStore>| Store::new(faulty.clone(), faulty.clone(), env.clone(), limits());
    let below = Prefix::parse("some/where").unwrap();
    let workspace = Workspace::new(Arc::new(store(&faulty)), Some(store(&barred)), &below, None).unwrap();
    barred.next(Operation::Get, "", u32::MAX, Effect::Fail(Answer::Denied));
    Bucket { inner, faulty, barred, clock, workspace }
}

impl Bucket {
    async fn objects(&self) -> usize {
        self.inner.list(None).try_collect::<Vec<_>>().await.unwrap().len()
    }

    async fn attempt(&self, name: &str) -> Result<Outcome> {
        let promise = PROMISES.iter().find(|promise| promise.name == name).unwrap();
        (promise.attempt)(&self.workspace).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_store_keeps_every_promise_and_nothing_is_left_of_it() {
    let bucket = bucket();
    check(&bucket.workspace, PROMISES, pending()).await.unwrap();
    assert!(bucket.objects().await > 1000);
    bucket.workspace.clean().await.unwrap();
    assert_eq!(bucket.objects().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_keeps_every_promise_and_nothing_is_left_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let workspace = open(&BucketCheckArguments { url, endpoint: None, region: None }).unwrap();
    check(&workspace, PROMISES, pending()).await.unwrap();
    workspace.clean().await.unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn an_address_that_is_none_is_refused_by_its_argument() {
    let arguments = |endpoint: Option<&str>, region: Option<&str>| BucketCheckArguments {
        url: "s3://bucket".to_owned(),
        endpoint: endpoint.map(str::to_owned),
        region: region.map(str::to_owned),
    };
    let told = format!("{:#}", open(&arguments(Some("127.0.0.1:9000"), None)).err().unwrap());
    assert!(told.starts_with("--endpoint: "), "{told}");
    let told = format!("{:#}", open(&arguments(None, Some("a b"))).err().unwrap());
    assert!(told.starts_with("--region: "), "{told}");
}

/// Which request of a promise is answered how, and what is then told.
const BROKEN: &[(&str, Operation, Effect, &str)] = &[
    ("answers", Operation::List, Effect::Fail(Answer::Missing), "no such bucket"),
    ("answers", Operation::List, Effect::Fail(Answer::Denied), "credentials"),
    ("self-test", Operation::Create, Effect::IgnoreCondition, "ignores conditional writes"),
    ("create-if-absent", Operation::Create, Effect::IgnoreCondition, "If-None-Match"),
    ("create-over", Operation::Create, Effect::IgnoreCondition, "If-None-Match"),
    ("create-race", Operation::Create, Effect::IgnoreCondition, "16 of 16 creates"),
    ("put-at-once", Operation::Put, Effect::Fail(Answer::Full), "want of room"),
    ("put-at-once", Operation::Get, Effect::FlipByte(7_000_000), "CRC"),
    ("put-in-parts", Operation::Begin, Effect::Fail(Answer::ServerError), "begin upload"),
    ("put-in-parts", Operation::Complete, Effect::Fail(Answer::NoSuchUpload), "complete upload"),
    ("put-in-parts", Operation::Get, Effect::FlipByte(9), "CRC"),
    ("upload-given-up", Operation::Abort, Effect::CompleteInstead, "has made an object"),
    ("missing", Operation::Get, Effect::Fail(Answer::Denied), "must not list"),
    ("missing", Operation::Get, Effect::Fail(Answer::ServerError), "500"),
    ("read-after-write", Operation::Put, Effect::OnlySay, "right after a write"),
    ("read-after-write", Operation::Get, Effect::FlipByte(500), "other bytes"),
    ("read-after-write", Operation::List, Effect::EmptyList, "lacks what was just written"),
    ("delete", Operation::Delete, Effect::OnlySay, "shows a deleted object"),
    ("delete", Operation::Delete, Effect::Fail(Answer::ServerError), "500"),
    ("ranges", Operation::Get, Effect::FlipByte(0), "other bytes for the range"),
    ("ranges", Operation::Get, Effect::CutShort(4000), "0..4096"),
    ("list-pages", Operation::List, Effect::ShortList(1000), "1000 of 1100 objects"),
    ("list-folders", Operation::List, Effect::ShortList(1000), "1000 folders"),
    ("keys", Operation::List, Effect::ShortList(3), "3 of 6 keys"),
    ("keys", Operation::Create, Effect::OnlySay, "is not there"),
    ("latency", Operation::Get, Effect::Fail(Answer::Silence), "no answer"),
    ("throughput", Operation::Part, Effect::Fail(Answer::SlowDown), "SlowDown"),
];

#[tokio::test(start_paused = true)]
async fn a_promise_that_is_broken_fails_alone() {
    for &(name, operation, effect, told) in BROKEN {
        let folder = if name.starts_with("list-") { "listings" } else { name };
        let path = if name == "answers" { String::new() } else { format!("/{folder}") };
        let broken = || {
            let bucket = bucket();
            bucket.faulty.next(operation, &path, u32::MAX, effect);
            bucket
        };
        let error = broken().attempt(name).await;
        let error = error.map(|kept| format!("{name} {effect:?}: {kept:?}")).unwrap_err();
        assert!(format!("{error:#}").contains(told), "{name} {effect:?}: {error:#}");
        let bucket = broken();
        let error = check(&bucket.workspace, PROMISES, pending()).await.unwrap_err().to_string();
        let failed = if folder == "listings" { "list-pages, list-folders" } else { name };
        assert!(error.ends_with(&format!("needs: {failed}")), "{name} {effect:?}: {error}");
        bucket.faulty.heal();
        bucket.workspace.clean().await.unwrap();
        assert_eq!(bucket.objects().await, 0, "{name} {effect:?}");
    }
}

#[test]
fn every_promise_is_seen_to_fail() {
    // The other two are below.
    let seen = |name: &str| BROKEN.iter().any(|(broken, ..)| *broken == name);
    let unseen: Vec<&str> = PROMISES.iter().map(|promise| promise.name).filter(|name| !seen(name)).collect();
    assert_eq!(unseen, ["clock", "wrong-credentials"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_for_what_is_gone_is_told() {
    let bucket = bucket();
    let effect = Effect::Fail(Answer::ServerError);
    let rule =
        Rule { operation: Operation::Delete, path: "/delete".into(), after: 1, times: u32::MAX, effect };
    bucket.faulty.plan(rule);
    let error = bucket.attempt("delete").await.unwrap_err();
    assert!(format!("{error:#}").contains("a second time"), "{error:#}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_is_told() {
    let bucket = bucket();
    bucket.clock.advance(Duration::from_secs(3600));
    let error = bucket.attempt("clock").await.unwrap_err();
    assert!(error.to_string().contains("behind"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_have_to_be_told_as_such_unless_nobody_looks_at_them() {
    let bucket = bucket();
    let told = bucket.attempt("wrong-credentials").await.unwrap();
    assert!(matches!(&told, Outcome::Kept(told) if told.contains("credentials")), "{told:?}");
    bucket.barred.heal();
    let told = bucket.attempt("wrong-credentials").await.unwrap();
    assert!(matches!(told, Outcome::Skipped(_)), "{told:?}");
    bucket.barred.next(Operation::Get, "", u32::MAX, Effect::Fail(Answer::ServerError));
    let error = bucket.attempt("wrong-credentials").await.unwrap_err();
    assert!(error.to_string().contains("another error"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_asked_for_nothing_else() {
    let bucket = bucket();
    bucket.faulty.next(Operation::List, "", u32::MAX, Effect::Fail(Answer::Silence));
    let error = check(&bucket.workspace, PROMISES, pending()).await.unwrap_err().to_string();
    assert!(error.ends_with("needs: answers"), "{error}");
    assert_eq!(bucket.faulty.seen(Operation::Create, "") + bucket.faulty.seen(Operation::Put, ""), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_interrupted_removes_what_it_wrote() {
    let bucket = bucket();
    // In the middle of a thousand objects, when listings show nothing.
    bucket.faulty.next(Operation::List, "listings", u32::MAX, Effect::EmptyList);
    let stop = async {
        while bucket.faulty.seen(Operation::Put, "listings") < 500 {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    };
    let slow = Effect::Slow(Duration::from_millis(1));
    bucket.faulty.next(Operation::Put, "listings", u32::MAX, slow);
    let error = check(&bucket.workspace, PROMISES, stop).await.unwrap_err().to_string();
    assert!(error.contains("interrupted"), "{error}");
    assert!(bucket.objects().await >= 400);
    bucket.workspace.clean().await.unwrap();
    assert_eq!(bucket.objects().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_interrupted_leaves_no_object() {
    let bucket = bucket();
    bucket.faulty.next(Operation::Part, "throughput", u32::MAX, Effect::Fail(Answer::Silence));
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let last = &PROMISES[PROMISES.len() - 1..];
    assert!(check(&bucket.workspace, last, stop).await.is_err());
    bucket.workspace.clean().await.unwrap();
    assert_eq!(bucket.faulty.seen(Operation::Abort, "throughput"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_removed_is_told() {
    let bucket = bucket();
    bucket.faulty.next(Operation::Delete, "latency", u32::MAX, Effect::Fail(Answer::Denied));
    bucket.attempt("latency").await.unwrap();
    let error = bucket.workspace.clean().await.unwrap_err().to_string();
    assert!(error.contains("20 objects") && error.contains("some/where/bucket-check-"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_promise_without_an_end_is_given_up() {
    fn forever(_: &Workspace) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(pending())
    }
    let promises = [Promise { name: "forever", tried: "nothing", attempt: forever }];
    let error = check(&bucket().workspace, &promises, pending()).await.unwrap_err().to_string();
    assert!(error.ends_with("needs: forever"), "{error}");
    let error = check(&bucket().workspace, &promises, ready(())).await.unwrap_err().to_string();
    assert!(error.contains("interrupted"), "{error}");
}

#[test]
fn a_line_tells_what_was_tried_and_found() {
    let line = |ended: Result<Outcome>| {
        let promise = Promise { name: "delete", tried: "deleting", attempt: |_| Box::pin(pending()) };
        Line { promise: &promise, ended: &ended, took: Duration::from_millis(1234) }.to_string()
    };
    assert_eq!(line(Ok(Outcome::Kept(String::new()))), "delete             OK         1.23 s  deleting");
    assert_eq!(line(Ok(Outcome::Skipped("no".into()))), "delete             SKIPPED    1.23 s  deleting: no");
    let failed = anyhow!("why").context("what");
    assert_eq!(line(Err(failed)), "delete             FAILED     1.23 s  deleting: what: why");
}
