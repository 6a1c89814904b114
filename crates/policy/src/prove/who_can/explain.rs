//! What came of a question, for people and machines: what allows, under which conditions, what blocks,
//! and two requests that anyone can replay.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::Gate;
use super::domains::{KeyContent, Service, Stance, is_typed};
use super::search::{AccessModel, Asked, LocalKey, written};
use super::world::World;
use crate::contract::{ContextValue, Reach, Request, RequestPrincipal};
use crate::prove::atom::{Atom, KeyValue, ValueTest};
use crate::prove::caller::{CallerClass, PrincipalKind};
use crate::prove::numeric;
use crate::prove::value::{self, Domain, Literal, Values};

/// What S3 gives KMS as encryption context: the object's ARN, or the bucket's where a bucket key is on.
const CONTEXT_ARN: &str = "kms:EncryptionContext:aws:s3:arn";

/// Networks that are listed of one key.
const NETWORKS: usize = 64;

/// A statement that is cited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CitedStatement {
    /// The policy: `bucket`, `key`, `grant`, `acl`, or the name of an identity or control policy.
    pub policy: String,
    /// The statement, from 0; none for an ACL grant.
    pub statement: Option<usize>,
}

/// What keeps a principal out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocked {
    /// The policy that denies or does not allow: as in [`CitedStatement`], or `nothing`.
    pub policy: String,
    /// The statement that denies, from 0.
    pub statement: Option<usize>,
    /// Why, for a person.
    pub reason: String,
}

impl Blocked {
    pub(super) fn because(policy: &str, reason: &str) -> Self {
        Self {
            policy: policy.to_owned(),
            statement: None,
            reason: reason.to_owned(),
        }
    }
}

/// Two requests that are allowed together: to the service, and the one that S3 makes to KMS.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestPair {
    /// To S3, Lambda or STS.
    pub main: Request,
    /// To KMS, where a key is involved.
    pub kms: Option<Request>,
}

/// The decision about one principal.
#[derive(Clone, Debug)]
pub struct AccessDecision {
    /// Reachable, constrained, unreachable or unknown.
    pub reach: Reach,
    /// For constrained: what must hold, by condition key (or `principal`, or `identity side of N`).
    pub under: BTreeMap<String, Vec<String>>,
    /// For constrained: each way alone is enough, `under` is their union.
    pub ways: Vec<BTreeMap<String, Vec<String>>>,
    /// The statements that allow it.
    pub by: Vec<CitedStatement>,
    /// For unreachable: what keeps it out.
    pub blocked_by: Option<Blocked>,
    /// Requests that are allowed.
    pub witness: Option<RequestPair>,
    /// For unknown: the IAM actions that would settle it.
    pub missing: BTreeSet<String>,
    /// For unknown: why, for a person.
    pub reason: Option<String>,
}

impl AccessDecision {
    fn of(reach: Reach) -> Self {
        Self {
            reach,
            under: BTreeMap::new(),
            ways: Vec::new(),
            by: Vec::new(),
            blocked_by: None,
            witness: None,
            missing: BTreeSet::new(),
            reason: None,
        }
    }

    pub(super) fn unknown(reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::of(Reach::Unknown)
        }
    }

    pub(super) fn unreachable(blocked: Blocked) -> Self {
        Self {
            blocked_by: Some(blocked),
            ..Self::of(Reach::Unreachable)
        }
    }
}

