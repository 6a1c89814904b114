//! Values as a template or a plan has them: known, or known only after deployment.
//!
//! A string may be known in part: `arn:aws:s3:::` and then a name that AWS generates. What is not
//! known stands in it as a *symbol*, so that two equal expressions stay equal and a policy still
//! matches the bucket that it names. There are two kinds. A **fixed** symbol is one concrete value
//! whose text is not known: the ARN of a role that AWS names. An **open** symbol may have any text, `*`
//! included: a parameter without a default.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

/// Where a value is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePosition {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// A value, and where it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateNode {
    /// The value.
    pub value: TemplateValue,
    /// Where it is written; absent for plans and for values that follow from others.
    pub position: Option<SourcePosition>,
}

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TemplateValue {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number as it is written.
    Number(serde_json::Number),
    /// A text, which may contain symbols.
    Text(String),
    /// A list.
    List(Vec<TemplateNode>),
    /// Members in their order.
    Map(Vec<(String, TemplateNode)>),
    /// Known only after deployment; the text names what it refers to.
    Undetermined(String),
}

/// Begins a fixed symbol. Private-use characters, which [`without_symbols`] removes from input.
const FIXED: char = '\u{e100}';
/// Begins an open symbol.
const OPEN: char = '\u{e101}';
/// Ends a symbol.
const END: char = '\u{e102}';

/// A symbol for one concrete value whose text is not known, named by what it refers to.
pub fn fixed_symbol(reference: &str) -> String {
    format!("{FIXED}{}{END}", symbol_name(reference))
}

/// A symbol for a value that may have any text, named by what it refers to.
pub fn open_symbol(reference: &str) -> String {
    format!("{OPEN}{}{END}", symbol_name(reference))
}

/// The name without the characters that have a meaning in ARNs and patterns.
fn symbol_name(reference: &str) -> String {
    without_symbols(reference)
        .chars()
        .map(|letter| match letter {
            '/' => '|',
            '*' | '?' | ':' | '$' | '{' | '}' => '_',
            other => other,
        })
        .collect()
}

/// A text of the input, without characters that would read as a symbol.
pub fn without_symbols(text: &str) -> String {
    text.replace([FIXED, OPEN, END], "\u{fffd}")
}

/// True for a text with a symbol in it.
pub fn has_symbol(text: &str) -> bool {
    text.contains([FIXED, OPEN])
}

/// True for a text with an open symbol in it.
pub fn has_open_symbol(text: &str) -> bool {
    text.contains(OPEN)
}

/// The text with each symbol as `{reference}`: what a reader sees, and the key under which the
/// snapshot has a resource without a known name. No bucket or function has such a name.
pub fn shown(text: &str) -> String {
    text.replace([FIXED, OPEN], "{").replace(END, "}")
}

/// The text with each open symbol replaced, and fixed ones shown.
pub fn with_open_symbols_as(text: &str, replacement: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(&shown(before));
        out.push_str(replacement);
        rest = after.split_once(END).map_or("", |(_, after)| after);
    }
    out.push_str(&shown(rest));
    out
}

/// What the open symbols of a text refer to.
pub fn open_references(text: &str) -> BTreeSet<String> {
    text.split(OPEN)
        .skip(1)
        .filter_map(|part| part.split_once(END))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The parts of a text between delimiters; a delimiter inside a symbol is none.
pub fn split_outside_symbols(text: &str, delimiter: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let taken = if letter == FIXED || letter == OPEN {
            let length = rest
                .find(END)
                .map_or(rest.len(), |end| end + END.len_utf8());
            rest.get(..length).unwrap_or(rest)
        } else if let (false, Some(after)) = (delimiter.is_empty(), rest.strip_prefix(delimiter)) {
            parts.push(String::new());
            rest = after;
            continue;
        } else {
            rest.get(..letter.len_utf8()).unwrap_or(rest)
        };
        if let Some(part) = parts.last_mut() {
            part.push_str(taken);
        }
        rest = rest.get(taken.len()..).unwrap_or_default();
    }
    parts
}

impl TemplateNode {
    /// A value without a position.
    pub const fn new(value: TemplateValue) -> Self {
        Self {
            value,
            position: None,
        }
    }

