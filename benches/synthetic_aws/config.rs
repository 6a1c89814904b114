//! config: the recorders, delivery channels and rules of a Region.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation, page};
use super::{Behaviour, World};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "config",
        name: "DescribeConfigurationRecorders",
        matches: |call| call.target.ends_with(".DescribeConfigurationRecorders"),
        answer: |world, _, call| part(world, call, "ConfigurationRecorders"),
    },
    Operation {
        service: "config",
        name: "DescribeConfigurationRecorderStatus",
        matches: |call| {
            call.target
                .ends_with(".DescribeConfigurationRecorderStatus")
        },
        answer: |world, _, call| part(world, call, "ConfigurationRecordersStatus"),
    },
    Operation {
        service: "config",
        name: "DescribeDeliveryChannels",
        matches: |call| call.target.ends_with(".DescribeDeliveryChannels"),
        answer: |world, _, call| part(world, call, "DeliveryChannels"),
    },
    Operation {
        service: "config",
        name: "DescribeDeliveryChannelStatus",
        matches: |call| call.target.ends_with(".DescribeDeliveryChannelStatus"),
        answer: |world, _, call| part(world, call, "DeliveryChannelsStatus"),
    },
    Operation {
        service: "config",
        name: "DescribeConfigRules",
        matches: |call| call.target.ends_with(".DescribeConfigRules"),
        answer: describe_config_rules,
    },
];

fn list(world: &World, call: &Call, member: &str) -> Vec<Value> {
    world
        .config
        .get(&call.region)
        .and_then(|region| region[member].as_array().cloned())
        .unwrap_or_default()
}

fn part(world: &World, call: &Call, member: &str) -> Answer {
    Answer::json(&json!({ member: list(world, call, member) }))
}

fn describe_config_rules(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let rules = list(world, call, "ConfigRules");
    let token = call.json()["NextToken"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let (entries, next) = page(&rules, &token, behaviour.page.unwrap_or(25));
    Answer::json(&json!({ "ConfigRules": entries, "NextToken": next }))
}
