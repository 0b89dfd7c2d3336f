//! Writes `encode`.

use std::fmt::Write;

use serde_json::Value;

use super::super::names;
use super::super::schema::{Field, Message, Struct, Type, Versions};
use super::{
    condition, default_of, flexibility, has_standard_default, null_condition, scalar_method,
    version_parameter,
};

/// The fields that say what failed. A `topic_config_error_code` says only that settings are not shown.
const ERROR_CODES: [&str; 2] = ["error_code", "partition_error_code"];

pub(super) fn emit(out: &mut String, message: &Message, shape: &Struct, top: bool) {
    let (flexible, compute) = flexibility(message, shape);
    let mut body = String::new();
    if top {
        let _ = writeln!(
            body,
            "if !Self::VERSIONS.contains(&version) {{\n\
             return Err(EncodeError::UnsupportedVersion {{ message: {:?}, version }});\n}}",
            message.name
        );
    }
    if let Some(compute) = compute {
        let _ = writeln!(body, "let flexible = {compute};");
    }
    let possible = shape.versions.intersect(message.versions);
    for field in shape.fields.iter().filter(|field| field.tag.is_none()) {
        let write = write_field(field, possible, if field.never_flexible { "false" } else { flexible });
        match condition(field.versions, possible) {
            Some(condition) => _ = writeln!(body, "if {condition} {{\n{write}\n}}"),
            None => _ = writeln!(body, "{write}"),
        }
    }
    let tags = write_tags(message, shape, possible);
    match flexible {
        "true" => body.push_str(&tags),
        "flexible" => _ = writeln!(body, "if flexible {{\n{tags}}}"),
        _ => {}
    }
    if top {
        let _ = writeln!(
            out,
            "/// Appends the message. A field that the version lacks is left out.\n///\n/// # Errors\n\
             /// A null that the version does not allow, a length beyond its type, an unknown version.\npub fn encode("
        );
    } else {
        out.push_str("fn encode(");
    }
    let version = version_parameter(&body);
    let _ = writeln!(
        out,
        "&self, writer: &mut Writer, {version}: i16) -> Result<(), EncodeError> {{\n{body}Ok(())\n}}"
    );
}

fn write_tags(message: &Message, shape: &Struct, possible: Versions) -> String {
    let mut tagged: Vec<&Field> = shape.fields.iter().filter(|field| field.tag.is_some()).collect();
    if tagged.is_empty() {
        return "writer.no_tags();\n".to_owned();
    }
    tagged.sort_by_key(|field| field.tag);
    let flexible = message.flexible.map_or(possible, |flexible| flexible.intersect(possible));
    let mut out = String::from("let mut tags = writer.begin_tags();\n");
    for field in tagged {
        let valid =
            condition(field.versions, flexible).map_or_else(String::new, |text| format!("{text} && "));
        let tag = field.tag.unwrap_or_default();
        let write = write_field(field, possible, "true");
        let _ = writeln!(
            out,
            "if {valid}{} {{\nwriter.tag(&mut tags, {tag}, |writer| {{\n{write}\nOk(())\n}})?;\n}}",
            differs_from_default(field)
        );
    }
    out.push_str("writer.end_tags(tags);\n");
    out
}

/// The condition under which a tagged field is written.
fn differs_from_default(field: &Field) -> String {
    let place = format!("self.{}", names::field(&field.name));
    match (&field.ty, field.nullable.is_some(), &field.default) {
        (_, true, Some(Value::Null)) => format!("{place}.is_some()"),
        (_, true, _) => format!("{place}.as_ref().is_none_or(|value| !value.is_empty())"),
        (Type::Array(_) | Type::String | Type::Bytes, false, _) => format!("!{place}.is_empty()"),
        (Type::Scalar("bool"), false, default) => {
            if default.as_ref().and_then(Value::as_bool) == Some(true) {
                format!("!{place}")
            } else {
                place
            }
        }
        (Type::Scalar("uuid"), false, _) => format!("!{place}.is_nil()"),
        (Type::Struct(name), false, _) => format!("{place} != {name}::default()"),
        (_, false, _) if has_standard_default(field) => format!("{place} != 0"),
        (_, false, _) => {
            format!("{place} != {}", default_of(field).expect("the struct's default was written before"))
        }
    }
}

fn write_field(field: &Field, possible: Versions, flexible: &str) -> String {
    let name = names::field(&field.name);
    if ERROR_CODES.contains(&&*field.name) {
        return format!("writer.error_code(self.{name});");
    }
    let plain = |place: &str| write_value(&field.ty, place, flexible);
    let Some(nullable) = field.nullable else {
        return match field.ty {
            Type::Scalar(_) | Type::Struct(_) => plain(&format!("self.{name}")),
            _ => plain(&format!("&self.{name}")),
        };
    };
    let or_null = match &field.ty {
        Type::Struct(_) => format!(
            "writer.nullable_struct(self.{name}.as_ref(), |writer, value| value.encode(writer, version))?;"
        ),
        _ => plain(&format!("self.{name}.as_deref()")).replacen("writer.", "writer.nullable_", 1),
    };
    match null_condition(field, nullable, possible) {
        Some(condition) => format!(
            "if {condition} {{ {or_null} }} else {{ {} }}",
            plain(&format!("required(&self.{name}, {:?})?", field.name))
        ),
        None => or_null,
    }
}

fn write_value(ty: &Type, place: &str, flexible: &str) -> String {
    match ty {
        Type::Scalar(name) => format!("writer.{}({place});", scalar_method(name)),
        Type::String => format!("writer.string({flexible}, {place})?;"),
        Type::Bytes => format!("writer.bytes_field({flexible}, {place})?;"),
        Type::Records => format!("writer.records({flexible}, {place})?;"),
        Type::Struct(_) => format!("{place}.encode(writer, version)?;"),
        Type::Array(element) => match &**element {
            Type::Scalar(name) => {
                format!("writer.scalars({flexible}, {place}, Writer::{})?;", scalar_method(name))
            }
            Type::Struct(_) => {
                format!(
                    "writer.array({flexible}, {place}, |writer, element| element.encode(writer, version))?;"
                )
            }
            Type::Bytes => {
                format!(
                    "writer.array({flexible}, {place}, |writer, element| writer.bytes_field({flexible}, element))?;"
                )
            }
            _ => format!(
                "writer.array({flexible}, {place}, |writer, element| writer.string({flexible}, element))?;"
            ),
        },
    }
}
