//! Messages as JSON, in the form of Kafka's own JSON converters: camel case, bytes in base64, uuids in url-safe base64.
//!
//! For tests and tools; behind the feature `json`. A tagged field that has its default is left out.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

use super::Records;
use crate::types::{Uuid, uuid_from_base64, uuid_to_base64};

/// Why JSON is not the message that it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// A field of this version is not there.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A value is of another type or out of range.
    #[error("value is not a valid {0}")]
    Invalid(&'static str),
    /// What is wrong lies in this field.
    #[error("{field}: {source}")]
    In {
        /// Name of the field.
        field: &'static str,
        /// What is wrong there.
        source: Box<JsonError>,
    },
}

/// A value that Kafka's JSON form can hold.
pub trait JsonValue: Sized {
    /// The value as JSON in one version of its message.
    fn to_json(&self, version: i16) -> Value;

    /// Reads the value in one version of its message.
    ///
    /// # Errors
    /// Missing fields, other types, numbers out of range.
    fn from_json(json: &Value, version: i16) -> Result<Self, JsonError>;
}

macro_rules! integers {
    ($($integer:ident)*) => {
        $(impl JsonValue for $integer {
            fn to_json(&self, _version: i16) -> Value {
                Value::from(*self)
            }

            fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
                json.as_i64()
                    .and_then(|number| number.try_into().ok())
                    .ok_or(JsonError::Invalid(stringify!($integer)))
            }
        })*
    };
}

integers! { i8 i16 u16 i32 u32 i64 }

impl JsonValue for f64 {
    fn to_json(&self, _version: i16) -> Value {
        Value::from(*self)
    }

    fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
        json.as_f64().ok_or(JsonError::Invalid("f64"))
    }
}

impl JsonValue for bool {
    fn to_json(&self, _version: i16) -> Value {
        Value::from(*self)
    }

    fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
        json.as_bool().ok_or(JsonError::Invalid("bool"))
    }
}

impl JsonValue for Uuid {
    fn to_json(&self, _version: i16) -> Value {
        Value::from(uuid_to_base64(*self))
    }

    fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
        json.as_str().and_then(uuid_from_base64).ok_or(JsonError::Invalid("uuid"))
    }
}

impl JsonValue for Cow<'_, str> {
    fn to_json(&self, _version: i16) -> Value {
        Value::from(self.as_ref())
    }

    fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
        json.as_str().map(|text| Cow::Owned(text.to_owned())).ok_or(JsonError::Invalid("string"))
    }
}

impl JsonValue for Cow<'_, [u8]> {
    fn to_json(&self, _version: i16) -> Value {
        Value::from(base64(self))
    }

    fn from_json(json: &Value, _version: i16) -> Result<Self, JsonError> {
        json.as_str().and_then(from_base64).map(Cow::Owned).ok_or(JsonError::Invalid("bytes"))
    }
}

impl JsonValue for Records<'_> {
    fn to_json(&self, _version: i16) -> Value {
        self.as_bytes().map_or(Value::Null, |bytes| Value::from(base64(bytes)))
    }

    fn from_json(json: &Value, version: i16) -> Result<Self, JsonError> {
        let bytes: Option<Cow<'_, [u8]>> = Option::from_json(json, version)?;
        Ok(bytes.map_or(Records::Null, |bytes| Records::Owned(bytes.into_owned())))
    }
}

impl<T: JsonValue> JsonValue for Option<T> {
    fn to_json(&self, version: i16) -> Value {
        self.as_ref().map_or(Value::Null, |value| value.to_json(version))
    }

    fn from_json(json: &Value, version: i16) -> Result<Self, JsonError> {
        if json.is_null() { Ok(None) } else { T::from_json(json, version).map(Some) }
    }
}

impl<T: JsonValue> JsonValue for Vec<T> {
    fn to_json(&self, version: i16) -> Value {
        self.iter().map(|element| element.to_json(version)).collect()
    }

