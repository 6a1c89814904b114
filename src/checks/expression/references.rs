//! The facts that a condition names.

use super::term::{Offset, Term, TermNode};
use super::{ITEM, PARAMS};

/// How a condition uses a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Its value.
    Value,
    /// Quantified over by `exists` or `all`, member by member.
    Range,
}

/// One fact that a condition names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The path without list positions, for example `bucket.acl.public_grants[].permission`.
    /// Variables of `exists`, `all` and `for_each` are resolved to the list they run over.
    pub path: String,
    /// How it is used.
    pub usage: Use,
    /// Where it stands.
    pub at: Offset,
    /// It is named through [`ITEM`].
    pub through_item: bool,
}

/// The facts that a condition names, by path, each once a use and once through [`ITEM`]. `item_path` is the list of [`ITEM`].
pub(super) fn of(tree: &TermNode, item_path: Option<&str>) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut scope = Vec::new();
    if let Some(path) = item_path {
        scope.push(Variable {
            name: ITEM.to_owned(),
            path: Some(format!("{path}[]")),
            through_item: true,
        });
    }
    collect_references(tree, Use::Value, &mut scope, &mut references);
    // Named through the item and beside it, a fact is needed of that item and of all.
    let key = |one: &Reference| (one.path.clone(), one.usage, one.through_item);
    references.sort_by_key(|one| (key(one), one.at));
    references.dedup_by_key(|one| key(one));
    references
}

/// Collects the facts a condition names, resolving the variables of quantifiers to list paths. A
/// variable whose range is no fact (a list written out) has no path.
fn collect_references(
    node: &TermNode,
    usage: Use,
    scope: &mut Vec<Variable>,
    out: &mut Vec<Reference>,
) {
    match &node.term {
        Term::Bool(_) | Term::Int(_) | Term::Double(_) | Term::Text(_) => {}
        Term::Name(_) | Term::Member(..) => {
            if let Some((path, through_item)) = path_of(node, scope) {
                out.push(Reference {
                    path,
                    usage,
                    at: node.at,
                    through_item,
                });
            } else if let Term::Member(operand, _) = &node.term
                && root_name(node).is_none()
            {
                collect_references(operand, Use::Value, scope, out);
            }
        }
        Term::List(items) => {
            for item in items {
                collect_references(item, Use::Value, scope, out);
            }
        }
        Term::Call(_, arguments) => {
            for argument in arguments {
                collect_references(argument, Use::Value, scope, out);
            }
        }
        Term::Not(a) | Term::Negate(a) => collect_references(a, Use::Value, scope, out),
        Term::Binary(_, a, b) => {
            collect_references(a, Use::Value, scope, out);
            collect_references(b, Use::Value, scope, out);
        }
        Term::Choice(a, b, c) => {
            for part in [a, b, c] {
                collect_references(part, Use::Value, scope, out);
            }
        }
        Term::Quantified {
            range,
            variable,
            body,
            ..
        } => {
            collect_references(range, Use::Range, scope, out);
            let range = path_of(range, scope);
            scope.push(Variable {
                name: variable.clone(),
                through_item: range
                    .as_ref()
                    .is_some_and(|(_, through_item)| *through_item),
                path: range.map(|(path, _)| format!("{path}[]")),
            });
            collect_references(body, Use::Value, scope, out);
            scope.pop();
        }
    }
}

/// The variable a chain of members starts with.
fn root_name(node: &TermNode) -> Option<&str> {
    match &node.term {
        Term::Name(name) => Some(name),
        Term::Member(operand, _) => root_name(operand),
        _ => None,
    }
}

/// A variable in scope: of `for_each`, or of `exists` and `all`.
struct Variable {
    name: String,
    /// The path of what it holds; none when it runs over a list that is written out.
    path: Option<String>,
    through_item: bool,
}

/// The fact path of a chain of members, and whether it starts at the item; none for thresholds and
/// for variables that hold no fact.
fn path_of(node: &TermNode, scope: &[Variable]) -> Option<(String, bool)> {
    match &node.term {
        Term::Name(name) => match scope.iter().rev().find(|known| known.name == *name) {
            Some(variable) => Some((variable.path.clone()?, variable.through_item)),
            None if name == PARAMS => None,
            None => Some((name.clone(), false)),
        },
        Term::Member(operand, member) => {
            let (path, through_item) = path_of(operand, scope)?;
            Some((format!("{path}.{member}"), through_item))
        }
        _ => None,
    }
}
