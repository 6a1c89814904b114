//! What AWS answered about a sample of a bucket's objects. Read only when the user asks for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first objects of a bucket in the order of their keys, current versions only: no more than were
/// asked for, so what holds for them need not hold for the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ObjectSample {
    /// How many were asked for.
    pub asked: u32,
    /// These are all there are.
    pub whole_bucket: bool,
    /// The objects, in the order of their keys.
    pub objects: Vec<SampledObject>,
}

/// One object, as HeadObject describes it. Of its metadata only the names that tell of encryption
/// before the upload are looked at, and nothing is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SampledObject {
    /// Its key.
    pub key: String,
    /// `AES256`, `aws:kms`, `aws:kms:dsse`; absent when AWS did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// The ARN of the KMS key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// It is encrypted under a key that only its writer has (SSE-C): S3 answers 400 to a request
    /// without that key, and the list had just named it (S3 user guide, "Using server-side
    /// encryption with customer-provided keys", copy of 2026).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sse_c: bool,
    /// Its metadata names an envelope of the Amazon S3 Encryption Client (`x-amz-key-v2`, `x-amz-key`,
    /// `x-amz-iv`, `x-amz-c`, `x-amz-w`): it was encrypted before it was uploaded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_side: bool,
}
