//! The table of readings: what each is called, where it stands in the snapshot, which API calls fill
//! it, which IAM action each call takes, and when a call is skipped.
//!
//! A reading is one row here. The collection plan, `coldbucket permissions`, the allow list of the
//! read-only guard, the gaps of a report, evidence pointers and the documentation of each check come
//! from its row. The actions are written from AWS's Service Authorization Reference (read in its 2026
//! copies); an operation and its action often differ in name: `GetBucketEncryption` takes
//! `s3:GetEncryptionConfiguration`. The error codes that mean "no such configuration" are those of each
//! operation's page in the API references.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::access_point::{AccessPointInventory, MultiRegionAccessPointInventory};
use super::account::{AccountInventory, Listing, RegionInventory};
use super::bucket::{BucketInventory, RegionalBucketInventory};
use super::function::FunctionInventory;
use super::identity::IdentityInventory;
use super::ids::{BucketKind, SubjectKind};
use super::key::KeyInventory;
use super::pointer;
use super::reading::{Reading, ReadingState};
use super::target::TargetInventory;
use super::trail::TrailInventory;
use super::web_function::WebFunctionInventory;

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
    /// Once a directory bucket.
    DirectoryBucket,
    /// Once a table bucket.
    TableBucket,
    /// Once a vector bucket.
    VectorBucket,
    /// Once an S3 file system.
    FileSystem,
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
    /// Once a function.
    Function,
    /// Once a Web Function.
    WebFunction,
}

impl Scope {
    /// The kind of subject whose checks such readings serve.
    pub const fn subject(self) -> SubjectKind {
        match self {
            Self::Account => SubjectKind::Account,
            Self::Region => SubjectKind::Region,
            Self::Bucket
            | Self::DirectoryBucket
            | Self::TableBucket
            | Self::VectorBucket
            | Self::FileSystem
            | Self::Key
            | Self::Target => SubjectKind::Bucket,
            Self::Trail => SubjectKind::Trail,
            Self::Identity => SubjectKind::Identity,
            Self::AccessPoint | Self::MultiRegionAccessPoint => SubjectKind::AccessPoint,
            Self::Function => SubjectKind::Function,
            Self::WebFunction => SubjectKind::WebFunction,
        }
    }
}

/// The readings of a kind of bucket that is not general purpose. All that differs between these kinds in the
/// snapshot stands in [`RegionalKind::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct RegionalKind {
    /// The kind.
    pub kind: BucketKind,
    /// Where its own readings live.
    pub scope: Scope,
    /// The list of a Region.
    pub listing: ReadingKind,
    /// The policy of one.
    pub policy: ReadingKind,
    /// The encryption of one.
    pub encryption: ReadingKind,
    /// The member of a Region that holds them.
    member: &'static str,
    owner: for<'a> fn(&'a RegionalBucketInventory) -> OwnerInventory<'a>,
}

impl RegionalKind {
    /// One for each kind.
    pub const ALL: [Self; 4] = [
        Self {
            kind: BucketKind::Directory,
            scope: Scope::DirectoryBucket,
            listing: ReadingKind::DirectoryBucketListing,
            policy: ReadingKind::DirectoryBucketPolicy,
            encryption: ReadingKind::DirectoryBucketEncryption,
            member: "directory_buckets",
            owner: |bucket| OwnerInventory::DirectoryBucket(bucket),
        },
        Self {
            kind: BucketKind::Table,
            scope: Scope::TableBucket,
            listing: ReadingKind::TableBucketListing,
            policy: ReadingKind::TableBucketPolicy,
            encryption: ReadingKind::TableBucketEncryption,
            member: "table_buckets",
            owner: |bucket| OwnerInventory::TableBucket(bucket),
        },
        Self {
            kind: BucketKind::Vector,
            scope: Scope::VectorBucket,
            listing: ReadingKind::VectorBucketListing,
            policy: ReadingKind::VectorBucketPolicy,
            encryption: ReadingKind::VectorBucketEncryption,
            member: "vector_buckets",
            owner: |bucket| OwnerInventory::VectorBucket(bucket),
        },
        Self {
            kind: BucketKind::FileSystem,
            scope: Scope::FileSystem,
            listing: ReadingKind::FileSystemListing,
            policy: ReadingKind::FileSystemPolicy,
            encryption: ReadingKind::FileSystemEncryption,
            member: "file_systems",
            owner: |bucket| OwnerInventory::FileSystem(bucket),
        },
    ];

    /// That of a kind; none for general purpose buckets.
    pub fn of(kind: BucketKind) -> Option<&'static Self> {
        Self::ALL.iter().find(|row| row.kind == kind)
    }

    /// That whose own readings live there.
    pub fn of_scope(scope: Scope) -> Option<&'static Self> {
        Self::ALL.iter().find(|row| row.scope == scope)
    }
}

/// One API operation and the IAM action it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ApiCall {
    /// The SDK's service name, for example `s3`.
    pub service: &'static str,
    /// The operation, for example `GetBucketEncryption`.
    pub operation: &'static str,
    /// The IAM action, for example `s3:GetEncryptionConfiguration`; empty when AWS needs none
    /// (sts:GetCallerIdentity).
    pub action: &'static str,
}

/// The most calls a bucket takes, a sample of its objects aside. What could be more in rare cases (a
/// log target with ACLs and versioning whose policy tests tags, say) is called last and left out.
pub const MOST_CALLS: usize = 14;

