//! Whether one statement matches whatever another one matches, as far as their texts show it.
//!
//! "Yes" is a proof, "no" is not: several statements together may cover one, and a condition may
//! follow from another. Most changes of real policies are settled here; the search decides the rest.

use crate::document::{
    Condition, DefectKind, Effect, Element, Operator, Policy, Principal, Quantifier, Statement,
    Version,
};
use crate::pattern::Pattern;
use crate::prove::{Budget, Exhausted};

/// What the texts of two policies show: which statements of one are part of a statement of the other.
#[derive(Debug, Default)]
pub(super) struct TextCover {
    /// Indices of the Allow statements of the new policy that match no more than an Allow of the old.
    allowed: Vec<usize>,
    /// Indices of the Deny statements of the old policy that match no more than a Deny of the new.
    denied: Vec<usize>,
    /// Those are all of them: the new policy allows no more.
    pub(super) allows_no_more: bool,
}

impl TextCover {
    /// What the texts show of two policies. When the budget is used up, that is what was shown so far.
    pub(super) fn of(old: &Policy, new: &Policy, budget: &mut Budget) -> Self {
        let mut cover = Self::default();
        cover.allows_no_more = cover.fill(old, new, budget) == Ok(true);
        cover
    }

    fn fill(&mut self, old: &Policy, new: &Policy, budget: &mut Budget) -> Result<bool, Exhausted> {
        let mut all = true;
        let versions = (old.version, new.version);
        for allow in new.with_effect(Effect::Allow) {
            if is_part_of_one(old, Effect::Allow, allow, versions, budget)? {
                self.allowed.push(allow.index);
            } else {
                all = false;
            }
        }
        let versions = (new.version, old.version);
        for deny in old.with_effect(Effect::Deny) {
            if is_part_of_one(new, Effect::Deny, deny, versions, budget)? {
                self.denied.push(deny.index);
            } else {
                all = false;
            }
        }
        Ok(all)
    }

    /// Whether one Allow of the old policy matches whatever this Allow of the new one does.
    pub(super) fn is_allowed(&self, allow: &Statement) -> bool {
        self.allowed.binary_search(&allow.index).is_ok()
    }

    /// Whether one Deny of the new policy matches whatever this Deny of the old one does.
    pub(super) fn is_denied(&self, deny: &Statement) -> bool {
        self.denied.binary_search(&deny.index).is_ok()
    }
}

