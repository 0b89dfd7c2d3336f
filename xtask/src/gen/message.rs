//! Writes the Rust file of one message: structs, defaults, decode, encode and the table of its JSON fields.
//!
//! The text is not pretty; rustfmt makes it so.

mod decode;
mod encode;

use std::fmt::Write;

use anyhow::ensure;
use serde_json::Value;

use super::names;
use super::schema::{Field, Message, Struct, Type, Versions};
use super::tables::{Api, version_text};

/// The file of a message.
///
/// # Errors
/// A schema that asks for something that no known message has.
fn emit(message: &Message, apis: &[Api]) -> anyhow::Result<String> {
    let mut body = String::new();
    for (index, shape) in message.structs.iter().enumerate() {
        emit_struct(&mut body, message, shape, index == 0)?;
    }
    let mut out = format!(
        "//! {}. Generated from `schema/messages.json` by `cargo xtask gen`.\n\n",
        describe(message).trim_end_matches('.')
    );
    if body.contains("Cow<") || body.contains("Cow::") {
        out.push_str("use std::borrow::Cow;\n\n");
    }
    let mut imports: Vec<&str> = ["DecodeError", "EncodeError", "Reader", "Writer", "Records", "Request"]
        .into_iter()
        .filter(|name| match *name {
            "Request" => message.kind == "request",
            "Records" => body.contains("Records<'a>"),
            name => body.contains(name),
        })
        .collect();
    if body.contains("required(") {
        imports.push("required");
    }
    let _ = writeln!(out, "use crate::codec::{{{}}};", imports.join(","));
    if body.contains("Uuid") {
        out.push_str("use crate::types::Uuid;\n");
    }
    out.push('\n');
    out.push_str(&body);
    emit_traits(&mut out, message, apis)?;
    Ok(out)
}

fn describe(message: &Message) -> String {
    let key = match (message.key, message.record_type) {
        (Some(key), _) => format!("{} of API {} ({key})", message.kind, names::api(&message.name)),
        (None, Some(record_type)) => format!("data record of type {record_type}"),
        (None, None) => message.kind.clone(),
    };
    match message.versions {
        Versions { min, max } if min == max => format!("`{}`: {key}, version {min}.", message.name),
        Versions { min, max } => format!("`{}`: {key}, versions {min} to {max}.", message.name),
    }
}

fn emit_struct(out: &mut String, message: &Message, shape: &Struct, top: bool) -> anyhow::Result<()> {
    let name = &shape.name;
    let standard = shape.fields.iter().all(has_standard_default);
    if top {
        let _ = writeln!(out, "/// {}", describe(message));
    } else {
        let _ = writeln!(out, "/// Part of [`{}`].", message.name);
    }
    let derived = if standard { "Clone, Debug, Default, PartialEq" } else { "Clone, Debug, PartialEq" };
    let _ = writeln!(out, "#[derive({derived})]\npub struct {name}{} {{", generics(message, shape, "'a"));
    for field in &shape.fields {
        let _ = writeln!(out, "/// {}", describe_field(field));
        let _ = writeln!(out, "pub {}: {},", names::field(&field.name), field_type(message, field));
    }
    out.push_str("}\n\n");
    if !standard {
        let _ = writeln!(out, "impl Default for {name}{} {{", generics(message, shape, "'_"));
        out.push_str("fn default() -> Self {\nSelf {\n");
        for field in &shape.fields {
            let _ = writeln!(out, "{}: {},", names::field(&field.name), default_of(field)?);
        }
        out.push_str("}\n}\n}\n\n");
    }
    let lifetime = generics(message, shape, "'a");
    let _ = writeln!(out, "impl{lifetime} {name}{lifetime} {{");
    if top {
        emit_constants(out, message);
    }
    decode::emit(out, message, shape, top)?;
    encode::emit(out, message, shape, top);
    out.push_str("}\n\n");
    emit_json(out, message, shape);
    Ok(())
}

fn emit_constants(out: &mut String, message: &Message) {
    let Versions { min, max } = message.versions;
    let since = version_text(message.flexible.map_or(i16::MAX, |flexible| flexible.min));
    let _ = writeln!(out, "/// Versions that this codec reads and writes.");
    let _ = writeln!(out, "pub const VERSIONS: std::ops::RangeInclusive<i16> = {min}..={max};");
    let _ = writeln!(out, "/// First version with compact lengths and tagged fields.");
    let _ = writeln!(out, "pub const FLEXIBLE_SINCE: i16 = {since};");
    if let Some(key) = message.key {
        let api = names::api(&message.name);
        let _ = writeln!(out, "/// The API that this message belongs to (key {key}).");
        let _ = writeln!(out, "pub const API_KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::{api};");
    }
    if let Some(record_type) = message.record_type {
        let _ =
            writeln!(out, "/// The record type: the 16-bit number in front of a record key of this kind.");
        let _ = writeln!(out, "pub const RECORD_TYPE: i16 = {record_type};");
    }
    out.push('\n');
}

