//! Answers in pages: bounded by the caller, by a count and by bytes.

use prost::Message;

use super::refusal::Refusal;

/// Most entries of a page.
const ENTRIES_MAX: usize = 1000;

/// Bytes after which a page ends. One entry may be larger.
const PAGE_BYTES: usize = 1 << 20;

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct Page<T> {
    entries: Vec<T>,
    entries_max: usize,
    bytes: usize,
}

impl<T: Message> Page<T> {
    /// An empty one; `entries_max` is the caller's, 0 for as many as there may be.
    pub(super) fn new(entries_max: u32) -> Page<T> {
        let asked = usize::try_from(entries_max).unwrap_or(ENTRIES_MAX);
        let entries_max = if asked == 0 { ENTRIES_MAX } else { asked.min(ENTRIES_MAX) };
        Page { entries: Vec::new(), entries_max, bytes: 0 }
    }

    /// Whether another entry has to wait for the next page.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.entries_max || self.bytes >= PAGE_BYTES
    }

    /// Puts one in.
    pub(super) fn push(&mut self, entry: T) {
        self.bytes += entry.encoded_len();
        self.entries.push(entry);
    }

    /// What is in it.
    pub(super) fn into_entries(self) -> Vec<T> {
        self.entries
    }
}

/// Most names in one request.
const NAMES_MAX: usize = 100_000;

/// The names of a request from one on, rising, each once.
pub(super) fn names_from(names: &[String], from: &str) -> Result<Vec<String>, Refusal> {
    if names.len() > NAMES_MAX {
        return Err(Refusal::invalid(format!("more than {NAMES_MAX} names in one request")));
    }
    let mut wanted: Vec<String> = names.iter().filter(|name| name.as_str() >= from).cloned().collect();
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use proto::admin::v1::Topic;

    use super::*;

    #[test]
    fn a_page_ends_by_count_or_by_bytes() {
        let filled = |max: u32, name_len: usize| {
            let mut page = Page::new(max);
            while !page.is_full() {
                page.push(Topic { name: "n".repeat(name_len), ..Topic::default() });
            }
            page.into_entries().len()
        };
        assert_eq!(filled(3, 10), 3);
        assert_eq!(filled(0, 10), ENTRIES_MAX);
        assert_eq!(filled(5000, 10), ENTRIES_MAX);
        assert_eq!(filled(0, 100_000), 11);
        assert_eq!(filled(0, 2 << 20), 1);
    }

    #[test]
    fn names_are_asked_for_in_order_and_once() {
        let names = ["c", "a", "c", "b"].map(str::to_owned);
        assert_eq!(names_from(&names, "b"), Ok(vec!["b".to_owned(), "c".to_owned()]));
    }
}
