//! Needs are what facts open: neither less nor more.
//!
//! Every reading is taken away in turn, in every way it can be missing. A fact that changes must
//! have declared the reading, must become unknown and never another value, and must name the
//! reading's action. A declared reading that changes no fact in any of the accounts below is not
//! needed, or the accounts are too poor.

use std::collections::{BTreeMap, BTreeSet};

use coldbucket::facts::{FactPaths, Facts, Subject, Trust, declarations, list_needs, needs};
use coldbucket::inventory::access_point::{
    AccessPointConfiguration, AccessPointInventory, AccessPointRegion,
    MultiRegionAccessPointInventory,
};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::archive::{Archive, Content, ContentKind, Folder, Package, StoredCode};
use coldbucket::inventory::bucket::{
    Abac, BucketInventory, CorsRule, Encryption, LifecycleRule, ObjectLock, PolicyStatus,
    PublicAccessBlock, RegionalBucketInventory, Replication, ReplicationRule, Versioning, Website,
};
use coldbucket::inventory::config::{
    ConfigDelivery, ConfigDeliveryChannel, ConfigRecorder, ConfigRecorderStatus,
};
use coldbucket::inventory::function::{
    Alias, FunctionConfiguration, FunctionInventory, FunctionStatus, FunctionUrl, Image,
    Invocations, Measurement, ProvisionedConcurrency, ProvisionedUsage, SnapStart, Starts,
    UrlCalls, Vpc,
};
use coldbucket::inventory::identity::{AccessKey, IdentityInventory, LastAccess};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::key::{GrantOnKey, KeyDescription, KeyInventory, KeyRotation};
use coldbucket::inventory::need::{Guard, Need, ReadingKind, Relation, Scope};
use coldbucket::inventory::object::{ObjectSample, SampledObject};
use coldbucket::inventory::target::{BucketHead, TargetInventory};
use coldbucket::inventory::trail::{
    BasicSelector, DataResources, EventSelectors, TrailInventory, TrailStatus,
};
use coldbucket::inventory::trigger::{EventRule, RuleTarget, Schedule};
use coldbucket::inventory::web_function::{WebEndpoint, WebFunctionInventory, WebRevision};
use coldbucket::inventory::{Reading, Snapshot};
use serde_json::{Value, json};

use crate::support::{
    ALL_ON, BUCKET, OWNER, REGION, RESTRICT, account, acl, function, function_snapshot, logging,
    open_bucket, policy, python, quiet_bucket, quiet_region, region_snapshot, snapshot, status,
};

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/k";

/// A bucket under a key of the account that copies to a bucket nobody listed, and everything else
/// that is neither access nor logging.
fn elaborate() -> AccountInventory {
    let bucket = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}},
            {"Effect": "Deny", "Principal": {"AWS": "333333333333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
        ])),
        policy_status: status(false),
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: Some(KEY.into()),
            ..Encryption::default()
        }),
        versioning: Reading::Known(Versioning {
            status: Some("Enabled".into()),
            mfa_delete: None,
        }),
        object_sample: Reading::Known(ObjectSample {
            asked: 9,
            whole_bucket: true,
            objects: vec![SampledObject {
                key: "k".into(),
                encryption: Some("AES256".into()),
                ..SampledObject::default()
            }],
        }),
        website: Reading::Known(Website {
            index_document: Some("index.html".into()),
            redirect_all_to: None,
        }),
        cors: Reading::Known(vec![CorsRule {
            origins: vec!["*".into()],
            methods: vec!["GET".into(), "PUT".into()],
            headers: Vec::new(),
        }]),
        lifecycle: Reading::Known(vec![LifecycleRule {
            enabled: true,
            whole_bucket: true,
            expires_noncurrent_days: Some(30),
            aborts_uploads_days: Some(7),
            ..LifecycleRule::default()
        }]),
        replication: Reading::Known(Replication {
            role: "arn:aws:iam::111111111111:role/copy".into(),
            rules: vec![ReplicationRule {
                id: "all".into(),
                enabled: true,
                whole_bucket: true,
                destination: "copy".into(),
                ..ReplicationRule::default()
            }],
        }),
        object_lock: Reading::Known(ObjectLock {
            enabled: true,
            default_mode: Some("GOVERNANCE".into()),
            default_days: Some(30),
        }),
        logging: logging("copy"),
        abac: Reading::Known(Abac {
            status: "Enabled".into(),
        }),
        ..quiet_bucket()
    };
    let key = KeyInventory {
        description: Reading::Known(KeyDescription {
            arn: KEY.into(),
            account: OWNER.into(),
            manager: "CUSTOMER".into(),
            state: "Disabled".into(),
            origin: "AWS_KMS".into(),
            spec: "SYMMETRIC_DEFAULT".into(),
            deletion_date: None,
        }),
        rotation: Reading::Known(KeyRotation {
            enabled: true,
            period_days: Some(365),
        }),
        ..KeyInventory::default()
    };
    let target = TargetInventory {
        listed: None,
        head: Reading::Known(BucketHead {
            owner: OWNER.into(),
        }),
    };
    AccountInventory {
        keys: [(KEY.to_owned(), key)].into(),
        targets: [("copy".to_owned(), target)].into(),
        ..account(&[(BUCKET, &bucket)])
    }
}

/// Provisioned concurrency that nobody uses, in a VPC that nobody calls, behind an open URL and a
/// policy whose URL is gone.
fn started_ahead() -> FunctionInventory {
    let open_url = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl",
         "Resource": format!("arn:aws:lambda:{REGION}:{OWNER}:function:f"),
         "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}},
    ]})
    .to_string();
    let mut function = function(FunctionConfiguration {
        vpc: Some(Vpc {
            vpc_id: "vpc-1".into(),
            ..Vpc::default()
        }),
        last_modified: Some("2025-01-01T00:00:00.000+0000".into()),
        ..python("python3.13")
    });
    function.versions.insert("3".into(), python("python3.13"));
    function.aliases = Reading::Known(vec![Alias {
        name: "live".into(),
        version: "3".into(),
        ..Alias::default()
    }]);
    function.provisioned_concurrency = Reading::Known(vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        requested: 2,
        available: 2,
        allocated: 2,
        status: "READY".into(),
        status_reason: None,
        last_modified: Some("2025-01-01T00:00:00+0000".into()),
    }]);
    function.provisioned_usage = Reading::Known(vec![ProvisionedUsage {
        qualifier: "live".into(),
        window_days: 14,
        ..ProvisionedUsage::default()
    }]);
    function.reserved_concurrency = Reading::Known(10);
    function.status = Reading::Known(FunctionStatus {
        state: "Active".into(),
        reason_code: None,
    });
    function.invocations = Reading::Known(Invocations {
        window_days: 14,
        count: 0.0,
    });
    function.urls = Reading::Known(vec![FunctionUrl {
        qualifier: "$LATEST".into(),
        auth_type: "NONE".into(),
        created: "2024-01-01T00:00:00Z".into(),
        modified: None,
        cors: None,
    }]);
    function.url_calls = Reading::Known(vec![UrlCalls {
        qualifier: "$LATEST".into(),
        since: "2026-11-08T12:00:00Z".into(),
        requests: 12.0,
        client_errors: 2.0,
        server_errors: 0.0,
    }]);
    function.policies = Reading::Known(
        [
            ("$LATEST".to_owned(), Some(open_url.clone())),
            ("live".to_owned(), None),
        ]
        .into(),
    );
    function
}

