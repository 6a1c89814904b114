//! Which identities of the account can read a bucket: identity, bucket, key and resource control policies
//! together, and the trust policies of the roles among them.
//!
//! The prover decides ([`coldbucket_policy::who_can`]), for each identity and any object. A reader is one
//! that can, or can when a condition is met that a request may meet (a network, MFA). Service control
//! policies, session policies and VPC endpoint policies are not part of it: they only take access away.
//! Roles that AWS services own do not count.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::context::BucketContext;
use crate::facts::fact::{Because, Fact, from_reading};
use crate::facts::group::FactValue;
use crate::facts::reach::{CompiledAccount, IdentityReach};
use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::report::Reach;
use coldbucket_policy::kleene;
use coldbucket_policy::who_can::RoleAssumption;

/// Which identities of the account can read it.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketPolicy),
    own(BucketEncryption),
    own(IdentityListing),
    encryption_key(KeyDescription),
    encryption_key(KeyPolicy),
    encryption_key(KeyGrants)
)]
pub struct ReachFacts {
    /// How many users and roles can read objects.
    pub readers: Fact<u64>,
    /// Roles that can read objects and that another account can assume, `role/etl by account
    /// 222222222222`; accounts that the configuration trusts are left out.
    pub roles_for_others: Fact<Vec<String>>,
    /// Users and roles that S3 lets read objects by a policy about this bucket, and that its KMS key
    /// refuses: `role/etl`. Those that can read every bucket are left out, as a key that refuses them
    /// separates duties.
    pub refused_by_key: Fact<Vec<String>>,
}

impl ReachFacts {
    /// Asks the prover about every identity.
    pub(super) fn derive(context: &BucketContext<'_>) -> Self {
        let unread = unread(context);
        let account = context
            .compiled
            .account(context.account_id, context.controls);
        let readers = account.and_then(|account| Some((account, account.readers(context.name)?)));
        let Some((account, readers)) = readers.filter(|_| is_decidable(context)) else {
            let unknown = Fact::unknown_from(unread.iter());
            return Self {
                readers: unknown.clone(),
                roles_for_others: unknown.clone().map(|_: u64| Vec::new()),
                refused_by_key: unknown.map(|_| Vec::new()),
            };
        };
        Self {
            readers: if readers.iter().any(|one| one.reach == Reach::Unknown) {
                undecided(&unread)
            } else {
                let count = readers.iter().filter(|one| one.reach.lets_in()).count();
                Fact::Known(count as u64)
            },
            roles_for_others: roles_for_others(context, account, &readers, &unread),
            refused_by_key: refused_by_key(context, account, &readers, &unread),
        }
    }
}

/// Without a list of identities, or without knowing whether the key works, nothing can be counted.
fn is_decidable(context: &BucketContext<'_>) -> bool {
    let listed =
        matches!(&context.account.identity_listing, Reading::Known(found) if found.complete);
    let described = key_arn(context).is_none_or(|arn| {
        let key = context.account.keys.get(&arn);
        key.is_some_and(|key| matches!(key.description, Reading::Known(_) | Reading::Absent))
    });
    listed && described
}

fn key_arn(context: &BucketContext<'_>) -> Option<String> {
    context.bucket.encryption_key(context.account_id)
}

/// Why an answer can be unknown: the readings that it is concluded from and that are not there.
fn unread(context: &BucketContext<'_>) -> Vec<Because> {
    fn note<T>(because: &mut Vec<Because>, kind: ReadingKind, reading: &Reading<T>) {
        let fact = from_reading(kind, reading, || (), |_| ());
        because.extend(fact.because().iter().cloned());
    }
    let mut because = Vec::new();
    match &context.account.identity_listing {
        Reading::Known(listing) if !listing.complete => {
            let fact = Fact::<()>::not_collected(ReadingKind::IdentityListing);
            because.extend(fact.because().iter().cloned());
        }
        listing => note(&mut because, ReadingKind::IdentityListing, listing),
    }
    note(
        &mut because,
        ReadingKind::BucketPolicy,
        &context.bucket.policy,
    );
    note(
        &mut because,
        ReadingKind::BucketEncryption,
        &context.bucket.encryption,
    );
    if let Some(arn) = key_arn(context) {
        let none = crate::inventory::key::KeyInventory::default();
        let key = context.account.keys.get(&arn).unwrap_or(&none);
        note(&mut because, ReadingKind::KeyDescription, &key.description);
        note(&mut because, ReadingKind::KeyPolicy, &key.policy);
        note(&mut because, ReadingKind::KeyGrants, &key.grants);
    }
    if because.is_empty() {
        let fact = Fact::<()>::undecidable("a policy has a part that AWS does not document");
        because.extend(fact.because().iter().cloned());
    }
    because
}

