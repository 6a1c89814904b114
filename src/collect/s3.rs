//! The readings of one bucket.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be left out for what an earlier one said.

mod answers;
mod pointless;

pub(super) use answers::grant;

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::bucket::{BucketInventory, PublicAccessBlock};
use crate::inventory::need::{Guard, MOST_CALLS, ReadingKind};
use crate::inventory::target::BucketHead;

use super::answer;
use super::call_error::CallError;
use super::identity::UNKNOWN_ACCOUNT;
use super::lane::Family;
use super::plan::Plan;
use super::session::Session;

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

/// What a round over buckets asks, and what it may leave out for what is known already.
pub struct Round<'a> {
    /// What to read.
    pub plan: &'a Plan,
    /// The account they are read for.
    pub account: &'a str,
    /// The account's Block Public Access.
    pub block: &'a Reading<PublicAccessBlock>,
    /// How many calls a later round may make about a bucket. They go first: what gives way to them
    /// ([`MOST_CALLS`]) waits for the last round, where none is to come.
    pub to_come: usize,
}

impl<'a> Round<'a> {
    /// A round with none to come.
    pub const fn of(
        plan: &'a Plan,
        account: &'a str,
        block: &'a Reading<PublicAccessBlock>,
    ) -> Self {
        Self {
            plan,
            account,
            block,
            to_come: 0,
        }
    }

    /// True for a bucket that the calls made and the calls to come use up.
    pub fn uses_up(&self, bucket: &BucketInventory) -> bool {
        bucket.calls().saturating_add(self.to_come) >= MOST_CALLS
    }

    /// Says of a reading that gave way to others that it did, unless a later round may have room.
    fn leave_out<T>(&self, reading: &mut Reading<T>, kind: ReadingKind, guard: Guard) {
        let waits = self.to_come > 0;
        if !waits && reading.is_not_collected() && self.plan.gives_way(kind, guard) {
            *reading = Reading::LeftOut;
        }
    }
}

