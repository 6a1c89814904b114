//! The readings of one bucket.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be left out for what an earlier one said.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_s3::types::{
    Grant as SdkGrant, Grantee, LifecycleRule as SdkLifecycleRule, LoggingEnabled,
    ReplicationRule as SdkReplicationRule, ServerSideEncryptionRule, TargetObjectKeyFormat,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::bucket::{
    Abac, Acl, BucketInventory, CorsRule, Encryption, Grant, LifecycleRule, Logging, ObjectLock,
    Ownership, PolicyStatus, PublicAccessBlock, Replication, ReplicationRule, Versioning, Website,
};
use crate::inventory::need::{Guard, ReadingKind};
use crate::inventory::target::BucketHead;

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
    bucket.website = reader.website().await;
    bucket.cors = reader.cors().await;
    bucket.lifecycle = reader.lifecycle().await;
    // Versioning and policy say whether there can be anything to read.
    bucket.replication = reader.replication(&bucket.versioning).await;
    bucket.object_lock = reader.object_lock(&bucket.versioning).await;
    bucket.abac = reader.abac(&bucket.policy).await;
    // Only what S3 said is kept: not the Region that was merely tried first.
    if bucket.region.is_none() && (reader.moved || session.clients.endpoint().is_none()) {
        bucket.region = reader.settled().map(str::to_owned);
    }
    bucket
}

/// Asks whether a bucket is there and belongs to `owner`, beginning in the given Region.
pub async fn head(
    session: &Session,
    name: &str,
    region: Option<&str>,
    owner: &str,
) -> Reading<BucketHead> {
    let mut reader = Reader {
        session,
        plan: &session.plan,
        name,
        owner: None,
        region: region.unwrap_or(&session.home).to_owned(),
        moved: false,
        gone: None,
    };
    let answer = reader
        .ask(|s3| {
            s3.head_bucket()
                .bucket(name)
                .expected_bucket_owner(owner)
                .send()
        })
        .await;
    match answer {
        // A bare 404 says what it says, whatever the SDK makes of an answer without a body.
        Err(trouble) if trouble.status == Some(404) => Reading::Absent,
        answer => answer::reading(
            ReadingKind::TargetHead,
            answer.map(|_| {
                Some(BucketHead {
                    owner: owner.to_owned(),
                })
            }),
        ),
    }
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

impl Reader<'_> {
    async fn website(&mut self) -> Reading<Website> {
        const KIND: ReadingKind = ReadingKind::BucketWebsite;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_website()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                Some(Website {
                    index_document: output.index_document.map(|index| index.suffix),
                    redirect_all_to: output.redirect_all_requests_to.map(|to| to.host_name),
                })
            }),
        )
    }

    async fn cors(&mut self) -> Reading<Vec<CorsRule>> {
        const KIND: ReadingKind = ReadingKind::BucketCors;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_cors()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let rules = output.cors_rules.unwrap_or_default();
                let rules: Vec<CorsRule> = rules
                    .into_iter()
                    .map(|rule| CorsRule {
                        origins: rule.allowed_origins,
                        methods: rule.allowed_methods,
                        headers: rule.allowed_headers.unwrap_or_default(),
                    })
                    .collect();
                (!rules.is_empty()).then_some(rules)
            }),
        )
    }

    async fn lifecycle(&mut self) -> Reading<Vec<LifecycleRule>> {
        const KIND: ReadingKind = ReadingKind::BucketLifecycle;
        if !self.plan.wants(KIND) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_lifecycle_configuration()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let rules = output.rules.unwrap_or_default();
                let rules: Vec<LifecycleRule> = rules.iter().map(lifecycle_rule).collect();
                (!rules.is_empty()).then_some(rules)
            }),
        )
    }

    async fn replication(&mut self, versioning: &Reading<Versioning>) -> Reading<Replication> {
        const KIND: ReadingKind = ReadingKind::BucketReplication;
        let unversioned = is_unversioned(versioning);
        if !self.plan.calls(KIND, |guard| {
            unversioned && guard == Guard::UnlessNotVersioned
        }) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_replication()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let configuration = output.replication_configuration?;
                Some(Replication {
                    rules: configuration
                        .rules
                        .iter()
                        .filter_map(replication_rule)
                        .collect(),
                    role: configuration.role,
                })
            }),
        )
    }

    async fn object_lock(&mut self, versioning: &Reading<Versioning>) -> Reading<ObjectLock> {
        const KIND: ReadingKind = ReadingKind::BucketObjectLock;
        let unversioned = is_unversioned(versioning);
        if !self.plan.calls(KIND, |guard| {
            unversioned && guard == Guard::UnlessNotVersioned
        }) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_object_lock_configuration()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let configuration = output.object_lock_configuration?;
                let retention = configuration.rule.and_then(|rule| rule.default_retention);
                Some(ObjectLock {
                    enabled: configuration
                        .object_lock_enabled
                        .is_some_and(|enabled| enabled.as_str() == "Enabled"),
                    default_mode: retention
                        .as_ref()
                        .and_then(|retention| retention.mode())
                        .map(|mode| mode.as_str().to_owned()),
                    default_days: retention.as_ref().and_then(|retention| {
                        let years = retention.years().map(|years| years.saturating_mul(365));
                        u32::try_from(retention.days().or(years)?).ok()
                    }),
                })
            }),
        )
    }

    async fn abac(&mut self, policy: &Reading<String>) -> Reading<Abac> {
        const KIND: ReadingKind = ReadingKind::BucketAbac;
        let no_tag_condition = match policy {
            Reading::Absent => true,
            Reading::Known(text) => !may_test_tags(text),
            _ => false,
        };
        if !self.plan.calls(KIND, |guard| {
            no_tag_condition && guard == Guard::UnlessNoTagCondition
        }) {
            return Reading::NotCollected;
        }
        let (name, owner) = (self.name, self.owner.clone());
        let answer = self
            .ask(|s3| {
                s3.get_bucket_abac()
                    .bucket(name)
                    .set_expected_bucket_owner(owner.clone())
                    .send()
            })
            .await;
        answer::reading(
            KIND,
            answer.map(|output| {
                let status = output.abac_status?.status?;
                Some(Abac {
                    status: status.as_str().to_owned(),
                })
            }),
        )
    }
}

