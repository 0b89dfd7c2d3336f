//! Good histories are clean, and no mutation of one stays unnoticed, of whatever kind and at whatever place.
//!
//! The histories hold batches, several producers and consumers, assignments and groups, crashes, answers that did not
//! come, and deletions. Mutated are the answers of the broker; what clients write down of themselves (invocations,
//! assignments, crashes) is no answer. A mutant that stays unnoticed has an excuse, and one that has an excuse stays
//! unnoticed: a correct broker may show the same.
#![allow(clippy::unwrap_used, reason = "tests")]

mod facts;
mod good;
mod mutants;

use std::collections::BTreeMap;

use checker::{Checker, Event, Function, Kind, Report, Rules};
use proptest::prelude::*;

use facts::Facts;

/// Histories of which every mutant is judged, and the operations in each.
const HISTORIES: u64 = 12;
const STEPS: usize = 50;
/// Mutations and excuses that there are.
const MUTATIONS: usize = 29;
const EXCUSES: usize = 8;

/// The verdict; `None` if the history contradicts itself so that there is none, which is noticed too.
fn judge(events: &[Event]) -> Option<Report> {
    let mut checker = Checker::new(Rules::default());
    events.iter().try_for_each(|event| checker.push(event)).ok()?;
    Some(checker.finish())
}

fn is_noticed(events: &[Event]) -> bool {
    judge(events).is_none_or(|report| !report.is_clean())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_good_history_is_clean(seed: u64, steps in 0..120usize) {
        let report = judge(&good::history(seed, steps)).unwrap();
        prop_assert!(report.is_clean(), "{report}");
    }
}

#[test]
fn every_mutation_at_every_place_is_noticed_or_has_an_excuse() {
    let (mut noticed, mut excuses) = (BTreeMap::new(), BTreeMap::new());
    let mut wrong = Vec::new();
    for seed in 0..HISTORIES {
        let history = good::history(seed, STEPS);
        mutants::each(
            &Facts::new(&history),
            &mut |mutant| match (is_noticed(&mutant.events), mutant.excuse) {
                (true, None) => *noticed.entry(mutant.mutation).or_insert(0) += 1,
                (false, Some(excuse)) => *excuses.entry(excuse).or_insert(0) += 1,
                (is_noticed, excuse) => {
                    let (mutation, at) = (mutant.mutation, mutant.at);
                    wrong.push(format!("{mutation:?} of event {at}, seed {seed}: {is_noticed}, {excuse:?}"));
                }
            },
        );
    }
    assert!(
        wrong.is_empty(),
        "{} mutants, noticed and excuse: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    assert_eq!(noticed.len(), MUTATIONS, "{noticed:?}");
    assert_eq!(excuses.len(), EXCUSES, "{excuses:?}");
}

#[test]
fn answers_that_are_lost_prove_nothing() {
    let answers = [Function::Send, Function::Group, Function::Delete];
    for seed in 0..HISTORIES {
        let history = good::history(seed, STEPS);
        for at in (0..history.len()).filter(|&at| answers.contains(&history[at].f)) {
            let mut lost = history.clone();
            if lost.remove(at).kind == Kind::Ok {
                assert!(!is_noticed(&lost), "event {at}, seed {seed}");
            }
        }
    }
}
