//! Names as Rust and as Kafka's JSON write them.

/// `FetchRequest` → `fetch_request`, `KRaftVersionRecord` → `kraft_version_record`.
pub(crate) fn snake(camel: &str) -> String {
    let mut name = String::new();
    let mut after_lower = false;
    for character in camel.chars() {
        if character.is_uppercase() && after_lower {
            name.push('_');
        }
        after_lower = !character.is_uppercase();
        name.extend(character.to_lowercase());
    }
    name
}

/// `topic_id` → `TopicId`, `UNKNOWN_TOPIC_ID` → `UnknownTopicId`.
pub(crate) fn upper_camel(snake: &str) -> String {
    snake.split('_').map(capitalized).collect()
}

/// `topic_id` → `topicId`, `kraft_version` → `kRaftVersion`.
pub(crate) fn lower_camel(snake: &str) -> String {
    let camel = upper_camel(snake);
    let mut characters = camel.chars();
    characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect()
}

fn capitalized(word: &str) -> String {
    if word == "kraft" {
        return "KRaft".to_owned();
    }
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect()
    })
}

/// The name of a field, escaped where it is a keyword.
pub(crate) fn field(name: &str) -> String {
    match name {
        "type" | "match" | "ref" | "move" | "final" | "override" | "gen" => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// The API that a request or response belongs to: `FetchRequest` → `Fetch`.
pub(crate) fn api(message: &str) -> &str {
    message.strip_suffix("Request").or_else(|| message.strip_suffix("Response")).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust_and_kafka() {
        assert_eq!(snake("FetchRequest"), "fetch_request");
        assert_eq!(snake("KRaftVersionRecord"), "kraft_version_record");
        assert_eq!(upper_camel("UNKNOWN_TOPIC_ID"), "UnknownTopicId");
        assert_eq!(lower_camel("v3_and_below_topics"), "v3AndBelowTopics");
        assert_eq!(lower_camel("kraft_version"), "kRaftVersion");
        assert_eq!(api("FetchResponse"), "Fetch");
        assert_eq!(field("match"), "r#match");
    }
}
