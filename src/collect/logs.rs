//! Cold starts from the functions' logs, without touching a function.
//!
//! Logs Insights adds them up where the logs are, up to 50 log groups a query, and AWS bills the
//! bytes it scans: what that will be is noted before the first query, and more than the user allows
//! is not scanned. Where Insights does not serve (local endpoints), the events are read
//! one by one, a bounded number of pages a function. Nothing of a line but its numbers is kept.
//!
//! An interrupt stops a query that is under way: its answer would cost money and not be read.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use futures::StreamExt;

use crate::inventory::Reading;
use crate::inventory::function::{FunctionInventory, Measurement, Starts};
use crate::inventory::need::ReadingKind;
use crate::inventory::report_line;

use super::answer;
use super::call_error::{CallError, ErrorKind};
use super::lane::ServiceFamily;
use super::session::Session;

const KIND: ReadingKind = ReadingKind::FunctionMeasured;

/// Log groups a query takes (CloudWatch Logs API reference, StartQuery, copy of 2026).
const GROUPS_A_QUERY: usize = 50;
/// Queries under way at a time; AWS allows 30 an account and Region, other people's included.
const QUERIES: usize = 4;
/// How long one query is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pages of events read of one log group, where there is no other way.
const PAGES: u32 = 20;
/// Groups from which on it takes fewer calls to list them all.
const LIST_FROM: usize = 25;
const DAY_MS: i64 = 86_400_000;

/// What adds up the REPORT lines of text logs, and the `platform.report` records of JSON logs, by
/// log group, function and version.
const QUERY: &str = r#"filter @type = "REPORT" or type = "platform.report"
| parse @message /Init Duration: (?<init_text>[0-9.]+) ms/
| parse @message /Restore Duration: (?<restore_text>[0-9.]+) ms/
| parse @logStream /(?<name>[^\/\[]*)\[(?<version>[^\]]+)\]/
| fields coalesce(init_text, record.metrics.initDurationMs, restore_text, record.metrics.restoreDurationMs) as init
| fields coalesce(@duration, record.metrics.durationMs) as ran
| fields init + ran as total
| stats count(*) as invocations, count(init) as cold_starts, pct(init, 50) as init_p50, pct(init, 99) as init_p99, pct(total, 50) as total_p50, pct(total, 99) as total_p99, pct(ran, 50) as ran_p50 by @log, name, version
| limit 10000"#;

/// A log group that functions write to.
#[derive(Clone, Debug)]
struct LogGroup {
    name: String,
    /// The functions that write to it.
    functions: Vec<String>,
    /// What a query over the window scans, about, bytes.
    scan: f64,
}

/// By function, by version.
type StartsByFunction = BTreeMap<String, BTreeMap<String, Starts>>;

/// The starts of a batch, and whether all of it was read.
type MeasuredStarts = Result<(StartsByFunction, bool), CallError>;

/// Reads the starts of a Region's functions into them.
pub async fn measure(
    session: &Session,
    region: &str,
    days: u32,
    functions: &mut BTreeMap<String, FunctionInventory>,
) {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, function) in functions.iter() {
        groups
            .entry(group_of(name, function))
            .or_default()
            .push(name.clone());
    }
    let tell = |functions: &mut BTreeMap<String, FunctionInventory>,
                names: &[String],
                reading: &Reading<Measurement>| {
        for name in names {
            if let Some(function) = functions.get_mut(name) {
                function.measured = reading.clone();
            }
        }
    };
    let everyone: Vec<String> = functions.keys().cloned().collect();
    if everyone.is_empty() {
        return;
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let window = (now.saturating_sub(i64::from(days) * DAY_MS), now);
    let there = match describe(session, region, &groups, window).await {
        Ok(there) => there,
        Err(error) => {
            let reading = answer::unread_by(KIND, "logs:DescribeLogGroups", &error);
            tell(functions, &everyone, &reading);
            return;
        }
    };
    for (name, writers) in &groups {
        if !there.iter().any(|group| group.name == *name) {
            tell(functions, writers, &Reading::Absent);
        }
    }
    if there.is_empty() {
        return;
    }
    if let Err(message) = allowed(session, region, &there) {
        session.progress.note(&message);
        let reading = Reading::Failed {
            action: KIND.action().to_owned(),
            code: "MaxScanExceeded".to_owned(),
            message,
        };
        for group in &there {
            tell(functions, &group.functions, &reading);
        }
        return;
    }
    let batches: Vec<Vec<LogGroup>> = there
        .chunks(GROUPS_A_QUERY)
        .map(<[LogGroup]>::to_vec)
        .collect();
    let answers: Vec<(Vec<LogGroup>, MeasuredStarts)> = futures::stream::iter(batches)
        .map(|batch| async move {
            let found = starts(session, region, &batch, window).await;
            (batch, found)
        })
        .buffer_unordered(QUERIES)
        .collect()
        .await;
    for (batch, found) in answers {
        for name in batch.iter().flat_map(|group| &group.functions) {
            let reading = match &found {
                Ok((found, complete)) => Reading::Known(Measurement {
                    window_days: days,
                    complete: *complete,
                    versions: found.get(name).cloned().unwrap_or_default(),
                }),
                Err(error) => answer::unread(KIND, error),
            };
            tell(functions, std::slice::from_ref(name), &reading);
        }
    }
}

