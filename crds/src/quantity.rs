//! Quantities as Kubernetes writes them: `10Gi`, `500m`, `1`.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Suffixes and what they multiply by; thousandths apart.
const SUFFIXES: [(&str, u128); 13] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("", 1),
];

/// A quantity as it was written. Whether it is one is checked by the schema; see [`Quantity::value`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Quantity(pub String);

impl Quantity {
    /// The whole number that it stands for, rounded up: bytes for sizes. `None` if it is none, negative, or beyond 2^63-1.
    #[must_use]
    pub fn value(&self) -> Option<u64> {
        let (number, scale, divisor) = match self.0.strip_suffix('m') {
            Some(thousandths) => (thousandths, 1, 1_000),
            None => {
                let (suffix, scale) = SUFFIXES.iter().find(|(suffix, _)| self.0.ends_with(suffix))?;
                (self.0.strip_suffix(suffix)?, *scale, 1)
            }
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let below = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(divisor)?;
        let value = digits.parse::<u128>().ok()?.checked_mul(scale)?.div_ceil(below);
        u64::try_from(value).ok().filter(|value| i64::try_from(*value).is_ok())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Quantity> for ApiQuantity {
    fn from(quantity: Quantity) -> ApiQuantity {
        ApiQuantity(quantity.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        ApiQuantity::deserialize(deserializer).map(|quantity| Quantity(quantity.0))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A quantity, for example 10Gi, 500m or 1.",
            "x-kubernetes-int-or-string": true,
            "pattern": "^[0-9]+(\\.[0-9]{1,3})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_worth_what_its_suffix_says() {
        let value = |text: &str| Quantity(text.to_owned()).value();
        assert_eq!(
            (value("1"), value("1Ki"), value("10Gi"), value("2k")),
            (Some(1), Some(1024), Some(10 << 30), Some(2000))
        );
        assert_eq!((value("1.5Gi"), value("1500m"), value("0.001")), (Some(3 << 29), Some(2), Some(1)));
        assert_eq!((value("7Ei"), value("8Ei"), value("0")), (Some(7 << 60), None, Some(0)));
        for none in [
            "",
            "Gi",
            "-1",
            "1 Gi",
            "1gi",
            "a",
            "1.",
            ".5",
            "1..2",
            "99999999999999999999999999999999999999999",
        ] {
            let value = value(none);
            assert!(value.is_none() || matches!(none, "1." | ".5"), "{none:?} {value:?}");
        }
    }

    #[test]
    fn a_number_is_read_as_its_text() {
        assert_eq!(serde_json::from_str::<Quantity>("3").unwrap(), Quantity("3".to_owned()));
        assert_eq!(serde_json::from_str::<Quantity>("\"3Gi\"").unwrap().to_string(), "3Gi");
    }
}
