//! Where in the snapshot a fact comes from.
//!
//! Evidence follows the needs: the readings a fact path declares are the ones it was concluded
//! from. Each is given as an RFC 6901 pointer that leads to exactly the value beside it; long
//! values are shortened, since the pointer has the whole.

use std::borrow::Cow;

use serde_json::Value;

use super::function::LATEST;
use super::{Fact, Facts, Subject, SubjectFacts, needs};
use crate::inventory::account::AccountInventory;
use crate::inventory::ids::{BucketKind, SubjectKind};
use crate::inventory::need::{Need, ReadingKind, Relation, Scope};
use crate::inventory::readings::{AnyReading, OwnerInventory, ReadingOwner, RegionalKind};
use crate::inventory::{ReadingState, pointer};

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
        let Some((id, account)) = self.snapshot.accounts.get_key_value(&subject.id.account) else {
            return Vec::new();
        };
        let (path, item) = split_item(path);
        if let SubjectFacts::Identity(facts) = view {
            return facts
                .places(account, &path)
                .iter()
                .filter_map(|place| of_identity(id, account, place))
                .collect();
        }
        let needs = needs(&path);
        let mut evidence: Vec<(String, Value)> = needs
            .iter()
            .flat_map(|need| match need.reading {
                ReadingKind::FunctionListing => self.configuration(subject, view, &path, item),
                ReadingKind::MultiRegionAccessPointListing => multi_region_flags(subject, account),
                // That the subject is there needs no proof.
                kind if kind.lists().is_some() || kind == ReadingKind::Caller => Vec::new(),
                kind => self
                    .owners(subject, view, account, *need)
                    .iter()
                    .filter_map(|owner| of_reading(owner, kind))
                    .collect(),
            })
            .collect();
        evidence.extend(self.control_policies(view, &path));
        if subject.id.kind == SubjectKind::Function {
            evidence.extend(
                needs
                    .iter()
                    .flat_map(|need| entries(subject, account, *need)),
            );
        }
        evidence
    }

    /// The documents of the organization's policies that decide a fact.
    fn control_policies(&self, view: &SubjectFacts<'_>, path: &str) -> Vec<(String, Value)> {
        let ids: Vec<&str> = match view {
            SubjectFacts::Bucket(facts) if path.starts_with("bucket.exposure") => facts
                .exposure
                .closed_by
                .iter()
                .map(String::as_str)
                .collect(),
            SubjectFacts::Bucket(facts) if path.starts_with("bucket.transport") => facts
                .transport
                .closed_by
                .iter()
                .map(String::as_str)
                .collect(),
            SubjectFacts::Account(facts) if path.starts_with("account.organization") => {
                let by = facts.organization.s3_policy_id.known();
                by.map(String::as_str).into_iter().collect()
            }
            _ => return Vec::new(),
        };
        let policies = self.snapshot.organization.as_ref();
        ids.into_iter()
            .filter_map(|id| {
                let content = policies?.policies.get(id)?.content.known()?.clone();
                let segments = ["organization", "policies", id, "content", "known"];
                Some((pointer::pointer(segments), shortened(content.into())))
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
    ) -> Vec<(String, Value)> {
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
        let function = self
            .snapshot
            .accounts
            .get(&id.account)
            .and_then(|account| account.regions.get(&id.region)?.functions.get(&id.name));
        let members = members(topic);
        versions
            .iter()
            .take(ITEM_LIMIT)
            .filter_map(|version| {
                let configuration = function?.versions.get(version)?;
                Some((version, serde_json::to_value(configuration).ok()?))
            })
            .flat_map(|(version, configuration)| {
                members.iter().filter_map(move |member| {
                    let segments = [
                        "accounts",
                        &id.account,
                        "regions",
                        &id.region,
                        "functions",
                        &id.name,
                        "versions",
                        version,
                        member,
                    ];
                    let value = configuration.get(member)?.clone();
                    Some((pointer::pointer(segments), shortened(value)))
                })
            })
            .collect()
    }

    /// What has the readings of one need.
    fn owners<'s>(
        &self,
        subject: &'s Subject,
        view: &SubjectFacts<'_>,
        account: &'s AccountInventory,
        need: Need,
    ) -> Vec<ReadingOwner<'s>> {
        let id = &subject.id;
        let scope = need.reading.scope();
        // A bucket of another kind may have the name of a general purpose one.
        let is_general = BucketKind::of_arn(&id.arn) == BucketKind::General;
        let bucket = account.buckets.get(&id.name).filter(|_| is_general);
        let is_bucket = id.kind == SubjectKind::Bucket;
        let names: Vec<Cow<'_, str>> = match (need.relation, scope) {
            (Relation::Own, Scope::Account) | (Relation::Own | Relation::Region, Scope::Region) => {
                vec![Cow::Borrowed("")]
            }
            (Relation::Own, Scope::Trail) => vec![Cow::Borrowed(id.arn.as_str())],
            (Relation::Own, scope) if own_scope(subject) == scope => {
                vec![Cow::Borrowed(id.name.as_str())]
            }
            (Relation::BehindAccessPoint, Scope::Bucket) => match view {
                SubjectFacts::AccessPoint(facts) => facts
                    .bucket
                    .split(", ")
                    .map(|name| Cow::Owned(name.to_owned()))
                    .collect(),
                _ => Vec::new(),
            },
            (Relation::EncryptionKey, Scope::Key) if is_bucket => bucket
                .and_then(|bucket| bucket.encryption_key(&id.account))
                .map(Cow::Owned)
                .into_iter()
                .collect(),
            (Relation::Destination, Scope::Target) if is_bucket => bucket
                .into_iter()
                .flat_map(|bucket| bucket.destinations())
                .map(Cow::Borrowed)
                .collect(),
            (Relation::LogTarget, Scope::Bucket) if is_bucket => bucket
                .and_then(|bucket| bucket.logging.known())
                .map(|logging| Cow::Borrowed(logging.target_bucket.as_str()))
                .into_iter()
                .collect(),
            (Relation::TrailBucket, Scope::Bucket) => account
                .trails
                .get(&id.arn)
                .map(|trail| Cow::Borrowed(trail.bucket.as_str()))
                .into_iter()
                .collect(),
            (Relation::Trails, Scope::Trail) => account
                .trails
                .iter()
                .filter(|(_, trail)| trail.multi_region || trail.home_region == id.region)
                .map(|(arn, _)| Cow::Borrowed(arn.as_str()))
                .collect(),
            // Of the siblings, those that log to this bucket.
            (Relation::Siblings, Scope::Bucket) if need.reading == ReadingKind::BucketLogging => {
                let sources = self.index.log_sources(&id.account, &id.name);
                sources.map(Cow::Borrowed).collect()
            }
            _ => Vec::new(),
        };
        names
            .iter()
            .filter_map(|name| ReadingOwner::find(&id.account, account, scope, &id.region, name))
            .collect()
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

