//! The names that conditions may use: the schema of each subject's facts, and which readings stand
//! behind each path.

use serde_json::Value;

use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// The JSON Schema of a subject's facts; `None` for subjects that have no facts yet.
pub fn schema(kind: SubjectKind) -> Option<Value> {
    let schema = match kind {
        SubjectKind::Account => schemars::schema_for!(super::account::AccountFacts),
        SubjectKind::Bucket => schemars::schema_for!(super::s3::BucketFacts),
        SubjectKind::Function => schemars::schema_for!(super::lambda::FunctionFacts),
        SubjectKind::Region
        | SubjectKind::AccessPoint
        | SubjectKind::Trail
        | SubjectKind::Identity => return None,
    };
    Some(schema.to_value())
}

/// The readings behind a fact path such as `bucket.encryption.kms` (list positions written `[]`).
/// A path above a group needs all that the group needs.
pub fn needs(path: &str) -> Vec<Need> {
    let _ = path;
    Vec::new()
}
