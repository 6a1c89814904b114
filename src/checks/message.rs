//! Texts with placeholders: `{bucket.name}`, `{item.qualifier}`, `{params.max_age_days}`.
//!
//! A placeholder is a chain of members that starts with a variable of the check. In messages any
//! other `{name.member}` is a mistake; in remediation texts braces belong to shell, HCL and YAML,
//! so there only a near miss of a variable is one, and `${…}` is always left alone.
//!
//! Facts that are unknown render as `unknown`: a message never fails. In messages, facts in
//! milliseconds (`…_ms`) and megabytes (`…_mb`) render with their unit, rounded: `850 ms`, `11.8 s`,
//! `138 MB`.

use serde_json::Value;

use super::expression::ExpressionError;
use super::lint::Variables;
use super::shape::FactShape;
use super::suggest;
use crate::findings::numbers::{duration, size};

/// A text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextTemplate {
    text: String,
    parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Placeholder(String),
}

/// In what kind of text placeholders stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A sentence: all braces are placeholders.
    Prose,
    /// Source text: most braces are not.
    Code,
}

impl TextTemplate {
    /// Reads a text and checks its placeholders.
    ///
    /// # Errors
    /// Every placeholder that is not a fact, with its place.
    pub fn parse(
        text: &str,
        style: Style,
        variables: &Variables,
    ) -> Result<Self, Vec<ExpressionError>> {
        let mut parts = Vec::new();
        let mut mistakes = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            literal.push_str(before);
            let at = text.len() - after.len() + 1;
            let inner = after.get(1..).unwrap_or_default();
            let name = inner.split_once('}').map(|(name, _)| name);
            let is_path = |name: &&str| !name.is_empty() && name.split('.').all(is_identifier);
            let escaped = style == Style::Code && literal.ends_with('$');
            match name.filter(is_path).filter(|_| !escaped) {
                Some(name) => {
                    let root = name.split('.').next().unwrap_or_default();
                    let known = variables.get(root).is_some();
                    if known && name != root {
                        if let Err(mistake) = check_path(name, at, variables) {
                            mistakes.push(mistake);
                        }
                        if !literal.is_empty() {
                            parts.push(TemplatePart::Text(std::mem::take(&mut literal)));
                        }
                        parts.push(TemplatePart::Placeholder(name.to_owned()));
                    } else {
                        let hint = suggest::did_you_mean(root, variables.names());
                        let near = !hint.is_empty() && name.contains('.');
                        if style == Style::Prose || (near && !known) {
                            mistakes.push(ExpressionError::new(
                                at,
                                format!("`{{{name}}}` is not a fact{hint}"),
                            ));
                        }
                        literal.push('{');
                        literal.push_str(name);
                        literal.push('}');
                    }
                    rest = inner.get(name.len() + 1..).unwrap_or_default();
                }
                None => {
                    if style == Style::Prose {
                        mistakes.push(ExpressionError::new(
                            at,
                            "`{` starts a placeholder such as {bucket.name}",
                        ));
                    }
                    literal.push('{');
                    rest = inner;
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(TemplatePart::Text(literal));
        }
        if mistakes.is_empty() {
            Ok(Self {
                text: text.to_owned(),
                parts,
            })
        } else {
            Err(mistakes)
        }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths of its placeholders, as written.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Placeholder(path) => Some(path.as_str()),
            TemplatePart::Text(_) => None,
        })
    }

    /// The text about no resource in particular: `{bucket.name}` becomes "the bucket", and any other
    /// fact is named by its last member. None where that names nothing, as the id of an item does.
    pub fn general(&self) -> Option<String> {
        let words = |path: &str| {
            let noun = match path.rsplit_once('.') {
                Some(("item", "name" | "id" | "arn")) => return None,
                Some((root, "name" | "id" | "arn")) => root.rsplit('.').next().unwrap_or(root),
                // Of a function.
                Some((_, "qualifier")) => "alias or version",
                Some((_, member)) => member,
                None => path,
            };
            Some(format!("the {}", noun.replace('_', " ")))
        };
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Some(text.clone()),
                TemplatePart::Placeholder(path) => words(path),
            })
            .collect()
    }

    /// The text with its placeholders filled in. `variables` holds what is known under the names
    /// the placeholders use.
    pub fn render(&self, variables: &[(&str, &Value)]) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => text.clone(),
                TemplatePart::Placeholder(path) => match find(path, variables) {
                    Some(Value::Number(number)) => quantity(path, number),
                    _ => resolve(path, variables),
                },
            })
            .collect()
    }

    /// The text in its parts, placeholders filled in (true) with exact values: the caller knows the
    /// language of the text and quotes them.
    pub fn parts(&self, variables: &[(&str, &Value)]) -> Vec<(bool, String)> {
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => (false, text.clone()),
                TemplatePart::Placeholder(path) => (true, resolve(path, variables)),
            })
            .collect()
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn check_path(path: &str, at: usize, variables: &Variables) -> Result<(), ExpressionError> {
    match variables.as_object().at(path) {
        Ok(FactShape::Object(_) | FactShape::Map(_) | FactShape::Other) => {
            Err(ExpressionError::new(
                at,
                format!("`{{{path}}}` is a group of facts: name one of them"),
            ))
        }
        Ok(_) => Ok(()),
        Err((place, why)) => Err(ExpressionError::new(at + place, why)),
    }
}

