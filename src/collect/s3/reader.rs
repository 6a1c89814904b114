//! The calls of one bucket: which are made, to which Region, and when the bucket is not there.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::inventory::Reading;
use crate::inventory::bucket::{BucketInventory, PublicAccessBlock};
use crate::inventory::need::{Guard, MOST_CALLS, ReadingKind};

use super::pointless;
use crate::collect::answer;
use crate::collect::call_error::CallError;
use crate::collect::lane::ServiceFamily;
use crate::collect::plan::PlannedReadings;
use crate::collect::session::Session;

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

/// What becomes of a reading.
pub enum CallDecision {
    /// Its call is made.
    Call,
    /// Its call is skipped for want of room, and that is noted.
    LeaveOut,
    /// Its call is skipped, or waits for a later round.
    Skip,
}

/// The calls of one bucket.
pub struct BucketReader<'a> {
    session: &'a Session,
    name: &'a str,
    /// The account the bucket must belong to, where no listing has said so.
    owner: Option<String>,
    /// The Region that is called.
    pub region: String,
    /// S3 has redirected to another Region.
    pub moved: bool,
    /// The bucket has answered in this Region: with a value, or that there is no such configuration.
    pub placed: bool,
    /// The bucket does not exist: every further call would say the same.
    gone: Option<CallError>,
}

impl<'a> BucketReader<'a> {
    /// With no call made yet; the given Region is tried first.
    pub fn new(
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
    pub fn decide(
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

    /// What an answer becomes.
    pub fn reading<T>(
        &mut self,
        kind: ReadingKind,
        answer: Result<Option<T>, CallError>,
    ) -> Reading<T> {
        let reading = answer::reading(kind, answer);
        self.placed |= matches!(reading, Reading::Known(_) | Reading::Absent);
        reading
    }

    /// Sends one call to the bucket's Region; follows S3 to another Region once.
    ///
    /// # Errors
    /// As the call's.
    pub async fn ask<T, E, F, Fut>(&mut self, send: F) -> Result<T, CallError>
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
        self.session
            .call(ServiceFamily::S3, &self.region, send)
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
