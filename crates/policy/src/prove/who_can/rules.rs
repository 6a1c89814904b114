//! Statements of every policy of an account, compiled once.
//!
//! A rule is one statement, wherever it stands: its principal element, its actions as bits, its
//! resource and conditions as atoms of one vocabulary. A pair of an identity and a bucket only picks
//! rules; it compiles nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::records::{CitedPolicy, KeyGrant};
use crate::catalogue::{self, Actions};
use crate::contract::Grant;
use crate::document::{
    Condition, DefectKind, Effect, Element, Operator, Place, Policy, Principal, Quantifier,
    Statement, TextMatch, Version,
};
use crate::parse::PolicyKind;
use crate::pattern::Pattern;
use crate::prove::atom::Atom;
use crate::prove::compile::{self, CompiledRule, Whom};
use crate::prove::vocabulary::{self, Vocabulary};

/// The actions outside S3 that a question can be about.
pub(super) const OTHER: [&str; 11] = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:PutKeyPolicy",
    "kms:CreateGrant",
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];

/// Actions, as bits: those of S3 by their place in the catalogue, others by their place in [`OTHER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ActionBits {
    pub(super) s3: Actions,
    pub(super) other: u16,
}

impl ActionBits {
    const ALL: Self = Self {
        s3: Actions::MAX,
        other: u16::MAX,
    };

    /// One action by its name, in any case; none that is not known.
    pub(super) fn named(name: &str) -> Option<Self> {
        let other = OTHER
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name));
        if let Some(place) = other {
            return Some(Self {
                s3: 0,
                other: 1 << place,
            });
        }
        let action = catalogue::find(name)?;
        Some(Self {
            s3: catalogue::which(|known| known.name == action.name),
            other: 0,
        })
    }

    /// The name of the one action outside S3.
    pub(super) fn other_name(self) -> Option<&'static str> {
        OTHER
            .iter()
            .enumerate()
            .find(|(place, _)| self.other >> place & 1 == 1)
            .map(|(_, name)| *name)
    }

    pub(super) const fn meets(self, wanted: Self) -> bool {
        self.s3 & wanted.s3 != 0 || self.other & wanted.other != 0
    }

    /// Those of either.
    pub(super) const fn or(self, other: Self) -> Self {
        Self {
            s3: self.s3 | other.s3,
            other: self.other | other.other,
        }
    }

    const fn is_empty(self) -> bool {
        self.s3 == 0 && self.other == 0
    }

    fn of_element(element: &Element<Pattern>) -> Self {
        static FOLDED: LazyLock<[String; OTHER.len()]> =
            LazyLock::new(|| OTHER.map(str::to_lowercase));
        let named = element.items.iter().fold(0, |set, item| {
            FOLDED
                .iter()
                .enumerate()
                .filter(|(_, name)| item.matches(name))
                .fold(set, |set, (place, _)| set | 1 << place)
        });
        Self {
            s3: catalogue::of_element(element),
            other: if element.negated { !named } else { named },
        }
    }
}

/// One statement.
#[derive(Debug)]
pub(super) struct AccessRule {
    /// The policy it stands in.
    pub(super) document: Arc<str>,
    /// Its position there; none for what is no statement (an ACL grant, a policy that was not read).
    pub(super) index: Option<usize>,
    pub(super) effect: Effect,
    /// Whom it speaks of; its resource and conditions, as positions among the atoms of the
    /// vocabulary; whether part of it could not be read, so that it may match less than what is here.
    pub(super) rule: CompiledRule,
    pub(super) actions: ActionBits,
    /// What would read it.
    pub(super) missing: Option<Arc<str>>,
    /// The first rule that says the same, in whatever policy.
    pub(super) same: usize,
    /// The first rule that says the same in a policy of the same name.
    pub(super) same_by_name: usize,
    /// The buckets that it names for S3; none where it can be about others too.
    pub(super) buckets: Option<Vec<String>>,
}

/// The rules of every policy, and their vocabulary.
#[derive(Debug)]
pub(super) struct RuleBook {
    pub(super) vocabulary: Vocabulary,
    pub(super) rules: Vec<AccessRule>,
    /// Where the rules of a document stand, by its address and kind.
    known: BTreeMap<(usize, u8), Range<usize>>,
    /// By what a statement says, with and without the name of its policy, the first rule.
    said: HashMap<(String, Arc<str>), usize>,
}

impl RuleBook {
    pub(super) fn new(account: &str, partition: &'static str) -> Self {
        Self {
            vocabulary: Vocabulary::new(partition, [account.to_owned()]),
            rules: Vec::new(),
            known: BTreeMap::new(),
            said: HashMap::new(),
        }
    }

    /// The rules of a policy; a shared one is compiled once.
    pub(super) fn document(
        &mut self,
        document: &Arc<CitedPolicy>,
        kind: PolicyKind,
    ) -> Range<usize> {
        let address = (Arc::as_ptr(document).addr(), kind as u8);
        if let Some(known) = self.known.get(&address) {
            return known.clone();
        }
        let range = self.policy(&document.name, &document.policy, kind);
        self.known.insert(address, range.clone());
        range
    }

