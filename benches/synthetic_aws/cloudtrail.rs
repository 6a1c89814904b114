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
