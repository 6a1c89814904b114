//! The readings of one bucket.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be left out for what an earlier one said.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_s3::types::{
    Grant as SdkGrant, Grantee, LoggingEnabled, ServerSideEncryptionRule, TargetObjectKeyFormat,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::bucket::{
    Acl, BucketInventory, Encryption, Grant, Logging, Ownership, PolicyStatus, PublicAccessBlock,
    Versioning,
};
use crate::inventory::need::{Guard, ReadingKind};

use super::answer;
use super::identity::UNKNOWN_ACCOUNT;
use super::lane::Family;
use super::plan::Plan;
use super::session::Session;
use super::trouble::Trouble;

/// Reads one bucket, beginning with what the listing said about it.
///
/// A bucket that was not listed may belong to somebody else and still answer; then its readings
/// would be judged as this account's. S3 is told whose it must be (`x-amz-expected-bucket-owner`)
/// and refuses otherwise.
pub async fn read(
    session: &Session,
    plan: &Plan,
    account: &str,
    name: &str,
    listed: BucketInventory,
) -> BucketInventory {
    let unlisted = listed.created.is_none() && account != UNKNOWN_ACCOUNT;
    let mut reader = Reader {
        session,
        plan,
        name,
        owner: unlisted.then(|| account.to_owned()),
        region: listed
            .region
            .clone()
            .unwrap_or_else(|| session.home.clone()),
        moved: false,
        gone: None,
    };
    let mut bucket = listed;
    // Ownership and policy come first: they rule out the ACL and the policy status.
    bucket.ownership = reader.ownership().await;
    bucket.policy = reader.policy().await;
    bucket.public_access_block = reader.public_access_block().await;
    bucket.acl = reader.acl(&bucket.ownership).await;
    bucket.policy_status = reader.policy_status(&bucket.policy).await;
    bucket.encryption = reader.encryption().await;
    bucket.logging = reader.logging().await;
    bucket.versioning = reader.versioning().await;
    bucket.tags = reader.tags().await;
    // Only what S3 said is kept: not the Region that was merely tried first.
    if bucket.region.is_none() && (reader.moved || session.clients.endpoint().is_none()) {
        bucket.region = reader.settled().map(str::to_owned);
    }
    bucket
}

struct Reader<'a> {
    session: &'a Session,
    plan: &'a Plan,
    name: &'a str,
    /// The account the bucket must belong to, where no listing has said so.
    owner: Option<String>,
    region: String,
    /// S3 has sent us to another Region.
    moved: bool,
    /// The bucket does not exist: every further call would say the same.
    gone: Option<Trouble>,
}

