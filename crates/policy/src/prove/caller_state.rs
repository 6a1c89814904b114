//! A shape of caller with everything that follows from it, worked out once.
//!
//! The eight questions ask about the same few callers again and again, and most actions look alike to
//! a policy. So what a shape says of the statements' principals, the domain of every key and what the
//! conditions say of it is kept with the shape; and what was found for one group of actions is kept
//! under what says groups apart (the [`ActionCell`]) and what a question fixes about the request.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use super::atom::Atom;
use super::budget::{Budget, Exhausted};
use super::caller::{CallerClass, CallerShape, OwnerAndTime};
use super::compile::{ActionCell, CompiledPolicy, CompiledRule};
use super::dpll::{Clause, RequestModel, Search};
use super::fold::{self, Settled};
use super::proof::ClosedBy;
use super::questions::RequestForm;
use super::value::{Domain, Rounding};
use super::variables;
use crate::catalogue::{self, Actions};

/// What a state is played before.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProvingContext<'a> {
    pub(super) policy: &'a CompiledPolicy,
    pub(super) place: &'a OwnerAndTime,
    /// What RestrictPublicBuckets cuts off: no one, everyone but the owner and services, or it is
    /// not known which of the two.
    pub(super) cut: Option<bool>,
}

/// A shape and what follows from it.
#[derive(Debug)]
pub(super) struct CallerState {
    pub(super) shape: CallerShape,
    /// The caller is one of the owner's identities.
    own: bool,
    /// The actions that some statement may let the caller do.
    pub(super) reach: Actions,
    /// Those of them that S3 refuses to carry out for the caller whatever a policy says.
    pub(super) refused: Actions,
    /// By statement, whether it speaks of the caller; none where it cannot be known.
    allows: Vec<Option<bool>>,
    denies: Vec<Option<bool>>,
    down: OnceCell<Keys>,
    up: OnceCell<Keys>,
    outcomes: Vec<CellOutcome>,
}

/// The keys as one rounding sees them.
#[derive(Debug)]
struct Keys {
    domains: Vec<Arc<Domain>>,
    /// By atom.
    says: Vec<Settled>,
}

/// What is found for one cell, kind of request and rounding.
#[derive(Debug)]
pub(super) struct CellOutcome {
    cell: usize,
    kind: u32,
    rounding: Rounding,
    /// Whom a statement speaks of is not known, and that may matter.
    pub(super) doubt: bool,
    pub(super) ways: Vec<GrantPath>,
}

/// A statement that may let a caller in.
#[derive(Clone, Debug)]
pub(super) struct GrantPath {
    /// Position among the Allow statements; none for the owner's identities, who need no statement.
    pub(super) rule: Option<usize>,
    solved: Option<PathOutcome>,
}

/// What came of a way.
#[derive(Clone, Debug)]
pub(super) struct PathOutcome {
    pub(super) found: Result<Arc<RequestModel>, ClosedBy>,
    pub(super) doubt: bool,
}

impl GrantPath {
    /// Where it was closed, if it was.
    pub(super) fn closed(&self) -> Option<ClosedBy> {
        match &self.solved {
            Some(PathOutcome {
                found: Err(closed), ..
            }) => Some(*closed),
            _ => None,
        }
    }
}

impl CallerState {
    pub(super) fn new(shape: CallerShape, policy: &CompiledPolicy, place: &OwnerAndTime) -> Self {
        let meant = |rules: &[CompiledRule]| -> Vec<Option<bool>> {
            rules
                .iter()
                .map(|rule| shape.caller.is_meant(rule))
                .collect()
        };
        let own = shape.caller.is_of(&place.owner);
        let allows = meant(&policy.allows);
        let reach = policy
            .allows
            .iter()
            .zip(&allows)
            .filter(|(_, meant)| **meant != Some(false))
            .fold(if own { catalogue::all() } else { 0 }, |set, (rule, _)| {
                set | if rule.unread {
                    catalogue::all()
                } else {
                    rule.actions
                }
            });
        Self {
            reach,
            refused: place.refused(&shape.caller, reach),
            own,
            allows,
            denies: policy
                .denies
                .iter()
                .map(|rule| shape.caller.is_denied(rule))
                .collect(),
            down: OnceCell::new(),
            up: OnceCell::new(),
            outcomes: Vec::new(),
            shape,
        }
    }

