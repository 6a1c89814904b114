//! The resources that a template or a plan describes, in neutral form: what CloudFormation and
//! Terraform both are read into, before AWS's defaults are applied.
//!
//! A reader fills these structs; [`build`](super::build::build) turns them into snapshots. Texts may
//! contain [symbols](super::value); what joins to what (a bucket policy to its bucket, a permission to
//! its function) has been decided by the reader.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::value::{SourcePosition, TemplateNode, shown};
use crate::inventory::account::AccountInventory;
use crate::inventory::archive::StoredCode;
use crate::inventory::bucket::{
    Abac, CorsRule, Grant, LifecycleRule, Logging, ObjectLock, Replication, Versioning, Website,
};
use crate::inventory::config::{ConfigDeliveryChannel, ConfigRecorder, ConfigRule};
use crate::inventory::function::{FunctionConfiguration, FunctionInventory, UrlCors};
use crate::inventory::identity::{AccessKey, IdentityInventory, ManagedPolicyInventory};
use crate::inventory::key::{KeyDescription, KeyRotation};
use crate::inventory::trail::{EventRecorder, EventSelectors, TrailInventory};
use crate::inventory::trigger::{EventRule, EventSourceMapping, ScalableTarget, Schedule};
use crate::inventory::{Reading, Snapshot};

/// One property of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Setting<T> {
    /// It is not written: AWS's default.
    #[default]
    LeftOut,
    /// It is written.
    Written(T),
    /// It is written, and its value is known only after deployment; the text names what it refers to.
    Undetermined(String),
}

impl<T> Setting<T> {
    /// The value that is written.
    pub const fn written(&self) -> Option<&T> {
        match self {
            Self::Written(value) => Some(value),
            Self::LeftOut | Self::Undetermined(_) => None,
        }
    }

    /// Transforms a written value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Self::LeftOut => Setting::LeftOut,
            Self::Written(value) => Setting::Written(f(value)),
            Self::Undetermined(reference) => Setting::Undetermined(reference),
        }
    }
}

/// What identifies a resource in its template, and where it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSource {
    /// Logical id or Terraform address; unique in the deployment.
    pub address: String,
    /// Construct path, which reports show in place of the address.
    pub construct: Option<String>,
    /// The line of the resource.
    pub position: Option<SourcePosition>,
    /// The lines of its settings, by the member of the snapshot that each fills (`policy`,
    /// `public_access_block`, `versions/$LATEST/runtime`). A statement of a policy: `policy/0`.
    pub positions: BTreeMap<String, SourcePosition>,
    /// The resource exists before this deployment, so that AWS's defaults for new resources say
    /// nothing about it.
    pub existing: bool,
    /// The deployment does not make the resource and writes a part of it: the others stay.
    pub partial: bool,
}

impl ResourceSource {
    /// Of a part of a resource that the account has and the deployment does not make.
    #[must_use]
    pub fn of_a_part(self) -> Self {
        Self {
            existing: true,
            partial: true,
            ..self
        }
    }
}

/// Everything that one deployment makes.
#[derive(Clone, Debug, Default)]
pub struct DeploymentSettings {
    /// 12-digit account id; absent when it is not known.
    pub account: Option<String>,
    /// The Region; absent when it is not known.
    pub region: Option<String>,
    /// The time of the verdicts, RFC 3339.
    pub taken_at: String,
    /// The input says of each resource whether it exists (a plan does, a template does not).
    pub names_existing: bool,
    /// The account that the deployment is laid over; a closed world without one.
    pub onto: Option<Arc<Snapshot>>,
    /// What the deployment deletes.
    pub deleted: Vec<DeletedResource>,
    /// Account-level Block Public Access.
    pub account_public_access_block: Setting<BlockSettings>,
    /// Where account-level Block Public Access is written.
    pub account_source: Option<ResourceSource>,
    /// Buckets.
    pub buckets: Vec<BucketSettings>,
    /// Functions.
    pub functions: Vec<FunctionSettings>,
    /// Lambda Web Functions.
    pub web_functions: Vec<WebFunctionSettings>,
    /// KMS keys.
    pub keys: Vec<KeySettings>,
    /// Access points.
    pub access_points: Vec<AccessPointSettings>,
    /// Multi-Region access points.
    pub multi_region_access_points: Vec<MultiRegionSettings>,
    /// Trails.
    pub trails: Vec<TrailSettings>,
    /// Event data stores of CloudTrail Lake.
    pub event_data_stores: Vec<EventStoreSettings>,
    /// Users, groups and roles.
    pub identities: Vec<IdentitySettings>,
    /// Managed policies.
    pub managed_policies: Vec<ManagedPolicySettings>,
    /// AWS Config.
    pub config: ConfigSettings,
    /// Event source mappings.
    pub event_source_mappings: Vec<EventSourceMapping>,
    /// EventBridge rules that call functions.
    pub rules: Vec<EventRule>,
    /// Schedules that call functions.
    pub schedules: Vec<Schedule>,
    /// Provisioned concurrency that is scaled.
    pub scalable_targets: Vec<ScalableTarget>,
    /// Names of resources (as [`shown`](super::value::shown)) about which something is not known that
    /// could not be joined, with what it refers to. Their results are not assessed where it could
    /// change them.
    pub unjoined: BTreeSet<String>,
}

