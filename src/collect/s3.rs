//! The readings of one bucket: which calls are made, in which order, and what the answers become.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be skipped for what an earlier one said.

mod pointless;
mod reader;

pub(super) use pointless::acls_are_off;
pub(super) use reader::Round;

use std::collections::BTreeMap;

use aws_sdk_s3::operation::get_bucket_abac::GetBucketAbacOutput;
use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use aws_sdk_s3::operation::get_bucket_cors::GetBucketCorsOutput;
use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_logging::GetBucketLoggingOutput;
use aws_sdk_s3::operation::get_bucket_ownership_controls::GetBucketOwnershipControlsOutput;
use aws_sdk_s3::operation::get_bucket_policy_status::GetBucketPolicyStatusOutput;
use aws_sdk_s3::operation::get_bucket_replication::GetBucketReplicationOutput;
use aws_sdk_s3::operation::get_bucket_request_payment::GetBucketRequestPaymentOutput;
use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::operation::get_bucket_website::GetBucketWebsiteOutput;
use aws_sdk_s3::operation::get_object_lock_configuration::GetObjectLockConfigurationOutput;
use aws_sdk_s3::operation::get_public_access_block::GetPublicAccessBlockOutput;
use aws_sdk_s3::types::{
    Grant as SdkGrant, Grantee, LifecycleRule as SdkLifecycleRule, LoggingEnabled,
    ReplicationRule as SdkReplicationRule, ServerSideEncryptionRule, TargetObjectKeyFormat,
};

use crate::inventory::Reading;
use crate::inventory::bucket::{
    Abac, Acl, BucketInventory, CorsRule, Encryption, Grant, LifecycleRule, Logging, ObjectLock,
    Ownership, PolicyStatus, PublicAccessBlock, Replication, ReplicationRule, Versioning, Website,
};
use crate::inventory::need::ReadingKind;
use crate::inventory::target::BucketHead;

use super::answer;
use super::identity::UNKNOWN_ACCOUNT;
use super::session::Session;

use reader::{BucketReader, CallDecision};

/// The readings of one bucket in the order of their calls, one line each: which it is, the member it
/// fills, the operation, and what the answer becomes.
macro_rules! read_in_order {
    ($reader:ident, $round:ident, $bucket:ident; $($kind:ident $member:ident $operation:ident $becomes:expr;)+) => {
        $(if $bucket.$member.is_not_collected() {
            match $reader.decide($round, ReadingKind::$kind, &$bucket) {
                CallDecision::Call => {
                    let answer = $reader
                        .ask(|s3, name, owner| {
                            s3.$operation().bucket(name).set_expected_bucket_owner(owner).send()
                        })
                        .await;
                    $bucket.$member = $reader.reading(ReadingKind::$kind, answer.map($becomes));
                }
                CallDecision::LeaveOut => $bucket.$member = Reading::LeftOut,
                CallDecision::Skip => {}
            }
        })+
    };
}

/// Reads one bucket, beginning with what the listing or an earlier round said about it: what was read
/// already is not read again.
///
/// A bucket that was not listed may belong to another account and still answer; then its readings
/// would be judged as this account's. S3 is given the owner it must have
/// (`x-amz-expected-bucket-owner`) and refuses otherwise.
pub async fn read(
    session: &Session,
    round: &Round<'_>,
    name: &str,
    listed: BucketInventory,
) -> BucketInventory {
    let unlisted = listed.created.is_none() && round.account != UNKNOWN_ACCOUNT;
    let owner = unlisted.then(|| round.account.to_owned());
    let mut reader = BucketReader::new(session, name, owner, listed.region.as_deref());
    let mut bucket = listed;
    // Ownership, policy and Block Public Access come first: they rule out the ACL and the policy
    // status. Versioning and policy say whether there can be anything more to read. Tags matter least:
    // beyond the limit of calls they are left out.
    read_in_order! { reader, round, bucket;
        BucketOwnership ownership get_bucket_ownership_controls ownership;
        BucketPolicy policy get_bucket_policy |output| output.policy;
        BucketPublicAccessBlock public_access_block get_public_access_block public_access_block;
        BucketAcl acl get_bucket_acl acl;
        BucketPolicyStatus policy_status get_bucket_policy_status policy_status;
        BucketEncryption encryption get_bucket_encryption encryption;
        BucketLogging logging get_bucket_logging logging;
        BucketVersioning versioning get_bucket_versioning versioning;
        BucketWebsite website get_bucket_website website;
        BucketCors cors get_bucket_cors cors;
        BucketLifecycle lifecycle get_bucket_lifecycle_configuration lifecycle;
        BucketReplication replication get_bucket_replication replication;
        BucketObjectLock object_lock get_object_lock_configuration object_lock;
        BucketRequestPayment request_payment get_bucket_request_payment request_payment;
        BucketAbac abac get_bucket_abac abac;
        BucketTags tags get_bucket_tagging tags;
    }
    // Only where S3 answered for the bucket is its Region known: not where every call was refused,
    // and not the Region that was merely tried first on an endpoint that serves all of them.
    if bucket.region.is_none()
        && reader.placed
        && (reader.moved || session.clients.endpoint().is_none())
    {
        bucket.region = Some(reader.region);
    }
    bucket
}

