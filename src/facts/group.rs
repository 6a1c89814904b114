//! What facts are made of: groups of members, lists and plain values.
//!
//! [`FactValue`] is derived for groups. It says which paths a group has and which readings stand
//! behind each, and it writes the document that conditions see: known members into the document,
//! unknown ones beside it with their reasons.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use coldbucket_facts_derive::FactValue;

use super::document::FactDocument;
use super::fact::{Because, Fact};
use crate::inventory::need::Need;

/// A value that stands in the facts of a subject.
pub trait FactValue {
    /// Lists the paths below this value, with the readings behind each. A plain value has none.
    fn declare(_paths: &mut Paths) {}

    /// Writes the value; `None` when it is not known, with the reasons noted at its path.
    fn write(&self, writer: &mut Writer<'_>) -> Option<Value>;
}

/// The paths of a subject's facts (list positions written `[]`) with the readings that each declares.
#[derive(Debug)]
pub struct Paths {
    path: String,
    found: Vec<(String, Vec<Need>)>,
}

impl Paths {
    /// The paths of `T`, which conditions call `variable`.
    pub(super) fn of<T: FactValue>(variable: &str) -> Vec<(String, Vec<Need>)> {
        let mut paths = Self {
            path: variable.to_owned(),
            found: vec![(variable.to_owned(), Vec::new())],
        };
        T::declare(&mut paths);
        paths.found
    }

    /// Notes the readings that everything at the present path takes.
    pub fn needs(&mut self, needs: &[&[Need]]) {
        let needs = needs.iter().copied().flatten().copied();
        match self.found.last_mut().filter(|(path, _)| *path == self.path) {
            Some((_, found)) => found.extend(needs),
            None => self.found.push((self.path.clone(), needs.collect())),
        }
    }

    /// Lists a member and what is below it.
    pub fn member<T: FactValue>(&mut self, name: &str, needs: &[&[Need]]) {
        let length = self.path.len();
        self.path.push('.');
        self.path.push_str(name);
        self.needs(needs);
        T::declare(self);
        self.path.truncate(length);
    }

    fn items<T: FactValue>(&mut self) {
        let length = self.path.len();
        self.path.push_str("[]");
        T::declare(self);
        self.path.truncate(length);
    }
}

/// The members that a document needs: those on the paths that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactPaths {
    /// None for everything.
    members: Option<BTreeMap<String, Self>>,
}

impl FactPaths {
    /// Everything.
    pub const EVERYTHING: Self = Self { members: None };

    /// What is at these paths (`bucket.exposure.other_accounts[].trusted`), which begin with the
    /// subject's variable. Of a list that is named together with members of its items, those members.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut all = Self {
            members: Some(BTreeMap::new()),
        };
        for path in paths {
            let mut here = &mut all;
            for name in path.split('.').skip(1) {
                here = here
                    .members
                    .get_or_insert_default()
                    .entry(name.trim_end_matches("[]").to_owned())
                    .or_default();
            }
        }
        all
    }

    fn member(&self, name: &str) -> Option<&Self> {
        match &self.members {
            None => Some(self),
            Some(members) => members.get(name),
        }
    }
}

/// Writes a document, member by member.
#[derive(Debug)]
pub struct Writer<'w> {
    wanted: &'w FactPaths,
    unknown: &'w mut Unknowns,
}

/// What is not known so far, and the path that is being written.
#[derive(Debug, Default)]
struct Unknowns {
    path: String,
    found: BTreeMap<String, Vec<Because>>,
}

impl Writer<'_> {
    /// The document of a subject's facts, as far as it is wanted.
    pub(super) fn document(
        variable: &str,
        facts: &impl FactValue,
        wanted: &FactPaths,
    ) -> FactDocument {
        let mut unknown = Unknowns {
            path: variable.to_owned(),
            ..Unknowns::default()
        };
        let mut writer = Writer {
            wanted,
            unknown: &mut unknown,
        };
        let value = facts.write(&mut writer).unwrap_or_default();
        FactDocument {
            known: Value::Object(Map::from_iter([(variable.to_owned(), value)])),
            unknown: unknown.found,
        }
    }

    /// Begins a group.
    pub fn group(&mut self) -> GroupWriter<'_> {
        GroupWriter {
            wanted: self.wanted,
            unknown: self.unknown,
            members: Map::new(),
        }
    }
}

/// Writes the members of one group.
#[derive(Debug)]
pub struct GroupWriter<'w> {
    wanted: &'w FactPaths,
    unknown: &'w mut Unknowns,
    members: Map<String, Value>,
}

impl GroupWriter<'_> {
    /// Writes a member where it is wanted and known.
    pub fn member<T: FactValue>(&mut self, name: &str, value: &T) {
        let Some(wanted) = self.wanted.member(name) else {
            return;
        };
        let length = self.unknown.path.len();
        self.unknown.path.push('.');
        self.unknown.path.push_str(name);
        let mut writer = Writer {
            wanted,
            unknown: self.unknown,
        };
        if let Some(value) = value.write(&mut writer) {
            self.members.insert(name.to_owned(), value);
        }
        self.unknown.path.truncate(length);
    }

    /// The group.
    pub fn close(self) -> Option<Value> {
        Some(Value::Object(self.members))
    }
}

impl<T: FactValue> FactValue for Fact<T> {
    fn declare(paths: &mut Paths) {
        T::declare(paths);
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<Value> {
        match self {
            Self::Known(value) => value.write(writer),
            Self::Unknown { because } => {
                let found = &mut writer.unknown.found;
                match found.get_mut(&writer.unknown.path) {
                    Some(reasons) => reasons.extend(because.iter().cloned()),
                    None => {
                        found.insert(writer.unknown.path.clone(), because.clone());
                    }
                }
                None
            }
        }
    }
}

impl<T: FactValue> FactValue for Vec<T> {
    fn declare(paths: &mut Paths) {
        paths.items::<T>();
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<Value> {
        let length = writer.unknown.path.len();
        writer.unknown.path.push_str("[]");
        let items = self.iter().filter_map(|item| item.write(writer)).collect();
        writer.unknown.path.truncate(length);
        Some(Value::Array(items))
    }
}

/// Plain values, which are written as they serialize.
macro_rules! plain {
    ($($kind:ty),* $(,)?) => {$(
        impl FactValue for $kind {
            fn write(&self, _writer: &mut Writer<'_>) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }
    )*};
}

plain!(
    bool,
    u32,
    u64,
    usize,
    i64,
    f64,
    String,
    BTreeMap<String, String>,
    crate::report::DurationBasis,
    crate::report::Reach,
);
