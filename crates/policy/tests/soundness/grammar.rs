//! Random policies and random requests, from a grammar over few literals: few, so that what a policy
//! asks for and what a request holds meet often.

use std::collections::BTreeMap;

use coldbucket_policy::contract::{ContextValue, PrincipalClass, Request, RequestPrincipal};
use coldbucket_policy::controls::AccountControls;
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Map, Value, json};

/// The bucket and its owner.
pub const BUCKET: &str = "b";
/// Its account.
pub const OWNER: &str = "111111111111";
/// An account that no policy names.
const FRESH: &str = "987654321098";

/// SplitMix64: small, fast, the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// True once in `many`.
    pub fn once_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of some texts.
    pub fn text(&mut self, items: &[&'static str]) -> &'static str {
        items[self.below(items.len())]
    }

    /// One to three of the items.
    fn some(&mut self, items: &[&str]) -> Vec<String> {
        let count = if self.once_in(3) {
            1 + self.below(3)
        } else {
            1
        };
        (0..count).map(|_| (*self.pick(items)).to_owned()).collect()
    }
}

/// One value alone or a list, as people write either.
fn one_or_list(random: &mut Random, values: Vec<String>) -> Value {
    match values.as_slice() {
        [one] if random.once_in(2) => json!(one),
        _ => json!(values),
    }
}

const ACTIONS: &[&str] = &[
    "s3:*",
    "*",
    "s3:Get*",
    "s3:GetObject",
    "S3:getobject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:PutBucketPolicy",
    "s3:PutBucketAcl",
    "s3:*Object",
    "s3:?etObject",
    "s3:Put*",
    "s3:List*",
    "s3:DeleteObject",
    "s3:*Bucket*",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b*",
    "arn:aws:s3:::b/a*",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/a?*",
    "arn:aws:s3:::b/*/x",
    "arn:aws:s3:::b/*a*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:PrincipalTag/team, 'a'}/*",
    "arn:aws:s3:::b/${s3:prefix}",
    "arn:aws:s3:::other/*",
    "arn:aws:s3:::b/${*}",
    "arn:*:s3:::b/*",
    "arn:aws:s3:::b/ab*",
    "arn:aws:s3:::b/*b",
];

const PRINCIPALS: &[&str] = &[
    "*",
    "111111111111",
    "222222222222",
    "arn:aws:iam::222222222222:root",
    "arn:aws:iam::222222222222:user/ann",
    "arn:aws:iam::222222222222:role/app",
    "arn:aws:sts::222222222222:assumed-role/app/s",
    "arn:aws:iam::333333333333:root",
    "arn:aws:iam::111111111111:role/own",
    "arn:aws:iam::111111111111:user/own",
    "arn:aws:sts::222222222222:federated-user/fay",
];

const SERVICES: &[&str] = &["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"];

/// Keys with the texts that policies and requests give them.
const TEXT_KEYS: &[(&str, &[&str])] = &[
    (
        "aws:PrincipalOrgID",
        &["o-1", "o-2", "o-*", "${aws:ResourceOrgID}"],
    ),
    ("aws:ResourceOrgID", &["o-1", "${aws:PrincipalOrgID}"]),
    (
        "s3:DataAccessPointAccount",
        &["111111111111", "222222222222", "2*"],
    ),
    (
        "s3:DataAccessPointArn",
        &[
            "arn:aws:s3:*:222222222222:accesspoint/*",
            "arn:aws:s3:*:*:accesspoint/*",
            "arn:aws:s3:eu-west-1:111111111111:accesspoint/ap",
        ],
    ),
    (
        "aws:PrincipalAccount",
        &["222222222222", "111111111111", "anonymous", "2*"],
    ),
    (
        "aws:PrincipalType",
        &["User", "AssumedRole", "Account", "Anonymous"],
    ),
    ("aws:SourceVpce", &["vpce-1", "vpce-2", "vpce-*"]),
    ("aws:SourceVpc", &["vpc-1", "vpc-*"]),
    ("aws:Referer", &["x", "y", "*", "x*", "${aws:UserAgent}"]),
    ("aws:UserAgent", &["x", "agent*", "?"]),
    ("aws:username", &["ann", "a*", "own"]),
    (
        "aws:userid",
        &[
            "AROAAAAAAAAAAAAAAAAA:*",
            "AIDAAAAAAAAAAAAAAAAA",
            "anonymous",
            "*:*",
            "222222222222",
            "111111111111",
        ],
    ),
    ("aws:PrincipalTag/team", &["a", "b", "${aws:username}"]),
    ("aws:SourceAccount", &["111111111111", "222222222222"]),
    ("aws:PrincipalServiceName", &["logging.s3.amazonaws.com"]),
    ("s3:prefix", &["a", "a/", "a*", "", "${aws:username}/*"]),
    ("s3:delimiter", &["/"]),
    (
        "s3:x-amz-server-side-encryption",
        &["AES256", "aws:kms", "aws:*"],
    ),
    (
        "s3:x-amz-acl",
        &["public-read", "bucket-owner-full-control"],
    ),
    ("s3:authType", &["REST-QUERY-STRING", "REST-HEADER", "POST"]),
    ("s3:signatureversion", &["AWS", "AWS4-HMAC-SHA256"]),
    ("s3:TlsVersion", &["1.2", "1.3", "1.*"]),
    (
        "s3:x-amz-server-side-encryption-customer-algorithm",
        &["AES256"],
    ),
];

const SET_KEYS: &[(&str, &[&str])] = &[
    (
        "aws:PrincipalOrgPaths",
        &["o-1/r-1/ou-1/", "o-1/*", "o-2/r-1/ou-2/"],
    ),
    ("s3:RequestObjectTagKeys", &["a", "b", "c*"]),
];

const ARN_KEYS: &[(&str, &[&str])] = &[
    (
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::222222222222:role/*",
            "arn:aws:iam::222222222222:user/ann",
            "arn:aws:iam::*:role/app",
            "arn:aws:iam::111111111111:*",
            "arn:*:iam::*:*",
        ],
    ),
    (
        "aws:SourceArn",
        &[
            "arn:aws:s3:::src",
            "arn:aws:s3:::*",
            "arn:aws:cloudtrail:*:111111111111:trail/*",
        ],
    ),
];

const NETWORKS: &[&str] = &[
    "203.0.113.0/24",
    "203.0.113.7",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "2001:db8::/32",
];

const TIMES: &[&str] = &["2020-01-01T00:00:00Z", "2030-06-01T00:00:00Z", "2027-01-01"];

const NUMBERS: &[&str] = &["0", "1", "600000", "10", "604800000", "1.2", "1.3"];

/// Numbers that requests carry: some that policies name, some between and beyond them.
const LEVELS: &[&str] = &["-1", "0", "1", "5", "1.25", "600001"];

const BOOLS: &[&str] = &[
    "aws:SecureTransport",
    "aws:ViaAWSService",
    "aws:PrincipalIsAWSService",
    "aws:MultiFactorAuthPresent",
];

/// One operator over one key.
fn condition(random: &mut Random, into: &mut Map<String, Value>) {
    let (base, key, values): (String, &str, Vec<String>) = match random.below(13) {
        0..=3 => {
            let operators = [
                "StringEquals",
                "StringNotEquals",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
                "StringLike",
                "StringNotLike",
            ];
            let (key, texts) = random.pick(TEXT_KEYS);
            (random.text(&operators).to_owned(), key, random.some(texts))
        }
        4 => {
            let operators = [
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLike",
            ];
            let (key, texts) = random.pick(SET_KEYS);
            let quantifier = random.text(&["ForAllValues:", "ForAnyValue:"]);
            (
                format!("{quantifier}{}", random.text(&operators)),
                key,
                random.some(texts),
            )
        }
        5 => {
            let operators = [
                "ArnEquals",
                "ArnLike",
                "ArnNotEquals",
                "ArnNotLike",
                "StringLike",
                "StringNotLike",
            ];
            let (key, texts) = random.pick(ARN_KEYS);
            (random.text(&operators).to_owned(), key, random.some(texts))
        }
        6 => {
            let operators = ["IpAddress", "NotIpAddress"];
            let key = if random.once_in(5) {
                "aws:VpcSourceIp"
            } else {
                "aws:SourceIp"
            };
            (
                random.text(&operators).to_owned(),
                key,
                random.some(NETWORKS),
            )
        }
        7 => {
            let operators = [
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ];
            // The last two are of no list of keys: their conditions tell their type, or they are texts.
            let key = random.text(&[
                "s3:signatureAge",
                "s3:max-keys",
                "s3:TlsVersion",
                "ec2:VolumeSize",
                "aws:PrincipalTag/level",
            ]);
            (
                random.text(&operators).to_owned(),
                key,
                random.some(NUMBERS),
            )
        }
        8 => {
            let operators = [
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ];
            (
                random.text(&operators).to_owned(),
                "aws:CurrentTime",
                random.some(TIMES),
            )
        }
        9 | 10 => (
            "Bool".to_owned(),
            random.text(BOOLS),
            random.some(&["true", "false"]),
        ),
        11 => {
            let (key, _) = random.pick(TEXT_KEYS);
            ("BinaryEquals".to_owned(), key, random.some(&["eA==", "x"]))
        }
        _ => {
            let (key, _) = if random.once_in(4) {
                random.pick(SET_KEYS)
            } else {
                random.pick(TEXT_KEYS)
            };
            let key = if random.once_in(4) {
                random.text(BOOLS)
            } else {
                *key
            };
            ("Null".to_owned(), key, random.some(&["true", "false"]))
        }
    };
    let mut operator = base;
    if operator != "Null" {
        if !operator.starts_with("For") && random.once_in(8) {
            operator = format!(
                "{}{operator}",
                random.text(&["ForAllValues:", "ForAnyValue:"])
            );
        }
        if random.once_in(5) {
            operator.push_str("IfExists");
        }
    }
    let values = one_or_list(random, values);
    into.entry(operator)
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .unwrap()
        .insert(key.to_owned(), values);
}

fn principal(random: &mut Random) -> Value {
    if random.once_in(3) {
        return json!("*");
    }
    let mut map = Map::new();
    if !random.once_in(6) {
        let named = random.some(PRINCIPALS);
        map.insert("AWS".to_owned(), one_or_list(random, named));
    }
    if map.is_empty() || random.once_in(8) {
        let services = random.some(SERVICES);
        map.insert("Service".to_owned(), one_or_list(random, services));
    }
    Value::Object(map)
}

/// A policy of one to five statements.
/// Control policies of the owner's organization.
#[derive(Debug, Default)]
pub struct ControlPolicies {
    pub rcps: Vec<Vec<Policy>>,
    pub scps: Vec<AccountControls>,
}

/// RCPs of one or two levels, and SCPs of the owner's account and another one.
pub fn control_policies(random: &mut Random) -> ControlPolicies {
    let rcp = |random: &mut Random| {
        let statements = denials(random, Some("*"));
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::parse(&document.to_string(), PolicyKind::Resource)
    };
    let rcps = (0..random.below(3)).map(|_| vec![rcp(random)]).collect();
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let mut scps = Vec::new();
    for account in [OWNER, "222222222222"] {
        if random.once_in(3) {
            continue;
        }
        let levels = (0..1 + random.below(2))
            .map(|_| {
                let mut statements = denials(random, None);
                if random.once_in(3) {
                    let mut some = denials(random, None);
                    for statement in &mut some {
                        statement["Effect"] = json!("Allow");
                        if random.once_in(2) {
                            statement["Resource"] = json!("*");
                            let members = statement.as_object_mut().unwrap();
                            members.remove("NotResource");
                            members.remove("Condition");
                        }
                    }
                    statements.extend(some);
                } else {
                    statements.push(everything.clone());
                }
                let document = json!({"Version": "2012-10-17", "Statement": statements});
                vec![Policy::parse(&document.to_string(), PolicyKind::Identity)]
            })
            .collect();
        scps.push(AccountControls {
            account: account.to_owned(),
            levels,
        });
    }
    ControlPolicies { rcps, scps }
}

/// The Deny statements of a random policy, with another principal or without any.
fn denials(random: &mut Random, principal: Option<&str>) -> Vec<Value> {
    let mut statements = Vec::new();
    let document = policy(random);
    for statement in document["Statement"].as_array().into_iter().flatten() {
        let mut statement = statement.clone();
        let members = statement.as_object_mut().unwrap();
        members.remove("NotPrincipal");
        members.remove("Principal");
        members.insert("Effect".to_owned(), json!("Deny"));
        if let Some(principal) = principal {
            members.insert("Principal".to_owned(), json!(principal));
        }
        // All of them together would deny everything.
        if random.once_in(2) {
            statements.push(statement);
        }
    }
    statements
}

pub fn policy(random: &mut Random) -> Value {
    let statements: Vec<Value> = (0..1 + random.below(5))
        .map(|index| {
            let mut statement = Map::new();
            let deny = index > 0 && !random.once_in(3);
            statement.insert(
                "Effect".to_owned(),
                json!(if deny { "Deny" } else { "Allow" }),
            );
            let element = |random: &mut Random, name: &str, many: usize| {
                if random.once_in(many) {
                    format!("Not{name}")
                } else {
                    name.to_owned()
                }
            };
            let name = element(random, "Principal", if deny { 6 } else { 25 });
            let named = if name == "NotPrincipal" {
                let named = random.some(PRINCIPALS);
                json!({"AWS": named})
            } else if deny && random.once_in(2) {
                json!("*")
            } else {
                principal(random)
            };
            statement.insert(name, named);
            let name = element(random, "Action", 6);
            let actions = random.some(ACTIONS);
            statement.insert(name, one_or_list(random, actions));
            let name = element(random, "Resource", 6);
            let resources = random.some(RESOURCES);
            statement.insert(name, one_or_list(random, resources));
            let mut conditions = Map::new();
            for _ in 0..random.below(4) {
                condition(random, &mut conditions);
            }
            if !conditions.is_empty() {
                statement.insert("Condition".to_owned(), Value::Object(conditions));
            }
            Value::Object(statement)
        })
        .collect();
    json!({
        "Version": if random.once_in(10) { "2008-10-17" } else { "2012-10-17" },
        "Statement": statements,
    })
}

/// The actions that are asked for, with the class a prover's answer names and what they act on.
pub const ASKED: &[(&str, &str, bool)] = &[
    ("s3:GetObject", "read", true),
    ("s3:ListBucket", "list", false),
    ("s3:PutObject", "write", true),
    ("s3:DeleteObject", "write", true),
    ("s3:PutBucketAcl", "acl", false),
    ("s3:PutBucketPolicy", "takeover", false),
];

/// What is asked, and who then calls.
pub const QUESTIONS: &[&str] = &[
    "anonymous",
    "any-aws-account",
    "account:222222222222",
    "service:logging.s3.amazonaws.com",
    "plain-http",
    "presigned",
    "presigned-older-than:600000",
    "sigv2",
    "tls-below:1.3",
    "put-without-kms",
    "sse-c",
];

const KEYS: &[&str] = &[
    "a", "ab", "x", "a/x", "ann", "ann/q", "b", "aab", "zz/x", "*", "a/", "q", "abc", "own/x",
];

fn signed(random: &mut Random, account: &str) -> String {
    match random.below(5) {
        0 => format!("arn:aws:iam::{account}:root"),
        1 => format!(
            "arn:aws:iam::{account}:user/{}",
            random.text(&["ann", "bob", "own"])
        ),
        2 => format!(
            "arn:aws:sts::{account}:federated-user/{}",
            random.text(&["fay", "gus"])
        ),
        _ => format!(
            "arn:aws:sts::{account}:assumed-role/{}/{}",
            random.text(&["app", "own", "other"]),
            random.text(&["s", "t"])
        ),
    }
}

/// A request that the question is about, with nothing in it that contradicts its principal.
pub fn request(random: &mut Random, question: &str) -> (Request, &'static str) {
    let &(action, class, on_object) = if question == "put-without-kms" || question == "sse-c" {
        &ASKED[2]
    } else {
        random.pick(ASKED)
    };
    let anyone = ["plain-http", "put-without-kms", "sse-c"].contains(&question);
    let principal = match question {
        "anonymous" => RequestPrincipal::Class(PrincipalClass::Anonymous),
        "any-aws-account" => RequestPrincipal::Arn(signed(random, FRESH)),
        "presigned" | "presigned-older-than:600000" | "sigv2" | "tls-below:1.3" => {
            let account = random.text(&[FRESH, OWNER, "222222222222", "333333333333"]);
            RequestPrincipal::Arn(signed(random, account))
        }
        _ if anyone => match random.below(5) {
            0 => RequestPrincipal::Class(PrincipalClass::Anonymous),
            1 => RequestPrincipal::Class(PrincipalClass::Service {
                name: random.text(SERVICES).to_owned(),
            }),
            _ => {
                let account = random.text(&[FRESH, OWNER, "222222222222", "333333333333"]);
                RequestPrincipal::Arn(signed(random, account))
            }
        },
        _ => match question.split_once(':').unwrap() {
            ("service", name) => RequestPrincipal::Class(PrincipalClass::Service {
                name: name.to_owned(),
            }),
            (_, account) => RequestPrincipal::Arn(signed(random, account)),
        },
    };
    let resource = if on_object {
        format!("arn:aws:s3:::b/{}", random.text(KEYS))
    } else {
        "arn:aws:s3:::b".to_owned()
    };
    let mut context = BTreeMap::new();
    fill(random, question, &principal, action, &mut context);
    (
        Request {
            principal,
            action: action.to_owned(),
            resource,
            resource_account: OWNER.to_owned(),
            context,
        },
        class,
    )
}

/// The values a request gives a key: texts of policies without their wildcards, and others.
fn texts(key: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = TEXT_KEYS
        .iter()
        .chain(SET_KEYS)
        .chain(ARN_KEYS)
        .filter(|(name, _)| *name == key)
        .flat_map(|(_, texts)| texts.iter().copied())
        .filter(|text| !text.contains(['*', '?', '$']))
        .collect();
    found.push("other");
    found
}

fn fill(
    random: &mut Random,
    question: &str,
    principal: &RequestPrincipal,
    action: &str,
    context: &mut BTreeMap<String, ContextValue>,
) {
    let mut set = |key: &str, value: &str| {
        context.insert(key.to_owned(), ContextValue::One(value.to_owned()));
    };
    let tls = question == "tls-below:1.3";
    let http =
        question == "plain-http" || !tls && !question.starts_with("presigned") && random.once_in(4);
    set("aws:SecureTransport", if http { "false" } else { "true" });
    if tls {
        set("s3:TlsVersion", "1.2");
    } else if !http {
        set("s3:TlsVersion", random.text(&["1.2", "1.3"]));
    }
    set("aws:ViaAWSService", "false");
    // The organization of the bucket's account is no caller's choice.
    if random.once_in(2) {
        set("aws:ResourceOrgID", random.text(&["o-1", "o-8"]));
    }
    // No request of these comes through an access point (Service Authorization Reference, 2026-09: none has
    // access points as a resource type).
    let by_bucket = ["s3:PutBucketAcl", "s3:PutBucketPolicy"].contains(&action);
    if random.once_in(4) && !by_bucket {
        let account = random.text(&[OWNER, "222222222222", FRESH]);
        set("s3:DataAccessPointAccount", account);
        set(
            "s3:DataAccessPointArn",
            &format!("arn:aws:s3:eu-west-1:{account}:accesspoint/ap"),
        );
    }
    let &(time, epoch) = random.pick(&[
        ("2026-11-22T00:00:00Z", "1795305600"),
        ("2027-06-01T00:00:00Z", "1811808000"),
        ("2031-01-01T00:00:00Z", "1924992000"),
    ]);
    set("aws:CurrentTime", time);
    set("aws:EpochTime", epoch);
    for key in ["aws:Referer", "aws:UserAgent"] {
        if random.once_in(2) {
            let values = texts(key);
            set(key, random.text(&values));
        }
    }
    let service = matches!(
        principal,
        RequestPrincipal::Class(PrincipalClass::Service { .. })
    );
    if service {
        if random.once_in(2) {
            set(
                "aws:SourceAccount",
                random.text(&["111111111111", "222222222222", FRESH]),
            );
            set(
                "aws:SourceArn",
                random.text(&["arn:aws:s3:::src", "arn:aws:s3:::else"]),
            );
        }
    } else if random.once_in(4) {
        set(
            "aws:SourceVpce",
            random.text(&["vpce-1", "vpce-2", "vpce-9"]),
        );
        set("aws:SourceVpc", random.text(&["vpc-1", "vpc-9"]));
        set("aws:VpcSourceIp", random.text(&["10.1.2.3", "192.168.0.1"]));
    } else {
        set(
            "aws:SourceIp",
            random.text(&[
                "203.0.113.7",
                "203.0.113.9",
                "77.77.77.77",
                "177.7.7.7",
                "2001:db8::1",
                "2a00::1",
            ]),
        );
    }
    if let RequestPrincipal::Arn(arn) = principal {
        let account = arn.split(':').nth(4).unwrap();
        let session = arn.contains("assumed-role");
        if arn.contains(":user/") {
            set("aws:username", arn.rsplit('/').next().unwrap());
            set(
                "aws:userid",
                random.text(&["AIDAAAAAAAAAAAAAAAAA", "AIDABBBBBBBBBBBBBBBB"]),
            );
        }
        if session {
            let id = random.text(&["AROAAAAAAAAAAAAAAAAA", "AROABBBBBBBBBBBBBBBB"]);
            set(
                "aws:userid",
                &format!("{id}:{}", arn.rsplit('/').next().unwrap()),
            );
            if random.once_in(3) {
                set(
                    "aws:MultiFactorAuthPresent",
                    random.text(&["true", "false"]),
                );
            }
        }
        if random.once_in(3) {
            set("aws:PrincipalTag/team", random.text(&["a", "b", "c"]));
        }
        if random.once_in(3) {
            let level = match random.once_in(4) {
                true => "high",
                false => random.text(LEVELS),
            };
            set("aws:PrincipalTag/level", level);
        }
        if random.once_in(3) {
            set("ec2:VolumeSize", random.text(LEVELS));
        }
        if random.once_in(2) {
            let organization = if account == FRESH {
                "o-9"
            } else {
                random.text(&["o-1", "o-2", "o-9"])
            };
            set("aws:PrincipalOrgID", organization);
            let paths = [
                format!("{organization}/r-1/ou-1/"),
                format!("{organization}/r-1/ou-2/"),
            ];
            context.insert(
                "aws:PrincipalOrgPaths".to_owned(),
                ContextValue::Many(vec![random.pick(&paths).clone()]),
            );
        }
    }
    let mut set = |key: &str, value: &str| {
        context.insert(key.to_owned(), ContextValue::One(value.to_owned()));
    };
    if matches!(principal, RequestPrincipal::Arn(_)) {
        let how = if question.starts_with("presigned") {
            random.text(&["REST-QUERY-STRING", "POST"])
        } else {
            random.text(&["REST-HEADER", "REST-QUERY-STRING"])
        };
        let how = if how == "POST" && action != "s3:PutObject" {
            "REST-QUERY-STRING"
        } else {
            how
        };
        set("s3:authType", how);
        if question == "sigv2" {
            set("s3:signatureversion", "AWS");
            set("s3:signatureAge", "0");
        } else {
            set("s3:signatureversion", "AWS4-HMAC-SHA256");
            let ages = ["0", "1", "10", "600000", "600001", "604800000"];
            let old = question == "presigned-older-than:600000";
            set(
                "s3:signatureAge",
                random.text(if old { &ages[4..] } else { &ages }),
            );
        }
    }
    match action {
        "s3:ListBucket" => {
            for key in ["s3:prefix", "s3:delimiter"] {
                if random.once_in(2) {
                    let values = texts(key);
                    set(key, random.text(&values));
                }
            }
            if random.once_in(2) {
                set("s3:max-keys", random.text(&["0", "1", "10", "1000"]));
            }
        }
        "s3:PutObject" => {
            if random.once_in(2) {
                set(
                    "s3:x-amz-acl",
                    random.text(&["public-read", "private", "bucket-owner-full-control"]),
                );
            }
            if question == "sse-c" {
                set(
                    "s3:x-amz-server-side-encryption-customer-algorithm",
                    "AES256",
                );
            } else if random.once_in(2) {
                let kms = question != "put-without-kms" && random.once_in(2);
                set(
                    "s3:x-amz-server-side-encryption",
                    if kms { "aws:kms" } else { "AES256" },
                );
            }
            if random.once_in(2) {
                let tags = random.some(&["a", "b", "cc", "d"]);
                context.insert(
                    "s3:RequestObjectTagKeys".to_owned(),
                    ContextValue::Many(tags),
                );
            }
        }
        "s3:PutBucketAcl" if random.once_in(2) => {
            set(
                "s3:x-amz-acl",
                random.text(&["public-read", "private", "bucket-owner-full-control"]),
            );
        }
        _ => {}
    }
}
