//! EventBridge rules that call functions.
//!
//! Rules hang on event buses, targets on rules, and nothing lists them together: one call a bus and
//! one a rule. Left out are rules that are switched off, which call nobody, and rules that an AWS
//! service manages, which call that service.

use aws_sdk_eventbridge::types::{Rule as SdkRule, RuleState};
use futures::{StreamExt, TryStreamExt};

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trigger::{Rule, RuleTarget};

use super::answer;
use super::call_error::CallError;
use super::lane::Family;
use super::paging::following;
use super::session::Session;
use super::triggers::Known;

/// A call that failed, and the action it takes.
type Missed = (&'static str, CallError);

/// The rules of a Region.
pub async fn rules(session: &Session, region: &str, known: &Known) -> Reading<Vec<Rule>> {
    match read(session, region, known).await {
        Ok(rules) => Reading::Known(rules),
        Err((action, error)) => answer::unread_by(ReadingKind::Rules, action, &error),
    }
}

async fn read(session: &Session, region: &str, known: &Known) -> Result<Vec<Rule>, Missed> {
    let mut active = Vec::new();
    for bus in buses(session, region).await? {
        for rule in rules_of(session, region, &bus).await? {
            let managed = rule.managed_by().is_some_and(|by| !by.is_empty());
            if !managed && rule.state() != Some(&RuleState::Disabled) {
                active.push((bus.clone(), rule));
            }
        }
    }
    let mut rules: Vec<Rule> = futures::stream::iter(active)
        .map(|(bus, rule)| async move {
            let name = rule.name().unwrap_or_default().to_owned();
            let targets = targets(session, region, &bus, &name, known).await?;
            Ok::<_, Missed>(Rule {
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

async fn buses(session: &Session, region: &str) -> Result<Vec<String>, Missed> {
    let client = session.clients.events(region);
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = session
            .call(Family::Events, region, || {
                client
                    .list_event_buses()
                    .set_next_token(token.clone())
                    .send()
            })
            .await
            .map_err(|error| ("events:ListEventBuses", error))?;
        names.extend(
            page.event_buses()
                .iter()
                .filter_map(|bus| bus.name().map(str::to_owned)),
        );
        match following(page.next_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => return Ok(names),
        }
    }
}

async fn rules_of(session: &Session, region: &str, bus: &str) -> Result<Vec<SdkRule>, Missed> {
    let client = session.clients.events(region);
    let mut rules = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = session
            .call(Family::Events, region, || {
                client
                    .list_rules()
                    .event_bus_name(bus)
                    .set_next_token(token.clone())
                    .send()
            })
            .await
            .map_err(|error| ("events:ListRules", error))?;
        rules.extend(page.rules().iter().cloned());
        match following(page.next_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => return Ok(rules),
        }
    }
}

/// The functions among a rule's targets. A constant input is noted and dropped.
async fn targets(
    session: &Session,
    region: &str,
    bus: &str,
    rule: &str,
    known: &Known,
) -> Result<Vec<RuleTarget>, Missed> {
    let client = session.clients.events(region);
    let mut targets = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = session
            .call(Family::Events, region, || {
                client
                    .list_targets_by_rule()
                    .event_bus_name(bus)
                    .rule(rule)
                    .set_next_token(token.clone())
                    .send()
            })
            .await
            .map_err(|error| ("events:ListTargetsByRule", error))?;
        targets.extend(
            page.targets()
                .iter()
                .filter(|target| known.has(target.arn()))
                .map(|target| RuleTarget {
                    function_arn: target.arn().to_owned(),
                    constant_input: target.input().is_some(),
                }),
        );
        match following(page.next_token(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    targets.sort_by(|a, b| a.function_arn.cmp(&b.function_arn));
    Ok(targets)
}
