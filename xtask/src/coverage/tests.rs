use super::judge;
use super::marks::{Mark, Placement, of_file, placement_in};
use super::rows::List;
use super::test_log::{Outcome, TestLog};

const LOG: &str = "\
     Running unittests src/lib.rs (target/debug/deps/broker_log-0a1b)
running 3 tests
test log::tests::cut_is_found ... ok
test log::tests::slow_one ... some words of its own
FAILED
test other::left_out ... ignored, needs a disk
     Running tests/crash.rs (target/debug/deps/crash-77)
test cut_is_found ... ok
   Doc-tests broker_log
test src/lib.rs - cut_is_found (line 3) ... ok
";

fn log() -> TestLog {
    let mut log = TestLog::default();
    log.read(LOG);
    log
}

fn marks_of(text: &str) -> (Vec<Mark>, Vec<String>) {
    let place = Placement { target: "broker_log".to_owned(), module: "log".to_owned() };
    let (mut marks, mut faults) = (Vec::new(), Vec::new());
    of_file("broker/log/src/log.rs", text, Some(&place), &mut marks, &mut faults);
    (marks, faults)
}

#[test]
fn tests_of_each_program_are_read_with_their_results() {
    let log = log();
    assert_eq!(log.outcome("broker_log", "log", "cut_is_found"), Outcome::Passed);
    assert_eq!(log.outcome("broker_log", "log", "slow_one"), Outcome::Failed);
    assert_eq!(log.outcome("broker_log", "", "left_out"), Outcome::NotRun);
    assert_eq!(log.outcome("broker_log", "segment", "cut_is_found"), Outcome::NotRun);
    assert_eq!(log.outcome("crash", "", "cut_is_found"), Outcome::Passed);
    assert_eq!(log.outcome("crash", "", "is_found"), Outcome::NotRun);
}

#[test]
fn a_mark_belongs_to_the_test_below_it() {
    let (marks, faults) = marks_of("    /// fault = 36, 40\n    #[test]\n    fn cut_is_found() {}\n");
    assert_eq!(faults, [""; 0]);
    assert_eq!((marks[0].test.as_str(), marks[0].line, &marks[0].rows), ("cut_is_found", 1, &vec![36, 40]));
    let (marks, _) = marks_of("/// fault = 7\n#[tokio::test(start_paused = true)]\nasync fn waits() {}\n");
    assert_eq!(marks[0].test, "waits");
}

#[test]
fn a_test_may_carry_a_mark_of_each_list() {
    let text = "/// fault = 36\n/// tiering = 5\n#[test]\nfn cut_is_found() {}\n";
    let (marks, faults) = marks_of(text);
    assert_eq!(faults, [""; 0]);
    let found: Vec<_> = marks.iter().map(|mark| (mark.list, mark.rows[0], mark.test.as_str())).collect();
    assert_eq!(found, [(List::Faults, 36, "cut_is_found"), (List::Tiering, 5, "cut_is_found")]);
}

#[test]
fn marks_that_nobody_can_read_are_faults() {
    for text in ["/// fault = 36 40\n#[test]\nfn a() {}\n", "/// fault = 36\n/// more\n#[test]\nfn a() {}\n"]
    {
        let (marks, faults) = marks_of(text);
        assert_eq!((marks.len(), faults.len()), (0, 1), "{text}");
    }
}

#[test]
fn the_place_of_a_file_tells_its_program_and_module() {
    let manifest = "[package]\nname = \"broker-log\"\n";
    let place = |file| placement_in(manifest, file).map(|place| (place.target, place.module));
    let wanted = |target: &str, module: &str| Some((target.to_owned(), module.to_owned()));
    assert_eq!(place("src/log/tests/damage.rs"), wanted("broker_log", "log::tests::damage"));
    assert_eq!(place("src/lib.rs"), wanted("broker_log", ""));
    assert_eq!(place("tests/crash.rs"), wanted("crash", ""));
    assert_eq!(place("tests/faults/main.rs"), wanted("faults", ""));
    assert_eq!(place("tests/faults/clock.rs"), wanted("faults", "clock"));
    assert_eq!(place("examples/dump.rs"), None);
}

#[test]
fn rows_without_a_test_and_tests_that_did_not_run_are_faults() {
    let (mut marks, _) = marks_of("/// fault = 36, 9999\n#[test]\nfn cut_is_found() {}\n");
    let faults = judge(&marks, &log());
    assert!(faults.iter().any(|fault| fault.contains("fault 9999 is not in the list")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("fault 40 ")), "{faults:?}");
    assert!(!faults.iter().any(|fault| fault.starts_with("fault 36 ")), "{faults:?}");
    marks[0].test = "slow_one".to_owned();
    assert!(judge(&marks, &log())[0].ends_with("did not pass"));
    marks[0].test = "gone".to_owned();
    assert!(judge(&marks, &log())[0].ends_with("did not run"));
}
