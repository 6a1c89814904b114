//! The YAML of a policy file, with the place of every value. [`super::catalogue`] compiles it to a
//! [`super::Check`].

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Spanned;

use super::problem::PolicyProblem;
use super::suggest;
use crate::findings::Severity;
use crate::inventory::ids::SubjectKind;

/// A check as one YAML file. [`super::Check`] describes the members.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    pub id: Spanned<String>,
    #[serde(default)]
    pub aliases: Vec<Spanned<String>>,
    pub title: Spanned<String>,
    pub subject: Spanned<SubjectKind>,
    #[serde(default)]
    pub kinds: Vec<Spanned<String>>,
    pub severity: Spanned<Severity>,
    #[serde(default)]
    pub applies: Option<Spanned<String>>,
    pub fail_when: Spanned<String>,
    #[serde(default)]
    pub for_each: Option<Spanned<String>>,
    #[serde(default)]
    pub key: Option<Spanned<String>>,
    #[serde(default)]
    pub params: BTreeMap<String, Spanned<Tree>>,
    #[serde(default)]
    pub message_when: Vec<MessageCaseFile>,
    pub message: Spanned<String>,
    #[serde(default)]
    pub pass_message: Option<Spanned<String>>,
    #[serde(default)]
    pub evidence: Option<Spanned<Tree>>,
    #[serde(default)]
    pub rationale: Option<Spanned<String>>,
    #[serde(default)]
    pub traps: Option<Spanned<String>>,
    #[serde(default)]
    pub remediation: Option<RemediationFile>,
    #[serde(default)]
    pub references: Vec<Spanned<String>>,
    #[serde(default)]
    pub maps_to: BTreeMap<String, Vec<Spanned<String>>>,
    pub since: Spanned<String>,
    #[serde(default)]
    pub deprecated: Option<Spanned<String>>,
    #[serde(default)]
    pub examples: ExamplesFile,
}

/// One entry of a file's `message_when`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageCaseFile {
    pub when: Spanned<String>,
    pub message: Spanned<String>,
}

/// The `remediation` of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediationFile {
    #[serde(default)]
    pub summary: Option<Spanned<String>>,
    #[serde(default)]
    pub change: Option<Spanned<String>>,
    #[serde(default)]
    pub decide: Option<Spanned<String>>,
    #[serde(default)]
    pub shell: Option<Spanned<String>>,
    #[serde(default)]
    pub terraform: Option<Spanned<String>>,
    #[serde(default)]
    pub cloudformation: Option<Spanned<String>>,
}

/// The `examples` of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamplesFile {
    #[serde(default)]
    pub fail: Vec<Spanned<Tree>>,
    #[serde(default)]
    pub pass: Vec<Spanned<Tree>>,
    #[serde(default)]
    pub unknown: Vec<Spanned<Tree>>,
    #[serde(default)]
    pub not_applicable: Vec<Spanned<Tree>>,
}

/// A pack as one YAML file under `policies/packs/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    pub name: Spanned<String>,
    pub description: Spanned<String>,
    #[serde(default)]
    pub include: Vec<Spanned<String>>,
    #[serde(default)]
    pub exclude: Vec<Spanned<String>>,
    #[serde(default)]
    pub standard: Option<StandardFile>,
}

/// The `standard` of a pack, whose controls its checks cover.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardFile {
    pub title: Spanned<String>,
    pub catalogue: Spanned<String>,
    pub controls: BTreeMap<String, Spanned<ControlFile>>,
}

/// One control of a standard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlFile {
    pub title: String,
    #[serde(default)]
    pub not_covered: Option<String>,
}

/// Any YAML value, with the place of every part.
#[derive(Clone, Debug)]
pub enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<String>, Spanned<Tree>)>),
}

