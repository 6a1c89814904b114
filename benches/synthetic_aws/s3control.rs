//! s3control: account-level Block Public Access.

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    service: "s3control",
    name: "GetPublicAccessBlock",
    matches: |call| {
        call.method == "GET" && call.path == "v20180820/configuration/publicAccessBlock"
    },
    answer: get_public_access_block,
}];

fn get_public_access_block(world: &World, _: &Behaviour, call: &Call) -> Answer {
    if call.account_header != world.account {
        return Answer::error("s3control", 403, "AccessDenied", "not your account");
    }
    match world.public_access_block {
        Some(flags) => Answer::xml(super::world::public_access_block(flags)),
        None => Answer::error(
            "s3control",
            404,
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ),
    }
}
