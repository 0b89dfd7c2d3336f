//! Reads what `cargo test` prints: which program ran, and how each of its tests ended.

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// It is ignored, filtered out or not there at all.
    NotRun,
}

/// The tests of a run, program by program.
#[derive(Default, Debug)]
pub(super) struct TestLog {
    tests: Vec<LoggedTest>,
}

#[derive(Debug)]
struct LoggedTest {
    target: String,
    path: String,
    outcome: Outcome,
}

impl TestLog {
    /// Adds what a run printed, standard output and standard error in one.
    pub(super) fn read(&mut self, text: &str) {
        let mut target: Option<&str> = None;
        // A test may print between its name and its result; the result then stands on a later line of its own.
        let mut waiting: Option<&str> = None;
        for line in text.lines() {
            let line = line.trim();
            if let Some(program) = program(line) {
                (target, waiting) = (Some(program), None);
            } else if line.starts_with("Doc-tests ") {
                (target, waiting) = (None, None);
            } else if let Some((path, rest)) = test_line(line) {
                waiting = match outcome_of(rest) {
                    Some(outcome) => self.add(target, path, outcome),
                    None => Some(path),
                };
            } else if let (Some(path), Some(outcome)) = (waiting, outcome_of(line)) {
                waiting = self.add(target, path, outcome);
            }
        }
    }

    /// Returns that no test is waiting for its result.
    fn add(&mut self, target: Option<&str>, path: &str, outcome: Outcome) -> Option<&'static str> {
        if let Some(target) = target {
            self.tests.push(LoggedTest { target: target.to_owned(), path: path.to_owned(), outcome });
        }
        None
    }

    /// How the test ended: passed only if every test of that name there did.
    pub(super) fn outcome(&self, target: &str, module: &str, test: &str) -> Outcome {
        let prefix = if module.is_empty() { String::new() } else { format!("{module}::") };
        let is_it = |logged: &&LoggedTest| {
            let name = logged.path.rsplit("::").next();
            logged.target == target && logged.path.starts_with(&prefix) && name == Some(test)
        };
        let outcomes: Vec<Outcome> = self.tests.iter().filter(is_it).map(|logged| logged.outcome).collect();
        if outcomes.contains(&Outcome::Failed) {
            Outcome::Failed
        } else if outcomes.contains(&Outcome::Passed) {
            Outcome::Passed
        } else {
            Outcome::NotRun
        }
    }
}

/// `Running unittests src/lib.rs (target/debug/deps/broker_log-0a1b)` names `broker_log`.
fn program(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("Running ")?;
    let file = rest.rsplit_once('(')?.1.strip_suffix(')')?;
    let name = file.rsplit('/').next()?;
    Some(name.rsplit_once('-')?.0)
}

/// `test a::b ... ok` gives the path and what follows the dots.
fn test_line(line: &str) -> Option<(&str, &str)> {
    let (path, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((path.strip_suffix(" - should panic").unwrap_or(path), rest))
}

fn outcome_of(text: &str) -> Option<Outcome> {
    let word = text.split([' ', ',']).next()?;
    match word {
        "ok" => Some(Outcome::Passed),
        "FAILED" => Some(Outcome::Failed),
        "ignored" => Some(Outcome::NotRun),
        _ => None,
    }
}
