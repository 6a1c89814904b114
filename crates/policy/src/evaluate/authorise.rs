//! Who has a say in a decision, and how their words are joined.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::{
    DecidingStatement, Decision, EvaluateOutput, PolicyLevel, PolicySet, Request,
};
use crate::contract::{Grant, PublicAccessBlock};
use crate::controls::AccountControls;
use crate::document::{DefectKind, Effect, Policy};
use crate::documented_public::documented_public;
use crate::parse::{DocumentSource, PolicyKind};

use super::acl::AclGrants;
use super::principal::Strength;
use super::request::{RequestCaller, View};
use super::statement::CompiledStatement;
use super::truth::{Truth, Why};

/// One policy with the name under which a decision cites it.
#[derive(Clone, Debug)]
struct NamedPolicy {
    name: String,
    statements: Vec<CompiledStatement>,
}

/// The policies of one level of an organization; one of them must allow.
type ControlLevel = Vec<NamedPolicy>;

/// Everything that has a say in a decision, compiled.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    resource: Option<NamedPolicy>,
    /// AWS's documented judgement of the bucket policy.
    public: Option<bool>,
    acl: Option<AclGrants>,
    identity: Vec<NamedPolicy>,
    /// The caller's own account grants the caller everything.
    willing: bool,
    boundaries: Vec<NamedPolicy>,
    session: Vec<NamedPolicy>,
    scps: Vec<ControlLevel>,
    /// Those of the accounts that callers may belong to.
    scps_of: BTreeMap<String, Vec<ControlLevel>>,
    rcps: Vec<ControlLevel>,
    endpoint: Vec<NamedPolicy>,
    block: PublicAccessBlock,
}

/// The policies of one request before they are parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicySources<'a> {
    pub(crate) resource: Option<DocumentSource<'a>>,
    pub(crate) identity: Vec<DocumentSource<'a>>,
    pub(crate) boundaries: Vec<DocumentSource<'a>>,
    pub(crate) session: Vec<DocumentSource<'a>>,
    pub(crate) scps: Vec<Vec<DocumentSource<'a>>>,
    pub(crate) rcps: Vec<Vec<DocumentSource<'a>>>,
    pub(crate) endpoint: Vec<DocumentSource<'a>>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// What is decided. `Allow` is always certain.
    pub decision: Decision,
    /// The statement that decided: the Deny that matched, or the Allow that let it through. The
    /// name is that of the policy (`resource`, `identity[0]`, `scps[1].policies[0]`), the number the
    /// position in its Statement list.
    pub statement: Option<(&'a str, usize)>,
    /// What could not be decided and might change the decision; empty when it is certain.
    pub doubts: Vec<Doubt<'a>>,
}

/// Something that could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The statement, from 0; absent when it is not about one.
    pub statement: Option<usize>,
    /// Why.
    pub why: Why,
}

impl Outcome<'_> {
    /// True when nothing was left open.
    pub fn is_certain(&self) -> bool {
        self.doubts.is_empty()
    }

    /// As the batch answers it.
    pub fn into_output(self, id: String) -> EvaluateOutput {
        let doubts = self
            .doubts
            .iter()
            .map(|doubt| match doubt.statement {
                Some(index) => format!("{}, statement {index}: {}", doubt.policy, doubt.why.text()),
                None => format!("{}: {}", doubt.policy, doubt.why.text()),
            })
            .collect();
        EvaluateOutput {
            id,
            decision: self.decision,
            statement: self.statement.map(|(policy, index)| DecidingStatement {
                policy: policy.to_owned(),
                index,
            }),
            doubts,
        }
    }
}

impl Policies {
    /// A resource policy, or none.
    #[must_use]
    pub fn of_resource(policy: Option<&Policy>) -> Self {
        Self {
            resource: policy.map(|policy| NamedPolicy::new("resource".to_owned(), policy)),
            public: policy.map_or(Some(false), documented_public),
            ..Self::default()
        }
    }

    /// With the bucket's ACL. `ownership` is its Object Ownership; `BucketOwnerEnforced` switches
    /// ACLs off (S3 user guide, "Controlling ownership of objects").
    #[must_use]
    pub fn with_acl(mut self, bucket: &str, grants: &[Grant], ownership: Option<&str>) -> Self {
        if ownership != Some("BucketOwnerEnforced") {
            self.acl = Some(AclGrants::new(
                bucket,
                grants,
                self.block.ignore_public_acls,
            ));
        }
        self
    }

    /// With the effective Block Public Access: of the account or of the bucket, flag by flag.
    #[must_use]
    pub fn with_public_access_block(mut self, block: PublicAccessBlock) -> Self {
        self.block = block;
        if let Some(acl) = &mut self.acl {
            acl.set_ignore_public(block.ignore_public_acls);
        }
        self
    }