fn resolve(path: &str, variables: &[(&str, &Value)]) -> String {
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some((_, value)) = variables.iter().find(|(name, _)| *name == root) else {
        return UNKNOWN.to_owned();
    };
    follow(value, rest)
}

/// The value at a path outside of lists.
fn find<'v>(path: &str, variables: &[(&str, &'v Value)]) -> Option<&'v Value> {
    let mut names = path.split('.');
    let root = names.next()?;
    let (_, value) = variables.iter().find(|(name, _)| *name == root)?;
    names.try_fold(*value, |value, name| value.get(name))
}

const UNKNOWN: &str = "unknown";

/// What stands at a path; through a list, of every member.
fn follow(value: &Value, path: &str) -> String {
    if let Value::Array(items) = value {
        let texts: Vec<String> = items.iter().map(|item| follow(item, path)).collect();
        return if texts.is_empty() {
            "none".to_owned()
        } else {
            texts.join(", ")
        };
    }
    if path.is_empty() {
        return match value {
            Value::String(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format_number(number),
            Value::Null | Value::Array(_) | Value::Object(_) => UNKNOWN.to_owned(),
        };
    }
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    value
        .get(head)
        .map_or_else(|| UNKNOWN.to_owned(), |member| follow(member, rest))
}

/// Integers as they are, other numbers with one decimal: messages are for people.
fn format_number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() != 0.0 => format!("{float:.1}"),
        Some(float) if number.is_f64() => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// A number with the unit that the path's last word names.
fn quantity(path: &str, number: &serde_json::Number) -> String {
    let value = number.as_f64().unwrap_or_default();
    if path.ends_with("_ms") {
        duration(value)
    } else if path.ends_with("_mb") {
        size(value)
    } else {
        format_number(number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::ids::SubjectKind;

    fn variables() -> Variables {
        Variables::new("bucket", FactShape::of(SubjectKind::Bucket))
    }

    #[test]
    fn placeholders_are_filled_in_and_unknown_facts_say_so() {
        let template = TextTemplate::parse(
            "{bucket.name} grants access to {bucket.acl.public_grants.grantee}; key {bucket.encryption.key}",
            Style::Prose,
            &variables(),
        )
        .unwrap();
        let bucket = json!({"name": "b", "acl": {"public_grants": [
            {"grantee": "AllUsers", "permission": "READ"},
            {"grantee": "AuthenticatedUsers", "permission": "WRITE"},
        ]}, "encryption": {}});
        assert_eq!(
            template.render(&[("bucket", &bucket)]),
            "b grants access to AllUsers, AuthenticatedUsers; key unknown"
        );
    }

    #[test]
    fn a_text_about_no_resource_has_no_stand_in() {
        let members = ["id", "account"].map(|name| (name.to_owned(), FactShape::Text(Vec::new())));
        let variables = variables().with(
            "item",
            FactShape::Object(std::sync::Arc::new(members.into())),
        );
        let general = |text: &str| {
            let template = TextTemplate::parse(text, Style::Prose, &variables);
            template.unwrap().general()
        };
        assert_eq!(
            general("Remove {item.account} from {bucket.name}.").as_deref(),
            Some("Remove the account from the bucket.")
        );
        assert_eq!(general("Enable it in rule {item.id}."), None);
    }

    #[test]
    fn quantities_have_units_in_messages_and_none_in_code() {
        let variables = Variables::new("function", FactShape::of(SubjectKind::Function));
        let path = "function.latest.cold_start.estimate.reported_ms";
        let template =
            TextTemplate::parse(&format!("about {{{path}}}"), Style::Prose, &variables).unwrap();
        for (ms, text) in [(849.6, "about 850 ms"), (11_780.0, "about 11.8 s")] {
            let function = json!({"latest": {"cold_start": {"estimate": {"reported_ms": ms}}}});
            assert_eq!(template.render(&[("function", &function)]), text);
        }
        let function = json!({"latest": {"cold_start": {"estimate": {"reported_ms": 1500}}}});
        let parts = template.parts(&[("function", &function)]);
        assert_eq!(parts.last().unwrap().1, "1500");
    }

    #[test]
    fn a_misspelt_placeholder_is_found_in_prose_and_in_code() {
        for style in [Style::Prose, Style::Code] {
            let mistakes =
                TextTemplate::parse("see {bukcet.name}", style, &variables()).unwrap_err();
            assert_eq!(mistakes.len(), 1);
            assert!(
                mistakes
                    .first()
                    .unwrap()
                    .message
                    .contains("did you mean `bucket`?"),
                "{mistakes:?}"
            );
        }
        let mistakes =
            TextTemplate::parse("see {bucket.nmae}", Style::Code, &variables()).unwrap_err();
        assert_eq!(mistakes.first().unwrap().at, 12);
    }

    #[test]
    fn braces_of_other_languages_stay() {
        let text = "resource \"x\" \"y\" {\n  bucket = \"{bucket.name}\"\n  v = \"${bucket.name} ${aws_s3_bucket.b.id}\"\n}\n";
        let template = TextTemplate::parse(text, Style::Code, &variables()).unwrap();
        assert_eq!(
            template.render(&[("bucket", &json!({"name": "b"}))]),
            "resource \"x\" \"y\" {\n  bucket = \"b\"\n  v = \"${bucket.name} ${aws_s3_bucket.b.id}\"\n}\n"
        );
    }
}
