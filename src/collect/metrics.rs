//! How functions were used, from CloudWatch: invocations, and provisioned concurrency.
//!
//! Metrics of a Region are asked for together, up to 500 in a call (CloudWatch API reference,
//! GetMetricData), and only of functions whose verdict hangs on them: CloudWatch bills by the metric
//! (0.01 USD a thousand). A metric without a data point was never written, which for these means
//! zero; an answer that is not complete is a failure.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StatusCode};
use aws_smithy_types::DateTime;

use crate::inventory::Reading;
use crate::inventory::function::{FunctionInventory, Invocations, ProvisionedUsage};
use crate::inventory::need::ReadingKind;

use super::answer;
use super::functions::ruled_out;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// How far back, days: also after how long without a call AWS gives up what it keeps for an idle
/// function (network interfaces, snapshots).
pub const WINDOW_DAYS: u32 = 14;

const DAY_S: i32 = 86_400;

/// Metrics in one call, at most.
const BATCH: usize = 500;

/// One metric of one function or qualifier.
#[derive(Clone, Debug)]
struct MetricQuery {
    function: String,
    /// Absent for the function as a whole.
    qualifier: Option<String>,
    metric: &'static str,
    stat: &'static str,
}

const PROVISIONED: [(&str, &str); 3] = [
    ("ProvisionedConcurrencyInvocations", "Sum"),
    ("ProvisionedConcurrencySpilloverInvocations", "Sum"),
    ("ProvisionedConcurrencyUtilization", "Maximum"),
];

/// Reads the metrics that are wanted into the functions of a Region.
pub async fn read(
    session: &Session,
    region: &str,
    functions: &mut BTreeMap<String, FunctionInventory>,
) {
    let mut asked = Vec::new();
    for (name, function) in functions.iter_mut() {
        let wanted = |kind| session.plan.calls(kind, |guard| ruled_out(function, guard));
        if wanted(ReadingKind::FunctionInvocations) {
            asked.push(MetricQuery {
                function: name.clone(),
                qualifier: None,
                metric: "Invocations",
                stat: "Sum",
            });
        }
        if wanted(ReadingKind::FunctionProvisionedUsage) {
            let qualifiers: Vec<String> = function
                .provisioned_concurrency
                .known()
                .into_iter()
                .flatten()
                .map(|configuration| configuration.qualifier.clone())
                .collect();
            for qualifier in qualifiers {
                asked.extend(PROVISIONED.map(|(metric, stat)| MetricQuery {
                    function: name.clone(),
                    qualifier: Some(qualifier.clone()),
                    metric,
                    stat,
                }));
            }
        }
    }
    // Never one qualifier in two calls: a batch is a multiple of three or ends with a function.
    let mut batch: Vec<MetricQuery> = Vec::new();
    for query in asked {
        let starts = query.metric == "Invocations" || query.metric == PROVISIONED[0].0;
        if starts && batch.len() + PROVISIONED.len() > BATCH {
            settle(session, region, std::mem::take(&mut batch), functions).await;
        }
        batch.push(query);
    }
    settle(session, region, batch, functions).await;
}

/// Asks for one batch and writes the answers down.
async fn settle(
    session: &Session,
    region: &str,
    batch: Vec<MetricQuery>,
    functions: &mut BTreeMap<String, FunctionInventory>,
) {
    if batch.is_empty() {
        return;
    }
    let answer = values(session, region, &batch).await;
    for (index, asked) in batch.iter().enumerate() {
        let Some(function) = functions.get_mut(&asked.function) else {
            continue;
        };
        let value: Result<f64, Reading<()>> = match &answer {
            Ok(values) => values.get(&index).copied().ok_or_else(|| Reading::Failed {
                action: ReadingKind::FunctionInvocations.action().to_owned(),
                code: "PartialData".to_owned(),
                message: "CloudWatch did not answer in full".to_owned(),
            }),
            Err(missed) => Err(missed.clone()),
        };
        match &asked.qualifier {
            None => {
                function.invocations = match value {
                    Ok(count) => Reading::Known(Invocations {
                        window_days: WINDOW_DAYS,
                        count,
                    }),
                    Err(missed) => retyped(missed),
                };
            }
            Some(qualifier) => match value {
                Err(missed) => function.provisioned_usage = retyped(missed),
                Ok(value) => note(
                    &mut function.provisioned_usage,
                    qualifier,
                    asked.metric,
                    value,
                ),
            },
        }
    }
}

