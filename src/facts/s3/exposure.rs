//! Who can reach a bucket: policy, ACL, ownership and Block Public Access together.
//!
//! Each source is first turned into bounds — the least and the most it can let in — and the bounds
//! are joined: the most permissive source decides. A source that could not be read has wide bounds,
//! and yet the answer is known as soon as another source lets everything in, or nothing can come of
//! the unread one. That is Kleene logic over an order instead of over true and false.

use schemars::JsonSchema;
use serde::Serialize;

use super::ownership::{ACL, effective_grants};
pub use super::policy::PolicyFacts;
use super::public_access_block::PublicAccessBlockFacts;
use super::{BucketContext, PolicyReading};
use crate::facts::policy::document::Principal;
use crate::facts::vocabulary::NeedTable;
use crate::facts::{Because, Fact, from_reading};
use crate::inventory::bucket::{BucketInventory, Grant};
use crate::inventory::need::{Guard, Need, ReadingKind};
use crate::report::Reach;

/// Who can reach the bucket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExposureFacts {
    /// Requests without a signature.
    pub anonymous: ReachFacts,
    /// Requests signed by an account nobody named.
    pub any_aws_account: ReachFacts,
    /// Accounts (and other outside principals) that the policy or the ACL names.
    pub other_accounts: Fact<Vec<NamedOutsider>>,
    /// AWS's own judgement of the policy (GetBucketPolicyStatus); false without a policy.
    pub aws_says_public: Fact<bool>,
}

/// Reach by class of action: `reachable`, `constrained` or `unreachable`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReachFacts {
    /// Read object data.
    pub read: Fact<Reach>,
    /// List the bucket.
    pub list: Fact<Reach>,
    /// Write or delete objects.
    pub write: Fact<Reach>,
    /// Read or change ACLs.
    pub acl: Fact<Reach>,
    /// Change the bucket's policy or protection.
    pub takeover: Fact<Reach>,
}

/// Somebody outside the owner's account whom the policy or the ACL names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NamedOutsider {
    /// A 12-digit account id, an organization id, a canonical user id or a federated provider.
    pub account: String,
    /// `policy` or `acl`.
    pub via: String,
    /// Listed under `trusted_accounts` or `trusted_organizations` in the configuration.
    pub trusted: bool,
}

/// AWS's judgement of the policy: there is none to ask for without a policy.
const STATUS: Need = Need::guarded(ReadingKind::BucketPolicyStatus, Guard::UnlessNoPolicy);

const BY_POLICY: &[Need] = &[
    Need::own(ReadingKind::BucketPolicy),
    STATUS,
    Need::own(ReadingKind::BucketPublicAccessBlock),
    Need::own(ReadingKind::AccountPublicAccessBlock),
];

const BY_POLICY_AND_ACL: &[Need] = &[
    Need::own(ReadingKind::BucketPolicy),
    STATUS,
    Need::own(ReadingKind::BucketPublicAccessBlock),
    Need::own(ReadingKind::AccountPublicAccessBlock),
    Need::own(ReadingKind::BucketOwnership),
    ACL,
];

/// The readings behind each path. A bucket ACL never grants object data or the policy (S3 user
/// guide, "ACL permissions"), so those two classes do not open it.
pub const NEEDS: NeedTable = &[
    ("bucket.exposure.anonymous.read", BY_POLICY),
    ("bucket.exposure.anonymous.list", BY_POLICY_AND_ACL),
    ("bucket.exposure.anonymous.write", BY_POLICY_AND_ACL),
    ("bucket.exposure.anonymous.acl", BY_POLICY_AND_ACL),
    ("bucket.exposure.anonymous.takeover", BY_POLICY),
    ("bucket.exposure.any_aws_account.read", BY_POLICY),
    ("bucket.exposure.any_aws_account.list", BY_POLICY_AND_ACL),
    ("bucket.exposure.any_aws_account.write", BY_POLICY_AND_ACL),
    ("bucket.exposure.any_aws_account.acl", BY_POLICY_AND_ACL),
    ("bucket.exposure.any_aws_account.takeover", BY_POLICY),
    ("bucket.exposure.other_accounts", BY_POLICY_AND_ACL),
    (
        "bucket.exposure.aws_says_public",
        &[Need::own(ReadingKind::BucketPolicy), STATUS],
    ),
];

