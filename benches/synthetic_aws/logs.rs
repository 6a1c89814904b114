//! logs: log groups, and queries over them that answer at once with rows made beforehand.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "logs",
        name: "DescribeLogGroups",
        matches: |call| call.target.ends_with(".DescribeLogGroups"),
        answer: describe,
    },
    Operation {
        service: "logs",
        name: "StartQuery",
        matches: |call| call.target.ends_with(".StartQuery"),
        answer: |_, _, call| {
            // The id carries the question.
            let groups = call.json()["logGroupNames"].clone();
            Answer::json(&json!({ "queryId": groups.to_string() }))
        },
    },
    Operation {
        service: "logs",
        name: "GetQueryResults",
        matches: |call| call.target.ends_with(".GetQueryResults"),
        answer: results,
    },
    Operation {
        service: "logs",
        name: "StopQuery",
        matches: |call| call.target.ends_with(".StopQuery"),
        answer: |_, _, _| Answer::json(&json!({ "success": true })),
    },
    Operation {
        service: "logs",
        name: "FilterLogEvents",
        matches: |call| call.target.ends_with(".FilterLogEvents"),
        answer: events,
    },
];

fn describe(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
    let groups: Vec<Value> = world
        .log_groups
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, group)| {
            json!({
                "logGroupName": name,
                "creationTime": 1_700_000_000_000_u64,
                "retentionInDays": 14,
                "storedBytes": group["stored_bytes"],
            })
        })
        .collect();
    Answer::json(&json!({ "logGroups": groups }))
}

fn results(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let id = call.json()["queryId"].clone();
    let asked: Vec<String> =
        serde_json::from_str(id.as_str().unwrap_or_default()).unwrap_or_default();
    let rows: Vec<Value> = asked
        .iter()
        .filter_map(|name| Some((name, world.log_groups.get(name)?)))
        .flat_map(|(name, group)| {
            let log = format!("{}:{name}", world.account);
            let rows = group["rows"].as_array().cloned().unwrap_or_default();
            rows.into_iter().map(move |row| {
                let fields = row.as_object().cloned().unwrap_or_default();
                let mut cells = vec![json!({ "field": "@log", "value": log })];
                cells.extend(
                    fields
                        .into_iter()
                        .map(|(field, value)| json!({ "field": field, "value": value })),
                );
                Value::Array(cells)
            })
        })
        .collect();
    Answer::json(&json!({ "status": "Complete", "results": rows }))
}

fn events(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let name = body["logGroupName"].as_str().unwrap_or_default();
    let events = world
        .log_groups
        .get(name)
        .map_or(Value::Null, |group| group["events"].clone());
    Answer::json(&json!({ "events": events.as_array().cloned().unwrap_or_default() }))
}
