//! A policy in the form that the search works on.
//!
//! Done once a policy, for all its questions: keys and conditions are numbered, action elements
//! become bit sets over the catalogue, and everything that a caller may *hold* — account ids,
//! organizations, literals of a key — is collected from the text. A bucket ACL is compiled into
//! statements like any other: a grant is an Allow to a group, and a Deny overrides it as well
//! (S3 user guide, "Access control list (ACL) overview", mapping of ACL permissions, 2026-09).

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::atom::Atom;
use super::case::Case;
use super::fold::{self, Settled};
use super::glob::{Glob, GlobToken};
use super::value::{Domain, Values};
use super::vocabulary::{RESOURCE, Vocabulary};
use crate::catalogue::ActionClass;
use crate::catalogue::{self, Action, Actions, On};
use crate::contract::Grant;
use crate::document::{Effect, Element, Policy, Principal, Statement, Version};
use crate::partition;

/// Whom a statement speaks of.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    /// As the policy says.
    Principals(Element<Principal>),
    /// The ACL group AllUsers: everyone, signed or not.
    AllUsers,
    /// The ACL group AuthenticatedUsers: everyone who signs.
    AuthenticatedUsers,
    /// The ACL group LogDelivery: the service that writes access logs.
    LogDelivery,
    /// A canonical user id in the ACL.
    Canonical(String),
    /// As a trust policy says: of its Federated principals only federated identities that have no
    /// session yet.
    Trusted(Element<Principal>),
    /// The identity that the policy is attached to.
    Holder,
    /// It is unknown: the element could not be read.
    Unread,
}

impl CompiledRule {
    /// How many principals it names.
    pub(super) fn principals(&self) -> usize {
        self.whom.element().map_or(0, |element| element.items.len())
    }
}

impl Whom {
    /// The principal element.
    pub(super) const fn element(&self) -> Option<&Element<Principal>> {
        match self {
            Self::Principals(element) | Self::Trusted(element) => Some(element),
            _ => None,
        }
    }

    /// One of the groups of an ACL that take in principals of every account, or what could not be read.
    pub(super) const fn may_be_public_group(&self) -> bool {
        matches!(
            self,
            Self::AllUsers | Self::AuthenticatedUsers | Self::Unread
        )
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    /// Its position in the policy; none for an ACL grant.
    pub(super) index: Option<usize>,
    pub(super) whom: Whom,
    pub(super) actions: Actions,
    /// Conditions on the resource and on keys, as positions among the atoms. The resource is first.
    pub(super) atoms: Vec<usize>,
    /// Part of it could not be read: it may match less or more than what is here.
    pub(super) unread: bool,
}

/// Actions of one class that no statement and no key distinguishes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActionGroup {
    /// The actions.
    pub(super) actions: Actions,
    /// One of them.
    pub(super) action: &'static Action,
    /// What is searched for them, shared with groups of other classes that nothing distinguishes.
    pub(super) cell: usize,
}

impl ActionGroup {
    /// The part of it that is among these actions, if there is one.
    pub(super) fn within(self, wanted: Actions) -> Option<Self> {
        let actions = self.actions & wanted;
        Some(Self {
            actions,
            action: catalogue::members(actions).next()?,
            ..self
        })
    }
}

/// Actions that no statement, no key and no kind of resource distinguishes: what is found for one of
/// them holds for all.
#[derive(Clone, Debug)]
pub(super) struct ActionCell {
    /// Some of the actions; enough to ask whether a statement or key is about them.
    pub(super) actions: Actions,
    pub(super) on: On,
    /// By set of actions that the policy distinguishes, whether these are in it.
    members: Vec<bool>,
}

/// The resources of one kind.
#[derive(Debug)]
pub(super) struct ResourceDomain {
    pub(super) domain: Arc<Domain>,
    /// By atom, what it says of all of them; only for conditions on the resource.
    pub(super) says: Vec<Settled>,
}