    /// With identity policies of the caller.
    #[must_use]
    pub fn with_identity<'p>(mut self, policies: impl IntoIterator<Item = &'p Policy>) -> Self {
        self.identity = numbered("identity", policies);
        self
    }

    /// With permissions boundaries; every one of them must allow. None set is no limit.
    #[must_use]
    pub fn with_boundaries<'p>(mut self, policies: impl IntoIterator<Item = &'p Policy>) -> Self {
        self.boundaries = numbered("boundaries", policies);
        self
    }

    /// With service control policies of the caller's account, level by level from the root.
    #[must_use]
    pub fn with_scps<'p, L>(mut self, of_levels: impl IntoIterator<Item = L>) -> Self
    where
        L: IntoIterator<Item = &'p Policy>,
    {
        self.scps = levels("scps", of_levels);
        self
    }

    /// With resource control policies, level by level from the root.
    #[must_use]
    pub fn with_rcps(self, of_levels: &[Vec<Policy>]) -> Self {
        self.with_rcp_levels(of_levels)
    }

    /// The same of levels of another form.
    #[must_use]
    pub fn with_rcp_levels<'p, L>(mut self, of_levels: impl IntoIterator<Item = L>) -> Self
    where
        L: IntoIterator<Item = &'p Policy>,
    {
        self.rcps = levels("rcps", of_levels);
        self
    }

    /// With the service control policies of several accounts: each binds the callers of its own.
    #[must_use]
    pub fn with_scps_of(mut self, accounts: &[AccountControls]) -> Self {
        let levels = |controls: &AccountControls| {
            let level = |(level, policies): (usize, &Vec<Policy>)| {
                numbered(&format!("scps[{level}].policies"), policies)
            };
            controls.levels.iter().enumerate().map(level).collect()
        };
        self.scps_of = accounts
            .iter()
            .map(|controls| (controls.account.clone(), levels(controls)))
            .collect();
        self
    }

    /// The levels of service control policies that bind the caller.
    fn scps_of_caller(&self, view: &View<'_>) -> impl Iterator<Item = &ControlLevel> {
        let own = view
            .caller
            .account()
            .and_then(|account| self.scps_of.get(account));
        self.scps.iter().chain(own.into_iter().flatten())
    }

    /// As if the caller's own account had granted it everything: what an attacker does in an
    /// account of his own, and what is asked when the owner's identities are not known.
    #[must_use]
    pub fn with_willing_identity(mut self) -> Self {
        self.willing = true;
        self
    }

    /// Reads and compiles what a batch line holds.
    ///
    /// # Errors
    /// The first policy that is not JSON, no object or too long, with its name.
    pub fn new(set: &PolicySet, block: Option<PublicAccessBlock>) -> Result<Self, String> {
        let text = |value: &Value| match value {
            Value::String(text) => DocumentSource::Text(text.clone().into()),
            value => DocumentSource::Text(value.to_string().into()),
        };
        let list = |values: &Option<Vec<Value>>| values.iter().flatten().map(text).collect();
        let levels = |levels: &Option<Vec<PolicyLevel>>| {
            levels
                .iter()
                .flatten()
                .map(|level| level.policies.iter().map(text).collect())
                .collect()
        };
        Self::of_sources(
            &PolicySources {
                resource: (!set.resource.is_null()).then(|| text(&set.resource)),
                identity: list(&set.identity),
                boundaries: list(&set.boundaries),
                session: list(&set.session),
                scps: levels(&set.scps),
                rcps: levels(&set.rcps),
                endpoint: list(&set.endpoint),
            },
            block,
        )
    }

    /// Parses and compiles policies.
    ///
    /// # Errors
    /// The first policy that is not JSON, no object or too long, with its name.
    pub(crate) fn of_sources(
        texts: &PolicySources<'_>,
        block: Option<PublicAccessBlock>,
    ) -> Result<Self, String> {
        let list = |name: &str, texts: &[DocumentSource<'_>], kind| {
            texts
                .iter()
                .enumerate()
                .map(|(index, text)| {
                    let name = format!("{name}[{index}]");
                    read(&name, text, kind).map(|policy| NamedPolicy::new(name, &policy))
                })
                .collect::<Result<Vec<NamedPolicy>, String>>()
        };
        let levels = |name: &str, levels: &[Vec<DocumentSource<'_>>], kind| {
            levels
                .iter()
                .enumerate()
                .map(|(level, texts)| list(&format!("{name}[{level}].policies"), texts, kind))
                .collect::<Result<Vec<ControlLevel>, String>>()
        };
        let resource = match &texts.resource {
            None => None,
            Some(text) => Some(read("resource", text, PolicyKind::Resource)?),
        };
        Ok(Self {
            identity: list("identity", &texts.identity, PolicyKind::Identity)?,
            boundaries: list("boundaries", &texts.boundaries, PolicyKind::Identity)?,
            session: list("session", &texts.session, PolicyKind::Identity)?,
            scps: levels("scps", &texts.scps, PolicyKind::Identity)?,
            rcps: levels("rcps", &texts.rcps, PolicyKind::Resource)?,
            endpoint: list("endpoint", &texts.endpoint, PolicyKind::Resource)?,
            ..Self::of_resource(resource.as_ref())
                .with_public_access_block(block.unwrap_or_default())
        })
    }

    /// Decides one request.
    pub fn evaluate(&self, request: &Request) -> Outcome<'_> {
        let mut view = View::new(request);
        // Users and roles have boundaries; their sessions have those of the role.
        view.bounded = !self.boundaries.is_empty()
            && matches!(view.caller, RequestCaller::Arn(_))
            && !view.caller.is_root();
        let scene = ApplicablePolicies {
            own: view.is_own(),
            has_identity: matches!(view.caller, RequestCaller::Arn(_) | RequestCaller::Odd),
            view,
        };
        let mut doubts = Vec::new();
        if let Some((name, index)) = self.denied(&scene, &mut doubts) {
            return Outcome {
                decision: Decision::ExplicitDeny,
                statement: Some((name, index)),
                doubts: Vec::new(),
            };
        }
        let denials_in_doubt = doubts.len();
        let by = self.allowed(&scene, &mut doubts);
        match by {
            // Whatever was in doubt about a Deny, nothing allows it.
            (Truth::False, _) => Outcome {
                decision: Decision::ImplicitDeny,
                statement: None,
                doubts: Vec::new(),
            },
            // A Deny that may match decides, on the careful side.
            (_, _) if denials_in_doubt > 0 => Outcome {
                decision: Decision::ExplicitDeny,
                statement: doubts
                    .first()
                    .and_then(|doubt| Some((doubt.policy, doubt.statement?))),
                doubts,
            },
            (Truth::True, statement) => Outcome {
                decision: Decision::Allow,
                statement,
                doubts: Vec::new(),
            },
            (Truth::Maybe(_), _) => Outcome {
                decision: Decision::ImplicitDeny,
                statement: None,
                doubts,
            },
        }
    }

    /// The Deny that matches for sure; those that may match are added to `doubts`.
    fn denied<'a>(
        &'a self,
        scene: &ApplicablePolicies<'_>,
        doubts: &mut Vec<Doubt<'a>>,
    ) -> Option<(&'a str, usize)> {
        let organization = !scene.view.is_service_linked();
        let having = |has: bool, policies: &'a [NamedPolicy]| if has { policies } else { &[] };
        let levels = |has: bool, levels: &'a [ControlLevel]| if has { levels } else { &[] };
        self.resource
            .iter()
            .chain(having(scene.has_identity, &self.identity))
            .chain(having(scene.has_identity, &self.boundaries))
            .chain(having(scene.has_identity, &self.session))
            .chain(
                self.scps_of_caller(&scene.view)
                    .filter(|_| scene.has_identity && organization)
                    .flatten(),
            )
            .chain(levels(organization, &self.rcps).iter().flatten())
            .chain(&self.endpoint)
            .find_map(|policy| policy.denies(&scene.view, doubts))
    }

    /// Whether everything that has a say allows, and the statement that opened the door.
    fn allowed<'a>(
        &'a self,
        scene: &ApplicablePolicies<'_>,
        doubts: &mut Vec<Doubt<'a>>,
    ) -> (Truth, Option<(&'a str, usize)>) {
        let view = &scene.view;
        let identity = self.identity_side(scene, doubts);
        let limits = || {
            Truth::all(&self.boundaries, |policy| policy.allows(view).0)
                .and(one_of(&self.session, view))
        };
        let mut by = None;
        let mut truth = Truth::False;
        if let Some(resource) = &self.resource {
            for statement in &resource.statements {
                if statement.effect == Some(Effect::Deny) {
                    continue;
                }
                let (matched, strength) = statement.matches(view);
                if matched == Truth::False {
                    continue;
                }
                if let Truth::Maybe(why) = matched {
                    doubts.push(Doubt {
                        policy: &resource.name,
                        statement: Some(statement.index),
                        why,
                    });
                }
                let stands = if !scene.own {
                    matched
                } else {
                    match strength {
                        Strength::Direct => matched,
                        Strength::Role => matched.and(limits()),
                        Strength::Account => matched.and(identity.0),
                    }
                };
                truth = truth.or(stands);
                if stands == Truth::True {
                    by = Some((resource.name.as_str(), statement.index));
                    break;
                }
            }
        }
        if let Some(acl) = &self.acl
            && truth != Truth::True
        {
            let granted = acl.allows(view, scene.own);
            if let Truth::Maybe(why) = granted {
                doubts.push(Doubt {
                    policy: "acl",
                    statement: None,
                    why,
                });
            }
            truth = truth.or(granted);
        }
        if scene.own {
            if truth != Truth::True && identity.0 == Truth::True {
                by = identity.1;
            }
            truth = truth.or(identity.0);
        } else {
            if scene.has_identity {
                truth = truth.and(identity.0);
            }
            truth = truth.and(self.not_cut_off(view, doubts));
        }
        if !view.is_service_linked() {
            if scene.has_identity {
                for level in self.scps_of_caller(view) {
                    truth = truth.and(any_of(level, view));
                }
            }
            truth = truth.and(Truth::all(&self.rcps, |level| default_allows(level, view)));
        }
        truth = truth.and(Truth::all(&self.endpoint, |policy| policy.allows(view).0));
        if truth != Truth::False && doubts.is_empty() && truth != Truth::True {
            // The doubt sits in a policy that limits.
            let limiting = self
                .boundaries
                .iter()
                .chain(&self.session)
                .chain(self.scps_of_caller(view).flatten())
                .chain(self.rcps.iter().flatten())
                .chain(&self.endpoint);
            for policy in limiting {
                if let (Truth::Maybe(why), index) = policy.allows(view) {
                    doubts.push(Doubt {
                        policy: &policy.name,
                        statement: index,
                        why,
                    });
                }
            }
        }
        (truth, by)
    }

    /// What the caller's own account says: identity policies within boundary and session policy.
    fn identity_side<'a>(
        &'a self,
        scene: &ApplicablePolicies<'_>,
        doubts: &mut Vec<Doubt<'a>>,
    ) -> (Truth, Option<(&'a str, usize)>) {
        let view = &scene.view;
        if !scene.has_identity {
            return (Truth::False, None);
        }
        // The root user needs no identity policy and has no boundary; neither has an identity that
        // AWS owns (the account of an origin access identity is "cloudfront").
        let foreign_to_iam = view
            .caller
            .account()
            .is_some_and(|account| !account.bytes().all(|byte| byte.is_ascii_digit()));
        if self.willing || view.caller.is_root() || foreign_to_iam {
            return (Truth::True, None);
        }
        let mut truth = Truth::False;
        let mut by = None;
        for policy in &self.identity {
            match policy.allows(view) {
                (Truth::True, index) => {
                    truth = Truth::True;
                    by = index.map(|index| (policy.name.as_str(), index));
                    break;
                }
                (Truth::False, _) => {}
                (Truth::Maybe(why), index) => {
                    doubts.push(Doubt {
                        policy: &policy.name,
                        statement: index,
                        why,
                    });
                    truth = truth.or(Truth::Maybe(why));
                }
            }
        }
        if truth == Truth::False {
            return (truth, None);
        }
        let truth = truth
            .and(Truth::all(&self.boundaries, |policy| policy.allows(view).0))
            .and(one_of(&self.session, view));
        (truth, by)
    }

    /// What RestrictPublicBuckets leaves to callers from outside: everything, unless the policy is
    /// public; AWS services pass (S3 user guide, "Blocking public access", 2026-09).
    fn not_cut_off<'a>(&'a self, view: &View<'_>, doubts: &mut Vec<Doubt<'a>>) -> Truth {
        if !self.block.restrict_public_buckets || matches!(view.caller, RequestCaller::Service(_)) {
            return Truth::True;
        }
        match self.public {
            Some(public) => Truth::of(!public),
            None => {
                doubts.push(Doubt {
                    policy: "resource",
                    statement: None,
                    why: Why::PerhapsPublic,
                });
                Truth::Maybe(Why::PerhapsPublic)
            }
        }
    }
}

