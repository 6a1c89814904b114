//! The search: is there a request that one Allow of each group matches and no Deny does?
//!
//! An Allow gives a conjunction of literals, of which a group of several leaves the choice: an
//! alternative of a group that the candidate does not satisfy is tried after the other. Each Deny gives a clause: its resource does not match,
//! or one of its conditions does not hold. The search keeps a value for every key that satisfies all
//! literals so far — a candidate request — and looks for a Deny that matches it. None does: the
//! candidate is the answer. One does: some literal of that Deny must be false in any answer, so each
//! of them is added in turn and the search goes on. A literal once added keeps that Deny from
//! matching for good, so every branch ends; when all have ended, there is no such request.
//!
//! Conditions that say the same of every value are settled beforehand ([`super::fold`]): a Deny of
//! which nothing is left closes the way at once, and one with a part that never holds is no clause.
//! Only clauses that the candidate violates are ever branched on, which is why ordinary policies
//! need no branching at all.

use super::atom::KeyValue;
use super::budget::{Budget, Exhausted};
use super::solve;
use super::value::{Domain, Literal, Rounding};
use super::variables::Conditions;

/// A Deny statement in the shape that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// Its position in the policy.
    pub(super) index: Option<usize>,
    /// Those of its conditions that are not settled, as positions among the atoms.
    pub(super) atoms: Vec<usize>,
    /// Whether it speaks of the caller is not known.
    pub(super) unclear: bool,
}

/// One way to satisfy a group: a rule that the request may match.
#[derive(Clone, Debug)]
pub(super) struct Alternative<'a> {
    /// Which rule, as the caller of the search counts them.
    pub(super) rule: usize,
    /// All its conditions, as positions among the atoms.
    pub(super) atoms: &'a [usize],
    /// Those of them that are not settled.
    pub(super) depends: Vec<usize>,
    /// Whether it speaks of the caller is not known.
    pub(super) unclear: bool,
}

/// Deeper than this the search gives up: the stack is finite.
const DEEPEST: usize = 600;

/// One search.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) atoms: &'a Conditions<'a>,
    /// By key.
    pub(super) domains: &'a [&'a Domain],
    /// Of each of these one alternative must hold.
    pub(super) groups: &'a [Vec<Alternative<'a>>],
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
pub(super) struct RequestModel {
    pub(super) literals: Vec<(usize, bool)>,
    pub(super) values: Vec<KeyValue>,
}

/// A value for every key that was looked at so far.
type Candidate = Vec<Option<KeyValue>>;

