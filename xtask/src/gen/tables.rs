//! Reads `apis.json` and `errors.json` and writes the two enums made of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::names;
use super::schema::Versions;

/// One API of Kafka.
pub(crate) struct Api {
    key: i16,
    pub(crate) name: String,
    versions: Versions,
    request_v2_since: i16,
    response_v1_since: i16,
}

/// One error code.
pub(crate) struct ErrorEntry {
    code: i16,
    name: String,
    retriable: bool,
}

pub(crate) fn parse_apis(json: &Value) -> anyhow::Result<Vec<Api>> {
    let list = json.as_array().context("apis.json is not a list")?;
    list.iter()
        .map(|entry| {
            Ok(Api {
                key: i16::try_from(entry["key"].as_i64().context("an api without key")?)?,
                name: entry["name"].as_str().context("an api without name")?.to_owned(),
                versions: stable_versions(entry)?,
                request_v2_since: header_since(&entry["request_header"], 2)?,
                response_v1_since: header_since(&entry["response_header"], 1)?,
            })
        })
        .collect()
}

/// The versions that Kafka serves: all but an unstable newest one.
fn stable_versions(api: &Value) -> anyhow::Result<Versions> {
    let mut versions = Versions::parse(api["versions"].as_str().context("an api without versions")?)?;
    if let Some(stable) = api["stable"].as_i64() {
        versions.max = i16::try_from(stable)?;
    }
    Ok(versions)
}

/// The version from which on an API has this header; `i16::MAX` if it never has.
fn header_since(headers: &Value, header: i64) -> anyhow::Result<i16> {
    let headers = headers.as_object().context("an api without header versions")?;
    for (versions, number) in headers {
        let number = number.as_i64().context("a header version is no number")?;
        ensure!((header - 1..=header).contains(&number), "unexpected header version {number}");
        if number == header {
            return Ok(versions.strip_suffix('+').context("header versions have no end")?.parse()?);
        }
    }
    Ok(i16::MAX)
}

pub(crate) fn parse_errors(json: &Value) -> anyhow::Result<Vec<ErrorEntry>> {
    let list = json.as_array().context("errors.json is not a list")?;
    list.iter()
        .map(|entry| {
            Ok(ErrorEntry {
                code: i16::try_from(entry["code"].as_i64().context("an error without code")?)?,
                name: entry["name"].as_str().context("an error without name")?.to_owned(),
                retriable: entry["retriable"].as_bool().context("an error without retriable")?,
            })
        })
        .collect()
}

/// A match over every entry, as the body of a method.
fn match_arms(out: &mut String, arms: impl Iterator<Item = (String, String)>) {
    for (pattern, value) in arms {
        let _ = writeln!(out, "{pattern} => {value},");
    }
}

/// A version as Rust text.
pub(crate) fn version_text(version: i16) -> String {
    if version == i16::MAX { "i16::MAX".to_owned() } else { version.to_string() }
}

