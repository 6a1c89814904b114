//! Policy, ACL, ownership and Block Public Access together, when some of them could not be read.
//!
//! All of them are known: the prover answers, with the ACL's grants as Allows beside the policy's
//! ([`super::prove`]). One is not known: it still has a *least* and a *most* that it could be. Every
//! source moves the answer in one direction only — more grants let more in, a flag that is on lets
//! less in — so the question is answered twice, with every unread source at its least and at its
//! most. Where the two meet the answer is known whatever was not read; where they differ it is
//! unknown, because of those sources that alone can still move it.
//!
//! | source | unread, at its least | unread, at its most |
//! |---|---|---|
//! | policy | denies everything | lets everybody in (with RestrictPublicBuckets: see below) |
//! | ACL | no grants | full control for everyone and for one unknown account |
//! | ownership | ACLs off | ACLs on |
//! | IgnorePublicAcls | on | off |
//! | RestrictPublicBuckets and public | cuts off | does not |
//!
//! RestrictPublicBuckets cuts off every outside caller while AWS deems the policy public, and a policy
//! that AWS does not deem public only lets fixed values in (S3 user guide, "Blocking public access to
//! your Amazon S3 storage", 2026-09). So with the flag on, a policy that was refused is constrained
//! at most: who exactly gets in is unknown, and it is known that a caller who holds nothing does not. That
//! is why "open to anybody" is a question of its own.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::facts::fact::{Because, Fact};
use crate::inventory::bucket::{Grant, PublicAccessBlock};
use crate::report::policy::{Answer, Request};
use crate::report::{ClassReach, Reach};
use coldbucket_policy::PolicyKind;
use coldbucket_policy::catalogue::ActionClass;
use coldbucket_policy::contract::{BUCKET_OWNER_ENFORCED, Classes};
use coldbucket_policy::controls::AccountControls;
use coldbucket_policy::document::Policy;
use coldbucket_policy::documented_public::documented_public;
use coldbucket_policy::prove::{Case, Prover, Question};

/// A list of grants that is known, or known to lie between two.
#[derive(Clone, Debug)]
pub(in crate::facts) struct Grants<'a> {
    /// Those that surely have an effect.
    pub(in crate::facts) least: Vec<&'a Grant>,
    /// Those that may have one; none for any grant there is.
    pub(in crate::facts) most: Option<Vec<&'a Grant>>,
    /// Why the two differ; empty when they do not.
    pub(in crate::facts) because: Vec<Because>,
}

/// Everything that decides who gets in.
#[derive(Debug)]
pub(in crate::facts) struct Sources<'a> {
    pub(in crate::facts) bucket: &'a str,
    pub(in crate::facts) owner: &'a str,
    pub(in crate::facts) owner_id: Option<&'a str>,
    pub(in crate::facts) partition: &'static str,
    /// The policy; none where there is none.
    pub(in crate::facts) policy: Fact<Option<&'a Policy>>,
    /// AWS's judgement of the policy.
    pub(in crate::facts) aws_says_public: Fact<bool>,
    pub(in crate::facts) grants: Grants<'a>,
    pub(in crate::facts) ignore_public_acls: Fact<bool>,
    pub(in crate::facts) restrict_public_buckets: Fact<bool>,
    /// Object Ownership is BucketOwnerEnforced: S3 refuses requests that set another ACL.
    pub(in crate::facts) owner_enforced: Fact<bool>,
    /// S3 refuses requests that set a public ACL.
    pub(in crate::facts) block_public_acls: Fact<bool>,
    /// Seconds since 1970.
    pub(in crate::facts) now: Option<f64>,
    /// Resource control policies that bind the bucket.
    pub(in crate::facts) rcps: &'a [Vec<Policy>],
    /// Service control policies of accounts that may call.
    pub(in crate::facts) scps: &'a [AccountControls],
    /// The policy with everything else, prepared for questions once for each choice.
    pub(in crate::facts) provers: RefCell<Vec<(Choice, Prover)>>,
}

/// One way the unread sources could be: at their most (true) or at their least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) struct Choice {
    policy: bool,
    grants: bool,
    ignore: bool,
    /// Requests may set ACLs.
    acls: bool,
    cut: bool,
}

