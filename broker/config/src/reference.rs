//! docs/configuration.md, written from the tables.

use std::fmt::Write as _;

use crate::def::{ConfigDef, Importance, UpdateMode};
use crate::keys;

const INTRODUCTION: &str = "\
# Settings

<!-- Written by `cargo xtask gen` from the tables in broker/config. Change those. -->

`highwater-broker [--config FILE] [--set key=value]...` reads its settings from the command line, from the environment
and from a file, in this order of precedence. Names and defaults are those of Apache Kafka 4.3 wherever Kafka has the
setting; ours begin with `highwater.`. `--print-config` shows every effective value with its source and meaning.

* **File**: the syntax of Java properties, as in Kafka's `server.properties`.
* **Environment**: `HIGHWATER_` and the key in upper case with underscores for dots; a leading `highwater.` falls away.
  `num.partitions` is `HIGHWATER_NUM_PARTITIONS`, `highwater.http.listener` is `HIGHWATER_HTTP_LISTENER`. A variable
  with this prefix that sets nothing causes a warning.
* An unknown key or a bad value stops the start with one line that names the key and the nearest valid one. A setting
  of Kafka that has no meaning here is passed over with a warning; one that asks for TLS, authentication or
  authorization is refused, because they do not exist yet, and so is one that Kafka 4 has removed, such as
  `zookeeper.connect`.

*Changes*: **start** needs a restart, **live** changes while the broker runs, for one broker or for all
(`kafka-configs --alter --entity-type brokers`).

";

/// The reference of all settings as Markdown.
#[must_use]
pub fn reference_markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str(
        "## Broker\n\n| Setting | Default | Changes | Importance | Meaning |\n|---|---|---|---|---|\n",
    );
    for def in keys::broker_keys() {
        let changes = if def.update == UpdateMode::ReadOnly { "start" } else { "live" };
        let importance = match def.importance {
            Importance::High => "high",
            Importance::Medium => "medium",
            Importance::Low => "low",
        };
        row(&mut text, def, &format!("{changes} | {importance}"));
    }
    text.push_str(
        "\n## Topics\n\nSet with CreateTopics, AlterConfigs or IncrementalAlterConfigs; every change is live. A topic \
         that does not set one takes the broker's setting beside it.\n\n| Setting | Default | Broker's setting | \
         Meaning |\n|---|---|---|---|\n",
    );
    for def in keys::topic_keys() {
        let broker: Vec<String> =
            def.fallbacks.iter().map(|fallback| format!("`{}`", fallback.key)).collect();
        row(&mut text, def, &broker.join(", "));
    }
    text
}

fn row(text: &mut String, def: &ConfigDef, middle: &str) {
    let default = match def.default {
        Some("") => "empty".to_owned(),
        Some(value) => format!("`{value}`"),
        None => "not set".to_owned(),
    };
    let takes = def.expectation();
    let written = writeln!(text, "| `{}` | {default} | {middle} | {} Takes {takes}. |", def.name, def.doc);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_in_docs_is_what_the_tables_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == reference_markdown(),
            "docs/configuration.md is out of date: run cargo xtask gen"
        );
    }

    #[test]
    fn rows_have_as_many_cells_as_their_heading() {
        for line in reference_markdown().lines().filter(|line| line.starts_with("| `")) {
            let cells = line.matches(" | ").count() + 1;
            assert!(cells == 4 || cells == 5, "{line}");
        }
    }
}
