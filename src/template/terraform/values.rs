//! The values of a resource, with what is not known as a value of its own.
//!
//! Three things can be unknown, and only one of them is a question to the user: a value that an
//! argument refers to and that is known after apply. A value that no argument sets and that the
//! provider reads back afterwards is unknown too, and means AWS's default: in provider version 4 and
//! later every inline setting of a new bucket is of that kind.

use serde_json::Value as Json;

use super::configuration;
use crate::template::value::{TemplateNode, TemplateValue, without_symbols};

/// What the configuration says about an argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum WrittenArgument<'c> {
    /// It has this expression.
    Expression(&'c Json),
    /// It is not in the configuration.
    Missing,
    /// There is no configuration, or the argument is in a `dynamic` block, which a plan does not show.
    Hidden,
}

impl<'c> WrittenArgument<'c> {
    /// The same for a nested argument.
    fn member(self, name: &str) -> Self {
        let Self::Expression(expression) = self else {
            return Self::Hidden;
        };
        if is_leaf(expression) {
            return self;
        }
        match expression.get(name) {
            Some(inner) => Self::Expression(inner),
            None => Self::Missing,
        }
    }

    fn item(self, index: usize) -> Self {
        match self {
            Self::Expression(Json::Array(items)) => {
                items.get(index).map_or(Self::Hidden, Self::Expression)
            }
            Self::Expression(_) => self,
            Self::Missing | Self::Hidden => Self::Hidden,
        }
    }

    /// True where the expression refers to something.
    pub fn refers(self) -> bool {
        match self {
            Self::Expression(expression) => !configuration::references(expression).is_empty(),
            Self::Missing | Self::Hidden => false,
        }
    }
}

/// An expression itself, not a block with arguments.
fn is_leaf(expression: &Json) -> bool {
    expression.as_object().is_some_and(is_leaf_map)
}

fn is_leaf_map(members: &serde_json::Map<String, Json>) -> bool {
    members.get("references").is_some_and(Json::is_array) || members.contains_key("constant_value")
}

/// Makes the value of an unknown leaf from what its expression refers to.
pub(super) type UnknownLeaf<'f> = dyn Fn(WrittenArgument<'_>) -> TemplateNode + 'f;

/// A value with what is unknown in it.
pub(super) struct ValueParts<'v> {
    /// The value; null where it is unknown.
    pub value: &'v Json,
    /// What is unknown: `true`, or the shape of the value with `true` at the leaves. None where the
    /// file does not say.
    pub unknown: Option<&'v Json>,
    /// What is sensitive, in the same form.
    pub sensitive: &'v Json,
}

