//! Random accounts and random requests: what `who_can` says against what the evaluator decides.
//!
//! The requests know nothing of the answer. A request that the evaluator allows (to S3, and with the
//! object's encryption context to KMS) by an identity makes "unreachable" wrong; one with nothing but
//! what every caller has makes "constrained" wrong as well.

use std::collections::BTreeMap;

use coldbucket_policy::contract::{
    ContextValue, Decision, Grant, PolicySet, PrincipalClass, PublicAccessBlock, Reach, Request,
    RequestPrincipal,
};
use coldbucket_policy::evaluate::{Policies, implausible};
use coldbucket_policy::who_can::{self, PrincipalAnswer};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111111111111";
pub const OTHER: &str = "222222222222";
pub const BUCKET: &str = "data-lake";
pub const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/0a0a";
/// A role of another account, which policies name.
const GUEST: &str = "arn:aws:iam::222222222222:role/guest";
/// A service, which policies name.
const LOGGING: &str = "logging.s3.amazonaws.com";
const KEYS: [&str; 5] = ["d/k.txt", "e/k.txt", "ann/k.txt", "red/k.txt", "x"];

/// What is asked about.
const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "s3:GetObject",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "s3:GetBucketAcl",
];

/// What an action is on.
fn target(action: &str, object: &str) -> String {
    match action {
        "s3:ListBucket" | "s3:GetBucketAcl" => format!("arn:aws:s3:::{BUCKET}"),
        _ => format!("arn:aws:s3:::{BUCKET}/{object}"),
    }
}

/// A generator of pseudo-random numbers (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.next() >> 33) % bound as u64).unwrap()
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.below(of.len());
        &of[place]
    }

    pub fn in_a_hundred(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub accounts: u64,
    pub pairs: u64,
    pub allowed: u64,
    pub in_unreachable: u64,
    pub witnesses: u64,
    pub reachable: u64,
    pub constrained: u64,
    pub unreachable: u64,
    pub unknown: u64,
    pub wrong: Vec<String>,
}

/// Keys that a request may lack.
const NULLABLE: [&str; 3] = [
    "aws:MultiFactorAuthAge",
    "aws:SourceVpce",
    "aws:TokenIssueTime",
];

fn condition(random: &mut Random, kms: bool) -> Option<(String, String, Value)> {
    let one = |operator: &str, key: &str, value: Value| {
        Some((operator.to_owned(), key.to_owned(), value))
    };
    let suffix = if random.in_a_hundred(20) {
        "IfExists"
    } else {
        ""
    };
    let text = |random: &mut Random| {
        let stem = random
            .pick(&[
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLike",
            ])
            .to_string();
        format!("{stem}{suffix}")
    };
    match random.below(if kms { 22 } else { 18 }) {
        0 | 1 => {
            let operator = random.pick(&["IpAddress", "NotIpAddress"]).to_string();
            one(
                &format!("{operator}{suffix}"),
                "aws:SourceIp",
                json!(["203.0.113.0/24"]),
            )
        }
        2 | 3 => one(&text(random), "aws:SourceVpce", json!("vpce-1")),
        4 => one(
            &format!("Bool{suffix}"),
            "aws:MultiFactorAuthPresent",
            json!(random.pick(&["true", "false"])),
        ),
        5 | 6 => {
            let values = json!(random.pick(&[&["red"][..], &["blue"], &["r*"]]));
            one(&text(random), "aws:PrincipalTag/team", values)
        }
        7 => one(&text(random), "aws:PrincipalOrgID", json!("o-aaaaaaaaaa")),
        8 => {
            let operator = random.pick(&["ArnLike", "ArnNotLike"]).to_string();
            let value = random
                .pick(&[
                    "arn:aws:iam::111111111111:role/cook",
                    "arn:aws:iam::111111111111:role/*",
                    "arn:aws:iam::*:user/ann",
                    "arn:aws:iam::2222*:role/*",
                    "arn:aws:sts::*:federated-user/ann",
                    "arn:aws:iam::*:root",
                ])
                .to_string();
            one(
                &format!("{operator}{suffix}"),
                "aws:PrincipalArn",
                json!(value),
            )
        }
        9 => one(&text(random), "aws:username", json!("ann")),
        10 => one(
            "Bool",
            "aws:SecureTransport",
            json!(random.pick(&["true", "false"])),
        ),
        11 => one(
            &text(random),
            "aws:PrincipalAccount",
            json!(random.pick(&[ACCOUNT, OTHER, "2222*", "*3"])),
        ),
        12 => {
            let value = random
                .pick(&["AROACOOKCOOKCOOKCOOK:*", "AIDA*", "*:bob", "2222*"])
                .to_string();
            let operator = random.pick(&["StringLike", "StringNotLike"]).to_string();
            one(&operator, "aws:userid", json!([value]))
        }
        13 => one(
            "Null",
            NULLABLE[random.below(NULLABLE.len())],
            json!(random.pick(&["true", "false"])),
        ),
        14 => {
            if kms {
                return None;
            }
            one(&text(random), "s3:ExistingObjectTag/kind", json!("open"))
        }
        15 => one(
            "Bool",
            "aws:ViaAWSService",
            json!(random.pick(&["true", "false"])),
        ),
        16 => {
            let operator = text(random);
            of_callers(random, &operator)
        }
        17 => one(
            &text(random),
            "aws:SourceAccount",
            json!(random.pick(&[ACCOUNT, OTHER])),
        ),
        18 | 19 => one(
            &text(random),
            "kms:ViaService",
            json!(random.pick(&["s3.eu-west-1.amazonaws.com", "sqs.eu-west-1.amazonaws.com"])),
        ),
        20 => one(
            &text(random),
            "kms:EncryptionContext:aws:s3:arn",
            json!(random.pick(&[
                "arn:aws:s3:::data-lake/d/*",
                "arn:aws:s3:::data-lake*",
                "arn:aws:s3:::data-lake"
            ])),
        ),
        _ => one(
            &text(random),
            "kms:CallerAccount",
            json!(random.pick(&[ACCOUNT, OTHER])),
        ),
    }
}

