//! One change of one resource, before it is written for any target.

use serde_json::{Map, Value};

use crate::inventory::bucket::Encryption;

/// What is set, in the order in which the changes of one bucket are made: what lets somebody in comes
/// before what shuts others out, and Block Public Access, which refuses policies, comes last.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The bucket's policy.
    Policy {
        /// As it was read; nothing when there was none.
        was: Option<String>,
        /// As it should be; nothing to delete it.
        now: Option<Value>,
    },
    /// Members of the default encryption's rule.
    Encryption {
        /// As it was read.
        was: Encryption,
        /// The default algorithm and its key.
        default: Option<(String, String)>,
        /// S3 Bucket Key on.
        bucket_key: bool,
        /// SSE-C blocked.
        block_sse_c: bool,
    },
    /// Versioning on.
    Versioning {
        /// It was set before.
        known: bool,
    },
    /// Lifecycle rules beside those that are there.
    Lifecycle {
        /// The new ones, as the API takes them.
        rules: Vec<Value>,
        /// The names of those that are there.
        others: Vec<String>,
    },
    /// Access log delivery.
    Logging {
        /// To this bucket.
        target: String,
        /// Under this prefix.
        prefix: String,
        /// Some target was set before.
        known: bool,
        /// It is this very target: what else is set about it stays.
        kept: bool,
    },
    /// Data events of buckets, recorded by a trail beside what it records.
    DataEvents {
        /// The trail's ARN.
        trail: String,
        /// Its home Region.
        region: String,
        /// What the selector is called.
        name: String,
        /// The buckets' ARNs.
        buckets: Vec<String>,
        /// `readOnly` of the events; nothing for all of them.
        read_only: Option<bool>,
    },
    /// A trail of one Region that records all of them.
    MultiRegion {
        /// The trail's ARN.
        trail: String,
        /// Its home Region.
        region: String,
    },
    /// A recorder of AWS Config that records.
    StartRecorder {
        /// Its name.
        recorder: String,
    },
    /// Buckets among what a recorder of AWS Config records.
    RecordBuckets {
        /// Its name.
        recorder: String,
        /// It records everything but what it names.
        excluded: bool,
        /// It names others than buckets there.
        others: bool,
    },
    /// Managed rules of AWS Config.
    ConfigRules {
        /// Their source identifiers.
        identifiers: Vec<String>,
    },
    /// No website endpoint.
    NoWebsite,
    /// Replication without these rules.
    NoReplication {
        /// The rules to take out, by name.
        rules: Vec<String>,
        /// None is left then.
        all: bool,
    },
    /// An ACL for the owner alone, and ACLs off.
    NoAcls {
        /// Object Ownership was set before.
        known: bool,
    },
    /// All four flags of Block Public Access.
    BlockPublicAccess {
        /// The bucket has flags of its own.
        known: bool,
    },
    /// All four flags, for the account.
    BlockAccount,
    /// A KMS key that works again.
    EnableKey {
        /// Its ARN.
        key: String,
        /// It waits to be deleted.
        pending: bool,
    },
    /// Automatic rotation of a KMS key.
    RotateKey {
        /// Its ARN.
        key: String,
    },
    /// Members of a function's configuration.
    Function {
        /// As `update-function-configuration` takes them.
        settings: Map<String, Value>,
        /// A version is published afterwards.
        publish: bool,
    },
    /// Provisioned concurrency.
    Provisioned {
        /// Of this alias or version.
        qualifier: String,
        /// So many environments.
        environments: u32,
    },
    /// A function URL that asks for IAM credentials.
    SignedUrl {
        /// Alias, or `$LATEST`.
        qualifier: String,
    },
    /// A function's policy without these statements.
    NoPermissions {
        /// Alias or version, or `$LATEST`.
        qualifier: String,
        /// The statements' ids.
        statements: Vec<String>,
    },
    /// The commands of the policy file.
    Template {
        /// For a shell.
        shell: Option<String>,
        /// HCL.
        terraform: Option<String>,
    },
}

/// Where a change is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the bucket or function, or the account's id.
    pub name: String,
    /// Its Region, unless it has none or it is not known.
    pub region: Option<String>,
    /// The account's id.
    pub account: String,
    /// What Terraform calls it.
    pub label: String,
}
