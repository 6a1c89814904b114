//! Comparisons of policies about keys that follow from who calls: federated identities with the claims of
//! their provider, and callers of KMS. All requests that the policies can tell apart are enumerated here,
//! without a word of the prover's domains.

use std::collections::BTreeMap;

use coldbucket_policy::compare::Attachment;
use coldbucket_policy::contract::{ContextValue, PrincipalClass, Request, RequestPrincipal};
use coldbucket_policy::evaluate::implausible;
use serde_json::{Map, Value, json};

use crate::grammar::Random;
use crate::pairs::{PairTally, Side, answer};

const GOOGLE: &str = "accounts.google.com";
const FACEBOOK: &str = "graph.facebook.com";
const GITHUB: &str = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
const SAML: &str = "arn:aws:iam::111111111111:saml-provider/idp";
const OTHER_SAML: &str = "arn:aws:iam::111111111111:saml-provider/other";

/// Providers, the key of a claim of theirs, and what it can be.
const PROVIDERS: &[(&str, &str, &[&str])] = &[
    (GOOGLE, "accounts.google.com:aud", &["app", "x"]),
    (FACEBOOK, "graph.facebook.com:app_id", &["1", "2"]),
    (
        GITHUB,
        "token.actions.githubusercontent.com:sub",
        &["repo:o/r", "repo:p/r"],
    ),
    (SAML, "SAML:aud", &["a", "b"]),
    (OTHER_SAML, "SAML:aud", &["a", "b"]),
    ("provider.example.net", "provider.example.net:sub", &["s"]),
];

/// Keys of a trust policy, and the texts that they are compared with.
const CLAIMS: &[(&str, &[&str])] = &[
    (
        "aws:FederatedProvider",
        &[GOOGLE, FACEBOOK, GITHUB, SAML, "arn:*", "*.com", "*"],
    ),
    (
        "aws:FederatedProvider",
        &[GOOGLE, SAML, "accounts*", "arn:aws:iam::*:saml-provider/*"],
    ),
    ("accounts.google.com:aud", &["app", "a*"]),
    (
        "token.actions.githubusercontent.com:sub",
        &["repo:o/r", "repo:o/*", "*"],
    ),
    ("SAML:aud", &["a", "*"]),
];

const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringLikeIfExists",
    "StringEqualsIgnoreCase",
    "ForAnyValue:StringLike",
    "ForAllValues:StringLike",
    "Null",
];

const SETS: &[&str] = &[
    "ForAnyValue:StringEquals",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringNotEquals",
    "ForAllValues:StringNotEquals",
    "Null",
];