/// What kind of caller asks.
fn of_callers(random: &mut Random, operator: &str) -> Option<(String, String, Value)> {
    if random.in_a_hundred(50) {
        let value = json!(random.pick(&["true", "false"]));
        return Some((
            "Bool".to_owned(),
            "aws:PrincipalIsAWSService".to_owned(),
            value,
        ));
    }
    let value = json!(random.pick(&[
        LOGGING,
        "config.amazonaws.com",
        "*.logs.amazonaws.com",
        "c*"
    ]));
    Some((
        operator.to_owned(),
        "aws:PrincipalServiceName".to_owned(),
        value,
    ))
}

fn statement(random: &mut Random, principals: Option<&[Value]>, kms: bool, deny: usize) -> Value {
    let denies = random.in_a_hundred(deny);
    let actions: &[&str] = if kms {
        &[
            "kms:*",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "*",
            "kms:De*",
        ]
    } else {
        &[
            "s3:GetObject",
            "s3:Get*",
            "s3:*",
            "*",
            "s3:PutObject",
            "s3:DeleteObject*",
            "s3:GetBucket*",
            "kms:Decrypt",
            "kms:*",
            "s3:ListBucket",
        ]
    };
    let resources: &[&str] = if kms {
        &["*", KEY]
    } else {
        &[
            "*",
            "arn:aws:s3:::data-lake/*",
            "arn:aws:s3:::data-lake/d/*",
            "arn:aws:s3:::data-*",
            "arn:aws:s3:::data-lake",
            "arn:aws:s3:::data-lake",
            "arn:aws:s3:::other/*",
            "arn:aws:s3:::data-lake/${aws:username}/*",
            "arn:aws:s3:::data-lake/${aws:PrincipalTag/team}/*",
            KEY,
            "arn:aws:kms:*:111111111111:key/*",
        ]
    };
    let mut found = json!({
        "Effect": if denies { "Deny" } else { "Allow" },
        (if random.in_a_hundred(6) { "NotAction" } else { "Action" }): random.pick(actions),
        (if random.in_a_hundred(6) { "NotResource" } else { "Resource" }): random.pick(resources),
    });
    if let Some(principals) = principals {
        let name = if denies && random.in_a_hundred(15) {
            "NotPrincipal"
        } else {
            "Principal"
        };
        found[name] = random.pick(principals).clone();
    }
    let conditions = *random.pick(&[0, 0, 0, 1, 1, 2]);
    for _ in 0..conditions {
        if let Some((operator, key, value)) = condition(random, kms) {
            found["Condition"][operator][key] = value;
        }
    }
    found
}

