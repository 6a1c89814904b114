//! A shape of caller with everything that follows from it, worked out once.
//!
//! The eight questions ask about the same few callers again and again, and most actions look alike to
//! a policy. So what a shape says of the statements' principals, the domain of every key and what the
//! conditions say of it is kept with the shape; and what was found for one group of actions is kept
//! under what tells groups apart (the [`Cell`]) and what a question fixes about the request.

use std::cell::OnceCell;
use std::sync::Arc;

use super::budget::{Budget, Exhausted};
use super::caller::{Caller, Place, Shape};
use super::compile::{Cell, Compiled, Rule};
use super::dpll::{Clause, Model, Search};
use super::fold::{self, Says};
use super::proof::Closed;
use super::questions::Fix;
use super::value::{Domain, Rounding};
use super::variables;

/// What a scene is played before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage<'a> {
    pub(super) policy: &'a Compiled,
    pub(super) place: &'a Place,
    /// What RestrictPublicBuckets cuts off: nobody, everybody but the owner and services, or it is
    /// not known which of the two.
    pub(super) cut: Option<bool>,
}

/// A shape and what follows from it.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) shape: Shape,
    /// The caller is one of the owner's identities.
    pub(super) own: bool,
    /// By statement, whether it speaks of the caller; none where nobody can tell.
    allows: Vec<Option<bool>>,
    denies: Vec<Option<bool>>,
    down: OnceCell<Keys>,
    up: OnceCell<Keys>,
    outcomes: Vec<Outcome>,
}

/// The keys as one rounding sees them.
#[derive(Debug)]
struct Keys {
    domains: Vec<Arc<Domain>>,
    /// By atom.
    says: Vec<Says>,
}

/// What is found for one cell, kind of request and rounding.
#[derive(Debug)]
pub(super) struct Outcome {
    cell: usize,
    kind: u32,
    rounding: Rounding,
    /// Whom a statement speaks of is not known, and that may matter.
    pub(super) doubt: bool,
    /// Allow statements that are out of the question, by position, and why.
    pub(super) closed: Vec<(usize, Closed)>,
    pub(super) ways: Vec<Way>,
    /// What the ways are searched over.
    domains: Vec<Arc<Domain>>,
    says: Vec<Says>,
    clauses: Vec<Clause>,
}

/// A statement that may let somebody in.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Position among the Allow statements; none for the owner's identities, who need no statement.
    pub(super) rule: Option<usize>,
    solved: Option<Solved>,
}

/// What came of searching a way.
#[derive(Clone, Debug)]
pub(super) struct Solved {
    pub(super) found: Result<Arc<Model>, Closed>,
    pub(super) doubt: bool,
}

impl Scene {
    pub(super) fn new(shape: Shape, policy: &Compiled, place: &Place) -> Self {
        let meant =
            |rules: &[Rule]| -> Vec<Option<bool>> {
                rules.iter().map(|rule| shape.caller.is_meant(rule)).collect()
            };
        Self {
            own: shape.caller.is_of(&place.owner),
            allows: meant(&policy.allows),
            denies: meant(&policy.denies),
            down: OnceCell::new(),
            up: OnceCell::new(),
            outcomes: Vec::new(),
            shape,
        }
    }

