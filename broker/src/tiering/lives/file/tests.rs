use broker_log::io::memory_disk::MemoryDisk;

use super::*;

fn disk() -> (MemoryDisk, &'static Path) {
    let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
    disk.create_dir_all(dir).unwrap();
    (disk, dir)
}

fn life(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

fn remembered(disk: &MemoryDisk) -> Remembered {
    open(disk, Path::new("/data"), false).unwrap().1
}

/// Lives, each with so many manifests.
fn lived(disk: &MemoryDisk, lives: std::ops::Range<usize>, each: u64) {
    for number in lives {
        let (mut file, found) = open(disk, Path::new("/data"), true).unwrap();
        for sequence in 1..=each {
            file.remember(life(number), found.last + sequence).unwrap();
        }
    }
}

/// The bytes of a slot.
fn change(disk: &MemoryDisk, place: usize, slot: usize, change: impl FnOnce(&mut [u8])) {
    let path = Path::new("/data/remote-lives");
    let mut bytes = disk.read(path).unwrap();
    let from = HEADER_BYTES + place * PLACE_BYTES + slot * SLOT_BYTES;
    change(&mut bytes[from..from + SLOT_BYTES]);
    disk.write_atomically(path, &bytes).unwrap();
}

#[test]
fn each_life_has_its_last_number() {
    let (disk, dir) = disk();
    lived(&disk, 0..5, 3);
    let found = remembered(&disk);
    assert_eq!(found.last, 15);
    for number in 0..5 {
        let last = (number as u64 + 1) * 3;
        assert!(found.has(life(number), last) && !found.has(life(number), last + 1), "{number}");
    }
    assert!(!found.has(life(5), 1));
    assert_eq!(disk.file_len(&dir.join(FILE)).unwrap(), FILE_BYTES as u64);
}

#[test]
fn a_write_that_was_cut_off_raises_no_alarm_and_the_next_life_leaves_it_alone() {
    for kept in 1..SLOT_BYTES {
        let (disk, _) = disk();
        lived(&disk, 0..2, 3);
        change(&disk, 1, 1, |slot| slot[kept..].fill(0));
        lived(&disk, 2..3, 1);
        let found = remembered(&disk);
        // Nobody knows whether it was the last number that was cut off or one that was never given out.
        assert!(found.has(life(1), 6) && found.has(life(1), 7), "cut at {kept}");
        assert!(found.has(life(0), 3) && !found.has(life(0), 4));
        assert!(found.has(life(2), found.last) && !found.has(life(3), 1));
    }
}

#[test]
fn damage_that_may_have_told_of_a_life_has_every_unknown_life_trusted() {
    let (disk, _) = disk();
    lived(&disk, 0..3, 1);
    change(&disk, 1, 0, |slot| slot[40] ^= 1);
    let found = remembered(&disk);
    assert!(found.has(life(1), 2) && found.has(life(9), 100));
    assert!(found.has(life(0), 1) && !found.has(life(0), 2), "what is known is known");
}

#[test]
fn a_file_that_is_missing_or_makes_no_sense_raises_no_alarm_for_good() {
    let (disk, dir) = disk();
    lived(&disk, 0..3, 2);
    let whole = disk.read(&dir.join(FILE)).unwrap();
    for end in [0, 1, HEADER_BYTES, 5000, FILE_BYTES - 1] {
        disk.write_atomically(&dir.join(FILE), &whole[..end]).unwrap();
        assert!(remembered(&disk).has(life(1), 4), "cut at {end}");
        lived(&disk, 3..5, 2);
        let found = remembered(&disk);
        assert!(found.has(life(1), 4) && found.has(life(2), 6));
        assert!(found.has(life(4), 4) && !found.has(life(4), 5));
    }
    disk.remove_file(&dir.join(FILE)).unwrap();
    assert!(remembered(&disk).has(life(1), 4));
}

/// Fills places without what it takes to be a life.
fn fill(disk: &MemoryDisk, places: std::ops::Range<usize>) {
    let mut bytes = empty(true);
    for place in places {
        let text: String = (1..3).map(|slot| encode_slot(life(place), place as u64 * 2 + slot)).collect();
        bytes[HEADER_BYTES + place * PLACE_BYTES..][..PLACE_BYTES].copy_from_slice(text.as_bytes());
    }
    disk.write_atomically(Path::new("/data/remote-lives"), &bytes).unwrap();
}

#[test]
fn the_file_does_not_grow_and_forgotten_lives_raise_no_alarm() {
    let (disk, dir) = disk();
    fill(&disk, 0..PLACES - 2);
    for number in PLACES - 2..PLACES + 5 {
        lived(&disk, number..number + 1, 2);
        let found = remembered(&disk);
        let has = |number: usize| found.has(life(number), (number as u64 + 1) * 2);
        assert!((0..=number).all(has), "{number}");
        assert!(!found.has(life(number), (number as u64 + 1) * 2 + 1));
        assert!(!found.has(life(PLACES + 9), number as u64 * 2), "a later life");
    }
    assert_eq!(disk.file_len(&dir.join(FILE)).unwrap(), FILE_BYTES as u64);
}

#[test]
fn damage_where_lives_share_places_has_every_unknown_life_trusted() {
    let (disk, _) = disk();
    fill(&disk, 0..PLACES);
    lived(&disk, PLACES..PLACES + 1, 1);
    change(&disk, 0, 0, |slot| slot[40] ^= 1);
    let found = remembered(&disk);
    assert!(found.has(life(PLACES), PLACES as u64 * 2 + 1) && found.has(life(0), 2));
}

#[test]
fn a_full_disk_remembers() {
    let (disk, dir) = disk();
    lived(&disk, 0..1, 1);
    disk.with_faults(|faults| faults.capacity = 0);
    lived(&disk, 1..3, 3);
    let (_, found) = open(&disk, dir, false).unwrap();
    assert!(found.has(life(2), 7) && !found.has(life(2), 8));
}
