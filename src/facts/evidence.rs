//! Where in the snapshot a fact comes from.
//!
//! Evidence follows the needs: the readings a fact path declares are the ones it was concluded
//! from. Each is given as an RFC 6901 pointer that leads to exactly the value beside it; long
//! values are shortened, since the pointer has the whole.

use serde_json::Value;

use super::lambda::LATEST;
use super::{Fact, Facts, Subject, SubjectFacts, needs};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::{Need, ReadingKind, Relation, Scope};
use crate::inventory::pointer;

/// Characters of a text that evidence shows.
const TEXT_LIMIT: usize = 400;

/// Items of a list, or members of an object, that evidence shows.
const ITEM_LIMIT: usize = 20;

impl Facts<'_> {
    /// The readings behind a fact of a subject, as pointers into the snapshot with what stands
    /// there. Readings that were not collected, and listings, prove nothing and are left out.
    ///
    /// A version of a function may be named in the path, `function.versions[3].runtime`; with `[]`
    /// it is about every version that matters.
    pub fn evidence(&self, subject: &Subject, path: &str) -> Vec<(String, Value)> {
        let (path, item) = split_item(path);
        needs(&path)
            .into_iter()
            .flat_map(|need| {
                if need.reading == ReadingKind::FunctionListing {
                    self.configuration(subject, &path, item)
                } else {
                    self.places(subject, need)
                }
            })
            .filter_map(|segments| self.at(segments))
            .collect()
    }

    /// The parts of a function's configuration that a path is about, which come with the listing.
    fn configuration(&self, subject: &Subject, path: &str, item: Option<&str>) -> Vec<Vec<String>> {
        let (versions, topic) = if let Some(topic) = path.strip_prefix("function.latest.") {
            (vec![LATEST.to_owned()], topic)
        } else if let Some(topic) = path.strip_prefix("function.versions[].") {
            let versions = match item {
                Some(item) => vec![item.to_owned()],
                None => self.versions_that_matter(subject),
            };
            (versions, topic)
        } else {
            return Vec::new();
        };
        let id = &subject.id;
        versions
            .iter()
            .take(ITEM_LIMIT)
            .flat_map(|version| {
                members(topic).iter().map(move |member| {
                    vec![
                        "accounts",
                        &id.account,
                        "regions",
                        &id.region,
                        "functions",
                        &id.name,
                        "versions",
                        version,
                        member,
                    ]
                    .map_owned()
                })
            })
            .collect()
    }

    fn versions_that_matter(&self, subject: &Subject) -> Vec<String> {
        match self.of(subject) {
            Some(SubjectFacts::Function(facts)) => match facts.versions {
                Fact::Known(versions) => versions
                    .into_iter()
                    .map(|version| version.version)
                    .collect(),
                Fact::Unknown { .. } => vec![LATEST.to_owned()],
            },
            _ => Vec::new(),
        }
    }

    /// The readings of one need, as segments of a pointer.
    fn places(&self, subject: &Subject, need: Need) -> Vec<Vec<String>> {
        let id = &subject.id;
        let account = |member: &str| vec!["accounts", &id.account, member].map_owned();
        let bucket = |name: &str, member: &str| {
            vec!["accounts", &id.account, "buckets", name, member].map_owned()
        };
        let member = match need.reading {
            // A listing says that the subject exists, which nobody doubts.
            ReadingKind::FunctionListing
            | ReadingKind::BucketListing
            | ReadingKind::RegionListing
            | ReadingKind::Caller => return Vec::new(),
            other => other.name().rsplit('.').next().unwrap_or_default(),
        };
        match (need.relation, need.reading.scope(), id.kind) {
            (Relation::Own, Scope::Account, _) => vec![account(member)],
            (Relation::Own, Scope::Bucket, SubjectKind::Bucket) => vec![bucket(&id.name, member)],
            (Relation::Own, Scope::Function, SubjectKind::Function) => {
                vec![
                    vec![
                        "accounts",
                        &id.account,
                        "regions",
                        &id.region,
                        "functions",
                        &id.name,
                        member,
                    ]
                    .map_owned(),
                ]
            }
            (Relation::EncryptionKey, Scope::Key, SubjectKind::Bucket) => self
                .snapshot
                .accounts
                .get(&id.account)
                .and_then(|account| account.buckets.get(&id.name)?.encryption_key(&id.account))
                .map(|arn| vec!["accounts", &id.account, "keys", &arn, member].map_owned())
                .into_iter()
                .collect(),
            (Relation::Destination, Scope::Target, SubjectKind::Bucket) => self
                .snapshot
                .accounts
                .get(&id.account)
                .and_then(|account| account.buckets.get(&id.name))
                .into_iter()
                .flat_map(|bucket| bucket.destinations())
                .map(|name| vec!["accounts", &id.account, "targets", name, member].map_owned())
                .collect(),
            // Of the siblings, those that speak of this bucket.
            (Relation::Siblings, Scope::Bucket, SubjectKind::Bucket)
                if need.reading == ReadingKind::BucketLogging =>
            {
                self.index
                    .log_sources(&id.account, &id.name)
                    .map(|source| bucket(source, member))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// What stands at that place of the snapshot document.
    fn at(&self, segments: Vec<String>) -> Option<(String, Value)> {
        let (account, rest) = match segments.as_slice() {
            [_, account, rest @ ..] => (self.snapshot.accounts.get(account)?, rest),
            _ => return None,
        };
        let value = match rest {
            [buckets, name, member] if buckets == "buckets" => {
                member_of(account.buckets.get(name)?, member)
            }
            [_, region, _, name, _, version, member] => {
                let function = account.regions.get(region)?.functions.get(name)?;
                member_of(function.versions.get(version)?, member)
            }
            [keys, arn, member] if keys == "keys" => member_of(account.keys.get(arn)?, member),
            [targets, name, member] if targets == "targets" => {
                member_of(account.targets.get(name)?, member)
            }
            [_, region, _, name, member] => {
                member_of(account.regions.get(region)?.functions.get(name)?, member)
            }
            [member] => {
                // Only the account's own members: its buckets may be many.
                let own = crate::inventory::account::AccountInventory {
                    caller: account.caller.clone(),
                    public_access_block: account.public_access_block.clone(),
                    ..Default::default()
                };
                member_of(&own, member)
            }
            _ => None,
        }?;
        let mut segments = segments;
        let value = match value {
            Value::Object(mut reading) if reading.len() == 1 && reading.contains_key("known") => {
                segments.push("known".to_owned());
                reading.remove("known").unwrap_or_default()
            }
            other => other,
        };
        let pointer = pointer::pointer(segments.iter().map(String::as_str));
        Some((pointer, shortened(value)))
    }
}

/// A path with `[3]` made `[]`, and what stood there.
fn split_item(path: &str) -> (String, Option<&str>) {
    path.split_once('[')
        .and_then(|(list, rest)| {
            let (item, rest) = rest.split_once(']')?;
            Some((
                format!("{list}[]{rest}"),
                Some(item).filter(|item| !item.is_empty()),
            ))
        })
        .unwrap_or_else(|| (path.to_owned(), None))
}

/// The members of a version's configuration that a topic is concluded from.
fn members(topic: &str) -> &'static [&'static str] {
    match topic.split('.').next().unwrap_or_default() {
        "runtime" => &["runtime", "package_type"],
        "package" => &["package_type", "code_size_bytes", "layers"],
        "vpc" => &["vpc"],
        "snapstart" => &["runtime", "snap_start"],
        "architecture" => &["architecture"],
        "memory_mb" => &["memory_mb"],
        "timeout_s" => &["timeout_s"],
        "managed_instances" => &["managed_instances"],
        "edge" => &["master_arn"],
        _ => &[],
    }
}

fn member_of(inventory: &impl serde::Serialize, member: &str) -> Option<Value> {
    match serde_json::to_value(inventory).ok()? {
        Value::Object(mut members) => members.remove(member),
        _ => None,
    }
}

/// The same value with long texts and long lists cut, and marked as cut.
fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(match text.char_indices().nth(TEXT_LIMIT) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }),
        Value::Array(items) => {
            let cut = items.len() > ITEM_LIMIT;
            let mut items: Vec<Value> = items.into_iter().take(ITEM_LIMIT).map(shortened).collect();
            if cut {
                items.push(Value::String("…".to_owned()));
            }
            Value::Array(items)
        }
        Value::Object(members) => {
            let cut = members.len() > ITEM_LIMIT;
            let mut members: serde_json::Map<String, Value> = members
                .into_iter()
                .take(ITEM_LIMIT)
                .map(|(name, value)| (name, shortened(value)))
                .collect();
            if cut {
                members.insert("…".to_owned(), Value::String("…".to_owned()));
            }
            Value::Object(members)
        }
        other => other,
    }
}

/// Owned segments.
trait MapOwned {
    fn map_owned(self) -> Vec<String>;
}

impl MapOwned for Vec<&str> {
    fn map_owned(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}