/// Known not to be enabled.
fn is_unversioned(versioning: &Reading<Versioning>) -> bool {
    match versioning {
        Reading::Absent => true,
        Reading::Known(versioning) => versioning.status.as_deref() != Some("Enabled"),
        _ => false,
    }
}

/// False when the text surely tests no tag of the bucket. Keys have no case, and an escaped
/// character could be part of one.
fn may_test_tags(policy: &str) -> bool {
    let policy = policy.to_lowercase();
    ["aws:resourcetag/", "s3:buckettag/", "\\u"]
        .iter()
        .any(|part| policy.contains(part))
}

fn lifecycle_rule(rule: &SdkLifecycleRule) -> LifecycleRule {
    // The prefix beside the filter is the form from before filters existed.
    #[allow(deprecated, reason = "buckets still have it")]
    let old_prefix = rule.prefix();
    let whole = old_prefix.is_none_or(str::is_empty)
        && rule.filter().is_none_or(|filter| {
            filter.prefix().is_none_or(str::is_empty)
                && filter.tag().is_none()
                && filter.and().is_none()
                && filter.object_size_greater_than().is_none()
                && filter.object_size_less_than().is_none()
        });
    LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled: rule.status().as_str() == "Enabled",
        whole_bucket: whole,
        expires_current: rule
            .expiration()
            .is_some_and(|expiration| expiration.days().is_some() || expiration.date().is_some()),
        transitions: !rule.transitions().is_empty()
            || !rule.noncurrent_version_transitions().is_empty(),
        expires_noncurrent_days: rule
            .noncurrent_version_expiration()
            .and_then(|expiration| u32::try_from(expiration.noncurrent_days()?).ok()),
        aborts_uploads_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(|abort| u32::try_from(abort.days_after_initiation()?).ok()),
    }
}

fn replication_rule(rule: &SdkReplicationRule) -> Option<ReplicationRule> {
    let destination = rule.destination()?;
    #[allow(deprecated, reason = "buckets still have it")]
    let old_prefix = rule.prefix();
    let whole = old_prefix.is_none_or(str::is_empty)
        && rule.filter().is_none_or(|filter| {
            filter.prefix().is_none_or(str::is_empty)
                && filter.tag().is_none()
                && filter.and().is_none()
        });
    let arn = destination.bucket();
    Some(ReplicationRule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled: rule.status().as_str() == "Enabled",
        whole_bucket: whole,
        destination: arn.rsplit(':').next().unwrap_or(arn).to_owned(),
        destination_account: destination
            .account()
            .filter(|account| !account.is_empty())
            .map(str::to_owned),
        replicates_kms: rule
            .source_selection_criteria()
            .and_then(|criteria| criteria.sse_kms_encrypted_objects())
            .is_some_and(|kms| kms.status().as_str() == "Enabled"),
        replica_key: destination
            .encryption_configuration()
            .and_then(|encryption| encryption.replica_kms_key_id())
            .map(str::to_owned),
    })
}

/// An ACL grant in the snapshot's words.
pub fn grant(grant: &SdkGrant) -> Option<Grant> {
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
