//! The account that the endpoint shows: made up, but made of what real accounts are made of.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::bucket_kinds::KindBucket;
use super::iam::Identity;
use super::identities;
use super::message::escape;
use super::organizations::Organization;
use super::s3control::{AccessPoint, MultiRegionAccessPoint};

const XMLNS: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// One account.
#[derive(Clone, Debug)]
pub struct World {
    /// Its 12-digit id.
    pub account: String,
    /// The organization that it belongs to.
    pub organization: Option<Organization>,
    /// Other accounts by id. AssumeRole gives their id as the access key.
    pub members: BTreeMap<String, World>,
    /// The enabled Regions.
    pub regions: Vec<String>,
    /// Account-level Block Public Access, in AWS's order: block ACLs, ignore ACLs, block policy,
    /// restrict buckets.
    pub public_access_block: Option<[bool; 4]>,
    /// The buckets by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// The functions of all Regions.
    pub functions: Vec<Function>,
    /// Web Functions, as `web_function` makes them.
    pub web_functions: Vec<Value>,
    /// Table buckets, vector buckets and S3 file systems of all Regions.
    pub kind_buckets: Vec<KindBucket>,
    /// KMS keys by the ARN of the key or of an alias of it: `KeyMetadata`, and `Rotates`.
    pub keys: BTreeMap<String, Value>,
    /// Trails: `Trail` as DescribeTrails lists it, `Status` and `Selectors` as they are answered.
    pub trails: Vec<Value>,
    /// Event data stores by Region, as GetEventDataStore answers.
    pub event_data_stores: BTreeMap<String, Vec<Value>>,
    /// Channels by Region, as GetChannel answers.
    pub channels: BTreeMap<String, Vec<Value>>,
    /// AWS Config by Region: the lists, each under the name of the member that answers it.
    pub config: BTreeMap<String, Value>,
    /// Buckets of other accounts, by name: whose they are.
    pub foreign_buckets: BTreeMap<String, String>,
    /// Event source mappings by Region.
    pub mappings: BTreeMap<String, Vec<Value>>,
    /// EventBridge rules by Region, each with its `Targets` beside it.
    pub rules: BTreeMap<String, Vec<Value>>,
    /// Schedules by Region, as GetSchedule answers.
    pub schedules: BTreeMap<String, Vec<Value>>,
    /// Scalable targets by Region.
    pub scalable_targets: BTreeMap<String, Vec<Value>>,
    /// Products of Lambda in AWS's price list by Region, each a JSON text.
    pub lambda_products: BTreeMap<String, Vec<Value>>,
    /// CloudWatch figures by metric and function or qualifier, `Invocations f`, `… f:live`.
    pub metrics: BTreeMap<String, f64>,
    /// Log groups by name: `stored_bytes`, the `rows` of a query over them, their `events`.
    pub log_groups: BTreeMap<String, Value>,
    /// Where the code of layers is, by their ARN.
    pub layer_urls: BTreeMap<String, String>,
    /// Users, groups and roles.
    pub identities: Vec<Identity>,
    /// Managed policies: ARN and document of the default version.
    pub managed_policies: Vec<(String, Value)>,
    /// Access points of all Regions.
    pub access_points: Vec<AccessPoint>,
    /// Multi-Region access points.
    pub multi_region_access_points: Vec<MultiRegionAccessPoint>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            account: "111122223333".to_owned(),
            organization: None,
            members: BTreeMap::new(),
            regions: ["us-east-1", "eu-west-1", "ap-southeast-2"]
                .map(str::to_owned)
                .to_vec(),
            public_access_block: None,
            buckets: BTreeMap::new(),
            functions: Vec::new(),
            web_functions: Vec::new(),
            kind_buckets: Vec::new(),
            keys: BTreeMap::new(),
            trails: Vec::new(),
            event_data_stores: BTreeMap::new(),
            channels: BTreeMap::new(),
            config: BTreeMap::new(),
            foreign_buckets: BTreeMap::new(),
            mappings: BTreeMap::new(),
            rules: BTreeMap::new(),
            schedules: BTreeMap::new(),
            scalable_targets: BTreeMap::new(),
            lambda_products: BTreeMap::new(),
            metrics: BTreeMap::new(),
            log_groups: BTreeMap::new(),
            layer_urls: BTreeMap::new(),
            identities: Vec::new(),
            managed_policies: Vec::new(),
            access_points: Vec::new(),
            multi_region_access_points: Vec::new(),
        }
    }
}