/// A class of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionClass {
    /// Read object data.
    Read,
    /// List the bucket.
    List,
    /// Write or delete objects.
    Write,
    /// Read or change ACLs.
    Acl,
    /// Change the bucket's policy or protection.
    Takeover,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Requests without a signature.
    Anonymous,
    /// Requests signed by some account that is not the owner's.
    AnyAwsAccount,
}

/// The least and the most that is reachable, and why they differ.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::facts) struct Bounds {
    pub(in crate::facts) low: Reach,
    pub(in crate::facts) high: Reach,
    pub(in crate::facts) because: Vec<Because>,
}

impl Bounds {
    /// Decided.
    pub(in crate::facts) fn exactly(reach: Reach) -> Self {
        Self {
            low: reach,
            high: reach,
            because: Vec::new(),
        }
    }

    /// Not decided below `high`, for the reasons of an unknown fact.
    pub(in crate::facts) fn up_to<T>(high: Reach, unknown: &Fact<T>) -> Self {
        Self {
            low: Reach::Unreachable,
            high,
            because: unknown.because().to_vec(),
        }
    }

    /// Both sources apply: the more permissive one decides. Reasons are kept only where they can
    /// still change the answer.
    fn or(self, other: Self) -> Self {
        let low = self.low.max(other.low);
        let high = self.high.max(other.high);
        let because = [self, other]
            .into_iter()
            .filter(|bounds| bounds.high > low)
            .flat_map(|bounds| bounds.because)
            .collect();
        Self { low, high, because }
    }

    /// The source applies only while `cut` does not hold.
    fn unless(self, cut: &Fact<bool>) -> Self {
        match cut {
            Fact::Known(true) => Self::exactly(Reach::Unreachable),
            Fact::Known(false) => self,
            Fact::Unknown { because } => Self {
                low: Reach::Unreachable,
                because: self.because.into_iter().chain(because.clone()).collect(),
                high: self.high,
            },
        }
    }

    fn into_fact(self) -> Fact<Reach> {
        if self.low == self.high {
            Fact::Known(self.low)
        } else {
            Fact::unknown_from(self.because.iter())
        }
    }
}

