//! `checker FILE.jsonl`: judges a recorded history. Ends with 0 if it is clean, 1 if not, 2 if it cannot be judged.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use checker::history::read_lines;
use checker::{Checker, HistoryError, Report, Rules};

const USAGE: &str = "usage: checker [--duplicates-allowed] FILE.jsonl
  --duplicates-allowed  some producer is not idempotent: a value at two offsets is only counted";

fn main() -> ExitCode {
    let mut rules = Rules::default();
    let mut path = None;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--duplicates-allowed" => rules.idempotent = false,
            "-h" | "--help" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            _ if path.is_none() && !argument.starts_with('-') => path = Some(argument),
            _ => return cannot(USAGE),
        }
    }
    let Some(path) = path else { return cannot(USAGE) };
    match judge(&path, rules) {
        Ok(report) => {
            println!("{report}");
            match (report.is_clean(), report.is_telling()) {
                (true, true) => ExitCode::SUCCESS,
                (true, false) => cannot("nothing was acknowledged and read: the history proves nothing"),
                (false, _) => ExitCode::FAILURE,
            }
        }
        Err(error) => cannot(&format!("{path}: {error}")),
    }
}

fn cannot(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

fn judge(path: &str, rules: Rules) -> Result<Report, HistoryError> {
    let mut checker = Checker::new(rules);
    for event in read_lines(BufReader::new(File::open(path)?)) {
        checker.push(&event?)?;
    }
    Ok(checker.finish())
}
