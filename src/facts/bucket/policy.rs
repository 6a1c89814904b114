//! The bucket's policy document: whether there is one, whether it can be read, and the questions
//! other topics ask of it.
//!
//! Every question answers "no" without a policy, and is undecidable when the document cannot be
//! read as a whole: half a policy would answer half a question. What is asked of a policy alone —
//! who is kept out by its Deny statements, the owner's identities included — is asked here; who gets
//! in takes the ACL and Block Public Access as well ([`crate::facts::bucket::compose`]).

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use coldbucket_policy::parse::is_account_id;
use schemars::JsonSchema;

use super::context::BucketContext;
use crate::facts::bucket::compose::{Grants, Sources};
use crate::facts::controls::BindingPolicies;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::ids::bucket_arn;
use crate::inventory::need::ReadingKind;
use crate::report::Reach;
use crate::report::policy::{Answer, Request};
use coldbucket_policy::catalogue::{self, ActionClass};
use coldbucket_policy::controls::AccountControls;
use coldbucket_policy::delivery::{self, Delivery, Says};
use coldbucket_policy::prove::{
    Case, LONGEST_SIGNATURE_MS, LongestSignature, Prover, Question, ServiceGrant, service_grants,
};
use coldbucket_policy::wording::{self, Target};
use coldbucket_policy::{Policy, PolicyKind};

/// What the policy document is, before any question of whom it lets in.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct PolicyFacts {
    /// There is a policy.
    pub present: Fact<bool>,
    /// There is one and it cannot be read as an IAM policy. Not decidable when it has a form that
    /// this program does not know and AWS may have added.
    pub malformed: Fact<bool>,
    /// What is wrong with it, with its place; empty when nothing is.
    pub defect: Fact<String>,
}

/// What moves object data.
const DATA_ACTIONS: [&str; 3] = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];

const TOO_MANY_STEPS: &str = "the analysis of the policy exceeded its step limit";

/// How many defects a message says.
const DEFECTS_TOLD: usize = 3;

/// The policy as it was read: none, or parsed, with the bucket it is read for.
pub(super) struct PolicyReading<'a> {
    policy: Fact<Option<Policy>>,
    bucket: String,
    target: Target,
    partition: &'static str,
    now: Option<f64>,
    /// The control policies that bind the bucket, and its account.
    binding: &'a BindingPolicies,
    /// SCPs of the bucket's account, and of those that the policy names.
    scps: Vec<AccountControls>,
    /// The policy prepared for questions, once for all of them.
    prover: RefCell<Option<Prover>>,
    plain_http: OnceCell<Fact<Answer>>,
}

impl<'a> PolicyReading<'a> {
    /// Parses the policy of a bucket, once.
    pub(super) fn new(context: &BucketContext<'a>) -> Self {
        let binding = context.controls.of(context.account_id);
        let named = context.bucket.policy.known().into_iter();
        let named = named.flat_map(|text| accounts_in(text));
        let named = named.filter(|account| *account != context.account_id);
        let others = named.collect::<BTreeSet<_>>().into_iter();
        let others = others.filter_map(|account| context.controls.scps(account));
        let scps = binding.scps.iter().cloned().chain(others).collect();
        let partition = context.account.partition();
        Self {
            policy: from_reading(
                ReadingKind::BucketPolicy,
                &context.bucket.policy,
                || None,
                |text| Some(Policy::parse(text, PolicyKind::Resource)),
            ),
            bucket: context.name.to_owned(),
            binding,
            scps,
            prover: RefCell::new(None),
            plain_http: OnceCell::new(),
            partition,
            target: Target {
                arn: bucket_arn(partition, context.name),
                owner: context.account_id.to_owned(),
            },
            now: context
                .taken_at
                .parse::<jiff::Timestamp>()
                .ok()
                .map(|stamp| stamp.as_duration().as_secs_f64().floor()),
        }
    }

    /// What the document is.
    pub(super) fn facts(&self) -> PolicyFacts {
        let policy = self.policy.as_ref();
        PolicyFacts {
            present: self.presence(),
            malformed: policy.clone().and_then(|policy| match policy {
                Some(policy) if policy.is_malformed() => Fact::Known(true),
                Some(policy) if !policy.is_sound() => Fact::undecidable(format!(
                    "the policy has a form that is not known here: {}",
                    defects(policy)
                )),
                _ => Fact::Known(false),
            }),
            defect: policy.map(|policy| policy.as_ref().map(defects).unwrap_or_default()),
        }
    }