/// A request and what follows for the question who has a say.
struct ApplicablePolicies<'a> {
    view: View<'a>,
    /// The caller belongs to the account that owns the resource.
    own: bool,
    /// The caller is a caller to whom identity policies could be attached.
    has_identity: bool,
}

/// One document alone: whether its statements allow a request, and nothing else is asked.
#[derive(Clone, Debug)]
pub struct DocumentJudge {
    policy: NamedPolicy,
    kind: PolicyKind,
}

impl DocumentJudge {
    /// Compiles a document of that kind.
    pub fn new(policy: &Policy, kind: PolicyKind) -> Self {
        Self {
            policy: NamedPolicy::new("policy".to_owned(), policy),
            kind,
        }
    }

    /// Whether an Allow matches and no Deny does; none where that could not be decided.
    pub fn allows(&self, request: &Request) -> Option<bool> {
        let mut view = View::new(request);
        view.trust = self.kind == PolicyKind::Trust;
        let mut doubts = Vec::new();
        if self.policy.denies(&view, &mut doubts).is_some() {
            return Some(false);
        }
        match (self.policy.allows(&view).0, doubts.is_empty()) {
            (Truth::False, _) => Some(false),
            (Truth::True, true) => Some(true),
            (Truth::True | Truth::Maybe(_), _) => None,
        }
    }