/// When a call is known to be pointless and skipped. The permission is needed all the same.
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
    /// Not called when no verdict depends on whether AWS deems the policy public: the bucket is known
    /// to have no policy; RestrictPublicBuckets is known to be off in bucket and account, so that it
    /// cuts off no access; or every Allow of the policy names its principals, which is not public (S3
    /// user guide, "The meaning of 'public'", copy of 2026-09).
    OnlyWherePublicCounts,
    /// Not called when the account is known to set all four flags of Block Public Access: then they
    /// are effective whatever the bucket sets.
    UnlessAccountBlocksAll,
    /// Not called when the policy is known to test no tag of the bucket, nor after [`MOST_CALLS`]
    /// calls about the bucket.
    UnlessNoTagCondition,
    /// Not called after [`MOST_CALLS`] calls about the bucket.
    WhileThereIsRoom,
    /// Not called for keys that do not rotate by themselves: those of AWS (which do so always),
    /// asymmetric ones and those with imported material.
    OnlyRotatable,
    /// Not called for keys that AWS manages: their policy is AWS's own and never changes.
    OnlyCustomerKeys,
    /// Not called for users, groups and roles that surely have no right on S3, and for all but users.
    OnlyUsersOfS3,
    /// Not called for groups and roles that AWS services own, and for users and roles that surely have no
    /// right on S3.
    OnlyCallersOfS3,
    /// Not called for access points that only a VPC can use: they are never public (S3 user guide,
    /// "Creating access points restricted to a virtual private cloud", copy of 2026).
    UnlessVpcOrigin,
    /// Not called where object ACLs have no effect: they are off, or public ones are ignored.
    UnlessAclsWithoutEffect,
    /// Not called for zip packages.
    OnlyImages,
    /// Not called for functions that are known to have no provisioned concurrency.
    OnlyProvisioned,
    /// Not called for functions that are known to have neither provisioned concurrency nor SnapStart.
    OnlyStartedAhead,
    /// Not called for functions that are outside of VPCs.
    OnlyInVpc,
    /// Not called for container images.
    OnlyZips,
    /// Not called for functions without a URL of AuthType NONE whose policy may have one of the two
    /// grants that a call needs, nor before [`URL_CALLS_FROM`]: their verdict needs no figures.
    ///
    /// [`URL_CALLS_FROM`]: super::function::URL_CALLS_FROM
    OnlyHalfGrantedUrls,
    /// Not called for Web Functions whose endpoints are all known to check no caller: their policy
    /// does not count.
    OnlyCheckedByIam,
}

/// One row of the table.
struct ReadingRow {
    name: &'static str,
    scope: Scope,
    calls: &'static [ApiCall],
    absent: &'static [&'static str],
    guard: &'static [Guard],
    option: &'static [&'static str],
    lists: &'static [SubjectKind],
}