    fn policy(&mut self, name: &str, policy: &Policy, kind: PolicyKind) -> Range<usize> {
        let start = self.rules.len();
        let name: Arc<str> = name.into();
        for statement in &policy.statements {
            let defects = || policy.defects_of(statement.index);
            let broken = defects().any(|defect| defect.kind != DefectKind::Unfamiliar);
            let unread = defects().next().is_some();
            let mut actions = ActionBits::of_element(&statement.action);
            if broken {
                actions = ActionBits::ALL;
            }
            if actions.is_empty() {
                continue;
            }
            let resource = Vocabulary::resource_of(statement, policy.version);
            let mut rule = self.vocabulary.rule(statement, policy.version, resource);
            if broken {
                rule.atoms.clear();
            }
            if kind == PolicyKind::Identity {
                rule.whom = Whom::Holder;
            }
            rule.unread = unread
                || matches!(rule.whom, Whom::Unread)
                || (statement.resource.is_none() && kind != PolicyKind::Trust);
            let place = self.rules.len();
            let (mut same, mut same_by_name) = (place, place);
            if kind != PolicyKind::Resource && !rule.unread {
                let said = text_of(statement, policy.version);
                same_by_name = *self
                    .said
                    .entry((said.clone(), Arc::clone(&name)))
                    .or_insert(place);
                same = *self.said.entry((said, "".into())).or_insert(place);
            }
            self.rules.push(AccessRule {
                document: Arc::clone(&name),
                index: Some(statement.index),
                effect: statement.effect,
                buckets: if rule.unread {
                    None
                } else {
                    named_buckets(statement.resource.as_ref())
                },
                rule,
                actions,
                missing: None,
                same,
                same_by_name,
            });
        }
        if policy.lost_part().is_some() {
            self.unread_rules(&name, None, kind != PolicyKind::Identity);
        }
        start..self.rules.len()
    }

    /// A policy of which nothing is known: it may allow and deny anything.
    pub(super) fn unread(
        &mut self,
        name: &str,
        missing: &str,
        with_principal: bool,
    ) -> Range<usize> {
        let start = self.rules.len();
        self.unread_rules(&name.into(), Some(missing.into()), with_principal);
        start..self.rules.len()
    }

    /// Something that may allow, and denies nothing: the grants of a key.
    pub(super) fn perhaps_allows(&mut self, name: &str, missing: &str) -> Range<usize> {
        let start = self.rules.len();
        self.unread_rule(&name.into(), Some(missing.into()), Effect::Allow, true);
        start..self.rules.len()
    }

    fn unread_rules(&mut self, name: &Arc<str>, missing: Option<Arc<str>>, with_principal: bool) {
        for effect in [Effect::Allow, Effect::Deny] {
            self.unread_rule(name, missing.clone(), effect, with_principal);
        }
    }

    fn unread_rule(
        &mut self,
        name: &Arc<str>,
        missing: Option<Arc<str>>,
        effect: Effect,
        with_principal: bool,
    ) {
        let place = self.rules.len();
        self.rules.push(AccessRule {
            document: Arc::clone(name),
            index: None,
            effect,
            rule: CompiledRule {
                index: None,
                whom: if with_principal {
                    Whom::Unread
                } else {
                    Whom::Holder
                },
                actions: Actions::MAX,
                atoms: Vec::new(),
                unread: true,
            },
            actions: ActionBits::ALL,
            missing,
            same: place,
            same_by_name: place,
            buckets: None,
        });
    }

    /// The grants of a bucket's ACL.
    pub(super) fn acl(
        &mut self,
        bucket: &str,
        grants: &[Grant],
        owner_id: Option<&str>,
    ) -> Range<usize> {
        let start = self.rules.len();
        for grant in grants {
            let Some((whom, actions)) = compile::of_grant(grant, owner_id) else {
                continue;
            };
            let partition = self.vocabulary.partition;
            let arn = format!("arn:{partition}:s3:::{bucket}");
            let everything = [arn.clone(), format!("{arn}/*")];
            let texts = everything.iter().map(String::as_str);
            let atom = Atom::resource(texts, false, Version::V2008);
            let atoms = vec![self.vocabulary.add(atom)];
            let place = self.rules.len();
            self.rules.push(AccessRule {
                document: "acl".into(),
                index: None,
                effect: Effect::Allow,
                rule: CompiledRule {
                    index: None,
                    whom,
                    actions,
                    atoms,
                    unread: actions == 0,
                },
                actions: ActionBits {
                    s3: actions,
                    other: 0,
                },
                missing: None,
                same: place,
                same_by_name: place,
                buckets: None,
            });
        }
        start..self.rules.len()
    }

    /// After the last policy.
    pub(super) fn close(&mut self) {
        self.vocabulary.complete();
        self.known.clear();
        self.said.clear();
    }

