//! Lambda's Web Functions: lists by POST with the token in the body.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "lambda",
        name: "ListWebFunctions",
        matches: |call| call.method == "POST" && rest(call) == ["web-functions"],
        answer: |world, behaviour, call| {
            let all: Vec<Value> = here(world, call)
                .map(|function| function["Function"].clone())
                .collect();
            list("functions", &all, behaviour, call)
        },
    },
    Operation {
        service: "lambda",
        name: "ListWebFunctionEndpoints",
        matches: |call| {
            call.method == "POST"
                && matches!(rest(call)[..], ["web-functions", _, "list-endpoints"])
        },
        answer: |world, behaviour, call| {
            let all = named(world, call).and_then(|function| function["Endpoints"].as_array());
            all.map_or_else(missing, |all| list("endpoints", all, behaviour, call))
        },
    },
    Operation {
        service: "lambda",
        name: "GetWebFunctionRevision",
        matches: |call| {
            call.method == "GET" && matches!(rest(call)[..], ["web-functions", _, "revisions", _])
        },
        answer: |world, _, call| {
            let id = rest(call).get(3).copied().unwrap_or_default().to_owned();
            named(world, call)
                .and_then(|function| function["Revisions"].get(id))
                .map_or_else(missing, Answer::json)
        },
    },
    Operation {
        service: "lambda",
        name: "GetResourcePolicy",
        matches: |call| call.method == "GET" && rest(call).first() == Some(&"resource-policy"),
        answer: |world, _, call| {
            here(world, call)
                .find(|function| {
                    let arn = function["Function"]["functionArn"].as_str();
                    arn.is_some_and(|arn| call.path.ends_with(arn))
                })
                .and_then(|function| function["Policy"].as_str())
                .map_or_else(missing, |policy| {
                    Answer::json(&json!({ "Policy": policy, "RevisionId": "1" }))
                })
        },
    },
];

/// A Web Function of us-east-1: name, AuthType and state of each endpoint, which serves revision `NAME-1`
/// with its code in a bucket. `policy` is null for none.
pub fn web_function(account: &str, name: &str, endpoints: &[[&str; 3]], policy: &Value) -> Value {
    let arn = format!("arn:aws:lambda:us-east-1:{account}:web-function/{name}");
    let revision = format!("{name}-1");
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|[endpoint, auth_type, state]| {
            json!({
                "endpointArn": format!("{arn}/endpoint/{endpoint}"), "endpointName": endpoint,
                "endpointType": "HomeRegion", "domainName": "x.lambda-web.us-east-1.on.aws",
                "authType": auth_type, "autoDeploymentMode": "Latest",
                "revisionWeights": [{ "revisionId": revision, "weight": 100 }],
                "regions": ["us-east-1"], "state": state, "stateReason": "",
                "createdAt": "2026-09-21T10:00:00Z", "updatedAt": "2026-09-21T10:00:00Z",
            })
        })
        .collect();
    json!({
        "Region": "us-east-1", "Endpoints": endpoints,
        "Policy": if policy.is_null() { Value::Null } else { json!(policy.to_string()) },
        "Function": {
            "functionName": name, "functionArn": arn, "state": "Active", "stateReason": "",
            "createdAt": "2026-09-21T10:00:00Z", "updatedAt": "2026-09-21T10:00:00Z",
        },
        "Revisions": { revision.clone(): {
            "functionArn": arn, "revisionArn": format!("{arn}/revision/{revision}"),
            "revisionId": revision, "state": "Active", "stateReason": "", "createdAt": "2026-09-21T10:00:00Z",
            "buildConfig": {
                "codeConfig": { "s3Object": { "bucket": "builds", "key": "shop.zip", "versionId": "v7" } },
                "runtimeConfig": { "runtime": "nodejs24.x" },
            },
            "serviceConfig": {
                "executionRoleArn": format!("arn:aws:iam::{account}:role/web"), "timeoutSeconds": 30,
                "maxConcurrencyPerEnvironment": 64,
                "environmentVariables": { "DATABASE_PASSWORD": "a-secret-value" },
            },
        } },
    })
}

/// The segments of the path after the API's date.
fn rest(call: &Call) -> Vec<&str> {
    match call.segments().split_first() {
        Some((date, rest)) if *date == "2025-03-07" => rest.to_vec(),
        _ => Vec::new(),
    }
}

fn here<'w>(world: &'w World, call: &'w Call) -> impl Iterator<Item = &'w Value> {
    let functions = world.web_functions.iter();
    functions.filter(|function| function["Region"] == json!(call.region))
}

fn named<'w>(world: &'w World, call: &'w Call) -> Option<&'w Value> {
    let name = rest(call).get(1).copied().unwrap_or_default().to_owned();
    here(world, call).find(|function| function["Function"]["functionName"] == json!(name))
}

fn list(member: &str, all: &[Value], behaviour: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let token = body["nextToken"].as_str().unwrap_or_default();
    let (entries, next) = page(all, token, behaviour.page.unwrap_or(50));
    Answer::json(&json!({ member: entries, "nextToken": next }))
}

fn missing() -> Answer {
    let message = "The resource you requested does not exist.";
    Answer::error("lambda", 404, "ResourceNotFoundException", message)
}
