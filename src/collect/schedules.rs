//! Schedules of EventBridge Scheduler that call functions.
//!
//! The list names each schedule's target; only those that call a function are read in full. A
//! universal target (`arn:aws:scheduler:::aws-sdk:lambda:invoke`) names the function in its input,
//! of which nothing else is kept.

use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trigger::Schedule;

use super::answer;
use super::answer::FailedAction;
use super::functions::{ReadFunctions, qualifier};
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// The schedules of a Region.
pub async fn schedules(
    session: &Session,
    region: &str,
    known: &ReadFunctions,
) -> Reading<Vec<Schedule>> {
    match read(session, region, known).await {
        Ok(schedules) => Reading::Known(schedules),
        Err((action, error)) => answer::unread_by(ReadingKind::Schedules, action, &error),
    }
}

async fn read(
    session: &Session,
    region: &str,
    known: &ReadFunctions,
) -> Result<Vec<Schedule>, FailedAction> {
    let client = session.clients.scheduler(region);
    let mut calling = Vec::new();
    pages(
        session,
        (ServiceFamily::Scheduler, region),
        |token| client.list_schedules().set_next_token(token).send(),
        |page| {
            for schedule in page.schedules() {
                let target = schedule.target().map_or("", |target| target.arn());
                if known.has(target) || is_universal(target) {
                    calling.push((
                        schedule.name().unwrap_or_default().to_owned(),
                        schedule.group_name().unwrap_or("default").to_owned(),
                    ));
                }
            }
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("scheduler:ListSchedules", cut.into()))?;
    let found: Vec<Option<Schedule>> = futures::stream::iter(calling)
        .map(|(name, group)| one(session, region, name, group, known))
        .buffer_unordered(session.request.concurrency.max(1))
        .try_collect()
        .await?;
    let mut schedules: Vec<Schedule> = found.into_iter().flatten().collect();
    schedules.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    Ok(schedules)
}

async fn one(
    session: &Session,
    region: &str,
    name: String,
    group: String,
    known: &ReadFunctions,
) -> Result<Option<Schedule>, FailedAction> {
    let client = session.clients.scheduler(region);
    let output = session
        .call(ServiceFamily::Scheduler, region, || {
            client.get_schedule().name(&name).group_name(&group).send()
        })
        .await
        .map_err(|error| ("scheduler:GetSchedule", error))?;
    let Some(target) = output.target() else {
        return Ok(None);
    };
    let function_arn = if is_universal(target.arn()) {
        target.input().and_then(|input| called_by(input, known))
    } else {
        Some(target.arn().to_owned())
    };
    Ok(function_arn.map(|function_arn| Schedule {
        name,
        group,
        state: output
            .state()
            .map_or("ENABLED", |state| state.as_str())
            .to_owned(),
        schedule: output.schedule_expression().unwrap_or_default().to_owned(),
        function_arn,
        constant_input: target.input().is_some(),
    }))
}

fn is_universal(arn: &str) -> bool {
    arn.ends_with(":aws-sdk:lambda:invoke")
}

/// The function that a universal target's input names, with its qualifier. `FunctionName` may be a
/// name, a qualified name (`name:alias`) or an ARN (Lambda API reference, Invoke).
fn called_by(input: &str, known: &ReadFunctions) -> Option<String> {
    let input: Value = serde_json::from_str(input).ok()?;
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let named = text("FunctionName")?;
    let arn = if named.starts_with("arn:") {
        known.has(named).then(|| named.to_owned())?
    } else {
        match named.split_once(':') {
            Some((name, version)) => format!("{}:{version}", known.named(name)?),
            None => known.named(named)?.to_owned(),
        }
    };
    Some(match text("Qualifier") {
        Some(version) if qualifier(&arn).is_none() => format!("{arn}:{version}"),
        _ => arn,
    })
}