impl World {
    /// A caller gets in: what it takes, by which statements, and the requests that show it.
    pub(super) fn reached(
        &self,
        asked: &Asked<'_>,
        gate: &Gate<'_>,
        found: Vec<AccessModel>,
        held: bool,
    ) -> AccessDecision {
        let mut decision = AccessDecision::of(Reach::Reachable);
        let mut ways: Vec<BTreeMap<String, Vec<String>>> = Vec::new();
        let mut stood = false;
        for model in found {
            let witness = if asked.verdict_only {
                None
            } else {
                match self.witness(asked, gate, &model) {
                    Some(witness) if self.stands(asked, gate, &witness) => Some(witness),
                    // The account behind a canonical user id has no ARN to write down.
                    None if matches!(asked.subject.caller, CallerClass::Canonical(_)) => None,
                    _ => continue,
                }
            };
            stood = true;
            let mut way = if held {
                self.takes(asked, &model)
            } else {
                BTreeMap::new()
            };
            if let Some(arn) = &asked.subject.held_as {
                way.insert("principal".to_owned(), vec![arn.clone()]);
            }
            if ways.is_empty() {
                decision.witness = witness;
                decision.by = self.cited(&model);
            }
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        if !stood {
            return AccessDecision::unknown(
                "the analysis and the evaluator do not agree on it, which is a defect of this program",
            );
        }
        if ways.iter().any(BTreeMap::is_empty) {
            return decision;
        }
        decision.reach = Reach::Constrained;
        for way in &ways {
            for (key, values) in way {
                let all = decision.under.entry(key.clone()).or_default();
                for value in values {
                    if !all.contains(value) {
                        all.push(value.clone());
                    }
                }
            }
        }
        if ways.len() > 1 {
            decision.ways = ways;
        }
        decision
    }

    /// The statements that grant, in order of their path.
    fn cited(&self, model: &AccessModel) -> Vec<CitedStatement> {
        let mut cited: Vec<CitedStatement> = Vec::new();
        for candidate in &model.chosen {
            let Some(rule) = self.book.rules.get(candidate.rule) else {
                continue;
            };
            // Control policies limit; they grant nothing.
            let limits = self
                .scps
                .iter()
                .chain(&self.rcps)
                .any(|level| level.allows.contains(&candidate.rule));
            let one = CitedStatement {
                policy: rule.document.to_string(),
                statement: rule.index,
            };
            if !limits && !cited.contains(&one) {
                cited.push(one);
            }
        }
        cited
    }

    pub(super) fn cited_block(&self, rule: usize, reason: &str) -> Blocked {
        let rule = self.book.rules.get(rule);
        Blocked {
            policy: rule.map_or_else(String::new, |rule| rule.document.to_string()),
            statement: rule.and_then(|rule| rule.index),
            reason: reason.to_owned(),
        }
    }

    /// What must hold: conditions that the caller does not meet at rest.
    fn takes(&self, asked: &Asked<'_>, model: &AccessModel) -> BTreeMap<String, Vec<String>> {
        let mut takes = BTreeMap::new();
        let at_rest = |local: &LocalKey| {
            let name = self.book.vocabulary.keys.get(local.key).map(String::as_str);
            local.key == 0
                || name.is_none_or(is_typed)
                || model.stance.at_rest & Stance::bit(local.key) != 0
                || match asked.content(local.service, local.key, model.stance) {
                    KeyContent::Undetermined(_) => true,
                    content => content.is_fixed(),
                }
        };
        for (place, local) in model.keys.iter().enumerate() {
            if at_rest(local) {
                continue;
            }
            let literals: Vec<Literal<'_>> = model
                .literals
                .iter()
                .filter_map(|(position, wanted)| {
                    let atom = model.atoms.get(*position)?;
                    (atom.key == place).then_some((atom, *wanted))
                })
                .collect();
            let vocabulary = &self.book.vocabulary;
            let name = vocabulary
                .written
                .get(local.key)
                .cloned()
                .unwrap_or_default();
            let values = values_needed(&literals, model.values.get(place));
            takes.insert(name, values);
        }
        takes
    }

    /// The requests of a model; none when a value could not be worked out.
    fn witness(
        &self,
        asked: &Asked<'_>,
        gate: &Gate<'_>,
        model: &AccessModel,
    ) -> Option<RequestPair> {
        let principal = self.principal(asked, model)?;
        let resource = match model.values.first()? {
            KeyValue::One(resource) => resource.clone(),
            _ => return None,
        };
        let main = Request {
            principal: principal.clone(),
            action: asked.action.to_owned(),
            resource: resource.clone(),
            resource_account: asked.place.owner.owner.clone(),
            context: self.context(asked, model, gate.main.service)?,
        };
        let kms = match &gate.key {
            None => None,
            Some((authority, key)) => {
                let KeyContent::In(Domain {
                    values: Values::Of(arns),
                    ..
                }) = &key.seen.resource
                else {
                    return None;
                };
                let mut context = self.context(asked, model, Service::Kms)?;
                // A policy may write the key in another case.
                context.retain(|name, _| !name.eq_ignore_ascii_case(CONTEXT_ARN));
                let arn = asked.place.context_arn.map_or(resource, str::to_owned);
                context.insert(CONTEXT_ARN.to_owned(), ContextValue::One(arn));
                Some(Request {
                    principal,
                    action: authority.bits.other_name()?.to_owned(),
                    resource: arns.first()?.clone(),
                    resource_account: key.seen.account.clone(),
                    context,
                })
            }
        };
        Some(RequestPair { main, kms })
    }

    /// The context of one of the requests: what was found, and the facts that policies look at.
    fn context(
        &self,
        asked: &Asked<'_>,
        model: &AccessModel,
        service: Service,
    ) -> Option<BTreeMap<String, ContextValue>> {
        let vocabulary = &self.book.vocabulary;
        let mut context = BTreeMap::new();
        for (key, (name, as_written)) in vocabulary.keys.iter().zip(&vocabulary.written).enumerate()
        {
            if key == 0 || name == "aws:principalarn" && asked.subject.is_ours() {
                continue;
            }
            let local = asked.local(service, key);
            if local.key == 0 {
                continue;
            }
            let of_model = model
                .keys
                .iter()
                .position(|known| *known == local)
                .and_then(|place| model.values.get(place));
            let value = match of_model {
                Some(KeyValue::Absent) => None,
                Some(KeyValue::One(value)) => Some(ContextValue::One(value.clone())),
                Some(KeyValue::Many(values)) => Some(ContextValue::Many(values.clone())),
                Some(KeyValue::Unclear) => return None,
                None => asked.fact(local, model.stance),
            };
            let Some(value) = value else {
                continue;
            };
            if name == "aws:currenttime"
                && let ContextValue::One(time) = &value
            {
                context.insert(
                    "aws:EpochTime".to_owned(),
                    ContextValue::One(numeric::write(numeric::parse_date(time)?)),
                );
            }
            context.insert(as_written.clone(), value);
        }
        if model.stance.endpoint && service != Service::Kms {
            context
                .entry("aws:SourceVpce".to_owned())
                .or_insert_with(|| ContextValue::One("vpce-0123456789abcdef0".to_owned()));
        }
        Some(context)
    }

    /// The principal of a witness.
    fn principal(&self, asked: &Asked<'_>, model: &AccessModel) -> Option<RequestPrincipal> {
        if let Some(arn) = &asked.subject.arn {
            return Some(RequestPrincipal::Arn(arn.clone()));
        }
        let value = |wanted: &str| {
            let key = self.book.vocabulary.position(wanted)?;
            let place = model.keys.iter().position(|local| local.key == key)?;
            match model.values.get(place)? {
                KeyValue::One(value) => Some(value.as_str()),
                _ => None,
            }
        };
        let vocabulary = &self.book.vocabulary;
        if let CallerClass::Provider(provider) = &asked.subject.caller {
            let class = provider.class(vocabulary, value("aws:federatedprovider"));
            return Some(RequestPrincipal::Class(class));
        }
        let partition = vocabulary.partition;
        let CallerClass::Aws {
            account: Some(account),
            kind,
            name,
            session,
            ..
        } = &asked.subject.caller
        else {
            return asked.subject.caller.class().map(RequestPrincipal::Class);
        };
        let (name, session) = (name.as_deref(), session.as_deref());
        if let Some(arn) = value("aws:principalarn") {
            return Some(RequestPrincipal::Arn(match session {
                Some(session) => format!(
                    "arn:{partition}:sts::{account}:assumed-role/{}/{session}",
                    arn.rsplit('/').next()?
                ),
                None => arn.to_owned(),
            }));
        }
        let unnamed = vocabulary.unnamed_principal();
        let name = name.or_else(|| value("aws:username")).unwrap_or(&unnamed);
        Some(RequestPrincipal::Arn(match (kind, session) {
            (PrincipalKind::Root, _) => format!("arn:{partition}:iam::{account}:root"),
            (PrincipalKind::User, _) => format!("arn:{partition}:iam::{account}:user/{name}"),
            (PrincipalKind::Federated, _) => {
                format!("arn:{partition}:sts::{account}:federated-user/{name}")
            }
            (PrincipalKind::Role, Some(session)) => format!(
                "arn:{partition}:sts::{account}:assumed-role/{}/{session}",
                name.rsplit('/').next()?
            ),
            (PrincipalKind::Role, None) => format!("arn:{partition}:iam::{account}:role/{name}"),
        }))
    }
}

/// The values that satisfy the conditions on a key, as policies write them.
fn values_needed(literals: &[Literal<'_>], found: Option<&KeyValue>) -> Vec<String> {
    if literals
        .iter()
        .any(|(atom, _)| matches!(atom.test, ValueTest::Address(_)))
    {
        let set = value::addresses(literals);
        return if set.is_broad() {
            Vec::new()
        } else {
            set.networks(NETWORKS)
        };
    }
    let passes = |text: &str| {
        literals
            .iter()
            .all(|(atom, wanted)| atom.passes(text) == *wanted)
    };
    let positive = |atom: &Atom, wanted: bool| wanted != atom.negated;
    let mut values: Vec<String> = Vec::new();
    for (atom, wanted) in literals {
        if let ValueTest::Text(globs) = &atom.test
            && positive(atom, *wanted)
        {
            values.extend(
                globs
                    .iter()
                    .filter_map(|glob| glob.literal())
                    .filter(|literal| passes(literal))
                    .map(str::to_owned),
            );
            values.extend(globs.iter().filter_map(written));
        }
    }
    if values.is_empty() {
        values = match found {
            Some(KeyValue::One(value)) => vec![value.clone()],
            Some(KeyValue::Many(values)) => values.clone(),
            _ => Vec::new(),
        };
    }
    values.dedup();
    values
}

impl Asked<'_> {
    /// A fact that policies look at, as a value of a request.
    fn fact(&self, local: LocalKey, stance: Stance) -> Option<ContextValue> {
        let content = self.content(local.service, local.key, stance);
        if !content.is_fixed() {
            return None;
        }
        let KeyContent::In(domain) = content else {
            return None;
        };
        match domain.values {
            Values::Of(values) if domain.many => Some(ContextValue::Many(values)),
            Values::Of(values) => values.into_iter().next().map(ContextValue::One),
            _ => None,
        }
    }
}