    /// The Allow statement that matches a request for sure.
    pub fn allowed_by(&self, request: &Request) -> Option<usize> {
        let mut view = View::new(request);
        view.trust = self.kind == PolicyKind::Trust;
        match self.policy.allows(&view) {
            (Truth::True, index) => index,
            _ => None,
        }
    }
}

impl NamedPolicy {
    fn new(name: String, policy: &Policy) -> Self {
        Self {
            name,
            statements: CompiledStatement::all(policy),
        }
    }

    fn denies<'a>(
        &'a self,
        view: &View<'_>,
        doubts: &mut Vec<Doubt<'a>>,
    ) -> Option<(&'a str, usize)> {
        for statement in &self.statements {
            if statement.effect == Some(Effect::Allow) {
                continue;
            }
            match statement.matches(view).0 {
                Truth::False => {}
                Truth::True => return Some((&self.name, statement.index)),
                Truth::Maybe(why) => doubts.push(Doubt {
                    policy: &self.name,
                    statement: Some(statement.index),
                    why,
                }),
            }
        }
        None
    }

    /// Whether some Allow matches, and which.
    fn allows(&self, view: &View<'_>) -> (Truth, Option<usize>) {
        let mut found = (Truth::False, None);
        for statement in &self.statements {
            if statement.effect == Some(Effect::Deny) {
                continue;
            }
            match statement.matches(view).0 {
                Truth::False => {}
                Truth::True => return (Truth::True, Some(statement.index)),
                doubt => found = (found.0.or(doubt), Some(statement.index)),
            }
        }
        found
    }

    fn has_allow(&self) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.effect != Some(Effect::Deny))
    }
}

