//! Addresses of resources and the references in expressions: `module.m["a.b"].aws_s3_bucket.x[0].id`.

use std::fmt;

/// The key of one instance of a block that has `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum InstanceKey {
    /// `[0]`, of `count`.
    Number(u64),
    /// `["a"]`, of `for_each`.
    Text(String),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(out, "[{number}]"),
            Self::Text(text) => write!(out, "[{text:?}]"),
        }
    }
}

/// One step of a dotted path: a name with the key behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    /// The name between two dots.
    pub name: String,
    /// The key in brackets.
    pub key: Option<InstanceKey>,
}

/// A module instance: the steps from the root module, empty for the root itself.
pub(super) type ModulePath = Vec<Step>;

/// Where a resource or data source stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ResourceAddress {
    /// The module instance.
    pub module: ModulePath,
    /// A data source.
    pub data: bool,
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its key, where the block has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

impl ResourceAddress {
    /// The address as Terraform writes it; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let steps = steps(text)?;
        let (address, rest) = Self::from_steps(&steps, &Vec::new())?;
        rest.is_empty().then_some(address)
    }

    /// The address that a path begins with, and what follows it. `within` is the module instance in
    /// which the path is written.
    pub fn from_steps<'s>(steps: &'s [Step], within: &ModulePath) -> Option<(Self, &'s [Step])> {
        let mut module = within.clone();
        let mut rest = steps;
        while let [keyword, called, more @ ..] = rest {
            if keyword.name != "module" || keyword.key.is_some() {
                break;
            }
            module.push(called.clone());
            rest = more;
        }
        let data = matches!(rest, [first, ..] if first.name == "data" && first.key.is_none());
        if data {
            rest = rest.get(1..)?;
        }
        let [kind, name, attributes @ ..] = rest else {
            return None;
        };
        if kind.key.is_some() {
            return None;
        }
        let address = Self {
            module,
            data,
            kind: kind.name.clone(),
            name: name.name.clone(),
            key: name.key.clone(),
        };
        Some((address, attributes))
    }

    /// The same address without the key: what names the block within its module instance.
    pub fn block(&self) -> Self {
        Self {
            key: None,
            ..self.clone()
        }
    }
}

impl fmt::Display for ResourceAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.module {
            write!(out, "module.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(out, "{key}")?;
            }
            out.write_str(".")?;
        }
        if self.data {
            out.write_str("data.")?;
        }
        write!(out, "{}.{}", self.kind, self.name)?;
        match &self.key {
            Some(key) => write!(out, "{key}"),
            None => Ok(()),
        }
    }
}

/// A path into its steps. Keys may hold any character, dots, brackets and escaped quotes included.
/// `None` where the text is no path.
pub(super) fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || name.contains([']', '"']) {
            return None;
        }
        let mut step = Step {
            name: name.to_owned(),
            key: None,
        };
        rest = after;
        while let Some(inside) = rest.strip_prefix('[') {
            let (key, after) = bracket(inside)?;
            // `x[0][1]`: the second key leads into the value, which no reader here follows.
            step.key.get_or_insert(key);
            rest = after;
        }
        steps.push(step);
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Some(steps),
            None => return None,
        }
    }
}

/// The key after an opening bracket, and the text after the closing one.
fn bracket(text: &str) -> Option<(InstanceKey, &str)> {
    if !text.starts_with('"') {
        let (digits, rest) = text.split_once(']')?;
        return Some((InstanceKey::Number(digits.parse().ok()?), rest));
    }
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let (quoted, rest) = text.split_at(at + 1);
                let key = serde_json::from_str(quoted).ok()?;
                return Some((InstanceKey::Text(key), rest.strip_prefix(']')?));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn text(key: &str) -> Option<InstanceKey> {
        Some(InstanceKey::Text(key.to_owned()))
    }

    #[test]
    fn an_address_has_module_instances_and_keys_with_any_character() {
        let address =
            ResourceAddress::parse(r#"module.a["x.y]"].module.b[2].aws_s3_bucket.c["q\"z"]"#)
                .unwrap();
        assert_eq!(address.module.len(), 2);
        assert_eq!(address.module[0].key, text("x.y]"));
        assert_eq!(address.module[1].key, Some(InstanceKey::Number(2)));
        assert_eq!(address.kind, "aws_s3_bucket");
        assert_eq!(address.key, text("q\"z"));
        assert_eq!(
            address.to_string(),
            r#"module.a["x.y]"].module.b[2].aws_s3_bucket.c["q\"z"]"#
        );
    }

    #[test]
    fn a_data_source_is_told_from_a_resource() {
        let address = ResourceAddress::parse("data.aws_iam_policy_document.p").unwrap();
        assert!(address.data);
        assert_eq!(address.name, "p");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "aws_s3_bucket",
            "a..b",
            "a.b[",
            "a.b[\"x]",
            "a.b[x]",
            "a.b.c",
            "a.b]",
        ] {
            assert_eq!(ResourceAddress::parse(wrong), None, "{wrong}");
        }
    }
}
