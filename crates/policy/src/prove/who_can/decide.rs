//! Who decides: the paths by which a caller gets in, and what comes of them.
//!
//! ```text
//! S3, Lambda, own account   P1 {grant to the caller or everyone}
//!                           P2 {grant to the role} ∧ {boundary}
//!                           P3 {identity} ∧ {boundary}
//! KMS, trust, own account   P1, P2, P4 {grant to the account} ∧ {identity} ∧ {boundary}
//! another account           {grant}, and its own identity side: seen, or named as what is not seen
//! no signature, service     {grant}
//! always                    each level of SCPs (own identities), of RCPs; no Deny of any of them
//! ```
//!
//! (IAM user guide, "Policy evaluation logic"; KMS developer guide, "Key policies"; 2026-09.) The order
//! of questions is the prover's: with what the caller is at rest, then with what it could hold, each
//! rounded down for what is claimed and up for what is denied.

use super::domains::{Service, Stance};
use super::explain::{AccessDecision, Blocked};
use super::rules::ActionBits;
use super::search::{AccessModel, Asked, Candidate, Conjunction, SearchOutcome};
use super::subject::Subject;
use super::world::{CompiledKey, Profile, Sided, World};
use crate::prove::budget::{Budget, Exhausted};
use crate::prove::caller::{CallerClass, Delegation};
use crate::prove::value::Rounding;

/// Alternatives are looked for where a way takes no more keys than this.
const WAYS: usize = 6;

/// Steps of one decision.
const STEPS: u64 = 2_000_000;

/// What decides at one resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority<'a> {
    pub(super) service: Service,
    pub(super) bits: ActionBits,
    /// Statements of its policy, and Allows of its ACL.
    pub(super) policy: &'a Sided,
    pub(super) acl: &'a [usize],
    /// An identity policy is enough in the resource's own account.
    pub(super) independent: bool,
    /// The caller's account owns the resource.
    pub(super) own: bool,
    /// Resource control policies bind it.
    pub(super) controlled: bool,
    /// Canonical user id of the owner.
    pub(super) owner_id: Option<&'a str>,
}

impl Authority<'_> {
    /// Whether a root user asks for its own bucket's policy, which S3 gives and changes whatever that
    /// policy denies (API reference, GetBucketPolicy, PutBucketPolicy and DeleteBucketPolicy, 2026-09).
    pub(super) fn is_owners_policy(&self, subject: &Subject) -> bool {
        const ACTIONS: [&str; 3] = [
            "s3:GetBucketPolicy",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
        ];
        self.own
            && self.service == Service::S3
            && subject.is_root()
            && ACTIONS
                .into_iter()
                .filter_map(ActionBits::named)
                .any(|bits| bits == self.bits)
    }
}

/// A target as one caller sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate<'a> {
    pub(super) main: Authority<'a>,
    /// The key, where the action needs it.
    pub(super) key: Option<(Authority<'a>, &'a CompiledKey)>,
    /// RestrictPublicBuckets cuts the caller off, or that is not known.
    pub(super) cut: Option<bool>,
    /// Whether a key is needed was not read.
    pub(super) key_missing: Option<&'a str>,
}

/// The groups of one path.
type Groups = Vec<Vec<Candidate>>;

/// What the search of all paths came to.
#[derive(Debug, Default)]
struct Looked {
    found: Vec<AccessModel>,
    doubt: bool,
    denied_by: Option<usize>,
}

impl World {
    /// Decides one caller at one target.
    pub(super) fn decide(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        gate: &Gate<'_>,
    ) -> AccessDecision {
        let mut budget = Budget::new(STEPS);
        self.settle(asked, profile, gate, &mut budget)
            .unwrap_or_else(|Exhausted| AccessDecision::unknown("analysis exceeded its step limit"))
    }

