//! An AWS endpoint of our own: as many buckets and functions as asked for, at a latency and a
//! request rate that can be set, with every request counted.
//!
//! It answers what the collector calls and nothing else, in AWS's own formats, and it does what
//! no local AWS does: redirects to the right Region, refuses single operations, throttles, fails
//! once and then works, fails by chance. Tests start it in their own process, the benchmark in another, and a
//! person with `cargo run --example synthetic_aws -- --help`.
//!
//! To add an operation: one row in the `OPERATIONS` of its service's file — what a request for it
//! looks like, and the function that answers. A service is a file with such a table, named in
//! [`operations`].

#![allow(
    dead_code,
    unused_imports,
    reason = "included by a test, a benchmark and an example, none of which uses all of it"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test tool: what cannot be is best reported loudly"
)]

mod account;
mod bucket_kinds;
mod cbor;
mod cloudtrail;
mod config;
mod ecr;
mod events;
mod faults;
mod iam;
mod identities;
mod kms;
mod lambda;
mod latency;
mod logs;
mod message;
mod metrics;
mod organizations;
mod pricing;
mod run_files;
mod s3;
mod s3control;
mod server;
mod sts;
mod throttle;
mod web_functions;
mod world;

pub use bucket_kinds::KindBucket;
pub use faults::{Fault, FaultPlan, Faults};
pub use iam::{Identity, LastCall, document};
pub use message::{Answer, Call, Operation};
pub use organizations::{Organization, OrganizationPolicy};
pub use pricing::lambda_product;
pub use run_files::{RUN_BUCKET, RunFiles};
pub use s3control::{AccessPoint, MultiRegionAccessPoint};
pub use server::{Endpoint, Seen};
pub use web_functions::web_function;
pub use world::{Bucket, Function, Object, World, config, key, trail};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How the endpoint behaves. The default is prompt, generous and reliable.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// How long each answer takes.
    pub latency: Duration,
    /// Requests a second that are served; the others are throttled.
    pub limit: Option<f64>,
    /// Requests above the limit that are served in one go after a pause; a tenth of a second's
    /// worth when not set.
    pub burst: Option<f64>,
    /// The limit counts for each service and Region by itself, as on AWS, not for all together.
    pub limit_each: bool,
    /// Operations that are refused, as `service:Operation`, or `service:Operation@region` in one Region.
    pub deny: BTreeSet<String>,
    /// Operations that always answer this status and error code.
    pub fail: BTreeMap<String, (u16, String)>,
    /// Operations that always answer this status and this text, whatever the service speaks.
    pub text: BTreeMap<String, (u16, String)>,
    /// Operations that answer so many times and then always fail with 400 InvalidToken.
    pub fail_from: BTreeMap<String, u64>,
    /// Operations that fail with 500 InternalError so many times, then work.
    pub flaky: BTreeMap<String, u64>,
    /// Operations that are throttled with 400 TooManyRequestsException so many times, then work.
    pub throttled: BTreeMap<String, u64>,
    /// Operations that get no answer at all.
    pub silent: BTreeSet<String>,
    /// After so many requests the endpoint hangs up on every further one.
    pub dies_after: Option<u64>,
    /// Faults that strike a share of all requests.
    pub faults: Faults,
    /// The most entries a page of a listing has; AWS's own limit when not set.
    pub page: Option<usize>,
    /// ListBuckets leaves the Region out, as moto does.
    pub no_bucket_region: bool,
    /// What is written to the bucket of runs.
    pub run_files: RunFiles,
    /// Remember every request, for [`Endpoint::seen`].
    pub record: bool,
}

impl Behaviour {
    /// Refuses one operation, as `service:Operation`.
    pub fn denying(operation: &str) -> Self {
        Self {
            deny: BTreeSet::from([operation.to_owned()]),
            ..Self::default()
        }
    }

    /// Answers one operation with this status and code, always.
    pub fn failing(operation: &str, status: u16, code: &str) -> Self {
        Self {
            fail: BTreeMap::from([(operation.to_owned(), (status, code.to_owned()))]),
            ..Self::default()
        }
    }
}

/// Every operation the endpoint knows.
fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        run_files::OPERATIONS,
        s3::OPERATIONS,
        s3control::OPERATIONS,
        lambda::OPERATIONS,
        web_functions::OPERATIONS,
        bucket_kinds::OPERATIONS,
        logs::OPERATIONS,
        sts::OPERATIONS,
        account::OPERATIONS,
        ecr::OPERATIONS,
        kms::OPERATIONS,
        events::OPERATIONS,
        metrics::OPERATIONS,
        cloudtrail::OPERATIONS,
        config::OPERATIONS,
        iam::OPERATIONS,
        organizations::OPERATIONS,
        pricing::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
