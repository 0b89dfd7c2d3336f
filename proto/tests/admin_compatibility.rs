//! The admin service only grows: what clients of an earlier release know of it stays as it is.
//!
//! `admin/v1/testdata/descriptor.bin` is the service as the first release had it (a `FileDescriptorSet`). It is never written
//! anew; each run leaves the present one in target/tmp, to be kept beside it under another name once it is released.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::path::Path;

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};

fn present() -> FileDescriptorProto {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = protox::compile(["admin/v1/admin.proto"], [folder]).unwrap();
    let file = FileDescriptorProto { source_code_info: None, ..set.file.into_iter().next().unwrap() };
    let bytes = FileDescriptorSet { file: vec![file.clone()] }.encode_to_vec();
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("admin-descriptor.bin"), bytes).unwrap();
    file
}

fn first_release() -> FileDescriptorProto {
    let golden = include_bytes!("../admin/v1/testdata/descriptor.bin");
    FileDescriptorSet::decode(&golden[..]).unwrap().file.remove(0)
}

/// What of `before` is gone or different in `after`.
fn broken(before: &FileDescriptorProto, after: &FileDescriptorProto) -> Vec<String> {
    let mut broken = Vec::new();
    if before.package != after.package {
        broken.push("the package has another name".to_owned());
    }
    messages("", &before.message_type, &after.message_type, &mut broken);
    enums("", &before.enum_type, &after.enum_type, &mut broken);
    services(&before.service, &after.service, &mut broken);
    broken
}

fn messages(inside: &str, before: &[DescriptorProto], after: &[DescriptorProto], broken: &mut Vec<String>) {
    for message in before {
        let name = format!("{inside}{}", message.name());
        let Some(now) = after.iter().find(|now| now.name() == message.name()) else {
            broken.push(format!("message {name} is gone"));
            continue;
        };
        let oneof_of = |field: &FieldDescriptorProto, of: &DescriptorProto| {
            let index = field.oneof_index.and_then(|index| usize::try_from(index).ok());
            index.map(|index| of.oneof_decl[index].name().to_owned())
        };
        for field in &message.field {
            let same = now.field.iter().find(|other| other.number == field.number);
            let is_same = same.is_some_and(|other| {
                other.name == field.name
                    && other.r#type == field.r#type
                    && other.type_name == field.type_name
                    && other.label == field.label
                    && other.proto3_optional == field.proto3_optional
                    && oneof_of(other, now) == oneof_of(field, message)
            });
            if !is_same {
                broken.push(format!(
                    "field {} of {name}, {}, is gone or another one",
                    field.number(),
                    field.name()
                ));
            }
        }
        messages(&format!("{name}."), &message.nested_type, &now.nested_type, broken);
        enums(&format!("{name}."), &message.enum_type, &now.enum_type, broken);
    }
}

fn enums(
    inside: &str,
    before: &[EnumDescriptorProto],
    after: &[EnumDescriptorProto],
    broken: &mut Vec<String>,
) {
    for one in before {
        let now = after.iter().find(|now| now.name() == one.name());
        let values: BTreeMap<i32, &str> =
            now.iter().flat_map(|now| &now.value).map(|value| (value.number(), value.name())).collect();
        for value in one.value.iter().filter(|value| values.get(&value.number()) != Some(&value.name())) {
            broken.push(format!("value {} of {inside}{} is gone or another one", value.name(), one.name()));
        }
    }
}

fn services(before: &[ServiceDescriptorProto], after: &[ServiceDescriptorProto], broken: &mut Vec<String>) {
    for service in before {
        let now = after.iter().find(|now| now.name() == service.name());
        for method in &service.method {
            let same = now.and_then(|now| now.method.iter().find(|other| other.name() == method.name()));
            if same != Some(method) {
                broken.push(format!("method {} is gone or another one", method.name()));
            }
        }
    }
}

#[test]
fn the_service_only_adds_to_the_first_release() {
    let present = present();
    assert_eq!(broken(&first_release(), &present), Vec::<String>::new());
}

#[test]
fn changes_that_break_clients_are_found() {
    let found = |change: &dyn Fn(&mut FileDescriptorProto)| {
        let mut changed = first_release();
        change(&mut changed);
        broken(&first_release(), &changed).join("; ")
    };
    let renumbered = found(&|file| file.message_type[0].field[0].number = Some(99));
    assert!(renumbered.contains("field 1 of Change, request_id"), "{renumbered}");
    let retyped = found(&|file| {
        file.message_type[0].field[1].set_type(prost_types::field_descriptor_proto::Type::Sint64)
    });
    assert!(retyped.contains("expected_metadata_offset"), "{retyped}");
    let no_longer_optional = found(&|file| file.message_type[0].field[1].proto3_optional = None);
    assert!(no_longer_optional.contains("expected_metadata_offset"), "{no_longer_optional}");
    assert!(found(&|file| drop(file.message_type.remove(1))).contains("message ErrorDetail is gone"));
    let renamed = found(&|file| file.enum_type[0].value[1].name = Some("REASON_OLD".to_owned()));
    assert!(renamed.contains("REASON_STALE"), "{renamed}");
    assert!(found(&|file| drop(file.service[0].method.remove(0))).contains("method GetVersion"));
    let streams = found(&|file| file.service[0].method[2].server_streaming = Some(true));
    assert!(streams.contains("DescribeTopics"), "{streams}");
    let added = found(&|file| {
        let mut value = file.enum_type[0].value[0].clone();
        (value.name, value.number) = (Some("REASON_LATER".to_owned()), Some(77));
        file.enum_type[0].value.push(value);
    });
    assert_eq!(added, "");
}