/// A policy, compiled.
#[derive(Debug)]
pub(super) struct CompiledPolicy {
    pub(super) allows: Vec<CompiledRule>,
    pub(super) denies: Vec<CompiledRule>,
    pub(super) vocabulary: Vocabulary,
    /// The actions in groups, class by class in the order of the catalogue.
    pub(super) groups: Vec<ActionGroup>,
    pub(super) cells: Vec<ActionCell>,
    /// What the resource of an action on the bucket can be, and of one on an object.
    pub(super) resources: [ResourceDomain; 2],
    /// Why nothing can be said of it as a whole.
    pub(super) unreadable: Option<String>,
}

impl CompiledPolicy {
    /// Compiles a policy and the ACL grants that have an effect.
    pub(super) fn new(case: &Case<'_>) -> Self {
        let Case {
            bucket,
            owner,
            owner_id,
            policy,
            partition,
            rcps,
            scps,
            ..
        } = *case;
        let grants = case.effective_grants();
        let partition = partition
            .or_else(|| policy.map(partition::of_policy))
            .unwrap_or("aws");
        let mut this = Self {
            allows: Vec::new(),
            denies: Vec::new(),
            vocabulary: Vocabulary::new(partition, [owner.to_owned()]),
            groups: Vec::new(),
            cells: Vec::new(),
            resources: [On::Bucket, On::Object].map(|on| ResourceDomain {
                domain: Arc::new(resource_domain("", on)),
                says: Vec::new(),
            }),
            unreadable: None,
        };
        let arn = format!("arn:{partition}:s3:::{bucket}");
        let domains = [On::Bucket, On::Object].map(|on| resource_domain(&arn, on));
        if let Some(policy) = policy {
            this.policy(policy, &domains);
        }
        for grant in &grants {
            this.grant(grant, &arn, owner_id);
        }
        for level in rcps {
            this.control_level(level, &domains);
        }
        for controls in scps {
            // An account that the bucket's policy does not name must not get this one's number.
            this.vocabulary.accounts.insert(controls.account.clone());
            for level in &controls.levels {
                this.account_level(&controls.account, level, &domains);
            }
        }
        this.vocabulary.complete();
        this.resources = domains.map(|domain| ResourceDomain {
            says: this
                .vocabulary
                .atoms
                .iter()
                .map(|atom| match atom.key {
                    RESOURCE => fold::says(atom, &domain),
                    _ => Settled::Depends,
                })
                .collect(),
            domain: Arc::new(domain),
        });
        this.partition_actions();
        this
    }

    fn policy(&mut self, policy: &Policy, domains: &[Domain; 2]) {
        let broken = policy.broken_statements();
        if let Some(defect) = policy.lost_part() {
            self.unreadable = Some(format!("the policy cannot be read: {defect}"));
        }
        for statement in &policy.statements {
            let unread = broken.contains(&statement.index);
            self.statement(statement, policy.version, unread, domains);
        }
    }

    /// Adds a statement. One that names neither the bucket nor objects of it says nothing, and whom it
    /// names is not asked about.
    fn statement(
        &mut self,
        statement: &Statement,
        version: Version,
        unread: bool,
        domains: &[Domain; 2],
    ) {
        let resource = Vocabulary::resource_of(statement, version);
        if !unread
            && domains
                .iter()
                .all(|domain| fold::says(&resource, domain) == Settled::No)
        {
            return;
        }
        let rule = CompiledRule {
            unread: unread || statement.principal.is_none() || statement.resource.is_none(),
            ..self.vocabulary.rule(statement, version, resource)
        };
        match statement.effect {
            Effect::Allow => self.allows.push(rule),
            Effect::Deny => self.denies.push(rule),
        }
    }

