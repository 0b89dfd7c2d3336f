//! The last offset of every key, and which records have a later one: hash tables that keep hashes in place of keys.
//!
//! Two keys with the same hash would lose one of them. So a slot has 96 bits of it, and up to eight more say in which of the
//! tables it is. A slot has 16 bytes: these bits, and how far the offset is from the first one, plus one; that is zero in an
//! empty slot. A table grows with its keys.
//!
//! Memory far apart is slow. So notes wait in front of the table that they belong to until there are some, and it is gone
//! through once for all of them; and a later note of a key leaves a bit for the offset that it takes the place of: who goes
//! through the same records again needs none of the keys.

use broker_protocol::types::Offset;

use super::key_hash::KeyHash;

/// Bytes of a slot.
pub(crate) const SLOT_BYTES: u64 = 16;

/// Slots at least, whatever the memory: a cleaning must get on.
const SLOTS_MIN: u64 = 16;

/// Tables at most, and keys from which on there is more than one of them.
const TABLES_MAX: u64 = 256;
const TABLE_KEYS: u64 = 8192;

/// Notes that wait in front of a table at most.
const WAITING_MAX: usize = 256;

/// Share of the memory that the bits may take: one in this many.
const BITS_SHARE: u64 = 8;

/// Offsets at least for which there is a bit.
const BITS_MIN: u64 = 1 << 20;

/// Share of a table that is used before it grows, as long as it may: the fuller, the longer a search.
const LOAD_BEFORE_GROWTH: f64 = 0.8;

/// 96 bits of a hash, and an offset's distance from the first one, plus one.
type Slot = [u32; 4];

/// The tables; see the file's header.
#[derive(Debug)]
pub(crate) struct OffsetMap {
    tables: Vec<Table>,
    table_limits: TableLimits,
    /// The first offset that was noted.
    base: Option<Offset>,
    /// Largest distance from it that is noted.
    distance_max: u64,
    /// Which offsets have a later one of the same key, by their distance.
    superseded: Vec<u64>,
    /// The first offset for which there was no room.
    first_left: Option<Offset>,
    hash: KeyHash,
}

/// What a map may take, and how full it may get.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct MapLimits {
    /// Bytes at most.
    pub(crate) bytes: u64,
    /// Share of the slots that may be used, above 0 and at most 1.
    pub(crate) load_factor: f64,
}

impl OffsetMap {
    /// A map for up to `keys` keys, or as many as the limits allow.
    pub(crate) fn new(keys: u64, limits: &MapLimits, hash: KeyHash) -> OffsetMap {
        let load_factor = if limits.load_factor > 0.0 { limits.load_factor.min(1.0) } else { 1.0 };
        let slots = ((limits.bytes - limits.bytes / BITS_SHARE) / SLOT_BYTES).max(SLOTS_MIN);
        let tables = (keys.min(slots) / TABLE_KEYS).next_power_of_two().min(TABLES_MAX);
        let slots_max = usize::try_from(slots / tables).unwrap_or(usize::MAX);
        OffsetMap {
            tables: (0..tables).map(|_| Table::default()).collect(),
            table_limits: TableLimits { slots_max, load_factor },
            base: None,
            distance_max: limits.bytes.max(BITS_MIN).min(u64::from(u32::MAX - 1)),
            superseded: Vec::new(),
            first_left: None,
            hash,
        }
    }

    /// Notes the offset of a key; offsets come in order. Counts once it is settled.
    pub(crate) fn note(&mut self, key: &[u8], offset: Offset) {
        let base = *self.base.get_or_insert(offset);
        let distance = (offset.0 - base.0).unsigned_abs();
        let Some(distance) = u32::try_from(distance).ok().filter(|_| distance <= self.distance_max) else {
            self.leave(offset);
            return;
        };
        let (table, [a, b, c]) = self.place(key);
        let table = &mut self.tables[table];
        table.waiting.push([a, b, c, distance + 1]);
        if table.waiting.len() == WAITING_MAX {
            let left = table.settle(&self.table_limits, &mut self.superseded);
            left.into_iter().for_each(|distance| self.leave(base.plus(i64::from(distance))));
        }
    }

    /// Has all notes count. Answers the first offset for which there was no room: it and all behind it may not be in here.
    pub(crate) fn settle(&mut self) -> Option<Offset> {
        for at in 0..self.tables.len() {
            let left = self.tables[at].settle(&self.table_limits, &mut self.superseded);
            self.tables[at].waiting = Vec::new();
            if let (Some(base), Some(distance)) = (self.base, left) {
                self.leave(base.plus(i64::from(distance)));
            }
        }
        self.first_left
    }

    /// Whether there was no room for a note, among those that count.
    pub(crate) fn is_full(&self) -> bool {
        self.first_left.is_some()
    }

    fn leave(&mut self, offset: Offset) {
        self.first_left = Some(self.first_left.map_or(offset, |first| first.min(offset)));
    }