/// A function whose URL asks for IAM credentials, and whose policy lets every account call it.
fn open_to_accounts() -> FunctionInventory {
    let arn = format!("arn:aws:lambda:{REGION}:{OWNER}:function:f");
    let open_url = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": arn,
         "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}},
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": arn,
         "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}},
    ]})
    .to_string();
    let mut function = function(python("python3.13"));
    function.policies = Reading::Known([("$LATEST".to_owned(), Some(open_url))].into());
    function.urls = Reading::Known(vec![FunctionUrl {
        qualifier: "$LATEST".into(),
        auth_type: "AWS_IAM".into(),
        created: "2026-01-01T00:00:00Z".into(),
        modified: None,
        cors: None,
    }]);
    function
}

/// A version with a snapshot that no trigger calls.
fn snapped() -> FunctionInventory {
    let mut function = started_ahead();
    let mut version = python("python3.13");
    version.snap_start = Some(SnapStart {
        apply_on: "PublishedVersions".into(),
        optimization_status: "On".into(),
    });
    function.versions.insert("3".into(), version);
    function.provisioned_concurrency = Reading::Known(Vec::new());
    // Somebody calls the function, so that every list decides whether anybody else does.
    function.urls = Reading::Known(vec![FunctionUrl {
        qualifier: "$LATEST".into(),
        auth_type: "AWS_IAM".into(),
        ..FunctionUrl::default()
    }]);
    function
}

/// A function that a rule and a schedule keep warm.
fn pinged() -> FunctionInventory {
    function(python("python3.13"))
}

fn pinging() -> RegionInventory {
    let arn = format!("arn:aws:lambda:{REGION}:{OWNER}:function:f");
    RegionInventory {
        rules: Reading::Known(vec![EventRule {
            name: "warm".into(),
            bus: "default".into(),
            state: "ENABLED".into(),
            schedule: Some("rate(5 minutes)".into()),
            targets: vec![RuleTarget {
                function_arn: arn.clone(),
                constant_input: true,
            }],
        }]),
        schedules: Reading::Known(vec![Schedule {
            name: "warm".into(),
            group: "default".into(),
            state: "ENABLED".into(),
            schedule: "rate(5 minutes)".into(),
            function_arn: arn,
            constant_input: true,
        }]),
        ..quiet_region()
    }
}

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t";

/// Logs that arrive, by the policy of their target or by its ACL.
fn logged(target: BucketInventory) -> AccountInventory {
    let target = BucketInventory {
        request_payment: Reading::Known("BucketOwner".into()),
        versioning: Reading::Known(Versioning {
            status: Some("Enabled".into()),
            mfa_delete: None,
        }),
        object_lock: Reading::Absent,
        ..target
    };
    let source = BucketInventory {
        logging: logging("logs"),
        ..quiet_bucket()
    };
    account(&[(BUCKET, &source), ("logs", &target), ("other", &source)])
}

fn logged_by_policy() -> AccountInventory {
    logged(BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
             "Resource": "arn:aws:s3:::logs/*"},
        ])),
        policy_status: status(false),
        ..quiet_bucket()
    })
}

fn logged_by_acl() -> AccountInventory {
    logged(BucketInventory {
        acl: acl(&[("LogDelivery", "WRITE")]),
        ..open_bucket()
    })
}

/// The same account with a trail that records everything and delivers to its bucket, and with AWS
/// Config on.
fn watched(mut snapshot: Snapshot) -> Snapshot {
    let account = snapshot.accounts.get_mut(OWNER).unwrap();
    let region = account.regions.entry(REGION.to_owned()).or_default();
    region.trail_listing = Reading::Known(vec![TRAIL.to_owned()]);
    region.config_recorders = Reading::Known(vec![ConfigRecorder {
        name: "default".into(),
        all_supported: true,
        ..ConfigRecorder::default()
    }]);
    region.config_recorder_status = Reading::Known(vec![ConfigRecorderStatus {
        name: "default".into(),
        recording: true,
        last_status: Some("SUCCESS".into()),
        last_error: None,
    }]);
    region.config_delivery_channels = Reading::Known(vec![ConfigDeliveryChannel {
        name: "default".into(),
        bucket: "config".into(),
    }]);
    region.config_deliveries = Reading::Known(vec![ConfigDelivery {
        name: "default".into(),
        history: Some("SUCCESS".into()),
        ..ConfigDelivery::default()
    }]);
    region.config_rules = Reading::Known(vec![coldbucket::inventory::config::ConfigRule {
        name: "logged".into(),
        identifier: "S3_BUCKET_LOGGING_ENABLED".into(),
        owner: "AWS".into(),
        state: "ACTIVE".into(),
    }]);
    let trail = TrailInventory {
        name: "t".into(),
        home_region: REGION.into(),
        multi_region: true,
        bucket: BUCKET.into(),
        status: Reading::Known(TrailStatus {
            logging: true,
            delivery_error: None,
        }),
        selectors: Reading::Known(EventSelectors {
            basic: vec![BasicSelector {
                read_write: "All".into(),
                management: true,
                data: vec![DataResources {
                    kind: "AWS::S3::Object".into(),
                    values: vec!["arn:aws:s3".into()],
                }],
            }],
            advanced: Vec::new(),
        }),
        ..TrailInventory::default()
    };
    account.trails.insert(TRAIL.to_owned(), trail);
    snapshot
}

/// The same account with no trail in its Region.
fn unwatched(mut snapshot: Snapshot) -> Snapshot {
    let account = snapshot.accounts.get_mut(OWNER).unwrap();
    account.regions.insert(
        REGION.to_owned(),
        RegionInventory {
            trail_listing: Reading::Known(Vec::new()),
            ..RegionInventory::default()
        },
    );
    snapshot
}