fn any_of(policies: &[NamedPolicy], view: &View<'_>) -> Truth {
    Truth::any(policies, |policy| policy.allows(view).0)
}

/// Session policies: one of them must allow; none passed is no limit.
fn one_of(policies: &[NamedPolicy], view: &View<'_>) -> Truth {
    if policies.is_empty() {
        Truth::True
    } else {
        any_of(policies, view)
    }
}

/// A level of resource control policies. `RCPFullAWSAccess` is attached everywhere and cannot be
/// detached (Organizations user guide, "Resource control policies", 2026-09), so a level that was
/// given without any Allow still allows.
fn default_allows(level: &ControlLevel, view: &View<'_>) -> Truth {
    if level.iter().any(NamedPolicy::has_allow) {
        any_of(level, view)
    } else {
        Truth::True
    }
}

fn levels<'p, L>(name: &str, of_levels: impl IntoIterator<Item = L>) -> Vec<ControlLevel>
where
    L: IntoIterator<Item = &'p Policy>,
{
    of_levels
        .into_iter()
        .enumerate()
        .map(|(level, policies)| numbered(&format!("{name}[{level}].policies"), policies))
        .collect()
}

fn numbered<'p>(name: &str, policies: impl IntoIterator<Item = &'p Policy>) -> Vec<NamedPolicy> {
    policies
        .into_iter()
        .enumerate()
        .map(|(index, policy)| NamedPolicy::new(format!("{name}[{index}]"), policy))
        .collect()
}

/// A policy from its text. What is no policy at all is refused; what is one with a part that cannot
/// be read is taken, with its doubts.
fn read(name: &str, source: &DocumentSource<'_>, kind: PolicyKind) -> Result<Policy, String> {
    let policy = source.parse(kind);
    let refused = policy.defects.iter().find(|defect| {
        defect.kind == DefectKind::Syntax
            || (defect.statement.is_none()
                && policy.statements.is_empty()
                && defect.kind == DefectKind::Grammar)
    });
    match refused {
        Some(defect) => Err(format!("{name}: {defect}")),
        None => Ok(policy),
    }
}