/// Adds one value to the usage of a qualifier; a reading that failed stays failed.
fn note(reading: &mut Reading<Vec<ProvisionedUsage>>, qualifier: &str, metric: &str, value: f64) {
    if reading.is_not_collected() {
        *reading = Reading::Known(Vec::new());
    }
    let Reading::Known(usages) = reading else {
        return;
    };
    if usages
        .last()
        .is_none_or(|usage| usage.qualifier != qualifier)
    {
        usages.push(ProvisionedUsage {
            qualifier: qualifier.to_owned(),
            window_days: WINDOW_DAYS,
            ..ProvisionedUsage::default()
        });
    }
    let Some(usage) = usages.last_mut() else {
        return;
    };
    match metric {
        "ProvisionedConcurrencyInvocations" => usage.invocations = value,
        "ProvisionedConcurrencySpilloverInvocations" => usage.spillover = value,
        _ => usage.peak_utilization = value,
    }
}

fn retyped<T>(reading: Reading<()>) -> Reading<T> {
    match reading {
        Reading::Denied { action, code } => Reading::Denied { action, code },
        Reading::Failed {
            action,
            code,
            message,
        } => Reading::Failed {
            action,
            code,
            message,
        },
        _ => Reading::NotCollected,
    }
}

/// The values by position; what CloudWatch did not answer in full is left out.
async fn values(
    session: &Session,
    region: &str,
    batch: &[MetricQuery],
) -> Result<BTreeMap<usize, f64>, Reading<()>> {
    let client = session.clients.metrics(region);
    let end = jiff::Timestamp::now().as_second() / 60 * 60;
    let start = end - i64::from(WINDOW_DAYS) * i64::from(DAY_S);
    let queries: Vec<MetricDataQuery> = batch
        .iter()
        .enumerate()
        .map(|(index, asked)| query(index, asked))
        .collect();
    let mut points: BTreeMap<usize, (Vec<f64>, bool)> = BTreeMap::new();
    let queries = &queries;
    pages(
        session,
        (ServiceFamily::Metrics, region),
        |token| {
            client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(start))
                .end_time(DateTime::from_secs(end))
                .set_next_token(token)
                .send()
        },
        |page| {
            for result in page.metric_data_results() {
                let Some(index) = result
                    .id()
                    .and_then(|id| id.strip_prefix('q'))
                    .and_then(|number| number.parse().ok())
                else {
                    continue;
                };
                let entry = points.entry(index).or_default();
                entry.0.extend(result.values());
                entry.1 = result.status_code() == Some(&StatusCode::Complete);
            }
            page.next_token
        },
    )
    .await
    .map_err(|cut| answer::unread(ReadingKind::FunctionInvocations, &cut.into()))?;
    Ok(points
        .into_iter()
        .filter(|(_, (_, complete))| *complete)
        .filter_map(|(index, (values, _))| {
            let peak = batch.get(index)?.stat == "Maximum";
            let value = if peak {
                values.into_iter().fold(0.0, f64::max)
            } else {
                // Not `sum`, whose nothing is -0.0.
                values.into_iter().fold(0.0, |all, value| all + value)
            };
            Some((index, value))
        })
        .collect())
}

fn query(index: usize, asked: &MetricQuery) -> MetricDataQuery {
    let dimension =
        |name: &str, value: String| Dimension::builder().name(name).value(value).build();
    let mut metric = Metric::builder()
        .namespace("AWS/Lambda")
        .metric_name(asked.metric)
        .dimensions(dimension("FunctionName", asked.function.clone()));
    if let Some(qualifier) = &asked.qualifier {
        metric = metric.dimensions(dimension(
            "Resource",
            format!("{}:{qualifier}", asked.function),
        ));
    }
    MetricDataQuery::builder()
        .id(format!("q{index}"))
        .metric_stat(
            MetricStat::builder()
                .metric(metric.build())
                .period(DAY_S)
                .stat(asked.stat)
                .build(),
        )
        .build()
}