/// A row: documentation, then `Kind = member [(service, operation, IAM action), …]`, then what
/// applies of
///
/// * `absent [codes]`: the documented error codes that mean "no such configuration",
/// * `guard G`: when the call is skipped, unless a need says otherwise ([`Guard::Always`]),
/// * `option "--o"`: the option that turns an opt-in reading on,
/// * `lists K`: the kind of resource that the reading lists.
///
/// `member` is the member of the inventory struct at the head of the group, typed there as
/// `Reading<…>`.
macro_rules! readings {
    ($($scope:ident $prefix:literal $inventory:ident {
        $($(#[$doc:meta])* $kind:ident = $member:ident
            [$(($service:literal, $operation:literal, $action:literal)),+ $(,)?]
            $(absent [$($absent:literal),+])? $(guard $guard:ident)? $(option $option:literal)? $(lists $lists:ident)?;)+
    })+) => {
        /// A reading: one member of the snapshot that one API answer fills.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ReadingKind {
            $($($(#[$doc])* $kind,)+)+
        }

        impl ReadingKind {
            /// Every reading there is.
            pub const ALL: &'static [Self] = &[$($(Self::$kind,)+)+];

            const fn row(self) -> &'static ReadingRow {
                match self {
                    $($(Self::$kind => &ReadingRow {
                        name: concat!($prefix, ".", stringify!($member)),
                        scope: Scope::$scope,
                        calls: &[$(ApiCall { service: $service, operation: $operation, action: $action },)+],
                        absent: &[$($($absent),+)?],
                        guard: &[$(Guard::$guard)?],
                        option: &[$($option)?],
                        lists: &[$(SubjectKind::$lists)?],
                    },)+)+
                }
            }
        }

        /// What a [`ReadingOwner`] is, with its members.
        #[derive(Clone, Copy, Debug)]
        pub enum OwnerInventory<'a> {
            $(
                #[doc = concat!("An owner of `", $prefix, "` readings.")]
                $scope(&'a $inventory),
            )+
        }

        impl<'a> OwnerInventory<'a> {
            /// Where its readings live.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$scope(_) => Scope::$scope,)+ }
            }

            fn readings(self) -> Vec<(ReadingKind, &'a dyn AnyReading)> {
                match self {
                    $(Self::$scope(owner) => vec![$((ReadingKind::$kind, &owner.$member as &dyn AnyReading),)+],)+
                }
            }
        }
    };
}

readings! {
    Account "account" AccountInventory {
        /// Who we are.
        Caller = caller [("sts", "GetCallerIdentity", "")];
        /// Account-level Block Public Access.
        AccountPublicAccessBlock = public_access_block [("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock")]
            absent ["NoSuchPublicAccessBlockConfiguration"];
        /// Enabled Regions.
        RegionListing = region_listing [("account", "ListRegions", "account:ListRegions")] lists Region;
        /// The list of buckets.
        BucketListing = bucket_listing [("s3", "ListBuckets", "s3:ListAllMyBuckets")] lists Bucket;
        /// Users, groups, roles and managed policies with their documents.
        IdentityListing = identity_listing [("iam", "GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails")] lists Identity;
        /// The list of Multi-Region access points, with their Block Public Access.
        MultiRegionAccessPointListing = multi_region_access_point_listing [("s3control", "ListMultiRegionAccessPoints", "s3:ListMultiRegionAccessPoints")] lists AccessPoint;
    }
    Region "region" RegionInventory {
        /// The list of functions with their published versions.
        FunctionListing = function_listing [("lambda", "ListFunctions", "lambda:ListFunctions")] lists Function;
        /// The trails that record in a Region.
        TrailListing = trail_listing [("cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails")] lists Trail;
        /// Event data stores of CloudTrail Lake.
        EventDataStores = event_data_stores [
            ("cloudtrail", "ListEventDataStores", "cloudtrail:ListEventDataStores"),
            ("cloudtrail", "GetEventDataStore", "cloudtrail:GetEventDataStore"),
        ];
        /// Service-linked channels of CloudTrail.
        EventChannels = event_channels [
            ("cloudtrail", "ListChannels", "cloudtrail:ListChannels"),
            ("cloudtrail", "GetChannel", "cloudtrail:GetChannel"),
        ];
        /// AWS Config's recorders.
        ConfigRecorders = config_recorders [("config", "DescribeConfigurationRecorders", "config:DescribeConfigurationRecorders")];
        /// Whether AWS Config's recorders record.
        ConfigRecorderStatus = config_recorder_status [("config", "DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorderStatus")];
        /// Where AWS Config delivers to.
        ConfigDeliveryChannels = config_delivery_channels [("config", "DescribeDeliveryChannels", "config:DescribeDeliveryChannels")];
        /// Whether AWS Config's latest deliveries arrived.
        ConfigDeliveries = config_deliveries [("config", "DescribeDeliveryChannelStatus", "config:DescribeDeliveryChannelStatus")];
        /// AWS Config's rules.
        ConfigRules = config_rules [("config", "DescribeConfigRules", "config:DescribeConfigRules")];
        /// The list of Web Functions.
        WebFunctionListing = web_function_listing [("lambda", "ListWebFunctions", "lambda:ListWebFunctions")] lists WebFunction;
        /// The list of access points.
        AccessPointListing = access_point_listing [("s3control", "ListAccessPoints", "s3:ListAccessPoints")] lists AccessPoint;
        /// The list of directory buckets.
        DirectoryBucketListing = directory_bucket_listing [("s3", "ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets")] lists Bucket;
        /// The list of table buckets.
        TableBucketListing = table_bucket_listing [("s3tables", "ListTableBuckets", "s3tables:ListTableBuckets")] lists Bucket;
        /// The list of vector buckets.
        VectorBucketListing = vector_bucket_listing [("s3vectors", "ListVectorBuckets", "s3vectors:ListVectorBuckets")] lists Bucket;
        /// The list of S3 file systems.
        FileSystemListing = file_system_listing [("s3files", "ListFileSystems", "s3files:ListFileSystems")] lists Bucket;
        /// Event source mappings of a Region.
        EventSourceMappings = event_source_mappings [("lambda", "ListEventSourceMappings", "lambda:ListEventSourceMappings")]
            guard OnlyStartedAhead;
        /// EventBridge rules of a Region that call functions.
        Rules = rules [
            ("events", "ListRules", "events:ListRules"),
            ("events", "ListEventBuses", "events:ListEventBuses"),
            ("events", "ListTargetsByRule", "events:ListTargetsByRule"),
        ];
        /// Schedules of a Region that call functions.
        Schedules = schedules [
            ("scheduler", "ListSchedules", "scheduler:ListSchedules"),
            ("scheduler", "GetSchedule", "scheduler:GetSchedule"),
        ];
        /// Provisioned concurrency of a Region that is scaled.
        ScalableTargets = scalable_targets [("application-autoscaling", "DescribeScalableTargets", "application-autoscaling:DescribeScalableTargets")]
            guard OnlyProvisioned;
        /// What AWS charges for Lambda in a Region (opt-in: a price of the report needs one permission more).
        LambdaPrices = lambda_prices [("pricing", "GetProducts", "pricing:GetProducts")] option "--live-prices";
    }
    Bucket "bucket" BucketInventory {
        /// Bucket policy.
        BucketPolicy = policy [("s3", "GetBucketPolicy", "s3:GetBucketPolicy")] absent ["NoSuchBucketPolicy"];
        /// AWS's judgement of the bucket policy.
        BucketPolicyStatus = policy_status [("s3", "GetBucketPolicyStatus", "s3:GetBucketPolicyStatus")]
            absent ["NoSuchBucketPolicy"] guard OnlyWherePublicCounts;
        /// Bucket ACL.
        BucketAcl = acl [("s3", "GetBucketAcl", "s3:GetBucketAcl")] guard UnlessBucketOwnerEnforced;
        /// Object Ownership.
        BucketOwnership = ownership [("s3", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls")]
            absent ["OwnershipControlsNotFoundError"];
        /// Bucket-level Block Public Access.
        BucketPublicAccessBlock = public_access_block [("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock")]
            absent ["NoSuchPublicAccessBlockConfiguration"] guard UnlessAccountBlocksAll;
        /// Default encryption.
        BucketEncryption = encryption [("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration")]
            absent ["ServerSideEncryptionConfigurationNotFoundError"];
        /// Server access logging.
        BucketLogging = logging [("s3", "GetBucketLogging", "s3:GetBucketLogging")];
        /// Versioning.
        BucketVersioning = versioning [("s3", "GetBucketVersioning", "s3:GetBucketVersioning")];
        /// Bucket tags.
        /// GetBucketTagging documents the first code for none; its error list has long carried the second.
        BucketTags = tags [("s3", "GetBucketTagging", "s3:GetBucketTagging")]
            absent ["NoSuchTagSet", "NoSuchTagSetError"] guard WhileThereIsRoom;
        /// Static website hosting.
        BucketWebsite = website [("s3", "GetBucketWebsite", "s3:GetBucketWebsite")]
            absent ["NoSuchWebsiteConfiguration"];
        /// Cross-origin rules.
        BucketCors = cors [("s3", "GetBucketCors", "s3:GetBucketCORS")] absent ["NoSuchCORSConfiguration"];
        /// Lifecycle rules.
        BucketLifecycle = lifecycle [("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration")]
            absent ["NoSuchLifecycleConfiguration"];
        /// Replication rules.
        BucketReplication = replication [("s3", "GetBucketReplication", "s3:GetReplicationConfiguration")]
            absent ["ReplicationConfigurationNotFoundError"] guard UnlessNotVersioned;
        /// Object Lock.
        BucketObjectLock = object_lock [("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration")]
            absent ["ObjectLockConfigurationNotFoundError"] guard UnlessNotVersioned;
        /// Whether conditions on the bucket's tags count (attribute-based access control).
        BucketAbac = abac [("s3", "GetBucketAbac", "s3:GetBucketAbac")] guard UnlessNoTagCondition;
        /// A sample of the objects (opt-in: HeadObject takes the right to read them).
        BucketObjectSample = object_sample [
            ("s3", "HeadObject", "s3:GetObject"),
            ("s3", "ListObjectsV2", "s3:ListBucket"),
        ] option "--sample-objects N";
        /// The ACLs of the objects in the sample (opt-in).
        BucketObjectAcls = object_acls [("s3", "GetObjectAcl", "s3:GetObjectAcl")]
            guard UnlessAclsWithoutEffect option "--sample-objects N";
        /// Who pays for requests.
        BucketRequestPayment = request_payment [("s3", "GetBucketRequestPayment", "s3:GetBucketRequestPayment")];
    }
    DirectoryBucket "directory_bucket" RegionalBucketInventory {
        /// Policy of a directory bucket.
        DirectoryBucketPolicy = policy [("s3", "GetBucketPolicy", "s3express:GetBucketPolicy")] absent ["NoSuchBucketPolicy"];
        /// Default encryption of a directory bucket.
        DirectoryBucketEncryption = encryption [("s3", "GetBucketEncryption", "s3express:GetEncryptionConfiguration")]
            absent ["ServerSideEncryptionConfigurationNotFoundError"];
    }
    TableBucket "table_bucket" RegionalBucketInventory {
        /// Policy of a table bucket.
        TableBucketPolicy = policy [("s3tables", "GetTableBucketPolicy", "s3tables:GetTableBucketPolicy")] absent ["NotFoundException"];
        /// Default encryption of a table bucket.
        TableBucketEncryption = encryption [("s3tables", "GetTableBucketEncryption", "s3tables:GetTableBucketEncryption")]
            absent ["NotFoundException"];
    }
    VectorBucket "vector_bucket" RegionalBucketInventory {
        /// Policy of a vector bucket.
        VectorBucketPolicy = policy [("s3vectors", "GetVectorBucketPolicy", "s3vectors:GetVectorBucketPolicy")] absent ["NotFoundException"];
        /// Default encryption of a vector bucket.
        VectorBucketEncryption = encryption [("s3vectors", "GetVectorBucket", "s3vectors:GetVectorBucket")];
    }
    FileSystem "file_system" RegionalBucketInventory {
        /// Policy of an S3 file system.
        FileSystemPolicy = policy [("s3files", "GetFileSystemPolicy", "s3files:GetFileSystemPolicy")] absent ["ResourceNotFoundException"];
        /// Encryption of an S3 file system.
        FileSystemEncryption = encryption [("s3files", "GetFileSystem", "s3files:GetFileSystem")];
    }
    Key "key" KeyInventory {
        /// What a KMS key is.
        /// Absent: no such key, or no such alias (KMS API reference, DescribeKey).
        KeyDescription = description [("kms", "DescribeKey", "kms:DescribeKey")] absent ["NotFoundException"];
        /// Automatic rotation of a KMS key.
        KeyRotation = rotation [("kms", "GetKeyRotationStatus", "kms:GetKeyRotationStatus")]
            guard OnlyRotatable;
        /// Policy of a KMS key.
        /// Absent: the key was deleted meanwhile (KMS API reference, GetKeyPolicy).
        KeyPolicy = policy [("kms", "GetKeyPolicy", "kms:GetKeyPolicy")] absent ["NotFoundException"]
            guard OnlyCustomerKeys;
        /// Grants of a KMS key (opt-in: AWS services make many).
        KeyGrants = grants [("kms", "ListGrants", "kms:ListGrants")] absent ["NotFoundException"]
            guard OnlyCustomerKeys option "--key-grants";
    }
    Target "target" TargetInventory {
        /// Whether a bucket that others deliver to is there, and whose it is.
        /// HeadBucket has no body: a missing bucket is the bare status 404, which the SDK calls `NotFound`.
        TargetHead = head [("s3", "HeadBucket", "s3:ListBucket")] absent ["NotFound", "NoSuchBucket"];
    }
    Trail "trail" TrailInventory {
        /// Whether a trail records and delivers.
        TrailStatus = status [("cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus")];
        /// What a trail records.
        TrailSelectors = selectors [("cloudtrail", "GetEventSelectors", "cloudtrail:GetEventSelectors")];
    }
    Identity "identity" IdentityInventory {
        /// The access keys of a user.
        /// Absent: the user was deleted meanwhile (IAM API reference, ListAccessKeys).
        IdentityAccessKeys = access_keys [("iam", "ListAccessKeys", "iam:ListAccessKeys")]
            absent ["NoSuchEntity"] guard OnlyUsersOfS3;
        /// When a user or role last called S3 (opt-in: a report that IAM makes for each).
        /// Absent: it was deleted meanwhile (IAM API reference, GenerateServiceLastAccessedDetails).
        IdentityLastAccess = last_access [
            ("iam", "GenerateServiceLastAccessedDetails", "iam:GenerateServiceLastAccessedDetails"),
            ("iam", "GetServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"),
        ] absent ["NoSuchEntity"] guard OnlyCallersOfS3 option "--last-access";
    }
    AccessPoint "access_point" AccessPointInventory {
        /// Block Public Access of an access point.
        AccessPointConfiguration = configuration [("s3control", "GetAccessPoint", "s3:GetAccessPoint")];
        /// Policy of an access point.
        AccessPointPolicy = policy [("s3control", "GetAccessPointPolicy", "s3:GetAccessPointPolicy")]
            absent ["NoSuchAccessPointPolicy"] guard UnlessVpcOrigin;
        /// AWS's judgement of the policy of an access point.
        AccessPointPolicyStatus = policy_status [("s3control", "GetAccessPointPolicyStatus", "s3:GetAccessPointPolicyStatus")]
            absent ["NoSuchAccessPointPolicy"] guard UnlessVpcOrigin;
    }
    MultiRegionAccessPoint "multi_region_access_point" MultiRegionAccessPointInventory {
        /// Policy of a Multi-Region access point.
        MultiRegionAccessPointPolicy = policy [("s3control", "GetMultiRegionAccessPointPolicy", "s3:GetMultiRegionAccessPointPolicy")];
        /// AWS's judgement of the policy of a Multi-Region access point.
        MultiRegionAccessPointPolicyStatus = policy_status [("s3control", "GetMultiRegionAccessPointPolicyStatus", "s3:GetMultiRegionAccessPointPolicyStatus")];
    }
    WebFunction "web_function" WebFunctionInventory {
        /// Endpoints of a Web Function.
        WebFunctionEndpoints = endpoints [("lambda", "ListWebFunctionEndpoints", "lambda:ListWebFunctionEndpoints")];
        /// Resource policy of a Web Function.
        WebFunctionPolicy = policy [("lambda", "GetResourcePolicy", "lambda:GetResourcePolicy")]
            absent ["ResourceNotFoundException"] guard OnlyCheckedByIam;
        /// Revisions that the endpoints of a Web Function serve.
        WebFunctionRevisions = revisions [("lambda", "GetWebFunctionRevision", "lambda:GetWebFunctionRevision")];
    }
    Function "function" FunctionInventory {
        /// Aliases of a function.
        FunctionAliases = aliases [("lambda", "ListAliases", "lambda:ListAliases")];
        /// Provisioned concurrency of a function's qualifiers.
        FunctionProvisionedConcurrency = provisioned_concurrency [("lambda", "ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs")];
        /// Size of a function's container image (opt-in: GetFunction exposes code).
        FunctionImage = image [
            ("lambda", "GetFunction", "lambda:GetFunction"),
            ("ecr", "DescribeImages", "ecr:DescribeImages"),
        ] guard OnlyImages option "--image-sizes";
        /// Function URLs.
        FunctionUrls = urls [("lambda", "ListFunctionUrlConfigs", "lambda:ListFunctionUrlConfigs")];
        /// Resource policies of a function and its aliases.
        FunctionPolicies = policies [("lambda", "GetPolicy", "lambda:GetPolicy")];
        /// State of a function, which the listing leaves out.
        FunctionStatus = status [("lambda", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration")]
            guard OnlyInVpc;
        /// Reserved concurrency of a function.
        FunctionReservedConcurrency = reserved_concurrency [("lambda", "GetFunctionConcurrency", "lambda:GetFunctionConcurrency")]
            guard OnlyProvisioned;
        /// How often a function was called.
        FunctionInvocations = invocations [("monitoring", "GetMetricData", "cloudwatch:GetMetricData")]
            guard OnlyInVpc;
        /// How provisioned concurrency was used.
        FunctionProvisionedUsage = provisioned_usage [("monitoring", "GetMetricData", "cloudwatch:GetMetricData")]
            guard OnlyProvisioned;
        /// Requests to function URLs that have one of two grants.
        FunctionUrlCalls = url_calls [("monitoring", "GetMetricData", "cloudwatch:GetMetricData")]
            guard OnlyHalfGrantedUrls;
        /// What a function's zip package and its layers hold (opt-in: GetFunction exposes code).
        FunctionPackages = packages [
            ("lambda", "GetFunction", "lambda:GetFunction"),
            ("lambda", "GetLayerVersionByArn", "lambda:GetLayerVersion"),
        ] guard OnlyZips option "--inspect-packages";
        /// Cold starts from the function's log (opt-in: queries over logs cost money).
        FunctionMeasured = measured [
            ("logs", "StartQuery", "logs:StartQuery"),
            ("logs", "GetQueryResults", "logs:GetQueryResults"),
            ("logs", "StopQuery", "logs:StopQuery"),
            ("logs", "DescribeLogGroups", "logs:DescribeLogGroups"),
            ("logs", "FilterLogEvents", "logs:FilterLogEvents"),
        ] option "--measure DAYS";
    }
}

impl ReadingKind {
    /// The reading's name, `<scope>.<member>`, as documents and messages write it.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The member of the snapshot that it fills.
    pub fn member(self) -> &'static str {
        self.name().split_once('.').map_or("", |(_, member)| member)
    }

    /// Where it lives.
    pub const fn scope(self) -> Scope {
        self.row().scope
    }

    /// The calls that fill it.
    pub const fn calls(self) -> &'static [ApiCall] {
        self.row().calls
    }

    /// The IAM action of the reading's first call: what a gap names.
    pub fn action(self) -> &'static str {
        self.calls().first().map_or("", |call| call.action)
    }

    /// The documented error codes by which AWS answers "no such configuration".
    pub const fn absent_codes(self) -> &'static [&'static str] {
        self.row().absent
    }

    /// When its calls are skipped, unless a need says otherwise.
    pub const fn guard(self) -> Guard {
        match self.row().guard {
            [guard, ..] => *guard,
            [] => Guard::Always,
        }
    }

    /// The option that turns an opt-in reading on; `None` for the others.
    pub const fn option(self) -> Option<&'static str> {
        match self.row().option {
            [option, ..] => Some(option),
            [] => None,
        }
    }

    /// True for readings that are only collected when an option turns them on.
    pub const fn opt_in(self) -> bool {
        self.option().is_some()
    }

    /// True for opt-in readings that the cold-start part of a report shows: they are read wherever functions
    /// are, whichever checks are selected.
    pub fn serves_cold_starts(self) -> bool {
        self.opt_in() && self.scope() == Scope::Function || self == Self::LambdaPrices
    }

    /// The kind of resource that the reading lists; `None` for readings that are no listing.
    pub const fn lists(self) -> Option<SubjectKind> {
        match self.row().lists {
            [kind, ..] => Some(*kind),
            [] => None,
        }
    }

    /// The kind of bucket that the reading is about; `None` for one that is about no bucket, or about
    /// buckets of every kind.
    pub fn bucket_kind(self) -> Option<BucketKind> {
        if self == Self::BucketListing || self.scope() == Scope::Bucket {
            return Some(BucketKind::General);
        }
        let mut kinds = RegionalKind::ALL.iter();
        kinds
            .find(|row| row.listing == self || row.scope == self.scope())
            .map(|row| row.kind)
    }

    /// The listings that name the subjects of a kind.
    pub fn listings_of(kind: SubjectKind) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |reading| reading.lists() == Some(kind))
    }
}

