//! A statement matches a request when its principal, action, resource and all of its conditions do.
//!
//! What could not be read casts a doubt exactly as far as it reaches: an unknown operator leaves
//! one condition open, so the statement can still be known *not* to match; a statement that breaks
//! the grammar is open as a whole.

use std::collections::BTreeSet;

use crate::document::{DefectKind, Effect, Element, Policy, Statement, Version};
use crate::pattern;

use super::condition::StatementCondition;
use super::glob::WildcardMatcher;
use super::principal::{Principals, Strength};
use super::request::View;
use super::truth::{Truth, Why};
use super::variables::{TEXT_LIMIT, TextPattern, Wildcards};

/// How much of a statement was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Understood {
    /// All of it.
    Whole,
    /// Parts are missing: it matches no more than what was understood does.
    Partly,
    /// Nothing can be said.
    Not,
}

/// A statement, compiled.
#[derive(Clone, Debug)]
pub(super) struct CompiledStatement {
    /// Position in the document.
    pub(super) index: usize,
    /// `None` when it could not be read: it may allow and it may deny.
    pub(super) effect: Option<Effect>,
    understood: Understood,
    principals: Option<Principals>,
    actions: ActionPatterns,
    resources: Option<ResourcePatterns>,
    conditions: Vec<StatementCondition>,
}

#[derive(Clone, Debug)]
struct ActionPatterns {
    negated: bool,
    items: Vec<WildcardMatcher>,
}

#[derive(Clone, Debug)]
struct ResourcePatterns {
    negated: bool,
    items: Vec<TextPattern>,
}

impl CompiledStatement {
    /// Compiles every statement of a policy, and one more for each that could not be read at all.
    pub(super) fn all(policy: &Policy) -> Vec<Self> {
        let of_policy = policy
            .defects
            .iter()
            .filter(|defect| defect.statement.is_none())
            .map(|defect| defect.kind);
        let understood = of_policy.fold(Understood::Whole, |_, _| Understood::Partly);
        let mut compiled: Vec<Self> = policy
            .statements
            .iter()
            .map(|statement| Self::new(policy, statement, understood))
            .collect();
        let unread =
            policy
                .defects
                .iter()
                .filter_map(|defect| match (defect.kind, defect.statement) {
                    (DefectKind::Syntax, _) => Some(0),
                    (_, Some(index))
                        if policy
                            .statements
                            .iter()
                            .all(|statement| statement.index != index) =>
                    {
                        Some(index)
                    }
                    _ => None,
                });
        let mut unread: Vec<usize> = unread.collect();
        unread.dedup();
        compiled.extend(unread.into_iter().map(Self::unread));
        compiled
    }

    fn unread(index: usize) -> Self {
        Self {
            index,
            effect: None,
            understood: Understood::Not,
            principals: None,
            actions: ActionPatterns {
                negated: true,
                items: Vec::new(),
            },
            resources: None,
            conditions: Vec::new(),
        }
    }

    fn new(policy: &Policy, statement: &Statement, around: Understood) -> Self {
        let understood = policy
            .defects_of(statement.index)
            .fold(around, |found, defect| match (defect.kind, found) {
                (DefectKind::Unfamiliar, Understood::Whole | Understood::Partly) => {
                    Understood::Partly
                }
                _ => Understood::Not,
            });
        let mut conditions: Vec<StatementCondition> = statement
            .conditions
            .iter()
            .map(|condition| StatementCondition::new(condition, policy.version))
            .collect();
        // Statements mostly fail on a key that is not there: ask the same key's conditions together.
        conditions.sort_by(|a, b| a.key().cmp(b.key()));
        Self {
            index: statement.index,
            effect: Some(statement.effect),
            understood,
            principals: statement.principal.as_ref().map(Principals::new),
            actions: ActionPatterns::new(&statement.action),
            resources: statement
                .resource
                .as_ref()
                .map(|element| ResourcePatterns::new(element, policy.version)),
            conditions,
        }
    }

