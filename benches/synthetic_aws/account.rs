//! account: the Regions and whether they are enabled.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[Operation {
    service: "account",
    name: "ListRegions",
    matches: |call| call.method == "POST" && call.path == "listRegions",
    answer: list_regions,
}];

fn list_regions(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let mut all: Vec<Value> = world
        .regions
        .iter()
        .map(|name| json!({ "RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT" }))
        .collect();
    all.push(json!({ "RegionName": "me-south-1", "RegionOptStatus": "DISABLED" }));
    let token = call.json()["NextToken"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let (entries, next) = page(&all, &token, behaviour.page.unwrap_or(50));
    Answer::json(&json!({ "Regions": entries, "NextToken": next }))
}