fn conditions(
    random: &mut Random,
    keys: &[(&'static str, &'static [&'static str])],
    operators: impl Fn(&str) -> &'static [&'static str],
) -> Value {
    let mut blocks = Map::new();
    for _ in 0..random.below(3) {
        let (key, values) = *random.pick(keys);
        let operator = random.text(operators(key));
        let values = if operator == "Null" {
            json!(random.text(&["true", "false"]))
        } else {
            let count = 1 + random.below(2);
            json!((0..count).map(|_| random.text(values)).collect::<Vec<_>>())
        };
        let block = blocks.entry(operator).or_insert_with(|| json!({}));
        block[key] = values;
    }
    Value::Object(blocks)
}

fn provider_element(random: &mut Random) -> Value {
    match random.below(6) {
        0 => json!("*"),
        1 | 2 => json!({"Federated": "*"}),
        _ => {
            let count = 1 + random.below(2);
            let names = (0..count).map(|_| random.pick(PROVIDERS).0);
            json!({"Federated": names.collect::<Vec<_>>()})
        }
    }
}

fn trust(random: &mut Random) -> Value {
    let count = 1 + random.below(3);
    let statements = (0..count).map(|_| {
        let effect = if random.once_in(3) { "Deny" } else { "Allow" };
        let mut statement = json!({"Effect": effect, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": conditions(random, CLAIMS, |_| TEXT)});
        let name = if random.once_in(6) {
            "NotPrincipal"
        } else {
            "Principal"
        };
        statement[name] = provider_element(random);
        statement
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

fn federated_requests() -> Vec<Request> {
    let mut requests = Vec::new();
    for (provider, key, values) in PROVIDERS {
        for value in values.iter().copied().map(Some).chain([None]) {
            let claim = value.map(|value| ((*key).to_owned(), ContextValue::One(value.to_owned())));
            requests.push(Request {
                principal: RequestPrincipal::Class(PrincipalClass::Federated {
                    name: (*provider).to_owned(),
                }),
                action: "sts:AssumeRoleWithWebIdentity".to_owned(),
                resource: "arn:aws:iam::111111111111:role/this".to_owned(),
                resource_account: "111111111111".to_owned(),
                context: claim.into_iter().collect(),
            });
        }
    }
    requests
}

const ACCOUNTS: &[&str] = &["222222222222", "333333333333", "987654321098"];

/// Keys of a key policy, and the texts that they are compared with.
const OF_KMS: &[(&str, &[&str])] = &[
    ("kms:CallerAccount", &["222222222222", "333333333333", "2*"]),
    ("aws:PrincipalAccount", &["222222222222", "333333333333"]),
    ("kms:EncryptionContextKeys", &["a", "b"]),
    (
        "kms:ViaService",
        &["s3.eu-west-1.amazonaws.com", "s3.*.amazonaws.com"],
    ),
];

fn key_policy(random: &mut Random) -> Value {
    let count = 1 + random.below(3);
    let statements = (0..count).map(|_| {
        let effect = if random.once_in(3) { "Deny" } else { "Allow" };
        let principal = match random.below(3) {
            0 => json!({"AWS": "222222222222"}),
            _ => json!("*"),
        };
        let operators = |key: &str| {
            if key == "kms:EncryptionContextKeys" {
                SETS
            } else {
                TEXT
            }
        };
        json!({"Effect": effect, "Principal": principal, "Action": "kms:Decrypt", "Resource": "*",
            "Condition": conditions(random, OF_KMS, operators)})
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

fn kms_requests() -> Vec<Request> {
    let service = RequestPrincipal::Class(PrincipalClass::Service {
        name: "logs.eu-west-1.amazonaws.com".to_owned(),
    });
    let of_account = |account: &&'static str| {
        let arn = format!("arn:aws:iam::{account}:user/someone");
        (RequestPrincipal::Arn(arn), Some(*account))
    };
    let callers = ACCOUNTS.iter().map(of_account).chain([(service, None)]);
    let mut requests = Vec::new();
    for (principal, account) in callers {
        for context_keys in [&[][..], &["a"], &["b"], &["a", "b"], &["c"]] {
            for via in [None, Some("s3.eu-west-1.amazonaws.com"), Some("x")] {
                let one = |value: &str| ContextValue::One(value.to_owned());
                let mut context = BTreeMap::new();
                if let Some(account) = account {
                    context.insert("kms:CallerAccount".to_owned(), one(account));
                }
                if let Some(via) = via {
                    context.insert("kms:ViaService".to_owned(), one(via));
                }
                if !context_keys.is_empty() {
                    let keys = context_keys.iter().map(|key| (*key).to_owned()).collect();
                    let name = "kms:EncryptionContextKeys".to_owned();
                    context.insert(name, ContextValue::Many(keys));
                }
                requests.push(Request {
                    principal: principal.clone(),
                    action: "kms:Decrypt".to_owned(),
                    resource: "arn:aws:kms:eu-west-1:444444444444:key/k".to_owned(),
                    resource_account: "444444444444".to_owned(),
                    context,
                });
            }
        }
    }
    requests
}

/// One random pair of trust policies and one of key policies, against every request.
pub fn judge(random: &mut Random) -> PairTally {
    let mut tally = PairTally::default();
    let of_trust = [trust(random), trust(random)];
    attack(
        of_trust,
        Attachment::Trust,
        &federated_requests(),
        &mut tally,
    );
    let of_keys = [key_policy(random), key_policy(random)];
    attack(of_keys, Attachment::Kms, &kms_requests(), &mut tally);
    tally
}

fn attack([old, new]: [Value; 2], kind: Attachment, requests: &[Request], tally: &mut PairTally) {
    let old = Side::new(old, kind.policy_kind());
    let new = Side::new(new, kind.policy_kind());
    let output = answer(&old, &new, kind);
    tally.count(output.new_access);
    let mut wrong = |what: &str, request: &Request| {
        tally.wrong.push(format!(
            "{kind:?}: {what}\nold {}\nnew {}\n{}",
            old.document,
            new.document,
            serde_json::to_string(request).unwrap()
        ));
    };
    for witness in output
        .statements
        .iter()
        .filter_map(|found| found.witness.as_ref())
    {
        tally.witnesses += 1;
        if implausible(witness).is_some()
            || new.judge.allows(witness) != Some(true)
            || old.judge.allows(witness) != Some(false)
        {
            wrong("the witness shows nothing new", witness);
        }
    }
    for request in requests {
        tally.requests += 1;
        let (before, after) = (old.judge.allows(request), new.judge.allows(request));
        if output.new_access == Some(false) && after == Some(true) && before == Some(false) {
            wrong("nothing was said to be new, and this is", request);
        }
        if output.lost == Some(false) && after == Some(false) && before == Some(true) {
            wrong("nothing was said to be lost, and this is", request);
        }
    }
}