/// Doors to a bucket that everybody reads: one whose policy says so, one whose policy only AWS can
/// judge, one for a partner, and one for a partner that is cut off since its policy is public too, each
/// for one Region and for several.
fn doors() -> AccountInventory {
    let reads = |principals: &[Value], resource: &str, operator: &str| {
        let statement = |principal: &Value| {
            let mut statement = json!({
                "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": resource,
            });
            if !operator.is_empty() {
                statement["Condition"] = json!({ operator: {"aws:PrincipalTag/team": "red"} });
            }
            statement
        };
        policy(&principals.iter().map(statement).collect())
    };
    let everyone = [json!("*")];
    let partner = [json!({"AWS": "222222222222"})];
    let both = [json!("*"), json!({"AWS": "222222222222"})];
    let bucket = BucketInventory {
        policy: reads(&everyone, "arn:aws:s3:::b/*", ""),
        ..open_bucket()
    };
    let here = |name: &str, principals: &[Value], operator: &str, public, block| {
        let arn = format!("arn:aws:s3:{REGION}:{OWNER}:accesspoint/{name}/object/*");
        let point = AccessPointInventory {
            bucket: BUCKET.into(),
            network_origin: "Internet".into(),
            configuration: Reading::Known(AccessPointConfiguration {
                public_access_block: block,
                created: None,
            }),
            policy: reads(principals, &arn, operator),
            policy_status: status(public),
            ..AccessPointInventory::default()
        };
        (name.to_owned(), point)
    };
    let everywhere = |name: &str, principals: &[Value], operator: &str, public, block| {
        let arn = format!("arn:aws:s3::{OWNER}:accesspoint/{name}.mrap/object/*");
        let point = MultiRegionAccessPointInventory {
            alias: format!("{name}.mrap"),
            regions: vec![AccessPointRegion {
                bucket: BUCKET.into(),
                region: REGION.into(),
                bucket_account: None,
            }],
            public_access_block: block,
            policy: reads(principals, &arn, operator),
            policy_status: status(public),
            ..MultiRegionAccessPointInventory::default()
        };
        (name.to_owned(), point)
    };
    let none = PublicAccessBlock::default();
    let region = RegionInventory {
        access_points: [
            here("open", &everyone, "", true, none),
            here("unclear", &everyone, "StringSounds", false, none),
            here("partner", &partner, "", false, none),
            here("both", &both, "", true, RESTRICT),
        ]
        .into(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        multi_region_access_points: [
            everywhere("open", &everyone, "", true, none),
            everywhere("unclear", &everyone, "StringSounds", false, none),
            everywhere("partner", &partner, "", false, none),
            everywhere("both", &both, "", true, RESTRICT),
        ]
        .into(),
        ..account(&[(BUCKET, &bucket)])
    }
}

/// A Web Function that any account and any CloudFront distribution may call, with its code in a bucket.
fn site() -> AccountInventory {
    let arn = format!("arn:aws:lambda:{REGION}:{OWNER}:web-function/shop");
    let function = WebFunctionInventory {
        endpoints: Reading::Known(vec![WebEndpoint {
            name: "prod".into(),
            arn: format!("{arn}/endpoint/prod"),
            auth_type: "IamAuth".into(),
            state: "Active".into(),
            revisions: vec!["r1".into()],
            ..WebEndpoint::default()
        }]),
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "lambda:InvokeWebFunctionEndpoint", "Resource": format!("{arn}/endpoint/*")},
            {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "lambda:InvokeWebFunctionEndpoint", "Resource": format!("{arn}/endpoint/*")},
        ])),
        revisions: Reading::Known(
            [(
                "r1".to_owned(),
                WebRevision {
                    stored_in: Some(StoredCode {
                        bucket: "builds".into(),
                        key: "shop.zip".into(),
                        version: None,
                    }),
                },
            )]
            .into(),
        ),
        arn,
        state: "Active".into(),
    };
    let region = RegionInventory {
        web_function_listing: Reading::Known(Listing { complete: true }),
        web_functions: [("shop".to_owned(), function)].into(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[])
    }
}

/// A directory bucket that another account uses, without a KMS key.
fn express() -> AccountInventory {
    let bucket = RegionalBucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3express:CreateSession", "Resource": "*"},
        ])),
        encryption: Reading::Known(Encryption {
            algorithm: Some("AES256".into()),
            blocked_encryption_types: Some(vec!["SSE-C".into()]),
            ..Encryption::default()
        }),
        ..RegionalBucketInventory::default()
    };
    let region = RegionInventory {
        directory_buckets: [("b--euw1-az1--x-s3".to_owned(), bucket)].into(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[])
    }
}

/// A table bucket, a vector bucket and a file system that another account uses, without KMS keys.
fn other_kinds() -> AccountInventory {
    let bucket = |action: &str, algorithm: &str| RegionalBucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": action, "Resource": "*"},
        ])),
        encryption: Reading::Known(Encryption {
            algorithm: Some(algorithm.into()),
            blocked_encryption_types: Some(vec!["SSE-C".into()]),
            ..Encryption::default()
        }),
        ..RegionalBucketInventory::default()
    };
    let region = RegionInventory {
        table_buckets: [("t".to_owned(), bucket("s3tables:*", "AES256"))].into(),
        vector_buckets: [("v".to_owned(), bucket("s3vectors:*", "AES256"))].into(),
        file_systems: [(
            "fs-0123456789abcdef0".to_owned(),
            bucket("s3files:ClientMount", "service-owned"),
        )]
        .into(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[])
    }
}

/// A user with a key and a right on S3.
fn people() -> AccountInventory {
    let ann = IdentityInventory {
        arn: format!("arn:aws:iam::{OWNER}:user/ann"),
        inline: [(
            "read".to_owned(),
            policy(&json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]))
                .known()
                .unwrap()
                .clone(),
        )]
        .into(),
        access_keys: Reading::Known(vec![AccessKey {
            active: true,
            created: Some("2026-01-01T00:00:00Z".into()),
            ..AccessKey::default()
        }]),
        last_access: Reading::Known(LastAccess {
            covers_s3: true,
            s3: Some("2026-01-01T00:00:00Z".into()),
        }),
        ..IdentityInventory::default()
    };
    AccountInventory {
        identities: [("user/ann".to_owned(), ann)].into(),
        ..account(&[])
    }
}

