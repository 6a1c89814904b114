//! The names that conditions may use: the schema of each subject's facts, and which readings stand
//! behind each path.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde_json::Value;

use super::group::{FactValue, Paths};
use super::{access_point, account, bucket, function, identity, region, trail};
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// Every path with the readings it declares itself.
static DECLARED: LazyLock<Vec<(String, Vec<Need>)>> = LazyLock::new(|| {
    SubjectKind::ALL
        .into_iter()
        .flat_map(|kind| (vocabulary(kind).paths)(kind.variable()))
        .collect()
});

/// What follows from the type of a subject's facts.
struct Vocabulary {
    schema: fn() -> schemars::Schema,
    paths: fn(&str) -> Vec<(String, Vec<Need>)>,
}

fn of<T: JsonSchema + FactValue>() -> Vocabulary {
    Vocabulary {
        schema: || schemars::schema_for!(T),
        paths: Paths::of::<T>,
    }
}

fn vocabulary(kind: SubjectKind) -> Vocabulary {
    match kind {
        SubjectKind::Account => of::<account::AccountFacts>(),
        SubjectKind::Bucket => of::<bucket::BucketFacts>(),
        SubjectKind::Function => of::<function::FunctionFacts>(),
        SubjectKind::Region => of::<region::RegionFacts>(),
        SubjectKind::Trail => of::<trail::TrailFacts>(),
        SubjectKind::AccessPoint => of::<access_point::AccessPointFacts>(),
        SubjectKind::Identity => of::<identity::IdentityFacts>(),
    }
}

/// The JSON Schema of a subject's facts.
pub fn schema(kind: SubjectKind) -> Value {
    (vocabulary(kind).schema)().to_value()
}

/// Every path with the readings it declares itself, beside those of the group it is in.
pub fn declarations() -> impl Iterator<Item = (&'static str, &'static [Need])> {
    DECLARED
        .iter()
        .map(|(path, needs)| (path.as_str(), needs.as_slice()))
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