    /// The actions that some statement may let the caller do and that S3 carries out.
    pub(super) const fn carried_out(&self) -> Actions {
        self.reach & !self.refused
    }

    /// Whether an Allow statement, by position, speaks of the caller.
    pub(super) fn is_meant(&self, rule: usize) -> Option<bool> {
        self.allows.get(rule).copied().flatten()
    }

    /// The position of an outcome, which is worked out if it is not known yet.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn outcome(
        &mut self,
        around: ProvingContext<'_>,
        cell: usize,
        fix: &RequestForm,
        rounding: Rounding,
        budget: &mut Budget,
    ) -> Result<usize, Exhausted> {
        budget.spend(1)?;
        let policy = around.policy;
        let Some(members) = policy.cells.get(cell) else {
            return Ok(usize::MAX);
        };
        // What is fixed counts only where the policy looks at it.
        let looks = |(key, _): &(usize, Arc<Domain>)| policy.carries(members, *key);
        let kind = if fix.on.iter().any(looks) {
            fix.kind
        } else {
            0
        };
        let known = self.outcomes.iter().position(|outcome| {
            outcome.cell == cell && outcome.kind == kind && outcome.rounding == rounding
        });
        if let Some(known) = known {
            return Ok(known);
        }
        budget.spend(policy.allows.len() * 2 + policy.keys.len())?;
        let mut outcome = CellOutcome {
            cell,
            kind,
            rounding,
            doubt: false,
            ways: Vec::new(),
        };
        self.ways(around, members, &mut outcome);
        self.outcomes.push(outcome);
        Ok(self.outcomes.len() - 1)
    }

    pub(super) fn get(&self, outcome: usize) -> Option<&CellOutcome> {
        self.outcomes.get(outcome)
    }

    /// The statements that are about these actions; some of them may let the caller in.
    fn ways(&self, around: ProvingContext<'_>, cell: &ActionCell, outcome: &mut CellOutcome) {
        if self.own {
            // The owner's identities are let in by their own policies.
            outcome.ways.push(GrantPath {
                rule: None,
                solved: None,
            });
            return;
        }
        for (position, (rule, meant)) in around.policy.allows.iter().zip(&self.allows).enumerate() {
            let takes = rule.actions & cell.actions != 0 || rule.unread;
            if !takes || *meant == Some(false) {
                continue;
            }
            let closed = self.closed_beforehand(around, rule, *meant, outcome);
            outcome.ways.push(GrantPath {
                rule: Some(position),
                solved: closed.map(|closed| PathOutcome {
                    found: Err(closed),
                    doubt: false,
                }),
            });
        }
    }

    /// Why a statement about the caller and the action lets no one in, before its conditions are
    /// looked at.
    fn closed_beforehand(
        &self,
        around: ProvingContext<'_>,
        rule: &CompiledRule,
        meant: Option<bool>,
        outcome: &mut CellOutcome,
    ) -> Option<ClosedBy> {
        let up = outcome.rounding == Rounding::Up;
        if !matches!(self.shape.caller, CallerClass::Service(_)) {
            match around.cut {
                Some(true) => return Some(ClosedBy::Cut),
                None => {
                    outcome.doubt = true;
                    if !up {
                        return Some(ClosedBy::Cut);
                    }
                }
                Some(false) => {}
            }
        }
        if meant.is_none() || rule.unread {
            outcome.doubt = true;
            if !up {
                return Some(ClosedBy::Principal);
            }
        }
        None
    }

    fn keys(&self, around: ProvingContext<'_>, rounding: Rounding) -> &Keys {
        let known = match rounding {
            Rounding::Down => &self.down,
            Rounding::Up => &self.up,
        };
        known.get_or_init(|| {
            let policy = around.policy;
            let domains: Vec<Arc<Domain>> = (0..policy.keys.len())
                .map(|key| match key {
                    // The resource is the action's.
                    0 => absent(),
                    _ => self.shape.domain(policy, around.place, key, rounding),
                })
                .collect();
            let says = policy
                .atoms
                .iter()
                .map(|atom| match domains.get(atom.key) {
                    Some(domain) if atom.key != 0 => fold::says(atom, domain),
                    _ => Settled::Depends,
                })
                .collect();
            Keys { domains, says }
        })
    }

    /// Works out one way of an outcome, unless that was done before.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn solve(
        &mut self,
        around: ProvingContext<'_>,
        fix: &RequestForm,
        outcome: usize,
        way: usize,
        budget: &mut Budget,
    ) -> Result<Option<PathOutcome>, Exhausted> {
        let Some((asked, known)) = self
            .outcomes
            .get(outcome)
            .and_then(|outcome| Some((outcome, outcome.ways.get(way)?)))
        else {
            return Ok(None);
        };
        if let Some(solved) = &known.solved {
            return Ok(Some(solved.clone()));
        }
        let Some(cell) = around.policy.cells.get(asked.cell) else {
            return Ok(None);
        };
        let wanted: &[usize] = match known.rule.and_then(|rule| around.policy.allows.get(rule)) {
            Some(rule) if !rule.unread => &rule.atoms,
            _ => &[],
        };
        let ground = RequestSpace {
            policy: around.policy,
            cell,
            fix,
            keys: self.keys(around, asked.rounding),
            rounding: asked.rounding,
        };
        let solved = ground.solve(wanted, &self.denies, budget)?;
        if let Some(way) = self
            .outcomes
            .get_mut(outcome)
            .and_then(|outcome| outcome.ways.get_mut(way))
        {
            way.solved = Some(solved.clone());
        }
        Ok(Some(solved))
    }
}

