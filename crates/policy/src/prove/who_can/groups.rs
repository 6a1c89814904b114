//! Identities that a question cannot tell apart.
//!
//! Of the statements of an identity only those matter that name the action and may be about the
//! resource. Most name other buckets, or other services. So identities fall into few groups: those who
//! have the same statements about every bucket, in whatever policies, and for one bucket those who have
//! the same about it by name as well. A group is decided once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::rules::ActionBits;
use super::world::{Profile, Sided, World};
use crate::document::Effect;

/// What is asked: the actions, and whether answers name policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupedFor {
    pub(super) bits: ActionBits,
    /// Of the bits, those of the question itself and not of the key behind it.
    pub(super) main: ActionBits,
    /// Answers cite the policies of an identity, so their names count.
    pub(super) by_name: bool,
}

/// The groups of one kind of question, wherever it is asked.
#[derive(Debug)]
pub(super) struct Grouping {
    /// By profile, its group.
    group_of: Vec<usize>,
    /// By group, its rules about every resource.
    groups: Vec<Group>,
}

/// What the identities of a group have.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) profile: Profile,
    /// Some of it allows what is asked.
    allows: bool,
}

/// The groups at one target.
#[derive(Debug)]
pub(super) struct GroupsAt {
    /// By profile, its group.
    pub(super) group_of: Vec<usize>,
    /// The groups wherever it is asked.
    everywhere: Arc<Grouping>,
    /// Those of identities whose policies name the target; their numbers go on from there.
    here: Vec<Group>,
}

impl GroupsAt {
    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.everywhere.groups.len() + self.here.len()
    }

    /// A group by its number.
    pub(super) fn get(&self, number: usize) -> Option<&Group> {
        self.everywhere.groups.get(number).or_else(|| {
            let here = number.checked_sub(self.everywhere.groups.len())?;
            self.here.get(here)
        })
    }
}

/// What tells groups apart: rules, whether there is a boundary, its rules, and facts.
type GroupKey = (Vec<usize>, Option<Vec<usize>>, u8, Vec<u32>);

impl Group {
    /// Nothing that its identities have allows what is asked.
    pub(super) const fn is_without(&self) -> bool {
        !self.allows
    }
}

impl World {
    /// The groups of a kind of question; worked out once.
    fn grouping(&self, of: GroupedFor) -> Arc<Grouping> {
        if let Ok(known) = self.groupings.lock()
            && let Some(found) = known.get(&of)
        {
            return Arc::clone(found);
        }
        let mut grouping = Grouping {
            group_of: Vec::with_capacity(self.profiles.len()),
            groups: Vec::new(),
        };
        let mut known: HashMap<GroupKey, usize> = HashMap::new();
        for profile in &self.profiles {
            let part = self.part(profile, |rule| self.is_everywhere(rule, of));
            let key = self.key_of(&part, of);
            let next = grouping.groups.len();
            let place = *known.entry(key).or_insert(next);
            if place == next {
                grouping.groups.push(self.group_with(part, of));
            }
            grouping.group_of.push(place);
        }
        let grouping = Arc::new(grouping);
        if let Ok(mut known) = self.groupings.lock() {
            known.insert(of, Arc::clone(&grouping));
        }
        grouping
    }

    /// The groups at a bucket, or at a target without a name that statements could name.
    pub(super) fn groups_at(&self, bucket: Option<&str>, of: GroupedFor) -> GroupsAt {
        let grouping = self.grouping(of);
        let mut at = GroupsAt {
            group_of: grouping.group_of.clone(),
            everywhere: grouping,
            here: Vec::new(),
        };
        let named: BTreeSet<usize> = bucket
            .and_then(|bucket| self.rules_by_bucket.get(bucket))
            .into_iter()
            .flatten()
            .filter(|rule| {
                self.book
                    .rules
                    .get(**rule)
                    .is_some_and(|rule| rule.actions.s3 & of.bits.s3 != 0)
            })
            .copied()
            .collect();
        let holders: BTreeSet<usize> = named
            .iter()
            .flat_map(|rule| self.profiles_by_rule.get(rule).into_iter().flatten())
            .copied()
            .collect();
        let mut known: HashMap<GroupKey, usize> = HashMap::new();
        for number in holders {
            let (Some(profile), Some(place)) =
                (self.profiles.get(number), at.group_of.get_mut(number))
            else {
                continue;
            };
            let part = self.part(profile, |rule| {
                named.contains(&rule) || self.is_everywhere(rule, of)
            });
            let key = self.key_of(&part, of);
            let next = at.everywhere.groups.len() + at.here.len();
            *place = *known.entry(key).or_insert(next);
            if *place == next {
                at.here.push(self.group_with(part, of));
            }
        }
        at
    }

    /// Whether a rule is about some of the actions wherever they are asked about.
    fn is_everywhere(&self, rule: usize, of: GroupedFor) -> bool {
        self.book.rules.get(rule).is_some_and(|rule| {
            rule.actions.other & of.bits.other != 0
                || (rule.actions.s3 & of.bits.s3 != 0 && rule.buckets.is_none())
        })
    }

    fn part(&self, profile: &Profile, wanted: impl Fn(usize) -> bool) -> Profile {
        let of = |sided: &Sided| Sided {
            allows: sided
                .allows
                .iter()
                .copied()
                .filter(|rule| wanted(*rule))
                .collect(),
            denies: sided
                .denies
                .iter()
                .copied()
                .filter(|rule| wanted(*rule))
                .collect(),
        };
        Profile {
            identity: of(&profile.identity),
            boundary: profile.boundary.as_ref().map(of),
            kind: profile.kind,
            scp_values: profile.scp_values.clone(),
            first: profile.first,
        }
    }

    fn group_with(&self, profile: Profile, of: GroupedFor) -> Group {
        let allows = profile.identity.allows.iter().any(|rule| {
            self.book
                .rules
                .get(*rule)
                .is_some_and(|rule| rule.effect == Effect::Allow && rule.actions.meets(of.main))
        });
        Group { profile, allows }
    }

    fn key_of(&self, part: &Profile, of: GroupedFor) -> GroupKey {
        let same = |rule: usize| {
            self.book.rules.get(rule).map_or(rule, |known| {
                if of.by_name {
                    known.same_by_name
                } else {
                    known.same
                }
            })
        };
        let mut rules: Vec<usize> = part.identity.all().map(same).collect();
        rules.sort_unstable();
        rules.dedup();
        let boundary = part
            .boundary
            .as_ref()
            .map(|boundary| boundary.all().map(same).collect());
        let keys = self.keys_of_callers(
            part.identity
                .all()
                .chain(part.boundary.iter().flat_map(Sided::all)),
        );
        let mut values: Vec<u32> = keys
            .iter()
            .map(|key| {
                self.value_numbers(*key)
                    .get(part.first)
                    .copied()
                    .unwrap_or(u32::MAX)
            })
            .collect();
        values.extend(&part.scp_values);
        (rules, boundary, part.kind, values)
    }
}