    fn settle(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        gate: &Gate<'_>,
        budget: &mut Budget,
    ) -> Result<AccessDecision, Exhausted> {
        let main = self.paths(asked, profile, &gate.main);
        if main.is_empty() {
            return Ok(AccessDecision::unreachable(
                self.why_no_path(asked, profile, &gate.main),
            ));
        }
        if gate.main.service == Service::S3 {
            let owner = asked.place.owner;
            if owner.refused_alone(&asked.subject.caller, gate.main.bits.s3) != 0 {
                let own = gate.main.own;
                return Ok(AccessDecision::unreachable(Blocked::because(
                    if own { "acl" } else { "bucket" },
                    if own {
                        "ACLs are disabled on the bucket"
                    } else {
                        "S3 refuses this action to callers from outside the bucket's account"
                    },
                )));
            }
        }
        if gate.cut == Some(true) {
            return Ok(AccessDecision::unreachable(Blocked::because(
                "bucket",
                "RestrictPublicBuckets is on and the bucket policy is public",
            )));
        }
        let keyed = match &gate.key {
            None => vec![Vec::new()],
            Some((authority, key)) => {
                if matches!(asked.subject.caller, CallerClass::Anonymous) {
                    return Ok(AccessDecision::unreachable(Blocked::because(
                        "key",
                        "S3 takes requests for data under SSE-KMS signed only",
                    )));
                }
                if let Some(state) = &key.unusable {
                    return Ok(AccessDecision::unreachable(Blocked::because(
                        "key",
                        &format!("the KMS key is {state}"),
                    )));
                }
                let paths = self.paths(asked, profile, authority);
                if paths.is_empty() {
                    return Ok(AccessDecision::unreachable(
                        self.why_no_key(asked, profile, authority, key),
                    ));
                }
                paths
            }
        };
        let mut denies = self.denies(asked, profile, &gate.main);
        if let Some((authority, _)) = &gate.key {
            denies.extend(self.denies(asked, profile, authority));
        }
        let conjunctions: Vec<Conjunction> = main
            .iter()
            .flat_map(|path| {
                let denies = &denies;
                keyed.iter().map(move |more| Conjunction {
                    groups: path.iter().chain(more).cloned().collect(),
                    denies: denies.clone(),
                })
            })
            .collect();
        self.phases(asked, gate, &conjunctions, budget)
    }

    /// At rest and held, down and up.
    fn phases(
        &self,
        asked: &Asked<'_>,
        gate: &Gate<'_>,
        conjunctions: &[Conjunction],
        budget: &mut Budget,
    ) -> Result<AccessDecision, Exhausted> {
        let certain = gate.cut == Some(false) && gate.key_missing.is_none();
        let mut denied_by = None;
        for held in [false, true] {
            let down = self.look(asked, conjunctions, held, Rounding::Down, budget)?;
            denied_by = down.denied_by.or(denied_by);
            if !down.found.is_empty() {
                if !certain {
                    return Ok(self.not_certain(gate));
                }
                return Ok(self.reached(asked, gate, down.found, held));
            }
            if down.doubt {
                let up = self.look(asked, conjunctions, held, Rounding::Up, budget)?;
                if let Some(found) = up.found.into_iter().next() {
                    let mut missing = found.missing;
                    missing.extend(gate.key_missing.map(str::to_owned));
                    return Ok(AccessDecision {
                        missing,
                        ..AccessDecision::unknown(
                            "a policy has a part that was not read or that AWS does not document",
                        )
                    });
                }
            }
        }
        Ok(AccessDecision::unreachable(match denied_by {
            Some(rule) => self.cited_block(rule, "denied"),
            None => self.why_conditions(conjunctions),
        }))
    }

    fn not_certain(&self, gate: &Gate<'_>) -> AccessDecision {
        let mut decision = AccessDecision::unknown(match gate.cut {
            Some(_) => "whether a KMS key is needed was not read",
            None => "whether RestrictPublicBuckets cuts the caller off is not known",
        });
        decision.missing.extend(gate.key_missing.map(str::to_owned));
        if gate.cut.is_none() {
            decision
                .missing
                .insert("s3:GetBucketPublicAccessBlock".to_owned());
        }
        decision
    }

