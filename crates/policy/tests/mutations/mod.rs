//! Changes of a policy as people make them, on purpose or by mistake.

use serde_json::{Value, json};

/// A changed policy.
pub struct Mutation {
    pub name: String,
    pub policy: Value,
    /// It can only allow more than before, or the same.
    pub widens: bool,
}

/// The statements of a document, as a list.
fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn with(policy: &Value, list: Vec<Value>) -> Value {
    let mut changed = policy.clone();
    changed["Statement"] = Value::Array(list);
    changed
}

fn as_list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

/// Every mutation of a policy.
pub fn all(policy: &Value) -> Vec<Mutation> {
    let list = statements(policy);
    let mut out = Vec::new();
    let mut push = |name: String, list: Vec<Value>, widens: bool| {
        if !list.is_empty() {
            out.push(Mutation {
                name,
                policy: with(policy, list),
                widens,
            });
        }
    };
    let mut reversed = list.clone();
    reversed.reverse();
    push("reorder".to_owned(), reversed, false);
    for (place, statement) in list.iter().enumerate() {
        let deny = statement["Effect"] == "Deny";
        let replaced = |statement: Value| {
            let mut list = list.clone();
            list[place] = statement;
            list
        };
        let mut without = list.clone();
        without.remove(place);
        push(format!("drop statement {place}"), without, deny);
        for name in ["Action", "Resource"] {
            let items = as_list(&statement[name]);
            if statement[name].is_null() {
                continue;
            }
            // One statement for each item says the same.
            if items.len() > 1 {
                let mut split = list.clone();
                split.remove(place);
                for item in &items {
                    let mut part = statement.clone();
                    part[name] = item.clone();
                    split.push(part);
                }
                push(format!("split {name} {place}"), split, false);
                let mut fewer = statement.clone();
                fewer[name] = Value::Array(items[1..].to_vec());
                push(format!("drop {name} item {place}"), replaced(fewer), deny);
            }
            // A glob that takes one character less.
            if let Some(text) = items[0].as_str() {
                let kept: String = text
                    .chars()
                    .take(text.chars().count().saturating_sub(1))
                    .collect();
                let wide = format!("{}*", kept.trim_end_matches('*'));
                let mut wider = items.clone();
                wider[0] = json!(wide);
                let mut changed = statement.clone();
                changed[name] = Value::Array(wider);
                push(
                    format!("widen {name} {place}"),
                    replaced(changed),
                    !deny && statement[name].is_array() | statement[name].is_string(),
                );
            }
        }
        if let Some(operators) = statement["Condition"].as_object() {
            for (operator, keys) in operators {
                for (key, values) in keys.as_object().into_iter().flatten() {
                    let negated = operator.to_lowercase().contains("not");
                    let mut dropped = statement.clone();
                    let inner = dropped["Condition"][operator].as_object_mut().unwrap();
                    inner.remove(key);
                    if inner.is_empty() {
                        dropped["Condition"]
                            .as_object_mut()
                            .unwrap()
                            .remove(operator);
                    }
                    push(
                        format!("drop condition {key} {place}"),
                        replaced(dropped),
                        !deny,
                    );
                    let values = as_list(values);
                    if values.len() > 1 {
                        let mut fewer = statement.clone();
                        fewer["Condition"][operator][key] = Value::Array(values[1..].to_vec());
                        push(
                            format!("drop value of {key} {place}"),
                            replaced(fewer),
                            deny != negated,
                        );
                    }
                    let mut more = values.clone();
                    more.push(json!("77.7.7.0/24"));
                    let mut changed = statement.clone();
                    changed["Condition"][operator][key] = Value::Array(more);
                    push(
                        format!("add value to {key} {place}"),
                        replaced(changed),
                        deny == negated,
                    );
                }
            }
        }
        let mut everyone = statement.clone();
        if let Some(members) = everyone.as_object_mut() {
            members.remove("NotPrincipal");
            members.insert("Principal".to_owned(), json!("*"));
        }
        push(format!("everyone {place}"), replaced(everyone), !deny);
    }
    out
}