/// Whether a bucket is there and belongs to `owner`; the given Region is tried first.
pub async fn head(
    session: &Session,
    name: &str,
    region: Option<&str>,
    owner: &str,
) -> Reading<BucketHead> {
    let mut reader = BucketReader::new(session, name, Some(owner.to_owned()), region);
    let answer = reader
        .ask(|s3, name, owner| {
            let call = s3.head_bucket().bucket(name);
            call.set_expected_bucket_owner(owner).send()
        })
        .await;
    match answer {
        // A bare 404 says what it says, whatever the SDK makes of an answer without a body.
        Err(error) if error.status == Some(404) => Reading::Absent,
        answer => {
            let owner = owner.to_owned();
            let answer = answer.map(|_| Some(BucketHead { owner }));
            answer::reading(ReadingKind::TargetHead, answer)
        }
    }
}

// What answers become. `None` is a documented empty answer.

fn policy_status(output: GetBucketPolicyStatusOutput) -> Option<PolicyStatus> {
    output.policy_status.map(|status| PolicyStatus {
        is_public: status.is_public.unwrap_or(false),
    })
}

fn acl(output: GetBucketAclOutput) -> Option<Acl> {
    Some(Acl {
        owner: output.owner.and_then(|owner| owner.id),
        grants: output
            .grants
            .unwrap_or_default()
            .iter()
            .filter_map(grant)
            .collect(),
    })
}

fn ownership(output: GetBucketOwnershipControlsOutput) -> Option<Ownership> {
    let rule = output.ownership_controls?.rules.into_iter().next()?;
    Some(Ownership {
        object_ownership: rule.object_ownership.as_str().to_owned(),
    })
}

fn public_access_block(output: GetPublicAccessBlockOutput) -> Option<PublicAccessBlock> {
    let flags = output.public_access_block_configuration?;
    Some(PublicAccessBlock {
        block_public_acls: flags.block_public_acls.unwrap_or(false),
        ignore_public_acls: flags.ignore_public_acls.unwrap_or(false),
        block_public_policy: flags.block_public_policy.unwrap_or(false),
        restrict_public_buckets: flags.restrict_public_buckets.unwrap_or(false),
    })
}

pub(super) fn encryption(output: GetBucketEncryptionOutput) -> Option<Encryption> {
    let rules = output.server_side_encryption_configuration?.rules;
    rules.first().map(encryption_rule)
}

/// Logging that is off is an empty document, not an error.
fn logging(output: GetBucketLoggingOutput) -> Option<Logging> {
    output.logging_enabled.map(logging_enabled)
}

/// Versioning that was never set is an empty document, not an error.
fn versioning(output: GetBucketVersioningOutput) -> Option<Versioning> {
    let versioning = Versioning {
        status: output.status.map(|status| status.as_str().to_owned()),
        mfa_delete: output.mfa_delete.map(|status| status.as_str() == "Enabled"),
    };
    (versioning != Versioning::default()).then_some(versioning)
}

fn tags(output: GetBucketTaggingOutput) -> Option<BTreeMap<String, String>> {
    Some(
        output
            .tag_set
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect(),
    )
}

fn website(output: GetBucketWebsiteOutput) -> Option<Website> {
    Some(Website {
        index_document: output.index_document.map(|index| index.suffix),
        redirect_all_to: output.redirect_all_requests_to.map(|to| to.host_name),
    })
}

fn cors(output: GetBucketCorsOutput) -> Option<Vec<CorsRule>> {
    let rules: Vec<CorsRule> = output
        .cors_rules
        .unwrap_or_default()
        .into_iter()
        .map(|rule| CorsRule {
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: rule.allowed_headers.unwrap_or_default(),
        })
        .collect();
    (!rules.is_empty()).then_some(rules)
}

fn lifecycle(output: GetBucketLifecycleConfigurationOutput) -> Option<Vec<LifecycleRule>> {
    let rules = output.rules.unwrap_or_default();
    let rules: Vec<LifecycleRule> = rules.iter().map(lifecycle_rule).collect();
    (!rules.is_empty()).then_some(rules)
}

fn replication(output: GetBucketReplicationOutput) -> Option<Replication> {
    let configuration = output.replication_configuration?;
    Some(Replication {
        rules: configuration
            .rules
            .iter()
            .filter_map(replication_rule)
            .collect(),
        role: configuration.role,
    })
}

fn object_lock(output: GetObjectLockConfigurationOutput) -> Option<ObjectLock> {
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
}

fn abac(output: GetBucketAbacOutput) -> Option<Abac> {
    let status = output.abac_status?.status?;
    Some(Abac {
        status: status.as_str().to_owned(),
    })
}

fn request_payment(output: GetBucketRequestPaymentOutput) -> Option<String> {
    output.payer.map(|payer| payer.as_str().to_owned())
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

pub(super) fn grant(grant: &SdkGrant) -> Option<Grant> {
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

fn encryption_rule(rule: &ServerSideEncryptionRule) -> Encryption {
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

fn logging_enabled(enabled: LoggingEnabled) -> Logging {
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