    /// Every path, from the internet and through a VPC endpoint. At rest the first that is found is
    /// enough; what it takes to get in is collected from all of them.
    fn look(
        &self,
        asked: &Asked<'_>,
        conjunctions: &[Conjunction],
        held: bool,
        rounding: Rounding,
        budget: &mut Budget,
    ) -> Result<Looked, Exhausted> {
        let mut looked = Looked::default();
        for endpoint in [false, true] {
            if endpoint && !self.networks_matter {
                break;
            }
            for conjunction in conjunctions {
                let stance = Stance::new(endpoint, held, rounding);
                let SearchOutcome {
                    found,
                    doubt,
                    denied_by,
                    ..
                } = asked.search(conjunction, stance, budget)?;
                looked.doubt |= doubt;
                looked.denied_by = denied_by.or(looked.denied_by);
                let Some(found) = found else {
                    continue;
                };
                if !held || rounding == Rounding::Up {
                    looked.found.push(found);
                    return Ok(looked);
                }
                looked
                    .found
                    .extend(ways(asked, conjunction, stance, found, budget)?);
            }
        }
        Ok(looked)
    }

    /// Allows among some rules that speak of the caller and of the action, and are not beside the
    /// point.
    fn granting(
        &self,
        asked: &Asked<'_>,
        authority: &Authority<'_>,
        rules: &[usize],
    ) -> Vec<(Candidate, Delegation)> {
        let mut granting = Vec::new();
        for position in rules {
            let Some(rule) = self.book.rules.get(*position) else {
                continue;
            };
            if !rule.actions.meets(authority.bits) {
                continue;
            }
            let mention = asked.subject.granted_by(rule, authority.owner_id);
            if mention.is_none() {
                continue;
            }
            let candidate = Candidate {
                rule: *position,
                service: authority.service,
                doubt: false,
            };
            if asked.is_dead(candidate) {
                continue;
            }
            for (delegation, doubt) in [(mention.sure, false), (mention.doubtful, true)] {
                if let Some(delegation) = delegation {
                    granting.push((Candidate { doubt, ..candidate }, delegation));
                }
            }
        }
        granting
    }

    /// The grants of the ACL that may let it in. In the owner's account those to a group have a say: the
    /// ACL is evaluated beside the principal's own policies (S3 user guide, "How Amazon S3 authorizes a
    /// request for a bucket operation", 2026-09). One to an account there still wants their Allow.
    fn granted_by_acl(
        &self,
        asked: &Asked<'_>,
        authority: &Authority<'_>,
    ) -> Vec<(Candidate, Delegation)> {
        let mut granted = self.granting(asked, authority, authority.acl);
        if authority.own {
            granted.retain(|(candidate, _)| {
                self.book
                    .rules
                    .get(candidate.rule)
                    .is_some_and(|rule| rule.rule.whom.may_be_public_group())
            });
        }
        granted
    }

