use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use broker_log::io::memory_disk::ManualClock;
use object_store::path::Path;

use super::*;
use crate::seams::Blocking;
use crate::store_error::StoreErrorKind;
use crate::test_bucket::Numbered;

#[test]
fn secrets_are_not_printed() {
    let settings = StoreSettings {
        credentials: Some(Credentials {
            id: "id".to_owned(),
            secret: Secret("hush".to_owned()),
            token: Some(Secret("hush".to_owned())),
        }),
        environment: vec![("AWS_SECRET_ACCESS_KEY".to_owned(), "hush".to_owned())],
        ..StoreSettings::default()
    };
    let told = format!("{settings:?}");
    assert!(told.contains("AWS_SECRET_ACCESS_KEY") && !told.contains("hush"), "{told}");
}

#[test]
fn only_a_providers_own_names_count_for_it() {
    let environment = ["AWS_REGION", "GOOGLE_BUCKET", "AWS_NO_SUCH_SETTING", "PATH"];
    let mut environment: Vec<_> = environment.map(|name| (name.to_owned(), "x".to_owned())).to_vec();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), String::new()));
    let settings = StoreSettings { environment, ..StoreSettings::default() };
    let known = provider_settings::<AmazonS3ConfigKey>(&settings, "AWS_");
    assert_eq!(known, [(AmazonS3ConfigKey::Region, "x".to_owned())]);
}

/// Answers one request with 403; gives its first line and headers in lower case.
fn server() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let head = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let lines = request.by_ref().lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        // What is not read would reset the connection before the answer is.
        request.read_exact(&mut [0; b"bytes".len()]).unwrap();
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        head.join("\n").to_lowercase()
    });
    (format!("http://{address}"), head)
}

/// What a server is sent when an object is written.
async fn sent(url: &str, settings: impl FnOnce(String) -> StoreSettings) -> String {
    let (endpoint, head) = server();
    let clock = Arc::new(ManualClock::new(0));
    let env = Env { clock, random: Arc::<Numbered>::default(), blocking: Blocking::Inline };
    let settings = settings(endpoint);
    let store = connect(&RemoteUrl::parse(url).unwrap(), &settings, StoreLimits::default(), env).unwrap();
    let error = store.create(&Path::from("key"), "bytes".into()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
    head.join().unwrap()
}

fn environment(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "somewhere")];

/// SHA-256 of "bytes".
const SUM: &str = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9";

#[tokio::test]
async fn an_endpoint_of_the_environment_may_be_plain_http_and_the_payload_is_signed_there() {
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"] {
        let head = sent("s3://bucket", |endpoint| {
            // This machine too, but its name does not say so.
            let endpoint = endpoint.replace("127.0.0.1", "0.0.0.0");
            let environment = environment(&[&KEYS[..], &[(name, &endpoint)]].concat());
            StoreSettings { environment, ..StoreSettings::default() }
        });
        let head = head.await;
        assert!(head.starts_with("put /bucket/key "), "{head}");
        assert!(head.contains(&format!("x-amz-content-sha256: {SUM}")), "{head}");
    }
}

#[tokio::test]
async fn a_payload_is_signed_on_the_way_to_this_machine_only_where_asked_for() {
    for (unsigned, expected) in
        [(None, "unsigned-payload"), (Some("false"), SUM), (Some("true"), "unsigned-payload")]
    {
        let head = sent("s3://bucket", |endpoint| {
            let asked = unsigned.map(|value| ("AWS_UNSIGNED_PAYLOAD", value));
            let all: Vec<_> = KEYS.into_iter().chain(asked).collect();
            StoreSettings {
                endpoint: Some(endpoint),
                environment: environment(&all),
                ..StoreSettings::default()
            }
        });
        let head = head.await;
        assert!(head.contains(&format!("x-amz-content-sha256: {expected}")), "{unsigned:?}: {head}");
    }
}

#[test]
fn what_is_on_this_machine_is_told_by_its_name() {
    for endpoint in [
        "http://127.0.0.1:9000",
        "http://127.9.9.9",
        "HTTP://LocalHost:80/x",
        "http://[::1]:9000",
        "http://[::1]",
    ] {
        assert!(is_loopback(endpoint), "{endpoint}");
    }
    for endpoint in [
        "",
        "http://10.0.0.1:9000",
        "http://localhost.example.org",
        "http://[::2]:1",
        "http://store/127.0.0.1",
    ] {
        assert!(!is_loopback(endpoint), "{endpoint}");
    }
}

#[tokio::test]
async fn an_explicit_endpoint_wins_against_those_of_the_environment() {
    let elsewhere = "https://elsewhere.invalid";
    let others = [("AWS_ENDPOINT_URL", elsewhere), ("AWS_ENDPOINT_URL_S3", elsewhere)];
    let head = sent("s3://bucket", |endpoint| StoreSettings {
        endpoint: Some(endpoint),
        environment: environment(&[&KEYS[..], &others].concat()),
        ..StoreSettings::default()
    });
    assert!(head.await.starts_with("put /bucket/key "));
}