fn absent() -> Arc<Domain> {
    static ABSENT: OnceLock<Arc<Domain>> = OnceLock::new();
    Arc::clone(ABSENT.get_or_init(|| Arc::new(Domain::absent())))
}

/// What a way is searched over: the requests of one caller, cell and kind.
struct RequestSpace<'a> {
    policy: &'a CompiledPolicy,
    cell: &'a ActionCell,
    fix: &'a RequestForm,
    keys: &'a Keys,
    rounding: Rounding,
}

impl<'a> RequestSpace<'a> {
    /// What a key can have; none for what the caller's shape says of it.
    fn special(&self, key: usize) -> Option<&'a Domain> {
        if key == 0 {
            return Some(&self.policy.resource(self.cell.on).domain);
        }
        if !self.policy.carries(self.cell, key) {
            return Some(&NEVER);
        }
        self.fix
            .on
            .iter()
            .find(|(fixed, _)| *fixed == key)
            .map(|(_, domain)| domain.as_ref())
    }

    fn domain(&self, key: usize) -> &'a Domain {
        self.special(key).unwrap_or_else(|| {
            self.keys
                .domains
                .get(key)
                .map_or(&NEVER, |domain| domain.as_ref())
        })
    }

    /// What a condition, by position, says of all these requests.
    fn says(&self, position: usize) -> Settled {
        let Some(atom) = self.policy.atoms.get(position) else {
            return Settled::Depends;
        };
        let known = match (atom.key, self.special(atom.key)) {
            (0, _) => self.policy.resource(self.cell.on).says.get(position),
            (_, Some(special)) => return fold::says(atom, special),
            (_, None) => self.keys.says.get(position),
        };
        known.copied().unwrap_or(Settled::Depends)
    }

    /// What is settled beforehand is settled here, without a search.
    fn solve(
        &self,
        wanted: &[usize],
        denies: &[Option<bool>],
        budget: &mut Budget,
    ) -> Result<PathOutcome, Exhausted> {
        budget.spend(wanted.len() + self.policy.denies.len() * 2)?;
        let mut doubt = false;
        if let Some(never) = wanted.iter().find(|atom| self.says(**atom) == Settled::No) {
            let key = self.policy.atoms.get(*never).map_or(0, |atom| atom.key);
            return Ok(PathOutcome {
                found: Err(ClosedBy::Key(key)),
                doubt,
            });
        }
        let mut clauses = Vec::new();
        for (rule, meant) in self.policy.denies.iter().zip(denies) {
            if rule.unread {
                doubt = true;
                if self.rounding == Rounding::Up {
                    continue;
                }
            } else if rule.actions & self.cell.actions == 0 || *meant == Some(false) {
                continue;
            }
            // What could not be read may match everything.
            let atoms: &[usize] = if rule.unread { &[] } else { &rule.atoms };
            budget.spend(atoms.len())?;
            if atoms.iter().any(|atom| self.says(*atom) == Settled::No) {
                continue;
            }
            let open: Vec<usize> = atoms
                .iter()
                .copied()
                .filter(|atom| self.says(*atom) == Settled::Depends)
                .collect();
            let unclear = meant.is_none();
            if open.is_empty() && !unclear {
                // It matches all of these requests.
                return Ok(PathOutcome {
                    found: Err(ClosedBy::Denied(rule.index)),
                    doubt,
                });
            }
            clauses.push(Clause {
                index: rule.index,
                atoms: open,
                unclear,
            });
        }
        let solved = self.search(wanted, &clauses, budget)?;
        Ok(PathOutcome {
            doubt: doubt || solved.doubt,
            ..solved
        })
    }

    /// One search, or one for each combination of values of the policy's variables.
    fn search(
        &self,
        wanted: &[usize],
        clauses: &[Clause],
        budget: &mut Budget,
    ) -> Result<PathOutcome, Exhausted> {
        let policy = self.policy;
        let domains: Vec<&Domain> = (0..policy.keys.len()).map(|key| self.domain(key)).collect();
        let over = SearchSpace {
            domains: &domains,
            clauses,
            rounding: self.rounding,
        };
        let depends: Vec<usize> = wanted
            .iter()
            .copied()
            .filter(|atom| self.says(*atom) == Settled::Depends)
            .collect();
        let is_open = |atom: &usize| policy.atoms.get(*atom).is_some_and(Atom::is_open);
        let open = depends
            .iter()
            .chain(clauses.iter().flat_map(|clause| &clause.atoms))
            .any(is_open);
        if !open {
            return over.search(&policy.atoms, wanted, &depends, budget);
        }
        let (assignments, complete) = variables::assignments(policy, &domains, budget)?;
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
            let mut domains = domains.clone();
            for (key, domain) in &fixed {
                if let Some(place) = domains.get_mut(*key) {
                    *place = domain;
                }
            }
            let atoms = variables::assigned(policy, assignment);
            budget.spend(atoms.iter().map(Atom::weight).sum())?;
            let over = SearchSpace {
                domains: &domains,
                ..over
            };
            let solved = over.search(&atoms, wanted, &depends, budget)?;
            doubt |= solved.doubt;
            match solved.found {
                Ok(_) => return Ok(PathOutcome { doubt, ..solved }),
                Err(found) => closed = closed.max(found),
            }
        }
        if complete || self.rounding == Rounding::Down {
            return Ok(PathOutcome {
                found: Err(closed),
                doubt: doubt || !complete,
            });
        }
        let atoms = variables::widened(policy, wanted);
        budget.spend(atoms.iter().map(Atom::weight).sum())?;
        let solved = over.search(&atoms, wanted, &depends, budget)?;
        Ok(PathOutcome {
            doubt: true,
            ..solved
        })
    }
}

static NEVER: Domain = Domain::absent();

/// What a search runs over.
#[derive(Clone, Copy)]
struct SearchSpace<'a> {
    domains: &'a [&'a Domain],
    clauses: &'a [Clause],
    rounding: Rounding,
}

impl SearchSpace<'_> {
    fn search(
        self,
        atoms: &[Atom],
        wanted: &[usize],
        depends: &[usize],
        budget: &mut Budget,
    ) -> Result<PathOutcome, Exhausted> {
        let mut search = Search {
            atoms,
            domains: self.domains,
            clauses: self.clauses,
            rounding: self.rounding,
            doubt: false,
            failed_key: None,
            blocked_by: None,
            budget,
        };
        let found = search.run(wanted, depends)?;
        Ok(PathOutcome {
            found: found.map(Arc::new).ok_or(match search.failed_key {
                Some(key) => ClosedBy::Key(key),
                None => ClosedBy::Denied(search.blocked_by),
            }),
            doubt: search.doubt,
        })
    }
}
