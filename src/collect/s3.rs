//! The readings of one bucket.
//!
//! All calls of a bucket are made one after the other: S3 has a host name a bucket, so they share
//! a connection, and a later call can be left out for what an earlier one said.

mod answers;
mod pointless;

pub(super) use answers::grant;
pub(super) use pointless::acls_are_off;

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
use super::plan::PlannedReadings;
use super::session::Session;

/// What a round over buckets reads, and what may be skipped for what is known already.
pub struct Round<'a> {
    /// What to read.
    pub readings: &'a PlannedReadings,
    /// The account they are read for.
    pub account: &'a str,
    /// The account's Block Public Access.
    pub block: &'a Reading<PublicAccessBlock>,
    /// How many calls a later round may make about a bucket. They go first: the least important calls
    /// ([`MOST_CALLS`]) wait for the last round, where none is to come.
    pub to_come: usize,
}

/// Why a guard rules a call out.
enum Skipped {
    /// What is known already answers it.
    Pointless,
    /// The limit of calls is reached.
    NoRoom,
}

impl<'a> Round<'a> {
    /// A round with none to come.
    pub const fn of(
        readings: &'a PlannedReadings,
        account: &'a str,
        block: &'a Reading<PublicAccessBlock>,
    ) -> Self {
        Self {
            readings,
            account,
            block,
            to_come: 0,
        }
    }

    /// True for a bucket that the calls made and the calls to come use up.
    pub fn uses_up(&self, bucket: &BucketInventory) -> bool {
        bucket.calls().saturating_add(self.to_come) >= MOST_CALLS
    }

    /// Whether the guard rules the call out for this bucket. The limit of calls is for buckets that
    /// exist: of another, one answer fills all readings.
    fn skips(&self, guard: Guard, bucket: &BucketInventory, exists: bool) -> Option<Skipped> {
        let pointless = match guard {
            Guard::UnlessBucketOwnerEnforced => pointless::acls_are_off(&bucket.ownership),
            Guard::UnlessAccountBlocksAll => pointless::all_are_blocked(self.block),
            Guard::UnlessNoPolicy => bucket.policy == Reading::Absent,
            Guard::OnlyWherePublicCounts => {
                bucket.policy == Reading::Absent
                    || pointless::restricts_nothing(self.block, &bucket.public_access_block)
                    || pointless::names_its_principals(&bucket.policy)
            }
            Guard::UnlessNotVersioned => pointless::is_unversioned(&bucket.versioning),
            Guard::UnlessNoTagCondition => !pointless::may_test_tags(&bucket.policy),
            _ => false,
        };
        let gives_way = matches!(guard, Guard::UnlessNoTagCondition | Guard::WhileThereIsRoom);
        if pointless {
            return Some(Skipped::Pointless);
        }
        (gives_way && exists && self.uses_up(bucket)).then_some(Skipped::NoRoom)
    }
}

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
        BucketOwnership ownership get_bucket_ownership_controls answers::ownership;
        BucketPolicy policy get_bucket_policy |output| output.policy;
        BucketPublicAccessBlock public_access_block get_public_access_block answers::public_access_block;
        BucketAcl acl get_bucket_acl answers::acl;
        BucketPolicyStatus policy_status get_bucket_policy_status answers::policy_status;
        BucketEncryption encryption get_bucket_encryption answers::encryption;
        BucketLogging logging get_bucket_logging answers::logging;
        BucketVersioning versioning get_bucket_versioning answers::versioning;
        BucketWebsite website get_bucket_website answers::website;
        BucketCors cors get_bucket_cors answers::cors;
        BucketLifecycle lifecycle get_bucket_lifecycle_configuration answers::lifecycle;
        BucketReplication replication get_bucket_replication answers::replication;
        BucketObjectLock object_lock get_object_lock_configuration answers::object_lock;
        BucketRequestPayment request_payment get_bucket_request_payment answers::request_payment;
        BucketAbac abac get_bucket_abac answers::abac;
        BucketTags tags get_bucket_tagging answers::tags;
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

/// What becomes of a reading.
enum CallDecision {
    Call,
    LeaveOut,
    Skip,
}

/// The calls of one bucket.
struct BucketReader<'a> {
    session: &'a Session,
    name: &'a str,
    /// The account the bucket must belong to, where no listing has said so.
    owner: Option<String>,
    region: String,
    /// S3 has redirected to another Region.
    moved: bool,
    /// The bucket has answered in this Region: with a value, or that there is no such configuration.
    placed: bool,
    /// The bucket does not exist: every further call would say the same.
    gone: Option<CallError>,
}

impl<'a> BucketReader<'a> {
    fn new(
        session: &'a Session,
        name: &'a str,
        owner: Option<String>,
        region: Option<&str>,
    ) -> Self {
        Self {
            session,
            name,
            owner,
            region: region.unwrap_or(&session.home).to_owned(),
            moved: false,
            placed: false,
            gone: None,
        }
    }

    /// Whether to call for a reading that was not made yet.
    fn decide(
        &self,
        round: &Round<'_>,
        kind: ReadingKind,
        bucket: &BucketInventory,
    ) -> CallDecision {
        let Some(guards) = round.readings.guards(kind) else {
            return CallDecision::Skip;
        };
        let mut decision = CallDecision::Skip;
        for guard in guards {
            match round.skips(*guard, bucket, self.gone.is_none()) {
                None => return CallDecision::Call,
                // A later round may have room.
                Some(Skipped::NoRoom) if round.to_come == 0 => decision = CallDecision::LeaveOut,
                Some(_) => {}
            }
        }
        decision
    }

    fn reading<T>(
        &mut self,
        kind: ReadingKind,
        answer: Result<Option<T>, CallError>,
    ) -> Reading<T> {
        let reading = answer::reading(kind, answer);
        self.placed |= matches!(reading, Reading::Known(_) | Reading::Absent);
        reading
    }

    /// Sends one call to the bucket's Region; follows S3 to another Region once.
    async fn ask<T, E, F, Fut>(&mut self, send: F) -> Result<T, CallError>
    where
        F: Fn(aws_sdk_s3::Client, String, Option<String>) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Some(error) = &self.gone {
            return Err(error.clone());
        }
        let answer = match self.send(&send).await {
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
        F: Fn(aws_sdk_s3::Client, String, Option<String>) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let client = self.session.clients.s3(&self.region);
        let send = || send(client.clone(), self.name.to_owned(), self.owner.clone());
        self.session.call(Family::S3, &self.region, send).await
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
