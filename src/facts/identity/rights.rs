//! The rights themselves: the engine's answers, grouped as people ask.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::context::{Boundary, IdentityContext, Labelled, is_of_aws, short};
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::inventory::held_policies::{PolicySource, S3_PREFIXES};
use crate::inventory::identity::IdentityInventory;
use coldbucket_policy::document::{Effect, Policy};
use coldbucket_policy::identity::{self, Answer, Capability, Held, Identity};

/// Whether an identity has a right.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(IdentityListing))]
pub struct RightFacts {
    /// `always`, `conditional` (on what the request brings: an address, MFA, a tag) or `never`.
    pub held: Fact<String>,
    /// Which parts of the right are held so; empty for `never`.
    pub what: Fact<Vec<String>>,
    /// The policy that gives the first of them, in words; empty for `never`.
    pub policy: Fact<String>,
    /// The statement in that policy, from 0; 0 for `never`.
    pub statement: Fact<u32>,
    /// The condition keys, in lower case, it depends on when `conditional`; else empty.
    pub conditions: Fact<Vec<String>>,
}

/// The answers about one identity.
pub(super) struct Rights<'a> {
    /// What the engine says of `s3:`; unknown where a document is missing.
    answers: Fact<Vec<Answer>>,
    /// And of every action of the other services of S3's family.
    family: Fact<Vec<(&'static str, Answer)>>,
    policies: &'a [Labelled<'a>],
    boundary: &'a Boundary,
    account: &'a str,
    arn: &'a str,
    now: &'a str,
}