fn group_of(name: &str, function: &FunctionInventory) -> String {
    function
        .versions
        .get("$LATEST")
        .and_then(|latest| latest.log_group.clone())
        .unwrap_or_else(|| format!("/aws/lambda/{name}"))
}

/// The groups that exist, with what a query of them scans.
async fn describe(
    session: &Session,
    region: &str,
    groups: &BTreeMap<String, Vec<String>>,
    window: (i64, i64),
) -> Result<Vec<LogGroup>, CallError> {
    let (own, others): (Vec<&String>, Vec<&String>) = groups
        .keys()
        .partition(|name| name.starts_with("/aws/lambda/"));
    let prefixes: Vec<String> = if own.len() >= LIST_FROM {
        std::iter::once("/aws/lambda/".to_owned())
            .chain(others.into_iter().cloned())
            .collect()
    } else {
        groups.keys().cloned().collect()
    };
    let client = session.clients.logs(region);
    let mut found: BTreeMap<String, LogGroup> = BTreeMap::new();
    for prefix in prefixes {
        let mut token: Option<String> = None;
        loop {
            let page = session
                .call(ServiceFamily::Logs, region, || {
                    client
                        .describe_log_groups()
                        .log_group_name_prefix(&prefix)
                        .limit(50)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            for group in page.log_groups() {
                let Some((name, writers)) = group
                    .log_group_name()
                    .and_then(|name| groups.get_key_value(name))
                else {
                    continue;
                };
                found.insert(
                    name.clone(),
                    LogGroup {
                        name: name.clone(),
                        functions: writers.clone(),
                        scan: scanned(
                            group.stored_bytes().unwrap_or(0),
                            group.creation_time().unwrap_or(window.0),
                            group.retention_in_days(),
                            window,
                        ),
                    },
                );
            }
            // A name is the shortest that begins with itself, and pages are sorted by name.
            if found.contains_key(&prefix) {
                break;
            }
            match page
                .next_token()
                .filter(|next| Some(*next) != token.as_deref())
            {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The part of what is stored that falls into the window, taken as written evenly over the time
/// that the group keeps.
#[allow(
    clippy::cast_precision_loss,
    reason = "an estimate, shown with one decimal"
)]
fn scanned(stored: i64, created: i64, retention_days: Option<i32>, window: (i64, i64)) -> f64 {
    let (from, now) = window;
    let mut age = now.saturating_sub(created).max(DAY_MS);
    if let Some(days) = retention_days {
        age = age.min(i64::from(days.max(1)).saturating_mul(DAY_MS));
    }
    let share = (now.saturating_sub(from) as f64 / age as f64).min(1.0);
    stored.max(0) as f64 * share
}

/// Notes what will be scanned, and whether it is within what the user allows, all Regions together.
fn allowed(session: &Session, region: &str, groups: &[LogGroup]) -> Result<(), String> {
    const GB: f64 = 1e9;
    let scan: f64 = groups.iter().fold(0.0, |all, group| all + group.scan);
    let most = session.request.max_scan_gb * GB;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "bytes of logs, far below 2^52; a float becomes the nearest integer"
    )]
    let before = {
        let bytes = scan.round() as u64;
        session.scan.fetch_add(bytes, Ordering::Relaxed) as f64
    };
    let amount = |bytes: f64| {
        if bytes >= GB / 10.0 {
            format!("{:.1} GB", bytes / GB)
        } else {
            format!("{:.1} MB", bytes / 1e6)
        }
    };
    if before + scan > most {
        return Err(format!(
            "not measured in {region}: the queries would scan about {} of logs, {} with other Regions; --max-scan-gb allows {}",
            amount(scan),
            amount(before + scan),
            amount(most)
        ));
    }
    session.progress.note(&format!(
        "measuring in {region}: queries over {} log groups will scan about {} (AWS bills what is scanned)",
        groups.len(),
        amount(scan)
    ));
    Ok(())
}

/// The starts of one batch of groups, and whether all of it was read.
async fn starts(
    session: &Session,
    region: &str,
    groups: &[LogGroup],
    window: (i64, i64),
) -> MeasuredStarts {
    match query(session, region, groups, window).await {
        Ok(Some(found)) => Ok((found, true)),
        Ok(None) => events(session, region, groups, window).await,
        Err(error) => Err(error),
    }
}

/// Asks Logs Insights; `None` where it does not serve such a query.
async fn query(
    session: &Session,
    region: &str,
    groups: &[LogGroup],
    window: (i64, i64),
) -> Result<Option<StartsByFunction>, CallError> {
    let client = session.clients.logs(region);
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let started = session
        .call(ServiceFamily::LogsInsights, region, || {
            client
                .start_query()
                .set_log_group_names(Some(names.clone()))
                .start_time(window.0 / 1000)
                .end_time(window.1 / 1000)
                .query_string(QUERY)
                .send()
        })
        .await;
    let id = match started {
        Ok(output) => output.query_id,
        Err(error) if does_not_serve(&error) => None,
        Err(error) => return Err(error),
    };
    let Some(id) = id else { return Ok(None) };
    let answer = tokio::time::timeout(PATIENCE, results(session, region, &id))
        .await
        .unwrap_or_else(|_| {
            Err(CallError::local(
                ErrorKind::Final,
                "Timeout",
                "the query over the logs did not end in time",
            ))
        });
    if answer.is_err() {
        // Past the lane: after an interrupt that lets nothing through.
        let stop = client.stop_query().query_id(&id).send();
        let _ = tokio::time::timeout(Duration::from_secs(2), stop).await;
    }
    let Some(rows) = answer? else { return Ok(None) };
    let on_aws = session.clients.endpoint().is_none();
    if rows.is_empty() && !on_aws {
        return Ok(None);
    }
    let mut found = StartsByFunction::new();
    for row in &rows {
        let Some((function, version, starts)) = row_of(row, groups) else {
            // A row without what was asked for comes from something that is not Logs Insights.
            if on_aws {
                continue;
            }
            return Ok(None);
        };
        found.entry(function).or_default().insert(version, starts);
    }
    Ok(Some(found))
}

/// True for the answers of endpoints that have no such queries; on AWS, which has, they do not come.
fn does_not_serve(error: &CallError) -> bool {
    error.kind != ErrorKind::Interrupted
        && (error.status == Some(501)
            || matches!(
                error.code.as_str(),
                "InternalFailure"
                    | "InternalError"
                    | "MalformedQueryException"
                    | "NotImplemented"
                    | "UnknownOperationException"
            ))
}

/// The rows of a query once it is complete; `None` when it failed.
async fn results(
    session: &Session,
    region: &str,
    id: &str,
) -> Result<Option<Vec<Vec<ResultField>>>, CallError> {
    let client = session.clients.logs(region);
    let mut wait = Duration::from_millis(250);
    loop {
        let output = session
            .call(ServiceFamily::LogsInsights, region, || {
                client.get_query_results().query_id(id).send()
            })
            .await?;
        match output.status {
            Some(QueryStatus::Complete) => return Ok(Some(output.results.unwrap_or_default())),
            Some(QueryStatus::Running | QueryStatus::Scheduled) => {}
            _ => return Ok(None),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(2));
    }
}

/// A row as function, version and figures.
fn row_of(row: &[ResultField], groups: &[LogGroup]) -> Option<(String, String, Starts)> {
    let field = |name: &str| {
        row.iter()
            .find(|field| field.field() == Some(name))
            .and_then(ResultField::value)
    };
    let number = |name: &str| {
        field(name)
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|value| value.is_finite() && *value >= 0.0)
    };
    let count = |name: &str| field(name).and_then(|value| value.parse::<u64>().ok());
    // `<account>:<log group>`.
    let log = field("@log")?;
    let log = log.split_once(':').map_or(log, |(_, name)| name);
    let group = groups.iter().find(|group| group.name == log)?;
    let function = writer(group, field("name").unwrap_or_default())?;
    Some((
        function.to_owned(),
        field("version")?.to_owned(),
        Starts {
            invocations: count("invocations")?,
            cold_starts: count("cold_starts")?,
            init_p50_ms: number("init_p50").unwrap_or(0.0),
            init_p99_ms: number("init_p99").unwrap_or(0.0),
            total_p50_ms: number("total_p50").unwrap_or(0.0),
            total_p99_ms: number("total_p99").unwrap_or(0.0),
            duration_p50_ms: number("ran_p50").unwrap_or(0.0),
        },
    ))
}

/// Who writes to a stream of this name in the group.
fn writer<'a>(group: &'a LogGroup, name: &str) -> Option<&'a str> {
    match group.functions.as_slice() {
        [only] if name.is_empty() => Some(only),
        several => several
            .iter()
            .find(|function| *function == name)
            .map(String::as_str),
    }
}

