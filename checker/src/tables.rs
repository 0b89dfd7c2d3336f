//! The two tables every rule reads: each key's log (offset → value) and each value's fate (value → writer, places).
//!
//! Both are pages of fixed slots, since offsets and values are mostly dense: 16 bytes per offset and 24 per value.
//! What a correct broker never shows (a second value at an offset, a second place of a value) is kept beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::BitOr;

use crate::history::{HistoryError, Key};

/// Slots in a page: small enough that sparse values cost little, large enough that the page map is short.
const PAGE_SLOTS: u64 = 256;

/// A key's number in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyIndex(u32);

impl KeyIndex {
    pub(crate) const FIRST: Self = Self(0);
    /// No key has this number.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// What is known of a value or of a place, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts(u8);

impl Facts {
    /// A send of it was invoked.
    pub(crate) const INVOKED: Self = Self(1);
    /// Its send was acknowledged; of a place: at this offset.
    pub(crate) const ACKED: Self = Self(2);
    /// Its send surely failed.
    pub(crate) const FAILED: Self = Self(4);
    /// Some poll showed it, whatever became of that poll.
    pub(crate) const READ: Self = Self(8);
    /// A poll that ended ok showed it.
    pub(crate) const READ_OK: Self = Self(16);
    /// A final poll that ended ok showed it.
    pub(crate) const READ_LAST: Self = Self(32);
    /// Its checksum is known.
    pub(crate) const CRC: Self = Self(64);
    /// Its send happened: it was acknowledged, or a poll showed a value of the same operation.
    pub(crate) const COMMITTED: Self = Self(128);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Facts {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Where a value stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) key: KeyIndex,
    pub(crate) offset: u64,
    /// `ACKED`, `READ`: who says so.
    pub(crate) facts: Facts,
}

/// One value: its facts, its checksum and its first place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueSlot {
    offset: u64,
    place_key: KeyIndex,
    sent_key: KeyIndex,
    pub(crate) crc: u32,
    pub(crate) facts: Facts,
    place_facts: Facts,
}

impl Default for ValueSlot {
    fn default() -> Self {
        let none = Facts::default();
        let key = KeyIndex::NONE;
        Self { offset: 0, place_key: key, sent_key: key, crc: 0, facts: none, place_facts: none }
    }
}

impl ValueSlot {
    /// The place that was seen first.
    pub(crate) fn place(&self) -> Option<Place> {
        let &Self { offset, place_key: key, place_facts: facts, .. } = self;
        (key != KeyIndex::NONE).then_some(Place { key, offset, facts })
    }

    /// The key it was sent to.
    pub(crate) fn sent_key(&self) -> Option<KeyIndex> {
        (self.sent_key != KeyIndex::NONE).then_some(self.sent_key)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct OffsetSlot {
    value: u64,
    taken: bool,
}

/// Fixed-size slots by number, in pages that exist once one of their slots was written.
#[derive(Debug)]
struct Pages<T>(BTreeMap<u64, Box<[T]>>);

impl<T: Copy + Default> Pages<T> {
    fn slot(&mut self, at: u64) -> &mut T {
        let page = self.0.entry(at / PAGE_SLOTS);
        let page = page.or_insert_with(|| vec![T::default(); PAGE_SLOTS as usize].into_boxed_slice());
        &mut page[(at % PAGE_SLOTS) as usize]
    }

    fn get(&self, at: u64) -> Option<&T> {
        self.0.get(&(at / PAGE_SLOTS)).map(|page| &page[(at % PAGE_SLOTS) as usize])
    }

    /// Slots from number `from`, ascending.
    fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, &T)> {
        let pages = self.0.range(from / PAGE_SLOTS..);
        let slots = pages.flat_map(|(page, slots)| (page * PAGE_SLOTS..).zip(slots.iter()));
        slots.skip_while(move |&(at, _)| at < from)
    }
}

/// A send that an operation of unknown end consists of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unanswered {
    pub(crate) key: KeyIndex,
    pub(crate) offset: Option<u64>,
    pub(crate) value: u64,
}

