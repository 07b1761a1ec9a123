//! The JSON Schema of policy files, by which editors complete and check them: made from the types that read the files, so
//! that the two cannot differ.

use super::UpperSide;
use super::load::{Header, Strictness, Untested, VersionHeader};
use super::rule::{Rule, Schedule};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A policy: what a text demands, as rules that can be decided from the exports.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "reperform policy")]
#[expect(dead_code, reason = "the file is read table by table; this is the whole of it")]
struct PolicyFile {
    /// What the policy is and how its days are counted.
    policy: Header,
    /// The kinds against which the upper side of a rule is held too.
    upper_side: Option<UpperSide>,
    /// The versions of the text, from the oldest on.
    #[serde(default)]
    version: Vec<VersionHeader>,
    /// Amounts due by the stage of a project.
    #[serde(default)]
    schedule: Vec<Schedule>,
    /// What the text demands, one requirement a rule.
    #[serde(default)]
    rule: Vec<Rule>,
    /// What the text says and no rule tests.
    #[serde(default)]
    untested: Vec<Untested>,
    /// Readings that could be taken in place of those declared.
    #[serde(default)]
    reading: Vec<Reading>,
}

/// A reading that could be taken in place of the declared one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "what it changes is laid over the policy key by key")]
struct Reading {
    /// Unique among all policies.
    id: String,
    /// What it says.
    says: String,
    /// Whether it demands more of the provider than the declared reading, or less.
    side: Option<Strictness>,
    /// What changes: the keys of rules by their ids, or of the policy's tables below its name.
    change: Option<BTreeMap<String, Value>>,
    /// Rules that are left out.
    remove: Option<Vec<Value>>,
}

/// A day as TOML writes it, without quotation marks.
pub(super) struct Day;

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A day, without quotation marks: 2026-01-31.", "type": "string", "format": "date" })
    }
}

/// The schema, in draft 7, which every editor of TOML reads.
pub fn schema() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<PolicyFile>();
    let mut schema = schema.to_value();
    without_null(&mut schema);
    format!("{schema:#}\n")
}

/// TOML has no null: what may be left out is not written at all.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    members.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [one] = choices.as_slice() {
                    let one = one.clone();
                    members.remove("anyOf");
                    members.insert("allOf".to_owned(), Value::Array(vec![one]));
                }
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}