/// One bucket: its stored documents by the operation that reads them. What is not there is
/// answered as AWS answers it.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// Its Region.
    pub region: String,
    /// The account it belongs to, when not the world's: such a bucket is not listed.
    pub owner: Option<String>,
    /// Documents by operation.
    pub documents: BTreeMap<&'static str, String>,
    /// Objects by key.
    pub objects: BTreeMap<String, Object>,
}

/// One object.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// `x-amz-server-side-encryption`.
    pub encryption: &'static str,
    /// The ARN of its KMS key.
    pub kms_key: Option<&'static str>,
    /// Under a key that only its writer has.
    pub sse_c: bool,
    /// Names of metadata headers.
    pub metadata: &'static [&'static str],
    /// Its ACL lets everyone read it.
    pub public: bool,
}

/// One function, its parts as the Lambda API writes them.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its Region.
    pub region: String,
    /// Function configurations, `$LATEST` first.
    pub versions: Vec<Value>,
    /// Alias configurations.
    pub aliases: Vec<Value>,
    /// Provisioned concurrency configurations.
    pub provisioned: Vec<Value>,
    /// URI and compressed size of the container image, of a function that is one.
    pub image: Option<(String, u64)>,
    /// Function URL configurations.
    pub urls: Vec<Value>,
    /// Resource policies by qualifier; the empty one is the function's own.
    pub policies: BTreeMap<String, Value>,
    /// Reserved concurrency.
    pub reserved: Option<u32>,
    /// Where its code is; a place that does not exist when not set.
    pub code_url: Option<String>,
    /// The object its code is referred to in: `ResolvedS3Object` of GetFunction.
    pub code_object: Option<Value>,
}

impl Bucket {
    /// A bucket as CreateBucket leaves it today: owner enforced, all public access blocked,
    /// SSE-S3.
    pub fn new(region: &str) -> Self {
        Self::bare(region)
            .ownership("BucketOwnerEnforced")
            .public_access_block([true; 4])
            .encryption("AES256", None, false)
    }