impl Reader<'_> {
    /// The bucket's Region, once it is known to be there at all.
    fn settled(&self) -> Option<&str> {
        self.gone.is_none().then_some(self.region.as_str())
    }

    /// Sends one call to the bucket's Region; follows S3 to another Region once.
    async fn ask<T, E, F, Fut>(&mut self, send: F) -> Result<T, Trouble>
    where
        F: Fn(aws_sdk_s3::Client) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Some(trouble) = &self.gone {
            return Err(trouble.clone());
        }
        let answer = self.send(&send).await;
        let answer = match answer {
            Err(trouble) if !self.moved && self.follow(&trouble) => self.send(&send).await,
            other => other,
        };
        if let Err(trouble) = &answer
            && trouble.answered
            && trouble.code == "NoSuchBucket"
        {
            self.gone = Some(trouble.clone());
        }
        answer
    }

    async fn send<T, E, F, Fut>(&self, send: &F) -> Result<T, Trouble>
    where
        F: Fn(aws_sdk_s3::Client) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let client = self.session.clients.s3(&self.region);
        self.session
            .call(Family::S3, &self.region, || send(client.clone()))
            .await
    }

    /// A request to the wrong Region is answered 301 PermanentRedirect (or 307, or 400
    /// AuthorizationHeaderMalformed) with the right one in a header.
    fn follow(&mut self, trouble: &Trouble) -> bool {
        let sent_away = matches!(trouble.status, Some(301 | 307 | 400));
        match &trouble.bucket_region {
            Some(region) if sent_away && *region != self.region => {
                self.region.clone_from(region);
                self.moved = true;
                true
            }
            _ => false,
        }
    }

    async fn policy(&mut self) -> Reading<String> {
        const KIND: ReadingKind = ReadingKind::BucketPolicy;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_policy()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(KIND, answer.map(|output| output.policy))
    }

    async fn policy_status(&mut self, policy: &Reading<String>) -> Reading<PolicyStatus> {
        const KIND: ReadingKind = ReadingKind::BucketPolicyStatus;
        let none = *policy == Reading::Absent;
        if !self
            .plan
            .calls(KIND, |guard| none && guard == Guard::UnlessNoPolicy)
        {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_policy_status()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                output.policy_status.map(|status| PolicyStatus {
                    is_public: status.is_public.unwrap_or(false),
                })
            }),
        )
    }

    async fn acl(&mut self, ownership: &Reading<Ownership>) -> Reading<Acl> {
        const KIND: ReadingKind = ReadingKind::BucketAcl;
        let enforced = ownership
            .known()
            .is_some_and(|known| known.object_ownership == "BucketOwnerEnforced");
        if !self.plan.calls(KIND, |guard| {
            enforced && guard == Guard::UnlessBucketOwnerEnforced
        }) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_acl()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                Some(Acl {
                    owner: output.owner.and_then(|owner| owner.id),
                    grants: output
                        .grants
                        .unwrap_or_default()
                        .iter()
                        .filter_map(grant)
                        .collect(),
                })
            }),
        )
    }

    async fn ownership(&mut self) -> Reading<Ownership> {
        const KIND: ReadingKind = ReadingKind::BucketOwnership;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_ownership_controls()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let rule = output.ownership_controls?.rules.into_iter().next()?;
                Some(Ownership {
                    object_ownership: rule.object_ownership.as_str().to_owned(),
                })
            }),
        )
    }

    async fn public_access_block(&mut self) -> Reading<PublicAccessBlock> {
        const KIND: ReadingKind = ReadingKind::BucketPublicAccessBlock;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_public_access_block()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let flags = output.public_access_block_configuration?;
                Some(PublicAccessBlock {
                    block_public_acls: flags.block_public_acls.unwrap_or(false),
                    ignore_public_acls: flags.ignore_public_acls.unwrap_or(false),
                    block_public_policy: flags.block_public_policy.unwrap_or(false),
                    restrict_public_buckets: flags.restrict_public_buckets.unwrap_or(false),
                })
            }),
        )
    }

    async fn encryption(&mut self) -> Reading<Encryption> {
        const KIND: ReadingKind = ReadingKind::BucketEncryption;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_encryption()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let rules = output.server_side_encryption_configuration?.rules;
                rules.first().map(encryption)
            }),
        )
    }

    async fn logging(&mut self) -> Reading<Logging> {
        const KIND: ReadingKind = ReadingKind::BucketLogging;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_logging()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        // Logging that is off is an empty document, not an error.
        answer::reading(
            KIND,
            answer.map(|output| output.logging_enabled.map(logging)),
        )
    }

    async fn versioning(&mut self) -> Reading<Versioning> {
        const KIND: ReadingKind = ReadingKind::BucketVersioning;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_versioning()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        // Versioning that was never set is an empty document, not an error.
        answer::reading(
            KIND,
            answer.map(|output| {
                let versioning = Versioning {
                    status: output.status.map(|status| status.as_str().to_owned()),
                    mfa_delete: output.mfa_delete.map(|status| status.as_str() == "Enabled"),
                };
                (versioning != Versioning::default()).then_some(versioning)
            }),
        )
    }

    async fn tags(&mut self) -> Reading<BTreeMap<String, String>> {
        const KIND: ReadingKind = ReadingKind::BucketTags;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_tagging()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                Some(
                    output
                        .tag_set
                        .into_iter()
                        .map(|tag| (tag.key, tag.value))
                        .collect(),
                )
            }),
        )
    }
}

fn grant(grant: &SdkGrant) -> Option<Grant> {
    Some(Grant {
        grantee: grantee(grant.grantee()?)?,
        permission: grant.permission()?.as_str().to_owned(),
    })
}

/// The group's name, the canonical user id or the e-mail address. The group URIs are in the S3
/// user guide, "Access control list overview". A URI that is none of them is kept whole.
fn grantee(grantee: &Grantee) -> Option<String> {
    if let Some(uri) = grantee.uri().filter(|uri| !uri.is_empty()) {
        let group = match uri {
            "http://acs.amazonaws.com/groups/global/AllUsers" => "AllUsers",
            "http://acs.amazonaws.com/groups/global/AuthenticatedUsers" => "AuthenticatedUsers",
            "http://acs.amazonaws.com/groups/s3/LogDelivery" => "LogDelivery",
            other => other,
        };
        return Some(group.to_owned());
    }
    grantee
        .id()
        .filter(|id| !id.is_empty())
        .or_else(|| grantee.email_address())
        .map(str::to_owned)
}

fn encryption(rule: &ServerSideEncryptionRule) -> Encryption {
    let default = rule.apply_server_side_encryption_by_default();
    Encryption {
        algorithm: default.map(|default| default.sse_algorithm().as_str().to_owned()),
        kms_key: default
            .and_then(|default| default.kms_master_key_id())
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
        bucket_key: rule.bucket_key_enabled(),
        blocked_encryption_types: rule.blocked_encryption_types().map(|blocked| {
            blocked
                .encryption_type()
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect()
        }),
    }
}

fn logging(enabled: LoggingEnabled) -> Logging {
    Logging {
        key_format: enabled.target_object_key_format.as_ref().map(key_format),
        target_bucket: enabled.target_bucket,
        target_prefix: enabled.target_prefix,
    }
}

fn key_format(format: &TargetObjectKeyFormat) -> String {
    if format.partitioned_prefix().is_some() {
        "partitioned".to_owned()
    } else {
        "simple".to_owned()
    }
}
