//! sts: who we are, and sessions in other accounts.

use super::message::{Answer, Call, Operation};
use super::server::parse_query;
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "sts",
        name: "GetCallerIdentity",
        matches: |call| {
            parse_query(&call.body).get("Action").map(String::as_str) == Some("GetCallerIdentity")
        },
        answer: get_caller_identity,
    },
    Operation {
        service: "sts",
        name: "AssumeRole",
        matches: |call| {
            parse_query(&call.body).get("Action").map(String::as_str) == Some("AssumeRole")
        },
        answer: assume_role,
    },
];

fn get_caller_identity(world: &World, _: &Behaviour, call: &Call) -> Answer {
    Answer::xml(format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/auditor</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>SYNTHETIC</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        account = world.account_of(&call.caller)
    ))
}

/// The access key is the account's id: that is how the endpoint knows whose requests follow.
fn assume_role(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let form = parse_query(&call.body);
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let role = text("RoleArn");
    let account = role.split(':').nth(4).unwrap_or_default();
    let organization = world.organization.as_ref();
    let locked = organization.is_some_and(|organization| {
        let asked = organization.external_id.as_deref();
        organization.locked.contains(account)
            || asked.is_some_and(|asked| text("ExternalId") != asked)
    });
    if locked || !world.members.contains_key(account) {
        let message = format!(
            "User: arn:aws:iam::{}:user/auditor is not authorized to perform: sts:AssumeRole on resource: {role}",
            world.account
        );
        return Answer::error("sts", 403, "AccessDenied", &message);
    }
    Answer::xml(format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{account}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>\
         <Arn>arn:aws:sts::{account}:assumed-role/audit/{session}</Arn><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>\
         </AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>SYNTHETIC</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>",
        session = text("RoleSessionName")
    ))
}