impl DeploymentSettings {
    /// The account that the deployment is laid over.
    pub fn below(&self) -> Option<&AccountInventory> {
        self.onto.as_deref()?.accounts.get(self.account.as_deref()?)
    }
}

/// Why a setting of an existing resource is not known from a plan: the plan does not have it.
pub const NOT_IN_PLAN: &str = "a setting of the existing bucket, which is not in the plan";

/// A resource that the deployment deletes, by its name in the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeletedResource {
    /// A bucket by its name.
    Bucket(String),
    /// A function by its ARN.
    Function(String),
    /// A user, group or role, as `role/deploy`.
    Identity(String),
    /// A managed policy by its ARN.
    ManagedPolicy(String),
    /// A trail by its ARN.
    Trail(String),
    /// A KMS key by its ARN: KMS schedules its deletion.
    Key(String),
    /// An access point by its ARN.
    AccessPoint(String),
    /// Account-level Block Public Access.
    AccountPublicAccessBlock,
}

/// The four flags of Block Public Access as they are written. A flag that a written block leaves out is
/// false (CloudFormation and Terraform alike).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockSettings {
    /// `BlockPublicAcls`.
    pub block_public_acls: Setting<bool>,
    /// `IgnorePublicAcls`.
    pub ignore_public_acls: Setting<bool>,
    /// `BlockPublicPolicy`.
    pub block_public_policy: Setting<bool>,
    /// `RestrictPublicBuckets`.
    pub restrict_public_buckets: Setting<bool>,
}

/// Access control list as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum AclSettings {
    /// A canned ACL by its API name (`private`, `public-read`, `log-delivery-write`, …) or the name of
    /// CloudFormation (`PublicRead`).
    Canned(String),
    /// Grants.
    Grants(Vec<Grant>),
}

/// Default encryption as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EncryptionSettings {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: Option<String>,
    /// The key: id, ARN or alias; may contain symbols.
    pub kms_key: Option<String>,
    /// S3 Bucket Key.
    pub bucket_key: Setting<bool>,
    /// `BlockedEncryptionTypes`.
    pub blocked_encryption_types: Option<Vec<String>>,
}

/// One bucket.
#[derive(Clone, Debug, Default)]
pub struct BucketSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name, which may contain symbols; left out where AWS generates it.
    pub name: Setting<String>,
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// The policy document: a map, or a text of JSON.
    pub policy: Setting<TemplateNode>,
    /// Block Public Access.
    pub public_access_block: Setting<BlockSettings>,
    /// Object Ownership.
    pub ownership: Setting<String>,
    /// ACL.
    pub acl: Setting<AclSettings>,
    /// Default encryption.
    pub encryption: Setting<EncryptionSettings>,
    /// Server access logging. An empty target is the bucket itself.
    pub logging: Setting<Logging>,
    /// Versioning.
    pub versioning: Setting<Versioning>,
    /// Tags.
    pub tags: Setting<BTreeMap<String, String>>,
    /// Static website hosting.
    pub website: Setting<Website>,
    /// Cross-origin rules.
    pub cors: Setting<Vec<CorsRule>>,
    /// Lifecycle rules.
    pub lifecycle: Setting<Vec<LifecycleRule>>,
    /// Replication. Destinations are names, which may contain symbols.
    pub replication: Setting<Replication>,
    /// Object Lock.
    pub object_lock: Setting<ObjectLock>,
    /// Attribute-based access control.
    pub abac: Setting<Abac>,
    /// `BucketOwner` or `Requester`.
    pub request_payment: Setting<String>,
    /// What the bucket has already and the deployment does not put again, so that nothing refuses it.
    pub in_place: BTreeSet<PutSetting>,
}

