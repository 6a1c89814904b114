//! Evaluated properties, read by the type that each property has.
//!
//! CloudFormation converts: `"true"` is a boolean, `"30"` a number, an unquoted account id a text.

use std::collections::BTreeMap;

use super::super::settings::{BlockSettings, Setting};
use super::super::value::{
    SourcePosition, TemplateNode, TemplateValue, has_open_symbol, has_symbol, shown,
};
use super::evaluate::as_bool;

/// The properties of a resource, or a block of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Properties<'n>(pub(super) &'n TemplateNode);

impl<'n> Properties<'n> {
    /// A property that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'n TemplateNode> {
        self.0
            .get(name)
            .filter(|node| node.value != TemplateValue::Null)
    }

    /// A property of a block of properties, by its path.
    pub(super) fn at(self, path: &[&str]) -> Option<&'n TemplateNode> {
        let mut node = self.0;
        for name in path {
            // What is not known as a whole is not known in part.
            if node.reference().is_some() {
                return Some(node);
            }
            node = Properties(node).get(name)?;
        }
        Some(node)
    }

    /// The line of a property.
    pub(super) fn position(self, name: &str) -> Option<SourcePosition> {
        self.get(name)?.position.clone()
    }

    /// A text that may contain symbols.
    pub(super) fn text(self, name: &str) -> Option<String> {
        self.get(name)?.as_text()
    }

    /// A name or an ARN: symbols are part of it.
    pub(super) fn name(self, name: &str) -> Setting<String> {
        match self.text(name) {
            Some(text) if !text.is_empty() => Setting::Written(text),
            _ => Setting::LeftOut,
        }
    }

    /// A text that has to be known.
    pub(super) fn word(self, name: &str) -> Setting<String> {
        word(self.get(name))
    }

    pub(super) fn boolean(self, name: &str) -> Setting<bool> {
        boolean(self.get(name))
    }

    pub(super) fn number(self, name: &str) -> Setting<u32> {
        number(self.get(name))
    }

    /// A block: what `read` makes of it, unless it is not known as a whole.
    pub(super) fn block<T>(
        self,
        name: &str,
        read: impl FnOnce(Properties<'n>) -> Setting<T>,
    ) -> Setting<T> {
        match self.get(name) {
            None => Setting::LeftOut,
            Some(node) => match node.reference() {
                Some(reference) => Setting::Undetermined(shown(reference)),
                None => read(Properties(node)),
            },
        }
    }
}

/// A text that has to be known; a text of an unexpected form is passed on.
pub(super) fn word(node: Option<&TemplateNode>) -> Setting<String> {
    match node.and_then(|node| Some((node, node.as_text()?))) {
        None => Setting::LeftOut,
        Some((node, text)) if has_open_symbol(&text) => Setting::Undetermined(
            node.reference()
                .map_or_else(|| shown(&text), ToOwned::to_owned),
        ),
        Some((_, text)) => Setting::Written(text),
    }
}

pub(super) fn boolean(node: Option<&TemplateNode>) -> Setting<bool> {
    match node {
        None => Setting::LeftOut,
        Some(node) => match (as_bool(node), node.value == TemplateValue::Null) {
            (Some(value), _) => Setting::Written(value),
            (None, true) => Setting::LeftOut,
            (None, false) => Setting::Undetermined(reference_of(node)),
        },
    }
}

pub(super) fn number(node: Option<&TemplateNode>) -> Setting<u32> {
    match node {
        None => Setting::LeftOut,
        Some(node) => {
            let text = node.as_text().unwrap_or_default();
            match text.trim().parse::<f64>() {
                Ok(value) if (0.0..=f64::from(u32::MAX)).contains(&value) && !has_symbol(&text) =>
                {
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "the range was tested"
                    )]
                    Setting::Written(value as u32)
                }
                _ if node.value == TemplateValue::Null => Setting::LeftOut,
                _ => Setting::Undetermined(reference_of(node)),
            }
        }
    }
}

/// What a value that is not known refers to, for a reader.
pub(super) fn reference_of(node: &TemplateNode) -> String {
    node.reference().map_or_else(
        || {
            node.as_text()
                .map_or_else(|| "a value of another type".to_owned(), |text| shown(&text))
        },
        ToOwned::to_owned,
    )
}

/// Block Public Access.
pub(super) fn block_public_access(block: Properties<'_>) -> BlockSettings {
    BlockSettings {
        block_public_acls: block.boolean("BlockPublicAcls"),
        ignore_public_acls: block.boolean("IgnorePublicAcls"),
        block_public_policy: block.boolean("BlockPublicPolicy"),
        restrict_public_buckets: block.boolean("RestrictPublicBuckets"),
    }
}

/// Tags: a list of keys and values, or a map.
pub(super) fn tags(node: Option<&TemplateNode>) -> Setting<BTreeMap<String, String>> {
    let Some(node) = node else {
        return Setting::LeftOut;
    };
    if let Some(reference) = node.reference() {
        return Setting::Undetermined(reference.to_owned());
    }
    let mut tags = BTreeMap::new();
    if let TemplateValue::Map(members) = &node.value {
        for (name, value) in members {
            tags.insert(shown(name), shown(&value.as_text().unwrap_or_default()));
        }
        return Setting::Written(tags);
    }
    for tag in node.items() {
        match Properties(tag).text("Key") {
            Some(key) => {
                let value = Properties(tag).text("Value").unwrap_or_default();
                tags.insert(shown(&key), shown(&value));
            }
            None => return Setting::Undetermined(reference_of(tag)),
        }
    }
    Setting::Written(tags)
}
