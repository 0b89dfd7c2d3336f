//! Settings by key, as a person writes them in YAML: texts, numbers, true and false.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The value of a setting. The schema takes anything, so that `true` needs no quotes; see [`ConfigValue::text`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigValue(pub Value);

impl ConfigValue {
    /// What the broker is told; `None` for null, lists and objects, which are no values of settings.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match &self.0 {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is_on) => Some(is_on.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl From<&str> for ConfigValue {
    fn from(text: &str) -> ConfigValue {
        ConfigValue(Value::String(text.to_owned()))
    }
}

impl JsonSchema for ConfigValue {
    fn schema_name() -> Cow<'static, str> {
        "ConfigValue".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text, a number, true or false.",
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

/// Settings by key.
pub type ConfigMap = BTreeMap<String, ConfigValue>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_need_no_quotes() {
        let map: ConfigMap =
            serde_json::from_str(r#"{"a": 1, "b": true, "c": "x", "d": null, "e": [], "f": 1.5}"#).unwrap();
        let text = |key: &str| map[key].text();
        assert_eq!(
            (text("a").as_deref(), text("b").as_deref(), text("c").as_deref()),
            (Some("1"), Some("true"), Some("x"))
        );
        assert_eq!((text("d"), text("e"), text("f").as_deref()), (None, None, Some("1.5")));
    }
}