/// A reading, whatever type its value has.
pub trait AnyReading: std::fmt::Debug {
    /// Its state, without the value.
    fn state(&self) -> ReadingState<'_>;
    /// The reading as the snapshot document has it.
    fn to_json(&self) -> Value;
}

impl<T: Serialize + std::fmt::Debug> AnyReading for Reading<T> {
    fn state(&self) -> ReadingState<'_> {
        Self::state(self)
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What has readings of its own: the account, a Region of it, or a resource.
#[derive(Clone, Copy, Debug)]
pub struct ReadingOwner<'a> {
    /// The account.
    pub account: &'a str,
    /// The Region under which the snapshot has it; empty for what the account has itself.
    pub region: &'a str,
    /// Its key in the snapshot, a name or an ARN: the id of an account, the name of a Region.
    pub name: &'a str,
    /// Its members.
    pub inventory: OwnerInventory<'a>,
}

type Keyed<'a> = (&'a str, OwnerInventory<'a>);

impl<'a> ReadingOwner<'a> {
    /// The account and everything in it that has readings.
    pub fn all(id: &'a str, account: &'a AccountInventory) -> Vec<Self> {
        use OwnerInventory as I;
        let owner = |region, (name, inventory): Keyed<'a>| Self {
            account: id,
            region,
            name,
            inventory,
        };
        let a = account;
        let mut owners = vec![owner("", (id, I::Account(a)))];
        let of_account = keyed(&a.buckets, I::Bucket)
            .chain(keyed(&a.keys, I::Key))
            .chain(keyed(&a.targets, I::Target))
            .chain(keyed(&a.trails, I::Trail))
            .chain(keyed(&a.identities, I::Identity))
            .chain(keyed(
                &a.multi_region_access_points,
                I::MultiRegionAccessPoint,
            ));
        owners.extend(of_account.map(|keyed| owner("", keyed)));
        for (name, region) in &a.regions {
            let of_region = std::iter::once((name.as_str(), I::Region(region)))
                .chain(keyed(&region.access_points, I::AccessPoint))
                .chain(keyed(&region.functions, I::Function))
                .chain(keyed(&region.web_functions, I::WebFunction));
            owners.extend(of_region.map(|keyed| owner(name, keyed)));
            owners.extend(
                region
                    .all_regional_buckets()
                    .filter_map(|(kind, key, bucket)| {
                        let row = RegionalKind::of(kind)?;
                        Some(owner(name, (key, (row.owner)(bucket))))
                    }),
            );
        }
        owners
    }

    /// The one whose readings live in `scope`, by its key and, where a Region has it, by that.
    pub fn find(
        id: &'a str,
        account: &'a AccountInventory,
        scope: Scope,
        region: &str,
        name: &str,
    ) -> Option<Self> {
        use OwnerInventory as I;
        let a = account;
        let of_account = match scope {
            Scope::Account => Some((id, I::Account(a))),
            Scope::Bucket => get(&a.buckets, name, I::Bucket),
            Scope::Key => get(&a.keys, name, I::Key),
            Scope::Target => get(&a.targets, name, I::Target),
            Scope::Trail => get(&a.trails, name, I::Trail),
            Scope::Identity => get(&a.identities, name, I::Identity),
            Scope::MultiRegionAccessPoint => {
                let points = &a.multi_region_access_points;
                get(points, name, I::MultiRegionAccessPoint)
            }
            Scope::Region
            | Scope::AccessPoint
            | Scope::DirectoryBucket
            | Scope::TableBucket
            | Scope::VectorBucket
            | Scope::FileSystem
            | Scope::Function
            | Scope::WebFunction => None,
        };
        let (region, (name, inventory)) = match of_account {
            Some(keyed) => ("", keyed),
            None => {
                let (region, of_region) = a.regions.get_key_value(region)?;
                let keyed = match scope {
                    Scope::Region => (region.as_str(), I::Region(of_region)),
                    Scope::AccessPoint => get(&of_region.access_points, name, I::AccessPoint)?,
                    Scope::Function => get(&of_region.functions, name, I::Function)?,
                    Scope::WebFunction => get(&of_region.web_functions, name, I::WebFunction)?,
                    scope => {
                        let row = RegionalKind::of_scope(scope)?;
                        let (_, buckets) = of_region.regional_buckets(row.kind)?;
                        get(buckets, name, row.owner)?
                    }
                };
                (region.as_str(), keyed)
            }
        };
        Some(Self {
            account: id,
            region,
            name,
            inventory,
        })
    }

    /// Its readings.
    pub fn readings(&self) -> Vec<(ReadingKind, &'a dyn AnyReading)> {
        self.inventory.readings()
    }

    /// One of its readings; `None` for one that lives elsewhere.
    pub fn reading(&self, kind: ReadingKind) -> Option<&'a dyn AnyReading> {
        let mut readings = self.readings().into_iter();
        readings.find_map(|(other, reading)| (other == kind).then_some(reading))
    }

    /// The readings that were refused or failed, each with the IAM action and the error code.
    pub fn refusals(&self) -> impl Iterator<Item = (ReadingKind, &'a str, &'a str)> {
        let readings = self.readings().into_iter();
        readings.filter_map(|(kind, reading)| {
            let (action, code) = reading.state().refusal()?;
            Some((kind, action, code))
        })
    }

    /// The pointer of one of its members.
    pub fn pointer(&self, member: &str) -> String {
        let scope = self.inventory.scope();
        let map = match scope {
            Scope::Account | Scope::Region => "",
            Scope::Bucket => "buckets",
            Scope::DirectoryBucket
            | Scope::TableBucket
            | Scope::VectorBucket
            | Scope::FileSystem => RegionalKind::of_scope(scope).map_or("", |row| row.member),
            Scope::Key => "keys",
            Scope::Target => "targets",
            Scope::Trail => "trails",
            Scope::Identity => "identities",
            Scope::MultiRegionAccessPoint => "multi_region_access_points",
            Scope::AccessPoint => "access_points",
            Scope::Function => "functions",
            Scope::WebFunction => "web_functions",
        };
        let mut segments = vec!["accounts", self.account];
        if !self.region.is_empty() {
            segments.extend(["regions", self.region]);
        }
        if !map.is_empty() {
            segments.extend([map, self.name]);
        }
        segments.push(member);
        pointer::pointer(segments)
    }
}