    /// A text without a position.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(TemplateValue::Text(text.into()))
    }

    /// A value that refers to what is known only after deployment.
    pub fn undetermined(reference: impl Into<String>) -> Self {
        Self::new(TemplateValue::Undetermined(reference.into()))
    }

    /// The same value at a position.
    #[must_use]
    pub fn at(self, position: Option<SourcePosition>) -> Self {
        Self { position, ..self }
    }

    /// A member of a map, by its exact name. The last one counts where a name is repeated.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.value {
            TemplateValue::Map(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The members of a map; empty for everything else.
    pub fn members(&self) -> &[(String, Self)] {
        match &self.value {
            TemplateValue::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; a single value stands for a list of one, null for an empty one.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            TemplateValue::List(items) => items,
            TemplateValue::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// True for null, and for an empty list or map.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            TemplateValue::Null => true,
            TemplateValue::List(items) => items.is_empty(),
            TemplateValue::Map(members) => members.is_empty(),
            _ => false,
        }
    }

    /// What it refers to, where it is known only after deployment.
    pub fn reference(&self) -> Option<&str> {
        match &self.value {
            TemplateValue::Undetermined(reference) => Some(reference),
            _ => None,
        }
    }

    /// A scalar as text. CloudFormation assigns and compares values as text: `true` is `"true"`. What
    /// is not known becomes an open symbol. None for null, lists and maps.
    pub fn as_text(&self) -> Option<String> {
        match &self.value {
            TemplateValue::Text(text) => Some(text.clone()),
            TemplateValue::Bool(value) => Some(value.to_string()),
            TemplateValue::Number(value) => Some(value.to_string()),
            TemplateValue::Undetermined(reference) => Some(open_symbol(reference)),
            TemplateValue::Null | TemplateValue::List(_) | TemplateValue::Map(_) => None,
        }
    }

    /// The value from JSON, without positions.
    pub fn from_json(value: &Value) -> Self {
        Self::new(match value {
            Value::Null => TemplateValue::Null,
            Value::Bool(value) => TemplateValue::Bool(*value),
            Value::Number(value) => TemplateValue::Number(value.clone()),
            Value::String(text) => TemplateValue::Text(without_symbols(text)),
            Value::Array(items) => TemplateValue::List(items.iter().map(Self::from_json).collect()),
            Value::Object(members) => TemplateValue::Map(
                members
                    .iter()
                    .map(|(name, value)| (without_symbols(name), Self::from_json(value)))
                    .collect(),
            ),
        })
    }

    /// What every part of it that is not known refers to. Of open symbols in texts as well.
    pub fn references(&self) -> BTreeSet<String> {
        match &self.value {
            TemplateValue::Undetermined(reference) => [reference.clone()].into(),
            TemplateValue::Text(text) => open_references(text),
            TemplateValue::List(items) => items.iter().flat_map(Self::references).collect(),
            TemplateValue::Map(members) => members
                .iter()
                .flat_map(|(_, value)| value.references())
                .collect(),
            _ => BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_expressions_are_equal_and_shown_by_what_they_refer_to() {
        let name = format!("{}-logs", open_symbol("AppName"));
        assert_eq!(name, format!("{}-logs", open_symbol("AppName")));
        assert_eq!(shown(&name), "{AppName}-logs");
        assert!(has_open_symbol(&name));
        assert!(!has_open_symbol(&fixed_symbol("Logs")));
        assert_eq!(with_open_symbols_as(&name, "*"), "*-logs");
        assert_eq!(open_references(&name), ["AppName".to_owned()].into());
    }

    #[test]
    fn a_symbol_is_not_split() {
        let arn = format!("arn:aws:lambda:{}:1:function", fixed_symbol("a.b"));
        assert_eq!(split_outside_symbols(&arn, ".").len(), 1);
        let parts = split_outside_symbols(&arn, ":");
        assert_eq!(parts.get(3), Some(&fixed_symbol("a.b")));
        assert_eq!(split_outside_symbols("a,b,", ","), ["a", "b", ""]);
    }

    #[test]
    fn a_symbol_is_no_part_of_the_input() {
        assert_eq!(without_symbols("a\u{e100}b\u{e102}"), "a\u{fffd}b\u{fffd}");
        // A slash would end the bucket's name in an ARN.
        assert_eq!(shown(&fixed_symbol("b[\"x/y\"]")), "{b[\"x|y\"]}");
    }
}
