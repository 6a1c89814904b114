//! lambda: functions, versions, aliases, provisioned concurrency, code location.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, Function, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "lambda",
        name: "ListFunctions",
        matches: |call| call.method == "GET" && is(call, &["functions"]),
        answer: list_functions,
    },
    Operation {
        service: "lambda",
        name: "GetFunction",
        matches: |call| call.method == "GET" && is(call, &["functions", "*"]),
        answer: get_function,
    },
    Operation {
        service: "lambda",
        name: "GetFunctionConfiguration",
        matches: |call| call.method == "GET" && is(call, &["functions", "*", "configuration"]),
        answer: |world, _, call| {
            of(world, call, |function| {
                let mut configuration = function.versions.first().cloned().unwrap_or_default();
                configuration["State"] = json!("Active");
                Answer::json(&configuration)
            })
        },
    },
    Operation {
        service: "lambda",
        name: "GetFunctionConcurrency",
        matches: |call| call.method == "GET" && is(call, &["functions", "*", "concurrency"]),
        answer: |world, _, call| {
            of(world, call, |function| {
                Answer::json(&match function.reserved {
                    Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
                    None => json!({}),
                })
            })
        },
    },
    Operation {
        service: "lambda",
        name: "ListFunctionUrlConfigs",
        matches: |call| call.method == "GET" && is(call, &["functions", "*", "urls"]),
        answer: |world, _, call| {
            of(world, call, |function| {
                Answer::json(&json!({ "FunctionUrlConfigs": function.urls }))
            })
        },
    },
    Operation {
        service: "lambda",
        name: "GetPolicy",
        matches: |call| call.method == "GET" && is(call, &["functions", "*", "policy"]),
        answer: |world, _, call| {
            of(world, call, |function| {
                match function.policies.get(call.param("Qualifier")) {
                    Some(policy) => {
                        Answer::json(&json!({ "Policy": policy.to_string(), "RevisionId": "r" }))
                    }
                    None => Answer::error(
                        "lambda",
                        404,
                        "ResourceNotFoundException",
                        "The resource you requested does not exist.",
                    ),
                }
            })
        },
    },
    Operation {
        service: "lambda",
        name: "ListEventSourceMappings",
        matches: |call| call.method == "GET" && is(call, &["event-source-mappings"]),
        answer: |world, behaviour, call| {
            let all = world
                .mappings
                .get(&call.region)
                .cloned()
                .unwrap_or_default();
            let (entries, next) = page(&all, call.param("Marker"), behaviour.page.unwrap_or(100));
            Answer::json(&json!({ "EventSourceMappings": entries, "NextMarker": next }))
        },
    },
    Operation {
        service: "lambda",
        name: "GetLayerVersionByArn",
        matches: |call| call.method == "GET" && is(call, &["layers"]),
        answer: |world, _, call| match world.layer_urls.get(call.param("Arn")) {
            Some(url) => Answer::json(&json!({ "Content": { "Location": url } })),
            None => Answer::error(
                "lambda",
                403,
                "AccessDeniedException",
                "not authorized to perform: lambda:GetLayerVersion",
            ),
        },
    },
    Operation {
        service: "lambda",
        name: "ListAliases",
        matches: |call| call.method == "GET" && is(call, &["functions", "*", "aliases"]),
        answer: |world, behaviour, call| {
            of(world, call, |function| {
                let (entries, next) = page(
                    &function.aliases,
                    call.param("Marker"),
                    behaviour.page.unwrap_or(50),
                );
                Answer::json(&json!({ "Aliases": entries, "NextMarker": next }))
            })
        },
    },
    Operation {
        service: "lambda",
        name: "ListProvisionedConcurrencyConfigs",
        matches: |call| {
            call.method == "GET" && is(call, &["functions", "*", "provisioned-concurrency"])
        },
        answer: |world, behaviour, call| {
            of(world, call, |function| {
                let (entries, next) = page(
                    &function.provisioned,
                    call.param("Marker"),
                    behaviour.page.unwrap_or(50),
                );
                Answer::json(&json!({
                    "ProvisionedConcurrencyConfigs": entries,
                    "NextMarker": next,
                }))
            })
        },
    },
];

/// True when the path, after the API's date, is this; `*` is any one segment.
fn is(call: &Call, pattern: &[&str]) -> bool {
    let segments = call.segments();
    let Some((date, rest)) = segments.split_first() else {
        return false;
    };
    date.starts_with("20")
        && rest.len() == pattern.len()
        && rest
            .iter()
            .zip(pattern)
            .all(|(part, wanted)| *wanted == "*" || part == wanted)
}

fn of(world: &World, call: &Call, answer: impl FnOnce(&Function) -> Answer) -> Answer {
    let segments = call.segments();
    let name = segments.get(2).copied().unwrap_or_default();
    match world
        .functions
        .iter()
        .find(|function| function.name == name && function.region == call.region)
    {
        Some(function) => answer(function),
        None => Answer::error(
            "lambda",
            404,
            "ResourceNotFoundException",
            "Function not found",
        ),
    }
}

fn list_functions(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let every_version = call.param("FunctionVersion") == "ALL";
    let all: Vec<Value> = world
        .functions
        .iter()
        .filter(|function| function.region == call.region)
        .flat_map(|function| function.versions.iter())
        .filter(|version| every_version || version["Version"] == "$LATEST")
        .cloned()
        .collect();
    let asked = call.param("MaxItems").parse().unwrap_or(50);
    let size = behaviour.page.unwrap_or(50).min(asked);
    let (entries, next) = page(&all, call.param("Marker"), size);
    Answer::json(&json!({ "Functions": entries, "NextMarker": next }))
}

fn get_function(world: &World, _: &Behaviour, call: &Call) -> Answer {
    of(world, call, |function| {
        let code = match &function.image {
            Some((uri, _)) => json!({
                "RepositoryType": "ECR",
                "ImageUri": uri,
                "ResolvedImageUri": uri,
            }),
            None => json!({
                "RepositoryType": "S3",
                "Location": function.code_url.as_deref().unwrap_or(
                    "https://example.invalid/code.zip?X-Amz-Signature=presigned-secret",
                ),
                "ResolvedS3Object": function.code_object,
            }),
        };
        Answer::json(&json!({ "Configuration": function.versions.first(), "Code": code }))
    })
}
