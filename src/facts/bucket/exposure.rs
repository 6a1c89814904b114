//! Who can reach a bucket: policy, ACL, ownership and Block Public Access together.
//!
//! The prover decides it where everything was read; where something was not,
//! [`crate::facts::bucket::compose`] says what is known all the same. A fact here is one question of
//! the prover and one class of actions, so a refused call unsettles exactly the classes that it could
//! change.

use coldbucket_policy::catalogue::ActionClass;
use schemars::JsonSchema;

use super::context::BucketContext;
use super::ownership::effective_grants;
pub use super::policy::PolicyFacts;
use super::policy::PolicyReading;
use super::public_access_block::PublicAccessBlockFacts;
use crate::facts::bucket::compose::{Composed, Grants, Sources};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::bucket::{BucketInventory, Grant};
use crate::inventory::need::ReadingKind;
use crate::report::Reach;
use crate::report::policy::Request;
use coldbucket_policy::prove::Question;

/// Who can reach the bucket.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(BucketPolicy))]
pub struct ExposureFacts {
    /// Whether anybody can who holds nothing that the policy names: without a signature, or with the
    /// credentials of any AWS account.
    pub public: PublicFacts,
    /// Requests without a signature.
    pub anonymous: ReachFacts,
    /// Requests signed by an account nobody named.
    pub any_aws_account: ReachFacts,
    /// Accounts (and other outside principals) that the policy or the ACL names.
    #[needs(
        own(BucketPolicyStatus, OnlyWherePublicCounts),
        own(BucketPublicAccessBlock, UnlessAccountBlocksAll),
        own(AccountPublicAccessBlock),
        own(BucketOwnership),
        own(BucketAcl, UnlessBucketOwnerEnforced)
    )]
    pub other_accounts: Fact<Vec<NamedOutsider>>,
    /// Presigned requests.
    pub presigned: PresignedFacts,
}

/// Presigned requests: the signature is in the URL or in a form, and whoever has it can use it. By
/// anybody, the owner's identities included.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct PresignedFacts {
    /// Whether some presigned request is not denied.
    pub reach: Fact<Reach>,
    /// The longest age of a signature that the policy lets through, ms; AWS's own bound of seven days
    /// (604,800,000) where the policy sets none, and 0 where no presigned request gets in. For
    /// Signature Version 4: version 2 reports an age of 0 whatever the URL's expiry is (S3 API
    /// reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys").
    pub max_age_ms: Fact<u64>,
}

/// AWS's own bound on a presigned URL's life: seven days, in ms.
const LONGEST_SIGNATURE_MS: u64 = 604_800_000;

/// Open to anybody, by class of action. With RestrictPublicBuckets in effect this is known to be
/// false even where the policy was refused: a public policy is cut off, and any other only lets fixed
/// values in.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketPolicyStatus, OnlyWherePublicCounts),
    own(BucketPublicAccessBlock, UnlessAccountBlocksAll),
    own(AccountPublicAccessBlock)
)]
pub struct PublicFacts {
    /// Read object data.
    pub read: Fact<bool>,
    /// List the bucket.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub list: Fact<bool>,
    /// Write or delete objects.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub write: Fact<bool>,
    /// Read or change ACLs.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub acl: Fact<bool>,
    /// Change the bucket's policy or protection.
    pub takeover: Fact<bool>,
}

/// Reach by class of action: `reachable`, `constrained` or `unreachable`.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(
    own(BucketPolicyStatus, OnlyWherePublicCounts),
    own(BucketPublicAccessBlock, UnlessAccountBlocksAll),
    own(AccountPublicAccessBlock)
)]
pub struct ReachFacts {
    /// Read object data.
    pub read: Fact<Reach>,
    /// List the bucket.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub list: Fact<Reach>,
    /// Write or delete objects.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub write: Fact<Reach>,
    /// Read or change ACLs.
    #[needs(own(BucketOwnership), own(BucketAcl, UnlessBucketOwnerEnforced))]
    pub acl: Fact<Reach>,
    /// Change the bucket's policy or protection.
    pub takeover: Fact<Reach>,
}

/// Somebody outside the owner's account whom the policy or the ACL names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, FactValue)]
pub struct NamedOutsider {
    /// A 12-digit account id, an organization id, a canonical user id or a federated provider.
    pub account: String,
    /// `policy` or `acl`.
    pub via: String,
    /// Listed under `trusted_accounts` or `trusted_organizations` in the configuration.
    pub trusted: bool,
}