    /// True when there is known to be no policy.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.policy, Fact::Known(None))
    }

    /// Whether there is one.
    pub(super) fn presence(&self) -> Fact<bool> {
        self.policy.as_ref().map(Option::is_some)
    }

    /// Everything that decides who gets in, with this policy.
    pub(super) fn sources<'s>(
        &'s self,
        owner_id: Option<&'s str>,
        aws_says_public: Fact<bool>,
        grants: Grants<'s>,
        ignore_public_acls: Fact<bool>,
        restrict_public_buckets: Fact<bool>,
        [owner_enforced, block_public_acls]: [Fact<bool>; 2],
    ) -> Sources<'s> {
        Sources {
            bucket: &self.bucket,
            owner: &self.target.owner,
            owner_id,
            partition: self.partition,
            policy: self.whole(),
            aws_says_public,
            grants,
            ignore_public_acls,
            restrict_public_buckets,
            owner_enforced,
            block_public_acls,
            now: self.now,
            rcps: &self.binding.rcps,
            scps: &self.scps,
            provers: RefCell::default(),
        }
    }

    /// The answer to a question that the policy alone decides, because it is about the owner's
    /// identities too: nothing but a Deny keeps those out.
    fn answer(&self, question: &Question) -> Fact<Answer> {
        self.whole()
            .and_then(|policy| decided(self.with_prover(policy, |prover| prover.answer(question))))
    }

    /// Asks the policy about all actions, or those that the question names.
    fn with_prover<T>(&self, policy: Option<&Policy>, ask: impl FnOnce(&mut Prover) -> T) -> T {
        let mut kept = self.prover.borrow_mut();
        let prover = kept.get_or_insert_with(|| self.prover(policy));
        ask(prover.all_actions())
    }

    fn prover(&self, policy: Option<&Policy>) -> Prover {
        Prover::new(&self.case(policy))
    }

    fn case<'s>(&'s self, policy: Option<&'s Policy>) -> Case<'s> {
        Case {
            rcps: &self.binding.rcps,
            scps: &self.scps,
            now: self.now,
            partition: Some(self.partition),
            ..Case::new(&self.bucket, &self.target.owner, policy)
        }
    }

    /// Whether a Deny keeps every SSE-C upload out.
    pub(super) fn denies_sse_c(&self) -> Fact<bool> {
        self.answer(&Question::SseC)
            .map(|answer| answer.verdict == Reach::Unreachable)
    }

    /// Whether some presigned request gets in, and the longest signature that does, ms.
    pub(super) fn presigned(&self) -> Fact<(Reach, Option<u64>)> {
        self.answer(&Question::Presigned)
            .map(|answer| (answer.verdict, answer.max_age_ms))
    }

    /// Whether a statement lets the log delivery service write.
    pub(super) fn grants_log_delivery(&self) -> Fact<bool> {
        self.whole().map(|policy| {
            policy.is_some_and(|policy| wording::grants_log_delivery(policy, &self.target))
        })
    }

    /// What it says to a delivery of access logs; without a policy it neither allows nor denies.
    pub(super) fn delivery(&self, request: &Delivery<'_>) -> Fact<Says> {
        let nothing = Says {
            allows: Some(false),
            denies: Some(false),
        };
        self.ask(nothing, |policy| {
            Fact::Known(delivery::says(policy, request))
        })
    }

    /// Whether some request over plain HTTP gets in, by anyone.
    pub(super) fn plain_http(&self) -> Fact<Reach> {
        if self.is_absent() && self.binding.is_empty() {
            // Nothing is denied, so the owner's identities can.
            return Fact::Known(Reach::Reachable);
        }
        self.plain_http_answer().map(|answer| answer.verdict)
    }

    fn plain_http_answer(&self) -> Fact<&Answer> {
        self.plain_http
            .get_or_init(|| self.answer(&Question::PlainHttp))
            .as_ref()
    }

    /// A request over plain HTTP that gets in.
    pub(super) fn plain_http_witness(&self) -> Option<Request> {
        let answer = self.plain_http_answer();
        answer.known().and_then(|answer| answer.witness.clone())
    }

    /// What keeps the policy from denying every request over plain HTTP; empty when nothing does.
    pub(super) fn plain_http_weakness(&self) -> Fact<String> {
        self.plain_http()
            .zip(self.whole())
            .map(|(reach, policy)| match (reach, policy) {
                (Reach::Unreachable, _) => String::new(),
                (_, None) => {
                    "there is no bucket policy, so nothing denies requests over plain HTTP"
                        .to_owned()
                }
                (_, Some(policy)) => wording::plain_http_weakness(policy, &self.target),
            })
    }

    /// The parties outside the owner's account that get in because the policy names them, sorted.
    pub(super) fn named_parties(&self) -> Fact<Vec<String>> {
        self.ask(Vec::new(), |policy| {
            match self.with_prover(Some(policy), Prover::named_parties) {
                Some(parties) => Fact::Known(parties.into_iter().collect()),
                None => Fact::undecidable(TOO_MANY_STEPS),
            }
        })
    }

    /// Whether callers of other accounts get to the actions of a class through the access points of
    /// the owner's account and in no other way. Then the policies of those say who gets in.
    pub(super) fn only_by_own_access_points(&self, class: ActionClass) -> Fact<bool> {
        let actions: Vec<&str> = catalogue::actions()
            .iter()
            .filter(|action| action.class == class)
            .map(|action| action.name.as_str())
            .collect();
        self.ask(false, |policy| {
            // A prover of its own: the shared one keeps what it was asked before.
            let mut prover = self.prover(Some(policy));
            let answer = prover.only(&actions).answer(&Question::AnyAwsAccount);
            decided(answer).map(|answer| {
                let is_own = |way| needs_access_point_of(&self.target.owner, way);
                answer.verdict == Reach::Constrained
                    && !answer.ways.is_empty()
                    && answer.ways.iter().all(is_own)
            })
        })
    }

    /// The actions that the policy grants to callers outside the owner's account, and that S3 does
    /// not carry out for them.
    pub(super) fn ineffective_grants(&self) -> Fact<Vec<String>> {
        self.ask(Vec::new(), |policy| {
            let answer = self.with_prover(Some(policy), |prover| {
                prover.answer(&Question::AnyAwsAccount)
            });
            decided(answer).map(|answer| answer.ineffective)
        })
    }

    /// The AWS services that statements let in.
    pub(super) fn service_grants(&self) -> Fact<Vec<ServiceGrant>> {
        self.ask(Vec::new(), |policy| {
            Fact::Known(service_grants(&self.case(Some(policy))))
        })
    }

    /// The longest a presigned URL or form for object data can live, ms.
    pub(super) fn longest_signature(&self) -> Fact<u64> {
        self.ask_bound(LONGEST_SIGNATURE_MS, |policy| {
            let longest = self.with_prover(policy, |prover| {
                prover.only(&DATA_ACTIONS).longest_signature()
            });
            match longest {
                LongestSignature::Ms(age) => Fact::Known(age),
                LongestSignature::Unknown => Fact::undecidable(
                    "whether the policy refuses older signatures could not be decided",
                ),
            }
        })
    }

    /// The networks from which one of these actions is allowed, of the ways in that take an address
    /// and nothing else.
    pub(super) fn networks(&self, question: &Question, actions: &[&str]) -> Vec<String> {
        let found = self.ask(Vec::new(), |policy| {
            // A prover of its own: the shared one keeps what it was asked before.
            let mut prover = self.prover(Some(policy));
            Fact::Known(prover.only(actions).answer(question).ways)
        });
        let ways = found.known().into_iter().flatten();
        let mut networks: Vec<String> = ways
            .filter(|way| way.len() == 1)
            .filter_map(|way| way.get("aws:SourceIp"))
            .flatten()
            .cloned()
            .collect();
        networks.sort();
        networks.dedup();
        networks
    }

    /// Whether no request of this form gets in that calls one of these actions.
    pub(super) fn refuses(&self, question: &Question, actions: &[&str]) -> Fact<bool> {
        self.ask_bound(false, |policy| {
            let answer = self.with_prover(policy, |prover| prover.only(actions).answer(question));
            decided(answer).map(|answer| answer.verdict == Reach::Unreachable)
        })
    }

    /// The same by the bucket policy alone, whatever control policies refuse.
    pub(super) fn refuses_by_itself(&self, question: &Question, actions: &[&str]) -> Fact<bool> {
        self.ask(false, |policy| {
            let answer_of = |prover: &mut Prover| prover.only(actions).answer(question);
            let answer = if self.binding.rcps.is_empty() && self.scps.is_empty() {
                self.with_prover(Some(policy), answer_of)
            } else {
                let alone = Case {
                    rcps: &[],
                    scps: &[],
                    ..self.case(Some(policy))
                };
                answer_of(&mut Prover::new(&alone))
            };
            decided(answer).map(|answer| answer.verdict == Reach::Unreachable)
        })
    }

    /// The ids of the resource control policies that close this question: without one of them the answer
    /// would be another. Empty where they make no difference, or where that is not known.
    pub(super) fn closed_by(&self, question: &Question) -> Vec<String> {
        let Fact::Known(policy) = self.whole() else {
            return Vec::new();
        };
        let answer = |rcps: &[Vec<Policy>]| {
            let case = Case {
                rcps,
                ..self.case(policy)
            };
            Prover::new(&case).core_only().answer(question).classes
        };
        let mut deciding: Vec<usize> = (0..self.binding.rcps.len()).collect();
        if deciding.is_empty() {
            return Vec::new();
        }
        let closed = answer(&self.binding.rcps);
        if closed == answer(&[]) {
            return Vec::new();
        }
        let among = |chosen: &[usize]| -> Vec<Vec<Policy>> {
            let level = |index: &usize| self.binding.rcps.get(*index).cloned();
            chosen.iter().filter_map(level).collect()
        };
        // One that is not needed is dropped, the last first: what is higher in the tree is named.
        for index in (0..deciding.len()).rev() {
            let fewer: Vec<usize> = deciding.iter().copied().filter(|i| *i != index).collect();
            if !fewer.is_empty() && answer(&among(&fewer)) == closed {
                deciding = fewer;
            }
        }
        let id = |index: &usize| self.binding.rcp_ids.get(*index).cloned();
        deciding.iter().filter_map(id).collect()
    }

    /// `absent` without a policy, otherwise what a policy that was understood whole answers.
    pub(super) fn ask<T>(&self, absent: T, answer: impl FnOnce(&Policy) -> Fact<T>) -> Fact<T> {
        self.whole()
            .and_then(|policy| policy.map_or_else(|| Fact::Known(absent), answer))
    }

    /// The same where control policies have a say without a bucket policy too.
    fn ask_bound<T>(&self, absent: T, answer: impl FnOnce(Option<&Policy>) -> Fact<T>) -> Fact<T> {
        self.whole().and_then(|policy| match policy {
            None if self.binding.is_empty() => Fact::Known(absent),
            policy => answer(policy),
        })
    }

    /// The policy, when it was understood whole.
    fn whole(&self) -> Fact<Option<&Policy>> {
        self.policy.as_ref().and_then(|policy| match policy {
            Some(policy) if !policy.is_sound() => {
                Fact::undecidable(format!("the policy cannot be read: {}", defects(policy)))
            }
            other => Fact::Known(other.as_ref()),
        })
    }
}

