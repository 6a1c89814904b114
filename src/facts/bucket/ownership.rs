//! Object Ownership and access control lists.
//!
//! GetBucketAcl answers with the *effective* ACL: with BucketOwnerEnforced it shows only the
//! owner's full control, and under IgnorePublicAcls it hides public grants (S3 user guide,
//! "Controlling ownership of objects", "Blocking public access"). Dormant grants can therefore not
//! be seen, and come back when those settings are switched off.

use schemars::JsonSchema;

use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::{BucketInventory, Grant};
use crate::inventory::need::ReadingKind;
use coldbucket_policy::contract::BUCKET_OWNER_ENFORCED;

/// Access control lists of a bucket.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketOwnership))]
pub struct AclFacts {
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter` (also when never set).
    pub ownership: Fact<String>,
    /// ACLs have an effect: ownership is not BucketOwnerEnforced.
    pub enabled: Fact<bool>,
    /// Grants to AllUsers or AuthenticatedUsers in the effective ACL. Empty with ACLs off.
    #[needs(own(BucketAcl))]
    pub public_grants: Fact<Vec<PublicGrant>>,
}

/// A grant to everyone, or to everyone with an AWS account.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, FactValue)]
pub struct PublicGrant {
    /// `AllUsers` or `AuthenticatedUsers`.
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub permission: String,
    /// Both in words, for example `READ to AllUsers`.
    pub text: String,
}

impl AclFacts {
    /// Concludes from GetBucketOwnershipControls and GetBucketAcl.
    pub fn derive(bucket: &BucketInventory) -> Self {
        let ownership = ownership(bucket);
        let enabled = owner_enforced(bucket).map(|enforced| !enforced);
        let public_grants = effective_grants(bucket, Grant::is_public).map(|grants| {
            grants
                .into_iter()
                .map(|grant| PublicGrant {
                    grantee: grant.grantee.clone(),
                    permission: grant.permission.clone(),
                    text: format!("{} to {}", grant.permission, grant.grantee),
                })
                .collect()
        });
        Self {
            ownership,
            enabled,
            public_grants,
        }
    }
}

/// Whether Object Ownership is BucketOwnerEnforced.
pub(super) fn owner_enforced(bucket: &BucketInventory) -> Fact<bool> {
    ownership(bucket).map(|ownership| ownership == BUCKET_OWNER_ENFORCED)
}

/// Object Ownership; a bucket without the setting is one from before it existed, and its ACLs work.
fn ownership(bucket: &BucketInventory) -> Fact<String> {
    from_reading(
        ReadingKind::BucketOwnership,
        &bucket.ownership,
        || "ObjectWriter".to_owned(),
        |ownership| ownership.object_ownership.clone(),
    )
}

/// The grants that `wanted` picks, as far as they have an effect: none with ACLs off, whatever the
/// ACL says; none when the ACL has none, whatever the ownership is; otherwise both must be known.
pub(in crate::facts) fn effective_grants(
    bucket: &BucketInventory,
    wanted: impl Fn(&Grant) -> bool,
) -> Fact<Vec<&Grant>> {
    let enforced = owner_enforced(bucket);
    if enforced.known() == Some(&true) {
        return Fact::Known(Vec::new());
    }
    let picked = from_reading(
        ReadingKind::BucketAcl,
        &bucket.acl.as_ref(),
        Vec::new,
        |acl| acl.grants.iter().filter(|grant| wanted(grant)).collect(),
    );
    match (picked, enforced) {
        (Fact::Known(picked), _) if picked.is_empty() => Fact::Known(picked),
        (picked, enforced) => picked.zip(enforced).map(|(picked, _)| picked),
    }
}
