//! EventBridge rules that call functions.
//!
//! Rules belong to event buses, targets to rules, and no call lists them together: one call a bus and
//! one a rule. Skipped are disabled rules, which call no target, and rules that an AWS service manages,
//! which call that service.

use aws_sdk_eventbridge::types::{Rule as SdkRule, RuleState};
use futures::{StreamExt, TryStreamExt};

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trigger::{EventRule, RuleTarget};

use super::answer;
use super::answer::FailedAction;
use super::functions::ReadFunctions;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// The rules of a Region.
pub async fn rules(
    session: &Session,
    region: &str,
    known: &ReadFunctions,
) -> Reading<Vec<EventRule>> {
    match read(session, region, known).await {
        Ok(rules) => Reading::Known(rules),
        Err((action, error)) => answer::unread_by(ReadingKind::Rules, action, &error),
    }
}

async fn read(
    session: &Session,
    region: &str,
    known: &ReadFunctions,
) -> Result<Vec<EventRule>, FailedAction> {
    let mut active = Vec::new();
    for bus in buses(session, region).await? {
        for rule in rules_of(session, region, &bus).await? {
            let managed = rule.managed_by().is_some_and(|by| !by.is_empty());
            if !managed && rule.state() != Some(&RuleState::Disabled) {
                active.push((bus.clone(), rule));
            }
        }
    }
    let mut rules: Vec<EventRule> = futures::stream::iter(active)
        .map(|(bus, rule)| async move {
            let name = rule.name().unwrap_or_default().to_owned();
            let targets = targets(session, region, &bus, &name, known).await?;
            Ok::<_, FailedAction>(EventRule {
                name,
                bus,
                state: rule
                    .state()
                    .map_or("ENABLED", |state| state.as_str())
                    .to_owned(),
                schedule: rule
                    .schedule_expression()
                    .filter(|expression| !expression.is_empty())
                    .map(str::to_owned),
                targets,
            })
        })
        .buffer_unordered(session.request.concurrency.max(1))
        .try_filter(|rule| std::future::ready(!rule.targets.is_empty()))
        .try_collect()
        .await?;
    rules.sort_by(|a, b| (&a.bus, &a.name).cmp(&(&b.bus, &b.name)));
    Ok(rules)
}

async fn buses(session: &Session, region: &str) -> Result<Vec<String>, FailedAction> {
    let client = session.clients.events(region);
    let mut names = Vec::new();
    pages(
        session,
        (ServiceFamily::Events, region),
        |token| {
            let call = client.list_event_buses();
            call.set_next_token(token).send()
        },
        |page| {
            let buses = page.event_buses().iter();
            names.extend(buses.filter_map(|bus| bus.name().map(str::to_owned)));
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("events:ListEventBuses", cut.into()))?;
    Ok(names)
}

async fn rules_of(
    session: &Session,
    region: &str,
    bus: &str,
) -> Result<Vec<SdkRule>, FailedAction> {
    let client = session.clients.events(region);
    let mut rules = Vec::new();
    pages(
        session,
        (ServiceFamily::Events, region),
        |token| {
            client
                .list_rules()
                .event_bus_name(bus)
                .set_next_token(token)
                .send()
        },
        |page| {
            rules.extend(page.rules.unwrap_or_default());
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("events:ListRules", cut.into()))?;
    Ok(rules)
}

/// The functions among a rule's targets. A constant input is noted and dropped.
async fn targets(
    session: &Session,
    region: &str,
    bus: &str,
    rule: &str,
    known: &ReadFunctions,
) -> Result<Vec<RuleTarget>, FailedAction> {
    let client = session.clients.events(region);
    let mut targets = Vec::new();
    pages(
        session,
        (ServiceFamily::Events, region),
        |token| {
            client
                .list_targets_by_rule()
                .event_bus_name(bus)
                .rule(rule)
                .set_next_token(token)
                .send()
        },
        |page| {
            let known = page
                .targets()
                .iter()
                .filter(|target| known.has(target.arn()));
            targets.extend(known.map(|target| RuleTarget {
                function_arn: target.arn().to_owned(),
                constant_input: target.input().is_some(),
            }));
            page.next_token
        },
    )
    .await
    .map_err(|cut| ("events:ListTargetsByRule", cut.into()))?;
    targets.sort_by(|a, b| a.function_arn.cmp(&b.function_arn));
    Ok(targets)
}
