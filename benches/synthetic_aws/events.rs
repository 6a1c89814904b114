//! events and scheduler: buses, rules and their targets, schedules.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "events",
        name: "ListEventBuses",
        matches: |call| call.target.ends_with(".ListEventBuses"),
        answer: |_, _, _| {
            Answer::json(&json!({ "EventBuses": [{ "Name": "default" }, { "Name": "shop" }] }))
        },
    },
    Operation {
        service: "events",
        name: "ListRules",
        matches: |call| call.target.ends_with(".ListRules"),
        answer: list_rules,
    },
    Operation {
        service: "events",
        name: "ListTargetsByRule",
        matches: |call| call.target.ends_with(".ListTargetsByRule"),
        answer: list_targets,
    },
    Operation {
        service: "scheduler",
        name: "ListSchedules",
        matches: |call| call.method == "GET" && call.segments() == ["schedules"],
        answer: list_schedules,
    },
    Operation {
        service: "scheduler",
        name: "GetSchedule",
        matches: |call| {
            call.method == "GET"
                && call.segments().len() == 2
                && call.path.starts_with("schedules/")
        },
        answer: get_schedule,
    },
];

/// The rules of the bus that is asked for; a rule's `Targets` stand beside it.
fn rules<'a>(world: &'a World, call: &Call) -> impl Iterator<Item = &'a Value> {
    let bus = call.json()["EventBusName"]
        .as_str()
        .unwrap_or("default")
        .to_owned();
    world
        .rules
        .get(&call.region)
        .into_iter()
        .flatten()
        .filter(move |rule| rule["EventBusName"] == bus.as_str())
}

fn list_rules(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let all: Vec<Value> = rules(world, call)
        .map(|rule| {
            let mut rule = rule.clone();
            if let Some(members) = rule.as_object_mut() {
                members.remove("Targets");
            }
            rule
        })
        .collect();
    let body = call.json();
    let token = body["NextToken"].as_str().unwrap_or_default();
    let (entries, next) = page(&all, token, behaviour.page.unwrap_or(100));
    Answer::json(&json!({ "Rules": entries, "NextToken": next }))
}

fn list_targets(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let body = call.json();
    let found = rules(world, call).find(|rule| rule["Name"] == body["Rule"]);
    match found {
        Some(rule) => Answer::json(&json!({ "Targets": rule["Targets"] })),
        None => Answer::error("events", 400, "ResourceNotFoundException", "no such rule"),
    }
}

fn list_schedules(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let all: Vec<Value> = world
        .schedules
        .get(&call.region)
        .into_iter()
        .flatten()
        .map(|schedule| {
            json!({
                "Name": schedule["Name"], "GroupName": schedule["GroupName"], "State": schedule["State"],
                "Target": { "Arn": schedule["Target"]["Arn"] },
            })
        })
        .collect();
    let (entries, next) = page(&all, call.param("NextToken"), behaviour.page.unwrap_or(100));
    Answer::json(&json!({ "Schedules": entries, "NextToken": next }))
}

fn get_schedule(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let name = call.segments().get(1).copied().unwrap_or_default();
    let found = world
        .schedules
        .get(&call.region)
        .into_iter()
        .flatten()
        .find(|schedule| {
            schedule["Name"] == name && schedule["GroupName"] == call.param("groupName")
        });
    match found {
        Some(schedule) => Answer::json(schedule),
        None => Answer::error(
            "scheduler",
            404,
            "ResourceNotFoundException",
            "no such schedule",
        ),
    }
}