/// A setting that S3 may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PutSetting {
    /// The bucket policy.
    Policy,
    /// The ACL.
    Acl,
}

impl BucketSettings {
    /// A bucket that the account has and the deployment does not make: nothing of it is written, and a
    /// setting of its own is written after this.
    pub fn elsewhere(name: String, source: ResourceSource) -> Self {
        fn kept<T>() -> Setting<T> {
            Setting::Undetermined(NOT_IN_PLAN.to_owned())
        }
        Self {
            source: source.of_a_part(),
            name: Setting::Written(name),
            policy: kept(),
            public_access_block: kept(),
            ownership: kept(),
            acl: kept(),
            encryption: kept(),
            logging: kept(),
            versioning: kept(),
            tags: kept(),
            website: kept(),
            cors: kept(),
            lifecycle: kept(),
            replication: kept(),
            object_lock: kept(),
            abac: kept(),
            request_payment: kept(),
            region: None,
            in_place: BTreeSet::new(),
        }
    }
}

/// One function with what belongs to it.
#[derive(Clone, Debug, Default)]
pub struct FunctionSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name, which may contain symbols; left out where AWS generates it.
    pub name: Setting<String>,
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// The configuration of `$LATEST`, with Lambda's defaults for what is left out, and the names of
    /// members that are not known in `undetermined`.
    pub configuration: FunctionConfiguration,
    /// Published versions that this deployment makes: the number, or a symbol for it.
    pub versions: Vec<String>,
    /// Aliases.
    pub aliases: Vec<AliasSettings>,
    /// Provisioned concurrency by qualifier.
    pub provisioned: Vec<(String, Setting<u32>)>,
    /// Function URLs.
    pub urls: Vec<UrlSettings>,
    /// Statements of its resource policies.
    pub permissions: Vec<PermissionSettings>,
    /// Resource policies that are written as a whole, with the alias or version that each is of; empty for
    /// the function without a qualifier.
    pub documents: Vec<(String, Setting<TemplateNode>)>,
    /// Reserved concurrency.
    pub reserved_concurrency: Setting<u32>,
    /// What belongs to it and could not be read: aliases, URLs or permissions, with what it refers to.
    pub undetermined: BTreeMap<FunctionPart, String>,
    /// What the deployment deletes of it: names of aliases, qualifiers of URLs and of provisioned
    /// concurrency, and the `Sid`s of permissions.
    pub removed: BTreeSet<(FunctionPart, String)>,
}

impl FunctionSettings {
    /// A function that the account has and the deployment does not make. None where its configuration
    /// is not known.
    pub fn elsewhere(
        name: String,
        live: &FunctionInventory,
        source: ResourceSource,
    ) -> Option<Self> {
        Some(Self {
            source: source.of_a_part(),
            name: Setting::Written(name),
            configuration: live.versions.get("$LATEST")?.clone(),
            ..Self::default()
        })
    }
}

impl IdentitySettings {
    /// An identity that the account has and the deployment does not make.
    pub fn elsewhere(
        kind: &str,
        name: String,
        live: &IdentityInventory,
        source: ResourceSource,
    ) -> Self {
        Self {
            source: source.of_a_part(),
            kind: kind.to_owned(),
            name: Setting::Written(name),
            identity: IdentityInventory {
                path: live.path.clone(),
                boundary: live.boundary.clone(),
                ..IdentityInventory::default()
            },
            ..Self::default()
        }
    }
}

/// The parts of a function that are resources of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionPart {
    /// Aliases.
    Aliases,
    /// Provisioned concurrency.
    Provisioned,
    /// Function URLs.
    Urls,
    /// Resource policies.
    Policies,
}

