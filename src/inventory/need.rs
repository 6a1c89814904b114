//! Which readings exist, which API calls fill them, and which IAM action each call takes.
//!
//! A need says "this fact opens that reading". Facts declare their needs, checks name facts, and
//! so the collection plan, `coldbucket permissions` and the documentation of each check all come
//! from the one table below. The actions are written from AWS's Service Authorization Reference
//! (read in its 2026 copies); an operation and its action often differ in name:
//! `GetBucketEncryption` takes `s3:GetEncryptionConfiguration`.

use serde::Serialize;

/// Where a reading lives, and so how often its calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Once an account.
    Account,
    /// Once a Region.
    Region,
    /// Once a bucket.
    Bucket,
    /// Once a function.
    Function,
    /// Once a KMS key that buckets name.
    Key,
    /// Once a bucket that others deliver to and that is not read itself.
    Target,
}

/// One API operation and the IAM action it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ApiCall {
    /// The SDK's service name, for example `s3`.
    pub service: &'static str,
    /// The operation, for example `GetBucketEncryption`.
    pub operation: &'static str,
    /// The IAM action, for example `s3:GetEncryptionConfiguration`; empty when AWS asks for none
    /// (sts:GetCallerIdentity).
    pub action: &'static str,
}

macro_rules! readings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $scope:ident, [$(($service:literal, $operation:literal, $action:literal)),+ $(,)?];)+) => {
        /// A reading: one member of the snapshot that one API answer fills.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ReadingKind {
            $($(#[$doc])* $variant,)+
        }

        impl ReadingKind {
            /// Every reading there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reading's name, `<scope>.<member>`, as documents and messages write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Where it lives.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)+ }
            }

            /// The calls that fill it.
            pub const fn calls(self) -> &'static [ApiCall] {
                match self { $(Self::$variant => &[$(ApiCall { service: $service, operation: $operation, action: $action },)+],)+ }
            }
        }
    };
}