fn keyed<'a, T>(
    map: &'a BTreeMap<String, T>,
    owner: fn(&'a T) -> OwnerInventory<'a>,
) -> impl Iterator<Item = Keyed<'a>> {
    map.iter()
        .map(move |(key, inventory)| (key.as_str(), owner(inventory)))
}

fn get<'a, T>(
    map: &'a BTreeMap<String, T>,
    key: &str,
    owner: fn(&'a T) -> OwnerInventory<'a>,
) -> Option<Keyed<'a>> {
    let (key, inventory) = map.get_key_value(key)?;
    Some((key, owner(inventory)))
}

impl BucketInventory {
    /// How many calls were made about it, those of a sample of its objects aside: each reading takes
    /// one.
    pub fn calls(&self) -> usize {
        let readings = OwnerInventory::Bucket(self).readings().into_iter();
        readings
            .filter(|(kind, reading)| !kind.opt_in() && reading.state().was_called())
            .count()
    }

    /// S3 answered a call about it with NoSuchBucket: it was given by name, and does not exist.
    pub fn does_not_exist(&self) -> bool {
        let readings = OwnerInventory::Bucket(self).readings().into_iter();
        readings
            .filter_map(|(_, reading)| reading.state().refusal())
            .any(|(_, code)| code == "NoSuchBucket")
    }
}

