//! Changes in the text of a template: properties of a resource, and statements of a policy.
//!
//! Only lines are inserted and scalars replaced, so that comments, order and style stay. The result is
//! read again: it is given only if it says what the template said, and the change.

use serde_json::{Map, Value};

use super::source::{decode, parse};
use super::value::{TemplateNode, TemplateValue};

/// Writes a value as YAML in block style, every line indented by so many blanks.
pub type YamlWriter<'w> = &'w dyn Fn(&Value, usize) -> String;

/// A template's text in the making.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateText {
    text: String,
    json: bool,
}

/// What is inserted before a line (from 1), or put in its place.
struct LineChange {
    line: usize,
    replaces: bool,
    text: String,
}

impl TemplateText {
    /// The text of a template.
    ///
    /// # Errors
    /// The bytes are no text that can be patched, and why.
    pub fn new(bytes: &[u8]) -> Result<Self, String> {
        let text = decode(bytes).map_err(|error| error.message)?.into_owned();
        if text.as_bytes() != bytes {
            return Err("the file is not plain UTF-8".to_owned());
        }
        let json = text.trim_start().starts_with('{');
        Ok(Self { text, json })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The logical id of the resource of a type: the one that is named if it has the type, else the one
    /// on the line.
    pub fn find(&self, kind: &str, id: &str, line: Option<u32>) -> Option<String> {
        let root = parse("", &self.text).ok()?;
        let resources = root.get("Resources")?;
        let is_kind = |node: &TemplateNode| {
            node.get("Type").and_then(TemplateNode::as_text).as_deref() == Some(kind)
        };
        if resources.get(id).is_some_and(is_kind) {
            return Some(id.to_owned());
        }
        let line = line?;
        let mut of_kind = resources.members().iter().filter(|(_, node)| is_kind(node));
        let on_line = of_kind.find(|(_, node)| has_line(node, line));
        on_line.map(|(id, _)| id.clone())
    }

    /// Sets properties of a resource: those that it lacks are added, scalars that differ are replaced.
    ///
    /// # Errors
    /// Why the text is not changed.
    pub fn set_properties(
        &mut self,
        id: &str,
        properties: &Map<String, Value>,
        yaml: YamlWriter<'_>,
    ) -> Result<(), String> {
        let root = parse("", &self.text).map_err(|error| error.message)?;
        let resource = resource(&root, id)?;
        let mut changes = Vec::new();
        match resource.get("Properties") {
            Some(node) => self.merge(node, properties, yaml, &mut changes)?,
            None => {
                let whole = Value::Object(properties.clone());
                changes.push(self.insert(resource, "Properties", &whole, yaml)?);
            }
        }
        let mut expected = as_json(&root);
        let members = expected
            .pointer_mut("/Resources")
            .and_then(|all| all.get_mut(id));
        let members = members.and_then(Value::as_object_mut).ok_or(LOST)?;
        let held = members
            .entry("Properties")
            .or_insert_with(|| Value::Object(Map::new()));
        merge_json(held, &Value::Object(properties.clone()));
        self.apply(changes, &expected)
    }

    /// Adds statements to the policy of a resource.
    ///
    /// # Errors
    /// Why the text is not changed.
    pub fn add_statements(
        &mut self,
        id: &str,
        statements: &[Value],
        yaml: YamlWriter<'_>,
    ) -> Result<(), String> {
        let root = parse("", &self.text).map_err(|error| error.message)?;
        let document = resource(&root, id)?
            .get("Properties")
            .and_then(|properties| properties.get("PolicyDocument"));
        let list = document.and_then(|document| document.get("Statement"));
        let Some(TemplateNode {
            value: TemplateValue::List(items),
            ..
        }) = list
        else {
            return Err(format!("the statements of {id} are not a list"));
        };
        let first = items.first().and_then(|item| item.position.as_ref());
        let position = first.ok_or_else(|| format!("the policy of {id} has no statement"))?;
        let (line, before) = self.before(position.line, position.column)?;
        let blanks = before.trim_end();
        let text = if self.json && blanks.is_empty() {
            let written: Vec<String> = statements.iter().map(|one| pretty(one, &before)).collect();
            format!("{before}{},\n", written.join(&format!(",\n{before}")))
        } else if !self.json && blanks.trim_start() == "-" {
            let indent = blanks.len() - 1;
            yaml(&Value::Array(statements.to_vec()), indent)
        } else {
            return Err(ONE_LINE.to_owned());
        };
        let mut expected = as_json(&root);
        let path = format!("/Resources/{id}/Properties/PolicyDocument/Statement");
        let held = expected
            .pointer_mut(&path)
            .and_then(Value::as_array_mut)
            .ok_or(LOST)?;
        held.splice(0..0, statements.iter().cloned());
        let change = LineChange {
            line,
            replaces: false,
            text,
        };
        self.apply(vec![change], &expected)
    }

    /// Adds a resource before the others.
    ///
    /// # Errors
    /// Why the text is not changed.
    pub fn add_resource(
        &mut self,
        id: &str,
        body: &Value,
        yaml: YamlWriter<'_>,
    ) -> Result<(), String> {
        let root = parse("", &self.text).map_err(|error| error.message)?;
        let resources = root.get("Resources").ok_or(LOST)?;
        if resources.get(id).is_some() {
            return Err(format!("the template has a resource {id} already"));
        }
        let change = self.insert(resources, id, body, yaml)?;
        let mut expected = as_json(&root);
        let held = expected
            .get_mut("Resources")
            .and_then(Value::as_object_mut)
            .ok_or(LOST)?;
        held.insert(id.to_owned(), body.clone());
        self.apply(vec![change], &expected)
    }

    fn merge(
        &self,
        node: &TemplateNode,
        properties: &Map<String, Value>,
        yaml: YamlWriter<'_>,
        changes: &mut Vec<LineChange>,
    ) -> Result<(), String> {
        for (name, value) in properties {
            let Some(held) = node.get(name) else {
                changes.push(self.insert(node, name, value, yaml)?);
                continue;
            };
            if as_json(held) == *value {
                continue;
            }
            match (&held.value, value) {
                (TemplateValue::Map(members), Value::Object(value)) if !is_function(members) => {
                    self.merge(held, value, yaml, changes)?;
                }
                (TemplateValue::List(items), Value::Array(values)) => {
                    match (items.as_slice(), values.as_slice()) {
                        ([one], [Value::Object(value)]) => self.merge(one, value, yaml, changes)?,
                        _ => return Err(format!("the template writes {name} already")),
                    }
                }
                (
                    TemplateValue::Bool(_) | TemplateValue::Number(_) | TemplateValue::Text(_),
                    Value::Bool(_) | Value::Number(_) | Value::String(_),
                ) => changes.push(self.replace(held, name, value, yaml)?),
                _ => return Err(format!("{name} is an expression of the template")),
            }
        }
        Ok(())
    }

    /// A member that a map lacks, before one that begins a line.
    fn insert(
        &self,
        map: &TemplateNode,
        name: &str,
        value: &Value,
        yaml: YamlWriter<'_>,
    ) -> Result<LineChange, String> {
        for (_, member) in map.members() {
            let Some(position) = &member.position else {
                continue;
            };
            let (line, before) = self.before(position.line, position.column)?;
            if !before.trim().is_empty() {
                continue;
            }
            let member = Map::from_iter([(name.to_owned(), value.clone())]);
            let text = if self.json {
                let key = Value::String(name.to_owned());
                format!("{before}{key}: {},\n", pretty(value, &before))
            } else if before.contains('\t') {
                return Err("the template is indented with tabs".to_owned());
            } else {
                yaml(&Value::Object(member), before.len())
            };
            return Ok(LineChange {
                line,
                replaces: false,
                text,
            });
        }
        Err(ONE_LINE.to_owned())
    }

    /// A scalar in its line.
    fn replace(
        &self,
        held: &TemplateNode,
        name: &str,
        value: &Value,
        yaml: YamlWriter<'_>,
    ) -> Result<LineChange, String> {
        let position = held.position.as_ref().ok_or(LOST)?;
        let (line, before) = self.before(position.line, position.column)?;
        let rest = self
            .line(line)
            .and_then(|text| text.get(before.len()..))
            .ok_or(LOST)?;
        let (key, after) = rest.split_once(':').ok_or(ONE_LINE)?;
        if key.trim_matches(['"', '\'', ' ']) != name {
            return Err(ONE_LINE.to_owned());
        }
        let written = if self.json {
            value.to_string()
        } else {
            yaml(value, 0).trim_end().to_owned()
        };
        let after = after.trim_end_matches(['\n', '\r']);
        let old = after.trim_start();
        let comment = match self.json {
            true => old
                .rfind(',')
                .map_or("", |comma| old.get(comma..).unwrap_or_default()),
            // The blanks before it stay as well.
            false => old.find(" #").map_or("", |at| {
                let value = old.get(..at).unwrap_or_default().trim_end();
                old.get(value.len()..).unwrap_or_default()
            }),
        };
        Ok(LineChange {
            line,
            replaces: true,
            text: format!("{before}{key}: {written}{comment}\n"),
        })
    }

    fn line(&self, line: usize) -> Option<&str> {
        self.text.split_inclusive('\n').nth(line.checked_sub(1)?)
    }

    /// The line of a position, and what stands in it before the column.
    fn before(&self, line: u32, column: u32) -> Result<(usize, String), String> {
        let line = usize::try_from(line).map_err(|_| LOST)?;
        let column = usize::try_from(column).map_err(|_| LOST)?;
        let text = self.line(line).ok_or(LOST)?;
        Ok((line, text.chars().take(column.saturating_sub(1)).collect()))
    }

    /// Makes the changes, if the text then reads as expected.
    fn apply(&mut self, mut changes: Vec<LineChange>, expected: &Value) -> Result<(), String> {
        changes.sort_by_key(|change| change.line);
        let windows = self.text.contains("\r\n");
        let mut text = String::with_capacity(self.text.len() + 256);
        let mut changes = changes.into_iter().peekable();
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            let mut replaced = false;
            while let Some(change) = changes.next_if(|change| change.line == index + 1) {
                replaced |= change.replaces;
                match windows {
                    true => text.push_str(&change.text.replace('\n', "\r\n")),
                    false => text.push_str(&change.text),
                }
            }
            if !replaced {
                text.push_str(line);
            }
        }
        let root = parse("", &text).map_err(|error| error.message)?;
        if as_json(&root) != *expected {
            return Err(
                "the template's layout is not one that can be changed line by line".to_owned(),
            );
        }
        self.text = text;
        Ok(())
    }
}

