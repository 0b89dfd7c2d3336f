//! Reads `messages.json` into messages, structs and fields.
//!
//! Structs of one name in one message are one struct; its fields are valid in the union of what each use says. A struct's
//! own versions are those in which a field of its type is valid, so that generated conditions say no more than they must.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::names;

/// Struct fields that are null by default though the schema does not say so: a tagged struct has no default there.
/// The golden examples of `ConsumerGroupMemberMetadataValue` show the byte that tells null from present.
const NULL_BY_DEFAULT: [&str; 1] = ["classic_member_metadata"];

/// Versions from `min` to `max`; open ends are `i16::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Versions {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let (min, max) = match (text.strip_suffix('+'), text.split_once('-')) {
            (Some(min), _) => (min.parse()?, i16::MAX),
            (None, Some((min, max))) => (min.parse()?, max.parse()?),
            (None, None) => (text.parse()?, text.parse()?),
        };
        ensure!(min <= max, "versions {text} are empty");
        Ok(Self { min, max })
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    pub(crate) fn intersect(self, other: Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max.min(other.max) }
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// Type of a field or of an array's element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Numbers, bool and uuid: name of the type in the schema.
    Scalar(&'static str),
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Type>),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) ty: Type,
    /// Versions in which the field may be null.
    pub(crate) nullable: Option<Versions>,
    /// Number of the tag, for a field that is tagged in all its versions.
    pub(crate) tag: Option<u32>,
    /// Explicit default; `Some(Value::Null)` is null.
    pub(crate) default: Option<Value>,
    /// Whether the field keeps its inflexible form in flexible versions.
    pub(crate) never_flexible: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Number of the API (requests and responses).
    pub(crate) key: Option<i16>,
    /// Number of the record's type (data in logs).
    pub(crate) record_type: Option<i16>,
    pub(crate) versions: Versions,
    pub(crate) flexible: Option<Versions>,
    /// The message itself first, then its structs in order of appearance.
    pub(crate) structs: Vec<Struct>,
}

impl Message {
    pub(crate) fn find(&self, name: &str) -> &Struct {
        self.structs
            .iter()
            .find(|found| found.name == name)
            .expect("parsing created every struct that is named")
    }
}

pub(crate) fn parse_messages(json: &Value) -> anyhow::Result<Vec<Message>> {
    let list = json.as_array().context("messages.json is not a list")?;
    list.iter()
        .map(|entry| {
            let name = text(entry, "name")?;
            parse_message(entry, name).with_context(|| format!("in {name}"))
        })
        .collect()
}

fn parse_message(json: &Value, name: &str) -> anyhow::Result<Message> {
    let versions = Versions::parse(text(json, "versions")?)?;
    let number = |key: &str| json.get(key).and_then(Value::as_i64).map(i16::try_from).transpose();
    let mut structs = vec![Struct { name: name.to_owned(), versions, fields: Vec::new() }];
    structs[0].fields = parse_fields(json, versions, &mut structs)?;
    Ok(Message {
        name: name.to_owned(),
        kind: text(json, "kind")?.to_owned(),
        key: number("key")?,
        record_type: number("record_type")?,
        versions,
        flexible: json.get("flexible").and_then(Value::as_str).map(Versions::parse).transpose()?,
        structs,
    })
}

fn parse_fields(json: &Value, context: Versions, structs: &mut Vec<Struct>) -> anyhow::Result<Vec<Field>> {
    let list = json.get("fields").and_then(Value::as_array).context("no fields")?;
    list.iter()
        .map(|entry| {
            let name = text(entry, "name")?;
            parse_field(entry, name, context, structs).with_context(|| format!("in field {name}"))
        })
        .collect()
}

fn parse_field(
    json: &Value,
    name: &str,
    context: Versions,
    structs: &mut Vec<Struct>,
) -> anyhow::Result<Field> {
    let versions = Versions::parse(text(json, "versions")?)?;
    let ty = parse_type(text(json, "type")?, name);
    if let Some(struct_name) = struct_name(&ty) {
        let valid = versions.intersect(context);
        let fields = parse_fields(json, valid, structs)?;
        add_struct(structs, Struct { name: struct_name.to_owned(), versions: valid, fields })?;
    }
    let tagged = json.get("tagged").and_then(Value::as_str).map(Versions::parse).transpose()?;
    let tag = json.get("tag").and_then(Value::as_u64).map(u32::try_from).transpose()?;
    ensure!(tagged.is_none() || tagged == Some(versions), "tagged in some of its versions only");
    ensure!(tag.is_some() == tagged.is_some(), "tag and tagged belong together");
    ensure!(tag.is_none_or(|tag| tag < 0x7f), "tag {tag:?} is above what one byte counts");
    let mut default = json.get("default").cloned();
    let mut nullable = json.get("nullable").and_then(Value::as_str).map(Versions::parse).transpose()?;
    if NULL_BY_DEFAULT.contains(&name) {
        default = Some(Value::Null);
    }
    // The schema leaves out where structs may be null: they may if null is their default.
    if nullable.is_none() && matches!(ty, Type::Struct(_)) && default == Some(Value::Null) {
        nullable = Some(versions);
    }
    let never_flexible = json.get("flexible").and_then(Value::as_str) == Some("none");
    Ok(Field { name: name.to_owned(), versions, ty, nullable, tag, default, never_flexible })
}

fn parse_type(text: &str, field: &str) -> Type {
    if let Some(element) = text.strip_prefix("[]") {
        return Type::Array(Box::new(parse_type(element, field)));
    }
    const SCALARS: [&str; 9] =
        ["int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "bool", "uuid"];
    if let Some(scalar) = SCALARS.into_iter().find(|scalar| *scalar == text) {
        return Type::Scalar(scalar);
    }
    match text {
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        // A struct without a name of its own is named after its field.
        "struct" => Type::Struct(names::upper_camel(field)),
        name => Type::Struct(name.to_owned()),
    }
}

/// The struct that a type names, be it directly or as an array's element.
pub(crate) fn struct_name(ty: &Type) -> Option<&str> {
    match ty {
        Type::Struct(name) => Some(name),
        Type::Array(element) => struct_name(element),
        _ => None,
    }
}

fn add_struct(structs: &mut Vec<Struct>, new: Struct) -> anyhow::Result<()> {
    let Some(known) = structs.iter_mut().find(|known| known.name == new.name) else {
        structs.push(new);
        return Ok(());
    };
    known.versions = known.versions.union(new.versions);
    ensure!(known.fields.len() == new.fields.len(), "struct {} has two shapes", new.name);
    for (known, new) in known.fields.iter_mut().zip(new.fields) {
        if known.name != new.name || known.ty != new.ty {
            bail!("field {} of a struct that is used twice has two shapes", new.name);
        }
        known.versions = known.versions.union(new.versions);
    }
    Ok(())
}

fn text<'v>(json: &'v Value, key: &str) -> anyhow::Result<&'v str> {
    json.get(key).and_then(Value::as_str).with_context(|| format!("no text under {key}"))
}