pub(crate) fn emit_apis(apis: &[Api]) -> String {
    let mut out = String::from(
        "//! Every API of Kafka with its header versions. Generated from `schema/apis.json` by `cargo xtask gen`.\n\n\
         /// An API of Kafka's protocol, also those that this broker does not serve.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(i16)]\npub enum ApiKey {\n",
    );
    for api in apis {
        let _ = writeln!(out, "/// Key {}.\n{} = {},", api.key, api.name, api.key);
    }
    out.push_str(
        "}\n\n#[allow(clippy::too_many_lines, reason = \"one line per API\")]\nimpl ApiKey {\n/// Every API by ascending key.\npub const ALL: &'static [ApiKey] = &[",
    );
    for api in apis {
        let _ = write!(out, "ApiKey::{},", api.name);
    }
    out.push_str("];\n\n/// The API of a key on the wire; `None` for a key that Kafka 4.3 does not know.\n");
    out.push_str("#[must_use]\npub fn from_code(code: i16) -> Option<Self> {\nSome(match code {\n");
    match_arms(&mut out, apis.iter().map(|api| (api.key.to_string(), format!("Self::{}", api.name))));
    out.push_str("_ => return None,\n})\n}\n\n/// Name as Kafka writes it.\n#[must_use]\n");
    out.push_str("pub fn name(self) -> &'static str {\nmatch self {\n");
    match_arms(&mut out, apis.iter().map(|api| (format!("Self::{}", api.name), format!("{:?}", api.name))));
    out.push_str("}\n}\n\n/// The stable versions in Kafka 4.3, be they served here or not.\n#[must_use]\n");
    out.push_str("pub fn kafka_versions(self) -> std::ops::RangeInclusive<i16> {\nmatch self {\n");
    grouped_arms(&mut out, apis, |api| format!("{}..={}", api.versions.min, api.versions.max));
    out.push_str(
        "}\n}\n\n/// First version whose request header is version 2; `i16::MAX` if there is none.\n",
    );
    out.push_str("pub(super) fn request_header_v2_since(self) -> i16 {\nmatch self {\n");
    grouped_arms(&mut out, apis, |api| version_text(api.request_v2_since));
    out.push_str(
        "}\n}\n\n/// First version whose response header is version 1; `i16::MAX` if there is none.\n",
    );
    out.push_str("pub(super) fn response_header_v1_since(self) -> i16 {\nmatch self {\n");
    grouped_arms(&mut out, apis, |api| version_text(api.response_v1_since));
    out.push_str("}\n}\n}\n");
    out
}

/// Arms that bring all APIs of one value together.
fn grouped_arms(out: &mut String, apis: &[Api], value: impl Fn(&Api) -> String) {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for api in apis {
        groups.entry(value(api)).or_default().push(format!("Self::{}", api.name));
    }
    for (value, keys) in groups {
        let _ = writeln!(out, "{} => {value},", keys.join(" | "));
    }
}

pub(crate) fn emit_errors(errors: &[ErrorEntry]) -> String {
    let mut out = String::from(
        "//! Kafka's error codes. Generated from `schema/errors.json` by `cargo xtask gen`.\n\n\
         /// An error code of Kafka's protocol.\n\
         #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(i16)]\npub enum ErrorCode {\n",
    );
    for error in errors {
        let default = if error.code == 0 { "#[default]\n" } else { "" };
        let variant = names::upper_camel(&error.name);
        let _ = writeln!(out, "/// `{}` ({}).\n{default}{variant} = {},", error.name, error.code, error.code);
    }
    out.push_str("}\n\n#[allow(clippy::too_many_lines, reason = \"one line per error\")]\nimpl ErrorCode {\n/// The number on the wire.\n#[must_use]\n");
    out.push_str("pub fn code(self) -> i16 {\nself as i16\n}\n\n");
    out.push_str("/// The error of a number on the wire; `None` for one that Kafka 4.3 does not know.\n");
    out.push_str("#[must_use]\npub fn from_code(code: i16) -> Option<Self> {\nSome(match code {\n");
    let variant = |error: &ErrorEntry| format!("Self::{}", names::upper_camel(&error.name));
    match_arms(&mut out, errors.iter().map(|error| (error.code.to_string(), variant(error))));
    out.push_str("_ => return None,\n})\n}\n\n/// Name as Kafka writes it.\n#[must_use]\n");
    out.push_str("pub fn name(self) -> &'static str {\nmatch self {\n");
    match_arms(&mut out, errors.iter().map(|error| (variant(error), format!("{:?}", error.name))));
    out.push_str("}\n}\n\n/// Whether a client may send the same request again.\n#[must_use]\n");
    out.push_str("pub fn retriable(self) -> bool {\nmatches!(self, ");
    let retriable: Vec<String> = errors.iter().filter(|error| error.retriable).map(variant).collect();
    out.push_str(&retriable.join(" | "));
    out.push_str(")\n}\n}\n\nimpl std::fmt::Display for ErrorCode {\n");
    out.push_str("fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n");
    out.push_str("f.write_str(self.name())\n}\n");
    out.push_str(
        "}\n\nimpl From<ErrorCode> for i16 {\nfn from(error: ErrorCode) -> i16 {\nerror.code()\n}\n}\n",
    );
    out
}
