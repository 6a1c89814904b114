//! How functions were used, from CloudWatch: invocations, provisioned concurrency, and requests to
//! function URLs.
//!
//! Metrics of a Region are asked for together, up to 500 in a call (CloudWatch API reference,
//! GetMetricData), and only of functions whose verdict hangs on them: CloudWatch bills by the metric
//! (0.01 USD a thousand). A metric without a data point was never written, which for these means
//! zero; an answer that is not complete is a failure.
//!
//! Requests to a function URL are counted by the dimension `Resource`, which is the function with
//! `$LATEST` or the alias; `FunctionName` alone is the sum over all of its URLs (Lambda developer guide,
//! "Monitoring Lambda function URLs", copy of 2026-11).

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StatusCode};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::inventory::Reading;
use crate::inventory::function::{
    FunctionInventory, FunctionUrl, Invocations, ProvisionedUsage, URL_CALLS_FROM, UrlCalls,
};
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
    /// Points that begin earlier do not count.
    since: Option<Timestamp>,
}

const PROVISIONED: [(&str, &str); 3] = [
    ("ProvisionedConcurrencyInvocations", "Sum"),
    ("ProvisionedConcurrencySpilloverInvocations", "Sum"),
    ("ProvisionedConcurrencyUtilization", "Maximum"),
];

const URL_CALLS: [&str; 3] = ["UrlRequestCount", "Url4xxCount", "Url5xxCount"];

/// Reads the metrics that are wanted into the functions of a Region.
pub async fn read(
    session: &Session,
    region: &str,
    functions: &mut BTreeMap<String, FunctionInventory>,
) {
    let end = Timestamp::now().as_second() / 60 * 60;
    let start = end - i64::from(WINDOW_DAYS) * i64::from(DAY_S);
    let mut asked = Vec::new();
    for (name, function) in functions.iter_mut() {
        let wanted = |kind| session.plan.calls(kind, |guard| ruled_out(function, guard));
        if wanted(ReadingKind::FunctionInvocations) {
            asked.push(MetricQuery {
                function: name.clone(),
                qualifier: None,
                metric: "Invocations",
                stat: "Sum",
                since: None,
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
                    since: None,
                }));
            }
        }
        if wanted(ReadingKind::FunctionUrlCalls) {
            let urls = url_queries(name, function, start, end);
            if urls.is_empty() && is_counted(end) {
                function.url_calls = Reading::Known(Vec::new());
            }
            asked.extend(urls);
        }
    }
    // Never one qualifier in two calls: a batch is a multiple of three or ends with a function.
    let mut batch: Vec<MetricQuery> = Vec::new();
    for query in asked {
        let starts = ["Invocations", PROVISIONED[0].0, URL_CALLS[0]].contains(&query.metric);
        if starts && batch.len() + PROVISIONED.len() > BATCH {
            settle(
                session,
                region,
                (start, end),
                std::mem::take(&mut batch),
                functions,
            )
            .await;
        }
        batch.push(query);
    }
    settle(session, region, (start, end), batch, functions).await;
}

/// The figures of the URLs with AuthType NONE.
fn url_queries(name: &str, function: &FunctionInventory, start: i64, end: i64) -> Vec<MetricQuery> {
    if !is_counted(end) {
        return Vec::new();
    }
    let urls = function.urls.known().into_iter().flatten();
    urls.filter(|url| url.auth_type == "NONE")
        .filter_map(|url| Some((url, counted_from(url, start)?)))
        .flat_map(|(url, since)| {
            URL_CALLS.map(|metric| MetricQuery {
                function: name.to_owned(),
                qualifier: Some(url.qualifier.clone()),
                metric,
                stat: "Sum",
                since: Some(since),
            })
        })
        .collect()
}

/// The days whose requests count have begun.
fn is_counted(end: i64) -> bool {
    first_counted().is_some_and(|first| first.as_second() < end)
}

fn first_counted() -> Option<Timestamp> {
    format!("{URL_CALLS_FROM}T00:00:00Z").parse().ok()
}

/// From which midnight (UTC) on requests to the URL count: with other settings, an answer of it proves nothing
/// about the URL of today. Whole days, so that two runs on one day say the same. `None` when that time is not
/// known.
fn counted_from(url: &FunctionUrl, start: i64) -> Option<Timestamp> {
    let changed = url.modified.as_deref().unwrap_or(&url.created);
    let changed: Timestamp = changed.replace("+0000", "Z").parse().ok()?;
    // A part of a second begins another day.
    let changed = changed.as_second() + i64::from(changed.subsec_nanosecond() > 0);
    let since = changed.max(first_counted()?.as_second()).max(start);
    let day = i64::from(DAY_S);
    Timestamp::from_second((since + day - 1).div_euclid(day) * day).ok()
}

/// Asks for one batch and writes the answers down.
async fn settle(
    session: &Session,
    region: &str,
    window: (i64, i64),
    batch: Vec<MetricQuery>,
    functions: &mut BTreeMap<String, FunctionInventory>,
) {
    if batch.is_empty() {
        return;
    }
    let answer = values(session, region, window, &batch).await;
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
        match (&asked.qualifier, asked.since) {
            (None, _) => {
                function.invocations = match value {
                    Ok(count) => Reading::Known(Invocations {
                        window_days: WINDOW_DAYS,
                        count,
                    }),
                    Err(missed) => retyped(missed),
                };
            }
            (Some(qualifier), None) => match value {
                Err(missed) => function.provisioned_usage = retyped(missed),
                Ok(value) => note(
                    &mut function.provisioned_usage,
                    qualifier,
                    asked.metric,
                    value,
                ),
            },
            (Some(qualifier), Some(since)) => match value {
                Err(missed) => function.url_calls = retyped(missed),
                Ok(value) => {
                    note_calls(
                        &mut function.url_calls,
                        qualifier,
                        since,
                        asked.metric,
                        value,
                    );
                }
            },
        }
    }
}