/// Something that was there a moment ago is not found.
const LOST: &str = "the resource is not found in the template's text";

/// Why nothing is inserted into a map or list of one line.
const ONE_LINE: &str = "the template writes it in one line";

fn resource<'n>(root: &'n TemplateNode, id: &str) -> Result<&'n TemplateNode, String> {
    let found = root
        .get("Resources")
        .and_then(|resources| resources.get(id));
    found.ok_or_else(|| LOST.to_owned())
}

/// True for a node that is on a line, or has a member that is.
fn has_line(node: &TemplateNode, line: u32) -> bool {
    let own = node
        .position
        .as_ref()
        .is_some_and(|place| place.line == line);
    own || node
        .members()
        .iter()
        .any(|(_, member)| has_line(member, line))
}

/// True for `{"Ref": …}` and `{"Fn::…": …}`.
fn is_function(members: &[(String, TemplateNode)]) -> bool {
    members
        .iter()
        .any(|(name, _)| name == "Ref" || name.starts_with("Fn::"))
}

/// The value without positions.
fn as_json(node: &TemplateNode) -> Value {
    match &node.value {
        TemplateValue::Null => Value::Null,
        TemplateValue::Bool(value) => Value::Bool(*value),
        TemplateValue::Number(value) => Value::Number(value.clone()),
        TemplateValue::Text(text) | TemplateValue::Undetermined(text) => {
            Value::String(text.clone())
        }
        TemplateValue::List(items) => Value::Array(items.iter().map(as_json).collect()),
        TemplateValue::Map(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), as_json(value)))
            .collect::<Map<String, Value>>()
            .into(),
    }
}