/// Everything known about logs and values.
#[derive(Debug)]
pub(crate) struct Tables {
    numbers: HashMap<Key, KeyIndex>,
    names: Vec<Key>,
    logs: Vec<Pages<OffsetSlot>>,
    /// Largest log start offset told of each key, as far as deletions explain it.
    starts: Vec<u64>,
    values: Pages<ValueSlot>,
    /// Operations of unknown end, until `settle`.
    unanswered: Vec<Vec<Unanswered>>,
    /// Committed values without a place: the offset of the same operation behind which they stand, if one is known.
    unplaced: BTreeMap<u64, Option<u64>>,
    /// Places of a value beyond its first.
    more_places: BTreeMap<u64, Vec<Place>>,
    /// Values at an offset beyond its first.
    more_values: BTreeMap<(KeyIndex, u64), BTreeSet<u64>>,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            names: Vec::new(),
            logs: Vec::new(),
            starts: Vec::new(),
            values: Pages(BTreeMap::new()),
            unanswered: Vec::new(),
            unplaced: BTreeMap::new(),
            more_places: BTreeMap::new(),
            more_values: BTreeMap::new(),
        }
    }

    /// The key's number, given at its first mention.
    pub(crate) fn key_index(&mut self, key: &Key) -> Result<KeyIndex, HistoryError> {
        if let Some(&index) = self.numbers.get(key) {
            return Ok(index);
        }
        let limit = KeyIndex::NONE.0;
        let index = u32::try_from(self.names.len()).ok().filter(|&index| index < limit);
        let index = KeyIndex(index.ok_or(HistoryError::TooManyKeys { limit })?);
        self.numbers.insert(key.clone(), index);
        self.names.push(key.clone());
        self.logs.push(Pages(BTreeMap::new()));
        self.starts.push(0);
        Ok(index)
    }

    /// Remembers that the key's log begins at `offset`.
    pub(crate) fn note_start(&mut self, key: KeyIndex, offset: u64) {
        let start = &mut self.starts[key.0 as usize];
        *start = (*start).max(offset);
    }

    /// Where the key's log begins, as far as anyone was told.
    pub(crate) fn start(&self, key: KeyIndex) -> u64 {
        self.starts[key.0 as usize]
    }

    /// Keeps the sends of an operation of unknown end.
    pub(crate) fn note_unanswered(&mut self, sends: Vec<Unanswered>) {
        self.unanswered.push(sends);
    }

    /// Decides which operations of unknown end have happened: those of which a successful poll showed a value. An
    /// operation is one batch or one transaction, so all of its values are there, at the offsets that its answers named.
    pub(crate) fn settle(&mut self) {
        for sends in std::mem::take(&mut self.unanswered) {
            if !sends.iter().any(|sent| self.value(sent.value).facts.has(Facts::READ_OK)) {
                continue;
            }
            let mut last_seen: BTreeMap<KeyIndex, u64> = BTreeMap::new();
            for Unanswered { key, offset, value } in sends {
                self.note_value(value, Facts::COMMITTED);
                if let Some(offset) = offset {
                    self.note_place(value, Place { key, offset, facts: Facts::default() });
                }
                let stands_at = self.places(value).find(|place| place.key == key);
                match stands_at {
                    Some(place) => _ = last_seen.insert(key, place.offset),
                    None => _ = self.unplaced.insert(value, last_seen.get(&key).copied()),
                }
            }
        }
    }

    /// Whether deletions explain that a value is gone.
    pub(crate) fn may_be_deleted(&self, value: u64) -> bool {
        let slot = self.value(value);
        match (slot.place(), slot.sent_key()) {
            (Some(place), _) => place.offset < self.start(place.key),
            (None, Some(key)) => {
                let start = self.start(key);
                let behind = self.unplaced.get(&value).copied().flatten();
                start > 0 && behind.is_none_or(|behind| behind < start)
            }
            (None, None) => false,
        }
    }

    pub(crate) fn key_name(&self, key: KeyIndex) -> &Key {
        &self.names[key.0 as usize]
    }

    /// All keys, in the order of their first mention.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyIndex> + use<> {
        (0..self.names.len() as u32).map(KeyIndex)
    }

    /// Adds facts about a value and returns those it had before.
    pub(crate) fn note_value(&mut self, value: u64, facts: Facts) -> Facts {
        let slot = self.values.slot(value);
        let before = slot.facts;
        slot.facts = before | facts;
        before
    }

    /// Remembers the key that a value was sent to.
    pub(crate) fn note_sent_key(&mut self, value: u64, key: KeyIndex) {
        self.values.slot(value).sent_key = key;
    }

    /// Keeps the first checksum seen of a value; `Err` holds it if this one differs.
    pub(crate) fn note_crc(&mut self, value: u64, crc: u32) -> Result<(), u32> {
        let slot = self.values.slot(value);
        if !slot.facts.has(Facts::CRC) {
            slot.crc = crc;
            slot.facts = slot.facts | Facts::CRC;
        }
        if slot.crc == crc { Ok(()) } else { Err(slot.crc) }
    }

    /// Records that `value` stands at this place.
    pub(crate) fn note_place(&mut self, value: u64, place: Place) {
        let offset_slot = self.logs[place.key.0 as usize].slot(place.offset);
        if !offset_slot.taken {
            *offset_slot = OffsetSlot { value, taken: true };
        } else if offset_slot.value != value {
            self.more_values.entry((place.key, place.offset)).or_default().insert(value);
        }

        let slot = self.values.slot(value);
        let same = |other: &Place| (other.key, other.offset) == (place.key, place.offset);
        match slot.place() {
            None => {
                (slot.offset, slot.place_key) = (place.offset, place.key);
                slot.place_facts = place.facts;
            }
            Some(first) if same(&first) => slot.place_facts = first.facts | place.facts,
            Some(_) => {
                let more = self.more_places.entry(value).or_default();
                match more.iter_mut().find(|other| same(other)) {
                    Some(known) => known.facts = known.facts | place.facts,
                    None => more.push(place),
                }
            }
        }
    }

    pub(crate) fn value(&self, value: u64) -> ValueSlot {
        self.values.get(value).copied().unwrap_or_default()
    }

    /// Every value of which anything is known, ascending.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u64, &ValueSlot)> {
        self.values.iter_from(0).filter(|(_, slot)| slot.facts != Facts::default())
    }

    /// Every place of a value, the first seen first.
    pub(crate) fn places(&self, value: u64) -> impl Iterator<Item = Place> {
        let more = self.more_places.get(&value).into_iter().flatten().copied();
        self.value(value).place().into_iter().chain(more)
    }

    /// Values that stand at more than one place.
    pub(crate) fn values_at_many_places(&self) -> impl Iterator<Item = u64> {
        self.more_places.keys().copied()
    }

    /// Offsets that hold more than one value, with all of these.
    pub(crate) fn offsets_of_many_values(&self) -> impl Iterator<Item = (KeyIndex, u64, Vec<u64>)> {
        self.more_values.iter().map(|(&(key, offset), more)| {
            let first = self.logs[key.0 as usize].get(offset).map(|slot| slot.value);
            (key, offset, first.into_iter().chain(more.iter().copied()).collect())
        })
    }

    /// Offset and value of the key's log, ascending from `from`; an offset that holds several values comes once for each.
    pub(crate) fn log(&self, key: KeyIndex, from: u64) -> impl Iterator<Item = (u64, u64)> {
        let slots = self.logs[key.0 as usize].iter_from(from).filter(|(_, slot)| slot.taken);
        slots.flat_map(move |(offset, slot)| {
            let more = self.more_values.get(&(key, offset)).into_iter().flatten().copied();
            std::iter::once(slot.value).chain(more).map(move |value| (offset, value))
        })
    }
}