/// Reads one bucket, beginning with what the listing or an earlier round said about it: what was read
/// already is not read again.
///
/// A bucket that was not listed may belong to somebody else and still answer; then its readings
/// would be judged as this account's. S3 is told whose it must be (`x-amz-expected-bucket-owner`)
/// and refuses otherwise.
pub async fn read(
    session: &Session,
    round: &Round<'_>,
    name: &str,
    listed: BucketInventory,
) -> BucketInventory {
    let unlisted = listed.created.is_none() && round.account != UNKNOWN_ACCOUNT;
    let mut reader = Reader {
        session,
        plan: round.plan,
        name,
        owner: unlisted.then(|| round.account.to_owned()),
        region: listed
            .region
            .clone()
            .unwrap_or_else(|| session.home.clone()),
        moved: false,
        placed: false,
        gone: None,
    };
    let mut b = listed;
    // Ownership, policy and Block Public Access come first: they rule out the ACL and the policy
    // status.
    read!(
        reader,
        b.ownership,
        BucketOwnership,
        &[],
        get_bucket_ownership_controls,
        answers::ownership
    );
    read!(
        reader,
        b.policy,
        BucketPolicy,
        &[],
        get_bucket_policy,
        |output| output.policy
    );
    let account_blocks = pointless::all_are_blocked(round.block);
    let account_blocks = account_blocks.then_some(Guard::UnlessAccountBlocksAll);
    read!(
        reader,
        b.public_access_block,
        BucketPublicAccessBlock,
        account_blocks.as_slice(),
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
        enforced.as_slice(),
        get_bucket_acl,
        answers::acl
    );
    let no_policy = b.policy == Reading::Absent;
    let idle: &[Guard] = if no_policy {
        &[Guard::OnlyWherePublicCounts, Guard::UnlessNoPolicy]
    } else if pointless::nobody_is_cut_off(round.block, &b.public_access_block)
        || pointless::names_its_principals(&b.policy)
    {
        &[Guard::OnlyWherePublicCounts]
    } else {
        &[]
    };
    read!(
        reader,
        b.policy_status,
        BucketPolicyStatus,
        idle,
        get_bucket_policy_status,
        answers::policy_status
    );
    read!(
        reader,
        b.encryption,
        BucketEncryption,
        &[],
        get_bucket_encryption,
        answers::encryption
    );
    read!(
        reader,
        b.logging,
        BucketLogging,
        &[],
        get_bucket_logging,
        answers::logging
    );
    read!(
        reader,
        b.versioning,
        BucketVersioning,
        &[],
        get_bucket_versioning,
        answers::versioning
    );
    read!(
        reader,
        b.website,
        BucketWebsite,
        &[],
        get_bucket_website,
        answers::website
    );
    read!(
        reader,
        b.cors,
        BucketCors,
        &[],
        get_bucket_cors,
        answers::cors
    );
    read!(
        reader,
        b.lifecycle,
        BucketLifecycle,
        &[],
        get_bucket_lifecycle_configuration,
        answers::lifecycle
    );
    // Versioning and policy say whether there can be anything to read.
    let unversioned = pointless::is_unversioned(&b.versioning).then_some(Guard::UnlessNotVersioned);
    read!(
        reader,
        b.replication,
        BucketReplication,
        unversioned.as_slice(),
        get_bucket_replication,
        answers::replication
    );
    read!(
        reader,
        b.object_lock,
        BucketObjectLock,
        unversioned.as_slice(),
        get_object_lock_configuration,
        answers::object_lock
    );
    read!(
        reader,
        b.request_payment,
        BucketRequestPayment,
        &[],
        get_bucket_request_payment,
        answers::request_payment
    );
    // Who pays decides whether logs arrive; these two matter less, and give way.
    let tests_tags = pointless::may_test_tags(&b.policy);
    let used_up = reader.is_used_up(round, &b);
    let no_tag_condition = (used_up || !tests_tags).then_some(Guard::UnlessNoTagCondition);
    read!(
        reader,
        b.abac,
        BucketAbac,
        no_tag_condition.as_slice(),
        get_bucket_abac,
        answers::abac
    );
    if used_up && tests_tags {
        round.leave_out(
            &mut b.abac,
            ReadingKind::BucketAbac,
            Guard::UnlessNoTagCondition,
        );
    }
    let used_up = reader.is_used_up(round, &b);
    read!(
        reader,
        b.tags,
        BucketTags,
        used_up.then_some(Guard::WhileThereIsRoom).as_slice(),
        get_bucket_tagging,
        answers::tags
    );
    if used_up {
        round.leave_out(
            &mut b.tags,
            ReadingKind::BucketTags,
            Guard::WhileThereIsRoom,
        );
    }
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
        Err(error) if error.status == Some(404) => Reading::Absent,
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
    gone: Option<CallError>,
}

impl Reader<'_> {
    /// True when no call is left; of a bucket that does not exist one call told all readings.
    fn is_used_up(&self, round: &Round<'_>, bucket: &BucketInventory) -> bool {
        self.gone.is_none() && round.uses_up(bucket)
    }

    /// One reading, unless it was made before, nobody wants it, or it is known to be pointless.
    async fn reading<T, O, E, F, Fut>(
        &mut self,
        already: Reading<T>,
        kind: ReadingKind,
        pointless: &[Guard],
        send: F,
        becomes: impl FnOnce(O) -> Option<T>,
    ) -> Reading<T>
    where
        F: Fn(aws_sdk_s3::Client, String, Option<String>) -> Fut,
        Fut: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let wanted = self.plan.calls(kind, |guard| pointless.contains(&guard));
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
    async fn ask<T, E, F, Fut>(&mut self, send: F) -> Result<T, CallError>
    where
        F: Fn(aws_sdk_s3::Client) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Some(error) = &self.gone {
            return Err(error.clone());
        }
        let answer = self.send(&send).await;
        let answer = match answer {
            Err(error) if !self.moved && self.follow(&error) => self.send(&send).await,
            other => other,
        };
        if let Err(error) = &answer
            && error.answered
            && error.code == "NoSuchBucket"
        {
            self.gone = Some(error.clone());
        }
        answer
    }

    async fn send<T, E, F, Fut>(&self, send: &F) -> Result<T, CallError>
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
    fn follow(&mut self, error: &CallError) -> bool {
        let sent_away = matches!(error.status, Some(301 | 307 | 400));
        match &error.bucket_region {
            Some(region) if sent_away && *region != self.region => {
                self.region.clone_from(region);
                self.moved = true;
                true
            }
            _ => false,
        }
    }
}
