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
                "Location": "https://example.invalid/code.zip?X-Amz-Signature=presigned-secret",
            }),
        };
        Answer::json(&json!({ "Configuration": function.versions.first(), "Code": code }))
    })
}
