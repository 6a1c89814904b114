//! cloudtrail: the trails of a Region, with the shadows of those made elsewhere.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "cloudtrail",
        name: "DescribeTrails",
        matches: |call| call.target.ends_with(".DescribeTrails"),
        answer: describe_trails,
    },
    Operation {
        service: "cloudtrail",
        name: "GetTrailStatus",
        matches: |call| call.target.ends_with(".GetTrailStatus"),
        answer: |world, _, call| in_home_region(world, call, "Name", "Status"),
    },
    Operation {
        service: "cloudtrail",
        name: "GetEventSelectors",
        matches: |call| call.target.ends_with(".GetEventSelectors"),
        answer: |world, _, call| in_home_region(world, call, "TrailName", "Selectors"),
    },
    Operation {
        service: "cloudtrail",
        name: "ListEventDataStores",
        matches: |call| call.target.ends_with(".ListEventDataStores"),
        answer: |world, _, call| {
            let listed = listed(
                world.event_data_stores.get(&call.region),
                "EventDataStoreArn",
            );
            Answer::json(&json!({ "EventDataStores": listed }))
        },
    },
    Operation {
        service: "cloudtrail",
        name: "GetEventDataStore",
        matches: |call| call.target.ends_with(".GetEventDataStore"),
        answer: |world, _, call| {
            let stores = world.event_data_stores.get(&call.region);
            named(stores, &call.json()["EventDataStore"], "EventDataStoreArn")
        },
    },
    Operation {
        service: "cloudtrail",
        name: "ListChannels",
        matches: |call| call.target.ends_with(".ListChannels"),
        answer: |world, _, call| {
            let listed = listed(world.channels.get(&call.region), "ChannelArn");
            Answer::json(&json!({ "Channels": listed }))
        },
    },
    Operation {
        service: "cloudtrail",
        name: "GetChannel",
        matches: |call| call.target.ends_with(".GetChannel"),
        answer: |world, _, call| {
            let channels = world.channels.get(&call.region);
            named(channels, &call.json()["Channel"], "ChannelArn")
        },
    },
];

fn describe_trails(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let shadows = call.json()["includeShadowTrails"] != json!(false);
    let here: Vec<&Value> = world
        .trails
        .iter()
        .map(|trail| &trail["Trail"])
        .filter(|trail| {
            let home = trail["HomeRegion"] == json!(call.region);
            home || (shadows && trail["IsMultiRegionTrail"] == json!(true))
        })
        .collect();
    Answer::json(&json!({ "trailList": here }))
}

/// A trail answers in the Region it was made in, and nowhere else.
fn in_home_region(world: &World, call: &Call, parameter: &str, part: &str) -> Answer {
    let request = call.json();
    let found = world.trails.iter().find(|trail| {
        trail["Trail"]["TrailARN"] == request[parameter]
            && trail["Trail"]["HomeRegion"] == json!(call.region)
    });
    found.map_or_else(
        || {
            Answer::error(
                "cloudtrail",
                400,
                "TrailNotFoundException",
                "no such trail here",
            )
        },
        |trail| Answer::json(&trail[part]),
    )
}

/// What a list says of each: its ARN and its name.
fn listed(all: Option<&Vec<Value>>, arn: &str) -> Vec<Value> {
    all.into_iter()
        .flatten()
        .map(|one| json!({ arn: one[arn], "Name": one["Name"] }))
        .collect()
}

/// The one of that ARN.
fn named(all: Option<&Vec<Value>>, wanted: &Value, arn: &str) -> Answer {
    all.into_iter()
        .flatten()
        .find(|one| one[arn] == *wanted)
        .map_or_else(
            || Answer::error("cloudtrail", 400, "ResourceNotFoundException", "not here"),
            Answer::json,
        )
}
