//! monitoring (CloudWatch) and application-autoscaling: figures, and what is scaled.

use serde_json::{Value, json};

use super::message::{Answer, Call, Operation};
use super::{Behaviour, World, cbor};

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "monitoring",
        name: "GetMetricData",
        matches: |call| call.path.ends_with("/operation/GetMetricData"),
        answer: get_metric_data,
    },
    Operation {
        service: "application-autoscaling",
        name: "DescribeScalableTargets",
        matches: |call| call.target.ends_with(".DescribeScalableTargets"),
        answer: |world, _, call| {
            let targets = world.scalable_targets.get(&call.region).cloned();
            Answer::json(&json!({ "ScalableTargets": targets.unwrap_or_default() }))
        },
    },
];

/// One data point a metric that the world has, of the last day; none for others: what was never written
/// has none.
fn get_metric_data(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let body = cbor::read(&call.raw);
    let last_day = body["EndTime"].as_f64().unwrap_or_default() - 86_400.0;
    let results: Vec<Value> = body["MetricDataQueries"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|query| {
            let metric = &query["MetricStat"]["Metric"];
            let dimension = |name: &str| {
                metric["Dimensions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|dimension| dimension["Name"] == name)
                    .and_then(|dimension| dimension["Value"].as_str())
            };
            let of = dimension("Resource").or_else(|| dimension("FunctionName"));
            let key = format!(
                "{} {}",
                metric["MetricName"].as_str().unwrap_or_default(),
                of.unwrap_or_default()
            );
            let values: Vec<f64> = world.metrics.get(&key).copied().into_iter().collect();
            let times = vec![json!({ "$time": last_day }); values.len()];
            json!({
                "Id": query["Id"], "Label": "x", "Timestamps": times, "Values": values,
                "StatusCode": "Complete",
            })
        })
        .collect();
    Answer::cbor(&json!({ "MetricDataResults": results }))
}