/// Whether a way in, by what a caller must hold for it, leads through an access point of an account.
fn needs_access_point_of(account: &str, way: &BTreeMap<String, Vec<String>>) -> bool {
    let all = |key: &str, is_own: &dyn Fn(&str) -> bool| {
        let values = way.get(key).filter(|values| !values.is_empty());
        values.is_some_and(|values| values.iter().all(|value| is_own(value)))
    };
    let is_own_arn = |arn: &str| {
        let mut parts = arn.splitn(6, ':').skip(4);
        parts.next() == Some(account)
            && parts
                .next()
                .is_some_and(|path| path.starts_with("accesspoint/"))
    };
    all("s3:DataAccessPointAccount", &|value| value == account)
        || all("s3:DataAccessPointArn", &is_own_arn)
}

/// An answer, unless the prover has none.
fn decided(answer: Answer) -> Fact<Answer> {
    match answer.verdict {
        Reach::Unknown => Fact::undecidable(answer.reason.unwrap_or_default()),
        _ => Fact::Known(answer),
    }
}

/// The 12-digit numbers in a text.
fn accounts_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| is_account_id(word))
}

/// What is wrong with a policy, the first few places.
fn defects(policy: &Policy) -> String {
    let mut defects_named: Vec<String> = policy
        .defects
        .iter()
        .take(DEFECTS_TOLD)
        .map(ToString::to_string)
        .collect();
    let more = policy.defects.len().saturating_sub(DEFECTS_TOLD);
    if more > 0 {
        defects_named.push(format!("and {more} more"));
    }
    defects_named.join("; ")
}