/// The member of a choice about one source.
type ChoiceMember = fn(&mut Choice) -> &mut bool;

const LEAST: Choice = Choice {
    policy: false,
    grants: false,
    ignore: false,
    acls: false,
    cut: false,
};

const MOST: Choice = Choice {
    policy: true,
    grants: true,
    ignore: true,
    acls: true,
    cut: true,
};

/// Who gets in, class by class.
#[derive(Clone, Debug)]
pub(in crate::facts) struct Composed {
    /// The answer.
    pub(in crate::facts) reach: Classes<Fact<Reach>>,
    /// Whether a caller who holds no value that the policy names gets in. Known more often than the
    /// reach: that it is constrained at most is enough.
    pub(in crate::facts) open: Classes<Fact<bool>>,
}

/// What was supposed of the sources, and what the prover answered then: what is reachable, what is at
/// least constrained, and why.
type Asked = (Choice, ClassReach, ClassReach, Option<String>);

impl Sources<'_> {
    /// Whether AWS deems the policy public: by its own word, or where that is missing by its
    /// documentation, as far as that decides.
    fn public(&self) -> Fact<bool> {
        let documented = match &self.policy {
            Fact::Known(None) => Some(false),
            Fact::Known(Some(policy)) => documented_public(policy),
            Fact::Unknown { .. } => None,
        };
        match (&self.aws_says_public, documented) {
            (Fact::Known(false), Some(true)) => {
                Fact::undecidable("GetBucketPolicyStatus contradicts the policy it judges")
            }
            (Fact::Known(known), _) => Fact::Known(*known),
            (Fact::Unknown { .. }, Some(documented)) => Fact::Known(documented),
            (unknown, None) => unknown.clone(),
        }
    }

    /// Whether everyone outside is cut off.
    pub(in crate::facts) fn cut(&self) -> Fact<bool> {
        match &self.restrict_public_buckets {
            Fact::Known(false) => Fact::Known(false),
            restrict => restrict.clone().and(self.public()),
        }
    }

    /// The choice among the sources that were not read: of the others there is none, so that two
    /// choices that differ in nothing are asked about once.
    fn as_far_as_unread(&self, choice: Choice, cut: &Fact<bool>) -> Choice {
        let unread = |sources: &[&Fact<bool>]| sources.iter().any(|one| one.known().is_none());
        Choice {
            policy: choice.policy && self.policy.known().is_none(),
            grants: choice.grants && !self.grants.because.is_empty(),
            ignore: choice.ignore && unread(&[&self.ignore_public_acls]),
            acls: choice.acls && unread(&[&self.owner_enforced, &self.block_public_acls]),
            cut: choice.cut && unread(&[cut]),
        }
    }

    /// Who gets in.
    pub(in crate::facts) fn reach(&self, question: &Question) -> Composed {
        let cut = self.cut();
        let answered: RefCell<Vec<Asked>> = RefCell::new(Vec::new());
        let ask = |choice: Choice| {
            let choice = self.as_far_as_unread(choice, &cut);
            if let Some(known) = answered.borrow().iter().find(|known| known.0 == choice) {
                return known.clone();
            }
            let (low, high, reason) = self.ask(question, choice, &cut);
            let answer = (choice, low, high, reason);
            answered.borrow_mut().push(answer.clone());
            answer
        };
        let (_, low, _, low_reason) = ask(LEAST);
        let (_, _, high, high_reason) = ask(MOST);
        // Each source, with why it was not read.
        let sources: [(ChoiceMember, Cow<'_, [Because]>); 5] = [
            (|choice| &mut choice.policy, self.policy.because().into()),
            (
                |choice| &mut choice.grants,
                self.grants.because.as_slice().into(),
            ),
            (
                |choice| &mut choice.ignore,
                self.ignore_public_acls.because().into(),
            ),
            (
                |choice| &mut choice.acls,
                [&self.owner_enforced, &self.block_public_acls]
                    .map(Fact::because)
                    .concat()
                    .into(),
            ),
            (|choice| &mut choice.cut, cut.because().into()),
        ];
        let except = |mut choice: Choice, source: ChoiceMember| {
            let chosen = source(&mut choice);
            *chosen = !*chosen;
            choice
        };
        let reach = Classes::from_fn(|class| {
            let of = |classes: &ClassReach| *classes.get(class);
            if of(&low) == of(&high) {
                return Fact::Known(of(&low));
            }
            let mut because: Vec<Because> = Vec::new();
            for (source, why) in sources.iter().filter(|(_, why)| !why.is_empty()) {
                // It alone at its most, or it alone at its least.
                let moves = of(&ask(except(LEAST, *source)).1) > of(&low)
                    || of(&ask(except(MOST, *source)).2) < of(&high);
                if moves {
                    because.extend(why.iter().cloned());
                }
            }
            if because.is_empty() {
                because.extend(sources.iter().flat_map(|(_, why)| why.iter().cloned()));
            }
            if because.is_empty() {
                let reason = high_reason.as_ref().or(low_reason.as_ref());
                return Fact::undecidable(
                    reason
                        .cloned()
                        .unwrap_or_else(|| "the policy engine could not decide it".to_owned()),
                );
            }
            Fact::unknown_from(because.iter())
        });
        let open = Classes::from_fn(|class| match reach.get(class) {
            _ if *low.get(class) == Reach::Reachable => Fact::Known(true),
            _ if *high.get(class) < Reach::Reachable => Fact::Known(false),
            unknown => unknown.as_ref().map(|reach| *reach == Reach::Reachable),
        });
        Composed { reach, open }
    }

    /// A request of that class that gets in, when everything that decides it is known.
    pub(in crate::facts) fn witness(
        &self,
        question: &Question,
        class: ActionClass,
    ) -> Option<Request> {
        let cut = self.cut();
        let (Fact::Known(policy), Fact::Known(_)) = (&self.policy, &cut) else {
            return None;
        };
        // What the least lets in gets in whatever was not read.
        let least = self.as_far_as_unread(LEAST, &cut);
        self.with_prover(*policy, least, &cut, |prover| {
            prover.witness(question, class)
        })
    }

    /// The least and the most that one choice lets in.
    fn ask(
        &self,
        question: &Question,
        choice: Choice,
        cut: &Fact<bool>,
    ) -> (ClassReach, ClassReach, Option<String>) {
        let Fact::Known(policy) = &self.policy else {
            if !choice.policy || cuts(cut, choice) {
                return (all(Reach::Unreachable), all(Reach::Unreachable), None);
            }
            let most = self.most(question, choice);
            if self.restrict_public_buckets.known() == Some(&true) {
                // What a policy can let in that AWS does not deem public, and what the ACL can.
                let (low, high, reason) = bounds(&self.prover(None, choice, cut).answer(question));
                let more = |classes: ClassReach| {
                    ClassReach::from_fn(|class| {
                        let reach = *classes.get(class).max(&Reach::Constrained);
                        reach.min(*most.get(class))
                    })
                };
                return (more(low), more(high), reason);
            }
            return (most, most, None);
        };
        let answer = self.with_prover(*policy, choice, cut, |prover| prover.answer(question));
        bounds(&answer)
    }

    /// Asks the policy that was read, with one choice of what was not.
    fn with_prover<T>(
        &self,
        policy: Option<&Policy>,
        choice: Choice,
        cut: &Fact<bool>,
        ask: impl FnOnce(&mut Prover) -> T,
    ) -> T {
        let mut provers = self.provers.borrow_mut();
        if let Some((_, prover)) = provers.iter_mut().find(|(of, _)| *of == choice) {
            return ask(prover);
        }
        let mut prover = self.prover(policy, choice, cut);
        let answer = ask(&mut prover);
        provers.push((choice, prover));
        answer
    }

    /// The most that any bucket policy could let in: everything that no control policy denies.
    fn most(&self, question: &Question, choice: Choice) -> ClassReach {
        if self.rcps.is_empty() {
            return all(Reach::Reachable);
        }
        let everything = Policy::parse(EVERYTHING, PolicyKind::Resource);
        let mut open = self.prover(Some(&everything), choice, &Fact::Known(false));
        let (_, most, _) = bounds(&open.answer(question));
        most
    }

    fn prover(&self, policy: Option<&Policy>, choice: Choice, cut: &Fact<bool>) -> Prover {
        let cut = cuts(cut, choice);
        let anything = [
            Grant {
                grantee: "AllUsers".to_owned(),
                permission: "FULL_CONTROL".to_owned(),
            },
            Grant {
                grantee: "an account that was not read".to_owned(),
                permission: "FULL_CONTROL".to_owned(),
            },
        ];
        let grants: Vec<Grant> = match (choice.grants, &self.grants.most) {
            (true, None) => anything.to_vec(),
            (true, Some(most)) => most.iter().map(|grant| (*grant).clone()).collect(),
            (false, _) => self
                .grants
                .least
                .iter()
                .map(|grant| (*grant).clone())
                .collect(),
        };
        let ignore = match self.ignore_public_acls {
            Fact::Known(known) => known,
            Fact::Unknown { .. } => !choice.ignore,
        };
        let refuses = |setting: &Fact<bool>| setting.known().copied().unwrap_or(!choice.acls);
        Prover::new(&Case {
            owner_id: self.owner_id,
            ownership: refuses(&self.owner_enforced).then_some(BUCKET_OWNER_ENFORCED),
            block: PublicAccessBlock {
                block_public_acls: refuses(&self.block_public_acls),
                ignore_public_acls: ignore,
                restrict_public_buckets: cut,
                ..PublicAccessBlock::default()
            },
            aws_says_public: Some(cut),
            grants: &grants,
            rcps: self.rcps,
            scps: self.scps,
            now: self.now,
            partition: Some(self.partition),
            ..Case::new(self.bucket, self.owner, policy)
        })
        .core_only()
    }
}

