//! Paths of unknown facts, and lists that have lost members.

use serde_json::Value;

use super::references::Reference;
use crate::facts::FactDocument;

/// True when the unknown fact is a member that the list, or the map, has lost.
pub(super) fn lost(reference: &Reference, unknown: &str) -> bool {
    unknown
        .strip_prefix(reference.path.as_str())
        // Below a list everything reads `list[].member`, so a dot here is a map's key — or a
        // member of an object, which no condition can use as a value or run over.
        .is_some_and(|rest| rest == "[]" || rest.starts_with('.'))
}

/// True when `path` is `container` or lies below it.
pub(super) fn within(path: &str, container: &str) -> bool {
    path.strip_prefix(container)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// True when "no such key" at `key` follows from an unknown fact on the way along `path`.
pub(super) fn explains(document: &FactDocument, path: &str, key: &str) -> bool {
    let mut end = 0;
    for segment in path.split('.') {
        end += segment.len();
        let name = segment.strip_suffix("[]").unwrap_or(segment);
        if name == key
            && let Some(prefix) = path.get(..end)
        {
            let prefix = prefix.strip_suffix("[]").unwrap_or(prefix);
            if document
                .unknown
                .keys()
                .any(|unknown| within(prefix, unknown) || within(unknown, prefix))
            {
                return true;
            }
        }
        end += 1;
    }
    false
}

/// True when the member path leads to something in every list position on the way.
pub(super) fn has(value: &Value, path: &str) -> bool {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let name = head.strip_suffix("[]");
    let Some(member) = value.get(name.unwrap_or(head)) else {
        return false;
    };
    match (name, rest) {
        (None, None) => true,
        (None, Some(rest)) => has(member, rest),
        (Some(_), rest) => member.as_array().is_some_and(|items| {
            items
                .iter()
                .all(|item| rest.is_none_or(|rest| has(item, rest)))
        }),
    }
}

/// Makes a list's lost members show, at every position the path leads to: with an empty item in
/// their place, or by removing the list.
pub(super) fn amend(value: &mut Value, path: &str, phantom: bool) {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let Some(object) = value.as_object_mut() else {
        return;
    };
    match (head.strip_suffix("[]"), rest) {
        (None, None) => {
            if phantom {
                if let Some(Value::Array(items)) = object.get_mut(head) {
                    items.push(Value::Object(serde_json::Map::new()));
                }
            } else {
                object.remove(head);
            }
        }
        (None, Some(rest)) => {
            if let Some(member) = object.get_mut(head) {
                amend(member, rest, phantom);
            }
        }
        (Some(list), Some(rest)) => {
            if let Some(Value::Array(items)) = object.get_mut(list) {
                for item in items {
                    amend(item, rest, phantom);
                }
            }
        }
        // A list directly inside a list: its members have no names, so the outer list is removed.
        (Some(list), None) => {
            object.remove(list);
        }
    }
}