fn emit_json(out: &mut String, message: &Message, shape: &Struct) {
    let lifetime = if is_borrowed(message, shape) { "<'a>" } else { "" };
    let _ = writeln!(
        out,
        "#[cfg(feature = \"json\")]\ncrate::codec::json::fields! {{ {}{lifetime} {{",
        shape.name
    );
    for tagged in [false, true] {
        if tagged {
            out.push_str("} tagged {\n");
        }
        for field in shape.fields.iter().filter(|field| field.tag.is_some() == tagged) {
            let valid = field.versions.intersect(shape.versions);
            let (name, json) = (names::field(&field.name), names::lower_camel(&field.name));
            let _ = writeln!(out, "    {name}: {json:?} {}..={},", valid.min, version_text(valid.max));
        }
    }
    out.push_str("}}\n\n");
}

fn emit_traits(out: &mut String, message: &Message, apis: &[Api]) -> anyhow::Result<()> {
    let shape = message.find(&message.name);
    let lifetime = generics(message, shape, "'a");
    let name = &message.name;
    let kind = names::upper_camel(&message.kind);
    let _ = writeln!(out, "crate::codec::message!({name}{lifetime}, {kind});");
    if message.kind == "request" {
        let api = names::api(name);
        ensure!(apis.iter().any(|known| known.name == api), "{name} belongs to no API");
        let _ = writeln!(out, "\nimpl<'a> Request<'a> for {name}{lifetime} {{");
        out.push_str("const API_KEY: crate::api_key::ApiKey = Self::API_KEY;\n");
        let _ = writeln!(out, "type Response<'r> = super::{api}Response{RESPONSE_LIFETIME};\n}}");
    }
    Ok(())
}

/// Stands where [`emit_all`] puts the lifetime of a response, which only all messages together tell.
const RESPONSE_LIFETIME: &str = "/*lifetime of the response*/";

/// The files of all messages by name of the message.
pub(crate) fn emit_all(messages: &[Message], apis: &[Api]) -> anyhow::Result<Vec<(String, String)>> {
    let borrowed = |name: &str| {
        messages.iter().any(|message| message.name == name && is_borrowed(message, message.find(name)))
    };
    messages
        .iter()
        .map(|message| {
            let response = format!("{}Response", names::api(&message.name));
            let lifetime = if borrowed(&response) { "<'r>" } else { "" };
            Ok((message.name.clone(), emit(message, apis)?.replace(RESPONSE_LIFETIME, lifetime)))
        })
        .collect()
}

/// The file that names all messages, in rustfmt's form.
pub(crate) fn emit_index(messages: &[Message]) -> String {
    let mut names: Vec<(String, &str)> =
        messages.iter().map(|message| (names::snake(&message.name), message.name.as_str())).collect();
    names.sort_unstable();
    let mut out = String::from(
        "//! Every message of Kafka's protocol. Generated from `schema/messages.json` by `cargo xtask gen`.\n//!\n\
         //! A message is named as in Kafka's source; its parts lie beside it in the module of its name.\n\n\
         #![allow(clippy::too_many_lines, reason = \"a message has as many lines as it has fields\")]\n\n",
    );
    for (module, _) in &names {
        let _ = writeln!(out, "pub mod {module};");
    }
    out.push('\n');
    for (module, name) in &names {
        let _ = writeln!(out, "pub use {module}::{name};");
    }
    out.push_str(
        "\n/// Calls a macro with the names of all messages, separated by spaces.\n#[macro_export]\n\
         macro_rules! for_each_message {\n    ($callback:ident) => {\n        $callback! {\n",
    );
    for (_, name) in &names {
        let _ = writeln!(out, "            {name}");
    }
    out.push_str("        }\n    };\n}\n");
    out
}

/// `<'a>` with the given lifetime for a struct that borrows, nothing for one that does not.
fn generics(message: &Message, shape: &Struct, lifetime: &str) -> String {
    if is_borrowed(message, shape) { format!("<{lifetime}>") } else { String::new() }
}

fn is_borrowed(message: &Message, shape: &Struct) -> bool {
    shape.fields.iter().any(|field| borrows(message, &field.ty))
}

fn borrows(message: &Message, ty: &Type) -> bool {
    match ty {
        Type::Scalar(_) => false,
        Type::String | Type::Bytes | Type::Records => true,
        Type::Struct(name) => is_borrowed(message, message.find(name)),
        Type::Array(element) => borrows(message, element),
    }
}

fn field_type(message: &Message, field: &Field) -> String {
    let ty = value_type(message, &field.ty);
    if field.nullable.is_some() { format!("Option<{ty}>") } else { ty }
}

fn value_type(message: &Message, ty: &Type) -> String {
    match ty {
        Type::Scalar(name) => scalar_type(name).to_owned(),
        Type::String => "Cow<'a, str>".to_owned(),
        Type::Bytes => "Cow<'a, [u8]>".to_owned(),
        Type::Records => "Records<'a>".to_owned(),
        Type::Struct(name) => format!("{name}{}", generics(message, message.find(name), "'a")),
        Type::Array(element) => format!("Vec<{}>", value_type(message, element)),
    }
}

fn scalar_type(name: &str) -> &str {
    match name {
        "uuid" => "Uuid",
        other => scalar_method(other),
    }
}