/// A bucket under a key: one role reads it, another is refused by the key, and two other accounts come
/// near it.
fn shared() -> AccountInventory {
    let document = |statements: &Value| policy(statements).known().unwrap().clone();
    let role = |name: &str, trusted: &str, statements: &Value| IdentityInventory {
        arn: format!("arn:aws:iam::{OWNER}:role/{name}"),
        path: "/".into(),
        inline: [("own".to_owned(), document(statements))].into(),
        trust: Some(document(&json!([
            {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"},
        ]))),
        ..IdentityInventory::default()
    };
    let cook = role(
        "cook",
        "222222222222",
        &json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]),
    );
    let chef = role(
        "chef",
        OWNER,
        &json!([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]),
    );
    let bucket = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"AWS": chef.arn}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        ])),
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            kms_key: Some(KEY.into()),
            ..Encryption::default()
        }),
        tags: Reading::Known([("data".to_owned(), "Confidential".to_owned())].into()),
        ..quiet_bucket()
    };
    let key = KeyInventory {
        description: Reading::Known(KeyDescription {
            arn: KEY.into(),
            account: OWNER.into(),
            manager: "CUSTOMER".into(),
            state: "Enabled".into(),
            ..KeyDescription::default()
        }),
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": {"AWS": [OWNER, cook.arn]}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "kms:Decrypt", "Resource": "*"},
        ])),
        grants: Reading::Known(Vec::new()),
        ..KeyInventory::default()
    };
    AccountInventory {
        keys: [(KEY.to_owned(), key)].into(),
        identities: [
            ("role/chef".to_owned(), chef),
            ("role/cook".to_owned(), cook),
        ]
        .into(),
        identity_listing: Reading::Known(Listing { complete: true }),
        ..account(&[(BUCKET, &bucket)])
    }
}

/// Who reads, and who is refused: identity, bucket and key policies together.
#[test]
fn readers_are_counted_and_the_key_is_asked() {
    let of = |account: AccountInventory, trust: Trust| {
        let snapshot = snapshot(account);
        let facts = Facts::new(&snapshot, trust);
        let subject = facts.subjects(SubjectKind::Bucket).next().unwrap();
        let document = facts.view(&subject).unwrap().document(&FactPaths::of([
            "bucket.reach",
            "bucket.key.decrypted_by",
            "bucket.labels",
        ]));
        document.known["bucket"].clone()
    };
    let seen = of(shared(), Trust::default());
    assert_eq!(seen["labels"], json!(["data=confidential"]));
    assert_eq!(
        seen["reach"],
        json!({"readers": 1, "roles_for_others": ["role/cook by account 222222222222"], "refused_by_key": ["role/chef"]})
    );
    assert_eq!(seen["key"]["decrypted_by"], json!(["account 333333333333"]));
    // Accounts that the configuration trusts are no finding.
    let trust = Trust {
        accounts: ["222222222222".to_owned(), "333333333333".to_owned()].into(),
        ..Trust::default()
    };
    let seen = of(shared(), trust);
    assert_eq!(seen["reach"]["roles_for_others"], json!([]));
    assert_eq!(seen["key"]["decrypted_by"], json!([]));
    // A grant of the key lets the role in that the key policy does not name.
    let mut account = shared();
    account.keys.get_mut(KEY).unwrap().grants = Reading::Known(vec![GrantOnKey {
        grantee: format!("arn:aws:iam::{OWNER}:role/chef"),
        operations: vec!["Decrypt".into()],
        ..GrantOnKey::default()
    }]);
    let seen = of(account, Trust::default());
    assert_eq!(seen["reach"]["readers"], json!(2));
    assert_eq!(seen["reach"]["refused_by_key"], json!([]));
    // A role that reads every bucket has no broken grant: the key separates duties.
    let mut account = shared();
    let chef = account.identities.get_mut("role/chef").unwrap();
    chef.inline = [(
        "own".to_owned(),
        policy(&json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]))
            .known()
            .unwrap()
            .clone(),
    )]
    .into();
    assert_eq!(
        of(account, Trust::default())["reach"]["refused_by_key"],
        json!([])
    );
    // A key policy for everyone, and one for an organization.
    for (principal, condition, words) in [
        ("*", json!({}), json!(["any AWS account"])),
        (
            "*",
            json!({"StringEquals": {"kms:CallerAccount": OWNER}}),
            json!([]),
        ),
        (
            "*",
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}),
            json!(["accounts of organization o-abcdefghij"]),
        ),
    ] {
        let mut account = shared();
        account.keys.get_mut(KEY).unwrap().policy = policy(&json!([
            {"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*", "Condition": condition},
        ]));
        assert_eq!(
            of(account, Trust::default())["key"]["decrypted_by"],
            words,
            "{condition}"
        );
    }
}

