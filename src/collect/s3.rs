//! The readings of one bucket.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be left out for what an earlier one said.

mod answers;

pub(super) use answers::grant;

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::bucket::{BucketInventory, Versioning};
use crate::inventory::need::{Guard, ReadingKind};
use crate::inventory::target::BucketHead;

use super::answer;
use super::identity::UNKNOWN_ACCOUNT;
use super::lane::Family;
use super::plan::Plan;
use super::session::Session;
use super::trouble::Trouble;

/// The readings of one bucket, one line each: where it goes, which it is, what is known to make the
/// call pointless, the operation, and what its answer becomes.
macro_rules! read {
    ($reader:ident, $slot:expr, $kind:ident, $pointless:expr, $operation:ident, $becomes:expr) => {
        $slot = $reader
            .reading(
                std::mem::take(&mut $slot),
                ReadingKind::$kind,
                $pointless,
                |s3, name, owner| {
                    s3.$operation()
                        .bucket(name)
                        .set_expected_bucket_owner(owner)
                        .send()
                },
                $becomes,
            )
            .await;
    };
}

/// Reads one bucket, beginning with what the listing or an earlier plan said about it: what was read
/// already is not read again.
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
        placed: false,
        gone: None,
    };
    let mut b = listed;
    // Ownership and policy come first: they rule out the ACL and the policy status.
    read!(
        reader,
        b.ownership,
        BucketOwnership,
        None,
        get_bucket_ownership_controls,
        answers::ownership
    );
    read!(
        reader,
        b.policy,
        BucketPolicy,
        None,
        get_bucket_policy,
        |output| output.policy
    );
    read!(
        reader,
        b.public_access_block,
        BucketPublicAccessBlock,
        None,
        get_public_access_block,
        answers::public_access_block
    );
    let enforced = b
        .ownership
        .known()
        .is_some_and(|known| known.object_ownership == "BucketOwnerEnforced");
    let enforced = enforced.then_some(Guard::UnlessBucketOwnerEnforced);
    read!(
        reader,
        b.acl,
        BucketAcl,
        enforced,
        get_bucket_acl,
        answers::acl
    );
    let no_policy = (b.policy == Reading::Absent).then_some(Guard::UnlessNoPolicy);
    read!(
        reader,
        b.policy_status,
        BucketPolicyStatus,
        no_policy,
        get_bucket_policy_status,
        answers::policy_status
    );
    read!(
        reader,
        b.encryption,
        BucketEncryption,
        None,
        get_bucket_encryption,
        answers::encryption
    );
    read!(
        reader,
        b.logging,
        BucketLogging,
        None,
        get_bucket_logging,
        answers::logging
    );
    read!(
        reader,
        b.versioning,
        BucketVersioning,
        None,
        get_bucket_versioning,
        answers::versioning
    );
    read!(
        reader,
        b.tags,
        BucketTags,
        None,
        get_bucket_tagging,
        answers::tags
    );
    read!(
        reader,
        b.website,
        BucketWebsite,
        None,
        get_bucket_website,
        answers::website
    );
    read!(
        reader,
        b.cors,
        BucketCors,
        None,
        get_bucket_cors,
        answers::cors
    );
    read!(
        reader,
        b.lifecycle,
        BucketLifecycle,
        None,
        get_bucket_lifecycle_configuration,
        answers::lifecycle
    );
    // Versioning and policy say whether there can be anything to read.
    let unversioned = is_unversioned(&b.versioning).then_some(Guard::UnlessNotVersioned);
    read!(
        reader,
        b.replication,
        BucketReplication,
        unversioned,
        get_bucket_replication,
        answers::replication
    );
    read!(
        reader,
        b.object_lock,
        BucketObjectLock,
        unversioned,
        get_object_lock_configuration,
        answers::object_lock
    );
    let no_tag_condition = (!may_test_tags(&b.policy)).then_some(Guard::UnlessNoTagCondition);
    read!(
        reader,
        b.abac,
        BucketAbac,
        no_tag_condition,
        get_bucket_abac,
        answers::abac
    );
    read!(
        reader,
        b.request_payment,
        BucketRequestPayment,
        None,
        get_bucket_request_payment,
        answers::request_payment
    );
    // Only where S3 answered for the bucket is its Region known: not where every call was refused,
    // and not the Region that was merely tried first on an endpoint that serves all of them.
    if b.region.is_none() && reader.placed && (reader.moved || session.clients.endpoint().is_none())
    {
        b.region = Some(reader.region);
    }
    b
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
        placed: false,
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
    /// The bucket has answered in this Region: with a value, or that there is no such configuration.
    placed: bool,
    /// The bucket does not exist: every further call would say the same.
    gone: Option<Trouble>,
}

impl Reader<'_> {
    /// One reading, unless it was made before, nobody wants it, or it is known to be pointless.
    async fn reading<T, O, E, F, Fut>(
        &mut self,
        already: Reading<T>,
        kind: ReadingKind,
        pointless: Option<Guard>,
        send: F,
        becomes: impl FnOnce(O) -> Option<T>,
    ) -> Reading<T>
    where
        F: Fn(aws_sdk_s3::Client, String, Option<String>) -> Fut,
        Fut: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let wanted = self.plan.calls(kind, |guard| Some(guard) == pointless);
        if !wanted || !already.is_not_collected() {
            return already;
        }
        let (name, owner) = (self.name.to_owned(), self.owner.clone());
        let answer = self
            .ask(|s3| send(s3, name.clone(), owner.clone()))
            .await
            .map(becomes);
        let reading = answer::reading(kind, answer);
        self.placed |= matches!(reading, Reading::Known(_) | Reading::Absent);
        reading
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
}

/// Known not to be enabled.
fn is_unversioned(versioning: &Reading<Versioning>) -> bool {
    match versioning {
        Reading::Absent => true,
        Reading::Known(versioning) => versioning.status.as_deref() != Some("Enabled"),
        _ => false,
    }
}

/// False when the policy surely tests no tag of the bucket. Keys have no case, and an escaped
/// character could be part of one.
fn may_test_tags(policy: &Reading<String>) -> bool {
    match policy {
        Reading::Absent => false,
        Reading::Known(text) => {
            let text = text.to_lowercase();
            ["aws:resourcetag/", "s3:buckettag/", "\\u"]
                .iter()
                .any(|part| text.contains(part))
        }
        _ => true,
    }
}