    /// The keys that a rule looks at, in conditions and as variables.
    pub(super) fn keys_of(&self, rule: &AccessRule, keys: &mut BTreeSet<usize>) {
        for atom in rule
            .rule
            .atoms
            .iter()
            .filter_map(|position| self.vocabulary.atoms.get(*position))
        {
            keys.insert(atom.key);
            keys.extend(
                atom.variables()
                    .filter_map(|name| self.vocabulary.position(vocabulary::same_key(name))),
            );
        }
    }
}

/// What a statement says, as a text: the same for statements that say it in the same words.
fn text_of(statement: &Statement, version: Version) -> String {
    let mut text = String::with_capacity(128);
    let mut list = |name: &str, element: &Element<Pattern>| {
        let _ = write!(text, "{name}{}", element.negated);
        for item in &element.items {
            let _ = write!(text, "\u{0}{}", item.text);
        }
        text.push('\u{1}');
    };
    list("action", &statement.action);
    if let Some(resource) = &statement.resource {
        list("resource", resource);
    }
    let _ = write!(
        text,
        "{:?}{:?}{:?}",
        statement.effect, version, statement.principal
    );
    for condition in &statement.conditions {
        let _ = write!(
            text,
            "\u{1}{:?}{:?}{}{}",
            condition.quantifier, condition.operator, condition.if_exists, condition.key
        );
        for value in &condition.values {
            let _ = write!(text, "\u{0}{value}");
        }
    }
    text
}

/// The buckets that a resource element is about; none where it can be about any bucket. What it says of
/// other services does not count.
fn named_buckets(element: Option<&Element<Pattern>>) -> Option<Vec<String>> {
    let element = element.filter(|element| !element.negated)?;
    let mut buckets = Vec::new();
    for item in &element.items {
        let mut parts = item.text.splitn(6, ':');
        let (arn, _, service) = (parts.next()?, parts.next()?, parts.next()?);
        if arn != "arn" || service.contains(['*', '?', '$']) {
            return None;
        }
        if service != "s3" {
            continue;
        }
        let path = parts.nth(2)?;
        let name = path.split('/').next().unwrap_or_default();
        // Access points have a Region and an account in front of their name.
        if name.contains(['*', '?', '$']) || !item.text.contains(":s3:::") {
            return None;
        }
        if !buckets.iter().any(|known| known == name) {
            buckets.push(name.to_owned());
        }
    }
    Some(buckets)
}

/// The grants of a key, as the statements of a resource policy: each allows its grantee its
/// operations, under its encryption context (KMS developer guide, "Grants in AWS KMS" and "Using grant
/// constraints", 2026-09).
pub(super) fn of_key_grants(grants: &[KeyGrant]) -> Policy {
    let mut policy = Policy {
        version: Version::V2012,
        ..Policy::default()
    };
    for (index, grant) in grants.iter().enumerate() {
        let condition = |key: String, quantifier, how, values| Condition {
            place: Place::START,
            quantifier,
            operator: Operator::Text {
                how,
                negated: false,
            },
            if_exists: false,
            key,
            values,
        };
        let exact = |key: String, value: &str| {
            condition(
                key,
                Quantifier::Single,
                TextMatch::Exact,
                vec![value.to_owned()],
            )
        };
        let mut conditions: Vec<Condition> = grant
            .context_subset
            .iter()
            .chain(&grant.context_equals)
            .map(|(name, value)| {
                exact(
                    format!("kms:encryptioncontext:{}", name.to_lowercase()),
                    value,
                )
            })
            .collect();
        if !grant.context_equals.is_empty() {
            conditions.push(condition(
                "kms:encryptioncontextkeys".to_owned(),
                Quantifier::ForAllValues,
                TextMatch::Exact,
                grant.context_equals.keys().cloned().collect(),
            ));
        }
        policy.statements.push(Statement {
            index,
            principal: Some(Element {
                negated: false,
                items: vec![grantee(&grant.grantee)],
            }),
            action: Element {
                negated: false,
                items: grant
                    .operations
                    .iter()
                    .map(|operation| Pattern::action(format!("kms:{operation}")))
                    .collect(),
            },
            conditions,
            ..Statement::on(&["*".to_owned()])
        });
    }
    policy
}

/// A grantee as a principal: an ARN, an account, or a service.
fn grantee(text: &str) -> Principal {
    if text.starts_with("arn:") {
        let document = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": text}, "Action": "kms:*", "Resource": "*"}],
        });
        let parsed = Policy::parse(&document.to_string(), PolicyKind::Resource);
        if let Some(principal) = parsed
            .statements
            .into_iter()
            .next()
            .and_then(|statement| statement.principal)
            .and_then(|element| element.items.into_iter().next())
        {
            return principal;
        }
    }
    if crate::parse::is_account_id(text) {
        Principal::Account(text.to_owned())
    } else {
        Principal::Service(text.to_owned())
    }
}