/// The same merge on values: maps by members, lists of one by their item.
fn merge_json(held: &mut Value, new: &Value) {
    match (held, new) {
        (Value::Object(held), Value::Object(new)) => {
            for (name, value) in new {
                match held.get_mut(name) {
                    Some(held) => merge_json(held, value),
                    None => {
                        held.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(held), Value::Array(new)) => {
            if let ([held], [new]) = (held.as_mut_slice(), new.as_slice()) {
                merge_json(held, new);
            }
        }
        (held, new) => *held = new.clone(),
    }
}

/// JSON over several lines, the lines after the first indented.
fn pretty(value: &Value, indent: &str) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', &format!("\n{indent}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    /// A writer for the few shapes of these tests.
    fn yaml(value: &Value, indent: usize) -> String {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| match value {
                    Value::Object(_) => {
                        format!("{:indent$}{name}:\n{}", "", yaml(value, indent + 2))
                    }
                    other => format!("{:indent$}{name}: {other}\n", ""),
                })
                .collect(),
            other => format!("{other}\n"),
        }
    }

    fn set(text: &str, properties: Value) -> Result<String, String> {
        let mut template = TemplateText::new(text.as_bytes()).unwrap();
        let properties = properties.as_object().unwrap();
        template.set_properties("B", properties, &yaml)?;
        Ok(template.text().to_owned())
    }

    #[test]
    fn a_property_is_added_and_comments_stay() {
        let text = "Resources:\n  B: # bucket\n    Type: AWS::S3::Bucket\n    Properties:\n      # its name\n      BucketName: b\n";
        let versioning = json!({"VersioningConfiguration": {"Status": "Enabled"}});
        let patched = set(text, versioning).unwrap();
        assert_eq!(
            patched,
            "Resources:\n  B: # bucket\n    Type: AWS::S3::Bucket\n    Properties:\n      # its name\n      VersioningConfiguration:\n        Status: \"Enabled\"\n      BucketName: b\n"
        );
    }

    #[test]
    fn a_scalar_is_replaced_in_its_line() {
        let text = "Resources:\n  B:\n    Type: T\n    Properties:\n      A: {X: 1}\n      EnableKeyRotation: false # costs nothing\n";
        let patched = set(text, json!({"EnableKeyRotation": true})).unwrap();
        assert!(patched.contains("      EnableKeyRotation: true # costs nothing\n"));
        assert!(set(text, json!({"A": {"Y": 2}})).is_err());
    }

    #[test]
    fn json_is_patched_as_json() {
        let text = "{\n  \"Resources\": {\n    \"B\": {\n      \"Type\": \"T\",\n      \"Properties\": {\n        \"On\": false,\n        \"Name\": \"b\"\n      }\n    }\n  }\n}\n";
        let patched = set(text, json!({"On": true, "More": {"Deep": 1}})).unwrap();
        assert!(patched.contains("        \"On\": true,\n"), "{patched}");
        assert!(patched.contains("        \"More\": {\n          \"Deep\": 1\n        },\n"));
    }

    #[test]
    fn an_expression_is_not_replaced() {
        let text = "Resources:\n  B:\n    Type: T\n    Properties:\n      On: !Ref Switch\n";
        assert!(set(text, json!({"On": true})).is_err());
    }
}
