//! s3control: account-level Block Public Access, access points and Multi-Region access points.

use serde_json::Value;

use super::message::{Answer, Call, Operation, escape, page};
use super::world::public_access_block;
use super::{Behaviour, World};

/// Where Multi-Region access points are managed.
const MULTI_REGION_HOME: &str = "us-west-2";

/// An access point of a bucket.
#[derive(Clone, Debug, Default)]
pub struct AccessPoint {
    /// Its name.
    pub name: String,
    /// Its Region.
    pub region: String,
    /// Its bucket.
    pub bucket: String,
    /// The VPC it is bound to.
    pub vpc: Option<&'static str>,
    /// Block Public Access, in AWS's order.
    pub block: [bool; 4],
    /// Its policy, and whether AWS calls it public.
    pub policy: Option<(Value, bool)>,
}

/// A Multi-Region access point.
#[derive(Clone, Debug, Default)]
pub struct MultiRegionAccessPoint {
    /// Its name.
    pub name: String,
    /// Its alias.
    pub alias: String,
    /// Buckets with their Regions.
    pub buckets: Vec<(String, String)>,
    /// Block Public Access, in AWS's order.
    pub block: [bool; 4],
    /// Its policy, and whether AWS calls it public.
    pub policy: Option<(Value, bool)>,
}

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    operation(
        "GetPublicAccessBlock",
        |call| call.path == "v20180820/configuration/publicAccessBlock",
        get_public_access_block,
    ),
    operation(
        "ListAccessPoints",
        |call| call.path == "v20180820/accesspoint",
        list_access_points,
    ),
    operation(
        "GetAccessPoint",
        |call| named(call, "v20180820/accesspoint/", ""),
        |w, _, c| of_point(w, c, "", configuration),
    ),
    operation(
        "GetAccessPointPolicy",
        |call| named(call, "v20180820/accesspoint/", "/policy"),
        |w, _, c| of_point(w, c, "/policy", policy),
    ),
    operation(
        "GetAccessPointPolicyStatus",
        |call| named(call, "v20180820/accesspoint/", "/policyStatus"),
        |w, _, c| of_point(w, c, "/policyStatus", policy_status),
    ),
    operation(
        "ListMultiRegionAccessPoints",
        |call| call.path == "v20180820/mrap/instances",
        list_multi_region_access_points,
    ),
    operation(
        "GetMultiRegionAccessPointPolicy",
        |call| named(call, "v20180820/mrap/instances/", "/policy"),
        multi_region_policy,
    ),
    operation(
        "GetMultiRegionAccessPointPolicyStatus",
        |call| named(call, "v20180820/mrap/instances/", "/policystatus"),
        multi_region_policy_status,
    ),
];

const fn operation(
    name: &'static str,
    matches: fn(&Call) -> bool,
    answer: fn(&World, &Behaviour, &Call) -> Answer,
) -> Operation {
    Operation {
        service: "s3control",
        name,
        matches,
        answer,
    }
}

/// True for `<before><name><after>`.
fn named(call: &Call, before: &str, after: &str) -> bool {
    !name_in(call, before, after).is_empty()
}

fn name_in<'a>(call: &'a Call, before: &str, after: &str) -> &'a str {
    call.path
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .filter(|name| !name.contains('/'))
        .unwrap_or_default()
}

fn get_public_access_block(world: &World, _: &Behaviour, call: &Call) -> Answer {
    if call.account_header != world.account {
        return Answer::error("s3control", 403, "AccessDenied", "not your account");
    }
    match world.public_access_block {
        Some(flags) => Answer::xml(public_access_block(flags)),
        None => Answer::error(
            "s3control",
            404,
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ),
    }
}

/// The entries of the page that is asked for, and the element that names the next one.
fn xml_page(all: &[String], behaviour: &Behaviour, call: &Call) -> (String, String) {
    let (entries, next) = page(all, call.param("nextToken"), behaviour.page.unwrap_or(1000));
    let token = next.map_or_else(String::new, |token| {
        format!("<NextToken>{token}</NextToken>")
    });
    (entries.concat(), token)
}

fn list_access_points(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let all: Vec<String> = world
        .access_points
        .iter()
        .filter(|point| point.region == call.region)
        .map(|point| format!("<AccessPoint>{}</AccessPoint>", described(world, point)))
        .collect();
    let (entries, token) = xml_page(&all, behaviour, call);
    Answer::xml(format!(
        "<ListAccessPointsResult><AccessPointList>{entries}</AccessPointList>{token}</ListAccessPointsResult>"
    ))
}

fn described(world: &World, point: &AccessPoint) -> String {
    let origin = match point.vpc {
        Some(vpc) => format!(
            "<NetworkOrigin>VPC</NetworkOrigin><VpcConfiguration><VpcId>{vpc}</VpcId></VpcConfiguration>"
        ),
        None => "<NetworkOrigin>Internet</NetworkOrigin>".to_owned(),
    };
    format!(
        "<Name>{}</Name>{origin}<Bucket>{}</Bucket><BucketAccountId>{}</BucketAccountId>",
        escape(&point.name),
        escape(&point.bucket),
        world.account
    )
}

