//! Is there a request that one statement of each group allows and no Deny matches?
//!
//! A path to a bucket is a conjunction: a grant, the boundary, each level of control policies, and, for
//! data under SSE-KMS, the same again at the key. Of each group one Allow must match; of the Denies of
//! all policies none may. S3's request and the one that S3 makes to KMS are one problem with two sets
//! of keys: what belongs to the caller is the same key in both, and the encryption context is the
//! object's ARN, so that what is found is one caller, one object and two requests that fit together.
//!
//! Most of it is settled without a search: statements without conditions, and conditions on facts. What
//! is left is [`dpll`](super::super::dpll)'s, one search for each choice of statements. Doubts are
//! rounded twice, as everywhere: down for what is claimed to be reachable, up for what is claimed not
//! to be.

use std::collections::BTreeSet;

use super::domains::{KeyContent, Service, Stance, is_of_caller, is_typed};
use super::subject::Subject;
use super::world::{Place, World};
use crate::prove::atom::{Atom, KeyValue};
use crate::prove::budget::{Budget, Exhausted};
use crate::prove::dpll::{Alternative, Clause, Search};
use crate::prove::fold::{self, Settled};
use crate::prove::glob::Glob;
use crate::prove::template::VariableValue;
use crate::prove::value::{Domain, Rounding, Values};
use crate::prove::variables::Conditions;
use crate::prove::vocabulary;

/// Values that are tried for a variable that no fact fixes.
const ASSIGNMENTS: usize = 12;

/// One statement of a group, as a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its position in the rule book.
    pub(super) rule: usize,
    pub(super) service: Service,
    /// Whether it speaks of the caller is not known.
    pub(super) doubt: bool,
}

/// What must match, and what must not.
#[derive(Clone, Debug, Default)]
pub(super) struct Conjunction {
    /// Of each group one.
    pub(super) groups: Vec<Vec<Candidate>>,
    /// None of these.
    pub(super) denies: Vec<Candidate>,
}

/// Who asks for what, where.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) world: &'a World,
    pub(super) subject: &'a Subject,
    pub(super) place: Place<'a>,
    /// The action, as AWS writes it.
    pub(super) action: &'a str,
    /// Only the verdict is wanted: no request is written down and checked.
    pub(super) verdict_only: bool,
    /// The identity, bucket, function or role that it is about, by number.
    pub(super) identity: Option<usize>,
    pub(super) bucket: Option<usize>,
    pub(super) function: Option<usize>,
    pub(super) role: Option<usize>,
}

/// A key of a search: the service whose request it is in, unless it is the caller's in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalKey {
    pub(super) service: Service,
    pub(super) key: usize,
}

/// A request that was found, or two.
#[derive(Debug)]
pub(super) struct AccessModel {
    /// The statement of each group that was chosen.
    pub(super) chosen: Vec<Candidate>,
    pub(super) stance: Stance,
    pub(super) keys: Vec<LocalKey>,
    pub(super) atoms: Vec<Atom>,
    /// What must hold and what must not, as positions among `atoms`.
    pub(super) literals: Vec<(usize, bool)>,
    /// By key.
    pub(super) values: Vec<KeyValue>,
    /// What would settle the doubts that were passed over.
    pub(super) missing: BTreeSet<String>,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct SearchOutcome {
    pub(super) found: Option<AccessModel>,
    /// The other rounding may say otherwise.
    pub(super) doubt: bool,
    /// The Deny that matches whatever is asked, or was the last to stand in the way.
    pub(super) denied_by: Option<usize>,
    /// The first group of which no statement can match.
    pub(super) empty_group: Option<usize>,
}

/// A value for each variable that no fact fixes.
type VariableChoice = Vec<(LocalKey, String)>;

/// A statement, and its conditions that depend on the request.
type OpenRule = (Candidate, Vec<usize>);

/// What a statement says of the requests that are looked at.
struct RuleState {
    settled: Settled,
    /// Positions of its atoms that depend on the request.
    open: Vec<usize>,
    /// Part of it is not known.
    undetermined: bool,
}

impl Asked<'_> {
    /// What a key of a service's request can hold.
    pub(super) fn content(&self, service: Service, key: usize, stance: Stance) -> KeyContent {
        if key == 0 {
            return match service {
                Service::Kms => self.place.key.map_or_else(
                    || KeyContent::In(Domain::absent()),
                    |key| key.resource.clone(),
                ),
                _ => KeyContent::In(Domain::clone(&self.place.resource)),
            };
        }
        self.world
            .content(self.subject, &self.place, service, key, stance)
    }