/// Accounts in which, between them, every reading matters to every fact that declares it.
fn accounts() -> Vec<Snapshot> {
    let everything_from_an_endpoint = policy(&json!([
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"},
    ]));
    let behind_endpoint = BucketInventory {
        policy: everything_from_an_endpoint,
        policy_status: status(false),
        public_access_block: Reading::Known(RESTRICT),
        encryption: Reading::Known(Encryption {
            algorithm: Some("aws:kms".into()),
            bucket_key: Some(true),
            blocked_encryption_types: Some(vec!["NONE".into()]),
            ..Encryption::default()
        }),
        tags: Reading::Known([("team".to_owned(), "red".to_owned())].into()),
        ..open_bucket()
    };
    let by_acl = BucketInventory {
        object_acls: Reading::Known(
            [(
                "k".to_owned(),
                acl(&[("AllUsers", "READ")]).known().unwrap().clone(),
            )]
            .into(),
        ),
        acl: acl(&[
            ("AllUsers", "FULL_CONTROL"),
            ("friend", "READ"),
            ("LogDelivery", "WRITE"),
        ]),
        ..open_bucket()
    };
    let source = BucketInventory {
        logging: logging(BUCKET),
        ..quiet_bucket()
    };
    let by_account = AccountInventory {
        public_access_block: Reading::Known(ALL_ON),
        ..account(&[(
            BUCKET,
            &BucketInventory {
                public_access_block: Reading::Absent,
                ..behind_endpoint.clone()
            },
        )])
    };
    let public = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"},
        ])),
        policy_status: status(true),
        ..open_bucket()
    };
    let cut_by_bucket = BucketInventory {
        public_access_block: Reading::Known(RESTRICT),
        ..public.clone()
    };
    let cut_by_account = AccountInventory {
        public_access_block: Reading::Known(RESTRICT),
        ..account(&[(BUCKET, &public)])
    };
    // Whether this policy is public is not documented: AWS's own word decides.
    let by_aws_word = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
             "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}},
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:*", "Resource": "*"},
        ])),
        public_access_block: Reading::Known(RESTRICT),
        ..public.clone()
    };
    // Open to a carrier's network; the other statement leaves open whether the policy is public.
    let from_a_wide_network = BucketInventory {
        policy: policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
             "Condition": {"IpAddress": {"aws:SourceIp": "203.0.0.0/12"}}},
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetBucketLocation", "Resource": "*",
             "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}},
        ])),
        policy_status: status(false),
        public_access_block: Reading::Known(RESTRICT),
        ..open_bucket()
    };
    let published = FunctionConfiguration {
        runtime: Some("java21".into()),
        ..python("java21")
    };
    let mut busy = function(python("python3.13"));
    busy.versions.insert("3".into(), published);
    busy.aliases = Reading::Known(vec![Alias {
        name: "live".into(),
        version: "3".into(),
        ..Alias::default()
    }]);
    busy.provisioned_concurrency = Reading::Known(vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        requested: 2,
        available: 2,
        allocated: 2,
        status: "READY".into(),
        status_reason: None,
        last_modified: None,
    }]);
    let mut inspected = function(python("python3.13"));
    inspected.packages = Reading::Known(vec![Package {
        version: "$LATEST".into(),
        code: Archive {
            zipped_bytes: 3 << 20,
            unzipped_bytes: 9 << 20,
            files: 70,
            folders: vec![Folder {
                path: "boto3".into(),
                files: 60,
                zipped_bytes: 2 << 20,
                unzipped_bytes: 5 << 20,
            }],
            contents: vec![Content {
                kind: ContentKind::PythonSdk,
                files: 60,
                zipped_bytes: 2 << 20,
                unzipped_bytes: 5 << 20,
                example: "boto3".into(),
                variant: String::new(),
            }],
            ..Archive::default()
        },
        ..Package::default()
    }]);
    let mut measured = function(python("python3.13"));
    measured.measured = Reading::Known(Measurement {
        window_days: 14,
        complete: true,
        versions: [(
            "$LATEST".to_owned(),
            Starts {
                invocations: 900,
                cold_starts: 30,
                init_p50_ms: 2000.0,
                init_p99_ms: 2500.0,
                total_p50_ms: 2600.0,
                total_p99_ms: 3000.0,
                duration_p50_ms: 100.0,
            },
        )]
        .into(),
    });
    // Three functions whose measurements say something about the fourth.
    let mut habits = function_snapshot(function(python("java21")), REGION, "2026-11-22T12:00:00Z");
    let mut sibling = function(python("java21"));
    sibling.measured = measured.measured.clone();
    sibling.packages = Reading::Known(vec![Package {
        version: "$LATEST".into(),
        code: Archive {
            contents: vec![Content {
                kind: ContentKind::JavaSdk,
                files: 9,
                zipped_bytes: 1 << 20,
                unzipped_bytes: 2 << 20,
                example: "lib".into(),
                variant: String::new(),
            }],
            ..Archive::default()
        },
        ..Package::default()
    }]);
    for name in ["first", "second", "third"] {
        let regions = &mut habits.accounts.get_mut(OWNER).unwrap().regions;
        let functions = &mut regions.get_mut(REGION).unwrap().functions;
        functions.insert(name.to_owned(), sibling.clone());
    }
    let mut image = function(FunctionConfiguration {
        runtime: None,
        package_type: "Image".into(),
        code_size_bytes: 0,
        ..python("")
    });
    image.image = Reading::Known(Image {
        compressed_bytes: 90 << 20,
    });
    let mut accounts = vec![
        snapshot(account(&[(BUCKET, &behind_endpoint)])),
        snapshot(account(&[(BUCKET, &by_acl)])),
        snapshot(account(&[(BUCKET, &quiet_bucket()), ("source", &source)])),
        snapshot(account(&[("source", &source)])),
        snapshot(by_account),
        snapshot(account(&[(BUCKET, &cut_by_bucket)])),
        snapshot(cut_by_account),
        snapshot(account(&[(BUCKET, &by_aws_word)])),
        snapshot(account(&[(BUCKET, &from_a_wide_network)])),
        snapshot(elaborate()),
        snapshot(shared()),
        snapshot(doors()),
        snapshot(express()),
        snapshot(other_kinds()),
        snapshot(people()),
        snapshot(site()),
        function_snapshot(busy, REGION, "2026-11-22T12:00:00Z"),
        function_snapshot(open_to_accounts(), REGION, "2026-11-22T12:00:00Z"),
        function_snapshot(image, REGION, "2026-11-22T12:00:00Z"),
        region_snapshot(
            started_ahead(),
            quiet_region(),
            REGION,
            "2026-11-22T12:00:00Z",
        ),
        region_snapshot(snapped(), quiet_region(), REGION, "2026-11-22T12:00:00Z"),
        region_snapshot(pinged(), pinging(), REGION, "2026-11-22T12:00:00Z"),
        function_snapshot(inspected, REGION, "2026-11-22T12:00:00Z"),
        function_snapshot(measured, REGION, "2026-11-22T12:00:00Z"),
        habits,
        snapshot(logged_by_policy()),
        snapshot(logged_by_acl()),
    ];
    accounts.push(unwatched(accounts[2].clone()));
    let watched: Vec<Snapshot> = accounts.iter().cloned().map(watched).collect();
    accounts.extend(watched);
    accounts
}

/// The facts of a subject, path by path: what is known there, and why the rest is not.
#[derive(Default)]
struct Seen {
    known: BTreeMap<String, Vec<String>>,
    unknown: BTreeMap<String, String>,
}

fn seen(snapshot: &Snapshot, subject: &Subject) -> Seen {
    let facts = Facts::new(snapshot, Trust::default());
    let document = facts
        .view(subject)
        .unwrap()
        .document(&FactPaths::EVERYTHING);
    let mut seen = Seen::default();
    for (name, value) in document.known.as_object().unwrap() {
        leaves(name, value, &mut seen.known);
    }
    for (path, because) in document.unknown {
        seen.unknown.insert(path, format!("{because:?}"));
    }
    seen
}

fn leaves(path: &str, value: &Value, out: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(&format!("{path}.{name}"), member, out);
            }
        }
        Value::Array(items) => {
            out.entry(path.to_owned())
                .or_default()
                .push(format!("{} items", items.len()));
            for item in items {
                leaves(&format!("{path}[]"), item, out);
            }
        }
        leaf => out
            .entry(path.to_owned())
            .or_default()
            .push(leaf.to_string()),
    }
}

