//! The search: is there a request that one Allow matches and no Deny does?
//!
//! The Allow gives a conjunction of literals. Each Deny gives a clause: its resource does not match,
//! or one of its conditions does not hold. The search keeps a value for every key that satisfies all
//! literals so far — a candidate request — and looks for a Deny that matches it. None does: the
//! candidate is the answer. One does: some literal of that Deny must be false in any answer, so each
//! of them is added in turn and the search goes on. A literal once added keeps that Deny from
//! matching for good, so every branch ends; when all have ended, there is no such request.
//!
//! Only clauses that the candidate violates are ever branched on, which is why ordinary policies
//! need no branching at all.

use super::atom::{Atom, Value};
use super::budget::{Budget, Exhausted};
use super::value::{self, Domain, Literal, Rounding};

/// A Deny statement in the shape that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// Its position in the policy.
    pub(super) index: Option<usize>,
    /// Its conditions as positions among the atoms.
    pub(super) atoms: Vec<usize>,
    /// Whether it speaks of the caller is not known.
    pub(super) unclear: bool,
}

/// Deeper than this the search gives up: the stack is finite.
const DEEPEST: usize = 600;

/// One search.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) atoms: &'a [Atom],
    /// By key.
    pub(super) domains: &'a [Domain],
    pub(super) clauses: &'a [Clause],
    pub(super) rounding: Rounding,
    /// The answer would be another with the other rounding.
    pub(super) doubt: bool,
    /// The key at which the Allow itself could not be satisfied.
    pub(super) failed_key: Option<usize>,
    /// The Deny that the last branch could not get around.
    pub(super) blocked_by: Option<usize>,
    pub(super) budget: &'a mut Budget,
}

/// What was found: the literals that were needed, and a value for every key.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) literals: Vec<(usize, bool)>,
    pub(super) values: Vec<Value>,
}

impl Search<'_> {
    /// Looks for a request that satisfies `wanted` (positions of atoms that must hold) and violates
    /// some part of every clause.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn run(&mut self, wanted: &[usize]) -> Result<Option<Model>, Exhausted> {
        let mut literals: Vec<(usize, bool)> = wanted.iter().map(|atom| (*atom, true)).collect();
        let mut values = Vec::with_capacity(self.domains.len());
        for key in 0..self.domains.len() {
            match self.value(key, &literals)? {
                Some(value) => values.push(value),
                None => {
                    self.failed_key = Some(key);
                    return Ok(None);
                }
            }
        }
        self.descend(&mut literals, values, 0)
    }

    fn value(
        &mut self,
        key: usize,
        literals: &[(usize, bool)],
    ) -> Result<Option<Value>, Exhausted> {
        self.budget.spend(literals.len() / 4 + 1)?;
        let Some(domain) = self.domains.get(key) else {
            return Ok(None);
        };
        let on_key: Vec<Literal<'_>> = literals
            .iter()
            .filter_map(|(position, wanted)| {
                let atom = self.atoms.get(*position)?;
                (atom.key == key).then_some((atom, *wanted))
            })
            .collect();
        value::solve(domain, &on_key, self.rounding, &mut self.doubt, self.budget)
    }

    /// Whether a clause's Deny matches the candidate.
    fn matches(&mut self, clause: &Clause, values: &[Value]) -> Result<bool, Exhausted> {
        if clause.unclear {
            self.doubt = true;
            if self.rounding == Rounding::Up {
                return Ok(false);
            }
        }
        for position in &clause.atoms {
            let Some(atom) = self.atoms.get(*position) else {
                continue;
            };
            self.budget.spend(atom.weight())?;
            let holds = values
                .get(atom.key)
                .and_then(|value| atom.holds(value))
                .unwrap_or_else(|| {
                    self.doubt = true;
                    self.rounding == Rounding::Down
                });
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn descend(
        &mut self,
        literals: &mut Vec<(usize, bool)>,
        values: Vec<Value>,
        depth: usize,
    ) -> Result<Option<Model>, Exhausted> {
        if depth > DEEPEST {
            return Err(Exhausted);
        }
        let clauses = self.clauses;
        let mut violated = None;
        for clause in clauses {
            if self.matches(clause, &values)? {
                violated = Some(clause);
                break;
            }
        }
        let Some(clause) = violated else {
            return Ok(Some(Model {
                literals: literals.clone(),
                values,
            }));
        };
        for position in &clause.atoms {
            let Some(key) = self.atoms.get(*position).map(|atom| atom.key) else {
                continue;
            };
            literals.push((*position, false));
            if let Some(value) = self.value(key, literals)? {
                let mut values = values.clone();
                if let Some(place) = values.get_mut(key) {
                    *place = value;
                }
                if let Some(model) = self.descend(literals, values, depth + 1)? {
                    return Ok(Some(model));
                }
            }
            literals.pop();
        }
        self.blocked_by = clause.index;
        Ok(None)
    }
}