/// Reads the events themselves, a bounded number of pages a group.
async fn events(
    session: &Session,
    region: &str,
    groups: &[LogGroup],
    window: (i64, i64),
) -> Result<(StartsByFunction, bool), CallError> {
    let client = session.clients.logs(region);
    let mut found = StartsByFunction::new();
    let mut complete = true;
    for group in groups {
        let mut lines: BTreeMap<(String, String), Vec<report_line::ReportLine>> = BTreeMap::new();
        let mut token: Option<String> = None;
        let mut pages: u32 = 0;
        loop {
            let page = session
                .call(ServiceFamily::Logs, region, || {
                    client
                        .filter_log_events()
                        .log_group_name(&group.name)
                        .start_time(window.0)
                        .end_time(window.1)
                        .filter_pattern("?\"REPORT RequestId\" ?\"platform.report\"")
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            pages = pages.saturating_add(1);
            for event in page.events() {
                let (Some(stream), Some(message)) = (event.log_stream_name(), event.message())
                else {
                    continue;
                };
                let Some((name, version)) = report_line::of_stream(stream) else {
                    continue;
                };
                if let (Some(function), Some(line)) =
                    (writer(group, name), report_line::parse(message))
                {
                    lines
                        .entry((function.to_owned(), version.to_owned()))
                        .or_default()
                        .push(line);
                }
            }
            match page
                .next_token()
                .filter(|next| Some(*next) != token.as_deref())
            {
                Some(_) if pages >= PAGES => {
                    complete = false;
                    break;
                }
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        for ((function, version), lines) in lines {
            found
                .entry(function)
                .or_default()
                .insert(version, report_line::summarize(&lines));
        }
    }
    Ok((found, complete))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scanned_is_the_windows_part_of_what_is_kept() {
        let now = 1_000 * DAY_MS;
        let window = (now - 7 * DAY_MS, now);
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1.0, "{left} {right}");
        // 100 days old, never deleted: 7 of 100 days.
        near(
            scanned(1_000_000, now - 100 * DAY_MS, None, window),
            70_000.0,
        );
        // Kept for 14 days: half of it.
        near(
            scanned(1_000_000, now - 100 * DAY_MS, Some(14), window),
            500_000.0,
        );
        // Younger than the window: all of it.
        near(
            scanned(1_000_000, now - 2 * DAY_MS, None, window),
            1_000_000.0,
        );
        near(scanned(-5, now, None, window), 0.0);
    }

    #[test]
    fn a_shared_group_is_told_apart_by_the_stream() {
        let group = |functions: &[&str]| LogGroup {
            name: "/shared".to_owned(),
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
            scan: 0.0,
        };
        assert_eq!(writer(&group(&["a"]), ""), Some("a"));
        assert_eq!(writer(&group(&["a", "b"]), "b"), Some("b"));
        assert_eq!(writer(&group(&["a", "b"]), ""), None);
        assert_eq!(writer(&group(&["a"]), "other"), None);
    }
}