    /// The key under which a search knows it.
    pub(super) fn local(&self, service: Service, key: usize) -> LocalKey {
        let vocabulary = &self.world.book.vocabulary;
        let name = vocabulary
            .keys
            .get(key)
            .map(String::as_str)
            .unwrap_or_default();
        if service == Service::Kms && key != 0 {
            if is_of_caller(name) {
                return LocalKey {
                    service: Service::S3,
                    key,
                };
            }
            if name == "kms:encryptioncontext:aws:s3:arn"
                && self.place.context_arn.is_none()
                && self.place.via.is_some()
            {
                return LocalKey {
                    service: Service::S3,
                    key: 0,
                };
            }
        }
        LocalKey { service, key }
    }

    fn local_content(&self, local: LocalKey, stance: Stance) -> KeyContent {
        self.content(local.service, local.key, stance)
    }

    /// An atom with the variables replaced that facts, or a choice, fix; true when others are left,
    /// which stand for any text then.
    fn filled(
        &self,
        service: Service,
        atom: &Atom,
        stance: Stance,
        choice: &VariableChoice,
        left: &mut Vec<LocalKey>,
    ) -> (Atom, bool) {
        let mut unresolved = Vec::new();
        let meaning = |name: &str| -> Result<VariableValue, LocalKey> {
            let vocabulary = &self.world.book.vocabulary;
            let Some(key) = vocabulary.position(vocabulary::same_key(name)) else {
                return Ok(VariableValue::Absent);
            };
            let local = self.local(service, key);
            if let Some((_, value)) = choice.iter().find(|(chosen, _)| *chosen == local) {
                return Ok(VariableValue::Text(value.clone()));
            }
            match self.local_content(local, stance) {
                KeyContent::In(domain) => match (&domain.values, domain.optional) {
                    (Values::None, _) => Ok(VariableValue::Absent),
                    (Values::Of(values), false) => match values.as_slice() {
                        [value] if !domain.many => Ok(VariableValue::Text(value.clone())),
                        _ => Err(local),
                    },
                    _ => Err(local),
                },
                KeyContent::Undetermined(_) => Err(local),
            }
        };
        for name in atom.variables() {
            if let Err(local) = meaning(name)
                && !unresolved.contains(&local)
            {
                unresolved.push(local);
            }
        }
        let filled = atom.filled(&|name| meaning(name).unwrap_or(VariableValue::Any));
        let any = !unresolved.is_empty();
        for local in unresolved {
            if !left.contains(&local) {
                left.push(local);
            }
        }
        (filled, any)
    }

    /// What one atom of a statement says of all requests that are looked at.
    fn says(&self, candidate: Candidate, position: usize, stance: Stance) -> (Settled, bool) {
        let Some(atom) = self.world.book.vocabulary.atoms.get(position) else {
            return (Settled::Depends, true);
        };
        if atom.key == 0 && candidate.service != Service::Kms && !atom.is_open() {
            return (fold::says(atom, &self.place.resource), false);
        }
        let content = self.content(candidate.service, atom.key, stance);
        let KeyContent::In(domain) = content else {
            return (Settled::Depends, true);
        };
        if !atom.is_open() {
            return (fold::says(atom, &domain), false);
        }
        let (filled, any) = self.filled(
            candidate.service,
            atom,
            stance,
            &Vec::new(),
            &mut Vec::new(),
        );
        let settled = fold::says(&filled, &domain);
        match settled {
            _ if !any => (settled, false),
            // Any text in place of the variable matches more than the variable does.
            Settled::No if !filled.negated => (Settled::No, false),
            _ => (Settled::Depends, true),
        }
    }

    fn state(&self, candidate: Candidate, stance: Stance) -> RuleState {
        let mut state = RuleState {
            settled: Settled::Yes,
            open: Vec::new(),
            undetermined: false,
        };
        let Some(rule) = self.world.book.rules.get(candidate.rule) else {
            return state;
        };
        for position in &rule.rule.atoms {
            match self.says(candidate, *position, stance) {
                (Settled::Yes, _) => {}
                (Settled::No, _) => {
                    state.settled = Settled::No;
                    return state;
                }
                (Settled::Depends, undetermined) => {
                    state.settled = Settled::Depends;
                    state.undetermined |= undetermined;
                    state.open.push(*position);
                }
            }
        }
        state
    }

