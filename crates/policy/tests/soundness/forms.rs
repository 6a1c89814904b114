//! Questions about the form of a request, the owner's own identities, services and named parties,
//! against requests that are enumerated here, without a word of the prover's domains.

use std::collections::BTreeMap;

use coldbucket_policy::contract::{
    Answer, ContextValue, Decision, PrincipalClass, Reach, Request, RequestPrincipal,
};
use coldbucket_policy::document::Effect;
use coldbucket_policy::evaluate::{Policies, implausible};
use coldbucket_policy::prove::{
    Case, EncryptionHeaders, LongestSignature, Prover, Question, service_grants,
};
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Map, Value, json};

use crate::carried_out::{Settings, carried_out};
use crate::grammar::{BUCKET, OWNER, Random};

/// What time it is: 2026-11-22.
const NOW: f64 = 1_795_305_600.0;
const NOW_TEXT: &str = "2026-11-22T00:00:00Z";
const FRESH: &str = "987654321098";
const PARTNER: &str = "222222222222";
const SERVICE: &str = "cloudtrail.amazonaws.com";

const SSE: &str = "s3:x-amz-server-side-encryption";
const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
const SSE_C: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
const KEY_ARN: &str = "arn:aws:kms:eu-west-1:111111111111:key/k";

type Context = BTreeMap<&'static str, String>;

/// Keys, the operators and values that policies compare them with.
const CONDITIONS: &[(&str, &[&str], &[&str])] = &[
    ("s3:TlsVersion", NUMERIC, &["1.2", "1.3", "1.1"]),
    ("s3:TlsVersion", TEXT, &["1.2", "1.3", "1.*"]),
    (
        "s3:signatureversion",
        TEXT,
        &["AWS", "AWS4-HMAC-SHA256", "AWS*"],
    ),
    (
        "s3:signatureAge",
        NUMERIC,
        &["0", "600000", "3600000", "604800000"],
    ),
    (
        "s3:authType",
        TEXT,
        &[
            "REST-QUERY-STRING",
            "POST",
            "REST-HEADER",
            "REST-query-string",
        ],
    ),
    (SSE, TEXT, &["AES256", "aws:kms", "aws:*"]),
    (SSE, NULL, &["true", "false"]),
    (KEY, TEXT, &[KEY_ARN]),
    (KEY, NULL, &["true", "false"]),
    (
        "aws:SourceArn",
        ARN,
        &[
            "arn:aws:cloudtrail:*:111111111111:trail/*",
            "arn:aws:s3:::src",
            "arn:aws:cloudtrail:*:*:trail/*",
        ],
    ),
    ("aws:SourceAccount", TEXT, &[OWNER, PARTNER, "1*"]),
    ("aws:SourceOrgID", TEXT, &["o-aaaaaaaaaa"]),
    ("aws:PrincipalServiceName", TEXT, &[SERVICE]),
    ("aws:PrincipalIsAWSService", BOOL, &["true", "false"]),
    ("aws:PrincipalAccount", TEXT, &[OWNER, PARTNER]),
    ("aws:PrincipalOrgID", TEXT, &["o-aaaaaaaaaa"]),
    (
        "aws:PrincipalArn",
        ARN,
        &[
            "arn:aws:iam::111111111111:role/admin",
            "arn:aws:iam::222222222222:role/app",
            "arn:aws:iam::222222222222:*",
        ],
    ),
    ("aws:SourceVpce", TEXT, &["vpce-1"]),
    ("aws:SourceIp", IP, &["203.0.113.0/24", "10.0.0.0/8"]),
    ("aws:SecureTransport", BOOL, &["true", "false"]),
    (
        "aws:CurrentTime",
        DATE,
        &["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    ),
];

const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringEquals",
];
const ARN: &[&str] = &["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"];
const NUMERIC: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] = &["DateLessThan", "DateGreaterThan"];
const BOOL: &[&str] = &["Bool"];
const IP: &[&str] = &["IpAddress", "NotIpAddress"];
const NULL: &[&str] = &["Null"];

