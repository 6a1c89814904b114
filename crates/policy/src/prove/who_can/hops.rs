//! One step away: who can become a principal that gets in, or change what keeps it out.
//!
//! Such a principal cannot do what is asked; it can do something else first, and the something is
//! named. It is never mixed into the answer itself, and no second step is looked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ask::{ReachQuestion, ReachRow, TargetNumber};
use super::decide::{Authority, Gate};
use super::domains::Service;
use super::explain::AccessDecision;
use super::outside::Party;
use super::rules::ActionBits;
use super::search::Asked;
use super::subject::Subject;
use super::world::{CompiledTrust, Place, World};
use crate::contract::Reach;
use crate::prove::caller::CallerClass;
use crate::prove::provider::IdentityProvider;
use crate::prove::value::Domain;

/// A principal that is one step away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OneHop {
    /// As in a row, or `federated:` and the ARN or name of an identity provider.
    pub principal: String,
    /// The action that it can take: `sts:AssumeRole`, `sts:AssumeRoleWithWebIdentity`,
    /// `sts:AssumeRoleWithSAML`, `lambda:UpdateFunctionCode`, `s3:PutBucketPolicy`,
    /// `kms:PutKeyPolicy`, `kms:CreateGrant`.
    pub via: String,
    /// The role that it becomes, or whose function it changes.
    pub role: Option<String>,
    /// The step depends on something that was not read.
    pub unknown: bool,
}

/// A principal outside the account, a service or the users of an identity provider, and a role that it
/// can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssumption {
    /// `account:N`, `account:*`, `service:S`, `service:*`, `canonical:ID`, or `federated:` and a provider, or
    /// `*` for any.
    pub principal: String,
    /// The action by which it takes the role.
    pub via: &'static str,
    /// Whether it can.
    pub reach: Reach,
    /// For constrained: what must hold, as in [`AccessDecision::under`].
    pub under: BTreeMap<String, Vec<String>>,
}

impl RoleAssumption {
    fn new(principal: String, via: &'static str, decision: AccessDecision) -> Self {
        Self {
            principal,
            via,
            reach: decision.reach,
            under: decision.under,
        }
    }
}

/// Assumptions that were worked out, by what the trust policy says.
type KnownAssumptions = BTreeMap<Vec<usize>, Vec<RoleAssumption>>;

/// How principals of the account and of others become a role.
const ASSUME: &str = "sts:AssumeRole";

/// How users of an identity provider become one.
const FEDERATE: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// The action that changes the policy of a bucket.
const CHANGE: &str = "s3:PutBucketPolicy";

impl World {
    /// Who is one step away from what the rows say can be reached.
    ///
    /// # Errors
    /// That there is no such bucket or function.
    pub fn one_hop(
        &self,
        target: &str,
        question: &ReachQuestion,
        rows: &[ReachRow],
    ) -> Result<Vec<OneHop>, String> {
        let target = self.target(target)?;
        let identities = self.record.identities.len();
        let outside: Vec<usize> = rows
            .iter()
            .take(identities)
            .enumerate()
            .filter(|(_, row)| !row.decision.reach.lets_in())
            .map(|(place, _)| place)
            .collect();
        let mut hops = Vec::new();
        let mut known = KnownAssumptions::new();
        for (role, row) in rows.iter().take(identities).enumerate() {
            if !row.decision.reach.lets_in() {
                continue;
            }
            if let Some(Some(trust)) = self.trusts.get(role) {
                self.assumes(role, trust, &outside, &mut known, &mut hops);
            }
            self.alters(role, &outside, &mut hops);
        }
        if let TargetNumber::Bucket(bucket) = target {
            let changers = if question.actions.iter().any(|name| name == CHANGE) {
                Vec::new()
            } else {
                self.verdicts_of(target, CHANGE)
            };
            for place in &outside {
                if let Some(row) = rows.get(*place) {
                    let changes = changers.get(*place).is_some_and(|reach| reach.lets_in());
                    self.changes(bucket, changes, *place, &row.decision, &mut hops);
                }
            }
        }
        hops.sort();
        hops.dedup();
        Ok(hops)
    }

