//! The evaluator's word on a witness: it shares no line of matching with the search.

use std::sync::Arc;

use super::decide::Gate;
use super::domains::Service;
use super::explain::RequestPair;
use super::records::{CitedPolicy, IdentityRecord, Knowledge};
use super::search::Asked;
use super::world::{CompiledKey, World};
use crate::contract::{Decision, PublicAccessBlock, Request};
use crate::document::{Effect, Policy};
use crate::evaluate::{Policies, implausible};

impl World {
    /// Whether the evaluator allows both requests of a witness, and they can be made.
    pub(super) fn stands(&self, asked: &Asked<'_>, gate: &Gate<'_>, pair: &RequestPair) -> bool {
        let main = self.main_policies(asked, gate);
        let allowed = implausible(&pair.main).is_none()
            && self.allows(
                asked,
                &main,
                &pair.main,
                !gate.main.independent && gate.main.own,
            );
        let Some((authority, key)) = &gate.key else {
            return allowed;
        };
        let Some(request) = &pair.kms else {
            return false;
        };
        allowed
            && self.allows(
                asked,
                &self.key_policies(asked, key),
                request,
                authority.own,
            )
    }

    /// Whether a request is allowed. Where the resource's policy must speak, that it does.
    fn allows(
        &self,
        asked: &Asked<'_>,
        policies: &Policies,
        request: &Request,
        must_speak: bool,
    ) -> bool {
        let outcome = policies.evaluate(request);
        outcome.decision == Decision::Allow
            && (!must_speak
                || !asked.subject.is_ours()
                || outcome
                    .statement
                    .is_some_and(|(policy, _)| policy == "resource"))
    }

    fn main_policies(&self, asked: &Asked<'_>, gate: &Gate<'_>) -> Policies {
        let of = |document: &Option<Arc<CitedPolicy>>| {
            Policies::of_resource(document.as_ref().map(|document| &document.policy))
        };
        let policies = match gate.main.service {
            Service::S3 => {
                let Some(bucket) = asked.bucket.and_then(|place| self.buckets.get(place)) else {
                    return Policies::default();
                };
                let record = &bucket.record;
                let block = record.block.known().copied().unwrap_or_default();
                let mut policy = record.policy.known().cloned().flatten();
                if let Some(document) = &mut policy
                    && gate.main.is_owners_policy(asked.subject)
                {
                    Arc::make_mut(document)
                        .policy
                        .statements
                        .retain(|statement| statement.effect == Effect::Allow);
                }
                of(&policy)
                    .with_acl(
                        &record.name,
                        record.grants.known().map(Vec::as_slice).unwrap_or_default(),
                        record.ownership.as_deref(),
                    )
                    .with_public_access_block(PublicAccessBlock {
                        // Whether it cuts the caller off was decided before.
                        restrict_public_buckets: false,
                        ..block
                    })
            }
            Service::Lambda => {
                let function = asked.function.and_then(|place| self.functions.get(place));
                of(
                    &function
                        .and_then(|function| function.record.policy.known().cloned().flatten()),
                )
            }
            Service::Sts => {
                let trust = asked
                    .role
                    .and_then(|role| self.record.identities.get(role))
                    .and_then(|role| role.trust.clone());
                of(&trust)
            }
            Service::Kms => Policies::default(),
        };
        self.with_caller(asked, policies, gate.main.controlled)
    }

    fn key_policies(&self, asked: &Asked<'_>, key: &CompiledKey) -> Policies {
        // Grants have no variables: the key policy's version is that of both.
        let mut merged = Policy {
            version: key
                .documents
                .first()
                .map(|document| document.policy.version)
                .unwrap_or_default(),
            ..Policy::default()
        };
        for document in &key.documents {
            merged
                .statements
                .extend(document.policy.statements.iter().cloned());
            merged
                .defects
                .extend(document.policy.defects.iter().cloned());
        }
        let controlled = key.seen.account == self.account && !key.managed;
        self.with_caller(asked, Policies::of_resource(Some(&merged)), controlled)
    }

    /// With what the caller brings, and the control policies.
    fn with_caller(&self, asked: &Asked<'_>, policies: Policies, controlled: bool) -> Policies {
        let levels = |levels: &Option<Vec<Vec<Arc<CitedPolicy>>>>| -> Vec<Vec<Policy>> {
            levels
                .iter()
                .flatten()
                .map(|level| {
                    level
                        .iter()
                        .map(|document| document.policy.clone())
                        .collect()
                })
                .collect()
        };
        let policies = if controlled {
            policies.with_rcps(&levels(&self.record.rcps))
        } else {
            policies
        };
        if !asked.subject.is_ours() {
            return policies.with_willing_identity();
        }
        let scps = levels(&self.record.scps);
        let policies = policies.with_scps(&scps);
        let Some(identity) = asked
            .identity
            .and_then(|place| self.record.identities.get(place))
        else {
            return policies;
        };
        with_identity(policies, identity)
    }
}

fn with_identity(policies: Policies, identity: &IdentityRecord) -> Policies {
    let boundary = match &identity.boundary {
        Some(Knowledge::Known(document)) => Some(&document.policy),
        _ => None,
    };
    policies
        .with_identity(identity.policies.iter().map(|document| &document.policy))
        .with_boundaries(boundary)
}