/// One alias.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AliasSettings {
    /// Its name; may contain symbols.
    pub name: String,
    /// The version it points to: a number, `$LATEST` or a symbol.
    pub version: String,
    /// Further versions with their share of traffic, 0 to 1.
    pub additional_versions: BTreeMap<String, f64>,
}

/// One function URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UrlSettings {
    /// Alias; empty for the function without a qualifier.
    pub qualifier: String,
    /// `NONE` or `AWS_IAM`.
    pub auth_type: Setting<String>,
    /// Cross-origin rules.
    pub cors: Option<UrlCors>,
    /// The line of the URL.
    pub position: Option<SourcePosition>,
    /// The tool itself adds the two statements that open a URL with AuthType NONE (Terraform's AWS
    /// provider does; CloudFormation does not).
    pub adds_permissions: bool,
}

/// One statement of a function's resource policy, as `AddPermission` takes it. Texts may contain symbols;
/// what is left out is not part of the statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PermissionSettings {
    /// The statement's id: the address of the permission.
    pub sid: String,
    /// Alias or version; empty for the function without a qualifier.
    pub qualifier: String,
    /// The action.
    pub action: Option<TemplateNode>,
    /// A service, an account, an ARN, or `*`.
    pub principal: Option<TemplateNode>,
    /// `aws:SourceArn`, matched with ArnLike.
    pub source_arn: Option<TemplateNode>,
    /// `aws:SourceAccount`.
    pub source_account: Option<TemplateNode>,
    /// `aws:PrincipalOrgID`.
    pub principal_org_id: Option<TemplateNode>,
    /// `lambda:FunctionUrlAuthType`.
    pub function_url_auth_type: Option<TemplateNode>,
    /// `lambda:InvokedViaFunctionUrl`.
    pub invoked_via_function_url: Option<TemplateNode>,
    /// `lambda:EventSourceToken`.
    pub event_source_token: Option<TemplateNode>,
    /// The line of the permission.
    pub position: Option<SourcePosition>,
}

/// One Lambda Web Function. Texts may contain symbols.
#[derive(Clone, Debug, Default)]
pub struct WebFunctionSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name.
    pub name: Setting<String>,
    /// Its endpoints.
    pub endpoints: Vec<WebEndpointSettings>,
    /// Its revisions by their ids, with the object that holds the code; none where that is not known.
    pub revisions: BTreeMap<String, Option<StoredCode>>,
    /// The resource policy.
    pub policy: Setting<TemplateNode>,
}

/// One endpoint of a Web Function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebEndpointSettings {
    /// Its name.
    pub name: String,
    /// `ApplicationManaged` or `IamAuth`.
    pub auth_type: Setting<String>,
    /// `HomeRegion`, `MultiRegion` or `PerRegion`.
    pub kind: String,
    /// The Regions that serve its requests.
    pub regions: Vec<String>,
    /// The ids of the revisions that it serves.
    pub revisions: Setting<Vec<String>>,
    /// The line of its AuthType.
    pub position: Option<SourcePosition>,
}

/// One KMS key.
#[derive(Clone, Debug, Default)]
pub struct KeySettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its id: a symbol.
    pub id: String,
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// What it is; the ARN and the account are filled in.
    pub description: Setting<KeyDescription>,
    /// Automatic rotation.
    pub rotation: Setting<KeyRotation>,
    /// The key policy; left out is KMS's default, which lets the account's policies decide.
    pub policy: Setting<TemplateNode>,
    /// Its aliases, `alias/…`; may contain symbols.
    pub aliases: Vec<String>,
}

/// One access point.
#[derive(Clone, Debug, Default)]
pub struct AccessPointSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name, which may contain symbols; left out where AWS generates it.
    pub name: Setting<String>,
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// The bucket's name; may contain symbols.
    pub bucket: String,
    /// The account of the bucket, where it is written.
    pub bucket_account: Option<String>,
    /// The VPC; left out for the internet.
    pub vpc: Setting<String>,
    /// Block Public Access; left out is all true.
    pub public_access_block: Setting<BlockSettings>,
    /// The policy.
    pub policy: Setting<TemplateNode>,
}