    /// Whether the statement matches, and how strongly its principal element means the caller.
    pub(super) fn matches(&self, view: &View<'_>) -> (Truth, Strength) {
        if self.understood == Understood::Not {
            return (Truth::Maybe(Why::Unread), Strength::Direct);
        }
        let mut truth = self.actions.matches(view);
        let mut strength = Strength::Direct;
        if truth == Truth::False {
            return (truth, strength);
        }
        if let Some(principals) = &self.principals {
            let (named, how) = if self.effect == Some(Effect::Deny) {
                principals.denies(view)
            } else {
                principals.matches(view)
            };
            // An item of an unknown kind may still name the caller.
            let named = match (named, self.understood) {
                (Truth::False | Truth::True, Understood::Partly) => Truth::Maybe(Why::Unread),
                (named, _) => named,
            };
            truth = truth.and(named);
            strength = how;
            if truth == Truth::False {
                return (truth, strength);
            }
        }
        if let Some(resources) = &self.resources {
            truth = truth.and(resources.matches(view));
        }
        for condition in &self.conditions {
            if truth == Truth::False {
                break;
            }
            truth = truth.and(condition.holds(view));
        }
        if self.understood == Understood::Partly {
            truth = truth.and(Truth::Maybe(Why::Unread));
        }
        (truth, strength)
    }
}

/// What a statement says of a request when some keys stay open.
pub(super) enum StatementVerdict {
    No,
    Yes,
    /// Yes, if conditions on these keys hold.
    If(BTreeSet<String>),
    /// It was not understood, or the documentation does not decide.
    Perhaps,
}

impl CompiledStatement {
    /// What the statement says of the request's action and resource, for any caller. Conditions on the
    /// keys in `settled` are decided by the request; others stay open.
    pub(super) fn says(&self, view: &View<'_>, settled: &[&str]) -> StatementVerdict {
        if self.understood == Understood::Not {
            return StatementVerdict::Perhaps;
        }
        let mut truth = self.actions.matches(view);
        if let Some(resources) = &self.resources {
            truth = truth.and(resources.matches(view));
        }
        let mut open = BTreeSet::new();
        for condition in &self.conditions {
            if settled.contains(&condition.key()) {
                truth = truth.and(condition.holds(view));
            } else {
                open.insert(condition.key().to_owned());
            }
        }
        match truth {
            Truth::False => StatementVerdict::No,
            Truth::Maybe(_) => StatementVerdict::Perhaps,
            Truth::True if self.understood == Understood::Partly => StatementVerdict::Perhaps,
            Truth::True if open.is_empty() => StatementVerdict::Yes,
            Truth::True => StatementVerdict::If(open),
        }
    }
}

impl ActionPatterns {
    fn new(element: &Element<pattern::Pattern>) -> Self {
        Self {
            negated: element.negated,
            items: element
                .items
                .iter()
                .map(|item| WildcardMatcher::plain(&item.text.to_lowercase()))
                .collect(),
        }
    }

    fn matches(&self, view: &View<'_>) -> Truth {
        if view.action.len() > TEXT_LIMIT {
            return Truth::Maybe(Why::TooLong);
        }
        let named = self.items.iter().any(|glob| glob.matches(&view.action));
        Truth::of(named != self.negated)
    }
}

impl ResourcePatterns {
    fn new(element: &Element<pattern::Pattern>, version: Version) -> Self {
        Self {
            negated: element.negated,
            items: element
                .items
                .iter()
                .map(|item| {
                    TextPattern::new(&item.text, version == Version::V2012, Wildcards::Special)
                })
                .collect(),
        }
    }

    fn matches(&self, view: &View<'_>) -> Truth {
        let named = Truth::any(&self.items, |pattern| {
            pattern.matches(view, &view.request.resource)
        });
        if self.negated { named.not() } else { named }
    }
}