/// The entry that values are added to: the last one where it is the same, or a new one; `None` for a reading
/// that failed.
fn last_or_new<T>(
    reading: &mut Reading<Vec<T>>,
    is_same: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Option<&mut T> {
    if reading.is_not_collected() {
        *reading = Reading::Known(Vec::new());
    }
    let Reading::Known(entries) = reading else {
        return None;
    };
    if !entries.last().is_some_and(is_same) {
        entries.push(new());
    }
    entries.last_mut()
}

/// Adds one value to the requests of a URL; a reading that failed stays failed.
fn note_calls(
    reading: &mut Reading<Vec<UrlCalls>>,
    qualifier: &str,
    since: Timestamp,
    metric: &str,
    value: f64,
) {
    let is_same = |calls: &UrlCalls| calls.qualifier == qualifier;
    let new = || UrlCalls {
        qualifier: qualifier.to_owned(),
        since: since.to_string(),
        ..UrlCalls::default()
    };
    let Some(calls) = last_or_new(reading, is_same, new) else {
        return;
    };
    match metric {
        "UrlRequestCount" => calls.requests = value,
        "Url4xxCount" => calls.client_errors = value,
        _ => calls.server_errors = value,
    }
}

/// Adds one value to the usage of a qualifier; a reading that failed stays failed.
fn note(reading: &mut Reading<Vec<ProvisionedUsage>>, qualifier: &str, metric: &str, value: f64) {
    let is_same = |usage: &ProvisionedUsage| usage.qualifier == qualifier;
    let new = || ProvisionedUsage {
        qualifier: qualifier.to_owned(),
        window_days: WINDOW_DAYS,
        ..ProvisionedUsage::default()
    };
    let Some(usage) = last_or_new(reading, is_same, new) else {
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
    (start, end): (i64, i64),
    batch: &[MetricQuery],
) -> Result<BTreeMap<usize, f64>, Reading<()>> {
    let client = session.clients.metrics(region);
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
                let since = batch.get(index).and_then(|asked| asked.since);
                entry
                    .0
                    .extend(counted(result.timestamps(), result.values(), since));
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

/// The values of the points that begin at `since` or later: a day that began earlier may have counted
/// requests from before.
fn counted<'a>(
    times: &'a [DateTime],
    values: &'a [f64],
    since: Option<Timestamp>,
) -> impl Iterator<Item = f64> + 'a {
    values.iter().enumerate().filter_map(move |(at, value)| {
        let counts = since.is_none_or(|since| {
            times
                .get(at)
                .is_some_and(|time| time.secs() >= since.as_second())
        });
        counts.then_some(*value)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn url(created: &str, modified: Option<&str>) -> FunctionUrl {
        FunctionUrl {
            qualifier: "live".to_owned(),
            auth_type: "NONE".to_owned(),
            created: created.to_owned(),
            modified: modified.map(str::to_owned),
            cors: None,
        }
    }

    fn second(time: &str) -> i64 {
        time.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn requests_count_from_the_last_change_and_not_before_the_exception_was_to_end() {
        let early = second("2026-10-29T10:00:00Z");
        let late = second("2026-11-16T10:00:00Z");
        for (url, start, expected) in [
            (
                url("2024-05-06T07:08:09.000Z", None),
                early,
                Some("2026-11-02T00:00:00Z"),
            ),
            (
                url("2024-05-06T07:08:09.000Z", None),
                late,
                Some("2026-11-17T00:00:00Z"),
            ),
            (
                url("2024-05-06T07:08:09.000Z", Some("2026-11-20T07:08:09.000Z")),
                late,
                Some("2026-11-21T00:00:00Z"),
            ),
            (
                url(
                    "2024-05-06T07:08:09+0000",
                    Some("2026-11-20T07:08:09.000+0000"),
                ),
                late,
                Some("2026-11-21T00:00:00Z"),
            ),
            (url("lately", None), late, None),
        ] {
            let from = counted_from(&url, start).map(|from| from.to_string());
            assert_eq!(from.as_deref(), expected, "{url:?}");
        }
        assert!(!is_counted(second("2026-11-02T00:00:00Z")));
        assert!(is_counted(second("2026-11-02T00:01:00Z")));
    }

    /// A point is the sum of a day: one that began before `since` may have counted other requests.
    #[test]
    fn days_that_began_earlier_do_not_count() {
        let since = "2026-11-20T07:08:09Z".parse::<Timestamp>().unwrap();
        let times = [
            "2026-11-19T10:00:00Z",
            "2026-11-20T10:00:00Z",
            "2026-11-21T10:00:00Z",
        ]
        .map(|time| DateTime::from_secs(second(time)));
        let sum = |since| counted(&times, &[5.0, 3.0, 1.0], since).sum::<f64>();
        assert!((sum(Some(since)) - 4.0).abs() < f64::EPSILON);
        assert!((sum(None) - 9.0).abs() < f64::EPSILON);
        let without_times: Vec<f64> = counted(&[], &[5.0], Some(since)).collect();
        assert!(without_times.is_empty());
    }
}