    /// A bucket without any configuration.
    pub fn bare(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            owner: None,
            documents: BTreeMap::new(),
            objects: BTreeMap::new(),
        }
    }

    /// The same bucket in another account.
    pub fn of(mut self, account: &str) -> Self {
        self.owner = Some(account.to_owned());
        self
    }

    /// The account it belongs to.
    pub fn owner(&self, world: &World) -> String {
        self.owner.clone().unwrap_or_else(|| world.account.clone())
    }

    /// Stores a document under the operation that reads it.
    pub fn document(mut self, operation: &'static str, document: String) -> Self {
        self.documents.insert(operation, document);
        self
    }

    /// With an object.
    pub fn object(mut self, key: &str, object: Object) -> Self {
        self.objects.insert(key.to_owned(), object);
        self
    }

    /// Takes a document away.
    pub fn without(mut self, operation: &str) -> Self {
        self.documents.remove(operation);
        self
    }

    /// A policy, and what AWS says about it.
    pub fn policy(self, policy: &Value, public: bool) -> Self {
        self.document("GetBucketPolicy", policy.to_string())
            .document(
                "GetBucketPolicyStatus",
                format!("<PolicyStatus {XMLNS}><IsPublic>{public}</IsPublic></PolicyStatus>"),
            )
    }

    /// Object Ownership.
    pub fn ownership(self, value: &str) -> Self {
        self.document(
            "GetBucketOwnershipControls",
            format!(
                "<OwnershipControls {XMLNS}><Rule><ObjectOwnership>{value}</ObjectOwnership></Rule></OwnershipControls>"
            ),
        )
    }

    /// Block Public Access, in AWS's order.
    pub fn public_access_block(self, flags: [bool; 4]) -> Self {
        self.document("GetPublicAccessBlock", public_access_block(flags))
    }

    /// The grants: (grantee, permission); a grantee is a group URI or a canonical user id.
    pub fn acl(self, owner: &str, grants: &[(&str, &str)]) -> Self {
        let mut list = String::new();
        for (grantee, permission) in grants {
            let (kind, inner) = if grantee.starts_with("http") {
                ("Group", format!("<URI>{}</URI>", escape(grantee)))
            } else if grantee.contains('@') {
                (
                    "AmazonCustomerByEmail",
                    format!("<EmailAddress>{}</EmailAddress>", escape(grantee)),
                )
            } else {
                ("CanonicalUser", format!("<ID>{}</ID>", escape(grantee)))
            };
            let _ = write!(
                list,
                "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\">{inner}</Grantee>\
                 <Permission>{permission}</Permission></Grant>"
            );
        }
        self.document(
            "GetBucketAcl",
            format!(
                "<AccessControlPolicy {XMLNS}><Owner><ID>{}</ID></Owner><AccessControlList>{list}</AccessControlList></AccessControlPolicy>",
                escape(owner)
            ),
        )
    }

    /// Default encryption.
    pub fn encryption(self, algorithm: &str, key: Option<&str>, bucket_key: bool) -> Self {
        let key = key.map_or_else(String::new, |key| {
            format!("<KMSMasterKeyID>{}</KMSMasterKeyID>", escape(key))
        });
        self.document(
            "GetBucketEncryption",
            format!(
                "<ServerSideEncryptionConfiguration {XMLNS}><Rule><ApplyServerSideEncryptionByDefault>\
                 <SSEAlgorithm>{algorithm}</SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault>\
                 <BucketKeyEnabled>{bucket_key}</BucketKeyEnabled>\
                 <BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>\
                 </Rule></ServerSideEncryptionConfiguration>"
            ),
        )
    }

    /// Server access logging.
    pub fn logging(self, target: &str, prefix: &str) -> Self {
        self.document(
            "GetBucketLogging",
            format!(
                "<BucketLoggingStatus {XMLNS}><LoggingEnabled><TargetBucket>{}</TargetBucket><TargetPrefix>{}</TargetPrefix>\
                 <TargetObjectKeyFormat><SimplePrefix/></TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>",
                escape(target),
                escape(prefix)
            ),
        )
    }

    /// Versioning.
    pub fn versioning(self, status: &str) -> Self {
        self.document(
            "GetBucketVersioning",
            format!(
                "<VersioningConfiguration {XMLNS}><Status>{status}</Status></VersioningConfiguration>"
            ),
        )
    }

    /// Replication of everything to one bucket.
    pub fn replication(self, destination: &str) -> Self {
        self.document(
            "GetBucketReplication",
            format!(
                "<ReplicationConfiguration {XMLNS}><Role>arn:aws:iam::111122223333:role/copy</Role><Rule><ID>all</ID>\
                 <Priority>1</Priority><Filter/><Status>Enabled</Status><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
                 <Destination><Bucket>arn:aws:s3:::{}</Bucket></Destination></Rule></ReplicationConfiguration>",
                escape(destination)
            ),
        )
    }

    /// Tags.
    pub fn tags(self, tags: &[(&str, &str)]) -> Self {
        let list: String = tags
            .iter()
            .map(|(key, value)| {
                format!(
                    "<Tag><Key>{}</Key><Value>{}</Value></Tag>",
                    escape(key),
                    escape(value)
                )
            })
            .collect();
        self.document(
            "GetBucketTagging",
            format!("<Tagging {XMLNS}><TagSet>{list}</TagSet></Tagging>"),
        )
    }
}

/// A symmetric key of the customer, in the account and Region of its ARN.
pub fn key(arn: &str, state: &str, rotates: bool) -> Value {
    json!({
        "AWSAccountId": arn.split(':').nth(4), "KeyId": arn.rsplit('/').next(), "Arn": arn,
        "CreationDate": 1_614_834_367.0, "Enabled": state == "Enabled", "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": state, "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
        "Rotates": rotates,
    })
}