    /// Whether a statement is surely beside the point, whatever a request brings: a condition on a fact
    /// fails, or its resource is another one.
    pub(super) fn is_dead(&self, candidate: Candidate) -> bool {
        const WIDEST: Stance = Stance::new(false, true, Rounding::Up);
        let Some(rule) = self.world.book.rules.get(candidate.rule) else {
            return true;
        };
        rule.rule.atoms.iter().any(|position| {
            let Some(atom) = self.world.book.vocabulary.atoms.get(*position) else {
                return false;
            };
            if atom.key != 0 {
                let name = self.world.book.vocabulary.keys.get(atom.key);
                if name.is_none_or(|name| crate::prove::caller::tells_networks_apart(name)) {
                    return false;
                }
                if !self.content(candidate.service, atom.key, WIDEST).is_fixed() {
                    return false;
                }
            }
            self.says(candidate, *position, WIDEST).0 == Settled::No
        })
    }

    /// Looks for requests of one stance.
    ///
    /// # Errors
    /// When the budget is used up.
    pub(super) fn search(
        &self,
        conjunction: &Conjunction,
        stance: Stance,
        budget: &mut Budget,
    ) -> Result<SearchOutcome, Exhausted> {
        let rounding = stance.rounding;
        let mut outcome = SearchOutcome::default();
        let mut barriers: Vec<OpenRule> = Vec::new();
        let mut passed_over: Vec<Candidate> = Vec::new();
        for deny in &conjunction.denies {
            budget.spend(2)?;
            let state = self.state(*deny, stance);
            if state.settled == Settled::No {
                continue;
            }
            let doubt = deny.doubt || self.is_unread(deny.rule);
            outcome.doubt |= doubt || state.undetermined;
            if doubt && rounding == Rounding::Up {
                passed_over.push(*deny);
                continue;
            }
            if state.settled == Settled::Yes {
                outcome.denied_by = Some(deny.rule);
                return Ok(outcome);
            }
            if state.undetermined && rounding == Rounding::Up {
                passed_over.push(*deny);
            }
            barriers.push((*deny, state.open));
        }
        let mut chosen: Vec<Candidate> = Vec::new();
        let mut open: Vec<Vec<OpenRule>> = Vec::new();
        for (place, group) in conjunction.groups.iter().enumerate() {
            let mut sure = None;
            let mut perhaps = Vec::new();
            for candidate in group {
                budget.spend(2)?;
                let state = self.state(*candidate, stance);
                if state.settled == Settled::No {
                    continue;
                }
                let doubt = candidate.doubt || self.is_unread(candidate.rule);
                outcome.doubt |= doubt || state.undetermined;
                if doubt && rounding == Rounding::Down {
                    continue;
                }
                if state.settled == Settled::Yes && !doubt {
                    sure = Some(*candidate);
                    break;
                }
                perhaps.push((*candidate, state.open));
            }
            match sure {
                Some(candidate) => chosen.push(candidate),
                None if perhaps.is_empty() => {
                    outcome.empty_group = Some(place);
                    return Ok(outcome);
                }
                None => open.push(perhaps),
            }
        }
        self.run(
            &chosen,
            &open,
            &barriers,
            (stance, conjunction),
            &mut outcome,
            budget,
        )?;
        if let Some(found) = &mut outcome.found {
            self.name_missing(found, &passed_over);
        }
        Ok(outcome)
    }

    /// The keys of a conjunction whose values a caller could need beyond what it is.
    pub(super) fn held_keys(&self, conjunction: &Conjunction, stance: Stance) -> Vec<usize> {
        let book = &self.world.book;
        let mut keys = BTreeSet::new();
        let mut held = BTreeSet::new();
        for candidate in conjunction
            .groups
            .iter()
            .flatten()
            .chain(&conjunction.denies)
        {
            let Some(rule) = book.rules.get(candidate.rule) else {
                continue;
            };
            keys.clear();
            book.keys_of(rule, &mut keys);
            held.extend(keys.iter().copied().filter(|key| {
                let local = self.local(candidate.service, *key);
                let name = book.vocabulary.keys.get(*key).map(String::as_str);
                local.key != 0
                    && !name.is_none_or(is_typed)
                    && matches!(self.local_content(local, stance), KeyContent::In(domain) if !KeyContent::In(domain.clone()).is_fixed())
            }));
        }
        held.into_iter().collect()
    }

    fn is_unread(&self, rule: usize) -> bool {
        self.world
            .book
            .rules
            .get(rule)
            .is_none_or(|rule| rule.rule.unread)
    }