    /// The paths that no missing Allow closes.
    fn paths(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        authority: &Authority<'_>,
    ) -> Vec<Groups> {
        let subject = asked.subject;
        let mut granted = self.granting(asked, authority, &authority.policy.allows);
        granted.extend(self.granted_by_acl(asked, authority));
        let of = |wanted: Delegation| -> Vec<Candidate> {
            granted
                .iter()
                .filter(|(_, delegation)| *delegation == wanted)
                .map(|(candidate, _)| *candidate)
                .collect()
        };
        let all = || granted.iter().map(|(candidate, _)| *candidate).collect();
        let mut paths: Vec<Groups> = Vec::new();
        if !subject.is_ours() {
            paths.push(vec![all()]);
            if authority.own && authority.independent {
                // Identities of the owner's account that are not known here.
                paths.push(Vec::new());
            }
        } else if subject.is_root() {
            if authority.own && authority.independent {
                paths.push(Vec::new());
            } else {
                paths.push(vec![all()]);
            }
        } else {
            let plain = |rules: &[usize]| -> Vec<Candidate> {
                self.granting(asked, authority, rules)
                    .into_iter()
                    .map(|(candidate, _)| candidate)
                    .collect()
            };
            let identity = profile.map_or_else(Vec::new, |profile| plain(&profile.identity.allows));
            let limits: Groups = profile
                .and_then(|profile| profile.boundary.as_ref())
                .map(|boundary| plain(&boundary.allows))
                .into_iter()
                .collect();
            let limited = |mut groups: Groups| {
                groups.extend(limits.iter().cloned());
                groups
            };
            if !authority.own {
                paths.push(limited(vec![all(), identity]));
            } else {
                if authority.independent {
                    paths.push(limited(vec![identity]));
                } else {
                    paths.push(limited(vec![of(Delegation::Account), identity]));
                }
                paths.push(vec![of(Delegation::Direct)]);
                paths.push(limited(vec![of(Delegation::Role)]));
            }
        }
        paths.retain(|path| path.iter().all(|group| !group.is_empty()));
        if paths.is_empty() {
            return paths;
        }
        let control = self.control_groups(asked, authority);
        if control.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        for path in &mut paths {
            path.extend(control.iter().cloned());
        }
        paths
    }

    /// The levels of control policies, of each of which one Allow must match.
    fn control_groups(&self, asked: &Asked<'_>, authority: &Authority<'_>) -> Groups {
        if asked.subject.service_linked {
            return Vec::new();
        }
        let mut groups: Groups = Vec::new();
        let plain = |rules: &[usize]| -> Vec<Candidate> {
            self.granting(asked, authority, rules)
                .into_iter()
                .map(|(candidate, _)| candidate)
                .collect()
        };
        if asked.subject.is_ours() {
            groups.extend(self.scps.iter().map(|level| plain(&level.allows)));
        }
        if authority.controlled {
            // A level without an Allow has the default that cannot be detached.
            groups.extend(
                self.rcps
                    .iter()
                    .filter(|level| !level.allows.is_empty())
                    .map(|level| plain(&level.allows)),
            );
        }
        groups
    }

    /// Every Deny that may meet the caller there.
    fn denies(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        authority: &Authority<'_>,
    ) -> Vec<Candidate> {
        let subject = asked.subject;
        let mut lists: Vec<&[usize]> = Vec::new();
        if !authority.is_owners_policy(subject) {
            lists.push(&authority.policy.denies);
        }
        if let Some(profile) = profile {
            lists.push(&profile.identity.denies);
            lists.extend(profile.boundary.iter().map(|sided| sided.denies.as_slice()));
        }
        if !subject.service_linked {
            if subject.is_ours() {
                lists.extend(self.scps.iter().map(|level| level.denies.as_slice()));
            }
            if authority.controlled {
                lists.extend(self.rcps.iter().map(|level| level.denies.as_slice()));
            }
        }
        let mut denies = Vec::new();
        for position in lists.into_iter().flatten() {
            let Some(rule) = self.book.rules.get(*position) else {
                continue;
            };
            if !rule.actions.meets(authority.bits) {
                continue;
            }
            let mention = subject.denied_by(rule);
            if mention.is_none() {
                continue;
            }
            let candidate = Candidate {
                rule: *position,
                service: authority.service,
                doubt: mention.sure.is_none(),
            };
            if !asked.is_dead(candidate) {
                denies.push(candidate);
            }
        }
        denies
    }