impl ExposureFacts {
    /// Asks the prover, class by class, with whatever was read.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading,
        block: &PublicAccessBlockFacts,
    ) -> Self {
        let sources = sources(context, policy, block);
        let anonymous = sources.reach(&Question::Anonymous);
        let signed = sources.reach(&Question::AnyAwsAccount);
        let open = |class| anonymous.open(class).or(signed.open(class));
        let presigned = policy.presigned();
        let cut = sources.cut();
        Self {
            public: PublicFacts {
                read: open(ActionClass::Read),
                list: open(ActionClass::List),
                write: open(ActionClass::Write),
                acl: open(ActionClass::Acl),
                takeover: open(ActionClass::Takeover),
            },
            anonymous: ReachFacts::of(&anonymous),
            any_aws_account: ReachFacts::of(&signed),
            other_accounts: other_accounts(context, policy, &cut),
            presigned: PresignedFacts {
                reach: presigned.as_ref().map(|(reach, _)| *reach),
                max_age_ms: presigned.map(|(reach, age)| match reach {
                    Reach::Unreachable => 0,
                    _ => age.unwrap_or(LONGEST_SIGNATURE_MS),
                }),
            },
        }
    }

    /// A request that gets in, for the fact at that path below `bucket.exposure`.
    pub(super) fn witness(
        context: &BucketContext<'_>,
        policy: &PolicyReading,
        block: &PublicAccessBlockFacts,
        path: &str,
    ) -> Option<Request> {
        let (audience, class) = path.split_once('.')?;
        let questions: &[Question] = match audience {
            "public" => &[Question::Anonymous, Question::AnyAwsAccount],
            "anonymous" => &[Question::Anonymous],
            "any_aws_account" => &[Question::AnyAwsAccount],
            _ => return None,
        };
        let class = match class {
            "read" => ActionClass::Read,
            "list" => ActionClass::List,
            "write" => ActionClass::Write,
            "acl" => ActionClass::Acl,
            "takeover" => ActionClass::Takeover,
            _ => return None,
        };
        let sources = sources(context, policy, block);
        questions
            .iter()
            .find_map(|question| sources.witness(question, class))
    }
}

impl ReachFacts {
    fn of(composed: &Composed) -> Self {
        Self {
            read: composed.of(ActionClass::Read),
            list: composed.of(ActionClass::List),
            write: composed.of(ActionClass::Write),
            acl: composed.of(ActionClass::Acl),
            takeover: composed.of(ActionClass::Takeover),
        }
    }
}

/// Whether RestrictPublicBuckets cuts off everyone outside, because AWS deems the policy public.
pub(super) fn cut(
    context: &BucketContext<'_>,
    policy: &PolicyReading,
    block: &PublicAccessBlockFacts,
) -> Fact<bool> {
    sources(context, policy, block).cut()
}

fn sources<'a>(
    context: &BucketContext<'a>,
    policy: &'a PolicyReading,
    block: &PublicAccessBlockFacts,
) -> Sources<'a> {
    policy.sources(
        context
            .bucket
            .acl
            .known()
            .and_then(|acl| acl.owner.as_deref()),
        aws_says_public(context.bucket),
        grants(context.bucket),
        block.ignore_public_acls.clone(),
        block.restrict_public_buckets.clone(),
    )
}

/// The ACL's grants as far as they have an effect, between what is sure and what may be.
fn grants(bucket: &BucketInventory) -> Grants<'_> {
    match effective_grants(bucket, |_| true) {
        Fact::Known(grants) => Grants {
            least: grants.clone(),
            most: Some(grants),
            because: Vec::new(),
        },
        unknown => Grants {
            least: Vec::new(),
            // The ACL was read and ownership was not: no more than is in it.
            most: bucket.acl.known().map(|acl| acl.grants.iter().collect()),
            because: unknown.because().to_vec(),
        },
    }
}

/// AWS's judgement; false where there is no policy to judge.
pub(super) fn aws_says_public(bucket: &BucketInventory) -> Fact<bool> {
    let policy = from_reading(
        ReadingKind::BucketPolicy,
        &bucket.policy,
        || false,
        |_| true,
    );
    let status = from_reading(
        ReadingKind::BucketPolicyStatus,
        &bucket.policy_status,
        || false,
        |status| status.is_public,
    );
    match (policy, status) {
        (Fact::Known(false), _) => Fact::Known(false),
        // Had the policy been read there might be nothing to ask for.
        (Fact::Unknown { because }, Fact::Unknown { because: more }) => {
            Fact::unknown_from(because.iter().chain(&more))
        }
        (_, status) => status,
    }
}

/// A grant to somebody in particular who is not the owner.
fn is_outsider(bucket: &BucketInventory, grant: &Grant) -> bool {
    let owner = bucket.acl.known().and_then(|acl| acl.owner.as_deref());
    !matches!(
        grant.grantee.as_str(),
        "AllUsers" | "AuthenticatedUsers" | "LogDelivery"
    ) && owner != Some(grant.grantee.as_str())
}

/// Everybody outside whom the policy or the ACL lets in by name.
fn other_accounts(
    context: &BucketContext<'_>,
    policy: &PolicyReading,
    cut: &Fact<bool>,
) -> Fact<Vec<NamedOutsider>> {
    let outsider = |account: String, via: &str| NamedOutsider {
        trusted: context.trust.covers(&account),
        account,
        via: via.to_owned(),
    };
    let by_policy = unless_cut(policy.outsiders(), cut);
    let by_acl = effective_grants(context.bucket, |grant| is_outsider(context.bucket, grant))
        .map(|grants| grants.iter().map(|grant| grant.grantee.clone()).collect());
    let by_acl = unless_cut(by_acl, cut);
    by_policy
        .zip(by_acl)
        .map(|(policy, acl): (Vec<String>, Vec<String>)| {
            let mut all: Vec<NamedOutsider> = policy
                .into_iter()
                .map(|account| outsider(account, "policy"))
                .chain(acl.into_iter().map(|account| outsider(account, "acl")))
                .collect();
            all.sort();
            all.dedup();
            all
        })
}

/// Nobody, where the policy's publicity cuts everybody outside off.
fn unless_cut(named: Fact<Vec<String>>, cut: &Fact<bool>) -> Fact<Vec<String>> {
    match (named, cut) {
        (Fact::Known(named), _) if named.is_empty() => Fact::Known(named),
        (_, Fact::Known(true)) => Fact::Known(Vec::new()),
        (named, cut) => named.zip(cut.clone()).map(|(named, _)| named),
    }
}