impl FunctionInventory {
    /// Lambda answered a call about it with ResourceNotFoundException, other than to say that a
    /// setting of it is absent.
    pub fn does_not_exist(&self) -> bool {
        let readings = OwnerInventory::Function(self).readings().into_iter();
        readings
            .filter_map(|(_, reading)| reading.state().refusal())
            .any(|(_, code)| code == "ResourceNotFoundException")
    }
}

impl WebFunctionInventory {
    /// Lambda answered ResourceNotFoundException to the call that lists its endpoints.
    pub fn does_not_exist(&self) -> bool {
        let refusal = self.endpoints.state().refusal();
        refusal.is_some_and(|(_, code)| code == "ResourceNotFoundException")
    }
}

impl ReadingOwner<'_> {
    /// The bucket or function was listed and is no more: it was deleted while the account was read.
    pub fn was_deleted(&self, account: &AccountInventory) -> bool {
        match self.inventory {
            OwnerInventory::Bucket(bucket) => {
                is_whole(&account.bucket_listing) && bucket.does_not_exist()
            }
            OwnerInventory::Function(function) => {
                let region = account.regions.get(self.region);
                region.is_some_and(|region| is_whole(&region.function_listing))
                    && function.does_not_exist()
            }
            OwnerInventory::WebFunction(function) => {
                let region = account.regions.get(self.region);
                region.is_some_and(|region| is_whole(&region.web_function_listing))
                    && function.does_not_exist()
            }
            _ => false,
        }
    }
}