impl Tree {
    /// The value without its places.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Float(value) => Value::from(*value),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => Value::Array(items.iter().map(|i| i.value.to_json()).collect()),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.value.clone(), member.value.to_json()))
                    .collect(),
            ),
        }
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Tree, E> {
        i64::try_from(value)
            .map(Tree::Int)
            .map_err(|_| E::custom("this integer is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element()? {
            out.push(item);
        }
        Ok(Tree::List(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut out = Vec::new();
        while let Some(name) = members.next_key()? {
            out.push((name, members.next_value()?));
        }
        Ok(Tree::Map(out))
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

/// Reads a YAML file.
///
/// # Errors
/// The first mistake in its form, with its place and, for names, the nearest one.
pub fn read<'de, T: Deserialize<'de>>(file: &str, text: &'de str) -> Result<T, PolicyProblem> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let (line, column) = error
            .location()
            .map_or((None, None), |at| (Some(at.line()), Some(at.column())));
        PolicyProblem {
            file: file.to_owned(),
            line,
            column,
            message: reword(error),
        }
    })
}

fn reword(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    let expected_one_of = |wrong: &str, expected: &[&'static str]| {
        let hint = suggest::did_you_mean(wrong, expected.iter().copied());
        if hint.is_empty() {
            format!("; expected one of {}", expected.join(", "))
        } else {
            hint
        }
    };
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => format!(
            "unknown field `{field}`{}",
            expected_one_of(field, expected)
        ),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => format!(
            "unknown value `{variant}`{}",
            expected_one_of(variant, expected)
        ),
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing"),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` is given twice"),
        Error::Eof { .. } => "the file is empty".to_owned(),
        Error::MultipleDocuments { .. } => "one file holds one document".to_owned(),
        other => {
            // The place is reported separately.
            let text = other.to_string();
            match text.rsplit_once(" at line ") {
                Some((message, _)) => message.to_owned(),
                None => text,
            }
        }
    }
}

/// The 1-based line and column, in the file, of a byte offset inside a scalar's value.
///
/// A scalar's text is not its source: quotes, escapes, indentation and folded lines lie between
/// them. They differ only in white space and escapes, so the offset is found again by counting the
/// characters that are neither.
pub fn place(source: &str, scalar: &Spanned<String>, offset: usize) -> (u64, u64) {
    let (line, column) = (scalar.referenced.line(), scalar.referenced.column());
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
    let start: usize = source
        .split_inclusive('\n')
        .take(before)
        .map(str::len)
        .sum::<usize>();
    let rest = source.get(start..).unwrap_or_default();
    let mut characters = rest.chars().skip(skip).peekable();
    let (mut line, mut column) = (line, column);
    let quote = characters.next_if(|c| matches!(c, '"' | '\''));
    if quote.is_some() {
        column += 1;
    }
    let mut wanted = scalar
        .value
        .get(..offset)
        .unwrap_or(&scalar.value)
        .chars()
        .filter(|c| !c.is_whitespace())
        .count();
    while let Some(c) = characters.next() {
        if c.is_whitespace() {
            if c == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
            continue;
        }
        if wanted == 0 {
            break;
        }
        wanted -= 1;
        column += 1;
        let escaped = (c == '\\' && quote == Some('"')) || (c == '\'' && quote == Some('\''));
        if escaped && characters.next().is_some() {
            column += 1;
        }
    }
    (line, column)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        a: Spanned<String>,
    }

    fn place_of(source: &str, needle: &str) -> (u64, u64) {
        let one: One = read("x.yaml", source).unwrap();
        let offset = one.a.value.find(needle).unwrap();
        place(source, &one.a, offset)
    }

    #[test]
    fn a_place_in_a_plain_scalar() {
        assert_eq!(place_of("a: bucket.x == \"y\"\n", "x"), (1, 11));
    }

    #[test]
    fn a_place_in_a_quoted_scalar_counts_escapes() {
        assert_eq!(place_of("a: \"p == \\\"q\\\" && z\"\n", "z"), (1, 19));
        assert_eq!(place_of("a: 'p == ''q'' && z'\n", "z"), (1, 19));
    }

    #[test]
    fn a_place_in_a_folded_scalar_is_on_its_own_line() {
        assert_eq!(place_of("a: >-\n  one\n  two three\n", "three"), (3, 7));
    }

    #[test]
    fn a_place_in_a_literal_scalar_is_on_its_own_line() {
        assert_eq!(place_of("a: |\n    one\n    two\n", "two"), (3, 5));
    }

    #[test]
    fn a_misspelt_field_names_its_neighbour() {
        let problem = read::<PolicyFile>("x.yaml", "id: x\ntitel: y\n").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "x.yaml:2:1: unknown field `titel`; did you mean `title`?"
        );
    }
}
