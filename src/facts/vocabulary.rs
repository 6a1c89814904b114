//! The names that conditions may use: the schema of each subject's facts, and which readings stand
//! behind each path.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{access_point, account, bucket, function, identity, region, trail};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// The JSON Schema of a subject's facts; `None` for subjects that have no facts yet.
pub fn schema(kind: SubjectKind) -> Option<Value> {
    let schema = match kind {
        SubjectKind::Account => schemars::schema_for!(super::account::AccountFacts),
        SubjectKind::Bucket => schemars::schema_for!(super::bucket::BucketFacts),
        SubjectKind::Function => schemars::schema_for!(super::function::FunctionFacts),
        SubjectKind::Region => schemars::schema_for!(super::region::RegionFacts),
        SubjectKind::Trail => schemars::schema_for!(super::trail::TrailFacts),
        SubjectKind::AccessPoint => {
            schemars::schema_for!(super::access_point::AccessPointFacts)
        }
        SubjectKind::Identity => schemars::schema_for!(super::identity::IdentityFacts),
    };
    Some(schema.to_value())
}

/// Fact paths and the readings each of them opens, as a topic declares them.
pub type NeedTable = &'static [(&'static str, &'static [Need])];

/// The tables of every topic.
const TABLES: &[NeedTable] = &[
    account::NEEDS,
    identity::NEEDS,
    access_point::NEEDS,
    bucket::NEEDS,
    bucket::policy::NEEDS,
    bucket::exposure::NEEDS,
    bucket::ownership::NEEDS,
    bucket::objects::NEEDS,
    bucket::public_access_block::NEEDS,
    bucket::public_status::NEEDS,
    bucket::transport::NEEDS,
    bucket::encryption::NEEDS,
    bucket::logging::NEEDS,
    bucket::data_events::NEEDS,
    bucket::versioning::NEEDS,
    bucket::key::NEEDS,
    bucket::guards::NEEDS,
    bucket::lifecycle::NEEDS,
    bucket::replication::NEEDS,
    bucket::website::NEEDS,
    trail::NEEDS,
    region::NEEDS,
    function::NEEDS,
    function::concurrency::NEEDS,
    function::package::NEEDS,
    function::access::NEEDS,
    function::code::NEEDS,
    function::idle::NEEDS,
    function::pings::NEEDS,
    function::snapshots::NEEDS,
    function::cold_start::facts::NEEDS,
];

/// Every declared path with its own readings, topic by topic.
pub fn declarations() -> impl Iterator<Item = (&'static str, &'static [Need])> {
    TABLES.iter().copied().flatten().copied()
}

/// The readings behind a fact path such as `bucket.encryption.kms` (list positions written `[]`),
/// sorted. A path above a group needs all that the group needs.
pub fn needs(path: &str) -> Vec<Need> {
    gather(|declared| is_at_or_above(declared, path) || is_at_or_above(path, declared))
}

/// The readings it takes to know a list and its length, without what is inside its items: what a
/// condition over the items opens comes on top, path by path.
pub fn list_needs(path: &str) -> Vec<Need> {
    gather(|declared| is_at_or_above(declared, path))
}

fn gather(wanted: impl Fn(&str) -> bool) -> Vec<Need> {
    let found: BTreeSet<Need> = declarations()
        .filter(|(declared, _)| wanted(declared))
        .flat_map(|(_, needs)| needs.iter().copied())
        .collect();
    found.into_iter().collect()
}

/// True when `upper` names `lower` or something that contains it.
fn is_at_or_above(upper: &str, lower: &str) -> bool {
    lower
        .strip_prefix(upper)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