impl<'a> Rights<'a> {
    /// Asks the engine.
    pub(super) fn new(
        context: &IdentityContext<'a>,
        identity: &'a IdentityInventory,
        policies: &'a [Labelled<'a>],
        boundary: &'a Boundary,
    ) -> Self {
        let mut rights = Self {
            answers: Fact::Known(Vec::new()),
            family: Fact::Known(Vec::new()),
            policies,
            boundary,
            account: context.account_id,
            arn: &identity.arn,
            now: context.taken_at,
        };
        let limits = policies
            .iter()
            .find(|one| one.policy.is_none() && !only_allows(one));
        let missing = match boundary {
            Boundary::Unread(arn) => Some(format!("the permissions boundary {}", short(arn))),
            _ => limits.map(|one| one.label.clone()),
        };
        if let Some(missing) = missing {
            let why = no_document(&missing);
            rights.answers = Fact::undecidable(why.clone());
            rights.family = Fact::undecidable(why);
            return rights;
        }
        let read: Vec<(&str, &Policy)> = policies
            .iter()
            .filter_map(|one| Some((one.label.as_str(), one.policy.as_ref()?)))
            .collect();
        let identity = rights.identity(read);
        let mut answers = identity::capabilities(&identity);
        let mut family = identity::whole_services(&identity);
        if let Some(unread) = rights.unread() {
            // It may give more, and takes nothing away.
            let all = answers.iter_mut();
            for answer in all.chain(family.iter_mut().map(|(_, answer)| answer)) {
                if answer.held != Held::Yes {
                    answer.held = Held::Unknown;
                    answer.by = Some((unread.label.clone(), 0));
                }
            }
        }
        rights.answers = Fact::Known(answers);
        rights.family = Fact::Known(family);
        rights
    }

    fn identity<'p>(&self, policies: Vec<(&'p str, &'p Policy)>) -> Identity<'p>
    where
        'a: 'p,
    {
        Identity {
            arn: self.arn,
            account: self.account,
            policies,
            boundary: match self.boundary {
                Boundary::Is(policy) => Some(policy),
                _ => None,
            },
            now: Some(self.now),
        }
    }

    /// Every action on everything, of S3 and of its family.
    pub(super) fn everything(&self) -> RightFacts {
        let s3 = self.answers.as_ref().map(|answers| {
            answers
                .iter()
                .filter(|answer| answer.capability == Capability::Everything)
                .map(|answer| ("s3", answer))
                .collect::<Vec<_>>()
        });
        let family = self.family.as_ref().map(|family| {
            family
                .iter()
                .map(|(service, answer)| (*service, answer))
                .collect::<Vec<_>>()
        });
        let all = s3.zip(family).map(|(mut all, more)| {
            all.extend(more);
            all
        });
        one_of(&all)
    }

    /// Write and delete objects everywhere.
    pub(super) fn writes(&self) -> RightFacts {
        self.group(&[
            (Capability::WriteEverywhere, "write"),
            (Capability::DeleteEverywhere, "delete"),
        ])
    }

    /// Change who can reach the buckets.
    pub(super) fn permissions(&self) -> RightFacts {
        self.group(&[
            (Capability::ChangePolicy, "policies"),
            (Capability::ChangeAcl, "ACLs"),
            (Capability::ChangeEncryption, "encryption"),
            (Capability::ChangePublicAccessBlock, "Block Public Access"),
            (Capability::BypassGovernance, "governance retention"),
        ])
    }

    /// Read objects everywhere.
    pub(super) fn reads(&self) -> RightFacts {
        self.group(&[(Capability::ReadEverywhere, "read")])
    }

    fn group(&self, parts: &[(Capability, &'static str)]) -> RightFacts {
        let answers = self.answers.as_ref().map(|answers| {
            parts
                .iter()
                .filter_map(|(capability, word)| {
                    let answer = answers
                        .iter()
                        .find(|answer| answer.capability == *capability)?;
                    Some((*word, answer))
                })
                .collect::<Vec<_>>()
        });
        one_of(&answers)
    }

    /// AWS managed policies attached to the identity itself that give everything on their own. None
    /// where the boundary or a Deny takes that away again.
    pub(super) fn managed_full_access(&self) -> Fact<Vec<String>> {
        let of_aws: Vec<(&str, &Policy, &str)> = self
            .policies
            .iter()
            .filter_map(|one| match one.held.source {
                // Those of a group are the group's.
                PolicySource::Managed(arn) if is_of_aws(arn) && !one.label.contains(" of ") => {
                    Some((one.label.as_str(), one.policy.as_ref()?, arn))
                }
                _ => None,
            })
            .collect();
        let effective = self.everything().held;
        let unread = self.unread().map(|one| no_document(&one.label));
        effective.and_then(|held| {
            if held == "never" {
                return Fact::Known(Vec::new());
            }
            let mut names: Vec<String> = of_aws
                .into_iter()
                .filter(|(label, policy, _)| {
                    let alone = Identity {
                        boundary: None,
                        ..self.identity(vec![(*label, *policy)])
                    };
                    let whole = |answer: &Answer| answer.held == Held::Yes;
                    identity::capabilities(&alone)
                        .iter()
                        .any(|answer| answer.capability == Capability::Everything && whole(answer))
                        || identity::whole_services(&alone)
                            .iter()
                            .any(|(_, answer)| whole(answer))
                })
                .map(|(_, _, arn)| short(arn).to_owned())
                .collect();
            names.sort();
            names.dedup();
            match unread.filter(|_| names.is_empty() && held != "always") {
                Some(why) => Fact::undecidable(why),
                None => Fact::Known(names),
            }
        })
    }

    /// Whether any action of S3 is allowed on anything: what a presigned URL could be made for. A Deny
    /// of all of S3, and a boundary without it, take that away.
    pub(super) fn uses_s3(&self) -> Fact<bool> {
        self.answers.as_ref().and_then(|_| {
            let policies: Vec<&Policy> = self
                .policies
                .iter()
                .filter_map(|one| one.policy.as_ref())
                .collect();
            let within = match self.boundary {
                Boundary::Is(policy) => allows_some(policy),
                _ => true,
            };
            let may = within && !policies.iter().any(|policy| denies_all(policy));
            let uses = may && policies.iter().any(|policy| allows_some(policy));
            match self.unread().filter(|_| may && !uses) {
                Some(unread) => Fact::undecidable(no_document(&unread.label)),
                None => Fact::Known(uses),
            }
        })
    }

    /// A policy whose document the answer did not have.
    fn unread(&self) -> Option<&Labelled<'a>> {
        self.policies.iter().find(|one| one.policy.is_none())
    }
}

