//! What a question is asked about.

use crate::Policy;
use crate::contract::{BUCKET_OWNER_ENFORCED, Grant, PublicAccessBlock};
use crate::controls::AccountControls;
use crate::partition::PARTITIONS;

/// A bucket, as far as questions about its reach depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Bucket name.
    pub bucket: &'a str,
    /// 12-digit id of its account.
    pub owner: &'a str,
    /// Canonical user id of its account, if known: grants to it say nothing.
    pub owner_id: Option<&'a str>,
    /// The policy, if there is one.
    pub policy: Option<&'a Policy>,
    /// Block Public Access that is in effect.
    pub block: PublicAccessBlock,
    /// AWS's judgement of the policy (GetBucketPolicyStatus), if it was asked.
    pub aws_says_public: Option<bool>,
    /// Object Ownership; ACLs have no effect with `BucketOwnerEnforced`.
    pub ownership: Option<&'a str>,
    /// The bucket ACL's grants.
    pub grants: &'a [Grant],
    /// `AES256`, `aws:kms`, `aws:kms:dsse`; none is `AES256`.
    pub default_encryption: Option<&'a str>,
    /// Resource control policies of the owner's account, level by level from the root.
    pub rcps: &'a [Vec<Policy>],
    /// Service control policies of callers' accounts, as far as they are known. An account that is not
    /// here is under none.
    pub scps: &'a [AccountControls],
    /// What time it is, seconds since 1970; none for any moment from 2026 on.
    pub now: Option<f64>,
    /// One of [`PARTITIONS`]; none to take it from the policy's resources.
    pub partition: Option<&'static str>,
}

impl<'a> Case<'a> {
    /// A bucket with that policy, and nothing else that lets anyone in or keeps anyone out.
    pub fn new(bucket: &'a str, owner: &'a str, policy: Option<&'a Policy>) -> Self {
        Self {
            bucket,
            owner,
            owner_id: None,
            policy,
            block: PublicAccessBlock::default(),
            aws_says_public: None,
            ownership: None,
            grants: &[],
            default_encryption: None,
            rcps: &[],
            scps: &[],
            now: None,
            partition: None,
        }
    }

    /// A partition by its name.
    ///
    /// # Errors
    /// What there is.
    pub fn partition(name: &str) -> Result<&'static str, String> {
        PARTITIONS
            .into_iter()
            .find(|known| *known == name)
            .ok_or_else(|| format!("partition: {name:?} is none of {}", PARTITIONS.join(", ")))
    }

    /// A moment in RFC 3339, in seconds since 1970.
    ///
    /// # Errors
    /// That it is none.
    pub fn moment(text: &str) -> Result<f64, String> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| moment.as_duration().as_secs_f64().floor())
            .map_err(|_| format!("now: {text:?} is not a time in RFC 3339"))
    }

    /// The grants of the ACL that have an effect.
    pub(super) fn effective_grants(&self) -> Vec<Grant> {
        if self.ownership == Some(BUCKET_OWNER_ENFORCED) {
            return Vec::new();
        }
        self.grants
            .iter()
            .filter(|grant| !(self.block.ignore_public_acls && grant.is_public()))
            .cloned()
            .collect()
    }
}