/// The most that a bucket policy can grant.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;

fn all(reach: Reach) -> ClassReach {
    ClassReach::from_fn(|_| reach)
}

fn cuts(cut: &Fact<bool>, choice: Choice) -> bool {
    match cut {
        Fact::Known(known) => *known,
        Fact::Unknown { .. } => !choice.cut,
    }
}

/// An answer as bounds: what the prover cannot decide may be anything.
fn bounds(answer: &Answer) -> (ClassReach, ClassReach, Option<String>) {
    let to = |replacement: Reach| {
        answer.classes.map(|reach| match reach {
            Reach::Unknown => replacement,
            reach => *reach,
        })
    };
    (
        to(Reach::Unreachable),
        to(Reach::Reachable),
        answer.reason.clone(),
    )
}

#[cfg(test)]
mod tests {
    use coldbucket_policy::catalogue::CLASSES;

    use super::*;
    use crate::inventory::need::ReadingKind;
    use coldbucket_policy::PolicyKind;

    const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}]}"#;
    const FROM_A_NETWORK: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}"#;
    const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}]}"#;

    fn unread<T>() -> Fact<T> {
        Fact::not_collected(ReadingKind::BucketPolicy)
    }

    /// Every combination of policy, ACL, IgnorePublicAcls and RestrictPublicBuckets, each known or
    /// not. What is said to be known must hold for every way to fill in what was not read.
    #[test]
    fn what_is_known_holds_however_the_unread_turns_out() {
        let policies: Vec<Policy> = [OPEN, FROM_A_NETWORK, CLOSED]
            .iter()
            .map(|text| Policy::parse(text, PolicyKind::Resource))
            .collect();
        let readable: Vec<Option<&Policy>> = std::iter::once(None)
            .chain(policies.iter().map(Some))
            .collect();
        let public = Grant {
            grantee: "AllUsers".to_owned(),
            permission: "READ".to_owned(),
        };
        let lists: [Vec<&Grant>; 2] = [Vec::new(), vec![&public]];
        let question = Question::Anonymous;
        let reach = |policy: Fact<Option<&Policy>>,
                     grants: Option<&Vec<&Grant>>,
                     ignore: Option<bool>,
                     restrict: Option<bool>| {
            let sources = Sources {
                bucket: "b",
                owner: "111111111111",
                owner_id: None,
                partition: "aws",
                policy,
                aws_says_public: unread(),
                grants: match grants {
                    Some(grants) => Grants {
                        least: grants.clone(),
                        most: Some(grants.clone()),
                        because: Vec::new(),
                    },
                    None => Grants {
                        least: Vec::new(),
                        most: None,
                        because: Fact::<()>::not_collected(ReadingKind::BucketAcl)
                            .because()
                            .to_vec(),
                    },
                },
                ignore_public_acls: ignore.map_or_else(unread, Fact::Known),
                restrict_public_buckets: restrict.map_or_else(unread, Fact::Known),
                owner_enforced: Fact::Known(false),
                block_public_acls: Fact::Known(false),
                now: None,
                rcps: &[],
                scps: &[],
                provers: RefCell::default(),
            };
            sources.reach(&question)
        };
        let flags = [Some(false), Some(true), None];
        let all = [false, true];
        let policies_or_none: Vec<Option<Option<&Policy>>> =
            readable.iter().copied().map(Some).chain([None]).collect();
        let mut settled = 0;
        for policy in &policies_or_none {
            for grants in [Some(&lists[0]), Some(&lists[1]), None] {
                for ignore in flags {
                    for restrict in flags {
                        let said = reach(
                            policy.map_or_else(unread, Fact::Known),
                            grants,
                            ignore,
                            restrict,
                        );
                        for class in CLASSES {
                            let Fact::Known(said) = said.reach.get(class) else {
                                continue;
                            };
                            settled += 1;
                            for whole in readable
                                .iter()
                                .filter(|whole| policy.is_none_or(|known| known == **whole))
                            {
                                for list in lists
                                    .iter()
                                    .filter(|list| grants.is_none_or(|known| known == *list))
                                {
                                    for i in all
                                        .into_iter()
                                        .filter(|flag| ignore.is_none_or(|known| known == *flag))
                                    {
                                        for r in all.into_iter().filter(|flag| {
                                            restrict.is_none_or(|known| known == *flag)
                                        }) {
                                            let true_reach = reach(
                                                Fact::Known(*whole),
                                                Some(list),
                                                Some(i),
                                                Some(r),
                                            )
                                            .reach;
                                            let Fact::Known(true_reach) = true_reach.get(class)
                                            else {
                                                panic!("everything is known");
                                            };
                                            // A refused policy under the flag is settled up to fixed values.
                                            assert!(
                                                true_reach == said,
                                                "{class:?}: said {said:?}, is {true_reach:?}"
                                            );
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        assert!(settled > 300, "{settled}");
    }

    #[test]
    fn where_everything_was_read_one_prover_answers_every_question() {
        let open = Policy::parse(OPEN, PolicyKind::Resource);
        let sources = Sources {
            bucket: "b",
            owner: "111111111111",
            owner_id: None,
            partition: "aws",
            policy: Fact::Known(Some(&open)),
            aws_says_public: Fact::Known(true),
            grants: Grants {
                least: Vec::new(),
                most: Some(Vec::new()),
                because: Vec::new(),
            },
            ignore_public_acls: Fact::Known(false),
            restrict_public_buckets: Fact::Known(false),
            owner_enforced: Fact::Known(true),
            block_public_acls: Fact::Known(false),
            now: None,
            rcps: &[],
            scps: &[],
            provers: RefCell::default(),
        };
        for question in [Question::Anonymous, Question::AnyAwsAccount] {
            let reach = sources.reach(&question).reach;
            assert_eq!(reach.get(ActionClass::Read), &Fact::Known(Reach::Reachable));
            assert!(sources.witness(&question, ActionClass::Read).is_some());
        }
        assert_eq!(sources.provers.borrow().len(), 1);
    }

    #[test]
    fn only_what_can_move_the_answer_is_missing() {
        let closed = Policy::parse(CLOSED, PolicyKind::Resource);
        let sources = Sources {
            bucket: "b",
            owner: "111111111111",
            owner_id: None,
            partition: "aws",
            policy: Fact::Known(Some(&closed)),
            aws_says_public: unread(),
            grants: Grants {
                least: Vec::new(),
                most: None,
                because: Fact::<()>::not_collected(ReadingKind::BucketAcl)
                    .because()
                    .to_vec(),
            },
            ignore_public_acls: unread(),
            restrict_public_buckets: unread(),
            owner_enforced: Fact::Known(false),
            block_public_acls: Fact::Known(false),
            now: None,
            rcps: &[],
            scps: &[],
            provers: RefCell::default(),
        };
        // Everything is denied, whatever the ACL and the flags are.
        for class in CLASSES {
            assert_eq!(
                sources.reach(&Question::Anonymous).reach.get(class),
                &Fact::Known(Reach::Unreachable)
            );
        }
    }
}