#[tokio::test]
async fn other_providers_may_be_asked_by_plain_http_too() {
    let head = sent("az://container", |endpoint| {
        let endpoint = format!("{endpoint}/account");
        let key = ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0");
        let all = [("AZURE_STORAGE_ACCOUNT_NAME", "account"), key, ("AZURE_STORAGE_ENDPOINT", &endpoint)];
        StoreSettings { environment: environment(&all), ..StoreSettings::default() }
    });
    assert!(head.await.starts_with("put /account/container/key "));
    let head = sent("gs://bucket", |endpoint| {
        let key = r#"{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true}"#;
        let all = [("GOOGLE_BASE_URL", endpoint.as_str()), ("GOOGLE_SERVICE_ACCOUNT_KEY", key)];
        StoreSettings { environment: environment(&all), ..StoreSettings::default() }
    });
    assert!(head.await.starts_with("put /bucket/key "));
}

#[test]
fn what_no_request_can_be_sent_to_is_refused_wherever_it_was_set() {
    let refused = |url: &str, settings: &StoreSettings| {
        let clock = Arc::new(ManualClock::new(0));
        let env = Env { clock, random: Arc::<Numbered>::default(), blocking: Blocking::Inline };
        let url = RemoteUrl::parse(url).unwrap();
        connect(&url, settings, StoreLimits::default(), env).map(drop).unwrap_err().to_string()
    };
    let of = |all: &[(&str, &str)]| StoreSettings {
        environment: environment(&[&KEYS[..], all].concat()),
        ..StoreSettings::default()
    };
    let bad = "127.0.0.1:5592";
    for (url, name) in [
        ("s3://bucket", "AWS_ENDPOINT_URL"),
        ("s3://bucket", "AWS_ENDPOINT_URL_S3"),
        ("gs://bucket", "GOOGLE_BASE_URL"),
        ("az://container", "AZURE_STORAGE_ENDPOINT"),
    ] {
        let told = refused(url, &of(&[(name, bad)]));
        assert!(told.contains("has to be http://host:port"), "{name}: {told}");
    }
    let told = refused("s3://bucket", &StoreSettings { endpoint: Some(bad.to_owned()), ..of(&[]) });
    assert!(told.contains("has to be http://host:port"), "{told}");
    let told = refused("s3://bucket", &of(&[("AWS_REGION", "some where")]));
    assert!(told.contains("the name of a region"), "{told}");
}

#[tokio::test]
async fn a_store_can_be_asked_with_credentials_that_nobody_has() {
    let session = [("AWS_SESSION_TOKEN", "hush"), ("AWS_ROLE_ARN", "hush")];
    let head = sent("s3://bucket", |endpoint| {
        let environment = environment(&[&KEYS[..], &session, &[("AWS_ENDPOINT_URL", &endpoint)]].concat());
        let settings = StoreSettings { environment, ..StoreSettings::default() };
        settings.of_nobody(&Location::S3("bucket".to_owned())).unwrap()
    });
    let head = head.await;
    assert!(head.contains("credential=nobodyhasthiskey/") && head.contains("/somewhere/s3/"), "{head}");
    assert!(!head.contains("hush"), "{head}");
    let anybody = StoreSettings::default();
    assert!(anybody.of_nobody(&Location::File("/tmp".into())).is_none());
}

/// fault = 45
#[tokio::test]
async fn files_that_a_crash_has_left_half_written_in_a_directory_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("cluster/t/topic/seg");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["whole", "staged#1", "foreign#name"] {
        std::fs::write(folder.join(name), "bytes").unwrap();
    }
    let url = RemoteUrl::parse(&format!("file://{}", directory.path().display())).unwrap();
    let clock = Arc::new(ManualClock::new(0));
    let env = Env { clock, random: Arc::<Numbered>::default(), blocking: Blocking::Inline };
    let store = connect(&url, &StoreSettings::default(), StoreLimits::default(), env).unwrap();
    let aborted = async |prefix: &str, before_ms| store.abort_uploads(&Path::from(prefix), before_ms).await;
    assert_eq!(
        aborted("cluster/t", crate::test_bucket::now_ms() - 60_000).await,
        Ok(0),
        "it may be under way"
    );
    assert_eq!(aborted("elsewhere", i64::MAX).await, Ok(0));
    assert_eq!(aborted("cluster/t", i64::MAX).await, Ok(1));
    assert!(!folder.join("staged#1").exists());
    assert!(folder.join("whole").exists() && folder.join("foreign#name").exists());
}
