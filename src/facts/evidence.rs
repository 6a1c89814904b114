//! Where in the snapshot a fact comes from.
//!
//! Evidence follows the needs: the readings a fact path declares are the ones it was concluded
//! from. Each is given as an RFC 6901 pointer that leads to exactly the value beside it; long
//! values are shortened, since the pointer has the whole.

use serde_json::Value;

use super::function::LATEST;
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
    pub fn evidence(
        &self,
        subject: &Subject,
        view: &SubjectFacts<'_>,
        path: &str,
    ) -> Vec<(String, Value)> {
        let (path, item) = split_item(path);
        if let (SubjectFacts::Identity(facts), Some((_, account))) =
            (view, self.account(&subject.id.account))
        {
            return facts
                .places(account, &path)
                .into_iter()
                .map(|place| {
                    let account = ["accounts".to_owned(), subject.id.account.clone()];
                    account.into_iter().chain(place).collect()
                })
                .filter_map(|segments| self.at(segments))
                .collect();
        }
        needs(&path)
            .into_iter()
            .flat_map(|need| {
                if need.reading == ReadingKind::FunctionListing {
                    self.configuration(subject, view, &path, item)
                } else {
                    self.places(subject, view, need)
                }
            })
            .filter_map(|segments| self.at(segments))
            .chain(self.listed_for(subject, &path))
            .collect()
    }

    /// The entries of a Region's lists that speak of a function: the lists may be long.
    fn listed_for(&self, subject: &Subject, path: &str) -> Vec<(String, Value)> {
        let id = &subject.id;
        let Some(region) = self
            .snapshot
            .accounts
            .get(&id.account)
            .and_then(|account| account.regions.get(&id.region))
        else {
            return Vec::new();
        };
        needs(path)
            .into_iter()
            .filter(|need| need.reading.scope() == Scope::Region)
            .flat_map(|need| {
                let member = need.reading.name().rsplit('.').next().unwrap_or_default();
                let entries: Vec<Value> = match need.reading {
                    ReadingKind::EventSourceMappings => values(&region.event_source_mappings),
                    ReadingKind::Rules => values(&region.rules),
                    ReadingKind::Schedules => values(&region.schedules),
                    ReadingKind::ScalableTargets => values(&region.scalable_targets),
                    _ => Vec::new(),
                };
                entries
                    .into_iter()
                    .enumerate()
                    .filter(|(_, entry)| speaks_of(entry, &id.arn, &id.name))
                    .take(ITEM_LIMIT)
                    .map(|(index, entry)| {
                        let index = index.to_string();
                        let pointer = pointer::pointer([
                            "accounts",
                            &id.account,
                            "regions",
                            &id.region,
                            member,
                            "known",
                            &index,
                        ]);
                        (pointer, shortened(entry))
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// The parts of a function's configuration that a path is about, which come with the listing.
    fn configuration(
        &self,
        subject: &Subject,
        view: &SubjectFacts<'_>,
        path: &str,
        item: Option<&str>,
    ) -> Vec<Vec<String>> {
        let (versions, topic) = if let Some(topic) = path.strip_prefix("function.latest.") {
            (vec![LATEST.to_owned()], topic)
        } else if let Some(topic) = path.strip_prefix("function.versions[].") {
            let versions = match item {
                Some(item) => vec![item.to_owned()],
                None => versions_that_matter(view),
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

    /// The readings of one need, as segments of a pointer.
    fn places(&self, subject: &Subject, view: &SubjectFacts<'_>, need: Need) -> Vec<Vec<String>> {
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
            | ReadingKind::TrailListing
            | ReadingKind::IdentityListing
            | ReadingKind::AccessPointListing
            | ReadingKind::Caller => return Vec::new(),
            // The listing of Multi-Region access points tells their flags.
            ReadingKind::MultiRegionAccessPointListing => "public_access_block",
            other => other.name().rsplit('.').next().unwrap_or_default(),
        };
        let several = id.region == GLOBAL;
        match (need.relation, need.reading.scope(), id.kind) {
            (Relation::Own, Scope::AccessPoint, SubjectKind::AccessPoint) if !several => {
                let segments = [
                    "accounts",
                    &id.account,
                    "regions",
                    &id.region,
                    "access_points",
                    &id.name,
                    member,
                ];
                vec![segments.to_vec().map_owned()]
            }
            (Relation::Own, Scope::MultiRegionAccessPoint, SubjectKind::AccessPoint) if several => {
                vec![multi_region(&id.account, &id.name, member)]
            }
            (Relation::Own, Scope::Account, SubjectKind::AccessPoint)
                if need.reading == ReadingKind::MultiRegionAccessPointListing =>
            {
                let places = vec![multi_region(&id.account, &id.name, member)];
                if several { places } else { Vec::new() }
            }
            (Relation::BehindAccessPoint, Scope::Bucket, SubjectKind::AccessPoint) => {
                buckets_behind(view)
                    .map(|name| bucket(name, member))
                    .collect()
            }
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
            (Relation::LogTarget, Scope::Bucket, SubjectKind::Bucket) => self
                .logging_of(&id.account, &id.name)
                .map(|target| bucket(target, member))
                .into_iter()
                .collect(),
            (Relation::TrailBucket, Scope::Bucket, SubjectKind::Trail) => self
                .snapshot
                .accounts
                .get(&id.account)
                .and_then(|account| account.trails.get(&id.arn))
                .map(|trail| bucket(&trail.bucket, member))
                .into_iter()
                .collect(),
            (Relation::Own, Scope::Trail, SubjectKind::Trail) => {
                vec![vec!["accounts", &id.account, "trails", &id.arn, member].map_owned()]
            }
            (Relation::Trails, Scope::Trail, _) => self
                .snapshot
                .accounts
                .get(&id.account)
                .into_iter()
                .flat_map(|account| &account.trails)
                .filter(|(_, trail)| trail.multi_region || trail.home_region == id.region)
                .map(|(arn, _)| vec!["accounts", &id.account, "trails", arn, member].map_owned())
                .collect(),
            (Relation::Own | Relation::Region, Scope::Region, _) => {
                vec![vec!["accounts", &id.account, "regions", &id.region, member].map_owned()]
            }
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

    fn logging_of(&self, account: &str, bucket: &str) -> Option<&str> {
        let bucket = self.snapshot.accounts.get(account)?.buckets.get(bucket)?;
        Some(bucket.logging.known()?.target_bucket.as_str())
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
            [identities, name, inline, policy]
                if identities == "identities" && inline == "inline" =>
            {
                let document = account.identities.get(name)?.inline.get(policy)?;
                Some(Value::String(document.clone()))
            }
            [identities, name, member] if identities == "identities" => {
                member_of(account.identities.get(name)?, member)
            }
            [policies, arn, member] if policies == "managed_policies" => {
                member_of(account.managed_policies.get(arn)?, member)
            }
            [points, name, member] if points == "multi_region_access_points" => {
                member_of(account.multi_region_access_points.get(name)?, member)
            }
            [_, region, points, name, member] if points == "access_points" => {
                let region = account.regions.get(region)?;
                member_of(region.access_points.get(name)?, member)
            }
            [_, region, _, name, _, version, member] => {
                let function = account.regions.get(region)?.functions.get(name)?;
                member_of(function.versions.get(version)?, member)
            }
            [keys, arn, member] if keys == "keys" => member_of(account.keys.get(arn)?, member),
            [trails, arn, member] if trails == "trails" => {
                member_of(account.trails.get(arn)?, member)
            }
            [targets, name, member] if targets == "targets" => {
                member_of(account.targets.get(name)?, member)
            }
            [_, region, member] => {
                let own = crate::inventory::account::RegionInventory {
                    functions: std::collections::BTreeMap::new(),
                    ..account.regions.get(region)?.clone()
                };
                member_of(&own, member)
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

/// The versions of a function that matter.
fn versions_that_matter(view: &SubjectFacts<'_>) -> Vec<String> {
    match view {
        SubjectFacts::Function(facts) => match &*facts.versions {
            Fact::Known(versions) => versions
                .iter()
                .map(|version| version.version.clone())
                .collect(),
            Fact::Unknown { .. } => vec![LATEST.to_owned()],
        },
        _ => Vec::new(),
    }
}

/// The buckets that an access point leads to.
fn buckets_behind<'v>(view: &'v SubjectFacts<'_>) -> impl Iterator<Item = &'v str> {
    let names = match view {
        SubjectFacts::AccessPoint(facts) => facts.bucket.as_str(),
        _ => "",
    };
    names.split(", ").filter(|name| !name.is_empty())
}

/// The entries of a list that was read.
fn values<T: serde::Serialize>(reading: &crate::inventory::Reading<Vec<T>>) -> Vec<Value> {
    reading
        .known()
        .into_iter()
        .flatten()
        .filter_map(|entry| serde_json::to_value(entry).ok())
        .collect()
}

/// True when an entry names the function by its ARN, qualified or not, or a scalable target by name.
fn speaks_of(entry: &Value, arn: &str, name: &str) -> bool {
    let names = |holder: &Value| {
        holder
            .get("function_arn")
            .and_then(Value::as_str)
            .and_then(|named| named.strip_prefix(arn))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            || holder.get("function").and_then(Value::as_str) == Some(name)
    };
    names(entry)
        || entry
            .get("targets")
            .and_then(Value::as_array)
            .is_some_and(|targets| targets.iter().any(names))
}

/// The Region of what belongs to none.
const GLOBAL: &str = "global";

fn multi_region(account: &str, name: &str, member: &str) -> Vec<String> {
    vec![
        "accounts",
        account,
        "multi_region_access_points",
        name,
        member,
    ]
    .map_owned()
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