fn is_at_or_above(upper: &str, lower: &str) -> bool {
    lower
        .strip_prefix(upper)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Tags are a map with names of the account's own, so a path ends there.
fn declared_path(path: &str) -> &str {
    if path.starts_with("bucket.tags") {
        "bucket.tags"
    } else {
        path
    }
}

/// The pointers of a reading that a need of that relation opens, seen from a subject.
fn pointers(
    snapshot: &Snapshot,
    subject: &Subject,
    relation: Relation,
    kind: ReadingKind,
) -> Vec<String> {
    let member = kind.name().rsplit('.').next().unwrap();
    let id = &subject.id;
    match (relation, kind.scope(), id.kind) {
        (Relation::Own, Scope::Account, _) => vec![format!("/accounts/{OWNER}/{member}")],
        (Relation::Own, Scope::Bucket, SubjectKind::Bucket) if id.arn.contains(":s3:::") => {
            vec![format!("/accounts/{OWNER}/buckets/{}/{member}", id.name)]
        }
        (
            Relation::Own,
            Scope::DirectoryBucket | Scope::TableBucket | Scope::VectorBucket | Scope::FileSystem,
            SubjectKind::Bucket,
        ) => {
            let (service, map) = match kind.scope() {
                Scope::DirectoryBucket => (":s3express:", "directory_buckets"),
                Scope::TableBucket => (":s3tables:", "table_buckets"),
                Scope::VectorBucket => (":s3vectors:", "vector_buckets"),
                _ => (":s3files:", "file_systems"),
            };
            let (region, name) = (&id.region, &id.name);
            let pointer = format!("/accounts/{OWNER}/regions/{region}/{map}/{name}/{member}");
            Vec::from_iter(id.arn.contains(service).then_some(pointer))
        }
        (Relation::Siblings, Scope::Bucket, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .buckets
            .keys()
            .filter(|name| **name != id.name && Some(name.as_str()) != log_target(snapshot, id))
            .map(|name| format!("/accounts/{OWNER}/buckets/{name}/{member}"))
            .collect(),
        (Relation::Siblings, Scope::Function, SubjectKind::Function)
            if matches!(
                kind,
                ReadingKind::FunctionMeasured | ReadingKind::FunctionPackages
            ) =>
        {
            let regions = &snapshot.accounts[OWNER].regions;
            let of_region = |region: &String, functions: Vec<&String>| -> Vec<String> {
                functions
                    .into_iter()
                    .filter(|name| (region, *name) != (&id.region, &id.name))
                    .map(|name| {
                        format!("/accounts/{OWNER}/regions/{region}/functions/{name}/{member}")
                    })
                    .collect()
            };
            regions
                .iter()
                .flat_map(|(region, inventory)| {
                    of_region(region, inventory.functions.keys().collect())
                })
                .collect()
        }
        (Relation::EncryptionKey, Scope::Key, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .keys
            .keys()
            .map(|arn| format!("/accounts/{OWNER}/keys/{}/{member}", arn.replace('/', "~1")))
            .collect(),
        (Relation::Destination, Scope::Target, SubjectKind::Bucket) => snapshot.accounts[OWNER]
            .targets
            .keys()
            .map(|name| format!("/accounts/{OWNER}/targets/{name}/{member}"))
            .collect(),
        (Relation::Own, Scope::Region, SubjectKind::Function) => {
            vec![format!("/accounts/{OWNER}/regions/{}/{member}", id.region)]
        }
        (Relation::LogTarget, Scope::Bucket, SubjectKind::Bucket) => log_target(snapshot, id)
            .filter(|name| snapshot.accounts[OWNER].buckets.contains_key(*name))
            .map(|name| format!("/accounts/{OWNER}/buckets/{name}/{member}"))
            .into_iter()
            .collect(),
        (Relation::Own, Scope::Trail, SubjectKind::Trail)
        | (Relation::Trails, Scope::Trail, SubjectKind::Bucket | SubjectKind::Account) => snapshot
            .accounts[OWNER]
            .trails
            .keys()
            .map(|arn| {
                format!(
                    "/accounts/{OWNER}/trails/{}/{member}",
                    arn.replace('/', "~1")
                )
            })
            .collect(),
        (Relation::TrailBucket, Scope::Bucket, SubjectKind::Trail) => snapshot.accounts[OWNER]
            .trails
            .values()
            .filter(|trail| snapshot.accounts[OWNER].buckets.contains_key(&trail.bucket))
            .map(|trail| format!("/accounts/{OWNER}/buckets/{}/{member}", trail.bucket))
            .collect(),
        (Relation::Own, Scope::Region, SubjectKind::Region)
        | (Relation::Region, Scope::Region, SubjectKind::Bucket | SubjectKind::Account) => snapshot
            .accounts[OWNER]
            .regions
            .keys()
            .map(|name| format!("/accounts/{OWNER}/regions/{name}/{member}"))
            .collect(),
        (Relation::Own, Scope::Identity, SubjectKind::Identity) => vec![format!(
            "/accounts/{OWNER}/identities/{}/{member}",
            id.name.replace('/', "~1")
        )],
        (Relation::Own, Scope::AccessPoint, SubjectKind::AccessPoint) if id.region != "global" => {
            vec![format!(
                "/accounts/{OWNER}/regions/{}/access_points/{}/{member}",
                id.region, id.name
            )]
        }
        (Relation::Own, Scope::MultiRegionAccessPoint, SubjectKind::AccessPoint)
            if id.region == "global" =>
        {
            vec![format!(
                "/accounts/{OWNER}/multi_region_access_points/{}/{member}",
                id.name
            )]
        }
        (Relation::BehindAccessPoint, Scope::Bucket, SubjectKind::AccessPoint) => {
            vec![format!("/accounts/{OWNER}/buckets/{BUCKET}/{member}")]
        }
        (Relation::Own, Scope::Function, SubjectKind::Function) => vec![format!(
            "/accounts/{OWNER}/regions/{}/functions/{}/{member}",
            id.region, id.name
        )],
        (Relation::Own, Scope::WebFunction, SubjectKind::WebFunction) => vec![format!(
            "/accounts/{OWNER}/regions/{}/web_functions/{}/{member}",
            id.region, id.name
        )],
        _ => Vec::new(),
    }
}

fn log_target<'a>(
    snapshot: &'a Snapshot,
    id: &coldbucket::inventory::ids::ResourceId,
) -> Option<&'a str> {
    let bucket = snapshot.accounts[OWNER].buckets.get(&id.name)?;
    Some(bucket.logging.known()?.target_bucket.as_str())
}

/// The snapshot with those readings replaced.
fn without(snapshot: &Snapshot, pointers: &[String], state: &Value) -> Snapshot {
    let mut document = serde_json::to_value(snapshot).unwrap();
    for pointer in pointers {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[member] = state.clone();
    }
    serde_json::from_value(document).unwrap()
}

fn listing(kind: ReadingKind) -> bool {
    matches!(
        kind,
        ReadingKind::BucketListing
            | ReadingKind::FunctionListing
            | ReadingKind::RegionListing
            | ReadingKind::IdentityListing
            | ReadingKind::AccessPointListing
            | ReadingKind::DirectoryBucketListing
            | ReadingKind::TableBucketListing
            | ReadingKind::VectorBucketListing
            | ReadingKind::FileSystemListing
            | ReadingKind::MultiRegionAccessPointListing
            | ReadingKind::WebFunctionListing
    )
}

fn missing_states(action: &str) -> [(&'static str, Value); 5] {
    [
        ("NotCollected", json!("not-collected")),
        ("LeftOut", json!("left-out")),
        (
            "Denied",
            json!({"denied": {"action": action, "code": "AccessDenied"}}),
        ),
        (
            "Failed",
            json!({"failed": {"action": action, "code": "Timeout", "message": "m"}}),
        ),
        ("Undetermined", json!({"undetermined": "aws_s3_bucket.b"})),
    ]
}

#[test]
fn facts_open_what_they_declare_and_become_unknown_without_it() {
    let mut mattered: BTreeSet<(String, Need)> = BTreeSet::new();
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        let subjects: Vec<Subject> = SubjectKind::ALL
            .into_iter()
            .flat_map(|kind| facts.subjects(kind))
            .filter(|subject| facts.view(subject).is_some())
            .collect();
        for subject in subjects {
            let full = seen(&snapshot, &subject);
            for kind in ReadingKind::ALL
                .iter()
                .copied()
                .filter(|kind| !listing(*kind))
            {
                for relation in [
                    Relation::Own,
                    Relation::Siblings,
                    Relation::EncryptionKey,
                    Relation::Destination,
                    Relation::LogTarget,
                    Relation::Trails,
                    Relation::TrailBucket,
                    Relation::Region,
                    Relation::BehindAccessPoint,
                ] {
                    let pointers = pointers(&snapshot, &subject, relation, kind);
                    if pointers.is_empty() {
                        continue;
                    }
                    for (state, value) in missing_states(kind.action()) {
                        let less = seen(&without(&snapshot, &pointers, &value), &subject);
                        let what = format!("{} of {}: {state}", kind.name(), subject.id.name);
                        let changed = changed_paths(&full, &less, relation, kind, state, &what);
                        for path in changed {
                            let need = needs(declared_path(&path))
                                .into_iter()
                                .find(|need| need.reading == kind && need.relation == relation)
                                .unwrap_or_else(|| panic!("{what}: {path} does not declare it"));
                            mattered.insert((path, need));
                        }
                    }
                }
            }
        }
    }
    let idle: Vec<String> = declarations()
        .flat_map(|(path, needs)| needs.iter().map(move |need| (path, *need)))
        .filter(|(_, need)| !listing(need.reading))
        // The list makes the trails: without it there is none to ask about (tests/facts/subjects.rs).
        .filter(|(path, need)| *path != "trail" || need.reading != ReadingKind::TrailListing)
        .filter(|(path, need)| {
            !mattered.iter().any(|(changed, opened)| {
                opened == need && (is_at_or_above(path, changed) || is_at_or_above(changed, path))
            })
        })
        .map(|(path, need)| format!("{path} declares {need:?} and never changes"))
        .collect();
    assert!(idle.is_empty(), "{idle:#?}");
}

/// The paths that differ, each of them now unknown, and because of that reading. What a sibling says
/// is the exception: without it there is less to know, and no unknown.
fn changed_paths(
    full: &Seen,
    less: &Seen,
    relation: Relation,
    kind: ReadingKind,
    state: &str,
    what: &str,
) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    for (path, values) in &full.known {
        if less.known.get(path) == Some(values) {
            continue;
        }
        changed.insert(path.clone());
        if relation == Relation::Siblings {
            continue;
        }
        // An estimate is there without what only an option reads, coarser. Where that was asked for
        // and refused, it is unknown like everything else.
        let not_asked = matches!(state, "NotCollected" | "LeftOut");
        if kind.opt_in() && not_asked && path.contains(".cold_start.") {
            continue;
        }
        // Where Block Public Access refuses public policies, one that is known only after deployment is
        // taken to name no network that AWS does not call public (docs/before-deployment.md).
        if state == "Undetermined" && path.starts_with("bucket.exposure.wide_networks") {
            continue;
        }
        assert!(
            !less.known.contains_key(path),
            "{what}: {path} became another value"
        );
        let because = less
            .unknown
            .iter()
            .find(|(unknown, _)| is_at_or_above(unknown, path))
            .unwrap_or_else(|| panic!("{what}: {path} vanished"))
            .1;
        if state == "Undetermined" {
            assert!(
                because.contains("aws_s3_bucket.b"),
                "{what}: {path}: {because}"
            );
        } else if state == "LeftOut" {
            // Nothing is missing: no permission would settle it.
            assert!(because.contains("Undecidable"), "{what}: {path}: {because}");
            assert!(because.contains(kind.action()), "{what}: {path}: {because}");
        } else {
            assert!(because.contains(kind.action()), "{what}: {path}: {because}");
            assert!(because.contains(state), "{what}: {path}: {because}");
        }
    }
    for (path, because) in &less.unknown {
        if full.unknown.get(path) != Some(because)
            && !changed.iter().any(|known| is_at_or_above(path, known))
        {
            changed.insert(path.clone());
        }
    }
    changed
}