    fn from_json(json: &Value, version: i16) -> Result<Self, JsonError> {
        let elements = json.as_array().ok_or(JsonError::Invalid("array"))?;
        elements.iter().map(|element| T::from_json(element, version)).collect()
    }
}

/// Reads one field into its place; a missing one is an error unless it is tagged.
///
/// # Errors
/// What is wrong with the value, with the name of the field.
#[doc(hidden)]
pub fn read_field<T: JsonValue>(
    object: &Map<String, Value>,
    field: &'static str,
    tagged: bool,
    version: i16,
    place: &mut T,
) -> Result<(), JsonError> {
    match object.get(field) {
        Some(json) => {
            let in_field = |source| JsonError::In { field, source: Box::new(source) };
            *place = T::from_json(json, version).map_err(in_field)?;
            Ok(())
        }
        None if tagged => Ok(()),
        None => Err(JsonError::Missing(field)),
    }
}

/// Implements [`JsonValue`] and the inherent `to_json` and `from_json` for a struct by the table of its fields.
macro_rules! fields {
    (
        $name:ident $(<$lifetime:lifetime>)? {
            $($field:ident: $key:literal $versions:expr,)*
        } tagged {
            $($tagged:ident: $tagged_key:literal $tagged_versions:expr,)*
        }
    ) => {
        impl $(<$lifetime>)? $name $(<$lifetime>)? {
            /// The message as JSON in Kafka's form.
            #[must_use]
            pub fn to_json(&self, version: i16) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                $(if ($versions).contains(&version) {
                    let json = $crate::codec::json::JsonValue::to_json(&self.$field, version);
                    object.insert($key.to_owned(), json);
                })*
                $(if ($tagged_versions).contains(&version) && self.$tagged != Self::default().$tagged {
                    let json = $crate::codec::json::JsonValue::to_json(&self.$tagged, version);
                    object.insert($tagged_key.to_owned(), json);
                })*
                serde_json::Value::Object(object)
            }

            /// Reads the message from JSON in Kafka's form.
            ///
            /// # Errors
            /// Missing fields, other types, numbers out of range.
            pub fn from_json(
                json: &serde_json::Value,
                version: i16,
            ) -> Result<Self, $crate::codec::json::JsonError> {
                let object = json.as_object().ok_or($crate::codec::json::JsonError::Invalid(stringify!($name)))?;
                let mut this = Self::default();
                $(if ($versions).contains(&version) {
                    $crate::codec::json::read_field(object, $key, false, version, &mut this.$field)?;
                })*
                $(if ($tagged_versions).contains(&version) {
                    $crate::codec::json::read_field(object, $tagged_key, true, version, &mut this.$tagged)?;
                })*
                Ok(this)
            }
        }

        impl $(<$lifetime>)? $crate::codec::json::JsonValue for $name $(<$lifetime>)? {
            fn to_json(&self, version: i16) -> serde_json::Value {
                Self::to_json(self, version)
            }

            fn from_json(
                json: &serde_json::Value,
                version: i16,
            ) -> Result<Self, $crate::codec::json::JsonError> {
                Self::from_json(json, version)
            }
        }
    };
}
pub(crate) use fields;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes in base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let six = group >> (18 - 6 * index) & 0x3f;
            text.push(if index <= chunk.len() { ALPHABET[six as usize] as char } else { '=' });
        }
    }
    text
}

/// The inverse of [`base64`]; `None` for anything else.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.as_bytes().chunks(4) {
        let known = chunk.iter().take_while(|&&byte| byte != b'=').count();
        if chunk.len() != 4 || known < 2 {
            return None;
        }
        let mut group = 0u32;
        for &byte in chunk.iter().take(known) {
            group = group << 6 | ALPHABET.iter().position(|&letter| letter == byte)? as u32;
        }
        group <<= 6 * (4 - known);
        bytes.extend(group.to_be_bytes().iter().skip(1).take(known - 1));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(from_base64("Zg="), None);
        assert_eq!(from_base64("Zg!="), None);
    }
}
