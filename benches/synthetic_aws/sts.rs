//! sts: who we are.

use super::message::{Answer, Call, Operation};
use super::server::parse_query;
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    service: "sts",
    name: "GetCallerIdentity",
    matches: |call| {
        parse_query(&call.body).get("Action").map(String::as_str) == Some("GetCallerIdentity")
    },
    answer: get_caller_identity,
}];

fn get_caller_identity(world: &World, _: &Behaviour, _: &Call) -> Answer {
    Answer::xml(format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/auditor</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>SYNTHETIC</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        account = world.account
    ))
}
