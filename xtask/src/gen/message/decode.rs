//! Writes `decode`, and how few bytes a value can take, by which counts of arrays are judged before memory is reserved.

use std::fmt::Write;

use super::super::names;
use super::super::schema::{Field, Message, Struct, Type, Versions};
use super::{condition, default_of, flexibility, generics, null_condition, scalar_method, version_parameter};

pub(super) fn emit(out: &mut String, message: &Message, shape: &Struct, top: bool) -> anyhow::Result<()> {
    let (flexible, compute) = flexibility(message, shape);
    let mut body = String::new();
    if top {
        let _ = writeln!(
            body,
            "if !Self::VERSIONS.contains(&version) {{\n\
             return Err(DecodeError::UnsupportedVersion {{ message: {:?}, version }});\n}}",
            message.name
        );
    }
    if let Some(compute) = compute {
        let _ = writeln!(body, "let flexible = {compute};");
    }
    let possible = shape.versions.intersect(message.versions);
    let literal = struct_literal(message, shape, possible, flexible)?;
    let tags = read_tags(message, shape, possible);
    let mutable = if tags.contains("this.") && flexible != "false" { "mut " } else { "" };
    match flexible {
        "true" => _ = writeln!(body, "let {mutable}this = {literal};\n{tags}Ok(this)"),
        "flexible" => {
            _ = writeln!(body, "let {mutable}this = {literal};\nif flexible {{\n{tags}}}\nOk(this)");
        }
        _ => _ = writeln!(body, "Ok({literal})"),
    }
    if top {
        let _ = writeln!(
            out,
            "/// Reads one message and leaves the reader behind it.\n///\n/// # Errors\n\
             /// Anything in the input that is not this message in this version.\npub fn decode("
        );
    } else {
        out.push_str("fn decode(");
    }
    let lifetime = generics(message, shape, "'a");
    let reader = if lifetime.is_empty() { "Reader<'_>" } else { "Reader<'a>" };
    let version = version_parameter(&body);
    let _ =
        writeln!(out, "reader: &mut {reader}, {version}: i16) -> Result<Self, DecodeError> {{\n{body}}}\n");
    Ok(())
}

/// The struct with its fields in the order of the wire, which is the order in which Rust reads them; tagged fields and
/// those that the version lacks have their defaults.
fn struct_literal(
    message: &Message,
    shape: &Struct,
    possible: Versions,
    flexible: &str,
) -> anyhow::Result<String> {
    let mut out = String::from("Self {\n");
    for field in &shape.fields {
        let default = default_of(field)?;
        let read =
            read_field(message, field, possible, if field.never_flexible { "false" } else { flexible });
        let value = match condition(field.versions, possible) {
            _ if field.tag.is_some() => default,
            Some(condition) => format!("if {condition} {{ {read} }} else {{ {default} }}"),
            None => read,
        };
        let _ = writeln!(out, "{}: {value},", names::field(&field.name));
    }
    out.push('}');
    Ok(out)
}

fn read_tags(message: &Message, shape: &Struct, possible: Versions) -> String {
    let mut tagged: Vec<&Field> = shape.fields.iter().filter(|field| field.tag.is_some()).collect();
    if tagged.is_empty() {
        return "reader.skip_tagged_fields()?;\n".to_owned();
    }
    tagged.sort_by_key(|field| field.tag);
    let flexible = message.flexible.map_or(possible, |flexible| flexible.intersect(possible));
    let mut out = String::from("reader.tagged_fields(|tag, reader| {\nmatch tag {\n");
    for field in tagged {
        let guard =
            condition(field.versions, flexible).map_or_else(String::new, |text| format!(" if {text}"));
        let tag = field.tag.unwrap_or_default();
        let read = read_field(message, field, possible, "true");
        let _ = writeln!(out, "{tag}{guard} => this.{} = {read},", names::field(&field.name));
    }
    out.push_str("_ => return Ok(false),\n}\nOk(true)\n})?;\n");
    out
}

fn read_field(message: &Message, field: &Field, possible: Versions, flexible: &str) -> String {
    let plain = read_value(message, &field.ty, flexible);
    let Some(nullable) = field.nullable else { return plain };
    let or_null = match &field.ty {
        Type::Struct(name) => {
            format!("reader.nullable_struct(|reader| {name}::decode(reader, version))?")
        }
        _ => plain.replacen("reader.", "reader.nullable_", 1),
    };
    match null_condition(field, nullable, possible) {
        Some(condition) => format!("if {condition} {{ {or_null} }} else {{ Some({plain}) }}"),
        None => or_null,
    }
}

fn read_value(message: &Message, ty: &Type, flexible: &str) -> String {
    match ty {
        Type::Scalar(name) => format!("reader.{}()?", scalar_method(name)),
        Type::String => format!("reader.string({flexible})?"),
        Type::Bytes => format!("reader.bytes({flexible})?"),
        Type::Records => format!("reader.records({flexible})?"),
        Type::Struct(name) => format!("{name}::decode(reader, version)?"),
        Type::Array(element) => {
            let bytes_min = element_bytes_min(message, element);
            format!("reader.array({flexible}, {bytes_min}, {})?", read_element(element, flexible))
        }
    }
}

fn read_element(element: &Type, flexible: &str) -> String {
    match element {
        Type::Scalar(name) => format!("Reader::{}", scalar_method(name)),
        Type::Struct(name) => format!("|reader| {name}::decode(reader, version)"),
        Type::Bytes => format!("|reader| reader.bytes({flexible})"),
        _ => format!("|reader| reader.string({flexible})"),
    }
}

/// Fewest bytes that an element takes in any version; at least one.
fn element_bytes_min(message: &Message, element: &Type) -> usize {
    let versions = message.versions;
    let possible = match element {
        Type::Struct(name) => message.find(name).versions.intersect(versions),
        _ => versions,
    };
    let least =
        (possible.min..=possible.max).map(|version| bytes_min(message, element, false, version)).min();
    least.unwrap_or(1).max(1)
}

fn bytes_min(message: &Message, ty: &Type, nullable: bool, version: i16) -> usize {
    let flexible = message.flexible.is_some_and(|flexible| flexible.contains(version));
    match ty {
        Type::Scalar("int8" | "bool") => 1,
        Type::Scalar("int16" | "uint16") => 2,
        Type::Scalar("int32" | "uint32") => 4,
        Type::Scalar("uuid") => 16,
        Type::Scalar(_) => 8,
        Type::Struct(_) if nullable => 1,
        Type::Struct(name) => {
            let fields = message.find(name).fields.iter();
            let present = fields.filter(|field| field.tag.is_none() && field.versions.contains(version));
            let sizes = present.map(|field| bytes_min(message, &field.ty, field.nullable.is_some(), version));
            sizes.sum::<usize>() + usize::from(flexible)
        }
        _ if flexible => 1,
        Type::String => 2,
        Type::Bytes | Type::Records | Type::Array(_) => 4,
    }
}