/// A trail of the customer that logs and delivers; `selectors` is the answer of GetEventSelectors.
pub fn trail(arn: &str, multi_region: bool, bucket: &str, selectors: &Value) -> Value {
    json!({
        "Trail": {
            "Name": arn.rsplit('/').next(), "TrailARN": arn, "HomeRegion": arn.split(':').nth(3),
            "S3BucketName": bucket, "IsMultiRegionTrail": multi_region, "IsOrganizationTrail": false,
            "IncludeGlobalServiceEvents": true, "LogFileValidationEnabled": true,
            "HasCustomEventSelectors": true, "HasInsightSelectors": false,
        },
        "Status": { "IsLogging": true },
        "Selectors": selectors,
    })
}

/// AWS Config in a Region, with a recorder of the customer that records everything.
pub fn config() -> Value {
    json!({
        "ConfigurationRecorders": [{
            "name": "default", "roleARN": "arn:aws:iam::111122223333:role/config",
            "recordingGroup": { "allSupported": true, "includeGlobalResourceTypes": false, "resourceTypes": [],
                "recordingStrategy": { "useOnly": "ALL_SUPPORTED_RESOURCE_TYPES" } },
            "recordingMode": { "recordingFrequency": "CONTINUOUS", "recordingModeOverrides": [] },
        }],
        "ConfigurationRecordersStatus": [{ "name": "default", "recording": true, "lastStatus": "SUCCESS" }],
        "DeliveryChannels": [{ "name": "default", "s3BucketName": "acme-config" }],
        "DeliveryChannelsStatus": [{
            "name": "default", "configHistoryDeliveryInfo": { "lastStatus": "SUCCESS" },
            "configSnapshotDeliveryInfo": { "lastStatus": "NOT_APPLICABLE" },
        }],
        "ConfigRules": [{
            "ConfigRuleName": "public-read", "ConfigRuleState": "ACTIVE",
            "Source": { "Owner": "AWS", "SourceIdentifier": "S3_BUCKET_PUBLIC_READ_PROHIBITED" },
        }, {
            "ConfigRuleName": "tls", "ConfigRuleState": "ACTIVE",
            "Source": { "Owner": "AWS", "SourceIdentifier": "S3_BUCKET_SSL_REQUESTS_ONLY" },
        }],
    })
}

/// The document of the four flags, in AWS's order.
pub fn public_access_block(flags: [bool; 4]) -> String {
    let [block_acls, ignore_acls, block_policy, restrict] = flags;
    format!(
        "<PublicAccessBlockConfiguration {XMLNS}><BlockPublicAcls>{block_acls}</BlockPublicAcls>\
         <IgnorePublicAcls>{ignore_acls}</IgnorePublicAcls><BlockPublicPolicy>{block_policy}</BlockPublicPolicy>\
         <RestrictPublicBuckets>{restrict}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
    )
}

