//! Access points: those of each Region, and the Multi-Region ones.
//!
//! The listing of a Region tells the origin, GetAccessPoint the Block Public Access flags. Multi-Region
//! access points are managed in one Region of the partition, and their listing tells the flags too.

use std::collections::BTreeMap;

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use aws_smithy_types::DateTime;
use futures::StreamExt;

use crate::inventory::Reading;
use crate::inventory::access_point::{
    AccessPointConfiguration, AccessPointInventory, AccessPointRegion,
    MultiRegionAccessPointInventory,
};
use crate::inventory::account::{Listing, RegionInventory};
use crate::inventory::bucket::{BucketInventory, PolicyStatus, PublicAccessBlock};
use crate::inventory::ids::partition;
use crate::inventory::need::{Guard, ReadingKind};

use super::answer;
use super::call_error::{CallError, ErrorKind};
use super::lane::Family;
use super::paging::following;
use super::session::Session;

/// Where Multi-Region access points are managed (S3 user guide, "Managing Multi-Region Access
/// Points": control plane requests go to US West (Oregon); copy of 2026). Other partitions have none.
const MULTI_REGION_HOME: &str = "us-west-2";

/// The access points of one Region.
pub type InRegion = (Reading<Listing>, BTreeMap<String, AccessPointInventory>);

/// The Multi-Region access points of an account.
pub type OverRegions = (
    Reading<Listing>,
    BTreeMap<String, MultiRegionAccessPointInventory>,
);

/// Reads the access points of a Region.
pub async fn read(session: &Session, account: &str, region: &str) -> InRegion {
    if !session.plan.access_points() {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let (listing, listed) = list(session, account, region).await;
    session.found(listed.len());
    let read = futures::stream::iter(listed)
        .map(|(name, listed)| async move {
            let point = read_one(session, account, region, &name, listed).await;
            session.progress.step(1);
            (name, point)
        })
        .buffer_unordered(session.request.concurrency.max(1))
        .collect()
        .await;
    (listing, read)
}

async fn list(session: &Session, account: &str, region: &str) -> InRegion {
    let client = session.clients.s3control(account, region);
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    let mut pages: u64 = 0;
    loop {
        let page = session
            .call(Family::S3Control, region, || {
                client
                    .list_access_points()
                    .account_id(account)
                    .max_results(1000)
                    .set_next_token(token.clone())
                    .send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let listing = ended_early(ReadingKind::AccessPointListing, pages, &error);
                return (listing, found);
            }
        };
        pages = pages.saturating_add(1);
        for point in page.access_point_list() {
            let listed = AccessPointInventory {
                bucket: point.bucket().to_owned(),
                bucket_account: point
                    .bucket_account_id()
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned),
                network_origin: point.network_origin().as_str().to_owned(),
                vpc: point
                    .vpc_configuration()
                    .map(|vpc| vpc.vpc_id().to_owned())
                    .filter(|vpc| !vpc.is_empty()),
                ..AccessPointInventory::default()
            };
            found.insert(point.name().to_owned(), listed);
        }
        match following(page.next_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => return (Reading::Known(Listing { complete: true }), found),
        }
    }
}

async fn read_one(
    session: &Session,
    account: &str,
    region: &str,
    name: &str,
    listed: AccessPointInventory,
) -> AccessPointInventory {
    let client = session.clients.s3control(account, region);
    let mut point = listed;
    if session.plan.wants(ReadingKind::AccessPointConfiguration) {
        let answer = session
            .call(Family::S3Control, region, || {
                client
                    .get_access_point()
                    .account_id(account)
                    .name(name)
                    .send()
            })
            .await;
        point.configuration = answer::reading(
            ReadingKind::AccessPointConfiguration,
            answer.map(|output| {
                Some(AccessPointConfiguration {
                    public_access_block: flags(output.public_access_block_configuration()),
                    created: output.creation_date().map(DateTime::to_string),
                })
            }),
        );
    }
    let by_vpc = point.network_origin == "VPC";
    let calls = |kind| {
        session
            .plan
            .calls(kind, |guard| by_vpc && guard == Guard::UnlessVpcOrigin)
    };
    if calls(ReadingKind::AccessPointPolicy) {
        let answer = session
            .call(Family::S3Control, region, || {
                client
                    .get_access_point_policy()
                    .account_id(account)
                    .name(name)
                    .send()
            })
            .await;
        point.policy = answer::reading(
            ReadingKind::AccessPointPolicy,
            answer.map(|output| output.policy.filter(|policy| !policy.is_empty())),
        );
    }
    if calls(ReadingKind::AccessPointPolicyStatus) && point.policy != Reading::Absent {
        let answer = session
            .call(Family::S3Control, region, || {
                client
                    .get_access_point_policy_status()
                    .account_id(account)
                    .name(name)
                    .send()
            })
            .await;
        point.policy_status = answer::reading(
            ReadingKind::AccessPointPolicyStatus,
            answer.map(|output| {
                output.policy_status.map(|status| PolicyStatus {
                    is_public: status.is_public,
                })
            }),
        );
    }
    point
}

