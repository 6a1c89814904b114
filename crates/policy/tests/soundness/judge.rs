//! The prover's word against the evaluator's.

use coldbucket_policy::batch;
use coldbucket_policy::contract::{Answer, Decision};
use coldbucket_policy::contract::{PublicAccessBlock, Reach};
use coldbucket_policy::evaluate::{Policies, implausible};
use coldbucket_policy::prove::Case;
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::Value;

use crate::carried_out::{Settings, carried_out};
use crate::grammar::{self, BUCKET, ControlPolicies, OWNER, QUESTIONS, Random};

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub policies: u64,
    pub pairs: u64,
    /// Requests of a class that was called unreachable: all of them must be denied.
    pub in_unreachable: u64,
    pub allowed: u64,
    pub doubtful: u64,
    pub witnesses: u64,
    pub reachable: u64,
    pub constrained: u64,
    pub unreachable: u64,
    pub unknown: u64,
    /// What contradicts.
    pub wrong: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.policies += other.policies;
        self.pairs += other.pairs;
        self.in_unreachable += other.in_unreachable;
        self.allowed += other.allowed;
        self.doubtful += other.doubtful;
        self.witnesses += other.witnesses;
        self.reachable += other.reachable;
        self.constrained += other.constrained;
        self.unreachable += other.unreachable;
        self.unknown += other.unknown;
        self.wrong.extend(other.wrong);
    }
}

fn class(answer: &Answer, name: &str) -> Reach {
    let classes = &answer.classes;
    match name {
        "read" => classes.read,
        "list" => classes.list,
        "write" => classes.write,
        "acl" => classes.acl,
        _ => classes.takeover,
    }
}

/// One random policy, every question, and so many requests a question.
pub fn judge(random: &mut Random, requests: usize) -> Tally {
    let seed = random.0;
    let document = grammar::policy(random);
    judge_policy(random, &document, requests, &format!("seed {seed:#x}"))
}

/// One random policy under random control policies of the owner's organization.
pub fn judge_bound(random: &mut Random, requests: usize) -> Tally {
    let seed = random.0;
    let document = grammar::policy(random);
    let control = grammar::control_policies(random);
    judge_with(
        random,
        &document,
        &control,
        requests,
        &format!("seed {seed:#x}"),
    )
}

/// The same for a given policy.
pub fn judge_policy(random: &mut Random, document: &Value, requests: usize, name: &str) -> Tally {
    judge_with(
        random,
        document,
        &ControlPolicies::default(),
        requests,
        name,
    )
}

fn judge_with(
    random: &mut Random,
    document: &Value,
    control: &ControlPolicies,
    requests: usize,
    name: &str,
) -> Tally {
    let policy = Policy::parse(&document.to_string(), PolicyKind::Resource);
    // Policies and settings go together at random, and the same way every time.
    let settings = Settings {
        acls_off: random.0.is_multiple_of(3),
        public_acls_refused: random.0.is_multiple_of(5),
    };
    let case = Case {
        ownership: settings.acls_off.then_some("BucketOwnerEnforced"),
        block: PublicAccessBlock {
            block_public_acls: settings.public_acls_refused,
            ..PublicAccessBlock::default()
        },
        rcps: &control.rcps,
        scps: &control.scps,
        ..Case::new(BUCKET, OWNER, Some(&policy))
    };
    let answers = batch::answers(&case, QUESTIONS).unwrap();
    let policies = Policies::of_resource(Some(&policy))
        .with_rcps(&control.rcps)
        .with_scps_of(&control.scps)
        .with_willing_identity();
    let mut tally = Tally {
        policies: 1,
        ..Tally::default()
    };
    for answer in &answers {
        match answer.verdict {
            Reach::Reachable => tally.reachable += 1,
            Reach::Constrained => tally.constrained += 1,
            Reach::Unreachable => tally.unreachable += 1,
            Reach::Unknown => tally.unknown += 1,
        }
        let mut wrong = |what: &str, request: &dyn std::fmt::Debug| {
            tally.wrong.push(format!(
                "{name}, {}: {what}\n{document}\n{control:?}\n{request:?}",
                answer.question
            ));
        };
        if let Some(witness) = &answer.witness {
            tally.witnesses += 1;
            let outcome = policies.evaluate(witness);
            if let Some(why) = implausible(witness) {
                wrong(&format!("implausible witness: {why}"), witness);
            }
            if !carried_out(witness, settings) {
                wrong("S3 refuses the witness", witness);
            }
            if outcome.decision != Decision::Allow {
                wrong(&format!("witness is not allowed: {outcome:?}"), witness);
            }
        }
        if answer.verdict == Reach::Reachable && answer.witness.is_none() {
            wrong("reachable without a witness", &answer.reason);
        }
        for _ in 0..requests {
            let (request, of_class) = grammar::request(random, &answer.question);
            assert_eq!(implausible(&request), None, "{request:?}");
            tally.pairs += 1;
            let outcome = policies.evaluate(&request);
            if outcome.decision == Decision::Allow {
                tally.allowed += 1;
            }
            if !outcome.is_certain() {
                tally.doubtful += 1;
            }
            if class(answer, of_class) == Reach::Unreachable {
                tally.in_unreachable += 1;
                if outcome.decision == Decision::Allow && carried_out(&request, settings) {
                    wrong(
                        &format!("called unreachable, and allowed: {outcome:?}"),
                        &request,
                    );
                }
            }
        }
    }
    tally
}
