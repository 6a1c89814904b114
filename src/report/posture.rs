//! The posture of a bucket, and its words: each closed set of words is an enum whose names are those
//! of the report. A word that this version does not know reads as `unknown`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClassReach, Reach};

/// What `unknown` is called in every posture.
pub(super) const UNKNOWN: &str = "unknown";

/// The posture of one bucket under the guidance's three headings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BucketPosture {
    /// Bucket name.
    pub name: String,
    /// Its Region.
    pub region: String,
    /// The account that owns it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Who can reach it.
    pub access: AccessPosture,
    /// How it is encrypted.
    pub encryption: EncryptionPosture,
    /// Whether it is watched.
    pub monitoring: MonitoringPosture,
}

/// Who can reach a bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPosture {
    /// Unsigned requests.
    pub anonymous: ClassReach,
    /// Requests signed with the credentials of any AWS account, which anyone can have. Absent in
    /// reports of versions that did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_aws_account: Option<ClassReach>,
    /// Accounts that the policy or ACL grants access to, or `["unknown"]`.
    pub other_accounts: OtherAccounts,
    /// Whether ACLs have an effect.
    pub acls: Acls,
    /// Block Public Access, of the bucket and the account together.
    pub block_public_access: BlockPublicAccess,
    /// Whether some request over plain HTTP is allowed.
    pub plain_http: Reach,
    /// Whether some presigned request is allowed; `unknown` until the policy engine decides it.
    pub presigned: Reach,
    /// The ids of the organization's resource control policies without which more would be reachable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control_policies: Vec<String>,
}

/// How a bucket is encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionPosture {
    /// Default encryption.
    pub default: DefaultEncryption,
    /// The key as configured; null for none or unknown.
    pub key: Option<String>,
    /// S3 Bucket Key; null when it does not apply or is unknown.
    pub bucket_key: Option<bool>,
    /// Whether uploads with SSE-C are accepted.
    pub sse_c: SseC,
    /// Encryption before the upload.
    pub client_side: ClientSideEncryption,
}

/// Whether a bucket is watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MonitoringPosture {
    /// The target (`bucket/prefix`, with ` (not delivered)` after it when S3 cannot deliver), `off`,
    /// `log target` or `unknown`.
    pub access_log: AccessLog,
    /// CloudTrail data events.
    pub data_events: DataEvents,
    /// Whether AWS Config records the bucket.
    pub config: ConfigRecording,
}

/// Whether ACLs have an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acls {
    /// Object Ownership is BucketOwnerEnforced.
    Off,
    /// They have.
    On,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Block Public Access, of the bucket and the account together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlockPublicAccess {
    /// All four flags have an effect.
    On,
    /// Some have.
    Partial,
    /// None has.
    Off,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Default encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultEncryption {
    /// With keys that S3 manages.
    SseS3,
    /// With a KMS key.
    SseKms,
    /// Two layers with a KMS key.
    DsseKms,
    /// Not known.
    Unknown,
    /// AWS's own word for a newer value.
    #[serde(untagged)]
    Other(String),
}

/// Whether uploads with SSE-C are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SseC {
    /// They are refused.
    Blocked,
    /// They are accepted.
    Allowed,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Encryption before the upload, which leaves no trace in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClientSideEncryption {
    /// Sampled objects carry it.
    #[serde(rename = "evidence")]
    Evidence,
    /// Nothing shows it.
    #[serde(rename = "not visible", other)]
    NotVisible,
}

/// CloudTrail data events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataEvents {
    /// All reads and all writes are recorded.
    #[serde(rename = "read+write")]
    ReadWrite,
    /// All reads are recorded, and not all writes.
    Read,
    /// All writes are recorded, and not all reads.
    Write,
    /// Some are recorded.
    Part,
    /// None are recorded.
    Off,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Whether AWS Config records a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigRecording {
    /// Every change.
    On,
    /// Once a day.
    Daily,
    /// The recorder leaves buckets out.
    #[serde(rename = "not recorded")]
    NotRecorded,
    /// No recorder runs.
    Off,
    /// Not known.
    #[serde(other)]
    Unknown,
}

/// Accounts that a policy or ACL grants access to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub enum OtherAccounts {
    /// Account ids, organization ids, canonical user ids or federated providers, sorted.
    Named(Vec<String>),
    /// Not known.
    Unknown,
}