/// Where the subject's own readings live.
fn own_scope(subject: &Subject) -> Scope {
    match subject.id.kind {
        SubjectKind::Account => Scope::Account,
        SubjectKind::Region => Scope::Region,
        SubjectKind::Bucket => {
            let kind = BucketKind::of_arn(&subject.id.arn);
            RegionalKind::of(kind).map_or(Scope::Bucket, |row| row.scope)
        }
        SubjectKind::AccessPoint if subject.id.region == GLOBAL => Scope::MultiRegionAccessPoint,
        SubjectKind::AccessPoint => Scope::AccessPoint,
        SubjectKind::Trail => Scope::Trail,
        SubjectKind::Identity => Scope::Identity,
        SubjectKind::Function => Scope::Function,
        SubjectKind::WebFunction => Scope::WebFunction,
    }
}

/// One reading with its pointer; `None` for one that was not collected, which proves nothing.
fn of_reading(owner: &ReadingOwner<'_>, kind: ReadingKind) -> Option<(String, Value)> {
    let reading = owner.reading(kind)?;
    if reading.state() == ReadingState::NotCollected {
        return None;
    }
    let pointer = owner.pointer(kind.member());
    Some(match reading.to_json() {
        Value::Object(mut members) if reading.state() == ReadingState::Known => {
            let value = members.remove("known").unwrap_or_default();
            (format!("{pointer}/known"), shortened(value))
        }
        other => (pointer, shortened(other)),
    })
}

/// The entries of a Region's lists that speak of a function: the lists may be long.
fn entries(subject: &Subject, account: &AccountInventory, need: Need) -> Vec<(String, Value)> {
    let id = &subject.id;
    let kind = need.reading;
    let Some(owner) = ReadingOwner::find(&id.account, account, Scope::Region, &id.region, "")
    else {
        return Vec::new();
    };
    let entries = match owner.reading(kind).map(AnyReading::to_json) {
        Some(mut reading) => reading.get_mut("known").map(Value::take),
        None => None,
    };
    let Some(Value::Array(entries)) = entries else {
        return Vec::new();
    };
    entries
        .into_iter()
        .enumerate()
        .filter(|(_, entry)| speaks_of(entry, &id.arn, &id.name))
        .take(ITEM_LIMIT)
        .map(|(index, entry)| {
            let pointer = format!("{}/known/{index}", owner.pointer(kind.member()));
            (pointer, shortened(entry))
        })
        .collect()
}

/// The Block Public Access flags of a Multi-Region access point, which come with the listing.
fn multi_region_flags(subject: &Subject, account: &AccountInventory) -> Vec<(String, Value)> {
    const MEMBER: &str = "public_access_block";
    let id = &subject.id;
    let scope = own_scope(subject);
    if scope != Scope::MultiRegionAccessPoint {
        return Vec::new();
    }
    ReadingOwner::find(&id.account, account, scope, "", &id.name)
        .and_then(|owner| match owner.inventory {
            OwnerInventory::MultiRegionAccessPoint(point) => Some((
                owner.pointer(MEMBER),
                serde_json::to_value(point.public_access_block).ok()?,
            )),
            _ => None,
        })
        .into_iter()
        .collect()
}

/// A policy, the attached policies or the access keys of an identity.
fn of_identity(id: &str, account: &AccountInventory, place: &[String]) -> Option<(String, Value)> {
    let place: Vec<&str> = place.iter().map(String::as_str).collect();
    let value = match place.as_slice() {
        ["managed_policies", arn, "document"] => {
            Value::from(account.managed_policies.get(*arn)?.document.clone()?)
        }
        ["identities", key, "inline", policy] => {
            Value::from(account.identities.get(*key)?.inline.get(*policy)?.clone())
        }
        ["identities", key, "attached"] => {
            let attached = &account.identities.get(*key)?.attached;
            (!attached.is_empty()).then(|| Value::from(attached.clone()))?
        }
        ["identities", key, _] => {
            let owner = ReadingOwner::find(id, account, Scope::Identity, "", key)?;
            return of_reading(&owner, ReadingKind::IdentityAccessKeys);
        }
        _ => return None,
    };
    let segments = ["accounts", id].into_iter().chain(place);
    Some((pointer::pointer(segments), shortened(value)))
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