    /// A level of resource control policies: their Deny statements bind everyone. Only AWS's own policy
    /// holds an Allow, of everything (Organizations user guide, "RCP syntax", 2026-09); of a level that
    /// allows part of it nothing is said.
    fn control_level(&mut self, level: &[Policy], domains: &[Domain; 2]) {
        let statements = || level.iter().flat_map(|policy| &policy.statements);
        let allows_everything = |statement: &Statement| {
            catalogue::of_element(&statement.action) == catalogue::all()
                && statement.conditions.is_empty()
                && allows_every_resource(statement)
        };
        let of_allow = |statement: &&Statement| statement.effect == Effect::Allow;
        if statements().any(|statement| of_allow(&statement))
            && !statements().filter(of_allow).any(allows_everything)
        {
            self.unreadable = Some("a resource control policy allows some actions only".to_owned());
        }
        for policy in level {
            if let Some(defect) = policy.defects.first() {
                self.unreadable = Some(format!(
                    "a resource control policy cannot be read: {defect}"
                ));
            }
            for statement in policy.with_effect(Effect::Deny) {
                let before = self.denies.len();
                self.statement(statement, policy.version, false, domains);
                for rule in self.denies.iter_mut().skip(before) {
                    rule.index = None;
                }
            }
        }
    }

    /// A level of service control policies of one account: what it denies, and what it does not allow, is
    /// denied to every principal of that account (Organizations user guide, "SCP evaluation", copy of
    /// 2026). Of an Allow with conditions or for some resources it is left open whether it allows.
    fn account_level(&mut self, account: &str, level: &[Policy], domains: &[Domain; 2]) {
        let whom = Element {
            negated: false,
            items: vec![Principal::Account(account.to_owned())],
        };
        let (mut surely, mut perhaps): (Actions, Actions) = (0, 0);
        for policy in level {
            let broken = !policy.defects.is_empty();
            for statement in &policy.statements {
                if statement.effect == Effect::Deny {
                    let denied = Statement {
                        principal: Some(whom.clone()),
                        ..statement.clone()
                    };
                    let before = self.denies.len();
                    self.statement(&denied, policy.version, broken, domains);
                    for rule in self.denies.iter_mut().skip(before) {
                        rule.index = None;
                    }
                    continue;
                }
                let named = catalogue::of_element(&statement.action);
                if !broken && statement.conditions.is_empty() && allows_every_resource(statement) {
                    surely |= named;
                } else {
                    perhaps |= named;
                }
            }
            if broken {
                perhaps = catalogue::all();
            }
        }
        let left = catalogue::all() & !surely;
        for (actions, unread) in [(left & !perhaps, false), (left & perhaps, true)] {
            if actions == 0 {
                continue;
            }
            let resource = Atom::resource(std::iter::once("*"), false, Version::V2012);
            let atoms = vec![self.vocabulary.add(resource)];
            self.denies.push(CompiledRule {
                index: None,
                whom: Whom::Principals(whom.clone()),
                actions,
                atoms,
                unread,
            });
        }
    }

    /// What a grant on a bucket permits: never object data, and of writing only the upload.
    fn grant(&mut self, grant: &Grant, arn: &str, owner_id: Option<&str>) {
        let Some((whom, actions)) = of_grant(grant, owner_id) else {
            return;
        };
        let everything = [arn.to_owned(), format!("{arn}/*")];
        let texts = everything.iter().map(String::as_str);
        let resource = Atom::resource(texts, false, Version::V2008);
        let atoms = vec![self.vocabulary.add(resource)];
        self.allows.push(CompiledRule {
            index: None,
            whom,
            actions,
            atoms,
            unread: actions == 0,
        });
    }

    /// Splits the actions until nothing distinguishes the members of a part.
    fn partition_actions(&mut self) {
        let all = catalogue::all();
        let mut lines: Vec<Actions> = Vec::new();
        for line in self
            .allows
            .iter()
            .chain(&self.denies)
            .map(|rule| rule.actions)
            .chain(self.vocabulary.carriers())
        {
            if line != all && line != 0 && !lines.contains(&line) {
                lines.push(line);
            }
        }
        for kind in kinds() {
            // No more parts than actions, so this is short however many statements there are.
            let mut parts: Vec<Actions> = vec![*kind];
            for line in &lines {
                for place in 0..parts.len() {
                    let Some(part) = parts.get_mut(place) else {
                        break;
                    };
                    let (inside, outside) = (*part & line, *part & !line);
                    if inside != 0 && outside != 0 {
                        *part = inside;
                        parts.push(outside);
                    }
                }
            }
            // In the order of the table.
            parts.sort_by_key(|part| part.trailing_zeros());
            for actions in parts {
                let Some(action) = catalogue::members(actions).next() else {
                    continue;
                };
                let members: Vec<bool> = lines.iter().map(|line| line & actions != 0).collect();
                let cell = self
                    .cells
                    .iter()
                    .position(|cell| cell.on == action.on && cell.members == members)
                    .unwrap_or_else(|| {
                        self.cells.push(ActionCell {
                            actions,
                            on: action.on,
                            members,
                        });
                        self.cells.len() - 1
                    });
                self.groups.push(ActionGroup {
                    actions,
                    action,
                    cell,
                });
            }
        }
    }

