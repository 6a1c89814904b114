//! The policies that a deployment changes, compared by the prover.

use std::collections::BTreeMap;

use super::{LiveAccount, Loaded};
use crate::inventory::ids::resource_of_arn;
use crate::report::policy::{CompareOutput, CompareVerdict};
use crate::report::policy_change::{PolicyChange, PolicyName, PolicyOwner};
use crate::template::Rendering;
use crate::template::changes::{
    ChangedPolicy, PolicyKey, PolicyRole, PolicySide, changed_policies,
};
use coldbucket_policy::Policy;
use coldbucket_policy::compare::{self, PolicyPair};

/// Compares every policy that a deployment changes with the one that the account has.
pub(super) fn compared(one: &Loaded, onto: &LiveAccount) -> Vec<PolicyChange> {
    let whole = one.built.renderings.iter().filter(|one| !one.replaced);
    let renderings: Vec<&Rendering> = whole.collect();
    let changed: Vec<BTreeMap<PolicyKey, ChangedPolicy>> = renderings
        .iter()
        .map(|rendering| changed_policies(&onto.snapshot.accounts, rendering))
        .collect();
    let mut first: BTreeMap<&PolicyKey, (&ChangedPolicy, &Rendering)> = BTreeMap::new();
    for (changes, rendering) in changed.iter().zip(&renderings) {
        for (key, change) in changes {
            first.entry(key).or_insert((change, rendering));
        }
    }
    let mut found = Vec::new();
    for (key, (change, rendering)) in first {
        // The snapshots that the deployment may lead to, without those that are alike.
        let mut sides: Vec<Option<&ChangedPolicy>> = Vec::new();
        for changes in &changed {
            let side = changes.get(key);
            if !sides.contains(&side) {
                sides.push(side);
            }
        }
        let answers = sides.into_iter().map(|side| match side {
            Some(change) => compare(key, change),
            None => nothing(key),
        });
        found.push(PolicyChange {
            resource: owner(key, rendering),
            policy: name_of(key.role),
            qualifier: Some(key.qualifier.clone()).filter(|qualifier| !qualifier.is_empty()),
            new_resource: !change.existing,
            location: rendering
                .position_of(&change.pointer)
                .map(|position| one.root.location(position)),
            comparison: combined(answers.collect()).unwrap_or_else(|| nothing(key)),
            from: change.from.clone(),
        });
    }
    found
}

/// The answer where nothing changes.
fn nothing(key: &PolicyKey) -> CompareOutput {
    CompareOutput {
        id: key.arn.clone(),
        new_access: Some(false),
        verdict: CompareVerdict::None,
        lost: Some(false),
        statements: Vec::new(),
        remarks: Vec::new(),
        reason: None,
    }
}

fn undecided(key: &PolicyKey, reason: String) -> CompareOutput {
    CompareOutput {
        new_access: None,
        verdict: CompareVerdict::Unknown,
        lost: None,
        reason: Some(reason),
        ..nothing(key)
    }
}

fn compare(key: &PolicyKey, change: &ChangedPolicy) -> CompareOutput {
    let kind = key.role.attachment();
    let policy = |side: &PolicySide| match side {
        PolicySide::None => Ok(None),
        PolicySide::Text(text) => Ok(Some(Policy::parse(text, kind.policy_kind()))),
        PolicySide::Unknown(reason) => Err(reason.clone()),
    };
    let (old, new) = match (policy(&change.old), policy(&change.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(reason), _) | (_, Err(reason)) => return undecided(key, reason),
    };
    let bucket = match key.role {
        PolicyRole::Bucket => resource_of_arn(&key.arn),
        _ => None,
    };
    let mut answer = compare::compare(
        &PolicyPair {
            old: old.as_ref(),
            new: new.as_ref(),
            kind,
            bucket,
            strict: false,
        },
        key.arn.clone(),
    );
    if !change.unknown.is_empty() {
        let reason = format!("the document of {} is not known", change.unknown.join(", "));
        if answer.new_access == Some(false) {
            return undecided(key, reason);
        }
        answer.remarks.push(reason);
    }
    answer
}

/// One answer of those for every snapshot that a deployment may lead to: the same in all, or unknown
/// with what some allow.
fn combined(answers: Vec<CompareOutput>) -> Option<CompareOutput> {
    let mut answers = answers.into_iter();
    let mut first = answers.next()?;
    for other in answers {
        if other.verdict != first.verdict {
            let reason = "it depends on values that are known only after deployment".to_owned();
            first.new_access = None;
            first.verdict = CompareVerdict::Unknown;
            first.reason.get_or_insert(reason);
            if first.statements.is_empty() {
                first.statements = other.statements;
            }
        }
        if other.lost != first.lost {
            first.lost = None;
        }
    }
    Some(first)
}

fn owner(key: &PolicyKey, rendering: &Rendering) -> PolicyOwner {
    let arn = key.arn.as_str();
    let resource = rendering.resources.iter().find(|(of, _)| of.arn == arn);
    let name = match key.role {
        PolicyRole::Function => arn.split(':').nth(6),
        // `acme-data`, `role/path/deploy`, `key/1234`, `policy/limits`.
        _ => resource_of_arn(arn),
    };
    PolicyOwner {
        name: name.unwrap_or(arn).to_owned(),
        arn: arn.to_owned(),
        address: resource.map(|(_, resource)| resource.address.clone()),
    }
}

const fn name_of(role: PolicyRole) -> PolicyName {
    match role {
        PolicyRole::Bucket => PolicyName::BucketPolicy,
        PolicyRole::Key => PolicyName::KeyPolicy,
        PolicyRole::Function => PolicyName::FunctionPolicy,
        PolicyRole::Trust => PolicyName::TrustPolicy,
        PolicyRole::Permissions => PolicyName::Permissions,
        PolicyRole::Managed => PolicyName::ManagedPolicy,
    }
}