/// What "no such configuration" stands for is a value, so nothing is unknown for its sake.
#[test]
fn absent_is_an_answer() {
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        for subject in [
            SubjectKind::Account,
            SubjectKind::Bucket,
            SubjectKind::Function,
            SubjectKind::Identity,
            SubjectKind::AccessPoint,
            SubjectKind::WebFunction,
        ]
        .into_iter()
        .flat_map(|kind| facts.subjects(kind))
        .filter(|subject| facts.view(subject).is_some())
        {
            for kind in ReadingKind::ALL
                .iter()
                .copied()
                .filter(|kind| !listing(*kind))
            {
                let pointers = pointers(&snapshot, &subject, Relation::Own, kind);
                let less = seen(&without(&snapshot, &pointers, &json!("absent")), &subject);
                for because in less.unknown.values() {
                    assert!(
                        !because.contains("Denied") && !because.contains("Failed"),
                        "{}: {because}",
                        kind.name()
                    );
                }
            }
        }
    }
}

/// Every leaf of every schema is declared, so no condition can name a fact without its needs.
#[test]
fn every_fact_declares_its_needs() {
    for snapshot in accounts() {
        let facts = Facts::new(&snapshot, Trust::default());
        for kind in SubjectKind::ALL {
            for subject in facts.subjects(kind) {
                if facts.view(&subject).is_none() {
                    continue;
                }
                let seen = seen(&snapshot, &subject);
                for path in seen.known.keys().chain(seen.unknown.keys()) {
                    assert!(
                        declarations().any(|(declared, _)| declared.contains('.')
                            && is_at_or_above(declared, declared_path(path)))
                            || path.starts_with("function."),
                        "{path}"
                    );
                }
            }
        }
    }
}