    /// Who can take a role.
    fn assumes(
        &self,
        role: usize,
        trust: &CompiledTrust,
        outside: &[usize],
        known: &mut KnownAssumptions,
        hops: &mut Vec<OneHop>,
    ) {
        let Some(arn) = self.subjects.get(role).and_then(|role| role.arn.as_ref()) else {
            return;
        };
        let mut hop = |principal: &str, via: &str, reach: Reach| {
            if reach.lets_in() || reach == Reach::Unknown {
                hops.push(OneHop {
                    principal: principal.to_owned(),
                    via: via.to_owned(),
                    role: Some(arn.clone()),
                    unknown: reach == Reach::Unknown,
                });
            }
        };
        if self.speaks_of_own(trust) {
            for place in outside.iter().filter(|place| **place != role) {
                if let Some(subject) = self.subjects.get(*place)
                    && let Some(own) = &subject.arn
                {
                    let decision = self.at_role(role, trust, subject, Some(*place), ASSUME);
                    hop(own, ASSUME, decision.reach);
                }
            }
        }
        let from_outside = self.takers_from_outside(role, trust, known);
        // Where any account can take it, that any service can as well is no news.
        let any_account = from_outside
            .iter()
            .any(|found| found.principal == "account:*" && found.reach.lets_in());
        for found in from_outside {
            if !(any_account && found.principal == "service:*") {
                hop(&found.principal, found.via, found.reach);
            }
        }
    }

    /// By role, its ARN and which principals outside the account can take it.
    pub fn role_assumptions(&self) -> Vec<(String, Vec<RoleAssumption>)> {
        let mut known = KnownAssumptions::new();
        let roles = self.trusts.iter().enumerate();
        roles
            .filter_map(|(role, trust)| {
                let arn = self.subjects.get(role)?.arn.clone()?;
                let found = self.takers_from_outside(role, trust.as_ref()?, &mut known);
                Some((arn, found.to_vec()))
            })
            .collect()
    }