/// One Multi-Region access point.
#[derive(Clone, Debug, Default)]
pub struct MultiRegionSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name.
    pub name: Setting<String>,
    /// Names of the buckets behind it; may contain symbols.
    pub buckets: Vec<String>,
    /// Block Public Access; left out is all true.
    pub public_access_block: Setting<BlockSettings>,
    /// The policy.
    pub policy: Setting<TemplateNode>,
}

/// One trail. The status and the selectors are those of its inventory.
#[derive(Clone, Debug, Default)]
pub struct TrailSettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name; left out where AWS generates it.
    pub name: Setting<String>,
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// `IsMultiRegionTrail`; off unless it is written.
    pub multi_region: Setting<bool>,
    /// `IsOrganizationTrail`; off unless it is written.
    pub organization: Setting<bool>,
    /// `EnableLogFileValidation`; off unless it is written.
    pub log_file_validation: Setting<bool>,
    /// Everything else; name, home Region and the three flags are filled in, symbols are shown.
    pub trail: TrailInventory,
}

/// One event data store of CloudTrail Lake.
#[derive(Clone, Debug)]
pub struct EventStoreSettings {
    /// Its Region, where it is not that of the deployment.
    pub region: Option<String>,
    /// What it records.
    pub store: Setting<EventRecorder>,
}

impl EventStoreSettings {
    /// What a store records: every Region unless something else is written (CloudTrail API reference,
    /// CreateEventDataStore, copy of 2026).
    pub fn recorder(
        name: &str,
        multi_region: Setting<bool>,
        suspended: Setting<bool>,
        selectors: Reading<EventSelectors>,
    ) -> Setting<EventRecorder> {
        match (multi_region, suspended, selectors) {
            (Setting::Undetermined(reference), ..)
            | (_, Setting::Undetermined(reference), _)
            | (.., Reading::Undetermined(reference)) => Setting::Undetermined(reference),
            (multi_region, suspended, selectors) => Setting::Written(EventRecorder {
                name: shown(name),
                status: match suspended {
                    Setting::Written(true) => "STOPPED_INGESTION",
                    _ => "ENABLED",
                }
                .to_owned(),
                multi_region: multi_region != Setting::Written(false),
                advanced: selectors
                    .known()
                    .map(|selectors| selectors.advanced.clone())
                    .unwrap_or_default(),
            }),
        }
    }
}

/// One user, group or role.
#[derive(Clone, Debug, Default)]
pub struct IdentitySettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// `user`, `group` or `role`.
    pub kind: String,
    /// Its name; left out where AWS generates it.
    pub name: Setting<String>,
    /// Path, attached policies (ARNs), groups and boundary; ARN and inline policies are filled in.
    pub identity: IdentityInventory,
    /// Inline policies: documents by name.
    pub inline: BTreeMap<String, TemplateNode>,
    /// A role's trust policy.
    pub trust: Setting<TemplateNode>,
    /// What the deployment takes away: names of inline policies and ARNs of managed ones.
    pub removed: BTreeSet<String>,
    /// Access keys that the deployment makes.
    pub access_keys: Vec<AccessKey>,
    /// What it refers to, where its policies are not known in full.
    pub undetermined: Option<String>,
}

/// One managed policy.
#[derive(Clone, Debug, Default)]
pub struct ManagedPolicySettings {
    /// What identifies it.
    pub source: ResourceSource,
    /// Its name; left out where AWS generates it.
    pub name: Setting<String>,
    /// Its path, `/` for most.
    pub path: String,
    /// Its document.
    pub document: TemplateNode,
    /// The other members; name, document and the number of attachments are filled in.
    pub policy: ManagedPolicyInventory,
}

/// AWS Config in the deployment's Region.
#[derive(Clone, Debug, Default)]
pub struct ConfigSettings {
    /// What identifies the recorder; absent without one.
    pub source: Option<ResourceSource>,
    /// Recorders, and whether each records.
    pub recorders: Vec<(ConfigRecorder, bool)>,
    /// Delivery channels.
    pub channels: Vec<ConfigDeliveryChannel>,
    /// Rules.
    pub rules: Vec<ConfigRule>,
}