    /// The resources of one kind.
    pub(super) fn resource(&self, on: On) -> &ResourceDomain {
        let [bucket, object] = &self.resources;
        match on {
            On::Bucket => bucket,
            On::Object => object,
        }
    }

    /// The groups of one class; they stand together.
    pub(super) fn of_class(&self, class: ActionClass) -> Range<usize> {
        let start = self
            .groups
            .iter()
            .position(|group| group.action.class == class)
            .unwrap_or_default();
        let length = self
            .groups
            .iter()
            .skip(start)
            .take_while(|group| group.action.class == class)
            .count();
        start..start + length
    }
}

/// Whom a grant of an ACL speaks of, and the actions it permits; none for one to the owner.
pub(super) fn of_grant(grant: &Grant, owner_id: Option<&str>) -> Option<(Whom, Actions)> {
    let names: &[&str] = match grant.permission.as_str() {
        "READ" => &READ,
        "WRITE" => &WRITE,
        "READ_ACP" => &READ_ACP,
        "WRITE_ACP" => &WRITE_ACP,
        "FULL_CONTROL" => &FULL_CONTROL,
        _ => &[],
    };
    let whom = match grant.grantee.as_str() {
        "AllUsers" => Whom::AllUsers,
        "AuthenticatedUsers" => Whom::AuthenticatedUsers,
        "LogDelivery" => Whom::LogDelivery,
        id if Some(id) == owner_id => return None,
        id => Whom::Canonical(id.to_owned()),
    };
    let actions = catalogue::which(|action| names.contains(&action.name.as_str()));
    Some((whom, actions))
}

/// A statement for every resource there is.
fn allows_every_resource(statement: &Statement) -> bool {
    statement.resource.as_ref().is_some_and(|element| {
        !element.negated && element.items.iter().any(|item| item.text == "*")
    })
}

/// What the resource of an action can be.
pub(super) fn resource_domain(bucket: &str, on: On) -> Domain {
    match on {
        On::Bucket => Domain::fixed(bucket),
        On::Object => {
            let prefix = format!("{bucket}/");
            let mut any = Glob::exactly(&prefix).into_tokens();
            any.extend([GlobToken::One, GlobToken::Many]);
            Domain {
                optional: false,
                values: Values::Text {
                    within: vec![Glob::new(any)],
                    prefix,
                    without: Vec::new(),
                },
                many: false,
            }
        }
    }
}

/// The actions by class, kind of resource and whether they are core, class by class.
fn kinds() -> &'static [Actions] {
    static KINDS: OnceLock<Vec<Actions>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let mut kinds = Vec::new();
        for class in catalogue::CLASSES {
            for on in [On::Object, On::Bucket] {
                for core in [true, false] {
                    kinds.push(catalogue::which(|action| {
                        action.class == class && action.on == on && action.core == core
                    }));
                }
            }
        }
        kinds.retain(|kind| *kind != 0);
        kinds
    })
}

const READ: [&str; 3] = [
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
];
const WRITE: [&str; 1] = ["s3:PutObject"];
const READ_ACP: [&str; 1] = ["s3:GetBucketAcl"];
const WRITE_ACP: [&str; 1] = ["s3:PutBucketAcl"];
const FULL_CONTROL: [&str; 6] = [
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
    "s3:GetBucketAcl",
    "s3:PutBucketAcl",
];
