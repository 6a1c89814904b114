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
    /// Once a trail.
    Trail,
    /// Once a user, group or role.
    Identity,
    /// Once an access point.
    AccessPoint,
    /// Once a Multi-Region access point.
    MultiRegionAccessPoint,
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
    /// A sample of the objects (opt-in: HeadObject takes the right to read them).
    BucketObjectSample = "bucket.object_sample", Bucket, [
        ("s3", "HeadObject", "s3:GetObject"),
        ("s3", "ListObjectsV2", "s3:ListBucket"),
    ];
    /// The ACLs of the objects in the sample (opt-in).
    BucketObjectAcls = "bucket.object_acls", Bucket, [("s3", "GetObjectAcl", "s3:GetObjectAcl")];
    /// Who pays for requests.
    BucketRequestPayment = "bucket.request_payment", Bucket, [("s3", "GetBucketRequestPayment", "s3:GetBucketRequestPayment")];
    /// The trails that record in a Region.
    TrailListing = "region.trail_listing", Region, [("cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails")];
    /// Whether a trail records and delivers.
    TrailStatus = "trail.status", Trail, [("cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus")];
    /// What a trail records.
    TrailSelectors = "trail.selectors", Trail, [("cloudtrail", "GetEventSelectors", "cloudtrail:GetEventSelectors")];
    /// AWS Config's recorders.
    ConfigRecorders = "region.config_recorders", Region, [("config", "DescribeConfigurationRecorders", "config:DescribeConfigurationRecorders")];
    /// Whether AWS Config's recorders record.
    ConfigRecorderStatus = "region.config_recorder_status", Region, [("config", "DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorderStatus")];
    /// Where AWS Config delivers to.
    ConfigDeliveryChannels = "region.config_delivery_channels", Region, [("config", "DescribeDeliveryChannels", "config:DescribeDeliveryChannels")];
    /// Whether AWS Config's latest deliveries arrived.
    ConfigDeliveries = "region.config_deliveries", Region, [("config", "DescribeDeliveryChannelStatus", "config:DescribeDeliveryChannelStatus")];
    /// AWS Config's rules.
    ConfigRules = "region.config_rules", Region, [("config", "DescribeConfigRules", "config:DescribeConfigRules")];
    /// What a KMS key is.
    KeyDescription = "key.description", Key, [("kms", "DescribeKey", "kms:DescribeKey")];
    /// Automatic rotation of a KMS key.
    KeyRotation = "key.rotation", Key, [("kms", "GetKeyRotationStatus", "kms:GetKeyRotationStatus")];
    /// Whether a bucket that others deliver to is there, and whose it is.
    TargetHead = "target.head", Target, [("s3", "HeadBucket", "s3:ListBucket")];
    /// Users, groups, roles and managed policies with their documents.
    IdentityListing = "account.identity_listing", Account, [("iam", "GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails")];
    /// The access keys of a user.
    IdentityAccessKeys = "identity.access_keys", Identity, [("iam", "ListAccessKeys", "iam:ListAccessKeys")];
    /// The list of access points.
    AccessPointListing = "region.access_point_listing", Region, [("s3control", "ListAccessPoints", "s3:ListAccessPoints")];
    /// Block Public Access of an access point.
    AccessPointConfiguration = "access_point.configuration", AccessPoint, [("s3control", "GetAccessPoint", "s3:GetAccessPoint")];
    /// Policy of an access point.
    AccessPointPolicy = "access_point.policy", AccessPoint, [("s3control", "GetAccessPointPolicy", "s3:GetAccessPointPolicy")];
    /// AWS's judgement of the policy of an access point.
    AccessPointPolicyStatus = "access_point.policy_status", AccessPoint, [("s3control", "GetAccessPointPolicyStatus", "s3:GetAccessPointPolicyStatus")];
    /// The list of Multi-Region access points, with their Block Public Access.
    MultiRegionAccessPointListing = "account.multi_region_access_point_listing", Account, [
        ("s3control", "ListMultiRegionAccessPoints", "s3:ListMultiRegionAccessPoints"),
    ];
    /// Policy of a Multi-Region access point.
    MultiRegionAccessPointPolicy = "multi_region_access_point.policy", MultiRegionAccessPoint, [
        ("s3control", "GetMultiRegionAccessPointPolicy", "s3:GetMultiRegionAccessPointPolicy"),
    ];
    /// AWS's judgement of the policy of a Multi-Region access point.
    MultiRegionAccessPointPolicyStatus = "multi_region_access_point.policy_status", MultiRegionAccessPoint, [
        ("s3control", "GetMultiRegionAccessPointPolicyStatus", "s3:GetMultiRegionAccessPointPolicyStatus"),
    ];
    /// Aliases of a function.
    FunctionAliases = "function.aliases", Function, [("lambda", "ListAliases", "lambda:ListAliases")];
    /// Provisioned concurrency of a function's qualifiers.
    FunctionProvisionedConcurrency = "function.provisioned_concurrency", Function, [("lambda", "ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs")];
    /// Size of a function's container image (opt-in: GetFunction exposes code).
    FunctionImage = "function.image", Function, [
        ("lambda", "GetFunction", "lambda:GetFunction"),
        ("ecr", "DescribeImages", "ecr:DescribeImages"),
    ];
    /// Function URLs.
    FunctionUrls = "function.urls", Function, [("lambda", "ListFunctionUrlConfigs", "lambda:ListFunctionUrlConfigs")];
    /// Resource policies of a function and its aliases.
    FunctionPolicies = "function.policies", Function, [("lambda", "GetPolicy", "lambda:GetPolicy")];
    /// State of a function, which the listing leaves out.
    FunctionStatus = "function.status", Function, [("lambda", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration")];
    /// Reserved concurrency of a function.
    FunctionReservedConcurrency = "function.reserved_concurrency", Function, [("lambda", "GetFunctionConcurrency", "lambda:GetFunctionConcurrency")];
    /// How often a function was called.
    FunctionInvocations = "function.invocations", Function, [("monitoring", "GetMetricData", "cloudwatch:GetMetricData")];
    /// How provisioned concurrency was used.
    FunctionProvisionedUsage = "function.provisioned_usage", Function, [("monitoring", "GetMetricData", "cloudwatch:GetMetricData")];
    /// Event source mappings of a Region.
    EventSourceMappings = "region.event_source_mappings", Region, [("lambda", "ListEventSourceMappings", "lambda:ListEventSourceMappings")];
    /// EventBridge rules of a Region that call functions.
    Rules = "region.rules", Region, [
        ("events", "ListRules", "events:ListRules"),
        ("events", "ListEventBuses", "events:ListEventBuses"),
        ("events", "ListTargetsByRule", "events:ListTargetsByRule"),
    ];
    /// Schedules of a Region that call functions.
    Schedules = "region.schedules", Region, [
        ("scheduler", "ListSchedules", "scheduler:ListSchedules"),
        ("scheduler", "GetSchedule", "scheduler:GetSchedule"),
    ];
    /// Provisioned concurrency of a Region that is scaled.
    ScalableTargets = "region.scalable_targets", Region, [
        ("application-autoscaling", "DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets"),
    ];
    /// What a function's zip package and its layers hold (opt-in: GetFunction exposes code).
    FunctionPackages = "function.packages", Function, [
        ("lambda", "GetFunction", "lambda:GetFunction"),
        ("lambda", "GetLayerVersionByArn", "lambda:GetLayerVersion"),
    ];
    /// Cold starts as the function's log tells them (opt-in: queries over logs cost money).
    FunctionMeasured = "function.measured", Function, [
        ("logs", "StartQuery", "logs:StartQuery"),
        ("logs", "GetQueryResults", "logs:GetQueryResults"),
        ("logs", "StopQuery", "logs:StopQuery"),
        ("logs", "DescribeLogGroups", "logs:DescribeLogGroups"),
        ("logs", "FilterLogEvents", "logs:FilterLogEvents"),
    ];
}

impl ReadingKind {
    /// The IAM action of the reading's first call: what a gap names.
    pub fn action(self) -> &'static str {
        self.calls().first().map_or("", |call| call.action)
    }

    /// The option that asks for an opt-in reading; `None` for the others.
    pub const fn option(self) -> Option<&'static str> {
        match self {
            Self::FunctionImage => Some("--image-sizes"),
            Self::FunctionPackages => Some("--inspect-packages"),
            Self::FunctionMeasured => Some("--measure DAYS"),
            Self::BucketObjectSample | Self::BucketObjectAcls => Some("--sample-objects N"),
            _ => None,
        }
    }

    /// True for readings that are only collected when the user asked for them by an option.
    pub const fn opt_in(self) -> bool {
        self.option().is_some()
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
    /// The trails that record in the subject's Region, or in any.
    Trails,
    /// The bucket that receives the subject's log files.
    TrailBucket,
    /// The Region that the subject lives in, or, for the account, every Region.
    Region,
    /// The bucket that the subject, an access point, leads to.
    BehindAccessPoint,
}

