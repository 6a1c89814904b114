//! The shape of the facts, read from their JSON Schema: what a path leads to, and of what type it is.
//!
//! Facts derive their schema; this reads the little of JSON Schema that such a schema uses. A shape
//! says nothing about unknown: every fact may be unknown, and its type is that of its value.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::suggest;
use crate::facts;
use crate::inventory::ids::SubjectKind;

/// How deep a schema is followed: facts are not recursive, so this only stops a mistake.
const MAX_DEPTH: usize = 16;

/// What a fact is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactShape {
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A floating-point number.
    Double,
    /// Text; with the only values it can have, when the schema lists them.
    Text(Vec<String>),
    /// A list.
    List(Box<FactShape>),
    /// An object with known members. Shared: conditions are compiled by the hundred over the same facts.
    Object(Arc<BTreeMap<String, FactShape>>),
    /// An object with any members of one shape.
    Map(Box<FactShape>),
    /// Something conditions have no use for.
    Other,
}

impl FactShape {
    /// The facts of a subject.
    pub fn of(kind: SubjectKind) -> Self {
        static SHAPES: LazyLock<BTreeMap<SubjectKind, FactShape>> = LazyLock::new(|| {
            let kinds = SubjectKind::ALL.into_iter();
            kinds
                .map(|kind| (kind, FactShape::from_schema(&facts::schema(kind))))
                .collect()
        });
        SHAPES.get(&kind).cloned().unwrap_or(Self::Other)
    }

    /// Reads a JSON Schema.
    pub fn from_schema(schema: &Value) -> Self {
        read(schema, schema, MAX_DEPTH)
    }

    /// The name for a person.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Double => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "a group of facts",
            Self::Map(_) => "a map",
            Self::Other => "nothing a condition can use",
        }
    }

    /// The shape of a member.
    ///
    /// # Errors
    /// Why there is none, with the nearest name.
    pub fn member(&self, name: &str, of: &str) -> Result<&Self, String> {
        match self {
            Self::Object(members) => members.get(name).ok_or_else(|| {
                let hint = suggest::did_you_mean(name, members.keys().map(String::as_str));
                format!("`{of}` has no fact `{name}`{hint}")
            }),
            Self::Map(_) => Err(format!(
                "`{of}` is a map: test for a key with `\"{name}\" in {of}`"
            )),
            Self::List(_) => Err(format!(
                "`{of}` is a list: use {of}.exists(x, …) or {of}.all(x, …)"
            )),
            other => Err(format!(
                "`{of}` is {} and has no member `{name}`",
                other.name()
            )),
        }
    }

    /// The shape at the end of a path, written with or without `[]` after lists.
    ///
    /// # Errors
    /// Why there is none: the place in the path where it ends, and why.
    pub fn at(&self, path: &str) -> Result<&Self, (usize, String)> {
        let mut shape = self;
        let mut of = String::new();
        let mut place = 0;
        for segment in path.split('.') {
            let name = segment.strip_suffix("[]").unwrap_or(segment);
            // A path may run through a list: it then stands for every member.
            while let Self::List(inner) = shape {
                shape = inner;
            }
            if of.is_empty() {
                shape = match shape {
                    Self::Object(members) => members.get(name),
                    _ => None,
                }
                .ok_or_else(|| {
                    let known = match self {
                        Self::Object(members) => members.keys().map(String::as_str).collect(),
                        _ => Vec::new(),
                    };
                    let hint = suggest::did_you_mean(name, known);
                    (place, format!("unknown variable `{name}`{hint}"))
                })?;
            } else {
                shape = shape.member(name, &of).map_err(|why| (place, why))?;
                of.push('.');
            }
            of.push_str(name);
            place += segment.len() + 1;
        }
        Ok(shape)
    }
}

fn read(schema: &Value, root: &Value, depth: usize) -> FactShape {
    if depth == 0 {
        return FactShape::Other;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
            .map_or(FactShape::Other, |target| read(target, root, depth - 1));
    }
    for wrapper in ["allOf", "anyOf", "oneOf"] {
        if let Some(alternatives) = schema.get(wrapper).and_then(Value::as_array) {
            return merge(alternatives.iter().map(|one| read(one, root, depth - 1)));
        }
    }
    if let Some(constant) = schema.get("const").and_then(Value::as_str) {
        return FactShape::Text(vec![constant.to_owned()]);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let texts: Vec<String> = values
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        return FactShape::Text(texts);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        Some(Value::String(kind)) => Some(kind.as_str()),
        _ => None,
    };
    match kind {
        Some("boolean") => FactShape::Bool,
        Some("integer") => FactShape::Int,
        Some("number") => FactShape::Double,
        Some("string") => FactShape::Text(Vec::new()),
        Some("array") => FactShape::List(Box::new(
            schema
                .get("items")
                .map_or(FactShape::Other, |items| read(items, root, depth - 1)),
        )),
        Some("object") => match (schema.get("properties"), schema.get("additionalProperties")) {
            (Some(Value::Object(properties)), _) => {
                let members = properties.iter();
                let members = members.map(|(name, member)| {
                    let shape = read(member, root, depth - 1);
                    (name.clone(), shape)
                });
                FactShape::Object(Arc::new(members.collect()))
            }
            (_, Some(values @ Value::Object(_))) => {
                FactShape::Map(Box::new(read(values, root, depth - 1)))
            }
            _ => FactShape::Object(Arc::default()),
        },
        _ => FactShape::Other,
    }
}

/// The shape several alternatives share; the values of text come together.
fn merge(alternatives: impl Iterator<Item = FactShape>) -> FactShape {
    let mut result: Option<FactShape> = None;
    for shape in alternatives {
        if shape == FactShape::Other {
            continue;
        }
        result = Some(match (result, shape) {
            (None, shape) => shape,
            (Some(FactShape::Text(mut known)), FactShape::Text(more)) => {
                // A side without a list of values allows any.
                if known.is_empty() || more.is_empty() {
                    FactShape::Text(Vec::new())
                } else {
                    known.extend(more);
                    FactShape::Text(known)
                }
            }
            (Some(first), shape) if first == shape => first,
            _ => return FactShape::Other,
        });
    }
    result.unwrap_or(FactShape::Other)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_facts_have_the_types_their_structs_say() {
        let bucket = FactShape::of(SubjectKind::Bucket);
        assert_eq!(
            bucket.at("transport.plain_http_reachable"),
            Ok(&FactShape::Bool)
        );
        assert_eq!(bucket.at("name"), Ok(&FactShape::Text(vec![])));
        assert_eq!(
            bucket.at("tags"),
            Ok(&FactShape::Map(Box::new(FactShape::Text(vec![]))))
        );
        assert_eq!(
            bucket.at("acl.public_grants[].permission"),
            Ok(&FactShape::Text(vec![]))
        );
        let FactShape::Text(mut reach) = bucket.at("exposure.anonymous.read").unwrap().clone()
        else {
            panic!("reach is text");
        };
        reach.sort();
        assert_eq!(
            reach,
            ["constrained", "reachable", "unknown", "unreachable"]
        );
    }

    #[test]
    fn a_misspelt_member_names_its_neighbour() {
        let bucket = FactShape::of(SubjectKind::Bucket);
        let (place, message) = bucket.at("transport.plain_htpp_reachable").unwrap_err();
        assert_eq!(place, 10);
        assert!(
            message.contains("did you mean `plain_http_reachable`?"),
            "{message}"
        );
    }
}
