//! The comparison of two policies against the evaluator, request by request, and the laws that it must
//! keep.
//!
//! The requests are enumerated by the grammar and know nothing of the prover: where it says that the
//! new policy allows nothing new, no request may be allowed by the new policy and not by the old one.

use coldbucket_policy::compare::{Attachment, PolicyPair, compare};
use coldbucket_policy::contract::{CompareOutput, Request, RequestPrincipal};
use coldbucket_policy::evaluate::{DocumentJudge, implausible};
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

use crate::grammar::{self, BUCKET, OWNER, Random};

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct PairTally {
    pub pairs: u64,
    /// Requests about pairs of which it was said that nothing is new, or nothing lost.
    pub requests: u64,
    pub new: u64,
    pub none: u64,
    pub unknown: u64,
    pub witnesses: u64,
    pub laws: u64,
    /// What contradicts.
    pub wrong: Vec<String>,
}

impl PairTally {
    /// Counts a pair by its answer.
    pub fn count(&mut self, new_access: Option<bool>) {
        self.pairs += 1;
        match new_access {
            Some(true) => self.new += 1,
            Some(false) => self.none += 1,
            None => self.unknown += 1,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.requests += other.requests;
        self.new += other.new;
        self.none += other.none;
        self.unknown += other.unknown;
        self.witnesses += other.witnesses;
        self.laws += other.laws;
        self.wrong.extend(other.wrong);
    }
}

/// A policy document with what is needed to ask about it.
pub struct Side {
    pub document: Value,
    policy: Policy,
    pub judge: DocumentJudge,
}

impl Side {
    pub fn new(document: Value, kind: PolicyKind) -> Self {
        let policy = Policy::parse(&document.to_string(), kind);
        Self {
            judge: DocumentJudge::new(&policy, kind),
            policy,
            document,
        }
    }
}

pub fn answer(old: &Side, new: &Side, kind: Attachment) -> CompareOutput {
    compare(
        &PolicyPair {
            old: Some(&old.policy),
            new: Some(&new.policy),
            kind,
            bucket: (kind == Attachment::S3).then_some(BUCKET),
            strict: false,
        },
        String::new(),
    )
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

/// What policies of a kind look like.
fn fit(mut document: Value, kind: Attachment) -> Value {
    for statement in statements(&mut document) {
        let statement = statement.as_object_mut().unwrap();
        match kind {
            Attachment::Identity => {
                statement.remove("Principal");
                statement.remove("NotPrincipal");
            }
            Attachment::Trust => {
                statement.remove("Resource");
                statement.remove("NotResource");
                for name in ["Action", "NotAction"] {
                    if let Some(actions) = statement.get_mut(name) {
                        let text = actions
                            .to_string()
                            .replace("s3:", "sts:")
                            .replace("S3:", "STS:");
                        *actions = serde_json::from_str(&text).unwrap();
                    }
                }
            }
            _ => {}
        }
    }
    document
}

/// Another policy that has much in common with one.
fn changed(random: &mut Random, document: &Value) -> Value {
    let other = grammar::policy(random);
    let mut changed = document.clone();
    let list = statements(&mut changed);
    let place = random.below(list.len());
    match random.below(8) {
        0 if list.len() > 1 => {
            list.remove(place);
        }
        1 => list.extend(
            other["Statement"]
                .as_array()
                .unwrap()
                .iter()
                .take(1)
                .cloned(),
        ),
        2 => {
            list[place].as_object_mut().unwrap().remove("Condition");
        }
        3 | 4 => {
            let from = other["Statement"][0].as_object().unwrap();
            let into = list[place].as_object_mut().unwrap();
            let name = random.text(&["Action", "Resource", "Principal", "Condition"]);
            let negated = format!("Not{name}");
            if let Some(found) = from.get(name) {
                into.remove(&negated);
                into.insert(name.to_owned(), found.clone());
            }
        }
        5 => {
            let into = list[place].as_object_mut().unwrap();
            let resource =
                random.text(&["arn:aws:s3:::b/a*", "arn:aws:s3:::b/ab*", "arn:aws:s3:::b*"]);
            into.remove("NotResource");
            into.insert("Resource".to_owned(), json!([resource, "arn:aws:s3:::b"]));
        }
        6 => return other,
        _ => {
            let effect = list[place]["Effect"] == "Deny";
            list[place]["Effect"] = json!(if effect { "Allow" } else { "Deny" });
        }
    }
    changed
}

fn kind(random: &mut Random) -> Attachment {
    *random.pick(&[
        Attachment::S3,
        Attachment::S3,
        Attachment::Resource,
        Attachment::Identity,
        Attachment::Trust,
    ])
}

const CALLERS: &[&str] = &[
    "anonymous",
    "any-aws-account",
    "account:222222222222",
    "service:logging.s3.amazonaws.com",
    "plain-http",
    "tls-below:1.3",
    "sigv2",
];

/// A request that may meet policies of a kind.
fn request(random: &mut Random, kind: Attachment) -> Option<Request> {
    let question = random.text(CALLERS);
    let (mut request, _) = grammar::request(random, question);
    match kind {
        Attachment::Identity => {
            let RequestPrincipal::Arn(arn) = &request.principal else {
                return None;
            };
            if arn.ends_with(":root") {
                return None;
            }
        }
        Attachment::Trust => {
            request.action = request.action.replace("s3:", "sts:");
            request.resource = "arn:aws:iam::111111111111:role/this".to_owned();
        }
        _ => {}
    }
    // A grant is looked at alone, whose account it is in does not count.
    request.resource_account = OWNER.to_owned();
    Some(request)
}

/// One random pair, so many requests, and the laws for the first policy.
pub fn judge(random: &mut Random, requests: usize) -> PairTally {
    let seed = random.0;
    let kind = kind(random);
    let base = grammar::policy(random);
    let other = changed(random, &base);
    let old = Side::new(fit(base, kind), kind.policy_kind());
    let new = Side::new(fit(other, kind), kind.policy_kind());
    let mut tally = PairTally::default();
    compare_pair(random, &old, &new, kind, requests, seed, &mut tally);
    laws(random, &old, kind, seed, &mut tally);
    tally
}

fn compare_pair(
    random: &mut Random,
    old: &Side,
    new: &Side,
    kind: Attachment,
    requests: usize,
    seed: u64,
    tally: &mut PairTally,
) {
    let output = answer(old, new, kind);
    tally.count(output.new_access);
    let mut wrong = |what: &str, request: &Request| {
        tally.wrong.push(format!(
            "seed {seed:#x}, {kind:?}: {what}\nold {}\nnew {}\n{}",
            old.document,
            new.document,
            serde_json::to_string(request).unwrap()
        ));
    };
    for found in &output.statements {
        let Some(witness) = &found.witness else {
            continue;
        };
        tally.witnesses += 1;
        if let Some(why) = implausible(witness) {
            wrong(&format!("implausible witness: {why}"), witness);
        }
        if new.judge.allows(witness) != Some(true) || old.judge.allows(witness) != Some(false) {
            wrong("the witness shows nothing new", witness);
        }
    }
    let nothing_new = output.new_access == Some(false);
    let nothing_lost = output.lost == Some(false);
    if !nothing_new && !nothing_lost {
        return;
    }
    for _ in 0..requests {
        let Some(request) = request(random, kind) else {
            continue;
        };
        tally.requests += 1;
        let (before, after) = (old.judge.allows(&request), new.judge.allows(&request));
        if nothing_new && after == Some(true) && before == Some(false) {
            wrong("nothing was said to be new, and this is", &request);
        }
        if nothing_lost && after == Some(false) && before == Some(true) {
            wrong("nothing was said to be lost, and this is", &request);
        }
    }
}

/// What holds of every policy.
fn laws(random: &mut Random, old: &Side, kind: Attachment, seed: u64, tally: &mut PairTally) {
    let side = |document: Value| Side::new(document, kind.policy_kind());
    let mut broken = |law: &str, new: &Side| {
        tally.wrong.push(format!(
            "seed {seed:#x}, {kind:?}: {law}\nold {}\nnew {}",
            old.document, new.document
        ));
    };
    // A policy allows what it allows.
    let itself = answer(old, old, kind);
    if (itself.new_access, itself.lost) != (Some(false), Some(false)) {
        broken("a policy does not equal itself", old);
    }
    // Another way to write the same: other ids, other case of actions, lists taken apart.
    let same = side(rewritten(random, &old.document));
    let output = answer(old, &same, kind);
    if output.new_access == Some(true) || output.lost == Some(true) {
        broken("the same in other words differs", &same);
    }
    // One more Allow takes nothing away, one more Deny adds nothing.
    let other = fit(grammar::policy(random), kind);
    for effect in ["Allow", "Deny"] {
        let mut more = old.document.clone();
        let mut statement = other["Statement"][0].clone();
        statement["Effect"] = json!(effect);
        if more["Version"] == other["Version"] {
            statements(&mut more).push(statement);
        }
        let more = side(more);
        let output = answer(old, &more, kind);
        if effect == "Allow" && output.lost == Some(true) {
            broken("one more Allow takes something away", &more);
        }
        if effect == "Deny" && output.new_access == Some(true) {
            broken("one more Deny adds something", &more);
        }
    }
    // What is in between does not matter.
    let mut chain = vec![side(old.document.clone())];
    for _ in 0..2 {
        let next = changed(random, &chain[chain.len() - 1].document);
        chain.push(side(fit(next, kind)));
    }
    let none = |a: &Side, b: &Side| answer(a, b, kind).new_access == Some(false);
    if none(&chain[0], &chain[1])
        && none(&chain[1], &chain[2])
        && answer(&chain[0], &chain[2], kind).new_access == Some(true)
    {
        broken("two steps without new access are one with", &chain[2]);
    }
    tally.laws += 1;
}

/// The same policy in other words.
fn rewritten(random: &mut Random, document: &Value) -> Value {
    let mut out = document.clone();
    let list = statements(&mut out);
    for (place, statement) in list.iter_mut().enumerate() {
        statement["Sid"] = json!(format!("Renamed{place}"));
        for name in ["Action", "NotAction"] {
            if let Some(actions) = statement.get_mut(name) {
                *actions = serde_json::from_str(&actions.to_string().to_uppercase()).unwrap();
            }
        }
    }
    // An Allow or Deny of several actions is several of one.
    let place = random.below(list.len());
    for name in ["Action", "Resource"] {
        if let Some(items) = list[place][name].as_array().cloned() {
            let whole = list.remove(place);
            for item in items {
                let mut part = whole.clone();
                part[name] = item;
                list.push(part);
            }
            break;
        }
    }
    out
}