/// The most calls a bucket takes, a sample of its objects aside. What could be more in rare cases (a
/// log target with ACLs and versioning whose policy tests tags, say) is asked last and left out.
pub const MOST_CALLS: usize = 14;

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
    /// "Using S3 Versioning", "Object Lock considerations", copy of 2026).
    UnlessNotVersioned,
    /// Not called when nothing hangs on whether AWS deems the policy public: the bucket is known to
    /// have no policy; RestrictPublicBuckets is known to be off in bucket and account, so that nobody
    /// is cut off; or every Allow of the policy names its principals, which is not public (S3 user
    /// guide, "The meaning of 'public'", copy of 2026-09).
    OnlyWherePublicCounts,
    /// Not called when the account is known to set all four flags of Block Public Access: then they
    /// are effective whatever the bucket sets.
    UnlessAccountBlocksAll,
    /// Not called when the policy is known to test no tag of the bucket, nor once the bucket was asked
    /// [`MOST_CALLS`] times.
    UnlessNoTagCondition,
    /// Not called once the bucket was asked [`MOST_CALLS`] times.
    WhileThereIsRoom,
    /// Not called for keys that do not rotate by themselves: those of AWS (which do so always),
    /// asymmetric ones and those with imported material.
    OnlyRotatable,
    /// Not called for users, groups and roles that surely have no right on S3, and for all but users.
    OnlyUsersOfS3,
    /// Not called for access points that only a VPC can use: they are never public (S3 user guide,
    /// "Creating access points restricted to a virtual private cloud", copy of 2026).
    UnlessVpcOrigin,
    /// Not called where object ACLs have no effect: they are off, or public ones are ignored.
    UnlessAclsWithoutEffect,
    /// Not called for container images or zip packages it cannot apply to.
    OnlyImages,
    /// Not called for functions that are known to have no provisioned concurrency.
    OnlyProvisioned,
    /// Not called for functions that are known to have neither provisioned concurrency nor SnapStart.
    OnlyStartedAhead,
    /// Not called for functions that are outside of VPCs.
    OnlyInVpc,
    /// Not called for container images.
    OnlyZips,
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
    /// A reading of a resource. That of another resource than the subject is called only when what the
    /// same resource says does not rule it out.
    pub const fn new(relation: Relation, reading: ReadingKind) -> Self {
        match relation {
            Relation::Own | Relation::Siblings | Relation::Region => Self {
                relation,
                reading,
                guard: Guard::Always,
            },
            _ => Self::of_another(relation, reading),
        }
    }

    /// The same need with another guard.
    #[must_use]
    pub const fn guarded_by(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

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
        Self::of_another(Relation::EncryptionKey, reading)
    }

    /// A reading of the buckets that the subject delivers to.
    pub const fn of_destination(reading: ReadingKind) -> Self {
        Self::of_another(Relation::Destination, reading)
    }

    /// A reading of the bucket that receives the subject's access logs.
    pub const fn of_log_target(reading: ReadingKind) -> Self {
        Self::of_another(Relation::LogTarget, reading)
    }

    /// A reading of the trails that record in the subject's Region.
    pub const fn of_trails(reading: ReadingKind) -> Self {
        Self::of_another(Relation::Trails, reading)
    }

    /// A reading of the bucket that a trail delivers to.
    pub const fn of_trail_bucket(reading: ReadingKind) -> Self {
        Self::of_another(Relation::TrailBucket, reading)
    }

    /// A reading of the bucket behind the subject, an access point.
    pub const fn behind(reading: ReadingKind) -> Self {
        Self::of_another(Relation::BehindAccessPoint, reading)
    }

    /// A reading of another resource, called only when what the same resource says does not rule it
    /// out.
    const fn of_another(relation: Relation, reading: ReadingKind) -> Self {
        let guard = match reading {
            ReadingKind::BucketAcl => Guard::UnlessBucketOwnerEnforced,
            ReadingKind::BucketObjectLock => Guard::UnlessNotVersioned,
            ReadingKind::BucketPolicyStatus => Guard::OnlyWherePublicCounts,
            ReadingKind::BucketPublicAccessBlock => Guard::UnlessAccountBlocksAll,
            ReadingKind::KeyRotation => Guard::OnlyRotatable,
            _ => Guard::Always,
        };
        Self {
            relation,
            reading,
            guard,
        }
    }

    /// A reading of the Region that the subject lives in.
    pub const fn of_region(reading: ReadingKind) -> Self {
        Self {
            relation: Relation::Region,
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
