//! A shape of caller with everything that follows from it, worked out once.
//!
//! The eight questions ask about the same few callers again and again, and most actions look alike to
//! a policy. So what a shape says of the statements' principals, the domain of every key and what the
//! conditions say of it is kept with the shape; and what was found for one group of actions is kept
//! under what says groups apart (the [`ActionCell`]) and what a question fixes about the request.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use super::budget::{Budget, Exhausted};
use super::caller::{CallerClass, CallerShape, OwnerAndTime};
use super::compile::{ActionCell, CompiledPolicy, CompiledRule};
use super::fold::{self, Settled};
use super::proof::ClosedBy;
use super::questions::RequestForm;
use super::space::{self, NEVER, PathOutcome, RequestSpace, SettledDeny};
use super::value::{Domain, Rounding};
use super::vocabulary::{RESOURCE, Vocabulary};
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
        let looks =
            |(key, _): &(usize, Arc<Domain>)| policy.vocabulary.carries(members.actions, *key);
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
        budget.spend(policy.allows.len() * 2 + policy.vocabulary.keys.len())?;
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
            let domains: Vec<Arc<Domain>> = (0..policy.vocabulary.keys.len())
                .map(|key| match key {
                    // The resource is the action's.
                    RESOURCE => absent(),
                    _ => self
                        .shape
                        .domain(&policy.vocabulary, around.place, key, rounding),
                })
                .collect();
            let says = policy
                .vocabulary
                .atoms
                .iter()
                .map(|atom| match domains.get(atom.key) {
                    Some(domain) if atom.key != RESOURCE => fold::says(atom, domain),
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
        let ground = CallerSpace {
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
struct CallerSpace<'a> {
    policy: &'a CompiledPolicy,
    cell: &'a ActionCell,
    fix: &'a RequestForm,
    keys: &'a Keys,
    rounding: Rounding,
}

impl RequestSpace for CallerSpace<'_> {
    fn vocabulary(&self) -> &Vocabulary {
        &self.policy.vocabulary
    }

    fn domain(&self, key: usize) -> &Domain {
        self.special(key).unwrap_or_else(|| {
            self.keys
                .domains
                .get(key)
                .map_or(&NEVER, |domain| domain.as_ref())
        })
    }

    fn says(&self, position: usize) -> Settled {
        let Some(atom) = self.policy.vocabulary.atoms.get(position) else {
            return Settled::Depends;
        };
        let known = match (atom.key, self.special(atom.key)) {
            (RESOURCE, _) => self.policy.resource(self.cell.on).says.get(position),
            (_, Some(special)) => return fold::says(atom, special),
            (_, None) => self.keys.says.get(position),
        };
        known.copied().unwrap_or(Settled::Depends)
    }

    fn rounding(&self) -> Rounding {
        self.rounding
    }
}

impl<'a> CallerSpace<'a> {
    /// What a key can have; none for what the caller's shape says of it.
    fn special(&self, key: usize) -> Option<&'a Domain> {
        if key == RESOURCE {
            return Some(&self.policy.resource(self.cell.on).domain);
        }
        if !self.policy.vocabulary.carries(self.cell.actions, key) {
            return Some(&NEVER);
        }
        self.fix
            .on
            .iter()
            .find(|(fixed, _)| *fixed == key)
            .map(|(_, domain)| domain.as_ref())
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
        let alone = match space::settle_allow(self, 0, wanted, false) {
            Ok(alone) => alone,
            Err(key) => return Ok(PathOutcome::closed(ClosedBy::Key(key), doubt)),
        };
        let mut clauses = Vec::new();
        for (rule, meant) in self.policy.denies.iter().zip(denies) {
            if rule.unread {
                doubt = true;
                if self.rounding == Rounding::Up {
                    continue;
                }
            } else if rule.actions & self.cell.actions == 0 {
                continue;
            }
            budget.spend(rule.atoms.len())?;
            match space::settle(self, rule, &rule.atoms, *meant) {
                SettledDeny::Never => {}
                SettledDeny::Always => {
                    return Ok(PathOutcome::closed(ClosedBy::Denied(rule.index), doubt));
                }
                SettledDeny::Depends(clause) => clauses.push(clause),
            }
        }
        let solved = space::search(self, &[vec![alone]], &clauses, budget)?;
        Ok(PathOutcome {
            doubt: doubt || solved.doubt,
            ..solved
        })
    }
}