/// An Allow of the policy names some action of S3.
fn allows_some(policy: &Policy) -> bool {
    !policy.is_sound()
        || policy.with_effect(Effect::Allow).any(|statement| {
            statement.action.negated
                || statement.action.items.iter().any(|pattern| {
                    let text = pattern.text.to_lowercase();
                    let prefix = text.split_once(':').map_or(text.as_str(), |(head, _)| head);
                    let prefix = wildmatch::WildMatch::new(prefix);
                    S3_PREFIXES.iter().any(|service| prefix.matches(service))
                })
        })
}

/// A Deny of the policy keeps every action of S3 out, whatever the request brings.
fn denies_all(policy: &Policy) -> bool {
    policy.with_effect(Effect::Deny).any(|statement| {
        statement.conditions.is_empty()
            && !statement.action.negated
            && statement
                .action
                .items
                .iter()
                .any(|pattern| matches!(pattern.text.to_lowercase().as_str(), "*" | "s3:*"))
            && statement.resource.as_ref().is_some_and(|element| {
                !element.negated && element.items.iter().any(|pattern| pattern.text == "*")
            })
    })
}

/// Why rights are not known.
fn no_document(policy: &str) -> String {
    format!("the answer did not have the document of {policy}")
}

/// True for a policy of AWS that has no Deny statements: all but those that AWS names for them.
fn only_allows(one: &Labelled<'_>) -> bool {
    let PolicySource::Managed(arn) = one.held.source else {
        return false;
    };
    let denies = |word: &str| short(arn).contains(word);
    is_of_aws(arn) && !denies("Deny") && !denies("Quarantine")
}

/// Several answers as one right: it is held as strongly as its strongest part.
fn one_of(answers: &Fact<Vec<(&'static str, &Answer)>>) -> RightFacts {
    let found = answers.as_ref().and_then(|answers| {
        let with = |held: Held| -> Vec<(&'static str, &Answer)> {
            answers
                .iter()
                .filter(|(_, answer)| answer.held == held)
                .map(|(word, answer)| (*word, *answer))
                .collect()
        };
        let (always, unknown, conditional) = (
            with(Held::Yes),
            with(Held::Unknown),
            with(Held::Conditionally),
        );
        if !always.is_empty() {
            return Fact::Known(("always", always));
        }
        if let Some((_, answer)) = unknown.first() {
            let policy = answer
                .by
                .as_ref()
                .map_or("a policy", |(policy, _)| policy.as_str());
            return Fact::undecidable(format!(
                "{policy} has something that could not be read or that AWS does not document"
            ));
        }
        if conditional.is_empty() {
            Fact::Known(("never", conditional))
        } else {
            Fact::Known(("conditional", conditional))
        }
    });
    let by = |(_, parts): &(&str, Vec<(&'static str, &Answer)>)| {
        parts
            .first()
            .and_then(|(_, answer)| answer.by.clone())
            .unwrap_or_default()
    };
    RightFacts {
        held: found.as_ref().map(|(held, _)| (*held).to_owned()),
        what: found
            .as_ref()
            .map(|(_, parts)| parts.iter().map(|(word, _)| (*word).to_owned()).collect()),
        policy: found.as_ref().map(|found| by(found).0),
        statement: found
            .as_ref()
            .map(|found| u32::try_from(by(found).1).unwrap_or(u32::MAX)),
        conditions: found.map(|(held, parts)| {
            if held != "conditional" {
                return Vec::new();
            }
            let keys: BTreeSet<String> = parts
                .iter()
                .flat_map(|(_, answer)| answer.conditions.iter().cloned())
                .collect();
            keys.into_iter().collect()
        }),
    }
}