    /// One search, and one for each choice of values of the variables that no fact fixes.
    fn run(
        &self,
        chosen: &[Candidate],
        open: &[Vec<OpenRule>],
        barriers: &[OpenRule],
        how: (Stance, &Conjunction),
        outcome: &mut SearchOutcome,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let mut left = Vec::new();
        self.once(
            chosen,
            open,
            barriers,
            how,
            &Vec::new(),
            &mut left,
            outcome,
            budget,
        )?;
        if left.is_empty() || outcome.found.is_some() {
            return Ok(());
        }
        outcome.doubt = true;
        if how.0.rounding == Rounding::Up {
            return Ok(());
        }
        for choice in self.choices(&left, how.0) {
            self.once(
                chosen,
                open,
                barriers,
                how,
                &choice,
                &mut Vec::new(),
                outcome,
                budget,
            )?;
            if outcome.found.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Likely values of variables: what policies compare the key with, the parts of the object's key,
    /// and a text of its own.
    fn choices(&self, left: &[LocalKey], stance: Stance) -> Vec<VariableChoice> {
        let mut all: Vec<VariableChoice> = vec![Vec::new()];
        for local in left {
            let KeyContent::In(domain) = self.local_content(*local, stance) else {
                return Vec::new();
            };
            let mut options: Vec<String> = Vec::new();
            if let Values::Of(values) = &self.place.resource.values {
                for value in values {
                    let path = value.splitn(6, ':').nth(5).unwrap_or_default();
                    options.extend(path.split('/').skip(1).map(str::to_owned));
                }
            }
            options.extend(
                self.world
                    .book
                    .vocabulary
                    .literals_of(local.key)
                    .map(str::to_owned),
            );
            options.push("x".to_owned());
            options.retain(|option| !option.is_empty() && domain.admits(option));
            options.dedup();
            options.truncate(ASSIGNMENTS);
            all = all
                .into_iter()
                .flat_map(|before| {
                    options.iter().map(move |option| {
                        let mut next = before.clone();
                        next.push((*local, option.clone()));
                        next
                    })
                })
                .take(ASSIGNMENTS)
                .collect();
        }
        all
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the innermost step of a search, with all that it depends on"
    )]
    fn once(
        &self,
        chosen: &[Candidate],
        open: &[Vec<OpenRule>],
        barriers: &[OpenRule],
        (stance, conjunction): (Stance, &Conjunction),
        choice: &VariableChoice,
        left: &mut Vec<LocalKey>,
        outcome: &mut SearchOutcome,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let mut gathered = Gathered {
            asked: self,
            stance,
            choice,
            left,
            keys: Vec::new(),
            domains: Vec::new(),
            atoms: Vec::new(),
        };
        gathered.key(LocalKey {
            service: self.place.service,
            key: 0,
        });
        let mut groups: Vec<Vec<(Candidate, Vec<usize>)>> = Vec::new();
        for group in open {
            let mut alternatives = Vec::new();
            for (candidate, atoms) in group {
                let local: Vec<usize> = atoms
                    .iter()
                    .filter_map(|position| gathered.atom(*candidate, *position, true))
                    .collect();
                alternatives.push((*candidate, local));
            }
            groups.push(alternatives);
        }
        let mut clauses = Vec::new();
        for (candidate, atoms) in barriers {
            let atoms: Vec<usize> = atoms
                .iter()
                .filter_map(|position| gathered.atom(*candidate, *position, false))
                .collect();
            clauses.push(Clause {
                index: Some(candidate.rule),
                atoms,
                unclear: false,
            });
        }
        // A witness says what every statement in play looks at.
        for candidate in conjunction
            .groups
            .iter()
            .flatten()
            .chain(&conjunction.denies)
        {
            gathered.keys_of(*candidate);
        }
        let Gathered {
            keys,
            domains,
            atoms,
            ..
        } = gathered;
        budget.spend(atoms.len() + 1)?;
        let domains: Vec<&Domain> = domains.iter().collect();
        let alternatives: Vec<Vec<Alternative<'_>>> = groups
            .iter()
            .map(|group| {
                group
                    .iter()
                    .map(|(candidate, atoms)| Alternative {
                        rule: candidate.rule,
                        atoms,
                        depends: atoms.clone(),
                        unclear: false,
                    })
                    .collect()
            })
            .collect();
        let conditions = Conditions::as_written(&atoms);
        let mut search = Search {
            atoms: &conditions,
            domains: &domains,
            groups: &alternatives,
            clauses: &clauses,
            rounding: stance.rounding,
            doubt: false,
            failed_key: None,
            blocked_by: None,
            budget,
        };
        let found = search.run()?;
        outcome.doubt |= search.doubt;
        outcome.denied_by = search.blocked_by.or(outcome.denied_by);
        let Some(model) = found else {
            return Ok(());
        };
        let mut chosen = chosen.to_vec();
        for group in &groups {
            let met = group.iter().find(|(_, depends)| {
                depends.iter().all(|position| {
                    atoms.get(*position).is_some_and(|atom| {
                        let value = model.values.get(atom.key);
                        value.and_then(|value| atom.holds(value)) != Some(false)
                    })
                })
            });
            chosen.extend(met.map(|(candidate, _)| *candidate));
        }
        outcome.found = Some(AccessModel {
            chosen,
            stance,
            keys,
            literals: model.literals,
            values: model.values,
            atoms,
            missing: BTreeSet::new(),
        });
        Ok(())
    }

    /// What would settle the doubts that an answer rests on.
    fn name_missing(&self, found: &mut AccessModel, passed_over: &[Candidate]) {
        let mut missing = BTreeSet::new();
        for candidate in found.chosen.iter().chain(passed_over) {
            let Some(rule) = self.world.book.rules.get(candidate.rule) else {
                continue;
            };
            if rule.rule.unread {
                missing.extend(rule.missing.as_deref().map(str::to_owned));
            }
            for position in &rule.rule.atoms {
                let Some(atom) = self.world.book.vocabulary.atoms.get(*position) else {
                    continue;
                };
                if let KeyContent::Undetermined(Some(action)) =
                    self.content(candidate.service, atom.key, found.stance)
                {
                    missing.insert(action.to_owned());
                }
            }
        }
        found.missing = missing;
    }
}

/// The keys and atoms of one search, numbered.
struct Gathered<'a, 'b> {
    asked: &'b Asked<'a>,
    stance: Stance,
    choice: &'b VariableChoice,
    left: &'b mut Vec<LocalKey>,
    keys: Vec<LocalKey>,
    domains: Vec<Domain>,
    atoms: Vec<Atom>,
}

impl Gathered<'_, '_> {
    fn key(&mut self, local: LocalKey) -> usize {
        if let Some(known) = self.keys.iter().position(|key| *key == local) {
            return known;
        }
        let chosen = self.choice.iter().find(|(key, _)| *key == local);
        let domain = match (chosen, self.asked.local_content(local, self.stance)) {
            (Some((_, value)), _) => Domain::fixed(value.clone()),
            (None, KeyContent::In(domain)) => domain,
            // Its conditions are unclear, and whether it is there is not known either: a value that
            // no condition is certain of.
            (None, KeyContent::Undetermined(_)) => Domain {
                optional: false,
                ..Domain::any_text()
            },
        };
        self.keys.push(local);
        self.domains.push(domain);
        self.keys.len() - 1
    }

