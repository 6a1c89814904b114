//! Conjunctions of rules over the requests of one caller: what is settled is settled first, then the
//! rest is searched.
//!
//! A request gets in when it matches one rule of *each* group (the must-groups: a bucket policy; a
//! bucket policy and an identity policy and a boundary; the levels of control policies) and no Deny.
//! A question about one policy is the case of one group.

use std::sync::Arc;

use super::atom::Atom;
use super::budget::{Budget, Exhausted};
use super::compile::CompiledRule;
use super::dpll::{Alternative, Clause, RequestModel, Search};
use super::fold::Settled;
use super::proof::ClosedBy;
use super::value::{Domain, Rounding};
use super::variables::{self, Conditions};
use super::vocabulary::Vocabulary;

/// What came of a search.
#[derive(Clone, Debug)]
pub(super) struct PathOutcome {
    pub(super) found: Result<Arc<RequestModel>, ClosedBy>,
    /// With the other rounding it could be another.
    pub(super) doubt: bool,
}

impl PathOutcome {
    pub(super) const fn closed(by: ClosedBy, doubt: bool) -> Self {
        Self {
            found: Err(by),
            doubt,
        }
    }
}

/// The requests that are searched: those of one caller, for actions that nothing distinguishes.
pub(super) trait RequestSpace {
    fn vocabulary(&self) -> &Vocabulary;
    /// What a key can have.
    fn domain(&self, key: usize) -> &Domain;
    /// What a condition, by its number, says of all these requests.
    fn says(&self, atom: usize) -> Settled;
    fn rounding(&self) -> Rounding;
}

/// A domain that is always absent.
pub(super) static NEVER: Domain = Domain::absent();

/// What is left of a Deny after what is settled.
#[derive(Debug)]
pub(super) enum SettledDeny {
    /// It matches none of the requests.
    Never,
    /// It matches all of them.
    Always,
    /// It depends.
    Depends(Clause),
}

/// Settles a Deny about these actions; `meant` says whether it speaks of the caller.
pub(super) fn settle(
    space: &impl RequestSpace,
    rule: &CompiledRule,
    atoms: &[usize],
    meant: Option<bool>,
) -> SettledDeny {
    if meant == Some(false) && !rule.unread {
        return SettledDeny::Never;
    }
    // What could not be read may match everything.
    let atoms: &[usize] = if rule.unread { &[] } else { atoms };
    let mut open = Vec::new();
    for atom in atoms {
        match space.says(*atom) {
            Settled::No => return SettledDeny::Never,
            Settled::Yes => {}
            Settled::Depends => open.push(*atom),
        }
    }
    let unclear = meant.is_none() && !rule.unread;
    if open.is_empty() && !unclear {
        return SettledDeny::Always;
    }
    SettledDeny::Depends(Clause {
        index: rule.index,
        atoms: open,
        unclear,
    })
}

/// Settles the conditions of a rule that lets in; the key that no request satisfies, if there is one.
pub(super) fn settle_allow<'a>(
    space: &impl RequestSpace,
    rule: usize,
    atoms: &'a [usize],
    unclear: bool,
) -> Result<Alternative<'a>, usize> {
    let mut depends = Vec::new();
    for atom in atoms {
        match space.says(*atom) {
            Settled::No => {
                let atom = space.vocabulary().atoms.get(*atom);
                return Err(atom.map_or(0, |atom| atom.key));
            }
            Settled::Yes => {}
            Settled::Depends => depends.push(*atom),
        }
    }
    Ok(Alternative {
        rule,
        atoms,
        depends,
        unclear,
    })
}

/// One search, or one for each combination of values of the policies' variables.
///
/// # Errors
/// When the budget is used up.
pub(super) fn search(
    space: &impl RequestSpace,
    groups: &[Vec<Alternative<'_>>],
    clauses: &[Clause],
    budget: &mut Budget,
) -> Result<PathOutcome, Exhausted> {
    let vocabulary = space.vocabulary();
    let domains: Vec<&Domain> = (0..vocabulary.keys.len())
        .map(|key| space.domain(key))
        .collect();
    let over = SearchSpace {
        domains: &domains,
        groups,
        clauses,
        rounding: space.rounding(),
    };
    let is_open = |atom: &usize| vocabulary.atoms.get(*atom).is_some_and(Atom::is_open);
    let open = groups
        .iter()
        .flatten()
        .flat_map(|alternative| &alternative.depends)
        .chain(clauses.iter().flat_map(|clause| &clause.atoms))
        .any(is_open);
    if !open {
        return over.search(&Conditions::as_written(&vocabulary.atoms), budget);
    }
    over.with_variables(vocabulary, budget)
}

/// Numbers in order, each once.
fn in_order(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// What a search runs over.
#[derive(Clone, Copy)]
struct SearchSpace<'a> {
    domains: &'a [&'a Domain],
    groups: &'a [Vec<Alternative<'a>>],
    clauses: &'a [Clause],
    rounding: Rounding,
}

