//! Editing a bucket's policy: statements are added to what is there, and nothing else moves.
//!
//! A bucket has one policy, and putting one replaces it. So all changes of a bucket's policy are made
//! on one copy of the document, statement ids are kept, and new ones get an id that is free.

use serde_json::{Map, Value, json};

/// The largest policy that S3 accepts, bytes (S3 user guide, "Bucket policies", copy of 2026).
pub const LARGEST: usize = 20 * 1024;

/// A bucket policy in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDocument {
    document: Map<String, Value>,
    statements: Vec<Value>,
    changed: bool,
}

impl PolicyDocument {
    /// From the stored text; an empty policy when there is none. `None` when it is not a policy.
    pub fn new(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self {
                document: Map::from_iter([("Version".to_owned(), json!("2012-10-17"))]),
                statements: Vec::new(),
                changed: false,
            });
        };
        let Ok(Value::Object(mut document)) = serde_json::from_str(text) else {
            return None;
        };
        let name = document
            .keys()
            .find(|name| name.eq_ignore_ascii_case("statement"))?
            .clone();
        let statements = match document.shift_remove(&name)? {
            Value::Array(statements) => statements,
            one @ Value::Object(_) => vec![one],
            _ => return None,
        };
        statements.iter().all(Value::is_object).then_some(Self {
            document,
            statements,
            changed: false,
        })
    }

    /// Adds a statement under an id like `sid`, unless the very same is there.
    pub fn add(&mut self, sid: &str, statement: Value) {
        if self
            .statements
            .iter()
            .any(|other| same_but_for_id(other, &statement))
        {
            return;
        }
        let mut id = sid.to_owned();
        let mut number = 2;
        while self.has_id(&id) {
            id = format!("{sid}{number}");
            number += 1;
        }
        let mut whole = Map::from_iter([("Sid".to_owned(), Value::String(id))]);
        whole.extend(statement.as_object().cloned().unwrap_or_default());
        self.statements.push(Value::Object(whole));
        self.changed = true;
    }

    fn has_id(&self, wanted: &str) -> bool {
        self.statements
            .iter()
            .any(|statement| member(statement, "Sid").and_then(Value::as_str) == Some(wanted))
    }

    /// Changes the statement at a position.
    pub fn edit(&mut self, position: usize, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Some(Value::Object(statement)) = self.statements.get_mut(position) {
            let before = statement.clone();
            change(statement);
            self.changed |= *statement != before;
        }
    }

    /// The positions of the statements of an effect.
    pub fn with_effect(&self, effect: &str) -> Vec<usize> {
        self.statements
            .iter()
            .enumerate()
            .filter(|(_, statement)| {
                member(statement, "Effect").and_then(Value::as_str) == Some(effect)
            })
            .map(|(position, _)| position)
            .collect()
    }

    /// Removes an account from every Allow that names it. False when one of them names it otherwise
    /// than as a principal, or none does.
    pub fn remove_account(&mut self, account: &str) -> bool {
        let mut found = false;
        for position in self.with_effect("Allow") {
            self.edit(position, |statement| {
                found |= remove_principal(statement, account);
            });
        }
        self.statements.retain(|statement| {
            member(statement, "Principal").is_none_or(|principal| !is_empty(principal))
        });
        found
            && !self
                .with_effect("Allow")
                .iter()
                .filter_map(|position| self.statements.get(*position))
                .any(|statement| statement.to_string().contains(account))
    }

    /// True when something was changed.
    pub const fn is_changed(&self) -> bool {
        self.changed
    }

    /// True when there is no statement left: a policy must have one.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The whole document.
    pub fn document(&self) -> Value {
        let mut document = self.document.clone();
        document.insert(
            "Statement".to_owned(),
            Value::Array(self.statements.clone()),
        );
        Value::Object(document)
    }

    /// The whole document as it is sent.
    pub fn text(&self) -> String {
        self.document().to_string()
    }
}

fn member<'v>(statement: &'v Value, name: &str) -> Option<&'v Value> {
    statement
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn same_but_for_id(there: &Value, wanted: &Value) -> bool {
    let mut there = there.as_object().cloned().unwrap_or_default();
    there.retain(|name, _| !name.eq_ignore_ascii_case("sid"));
    Value::Object(there) == *wanted
}

fn is_empty(principal: &Value) -> bool {
    match principal {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Removes the account, and every user and role of it, from the statement's principals.
fn remove_principal(statement: &mut Map<String, Value>, account: &str) -> bool {
    let Some(Value::Object(kinds)) = statement.get_mut("Principal") else {
        return false;
    };
    let Some(aws) = kinds.get_mut("AWS") else {
        return false;
    };
    let inside = format!("::{account}:");
    let is_it = |name: &Value| {
        name.as_str()
            .is_some_and(|name| name == account || name.contains(&inside))
    };
    let found = match &mut *aws {
        Value::Array(names) => {
            let before = names.len();
            names.retain(|name| !is_it(name));
            names.len() < before
        }
        one => {
            let found = is_it(one);
            if found {
                *one = Value::Array(Vec::new());
            }
            found
        }
    };
    if is_empty(aws) {
        kinds.shift_remove("AWS");
    }
    found
}
