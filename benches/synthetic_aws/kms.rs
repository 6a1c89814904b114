//! kms: what a key is, and whether it rotates.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "kms",
        name: "DescribeKey",
        matches: |call| call.target.ends_with(".DescribeKey"),
        answer: describe_key,
    },
    Operation {
        service: "kms",
        name: "GetKeyRotationStatus",
        matches: |call| call.target.ends_with(".GetKeyRotationStatus"),
        answer: get_key_rotation_status,
    },
    Operation {
        service: "kms",
        name: "GetKeyPolicy",
        matches: |call| call.target.ends_with(".GetKeyPolicy"),
        answer: get_key_policy,
    },
    Operation {
        service: "kms",
        name: "ListGrants",
        matches: |call| call.target.ends_with(".ListGrants"),
        answer: list_grants,
    },
];

fn key<'a>(world: &'a World, call: &Call) -> Option<&'a Value> {
    world.keys.get(call.json()["KeyId"].as_str()?)
}

fn missing() -> Answer {
    Answer::error("kms", 400, "NotFoundException", "no such key")
}

fn describe_key(world: &World, _: &Behaviour, call: &Call) -> Answer {
    key(world, call).map_or_else(missing, |key| Answer::json(&json!({ "KeyMetadata": key })))
}

/// Whether a key rotates is kept beside what AWS reports about it, under `Rotates`.
fn get_key_rotation_status(world: &World, _: &Behaviour, call: &Call) -> Answer {
    key(world, call).map_or_else(missing, |key| {
        Answer::json(&json!({
            "KeyId": key["KeyId"],
            "KeyRotationEnabled": key["Rotates"],
            "RotationPeriodInDays": 365,
        }))
    })
}

/// The policy that KMS gives a key by default: the account decides, through IAM.
fn get_key_policy(world: &World, _: &Behaviour, call: &Call) -> Answer {
    key(world, call).map_or_else(missing, |_| {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "Enable IAM User Permissions", "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{}:root", world.account)},
                "Action": "kms:*", "Resource": "*",
            }],
        });
        Answer::json(&json!({ "Policy": policy.to_string(), "PolicyName": "default" }))
    })
}

/// No key has grants.
fn list_grants(world: &World, _: &Behaviour, call: &Call) -> Answer {
    key(world, call).map_or_else(missing, |_| {
        Answer::json(&json!({ "Grants": [], "Truncated": false }))
    })
}