/// A path that no schema has would silently declare nothing.
#[test]
fn every_declared_path_is_in_the_schema() {
    for (path, _) in declarations() {
        let (variable, rest) = path.split_once('.').unwrap_or((path, ""));
        let kind = SubjectKind::ALL
            .into_iter()
            .find(|kind| kind.variable() == variable)
            .unwrap();
        let root = coldbucket::facts::schema(kind);
        let mut here = &root;
        for segment in rest.split('.').filter(|segment| !segment.is_empty()) {
            let name = segment.trim_end_matches("[]");
            here = resolve(&root, &resolve(&root, here)["properties"][name]);
            assert!(!here.is_null(), "{path}: {segment}");
            if segment.ends_with("[]") {
                here = resolve(&root, &here["items"]);
            }
        }
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn own(path: &str) -> Vec<&'static str> {
    needs(path)
        .into_iter()
        .map(|need| need.reading.name())
        .collect()
}

#[test]
fn a_fact_needs_no_more_than_its_own_calls() {
    assert_eq!(
        own("bucket.transport.plain_http_reachable"),
        ["account.bucket_listing", "bucket.policy"]
    );
    assert_eq!(own("bucket.name"), ["account.bucket_listing"]);
    assert_eq!(
        own("bucket.acl.enabled"),
        ["account.bucket_listing", "bucket.ownership"]
    );
    assert_eq!(own("account.id"), [] as [&str; 0]);
    assert_eq!(
        own("function.latest.runtime.deprecated"),
        ["region.function_listing"]
    );
    assert_eq!(
        own("function.versions[].runtime.deprecated"),
        [
            "region.function_listing",
            "function.aliases",
            "function.provisioned_concurrency"
        ]
    );
    assert_eq!(
        own("bucket.nothing_of_the_kind"),
        ["account.bucket_listing"]
    );
    assert_eq!(own("nothing"), [] as [&str; 0]);
    // A path above a group needs all of it; the list alone does not open what is in its items.
    assert!(own("function.versions").contains(&"function.image"));
    assert!(
        !list_needs("function.versions")
            .iter()
            .any(|need| need.reading == ReadingKind::FunctionImage)
    );
}

/// All facts of a bucket together open fifteen readings, most of them guarded, and one more of log
/// targets. That no bucket is asked for all of them is a matter of collection (collection.rs).
#[test]
fn a_bucket_has_fifteen_readings_and_a_log_target_sixteen() {
    let all = needs("bucket");
    let calls: BTreeSet<ReadingKind> = all
        .iter()
        .filter(|need| {
            need.reading.scope() == Scope::Bucket
                && !need.reading.opt_in()
                && need.relation != Relation::LogTarget
        })
        .map(|need| need.reading)
        .collect();
    assert_eq!(calls.len(), 15);
    assert!(!calls.contains(&ReadingKind::BucketRequestPayment));
    for need in all {
        let expected = match need.reading {
            ReadingKind::BucketAcl => Guard::UnlessBucketOwnerEnforced,
            // The facts that set AWS's word beside ours ask for it wherever there is one.
            ReadingKind::BucketPolicyStatus if need.guard == Guard::UnlessNoPolicy => need.guard,
            ReadingKind::BucketPolicyStatus => Guard::OnlyWherePublicCounts,
            ReadingKind::BucketPublicAccessBlock => Guard::UnlessAccountBlocksAll,
            ReadingKind::BucketTags => Guard::WhileThereIsRoom,
            ReadingKind::BucketReplication | ReadingKind::BucketObjectLock => {
                Guard::UnlessNotVersioned
            }
            ReadingKind::BucketAbac => Guard::UnlessNoTagCondition,
            ReadingKind::KeyRotation => Guard::OnlyRotatable,
            ReadingKind::KeyPolicy | ReadingKind::KeyGrants => Guard::OnlyCustomerKeys,
            ReadingKind::BucketObjectAcls => Guard::UnlessAclsWithoutEffect,
            _ => Guard::Always,
        };
        assert_eq!(need.guard, expected, "{need:?}");
    }
}

/// Facts that set AWS's own word beside ours; they ask for it wherever there is a policy.
const OF_AWS: [&str; 2] = ["bucket.public_status.aws", "bucket.public_status.disagree"];

/// Where the guard of a call depends on the account or on the policy, the call changes nothing either.
#[test]
fn calls_that_the_account_or_the_policy_makes_pointless_change_nothing() {
    let public = policy(&json!([{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
    }]));
    let named = policy(&json!([{
        "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
    }]));
    let judged =
        |policy: &Reading<String>, is_public, block: Reading<PublicAccessBlock>| BucketInventory {
            policy: policy.clone(),
            policy_status: Reading::Known(PolicyStatus { is_public }),
            public_access_block: block,
            ..quiet_bucket()
        };
    let cases = [
        (
            "nobody is cut off",
            ReadingKind::BucketPolicyStatus,
            Reading::Absent,
            judged(&public, true, Reading::Absent),
        ),
        (
            "named principals are not the public",
            ReadingKind::BucketPolicyStatus,
            Reading::Absent,
            judged(&named, false, Reading::Known(ALL_ON)),
        ),
        (
            "the account blocks all",
            ReadingKind::BucketPublicAccessBlock,
            Reading::Known(ALL_ON),
            judged(&public, true, Reading::Absent),
        ),
    ];
    for (case, kind, block, bucket) in cases {
        let full = snapshot(AccountInventory {
            public_access_block: block,
            ..account(&[(BUCKET, &bucket)])
        });
        let facts = Facts::new(&full, Trust::default());
        let subject = facts.subjects(SubjectKind::Bucket).next().unwrap();
        let pointers = pointers(&full, &subject, Relation::Own, kind);
        for (state, value) in missing_states(kind.action()) {
            let mut less = seen(&without(&full, &pointers, &value), &subject);
            let mut full = seen(&full, &subject);
            for path in OF_AWS {
                full.known.remove(path);
                less.unknown.remove(path);
                less.known.remove(path);
            }
            assert_eq!(full.known, less.known, "{case}: {state}");
            assert_eq!(full.unknown, less.unknown, "{case}: {state}");
        }
    }
}

/// A guard leaves a call out only when its answer could change nothing.
#[test]
fn guarded_calls_change_nothing() {
    let enforced = quiet_bucket();
    let cases = [
        (ReadingKind::BucketAcl, enforced.clone()),
        (ReadingKind::BucketPolicyStatus, enforced.clone()),
        (ReadingKind::BucketReplication, enforced.clone()),
        (ReadingKind::BucketObjectLock, enforced.clone()),
        (ReadingKind::BucketAbac, enforced),
    ];
    for (kind, bucket) in cases {
        let full = snapshot(account(&[(BUCKET, &bucket)]));
        let facts = Facts::new(&full, Trust::default());
        let subject = facts.subjects(SubjectKind::Bucket).next().unwrap();
        let pointers = pointers(&full, &subject, Relation::Own, kind);
        for (state, value) in missing_states(kind.action()) {
            let less = seen(&without(&full, &pointers, &value), &subject);
            let full = seen(&full, &subject);
            assert_eq!(full.known, less.known, "{} {state}", kind.name());
            assert_eq!(full.unknown, less.unknown, "{} {state}", kind.name());
        }
    }
}
