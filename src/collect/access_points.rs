//! Access points: those of each Region, and the Multi-Region ones.
//!
//! The listing of a Region has the origin, GetAccessPoint the Block Public Access flags. Multi-Region
//! access points are managed in one Region of the partition, and their listing has the flags too.

use std::collections::BTreeMap;

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use aws_smithy_types::DateTime;

use crate::inventory::Reading;
use crate::inventory::access_point::{
    AccessPointConfiguration, AccessPointInventory, AccessPointRegion,
    MultiRegionAccessPointInventory,
};
use crate::inventory::account::{AccountInventory, Listing};
use crate::inventory::bucket::{BucketInventory, PolicyStatus, PublicAccessBlock};
use crate::inventory::ids::{SubjectKind, partition};
use crate::inventory::need::{Guard, ReadingKind};

use super::answer::ask;
use super::lane::ServiceFamily;
use super::paging::{each, listing, pages};
use super::session::Session;

/// Where Multi-Region access points are managed (S3 user guide, "Managing Multi-Region Access
/// Points": control plane requests go to US West (Oregon); copy of 2026). Other partitions have none.
const MULTI_REGION_HOME: &str = "us-west-2";

/// How a listing went, and the access points with their readings, by name.
pub type Listed<P> = (Reading<Listing>, BTreeMap<String, P>);

/// Reads the access points of a Region.
pub async fn read(session: &Session, account: &str, region: &str) -> Listed<AccessPointInventory> {
    if !session.plan.lists(SubjectKind::AccessPoint) {
        return (Reading::NotCollected, BTreeMap::new());
    }
    let (listing, listed) = list(session, account, region).await;
    let read = each(session, listed, |(name, listed)| async move {
        let point = read_one(session, account, region, &name, listed).await;
        (name, point)
    });
    (listing, read.await)
}

async fn list(session: &Session, account: &str, region: &str) -> Listed<AccessPointInventory> {
    let client = session.clients.s3control(account, region);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Control, region),
        |token| {
            client
                .list_access_points()
                .account_id(account)
                .max_results(1000)
                .set_next_token(token)
                .send()
        },
        |page| {
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
            page.next_token
        },
    )
    .await;
    let listing = listing(ReadingKind::AccessPointListing, went, true);
    (listing, found)
}

async fn read_one(
    session: &Session,
    account: &str,
    region: &str,
    name: &str,
    listed: AccessPointInventory,
) -> AccessPointInventory {
    let client = session.clients.s3control(account, region);
    let lane = (ServiceFamily::S3Control, region);
    let mut point = listed;
    point.configuration = ask(
        session,
        lane,
        ReadingKind::AccessPointConfiguration,
        || {
            let call = client.get_access_point().account_id(account);
            call.name(name).send()
        },
        |output| {
            Some(AccessPointConfiguration {
                public_access_block: flags(output.public_access_block_configuration()),
                created: output.creation_date().map(DateTime::to_string),
            })
        },
    )
    .await;
    let by_vpc = point.network_origin == "VPC";
    let calls = |kind| {
        session
            .plan
            .calls(kind, |guard| by_vpc && guard == Guard::UnlessVpcOrigin)
    };
    if calls(ReadingKind::AccessPointPolicy) {
        point.policy = ask(
            session,
            lane,
            ReadingKind::AccessPointPolicy,
            || {
                let call = client.get_access_point_policy().account_id(account);
                call.name(name).send()
            },
            |output| output.policy.filter(|policy| !policy.is_empty()),
        )
        .await;
    }
    if calls(ReadingKind::AccessPointPolicyStatus) && point.policy != Reading::Absent {
        point.policy_status = ask(
            session,
            lane,
            ReadingKind::AccessPointPolicyStatus,
            || {
                let call = client.get_access_point_policy_status();
                call.account_id(account).name(name).send()
            },
            |output| output.policy_status.map(policy_status),
        )
        .await;
    }
    point
}

fn policy_status(status: aws_sdk_s3control::types::PolicyStatus) -> PolicyStatus {
    PolicyStatus {
        is_public: status.is_public,
    }
}

/// Reads the Multi-Region access points.
pub async fn read_multi_region(
    session: &Session,
    account: &str,
) -> Listed<MultiRegionAccessPointInventory> {
    if !session.plan.lists(SubjectKind::AccessPoint) {
        return (Reading::NotCollected, BTreeMap::new());
    }
    if partition(&session.home) != "aws" {
        return (Reading::Absent, BTreeMap::new());
    }
    let (listing, listed) = list_multi_region(session, account).await;
    let read = each(session, listed, |(name, listed)| async move {
        let point = read_one_multi_region(session, account, &name, listed).await;
        (name, point)
    });
    (listing, read.await)
}

async fn list_multi_region(
    session: &Session,
    account: &str,
) -> Listed<MultiRegionAccessPointInventory> {
    let client = session.clients.s3control(account, MULTI_REGION_HOME);
    let mut found = BTreeMap::new();
    let went = pages(
        session,
        (ServiceFamily::S3Control, MULTI_REGION_HOME),
        |token| {
            client
                .list_multi_region_access_points()
                .account_id(account)
                .max_results(1000)
                .set_next_token(token)
                .send()
        },
        |page| {
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
            page.next_token
        },
    )
    .await;
    let listing = listing(ReadingKind::MultiRegionAccessPointListing, went, true);
    (listing, found)
}

async fn read_one_multi_region(
    session: &Session,
    account: &str,
    name: &str,
    listed: MultiRegionAccessPointInventory,
) -> MultiRegionAccessPointInventory {
    let client = session.clients.s3control(account, MULTI_REGION_HOME);
    let lane = (ServiceFamily::S3Control, MULTI_REGION_HOME);
    let mut point = listed;
    // Without a policy the established one is an empty text.
    point.policy = ask(
        session,
        lane,
        ReadingKind::MultiRegionAccessPointPolicy,
        || {
            let call = client.get_multi_region_access_point_policy();
            call.account_id(account).name(name).send()
        },
        |output| {
            let established = output.policy?.established?;
            established.policy.filter(|policy| !policy.is_empty())
        },
    )
    .await;
    if point.policy != Reading::Absent {
        point.policy_status = ask(
            session,
            lane,
            ReadingKind::MultiRegionAccessPointPolicyStatus,
            || {
                let call = client.get_multi_region_access_point_policy_status();
                call.account_id(account).name(name).send()
            },
            |output| output.established.map(policy_status),
        )
        .await;
    }
    point
}

/// The buckets of the account that access points lead to, but for those that only a VPC can use.
pub fn buckets_behind(id: &str, account: &AccountInventory) -> BTreeMap<String, BucketInventory> {
    let in_regions = account.regions.iter().flat_map(|(region, inventory)| {
        let points = inventory.access_points.values();
        points
            .filter(|point| point.is_public_network() && point.is_of_account(id))
            .map(move |point| (&point.bucket, region))
    });
    let in_several = account
        .multi_region_access_points
        .values()
        .flat_map(|point| {
            point
                .regions
                .iter()
                .filter(|region| region.is_of_account(id))
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