impl<'a> SearchSpace<'a> {
    fn search(self, atoms: &Conditions<'_>, budget: &mut Budget) -> Result<PathOutcome, Exhausted> {
        let mut search = Search {
            atoms,
            domains: self.domains,
            groups: self.groups,
            clauses: self.clauses,
            rounding: self.rounding,
            doubt: false,
            failed_key: None,
            blocked_by: None,
            budget,
        };
        let found = search.run()?;
        Ok(PathOutcome {
            found: found.map(Arc::new).ok_or(match search.failed_key {
                Some(key) => ClosedBy::Key(key),
                None => ClosedBy::Denied(search.blocked_by),
            }),
            doubt: search.doubt,
        })
    }

    /// The conditions of some groups.
    fn conditions_of(groups: &'a [Vec<Alternative<'a>>]) -> impl Iterator<Item = usize> + use<'a> {
        groups
            .iter()
            .flatten()
            .flat_map(|alternative| alternative.atoms)
            .copied()
    }

    /// Over domains of which some are replaced.
    fn search_in(
        self,
        replaced: &[(usize, Domain)],
        atoms: &Conditions<'_>,
        budget: &mut Budget,
    ) -> Result<PathOutcome, Exhausted> {
        let mut domains: Vec<&Domain> = self.domains.to_vec();
        for (key, domain) in replaced {
            if let Some(place) = domains.get_mut(*key) {
                *place = domain;
            }
        }
        budget.spend(atoms.weight() + domains.len())?;
        SearchSpace {
            domains: &domains,
            groups: self.groups,
            clauses: self.clauses,
            rounding: self.rounding,
        }
        .search(atoms, budget)
    }

    /// One search for each combination of values of the policies' variables, and where those are not
    /// all there are, a proof about all of them.
    fn with_variables(
        self,
        vocabulary: &Vocabulary,
        budget: &mut Budget,
    ) -> Result<PathOutcome, Exhausted> {
        let wanted = in_order(Self::conditions_of(self.groups));
        let of_clauses = self.clauses.iter().flat_map(|clause| &clause.atoms);
        let used = in_order(wanted.iter().chain(of_clauses).copied());
        let (assignments, complete) =
            variables::assignments(vocabulary, &used, self.domains, budget)?;
        let mut closed = ClosedBy::Key(0);
        let mut doubt = false;
        for assignment in &assignments {
            let fixed: Vec<(usize, Domain)> = assignment
                .iter()
                .map(|(key, value)| {
                    let domain = match value {
                        Some(value) => Domain::fixed(value.clone()),
                        None => Domain::absent(),
                    };
                    (*key, domain)
                })
                .collect();
            let atoms = variables::assigned(vocabulary, &used, assignment);
            let solved = self.search_in(&fixed, &atoms, budget)?;
            doubt |= solved.doubt;
            match solved.found {
                Ok(_) => return Ok(PathOutcome { doubt, ..solved }),
                Err(found) => closed = closed.max(found),
            }
        }
        if complete || self.rounding == Rounding::Down {
            return Ok(PathOutcome::closed(closed, doubt || !complete));
        }
        if let Some((anchor, others)) = self.groups.split_first()
            && anchor.len() == 1
        {
            let anchor = in_order(Self::conditions_of(std::slice::from_ref(anchor)));
            let others = in_order(Self::conditions_of(others));
            let rigid = variables::rigid(vocabulary, &used, &anchor, &others, self.domains);
            for (place, question) in rigid.iter().flatten().enumerate() {
                let solved = self.search_in(&question.domains, &question.conditions, budget)?;
                if solved.found.is_ok() {
                    break;
                }
                if rigid.as_ref().is_some_and(|all| all.len() == place + 1) {
                    return Ok(PathOutcome::closed(closed, true));
                }
            }
        }
        let atoms = variables::widened(vocabulary, &used, &wanted);
        let solved = self.search_in(&[], &atoms, budget)?;
        Ok(PathOutcome {
            doubt: true,
            ..solved
        })
    }
}