fn undecided<T>(unread: &[Because]) -> Fact<T> {
    Fact::unknown_from(unread.iter())
}

/// Those of which both hold; unknown where one that is undecided would make a difference.
fn sure_or_undecided(
    found: impl Iterator<Item = (Option<bool>, String)>,
    unread: &[Because],
) -> Fact<Vec<String>> {
    let mut names = Vec::new();
    for (holds, name) in found {
        match holds {
            Some(true) => names.push(name),
            Some(false) => {}
            None => return undecided(unread),
        }
    }
    names.sort();
    Fact::Known(names)
}

fn decided(reach: Reach) -> Option<bool> {
    (reach != Reach::Unknown).then(|| reach.lets_in())
}

fn roles_for_others(
    context: &BucketContext<'_>,
    account: &CompiledAccount,
    readers: &[IdentityReach<'_>],
    unread: &[Because],
) -> Fact<Vec<String>> {
    let roles = readers.iter().filter(|one| one.reach != Reach::Unreachable);
    let pairs = roles.flat_map(|role| {
        let assumptions = account.assumptions().get(role.arn).into_iter().flatten();
        assumptions.filter_map(|assumption| {
            let by = other_account(context, assumption)?;
            let holds = kleene::all([decided(role.reach), decided(assumption.reach)]);
            Some((holds, format!("{} by {by}", role.name)))
        })
    });
    sure_or_undecided(pairs, unread)
}

/// The words for another account that is not trusted; none for services and providers.
fn other_account(context: &BucketContext<'_>, assumption: &RoleAssumption) -> Option<String> {
    let account = assumption.principal.strip_prefix("account:")?;
    words_of(context, account, assumption.reach, &assumption.under)
}

/// The words for an account that a policy lets in: `account 222222222222`, `any AWS account`. None where
/// the configuration trusts it.
pub(super) fn words_of(
    context: &BucketContext<'_>,
    account: &str,
    reach: Reach,
    under: &BTreeMap<String, Vec<String>>,
) -> Option<String> {
    if account != "*" {
        return (!context.trust.covers(account)).then(|| format!("account {account}"));
    }
    if reach != Reach::Constrained {
        return Some("any AWS account".to_owned());
    }
    let organizations = under
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalOrgID"))
        .flat_map(|(_, values)| values);
    let organizations: Vec<&str> = organizations.map(String::as_str).collect();
    if organizations.is_empty() {
        return Some("accounts that meet its conditions".to_owned());
    }
    let trusted = organizations.iter().all(|id| context.trust.covers(id));
    (!trusted).then(|| format!("accounts of organization {}", organizations.join(", ")))
}

fn refused_by_key(
    context: &BucketContext<'_>,
    account: &CompiledAccount,
    readers: &[IdentityReach<'_>],
    unread: &[Because],
) -> Fact<Vec<String>> {
    let refuses = readers
        .iter()
        .map(|one| decided(one.reach).map(|reads| !reads));
    if key_arn(context).is_none() && context.bucket.encryption.known().is_some() {
        return Fact::Known(Vec::new());
    }
    let without_key = account.readers_without_key(context.name);
    let (Some(by_s3), Some(everywhere)) = (without_key, account.readers_of_every_bucket()) else {
        return undecided(unread);
    };
    let found = refuses.zip(by_s3.iter().zip(everywhere));
    let found = found.map(|(refused, (by_s3, everywhere))| {
        let about_it = decided(*everywhere).map(|reads| !reads);
        let granted = kleene::all([decided(by_s3.reach), about_it]);
        (kleene::all([refused, granted]), by_s3.name.to_owned())
    });
    sure_or_undecided(found, unread)
}