fn of_point(
    world: &World,
    call: &Call,
    after: &str,
    answer: fn(&World, &AccessPoint) -> Answer,
) -> Answer {
    let name = name_in(call, "v20180820/accesspoint/", after);
    let found = world
        .access_points
        .iter()
        .find(|point| point.region == call.region && point.name == name);
    match found {
        Some(point) => answer(world, point),
        None => Answer::error(
            "s3control",
            404,
            "NoSuchAccessPoint",
            "no such access point",
        ),
    }
}

/// The flags under the name that the two kinds of access points give them.
fn block(element: &str, flags: [bool; 4]) -> String {
    let document = public_access_block(flags);
    let inner = document
        .split_once('>')
        .and_then(|(_, rest)| rest.rsplit_once("</"))
        .map_or("", |(inner, _)| inner);
    format!("<{element}>{inner}</{element}>")
}

fn configuration(world: &World, point: &AccessPoint) -> Answer {
    Answer::xml(format!(
        "<GetAccessPointResult>{}{}<CreationDate>2024-01-02T03:04:05Z</CreationDate></GetAccessPointResult>",
        described(world, point),
        block("PublicAccessBlockConfiguration", point.block)
    ))
}

fn no_policy() -> Answer {
    Answer::error(
        "s3control",
        404,
        "NoSuchAccessPointPolicy",
        "The specified accesspoint does not have a policy",
    )
}

fn policy(_: &World, point: &AccessPoint) -> Answer {
    match &point.policy {
        Some((policy, _)) => Answer::xml(format!(
            "<GetAccessPointPolicyResult><Policy>{}</Policy></GetAccessPointPolicyResult>",
            escape(&policy.to_string())
        )),
        None => no_policy(),
    }
}

fn policy_status(_: &World, point: &AccessPoint) -> Answer {
    match &point.policy {
        Some((_, public)) => Answer::xml(format!(
            "<GetAccessPointPolicyStatusResult><PolicyStatus><IsPublic>{public}</IsPublic></PolicyStatus>\
             </GetAccessPointPolicyStatusResult>"
        )),
        None => no_policy(),
    }
}

fn list_multi_region_access_points(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    if call.region != MULTI_REGION_HOME {
        return Answer::error("s3control", 400, "InvalidRequest", "wrong Region");
    }
    let all: Vec<String> = world
        .multi_region_access_points
        .iter()
        .map(|point| {
            let regions: String = point
                .buckets
                .iter()
                .map(|(bucket, region)| {
                    format!(
                        "<Region><Bucket>{bucket}</Bucket><Region>{region}</Region>\
                         <BucketAccountId>{}</BucketAccountId></Region>",
                        world.account
                    )
                })
                .collect();
            format!(
                "<AccessPoint><Name>{}</Name><Alias>{}</Alias><CreatedAt>2024-01-02T03:04:05Z</CreatedAt>\
                 {}<Status>READY</Status><Regions>{regions}</Regions></AccessPoint>",
                point.name,
                point.alias,
                block("PublicAccessBlock", point.block)
            )
        })
        .collect();
    let (entries, token) = xml_page(&all, behaviour, call);
    Answer::xml(format!(
        "<ListMultiRegionAccessPointsResult><AccessPoints>{entries}</AccessPoints>{token}</ListMultiRegionAccessPointsResult>"
    ))
}

fn of_several<'a>(
    world: &'a World,
    call: &Call,
    after: &str,
) -> Option<&'a MultiRegionAccessPoint> {
    let name = name_in(call, "v20180820/mrap/instances/", after);
    world
        .multi_region_access_points
        .iter()
        .find(|point| call.region == MULTI_REGION_HOME && point.name == name)
}

fn missing() -> Answer {
    Answer::error(
        "s3control",
        404,
        "NoSuchMultiRegionAccessPoint",
        "no such access point",
    )
}

/// Without a policy AWS answers with an empty one.
fn multi_region_policy(world: &World, _: &Behaviour, call: &Call) -> Answer {
    of_several(world, call, "/policy").map_or_else(missing, |point| {
        let text = point
            .policy
            .as_ref()
            .map_or_else(String::new, |(policy, _)| escape(&policy.to_string()));
        Answer::xml(format!(
            "<GetMultiRegionAccessPointPolicyResult><Policy><Established><Policy>{text}</Policy></Established></Policy>\
             </GetMultiRegionAccessPointPolicyResult>"
        ))
    })
}

fn multi_region_policy_status(world: &World, _: &Behaviour, call: &Call) -> Answer {
    of_several(world, call, "/policystatus").map_or_else(missing, |point| {
        let public = point.policy.as_ref().is_some_and(|(_, public)| *public);
        Answer::xml(format!(
            "<GetMultiRegionAccessPointPolicyStatusResult><Established><IsPublic>{public}</IsPublic></Established>\
             </GetMultiRegionAccessPointPolicyStatusResult>"
        ))
    })
}