/// Method of reader and writer for a scalar.
fn scalar_method(name: &str) -> &str {
    match name {
        "int8" => "i8",
        "int16" => "i16",
        "uint16" => "u16",
        "int32" => "i32",
        "uint32" => "u32",
        "int64" => "i64",
        "float64" => "f64",
        other => other,
    }
}

fn describe_field(field: &Field) -> String {
    let versions = match field.versions {
        Versions { min, max: i16::MAX } => format!("versions {min} on"),
        Versions { min, max } if min == max => format!("version {min}"),
        Versions { min, max } => format!("versions {min} to {max}"),
    };
    let mut text = format!("`{}`, {versions}", type_text(&field.ty));
    if let Some(tag) = field.tag {
        let _ = write!(text, ", tag {tag}");
    }
    match field.nullable {
        Some(nullable) if nullable != field.versions => {
            let _ = write!(text, ", nullable from version {}", nullable.min);
        }
        Some(_) => text.push_str(", nullable"),
        None => {}
    }
    match &field.default {
        Some(Value::Null) | None => {}
        Some(value) => {
            let _ = write!(text, ", default {value}");
        }
    }
    text + "."
}

fn type_text(ty: &Type) -> String {
    match ty {
        Type::Scalar(name) => (*name).to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Records => "records".to_owned(),
        Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("[]{}", type_text(element)),
    }
}

/// Whether the default is what Rust's `Default` gives: zero, empty, or null where null is possible.
fn has_standard_default(field: &Field) -> bool {
    match &field.default {
        None => field.nullable.is_none(),
        Some(Value::Null) => true,
        Some(_) => false,
    }
}

fn default_of(field: &Field) -> anyhow::Result<String> {
    if has_standard_default(field) {
        return Ok(if field.nullable.is_some() { "None".to_owned() } else { empty_of(&field.ty) });
    }
    Ok(match (&field.default, &field.ty) {
        (None, ty) => format!("Some({})", empty_of(ty)),
        (Some(Value::Bool(value)), _) => value.to_string(),
        (Some(Value::Number(value)), Type::Scalar(scalar)) => {
            ensure!(field.nullable.is_none(), "a nullable number in field {}", field.name);
            number(value, scalar_type(scalar))
        }
        (Some(other), _) => anyhow::bail!("default {other} of field {} is not known", field.name),
    })
}

/// Zero, empty, false.
fn empty_of(ty: &Type) -> String {
    match ty {
        Type::Scalar("bool") => "false".to_owned(),
        Type::Scalar("uuid") => "Uuid::nil()".to_owned(),
        Type::Scalar("float64") => "0.0".to_owned(),
        Type::Scalar(_) => "0".to_owned(),
        Type::String | Type::Bytes => "Cow::default()".to_owned(),
        Type::Records => "Records::Null".to_owned(),
        Type::Struct(name) => format!("{name}::default()"),
        Type::Array(_) => "Vec::new()".to_owned(),
    }
}

fn number(value: &serde_json::Number, ty: &str) -> String {
    let limits =
        [(i64::from(i32::MAX), "MAX"), (i64::from(i32::MIN), "MIN"), (i64::MAX, "MAX"), (i64::MIN, "MIN")];
    match limits.iter().find(|(limit, _)| value.as_i64() == Some(*limit)) {
        Some((_, name)) => format!("{ty}::{name}"),
        None => value.to_string(),
    }
}

/// Where a version stands against the versions that are possible: `None` if the condition always holds.
fn condition(valid: Versions, possible: Versions) -> Option<String> {
    let (from, to) = (valid.min > possible.min, valid.max < possible.max);
    match (from, to) {
        (false, false) => None,
        _ if valid.min == valid.max => Some(format!("version == {}", valid.min)),
        (true, false) => Some(format!("version >= {}", valid.min)),
        (false, true) => Some(format!("version <= {}", valid.max)),
        (true, true) => Some(format!("({}..={}).contains(&version)", valid.min, valid.max)),
    }
}

/// Whether the versions of a struct are flexible: `true`, `false`, or a variable's name and how to compute it.
fn flexibility(message: &Message, shape: &Struct) -> (&'static str, Option<String>) {
    let Some(flexible) = message.flexible else { return ("false", None) };
    match condition(flexible, shape.versions.intersect(message.versions)) {
        None => ("true", None),
        Some(_) if flexible.min > shape.versions.max => ("false", None),
        Some(condition) => ("flexible", Some(condition)),
    }
}

/// `Some(condition)` where null is allowed in some versions only, `None` where in all.
fn null_condition(field: &Field, nullable: Versions, possible: Versions) -> Option<String> {
    condition(nullable, field.versions.intersect(possible))
}

/// The parameter of a body: `version`, with an underscore if the body never uses it.
fn version_parameter(body: &str) -> &'static str {
    let part_of_name = |character: char| character.is_alphanumeric() || "_.\"".contains(character);
    let used = body.match_indices("version").any(|(start, word)| {
        let before = body[..start].chars().next_back();
        let after = body[start + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    });
    if used { "version" } else { "_version" }
}