impl World {
    /// Whose access key it is: a member's is its id, any other is this account's.
    pub fn account_of<'w>(&'w self, access_key: &str) -> &'w str {
        self.members
            .get_key_value(access_key)
            .map_or(&self.account, |(id, _)| id)
    }

    /// The canonical id of the owner.
    pub fn canonical_id(&self) -> String {
        format!("{:0>64}", self.account)
    }

    /// The same world with one more bucket.
    pub fn with_bucket(mut self, name: &str, bucket: Bucket) -> Self {
        self.buckets.insert(name.to_owned(), bucket);
        self
    }

    /// The same world with one more function.
    pub fn with_function(mut self, function: Function) -> Self {
        self.functions.push(function);
        self
    }

    /// An account of so many buckets and functions, the same every time.
    pub fn generated(buckets: usize, functions: usize) -> Self {
        let mut world = Self::default();
        for n in 0..buckets {
            let name = bucket_name(n);
            let bucket = world.generated_bucket(n, buckets);
            if n % 3 == 1 {
                let arn = world.key_arn(n);
                let key = key(&arn, "Enabled", n % 2 == 0);
                world.keys.insert(arn, key);
            }
            world.buckets.insert(name, bucket);
        }
        // One trail over all Regions that records the writes of every object, into the first bucket.
        let selectors = json!({ "AdvancedEventSelectors": [
            { "Name": "management", "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] },
            { "Name": "writes", "FieldSelectors": [
                { "Field": "eventCategory", "Equals": ["Data"] },
                { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
                { "Field": "readOnly", "Equals": ["false"] },
            ] },
        ] });
        let arn = format!(
            "arn:aws:cloudtrail:{}:{}:trail/all-regions",
            world.region_of(0),
            world.account
        );
        world
            .trails
            .push(trail(&arn, true, &bucket_name(0), &selectors));
        for region in world.regions.iter().take(2) {
            world.config.insert(region.clone(), config());
        }
        for n in 0..functions {
            let function = world.generated_function(n);
            world.functions.push(function);
        }
        world.generate_callers();
        if buckets > 0 {
            identities::add_identities(&mut world);
            identities::add_access_points(&mut world, buckets);
        }
        world
    }

    /// The Region of the n-th generated bucket.
    pub fn region_of(&self, n: usize) -> String {
        self.regions
            .get(n % self.regions.len().max(1))
            .cloned()
            .unwrap_or_default()
    }

    fn key_arn(&self, n: usize) -> String {
        format!(
            "arn:aws:kms:{}:{}:key/{n:08}-0000-4000-8000-000000000000",
            self.region_of(n),
            self.account
        )
    }

    fn generated_bucket(&self, n: usize, buckets: usize) -> Bucket {
        let name = bucket_name(n);
        let owner = self.canonical_id();
        let mut bucket = Bucket::new(&self.region_of(n));
        let mut grants: Vec<(&str, &str)> = vec![(&owner, "FULL_CONTROL")];
        match n % 10 {
            // Made before April 2023 and never touched: no ownership, no block, ACLs in force.
            8 => {
                bucket = bucket
                    .without("GetBucketOwnershipControls")
                    .without("GetPublicAccessBlock");
                if n % 40 == 8 {
                    grants.push(("http://acs.amazonaws.com/groups/global/AllUsers", "READ"));
                }
            }
            9 => {
                bucket = bucket.ownership("ObjectWriter");
                grants.push(("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE"));
                grants.push(("http://acs.amazonaws.com/groups/s3/LogDelivery", "READ_ACP"));
            }
            _ => {}
        }
        bucket = bucket.acl(&owner, &grants);
        let resources = json!([
            format!("arn:aws:s3:::{name}"),
            format!("arn:aws:s3:::{name}/*")
        ]);
        let tls = json!({
            "Sid": "DenyPlainHttp", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": resources, "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        });
        let step = self.regions.len();
        let receives_logs =
            n > step && (n - step).is_multiple_of(4) && !(n - step).is_multiple_of(50);
        let statements = match n % 5 {
            0 | 1 => None,
            2 | 3 if receives_logs => Some(json!([tls, {
                "Sid": "AccessLogs", "Effect": "Allow",
                "Principal": { "Service": "logging.s3.amazonaws.com" }, "Action": "s3:PutObject",
                "Resource": format!("arn:aws:s3:::{name}/*"),
            }])),
            2 | 3 => Some(json!([tls])),
            _ if n % 100 == 4 => Some(json!([{
                "Sid": "Website", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{name}/*"),
            }])),
            _ => Some(json!([tls, {
                "Sid": "Partner", "Effect": "Allow",
                "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
                "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": resources,
            }, {
                "Sid": "NotWhileOnHold", "Effect": "Deny",
                "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
                "Action": "s3:DeleteObject", "Resource": format!("arn:aws:s3:::{name}/*"),
                "Condition": { "StringEquals": { "aws:ResourceTag/hold": "true" } },
            }])),
        };
        if let Some(statements) = statements {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements });
            bucket = bucket.policy(&policy, n % 100 == 4);
            if n % 100 == 4 {
                bucket = bucket.public_access_block([false; 4]);
            }
        }
        // Access logs are not delivered under a key.
        if n % 3 == 1 && !receives_logs {
            let key = self.key_arn(n);
            bucket = bucket.encryption("aws:kms", Some(&key), n.is_multiple_of(2));
        }
        if n.is_multiple_of(4) {
            // Logs go to a bucket of the same Region, every fiftieth time to the bucket itself.
            let target = if n.is_multiple_of(50) || n + step >= buckets {
                n
            } else {
                n + step
            };
            bucket = bucket.logging(&bucket_name(target), &format!("logs/{name}/"));
        }
        match n % 7 {
            0..=3 => {
                bucket = bucket.versioning("Enabled");
                if n % 14 == 2 {
                    bucket = bucket.replication(&format!("acme-copy-{n:05}"));
                }
            }
            4 => bucket = bucket.versioning("Suspended"),
            _ => {}
        }
        if !n.is_multiple_of(6) {
            let team = format!("team-{}", n % 13);
            bucket = bucket.tags(&[("team", &team), ("environment", "production")]);
        }
        bucket
    }

    fn generated_function(&self, n: usize) -> Function {
        const RUNTIMES: [&str; 7] = [
            "python3.13",
            "nodejs22.x",
            "java21",
            "python3.9",
            "dotnet8",
            "nodejs18.x",
            "provided.al2023",
        ];
        let name = format!("function-{n:05}");
        let region = self.region_of(n);
        let arn = format!("arn:aws:lambda:{region}:{}:function:{name}", self.account);
        let image = (n % 9 == 8).then(|| {
            let uri = format!(
                "{}.dkr.ecr.{region}.amazonaws.com/apps/{name}@sha256:{n:064x}",
                self.account
            );
            (uri, 80_000_000 + 1_000_000 * n as u64)
        });
        let versions = if n.is_multiple_of(4) { n % 3 + 1 } else { 0 };
        let configuration = |version: &str| {
            let mut value = json!({
                "FunctionName": name, "FunctionArn": format!("{arn}:{version}"), "Version": version,
                "Role": format!("arn:aws:iam::{}:role/{name}", self.account),
                "CodeSize": 20_000 + 700_000 * (n as u64 % 40), "Description": "", "Timeout": 3 + n % 60,
                "MemorySize": 128 << (n % 4), "LastModified": "2026-05-06T07:08:09.000+0000",
                "Architectures": [if n.is_multiple_of(3) { "arm64" } else { "x86_64" }],
                "EphemeralStorage": { "Size": 512 },
                "Environment": { "Variables": {
                    "LOG_LEVEL": "info", "DATABASE_PASSWORD": format!("hunter2-{n}"),
                } },
                "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
                "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
            });
            if image.is_some() {
                value["PackageType"] = json!("Image");
                value["CodeSize"] = json!(0);
            } else {
                value["PackageType"] = json!("Zip");
                value["Runtime"] = json!(RUNTIMES[n % RUNTIMES.len()]);
                value["Handler"] = json!("app.handler");
            }
            if n.is_multiple_of(5) {
                value["VpcConfig"] = json!({
                    "VpcId": "vpc-0a1b2c3d", "SubnetIds": ["subnet-2", "subnet-1"], "SecurityGroupIds": ["sg-1"],
                });
            }
            if n.is_multiple_of(6) {
                value["Layers"] = json!([{
                    "Arn": format!("arn:aws:lambda:{region}:{}:layer:shared:{}", self.account, n % 5 + 1),
                    "CodeSize": 5_000_000,
                }]);
            }
            value
        };
        let mut all = vec![configuration("$LATEST")];
        all.extend((1..=versions).map(|version| configuration(&version.to_string())));
        let aliases = (versions > 0).then(|| {
            json!({
                "Name": "live", "AliasArn": format!("{arn}:live"), "FunctionVersion": versions.to_string(),
                "Description": "",
            })
        });
        let provisioned = (versions > 0 && n.is_multiple_of(8)).then(|| {
            json!({
                "FunctionArn": format!("{arn}:live"), "RequestedProvisionedConcurrentExecutions": 5,
                "AvailableProvisionedConcurrentExecutions": 5, "AllocatedProvisionedConcurrentExecutions": 5,
                "Status": "READY", "LastModified": "2026-05-06T07:08:09+0000",
            })
        });
        Function {
            versions: all,
            aliases: aliases.into_iter().collect(),
            provisioned: provisioned.into_iter().collect(),
            name,
            region,
            image,
            ..Function::default()
        }
    }

    /// What is called by whom, once the generated functions are there: every function but the last
    /// of a Region's with provisioned concurrency is used, and a rule and a schedule call a function.
    fn generate_callers(&mut self) {
        let functions: Vec<(String, String, bool)> = self
            .functions
            .iter()
            .map(|function| {
                (
                    function.name.clone(),
                    function.region.clone(),
                    function.provisioned.is_empty(),
                )
            })
            .collect();
        for (n, (name, region, plain)) in functions.iter().enumerate() {
            let arn = format!("arn:aws:lambda:{region}:{}:function:{name}", self.account);
            if n % 2 == 0 {
                self.metrics.insert(format!("Invocations {name}"), 1200.0);
            }
            if !plain && n % 16 == 0 {
                for (metric, value) in [("Invocations", 900.0), ("Utilization", 1.0)] {
                    let key = format!("ProvisionedConcurrency{metric} {name}:live");
                    self.metrics.insert(key, value);
                }
                self.scalable_targets.entry(region.clone()).or_default().push(json!({
                    "ServiceNamespace": "lambda", "ResourceId": format!("function:{name}:live"),
                    "ScalableDimension": "lambda:function:ProvisionedConcurrency", "MinCapacity": 5,
                    "MaxCapacity": 50, "RoleARN": "arn:aws:iam::111122223333:role/scaling",
                    "CreationTime": 1_614_834_367.0,
                }));
            }
            if !plain || n >= 9 && n % 10 != 2 {
                continue;
            }
            self.mappings
                .entry(region.clone())
                .or_default()
                .push(json!({
                    "UUID": format!("{n:08}-0000-4000-8000-000000000000"), "FunctionArn": arn,
                    "EventSourceArn": format!("arn:aws:sqs:{region}:{}:queue-{n}", self.account),
                    "State": "Enabled",
                }));
            self.rules.entry(region.clone()).or_default().push(json!({
                "Name": format!("tick-{n}"), "EventBusName": "default", "State": "ENABLED",
                "ScheduleExpression": "rate(5 minutes)",
                "Targets": [{ "Id": "1", "Arn": arn, "Input": r#"{"ping":"planted-secret"}"# }],
            }));
            self.schedules.entry(region.clone()).or_default().push(json!({
                "Name": format!("nightly-{n}"), "GroupName": "default", "State": "ENABLED",
                "ScheduleExpression": "rate(1 day)",
                "Target": { "Arn": arn, "RoleArn": "arn:aws:iam::111122223333:role/r", "Input": r#"{"token":"planted-secret"}"# },
            }));
        }
        for (n, function) in self.functions.iter_mut().enumerate() {
            let arn = format!(
                "arn:aws:lambda:{}:{}:function:{}",
                function.region, self.account, function.name
            );
            if n % 4 == 1 {
                function.urls.push(json!({
                    "FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/", "FunctionArn": arn,
                    "AuthType": if n % 8 == 1 { "NONE" } else { "AWS_IAM" },
                    "CreationTime": "2024-05-06T07:08:09.000Z", "LastModifiedTime": "2024-05-06T07:08:09.000Z",
                }));
                // One grant of two: whether AWS's exception of 2025 holds, answered requests show.
                let resource = format!("{}:$LATEST", function.name);
                for (metric, value) in [("UrlRequestCount", 7.0), ("Url4xxCount", 2.0)] {
                    self.metrics.insert(format!("{metric} {resource}"), value);
                }
                function.policies.insert(String::new(), json!({
                    "Version": "2012-10-17", "Id": "default", "Statement": [{
                        "Sid": "FunctionURLAllowPublicAccess", "Effect": "Allow", "Principal": "*",
                        "Action": "lambda:InvokeFunctionUrl", "Resource": arn,
                        "Condition": { "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } },
                    }],
                }));
            }
        }
    }
}

/// The name of the n-th generated bucket.
pub fn bucket_name(n: usize) -> String {
    format!("acme-bucket-{n:05}")
}