impl<'v> ValueParts<'v> {
    /// One member with what is unknown in it.
    pub fn member(&self, name: &str) -> ValueParts<'v> {
        ValueParts {
            value: self.value.get(name).unwrap_or(&Json::Null),
            unknown: self
                .unknown
                .map(|unknown| unknown.get(name).unwrap_or(&Json::Null)),
            sensitive: self.sensitive.get(name).unwrap_or(&Json::Null),
        }
    }

    fn item(&self, index: usize) -> ValueParts<'v> {
        ValueParts {
            value: self.value.get(index).unwrap_or(&Json::Null),
            unknown: self
                .unknown
                .map(|unknown| unknown.get(index).unwrap_or(&Json::Null)),
            sensitive: self.sensitive.get(index).unwrap_or(&Json::Null),
        }
    }

    /// True where nothing of it is known.
    pub fn is_unknown(&self) -> bool {
        self.unknown == Some(&Json::Bool(true))
    }

    /// The value. `leaf` makes the values of its unknown parts.
    pub fn node(&self, written: WrittenArgument<'_>, leaf: &UnknownLeaf<'_>) -> TemplateNode {
        // Never looked at: it may be a secret.
        if self.sensitive == &Json::Bool(true) {
            return TemplateNode::undetermined("a sensitive value");
        }
        if self.is_unknown() {
            return match written {
                WrittenArgument::Missing => TemplateNode::default(),
                written => leaf(written),
            };
        }
        match self.value {
            Json::Array(items) => self.list(items.len(), written, leaf),
            Json::Object(_) => self.map(written, leaf),
            Json::Null => match self.unknown {
                Some(Json::Array(items)) => self.list(items.len(), written, leaf),
                Some(Json::Object(_)) => self.map(written, leaf),
                None if written.refers() => leaf(written),
                _ => TemplateNode::default(),
            },
            scalar => TemplateNode::from_json(scalar),
        }
    }

    fn list(
        &self,
        known: usize,
        written: WrittenArgument<'_>,
        leaf: &UnknownLeaf<'_>,
    ) -> TemplateNode {
        let unknown = match self.unknown {
            Some(Json::Array(items)) => items.len(),
            _ => 0,
        };
        let items = (0..known.max(unknown))
            .map(|index| self.item(index).node(written.item(index), leaf))
            .collect();
        TemplateNode::new(TemplateValue::List(items))
    }

    fn map(&self, written: WrittenArgument<'_>, leaf: &UnknownLeaf<'_>) -> TemplateNode {
        let known = self.value.as_object().into_iter().flatten();
        let unknown = match self.unknown {
            Some(Json::Object(members)) => Some(members),
            _ => None,
        };
        let unknown = unknown.into_iter().flatten();
        let mut names: Vec<&String> = known.map(|(key, _)| key).collect();
        names.extend(
            unknown
                .map(|(key, _)| key)
                .filter(|key| self.value.get(key.as_str()).is_none()),
        );
        // Where the file does not say what is unknown, it leaves that out.
        if let (None, WrittenArgument::Expression(Json::Object(written))) = (self.unknown, written)
            && !is_leaf_map(written)
        {
            names.extend(
                written
                    .iter()
                    .filter(|(key, argument)| {
                        self.value.get(key.as_str()).is_none()
                            && !configuration::references(argument).is_empty()
                    })
                    .map(|(key, _)| key),
            );
        }
        let members = names
            .into_iter()
            .map(|key| {
                let node = self.member(key).node(written.member(key), leaf);
                (without_symbols(key), node)
            })
            .collect();
        TemplateNode::new(TemplateValue::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(value: &Json, unknown: &Json, written: WrittenArgument<'_>) -> TemplateNode {
        let parts = ValueParts {
            value,
            unknown: Some(unknown),
            sensitive: &Json::Null,
        };
        parts.node(written, &|written| {
            TemplateNode::undetermined(match written {
                WrittenArgument::Expression(expression) => {
                    configuration::references(expression).join(", ")
                }
                _ => "?".to_owned(),
            })
        })
    }

    #[test]
    fn what_an_argument_refers_to_is_undetermined_and_what_none_sets_is_left_out() {
        let block = json!([{"subnet_ids": {"references": ["aws_subnet.a.id"]}}]);
        let read = node(
            &json!([{"subnet_ids": null, "vpc_id": null, "ipv6": false}]),
            &json!([{"subnet_ids": true, "vpc_id": true}]),
            WrittenArgument::Expression(&block),
        );
        let first = &read.items()[0];
        assert_eq!(
            first.get("subnet_ids").unwrap().reference(),
            Some("aws_subnet.a.id")
        );
        assert_eq!(first.get("vpc_id").unwrap().value, TemplateValue::Null);
        assert_eq!(first.get("ipv6").unwrap().value, TemplateValue::Bool(false));
    }

    #[test]
    fn a_dynamic_block_is_not_in_the_configuration_and_its_unknown_leaves_stay_unknown() {
        let read = node(
            &json!([{"id": "a", "prefix": null}]),
            &json!([{"prefix": true}]),
            WrittenArgument::Missing,
        );
        assert_eq!(
            read.items()[0].get("prefix").unwrap().reference(),
            Some("?")
        );
    }

    #[test]
    fn a_sensitive_value_is_never_read() {
        let parts = ValueParts {
            value: &json!({"password": "hunter2", "user": "u"}),
            unknown: None,
            sensitive: &json!({"password": true}),
        };
        let read = parts.node(WrittenArgument::Hidden, &|_| TemplateNode::default());
        assert!(!format!("{read:?}").contains("hunter2"));
        assert_eq!(read.get("user").unwrap().as_text().as_deref(), Some("u"));
    }
}