/// A policy of guards, one to four statements.
pub fn policy(random: &mut Random) -> Value {
    let statements: Vec<Value> = (0..1 + random.below(4))
        .map(|_| {
            let deny = !random.once_in(3);
            let principal = match random.below(if deny { 8 } else { 4 }) {
                0 => json!({"Service": SERVICE}),
                1 => json!({"AWS": random.text(&[OWNER, PARTNER, "arn:aws:iam::222222222222:role/app"])}),
                _ => json!("*"),
            };
            let actions = random.text(&["s3:*", "s3:*", "s3:PutObject", "s3:*BucketPolicy", "s3:GetObject", "s3:PutBucketPolicy"]);
            let resources = [
                json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]),
                json!("arn:aws:s3:::b/*"),
                json!("*"),
            ];
            let resource = random.pick(&resources);
            let mut conditions = Map::new();
            for _ in 0..random.below(if deny { 4 } else { 3 }) {
                let (key, operators, values) = random.pick(CONDITIONS);
                let mut operator = random.text(operators).to_owned();
                if operator != "Null" && random.once_in(4) {
                    operator.push_str("IfExists");
                }
                let count = if random.once_in(3) { 2 } else { 1 };
                let values: Vec<&str> = (0..count).map(|_| random.text(values)).collect();
                conditions
                    .entry(operator)
                    .or_insert_with(|| json!({}))
                    .as_object_mut()
                    .unwrap()
                    .insert((*key).to_owned(), json!(values));
            }
            let mut statement = json!({
                "Effect": if deny { "Deny" } else { "Allow" },
                "Principal": principal, "Action": actions, "Resource": resource,
            });
            if !conditions.is_empty() {
                statement["Condition"] = Value::Object(conditions);
            }
            statement
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Everyone who may call, by kind.
fn callers(question: &Question) -> Vec<RequestPrincipal> {
    let arn = |text: &str| RequestPrincipal::Arn(text.to_owned());
    let owner = [
        arn("arn:aws:sts::111111111111:assumed-role/admin/s"),
        arn("arn:aws:sts::111111111111:assumed-role/other/s"),
        arn("arn:aws:iam::111111111111:user/u"),
    ];
    let root = [arn("arn:aws:iam::111111111111:root")];
    let outside = [
        arn("arn:aws:sts::222222222222:assumed-role/app/s"),
        arn("arn:aws:iam::222222222222:user/ann"),
        arn("arn:aws:iam::222222222222:root"),
        arn("arn:aws:sts::987654321098:assumed-role/x/s"),
        arn("arn:aws:iam::987654321098:root"),
    ];
    let anonymous = [RequestPrincipal::Class(PrincipalClass::Anonymous)];
    let services = [SERVICE, "sns.amazonaws.com"].map(|name| {
        RequestPrincipal::Class(PrincipalClass::Service {
            name: name.to_owned(),
        })
    });
    match question {
        Question::OwnerIdentities => owner.to_vec(),
        Question::AnyAwsAccount => outside.to_vec(),
        Question::Presigned | Question::PresignedOlderThan(_) | Question::SigV2 => {
            [&owner[..], &root, &outside].concat()
        }
        Question::TlsBelow(_) => [&owner[..], &root, &outside, &anonymous].concat(),
        _ => [&owner[..], &root, &outside, &anonymous, &services].concat(),
    }
}

/// The contexts in which a caller may call.
fn surroundings(caller: &RequestPrincipal) -> Vec<Context> {
    let base = Context::from([
        ("aws:CurrentTime", NOW_TEXT.to_owned()),
        ("aws:EpochTime", "1795305600".to_owned()),
        ("aws:SecureTransport", "true".to_owned()),
        ("aws:ViaAWSService", "false".to_owned()),
    ]);
    let with = |context: &Context, pairs: &[(&'static str, &str)]| {
        let mut context = context.clone();
        context.extend(pairs.iter().map(|(key, value)| (*key, (*value).to_owned())));
        context
    };
    match caller {
        RequestPrincipal::Class(PrincipalClass::Service { .. }) => {
            let accounts: [&[(&'static str, &str)]; 4] = [
                &[],
                &[
                    ("aws:SourceAccount", FRESH),
                    (
                        "aws:SourceArn",
                        "arn:aws:cloudtrail:eu-west-1:987654321098:trail/t",
                    ),
                    ("aws:SourceOrgID", "o-ffffffffff"),
                ],
                &[
                    ("aws:SourceAccount", FRESH),
                    ("aws:SourceArn", "arn:aws:s3:::src"),
                ],
                &[
                    ("aws:SourceAccount", OWNER),
                    (
                        "aws:SourceArn",
                        "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t",
                    ),
                    ("aws:SourceOrgID", "o-aaaaaaaaaa"),
                ],
            ];
            accounts.map(|pairs| with(&base, pairs)).to_vec()
        }
        caller => {
            let places: [&[(&'static str, &str)]; 4] = [
                &[("aws:SourceIp", "203.0.113.9")],
                &[("aws:SourceIp", "8.8.8.8")],
                &[("aws:SourceVpce", "vpce-1"), ("aws:SourceVpc", "vpc-1")],
                &[("aws:SourceVpce", "vpce-9"), ("aws:SourceVpc", "vpc-9")],
            ];
            let organizations: &[&[(&'static str, &str)]] = match caller {
                RequestPrincipal::Arn(arn) if !arn.contains(FRESH) => {
                    &[&[], &[("aws:PrincipalOrgID", "o-aaaaaaaaaa")]]
                }
                RequestPrincipal::Arn(_) => &[&[], &[("aws:PrincipalOrgID", "o-ffffffffff")]],
                RequestPrincipal::Class(_) => &[&[]],
            };
            places
                .iter()
                .flat_map(|place| {
                    organizations
                        .iter()
                        .map(|organization| with(&with(&base, place), organization))
                })
                .collect()
        }
    }
}

/// The forms that a question is about: what is set, and what is taken out.
fn forms(question: &Question, action: &str) -> Vec<Context> {
    let of = |pairs: &[(&'static str, &str)]| -> Context {
        pairs
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect()
    };
    match question {
        Question::TlsBelow(_) => vec![of(&[("s3:TlsVersion", "1.2")])],
        Question::SigV2 => {
            let mut all = vec![
                of(&[
                    ("s3:signatureversion", "AWS"),
                    ("s3:authType", "REST-HEADER"),
                ]),
                of(&[
                    ("s3:signatureversion", "AWS"),
                    ("s3:authType", "REST-QUERY-STRING"),
                    ("s3:signatureAge", "0"),
                ]),
            ];
            if action == "s3:PutObject" {
                all.push(of(&[
                    ("s3:signatureversion", "AWS"),
                    ("s3:authType", "POST"),
                    ("s3:signatureAge", "0"),
                ]));
            }
            all
        }
        Question::PresignedOlderThan(limit) => {
            let kinds: &[&str] = if action == "s3:PutObject" {
                &["REST-QUERY-STRING", "POST"]
            } else {
                &["REST-QUERY-STRING"]
            };
            [
                "1",
                "600000",
                "600001",
                "3600000",
                "3600001",
                "604799999",
                "604800000",
            ]
            .iter()
            .filter(|age| age.parse::<u64>().unwrap() > *limit)
            .flat_map(|age| {
                kinds.iter().map(|kind| {
                    of(&[
                        ("s3:authType", kind),
                        ("s3:signatureAge", age),
                        ("s3:signatureversion", "AWS4-HMAC-SHA256"),
                    ])
                })
            })
            .collect()
        }
        Question::Upload(headers) => {
            let mut form = Context::new();
            form.extend(headers.algorithm.clone().map(|value| (SSE, value)));
            form.extend(headers.kms_key.clone().map(|value| (KEY, value)));
            vec![form]
        }
        _ => vec![Context::new()],
    }
}

fn actions(question: &Question) -> &'static [&'static str] {
    match question {
        Question::OwnerIdentities => &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
        Question::Upload(_) => &["s3:PutObject"],
        _ => &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListBucket",
            "s3:PutBucketPolicy",
        ],
    }
}

fn requests(question: &Question) -> Vec<Request> {
    let mut all = Vec::new();
    for caller in callers(question) {
        for around in surroundings(&caller) {
            for action in actions(question) {
                for form in forms(question, action) {
                    // A caller signs in some way, and TLS has some version.
                    let signed = matches!(caller, RequestPrincipal::Arn(_));
                    let mut context = around.clone();
                    if signed {
                        context.insert("s3:authType", "REST-HEADER".to_owned());
                        context.insert("s3:signatureversion", "AWS4-HMAC-SHA256".to_owned());
                    }
                    context.insert("s3:TlsVersion", "1.3".to_owned());
                    context.extend(form);
                    all.push(Request {
                        principal: caller.clone(),
                        action: (*action).to_owned(),
                        resource: if action.ends_with("Object") {
                            format!("arn:aws:s3:::{BUCKET}/a")
                        } else {
                            format!("arn:aws:s3:::{BUCKET}")
                        },
                        resource_account: OWNER.to_owned(),
                        context: context
                            .into_iter()
                            .map(|(key, value)| (key.to_owned(), ContextValue::One(value)))
                            .collect(),
                    });
                }
            }
        }
    }
    all
}

fn held<'a>(request: &'a Request, key: &str) -> Option<&'a str> {
    match request.context.get(key) {
        Some(ContextValue::One(value)) => Some(value),
        _ => None,
    }
}

fn account_of(request: &Request) -> Option<&str> {
    match &request.principal {
        RequestPrincipal::Arn(arn) => arn.split(':').nth(4),
        RequestPrincipal::Class(_) => None,
    }
}

/// Whether a witness is a request that the question is about.
fn is_of_the_form(question: &Question, witness: &Request) -> bool {
    match question {
        Question::TlsBelow(_) => {
            held(witness, "s3:TlsVersion") == Some("1.2")
                && held(witness, "aws:SecureTransport") == Some("true")
        }
        Question::SigV2 => held(witness, "s3:signatureversion") == Some("AWS"),
        Question::PresignedOlderThan(limit) => {
            held(witness, "s3:signatureAge").is_some_and(|age| age.parse::<u64>().unwrap() > *limit)
                && match held(witness, "s3:authType") {
                    Some("POST") => witness.action == "s3:PutObject",
                    kind => kind == Some("REST-QUERY-STRING"),
                }
        }
        Question::Upload(headers) => {
            witness.action == "s3:PutObject"
                && held(witness, SSE) == headers.algorithm.as_deref()
                && held(witness, KEY) == headers.kms_key.as_deref()
                && held(witness, SSE_C).is_none()
        }
        Question::OwnerIdentities => {
            account_of(witness) == Some(OWNER)
                && !matches!(&witness.principal, RequestPrincipal::Arn(arn) if arn.ends_with(":root"))
        }
        _ => true,
    }
}

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub requests: usize,
    pub unreachable: usize,
    pub witnesses: usize,
    pub unknown: usize,
    pub scoped: usize,
    pub named: usize,
    pub wrong: Vec<String>,
}

/// One random policy, all of it.
pub fn judge(random: &mut Random, compared: &mut Compared) {
    let seed = random.0;
    let document = policy(random);
    judge_policy(&document, &format!("seed {seed:#x}"), compared);
}

pub fn judge_policy(document: &Value, name: &str, compared: &mut Compared) {
    let policy = Policy::parse(&document.to_string(), PolicyKind::Resource);
    assert!(policy.is_sound(), "{document}: {:?}", policy.defects);
    let case = Case {
        now: Some(NOW),
        partition: Some("aws"),
        ..Case::new(BUCKET, OWNER, Some(&policy))
    };
    let judge = Policies::of_resource(Some(&policy)).with_willing_identity();
    let allowed = |request: &Request| {
        judge.evaluate(request).decision == Decision::Allow
            && carried_out(request, Settings::default())
    };
    let header = |algorithm: Option<&str>, key: Option<&str>| {
        Question::Upload(EncryptionHeaders {
            algorithm: algorithm.map(str::to_owned),
            kms_key: key.map(str::to_owned),
        })
    };
    let longest = Prover::new(&case).longest_signature();
    let mut questions = vec![
        Question::TlsBelow("1.3".to_owned()),
        Question::SigV2,
        Question::PresignedOlderThan(0),
        Question::PresignedOlderThan(600_000),
        header(None, None),
        header(Some("AES256"), None),
        header(Some("aws:kms"), Some(KEY_ARN)),
        Question::OwnerIdentities,
    ];
    if let LongestSignature::Ms(age) = longest {
        questions.push(Question::PresignedOlderThan(age));
    }
    for question in &questions {
        let answer = Prover::new(&case).only(actions(question)).answer(question);
        let mut wrong = |what: &str, request: &Request| {
            compared.wrong.push(format!(
                "{name}, {question:?}: {what}\n{document}\n{request:?}"
            ));
        };
        if let Some(witness) = &answer.witness {
            compared.witnesses += 1;
            if !allowed(witness) {
                wrong("the witness is denied", witness);
            }
            if let Some(why) = implausible(witness) {
                wrong(why, witness);
            }
            if !is_of_the_form(question, witness) {
                wrong("the witness is not of the form", witness);
            }
        }
        match answer.verdict {
            Reach::Unreachable => {
                compared.unreachable += 1;
                for request in requests(question) {
                    compared.requests += 1;
                    if allowed(&request) {
                        wrong("called unreachable, and allowed", &request);
                        break;
                    }
                }
            }
            Reach::Unknown => compared.unknown += 1,
            Reach::Reachable | Reach::Constrained => {
                if answer.witness.is_none() {
                    compared
                        .wrong
                        .push(format!("{name}, {question:?}: no witness\n{document}"));
                }
            }
        }
    }
    longest_signature(&case, longest, name, compared);
    services(&case, &policy, document, name, compared);
    parties(&case, document, name, &allowed, compared);
}

/// Older signatures than the longest were asked about above; that one itself gets in.
fn longest_signature(
    case: &Case<'_>,
    longest: LongestSignature,
    name: &str,
    compared: &mut Compared,
) {
    if let LongestSignature::Ms(age @ 1..) = longest {
        let Answer { verdict, .. } =
            Prover::new(case).answer(&Question::PresignedOlderThan(age - 1));
        if verdict == Reach::Unreachable {
            compared
                .wrong
                .push(format!("{name}: nothing of age {age} gets in"));
        }
    }
}

/// A statement that is called scoped lets no service in on behalf of another account.
fn services(
    case: &Case<'_>,
    policy: &Policy,
    document: &Value,
    name: &str,
    compared: &mut Compared,
) {
    for grant in service_grants(case) {
        if grant.scoped != Some(true) {
            continue;
        }
        compared.scoped += 1;
        let mut alone = policy.clone();
        alone.statements.retain(|statement| {
            statement.effect == Effect::Deny || statement.index == grant.statement
        });
        let judge = Policies::of_resource(Some(&alone));
        let service = RequestPrincipal::Class(PrincipalClass::Service {
            name: grant.service.clone(),
        });
        for request in requests(&Question::Service(grant.service.clone())) {
            let foreign = held(&request, "aws:SourceAccount") != Some(OWNER);
            if request.principal == service
                && foreign
                && judge.evaluate(&request).decision == Decision::Allow
            {
                compared.wrong.push(format!(
                    "{name}: {} of statement {} is called scoped\n{document}\n{request:?}",
                    grant.service, grant.statement
                ));
                break;
            }
        }
    }
}

/// Whoever gets in from outside, where an account that no one named does not, is a named party or
/// comes from a named network.
fn parties(
    case: &Case<'_>,
    document: &Value,
    name: &str,
    allowed: &dyn Fn(&Request) -> bool,
    compared: &mut Compared,
) {
    let named = Prover::new(case).named_parties().unwrap();
    for account in named
        .iter()
        .filter(|party| party.bytes().all(|byte| byte.is_ascii_digit()))
    {
        compared.named += 1;
        let answer = Prover::new(case).answer(&Question::Account(account.clone()));
        if answer.verdict == Reach::Unreachable {
            compared.wrong.push(format!(
                "{name}: {account} is named and gets nowhere\n{document}"
            ));
        }
    }
    let answer = Prover::new(case).answer(&Question::AnyAwsAccount);
    if answer.verdict == Reach::Reachable {
        return;
    }
    for request in requests(&Question::AnyAwsAccount) {
        let Some(account) = account_of(&request) else {
            continue;
        };
        if account == FRESH || !allowed(&request) {
            continue;
        }
        // The same from an account that no one named.
        let mut fresh = request.clone();
        if let RequestPrincipal::Arn(arn) = &mut fresh.principal {
            *arn = arn.replace(account, FRESH);
        }
        fresh.context.remove("aws:PrincipalOrgID");
        let organization = held(&request, "aws:PrincipalOrgID");
        let is_named = named.contains(account)
            || organization.is_some_and(|organization| named.contains(organization));
        if !allowed(&fresh) && !is_named {
            compared.wrong.push(format!(
                "{name}: a party is missing in {named:?}\n{document}\n{request:?}"
            ));
            return;
        }
    }
}
