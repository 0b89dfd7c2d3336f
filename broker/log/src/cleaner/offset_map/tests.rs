use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ROOMY: MapLimits = MapLimits { bytes: 1 << 20, load_factor: 0.9 };

fn map(keys: u64, limits: &MapLimits) -> OffsetMap {
    OffsetMap::new(keys, limits, KeyHash::new((3, 4)))
}

/// Bytes that its tables and bits take.
fn bytes(map: &OffsetMap) -> u64 {
    let slots: usize = map.tables.iter().map(|table| table.slots.capacity()).sum();
    slots as u64 * SLOT_BYTES + map.superseded.capacity() as u64 * 8
}

#[test]
fn a_full_map_takes_known_keys_only_and_tells_the_first_that_it_has_no_room_for() {
    let mut map = map(u64::MAX / 2, &MapLimits { bytes: 32 * 16 * 8 / 7, load_factor: 0.5 });
    for number in 0..16_u8 {
        map.note(&[number], Offset(i64::from(number)));
    }
    assert_eq!((map.settle(), map.is_full()), (None, false));
    map.note(&[16], Offset(16));
    map.note(&[3], Offset(17));
    map.note(&[18], Offset(18));
    assert_eq!((map.settle(), map.is_full()), (Some(Offset(16)), true));
    let last = |key| map.last(&[key]);
    assert_eq!((map.len(), last(3), last(4), last(16)), (16, Some(Offset(17)), Some(Offset(4)), None));
    assert!(map.has_later(&[3], Offset(3)) && !map.has_later(&[4], Offset(4)));
}

#[test]
fn a_map_takes_no_more_memory_than_its_keys_need() {
    let mut few = map(1_000_000, &ROOMY);
    for offset in 0..300_000_u64 {
        few.note(&(offset % 100).to_be_bytes(), Offset(offset.cast_signed()));
    }
    assert_eq!(few.settle(), None);
    assert_eq!(few.len(), 100);
    assert!(bytes(&few) < 200_000, "{}", bytes(&few));
    few.forget_keys();
    assert!(bytes(&few) < 100_000 && few.len() == 100);
    assert!(few.has_later(&5_u64.to_be_bytes(), Offset(105)));
}

#[test]
fn a_map_that_is_full_has_no_more_bytes_than_it_may() {
    for limit in [1 << 10, 1 << 20, 8 << 20] {
        let limits = MapLimits { bytes: limit, load_factor: 0.9 };
        let mut map = map(u64::MAX / 2, &limits);
        let mut offset = 0_i64;
        while !map.is_full() {
            map.note(&offset.to_be_bytes(), Offset(offset));
            offset += 1;
        }
        let left = map.settle().unwrap();
        assert!(bytes(&map) <= limit, "{} of {limit}", bytes(&map));
        // Of all slots that there may be, nearly the share that may be used.
        let slots = (limit - limit / 8) / 16;
        assert!(map.len() as u64 * 100 > slots * 80, "{} keys in {slots} slots", map.len());
        assert!((0..left.0).all(|offset| map.last(&offset.to_be_bytes()) == Some(Offset(offset))));
    }
}

#[test]
fn whatever_the_limits_some_key_has_room() {
    for (bytes, load_factor) in [(0, 0.9), (0, 0.01), (100, 1.0), (1 << 20, 0.0), (1 << 20, f64::NAN)] {
        let mut map = map(5000, &MapLimits { bytes, load_factor });
        map.note(b"a", Offset(7));
        assert_eq!((map.settle(), map.last(b"a")), (None, Some(Offset(7))), "{bytes} {load_factor}");
    }
}

#[test]
fn an_offset_too_far_from_the_first_has_no_room() {
    let mut map = map(10, &ROOMY);
    let far = 5_000_000_000;
    map.note(b"a", Offset(far));
    map.note(b"b", Offset(far + 1));
    assert_eq!(map.settle(), None);
    map.note(b"a", Offset(2 * far));
    map.note(b"b", Offset(2 * far + 1));
    assert_eq!(map.settle(), Some(Offset(2 * far)));
    assert_eq!((map.last(b"a"), map.last(b"b")), (Some(Offset(far)), Some(Offset(far + 1))));
}

#[test]
fn what_came_before_the_first_note_is_judged_by_its_key() {
    let mut map = map(10, &ROOMY);
    map.note(b"a", Offset(100));
    map.settle();
    assert!(map.has_later(b"a", Offset(99)) && !map.has_later(b"b", Offset(99)));
    assert!(!map.has_later(b"a", Offset(100)));
}

proptest! {
    #[test]
    fn it_tells_what_a_map_of_keys_would(
        keys in prop::collection::vec("[a-f]{0,3}", 0..2000),
        expected in 0_u64..1_000_000,
    ) {
        let (mut map, mut model) = (map(expected, &ROOMY), BTreeMap::new());
        for (offset, key) in (5..).map(Offset).zip(&keys) {
            map.note(key.as_bytes(), offset);
            model.insert(key.clone(), offset);
        }
        prop_assert_eq!(map.settle(), None);
        prop_assert_eq!(map.len(), model.len());
        for (key, offset) in &model {
            prop_assert_eq!(map.last(key.as_bytes()), Some(*offset));
            prop_assert!(map.has_later(key.as_bytes(), Offset(4)));
        }
        for (offset, key) in (5..).map(Offset).zip(&keys) {
            prop_assert_eq!(map.has_later(key.as_bytes(), offset), model[key] > offset);
        }
        prop_assert_eq!(map.last(b"absent"), None);
    }
}
