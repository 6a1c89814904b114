//! Documents of facts written by hand, with `{"$unknown": [reasons]}` in the place of what is not known.

use std::collections::BTreeMap;

use coldbucket::facts::{Because, FactDocument};
use serde_json::{Value, json};

/// The document of facts that conditions call `variable`.
pub fn document(variable: &str, facts: &Value) -> FactDocument {
    let mut value = facts.clone();
    let mut unknown = BTreeMap::new();
    split(&mut value, variable, &mut unknown);
    FactDocument {
        known: json!({ variable: value }),
        unknown,
    }
}

/// Removes what is unknown below `value`, and notes it. True when `value` itself is unknown.
fn split(value: &mut Value, path: &str, unknown: &mut BTreeMap<String, Vec<Because>>) -> bool {
    match value {
        Value::Object(members) => {
            if let Some(reasons) = members.get("$unknown") {
                let reasons = reasons.as_array().unwrap().iter().map(|reason| Because {
                    reason: serde_json::from_value(reason["reason"].clone()).unwrap(),
                    action: reason["action"].as_str().unwrap().to_owned().into(),
                    detail: reason["detail"].as_str().unwrap().to_owned(),
                });
                unknown.entry(path.to_owned()).or_default().extend(reasons);
                return true;
            }
            members.retain(|name, member| !split(member, &format!("{path}.{name}"), unknown));
            false
        }
        Value::Array(items) => {
            items.retain_mut(|item| !split(item, &format!("{path}[]"), unknown));
            false
        }
        _ => false,
    }
}