impl From<Vec<String>> for OtherAccounts {
    fn from(names: Vec<String>) -> Self {
        match names.as_slice() {
            [one] if one == UNKNOWN => Self::Unknown,
            _ => Self::Named(names),
        }
    }
}

impl From<OtherAccounts> for Vec<String> {
    fn from(accounts: OtherAccounts) -> Self {
        match accounts {
            OtherAccounts::Named(names) => names,
            OtherAccounts::Unknown => vec![UNKNOWN.to_owned()],
        }
    }
}

/// Server access logging of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum AccessLog {
    /// Requests are logged to another bucket.
    To {
        /// The target bucket.
        bucket: String,
        /// What its keys begin with.
        prefix: String,
        /// S3 can deliver, or it is not known that it cannot.
        delivered: bool,
    },
    /// Not logged, and the target of other buckets' logs.
    LogTarget,
    /// Not logged.
    Off,
    /// Not known.
    Unknown,
}

const LOG_TARGET: &str = "log target";
const OFF: &str = "off";
const NOT_DELIVERED: &str = " (not delivered)";

impl From<String> for AccessLog {
    fn from(text: String) -> Self {
        let (target, delivered) = match text.strip_suffix(NOT_DELIVERED) {
            Some(target) => (target, false),
            None => (text.as_str(), true),
        };
        match (text.as_str(), target.split_once('/')) {
            (OFF, _) => Self::Off,
            (LOG_TARGET, _) => Self::LogTarget,
            (_, Some((bucket, prefix))) => Self::To {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                delivered,
            },
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To {
                bucket,
                prefix,
                delivered,
            } => {
                let lost = if *delivered { "" } else { NOT_DELIVERED };
                write!(f, "{bucket}/{prefix}{lost}")
            }
            Self::LogTarget => f.write_str(LOG_TARGET),
            Self::Off => f.write_str(OFF),
            Self::Unknown => f.write_str(UNKNOWN),
        }
    }
}

impl From<AccessLog> for String {
    fn from(log: AccessLog) -> Self {
        log.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// The words of reports stay what they are, whatever the types are called.
    #[test]
    fn every_word_of_a_report_reads_back_as_it_was() {
        fn same<T: Serialize + for<'a> Deserialize<'a>>(words: &[&str]) {
            for word in words {
                let value: T = serde_json::from_value((*word).into()).unwrap();
                assert_eq!(serde_json::to_value(value).unwrap(), *word);
            }
        }
        same::<Acls>(&["off", "on", "unknown"]);
        same::<BlockPublicAccess>(&["on", "partial", "off", "unknown"]);
        same::<DefaultEncryption>(&["sse-s3", "sse-kms", "dsse-kms", "unknown", "aws:newer"]);
        same::<SseC>(&["blocked", "allowed", "unknown"]);
        same::<ClientSideEncryption>(&["evidence", "not visible"]);
        same::<DataEvents>(&["read+write", "read", "write", "part", "off", "unknown"]);
        same::<ConfigRecording>(&["on", "daily", "not recorded", "off", "unknown"]);
        same::<AccessLog>(&[
            "logs/a/b/",
            "logs/",
            "logs/a/ (not delivered)",
            "log target",
            "off",
            "unknown",
        ]);
    }

    #[test]
    fn a_word_of_a_later_version_is_unknown() {
        let acls: Acls = serde_json::from_value("suspended".into()).unwrap();
        assert_eq!(acls, Acls::Unknown);
    }

    #[test]
    fn unknown_accounts_are_not_the_same_as_none() {
        for (json, accounts) in [
            (serde_json::json!([]), OtherAccounts::Named(Vec::new())),
            (serde_json::json!(["unknown"]), OtherAccounts::Unknown),
        ] {
            let read: OtherAccounts = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(read, accounts);
            assert_eq!(serde_json::to_value(read).unwrap(), json);
        }
    }
}