    /// Numbers the keys that a statement looks at.
    fn keys_of(&mut self, candidate: Candidate) {
        let book = &self.asked.world.book;
        let Some(rule) = book.rules.get(candidate.rule) else {
            return;
        };
        let mut keys = BTreeSet::new();
        book.keys_of(rule, &mut keys);
        for key in keys {
            let local = self.asked.local(candidate.service, key);
            self.key(local);
        }
    }

    /// The place of an atom among those of the search.
    fn atom(&mut self, candidate: Candidate, position: usize, must: bool) -> Option<usize> {
        let asked = self.asked;
        let atom = asked.world.book.vocabulary.atoms.get(position)?;
        let service = candidate.service;
        let (mut filled, any) = if atom.is_open() {
            let mut left = std::mem::take(self.left);
            let found = asked.filled(service, atom, self.stance, self.choice, &mut left);
            *self.left = left;
            found
        } else {
            (atom.clone(), false)
        };
        let local = asked.local(service, atom.key);
        let undetermined = matches!(
            asked.local_content(local, self.stance),
            KeyContent::Undetermined(_)
        );
        // Any text in place of a variable lets in more than there is: good for a proof of what must
        // hold, and for nothing else.
        let widened_well = must && self.stance.rounding == Rounding::Up && !filled.negated;
        filled.unclear |= undetermined || (any && !widened_well);
        filled.key = self.key(local);
        self.atoms.push(filled);
        Some(self.atoms.len() - 1)
    }
}

/// The text of a pattern that a caller must meet, as a policy writes it.
pub(super) fn written(glob: &Glob) -> Option<String> {
    if glob.literal().is_some() {
        return None;
    }
    let text = glob.written();
    (text != "*").then_some(text)
}
