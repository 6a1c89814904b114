//! Whether one statement matches whatever another one matches, as far as their texts show it.
//!
//! "Yes" is a proof, "no" is not: several statements together may cover one, and a condition may
//! follow from another. Most changes of real policies are settled here; the search decides the rest.

use crate::document::{
    Condition, DefectKind, Effect, Element, Operator, Policy, Principal, Quantifier, Statement,
    Version,
};
use crate::pattern::Pattern;

/// Whether every request that `new` allows is one that `old` allows, as far as texts show it.
pub(super) fn allows_no_more(old: &Policy, new: &Policy) -> bool {
    new.with_effect(Effect::Allow)
        .all(|allow| is_allowed(old, new, allow))
        && denies_no_less(old, new)
}

/// Whether one Allow of `old` matches whatever an Allow of `new` does.
pub(super) fn is_allowed(old: &Policy, new: &Policy, allow: &Statement) -> bool {
    let versions = (old.version, new.version);
    old.with_effect(Effect::Allow)
        .any(|upper| covers(upper, allow, versions))
}

/// Whether some Deny of `new` matches whatever this Deny of `old` does.
pub(super) fn is_denied(old: &Policy, new: &Policy, deny: &Statement) -> bool {
    let versions = (new.version, old.version);
    new.with_effect(Effect::Deny)
        .any(|upper| covers(upper, deny, versions))
}

/// Whether each Deny of `old` is one of `new`, or part of one.
fn denies_no_less(old: &Policy, new: &Policy) -> bool {
    old.with_effect(Effect::Deny)
        .all(|deny| is_denied(old, new, deny))
}

/// Whether `upper` matches whatever `lower` does.
fn covers(upper: &Statement, lower: &Statement, versions: (Version, Version)) -> bool {
    covers_principals(upper.principal.as_ref(), lower.principal.as_ref())
        && covers_patterns(&upper.action, &lower.action)
        && match (&upper.resource, &lower.resource) {
            (None, None) => true,
            (Some(upper), Some(lower)) => {
                (versions.0 == versions.1 || !(has_variable(upper) || has_variable(lower)))
                    && covers_patterns(upper, lower)
            }
            _ => false,
        }
        && upper.conditions.iter().all(|condition| {
            lower
                .conditions
                .iter()
                .any(|other| follows(condition, other, versions))
        })
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

fn covers_patterns(upper: &Element<Pattern>, lower: &Element<Pattern>) -> bool {
    let matches_all = |items: &[Pattern], of: &Pattern| items.iter().any(|upper| upper.covers(of));
    match (upper.negated, lower.negated) {
        (false, false) => lower
            .items
            .iter()
            .all(|item| matches_all(&upper.items, item)),
        (true, true) => upper
            .items
            .iter()
            .all(|item| matches_all(&lower.items, item)),
        (false, true) => upper.items.iter().any(|item| item.text == "*"),
        (true, false) => {
            let is_known = |item: &Pattern| !item.has_variable();
            upper.items.iter().all(is_known)
                && lower.items.iter().all(|item| {
                    is_known(item) && upper.items.iter().all(|other| !other.overlaps(item))
                })
        }
    }
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
/// written.
pub(super) fn is_readable(policy: &Policy) -> bool {
    policy
        .defects
        .iter()
        .all(|defect| defect.kind == DefectKind::UnknownPrincipal)
}
