//! What to read of an account, and how: one request from the command line to the calls.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use super::ids::SubjectKind;
use super::need::{Need, ReadingKind};

/// The most requests in flight by default.
pub const DEFAULT_CONCURRENCY: usize = 128;

/// Gigabytes of logs that a measurement may scan, unless the user says otherwise.
pub const DEFAULT_MAX_SCAN_GB: f64 = 10.0;

/// Names or globs (`*`, `?`) that select resources; none select all.
#[derive(Debug)]
pub struct NameFilter(Vec<WildMatch>);

impl NameFilter {
    /// Compiles names or globs.
    pub fn new(globs: &[String]) -> Self {
        Self(globs.iter().map(|glob| WildMatch::new(glob)).collect())
    }

    /// True where it leaves nothing out.
    pub fn selects_all(&self) -> bool {
        self.0.is_empty()
    }

    /// True for a selected name.
    pub fn selects(&self, name: &str) -> bool {
        self.selects_all() || self.0.iter().any(|glob| glob.matches(name))
    }
}

/// Which resources to look at. Empty lists are no restriction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Region names, for buckets too.
    pub regions: Vec<String>,
    /// Bucket names or globs (`*`, `?`).
    pub buckets: Vec<String>,
    /// Function names or globs (`*`, `?`).
    pub functions: Vec<String>,
}

/// What to read, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectRequest {
    /// What the selected checks need.
    pub needs: BTreeSet<(SubjectKind, Need)>,
    /// The resources to read.
    pub resources: ResourceFilter,
    /// The AWS profile; `None` is the environment's.
    pub profile: Option<String>,
    /// A custom endpoint for all services; `None` is the environment's, or AWS.
    pub endpoint_url: Option<String>,
    /// Requests in flight at most, all services together: 32 at first, and more while no service
    /// refuses most requests.
    pub concurrency: usize,
    /// Requests a second at most, all services together; `None` is no such limit.
    pub rate: Option<f64>,
    /// Read the size of container images too (lambda:GetFunction, ecr:DescribeImages).
    pub image_sizes: bool,
    /// Read the grants of KMS keys (kms:ListGrants).
    pub key_grants: bool,
    /// Read when users and roles last called S3 (iam:GenerateServiceLastAccessedDetails,
    /// iam:GetServiceLastAccessedDetails).
    pub last_access: bool,
    /// Read so many objects of each bucket, 1 to 1,000 (s3:ListBucket, s3:GetObject,
    /// s3:GetObjectAcl); `None` reads none.
    pub sample_objects: Option<u32>,
    /// Read what zip packages and layers hold (lambda:GetFunction, lambda:GetLayerVersion).
    pub inspect_packages: bool,
    /// Read cold starts from the functions' logs, so many days back.
    pub measure_days: Option<u32>,
    /// Scan at most so many gigabytes (10^9 bytes) of logs for it.
    pub max_scan_gb: f64,
    /// Read what AWS charges for Lambda in each Region that has functions (pricing:GetProducts).
    pub live_prices: bool,
    /// Keep to Lambda's published quotas (15 requests a second in a Region, 100 for GetFunction);
    /// `None` does so on AWS and not on a custom endpoint, which has none.
    pub lambda_quota: Option<bool>,
}

impl Default for CollectRequest {
    fn default() -> Self {
        Self {
            needs: BTreeSet::new(),
            resources: ResourceFilter::default(),
            profile: None,
            endpoint_url: None,
            concurrency: DEFAULT_CONCURRENCY,
            rate: None,
            image_sizes: false,
            key_grants: false,
            last_access: false,
            sample_objects: None,
            inspect_packages: false,
            measure_days: None,
            max_scan_gb: DEFAULT_MAX_SCAN_GB,
            live_prices: false,
            lambda_quota: None,
        }
    }
}

impl CollectRequest {
    /// The opt-in readings that are turned on.
    pub fn opted(&self) -> BTreeSet<ReadingKind> {
        [
            (self.image_sizes, ReadingKind::FunctionImage),
            (self.key_grants, ReadingKind::KeyGrants),
            (self.last_access, ReadingKind::IdentityLastAccess),
            (self.inspect_packages, ReadingKind::FunctionPackages),
            (self.measure_days.is_some(), ReadingKind::FunctionMeasured),
            (self.live_prices, ReadingKind::LambdaPrices),
            (
                self.sample_objects.is_some(),
                ReadingKind::BucketObjectSample,
            ),
            (self.sample_objects.is_some(), ReadingKind::BucketObjectAcls),
        ]
        .into_iter()
        .filter_map(|(on, reading)| on.then_some(reading))
        .collect()
    }
}