    /// Whether a record with this key and offset has a later one. Notes must be settled; of those who were not noted
    /// the map knows keys only.
    pub(crate) fn has_later(&self, key: &[u8], offset: Offset) -> bool {
        match self.base {
            Some(base) if offset >= base => {
                let distance = (offset.0 - base.0).unsigned_abs();
                let word = usize::try_from(distance / 64).ok().and_then(|at| self.superseded.get(at));
                word.is_some_and(|word| word >> (distance % 64) & 1 == 1)
            }
            _ => self.last(key).is_some_and(|last| last > offset),
        }
    }

    /// The last offset that was noted of a key.
    fn last(&self, key: &[u8]) -> Option<Offset> {
        let (table, hash) = self.place(key);
        let table = &self.tables[table];
        if table.slots.is_empty() {
            return None;
        }
        let distance = table.slots[table.find(hash)][3].checked_sub(1)?;
        Some(self.base?.plus(i64::from(distance)))
    }

    /// Keys that it holds.
    pub(crate) fn len(&self) -> usize {
        self.tables.iter().map(|table| table.used).sum()
    }

    /// Gives back what the keys take, of which only the number is known from then on: there is nothing before the first
    /// note.
    pub(crate) fn forget_keys(&mut self) {
        self.tables.iter_mut().for_each(|table| table.slots = Vec::new());
    }

    /// The table of a key, and what its slot has of the hash.
    fn place(&self, key: &[u8]) -> (usize, [u32; 3]) {
        let (high, low) = self.hash.of(key);
        // Bits that the slot does not have; there are as many tables as a power of two.
        let table = (low >> 32) as usize & (self.tables.len() - 1);
        (table, [(high >> 32) as u32, high as u32, low as u32])
    }
}

/// How a table may grow.
#[derive(Clone, Copy, Debug)]
struct TableLimits {
    slots_max: usize,
    load_factor: f64,
}

impl TableLimits {
    /// Slots that may be used of `count`; one at least stays empty, at which every search ends.
    fn used_max(&self, count: usize) -> usize {
        let load =
            if count < self.slots_max { self.load_factor.min(LOAD_BEFORE_GROWTH) } else { self.load_factor };
        ((count as f64 * load) as usize).clamp(1, count - 1)
    }
}

/// One of the tables.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<Slot>,
    used: usize,
    waiting: Vec<Slot>,
}

impl Table {
    /// Puts what waits into its slots, and sets the bit of every offset that gives way. Answers the first one that has found
    /// no room.
    fn settle(&mut self, limits: &TableLimits, superseded: &mut Vec<u64>) -> Option<u32> {
        let mut first_left = None;
        let mut waiting = std::mem::take(&mut self.waiting);
        for note in waiting.drain(..) {
            let [a, b, c, above] = note;
            if self.slots.is_empty() && !self.grow(limits) {
                first_left = first_left.or(Some(above - 1));
                continue;
            }
            let mut at = self.find([a, b, c]);
            if self.slots[at][3] == 0 {
                if self.used >= limits.used_max(self.slots.len()) {
                    if !self.grow(limits) {
                        first_left = first_left.or(Some(above - 1));
                        continue;
                    }
                    at = self.find([a, b, c]);
                }
                self.used += 1;
            } else {
                set_bit(superseded, self.slots[at][3] - 1);
            }
            self.slots[at] = note;
        }
        self.waiting = waiting;
        first_left
    }

    /// Makes the table larger, if it may be.
    fn grow(&mut self, limits: &TableLimits) -> bool {
        let count = self.slots.len();
        let wanted = (count + count / 2).max(SLOTS_MIN as usize).min(limits.slots_max);
        if wanted <= count {
            return false;
        }
        let old = std::mem::replace(&mut self.slots, vec![[0; 4]; wanted]);
        for slot in old.into_iter().filter(|slot| slot[3] != 0) {
            let at = self.find([slot[0], slot[1], slot[2]]);
            self.slots[at] = slot;
        }
        true
    }

    /// The slot of a hash, or the empty one where it belongs.
    fn find(&self, hash: [u32; 3]) -> usize {
        let count = self.slots.len();
        // The product's upper half: a number below `count` that is as even as the hash.
        let mut at = ((u64::from(hash[0]) * count as u64) >> 32) as usize;
        loop {
            let slot = &self.slots[at];
            if slot[3] == 0 || slot[..3] == hash {
                return at;
            }
            at = if at + 1 == count { 0 } else { at + 1 };
        }
    }
}

fn set_bit(bits: &mut Vec<u64>, at: u32) {
    let word = (at / 64) as usize;
    if word >= bits.len() {
        bits.resize(word + 1 + word / 4, 0);
    }
    bits[word] |= 1 << (at % 64);
}

#[cfg(test)]
mod tests;
