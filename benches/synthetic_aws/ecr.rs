//! ecr: how large a function's image is.

use serde_json::json;

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    service: "ecr",
    name: "DescribeImages",
    matches: |call| call.target.ends_with(".DescribeImages"),
    answer: describe_images,
}];

fn describe_images(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let digest = body["imageIds"][0]["imageDigest"]
        .as_str()
        .unwrap_or_default();
    let found = world
        .functions
        .iter()
        .filter_map(|function| function.image.as_ref())
        .find(|(uri, _)| !digest.is_empty() && uri.ends_with(digest));
    match found {
        Some((_, bytes)) => Answer::json(&json!({
            "imageDetails": [{
                "registryId": world.account,
                "repositoryName": body["repositoryName"],
                "imageDigest": digest,
                "imageSizeInBytes": bytes,
            }]
        })),
        None => Answer::error("ecr", 400, "ImageNotFoundException", "no such image"),
    }
}
