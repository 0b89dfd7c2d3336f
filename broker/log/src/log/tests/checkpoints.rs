//! A checkpoint that is prepared, while the log goes on, and counts only for what was synced.

use super::*;

fn bases(prepared: &PreparedCheckpoint) -> Vec<i64> {
    prepared.unsynced.iter().map(|(base, _, _)| base.0).collect()
}

#[test]
fn what_was_cut_and_written_again_since_is_not_taken_for_synced() {
    let mut fixture = fixture(LogConfig::default());
    (0..3).for_each(|_| _ = fixture.append(records(&["a"])).unwrap());
    let prepared = fixture.log.prepare_checkpoint(NOW_MS).unwrap();
    fixture.log.truncate_to(Offset(1), NOW_MS).unwrap();
    (0..3).for_each(|_| _ = fixture.append(records(&["b"])).unwrap());
    fixture.log.mark_checkpoint_synced(&prepared);
    let next = fixture.log.prepare_checkpoint(NOW_MS).unwrap();
    assert_eq!((bases(&next), next.new_files), (vec![0], true));
}

#[test]
fn a_segment_that_was_made_since_is_for_the_next_checkpoint() {
    let mut fixture = fixture(tiny_segments());
    fixture.append(records(&["0123456789"])).unwrap();
    let prepared = fixture.log.prepare_checkpoint(NOW_MS).unwrap();
    while fixture.log.segment_count() < 2 {
        fixture.append(records(&["0123456789"])).unwrap();
    }
    fixture.log.mark_checkpoint_synced(&prepared);
    let next = fixture.log.prepare_checkpoint(NOW_MS).unwrap();
    assert!(next.new_files);
    let last = bases(&next).pop();
    fixture.log.mark_checkpoint_synced(&next);
    assert_eq!(last, Some(fixture.log.end_position().0.0));
    let after = fixture.log.prepare_checkpoint(NOW_MS).unwrap();
    assert_eq!((bases(&after), after.new_files), (vec![], false));
}
