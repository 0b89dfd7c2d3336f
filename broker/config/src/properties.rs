//! The file format: Java properties, as Kafka reads its server.properties.
//!
//! `#` and `!` begin comments; a key ends at `=`, `:` or a blank; a backslash at the end continues a line; `\t \n \r \f`,
//! `\uXXXX` and a backslash before any other character escape. Blanks after a value belong to it.

use std::iter::Peekable;
use std::str::Chars;

/// One `key = value` of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: String,
    /// Line on which the entry begins, from 1.
    pub(crate) line: usize,
}

/// A line that is not in the format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) problem: &'static str,
}

/// Reads all entries in the order of the file, repeated keys included.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let mut entries = Vec::new();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate();
    while let Some((index, first)) = lines.next() {
        let start = first.trim_start_matches(is_blank);
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = start.to_owned();
        while continues(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start_matches(is_blank)),
                None => break,
            }
        }
        let line = index + 1;
        let (key, value) = entry(&logical).map_err(|problem| SyntaxError { line, problem })?;
        entries.push(Entry { key, value, line });
    }
    Ok(entries)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Whether an odd number of backslashes ends the line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

fn entry(line: &str) -> Result<(String, String), &'static str> {
    let mut chars = line.chars().peekable();
    let mut key = String::new();
    while let Some(c) = chars.next_if(|c| !is_blank(*c) && !matches!(c, '=' | ':')) {
        key.push(if c == '\\' { escaped(&mut chars)? } else { c });
    }
    while chars.next_if(|c| is_blank(*c)).is_some() {}
    if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
        while chars.next_if(|c| is_blank(*c)).is_some() {}
    }
    let mut value = String::new();
    while let Some(c) = chars.next() {
        value.push(if c == '\\' { escaped(&mut chars)? } else { c });
    }
    if key.is_empty() { Err("a key is missing before the value") } else { Ok((key, value)) }
}

/// The character after a backslash; UTF-16 surrogates come as two escapes.
fn escaped(chars: &mut Peekable<Chars<'_>>) -> Result<char, &'static str> {
    match chars.next() {
        Some('t') => Ok('\t'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('f') => Ok('\u{c}'),
        Some('u') => {
            let mut units = vec![utf16_unit(chars)?];
            if (0xd800..0xdc00).contains(&units[0]) {
                if chars.next() != Some('\\') || chars.next() != Some('u') {
                    return Err("half of a character in \\u escapes");
                }
                units.push(utf16_unit(chars)?);
            }
            char::decode_utf16(units).next().and_then(Result::ok).ok_or("half of a character in \\u escapes")
        }
        Some(other) => Ok(other),
        None => Err("a backslash at the end of the file escapes nothing"),
    }
}

fn utf16_unit(chars: &mut Peekable<Chars<'_>>) -> Result<u16, &'static str> {
    let mut unit = 0u16;
    for _ in 0..4 {
        let digit = chars.next().and_then(|c| c.to_digit(16)).ok_or("\\u needs four hexadecimal digits")?;
        unit = unit << 4 | u16::try_from(digit).map_err(|_| "\\u needs four hexadecimal digits")?;
    }
    Ok(unit)
}

/// A value as it has to be written so that `parse` gives it back.
pub(crate) fn escape_value(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for (index, c) in value.chars().enumerate() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{c}' => written.push_str("\\f"),
            ' ' if index == 0 => written.push_str("\\ "),
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    fn check(text: &str, key: &str, value: &str) {
        assert_eq!(pairs(text), [(key.to_owned(), value.to_owned())], "{text:?}");
    }

    #[test]
    fn equals_colon_and_blank_separate() {
        check("a=b", "a", "b");
        check("a : b", "a", "b");
        check("a b", "a", "b");
        check("a", "a", "");
        check("a = b = c", "a", "b = c");
        check("  a\t=\tb ", "a", "b ");
        check("a=b\r\n", "a", "b");
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        check("# one\n  ! two\n\n a=b", "a", "b");
        check("a=b # not a comment", "a", "b # not a comment");
    }

    #[test]
    fn backslash_continues_a_line_and_escapes() {
        check("a=b,\\\n   c", "a", "b,c");
        check("a=b\\\\", "a", "b\\");
        check("a\\=b=c\\td", "a=b", "c\td");
        check("a=\\u00e9\\ud83d\\ude00", "a", "é😀");
        check("a=b\\", "a", "b");
    }

    #[test]
    fn broken_escape_names_its_line() {
        assert_eq!(parse("a=b\n\nc=\\u12").unwrap_err().line, 3);
        assert_eq!(parse("=b").unwrap_err().line, 1);
    }

    #[test]
    fn entries_remember_the_line_they_begin_on() {
        let lines: Vec<usize> = parse("a=1\\\n2\nb=3").unwrap().iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [1, 3]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC*|[\\\\u=: \\n#a0]*") {
            let _ = parse(&text);
        }

        #[test]
        fn escaped_values_come_back(value in "[^\\x00]*") {
            let read = pairs(&format!("key = {}", escape_value(&value)));
            prop_assert_eq!(read, [("key".to_owned(), value)]);
        }
    }
}