readings! {
    /// Who we are.
    Caller = "account.caller", Account, [("sts", "GetCallerIdentity", "")];
    /// Account-level Block Public Access.
    AccountPublicAccessBlock = "account.public_access_block", Account, [("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock")];
    /// Enabled Regions.
    RegionListing = "account.region_listing", Account, [("account", "ListRegions", "account:ListRegions")];
    /// The list of buckets.
    BucketListing = "account.bucket_listing", Account, [("s3", "ListBuckets", "s3:ListAllMyBuckets")];
    /// The list of functions with their published versions.
    FunctionListing = "region.function_listing", Region, [("lambda", "ListFunctions", "lambda:ListFunctions")];
    /// Bucket policy.
    BucketPolicy = "bucket.policy", Bucket, [("s3", "GetBucketPolicy", "s3:GetBucketPolicy")];
    /// AWS's judgement of the bucket policy.
    BucketPolicyStatus = "bucket.policy_status", Bucket, [("s3", "GetBucketPolicyStatus", "s3:GetBucketPolicyStatus")];
    /// Bucket ACL.
    BucketAcl = "bucket.acl", Bucket, [("s3", "GetBucketAcl", "s3:GetBucketAcl")];
    /// Object Ownership.
    BucketOwnership = "bucket.ownership", Bucket, [("s3", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls")];
    /// Bucket-level Block Public Access.
    BucketPublicAccessBlock = "bucket.public_access_block", Bucket, [("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock")];
    /// Default encryption.
    BucketEncryption = "bucket.encryption", Bucket, [("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration")];
    /// Server access logging.
    BucketLogging = "bucket.logging", Bucket, [("s3", "GetBucketLogging", "s3:GetBucketLogging")];
    /// Versioning.
    BucketVersioning = "bucket.versioning", Bucket, [("s3", "GetBucketVersioning", "s3:GetBucketVersioning")];
    /// Bucket tags.
    BucketTags = "bucket.tags", Bucket, [("s3", "GetBucketTagging", "s3:GetBucketTagging")];
    /// Static website hosting.
    BucketWebsite = "bucket.website", Bucket, [("s3", "GetBucketWebsite", "s3:GetBucketWebsite")];
    /// Cross-origin rules.
    BucketCors = "bucket.cors", Bucket, [("s3", "GetBucketCors", "s3:GetBucketCORS")];
    /// Lifecycle rules.
    BucketLifecycle = "bucket.lifecycle", Bucket, [("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration")];
    /// Replication rules.
    BucketReplication = "bucket.replication", Bucket, [("s3", "GetBucketReplication", "s3:GetReplicationConfiguration")];
    /// Object Lock.
    BucketObjectLock = "bucket.object_lock", Bucket, [("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration")];
    /// Whether conditions on the bucket's tags count (attribute-based access control).
    BucketAbac = "bucket.abac", Bucket, [("s3", "GetBucketAbac", "s3:GetBucketAbac")];
    /// What a KMS key is.
    KeyDescription = "key.description", Key, [("kms", "DescribeKey", "kms:DescribeKey")];
    /// Automatic rotation of a KMS key.
    KeyRotation = "key.rotation", Key, [("kms", "GetKeyRotationStatus", "kms:GetKeyRotationStatus")];
    /// Whether a bucket that others deliver to is there, and whose it is.
    TargetHead = "target.head", Target, [("s3", "HeadBucket", "s3:ListBucket")];
    /// Aliases of a function.
    FunctionAliases = "function.aliases", Function, [("lambda", "ListAliases", "lambda:ListAliases")];
    /// Provisioned concurrency of a function's qualifiers.
    FunctionProvisionedConcurrency = "function.provisioned_concurrency", Function, [("lambda", "ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs")];
    /// Size of a function's container image (opt-in: GetFunction exposes code).
    FunctionImage = "function.image", Function, [
        ("lambda", "GetFunction", "lambda:GetFunction"),
        ("ecr", "DescribeImages", "ecr:DescribeImages"),
    ];
}

impl ReadingKind {
    /// The IAM action of the reading's first call: what a gap names.
    pub fn action(self) -> &'static str {
        self.calls().first().map_or("", |call| call.action)
    }

    /// True for readings that are only collected when the user asked for them by an option.
    pub const fn opt_in(self) -> bool {
        matches!(self, Self::FunctionImage)
    }

    /// The reading of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Of which resource the reading is opened, seen from the subject of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The subject itself (or the account and Region it lives in).
    Own,
    /// Every bucket of the account: the fact depends on what siblings say. An unread sibling is a
    /// caveat, not an unknown.
    Siblings,
    /// The bucket that receives the subject's access logs.
    LogTarget,
    /// The KMS key of the subject's default encryption.
    EncryptionKey,
    /// The buckets that the subject's replication rules and access logs name.
    Destination,
}

/// When a call is known to be pointless and left out. The permission is asked for all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Always called.
    Always,
    /// Not called when ownership is known to be BucketOwnerEnforced: ACLs are off.
    UnlessBucketOwnerEnforced,
    /// Not called when the bucket is known to have no policy.
    UnlessNoPolicy,
    /// Not called when versioning is known to be off or suspended: Object Lock and replication
    /// need it enabled, and S3 refuses to suspend it while either is configured (S3 user guide,
    /// "Using S3 Versioning", "Object Lock considerations", read 2026-09).
    UnlessNotVersioned,
    /// Not called when the policy is known to test no tag of the bucket.
    UnlessNoTagCondition,
    /// Not called for keys that do not rotate by themselves: those of AWS (which do so always),
    /// asymmetric ones and those with imported material.
    OnlyRotatable,
    /// Not called for container images or zip packages it cannot apply to.
    OnlyImages,
}

/// One reading a fact opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Need {
    /// Whose reading.
    pub relation: Relation,
    /// Which reading.
    pub reading: ReadingKind,
    /// When it is not worth a call.
    pub guard: Guard,
}

impl Need {
    /// A reading of the subject itself, always called.
    pub const fn own(reading: ReadingKind) -> Self {
        Self {
            relation: Relation::Own,
            reading,
            guard: Guard::Always,
        }
    }

    /// A reading of the subject itself, called only when the guard does not rule it out.
    pub const fn guarded(reading: ReadingKind, guard: Guard) -> Self {
        Self {
            relation: Relation::Own,
            reading,
            guard,
        }
    }

    /// A reading of the KMS key of the subject's default encryption.
    pub const fn of_key(reading: ReadingKind) -> Self {
        Self {
            relation: Relation::EncryptionKey,
            reading,
            guard: match reading {
                ReadingKind::KeyRotation => Guard::OnlyRotatable,
                _ => Guard::Always,
            },
        }
    }

    /// A reading of the buckets that the subject delivers to.
    pub const fn of_destination(reading: ReadingKind) -> Self {
        Self {
            relation: Relation::Destination,
            reading,
            guard: Guard::Always,
        }
    }

    /// A reading of every sibling bucket.
    pub const fn siblings(reading: ReadingKind) -> Self {
        Self {
            relation: Relation::Siblings,
            reading,
            guard: Guard::Always,
        }
    }
}