fn policy(random: &mut Random, principals: Option<&[Value]>, kms: bool, most: usize) -> Value {
    let count = random.below(most) + 1;
    let statements: Vec<Value> = (0..count)
        .map(|_| statement(random, principals, kms, 22))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// An Allow of everything, which may have a condition, and a Deny which has one.
fn wide(random: &mut Random, principals: Option<&[Value]>) -> Value {
    let mut allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let mut deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    if let Some(principals) = principals {
        allow["Principal"] = random.pick(principals).clone();
        deny["Principal"] = json!("*");
    }
    for (statement, percent) in [(&mut allow, 40), (&mut deny, 100)] {
        if random.in_a_hundred(percent)
            && let Some((operator, key, value)) = condition(random, principals.is_some())
        {
            statement["Condition"][operator][key] = value;
        }
    }
    let mut statements = vec![allow];
    if random.in_a_hundred(30) && deny["Condition"].is_object() {
        statements.push(deny);
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Grants of a bucket's ACL beyond the owner's own.
fn acl(random: &mut Random) -> Value {
    let grantees = [
        "AllUsers",
        "AuthenticatedUsers",
        "LogDelivery",
        "abababababababababababababababababababababababababababababababab",
    ];
    let permissions = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"];
    let count = *random.pick(&[0, 0, 1, 2]);
    (0..count)
        .map(
            |_| json!({"grantee": random.pick(&grantees), "permission": random.pick(&permissions)}),
        )
        .collect()
}

/// Block Public Access; null where nothing is blocked.
fn block(random: &mut Random) -> Value {
    if random.in_a_hundred(60) {
        return Value::Null;
    }
    let mut flag = || random.in_a_hundred(40);
    json!({"block_public_acls": flag(), "ignore_public_acls": flag(), "block_public_policy": flag(),
        "restrict_public_buckets": flag()})
}

/// A random account form.
pub fn account(random: &mut Random) -> Value {
    let principals = [
        json!("*"),
        json!({"AWS": ACCOUNT}),
        json!({"AWS": "arn:aws:iam::111111111111:role/cook"}),
        json!({"AWS": "arn:aws:iam::111111111111:user/ann"}),
        json!({"AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/team/chef"]}),
        json!({"AWS": "arn:aws:sts::111111111111:assumed-role/cook/bob"}),
        json!({"AWS": OTHER}),
        json!({"AWS": GUEST}),
        json!({"Service": LOGGING}),
        json!({"Service": "delivery.logs.amazonaws.com"}),
    ];
    let mut identities = Vec::new();
    for (arn, id) in [
        (
            "arn:aws:iam::111111111111:role/cook",
            "AROACOOKCOOKCOOKCOOK",
        ),
        (
            "arn:aws:iam::111111111111:role/team/chef",
            "AROACHEFCHEFCHEFCHEF",
        ),
        ("arn:aws:iam::111111111111:user/ann", "AIDAANNANNANNANNANNA"),
    ] {
        let mut policies: Vec<Value> = (0..random.below(3))
            .map(|_| policy(random, None, false, 3))
            .collect();
        if random.in_a_hundred(45) {
            policies.push(wide(random, None));
        }
        let boundary = if random.in_a_hundred(25) {
            if random.in_a_hundred(50) {
                wide(random, None)
            } else {
                policy(random, None, false, 2)
            }
        } else {
            Value::Null
        };
        let tags = if random.in_a_hundred(50) {
            json!({"team": random.pick(&["red", "blue"])})
        } else {
            json!({})
        };
        let mut identity =
            json!({"arn": arn, "policies": policies, "boundary": boundary, "tags": tags});
        if random.in_a_hundred(60) {
            identity["unique_id"] = json!(id);
        }
        if arn.contains(":role/") && random.in_a_hundred(30) {
            let action = *random.pick(&["sts:AssumeRole", "sts:TagSession", "sts:*"]);
            identity["trust"] = json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": action}]});
        }
        identities.push(identity);
    }
    let encrypted = random.in_a_hundred(45);
    let mut keys = json!({});
    if encrypted {
        let grants = if random.in_a_hundred(30) {
            json!([{"grantee": "arn:aws:iam::111111111111:role/cook", "operations": ["Decrypt"],
                "constraints": {"encryption_context_subset": {"aws:s3:arn": "arn:aws:s3:::data-lake/d/k.txt"}}}])
        } else {
            json!([])
        };
        keys[KEY] = json!({"account": ACCOUNT, "manager": "CUSTOMER", "state": "Enabled",
            "policy": if random.in_a_hundred(50) { wide(random, Some(&principals)) } else { policy(random, Some(&principals), true, 3) },
            "grants": grants});
    }
    let level = |random: &mut Random| json!([policy(random, None, false, 2), wide(random, None)]);
    let scps = if random.in_a_hundred(15) {
        json!([level(random)])
    } else {
        Value::Null
    };
    let rcps = if random.in_a_hundred(15) {
        let star = [json!("*")];
        let denies: Vec<Value> = (0..=random.below(2))
            .map(|_| statement(random, Some(&star), false, 100))
            .collect();
        json!([[{"Version": "2012-10-17", "Statement": denies}]])
    } else {
        Value::Null
    };
    let bucket_policy = if random.in_a_hundred(70) {
        policy(random, Some(&principals), false, 3)
    } else {
        Value::Null
    };
    json!({
        "account": ACCOUNT, "region": "eu-west-1",
        "organization": random.pick(&[Value::Null, json!("o-aaaaaaaaaa"), json!("o-bbbbbbbbbb"), json!("")]),
        "bucket": {"name": BUCKET, "owner": ACCOUNT, "policy": bucket_policy,
            "object_ownership": random.pick(&["BucketOwnerEnforced", "BucketOwnerEnforced", "ObjectWriter", "BucketOwnerPreferred"]),
            "acl_grants": acl(random), "public_access_block": block(random),
            "encryption": if encrypted {
                json!({"algorithm": "aws:kms", "key": KEY, "bucket_key": random.in_a_hundred(30)})
            } else {
                json!({"algorithm": "AES256"})
            }},
        "keys": keys, "identities": identities, "scps": scps, "rcps": rcps,
    })
}

fn one(text: &str) -> ContextValue {
    ContextValue::One(text.to_owned())
}

/// What is known of an identity as its requests show it.
fn facts(random: &mut Random, account: &Value, identity: &Value) -> BTreeMap<String, ContextValue> {
    let mut context = BTreeMap::new();
    let arn = identity["arn"].as_str().unwrap();
    let is_role = arn.contains(":role/");
    if let Some(id) = identity["unique_id"].as_str() {
        let session = random.pick(&["bob", "session-1"]);
        context.insert(
            "aws:userid".to_owned(),
            one(&if is_role {
                format!("{id}:{session}")
            } else {
                id.to_owned()
            }),
        );
    }
    let open = identity["trust"]["Statement"][0]["Action"]
        .as_str()
        .is_some_and(|action| action != "sts:AssumeRole");
    let mut team = identity["tags"]["team"].as_str().map(str::to_owned);
    if open && random.in_a_hundred(60) {
        team = Some((*random.pick(&["red", "blue", "green", "d"])).to_owned());
    }
    if let Some(team) = team {
        context.insert("aws:PrincipalTag/team".to_owned(), one(&team));
    }
    match account["organization"].as_str() {
        Some("") => {}
        Some(id) => {
            context.insert("aws:PrincipalOrgID".to_owned(), one(id));
        }
        None if random.in_a_hundred(50) => {
            context.insert("aws:PrincipalOrgID".to_owned(), one("o-aaaaaaaaaa"));
        }
        None => {}
    }
    if is_role {
        context.insert("aws:TokenIssueTime".to_owned(), one("2026-11-01T00:00:00Z"));
    }
    context
}

/// A request's context beyond the facts; true when it is nothing that a caller would need.
fn circumstances(
    random: &mut Random,
    action: &str,
    context: &mut BTreeMap<String, ContextValue>,
) -> bool {
    let mut at_rest = true;
    if random.in_a_hundred(60) {
        context.insert("aws:SourceIp".to_owned(), one("198.51.100.7"));
    } else if random.in_a_hundred(50) {
        context.insert("aws:SourceIp".to_owned(), one("203.0.113.9"));
        at_rest = false;
    } else {
        let endpoint = random.pick(&["vpce-1", "vpce-2"]);
        context.insert("aws:SourceVpce".to_owned(), one(endpoint));
        at_rest = *endpoint == "vpce-2";
    }
    match random.below(4) {
        0 => {
            context.insert("aws:MultiFactorAuthPresent".to_owned(), one("true"));
            context.insert("aws:MultiFactorAuthAge".to_owned(), one("60"));
            at_rest = false;
        }
        1 => {
            context.insert("aws:MultiFactorAuthPresent".to_owned(), one("false"));
        }
        _ => {}
    }
    let secure = *random.pick(&["true", "true", "false"]);
    context.insert("aws:SecureTransport".to_owned(), one(secure));
    let via = random.in_a_hundred(15);
    at_rest &= !via;
    context.insert(
        "aws:ViaAWSService".to_owned(),
        one(if via { "true" } else { "false" }),
    );
    // Uploads have no such key (Service Authorization Reference, Amazon S3).
    if action == "s3:GetObject" && random.in_a_hundred(20) {
        context.insert("s3:ExistingObjectTag/kind".to_owned(), one("open"));
        at_rest = false;
    }
    context.insert("aws:CurrentTime".to_owned(), one("2026-11-29T12:00:00Z"));
    at_rest
}

/// The keys of the caller that S3 passes on to KMS.
fn passed_on(context: &BTreeMap<String, ContextValue>) -> BTreeMap<String, ContextValue> {
    context
        .iter()
        .filter(|(name, _)| {
            name.starts_with("aws:Principal")
                || name.starts_with("aws:MultiFactor")
                || matches!(
                    name.as_str(),
                    "aws:userid" | "aws:TokenIssueTime" | "aws:CurrentTime"
                )
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

struct Evaluators {
    main: Policies,
    key: Option<Policies>,
}

impl Evaluators {
    /// The key's, where S3 asks KMS for the caller.
    fn key_for(&self, request: &Request) -> Option<&Policies> {
        let data = ["s3:GetObject", "s3:PutObject"].contains(&request.action.as_str());
        self.key.as_ref().filter(|_| data)
    }
}

/// What decides of an identity of the account, or, without one, of callers from outside whose own account
/// lets them do everything.
fn evaluators(account: &Value, identity: Option<&Value>) -> Evaluators {
    let list = |value: &Value| value.as_array().cloned();
    let levels = |value: &Value| -> Option<Vec<coldbucket_policy::contract::PolicyLevel>> {
        value.as_array().map(|levels| {
            levels
                .iter()
                .map(|level| coldbucket_policy::contract::PolicyLevel {
                    policies: level.as_array().unwrap().clone(),
                })
                .collect()
        })
    };
    let of = |resource: Value, is_bucket: bool| {
        let outside = PolicySet {
            resource,
            rcps: levels(&account["rcps"]),
            ..PolicySet::default()
        };
        // ACLs and blocks are the bucket's.
        let (grants, ownership, block) = if is_bucket {
            let bucket = &account["bucket"];
            (
                serde_json::from_value(bucket["acl_grants"].clone()).unwrap(),
                bucket["object_ownership"].as_str(),
                serde_json::from_value::<Option<PublicAccessBlock>>(
                    bucket["public_access_block"].clone(),
                )
                .unwrap(),
            )
        } else {
            (Vec::<Grant>::new(), None, None)
        };
        let compiled = |set: &PolicySet| {
            Policies::new(set, Some(block.unwrap_or_default()))
                .unwrap()
                .with_acl(BUCKET, &grants, ownership)
        };
        let Some(identity) = identity else {
            return compiled(&outside).with_willing_identity();
        };
        let set = PolicySet {
            identity: list(&identity["policies"]),
            boundaries: (!identity["boundary"].is_null())
                .then(|| vec![identity["boundary"].clone()]),
            scps: levels(&account["scps"]),
            ..outside
        };
        compiled(&set)
    };
    let key = &account["keys"][KEY];
    Evaluators {
        main: of(account["bucket"]["policy"].clone(), true),
        key: key.is_object().then(|| {
            let mut policy = key["policy"].clone();
            for grant in key["grants"].as_array().unwrap() {
                policy["Statement"].as_array_mut().unwrap().push(json!({
                    "Effect": "Allow", "Principal": {"AWS": grant["grantee"]}, "Action": "kms:Decrypt", "Resource": "*",
                    "Condition": {"StringEquals": {"kms:EncryptionContext:aws:s3:arn":
                        grant["constraints"]["encryption_context_subset"]["aws:s3:arn"]}}}));
            }
            of(policy, false)
        }),
    }
}

fn kms_request(account: &Value, request: &Request) -> Request {
    let caller = match &request.principal {
        RequestPrincipal::Arn(arn) => arn.split(':').nth(4),
        _ => None,
    };
    let mut context = passed_on(&request.context);
    let bucket_key = account["bucket"]["encryption"]["bucket_key"] == json!(true);
    let arn = if bucket_key {
        format!("arn:aws:s3:::{BUCKET}")
    } else {
        request.resource.clone()
    };
    context.insert("kms:EncryptionContext:aws:s3:arn".to_owned(), one(&arn));
    context.insert(
        "kms:ViaService".to_owned(),
        one("s3.eu-west-1.amazonaws.com"),
    );
    if let Some(caller) = caller {
        context.insert("kms:CallerAccount".to_owned(), one(caller));
    }
    context.insert("aws:ViaAWSService".to_owned(), one("true"));
    context.insert("aws:SecureTransport".to_owned(), one("true"));
    Request {
        action: if request.action == "s3:PutObject" {
            "kms:GenerateDataKey"
        } else {
            "kms:Decrypt"
        }
        .to_owned(),
        resource: KEY.to_owned(),
        context,
        ..request.clone()
    }
}

fn is_allowed(evaluators: &Evaluators, account: &Value, request: &Request) -> bool {
    let main = evaluators.main.evaluate(request);
    if main.decision != Decision::Allow || implausible(request).is_some() {
        return false;
    }
    let Some(key) = evaluators.key_for(request) else {
        return true;
    };
    let request = kms_request(account, request);
    let outcome = key.evaluate(&request);
    outcome.decision == Decision::Allow
        && outcome
            .statement
            .is_some_and(|(policy, _)| policy == "resource")
}

/// One caller from outside the account: the row that speaks of it, and what its requests show of it.
fn from_outside(random: &mut Random) -> (String, RequestPrincipal, BTreeMap<String, ContextValue>) {
    let mut context = BTreeMap::new();
    if random.in_a_hundred(15) {
        let principal = RequestPrincipal::Class(PrincipalClass::Anonymous);
        return ("anonymous".to_owned(), principal, context);
    }
    if random.in_a_hundred(20) {
        let name = *random.pick(&[
            LOGGING,
            "delivery.logs.amazonaws.com",
            "config.amazonaws.com",
        ]);
        for (key, value) in [
            ("aws:SourceAccount", *random.pick(&[ACCOUNT, OTHER])),
            ("aws:SourceArn", "arn:aws:s3:::logged"),
        ] {
            if random.in_a_hundred(50) {
                context.insert(key.to_owned(), one(value));
            }
        }
        let row = format!("service:{name}");
        let name = name.to_owned();
        let principal = RequestPrincipal::Class(PrincipalClass::Service { name });
        return (row, principal, context);
    }
    let account = *random.pick(&[OTHER, OTHER, "333333333333"]);
    let name = *random.pick(&["guest", "cook", "ann", "x"]);
    let federated = format!("{account}:{name}");
    let (arn, id) = match random.below(5) {
        0 => (
            format!("arn:aws:iam::{account}:role/{name}"),
            Some("AROAGUESTGUESTGUESTX:bob"),
        ),
        1 => (
            format!("arn:aws:sts::{account}:assumed-role/{name}/bob"),
            Some("AROAGUESTGUESTGUESTX:bob"),
        ),
        2 => (
            format!("arn:aws:iam::{account}:user/{name}"),
            Some("AIDAGUESTGUESTGUESTX"),
        ),
        3 => (
            format!("arn:aws:sts::{account}:federated-user/{name}"),
            Some(federated.as_str()),
        ),
        _ => (format!("arn:aws:iam::{account}:root"), None),
    };
    context.insert("aws:userid".to_owned(), one(id.unwrap_or(account)));
    if arn.contains("role/") {
        context.insert("aws:TokenIssueTime".to_owned(), one("2026-11-01T00:00:00Z"));
    }
    if random.in_a_hundred(60) && id.is_some() {
        let team = *random.pick(&["red", "blue", "green"]);
        context.insert("aws:PrincipalTag/team".to_owned(), one(team));
    }
    if random.in_a_hundred(60) {
        let organization = *random.pick(&["o-aaaaaaaaaa", "o-bbbbbbbbbb"]);
        context.insert("aws:PrincipalOrgID".to_owned(), one(organization));
    }
    (
        format!("account:{account}"),
        RequestPrincipal::Arn(arn),
        context,
    )
}

/// One random account, and so many requests from outside it.
pub fn attack_from_outside(random: &mut Random, requests: usize, tally: &mut Tally) {
    let seed = random.0;
    let account = account(random);
    let action = *random.pick(&ACTIONS);
    let line = json!({"id": "a", "account": account, "question": {"action": action, "key": null}});
    let output = who_can::answer(&line.to_string()).unwrap();
    tally.accounts += 1;
    let evaluators = evaluators(&account, None);
    for _ in 0..requests {
        let (row, principal, mut context) = from_outside(random);
        // Accounts that no policy names share a row, and so do services.
        let answer = output.principals.get(&row).or_else(|| {
            let (kind, _) = row.split_once(':')?;
            output.principals.get(&format!("{kind}:*"))
        });
        circumstances(random, action, &mut context);
        if !matches!(principal, RequestPrincipal::Arn(_)) {
            // No service calls for an anonymous caller, and neither it nor a service has MFA (IAM user
            // guide, "AWS global condition context keys", 2026-09).
            context.retain(|name, _| !name.starts_with("aws:MultiFactorAuth"));
            context.insert("aws:ViaAWSService".to_owned(), one("false"));
        }
        let request = Request {
            principal,
            action: action.to_owned(),
            resource: target(action, random.pick::<&str>(&KEYS)),
            resource_account: ACCOUNT.to_owned(),
            context,
        };
        let verdict = answer.map(|answer| answer.verdict);
        tally.pairs += 1;
        tally.in_unreachable += u64::from(verdict == Some(Reach::Unreachable));
        if !is_allowed_outside(&evaluators, &account, &request) {
            continue;
        }
        tally.allowed += 1;
        if matches!(verdict, None | Some(Reach::Unreachable)) {
            tally.wrong.push(format!(
                "seed {seed:#x}, {row}: {verdict:?}, and allowed\n{line}\n{answer:?}\n{request:?}"
            ));
        }
    }
}

/// Whether both requests of a caller from outside are allowed.
fn is_allowed_outside(evaluators: &Evaluators, account: &Value, request: &Request) -> bool {
    let key = evaluators.key_for(request);
    // S3 takes requests for data under SSE-KMS signed only (S3 user guide, "Using server-side encryption
    // with AWS KMS keys", 2026-09).
    let unsigned = matches!(
        request.principal,
        RequestPrincipal::Class(PrincipalClass::Anonymous)
    );
    if implausible(request).is_some() || (unsigned && key.is_some()) {
        return false;
    }
    let allows = |policies: &Policies, request: &Request| {
        policies.evaluate(request).decision == Decision::Allow
    };
    allows(&evaluators.main, request)
        && key.is_none_or(|key| allows(key, &kms_request(account, request)))
}

/// One random account, and so many requests an identity.
pub fn attack(random: &mut Random, requests: usize, tally: &mut Tally) {
    let seed = random.0;
    let account = account(random);
    let action = *random.pick(&ACTIONS);
    let on_objects = target(action, "x").ends_with("/x");
    let key = if on_objects && random.in_a_hundred(50) {
        json!(random.pick(&KEYS))
    } else {
        Value::Null
    };
    let line = json!({"id": "a", "account": account, "question": {"action": action, "key": key}});
    let output = who_can::answer(&line.to_string()).unwrap();
    assert_eq!(output.ignored, Vec::<String>::new());
    tally.accounts += 1;
    for identity in account["identities"].as_array().unwrap() {
        let arn = identity["arn"].as_str().unwrap();
        let answer = &output.principals[arn];
        match answer.verdict {
            Reach::Reachable => tally.reachable += 1,
            Reach::Constrained => tally.constrained += 1,
            Reach::Unreachable => tally.unreachable += 1,
            Reach::Unknown => tally.unknown += 1,
        }
        let evaluators = evaluators(&account, Some(identity));
        let mut wrong = |what: &str, request: &dyn std::fmt::Debug| {
            tally.wrong.push(format!(
                "seed {seed:#x}, {arn}: {what}\n{line}\n{answer:?}\n{request:?}"
            ));
        };
        if answer
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("defect"))
        {
            wrong("the analysis and the evaluator disagree", &answer.reason);
        }
        check_witness(&evaluators, &account, answer, &mut wrong);
        tally.witnesses += u64::from(answer.witness.is_some());
        for _ in 0..requests {
            let mut context = facts(random, &account, identity);
            let at_rest = circumstances(random, action, &mut context)
                && identity["trust"].is_null()
                && account["organization"].is_string();
            let object = key.as_str().unwrap_or_else(|| *random.pick(&KEYS));
            let principal = if arn.ends_with("role/cook") && random.in_a_hundred(20) {
                "arn:aws:sts::111111111111:assumed-role/cook/bob"
            } else {
                arn
            };
            let at_rest = at_rest && principal == arn;
            let agrees = match context.get("aws:userid") {
                Some(ContextValue::One(id)) if principal != arn => id.ends_with(":bob"),
                _ => true,
            };
            if !agrees {
                continue;
            }
            let request = Request {
                principal: RequestPrincipal::Arn(principal.to_owned()),
                action: action.to_owned(),
                resource: target(action, object),
                resource_account: ACCOUNT.to_owned(),
                context,
            };
            tally.pairs += 1;
            tally.in_unreachable += u64::from(answer.verdict == Reach::Unreachable);
            if !is_allowed(&evaluators, &account, &request) {
                continue;
            }
            tally.allowed += 1;
            if answer.verdict == Reach::Unreachable {
                wrong("unreachable, and allowed", &request);
            }
            let bob = matches!(request.context.get("aws:userid"), Some(ContextValue::One(id)) if id.ends_with(":bob"));
            if at_rest && !bob && answer.verdict == Reach::Constrained {
                wrong("constrained, and allowed without anything", &request);
            }
        }
    }
}

fn check_witness(
    evaluators: &Evaluators,
    account: &Value,
    answer: &PrincipalAnswer,
    wrong: &mut impl FnMut(&str, &dyn std::fmt::Debug),
) {
    let Some(pair) = &answer.witness else {
        if matches!(answer.verdict, Reach::Reachable | Reach::Constrained) {
            wrong("no witness", &answer.reason);
        }
        return;
    };
    if let Some(why) = implausible(&pair.s3) {
        wrong(&format!("implausible witness: {why}"), &pair.s3);
    }
    if evaluators.main.evaluate(&pair.s3).decision != Decision::Allow {
        wrong("the witness is not allowed", &pair.s3);
    }
    if let Some(key) = evaluators.key_for(&pair.s3) {
        let Some(kms) = &pair.kms else {
            wrong("no witness at the key", &pair.s3);
            return;
        };
        let expected = kms_request(account, &pair.s3);
        if kms.context.get("kms:EncryptionContext:aws:s3:arn")
            != expected.context.get("kms:EncryptionContext:aws:s3:arn")
        {
            wrong("the encryption context is another object's", kms);
        }
        if key.evaluate(kms).decision != Decision::Allow {
            wrong("the witness is not allowed at the key", kms);
        }
    }
}