    /// The position of an outcome, which is worked out if it is not known yet.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn outcome(
        &mut self,
        stage: Stage<'_>,
        cell: usize,
        fix: &Fix,
        rounding: Rounding,
        budget: &mut Budget,
    ) -> Result<usize, Exhausted> {
        budget.spend(1)?;
        let Some(members) = stage.policy.cells.get(cell) else {
            return Ok(usize::MAX);
        };
        // What is fixed counts only where the policy looks at it.
        let kind = if fix
            .on
            .iter()
            .any(|(key, _)| stage.policy.carries(members, *key))
        {
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
        let policy = stage.policy;
        budget.spend((policy.allows.len() + policy.denies.len()) * 2 + policy.keys.len())?;
        let mut outcome = Outcome {
            cell,
            kind,
            rounding,
            doubt: false,
            closed: Vec::new(),
            ways: Vec::new(),
            domains: Vec::new(),
            says: Vec::new(),
            clauses: Vec::new(),
        };
        self.ways(stage, members, &mut outcome);
        if !outcome.ways.is_empty() {
            self.ground(stage, members, fix, &mut outcome);
            self.clauses(policy, members, &mut outcome);
        }
        self.outcomes.push(outcome);
        Ok(self.outcomes.len() - 1)
    }

    pub(super) fn get(&self, outcome: usize) -> Option<&Outcome> {
        self.outcomes.get(outcome)
    }

    /// The statements that may let the caller in; of the others, why not.
    fn ways(&self, stage: Stage<'_>, cell: &Cell, outcome: &mut Outcome) {
        let way = |rule| Way { rule, solved: None };
        if self.own {
            // The owner's identities are let in by their own policies.
            outcome.ways.push(way(None));
            return;
        }
        for (position, (rule, meant)) in stage.policy.allows.iter().zip(&self.allows).enumerate() {
            match self.way(stage, rule, *meant, cell, outcome) {
                Ok(()) => outcome.ways.push(way(Some(position))),
                Err(closed) => outcome.closed.push((position, closed)),
            }
        }
    }

    fn way(
        &self,
        stage: Stage<'_>,
        rule: &Rule,
        meant: Option<bool>,
        cell: &Cell,
        outcome: &mut Outcome,
    ) -> Result<(), Closed> {
        let up = outcome.rounding == Rounding::Up;
        if meant == Some(false) {
            return Err(Closed::Principal);
        }
        if rule.actions & cell.actions == 0 && !rule.unread {
            return Err(Closed::Action);
        }
        if !matches!(self.shape.caller, Caller::Service(_)) {
            match stage.cut {
                Some(true) => return Err(Closed::Cut),
                None => {
                    outcome.doubt = true;
                    if !up {
                        return Err(Closed::Cut);
                    }
                }
                Some(false) => {}
            }
        }
        if meant.is_none() || rule.unread {
            outcome.doubt = true;
            if !up {
                return Err(Closed::Principal);
            }
        }
        Ok(())
    }

    fn keys(&self, stage: Stage<'_>, rounding: Rounding) -> &Keys {
        let known = match rounding {
            Rounding::Down => &self.down,
            Rounding::Up => &self.up,
        };
        known.get_or_init(|| {
            let policy = stage.policy;
            let domains: Vec<Arc<Domain>> = (0..policy.keys.len())
                .map(|key| self.shape.domain(policy, stage.place, key, rounding))
                .collect();
            let says = policy
                .atoms
                .iter()
                .map(|atom| match domains.get(atom.key) {
                    Some(domain) if atom.key != 0 => fold::says(atom, domain),
                    _ => Says::Depends,
                })
                .collect();
            Keys { domains, says }
        })
    }

    /// The domain of every key, and what every condition says of it.
    fn ground(&self, stage: Stage<'_>, cell: &Cell, fix: &Fix, outcome: &mut Outcome) {
        let keys = self.keys(stage, outcome.rounding);
        let resource = stage.policy.resource(cell.on);
        outcome.domains.clone_from(&keys.domains);
        for (key, domain) in outcome.domains.iter_mut().enumerate() {
            if key == 0 {
                *domain = Arc::clone(&resource.domain);
            } else if !stage.policy.carries(cell, key) {
                *domain = absent();
            } else if let Some((_, fixed)) = fix.on.iter().find(|(fixed, _)| *fixed == key) {
                *domain = Arc::clone(fixed);
            }
        }
        outcome.says = stage
            .policy
            .atoms
            .iter()
            .zip(keys.says.iter().zip(&resource.says))
            .map(|(atom, (of_key, of_resource))| {
                if atom.key == 0 {
                    return *of_resource;
                }
                let domain = outcome.domains.get(atom.key);
                match (domain, keys.domains.get(atom.key)) {
                    (Some(here), Some(there)) if !Arc::ptr_eq(here, there) => {
                        fold::says(atom, here)
                    }
                    _ => *of_key,
                }
            })
            .collect();
    }

    /// The Deny statements that may keep the caller out, without what is settled.
    fn clauses(&self, policy: &Compiled, cell: &Cell, outcome: &mut Outcome) {
        for (rule, meant) in policy.denies.iter().zip(&self.denies) {
            if rule.unread {
                outcome.doubt = true;
                if outcome.rounding == Rounding::Up {
                    continue;
                }
            } else if rule.actions & cell.actions == 0 || *meant == Some(false) {
                continue;
            }
            // What could not be read may match everything.
            let atoms: &[usize] = if rule.unread { &[] } else { &rule.atoms };
            let said =
                |atom: &usize| outcome.says.get(*atom).copied().unwrap_or(Says::Depends);
            if atoms.iter().any(|atom| said(atom) == Says::No) {
                continue;
            }
            let open: Vec<usize> = atoms
                .iter()
                .copied()
                .filter(|atom| said(atom) == Says::Depends)
                .collect();
            outcome.clauses.push(Clause {
                index: rule.index,
                atoms: open,
                unclear: meant.is_none(),
            });
        }
    }

    /// Searches one way of an outcome, unless that was done before.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn solve(
        &mut self,
        stage: Stage<'_>,
        outcome: usize,
        way: usize,
        budget: &mut Budget,
    ) -> Result<Option<Solved>, Exhausted> {
        let Some(outcome) = self.outcomes.get_mut(outcome) else {
            return Ok(None);
        };
        let Some(asked) = outcome.ways.get(way) else {
            return Ok(None);
        };
        if let Some(solved) = &asked.solved {
            return Ok(Some(solved.clone()));
        }
        let wanted: &[usize] = match asked.rule.and_then(|rule| stage.policy.allows.get(rule)) {
            Some(rule) if !rule.unread => &rule.atoms,
            _ => &[],
        };
        let solved = outcome.search(stage.policy, wanted, budget)?;
        if let Some(asked) = outcome.ways.get_mut(way) {
            asked.solved = Some(solved.clone());
        }
        Ok(Some(solved))
    }
}

