//! Which metrics and labels a PromQL expression names. Not a parser: it knows strings, brackets and the words of the
//! language, and takes every other name for a metric.

/// A metric that an expression reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Selector {
    /// The metric's name.
    pub(crate) metric: String,
    /// Labels that it is selected by.
    pub(crate) labels: Vec<String>,
    /// Name and matchers as they stand there, without range and offset.
    pub(crate) text: String,
}

/// Words that a list of labels follows.
const BEFORE_LABELS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Other words of the language that are no function. Aggregations are here, because `by (…)` may follow them.
const WORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "atan2",
    "start",
    "end",
    "sum",
    "min",
    "max",
    "avg",
    "group",
    "stddev",
    "stdvar",
    "count",
    "count_values",
    "bottomk",
    "topk",
    "quantile",
];

/// All metrics of `expression`, in its order.
pub(crate) fn selectors(expression: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        if let '"' | '\'' | '`' = first {
            rest = after_string(rest);
        } else if first == '[' {
            rest = rest.split_once(']').map_or("", |(_, behind)| behind);
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else if is_name(first) {
            let name = word(rest);
            let behind = rest[name.len()..].trim_start();
            if BEFORE_LABELS.contains(&name) && behind.starts_with('(') {
                rest = behind.split_once(')').map_or("", |(_, behind)| behind);
            } else if WORDS.contains(&name) || BEFORE_LABELS.contains(&name) || behind.starts_with('(') {
                rest = &rest[name.len()..];
            } else {
                let (labels, behind) = matchers(behind);
                let text = rest[..rest.len() - behind.len()].trim().to_owned();
                found.push(Selector { metric: name.to_owned(), labels, text });
                rest = behind;
            }
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || character == ':'
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(is_name(c) || c.is_ascii_digit())).unwrap_or(text.len());
    &text[..end]
}

/// What follows the string that `text` begins with.
fn after_string(text: &str) -> &str {
    let mut characters = text.char_indices();
    let quote = characters.next().map(|(_, quote)| quote);
    let mut escaped = false;
    for (index, character) in characters {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if Some(character) == quote {
            return &text[index + 1..];
        }
    }
    ""
}

/// The labels of the matchers that `text` begins with, if it does, and what follows them.
fn matchers(text: &str) -> (Vec<String>, &str) {
    let Some(mut rest) = text.strip_prefix('{') else { return (Vec::new(), text) };
    let mut labels = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            '}' => return (labels, &rest[1..]),
            '"' | '\'' | '`' => rest = after_string(rest),
            _ if is_name(first) => {
                let name = word(rest);
                labels.push(name.to_owned());
                rest = &rest[name.len()..];
            }
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    (labels, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(expression: &str) -> Vec<String> {
        selectors(expression).into_iter().map(|selector| selector.metric).collect()
    }

    #[test]
    fn words_functions_labels_and_numbers_are_no_metrics() {
        let expression =
            "sum by (job, le) (rate(a_total{job=~\"x|sum(y)\"}[5m])) > 1e3 and on (job) b offset 30m";
        assert_eq!(named(expression), ["a_total", "b"]);
        assert_eq!(named("time() - (c > 0) or vector(0)"), ["c"]);
        assert_eq!(
            named("a:b:ratio1h > 0.144 unless on () group(last_over_time(d[7d]))"),
            ["a:b:ratio1h", "d"]
        );
    }

    #[test]
    fn a_selector_has_its_labels_and_its_text() {
        let found = selectors("max(a{x=\"}\",y!~'b,\\'c'} ) / b{} offset 5m");
        assert_eq!(found[0].labels, ["x", "y"]);
        assert_eq!(found[0].text, "a{x=\"}\",y!~'b,\\'c'}");
        assert_eq!((found[1].metric.as_str(), found[1].text.as_str()), ("b", "b{}"));
    }
}