impl Search<'_> {
    /// Looks for a request that satisfies one alternative of every group and violates some part of
    /// every clause.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn run(&mut self) -> Result<Option<RequestModel>, Exhausted> {
        let mut literals: Vec<(usize, bool)> = Vec::new();
        let mut candidate: Candidate = vec![None; self.domains.len()];
        let groups = self.groups;
        // A group of one leaves no choice.
        let alone = || {
            groups.iter().filter_map(|group| match group.as_slice() {
                [alone] => Some(alone),
                _ => None,
            })
        };
        for alternative in alone() {
            if self.is_unusable(alternative) {
                return Ok(None);
            }
            literals.extend(alternative.atoms.iter().map(|atom| (*atom, true)));
        }
        for atom in alone().flat_map(|alternative| &alternative.depends) {
            if let Some(key) = self.atoms.get(*atom).map(|atom| atom.key)
                && !self.has(&mut candidate, key, &literals)?
            {
                return Ok(None);
            }
        }
        let Some(mut candidate) = self.descend(&mut literals, candidate, 0)? else {
            return Ok(None);
        };
        // Keys that nothing depends on.
        for key in 0..candidate.len() {
            if !self.has(&mut candidate, key, &literals)? {
                return Ok(None);
            }
        }
        Ok(Some(RequestModel {
            literals,
            values: candidate.into_iter().flatten().collect(),
        }))
    }

    /// Gives a key a value if it has none yet; false when there is none.
    fn has(
        &mut self,
        candidate: &mut Candidate,
        key: usize,
        literals: &[(usize, bool)],
    ) -> Result<bool, Exhausted> {
        let Some(Some(_)) = candidate.get(key) else {
            let Some(value) = self.value(key, literals)? else {
                self.failed_key = Some(key);
                return Ok(false);
            };
            if let Some(place) = candidate.get_mut(key) {
                *place = Some(value);
            }
            return Ok(true);
        };
        Ok(true)
    }

    fn value(
        &mut self,
        key: usize,
        literals: &[(usize, bool)],
    ) -> Result<Option<KeyValue>, Exhausted> {
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
        solve::solve(domain, &on_key, self.rounding, &mut self.doubt, self.budget)
    }

    /// Whether an alternative counts for nothing, as it is not known to be about the caller.
    fn is_unusable(&mut self, alternative: &Alternative<'_>) -> bool {
        if alternative.unclear {
            self.doubt = true;
        }
        alternative.unclear && self.rounding == Rounding::Down
    }

    /// Whether the candidate satisfies an alternative.
    fn satisfies(
        &mut self,
        alternative: &Alternative<'_>,
        candidate: &mut Candidate,
        literals: &[(usize, bool)],
    ) -> Result<bool, Exhausted> {
        if self.is_unusable(alternative) {
            return Ok(false);
        }
        let in_doubt = self.rounding == Rounding::Up;
        let held = self.held(&alternative.depends, candidate, literals, in_doubt)?;
        Ok(held == Some(true))
    }

    /// Whether the candidate meets all of these conditions; none at a key that no value is left for.
    /// `in_doubt` is the answer for a condition that is not known to hold.
    fn held(
        &mut self,
        conditions: &[usize],
        candidate: &mut Candidate,
        literals: &[(usize, bool)],
        in_doubt: bool,
    ) -> Result<Option<bool>, Exhausted> {
        let atoms = self.atoms;
        for position in conditions {
            let Some(atom) = atoms.get(*position) else {
                continue;
            };
            self.budget.spend(atom.weight())?;
            if !self.has(candidate, atom.key, literals)? {
                return Ok(None);
            }
            let holds = candidate
                .get(atom.key)
                .and_then(Option::as_ref)
                .and_then(|value| atom.holds(value))
                .unwrap_or_else(|| {
                    self.doubt = true;
                    in_doubt
                });
            if !holds {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    /// The first group of which the candidate satisfies no alternative.
    fn unmet(
        &mut self,
        candidate: &mut Candidate,
        literals: &[(usize, bool)],
    ) -> Result<Option<usize>, Exhausted> {
        let groups = self.groups;
        for (place, group) in groups.iter().enumerate() {
            // The literals of a group of one hold already.
            if group.len() == 1 {
                continue;
            }
            let mut met = false;
            for alternative in group {
                if self.satisfies(alternative, candidate, literals)? {
                    met = true;
                    break;
                }
            }
            if !met {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Tries each alternative of a group.
    fn choose(
        &mut self,
        group: usize,
        literals: &mut Vec<(usize, bool)>,
        candidate: &Candidate,
        depth: usize,
    ) -> Result<Option<Candidate>, Exhausted> {
        let groups = self.groups;
        for alternative in groups.get(group).into_iter().flatten() {
            if self.is_unusable(alternative) {
                continue;
            }
            let before = literals.len();
            literals.extend(alternative.atoms.iter().map(|atom| (*atom, true)));
            let mut candidate = candidate.clone();
            let mut possible = true;
            for position in &alternative.depends {
                let Some(key) = self.atoms.get(*position).map(|atom| atom.key) else {
                    continue;
                };
                let value = self.value(key, literals)?;
                possible = value.is_some();
                if !possible {
                    break;
                }
                if let Some(place) = candidate.get_mut(key) {
                    *place = value;
                }
            }
            if possible && let Some(found) = self.descend(literals, candidate, depth + 1)? {
                return Ok(Some(found));
            }
            literals.truncate(before);
        }
        Ok(None)
    }

    /// Whether a clause's Deny matches the candidate.
    fn matches(
        &mut self,
        clause: &Clause,
        candidate: &mut Candidate,
        literals: &[(usize, bool)],
    ) -> Result<bool, Exhausted> {
        if clause.unclear {
            self.doubt = true;
            if self.rounding == Rounding::Up {
                return Ok(false);
            }
        }
        let in_doubt = self.rounding == Rounding::Down;
        let held = self.held(&clause.atoms, candidate, literals, in_doubt)?;
        // A key without a value has no literal that depends on it: any of its values will do.
        Ok(held != Some(false))
    }

    fn descend(
        &mut self,
        literals: &mut Vec<(usize, bool)>,
        mut candidate: Candidate,
        depth: usize,
    ) -> Result<Option<Candidate>, Exhausted> {
        if depth > DEEPEST {
            return Err(Exhausted);
        }
        if let Some(group) = self.unmet(&mut candidate, literals)? {
            return self.choose(group, literals, &candidate, depth);
        }
        let clauses = self.clauses;
        let mut violated = None;
        for clause in clauses {
            if self.matches(clause, &mut candidate, literals)? {
                violated = Some(clause);
                break;
            }
        }
        let Some(clause) = violated else {
            return Ok(Some(candidate));
        };
        for position in &clause.atoms {
            let Some(key) = self.atoms.get(*position).map(|atom| atom.key) else {
                continue;
            };
            literals.push((*position, false));
            if let Some(value) = self.value(key, literals)? {
                let mut candidate = candidate.clone();
                if let Some(place) = candidate.get_mut(key) {
                    *place = Some(value);
                }
                if let Some(found) = self.descend(literals, candidate, depth + 1)? {
                    return Ok(Some(found));
                }
            }
            literals.pop();
        }
        self.blocked_by = clause.index;
        Ok(None)
    }
}