    /// A trust policy has no resource: the same words say the same of every role.
    fn takers_from_outside<'k>(
        &self,
        role: usize,
        trust: &CompiledTrust,
        known: &'k mut KnownAssumptions,
    ) -> &'k [RoleAssumption] {
        let same = trust.rules.all().filter_map(|rule| {
            let rule = self.book.rules.get(rule)?;
            Some(rule.same)
        });
        known
            .entry(same.collect())
            .or_insert_with(|| self.assumed_from_outside(role, trust))
    }

    /// Which principals outside the account can take a role.
    fn assumed_from_outside(&self, role: usize, trust: &CompiledTrust) -> Vec<RoleAssumption> {
        let decided =
            |party: &Party| party.decided(|caller| self.at_role(role, trust, caller, None, ASSUME));
        let by_party = self
            .parties(&trust.named)
            .into_iter()
            .filter(|party| party.name != "anonymous")
            .map(|party| RoleAssumption::new(party.name.clone(), ASSUME, decided(&party)));
        let by_provider = self.federated_parties(trust).into_iter().flat_map(|party| {
            FEDERATE.map(|action| {
                let decision =
                    party.decided(|caller| self.at_role(role, trust, caller, None, action));
                RoleAssumption::new(party.name.clone(), action, decision)
            })
        });
        by_party.chain(by_provider).collect()
    }

    /// The users of each identity provider that a trust policy names, and of all others: a statement for
    /// everyone is one for them as well.
    fn federated_parties(&self, trust: &CompiledTrust) -> Vec<Party> {
        let party = |name: &str, providers: Vec<IdentityProvider>| Party {
            name: format!("federated:{name}"),
            callers: providers
                .into_iter()
                .map(|provider| Subject::other(CallerClass::Provider(provider), None))
                .collect(),
            all: Vec::new(),
            unseen: None,
        };
        let named = trust.named.providers.iter().filter(|name| *name != "*");
        let mut parties: Vec<Party> = named
            .map(|name| party(name, vec![IdentityProvider::Named(name.as_str().into())]))
            .collect();
        parties.push(party("*", self.unnamed_providers(trust)));
        parties
    }

    /// The providers that this trust policy does not name, each kind that it distinguishes.
    fn unnamed_providers(&self, trust: &CompiledTrust) -> Vec<IdentityProvider> {
        let rule = |rule| self.book.rules.get(rule);
        let other = CallerClass::Provider(IdentityProvider::Other);
        let mut allows = trust.rules.allows.iter().copied().filter_map(rule);
        if !allows.any(|rule| other.is_meant(&rule.rule) != Some(false)) {
            return vec![IdentityProvider::Other];
        }
        let vocabulary = &self.book.vocabulary;
        let keys: BTreeSet<&str> = trust
            .rules
            .all()
            .filter_map(rule)
            .flat_map(|rule| &rule.rule.atoms)
            .filter_map(|atom| vocabulary.atoms.get(*atom))
            .filter_map(|atom| vocabulary.keys.get(atom.key))
            .map(String::as_str)
            .collect();
        // Claims that this trust policy does not look at make no difference to it.
        let is_distinguished = |provider: &IdentityProvider| {
            keys.iter()
                .any(|key| !IdentityProvider::Other.may_hold(key) && provider.may_hold(key))
        };
        let of_others = vocabulary
            .providers()
            .filter(|name| *name != "*" && !trust.named.providers.contains(*name))
            .map(|name| IdentityProvider::Named(name.into()))
            .filter(|provider| {
                keys.contains("aws:federatedprovider") || is_distinguished(provider)
            });
        let of_none = IdentityProvider::unnamed(vocabulary)
            .into_iter()
            .filter(|provider| *provider == IdentityProvider::Other || is_distinguished(provider));
        of_none.chain(of_others).collect()
    }

    /// Whether some Allow of a trust policy can speak of an identity of the account.
    fn speaks_of_own(&self, trust: &CompiledTrust) -> bool {
        trust
            .rules
            .allows
            .iter()
            .filter_map(|rule| self.book.rules.get(*rule))
            .any(|rule| self.can_speak_of_own(rule))
    }

    fn at_role(
        &self,
        role: usize,
        trust: &CompiledTrust,
        subject: &Subject,
        identity: Option<usize>,
        action: &'static str,
    ) -> AccessDecision {
        let Some(arn) = self.subjects.get(role).and_then(|role| role.arn.as_ref()) else {
            return AccessDecision::unknown("no such role");
        };
        let gate = Gate {
            main: Authority {
                service: Service::Sts,
                bits: ActionBits::named(action).unwrap_or_default(),
                policy: &trust.rules,
                acl: &[],
                independent: false,
                own: subject.account() == Some(self.account.as_str()),
                controlled: true,
                owner_id: None,
            },
            key: None,
            cut: Some(false),
            key_missing: None,
        };
        let asked = Asked {
            role: Some(role),
            ..self.plain(subject, identity, (Service::Sts, arn), (action, true))
        };
        let profile = identity.and_then(|identity| self.profile(identity));
        self.decide(&asked, profile, &gate)
    }

    /// Who can change the code of a function that runs as a role.
    fn alters(&self, role: usize, outside: &[usize], hops: &mut Vec<OneHop>) {
        let Some(arn) = self.subjects.get(role).and_then(|role| role.arn.as_ref()) else {
            return;
        };
        let functions = self
            .functions
            .iter()
            .enumerate()
            .filter(|(_, function)| function.record.role.as_ref() == Some(arn));
        for (place, _) in functions {
            for action in [
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ] {
                let verdicts = self.verdicts_of(TargetNumber::Function(place), action);
                for subject in outside {
                    let reach = verdicts.get(*subject).copied();
                    let own = self.subjects.get(*subject).and_then(|one| one.arn.as_ref());
                    let (Some(reach), Some(own)) = (reach, own) else {
                        continue;
                    };
                    if reach.lets_in() || reach == Reach::Unknown {
                        hops.push(OneHop {
                            principal: own.clone(),
                            via: action.to_owned(),
                            role: Some(arn.clone()),
                            unknown: reach == Reach::Unknown,
                        });
                    }
                }
            }
        }
    }

    /// Who can change the policy that keeps it out.
    fn changes(
        &self,
        bucket: usize,
        changes: bool,
        place: usize,
        decision: &AccessDecision,
        hops: &mut Vec<OneHop>,
    ) {
        let Some(blocked) = &decision.blocked_by else {
            return;
        };
        let Some(subject) = self.subjects.get(place) else {
            return;
        };
        let Some(own) = &subject.arn else {
            return;
        };
        let mut hop = |via: &str| {
            hops.push(OneHop {
                principal: own.clone(),
                via: via.to_owned(),
                role: None,
                unknown: false,
            });
        };
        match blocked.policy.as_str() {
            "bucket" | "nothing" if changes => hop(CHANGE),
            "key" => {
                for action in ["kms:PutKeyPolicy", "kms:CreateGrant"] {
                    let decision = self.at_key(bucket, action, subject, Some(place));
                    if decision.is_some_and(|decision| decision.reach.lets_in()) {
                        hop(action);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whom outside the account the key of a bucket's default encryption lets decrypt, in whatever
    /// request: each account that the key policy or a grant names, and `account:*`. Nothing where there
    /// is no key of a customer, or it cannot be used.
    ///
    /// # Errors
    /// That there is no such bucket.
    pub fn who_can_decrypt(&self, bucket: &str) -> Result<Vec<ReachRow>, String> {
        let TargetNumber::Bucket(place) = self.target(bucket)? else {
            return Err(format!("{bucket}: no such bucket was read"));
        };
        let key = self
            .buckets
            .get(place)
            .and_then(|bucket| self.keys.get(bucket.key?));
        let Some(key) = key.filter(|key| !key.managed) else {
            return Ok(Vec::new());
        };
        let parties = self.parties(&key.named);
        let of_party = parties.iter().filter_map(|party| {
            party.unseen.as_ref()?;
            let decisions = party
                .callers
                .iter()
                .filter_map(|caller| self.at_key(place, "kms:Decrypt", caller, None));
            Some(ReachRow {
                principal: party.name.clone(),
                decision: Arc::new(decisions.max_by_key(|decision| decision.reach)?),
            })
        });
        Ok(of_party.collect())
    }

    /// A request to KMS itself about the key of a bucket; none where the key cannot be used again.
    fn at_key(
        &self,
        bucket: usize,
        action: &str,
        subject: &Subject,
        identity: Option<usize>,
    ) -> Option<AccessDecision> {
        let bucket = self.buckets.get(bucket)?;
        let key = self.keys.get(bucket.key?)?;
        if key.managed || key.unusable.is_some() {
            return None;
        }
        let gate = Gate {
            main: Authority {
                service: Service::Kms,
                bits: ActionBits::named(action)?,
                policy: &key.rules,
                acl: &[],
                independent: false,
                own: subject.account() == Some(key.seen.account.as_str()),
                controlled: key.seen.account == self.account,
                owner_id: None,
            },
            key: None,
            cut: Some(false),
            key_missing: None,
        };
        let asked = Asked {
            place: Place {
                service: Service::Kms,
                resource: Cow::Owned(Domain::absent()),
                region: &key.seen.region,
                owner: &self.owner,
                s3_actions: 0,
                key: Some(&key.seen),
                // A call of the principal's own: no service makes it.
                via: None,
                caller_account: subject.account(),
                context_arn: None,
            },
            ..self.plain(subject, identity, (Service::Kms, ""), (action, true))
        };
        let profile = identity.and_then(|identity| self.profile(identity));
        Some(self.decide(&asked, profile, &gate))
    }
}