fn absent() -> Arc<Domain> {
    static ABSENT: std::sync::OnceLock<Arc<Domain>> = std::sync::OnceLock::new();
    Arc::clone(ABSENT.get_or_init(|| Arc::new(Domain::absent())))
}

impl Outcome {
    /// One search, or one for each combination of values of the policy's variables.
    fn search(
        &self,
        policy: &Compiled,
        wanted: &[usize],
        budget: &mut Budget,
    ) -> Result<Solved, Exhausted> {
        let domains: Vec<&Domain> = self.domains.iter().map(Arc::as_ref).collect();
        let mut doubt = false;
        let depends =
            |atom: &&usize| self.says.get(**atom).copied() == Some(Says::Depends);
        let is_open = |atom: &usize| policy.atoms.get(*atom).is_some_and(super::Atom::is_open);
        let open = wanted
            .iter()
            .filter(depends)
            .chain(self.clauses.iter().flat_map(|clause| &clause.atoms))
            .any(is_open);
        if !open {
            let mut search = Search {
                atoms: &policy.atoms,
                says: &self.says,
                ..self.over(&domains, budget)
            };
            let found = search.run(wanted)?;
            return Ok(search.solved(found, false));
        }
        let (assignments, complete) = variables::assignments(policy, &domains, budget)?;
        let mut closed = Closed::Key(0);
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
            budget.spend(atoms.iter().map(super::Atom::weight).sum())?;
            let mut search = Search {
                atoms: &atoms,
                ..self.over(&domains, budget)
            };
            let found = search.run(wanted)?;
            let solved = search.solved(found, doubt);
            doubt = solved.doubt;
            match solved.found {
                Ok(_) => return Ok(solved),
                Err(found) => closed = closed.max(found),
            }
        }
        if complete {
            return Ok(Solved {
                found: Err(closed),
                doubt,
            });
        }
        if self.rounding == Rounding::Down {
            return Ok(Solved {
                found: Err(closed),
                doubt: true,
            });
        }
        let atoms = variables::widened(policy, wanted);
        budget.spend(atoms.iter().map(super::Atom::weight).sum())?;
        let mut search = Search {
            atoms: &atoms,
            ..self.over(&domains, budget)
        };
        let found = search.run(wanted)?;
        Ok(search.solved(found, true))
    }

    /// A search over these domains; what the conditions say of them is for the caller to add.
    fn over<'a>(&'a self, domains: &'a [&'a Domain], budget: &'a mut Budget) -> Search<'a> {
        Search {
            atoms: &[],
            says: &[],
            domains,
            clauses: &self.clauses,
            rounding: self.rounding,
            doubt: false,
            failed_key: None,
            blocked_by: None,
            budget,
        }
    }
}

impl Search<'_> {
    fn solved(&self, found: Option<Model>, doubt: bool) -> Solved {
        Solved {
            found: found.map(Arc::new).ok_or(match self.failed_key {
                Some(key) => Closed::Key(key),
                None => Closed::Denied(self.blocked_by),
            }),
            doubt: doubt || self.doubt,
        }
    }
}