/// Reads the Multi-Region access points.
pub async fn read_multi_region(session: &Session, account: &str) -> OverRegions {
    if !session.plan.access_points() {
        return (Reading::NotCollected, BTreeMap::new());
    }
    if partition(&session.home) != "aws" {
        return (Reading::Absent, BTreeMap::new());
    }
    let (listing, listed) = list_multi_region(session, account).await;
    session.found(listed.len());
    let read = futures::stream::iter(listed)
        .map(|(name, listed)| async move {
            let point = read_one_multi_region(session, account, &name, listed).await;
            session.progress.step(1);
            (name, point)
        })
        .buffer_unordered(session.request.concurrency.max(1))
        .collect()
        .await;
    (listing, read)
}

async fn list_multi_region(session: &Session, account: &str) -> OverRegions {
    let client = session.clients.s3control(account, MULTI_REGION_HOME);
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    let mut pages: u64 = 0;
    loop {
        let page = session
            .call(Family::S3Control, MULTI_REGION_HOME, || {
                client
                    .list_multi_region_access_points()
                    .account_id(account)
                    .max_results(1000)
                    .set_next_token(token.clone())
                    .send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let listing =
                    ended_early(ReadingKind::MultiRegionAccessPointListing, pages, &error);
                return (listing, found);
            }
        };
        pages = pages.saturating_add(1);
        for point in page.access_points() {
            let Some(name) = point.name() else { continue };
            let listed = MultiRegionAccessPointInventory {
                alias: point.alias().unwrap_or_default().to_owned(),
                status: point
                    .status()
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
                public_access_block: flags(point.public_access_block()),
                regions: point
                    .regions()
                    .iter()
                    .map(|region| AccessPointRegion {
                        bucket: region.bucket().unwrap_or_default().to_owned(),
                        region: region.region().unwrap_or_default().to_owned(),
                        bucket_account: region.bucket_account_id().map(str::to_owned),
                    })
                    .collect(),
                ..MultiRegionAccessPointInventory::default()
            };
            found.insert(name.to_owned(), listed);
        }
        match following(page.next_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => return (Reading::Known(Listing { complete: true }), found),
        }
    }
}

async fn read_one_multi_region(
    session: &Session,
    account: &str,
    name: &str,
    listed: MultiRegionAccessPointInventory,
) -> MultiRegionAccessPointInventory {
    let client = session.clients.s3control(account, MULTI_REGION_HOME);
    let mut point = listed;
    if session
        .plan
        .wants(ReadingKind::MultiRegionAccessPointPolicy)
    {
        let answer = session
            .call(Family::S3Control, MULTI_REGION_HOME, || {
                client
                    .get_multi_region_access_point_policy()
                    .account_id(account)
                    .name(name)
                    .send()
            })
            .await;
        // Without a policy the established one is an empty text.
        point.policy = answer::reading(
            ReadingKind::MultiRegionAccessPointPolicy,
            answer.map(|output| {
                let established = output.policy?.established?;
                established.policy.filter(|policy| !policy.is_empty())
            }),
        );
    }
    let wanted = session
        .plan
        .calls(ReadingKind::MultiRegionAccessPointPolicyStatus, |_| false);
    if wanted && point.policy != Reading::Absent {
        let answer = session
            .call(Family::S3Control, MULTI_REGION_HOME, || {
                client
                    .get_multi_region_access_point_policy_status()
                    .account_id(account)
                    .name(name)
                    .send()
            })
            .await;
        point.policy_status = answer::reading(
            ReadingKind::MultiRegionAccessPointPolicyStatus,
            answer.map(|output| {
                output.established.map(|status| PolicyStatus {
                    is_public: status.is_public,
                })
            }),
        );
    }
    point
}

/// The buckets of the account that access points lead to, but for those that only a VPC can use.
pub fn buckets_behind(
    account: &str,
    regions: &BTreeMap<String, RegionInventory>,
    multi_region: &BTreeMap<String, MultiRegionAccessPointInventory>,
) -> BTreeMap<String, BucketInventory> {
    let in_regions = regions.iter().flat_map(|(region, inventory)| {
        let points = inventory.access_points.values();
        points
            .filter(|point| point.is_public_network() && point.is_of_account(account))
            .map(move |point| (&point.bucket, region))
    });
    let in_several = multi_region.values().flat_map(|point| {
        point
            .regions
            .iter()
            .filter(|region| region.is_of_account(account))
            .map(|region| (&region.bucket, &region.region))
    });
    in_regions
        .chain(in_several)
        .map(|(bucket, region)| {
            let listed = BucketInventory {
                region: Some(region.clone()),
                ..BucketInventory::default()
            };
            (bucket.clone(), listed)
        })
        .collect()
}

fn flags(block: Option<&PublicAccessBlockConfiguration>) -> PublicAccessBlock {
    let flag = |of: fn(&PublicAccessBlockConfiguration) -> Option<bool>| {
        block.and_then(of).unwrap_or(false)
    };
    PublicAccessBlock {
        block_public_acls: flag(PublicAccessBlockConfiguration::block_public_acls),
        ignore_public_acls: flag(PublicAccessBlockConfiguration::ignore_public_acls),
        block_public_policy: flag(PublicAccessBlockConfiguration::block_public_policy),
        restrict_public_buckets: flag(PublicAccessBlockConfiguration::restrict_public_buckets),
    }
}

/// The listing when a page could not be read: the page's failure is the listing's. An interrupted
/// listing is merely not complete.
fn ended_early(kind: ReadingKind, pages: u64, error: &CallError) -> Reading<Listing> {
    if pages > 0 && error.kind == ErrorKind::Interrupted {
        return Reading::Known(Listing { complete: false });
    }
    answer::unread(kind, error)
}
