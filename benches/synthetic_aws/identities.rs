//! The identities and access points of a generated account: the same few, however large it is.

use serde_json::{Value, json};

use super::World;
use super::iam::{Identity, document};
use super::s3control::{AccessPoint, MultiRegionAccessPoint};
use super::world::bucket_name;

/// AmazonS3FullAccess, as AWS publishes it.
pub const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// Gives the world its identities: one of each kind of right, and one of each way to come by it.
pub fn add_identities(world: &mut World) {
    let own = |name: &str| format!("arn:aws:iam::{}:policy/{name}", world.account);
    let limits = own("limits");
    let mut deploy = Identity::new("role", "deploy").inline("put", allow("s3:Put*", "*"));
    deploy.boundary = Some(limits.clone());
    let mut linked = Identity::new("role", "AWSServiceRoleForBackup");
    linked.path = "/aws-service-role/backup.amazonaws.com/".to_owned();
    let policies = vec![
        (
            FULL_ACCESS.to_owned(),
            document(json!({
                "Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*",
            })),
        ),
        // AWS managed, not one of the account's own.
        (
            "arn:aws:iam::aws:policy/AmazonSQSFullAccess".to_owned(),
            document(allow("sqs:*", "*")),
        ),
        (limits, document(allow("s3:Get*", "*"))),
        (own("storage"), document(allow("s3:*", "*"))),
        (own("left-over"), document(allow("*", "*"))),
    ];
    world.identities = vec![
        Identity::new("user", "ann")
            .member_of("ops")
            .key("AKIAIOSFODNN7EXAMPLE", "Active"),
        Identity::new("group", "ops").attached(FULL_ACCESS),
        Identity::new("user", "ci")
            .attached(&policies[3].0)
            .key("AKIAI44QH8DHBEXAMPLE", "Inactive"),
        Identity::new("user", "mail").inline("send", allow("ses:SendEmail", "*")),
        Identity::new("role", "reader").inline("read", allow("s3:Get*", "*")),
        Identity::new("role", "writer").inline("write", allow("s3:PutObject", "*")),
        deploy,
        linked.inline("all", allow("s3:*", "*")),
    ];
    world.managed_policies = policies;
}

/// The bucket that everybody reads (see `World::generated`), behind doors of every kind.
const PUBLIC_BUCKET: usize = 4;

/// Gives the world access points, where it has the bucket they lead to.
pub fn add_access_points(world: &mut World, buckets: usize) {
    if buckets <= PUBLIC_BUCKET {
        return;
    }
    let bucket = bucket_name(PUBLIC_BUCKET);
    let region = world.region_of(PUBLIC_BUCKET);
    let object = |name: &str| {
        format!(
            "arn:aws:s3:{region}:{}:accesspoint/{name}/object/*",
            world.account
        )
    };
    let of_several =
        |alias: &str| format!("arn:aws:s3::{}:accesspoint/{alias}/object/*", world.account);
    let reads = |resource: &str| {
        document(json!({
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource,
        }))
    };
    // An unknown operator: only AWS's own word decides.
    let unclear = |resource: &str| {
        let mut policy = reads(resource);
        policy["Statement"][0]["Condition"] =
            json!({ "StringSoundsLike": { "aws:PrincipalTag/team": "web" } });
        policy
    };
    let point = |name: &str, block: bool, policy: Option<(Value, bool)>| AccessPoint {
        name: name.to_owned(),
        region: region.clone(),
        bucket: bucket.clone(),
        vpc: None,
        block: [block; 4],
        policy,
    };
    let several = |name: &str, alias: &str, policy: (Value, bool)| MultiRegionAccessPoint {
        name: name.to_owned(),
        alias: alias.to_owned(),
        buckets: vec![(bucket.clone(), region.clone())],
        block: [false; 4],
        policy: Some(policy),
    };
    let points = vec![
        point("blocked", true, Some((reads(&object("blocked")), true))),
        point("plain", false, None),
        AccessPoint {
            vpc: Some("vpc-0a1b2c3d"),
            ..point("inside", false, Some((reads(&object("inside")), false)))
        },
        point("open", false, Some((reads(&object("open")), true))),
        point("unclear", false, Some((unclear(&object("unclear")), false))),
    ];
    let multi_region = vec![
        several(
            "everywhere",
            "open.mrap",
            (reads(&of_several("open.mrap")), true),
        ),
        several(
            "unclear",
            "unclear.mrap",
            (unclear(&of_several("unclear.mrap")), false),
        ),
    ];
    world.access_points = points;
    world.multi_region_access_points = multi_region;
}