impl ExposureFacts {
    /// Joins what the policy and the ACL let in, and what Block Public Access takes away.
    pub(super) fn derive(
        context: &BucketContext<'_>,
        policy: &PolicyReading,
        block: &PublicAccessBlockFacts,
    ) -> Self {
        let aws_says_public = aws_says_public(context.bucket);
        // What RestrictPublicBuckets cuts off: everybody but the owner's account and AWS services,
        // named accounts included ("blocks all cross-account access", S3 user guide), and only while
        // AWS deems the policy public.
        let cut = block
            .restrict_public_buckets
            .clone()
            .and(policy_is_public(&aws_says_public, policy));
        let reach = |audience| {
            let class = |class| {
                let by_policy = policy.reach(audience, class);
                let by_acl = acl_reach(context.bucket, policy, block, audience, class);
                by_policy.or(by_acl).unless(&cut).into_fact()
            };
            ReachFacts {
                read: class(ActionClass::Read),
                list: class(ActionClass::List),
                write: class(ActionClass::Write),
                acl: class(ActionClass::Acl),
                takeover: class(ActionClass::Takeover),
            }
        };
        Self {
            anonymous: reach(Audience::Anonymous),
            any_aws_account: reach(Audience::AnyAwsAccount),
            other_accounts: other_accounts(context, policy, &cut),
            aws_says_public,
        }
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

/// Whether AWS deems the policy public, by its own word or, where that is missing, by the one case
/// the documentation leaves no doubt about: an Allow to everyone without any condition.
fn policy_is_public(aws: &Fact<bool>, policy: &PolicyReading) -> Fact<bool> {
    match (aws, policy.is_plainly_public()) {
        (Fact::Known(true), _) => Fact::Known(true),
        (Fact::Known(false), true) => {
            Fact::undecidable("GetBucketPolicyStatus contradicts the policy it judges")
        }
        (Fact::Known(false), false) => Fact::Known(false),
        (Fact::Unknown { .. }, true) => Fact::Known(true),
        (unknown, false) => unknown.clone(),
    }
}

/// The actions of a class that a grant on a bucket permits (S3 user guide, "Mapping of ACL
/// permissions and access policy permissions"). On a bucket, FULL_CONTROL is these four and never
/// object data; WRITE lets others create objects, and only the owner delete or overwrite them.
fn permitted(permission: &str, class: ActionClass) -> &'static [&'static str] {
    match (class, permission) {
        (ActionClass::List, "READ" | "FULL_CONTROL") => &[
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:ListBucketMultipartUploads",
        ],
        (ActionClass::Write, "WRITE" | "FULL_CONTROL") => &["s3:PutObject"],
        (ActionClass::Acl, "READ_ACP") => &["s3:GetBucketAcl"],
        (ActionClass::Acl, "WRITE_ACP") => &["s3:PutBucketAcl"],
        (ActionClass::Acl, "FULL_CONTROL") => &["s3:GetBucketAcl", "s3:PutBucketAcl"],
        _ => &[],
    }
}

/// What the ACL lets in: grants that have an effect, past the policy's Deny statements.
fn acl_reach(
    bucket: &BucketInventory,
    policy: &PolicyReading,
    block: &PublicAccessBlockFacts,
    audience: Audience,
    class: ActionClass,
) -> Bounds {
    if matches!(class, ActionClass::Read | ActionClass::Takeover) {
        return Bounds::exactly(Reach::Unreachable);
    }
    let bounds = |high: Reach, wanted: &dyn Fn(&Grant) -> bool| {
        let grants = effective_grants(bucket, |grant| {
            !permitted(&grant.permission, class).is_empty() && wanted(grant)
        });
        match &grants {
            Fact::Known(grants) => grants
                .iter()
                .map(|grant| {
                    let principal = if is_public(grant) {
                        Principal::Everyone
                    } else {
                        Principal::CanonicalUser(grant.grantee.clone())
                    };
                    let actions = permitted(&grant.permission, class);
                    policy.reach_through(audience, class, principal, actions)
                })
                .fold(Bounds::exactly(Reach::Unreachable), Bounds::or),
            unknown => Bounds::up_to(high, unknown),
        }
    };
    let public = bounds(Reach::Reachable, &|grant| match audience {
        Audience::Anonymous => grant.grantee == "AllUsers",
        Audience::AnyAwsAccount => is_public(grant),
    })
    .unless(&block.ignore_public_acls);
    match audience {
        Audience::Anonymous => public,
        Audience::AnyAwsAccount => public.or(bounds(Reach::Constrained, &|grant| {
            is_outsider(bucket, grant)
        })),
    }
}

/// A grant to everyone, or to everyone with an AWS account.
fn is_public(grant: &Grant) -> bool {
    matches!(grant.grantee.as_str(), "AllUsers" | "AuthenticatedUsers")
}

/// A grant to somebody in particular who is not the owner.
fn is_outsider(bucket: &BucketInventory, grant: &Grant) -> bool {
    let owner = bucket.acl.known().and_then(|acl| acl.owner.as_deref());
    !matches!(
        grant.grantee.as_str(),
        "AllUsers" | "AuthenticatedUsers" | "LogDelivery"
    ) && owner != Some(grant.grantee.as_str())
}

/// Everybody outside whom the policy or the ACL names. Deny statements are not subtracted: that
/// takes the policy engine.
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