/// Whether one statement of a policy matches whatever `lower` does. The one at the same place is tried
/// first: most changes leave it there.
fn is_part_of_one(
    policy: &Policy,
    effect: Effect,
    lower: &Statement,
    versions: (Version, Version),
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    let at_its_place = |statement: &&Statement| statement.index == lower.index;
    let first = policy.with_effect(effect).filter(at_its_place);
    let others = policy
        .with_effect(effect)
        .filter(|statement| !at_its_place(statement));
    for upper in first.chain(others) {
        if covers(upper, lower, versions, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `upper` matches whatever `lower` does.
fn covers(
    upper: &Statement,
    lower: &Statement,
    versions: (Version, Version),
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    let principals = |element: &Option<Element<Principal>>| {
        element.as_ref().map_or(0, |element| element.items.len())
    };
    let pairs = principals(&upper.principal).saturating_mul(principals(&lower.principal));
    budget.spend(pairs + 1)?;
    if upper.unread_principals != lower.unread_principals
        || !covers_principals(upper.principal.as_ref(), lower.principal.as_ref())
        || !covers_patterns(&upper.action, &lower.action, budget)?
    {
        return Ok(false);
    }
    let is_resource_covered = match (&upper.resource, &lower.resource) {
        (None, None) => true,
        (Some(upper), Some(lower)) => {
            (versions.0 == versions.1 || !(has_variable(upper) || has_variable(lower)))
                && covers_patterns(upper, lower, budget)?
        }
        _ => false,
    };
    if !is_resource_covered {
        return Ok(false);
    }
    for condition in &upper.conditions {
        let mut is_met = false;
        for other in &lower.conditions {
            budget.spend(1)?;
            if condition.key == other.key {
                let pairs = condition.values.len().saturating_mul(other.values.len());
                budget.spend(pairs)?;
                if follows(condition, other, versions) {
                    is_met = true;
                    break;
                }
            }
        }
        if !is_met {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_variable(element: &Element<Pattern>) -> bool {
    element.items.iter().any(|item| item.text.contains("${"))
}

fn covers_principals(
    upper: Option<&Element<Principal>>,
    lower: Option<&Element<Principal>>,
) -> bool {
    let (upper, lower) = match (upper, lower) {
        (None, None) => return true,
        (Some(upper), Some(lower)) => (upper, lower),
        _ => return false,
    };
    match (upper.negated, lower.negated) {
        (false, false) => lower.items.iter().all(|item| {
            upper
                .items
                .iter()
                .any(|other| covers_principal(other, item))
        }),
        // Of everyone but some, everyone but fewer of them.
        (true, true) => upper.items.iter().all(|item| lower.items.contains(item)),
        (false, true) => upper.items.contains(&Principal::Everyone),
        (true, false) => false,
    }
}

fn covers_principal(upper: &Principal, lower: &Principal) -> bool {
    match (upper, lower) {
        (Principal::Everyone, _) => true,
        (Principal::Account(account), Principal::Arn(arn)) => *account == arn.account,
        (upper, lower) => upper == lower,
    }
}

fn covers_patterns(
    upper: &Element<Pattern>,
    lower: &Element<Pattern>,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    budget.spend(upper.items.len().min(lower.items.len()))?;
    if upper == lower {
        return Ok(true);
    }
    match (upper.negated, lower.negated) {
        (false, false) => is_each_covered(&upper.items, &lower.items, budget),
        (true, true) => is_each_covered(&lower.items, &upper.items, budget),
        (false, true) => Ok(upper.items.iter().any(|item| item.text == "*")),
        (true, false) => {
            let is_known = |item: &Pattern| !item.has_variable();
            if !upper.items.iter().chain(&lower.items).all(is_known) {
                return Ok(false);
            }
            for item in &lower.items {
                for other in &upper.items {
                    budget.spend(1 + item.tokens.len().saturating_mul(other.tokens.len()) / 8)?;
                    if other.overlaps(item) {
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        }
    }
}

/// Whether each pattern is covered by one of the others.
fn is_each_covered(
    upper: &[Pattern],
    lower: &[Pattern],
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    for (place, item) in lower.iter().enumerate() {
        // Lists are often the same but for an item.
        let nearby = place.saturating_sub(1)..place.saturating_add(2).min(upper.len());
        if upper
            .get(nearby)
            .is_some_and(|near| near.iter().any(|other| other == item))
        {
            budget.spend(1)?;
            continue;
        }
        let mut is_covered = false;
        for other in upper {
            budget.spend(other.covering_steps(item))?;
            if other.covers(item) {
                is_covered = true;
                break;
            }
        }
        if !is_covered {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `upper` holds wherever `lower` does: the same test of the same key, against a longer list,
/// or for negated operators a shorter one.
fn follows(upper: &Condition, lower: &Condition, versions: (Version, Version)) -> bool {
    let same = upper.key == lower.key
        && upper.operator == lower.operator
        && upper.quantifier == lower.quantifier
        && (upper.if_exists || upper.if_exists == lower.if_exists);
    let uses_variables =
        |condition: &Condition| condition.values.iter().any(|value| value.contains("${"));
    if !same || (versions.0 != versions.1 && (uses_variables(upper) || uses_variables(lower))) {
        return false;
    }
    let within = |inner: &Condition, outer: &Condition| {
        inner
            .values
            .iter()
            .all(|value| outer.values.contains(value))
    };
    if upper.operator.is_negated() {
        within(upper, lower)
    } else if upper.operator == Operator::Null {
        within(upper, lower) && within(lower, upper)
    } else {
        within(lower, upper) && (upper.quantifier == Quantifier::Single || !lower.values.is_empty())
    }
}

/// Whether every part of a policy was read. A principal that is no one's name is like one that was not
/// written. A statement that lacks an element or lists its principals without a type is refused by AWS;
/// whatever it were to match, one that has the same there and no less in the others matches as much.
pub(super) fn is_readable(policy: &Policy) -> bool {
    let is_kept = |index: usize| policy.statements.iter().any(|found| found.index == index);
    policy.defects.iter().all(|defect| match defect.kind {
        DefectKind::UnknownPrincipal => true,
        // Without an action it is not among the statements.
        DefectKind::Incomplete => defect.statement.is_some_and(is_kept),
        _ => false,
    })
}