    /// Which of the policies that must allow does not.
    pub(super) fn why_no_path(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        authority: &Authority<'_>,
    ) -> Blocked {
        let any = |rules: &[usize]| !self.granting(asked, authority, rules).is_empty();
        let by_resource =
            any(&authority.policy.allows) || !self.granted_by_acl(asked, authority).is_empty();
        let by_identity =
            asked.subject.is_root() || profile.is_some_and(|profile| any(&profile.identity.allows));
        if !(by_resource || by_identity && authority.own) {
            return Blocked::because("nothing", "no policy allows it");
        }
        if let Some(boundary) = profile.and_then(|profile| profile.boundary.as_ref())
            && !any(&boundary.allows)
        {
            return Blocked::because("boundary", "the permissions boundary does not allow it");
        }
        for (number, level) in self.scps.iter().enumerate() {
            if asked.subject.is_ours() && !asked.subject.service_linked && !any(&level.allows) {
                return Blocked::because(
                    "scp",
                    &format!("no service control policy of level {number} allows it"),
                );
            }
        }
        Blocked::because("nothing", "no policy allows it")
    }

    fn why_no_key(
        &self,
        asked: &Asked<'_>,
        profile: Option<&Profile>,
        authority: &Authority<'_>,
        key: &CompiledKey,
    ) -> Blocked {
        let spoken = !self
            .granting(asked, authority, &authority.policy.allows)
            .is_empty();
        if key.managed && !authority.own {
            return Blocked::because(
                "key",
                "the AWS managed key aws/s3 serves its own account only",
            );
        }
        if !spoken {
            return Blocked::because("key", "the key policy does not allow it");
        }
        let blocked = self.why_no_path(asked, profile, authority);
        if blocked.policy == "nothing" {
            return Blocked::because(
                "key",
                "the key policy leaves it to the account, and no identity policy allows the key",
            );
        }
        blocked
    }

    /// The conditions of every path fail.
    fn why_conditions(&self, conjunctions: &[Conjunction]) -> Blocked {
        let granting = conjunctions
            .iter()
            .filter_map(|conjunction| conjunction.groups.first()?.first())
            .next();
        match granting {
            Some(candidate) => self.cited_block(
                candidate.rule,
                "its conditions are met by no request of this principal",
            ),
            None => Blocked::because("nothing", "no policy allows it"),
        }
    }
}

/// Ways to get in, none of which takes something that it could do without: each key in turn is put at
/// rest, and stays there if there is still a way. Any other way does without one of the keys that the
/// first takes, so it is found by putting that one at rest first.
///
/// # Errors
/// When the budget is used up.
fn ways(
    asked: &Asked<'_>,
    conjunction: &Conjunction,
    stance: Stance,
    found: AccessModel,
    budget: &mut Budget,
) -> Result<Vec<AccessModel>, Exhausted> {
    let keys = asked.held_keys(conjunction, stance);
    let mut first = found;
    relax(asked, conjunction, &keys, &mut first, budget)?;
    let needed: Vec<usize> = keys
        .iter()
        .copied()
        .filter(|key| first.stance.at_rest & Stance::bit(*key) == 0)
        .collect();
    let mut ways = vec![first];
    if asked.verdict_only || needed.len() > WAYS {
        return Ok(ways);
    }
    for key in needed {
        let without = Stance {
            at_rest: Stance::bit(key),
            ..stance
        };
        let Some(mut other) = asked.search(conjunction, without, budget)?.found else {
            continue;
        };
        relax(asked, conjunction, &keys, &mut other, budget)?;
        if ways
            .iter()
            .all(|way| way.stance.at_rest != other.stance.at_rest)
        {
            ways.push(other);
        }
    }
    Ok(ways)
}

fn relax(
    asked: &Asked<'_>,
    conjunction: &Conjunction,
    keys: &[usize],
    model: &mut AccessModel,
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    for key in keys {
        let bit = Stance::bit(*key);
        if model.stance.at_rest & bit != 0 {
            continue;
        }
        let stance = Stance {
            at_rest: model.stance.at_rest | bit,
            ..model.stance
        };
        if let Some(found) = asked.search(conjunction, stance, budget)?.found {
            *model = found;
        }
    }
    Ok(())
}