/// The listing is complete, so that whatever is there by name was listed.
pub fn is_whole(listing: &Reading<Listing>) -> bool {
    listing.known().is_some_and(|listing| listing.complete)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A snapshot whose every part has one entry.
    fn account() -> AccountInventory {
        let one = |name: &str| name.to_owned();
        let regional = |name| BTreeMap::from([(one(name), RegionalBucketInventory::default())]);
        AccountInventory {
            buckets: BTreeMap::from([(one("b"), BucketInventory::default())]),
            keys: BTreeMap::from([(one("arn:k/1"), KeyInventory::default())]),
            targets: BTreeMap::from([(one("t"), TargetInventory::default())]),
            trails: BTreeMap::from([(one("arn:trail"), TrailInventory::default())]),
            identities: BTreeMap::from([(one("user/ann"), IdentityInventory::default())]),
            multi_region_access_points: BTreeMap::from([(
                one("m"),
                MultiRegionAccessPointInventory::default(),
            )]),
            regions: BTreeMap::from([(
                one("eu-west-1"),
                RegionInventory {
                    access_points: BTreeMap::from([(one("p"), AccessPointInventory::default())]),
                    directory_buckets: regional("d"),
                    table_buckets: regional("t"),
                    vector_buckets: regional("v"),
                    file_systems: regional("s"),
                    functions: BTreeMap::from([(one("f"), FunctionInventory::default())]),
                    web_functions: BTreeMap::from([(one("w"), WebFunctionInventory::default())]),
                    ..RegionInventory::default()
                },
            )]),
            ..AccountInventory::default()
        }
    }

    #[test]
    fn every_reading_is_met_once_and_found_again() {
        let account = account();
        let owners = ReadingOwner::all("1", &account);
        let met: Vec<ReadingKind> = owners
            .iter()
            .flat_map(|owner| owner.readings())
            .map(|(kind, _)| kind)
            .collect();
        assert_eq!(met.len(), ReadingKind::ALL.len());
        assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), met.len());
        for owner in owners {
            let scope = owner.inventory.scope();
            let found = ReadingOwner::find("1", &account, scope, owner.region, owner.name);
            let pointer = found.map(|found| found.pointer("x"));
            assert_eq!(pointer, Some(owner.pointer("x")));
        }
    }

    #[test]
    fn every_kind_of_bucket_but_general_purpose_has_a_list_and_two_readings_in_each_region() {
        let region = RegionInventory::default();
        for kind in BucketKind::all() {
            let row = RegionalKind::of(kind);
            assert_eq!(row.is_none(), kind == BucketKind::General);
            assert_eq!(row.is_none(), region.regional_buckets(kind).is_none());
            let Some(row) = row else { continue };
            assert_eq!(row.listing.lists(), Some(SubjectKind::Bucket));
            assert_eq!(row.listing.scope(), Scope::Region);
            assert_eq!(row.scope.subject(), SubjectKind::Bucket);
            for (reading, member) in [(row.policy, "policy"), (row.encryption, "encryption")] {
                assert_eq!(reading.scope(), row.scope);
                assert_eq!(reading.member(), member);
                assert_eq!(reading.bucket_kind(), Some(kind));
            }
            assert_eq!(row.listing.bucket_kind(), Some(kind));
            let prefix = format!("{}:", kind.service());
            for reading in [row.listing, row.policy, row.encryption] {
                assert!(reading.action().starts_with(&prefix));
            }
        }
    }

    #[test]
    fn a_pointer_leads_to_the_reading_in_the_document() {
        let denied = || Reading::Denied {
            action: "kms:DescribeKey".to_owned(),
            code: "AccessDeniedException".to_owned(),
        };
        let mut account = account();
        for key in account.keys.values_mut() {
            key.description = denied();
        }
        let document = serde_json::json!({"accounts": {"1": account.clone()}});
        for owner in ReadingOwner::all("1", &account) {
            for (kind, action, code) in owner.refusals() {
                let pointer = owner.pointer(kind.member());
                assert_eq!(pointer, "/accounts/1/keys/arn:k~11/description");
                assert_eq!((action, code), ("kms:DescribeKey", "AccessDeniedException"));
                let reading = owner.reading(kind).map(AnyReading::to_json);
                assert_eq!(document.pointer(&pointer), reading.as_ref());
            }
        }
    }

    #[test]
    fn a_bucket_that_does_not_exist_says_so_in_any_reading() {
        let mut bucket = BucketInventory::default();
        assert!(!bucket.does_not_exist());
        bucket.cors = Reading::Failed {
            action: "s3:GetBucketCORS".to_owned(),
            code: "NoSuchBucket".to_owned(),
            message: String::new(),
        };
        assert!(bucket.does_not_exist());
        assert_eq!(bucket.calls(), 1);
    }
}
