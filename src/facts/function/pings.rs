//! Keep-warm pings: a rule or schedule that calls the function every few minutes with an event that
//! never changes.
//!
//! What such a ping keeps warm is one environment, of the one qualifier it calls: the second caller
//! at the same time starts cold all the same. An idle environment is given up after some six minutes
//! (measured in 2021 by M. Shilkov: 0.3 % gone by five, 41 % by six, all by seven), which AWS does
//! not promise; a ping that comes less often warms nothing. A job that has to run every five minutes
//! looks the same from outside, which is why this is a question and never more.

use schemars::JsonSchema;

use super::cadence::cadence;
use super::context::{FunctionContext, LATEST};
use super::wiring::{is_of, qualifier};
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::need::ReadingKind;

/// The longest interval that may be meant as a ping, minutes.
const LONGEST_MINUTES: u32 = 15;

/// Up to here an idle environment is nearly always still there, minutes.
const KEPT_MINUTES: u32 = 5;

/// One ping; `item` in checks over `function.pings`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, FactValue)]
pub struct PingFacts {
    /// `rule <bus>/<name>` or `schedule <group>/<name>`.
    pub name: String,
    /// What it calls: an alias, a version or `$LATEST`.
    pub qualifier: String,
    /// How often, minutes.
    pub every_minutes: u32,
    /// It comes often enough to find the environment that it called before.
    pub keeps_one: bool,
    /// What it really does, in words.
    pub effect: String,
}

/// The pings of a function, in the order of their names.
pub(super) fn derive(context: &FunctionContext<'_>) -> Fact<Vec<PingFacts>> {
    let arn = context.arn();
    let isolated = context
        .function
        .versions
        .get(LATEST)
        .is_some_and(|latest| latest.tenant_isolation);
    let rules = from_reading(
        ReadingKind::Rules,
        &context.inventory.rules,
        Vec::new,
        |rules| {
            rules
                .iter()
                .filter(|rule| rule.state != "DISABLED")
                .flat_map(|rule| {
                    rule.targets
                        .iter()
                        .filter(|target| target.constant_input && is_of(&target.function_arn, &arn))
                        .filter_map(|target| {
                            ping(
                                format!("rule {}/{}", rule.bus, rule.name),
                                &target.function_arn,
                                rule.schedule.as_deref()?,
                                isolated,
                                context.taken_at,
                            )
                        })
                })
                .collect::<Vec<_>>()
        },
    );
    let schedules = from_reading(
        ReadingKind::Schedules,
        &context.inventory.schedules,
        Vec::new,
        |schedules| {
            schedules
                .iter()
                .filter(|schedule| schedule.state != "DISABLED" && schedule.constant_input)
                .filter(|schedule| is_of(&schedule.function_arn, &arn))
                .filter_map(|schedule| {
                    ping(
                        format!("schedule {}/{}", schedule.group, schedule.name),
                        &schedule.function_arn,
                        &schedule.schedule,
                        isolated,
                        context.taken_at,
                    )
                })
                .collect::<Vec<_>>()
        },
    );
    rules.zip(schedules).map(|(mut pings, schedules)| {
        pings.extend(schedules);
        pings.sort_by(|a, b| (&a.name, &a.qualifier).cmp(&(&b.name, &b.qualifier)));
        pings.dedup_by(|a, b| a.name == b.name);
        pings
    })
}

fn ping(
    name: String,
    arn: &str,
    schedule: &str,
    isolated: bool,
    taken_at: &str,
) -> Option<PingFacts> {
    let found = cadence(schedule, taken_at).filter(|found| found.minutes <= LONGEST_MINUTES)?;
    let every_minutes = found.minutes;
    let qualifier = qualifier(arn).to_owned();
    let keeps_one = every_minutes <= KEPT_MINUTES && !isolated;
    let effect = if isolated {
        "it warms no tenant's environment, since each tenant has its own".to_owned()
    } else if keeps_one {
        let hours = if found.round_the_clock {
            ""
        } else {
            " in the hours of its schedule"
        };
        format!("it keeps about one environment of {qualifier} warm{hours}, and no second one")
    } else {
        "it mostly warms nothing: idle environments are given up after some six minutes".to_owned()
    };
    Some(PingFacts {
        name,
        qualifier,
        every_minutes,
        keeps_one,
        effect,
    })
}
