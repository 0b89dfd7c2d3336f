//! The YAML of the definitions, in `yaml/` and in the chart, and their reference pages in `docs/reference` are what the
//! types say. `cargo xtask gen` writes them, with `HIGHWATER_GEN` in the environment.
#![allow(clippy::unwrap_used, reason = "functions of a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

const NOTE: &str = "Written by `cargo xtask gen` from crds/src; do not edit.";

#[test]
fn the_yaml_is_what_the_types_say() {
    for (name, crd) in crds::all() {
        let text = format!("# {NOTE}\n{}", serde_saphyr::to_string(&crd).unwrap());
        for place in ["crds/yaml", "charts/highwater/files/crds"] {
            take_over(&format!("{place}/{name}.yaml"), &text);
        }
    }
}

#[test]
fn the_reference_pages_are_what_the_types_say() {
    for (name, crd) in crds::all() {
        take_over(&format!("docs/reference/{name}.md"), &page(&crd));
    }
}

/// Compares a file of the repository, or writes it.
fn take_over(place: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(place);
    if fs::read_to_string(&path).unwrap_or_default() == text {
        return;
    }
    assert!(std::env::var_os("HIGHWATER_GEN").is_some(), "{place} differs, run `cargo xtask gen`");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn page(crd: &CustomResourceDefinition) -> String {
    let (names, version) = (&crd.spec.names, &crd.spec.versions[0]);
    let schema = version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
    let parts = schema.properties.as_ref().unwrap();
    let mut text = format!(
        "# {}\n<!-- {NOTE} -->\n{} `apiVersion: {}/{}`, `kubectl get {}`.\n",
        names.kind,
        schema.description.as_deref().unwrap_or(""),
        crd.spec.group,
        version.name,
        names.short_names.as_ref().unwrap()[0],
    );
    for (part, title) in [("spec", "Spec"), ("status", "Status")] {
        writeln!(text, "\n## {title}\n\n| field | type | default | meaning |\n|---|---|---|---|").unwrap();
        rows("", &parts[part], &mut text);
        let rules: Vec<_> = rules(&parts[part]);
        if !rules.is_empty() {
            writeln!(text, "\nRefused at admission: {}.", rules.join("; ")).unwrap();
        }
    }
    text
}

fn rows(place: &str, schema: &JSONSchemaProps, text: &mut String) {
    for (name, property) in schema.properties.iter().flatten() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let is_required = schema.required.iter().flatten().any(|required| required == name);
        let default = match &property.default {
            Some(default) => format!("`{}`", serde_json::to_string(default).unwrap()),
            None if is_required => "required".to_owned(),
            None => String::new(),
        };
        let meaning = property.description.as_deref().unwrap_or("").replace(['\n', '|'], " ");
        writeln!(text, "| `{place}` | {} | {default} | {meaning} |", kind(property)).unwrap();
        // What Kubernetes has itself is described there.
        if !["affinity", "tolerations", "topologySpreadConstraints", "conditions"].contains(&name.as_str()) {
            rows(&place, property, text);
            if let Some(JSONSchemaPropsOrArray::Schema(items)) = &property.items {
                rows(&format!("{place}[]"), items, text);
            }
        }
    }
}

fn kind(schema: &JSONSchemaProps) -> String {
    if let Some(values) = &schema.enum_ {
        return values
            .iter()
            .map(|value| format!("`{}`", value.0.as_str().unwrap_or("")))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if schema.x_kubernetes_int_or_string == Some(true) {
        return "quantity".to_owned();
    }
    if schema.x_kubernetes_preserve_unknown_fields == Some(true) {
        return "value".to_owned();
    }
    match (schema.type_.as_deref(), &schema.additional_properties, &schema.items) {
        (Some("object"), Some(JSONSchemaPropsOrBool::Schema(value)), _) => format!("map of {}", kind(value)),
        (Some("array"), _, Some(JSONSchemaPropsOrArray::Schema(items))) => format!("list of {}", kind(items)),
        (Some(type_), ..) => type_.to_owned(),
        _ => "value".to_owned(),
    }
}

/// What CEL rules say when they refuse.
fn rules(schema: &JSONSchemaProps) -> Vec<String> {
    let own = schema.x_kubernetes_validations.iter().flatten().filter_map(|rule| rule.message.clone());
    let mut found: Vec<String> = own.collect();
    found.extend(schema.properties.iter().flatten().flat_map(|(_, property)| rules(property)));
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        found.extend(rules(items));
    }
    found
}
